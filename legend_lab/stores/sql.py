"""Owns SqlStore, which keeps records in an SQLite file or a PostgreSQL database."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from legend_lab.core.errors import StoreError
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.store import PausedRecord
from legend_lab.stores import checks, sql_claim
from legend_lab.stores.private_loop import answer_of
from legend_lab.stores.sql_claim import Writer
from legend_lab.stores.sql_database import Tongue
from legend_lab.stores.sql_desk import Desk
from legend_lab.stores.sql_schema import records
from legend_lab.stores.sql_url import Target


class SqlStore:
    """Keeps records in an SQLite file (a path or `sqlite:///path`) or in PostgreSQL (`postgresql://…`).

    An SQLite file belongs on a local disk, for the processes of one machine; several machines share PostgreSQL.
    Tables are created on first use. What a method wrote is on disk when it returns; a method that is cancelled is
    still done as a whole, in its turn. One store may be used from any number of event loops and threads, one after
    another or at once. Use `async with`, or `await close()` at the end.
    """

    def __init__(
        self,
        url_or_path: str | os.PathLike[str],
        *,
        lock_wait_s: float = 10.0,
        now_us: Callable[[], int] = checks.wall_us,
    ) -> None:
        """Name the database; nothing is opened yet.

        `lock_wait_s` is how long an operation waits for a lock that another program holds. `now_us` is the clock of
        leases in an SQLite file, in microseconds since 1970; with PostgreSQL it is the server's own.

        Raises:
            StoreError: `url_or_path` names no database that this store can use.
            BackendError: the driver is missing.
        """
        self._target = Target.parse(url_or_path)
        self._desk = Desk(self._target, lock_wait_s=lock_wait_s, now_us=now_us)

    def __repr__(self) -> str:
        return f"SqlStore({self._target.shown!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Finish what was begun and close all connections; the store takes no more work, a second call does nothing."""
        await self._desk.close()

    async def save(self, id: ExecutionId, data: bytes | str) -> None:
        """Keep `data` as the record of `id`, replacing what was there with its appended rows."""
        await self._save(checks.key(id), None, data)

    async def append(self, id: ExecutionId, seq: int, entry: bytes, context: bytes) -> None:
        """Write journal row `seq` and the context after it; bytes written do not grow with the history."""
        await self._append(checks.key(id), None, seq, entry, context)

    async def get(self, id: ExecutionId) -> PausedRecord:
        """Return the record, whole."""
        key = checks.key(id)
        return sql_claim.whole(id, key, await self._desk.read(sql_claim.reading(key)))

    async def delete(self, id: ExecutionId) -> None:
        """Delete the record."""
        await self._delete(checks.key(id), None)

    async def exists(self, id: ExecutionId) -> bool:
        """Say whether there is a record under `id`."""
        return bool(await self._desk.read(select(records.c.id).where(records.c.id == checks.key(id))))

    async def list(self) -> list[PausedRecord]:
        """Return what can be said of every record without reading them whole, oldest first."""
        columns = (records.c.id, records.c.written_us, records.c.state, records.c.at, records.c.reason)
        found = await self._desk.read(select(*columns).order_by(records.c.written_us, records.c.id))
        return [
            PausedRecord(ExecutionId.parse(row.id), None, checks.instant(row.written_us), row.state, row.at, row.reason)
            for row in found
        ]

    async def claim(self, id: ExecutionId, lease_s: float = 30.0) -> SqlClaim:
        """Take the right to write `id` for `lease_s` seconds, renewable."""
        key, lasts_us = checks.key(id), checks.lease_us(lease_s)

        is_wanted = True

        async def take(connection: AsyncConnection, tongue: Tongue) -> tuple[PausedRecord, int]:
            taken = await sql_claim.take(connection, tongue, id, key, lasts_us)
            if not is_wanted:
                raise asyncio.CancelledError  # and so the transaction is taken back
            return taken

        promise = self._desk.start_writing(key, take)
        try:
            record, token = await answer_of(promise)
        except asyncio.CancelledError:
            is_wanted = False
            # If it was too late for that: nobody holds what was claimed, so let go of it.
            promise.add_done_callback(lambda taken: self._let_go(key, taken))
            raise
        return SqlClaim(self, record, token, lease_s)

    def _start_releasing(self, key: str, token: int) -> Future[None]:
        return self._desk.start_writing(
            key, lambda connection, tongue: Writer(connection, tongue, key, token).release()
        )

    def _let_go(self, key: str, taken: Future[tuple[PausedRecord, int]]) -> None:
        if taken.exception() is None:
            with contextlib.suppress(StoreError):  # closed meanwhile: the lease runs out by itself
                self._start_releasing(key, taken.result()[1])

    async def _save(self, key: str, token: int | None, data: bytes | str) -> None:
        head, standing = checks.whole(data)
        await self._write(key, token, lambda writer: writer.save(head, standing))

    async def _append(self, key: str, token: int | None, seq: int, entry: bytes, context: bytes) -> None:
        standing = checks.row(seq, entry, context)
        await self._write(key, token, lambda writer: writer.append(seq, entry, context, standing))

    async def _delete(self, key: str, token: int | None) -> None:
        await self._write(key, token, lambda writer: writer.delete())

    async def _renew(self, key: str, token: int, lasts_us: int) -> None:
        await self._write(key, token, lambda writer: writer.renew(lasts_us))

    async def _release(self, key: str, token: int) -> None:
        await answer_of(self._start_releasing(key, token))

    async def _write(self, key: str, token: int | None, work: Callable[[Writer], Awaitable[None]]) -> None:
        await self._desk.write(key, lambda connection, tongue: work(Writer(connection, tongue, key, token)))


@dataclass(frozen=True, slots=True)
class SqlClaim:
    """The right to write one record of a `SqlStore`."""

    _store: SqlStore = field(repr=False)
    record: PausedRecord
    token: int
    lease_s: float

    async def save(self, data: bytes) -> None:
        """Replace the record by `data`, a whole record."""
        await self._store._save(self._key, self.token, data)  # noqa: SLF001 - the store's other half

    async def append(self, seq: int, entry: bytes, context: bytes) -> None:
        """Write journal row `seq` (replacing the row of that number) and the context that goes with it."""
        await self._store._append(self._key, self.token, seq, entry, context)  # noqa: SLF001 - the same

    async def delete(self) -> None:
        """Delete the record and let go of it."""
        await self._store._delete(self._key, self.token)  # noqa: SLF001 - the same

    async def renew(self) -> None:
        """Make the lease last `lease_s` from now."""
        await self._store._renew(self._key, self.token, checks.lease_us(self.lease_s))  # noqa: SLF001 - the same

    async def release(self) -> None:
        """Let go of the record; a second call does nothing."""
        await self._store._release(self._key, self.token)  # noqa: SLF001 - the same

    @property
    def _key(self) -> str:
        return checks.key(self.record.id)
