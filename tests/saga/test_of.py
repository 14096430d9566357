"""Saga.of makes a saga from values, and refuses what cannot be one."""

import copy
import pickle
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from legend_lab import (
    CompensationFailed,
    CompensationOutcome,
    EmptySagaError,
    Failed,
    Paused,
    Saga,
    SagaDefinitionError,
    SimulatedStep,
    Step,
    StepOutcome,
    UnexpectedError,
    VirtualClock,
)


class Tally(BaseModel):
    total: int = 0


class Precise(Tally):
    cents: int = 0


class Add(Step[Tally]):
    amount: int = 1

    async def execute(self, ctx):
        ctx.total += self.amount
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        ctx.total -= self.amount
        return CompensationOutcome.COMPLETED


class AddCents(Step[Precise]):
    async def execute(self, ctx):
        ctx.cents += 1
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Break(Step[Any]):
    async def execute(self, ctx):
        raise ValueError("broken")

    async def compensate(self, ctx):
        raise KeyError("undo broken")


class Wait(Step[Tally]):
    async def execute(self, ctx):
        return StepOutcome.PAUSE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


async def test_steps_and_blocks_run_in_the_order_of_the_mapping():
    block = Saga.of("Inner", {"b": Add(amount=2), "c": Add(amount=3)})
    result = await Saga.of("Outer", {"a": Add(), "block": block, "d": Add()}).build(Tally()).start()
    assert [timing.path for timing in result.step_timings] == ["a", "block.b", "block.c", "d"]
    assert result.context.total == 7


def test_it_has_the_given_name():
    saga = Saga.of("Outer", {"a": Add()})
    assert type(saga).__name__ == saga.build(Tally()).program.name == "Outer"
    assert repr(saga) == "Outer(a=Add(amount=1))"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("two words", "no Python identifier; 'two_words' is one"),
        ("class!", "no Python identifier$"),
        ("1st", "no Python identifier$"),
        ("", "no Python identifier"),
        ("class", "a keyword of Python"),
        ("None", "a keyword of Python"),
        (3, "no Python identifier"),
        (None, "no Python identifier"),
        ("<b>", "no Python identifier"),
        ("ﬁne", "normal form"),
        ("x" * 10_000, "10000 characters"),
    ],
)
def test_a_hostile_saga_name_is_refused_in_a_short_message(name, why):
    with pytest.raises(SagaDefinitionError, match=f"cannot name a saga: .*{why}") as caught:
        Saga.of(name, {"a": Add()})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ("two words", "no Python identifier; 'two_words' is one"),
        ("build!", "no Python identifier$"),
        ("a.b", "no Python identifier"),
        ("", "no Python identifier"),
        ("lambda", "a keyword of Python"),
        (3, "no Python identifier"),
        (None, "no Python identifier"),
        ("_a", "leading underscore"),
        ("__class__", "leading underscore"),
        ("build", r"would hide Outer\.build"),
        ("copy", r"would hide Outer\.copy"),
        ("model_config", r"would hide Outer\.model_config"),
        ("ﬁne", "normal form"),
        ("e\u0301", "normal form"),
        ("x" * 10_240, "10240 characters"),
    ],
)
def test_a_hostile_step_name_is_refused_in_a_short_message(field, why):
    with pytest.raises(SagaDefinitionError, match=f"Outer: .* cannot name a step: .*{why}") as caught:
        Saga.of("Outer", {field: Add()})
    assert len(str(caught.value)) < 200


@given(st.text(max_size=30))
def test_any_text_is_a_path_or_a_definition_error(name):
    try:
        saga = Saga.of("Outer", {name: SimulatedStep()})
    except SagaDefinitionError as error:
        assert "Outer" in str(error)  # noqa: PT017 - either is right
    else:
        assert saga.build({}).program.steps[0].path == name


@pytest.mark.parametrize(
    ("value", "shown"),
    [(Add, r"Add \(the class"), (Saga, r"Saga \(the class"), (3, "int"), (None, "NoneType"), ({}, "dict")],
)
def test_a_value_that_is_no_step_is_refused(value, shown):
    with pytest.raises(SagaDefinitionError, match=rf"Outer\.a must be a Step or a Saga, not {shown}"):
        Saga.of("Outer", {"a": value})


def test_no_step_at_all_is_an_empty_saga():
    with pytest.raises(EmptySagaError, match="Outer has no steps"):
        Saga.of("Outer", {})


@pytest.mark.parametrize("steps", [None, [Add()], [("a", Add())], "a", 3])
def test_something_else_than_a_mapping_is_refused(steps):
    with pytest.raises(SagaDefinitionError, match="Outer: give a mapping from names to steps"):
        Saga.of("Outer", steps)


