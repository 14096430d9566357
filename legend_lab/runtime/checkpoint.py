"""Owns checkpoints: the journal written as it grows, the intent before and the outcome after each instruction (S17)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from legend_lab.core.errors import NotFoundError, StaleClaimError, StoreError
from legend_lab.core.instructions import Instruction
from legend_lab.runtime.codec import dump, intent_bytes, row_bytes, standing_of
from legend_lab.runtime.record import read_head, write_json
from legend_lab.runtime.run import Run
from legend_lab.runtime.store import Claim, PausedRecord, Store

LEASE_S = 30.0
"""Seconds that a lease lasts which a run takes for itself; it is renewed three times as often."""


class Checkpoint:
    """Writes one run's journal to a store, under a claim.

    A bare store's record is claimed at the first write, renewed in the background, and let go when the run ends or
    pauses; a claim that was handed in stays its owner's.
    """

    def __init__(self, target: Store | Claim, *, stored: int | None = None, written: int = 0) -> None:
        """Write to `target`.

        `stored` is the number of entries that the record had when it was loaded, None for a run that is new;
        `written` of them are closed.
        """
        self._store = None if isinstance(target, Claim) else target
        self._claim = target if isinstance(target, Claim) else None
        self._stored = stored
        self._written = written
        self._created = False

    @contextlib.asynccontextmanager
    async def session(self, run: Run) -> AsyncIterator[None]:
        """Hold the claim while the run goes on; a run that stops unexpectedly keeps it for `recover()`."""
        if self._claim is None or self._stored is None:
            await self._open(run)
        renewing = asyncio.create_task(self._renew()) if self._store is not None else None
        try:
            yield
        finally:
            if renewing is not None:
                renewing.cancel()
        await self.flush(run)
        if self._store is not None and self._claim is not None:
            claim, self._claim = self._claim, None
            self._stored = self._written
            await claim.release()

    async def intent(self, run: Run, instruction: Instruction, started: int) -> None:
        """Write that `instruction` is about to be performed, with the context before it."""
        await self.flush(run)
        entry, context = intent_bytes(run, instruction, started), write_json(run.shape.context.dump(run.context))
        await self._held().append(len(run.rows), entry, context)

    async def flush(self, run: Run) -> None:
        """Write all rows that are not written yet."""
        while self._written < len(run.rows):
            context = write_json(run.shape.context.dump(run.context))
            row = row_bytes(run, self._written, standing_of(run.machine))
            await self._held().append(self._written, row, context)
            self._written += 1

    async def _open(self, run: Run) -> None:
        if self._claim is None and self._store is not None:
            if self._stored is None and not self._created:
                await self._create(self._store, run)
                self._created = True
            self._claim = await self._store.claim(run.id, LEASE_S)
        claim = self._held()
        journal = read_head(_data(claim.record)).get("journal")
        entries = len(journal) if isinstance(journal, list) else 0
        if entries != (self._stored or 0):
            if self._store is not None:
                self._claim = None
                await claim.release()
            raise StaleClaimError(
                f"record {run.id} has gone on since it was loaded ({entries} entries there, {self._stored or 0} here); "
                "load it again"
            )
        if self._stored is None:
            await claim.save(dump(run))
            self._stored = 0

    async def _create(self, store: Store, run: Run) -> None:
        if await store.exists(run.id):
            raise StoreError(f"there is a record of execution {run.id} already; load it, or build with another id")
        await store.save(run.id, dump(run))

    def _held(self) -> Claim:
        if self._claim is None:
            raise StoreError("the record is not claimed")
        return self._claim

    async def _renew(self) -> None:
        while self._claim is not None:
            await asyncio.sleep(LEASE_S / 3)
            with contextlib.suppress(StoreError):  # the next write says it, where somebody listens
                await self._claim.renew()


def _data(record: PausedRecord) -> bytes:
    if record.data is None:
        raise NotFoundError(f"record {record.id} came from a listing; get it whole first")
    return record.data
