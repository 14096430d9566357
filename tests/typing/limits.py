# pyright: standard
"""What the checkers cannot see, as DESIGN says; a line that is not marked is accepted though it is wrong."""

from typing import Protocol, assert_type

from pydantic import BaseModel

from legend_lab import (
    CompensationFailed,
    CompensationOutcome,
    Completed,
    ExecutionResult,
    Failed,
    LegendError,
    Paused,
    Saga,
    Step,
    StepOutcome,
)


class TravelError(Exception):
    """What this saga's steps raise."""


class Travel(BaseModel):
    """The context."""

    hotel: str = ""


class Weigh(Step[dict[str, int]]):
    """A step on another context than the saga below."""

    async def execute(self, ctx: dict[str, int]) -> StepOutcome:
        """Weigh."""
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: dict[str, int]) -> CompensationOutcome:
        """Forget."""
        return CompensationOutcome.COMPLETED


class Sized(Protocol):
    """What the next step asks for."""

    def __len__(self) -> int:
        """Tell its length."""
        ...


class Look(Step[Sized]):
    """A step on a Protocol, which a dict is."""

    async def execute(self, ctx: Sized) -> StepOutcome:
        """Look."""
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: Sized) -> CompensationOutcome:
        """Look away."""
        return CompensationOutcome.COMPLETED


def a_step_of_another_context_as_a_field() -> None:
    class Stay(Saga[Travel, TravelError]):  # refused when it is defined, by no checker
        weigh: Weigh

    del Stay


def a_step_without_an_undo() -> None:
    class Half(Step[Travel]):  # refused when it is defined, by no checker
        async def execute(self, ctx: Travel) -> StepOutcome:
            return StepOutcome.CONTINUE

    del Half


def values_on_a_protocol_and_a_class(weigh: Weigh, look: Look) -> None:
    Saga.of("Mixed", {"weigh": weigh, "look": look})  # wrong: arg-type | -


async def a_match_with_as(result: ExecutionResult[Travel, TravelError]) -> None:
    match result:
        case Paused() as paused:
            assert_type(paused, Paused[Travel, TravelError])  # wrong: assert-type | -
        case Failed() as failed:
            assert_type(failed.error, TravelError | LegendError)  # wrong: assert-type | -
        case Completed(context=ctx):
            assert_type(ctx, Travel)
        case CompensationFailed():
            assert_type(result, CompensationFailed[Travel, TravelError])
