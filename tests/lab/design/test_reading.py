"""An existing saga opens as a design: its shape and settings are taken over, and what cannot be is said."""

from dataclasses import dataclass, field
from typing import Any, TypedDict

import pytest
from pydantic import BaseModel

from legend_lab import CompensationOutcome, RetryPolicy, Saga, SimulatedStep, Step, StepOutcome, effects, step
from legend_lab.core.errors import DesignError
from legend_lab.lab.design.building import context_of, saga_of
from legend_lab.lab.design.model import ContextField, EffectDesign, Retries
from legend_lab.lab.design.reading import design_of
from legend_lab.lab.design.templates import TEMPLATES

effects.declare("reading.room", idempotent=True)


class DeclinedError(Exception):
    """Raised by a bank."""


@dataclass
class Travel:
    person: str
    nights: int = 2
    room: str | None = None
    tags: list[str] = field(default_factory=list)
    when: object = None


class Book(Step[Travel]):
    """Book the room.

    More about it.
    """

    retry_policy = RetryPolicy(2, 50, give_up_on=(DeclinedError, ValueError))
    compensation_retry_policy = RetryPolicy.retries(4)
    timeout_s = 2.5
    idempotent = True
    uncertain_on = ConnectionError

    async def execute(self, ctx):
        raise AssertionError("nothing runs when a saga is opened")

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Inner(Saga[Travel, Exception]):
    """Two rooms."""

    first: Book
    second: Book


class Trip(Saga[Travel, Exception]):
    """A trip."""

    on_compensation_failure = "halt"

    booking: Book
    rooms: Inner


def made():
    return Trip(booking=Book(), rooms=Inner(first=Book(), second=Book()))


def test_a_saga_and_its_class_open_as_the_same_design():
    assert design_of(Trip) == design_of(made())


def test_shape_settings_and_first_lines_are_taken_over():
    design = design_of(Trip).design
    assert (design.name, design.description, design.on_compensation_failure) == ("Trip", "A trip.", "halt")
    assert list(design.all_parts) == ["booking", "rooms", "rooms.first", "rooms.second"]
    assert design.all_parts["rooms"].class_name == "Inner"
    found = design.steps["booking"]
    assert (found.class_name, found.description, found.timeout_s, found.idempotent) == (
        "Book",
        "Book the room.",
        2.5,
        True,
    )
    assert found.retries == Retries(max_retries=2, backoff_ms=50.0, give_up_on=("ValueError",))
    assert (found.undo_retries.max_retries, found.uncertain_on) == (4, ("ConnectionError",))


def test_what_a_design_cannot_hold_is_said_with_its_place():
    notes = "\n".join(design_of(Trip).notes)
    assert "booking: give_up_on names DeclinedError" in notes
    assert "rooms.second: its execute and compensate are simulated" in notes


def test_a_class_used_twice_is_named_once():
    classes = [part.class_name for part in design_of(Trip).design.steps.values()]
    assert classes == ["Book", None, None]


def test_the_context_is_read_from_its_class_and_its_values():
    plain = design_of(Trip).design.context
    assert plain == (
        ContextField(name="person"),
        ContextField(name="nights", type="int", initial=2),
        ContextField(name="room"),
        ContextField(name="tags", type="list[str]"),
        ContextField(name="when", type="object"),
    )
    given = design_of(made(), Travel("ada", nights=5)).design.context
    assert [part.initial for part in given[:2]] == ["ada", 5]


@pytest.mark.parametrize("kind", ["model", "typed dict", "dict"])
def test_any_kind_of_context_is_read(kind):
    class Model(BaseModel):
        n: int = 3
        t: str | None = None

    class Items(TypedDict, total=False):
        n: int
        t: str

    form, ctx = {"model": (Model, Model()), "typed dict": (Items, {"n": 3}), "dict": (Any, {"n": 3, "t": "x"})}[kind]
    saga = Saga.of("S", {"a": SimulatedStep(key="t")})
    context = design_of(saga, ctx).design.context
    assert form is not None
    assert [(part.name, part.type) for part in context] == [("n", "int"), ("t", "str")]
    assert context[0].initial == 3


def test_simulated_steps_keep_their_simulation():
    saga = Saga.of(
        "S",
        {
            "a": SimulatedStep(duration_ms=7, fails=2, error="TimeoutError", effect="reading.room", value=3),
            "b": SimulatedStep(no_undo_because="on purpose", pauses=True, key="mine", value=[1]),
        },
    )
    opened = design_of(saga)
    first, second = opened.design.steps.values()
    assert (first.duration_ms, first.undo_duration_ms, first.fails, first.error) == (7, 7, 2, "TimeoutError")
    assert (first.writes, first.effect) == ({"a": 3}, "reading.room")
    assert opened.design.effects == (EffectDesign(name="reading.room", idempotent=True),)
    assert opened.design.context == (ContextField(name="a", type="int"), ContextField(name="mine", type="object"))
    assert (second.no_undo_because, second.pauses) == ("on purpose", True)
    assert not opened.notes


@pytest.mark.parametrize("title", TEMPLATES)
def test_the_saga_of_a_design_opens_as_that_design(title):
    design = TEMPLATES[title]
    opened = design_of(saga_of(design), context_of(design)).design
    without = [part.model_copy(update={"description": ""}) for part in design.context]
    assert opened.context == tuple(without)
    assert opened.parts == design.parts or list(opened.steps.values()) == list(design.steps.values())
    assert opened.effects == design.effects


def test_a_step_made_of_a_function_opens():
    @step(retry_policy=RetryPolicy.retries(2))
    async def book(ctx: Travel, room: str) -> StepOutcome:
        """Book it."""
        return StepOutcome.CONTINUE

    @book.compensation
    async def cancel(ctx: Travel, room: str) -> CompensationOutcome:
        return CompensationOutcome.COMPLETED

    design = design_of(Saga.of("S", {"booking": book(room="12")})).design
    assert design.steps["booking"].retries.max_retries == 2
    assert design.steps["booking"].description == "Book it."


@pytest.mark.parametrize("wrong", [3, None, SimulatedStep(), Step, "Trip", dict])
def test_what_is_no_saga_is_refused(wrong):
    with pytest.raises(DesignError, match="made of a saga"):
        design_of(wrong)


def test_a_name_that_no_design_holds_is_refused_in_words():
    with pytest.raises(DesignError, match="too long"):
        design_of(Saga.of("S", {"a" * 61: SimulatedStep()}))
