"""How a store begins and ends: closing, dropping, cancelling, forking, and loops that others patched."""

import asyncio
import contextlib
import gc
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from legend_lab.core.errors import BackendError, StoreError
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.store import PausedRecord
from legend_lab.stores.private_loop import PrivateLoop
from legend_lab.stores.sql import SqlStore

ROOT = Path(__file__).parents[2]
PRELUDE = """
import asyncio, os, sys, threading
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.record import FORMAT, VERSION, seal
from legend_lab.stores.sql import SqlStore
record = seal({"format": FORMAT, "version": VERSION, "state": "Paused", "at": "a"})
run_id = ExecutionId.new()
store = SqlStore(sys.argv[1])
"""


def run_code(code, *arguments):
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRELUDE + code, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@contextlib.contextmanager
def everything_locked(database):
    """Keep every write waiting, as long as the block lasts."""
    if database.name == "sqlite":
        with contextlib.closing(sqlite3.connect(database.target, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
    else:
        with database._server.connect() as other, other.transaction():
            other.execute("LOCK TABLE legend_records, legend_meta IN EXCLUSIVE MODE")
            yield


async def test_a_closed_store_says_so_and_may_be_closed_again(database, record):
    store = database.open()
    await store.save(ExecutionId.new(), record())
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match="was closed"):
        await store.list()


async def test_closing_finishes_what_was_begun(database, record):
    store, ids = database.open(), [ExecutionId.new() for _ in range(10)]
    saving = [asyncio.ensure_future(store.save(run_id, record())) for run_id in ids]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*saving)
    assert {found.id for found in await database.open().list()} == set(ids)


async def test_a_dropped_store_takes_its_threads_and_connections_with_it(database, record):
    before = set(threading.enumerate())
    store = database.open()
    await store.save(ExecutionId.new(), record())
    threads = set(threading.enumerate()) - before
    assert threads
    database._opened.clear()
    del store
    gc.collect()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


async def test_a_failure_breaks_off_nothing_else_and_leaves_no_connection_behind(tmp_path, record):
    store = SqlStore(tmp_path / "records.db", lock_wait_s=0)
    run_id, before = ExecutionId.new(), set(threading.enumerate())
    await store.save(run_id, record(journal=["long " * 200_000]))
    with contextlib.closing(sqlite3.connect(tmp_path / "records.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        mixed = [call for _ in range(10) for call in (store.get(run_id), store.save(run_id, record()))]
        answers = await asyncio.gather(*mixed, return_exceptions=True)
        other.execute("ROLLBACK")
    assert {type(answer) for answer in answers[::2]} == {PausedRecord}
    assert {type(answer) for answer in answers[1::2]} == {BackendError}
    threads = set(threading.enumerate()) - before
    await store.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_a_connection_that_failed_may_report_after_the_end():
    loop, called = PrivateLoop("test"), []
    ended = loop.close(lambda: asyncio.sleep(0))
    ended.result(10)
    loop.join(10)
    loop._loop.call_soon_threadsafe(called.append, 1)
    assert called == []
    with pytest.raises(RuntimeError, match="closed"):
        loop.submit(lambda: asyncio.sleep(0))


async def test_every_commit_to_a_file_is_synced(tmp_path, record):
    seen = set()

    def look(connection):
        for setting in ("synchronous", "journal_mode"):
            seen.add((setting, connection.exec_driver_sql(f"PRAGMA {setting}").scalar()))

    event.listen(Engine, "commit", look)
    try:
        async with SqlStore(tmp_path / "records.db") as store:
            await store.save(ExecutionId.new(), record())
    finally:
        event.remove(Engine, "commit", look)
    assert seen == {("synchronous", 2), ("journal_mode", "wal")}


async def test_a_cancelled_write_is_done_in_its_turn(database, record, row):
    run_id = ExecutionId.new()
    store = database.open()
    await store.save(run_id, record())
    with everything_locked(database):
        writing = asyncio.ensure_future(store.append(run_id, 0, row("cancelled", at="first"), b"{}"))
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        later = asyncio.ensure_future(store.append(run_id, 0, row("last", at="second"), b"{}"))
        await asyncio.sleep(0)
    await later
    assert (await store.get(run_id)).at == "second"


async def test_a_cancelled_claim_holds_nothing(database, record):
    run_id = ExecutionId.new()
    store = database.open()
    await store.save(run_id, record())
    with everything_locked(database):
        claiming = asyncio.ensure_future(store.claim(run_id))
        await asyncio.sleep(0)
        claiming.cancel()
        with pytest.raises(asyncio.CancelledError):
            await claiming
    await store.claim(run_id)


async def test_a_loop_that_ended_meanwhile_is_no_trouble(database, record):
    run_id = ExecutionId.new()
    store = database.open()
    await store.list()

    async def give_up():
        saving = asyncio.ensure_future(store.save(run_id, record()))
        await asyncio.sleep(0)
        assert not saving.done()

    with everything_locked(database):
        await asyncio.to_thread(asyncio.run, give_up())
    await store.save(ExecutionId.new(), record())
    if database.name == "sqlite":  # one writer: the first write has come first
        assert await store.exists(run_id)


def test_a_program_that_closes_nothing_ends_in_silence(database):
    run_code("asyncio.run(store.save(run_id, record)); asyncio.run(store.list())", database.target)
    assert len(asyncio.run(database.open().list())) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
@pytest.mark.parametrize("in_child", ["asyncio.run(store.save(other, record)); asyncio.run(store.close())", "pass"])
def test_a_forked_child_opens_the_database_for_itself(database, in_child):
    code = """
asyncio.run(store.save(run_id, record))
if (child := os.fork()) == 0:
    other = ExecutionId.new()
    IN_CHILD
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
asyncio.run(store.append(run_id, 0, b'{"entry": 1, "state": "Running", "at": "b"}', b"{}"))
print(len(asyncio.run(store.list())))
"""
    count = 1 if in_child == "pass" else 2
    assert run_code(code.replace("IN_CHILD", in_child), database.target) == f"{count}\n"


@pytest.mark.parametrize("when", ["before", "after"])
def test_loops_that_were_made_to_nest_change_nothing(database, when):
    code = """
import nest_asyncio2
async def inner():
    await store.append(run_id, 0, b'{"entry": 1, "state": "Running", "at": "b"}', b"{}")
async def outer():
    await store.save(run_id, record)
    asyncio.get_running_loop().run_until_complete(inner())
    print((await store.get(run_id)).at)
if "WHEN" == "after":
    asyncio.run(store.list())
nest_asyncio2.apply()
asyncio.run(outer())
asyncio.run(store.close())
"""
    assert run_code(code.replace("WHEN", when), database.target) == "b\n"
