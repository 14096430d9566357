"""What a run writes to a store as it grows, and how it goes on after a crash (S17), on every store."""

import json
import logging

import pytest
from pydantic import SecretStr

from legend_lab import (
    CompensationFailed,
    CompensationOutcome,
    Completed,
    ExecutionFinishedError,
    Failed,
    Fault,
    FaultKind,
    Saga,
    Step,
    StepOutcome,
)
from legend_lab.core.errors import (
    AlreadyClaimedError,
    ContextRecordError,
    SimulatedCrash,
)
from legend_lab.runtime.clocks import VirtualClock
from legend_lab.stores.memory import InMemoryStore
from tests.stores.trips import Do, TripError, World, build, load, record, times


@pytest.fixture
def world(store):
    return World(store)


async def test_the_intent_is_stored_before_and_the_outcome_after_each_instruction(world):
    seen = []

    async def look(ctx):
        found = json.loads((await world.store.get(new.id)).data)
        seen.append(([entry["outcome"] for entry in found["journal"]], found["context"], found["state"], found["at"]))
        if len(seen) == 2:
            raise TripError
        ctx["half"] = len(seen)

    world.at = dict.fromkeys(["hotel", "flight", "undo hotel"], look)
    world.at["charge"] = times(1, TripError("no money"))
    new = build(world)
    assert isinstance(await new.start(), Failed)
    first = {"half": 1, "hotel": "done"}
    done = {**first, "half": 3, "flight": "done"}
    assert seen == [
        ([None], {}, "Running", "hotel"),
        (["continue", None], first, "Running", "flight"),
        (["continue", "failed", "elapsed", None], first, "Running", "flight"),
        (
            ["continue", "failed", "elapsed", "continue", "failed", "compensated", None],
            {**done, "flight": "undone"},
            "Running",
            "hotel",
        ),
    ]


async def test_the_stored_record_is_the_one_that_dump_json_gives(world):
    world.at["charge"] = times(1, StepOutcome.PAUSE)
    paused = await build(world).start()
    assert await record(world, paused) == paused.dump_json()
    (listed,) = await world.store.list()
    assert (listed.state, listed.at, listed.reason) == ("Paused", "charge", "step paused")


async def test_a_finished_record_stays_until_it_is_deleted(world):
    done = await build(world).start()
    assert isinstance(done, Completed)
    with pytest.raises(ExecutionFinishedError) as finished:
        load(world, await record(world, done))
    assert (finished.value.result, finished.value.context) == ("Completed", done.context)
    (listed,) = await world.store.list()
    assert (listed.state, listed.at, listed.reason) == ("Completed", None, "")
    await world.store.delete(done.id)
    assert await world.store.list() == []


async def test_a_failed_undo_is_stored_repaired_and_resolved(world):
    world.at["charge"] = times(1, TripError("no money"))
    world.at["undo hotel"] = times(2, TripError("hotel is shut"))
    failed = await build(world).start()
    assert isinstance(failed, CompensationFailed)
    loaded = load(world, await record(world, failed))
    again = await loaded.retry()
    assert isinstance(again, CompensationFailed)
    assert await record(world, again) == again.dump_json()
    ended = await load(world, await record(world, again)).resolve("hotel", "by phone")
    assert isinstance(ended, Failed)
    with pytest.raises(ExecutionFinishedError):
        load(world, await record(world, ended))
    assert world.log == ["hotel", "flight", "charge", "undo flight", "undo hotel", "undo hotel"]


class Idle(Step[dict]):
    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Counting(InMemoryStore):
    """Counts the bytes that each append hands over."""

    def __init__(self):
        super().__init__()
        self.sizes = []

    def _append(self, id, seq, entry, context, token):
        self.sizes.append(len(entry) + len(context))
        super()._append(id, seq, entry, context, token)


async def test_bytes_for_each_instruction_do_not_grow_with_the_history():
    store = Counting()
    saga = Saga.of("Long", {f"s{number:04}": Idle() for number in range(1500)})
    await saga.build({"a": 1}, checkpoint=store).start()
    assert len(store.sizes) == 3000
    assert max(store.sizes[-100:]) <= max(store.sizes[10:110]) + 4  # an index has more digits
    assert max(store.sizes) < 250