async def test_a_declared_error_comes_as_it_is_and_another_as_unexpected():
    steps = {"a": SimulatedStep(), "b": SimulatedStep(), "boom": Break()}
    declared = await Saga.of("Outer", steps, error=ValueError).build({}, clock=VirtualClock()).start()
    assert isinstance(declared, Failed)
    assert isinstance(declared.error, ValueError)
    other = await Saga.of("Outer", steps, error=OSError).build({}, clock=VirtualClock()).start()
    assert isinstance(other.error, UnexpectedError)
    assert isinstance(other.error.__cause__, ValueError)
    anything = await Saga.of("Outer", steps).build({}, clock=VirtualClock()).start()
    assert isinstance(anything.error, ValueError)
    either = await Saga.of("Outer", steps, error=OSError | ValueError).build({}, clock=VirtualClock()).start()
    assert isinstance(either.error, ValueError)


@pytest.mark.parametrize("error", [3, "ValueError", int, None, (ValueError,), ValueError()])
def test_an_error_type_that_cannot_be_raised_is_refused(error):
    with pytest.raises(SagaDefinitionError, match="error type must be an exception class"):
        Saga.of("Outer", {"a": Add()}, error=error)


@pytest.mark.parametrize(("policy", "undone"), [("continue", ["b", "a"]), ("halt", ["b"])])
async def test_on_compensation_failure_is_the_sagas(policy, undone):
    class Stuck(Break):
        async def execute(self, ctx):
            return StepOutcome.CONTINUE

    steps = {"a": SimulatedStep(), "b": Stuck(), "boom": Break()}
    result = await Saga.of("Outer", steps, on_compensation_failure=policy).build({}, clock=VirtualClock()).start()
    assert isinstance(result, CompensationFailed)
    assert [timing.path for timing in result.step_timings if timing.is_compensation] == undone


@pytest.mark.parametrize("policy", ["stop", None, []])
def test_an_unknown_on_compensation_failure_is_refused(policy):
    with pytest.raises(SagaDefinitionError, match="Outer: on_compensation_failure"):
        Saga.of("Outer", {"a": Add()}, on_compensation_failure=policy)


@pytest.mark.parametrize("steps", [{"a": Add(), "b": AddCents()}, {"a": AddCents(), "b": Add(), "c": SimulatedStep()}])
def test_the_context_is_the_narrowest_that_all_steps_share(steps):
    saga = Saga.of("Outer", steps)
    assert saga.build(Precise())
    with pytest.raises(SagaDefinitionError, match="context of type Precise, not Tally"):
        saga.build(Tally())


def test_steps_that_share_no_context_are_refused():
    class OnDict(Break, Step[dict[str, int]]):
        async def execute(self, ctx):
            return StepOutcome.CONTINUE

    with pytest.raises(SagaDefinitionError, match=r"Outer\.b \(OnDict\) works on dict\[str, int\]"):
        Saga.of("Outer", {"a": Add(), "b": OnDict()})


async def test_it_loads_its_own_records_on_the_instance_and_on_its_class():
    saga = Saga.of("Outer", {"a": Add(amount=3), "wait": Wait()})
    paused = await saga.build(Tally()).start()
    assert isinstance(paused, Paused)
    for load in (saga.load, saga.load_paused, type(saga).load_paused):
        loaded = load(paused.dump_json())
        assert loaded.context == Tally(total=3)
        assert loaded.saga.model_dump() == saga.model_dump()


async def test_it_can_be_pickled_and_deepcopied():
    inner = Saga.of("Inner", {"b": Add(amount=2)}, on_compensation_failure="halt")
    saga = Saga.of("Outer", {"a": Add(), "block": inner}, error=OSError)
    again = pickle.loads(pickle.dumps(saga))  # noqa: S301 - our own bytes
    assert repr(again) == repr(saga)
    assert again.block.build(Tally()).program.on_compensation_failure == "halt"
    for twin in (again, copy.deepcopy(saga), copy.copy(saga)):
        assert (await twin.build(Tally()).start()).context.total == 3


async def test_a_saga_of_10_000_steps_builds_and_runs_in_reasonable_time():
    began = time.perf_counter()
    result = await Saga.of("Long", {f"step_{n}": Add() for n in range(10_000)}).build(Tally()).start()
    assert result.context.total == 10_000
    assert time.perf_counter() - began < 30


async def test_values_given_are_the_ones_that_run_not_copies():
    step = Add(amount=5)
    assert Saga.of("Outer", {"a": step}).a is step
