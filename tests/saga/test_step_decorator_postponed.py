"""@step where annotations are text (`from __future__ import annotations`), also in local scopes."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from legend_lab import CompensationOutcome, Saga, SagaDefinitionError, Step, StepOutcome, step


class Travel(BaseModel):
    flight: str = ""


@step
async def book(ctx: Travel, flight: str, nights: int = 1) -> StepOutcome:
    ctx.flight = flight * nights
    return StepOutcome.CONTINUE


@book.compensation
async def cancel(ctx: Travel) -> CompensationOutcome:
    return CompensationOutcome.COMPLETED


async def test_a_module_level_function_has_its_types():
    assert book.step_class.model_fields["nights"].annotation is int
    result = await Saga.of("Trip", {"book": book("UA", nights="2")}).build(Travel()).start()
    assert result.context.flight == "UAUA"


@pytest.mark.parametrize("settings", [None, {}, {"timeout_s": 3}])
async def test_a_local_function_sees_local_types(settings):
    class Local(BaseModel):
        flight: str = ""

    class Ticket(BaseModel):
        code: str

    decorate = step if settings is None else step(**settings)

    if settings is None:

        @step
        async def reserve(ctx: Local, ticket: Ticket) -> StepOutcome:
            ctx.flight = ticket.code
            return StepOutcome.CONTINUE

    else:

        @decorate
        async def reserve(ctx: Local, ticket: Ticket) -> StepOutcome:
            ctx.flight = ticket.code
            return StepOutcome.CONTINUE

    @reserve.compensation
    async def release(ctx: Local, ticket: Ticket) -> CompensationOutcome:
        return CompensationOutcome.COMPLETED

    saga = Saga.of("Trip", {"reserve": reserve(ticket={"code": "UA1"})})
    assert (await saga.build(Local()).start()).context.flight == "UA1"
    with pytest.raises(SagaDefinitionError, match="context of type Local"):
        saga.build(Travel())


async def test_local_classes_see_local_types_too():
    class Local(BaseModel):
        flight: str = ""

    class Reserve(Step[Local]):
        flight: str

        async def execute(self, ctx: Local) -> StepOutcome:
            ctx.flight = self.flight
            return StepOutcome.CONTINUE

        async def compensate(self, ctx: Local) -> CompensationOutcome:
            return CompensationOutcome.COMPLETED

    class Trip(Saga[Local, ValueError]):
        reserve: Reserve

    assert (await Trip(reserve=Reserve(flight="UA1")).build(Local()).start()).context.flight == "UA1"


def test_a_postponed_field_that_is_no_step_is_refused_at_once():
    with pytest.raises(SagaDefinitionError, match=r"Trip\.reserve must be a Step or a Saga class, not str"):

        class Trip(Saga[Travel, ValueError]):
            reserve: str
