"""Fills a disk: a process whose files may not grow any more, until they may again."""

import asyncio
import resource
import sys
from pathlib import Path

from legend_lab.core.errors import BackendError
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.record import FORMAT, VERSION, write_json
from legend_lab.stores.sql import SqlStore


async def main(path):
    record = write_json({"format": FORMAT, "version": VERSION, "state": "Paused", "at": "a"})
    row = write_json({"entry": "x" * 3000, "state": "Running", "at": "b"})
    id = ExecutionId.new()
    async with SqlStore(path) as store:
        await store.save(id, record)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        wal = Path(path + "-wal")
        resource.setrlimit(resource.RLIMIT_FSIZE, (wal.stat().st_size + 50_000, limits[1]))
        written = 0
        try:
            while True:
                await store.append(id, written, row, b"{}")
                written += 1
        except BackendError as error:
            print(error)
        assert written > 0
        assert (await store.get(id)).data.count(b"xxx") > 0
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        await store.append(id, written, row, b'{"room": true}')
    async with SqlStore(path) as store:
        data = (await store.get(id)).data
        assert data.count(b'"xxx') == written + 1, (data.count(b'"xxx'), written)
        assert b'"room":true' in data


asyncio.run(main(sys.argv[1]))
