"""The outline tells what a saga is, of an object exactly and of a class as far as it goes."""

import dataclasses
from typing import Any

import pytest

from legend_lab import (
    CompensationOutcome,
    EmptySagaError,
    RetryPolicy,
    Saga,
    SagaDefinitionError,
    SimulatedStep,
    Step,
    StepOutcome,
    effects,
    step,
)
from legend_lab.saga.outline import BlockOutline, SagaOutline, StepOutline, outline, walk


class TravelError(Exception): ...


class Book(Step[dict]):
    """Book it.

    With more to say.
    """

    retry_policy = RetryPolicy.retries_with_backoff(3, 100)
    timeout_s = 2.5
    compensate_on_failure = True
    idempotent = True

    async def execute(self, ctx):
        return StepOutcome.PAUSE if ctx else StepOutcome.CONTINUE

    async def compensate(self, ctx):
        ctx.pop("booked", None)
        return CompensationOutcome.COMPLETED


class Tell(Step[dict]):
    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        """A mail cannot be called back."""
        return CompensationOutcome.COMPLETED


class Trip(Saga[dict, TravelError]):
    hotel: Book
    flight: Book


class Travel(Saga[dict, TravelError]):
    """Book a trip."""

    on_compensation_failure = "halt"

    hold: SimulatedStep
    trip: Trip
    tell: Tell


def travel(**hold: Any) -> Travel:
    return Travel(hold=SimulatedStep(**hold), trip=Trip(hotel=Book(), flight=Book()), tell=Tell())


def steps(saga: Any) -> dict[str, StepOutline]:
    return {found.path: found for found in outline(saga).steps}


def test_it_is_the_tree_of_steps_and_blocks_in_order():
    what = outline(travel())
    assert [(type(part).__name__, part.path, part.class_name) for part in walk(what.parts)] == [
        ("StepOutline", "hold", "SimulatedStep"),
        ("BlockOutline", "trip", "Trip"),
        ("StepOutline", "trip.hotel", "Book"),
        ("StepOutline", "trip.flight", "Book"),
        ("StepOutline", "tell", "Tell"),
    ]
    assert [found.index for found in what.steps] == [0, 1, 2, 3]
    assert [block.name for block in what.blocks] == ["trip"]


def test_it_knows_the_saga_s_own_words_and_settings():
    what = outline(travel())
    assert (what.class_name, what.doc, what.context, what.error, what.on_compensation_failure) == (
        "Travel", "Book a trip.", "dict", "TravelError", "halt",
    )  # fmt: skip
    assert steps(travel())["trip.hotel"].doc == "Book it."
    assert steps(travel())["hold"].doc == ""  # what the package says of its own step is no news


def test_its_settings_are_those_that_the_program_runs_with():
    saga = travel()
    assert tuple(found.settings for found in outline(saga).steps) == saga.build({}).program.steps


def test_a_step_whose_code_names_pause_may_pause():
    assert steps(travel())["trip.hotel"].pauses
    assert not steps(travel())["tell"].pauses
    assert steps(travel(pauses=True))["hold"].pauses
    assert not steps(travel())["hold"].pauses


def test_an_undo_that_only_returns_does_nothing():
    assert steps(travel())["tell"].undo_does_nothing
    assert not steps(travel())["trip.hotel"].undo_does_nothing
    assert steps(travel(no_undo_because="on purpose"))["hold"].undo_does_nothing
    assert not steps(travel())["hold"].undo_does_nothing


def test_the_docstring_of_an_undo_is_kept_with_it():
    assert steps(travel())["tell"].undo_doc == "A mail cannot be called back."
    assert steps(travel())["trip.hotel"].undo_doc == steps(travel())["hold"].undo_doc == ""


def undo_of(function):
    return type("Made", (Step[dict],), {"__module__": __name__, "execute": Tell.execute, "compensate": function})


DONE = CompensationOutcome.COMPLETED


def test_an_undo_may_return_the_outcome_by_a_name_of_its_module():
    async def returns(self, ctx):
        return DONE

    assert steps(Saga.of("One", {"a": undo_of(returns)()}))["a"].undo_does_nothing


