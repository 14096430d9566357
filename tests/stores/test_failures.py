"""What happens when disk, file or server fail: a clear error, nothing lost, and all well again afterwards."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from legend_lab.core.errors import BackendError
from legend_lab.runtime.ids import ExecutionId
from legend_lab.stores.sql import SqlStore

ROOT = Path(__file__).parents[2]
BIG = "x" * 200_000


@contextlib.contextmanager
def every_sqlite_connection(pragma):
    """Give each new SQLite connection a setting, as long as the block lasts."""

    def set_up(connection, _):
        cursor = connection.cursor()
        cursor.execute(pragma)
        cursor.close()

    event.listen(Engine, "connect", set_up)
    try:
        yield
    finally:
        event.remove(Engine, "connect", set_up)


@contextlib.contextmanager
def locked(path):
    """Keep an SQLite file locked by another program."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def run_script(name, *arguments):
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-W", "error", Path(__file__).with_name(name), *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


async def test_a_full_disk_loses_nothing_and_is_forgotten_once_there_is_room(tmp_path, record, row):
    path, run_id = tmp_path / "records.db", ExecutionId.new()
    async with SqlStore(path) as store:
        await store.save(run_id, record())
        await store.append(run_id, 0, row("before"), b"{}")
    kept = None
    async with SqlStore(path) as store:
        kept = (await store.get(run_id)).data
    with every_sqlite_connection("PRAGMA max_page_count = 1"):  # never less than the file has: no page more
        store = SqlStore(path)
        for write in (
            lambda: store.save(ExecutionId.new(), record(context={"big": BIG})),
            lambda: store.append(run_id, 1, row(BIG), b"{}"),
        ):
            with pytest.raises(BackendError, match="disk is full: free some space") as caught:
                await write()
            assert str(path) in str(caught.value)
            assert caught.value.__cause__ is not None
            assert BIG[:50] not in str(caught.value.__cause__)
        assert (await store.get(run_id)).data == kept
        assert len(await store.list()) == 1
    await store.append(run_id, 1, row("after"), b"{}")
    assert (await store.get(run_id)).at == "b"
    await store.close()


