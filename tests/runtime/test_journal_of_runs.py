"""S14 Purity and S15 Journal, seen from whole runs; and the runs that share a loop or a clock."""

import asyncio
from itertools import pairwise

import pytest
from scripted import PAUSE, UNDO_PAUSE, World, scripted, told

from legend_lab import (
    CompensationFailed,
    Completed,
    Failed,
    ProtocolError,
    RetryPolicy,
    Saga,
    SimulatedStep,
    SystemClock,
    VirtualClock,
)
from legend_lab.core.instructions import Resume, Retry
from legend_lab.core.machine import Machine

MANY = {
    "do": {"a": [ValueError, PAUSE], "b": [PAUSE], "c": [ConnectionError]},
    "undo": {"c": [UNDO_PAUSE], "b": [KeyError, KeyError], "a": [KeyError]},
}
SETTINGS = {"a": {"retry_policy": RetryPolicy.retries(1), "compensation_retry_policy": RetryPolicy.retries(1)}}


async def eventful(way):
    """A run with pauses, retries, an uncertain failure, failed undos and a repair; it ends Failed."""
    result = await way.start(World(**MANY), **SETTINGS)
    while result.is_paused:
        result = await result.resume()
    assert isinstance(result, CompensationFailed)
    broken = await result.retry()
    result = await broken.resolve("b", "by hand")
    assert isinstance(result, Failed)
    return result


async def test_one_entry_for_each_performed_instruction_in_order_and_monotonic_in_time(way):
    result = await eventful(way)
    assert [entry.number for entry in result.journal] == list(range(len(result.journal)))
    for entry in result.journal:
        assert entry.started_ns <= entry.completed_ns
    for earlier, later in pairwise(result.journal):
        assert earlier.completed_ns <= later.started_ns


async def test_each_way_through_the_driver_gives_the_same_journal(way):
    assert told(await eventful(way)) == [
        *("execute a #1 failed", "execute a #2 pause", "halt a #3 resumed", "execute a #3 continue"),
        *("execute b #1 pause", "halt b #2 resumed", "execute b #2 continue"),
        *("execute c #1 failed", "compensate c #1 pause", "halt c #2 resumed", "compensate c #2 compensated"),
        *("compensate b #1 compensation_failed", "compensate a #1 compensation_failed", "compensate a #2 compensated"),
        *("halt b #2 retried", "compensate b #2 compensation_failed", "halt b #3 resolved"),
    ]


async def test_a_replay_of_the_journal_rebuilds_where_the_run_stands(way):
    result = await eventful(way)
    machine = Machine(result.program)
    for entry in result.journal:
        assert machine.cursor == entry.instruction
        machine.feed(entry.raw)
    assert machine.execution_state() == result.state
    assert machine.finished


async def test_a_finished_run_ends_without_a_halt(way):
    for world in (World(), World(do={"b": [ValueError]})):
        result = await way.start(world)
        assert result.journal[-1].kind in ("execute", "compensate")


async def test_a_halt_is_appended_when_it_is_decided_and_takes_no_time(way):
    result = await eventful(way)
    halts = [entry for entry in result.journal if entry.kind == "halt"]
    assert [entry.outcome for entry in halts] == ["resumed", "resumed", "resumed", "retried", "resolved"]
    assert all(entry.duration_ms == 0 for entry in halts)


async def test_attempts_count_every_issue_of_the_same_instruction(way):
    attempts = {}
    for entry in (await eventful(way)).journal:
        if entry.kind in ("execute", "compensate"):
            attempts.setdefault((entry.kind, entry.path), []).append(entry.attempt)
    assert all(found == list(range(1, len(found) + 1)) for found in attempts.values())


async def test_every_undo_takes_back_the_last_execution_of_its_step(way):
    journal = (await eventful(way)).journal
    for entry in journal:
        if entry.kind == "compensate":
            executions = [e.number for e in journal if e.kind == "execute" and e.path == entry.path]
            assert entry.undoes == executions[-1]
        else:
            assert entry.undoes is None


async def test_instants_are_unix_time_in_ns(way):
    clock = SystemClock() if way.name in ("swept", "stepwise") else VirtualClock()
    before = clock.now_ns()
    result = await way.start(World(), options={"clock": clock})
    assert before <= result.journal[0].started_ns <= result.journal[-1].completed_ns <= clock.now_ns()


async def test_a_decision_in_the_wrong_place_changes_nothing(way):
    paused = await way.start(World(do={"b": [PAUSE]}))
    run, before = paused._run, told(paused)
    with pytest.raises(ProtocolError):
        run.decide(Retry())
    assert told(paused) == before
    assert run.machine.cursor is paused._machine.cursor
    run.decide(Resume())
    with pytest.raises(ProtocolError):
        run.decide(Resume())


# -- several runs ----------------------------------------------------------------------------------


async def test_two_runs_of_the_same_saga_on_one_loop_do_not_feel_each_other():
    async def turn(context):
        for _ in range(5):
            await asyncio.sleep(0)

    saga = Saga.of("Sample", {name: scripted() for name in "abc"})
    good, bad = World(do={"a": [turn], "b": [turn]}), World(do={"a": [turn], "c": [ValueError]})
    one, two = saga.build({}, resources=good), saga.build({}, resources=bad)
    done, undone = await asyncio.gather(one.start(), two.start())
    assert isinstance(done, Completed)
    assert isinstance(undone, Failed)
    assert good.calls == ["do a", "do b", "do c"]
    assert bad.calls == ["do a", "do b", "do c", "undo b", "undo a"]
    assert done.id != undone.id


async def test_a_hundred_runs_at_once_each_keep_their_own_context():
    async def turn(context):
        await asyncio.sleep(0)

    saga = Saga.of("Sample", {name: scripted() for name in "abc"})
    runs = [saga.build({"run": n}, resources=World(do={"b": [turn]})) for n in range(100)]
    results = await asyncio.gather(*(run.start() for run in runs))
    assert [result.context for result in results] == [{"run": n, "done": ["a", "b", "c"]} for n in range(100)]


async def test_two_runs_may_share_a_virtual_clock():
    async def nap(context):
        await asyncio.sleep(60)

    clock = VirtualClock()
    saga = Saga.of("Sample", {"a": scripted()})
    runs = [saga.build({}, resources=World(do={"a": [nap]}), clock=clock) for _ in range(2)]
    results = await asyncio.gather(*(run.start() for run in runs))
    assert all(isinstance(result, Completed) for result in results)
    assert [result.journal[0].duration_ms for result in results] == [60_000, 60_000]


async def test_steps_that_sleep_take_no_real_time_on_the_virtual_clock():
    async def sleep_a_day(context):
        await asyncio.sleep(86_400)

    result = (
        await Saga.of("Sample", {"a": scripted(), "b": scripted()})
        .build({}, resources=World(do={"a": [sleep_a_day], "b": [sleep_a_day]}), clock=VirtualClock())
        .start()
    )
    assert [entry.duration_ms for entry in result.journal] == [86_400_000] * 2


async def test_simulated_steps_take_their_time_on_the_virtual_clock_in_both_directions():
    steps = {
        "a": SimulatedStep(duration_ms=30, undo_duration_ms=5),
        "b": SimulatedStep(duration_ms=20),
        "c": scripted(),
    }
    world = World(do={"c": [ValueError]})
    result = await Saga.of("Sample", steps).build({}, resources=world, clock=VirtualClock()).start()
    assert [(entry.path, entry.duration_ms) for entry in result.journal] == [
        *(("a", 30), ("b", 20), ("c", 0), ("b", 20), ("a", 5)),
    ]
    assert result.context == {}
