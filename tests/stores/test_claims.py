"""What every store promises about claims, on every backend."""

import asyncio
import os
from datetime import UTC, datetime, timedelta

import pytest

from legend_lab.core.errors import AlreadyClaimedError, NotFoundError, StaleClaimError, StoreError
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.store import Claim


@pytest.fixture
async def run_id(store, record):
    made = ExecutionId.new()
    await store.save(made, record())
    return made


def writes(claim, record, row):
    """Return every write that needs the claim, by name."""
    return {
        "save": lambda: claim.save(record(at="stale")),
        "append": lambda: claim.append(0, row("stale"), b'{"stale": 1}'),
        "renew": claim.renew,
        "delete": claim.delete,
    }


async def test_a_claim_brings_the_record_whole(store, run_id, record, row):
    await store.append(run_id, 0, row("since", at="b"), b'{"n": 1}')
    claim = await store.claim(run_id, lease_s=12.5)
    assert isinstance(claim, Claim)
    assert claim.record == await store.get(run_id)
    assert claim.record.data == (await store.get(run_id)).data
    assert claim.lease_s == 12.5
    assert isinstance(claim.token, int)


async def test_a_second_claim_is_refused_and_told_by_whom_and_until_when(store, run_id):
    await store.claim(run_id, lease_s=600)
    with pytest.raises(AlreadyClaimedError, match=str(run_id)) as caught:
        await store.claim(run_id)
    assert str(os.getpid()) in caught.value.holder
    assert abs(caught.value.until - datetime.now(UTC) - timedelta(seconds=600)) < timedelta(seconds=60)


async def test_claims_of_different_records_do_not_meet(store, run_id, record):
    other = ExecutionId.new()
    await store.save(other, record())
    assert (await store.claim(run_id)).token != (await store.claim(other)).token


async def test_writes_without_the_claim_are_refused_while_the_lease_lives(store, run_id, record, row):
    await store.claim(run_id)
    for call in (store.save(run_id, record(at="z")), store.append(run_id, 0, row(1), b"{}"), store.delete(run_id)):
        with pytest.raises(AlreadyClaimedError):
            await call
    assert (await store.get(run_id)).data == record()
    assert await store.exists(run_id)
    assert len(await store.list()) == 1


async def test_the_holder_writes(store, run_id, record, row):
    claim = await store.claim(run_id)
    await claim.append(0, row("one", at="b"), b'{"n": 1}')
    assert (await store.get(run_id)).at == "b"
    await claim.save(record(at="c"))
    assert (await store.get(run_id)).data == record(at="c")
    await claim.append(0, row("two", at="d"), b"{}")
    await claim.delete()
    assert not await store.exists(run_id)


async def test_after_the_release_anyone_may_write_and_claim(store, run_id, record):
    claim = await store.claim(run_id)
    await claim.release()
    await store.save(run_id, record(at="free"))
    again = await store.claim(run_id)
    assert again.token > claim.token
    assert again.record.at == "free"


async def test_a_second_release_does_nothing_even_when_another_holds_it(store, run_id, record):
    first = await store.claim(run_id)
    await first.release()
    second = await store.claim(run_id)
    await first.release()
    with pytest.raises(AlreadyClaimedError):
        await store.save(run_id, record())
    await second.save(record(at="second"))


async def test_a_released_claim_writes_no_more(store, run_id, record, row):
    claim = await store.claim(run_id)
    await claim.release()
    for write in writes(claim, record, row).values():
        with pytest.raises(StaleClaimError):
            await write()
    assert (await store.get(run_id)).data == record()


async def test_after_the_lease_another_may_claim_and_every_late_write_is_refused(backend, store, run_id, record, row):
    late = await store.claim(run_id, lease_s=30)
    await backend.pass_time(29)
    with pytest.raises(AlreadyClaimedError):
        await store.claim(run_id)
    await backend.pass_time(2)
    new = await store.claim(run_id)
    assert new.token > late.token
    for write in writes(late, record, row).values():
        with pytest.raises(StaleClaimError, match=f"claim {late.token} on record {run_id}"):
            await write()
    await late.release()
    with pytest.raises(AlreadyClaimedError):
        await store.claim(run_id)
    await new.append(0, row("new"), b"{}")
    assert (await store.get(run_id)).at == "b"


