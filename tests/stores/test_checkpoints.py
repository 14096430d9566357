"""A run that writes its journal to a store as it grows (S17), on every store."""

import asyncio
import json
import logging
from dataclasses import dataclass, field

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
    NotPausedError,
    Paused,
    RetryPolicy,
    Saga,
    Step,
    StepOutcome,
)
from legend_lab.core.errors import (
    AlreadyClaimedError,
    BackendError,
    ContextRecordError,
    NotFoundError,
    ProtocolError,
    SimulatedCrash,
    StaleClaimError,
    StoreError,
)
from legend_lab.runtime import checkpoint as checkpoint_module
from legend_lab.runtime.clocks import VirtualClock
from legend_lab.runtime.current import current_path, resources
from legend_lab.runtime.ids import ExecutionId
from legend_lab.stores.memory import InMemoryStore


class TripError(Exception):
    pass


@dataclass
class World:
    """What steps do outside, and what they find there."""

    store: object = None
    log: list = field(default_factory=list)
    at: dict = field(default_factory=dict)
    """What happens at a step or undo, as an async function."""

    async def reach(self, place, ctx):
        self.log.append(place)
        if place in self.at:
            return await self.at[place](ctx)
        return None


class Do(Step[dict]):
    async def execute(self, ctx):
        outcome = await resources(World).reach(current_path(), ctx)
        ctx[current_path()] = "done"
        return outcome or StepOutcome.CONTINUE

    async def compensate(self, ctx):
        outcome = await resources(World).reach("undo " + current_path(), ctx)
        ctx[current_path()] = "undone"
        return outcome or CompensationOutcome.COMPLETED


class DoAgain(Do):
    retry_policy = RetryPolicy.retries_with_backoff(1, 50)


class Trip(Saga[dict, TripError]):
    hotel: Do
    flight: DoAgain
    charge: Do


def trip():
    return Trip(hotel=Do(), flight=DoAgain(), charge=Do())


def build(world, checkpoint=None, **options):
    options.setdefault("clock", VirtualClock())
    return trip().build({}, resources=world, checkpoint=checkpoint or world.store, **options)


def load(world, data, checkpoint=None, **options):
    options.setdefault("clock", VirtualClock())
    return Trip.load(data, resources=world, checkpoint=checkpoint or world.store, **options)


@pytest.fixture
def world(store):
    return World(store)


def times(count, answer):
    """Return what happens at a place: `answer` the first `count` times, an error if it is one."""
    left = [count]

    async def happen(_ctx):
        if left[0] == 0:
            return None
        left[0] -= 1
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return happen


def journal_of(data):
    return [(entry["kind"], entry["path"], entry["outcome"]) for entry in json.loads(data)["journal"]]


async def record(world, execution):
    return (await world.store.get(execution.id)).data


# -- what is written when ---------------------------------------------------------------------------


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


# -- crashes ----------------------------------------------------------------------------------------


CRASHES = [
    Fault(path, phase, 1, kind)
    for path, phase in [("hotel", "execute"), ("flight", "execute"), ("charge", "execute"), ("hotel", "compensate")]
    for kind in (FaultKind.CRASH_BEFORE, FaultKind.CRASH_AFTER)
]


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
    assert json.loads(recovered.dump_json()) == json.loads(loaded.dump_json())
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


# -- a checkpoint that fails ------------------------------------------------------------------------


class Failing:
    """A store whose write number `at` fails, `before` it is done or `after`, as on a full disk or a lost line."""

    def __init__(self, store, at, when):
        self.store, self.left, self.when = store, at, when

    def __getattr__(self, name):
        return getattr(self.store, name)

    async def write(self, work):
        self.left -= 1
        if self.left == 0 and self.when == "before":
            raise BackendError("the disk is full")
        await work()
        if self.left == 0:
            raise BackendError("the answer got lost")

    async def save(self, id, data):
        await self.write(lambda: self.store.save(id, data))

    async def append(self, id, seq, entry, context):
        await self.write(lambda: self.store.append(id, seq, entry, context))

    async def claim(self, id, lease_s=30.0):
        return FailingClaim(self, await self.store.claim(id, lease_s))

    async def get(self, id):
        return await self.store.get(id)

    async def delete(self, id):
        await self.store.delete(id)

    async def exists(self, id):
        return await self.store.exists(id)

    async def list(self):
        return await self.store.list()


