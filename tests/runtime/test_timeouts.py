"""S11 Timeout."""

import asyncio
from contextlib import suppress

import pytest
from scripted import PAUSE, Returns, Way, World, told

from legend_lab import (
    CompensationFailed,
    CompensationOutcome,
    Completed,
    Failed,
    Fault,
    FaultKind,
    LegendError,
    RetryPolicy,
    Saga,
    SimulatedStep,
    Step,
    StepOutcome,
    StepTimeoutError,
    VirtualClock,
    pass_time,
)


@pytest.fixture
def way():
    """The way on which `asyncio.sleep` takes no real time."""
    return Way("hosted")


async def slow(context):
    await asyncio.sleep(60)


def stubborn(answer):
    """Swallows the cancellation of its timeout, and then does this."""

    async def swallow(context):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            context["swallowed"] = True
        if isinstance(answer, Exception):
            raise answer
        return Returns(answer)

    return swallow


class Patient(Step[dict]):
    """Awaits nothing but the run's clock, and has a limit."""

    needs_loop = False
    timeout_s = 2
    compensation_retry_policy = RetryPolicy.retries(1)
    duration_ms: float = 0
    undo_duration_ms: float = 0

    async def execute(self, ctx):
        await pass_time(self.duration_ms)
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        await pass_time(self.undo_duration_ms)
        return CompensationOutcome.COMPLETED


async def test_an_attempt_over_its_limit_fails_with_a_step_timeout_error(way):
    world = World(do={"b": [slow]})
    result = await way.start(world, b={"timeout_s": 2})
    assert isinstance(result, Failed)
    assert isinstance(result.error, StepTimeoutError)
    assert isinstance(result.error, LegendError)
    assert isinstance(result.error, TimeoutError)
    assert str(result.error) == "b: the attempt took longer than timeout_s = 2"
    assert result.timing_for_step(1).duration_ms == 2_000


async def test_the_effect_of_a_timed_out_attempt_is_uncertain(way):
    world = World(do={"b": [slow]})
    await way.start(world, b={"timeout_s": 2, "uncertain_on": ()})
    assert world.calls == ["do a", "do b", "undo b", "undo a"]


async def test_a_timeout_is_retried_like_any_error_and_each_attempt_has_the_whole_limit(way):
    world = World(do={"a": [slow, slow]})
    result = await way.start(world, "a", a={"timeout_s": 2, "retry_policy": RetryPolicy.retries_with_backoff(2, 500)})
    assert isinstance(result, Completed)
    assert [entry.duration_ms for entry in result.journal] == [2_000, 500, 2_000, 500, 0]


async def test_a_timeout_can_be_given_up_on(way):
    world = World(do={"a": [slow]})
    policy = RetryPolicy(5, give_up_on=TimeoutError)
    assert isinstance(await way.start(world, a={"timeout_s": 2, "retry_policy": policy}), Failed)
    assert world.count("do a") == 1


@pytest.mark.parametrize("answer", [StepOutcome.CONTINUE, PAUSE, None, ValueError("late")], ids=repr)
async def test_an_attempt_that_swallows_the_cancellation_times_out_whatever_it_gives(way, answer):
    world = World(do={"a": [stubborn(answer)]})
    result = await way.start(world, a={"timeout_s": 2})
    assert isinstance(result.error, StepTimeoutError)
    assert result.context["swallowed"]


async def test_an_error_raised_too_late_is_kept_as_the_cause(way):
    late = ValueError("late")
    result = await way.start(World(do={"a": [stubborn(late)]}), a={"timeout_s": 2})
    assert result.error.__cause__ is late


async def test_an_error_within_the_limit_is_itself(way):
    error = ValueError("in time")
    result = await way.start(World(do={"a": [error]}), a={"timeout_s": 2})
    assert result.error is error


async def test_a_timeout_error_that_the_step_raises_itself_is_not_the_limit(way):
    error = TimeoutError("mine")
    result = await way.start(World(do={"a": [error]}), a={"timeout_s": 2})
    assert result.error is error


async def test_an_attempt_within_its_limit_is_untouched(way):
    world = World(do={"a": [lambda _: asyncio.sleep(1.9)]})
    assert isinstance(await way.start(world, a={"timeout_s": 2}), Completed)


async def test_the_limit_holds_for_undos_too(way):
    world = World(do={"b": [ValueError]}, undo={"a": [slow]})
    result = await way.start(world, a={"timeout_s": 2})
    assert isinstance(result, CompensationFailed)
    assert isinstance(result.compensation_error, StepTimeoutError)
    assert result.timing_for_step(0, is_compensation=True).duration_ms == 2_000


async def test_a_timed_out_undo_is_retried_by_its_own_policy(way):
    world = World(do={"b": [ValueError]}, undo={"a": [slow]})
    policy = {"timeout_s": 2, "compensation_retry_policy": RetryPolicy.retries(1)}
    assert isinstance(await way.start(world, a=policy), Failed)
    assert world.count("undo a") == 2


async def test_an_undo_that_swallows_the_cancellation_failed_all_the_same(way):
    world = World(do={"b": [ValueError]}, undo={"a": [stubborn(CompensationOutcome.COMPLETED)]})
    assert isinstance(await way.start(world, a={"timeout_s": 2}), CompensationFailed)


