"""Owns Desk: hands a store's work to its database from any loop, thread or forked process, and ends it in order."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar
from weakref import WeakSet, finalize

from sqlalchemy import Executable, Row
from sqlalchemy.ext.asyncio import AsyncConnection

from legend_lab.core.errors import StoreError
from legend_lab.stores.private_loop import PrivateLoop, answer_of
from legend_lab.stores.sql_database import Database, Tongue
from legend_lab.stores.sql_url import Target

T = TypeVar("T")

_FAREWELL_S = 5.0


class _Workshop:
    """A database together with the private loop that it is used on."""

    def __init__(self, target: Target, lock_wait_s: float, now_us: Callable[[], int]) -> None:
        self.process = os.getpid()
        self.database = Database(target, lock_wait_s=lock_wait_s, now_us=now_us)
        self.loop = PrivateLoop(f"store {target.shown}")

    def close(self) -> Future[None] | None:
        """Start closing; None in a forked child, where the connections are the parent's to close."""
        _OPEN.discard(self)
        return self.loop.close(self.database.dispose) if self.process == os.getpid() else None


_OPEN: WeakSet[_Workshop] = WeakSet()


@atexit.register
def _close_all() -> None:
    """Close what nobody closed, as long as threads still run."""
    for workshop in list(_OPEN):
        if workshop.close() is not None:
            workshop.loop.join(_FAREWELL_S)


def _leave_to_parent() -> None:
    """Keep a forked child from ever closing its parent's connections, not even when its interpreter ends."""
    for workshop in list(_OPEN):
        with contextlib.suppress(AttributeError):  # only CPython counts references, and closes with the last
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(workshop))
    _OPEN.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)


class Desk:
    """Where work for one database is handed in; opens it when the first work comes."""

    def __init__(self, target: Target, *, lock_wait_s: float, now_us: Callable[[], int]) -> None:
        self._settings = (target, lock_wait_s, now_us)
        self._workshop: _Workshop | None = None
        self._forget: finalize[..., Desk] | None = None
        self._is_closed = False
        self._lock = threading.Lock()

    def start_writing(self, key: str, work: Callable[[AsyncConnection, Tongue], Awaitable[T]]) -> Future[T]:
        """Start one transaction on the record `key`; return the promise of its result."""
        return self._submit(lambda database: database.write(key, work))

    async def write(self, key: str, work: Callable[[AsyncConnection, Tongue], Awaitable[T]]) -> T:
        """Do one transaction on the record `key`."""
        return await answer_of(self.start_writing(key, work))

    async def read(self, statement: Executable) -> Sequence[Row[Any]]:
        """Return the rows of one statement."""
        return await answer_of(self._submit(lambda database: database.read(statement)))

    async def close(self) -> None:
        """Finish what was begun and close the database; a second call does nothing."""
        with self._lock:
            self._is_closed = True
            workshop, self._workshop = self._workshop, None
            if self._forget is not None:
                self._forget.detach()
            promise = workshop.close() if workshop is not None else None
        if promise is not None:
            await answer_of(promise)

    def _submit(self, work: Callable[[Database], Coroutine[Any, Any, T]]) -> Future[T]:
        if self._workshop is not None and self._workshop.process != os.getpid():
            self._lock = threading.Lock()  # the parent may have held it when this child was forked
        with self._lock:
            if self._is_closed:
                raise StoreError(f"the store on {self._settings[0].shown} was closed: make a new one")
            workshop = self._workshop
            if workshop is None or workshop.process != os.getpid():
                workshop = self._open()
            return workshop.loop.submit(lambda: work(workshop.database))

    def _open(self) -> _Workshop:
        if self._forget is not None:
            self._forget()
        workshop = self._workshop = _Workshop(*self._settings)
        _OPEN.add(workshop)
        # A store that is dropped without being closed takes its thread and connections with it.
        self._forget = finalize(self, workshop.close)
        self._forget.atexit = False
        return workshop
