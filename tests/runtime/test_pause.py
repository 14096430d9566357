"""S6 Pause."""

import pytest
from scripted import PAUSE, UNDO_PAUSE, World, state_of, told

from legend_lab import CompensationFailed, Completed, Failed, Paused, RetryPolicy, Saga, UnexpectedError


async def test_a_pausing_step_gives_paused_in_phase_forward(way):
    world = World(do={"b": [PAUSE]})
    paused = await way.start(world)
    assert isinstance(paused, Paused)
    assert paused.is_paused
    assert (paused.path, paused.reason, paused.original_error) == ("b", "step paused", None)
    assert state_of(paused) == (1, 1, 2, 0, "forward")


async def test_resume_enters_the_same_step_again_and_runs_nothing_before_it(way):
    world = World(do={"b": [PAUSE, PAUSE]})
    paused = await (await way.start(world)).resume()
    assert isinstance(paused, Paused)
    result = await paused.resume()
    assert isinstance(result, Completed)
    assert world.calls == ["do a", "do b", "do b", "do b", "do c"]


async def test_a_pause_of_the_first_and_of_the_last_step_can_be_resumed(way):
    world = World(do={"a": [PAUSE], "c": [PAUSE]})
    result = await (await (await way.start(world)).resume()).resume()
    assert isinstance(result, Completed)
    assert [(entry.kind, entry.index) for entry in result.journal] == [
        *(("execute", 0), ("halt", 0), ("execute", 0), ("execute", 1)),
        *(("execute", 2), ("halt", 2), ("execute", 2)),
    ]


async def test_a_pausing_undo_gives_paused_in_phase_compensating(way):
    world = World(do={"c": [ValueError("no")]}, undo={"b": [UNDO_PAUSE]})
    paused = await way.start(world)
    assert isinstance(paused, Paused)
    assert (paused.path, paused.reason, str(paused.original_error)) == ("b", "undo paused", "no")
    assert state_of(paused) == (1, 2, 2, 0, "compensating")
    assert paused.state.is_compensating


async def test_resume_enters_the_same_undo_again_and_keeps_the_original_error(way):
    error = ValueError("no")
    world = World(do={"c": [error]}, undo={"b": [UNDO_PAUSE, UNDO_PAUSE], "a": [UNDO_PAUSE]})
    result = await way.start(world)
    while result.is_paused:
        result = await result.resume()
    assert isinstance(result, Failed)
    assert result.error is error
    assert world.calls[3:] == ["undo b", "undo b", "undo b", "undo a", "undo a"]


async def test_a_pause_after_a_failed_undo_still_ends_in_compensation_failed(way):
    world = World(do={"c": [ValueError("first")]}, undo={"b": [KeyError("b")], "a": [UNDO_PAUSE]})
    paused = await way.start(world)
    assert (paused.path, str(paused.original_error)) == ("a", "first")
    result = await paused.resume()
    assert isinstance(result, CompensationFailed)
    assert (result.pending, result.failed_at) == (("b",), 1)
    assert str(result.original_error) == "first"


async def test_a_pause_of_an_undo_uses_up_none_of_its_retries(way):
    world = World(do={"b": [ValueError]}, undo={"a": [UNDO_PAUSE, KeyError, UNDO_PAUSE, KeyError]})
    paused = await way.start(world, a={"compensation_retry_policy": RetryPolicy.retries(1)})
    paused = await paused.resume()
    assert state_of(paused) == (0, 1, 4, 1, "compensating")
    assert isinstance(await paused.resume(), CompensationFailed)


async def test_the_context_may_be_edited_between_pause_and_resume(way):
    def look(context):
        seen.append(context["answer"])
        return PAUSE if len(seen) == 1 else None

    seen = []
    paused = await way.start(World(do={"b": [look, look]}), context={"answer": 1})
    paused.context["answer"] = 2
    assert isinstance(await paused.resume(), Completed)
    assert seen == [1, 2]


async def test_an_edit_of_the_context_is_no_entry(way):
    paused = await way.start(World(do={"b": [PAUSE]}))
    before = len(paused.journal)
    paused.context["edited"] = True
    assert len((await paused.resume()).journal) == before + 3  # the halt, b again, c


async def test_a_paused_execution_does_not_change_when_its_successor_goes_on(way):
    paused = await way.start(World(do={"b": [PAUSE, PAUSE]}))
    stood = (told(paused), state_of(paused), paused.reason, paused.path)
    again = await paused.resume()
    await again.resume()
    assert (told(paused), state_of(paused), paused.reason, paused.path) == stood
    assert len(again.journal) == len(paused.journal) + 2


async def test_nothing_is_performed_while_it_stands(way):
    world = World(do={"b": [PAUSE]})
    paused = await way.start(world)
    calls = list(world.calls)
    assert (paused.state, paused.journal[-1].outcome, paused.step_timings[-1].path) == (paused.state, "pause", "b")
    assert world.calls == calls


async def test_the_halt_is_an_entry_only_once_it_is_decided(way):
    paused = await way.start(World(do={"b": [PAUSE]}))
    assert [entry.kind for entry in paused.journal] == ["execute", "execute"]
    result = await paused.resume()
    assert told(result)[2] == "halt b #2 resumed"


async def test_a_pause_in_the_middle_of_a_block_resumes_there(way):
    world = World(do={"trip.back": [PAUSE]})
    trip = Saga.of("Trip", {"out": way.step(), "back": way.step()})
    paused = await way.start(world, {"first": way.step(), "trip": trip, "last": way.step()})
    assert paused.path == "trip.back"
    await paused.resume()
    assert world.calls == ["do first", "do trip.out", "do trip.back", "do trip.back", "do last"]


@pytest.mark.parametrize("times", [0, 1, 5])
async def test_any_number_of_pauses_changes_only_attempts(way, times):
    world = World(do={"a": [PAUSE] * times})
    result = await way.start(world, "a")
    for _ in range(times):
        result = await result.resume()
    assert isinstance(result, Completed)
    assert result.state.attempt == times + 1


async def test_the_original_error_of_a_paused_undo_is_wrapped_when_it_was_not_declared(way):
    error = KeyError("surprise")
    paused = await way.start(World(do={"b": [error]}, undo={"a": [UNDO_PAUSE]}), error=ValueError)
    assert isinstance(paused.original_error, UnexpectedError)
    assert paused.original_error.__cause__ is error
