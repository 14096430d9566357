"""S12 Typestate: what each state offers, and that a transition consumes its execution."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest
from scripted import PAUSE, UNDO_PAUSE, World, scripted, state_of

from legend_lab import (
    CompensationFailed,
    Completed,
    ExecutionConsumedError,
    ExecutionId,
    ExecutionResult,
    ExecutionState,
    Failed,
    New,
    Paused,
    Saga,
    StepStatus,
    VirtualClock,
)


async def each_state(way):
    """One execution in each state that a run can reach."""
    new = way.build(World())
    completed = await way.start(World())
    failed = await way.start(World(do={"b": [ValueError]}))
    paused = await way.start(World(do={"b": [PAUSE]}))
    undo_paused = await way.start(World(do={"b": [ValueError]}, undo={"a": [UNDO_PAUSE]}))
    broken = await way.start(World(do={"b": [ValueError]}, undo={"a": [KeyError]}))
    return new, completed, failed, paused, undo_paused, broken


async def test_every_execution_has_id_saga_context_journal_timings_start_and_state(way):
    for execution in await each_state(way):
        assert isinstance(execution.id, ExecutionId)
        assert isinstance(execution.saga, Saga)
        assert isinstance(execution.context, dict)
        assert len(execution.journal) >= len(execution.step_timings)
        assert isinstance(execution.state, ExecutionState)
        assert (execution.started_at is None) is isinstance(execution, New)
        assert type(execution).__name__ in repr(execution)
        assert str(execution.id) in repr(execution)


async def test_results_say_what_they_are(way):
    new, completed, failed, paused, undo_paused, broken = await each_state(way)
    kinds = [(r.is_completed, r.is_failed, r.is_paused) for r in (completed, failed, paused, undo_paused, broken)]
    assert kinds == [
        *((True, False, False), (False, True, False), (False, False, True)),
        *((False, False, True), (False, True, False)),
    ]
    assert [type(r) for r in (new, completed, failed, paused, undo_paused, broken)] == [
        *(New, Completed, Failed, Paused, Paused, CompensationFailed),
    ]


async def test_each_state_offers_its_own_transitions_and_no_other(way):
    new, completed, failed, paused, _, broken = await each_state(way)
    verbs = {"start", "resume", "abort", "dump_json", "retry", "resolve", "into_context", "recover"}
    offered = [{verb for verb in verbs if hasattr(it, verb)} for it in (new, paused, broken, completed, failed)]
    assert offered == [
        {"start", "recover"},
        {"resume", "abort", "dump_json", "recover"},
        {"retry", "resolve", "dump_json", "recover"},
        {"into_context"},
        {"into_context"},
    ]


async def test_the_result_type_is_the_union_of_the_four_results():
    assert {ExecutionResult.__args__[i].__origin__ for i in range(4)} == {
        Completed,
        Failed,
        Paused,
        CompensationFailed,
    }
    assert ExecutionResult[dict, ValueError]


async def test_finished_executions_give_their_context(way):
    _, completed, failed, *_ = await each_state(way)
    assert completed.into_context() is completed.context == {"done": ["a", "b", "c"]}
    assert failed.into_context() is failed.context == {"done": []}
    assert isinstance(failed.error, ValueError)


async def test_an_execution_keeps_its_id_and_its_context_through_all_its_states(way):
    name = ExecutionId.new()
    context = {}
    world = World(do={"b": [PAUSE, ValueError]}, undo={"a": [UNDO_PAUSE, KeyError]})
    new = way.build(world, context=context, options={"id": name})
    paused = await new.start()
    undo_paused = await paused.resume()
    broken = await undo_paused.resume()
    failed = await broken.retry()
    states = (new, paused, undo_paused, broken, failed)
    assert all(state.id == name and state.context is context and state.saga is new.saga for state in states)


# -- consumption -----------------------------------------------------------------------------------


async def test_a_second_start_raises_and_runs_nothing(way):
    world = World()
    new = way.build(world)
    await new.start()
    calls = list(world.calls)
    with pytest.raises(ExecutionConsumedError, match="this New has gone on already; use what that call returned"):
        await new.start()
    assert world.calls == calls


async def test_a_second_resume_or_abort_raises_and_runs_nothing(way):
    world = World(do={"b": [PAUSE]})
    paused = await way.start(world)
    result = await paused.resume()
    seen = (list(world.calls), len(result.journal))
    for call in (paused.resume, paused.abort):
        with pytest.raises(ExecutionConsumedError):
            await call()
    assert (world.calls, len(result.journal)) == seen


async def test_a_consumed_execution_can_not_be_written(way):
    paused = await way.start(World(do={"b": [PAUSE]}))
    await paused.resume()
    with pytest.raises(ExecutionConsumedError, match="write the state that came after it"):
        paused.dump_json()


async def test_a_second_start_while_the_first_runs_raises_and_runs_nothing():
    world = World(do={"a": [lambda _: asyncio.sleep(0)]})
    new = Saga.of("One", {"a": scripted()}).build({}, resources=world)
    first, second = await asyncio.gather(new.start(), new.start(), return_exceptions=True)
    assert isinstance(first, Completed)
    assert isinstance(second, ExecutionConsumedError)
    assert world.calls == ["do a"]


async def test_what_a_consumed_execution_says_stays_as_it_was(way):
    new, paused = way.build(World(do={"b": [PAUSE]})), None
    paused = await new.start()
    stood = state_of(paused), len(paused.journal), len(paused.step_timings)
    await paused.resume()
    assert (state_of(paused), len(paused.journal), len(paused.step_timings)) == stood
    assert (state_of(new), len(new.journal), new.started_at) == ((0, 0, 1, 0, "forward"), 0, None)


# -- timings ---------------------------------------------------------------------------------------


async def test_step_timings_are_one_for_each_attempt(way):
    world = World(do={"b": [PAUSE], "c": [ValueError]})
    result = await (await way.start(world)).resume()
    shown = [(t.step_index, t.path, t.is_compensation, t.attempt, t.outcome) for t in result.step_timings]
    assert shown == [
        (0, "a", False, 1, StepStatus.CONTINUE),
        (1, "b", False, 1, StepStatus.PAUSE),
        (1, "b", False, 2, StepStatus.CONTINUE),
        (2, "c", False, 1, StepStatus.FAILED),
        (1, "b", True, 1, StepStatus.COMPENSATED),
        (0, "a", True, 1, StepStatus.COMPENSATED),
    ]
    assert isinstance(result.step_timings[3].error, ValueError)


async def test_timing_for_step_is_that_of_the_last_attempt(way):
    world = World(do={"b": [PAUSE], "c": [ValueError]})
    result = await (await way.start(world)).resume()
    assert result.timing_for_step(1).attempt == 2
    assert result.timing_for_step(1, is_compensation=True).outcome is StepStatus.COMPENSATED
    assert result.timing_for_step(1, True).is_compensation
    assert result.timing_for_step(2, is_compensation=True) is None
    assert result.timing_for_step(7) is None


async def test_started_at_is_when_the_first_instruction_began_in_utc():
    clock = VirtualClock(start=datetime(2030, 5, 6, 7, 8, 9, tzinfo=UTC))
    result = await Saga.of("One", {"a": scripted()}).build({}, resources=World(), clock=clock).start()
    assert result.started_at == datetime(2030, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert result.started_at.tzinfo is UTC


# -- ids -------------------------------------------------------------------------------------------


def test_an_execution_id_is_a_uuid_with_the_seeds_names():
    uuid = UUID("12345678-1234-4234-8234-123456789abc")
    name = ExecutionId.from_uuid(uuid)
    assert (str(name), name.as_bytes, name.uuid) == (str(uuid), uuid.bytes, uuid)
    assert ExecutionId.parse(str(uuid)) == name
    assert ExecutionId.new() != ExecutionId.new()
    with pytest.raises(ValueError, match="badly formed"):
        ExecutionId.parse("no uuid")


async def test_every_run_has_its_own_id(way):
    one, two = way.build(World()), way.build(World())
    assert one.id != two.id
    assert one.id == one.id
