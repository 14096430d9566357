"""@step makes a Step class from an async function, for quick work in a cell."""

import copy
import pickle
from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError

from legend_lab import (
    CompensationOutcome,
    Failed,
    Paused,
    RetryPolicy,
    Saga,
    SagaDefinitionError,
    SagaMismatchError,
    Step,
    StepOutcome,
    VirtualClock,
    idempotency_key,
    run,
    step,
)


class Travel(BaseModel):
    trace: list[str] = []


class Cargo(BaseModel):
    crate: str = ""


@step
async def book_flight(ctx: Travel, flight: str, seat: str = "economy") -> StepOutcome:
    """Book a seat."""
    ctx.trace.append(f"book {flight} {seat}")
    return StepOutcome.CONTINUE


@book_flight.compensation
async def cancel_flight(ctx: Travel, flight: str, seat: str) -> CompensationOutcome:
    ctx.trace.append(f"cancel {flight} {seat}")
    return CompensationOutcome.COMPLETED


@step(retry_policy=RetryPolicy.retries_with_backoff(2, 100), timeout_s=5, idempotent=True)
async def charge(ctx: Travel, amount: int = Field(gt=0)) -> StepOutcome:
    ctx.trace.append(idempotency_key())
    if len(ctx.trace) < 3:
        raise ConnectionError
    return StepOutcome.CONTINUE


@charge.compensation
async def refund(ctx: Travel) -> CompensationOutcome:
    ctx.trace += [idempotency_key(), idempotency_key(of="execute")]
    return CompensationOutcome.COMPLETED


@step
async def break_down(ctx: Any) -> StepOutcome:
    raise ValueError("broken")


@break_down.compensation
async def nothing(ctx: Any) -> CompensationOutcome:
    return CompensationOutcome.COMPLETED


@step
async def wait_for_approval(ctx: Travel) -> StepOutcome:
    return StepOutcome.PAUSE


@wait_for_approval.compensation
async def forget(ctx: Travel) -> CompensationOutcome:
    return CompensationOutcome.COMPLETED


class Trip(Saga[Travel, ValueError]):
    flight: book_flight.step_class
    boom: break_down.step_class


@pytest.mark.parametrize(
    ("made", "seat"),
    [
        (book_flight("UA1"), "economy"),
        (book_flight(flight="UA1"), "economy"),
        (book_flight("UA1", "first"), "first"),
        (book_flight("UA1", seat="first"), "first"),
        (book_flight(seat="first", flight="UA1"), "first"),
    ],
)
def test_a_call_gives_an_instance_of_a_step_class_named_after_the_function(made, seat):
    assert isinstance(made, Step)
    assert type(made) is book_flight.step_class
    assert type(made).__name__ == "BookFlight"
    assert made.model_dump() == {"flight": "UA1", "seat": seat}
    assert repr(made) == f"BookFlight(flight='UA1', seat='{seat}')"


def test_the_decorated_name_keeps_the_functions_name_and_docstring():
    assert (book_flight.__name__, book_flight.__qualname__) == ("book_flight", "book_flight")
    assert book_flight.__doc__ == book_flight.step_class.__doc__ == "Book a seat."
    assert repr(book_flight) == "<step BookFlight>"
    assert cancel_flight.__name__ == "cancel_flight"


async def test_it_runs_and_is_undone_with_the_fields_that_the_undo_asks_for():
    result = await Trip(flight=book_flight("UA1"), boom=break_down()).build(Travel()).start()
    assert isinstance(result, Failed)
    assert result.context.trace == ["book UA1 economy", "cancel UA1 economy"]


async def test_settings_reach_the_step_and_the_idempotency_key_is_stable_and_differs_in_the_undo():
    saga = Saga.of("Pay", {"charge": charge(3), "boom": break_down()})
    execution = saga.build(Travel(), clock=VirtualClock())
    spec = execution.program.steps[0]
    assert (spec.retry_policy.max_retries, spec.timeout_s, spec.idempotent) == (2, 5, True)
    result = await execution.start()
    own = f"{result.id}:charge"
    assert result.context.trace == [own, own, own, own + ":undo", own]


async def test_a_unit_test_can_call_it_as_a_plain_object():
    context = Travel()
    assert await book_flight("UA1").execute(context) is StepOutcome.CONTINUE
    assert await book_flight("UA1").compensate(context) is CompensationOutcome.COMPLETED
    assert context.trace == ["book UA1 economy", "cancel UA1 economy"]