async def test_late_writes_stay_refused_when_the_later_claim_was_released(backend, store, run_id, record, row):
    late = await store.claim(run_id)
    await backend.pass_time(31)
    await (await store.claim(run_id)).release()
    for write in writes(late, record, row).values():
        with pytest.raises(StaleClaimError):
            await write()


async def test_a_renewed_lease_lasts_from_then_on(backend, store, run_id):
    claim = await store.claim(run_id, lease_s=30)
    for _ in range(3):
        await backend.pass_time(20)
        await claim.renew()
    await backend.pass_time(20)
    with pytest.raises(AlreadyClaimedError):
        await store.claim(run_id)
    await backend.pass_time(11)
    await store.claim(run_id)


async def test_a_lease_that_ran_out_is_still_good_as_long_as_nobody_took_the_record(backend, store, run_id, row):
    claim = await store.claim(run_id)
    await backend.pass_time(100)
    await claim.append(0, row("late but alone", at="late"), b"{}")
    await claim.renew()
    with pytest.raises(AlreadyClaimedError):
        await store.claim(run_id)
    assert (await store.get(run_id)).at == "late"


@pytest.mark.parametrize("write", ["save", "append"])
async def test_a_write_after_the_lease_ends_the_claim_for_good(backend, run_id, record, row, write):
    store = backend.open()
    late = await store.claim(run_id)
    await backend.pass_time(31)
    if write == "save":
        await store.save(run_id, record(at="b"))
    else:
        await store.append(run_id, 0, row("b"), b"{}")
    for call in writes(late, record, row).values():
        with pytest.raises(StaleClaimError):
            await call()
    assert (await store.get(run_id)).at == "b"


async def test_a_record_may_be_deleted_after_the_lease(backend, store, run_id, record, row):
    late = await store.claim(run_id)
    await backend.pass_time(31)
    await store.delete(run_id)
    for call in writes(late, record, row).values():
        with pytest.raises(StaleClaimError):
            await call()
    assert not await store.exists(run_id)


async def test_tokens_are_never_used_again_not_even_when_the_record_was_deleted(store, run_id, record, row):
    tokens = []
    for _ in range(3):
        claim = await store.claim(run_id)
        tokens.append(claim.token)
        await claim.delete()
        await claim.release()
        await store.save(run_id, record())
    assert tokens == sorted(set(tokens))
    current = await store.claim(run_id)
    for call in writes(claim, record, row).values():
        with pytest.raises(StaleClaimError):
            await call()
    await current.save(record(at="current"))


async def test_a_lease_of_no_time_holds_nobody_off(store, run_id):
    first = await store.claim(run_id, lease_s=0)
    second = await store.claim(run_id, lease_s=0)
    assert second.token > first.token
    with pytest.raises(StaleClaimError):
        await first.renew()


@pytest.mark.parametrize("lease_s", [-1, float("nan"), float("inf"), "30", None, True, 10**12], ids=repr)
async def test_a_lease_of_no_length_is_refused(store, run_id, lease_s):
    with pytest.raises(StoreError, match="lease"):
        await store.claim(run_id, lease_s=lease_s)
    await store.claim(run_id)


async def test_a_refused_claim_leaves_nothing_behind(store, run_id):
    with pytest.raises(NotFoundError):
        await store.claim(ExecutionId.new())
    await store.claim(run_id)


async def test_of_many_claims_at_once_one_wins(backend, run_id):
    stores = [backend.open() for _ in range(2)]
    answers = await asyncio.gather(*(stores[n % 2].claim(run_id) for n in range(10)), return_exceptions=True)
    assert sum(isinstance(answer, Claim) for answer in answers) == 1
    assert sum(isinstance(answer, AlreadyClaimedError) for answer in answers) == 9