async def test_neither_resources_nor_secrets_are_stored(world):
    world.key = SecretStr("s3cr3t")
    world.at["charge"] = times(1, StepOutcome.PAUSE)
    paused = await build(world).start()
    ended = await load(world, await record(world, paused)).resume()
    assert b"World" not in (data := await record(world, ended))
    assert b"s3cr3t" not in data


class WithKey(Do):
    key: SecretStr


async def test_a_secret_input_is_refused_before_any_step_runs(world):
    new = Saga.of("Secret", {"a": Do(), "b": WithKey(key="s3cr3t")}).build({}, resources=world, checkpoint=world.store)
    with pytest.raises(ContextRecordError, match=r"b: WithKey\.key") as refused:
        await new.start()
    assert "s3cr3t" not in str(refused.value)
    assert (world.log, await world.store.list()) == ([], [])


async def test_observers_are_told_of_a_run_that_is_written_and_never_change_it(world, caplog):
    told = []

    def watch(event):
        told.append((event.name, event.path, event.outcome))
        raise RuntimeError("an observer's own trouble")

    world.at["charge"] = times(1, StepOutcome.PAUSE)
    with caplog.at_level(logging.CRITICAL, "legend_lab"):
        paused = await build(world, observers=[watch]).start()
        done = await load(world, await record(world, paused), observers=[watch]).resume()
    assert isinstance(done, Completed)
    ends = [entry for entry in told if entry[0] == "step.end"]
    assert [(path, outcome) for _, path, outcome in ends] == [
        ("hotel", "continue"),
        ("flight", "continue"),
        ("charge", "pause"),
        ("charge", "continue"),
    ]


CRASHES = [
    Fault(path, phase, 1, kind)
    for path, phase in [("hotel", "execute"), ("flight", "execute"), ("charge", "execute"), ("hotel", "compensate")]
    for kind in (FaultKind.CRASH_BEFORE, FaultKind.CRASH_AFTER)
]


def told(execution):
    """What a record says, but for the fault of a crash: a process that died could not write that it would."""
    record = json.loads(execution.dump_json())
    del record["digest"]
    for entry in record["journal"]:
        entry.pop("fault", None)
    return record


@pytest.mark.parametrize("fault", CRASHES, ids=str)
async def test_a_simulated_crash_leaves_in_the_store_what_recover_goes_on_from(world, fault):
    if fault.phase == "compensate":
        world.at["charge"] = times(1, TripError("no money"))
    clock = VirtualClock()
    new = build(world, faults=fault, clock=clock)
    with pytest.raises(SimulatedCrash):
        await new.start()
    loaded = load(world, await record(world, new), clock=clock)
    recovered = new.recover()
    assert loaded.reason == recovered.reason == "restarted"
    assert loaded.path == recovered.path == fault.path
    assert recovered.context == loaded.context
    assert told(recovered) == told(loaded)
    assert loaded.state.attempt == 2
    calls = len(world.log)
    with pytest.raises(AlreadyClaimedError):  # the process that "crashed" lives, and its claim
        await loaded.resume()
    assert len(world.log) == calls
    ended = await recovered.resume()
    assert isinstance(ended, Failed if fault.phase == "compensate" else Completed)
    assert [e.outcome for e in ended.journal if e.kind == "halt"] == ["restarted", "resumed"]
    with pytest.raises(ExecutionFinishedError):
        load(world, await record(world, ended))
    ran = world.log.count(("undo " if fault.phase == "compensate" else "") + fault.path)
    assert ran == (1 if fault.kind is FaultKind.CRASH_BEFORE else 2)


async def test_what_a_half_run_attempt_changed_in_the_context_is_lost_with_the_crash(world):
    new = build(world, faults=Fault("flight", kind=FaultKind.CRASH_AFTER))
    with pytest.raises(SimulatedCrash):
        await new.start()
    assert new.context == {"hotel": "done", "flight": "done"}
    assert new.recover().context == {"hotel": "done"}


async def test_an_uncertain_step_is_undone_when_a_restarted_run_is_aborted(world):
    new = build(world, faults=Fault("flight", kind=FaultKind.CRASH_AFTER))
    with pytest.raises(SimulatedCrash):
        await new.start()
    ended = await new.recover().abort("enough")
    assert isinstance(ended, Failed)
    assert world.log == ["hotel", "flight", "undo flight", "undo hotel"]
