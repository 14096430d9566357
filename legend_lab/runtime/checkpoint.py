"""Owns checkpoints: the journal written as it grows, the intent before and the outcome after each instruction (S17)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from legend_lab.core.errors import LegendError, NotFoundError, StaleClaimError, StoreError
from legend_lab.core.instructions import Instruction
from legend_lab.runtime.codec import Mark, Origin, dump, intent_bytes, mark_of, mark_of_run, row_bytes, standing_of
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.record import write_json
from legend_lab.runtime.run import Run
from legend_lab.runtime.store import Claim, PausedRecord, Store

LEASE_S = 30.0
"""Seconds that a lease lasts which a run takes for itself; it is renewed three times as often."""

_LOG = logging.getLogger("legend_lab")


class Checkpoint:
    """Writes one run's journal to a store, under a claim.

    A bare store's record is claimed at the first write, renewed in the background, and let go when the run ends or
    pauses; a run that stops in between keeps the claim for `recover()`. A claim that was handed in stays its owner's.
    """

    def __init__(self, target: Store | Claim, origin: Origin | None = None) -> None:
        """Write to `target`; a run that was loaded says from what.

        Raises:
            StoreError: `target` is neither a store nor a claim.
        """
        self._claim = target if isinstance(target, Claim) else None
        self._store = target if isinstance(target, Store) and self._claim is None else None
        if self._claim is None and self._store is None:
            raise StoreError(f"checkpoint= takes a store or a claim on one of its records, not {target!r}"[:200])
        self._mark = Mark() if origin is None else origin.mark
        """How far the record must have come where it is claimed."""
        self._written = self._mark.entries
        """How many of the run's rows are stored as they are."""
        self._begins = origin is None
        """There is no record of this run yet, or only what `_create` may have saved."""
        self._attempted = False
        self._held = False
        """The claim is known to be on a record that is no further than this run."""
        self._rewrites = origin is not None and origin.differs
        """The stored record holds entries that the run's journal has otherwise; it is written anew as a whole."""

    @property
    def claimed_id(self) -> ExecutionId | None:
        """The execution whose record was handed in as a claim."""
        return self._claim.record.id if self._claim is not None else None

    @contextlib.asynccontextmanager
    async def session(self, run: Run) -> AsyncIterator[None]:
        """Hold the claim while the run goes on; a run that stops unexpectedly keeps it for `recover()`.

        Raises:
            AlreadyClaimedError: another holder's lease lives.
            StaleClaimError: the record has gone on since it was loaded, or the claim was lost.
        """
        claim = await self._open(run)
        renewing = asyncio.create_task(self._renew(claim)) if self._store is not None else None
        try:
            yield
        finally:
            if renewing is not None:
                renewing.cancel()
        if renewing is not None:
            await asyncio.gather(renewing, return_exceptions=True)
        await self.flush(run)
        if self._store is not None:
            self._claim, self._held, self._mark = None, False, mark_of_run(run)
            try:
                await claim.release()
            except StoreError:  # all is written, and the lease runs out by itself
                _LOG.warning("the claim on record %s could not be released", run.id, exc_info=True)

    async def intent(self, run: Run, instruction: Instruction, started: int) -> None:
        """Write that `instruction` is about to be performed, with the context before it."""
        await self.flush(run)
        entry, context = intent_bytes(run, instruction, started), write_json(run.shape.context.dump(run.context))
        await self._live().append(len(run.rows), entry, context)

    async def flush(self, run: Run) -> None:
        """Write the rows that are not written yet.

        One is appended. Several come only where a run was taken up again; they are written with the whole record, so
        that no moment in between can be found in the store.
        """
        length = len(run.rows)
        if self._written == length and not self._rewrites:
            return
        if self._written + 1 == length and not self._rewrites:
            row, context = row_bytes(run, length - 1, standing_of(run.machine)), run.shape.context.dump(run.context)
            await self._live().append(length - 1, row, write_json(context))
        else:
            await self._live().save(dump(run))
        self._written, self._rewrites = length, False

    async def _open(self, run: Run) -> Claim:
        """Hold the claim, on a record that is where this run left it."""
        if self._held and self._claim is not None:
            if self._store is not None:
                await self._claim.renew()
            return self._claim
        if self._store is not None and self._claim is None:
            if self._begins:
                await self._create(self._store, run)
            self._claim = await self._store.claim(run.id, LEASE_S)
        claim = self._live()
        try:
            self._check(run, claim.record)
        except LegendError:
            if self._store is not None:
                self._claim = None
                await claim.release()
            raise
        if self._begins:
            data = dump(run)
            if claim.record.data != data:  # of two that begin one id, one wins whole
                await claim.save(data)
            self._written, self._begins = len(run.rows), False
        self._held = True
        return claim

    async def _create(self, store: Store, run: Run) -> None:
        """Save the record of a run that begins, unless an interrupted attempt has done it before."""
        if await store.exists(run.id):
            if self._attempted:
                return
            raise StoreError(f"there is a record of execution {run.id} already; load it, or build with another id")
        self._attempted, self._mark = True, mark_of_run(run)
        await store.save(run.id, dump(run))

    def _check(self, run: Run, record: PausedRecord) -> None:
        if record.id != run.id:
            raise StoreError(f"the claim is on record {record.id}, but the execution is {run.id}")
        if record.data is None:
            raise NotFoundError(f"record {record.id} came from a listing; get it whole first")
        found = mark_of(record.data)
        if found != self._mark:
            raise StaleClaimError(
                f"record {run.id} has gone on since it was loaded ({found.entries} entries there, "
                f"{self._mark.entries} here); load it again"
            )

    def _live(self) -> Claim:
        if self._claim is None:
            raise StoreError("the record is not claimed")
        return self._claim

    async def _renew(self, claim: Claim) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            with contextlib.suppress(StoreError):  # the next write says it, where somebody listens
                await claim.renew()
