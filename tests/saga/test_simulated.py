"""SimulatedStep takes time on the run's clock, writes into any context, and takes it back."""

from dataclasses import dataclass
from typing import Any, TypedDict

import pytest
from pydantic import BaseModel, ValidationError

from legend_lab import (
    CompensationFailed,
    CompensationOutcome,
    Completed,
    EffectError,
    Failed,
    OutsideRunError,
    RetryPolicy,
    Saga,
    SimulatedStep,
    Step,
    StepOutcome,
    StepTimeoutError,
    SystemClock,
    VirtualClock,
    effects,
    idempotency_key,
)


class Model(BaseModel):
    hold: Any = None


@dataclass
class Record:
    hold: Any = None


class Items(TypedDict, total=False):
    hold: str


class Break(Step[Any]):
    async def execute(self, ctx):
        raise ValueError("broken")

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Hurried(SimulatedStep):
    timeout_s = 0.005


async def play(steps, context, clock=None):
    return await Saga.of("Play", steps).build(context, clock=clock or VirtualClock()).start()


@pytest.mark.parametrize("make", [dict, Items, Model, Record])
async def test_it_writes_into_any_context_and_takes_it_back(make):
    def read(context):
        return context.get("hold") if isinstance(context, dict) else context.hold

    done = await play({"hold": SimulatedStep(value={"nights": 2})}, make())
    assert read(done.context) == {"nights": 2}
    undone = await play({"hold": SimulatedStep(), "boom": Break()}, make())
    assert isinstance(undone, Failed)
    assert read(undone.context) is None
    assert undone.context == make()


async def test_durations_are_exact_on_a_virtual_clock():
    steps = {"a": SimulatedStep(duration_ms=1500), "b": SimulatedStep(duration_ms=3, undo_duration_ms=7), "c": Break()}
    result = await play(steps, {})
    assert [timing.duration_ms for timing in result.step_timings] == [1500, 3, 0, 7, 1500]


async def test_a_day_passes_at_once_on_a_virtual_clock_and_no_loop_is_made_for_it():
    clock = VirtualClock()
    result = await play({"a": SimulatedStep(duration_ms=86_400_000)}, {}, clock)
    assert result.step_timings[0].duration_ms == 86_400_000
    assert clock._host is None


async def test_no_duration_takes_no_time_on_the_system_clock():
    result = await play({"a": SimulatedStep(duration_ms=0)}, {}, SystemClock())
    assert result.context == {"a": "done"}


async def test_it_writes_under_its_path_unless_it_has_a_key():
    inner = Saga.of("Inner", {"b": SimulatedStep(), "c": SimulatedStep(key="mine", value=[1, None])})
    result = await play({"a": SimulatedStep(), "block": inner}, {})
    assert result.context == {"a": "done", "block_b": "done", "mine": [1, None]}


async def test_a_model_without_the_attribute_fails_the_step():
    result = await play({"elsewhere": SimulatedStep()}, Model())
    assert isinstance(result, Failed)
    assert "elsewhere" in str(result.error)


async def test_a_timeout_ends_the_attempt_at_its_limit_and_nothing_is_written():
    result = await play({"a": SimulatedStep(), "slow": Hurried(duration_ms=5.001, undo_duration_ms=1)}, {})
    assert isinstance(result, Failed)
    assert isinstance(result.error, StepTimeoutError)
    assert result.context == {}
    times = [(timing.path, timing.is_compensation, timing.duration_ms) for timing in result.step_timings]
    assert times == [("a", False, 10), ("slow", False, 5), ("slow", True, 1), ("a", True, 10)]


async def test_a_duration_of_exactly_the_limit_is_in_time():
    assert isinstance(await play({"slow": Hurried(duration_ms=5)}, {}), Completed)


async def test_a_timeout_holds_for_the_undo_too():
    result = await play({"slow": Hurried(duration_ms=1, undo_duration_ms=50), "boom": Break()}, {})
    assert isinstance(result, CompensationFailed)
    assert isinstance(result.compensation_error, StepTimeoutError)
    assert result.step_timings[-1].duration_ms == 5