def test_a_disk_that_takes_no_more_bytes_loses_nothing(tmp_path):
    done = run_script("full_disk_script.py", str(tmp_path / "records.db"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "free some space" in done.stdout


def test_a_read_only_folder_or_file_is_named_and_loses_nothing():
    folder = Path(tempfile.mkdtemp(prefix="lab-read-only-"))
    try:
        done = run_script("read_only_script.py", str(folder))
    finally:
        shutil.rmtree(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "well again"


@pytest.mark.parametrize("content", [b"this is no database, " * 100, b"SQLite format 3\0" + b"\xff" * 5000])
async def test_a_file_that_is_no_database_is_named_and_left_as_it_is(tmp_path, record, content):
    path, run_id = tmp_path / "notes.txt", ExecutionId.new()
    path.write_bytes(content)
    async with SqlStore(path) as store:
        for call in (
            store.save(run_id, record()),
            store.get(run_id),
            store.list(),
            store.exists(run_id),
            store.claim(run_id),
        ):
            with pytest.raises(BackendError, match=r"notes.txt: the (file is no SQLite|database file is damaged)"):
                await call
        assert path.read_bytes() == content
        path.unlink()
        await store.save(run_id, record())
        assert await store.exists(run_id)


async def test_a_folder_is_no_database(tmp_path):
    async with SqlStore(tmp_path) as store:
        with pytest.raises(BackendError, match="this is a directory: name a file in it"):
            await store.list()


async def test_a_missing_folder_is_named_and_may_be_made_afterwards(tmp_path):
    async with SqlStore(tmp_path / "later" / "records.db") as store:
        with pytest.raises(BackendError, match="directory does not exist: create it"):
            await store.list()
        (tmp_path / "later").mkdir()
        assert await store.list() == []


async def test_a_locked_file_is_named_and_works_again_when_unlocked(tmp_path, record, row):
    path, run_id = tmp_path / "records.db", ExecutionId.new()
    async with SqlStore(path, lock_wait_s=0) as store:
        await store.save(run_id, record())
        claim = await store.claim(run_id)
        with locked(path):
            with pytest.raises(BackendError) as caught:
                await claim.append(0, row(1, reason="card 4111-1111"), b"{}")
            assert "4111-1111" not in str(caught.value) + str(caught.value.__cause__)
            for call in (claim.append(0, row(1), b"{}"), claim.renew(), claim.release(), store.claim(run_id)):
                with pytest.raises(BackendError, match="another program keeps the database locked"):
                    await call
            assert (await store.get(run_id)).data == record()
        await claim.append(0, row(1), b"{}")
        assert (await store.get(run_id)).at == "b"


async def test_tables_of_another_version_are_refused(database):
    async with database.open() as store:
        await store.list()
    if database.name == "sqlite":
        with contextlib.closing(sqlite3.connect(database.target)) as other:
            other.execute("UPDATE legend_meta SET value = 99 WHERE name = 'schema'")
            other.commit()
    else:
        with database._server.connect() as other:
            other.execute("UPDATE legend_meta SET value = 99 WHERE name = 'schema'")
    with pytest.raises(BackendError, match="have version 99"):
        await database.open().list()


async def test_a_database_file_deleted_while_open_is_made_anew(tmp_path, record):
    path = tmp_path / "records.db"
    async with SqlStore(path) as store:
        await store.save(ExecutionId.new(), record())
        for name in tmp_path.glob("records.db*"):
            name.unlink()
        run_id = ExecutionId.new()
        await store.save(run_id, record())
    async with SqlStore(path) as store:
        assert [found.id for found in await store.list()] == [run_id]


async def test_tables_dropped_while_open_are_made_anew(postgres, record):
    postgres.clear()
    async with SqlStore(postgres.url) as store:
        await store.save(ExecutionId.new(), record())
        postgres.clear()
        with pytest.raises(BackendError, match="tables are gone"):
            await store.save(ExecutionId.new(), record())
        await store.save(ExecutionId.new(), record())
        assert len(await store.list()) == 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
async def test_a_server_that_goes_away_is_named_and_found_again(postgres, record, row, how):
    postgres.clear()
    run_id = ExecutionId.new()
    async with SqlStore(postgres.url) as store:
        await store.save(run_id, record())
        claim = await store.claim(run_id)
        await claim.append(0, row("before"), b"{}")
        postgres.stop(how)
        try:
            for call in (claim.append(1, row("lost"), b"{}"), store.get(run_id), store.list()):
                with pytest.raises(BackendError, match="server") as caught:
                    await call
                assert str(postgres.port) in str(caught.value)
        finally:
            postgres.start()
        assert (await store.get(run_id)).data == record(at="b", state="Running", reason="", journal=["before"])
        await claim.append(1, row("after", at="c"), b"{}")
        assert (await store.get(run_id)).at == "c"


async def test_a_server_started_anew_between_two_calls_is_not_noticed(postgres, record, row):
    postgres.clear()
    run_id = ExecutionId.new()
    async with SqlStore(postgres.url) as store:
        await store.save(run_id, record())
        claim = await store.claim(run_id)
        postgres.stop()
        postgres.start()
        await claim.append(0, row("after"), b"{}")
        postgres.stop()
        postgres.start()
        assert (await store.get(run_id)).at == "b"


async def test_a_table_locked_on_the_server_is_named(postgres, record, row):
    postgres.clear()
    run_id = ExecutionId.new()
    async with SqlStore(postgres.url, lock_wait_s=0.01) as store:
        await store.save(run_id, record())
        with postgres.connect() as other, other.transaction():
            other.execute("LOCK TABLE legend_records IN ACCESS EXCLUSIVE MODE")
            for call in (store.append(run_id, 0, row(1), b"{}"), store.get(run_id)):
                with pytest.raises(BackendError, match="locked: let it finish"):
                    await call
        await store.append(run_id, 0, row(1), b"{}")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda url: url.replace("/postgres", "/nowhere"), 'database "nowhere" does not exist'),
        (lambda url: url.replace("lab:", "nobody_known:"), "password authentication failed"),
        (lambda url: url.replace("127.0.0.1", "no-such-host.invalid"), "no-such-host"),
    ],
)
async def test_what_a_server_refuses_is_said_without_the_password(postgres, change, reason):
    async with SqlStore(change(postgres.url)) as store:
        with pytest.raises(
            BackendError, match=f"start it, or put right host, port, database, user or password.*{reason}"
        ) as caught:
            await store.list()
        secret = postgres.url.split(":")[2].split("@")[0]
        for text in (str(caught.value), repr(caught.value), str(caught.value.__cause__), repr(store)):
            assert secret not in text
            assert "p'w%/@: word" not in text


async def test_a_user_without_rights_is_told(postgres, record):
    postgres.clear()
    with postgres.connect() as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'r'")
        async with SqlStore(postgres.url) as owner:
            await owner.save(ExecutionId.new(), record())
        connection.execute("GRANT USAGE ON SCHEMA public TO reader")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    async with SqlStore(f"postgresql://reader:r@127.0.0.1:{postgres.port}/postgres") as store:
        assert len(await store.list()) == 1
        with pytest.raises(BackendError, match="lacks a right"):
            await store.save(ExecutionId.new(), record())
    postgres.clear()
    with postgres.connect() as connection:
        connection.execute("DROP ROLE reader")
