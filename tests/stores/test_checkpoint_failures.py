"""A checkpoint that fails: the run stops, nothing is undone, and it can go on (S10, S17)."""

import asyncio

import pytest

from legend_lab import (
    Completed,
    ExecutionFinishedError,
    Failed,
    NotPausedError,
)
from legend_lab.core.errors import (
    AlreadyClaimedError,
    BackendError,
    ContextRecordError,
    ProtocolError,
    StaleClaimError,
)
from legend_lab.runtime.clocks import SystemClock
from tests.stores.trips import (
    PLAIN,
    UNDOING,
    Failing,
    TripError,
    World,
    build,
    journal_of,
    load,
    record,
    times,
)


@pytest.fixture
def world(store):
    return World(store)


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
    new = build(world, clock=SystemClock())
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
