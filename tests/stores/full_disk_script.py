"""Fills a disk: a process whose files may not grow any more, until they may again."""

# ruff: noqa: T201 - what it prints is its answer

import asyncio
import resource
import sys
from pathlib import Path

from legend_lab.core.errors import BackendError
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.record import FORMAT, VERSION, seal, write_json
from legend_lab.stores.sql import SqlStore


def size_of(path):
    return Path(path).stat().st_size


async def main(path):
    record = seal({"format": FORMAT, "version": VERSION, "state": "Paused", "at": "a"})
    row = write_json({"entry": "x" * 3000, "state": "Running", "at": "b"})
    run_id = ExecutionId.new()
    async with SqlStore(path) as store:
        await store.save(run_id, record)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_of(path + "-wal") + 50_000, limits[1]))
        written = 0
        try:
            while True:
                await store.append(run_id, written, row, b"{}")
                written += 1
        except BackendError as error:
            print(error)
        assert written > 0
        assert (await store.get(run_id)).data.count(b"xxx") > 0
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        await store.append(run_id, written, row, b'{"room": true}')
    async with SqlStore(path) as store:
        data = (await store.get(run_id)).data
        assert data.count(b'"xxx') == written + 1, (data.count(b'"xxx'), written)
        assert b'"room":true' in data


asyncio.run(main(sys.argv[1]))
