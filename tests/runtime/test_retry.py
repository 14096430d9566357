"""S3 Retry."""

import pytest
from scripted import PAUSE, CutClock, World, state_of, told

from legend_lab import Completed, Failed, Paused, RetryPolicy, SystemClock

HOUR_NS = 3_600_000_000_000


def waits(execution):
    return [(entry.attempt, entry.duration_ms, entry.outcome) for entry in execution.journal if entry.kind == "wait"]


async def test_a_raised_exception_fails_the_attempt_and_is_tried_again(way):
    world = World(do={"b": [ValueError("no"), ValueError("still no")]})
    result = await way.start(world, b={"retry_policy": RetryPolicy.retries(2)})
    assert isinstance(result, Completed)
    assert told(result)[1:4] == ["execute b #1 failed", "execute b #2 failed", "execute b #3 continue"]
    assert [str(entry.error) for entry in result.journal[1:3]] == ["no", "still no"]


async def test_when_no_retry_is_left_the_last_error_ends_the_saga(way):
    world = World(do={"b": [ValueError("one"), ValueError("two")]})
    result = await way.start(world, b={"retry_policy": RetryPolicy.retries(1)})
    assert isinstance(result, Failed)
    assert str(result.error) == "two"
    assert world.count("do b") == 2


async def test_without_a_policy_there_is_no_retry(way):
    world = World(do={"a": [ValueError]})
    await way.start(world)
    assert world.calls == ["do a"]


@pytest.mark.parametrize(
    "error", [KeyError("x"), LookupError("x"), ExceptionGroup("all", [ValueError(), ExceptionGroup("", [KeyError()])])]
)
async def test_an_error_to_give_up_on_is_not_retried_nor_its_subclasses_nor_a_group_with_one(way, error):
    world = World(do={"a": [error]})
    result = await way.start(world, a={"retry_policy": RetryPolicy(3, give_up_on=LookupError)})
    assert result.error is error
    assert world.calls == ["do a"]


@pytest.mark.parametrize("error", [ValueError(), ExceptionGroup("all", [ValueError()])])
async def test_an_error_that_is_not_given_up_on_is_retried(way, error):
    world = World(do={"a": [error]})
    result = await way.start(world, a={"retry_policy": RetryPolicy(3, give_up_on=LookupError)})
    assert isinstance(result, Completed)


async def test_giving_up_counts_also_after_retries(way):
    world = World(do={"a": [ValueError(), KeyError("x")]})
    result = await way.start(world, a={"retry_policy": RetryPolicy(9, give_up_on=KeyError)})
    assert isinstance(result.error, KeyError)
    assert world.count("do a") == 2


@pytest.mark.parametrize("way", ["hosted", "loopless"], indirect=True)
async def test_the_wait_before_each_retry_grows_to_its_limit_and_is_an_entry(way):
    world = World(do={"a": [ValueError] * 4})
    result = await way.start(world, "a", a={"retry_policy": RetryPolicy(4, 100, 3, 500)})
    assert waits(result) == [(2, 100, "elapsed"), (3, 300, "elapsed"), (4, 500, "elapsed"), (5, 500, "elapsed")]
    assert [entry.kind for entry in result.journal] == ["execute", "wait"] * 4 + ["execute"]


@pytest.mark.parametrize("way", ["hosted", "loopless"], indirect=True)
async def test_three_hours_of_back_off_pass_on_the_virtual_clock_and_show_in_the_journal(way):
    world = World(do={"a": [ValueError]})
    result = await way.start(world, a={"retry_policy": RetryPolicy.retries_with_backoff(1, 3 * 3_600_000)})
    assert waits(result) == [(2, 10_800_000, "elapsed")]
    assert result.journal[2].started_ns - result.journal[0].completed_ns == 3 * HOUR_NS


@pytest.mark.parametrize("way", ["hosted", "loopless"], indirect=True)
async def test_the_undo_waits_by_its_own_policy(way):
    world = World(do={"b": [ValueError]}, undo={"a": [ValueError]})
    policies = {
        "retry_policy": RetryPolicy.NO_RETRY,
        "compensation_retry_policy": RetryPolicy.retries_with_backoff(1, 70),
    }
    result = await way.start(world, a=policies)
    assert waits(result) == [(2, 70, "elapsed")]
    assert result.journal[3].phase.value == "compensating"


async def test_a_back_off_of_zero_is_no_entry(way):
    world = World(do={"a": [ValueError]})
    result = await way.start(world, "a", a={"retry_policy": RetryPolicy.retries_with_backoff(1, 0)})
    assert told(result) == ["execute a #1 failed", "execute a #2 continue"]


@pytest.mark.parametrize("way", ["swept", "stepwise"], indirect=True)
async def test_on_the_real_clock_the_wait_is_a_real_sleep_of_that_clock(way):
    class Recording(SystemClock):
        async def sleep(self, seconds):
            slept.append(seconds)

    slept = []
    world = World(do={"a": [ValueError, ValueError]})
    policy = RetryPolicy(2, 1_500, 2)
    await way.start(world, "a", a={"retry_policy": policy}, options={"clock": Recording()})
    assert slept == [1.5, 3]