@pytest.mark.parametrize("call", [lambda: charge(0), lambda: charge("x"), book_flight, lambda: book_flight(3)])
def test_wrong_or_missing_input_is_refused_by_pydantic(call):
    with pytest.raises(ValidationError, match=r"Charge|BookFlight"):
        call()


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: book_flight("UA1", "first", "more"), "too many positional"),
        (lambda: book_flight("UA1", flight="UA2"), "multiple values"),
        (lambda: book_flight("UA1", meal="fish"), "unexpected keyword argument 'meal'"),
    ],
)
def test_a_call_that_the_function_would_not_take_is_refused(call, why):
    with pytest.raises(SagaDefinitionError, match=f"book_flight: .*{why}"):
        call()


def test_without_its_compensation_it_cannot_be_instantiated():
    @step
    async def bare(ctx: Travel) -> StepOutcome:
        return StepOutcome.CONTINUE

    with pytest.raises(SagaDefinitionError, match=r"bare has no undo yet; attach it with @bare\.compensation"):
        bare()
    with pytest.raises(SagaDefinitionError, match=r"Local\.bare \(Bare\) has no compensate"):
        Saga.of("Local", {"bare": bare.step_class()}).build(Travel())


def sync(ctx):
    return StepOutcome.CONTINUE


async def generator(ctx):
    yield StepOutcome.CONTINUE


async def no_context() -> StepOutcome: ...


async def only_stars(*ctx) -> StepOutcome: ...


async def keyword_context(*, ctx) -> StepOutcome: ...


async def stars(ctx, *more) -> StepOutcome: ...


async def double_stars(ctx, **more) -> StepOutcome: ...


async def by_position(ctx, seat, /) -> StepOutcome: ...


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (sync, r"must be 'async def'.*asyncio\.to_thread"),
        (generator, "must return its outcome.*yield"),
        (no_context, "must take the context"),
        (only_stars, "must take the context"),
        (keyword_context, "must take the context"),
        (stars, r"takes fields by name, which '\*more' is not"),
        (double_stars, r"takes fields by name, which '\*\*more' is not"),
        (by_position, "takes fields by name, which 'seat' is not"),
    ],
)
def test_a_function_that_is_no_step_or_undo_is_refused_by_name(function, why):
    name = "".join(part.capitalize() for part in function.__name__.split("_"))
    with pytest.raises(SagaDefinitionError, match=f"{name}: the function of @step {why}"):
        step(function)
    with pytest.raises(SagaDefinitionError, match=f"BookFlight: the undo {why}"):
        book_flight.compensation(function)


@pytest.mark.parametrize("thing", [3, Travel, RetryPolicy.retries(2), print, "x"])
def test_something_that_is_no_function_is_refused(thing):
    with pytest.raises(SagaDefinitionError, match="@step decorates an async function"):
        step(thing)


@pytest.mark.parametrize("name", ["copy", "execute", "json", "timeout_s", "_hidden"])
def test_a_parameter_that_cannot_be_a_field_is_refused(name):
    source = f"async def odd(ctx, {name}): ...\n"
    namespace: dict[str, Any] = {}
    exec(source, namespace)  # noqa: S102 - our own source
    with pytest.raises(SagaDefinitionError, match=f"Odd: '{name}' cannot name a field"):
        step(namespace["odd"])


def test_an_unknown_setting_is_refused_with_those_that_exist():
    with pytest.raises(SagaDefinitionError, match=r"BookHotel: timeout is no setting of a step; there are .*timeout_s"):

        @step(timeout=3)
        async def book_hotel(ctx: Travel) -> StepOutcome: ...


@pytest.mark.parametrize(("setting", "value"), [("timeout_s", "3"), ("retry_policy", 3), ("idempotent", "yes")])
def test_a_setting_of_the_wrong_type_is_refused(setting, value):
    with pytest.raises(SagaDefinitionError, match=f"BookHotel: {setting} must be"):

        @step(**{setting: value})
        async def book_hotel(ctx: Travel) -> StepOutcome: ...


def test_an_undo_that_asks_for_what_the_step_has_not_is_refused():
    async def cancel(ctx: Travel, train: str) -> CompensationOutcome: ...

    with pytest.raises(SagaDefinitionError, match="BookFlight: the undo asks for train, which the step has not"):
        book_flight.compensation(cancel)