async def test_a_timeout_is_no_surprise_whatever_errors_are_declared(way):
    result = await way.start(World(do={"a": [slow]}), error=KeyError, a={"timeout_s": 2})
    assert type(result.error) is StepTimeoutError


async def test_a_cancellation_before_the_limit_is_a_cancellation(way):
    world = World(do={"a": [asyncio.CancelledError]})
    new = way.build(world, a={"timeout_s": 2})
    with pytest.raises(asyncio.CancelledError):
        await new.start()
    assert told(new.recover()) == ["execute a #1 interrupted"]


@pytest.mark.parametrize("name", ["swept", "stepwise"])
async def test_the_limit_holds_on_the_real_clock_for_steps_and_undos(name):
    async def hang(context):
        await asyncio.Event().wait()

    world = World(do={"b": [hang]}, undo={"a": [hang]})
    brief = {"timeout_s": 0.001}
    async with asyncio.timeout(5):  # only a limit that is not kept comes so far
        result = await Way(name).start(world, "ab", a=brief, b=brief)
    assert isinstance(result, CompensationFailed)
    assert isinstance(result.original_error, StepTimeoutError)
    assert isinstance(result.compensation_error, StepTimeoutError)
    assert world.calls == ["do a", "do b", "undo b", "undo a"]


# -- steps that need no loop -----------------------------------------------------------------------


async def test_the_limit_holds_for_steps_that_need_no_loop():
    saga = Saga.of("One", {"a": Patient(), "b": Patient(duration_ms=5_000)})
    result = await saga.build({}, clock=VirtualClock()).start()
    assert isinstance(result.error, StepTimeoutError)
    assert result.timing_for_step(1).duration_ms == 2_000
    assert [(entry.path, entry.kind) for entry in result.journal][2:] == [("b", "compensate"), ("a", "compensate")]


async def test_the_limit_holds_for_undos_that_need_no_loop():
    saga = Saga.of("Two", {"a": Patient(undo_duration_ms=5_000), "b": Patient(duration_ms=5_000)})
    result = await saga.build({}, clock=VirtualClock()).start()
    assert isinstance(result, CompensationFailed)
    undos = [entry for entry in result.journal if entry.path == "a" and entry.kind == "compensate"]
    assert [(entry.attempt, entry.duration_ms) for entry in undos] == [(1, 2_000), (2, 2_000)]


async def test_exactly_the_limit_is_in_time():
    saga = Saga.of("One", {"a": Patient(duration_ms=2_000)})
    assert isinstance(await saga.build({}, clock=VirtualClock()).start(), Completed)


@pytest.mark.parametrize("before_ms", [0, 0.1, 300, 1e9, 1e12])
@pytest.mark.parametrize(("takes_ms", "kind"), [(2_000, Completed), (2_000.000_001, Failed)])
async def test_exactly_the_limit_is_in_time_on_an_event_loop_too_whenever_it_begins(before_ms, takes_ms, kind):
    class Sleeper(Step):
        timeout_s = 2

        async def execute(self, ctx):
            await asyncio.sleep(takes_ms / 1000)
            await asyncio.sleep(0)
            return StepOutcome.CONTINUE

        async def compensate(self, ctx):
            return CompensationOutcome.COMPLETED

    saga = Saga.of("Two", {"before": SimulatedStep(duration_ms=before_ms), "a": Sleeper()})
    result = await saga.build({}, clock=VirtualClock()).start()
    assert isinstance(result, kind)
    assert result.timing_for_step(1).duration_ms == 2_000


async def test_an_effect_that_would_land_late_does_not_where_the_step_timed_out_before():
    for needs_loop in (False, True):
        slow = type("Slow", (Patient,), {"needs_loop": needs_loop})(duration_ms=5_000)
        late = Fault("a", kind=FaultKind.LATE_EFFECT)
        result = await Saga.of("One", {"a": slow}).build({}, clock=VirtualClock(), faults=late).start()
        assert isinstance(result.error, StepTimeoutError)
        assert "longer than timeout_s" in str(result.error)
        assert result.journal[0].fault is None


async def test_a_limit_ends_with_its_attempt():
    class Brief(SimulatedStep):
        timeout_s = 1

    saga = Saga.of("Two", {"a": Brief(duration_ms=900), "b": SimulatedStep(duration_ms=90_000)})
    result = await saga.build({}, clock=VirtualClock()).start()
    assert isinstance(result, Completed)


async def test_a_step_that_needs_no_loop_and_swallows_its_timeout_timed_out_all_the_same():
    class Deaf(Patient):
        needs_loop = False

        async def execute(self, ctx):
            with suppress(StepTimeoutError):
                await pass_time(5_000)
            return StepOutcome.CONTINUE

    result = await Saga.of("One", {"a": Deaf()}).build({}, clock=VirtualClock()).start()
    assert isinstance(result, Failed)
    assert isinstance(result.error, StepTimeoutError)


async def test_a_subclass_of_a_simulated_step_that_sleeps_does_so_in_virtual_time():
    class Sleeper(SimulatedStep):
        async def execute(self, ctx):
            await asyncio.sleep(3_600)
            return StepOutcome.CONTINUE

    result = await Saga.of("One", {"a": Sleeper()}).build({}, clock=VirtualClock()).start()
    assert result.journal[0].duration_ms == 3_600_000
