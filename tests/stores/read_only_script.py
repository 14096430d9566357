"""Uses a store whose folder or file turns read-only, as a user whom that binds (root is bound by nothing)."""

import asyncio
import os
import pwd
import sys
from pathlib import Path

from legend_lab.core.errors import BackendError
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.record import FORMAT, VERSION, write_json
from legend_lab.stores.sql import SqlStore

RECORD = write_json({"format": FORMAT, "version": VERSION, "state": "Paused", "at": "a"})


async def refused(call):
    try:
        await call
    except BackendError as error:
        print(error)
        assert "let this user" in str(error), error
    else:
        raise AssertionError("a read-only file was written")


async def main(folder):
    path, id = folder / "records.db", ExecutionId.new()
    async with SqlStore(folder / "warm-up.db") as store:  # loads all code, as root may read it
        await store.save(id, RECORD)
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
        await store.save(id, RECORD)
    folder.chmod(0o555)
    async with SqlStore(path) as store:
        await refused(store.save(ExecutionId.new(), RECORD))
        folder.chmod(0o755)
        await store.save(ExecutionId.new(), RECORD)
    path.chmod(0o444)
    async with SqlStore(path) as store:
        await refused(store.save(ExecutionId.new(), RECORD))
        assert len(await store.list()) == 2
        assert (await store.get(id)).data == RECORD
        path.chmod(0o000)
        await refused(SqlStore(path).list())
        path.chmod(0o644)
        await refused(store.save(id, RECORD))  # SQLite gave its helper files the mode that the file had
        for helper in folder.glob("records.db-*"):
            helper.chmod(0o644)
        await store.save(ExecutionId.new(), RECORD)
        assert len(await store.list()) == 3
    print("well again")


asyncio.run(main(Path(sys.argv[1])))
