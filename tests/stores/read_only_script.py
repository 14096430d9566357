"""Uses a store whose folder or file turns read-only, as a user whom that binds (root is bound by nothing)."""

# ruff: noqa: T201 - what it prints is its answer

import asyncio
import os
import pwd
import sys
from pathlib import Path

import pytest

from legend_lab.core.errors import BackendError
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.record import FORMAT, VERSION, seal
from legend_lab.stores.sql import SqlStore

RECORD = seal({"format": FORMAT, "version": VERSION, "state": "Paused", "at": "a"})


async def refused(call):
    with pytest.raises(BackendError, match="let this user") as caught:
        await call
    print(caught.value)


async def main(folder):
    path, run_id = folder / "records.db", ExecutionId.new()
    async with SqlStore(folder / "warm-up.db") as store:  # loads all code, as root may read it
        await store.save(run_id, RECORD)
    (folder / "warm-up.db").unlink()
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
    async with SqlStore(path) as store:
        folder.chmod(0o555)
        await refused(store.list())
        folder.chmod(0o755)
        await store.save(run_id, RECORD)
    folder.chmod(0o555)
    async with SqlStore(path) as store:
        await refused(store.save(ExecutionId.new(), RECORD))
        folder.chmod(0o755)
        await store.save(ExecutionId.new(), RECORD)
    path.chmod(0o444)
    async with SqlStore(path) as store:
        await refused(store.save(ExecutionId.new(), RECORD))
        assert len(await store.list()) == 2
        assert (await store.get(run_id)).data == RECORD
        path.chmod(0o000)
        await refused(SqlStore(path).list())
        path.chmod(0o644)
        await refused(store.save(run_id, RECORD))  # SQLite gave its helper files the mode that the file had
        for helper in folder.glob("records.db-*"):
            helper.chmod(0o644)
        await store.save(ExecutionId.new(), RECORD)
        assert len(await store.list()) == 3
    print("well again")


asyncio.run(main(Path(sys.argv[1])))
