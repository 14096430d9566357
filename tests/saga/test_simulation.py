"""What is not written yet can be simulated: time, failures, a pause, an undo that does nothing on purpose."""

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError

from legend_lab import (
    CompensationOutcome,
    Completed,
    Failed,
    InjectedError,
    OutsideRunError,
    Paused,
    RetryPolicy,
    Saga,
    SimulatedStep,
    Step,
    StepOutcome,
    VirtualClock,
    attempt,
    effects,
    simulate,
)
from legend_lab.saga.simulation import SIMULATED_ERRORS

effects.declare("simulation.room", idempotent=True)


class Retried(SimulatedStep):
    retry_policy = RetryPolicy.retries_with_backoff(3, 5)
    compensation_retry_policy = RetryPolicy.retries(3)


class Break(Step[Any]):
    async def execute(self, ctx):
        raise ValueError("broken")

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


async def play(steps, context=None):
    return await Saga.of("Play", steps).build({} if context is None else context, clock=VirtualClock()).start()


def times(result):
    return [(timing.path, timing.attempt, timing.is_compensation, timing.duration_ms) for timing in result.step_timings]


async def test_it_fails_in_its_first_attempts_and_nothing_has_happened_then():
    result = await play({"a": Retried(duration_ms=3, fails=2, effect="simulation.room")})
    assert isinstance(result, Completed)
    assert times(result) == [("a", 1, False, 3), ("a", 2, False, 3), ("a", 3, False, 3)]
    assert [len(entry.effects) for entry in result.journal if entry.kind == "execute"] == [0, 0, 1]


@pytest.mark.parametrize("name", SIMULATED_ERRORS)
async def test_it_fails_with_the_error_it_names(name):
    result = await play({"a": SimulatedStep(fails=9, error=name)})
    assert isinstance(result, Failed)
    assert type(result.error) is SIMULATED_ERRORS[name]
    assert "a: attempt 1 failed (simulated)" in str(result.error)


async def test_its_undo_fails_in_its_first_attempts():
    result = await play({"a": Retried(duration_ms=3, undo_fails=1, undo_duration_ms=2), "boom": Break()})
    assert isinstance(result, Failed)
    assert times(result)[-2:] == [("a", 1, True, 2), ("a", 2, True, 2)]


async def test_it_pauses_once_after_its_failures_and_goes_on_when_resumed():
    paused = await play({"a": Retried(fails=1, pauses=True)})
    assert isinstance(paused, Paused)
    assert paused.context == {}
    done = await paused.resume()
    assert isinstance(done, Completed)
    assert done.context == {"a": "done"}


async def test_an_undo_that_does_nothing_says_why_takes_no_time_and_closes_nothing():
    steps = {"a": SimulatedStep(no_undo_because="it only reads", effect="simulation.room"), "boom": Break()}
    result = await play(steps)
    assert times(result)[-1] == ("a", 1, True, 0)
    assert result.context == {"a": "done"}
    assert not result.journal[-1].effects


@pytest.mark.parametrize(
    "fields", [{"fails": -1}, {"error": "SystemExit"}, {"undo_error": "os.system"}, {"no_undo_because": ""}]
)
def test_what_cannot_be_simulated_is_refused(fields):
    with pytest.raises(ValidationError):
        SimulatedStep(**fields)


@dataclass
class Order:
    amount: int = 3
    paid: int = 0


class Pay(Step[Order]):
    retry_policy = RetryPolicy.retries(5)

    async def execute(self, ctx):
        await simulate(ctx.amount, duration_ms=20, fails=1, error=ConnectionError)
        ctx.paid = attempt()
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        await simulate(duration_ms=4)
        ctx.paid = -attempt()
        return CompensationOutcome.COMPLETED


async def test_a_body_is_simulated_until_it_is_written():
    result = await play({"pay": Pay()}, Order())
    assert (result.context.paid, times(result)) == (2, [("pay", 1, False, 20), ("pay", 2, False, 20)])


async def test_an_undo_counts_its_own_attempts():
    result = await play({"pay": Pay(), "boom": Break()}, Order())
    assert (result.context.paid, times(result)[-1]) == (-1, ("pay", 1, True, 4))


async def test_the_default_failure_is_an_injected_error():
    class Fails(Pay):
        retry_policy = RetryPolicy.NO_RETRY

        async def execute(self, ctx):
            await simulate(fails=1)
            return StepOutcome.CONTINUE

    result = await play({"pay": Fails()}, Order())
    assert isinstance(result.error, InjectedError)


async def test_outside_a_run_both_say_what_they_need():
    with pytest.raises(OutsideRunError, match=r"Saga\.of"):
        await simulate()
    with pytest.raises(OutsideRunError, match=r"attempt\(\)"):
        attempt()
