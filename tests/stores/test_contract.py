"""What every store promises, on every backend."""

import asyncio
import json
import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from legend_lab.core.errors import CorruptRecordError, NotFoundError, RecordVersionError, StoreError
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.store import Store

HOSTILE = [
    "'; DROP TABLE legend_records; --",
    'a "quoted" back\\slash \\u0000 \\',
    "%s %(id)s :id ? {} \x00 \x1f \x7f",
    "\ud800 lone surrogate",
    "Ünïcödé 🚀 \u202e",
    "",
    "x" * 100_000,
]


async def test_it_is_a_store(store):
    assert isinstance(store, Store)


async def test_a_saved_record_comes_back_whole(store, record):
    run_id, data = ExecutionId.new(), record(state="Paused", at="trip.flight", reason="step paused")
    await store.save(run_id, data)
    found = await store.get(run_id)
    assert (found.id, found.data) == (run_id, data)
    assert (found.state, found.at, found.reason) == ("Paused", "trip.flight", "step paused")
    assert found.paused_at.tzinfo is UTC
    assert abs(found.paused_at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_text_is_kept_as_its_bytes(store, record):
    run_id = ExecutionId.new()
    text = record(reason="wartet länger").decode().replace("\\u00e4", "ä")
    await store.save(run_id, text)
    assert (await store.get(run_id)).data == text.encode()


async def test_a_finished_record_stands_nowhere(store, record):
    run_id = ExecutionId.new()
    await store.save(run_id, record(state="Completed", at=None, reason=""))
    assert [(found.state, found.at, found.reason) for found in await store.list()] == [("Completed", None, "")]


async def test_saving_again_replaces_the_record_and_its_rows(store, record, row):
    run_id = ExecutionId.new()
    await store.save(run_id, record(at="a"))
    await store.append(run_id, 0, row("first"), b"{}")
    await store.save(run_id, record(at="z", journal=["kept"]))
    found = await store.get(run_id)
    assert (found.at, json.loads(found.data)["journal"]) == ("z", ["kept"])


@pytest.mark.parametrize(
    "data",
    [b"", b"no JSON", b"[]", b"{}", b"\xff", None, 7, b'{"format": 1}', "\ud800", '{"a": NaN}', "[" * 100_000],
    ids=repr,
)
async def test_data_that_is_no_record_is_refused_and_changes_nothing(store, record, data):
    run_id, kept = ExecutionId.new(), record()
    await store.save(run_id, kept)
    with pytest.raises(CorruptRecordError):
        await store.save(run_id, data)
    assert (await store.get(run_id)).data == kept


@pytest.mark.parametrize("change", [{"state": None}, {"at": 7}, {"reason": []}, {"context": {"n": "INF"}}], ids=repr)
async def test_a_record_that_does_not_say_where_it_stands_or_holds_no_number_is_refused(store, record, change):
    with pytest.raises(CorruptRecordError):
        await store.save(ExecutionId.new(), record(**change).replace(b'"INF"', b"1e999"))
    assert await store.list() == []


async def test_a_record_of_another_version_is_refused(store, record):
    with pytest.raises(RecordVersionError):
        await store.save(ExecutionId.new(), record(version=2))


async def test_text_that_utf8_cannot_hold_is_refused(store, record):
    with pytest.raises(CorruptRecordError, match="UTF-8"):
        await store.save(ExecutionId.new(), record(reason="\ud800").decode().replace("\\ud800", "\ud800"))


@pytest.mark.parametrize(
    "run_id", ["'; DROP TABLE legend_records; --", None, uuid4(), ExecutionId("' OR ''='")], ids=repr
)
async def test_what_is_no_execution_id_is_refused_everywhere(store, record, row, run_id):
    kept = ExecutionId.new()
    await store.save(kept, record())
    for call in (
        store.save(run_id, record()),
        store.append(run_id, 0, row(1), b"{}"),
        store.get(run_id),
        store.delete(run_id),
        store.exists(run_id),
        store.claim(run_id),
    ):
        with pytest.raises(StoreError, match="ExecutionId"):
            await call
    assert [found.id for found in await store.list()] == [kept]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text)[:30])
async def test_hostile_text_does_no_harm_and_comes_back_the_same(store, record, row, text):
    other, run_id = ExecutionId.new(), ExecutionId.new()
    await store.save(other, record())
    await store.save(run_id, record(state=text, at=text, reason=text, context={"k": text}))
    for found in (await store.get(run_id), next(listed for listed in await store.list() if listed.id == run_id)):
        assert (found.state, found.at, found.reason) == (text, text, text)
    await store.append(run_id, 0, row({text: text}, state=text, at=text, reason=text), json.dumps({text: 1}).encode())
    found = await store.get(run_id)
    assert (found.state, found.at, found.reason) == (text, text, text)
    assert json.loads(found.data)["journal"] == [{text: text}]
    assert json.loads(found.data)["context"] == {text: 1}
    assert (await store.get(other)).data == record()


async def test_appended_rows_follow_the_saved_journal_in_order_of_their_numbers(store, record, row):
    run_id = ExecutionId.new()
    await store.save(run_id, record(journal=["saved"], context={"n": 0}))
    for seq in (2, 0, 10, 1):
        await store.append(run_id, seq, row(f"row {seq}", at=f"at {seq}", reason=f"since {seq}"), b'{"n": %d}' % seq)
    found = await store.get(run_id)
    joined = json.loads(found.data)
    assert joined["journal"] == ["saved", "row 0", "row 1", "row 2", "row 10"]
    assert joined["context"] == {"n": 1}
    assert found.at == (await store.list())[0].at == "at 1"


