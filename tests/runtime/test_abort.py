"""S9 Abort."""

import asyncio

import pytest
from scripted import PAUSE, UNDO_PAUSE, CutClock, Stopper, World, state_of, told

from legend_lab import (
    AbortedError,
    CompensationFailed,
    Completed,
    ExecutionConsumedError,
    Failed,
    Paused,
    ProtocolError,
    RetryPolicy,
)


async def test_abort_rolls_back_from_a_pause_and_undoes_the_paused_step_first(way):
    world = World(do={"b": [PAUSE]})
    result = await (await way.start(world)).abort("customer left")
    assert isinstance(result, Failed)
    assert isinstance(result.error, AbortedError)
    assert str(result.error) == "customer left"
    assert world.calls == ["do a", "do b", "undo b", "undo a"]


async def test_abort_without_a_reason_has_words_all_the_same(way):
    result = await (await way.start(World(do={"a": [PAUSE]}))).abort()
    assert str(result.error) == "aborted"
    assert told(result) == ["execute a #1 pause", "halt a #2 aborted", "compensate a #1 compensated"]


async def test_the_reason_stands_in_the_journal(way):
    result = await (await way.start(World(do={"a": [PAUSE]}))).abort("too late")
    assert result.journal[1].note == "too late"


async def test_an_aborted_error_is_no_surprise_whatever_errors_are_declared(way):
    result = await (await way.start(World(do={"a": [PAUSE]}), error=ValueError)).abort()
    assert type(result.error) is AbortedError


@pytest.mark.parametrize("eager", [False, True])
async def test_a_step_that_was_never_attempted_is_not_undone(way, eager):
    world = World(do={"b": [PAUSE]})
    stopper = Stopper("step.end a")
    new = way.build(world, b={"compensate_on_failure": eager}, options={"observers": [stopper]})
    with pytest.raises(asyncio.CancelledError):
        await new.start()
    paused = new.recover()
    assert state_of(paused) == (1, 1, 1, 0, "forward")
    result = await paused.abort()
    assert isinstance(result, Failed)
    assert world.calls == ["do a", "undo a"]


async def test_an_abort_before_the_first_step_was_tried_undoes_nothing(way):
    world = World()
    new = way.build(world, options={"observers": [Stopper("step.start a")]})
    with pytest.raises(asyncio.CancelledError):
        await new.start()
    result = await new.recover().abort()
    assert isinstance(result, Failed)
    assert world.calls == []
    assert told(result) == ["halt a #1 stopped", "halt a #1 aborted"]


async def test_a_step_that_failed_for_certain_before_an_interrupted_back_off_is_not_undone(way):
    for error, undone in ((ValueError, ["undo a"]), (ConnectionError, ["undo b", "undo a"])):
        world = World(do={"b": [error]})
        policy = {"retry_policy": RetryPolicy.retries_with_backoff(1, 1000)}
        new = way.build(world, b=policy, options={"clock": CutClock(0)})
        with pytest.raises(KeyboardInterrupt):
            await new.start()
        assert isinstance(await new.recover().abort(), Failed)
        assert world.calls == ["do a", "do b", *undone]


async def test_abort_may_end_paused(way):
    world = World(do={"b": [PAUSE]}, undo={"a": [UNDO_PAUSE]})
    paused = await (await way.start(world)).abort("enough")
    assert isinstance(paused, Paused)
    assert isinstance(paused.original_error, AbortedError)
    assert state_of(paused) == (0, 1, 2, 0, "compensating")
    assert isinstance((await paused.resume()).error, AbortedError)


async def test_abort_may_end_in_compensation_failed(way):
    world = World(do={"b": [PAUSE]}, undo={"b": [KeyError]})
    result = await (await way.start(world)).abort("enough")
    assert isinstance(result, CompensationFailed)
    assert isinstance(result.original_error, AbortedError)
    assert result.pending == ("b",)


async def test_while_it_is_being_undone_abort_is_refused_and_consumes_nothing(way):
    world = World(do={"c": [ValueError("first")]}, undo={"b": [UNDO_PAUSE]})
    paused = await way.start(world)
    entries = len(paused.journal)
    with pytest.raises(ProtocolError, match="already being undone cannot be aborted; resume it instead"):
        await paused.abort("again")
    assert len(paused.journal) == entries
    result = await paused.resume()
    assert isinstance(result, Failed)
    assert str(result.error) == "first"


async def test_an_aborted_pause_is_consumed(way):
    paused = await way.start(World(do={"b": [PAUSE]}))
    await paused.abort()
    for call in (paused.abort, paused.resume):
        with pytest.raises(ExecutionConsumedError):
            await call()


async def test_resume_after_abort_was_not_called_is_unaffected(way):
    paused = await way.start(World(do={"b": [PAUSE]}))
    coroutine = paused.abort("changed my mind")
    coroutine.close()
    assert isinstance(await paused.resume(), Completed)


async def test_executed_count_of_an_abort_counts_the_steps_before_the_pause(way):
    result = await (await way.start(World(do={"b": [PAUSE]}))).abort()
    assert state_of(result) == (0, 1, 1, 0, "compensating")
