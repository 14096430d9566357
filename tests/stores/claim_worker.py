"""A process of its own that claims the records named on its input, one a line, and says how each claim went."""

# ruff: noqa: T201 - what it prints is its answer

import asyncio
import sys

from legend_lab.core.errors import AlreadyClaimedError
from legend_lab.runtime.ids import ExecutionId
from legend_lab.stores.sql import SqlStore


async def main(target):
    async with SqlStore(target) as store:
        await store.list()
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            try:
                claim = await store.claim(ExecutionId.parse(line.strip()), lease_s=3600)
            except AlreadyClaimedError as error:
                print("refused", error.holder, flush=True)
            else:
                print("won", claim.token, flush=True)


asyncio.run(main(sys.argv[1]))