class FailingClaim:
    def __init__(self, store, claim):
        self.store, self.claim = store, claim
        self.record, self.token, self.lease_s = claim.record, claim.token, claim.lease_s

    async def save(self, data):
        await self.store.write(lambda: self.claim.save(data))

    async def append(self, seq, entry, context):
        await self.store.write(lambda: self.claim.append(seq, entry, context))

    async def delete(self):
        await self.claim.delete()

    async def renew(self):
        await self.claim.renew()

    async def release(self):
        await self.store.write(self.claim.release)


PLAIN = ["hotel", "flight", "charge"]
UNDOING = [*PLAIN, "undo flight", "undo hotel"]


@pytest.mark.parametrize("fails", [False, True], ids=["forward", "undoing"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(1, 14))
async def test_whichever_write_fails_the_run_stops_and_recovers_after_the_last_known_outcome(world, at, when, fails):
    real = world.store
    world.store = Failing(real, at, when)
    if fails:
        world.at["charge"] = times(1, TripError("no money"))
    new = build(world)
    try:
        ended = await new.start()
    except BackendError:
        log = list(world.log)
        wanted = UNDOING if fails else PLAIN
        assert log == wanted[: len(log)]  # nothing was undone, or run again, because of it
        try:
            recovered = new.recover()
        except ExecutionFinishedError as finished:
            assert len(log) == len(wanted)
            assert finished.result == ("Failed" if fails else "Completed")  # noqa: PT017 - both ends are right
            if when == "before":
                assert load(world, await record(world, new)).reason == "restarted"
            return
        assert recovered.reason == "interrupted"
        ended = await recovered.resume()
    assert isinstance(ended, Failed if fails else Completed)
    assert world.log == (UNDOING if fails else PLAIN)  # every outcome was known, so nothing ran twice
    with pytest.raises(ExecutionFinishedError):
        load(world, await record(world, ended))
    if world.store.left:  # unless it was the release that failed
        await (await real.claim(ended.id)).release()


async def test_a_context_that_json_refuses_in_the_middle_stops_the_run_until_it_is_put_right(world):
    async def spoil(ctx):
        ctx["odd"] = (1, 2)

    world.at["flight"] = spoil
    new = build(world)
    with pytest.raises(ContextRecordError, match=r"context\['odd'\] is a tuple"):
        await new.start()
    assert world.log == ["hotel", "flight"]
    stored = load(world, await record(world, new))
    assert (stored.path, stored.reason, stored.context) == ("flight", "restarted", {"hotel": "done"})
    recovered = new.recover()
    assert (recovered.path, recovered.reason, recovered.state.attempt) == ("charge", "interrupted", 1)
    with pytest.raises(ContextRecordError):
        recovered.dump_json()
    with pytest.raises(ContextRecordError):
        await recovered.resume()
    again = recovered.recover()
    again.context["odd"] = [1, 2]
    done = await again.resume()
    assert isinstance(done, Completed)
    assert world.log == PLAIN
    assert journal_of(await record(world, done))[-1] == ("execute", "charge", "continue")


async def test_a_lost_claim_stops_the_run_at_its_first_write_and_nothing_is_undone(world, backend):
    async def lose(ctx):
        if not other:
            await backend.pass_time(60)
            other.append(await backend.open().claim(new.id))

    other = []
    world.at["flight"] = lose
    new = build(world)
    with pytest.raises(StaleClaimError):
        await new.start()
    assert world.log == ["hotel", "flight"]
    assert journal_of(await record(world, new))[-1] == ("execute", "flight", None)
    recovered = new.recover()
    assert recovered.path == "charge"
    with pytest.raises(StaleClaimError):
        await recovered.resume()
    assert world.log == ["hotel", "flight"]
    taken = load(world, other[0].record.data, checkpoint=other[0])
    assert isinstance(await taken.resume(), Completed)
    assert world.log == ["hotel", "flight", "flight", "charge"]


@pytest.mark.parametrize("kind", [asyncio.CancelledError, KeyboardInterrupt, SystemExit])
async def test_an_interrupt_keeps_the_claim_and_recover_goes_on(world, kind):
    world.at["flight"] = times(1, kind())
    new = build(world, clock=checkpoint_clock())
    with pytest.raises(kind):
        await new.start()
    with pytest.raises(AlreadyClaimedError):
        await world.store.claim(new.id)
    recovered = new.recover()
    assert (recovered.path, recovered.reason, recovered.state.attempt) == ("flight", "interrupted", 2)
    done = await recovered.resume()
    assert isinstance(done, Completed)
    assert world.log == ["hotel", "flight", "flight", "charge"]
    with pytest.raises(ProtocolError, match="recovered before"):
        new.recover()


def checkpoint_clock():
    """Return a clock on which user code runs on the caller's own loop."""
    from legend_lab.runtime.clocks import SystemClock  # noqa: PLC0415 - only here

    return SystemClock()


async def test_a_failed_undo_whose_last_write_failed_is_recovered_as_what_it_is(world):
    world.at["charge"] = times(1, TripError("no money"))
    world.at["undo hotel"] = times(1, TripError("hotel is shut"))
    real, world.store = world.store, Failing(world.store, 11, "before")
    new = build(world)
    with pytest.raises(BackendError):
        await new.start()
    with pytest.raises(NotPausedError) as standing:
        new.recover()
    failed = standing.value.execution
    assert failed.pending == ("hotel",)
    ended = await failed.retry()
    assert isinstance(ended, Failed)
    with pytest.raises(ExecutionFinishedError):
        load(world, (await real.get(ended.id)).data)


# -- claims -----------------------------------------------------------------------------------------


async def test_an_id_that_has_a_record_already_is_refused(world):
    done = await build(world).start()
    calls, before = len(world.log), await record(world, done)
    with pytest.raises(StoreError, match=f"{done.id} already"):
        await build(world, id=done.id).start()
    assert len(world.log) == calls
    assert await record(world, done) == before


async def test_a_start_that_was_cut_short_while_its_record_was_made_can_go_on(world):
    real, world.store = world.store, Failing(world.store, 1, "after")
    new = build(world)
    with pytest.raises(BackendError):
        await new.start()
    assert await real.exists(new.id)
    done = await new.recover().resume()
    assert isinstance(done, Completed)
    assert world.log == PLAIN


async def test_a_bare_store_is_claimed_while_the_run_goes_on_and_let_go_at_pause_and_end(world):
    async def look(ctx):
        with pytest.raises(AlreadyClaimedError):
            await world.store.claim(new.id)

    world.at = {"hotel": look, "flight": look, "charge": times(1, StepOutcome.PAUSE)}
    new = build(world)
    paused = await new.start()
    assert isinstance(paused, Paused)
    await (await world.store.claim(paused.id)).release()
    done = await paused.resume()
    await (await world.store.claim(done.id)).release()
    assert world.log == ["hotel", "flight", "charge", "charge"]


async def test_a_bare_stores_claim_is_renewed_in_the_background(world, monkeypatch):
    renewed = asyncio.Event()
    renew = InMemoryStore._renew

    def count(self, *rest):
        renew(self, *rest)
        renewed.set()

    monkeypatch.setattr(InMemoryStore, "_renew", count)
    monkeypatch.setattr(checkpoint_module, "LEASE_S", 0.003)
    world.store = InMemoryStore()

    async def last(ctx):
        for _ in range(3):
            await renewed.wait()
            renewed.clear()

    world.at["flight"] = last
    assert isinstance(await build(world, clock=checkpoint_clock()).start(), Completed)
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_a_claim_that_is_handed_in_stays_its_owners(world):
    world.at["charge"] = times(1, StepOutcome.PAUSE)
    paused = await build(world).start()
    claim = await world.store.claim(paused.id)
    loaded = load(world, claim.record.data, checkpoint=claim)
    world.at["charge"] = times(1, StepOutcome.PAUSE)
    again = await loaded.resume()
    with pytest.raises(AlreadyClaimedError):
        await world.store.claim(paused.id)
    done = await again.resume()
    assert isinstance(done, Completed)
    with pytest.raises(AlreadyClaimedError):
        await world.store.claim(paused.id)
    await claim.release()
    await world.store.delete(done.id)


async def test_a_new_run_takes_the_id_of_the_claim_that_it_is_given(world):
    world.at["hotel"] = times(1, RuntimeError())
    left = build(world, Failing(world.store, 2, "before"))
    with pytest.raises(BackendError):
        await left.start()
    left._run.checkpoint._claim and await left._run.checkpoint._claim.release()
    world.at = {}
    claim = await world.store.claim(left.id)
    done = await build(world, checkpoint=claim).start()
    assert done.id == left.id
    assert isinstance(done, Completed)


async def test_a_claim_on_another_record_is_refused(world):
    world.at["charge"] = times(2, StepOutcome.PAUSE)
    one, two = [await build(world).start() for _ in range(2)]
    before = await record(world, two)
    claim = await world.store.claim(two.id)
    with pytest.raises(StoreError, match=str(two.id)):
        await load(world, one.dump_json(), checkpoint=claim).resume()
    with pytest.raises(StoreError, match=str(two.id)):
        await build(world, checkpoint=claim, id=ExecutionId.new()).start()
    assert await record(world, two) == before
    assert len(world.log) == 6


async def test_a_claim_taken_after_the_record_has_gone_on_is_refused(world):
    world.at["charge"] = times(1, StepOutcome.PAUSE)
    paused = await build(world).start()
    data = paused.dump_json()
    await paused.resume()
    claim = await world.store.claim(paused.id)
    calls = len(world.log)
    with pytest.raises(StaleClaimError, match="gone on"):
        await load(world, data, checkpoint=claim).resume()
    assert len(world.log) == calls


async def test_of_two_that_loaded_the_same_record_the_late_one_runs_no_step(world):
    world.at["charge"] = times(1, StepOutcome.PAUSE)
    paused = await build(world).start()
    data = await record(world, paused)
    first, second, third = (load(world, data) for _ in range(3))

    async def meanwhile(ctx):
        with pytest.raises(AlreadyClaimedError):
            await second.resume()

    world.at["charge"] = meanwhile
    assert isinstance(await first.resume(), Completed)
    calls = len(world.log)
    for late in (third.resume(), third_abort(world, data), second.recover().resume()):
        with pytest.raises(StaleClaimError, match="load it again"):
            await late
    assert len(world.log) == calls
    with pytest.raises(ExecutionFinishedError):
        load(world, await record(world, paused))


def third_abort(world, data):
    return load(world, data).abort("too late")


async def test_two_that_went_on_by_as_many_entries_are_told_apart(world):
    world.at["charge"] = times(2, StepOutcome.PAUSE)
    paused = await build(world).start()
    data = await record(world, paused)
    stale = load(world, data)
    stale_store, world.store = world.store, InMemoryStore()
    await world.store.save(paused.id, data)
    elsewhere = await load(world, data, clock=VirtualClock()).resume()
    world.store = stale_store
    world.at["charge"] = times(1, StepOutcome.PAUSE)
    here = await load(world, data, clock=checkpoint_clock()).resume()
    assert len(here.journal) == len(elsewhere.journal)
    late = load(world, elsewhere.dump_json())
    with pytest.raises(StaleClaimError):
        await late.resume()
    with pytest.raises(StaleClaimError):
        await stale.resume()


async def test_a_record_that_was_deleted_meanwhile_is_not_brought_back(world):
    world.at["charge"] = times(1, StepOutcome.PAUSE)
    paused = await build(world).start()
    await world.store.delete(paused.id)
    with pytest.raises(NotFoundError):
        await load(world, paused.dump_json()).resume()
    assert await world.store.list() == []


async def test_a_lost_lease_is_noticed_before_an_undo_runs(world, backend):
    async def lose(ctx):
        await backend.pass_time(60)
        claim = await backend.open().claim(new.id)
        await claim.release()
        raise TripError("no money")

    world.at["charge"] = lose
    new = build(world)
    with pytest.raises(StaleClaimError):
        await new.start()
    assert world.log == PLAIN


async def test_a_record_saved_with_an_open_intent_in_it_goes_on(world):
    async def copy(ctx):
        copies.append((await world.store.get(new.id)).data)

    copies = []
    world.at["flight"] = copy
    new = build(world)
    await new.start()
    await world.store.delete(new.id)
    await world.store.save(new.id, copies[0])
    done = await load(world, copies[0]).resume()
    assert isinstance(done, Completed)
    outcomes = [outcome for _, _, outcome in journal_of(await record(world, done))]
    assert outcomes == ["continue", "interrupted", "restarted", "resumed", "continue", "continue"]


async def test_a_migrated_record_is_written_anew_as_a_whole(world):
    world.at["charge"] = times(1, StepOutcome.PAUSE)
    paused = await build(world).start()
    other = Saga.of("Tour", {"hotel": Do(), "flight": DoAgain(), "charge": Do()}, error=TripError)

    def migrate(old):
        old["saga"]["name"] = "Tour"
        return old

    data = await record(world, paused)
    loaded = other.load(data, migrate=migrate, resources=world, checkpoint=world.store)
    again = await loaded.resume()
    assert isinstance(again, Completed)
    with pytest.raises(ExecutionFinishedError):
        other.load(await record(world, again))
    with pytest.raises(StaleClaimError):
        await load(world, data).resume()


@pytest.mark.parametrize("target", ["records.db", 5, object(), ExecutionId.new()], ids=repr)
def test_what_is_neither_store_nor_claim_is_refused_when_it_is_given(target):
    with pytest.raises(StoreError, match="takes a store or a claim"):
        trip().build({}, checkpoint=target)