def test_its_context_is_checked_against_the_sagas():
    with pytest.raises(SagaDefinitionError, match=r"Freight\.flight \(BookFlight\) works on Travel"):

        class Freight(Saga[Cargo, ValueError]):
            flight: book_flight.step_class


def test_a_type_that_is_known_nowhere_is_a_definition_error():
    with pytest.raises(SagaDefinitionError, match="Odd: name 'Unheard' is not defined"):

        @step
        async def odd(ctx: "Unheard") -> StepOutcome: ...  # noqa: F821 - that is the point


def test_a_mutable_default_is_not_shared():
    @step
    async def pack(ctx: Travel, items: list[str] = []) -> StepOutcome: ...  # noqa: B006 - that is the point

    @pack.compensation
    async def unpack(ctx: Travel) -> CompensationOutcome: ...

    pack().items.append("hat")
    assert pack().items == []


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])  # noqa: S301
async def test_its_instances_and_sagas_of_them_can_be_copied_and_pickled(duplicate):
    assert duplicate(book_flight("UA1")) == book_flight("UA1")
    trip = duplicate(Trip(flight=book_flight("UA1"), boom=break_down()))
    assert (await trip.build(Travel()).start()).context.trace == ["book UA1 economy", "cancel UA1 economy"]


async def test_a_paused_run_of_it_is_written_and_loaded():
    saga = Saga.of("Approve", {"flight": book_flight("UA1"), "wait": wait_for_approval()})
    paused = await saga.build(Travel()).start()
    assert isinstance(paused, Paused)
    assert b'"tag":"BookFlight"' in paused.dump_json()
    loaded = saga.load_paused(paused.dump_json())
    assert loaded.saga.flight == book_flight("UA1")
    assert (await loaded.abort("no")).context.trace == ["book UA1 economy", "cancel UA1 economy"]


NOTEBOOK = """
from legend_lab import CompensationOutcome, StepOutcome, step

@step
async def book(ctx: dict, flight: str{more}) -> StepOutcome:
    ctx["by"] = "{by}"
    return StepOutcome.PAUSE

@book.compensation
async def cancel(ctx: dict) -> CompensationOutcome:
    ctx["undone by"] = "{by}"
    return CompensationOutcome.COMPLETED
"""


def test_a_cell_that_is_run_again_defines_the_step_again():
    cells: dict[str, Any] = {"__name__": "__main__"}
    exec(NOTEBOOK.format(by="old", more=""), cells)  # noqa: S102 - our own source
    paused = run(Saga.of("Trip", {"book": cells["book"]("UA1")}).build({}).start())
    exec(NOTEBOOK.format(by="new", more=""), cells)  # noqa: S102 - our own source
    saga = Saga.of("Trip", {"book": cells["book"]("UA2")})
    loaded = saga.load_paused(paused.dump_json())
    assert type(loaded.saga.book) is cells["book"].step_class
    assert loaded.saga.book.flight == "UA1"
    aborted = run(loaded.abort("enough"))
    assert aborted.context == {"by": "old", "undone by": "new"}


def test_a_cell_that_is_run_again_with_other_fields_gives_another_fingerprint():
    cells: dict[str, Any] = {"__name__": "__main__"}
    exec(NOTEBOOK.format(by="old", more=""), cells)  # noqa: S102 - our own source
    paused = run(Saga.of("Trip", {"book": cells["book"]("UA1")}).build({}).start())
    exec(NOTEBOOK.format(by="new", more=", seat: str = 'economy'"), cells)  # noqa: S102 - our own source
    with pytest.raises(SagaMismatchError, match="another shape"):
        Saga.of("Trip", {"book": cells["book"]("UA2")}).load(paused.dump_json())


def test_an_undo_that_is_attached_again_counts_also_in_sagas_that_ran_before():
    cells: dict[str, Any] = {"__name__": "__main__"}
    exec(NOTEBOOK.format(by="old", more=""), cells)  # noqa: S102 - our own source
    saga = Saga.of("Trip", {"book": cells["book"]("UA1")})
    assert run(run(saga.build({}).start()).abort("no")).context["undone by"] == "old"

    @cells["book"].compensation
    async def cancel(ctx: dict[str, str], flight: str) -> CompensationOutcome:
        ctx["undone by"] = f"new {flight}"
        return CompensationOutcome.COMPLETED

    assert run(run(saga.build({}).start()).abort("no")).context["undone by"] == "new UA1"
