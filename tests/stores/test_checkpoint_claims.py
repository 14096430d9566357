"""Who may write the record of a run, and what a second one who wants to meets (S17)."""

import asyncio

import pytest

from legend_lab import (
    Completed,
    ExecutionFinishedError,
    Paused,
    Saga,
    StepOutcome,
)
from legend_lab.core.errors import (
    AlreadyClaimedError,
    BackendError,
    NotFoundError,
    StaleClaimError,
    StoreError,
)
from legend_lab.runtime import checkpoint as checkpoint_module
from legend_lab.runtime.clocks import SystemClock, VirtualClock
from legend_lab.runtime.ids import ExecutionId
from legend_lab.stores.memory import InMemoryStore
from tests.stores.trips import (
    PLAIN,
    Do,
    DoAgain,
    Failing,
    TripError,
    World,
    build,
    journal_of,
    load,
    record,
    times,
    trip,
)


@pytest.fixture
def world(store):
    return World(store)


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
    assert isinstance(await build(world, clock=SystemClock()).start(), Completed)
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
    here = await load(world, data, clock=SystemClock()).resume()
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