async def test_a_pause_uses_up_no_retry_and_counts_as_an_attempt(way):
    world = World(do={"a": [PAUSE, ValueError, PAUSE, ValueError]})
    paused = await way.start(world, a={"retry_policy": RetryPolicy.retries(1)})
    assert state_of(paused) == (0, 0, 2, 0, "forward")
    paused = await paused.resume()
    assert state_of(paused) == (0, 0, 4, 1, "forward")
    failed = await paused.resume()
    assert told(failed) == [
        *("execute a #1 pause", "halt a #2 resumed", "execute a #2 failed", "execute a #3 pause"),
        *("halt a #4 resumed", "execute a #4 failed", "compensate a #1 compensated"),
    ]


async def test_retries_used_before_a_pause_stay_used(way):
    world = World(do={"a": [ValueError, PAUSE, ValueError]})
    paused = await way.start(world, a={"retry_policy": RetryPolicy.retries(1)})
    assert paused.state.retry_count == 1
    assert isinstance(await paused.resume(), Failed)


async def test_an_interrupt_uses_up_no_retry(way):
    world = World(do={"a": [KeyboardInterrupt, ValueError]})
    new = way.build(world, a={"retry_policy": RetryPolicy.retries(1)})
    with pytest.raises(KeyboardInterrupt):
        await new.start()
    result = await new.recover().resume()
    assert isinstance(result, Completed)
    assert world.count("do a") == 3


@pytest.mark.parametrize("way", ["hosted", "loopless"], indirect=True)
async def test_an_interrupted_wait_is_waited_again_in_full(way):
    world, clock = World(do={"a": [ValueError]}), CutClock(0)
    new = way.build(world, a={"retry_policy": RetryPolicy.retries_with_backoff(1, 60_000)}, options={"clock": clock})
    with pytest.raises(KeyboardInterrupt):
        await new.start()
    paused = new.recover()
    assert (paused.reason, paused.path) == ("interrupted", "a")
    assert state_of(paused) == (0, 0, 2, 1, "forward")
    result = await paused.resume()
    assert clock.waits == [60, 60]
    assert waits(result) == [(2, 1_000, "interrupted"), (2, 60_000, "elapsed")]
    assert told(result)[:5] == [
        *(
            "execute a #1 failed",
            "wait a #2 interrupted",
            "halt a #2 resumed",
            "wait a #2 elapsed",
            "execute a #2 continue",
        ),
    ]


@pytest.mark.parametrize("way", ["hosted", "loopless"], indirect=True)
async def test_a_wait_before_an_undo_is_waited_again_in_full_too(way):
    world, clock = World(do={"b": [ValueError]}, undo={"a": [ValueError]}), CutClock(0)
    policy = RetryPolicy.retries_with_backoff(1, 60_000)
    new = way.build(world, a={"compensation_retry_policy": policy}, options={"clock": clock})
    with pytest.raises(KeyboardInterrupt):
        await new.start()
    result = await new.recover().resume()
    assert clock.waits == [60, 60]
    assert isinstance(result, Failed)


async def test_every_attempt_has_its_own_closed_entry(way):
    world = World(do={"a": [ValueError, PAUSE, None]})
    paused = await way.start(world, a={"retry_policy": RetryPolicy.retries(1)})
    result = await paused.resume()
    attempts = [entry for entry in result.journal if entry.path == "a" and entry.kind == "execute"]
    assert [entry.attempt for entry in attempts] == [1, 2, 3]
    assert all(entry.completed_ns >= entry.started_ns for entry in attempts)


async def test_changes_that_a_failed_attempt_made_to_the_context_stay(way):
    def spoil(context):
        context["half"] = True
        raise ValueError

    result = await way.start(World(do={"a": [spoil]}), a={"retry_policy": RetryPolicy.retries(1)})
    assert result.context["half"]


async def test_each_step_has_its_own_retries(way):
    world = World(do={"a": [ValueError], "b": [ValueError]})
    policy = {"retry_policy": RetryPolicy.retries(1)}
    assert isinstance(await way.start(world, a=policy, b=policy), Completed)


async def test_retries_of_the_undo_are_not_those_of_the_step(way):
    world = World(do={"b": [ValueError]}, undo={"a": [ValueError]})
    result = await way.start(world, a={"retry_policy": RetryPolicy.retries(5)})
    assert result.is_failed
    assert world.count("undo a") == 1


async def test_a_pause_says_how_many_retries_are_used(way):
    world = World(do={"a": [ValueError, ValueError, PAUSE]})
    paused = await way.start(world, a={"retry_policy": RetryPolicy.retries(7)})
    assert isinstance(paused, Paused)
    assert (paused.state.attempt, paused.state.retry_count) == (4, 2)
