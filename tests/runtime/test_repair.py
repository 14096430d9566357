"""S8 Repair."""

import pytest
from scripted import UNDO_PAUSE, World, told

from legend_lab import CompensationFailed, ExecutionConsumedError, Failed, Paused, ProtocolError, RetryPolicy


async def broken(way, *, on="continue", settings=None, **undo):
    """Runs abcd where d fails; the undos of a, b and c follow their scripts."""
    world = World(do={"d": [ValueError("first")]}, undo=undo)
    result = await way.start(world, "abcd", on=on, **(settings or {}))
    assert isinstance(result, CompensationFailed)
    world.calls.append("-")
    return result, world


# -- retry -----------------------------------------------------------------------------------------


async def test_retry_runs_the_pending_undos_again_and_only_those(way):
    result, world = await broken(way, c=[KeyError], a=[KeyError])
    done = await result.retry()
    assert isinstance(done, Failed)
    assert str(done.error) == "first"
    assert world.calls[-3:] == ["-", "undo c", "undo a"]
    assert done.context == {"done": []}


async def test_retry_after_halt_runs_also_what_was_never_tried(way):
    result, world = await broken(way, on="halt", c=[KeyError])
    assert isinstance(await result.retry(), Failed)
    assert world.calls[-4:] == ["-", "undo c", "undo b", "undo a"]


async def test_attempt_numbers_go_on_and_retries_are_fresh(way):
    settings = {"a": {"compensation_retry_policy": RetryPolicy.retries(1)}}
    result, _ = await broken(way, settings=settings, a=[KeyError("1"), KeyError("2"), KeyError("3"), KeyError("4")])
    assert (result.state.attempt, result.state.retry_count) == (3, 0)
    again = await result.retry()
    assert told(again)[-3:] == [
        "halt a #3 retried",
        "compensate a #3 compensation_failed",
        "compensate a #4 compensation_failed",
    ]
    assert again.compensation_error.args == ("4",)
    assert isinstance(await again.retry(), Failed)


async def test_an_undo_untried_before_begins_with_attempt_one_in_the_next_round(way):
    result, _ = await broken(way, on="halt", c=[KeyError])
    done = await result.retry()
    assert told(done)[-3:] == [
        "compensate c #2 compensated",
        "compensate b #1 compensated",
        "compensate a #1 compensated",
    ]


async def test_attempt_numbers_survive_a_round_in_which_the_undo_was_not_reached(way):
    result, _ = await broken(way, on="continue", c=[KeyError, KeyError], a=[KeyError])
    again = await result.retry()
    assert told(again)[-2:] == ["compensate c #2 compensation_failed", "compensate a #2 compensated"]
    done = await again.retry()
    assert told(done)[-1] == "compensate c #3 compensated"


async def test_errors_are_those_of_the_last_round(way):
    result, _ = await broken(way, c=[KeyError("c1"), KeyError("c2")], a=[KeyError("a1")])
    again = await result.retry()
    assert [(item.path, item.error.args) for item in again.compensation_errors] == [("c", ("c2",))]
    assert (again.failed_at, again.pending) == (2, ("c",))
    assert [item.path for item in result.compensation_errors] == ["c", "a"]


async def test_retry_halts_again_in_a_halting_saga(way):
    result, world = await broken(way, on="halt", c=[KeyError], b=[KeyError])
    again = await result.retry()
    assert again.pending == ("b", "a")
    assert world.calls[-3:] == ["-", "undo c", "undo b"]


async def test_retry_may_end_paused_and_goes_on_from_there(way):
    result, _ = await broken(way, c=[KeyError, UNDO_PAUSE], a=[KeyError])
    paused = await result.retry()
    assert isinstance(paused, Paused)
    assert (paused.path, paused.reason) == ("c", "undo paused")
    done = await paused.resume()
    assert isinstance(done, Failed)
    assert told(done)[-4:] == [
        *("compensate c #2 pause", "halt c #3 resumed", "compensate c #3 compensated", "compensate a #2 compensated"),
    ]


async def test_the_original_error_survives_every_round(way):
    result, _ = await broken(way, a=[KeyError, KeyError])
    original = result.original_error
    again = await result.retry()
    assert again.original_error is original
    assert (await again.retry()).error is original


# -- resolve ---------------------------------------------------------------------------------------


async def test_resolve_takes_one_path_off_pending_and_runs_nothing(way):
    result, world = await broken(way, c=[KeyError], a=[KeyError])
    rest = await result.resolve("c", "refunded by phone")
    assert isinstance(rest, CompensationFailed)
    assert rest.pending == ("a",)
    assert world.calls[-1] == "-"


async def test_resolving_the_last_ends_failed_with_the_original_error(way):
    result, world = await broken(way, c=[KeyError])
    done = await result.resolve("c")
    assert isinstance(done, Failed)
    assert done.error is result.original_error
    assert world.calls[-1] == "-"


async def test_resolve_keeps_errors_and_failed_at_of_the_last_round(way):
    result, _ = await broken(way, c=[KeyError("c")], a=[KeyError("a")])
    rest = await result.resolve("c")
    assert rest.compensation_errors == result.compensation_errors
    assert (rest.failed_at, rest.compensation_error) == (2, result.compensation_error)


async def test_pending_undos_can_be_resolved_in_any_order(way):
    result, _ = await broken(way, on="halt", c=[KeyError])
    rest = await (await result.resolve("a")).resolve("c")
    assert rest.pending == ("b",)
    assert isinstance(await rest.resolve("b"), Failed)


async def test_retry_after_resolve_leaves_the_resolved_undo_alone(way):
    result, world = await broken(way, c=[KeyError], a=[KeyError])
    assert isinstance(await (await result.resolve("c")).retry(), Failed)
    assert world.calls[-2:] == ["-", "undo a"]


async def test_resolve_is_an_entry_with_path_and_note(way):
    result, _ = await broken(way, c=[KeyError], a=[KeyError])
    rest = await result.resolve("a", "by hand")
    entry = rest.journal[-1]
    assert (entry.kind, entry.outcome, entry.note) == ("halt", "resolved", "a: by hand")
    assert entry.started_ns == entry.completed_ns


@pytest.mark.parametrize("path", ["b", "d", "nowhere", "", "c.x"])
async def test_resolving_what_is_not_pending_is_refused_and_consumes_nothing(way, path):
    result, _ = await broken(way, c=[KeyError])
    entries = len(result.journal)
    with pytest.raises(ProtocolError, match="is not pending; pending are 'c'"):
        await result.resolve(path)
    assert len(result.journal) == entries
    assert isinstance(await result.retry(), Failed)


async def test_a_repaired_state_is_consumed(way):
    result, world = await broken(way, c=[KeyError])
    await result.retry()
    calls = list(world.calls)
    for call in (result.retry, lambda: result.resolve("c")):
        with pytest.raises(ExecutionConsumedError):
            await call()
    assert world.calls == calls


async def test_an_interrupted_repair_is_recovered_as_paused(way):
    result, world = await broken(way, c=[KeyError, KeyboardInterrupt], a=[KeyError])
    with pytest.raises(KeyboardInterrupt):
        await result.retry()
    paused = result.recover()
    assert isinstance(paused, Paused)
    assert (paused.path, paused.reason, paused.state.attempt) == ("c", "interrupted", 3)
    assert isinstance(await paused.resume(), Failed)
    assert world.calls[-3:] == ["undo c", "undo c", "undo a"]