async def test_each_attempt_has_the_whole_limit():
    class Retried(Hurried):
        retry_policy = RetryPolicy.retries_with_backoff(2, 100)

    result = await play({"slow": Retried(duration_ms=50, undo_duration_ms=0)}, {})
    assert [timing.duration_ms for timing in result.step_timings] == [5, 5, 5, 0]
    assert [entry.instruction.kind for entry in result.journal if entry.instruction.kind == "wait"] == ["wait"] * 2


async def test_a_subclass_may_do_more_with_the_key_of_its_run():
    class Keyed(SimulatedStep):
        async def execute(self, ctx):
            ctx["key"] = idempotency_key()
            return await super().execute(ctx)

    result = await play({"a": Keyed()}, {})
    assert result.context == {"key": f"{result.id}:a", "a": "done"}


@pytest.mark.parametrize(
    "fields",
    [
        {"duration_ms": -1},
        {"duration_ms": float("nan")},
        {"duration_ms": float("inf")},
        {"undo_duration_ms": -1},
        {"value": object()},
        {"durations_ms": 3},
        {"effect": 3},
    ],
)
def test_a_wrong_input_is_refused(fields):
    with pytest.raises(ValidationError, match="SimulatedStep"):
        SimulatedStep(**fields)


async def test_outside_a_run_it_says_how_to_test_it():
    with pytest.raises(OutsideRunError, match=r"Saga\.of\('test'"):
        await SimulatedStep().execute({})


async def test_it_mixes_with_steps_that_need_a_loop():
    class Plain(Step[Any]):
        async def execute(self, ctx):
            ctx["plain"] = True
            return StepOutcome.CONTINUE

        async def compensate(self, ctx):
            return CompensationOutcome.COMPLETED

    result = await play({"a": SimulatedStep(duration_ms=1000), "b": Plain(), "c": SimulatedStep()}, {})
    assert result.context == {"a": "done", "plain": True, "c": "done"}
    assert [timing.duration_ms for timing in result.step_timings][::2] == [1000, 10]


# -- its effect -------------------------------------------------------------------------------------

effects.declare("simulated.room", idempotent=True)
effects.declare("simulated.mail", irreversible=True)


def operations(result):
    return [(entry.number, item.action, item.name) for entry in result.journal for item in entry.effects]


async def test_its_effect_is_opened_when_it_is_done_and_closed_when_it_is_undone():
    result = await play({"a": SimulatedStep(effect="simulated.room"), "boom": Break()}, {})
    assert operations(result) == [(0, "open", "simulated.room"), (2, "close", "simulated.room")]
    assert result.journal[0].effects[0].key == f"{result.id}:a"
    assert result.journal[0].effects[0].idempotent


async def test_an_effect_that_is_not_declared_is_not_idempotent_and_stays_undeclared():
    result = await play({"a": SimulatedStep(effect="simulated.undeclared")}, {})
    assert not result.journal[0].effects[0].idempotent
    with pytest.raises(EffectError, match="is declared"):
        effects.declared("simulated.undeclared")


async def test_an_irreversible_effect_stays_when_it_is_undone():
    result = await play({"a": SimulatedStep(effect="simulated.mail"), "boom": Break()}, {})
    assert isinstance(result, Failed)
    assert operations(result) == [(0, "open", "simulated.mail")]
    assert result.context == {}


def test_an_effect_that_has_no_name_is_refused_where_it_is_written():
    with pytest.raises(EffectError, match="an effect's name"):
        SimulatedStep(effect="")


async def test_what_happens_to_a_written_list_does_not_change_the_step():
    saga = Saga.of("Lists", {"a": SimulatedStep(value=["x"])})
    for _ in range(2):
        result = await saga.build({}, clock=VirtualClock()).start()
        assert result.context == {"a": ["x"]}
        result.context["a"].append("y")
