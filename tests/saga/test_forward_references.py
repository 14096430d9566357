"""A saga may name steps that are defined below it; they are checked when it is first made or built."""

import pytest
from pydantic import BaseModel

from legend_lab import CompensationOutcome, Saga, SagaDefinitionError, Step, StepOutcome


class Travel(BaseModel):
    hotel: str = ""


class Early(Saga[Travel, ValueError]):
    hotel: "Book"


class EarlyWrong(Saga[Travel, ValueError]):
    hotel: "Number"


class EarlyMisfit(Saga[Travel, ValueError]):
    hotel: "Ship"


class EarlyEmptyName(Saga[Travel, ValueError]):
    hotel: "NeverDefined"  # noqa: F821 - that is the point


class Book(Step[Travel]):
    note: "Note | None" = None

    async def execute(self, ctx):
        ctx.hotel = "booked"
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Ship(Step[dict[str, str]]):
    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Note(BaseModel):
    text: str


Number = int


async def test_a_step_defined_below_its_saga_works():
    result = await Early(hotel=Book(note=Note(text="late"))).build(Travel()).start()
    assert result.context.hotel == "booked"


def test_a_field_that_turns_out_to_be_no_step_is_refused():
    with pytest.raises(SagaDefinitionError, match=r"EarlyWrong\.hotel must be a Step or a Saga class, not int"):
        EarlyWrong(hotel=3).build(Travel())


def test_a_step_that_turns_out_to_need_another_context_is_refused():
    with pytest.raises(SagaDefinitionError, match=r"EarlyMisfit\.hotel \(Ship\) works on dict\[str, str\]"):
        EarlyMisfit(hotel=Ship()).build(Travel())


@pytest.mark.parametrize(
    "use",
    [
        lambda: EarlyEmptyName(hotel=Book()),
        lambda: EarlyEmptyName.model_validate({"hotel": Book()}),
        lambda: EarlyEmptyName.model_construct(hotel=Book()).build(Travel()),
        lambda: EarlyEmptyName.load(b"{}"),
    ],
    ids=["call", "validate", "build", "load"],
)
def test_a_name_that_never_comes_is_a_definition_error_each_time(use):
    for _ in range(2):
        with pytest.raises(SagaDefinitionError, match="EarlyEmptyName: name 'NeverDefined' is not defined"):
            use()


async def test_a_local_step_defined_below_its_local_saga_works():
    class Local(Saga[Travel, ValueError]):
        hotel: "Later"

    class Later(Book):
        pass

    assert (await Local(hotel=Later()).build(Travel()).start()).is_completed


def test_a_step_with_an_unknown_type_says_so_when_made():
    class Odd(Step[Travel]):
        what: "Unheard"  # noqa: F821 - that is the point

        async def execute(self, ctx):
            return StepOutcome.CONTINUE

        async def compensate(self, ctx):
            return CompensationOutcome.COMPLETED

    with pytest.raises(SagaDefinitionError, match="Odd: name 'Unheard' is not defined"):
        Odd(what=3)


async def test_a_saga_that_contains_its_own_class_can_be_defined():
    class Node(Saga[Travel, ValueError]):
        hotel: Book
        rest: "Node"

    with pytest.raises(SagaDefinitionError, match=r"Node\.rest must be an instance of Node, not Early"):
        Node.model_construct(hotel=Book(), rest=Early(hotel=Book())).build(Travel())
