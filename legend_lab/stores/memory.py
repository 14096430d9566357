"""Owns InMemoryStore, which keeps records as long as the process lives."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from legend_lab.runtime.holder import Holder
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.record import Standing, join
from legend_lab.runtime.store import PausedRecord
from legend_lab.stores import checks


@dataclass(slots=True)
class _Lease:
    token: int
    holder: Holder
    until_us: int


@dataclass(slots=True)
class _Kept:
    """One record: head, rows since, newest context, where it stands, and who may write it."""

    head: bytes
    standing: Standing
    written_us: int
    rows: dict[int, bytes] = field(default_factory=dict)
    context: bytes | None = None
    lease: _Lease | None = None

    def listed(self, id: ExecutionId, data: bytes | None = None) -> PausedRecord:
        where = self.standing
        return PausedRecord(id, data, checks.instant(self.written_us), where.state, where.at, where.reason)

    def whole(self, id: ExecutionId) -> PausedRecord:
        rows = [self.rows[seq] for seq in sorted(self.rows)]
        return self.listed(id, join(self.head, rows, self.context))


class InMemoryStore:
    """Keeps records in this process: for tests, notebooks and runs that need not outlive it.

    Safe to use from several threads and event loops; no method waits. Claims behave as in every other store.
    """

    def __init__(self, *, now_us: Callable[[], int] = checks.wall_us) -> None:
        """Make an empty store; `now_us` is the clock of leases, in microseconds since 1970."""
        self._now_us = now_us
        self._kept: dict[ExecutionId, _Kept] = {}
        self._last_token = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def __bool__(self) -> bool:
        """Return True, also when empty: a store is something to write to."""
        return True

    def __repr__(self) -> str:
        return f"<InMemoryStore with {len(self)} records>"

    @property
    def is_empty(self) -> bool:
        """Say whether there is no record."""
        return not self._kept

    async def save(self, id: ExecutionId, data: bytes | str) -> None:
        """Keep `data` as the record of `id`, replacing what was there with its appended rows."""
        self._save(id, data, None)

    async def append(self, id: ExecutionId, seq: int, entry: bytes, context: bytes) -> None:
        """Write journal row `seq` and the context after it."""
        self._append(id, seq, entry, context, None)

    async def get(self, id: ExecutionId) -> PausedRecord:
        """Return the record, whole."""
        key = checks.key(id)
        with self._lock:
            return self._find(id, key).whole(id)

    async def delete(self, id: ExecutionId) -> None:
        """Delete the record."""
        self._delete(id, None)

    async def exists(self, id: ExecutionId) -> bool:
        """Say whether there is a record under `id`."""
        checks.key(id)
        return id in self._kept

    async def list(self) -> list[PausedRecord]:
        """Return what can be said of every record without reading them whole, oldest first."""
        with self._lock:
            listed = [kept.listed(name) for name, kept in self._kept.items()]
        return sorted(listed, key=lambda record: (record.paused_at, str(record.id)))

    async def claim(self, id: ExecutionId, lease_s: float = 30.0) -> MemoryClaim:
        """Take the right to write `id` for `lease_s` seconds, renewable."""
        key, lasts_us = checks.key(id), checks.lease_us(lease_s)
        with self._lock:
            kept, now_us = self._find(id, key), self._now_us()
            if kept.lease is not None:
                checks.refuse_living(key, kept.lease.holder, kept.lease.until_us, now_us)
            record = kept.whole(id)
            self._last_token += 1
            kept.lease = _Lease(self._last_token, Holder.here(), now_us + lasts_us)
            return MemoryClaim(self, record, self._last_token, lease_s)

    def _find(self, id: ExecutionId, key: str) -> _Kept:
        try:
            return self._kept[id]
        except KeyError:
            raise checks.not_found(key) from None

    def _held(self, id: ExecutionId, token: int | None) -> _Kept:
        """Return the record if `token` may write it; without a token, a lapsed lease is ended for good."""
        key = checks.key(id)
        if token is not None:
            kept = self._kept.get(id)
            if kept is None or kept.lease is None or kept.lease.token != token:
                raise checks.stale(key, token)
            return kept
        kept = self._find(id, key)
        if kept.lease is not None:
            checks.refuse_living(key, kept.lease.holder, kept.lease.until_us, self._now_us())
            kept.lease = None
        return kept

    def _save(self, id: ExecutionId, data: bytes | str, token: int | None) -> None:
        head, standing = checks.whole(data)
        checks.key(id)
        with self._lock:
            is_new = token is None and id not in self._kept
            lease = None if is_new else self._held(id, token).lease
            self._kept[id] = _Kept(head, standing, self._now_us(), lease=lease)

    def _append(self, id: ExecutionId, seq: int, entry: bytes, context: bytes, token: int | None) -> None:
        standing = checks.row(seq, entry, context)
        with self._lock:
            kept = self._held(id, token)
            kept.rows[seq], kept.context = entry, context
            kept.standing, kept.written_us = standing, self._now_us()

    def _delete(self, id: ExecutionId, token: int | None) -> None:
        with self._lock:
            self._held(id, token)
            del self._kept[id]

    def _renew(self, id: ExecutionId, token: int, lasts_us: int) -> None:
        with self._lock:
            lease = self._held(id, token).lease
            if lease is not None:
                lease.until_us = self._now_us() + lasts_us

    def _release(self, id: ExecutionId, token: int) -> None:
        with self._lock:
            kept = self._kept.get(id)
            if kept is not None and kept.lease is not None and kept.lease.token == token:
                kept.lease = None


@dataclass(frozen=True, slots=True)
class MemoryClaim:
    """The right to write one record of an `InMemoryStore`."""

    _store: InMemoryStore = field(repr=False)
    record: PausedRecord
    token: int
    lease_s: float

    async def save(self, data: bytes) -> None:
        """Replace the record by `data`, a whole record."""
        self._store._save(self.record.id, data, self.token)  # noqa: SLF001 - the store's other half

    async def append(self, seq: int, entry: bytes, context: bytes) -> None:
        """Write journal row `seq` (replacing the row of that number) and the context that goes with it."""
        self._store._append(self.record.id, seq, entry, context, self.token)  # noqa: SLF001 - the same

    async def delete(self) -> None:
        """Delete the record and let go of it."""
        self._store._delete(self.record.id, self.token)  # noqa: SLF001 - the same

    async def renew(self) -> None:
        """Make the lease last `lease_s` from now."""
        self._store._renew(self.record.id, self.token, checks.lease_us(self.lease_s))  # noqa: SLF001 - the same

    async def release(self) -> None:
        """Let go of the record; a second call does nothing."""
        self._store._release(self.record.id, self.token)  # noqa: SLF001 - the same
