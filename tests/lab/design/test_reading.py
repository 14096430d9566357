"""An existing saga opens as a design: its shape and settings are taken over, and what cannot be is said."""

from dataclasses import dataclass, field
from typing import Any, Generic, TypedDict, TypeVar

import pytest
from designs import drawn_story, fault_plans, story
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, SecretStr

from legend_lab import CompensationOutcome, RetryPolicy, Saga, SimulatedStep, Step, StepOutcome, effects, step
from legend_lab.core.errors import DesignError
from legend_lab.lab.design.building import context_of, saga_of
from legend_lab.lab.design.code import to_code
from legend_lab.lab.design.code_in import from_code
from legend_lab.lab.design.model import ContextField, EffectDesign, Retries
from legend_lab.lab.design.naming import class_names
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


def test_a_saga_nested_twice_keeps_the_names_of_its_classes_with_a_number_the_second_time():
    class Pay(SimulatedStep):
        pass

    class BookFlight(Pay):
        pass

    class Travel(Saga):
        pay: Pay
        flight: BookFlight

    class Two(Saga):
        there: Travel
        back: Travel

    design = design_of(Two).design
    assert [class_names(design)[path] for path in design.all_parts] == [
        *("Travel", "Pay", "BookFlight"),
        *("Travel2", "Pay2", "BookFlight2"),
    ]
    assert from_code(to_code(design)).design == design


def test_a_number_is_no_other_classs_name():
    class Pay(SimulatedStep):
        pass

    class Pay2(SimulatedStep):
        pass

    class Travel(Saga):
        pay: Pay

    class Two(Saga):
        there: Travel
        back: Travel
        other: Pay2

    names = class_names(design_of(Two).design)
    assert names["other"] == "Pay2"
    assert names["there.pay"] != names["back.pay"]


def test_a_saga_that_is_called_as_one_of_its_steps_gets_another_name_and_says_so():
    for name, step_name, called in (
        ("trip", "trip", "Trip"),
        ("Trip", "Trip", "TripSaga"),
        ("saga", "Saga", "SagaSaga"),
        ("a", "b", "a"),
    ):
        opened = design_of(Saga.of(name, {step_name: SimulatedStep()}))
        assert opened.design.name == called
        assert any("is called" in note for note in opened.notes) == (called != name)


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
    assert (opened.name, opened.description) == (design.name, design.description)
    assert opened.context == design.context
    assert opened.parts == design.parts
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


class Other(SimulatedStep):
    """Does more than it simulates."""

    async def execute(self, ctx):
        return StepOutcome.CONTINUE


def test_a_simulated_step_with_a_body_of_its_own_is_said_to_be_simulated_only():
    opened = design_of(Saga.of("S", {"a": Other(duration_ms=7), "b": SimulatedStep()}))
    assert opened.notes == ("a: its execute and compensate are simulated here; their code is not read",)
    assert opened.design.steps["a"].duration_ms == 7


def test_a_plain_simulated_step_has_no_description():
    assert design_of(Saga.of("S", {"a": SimulatedStep()})).design.steps["a"].description == ""


def test_a_class_opens_with_the_parts_that_its_fields_start_with():
    class Ready(Saga[Any, Exception]):
        first: SimulatedStep = SimulatedStep(duration_ms=77)
        second: SimulatedStep

    assert [part.duration_ms for part in design_of(Ready).design.steps.values()] == [77, 10]


T = TypeVar("T")


class Kept(Book, Generic[T]):
    value: T


@pytest.mark.parametrize("name", ["S", "SContext", "other", "ctx", "L" * 80, "Step", "bool"])
def test_a_step_whose_class_a_design_cannot_call_so_opens_under_another_name(name):
    named = type(name, (Book,), {"__module__": __name__})
    opened = design_of(Saga.of("S", {"a": named(), "other": Book()}))
    assert [part.class_name for part in opened.design.steps.values()] == [None, "Book"]
    assert sum(note.startswith("a: its class") for note in opened.notes) == 1


def test_a_generic_step_opens_under_another_name():
    opened = design_of(Saga.of("S", {"a": Kept[int](value=1)}))
    assert opened.design.steps["a"].class_name is None
    assert "Kept[int]" in opened.notes[0]


