"""Owns Database: connections to one database, and transactions that either happen or leave all as it was."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from sqlalchemy import BigInteger, ColumnElement, Executable, Row, event, literal, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from legend_lab.stores import sql_schema
from legend_lab.stores.sql_errors import DRIVER_ERRORS, explain
from legend_lab.stores.sql_url import Target

T = TypeVar("T")

_CONNECTIONS = 5
_TURN_TIMEOUT_S = 60.0
_CREATION_LOCK = 0x6C6567656E64  # any number that other programs on the server are unlikely to lock


@dataclass(frozen=True, slots=True)
class Tongue:
    """Where the two databases speak differently: the instant of now in microseconds, and insert-or-replace."""

    now_us: Callable[[], ColumnElement[int]]
    insert: Callable[..., sqlite.Insert | postgresql.Insert]


@dataclass(slots=True, eq=False)
class _Pool:
    """An engine, and how many transactions use it now: one that failed is closed when the last has left it."""

    engine: AsyncEngine
    file: tuple[int, int] | None
    users: int = 0
    has_failed: bool = False


class Database:
    """One database, used from one event loop only.

    Connections are made when first needed, and made anew after every failure, so the database works again as soon as
    the cause is gone; also when its file was deleted or replaced while open.
    """

    def __init__(self, target: Target, *, lock_wait_s: float, now_us: Callable[[], int]) -> None:
        self._target = target
        self._lock_wait_s = lock_wait_s
        self._pool: _Pool | None = None
        self._opening = asyncio.Lock()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        if target.path is None:
            server_now = literal_column("(extract(epoch from clock_timestamp()) * 1000000)::bigint", BigInteger)
            self.tongue = Tongue(lambda: server_now, postgresql.insert)
        else:
            self.tongue = Tongue(lambda: literal(now_us(), BigInteger), sqlite.insert)

    async def write(self, key: str, work: Callable[[AsyncConnection, Tongue], Awaitable[T]]) -> T:
        """Do `work` in one transaction; writes to one record happen in the order in which they were asked for.

        The first statement of `work` must change something: it is what makes SQLite take its write lock.
        """
        # SQLite has one writer at a time; waiting here costs less than asking it again and again.
        turn = self._turns.setdefault(key if self._target.path is None else "", asyncio.Lock())
        async with turn:
            return await self._attempt(lambda connection: work(connection, self.tongue), commit=True)

    async def read(self, statement: Executable) -> Sequence[Row[Any]]:
        """Return the rows of one statement, all as of one instant."""

        async def work(connection: AsyncConnection) -> Sequence[Row[Any]]:
            return (await connection.execute(statement)).all()

        return await self._attempt(work, commit=False)

    async def dispose(self) -> None:
        """Close all connections, those in use when they are done; the next use makes new ones."""
        if self._pool is not None:
            await self._give_up(self._pool)

    async def _attempt(self, work: Callable[[AsyncConnection], Awaitable[T]], *, commit: bool) -> T:
        for is_last in (False, True):
            committing = False
            try:
                async with self._connection() as connection:
                    result = await work(connection)
                    if commit:
                        committing = True
                        await connection.commit()
                    return result
            except DRIVER_ERRORS as error:
                # A pooled connection to a server that was restarted: nothing was done on it, so do it on a new one.
                is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
                if is_last or committing or not is_lost:
                    raise explain(error, self._target, committing=committing) from error
        raise AssertionError  # pragma: no cover - the loop returns or raises

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        pool = await self._open()
        pool.users += 1
        try:
            async with pool.engine.connect() as connection:
                yield connection
        except DRIVER_ERRORS:
            pool.has_failed = True
            raise
        finally:
            pool.users -= 1
            if pool.has_failed:
                await self._give_up(pool)

    async def _open(self) -> _Pool:
        async with self._opening:
            if self._pool is not None and self._pool.file != self._identity():
                await self._give_up(self._pool)
            if self._pool is None:
                engine = self._connect()
                try:
                    await self._prepare(engine)
                except BaseException:
                    await engine.dispose()
                    raise
                self._pool = _Pool(engine, self._identity())
            return self._pool

    async def _give_up(self, pool: _Pool) -> None:
        pool.has_failed = True
        if self._pool is pool:
            self._pool = None
        if not pool.users:
            with contextlib.suppress(*DRIVER_ERRORS):
                await pool.engine.dispose()

    def _identity(self) -> tuple[int, int] | None:
        """Return what tells the SQLite file from another that took its name."""
        if self._target.path is None:
            return None
        try:
            found = os.stat(self._target.path)  # noqa: PTH116 - at every write, and Path.stat costs twice as much
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _connect(self) -> AsyncEngine:
        is_file = self._target.path is not None
        engine = create_async_engine(
            self._target.url,
            hide_parameters=True,  # contexts belong in no error message
            pool_size=_CONNECTIONS,
            max_overflow=0,
            pool_timeout=_TURN_TIMEOUT_S,
            pool_reset_on_return=None,  # every use ends in a commit or a rollback already
            connect_args=(
                # The driver begins transactions before the first INSERT, UPDATE or DELETE: two round trips saved.
                {"timeout": self._lock_wait_s, "isolation_level": "IMMEDIATE"}
                if is_file
                else {"connect_timeout": self._target.url.query.get("connect_timeout", "10")}
            ),
        )
        settings = (
            "PRAGMA synchronous = FULL" if is_file else f"SET lock_timeout = {max(1, round(self._lock_wait_s * 1000))}"
        )

        @event.listens_for(engine.sync_engine, "connect")
        def set_up(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own
            cursor = connection.cursor()
            cursor.execute(settings)
            cursor.close()
            connection.commit()

        return engine

    async def _prepare(self, engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            if self._target.path is not None:
                # One sync per commit instead of three, and readers beside the writer. Where it cannot be had (locked
                # just now, or read-only) the former mode stays, which is as safe.
                with contextlib.suppress(OperationalError):
                    await connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            if await connection.run_sync(sql_schema.is_there):
                return
            await connection.rollback()
            if self._target.path is not None:
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_CREATION_LOCK})")
            if not await connection.run_sync(sql_schema.is_there):
                await connection.run_sync(sql_schema.create)
            await connection.commit()