def test_an_undo_that_touches_anything_at_all_does_something():
    async def sets(self, ctx):
        ctx["x"] = 1
        return CompensationOutcome.COMPLETED

    async def deletes(self, ctx):
        del ctx["x"]
        return CompensationOutcome.COMPLETED

    async def calls(self, ctx):
        ctx()
        return CompensationOutcome.COMPLETED

    async def awaits(self, ctx):
        await ctx
        return CompensationOutcome.COMPLETED

    async def assigns(self, ctx):
        ctx.x = None
        return CompensationOutcome.COMPLETED

    async def raises(self, ctx):
        raise ctx.COMPLETED

    async def pauses(self, ctx):
        return CompensationOutcome.PAUSE

    for function in (sets, deletes, calls, awaits, assigns, raises, pauses):
        found = steps(Saga.of("One", {"a": undo_of(function)()}))["a"]
        assert not found.undo_does_nothing, function.__name__
        assert found.undo_pauses == (function is pauses)


def test_the_functions_of_the_step_decorator_are_looked_into():
    @step
    async def ask(ctx: dict) -> StepOutcome:
        return StepOutcome.PAUSE

    @ask.compensation
    async def forget(ctx: dict) -> CompensationOutcome:
        return CompensationOutcome.COMPLETED

    found = steps(Saga.of("One", {"a": ask()}))["a"]
    assert (found.class_name, found.pauses, found.undo_does_nothing) == ("Ask", True, True)

    @ask.compensation
    async def remember(ctx: dict) -> CompensationOutcome:
        ctx["asked"] = False
        return CompensationOutcome.COMPLETED

    assert not steps(Saga.of("One", {"a": ask()}))["a"].undo_does_nothing


def test_the_effect_of_a_simulated_step_is_known_as_it_is_declared():
    effects.declare("outline.mail", irreversible=True)
    assert steps(travel(effect="outline.mail"))["hold"].effect == effects.declared("outline.mail")
    assert steps(travel())["hold"].effect is None


def test_a_simulated_step_with_a_body_of_its_own_is_judged_by_that():
    class Own(SimulatedStep):
        async def execute(self, ctx):
            return StepOutcome.PAUSE

    assert steps(Saga.of("One", {"a": Own(pauses=False)}))["a"].pauses


def test_of_a_class_it_tells_what_the_fields_are_annotated_with():
    class Open(Saga[dict, TravelError]):
        any: Step[dict]
        trip: Trip

    found = steps(Open)
    assert list(found) == ["any", "trip.hotel", "trip.flight"]
    assert found["any"].is_open
    assert not found["trip.hotel"].is_open
    assert not any(item.is_open for item in outline(Open(any=Tell(), trip=travel().trip)).steps)
    assert not steps(Travel)["hold"].pauses  # only an object's fields say


def test_a_class_with_forward_references_is_resolved_first():
    class Later(Saga[dict, TravelError]):
        tell: "Tell"

    assert steps(Later)["tell"].class_name == "Tell"


def test_what_is_no_saga_is_refused():
    for wrong in (Tell(), Tell, {}, None, int):
        with pytest.raises(SagaDefinitionError, match="a saga is wanted"):
            outline(wrong)
    with pytest.raises(EmptySagaError):
        outline(Saga)


def test_a_broken_object_is_refused():
    with pytest.raises(SagaDefinitionError):
        outline(Travel.model_construct(hold=1))


def test_everything_in_it_is_frozen_and_can_be_compared_and_hashed():
    assert outline(travel()) == outline(travel())
    assert hash(outline(travel())) == hash(outline(travel()))
    for kind in (SagaOutline, BlockOutline, StepOutline):
        assert dataclasses.fields(kind)
        assert kind.__dataclass_params__.frozen


def test_hostile_texts_are_kept_as_they_are(hostile):
    what = outline(hostile.saga)
    if hostile.text:
        assert what.class_name == hostile.text.rpartition("<locals>.")[2]
        assert what.steps[0].class_name == what.class_name
