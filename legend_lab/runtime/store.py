"""Owns the Store protocol: where records of executions are kept, and who may write them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from legend_lab.runtime.ids import ExecutionId


@dataclass(frozen=True, slots=True)
class PausedRecord:
    """A stored execution, or (from `Store.list`) what can be said of it without reading it whole.

    Attributes:
        id: the execution's id.
        data: the whole record as `load` takes it; None in a listing.
        paused_at: when it was last written, UTC.
        state: name of the state it stands in: `Running`, `Paused`, `CompensationFailed`, `Completed` or `Failed`.
        at: path of the step it stands at, None when finished.
        reason: why it stands there, in words; empty while running or finished.
    """

    id: ExecutionId
    data: bytes | None = field(repr=False)
    paused_at: datetime
    state: str
    at: str | None = None
    reason: str = ""


@runtime_checkable
class Claim(Protocol):
    """The right to write one record, held until released, or lost when its lease runs out and another comes.

    Every write raises `StaleClaimError` once another holder has claimed the record, or someone without a claim has
    written or deleted it after the lease. As long as nobody did, a lease that ran out is still good, and renewable.
    """

    @property
    def record(self) -> PausedRecord:
        """The record as it stood when claimed, `data` included."""
        ...

    @property
    def token(self) -> int:
        """The fencing token: greater for each later claim of the same record."""
        ...

    @property
    def lease_s(self) -> float:
        """Seconds that a lease lasts from the claim or the last renewal."""
        ...

    async def save(self, data: bytes) -> None:
        """Replace the record by `data`, a whole record."""
        ...

    async def append(self, seq: int, entry: bytes, context: bytes) -> None:
        """Write journal row `seq` (replacing the row of that number) and the context that goes with it."""
        ...

    async def delete(self) -> None:
        """Delete the record and let go of it."""
        ...

    async def renew(self) -> None:
        """Make the lease last `lease_s` from now."""
        ...

    async def release(self) -> None:
        """Let go of the record; a second call does nothing."""
        ...


@runtime_checkable
class Store(Protocol):
    """Keeps records of executions. All methods raise `BackendError` when what is behind them fails.

    A write through the store itself (not through a `Claim`) raises `AlreadyClaimedError` while a lease lives, and ends
    a claim whose lease has lapsed. An id that is no `ExecutionId`, a row number below 0 and a lease that is no length
    of time raise `StoreError`; rows and contexts that could not be read back raise `CorruptRecordError`.
    A record is what `dump_json` gave plus the rows appended since; `get` returns the two as one.
    """

    async def save(self, id: ExecutionId, data: bytes | str) -> None:
        """Keep `data` as the record of `id`, replacing what was there with its appended rows.

        Raises:
            CorruptRecordError: `data` is no record (see `legend_lab.runtime.record`).
        """
        ...

    async def append(self, id: ExecutionId, seq: int, entry: bytes, context: bytes) -> None:
        """Write journal row `seq` and the context after it; bytes written do not grow with the history.

        Raises:
            NotFoundError: there is no record to append to.
        """
        ...

    async def get(self, id: ExecutionId) -> PausedRecord:
        """Return the record, whole.

        Raises:
            NotFoundError: there is none.
        """
        ...

    async def delete(self, id: ExecutionId) -> None:
        """Delete the record.

        Raises:
            NotFoundError: there is none.
        """
        ...

    async def exists(self, id: ExecutionId) -> bool:
        """Say whether there is a record under `id`."""
        ...

    async def list(self) -> list[PausedRecord]:
        """Return what can be said of every record without reading them whole, oldest first."""
        ...

    async def claim(self, id: ExecutionId, lease_s: float = 30.0) -> Claim:
        """Take the right to write `id` for `lease_s` seconds, renewable.

        A lease whose holder was a process of this very machine that no longer lives has lapsed.

        Raises:
            AlreadyClaimedError: another holder's lease lives.
            NotFoundError: there is no record under `id`.
        """
        ...