async def test_a_row_of_the_same_number_is_replaced(store, record, row):
    run_id = ExecutionId.new()
    await store.save(run_id, record())
    await store.append(run_id, 0, row("open"), b'{"n": 0}')
    await store.append(run_id, 0, row("closed", state="Completed", at=None), b'{"n": 1}')
    found = await store.get(run_id)
    assert (found.state, found.at) == ("Completed", None)
    assert json.loads(found.data)["journal"] == ["closed"]
    assert json.loads(found.data)["context"] == {"n": 1}


async def test_appending_moves_what_the_listing_says(backend, store, record, row):
    run_id = ExecutionId.new()
    await store.save(run_id, record())
    before = (await store.list())[0]
    await backend.pass_time(1)
    await store.append(run_id, 0, row(1, state="Running", at="b", reason="goes on"), b"{}")
    after = (await store.list())[0]
    assert (after.state, after.at, after.reason) == ("Running", "b", "goes on")
    assert after.paused_at > before.paused_at


@pytest.mark.parametrize(
    "bad",
    [
        (-1, None, b"{}"),
        (2**63, None, b"{}"),
        (True, None, b"{}"),
        ("0; DROP TABLE legend_rows", None, b"{}"),
        (0, b"no JSON", b"{}"),
        (0, b'{"state": "Running", "at": null}', b"{}"),
        (0, b'{"entry": 1}', b"{}"),
        (0, b"[]", b"{}"),
        (0, "text", b"{}"),
        (0, None, b"no JSON"),
        (0, None, None),
    ],
)
async def test_a_row_that_could_not_be_read_back_is_refused_and_changes_nothing(store, record, row, bad):
    seq, entry, context = bad
    run_id = ExecutionId.new()
    await store.save(run_id, record())
    with pytest.raises((StoreError, CorruptRecordError)):
        await store.append(run_id, seq, row(1) if entry is None else entry, context)
    assert (await store.get(run_id)).data == record()


async def test_what_is_not_there_is_not_found(store, row):
    run_id = ExecutionId.new()
    assert not await store.exists(run_id)
    for call in (store.get(run_id), store.delete(run_id), store.append(run_id, 0, row(1), b"{}"), store.claim(run_id)):
        with pytest.raises(NotFoundError, match=str(run_id)):
            await call
    assert await store.list() == []
    assert not await store.exists(run_id)


async def test_a_deleted_record_is_gone_with_its_rows(store, record, row):
    run_id = ExecutionId.new()
    await store.save(run_id, record())
    await store.append(run_id, 0, row(1), b'{"n": 1}')
    await store.delete(run_id)
    assert not await store.exists(run_id)
    await store.save(run_id, record())
    assert (await store.get(run_id)).data == record()


async def test_the_listing_is_oldest_first_and_reads_no_record_whole(backend, store, record, row):
    first, second, third = (ExecutionId.new() for _ in range(3))
    for run_id in (first, second, third):
        await store.save(run_id, record(at=str(run_id)))
        await backend.pass_time(1)
    await store.append(first, 0, row(1, at="newest"), b"{}")
    listed = await store.list()
    assert [found.id for found in listed] == [second, third, first]
    assert all(found.data is None for found in listed)
    assert [await store.exists(found.id) for found in listed] == [True] * 3


async def test_many_writers_of_many_records_do_not_disturb_each_other(store, record, row):
    ids = [ExecutionId.new() for _ in range(8)]

    async def fill(run_id):
        await store.save(run_id, record(at=str(run_id)))
        for seq in range(5):
            await store.append(run_id, seq, row([str(run_id), seq]), b"{}")

    await asyncio.gather(*(fill(run_id) for run_id in ids))
    for run_id in ids:
        assert json.loads((await store.get(run_id)).data)["journal"] == [[str(run_id), seq] for seq in range(5)]


async def test_writes_to_one_record_happen_in_the_order_in_which_they_were_asked_for(store, record, row):
    run_id = ExecutionId.new()
    await store.save(run_id, record())
    for _ in range(3):
        await asyncio.gather(*(store.append(run_id, 0, row(n, at=str(n)), b"{}") for n in range(12)))
        assert (await store.get(run_id)).at == "11"


async def test_stores_that_open_a_new_database_at_once_make_its_tables_once(backend):
    assert await asyncio.gather(*(backend.open().list() for _ in range(6))) == [[]] * 6


def test_one_store_serves_one_event_loop_after_another(store, record):
    ids = [ExecutionId.new() for _ in range(3)]
    for run_id in ids:
        asyncio.run(store.save(run_id, record(at=str(run_id))))
    assert [asyncio.run(store.get(run_id)).at for run_id in ids] == [str(run_id) for run_id in ids]


def test_one_store_serves_several_event_loops_at_once(store, record, row):
    ids, failures = [ExecutionId.new() for _ in range(3)], []
    gate = threading.Barrier(len(ids))

    async def fill(run_id):
        await store.save(run_id, record())
        for seq in range(10):
            await store.append(run_id, seq, row(seq), b"{}")

    def work(run_id):
        try:
            gate.wait()
            asyncio.run(fill(run_id))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(run_id,)) for run_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for run_id in ids:
        assert json.loads(asyncio.run(store.get(run_id)).data)["journal"] == list(range(10))