@dataclass
class Awkward:
    _cache: int = 0
    attempt: int = 3
    share: float = float("nan")
    text: str = "\ud800"
    secret: SecretStr = SecretStr("hunter2")  # noqa: RUF009 - it cannot change
    good: str = "yes"


def test_what_a_context_has_that_a_design_cannot_hold_is_left_out_and_said():
    opened = design_of(Saga.of("S", {"a": SimulatedStep(key="good")}), Awkward())
    assert opened.design.context == (
        ContextField(name="share", type="float"),
        ContextField(name="text"),
        ContextField(name="secret", type="object"),
        ContextField(name="good", initial="yes"),
    )
    notes = "\n".join(opened.notes)
    assert "left out of the context: '_cache'" in notes
    assert "left out of the context: 'attempt'" in notes
    assert "context.share: a design does not hold the float it starts with" in notes
    assert "context.secret: a design does not hold the SecretStr it starts with" in notes
    assert "hunter2" not in notes


@pytest.mark.parametrize("key", ["a b", 3, "n" * 61, "two\nlines"])
def test_a_key_that_cannot_be_a_field_is_left_out_and_said(key):
    opened = design_of(Saga.of("S", {"a": SimulatedStep(key="n")}), {key: 1, "n": "x"})
    assert opened.design.context == (ContextField(name="n", type="str", initial="x"),)
    assert len(opened.notes) == 1
    assert opened.notes[0].isprintable()


def test_a_step_that_writes_what_cannot_be_a_field_opens_without_it():
    opened = design_of(Saga.of("S", {"a": SimulatedStep(key="my key"), "b": SimulatedStep(key="n")}))
    assert [step.writes for step in opened.design.steps.values()] == [{}, {"n": "done"}]
    assert "'my key'" in opened.notes[0]


def test_a_context_with_slots_is_read_without_running_its_code():
    @dataclass(slots=True)
    class Slotted:
        n: int = 1
        t: str = "x"

        def __getattr__(self, name):
            raise AssertionError("nothing runs when a saga is opened")

    given = Slotted(5)
    del given.t
    context = design_of(Saga.of("S", {"a": SimulatedStep(key="t")}), given).design.context
    assert context == (ContextField(name="n", type="int", initial=5), ContextField(name="t", initial="x"))


simulated = st.builds(
    SimulatedStep,
    duration_ms=st.sampled_from([0.0, 5.0, 20.0]),
    fails=st.integers(0, 2),
    error=st.sampled_from(["InjectedError", "TimeoutError", "ValueError"]),
    pauses=st.booleans(),
    no_undo_because=st.sampled_from([None, "on purpose"]),
    undo_duration_ms=st.sampled_from([None, 0.0, 3.0]),
    undo_fails=st.integers(0, 1),
    value=st.sampled_from(["x", 3, [1], {"a": None}]),
    effect=st.sampled_from([None, "reading.room", "reading.undeclared"]),
)


def sagas(depth=0):
    part = simulated if depth == 2 else simulated | sagas(depth + 1)
    named = st.dictionaries(st.sampled_from("abcd"), part, min_size=1, max_size=3)
    return named.map(lambda parts: Saga.of(f"Level{depth}", parts))


@settings(max_examples=50, deadline=None)
@given(sagas(), st.data())
def test_a_simulated_saga_and_its_design_run_to_the_same_journal(saga, data):
    opened = design_of(saga)
    assert not opened.notes
    drawn = data.draw(fault_plans(opened.design))
    faults = [fault for fault in drawn if "CRASH" not in fault.kind.name]  # no file keeps a context of any type
    ended, rows, _ = story(saga, context_of(opened.design), faults)
    assert drawn_story(opened.design, faults)[:2] == (ended, rows)


def test_what_a_context_says_of_its_fields_is_taken_over_in_its_first_line():
    @dataclass
    class Kept:
        amount: int = field(default=3, metadata={"description": "in cents"})
        odd: int = field(default=3, metadata={"description": 7})

    class Checked(BaseModel):
        room: str = Field(default="", description="the key\nof the room")
        plain: str = ""

    for context, said in ((Kept, ["in cents", ""]), (Checked, ["the key", ""])):
        made = design_of(Saga.of("Booking", {"hotel": SimulatedStep()}), context()).design
        assert [item.description for item in made.context if item.name != "hotel"] == said
