"""Owns the clocks that a run lives by: the system's, and one whose time takes no time."""

from __future__ import annotations

import asyncio
import math
import re
import threading
import time
import weakref
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, TypeVar

from legend_lab.core.errors import ClockError
from legend_lab.runtime.hosting import Host, retire
from legend_lab.runtime.instants import NS_PER_S
from legend_lab.runtime.virtual_loop import VirtualTime

T = TypeVar("T")

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

VIRTUAL_START: Final = datetime(2025, 1, 1, tzinfo=UTC)
"""When a `VirtualClock` begins unless told otherwise, so that the same run shows the same instants."""


class Clock(Protocol):
    """Tells a run what time it is, waits for it, and runs its user code so that it sees the same time."""

    @property
    def ticks(self) -> Callable[[], int]:
        """The bare counter: nanoseconds from an arbitrary zero, never going back. Bind it once in a hot loop."""
        ...

    @property
    def anchor_ns(self) -> int:
        """What to add to a reading of `ticks` for Unix time in nanoseconds; fixed for the clock's life."""
        ...

    @property
    def virtual(self) -> bool:
        """Whether waiting takes no real time."""
        ...

    def now_ns(self) -> int:
        """Return Unix time in nanoseconds, never going back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when `seconds` have passed on this clock."""
        ...

    async def host(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run `work()` under this clock, and return or raise what it gave."""
        ...


def check_clock(clock: object) -> None:
    """Raise unless `clock` is a clock.

    Raises:
        ClockError: it is something else, or the class of one.
    """
    if isinstance(clock, type) or not hasattr(clock, "ticks"):
        raise ClockError(f"clock is a clock, such as VirtualClock(), not {clock!r}")


class SystemClock:
    """The system's monotonic clock, set once to the wall clock when it is made.

    Later corrections of the wall clock do not show, so durations are true and instants never go back.
    """

    __slots__ = ("_anchor_ns",)

    def __init__(self) -> None:
        before = time.perf_counter_ns()
        wall = time.time_ns()
        after = time.perf_counter_ns()
        self._anchor_ns = wall - (before + after) // 2

    def __repr__(self) -> str:
        return "SystemClock()"

    @property
    def ticks(self) -> Callable[[], int]:
        """`time.perf_counter_ns` itself."""
        return time.perf_counter_ns

    @property
    def anchor_ns(self) -> int:
        """What to add to a reading of `ticks` for Unix time in nanoseconds."""
        return self._anchor_ns

    @property
    def virtual(self) -> bool:
        """False: waiting takes the time it takes."""
        return False

    def now_ns(self) -> int:
        """Return Unix time in nanoseconds, never going back."""
        return self._anchor_ns + time.perf_counter_ns()

    async def sleep(self, seconds: float) -> None:
        """Return when `seconds` have passed."""
        await asyncio.sleep(seconds)

    async def host(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Await `work()` here, on the caller's own loop."""
        return await work()


class VirtualClock:
    """A clock whose time passes without waiting: by `advance`, by `sleep`, and inside the code it hosts.

    Hosted code runs on one private loop in a thread of its own. Both are kept for the clock's life, so what is bound to
    them (a lock, a queue, a task left running) is usable by the next hosted code; between two calls it stands still.
    `asyncio.sleep` and timeouts there take no real time: when nothing is ready, time jumps to the next timer. While
    a thread job, a watched file or socket or a subprocess is outstanding, time goes at the pace of real time instead;
    so a run that uses them shows other instants each time. Nothing is monkey-patched.

    Limits:
        What is bound to another loop cannot be awaited in hosted code; that error gets a note saying so.
        Driver waits of several runs that share a clock add up.
        A thread that the loop did not start, and that means to wake it, is not seen: time may jump before it has.

    The loop is closed and the thread ended when the clock is garbage-collected.

    Args:
        start: the instant it begins at, with a time zone; `VIRTUAL_START` (2025-01-01T00:00:00Z) if not given.
        patience_s: real seconds to wait, once nothing on the loop could ever wake it, before the hosted code is
            cancelled and `host` raises `ClockError`.

    Raises:
        ClockError: `start` has no time zone.
    """

    def __init__(self, start: datetime | None = None, *, patience_s: float = 10.0) -> None:
        start = VIRTUAL_START if start is None else start
        if start.utcoffset() is None:
            raise ClockError(f"VirtualClock needs a start with a time zone, and {start.isoformat()} has none")
        self._anchor_ns = (start - EPOCH) // timedelta(microseconds=1) * 1_000
        self._patience_s = patience_s
        self._time = VirtualTime()
        self._ticks = self._time.ticks
        self._host: Host | None = None
        self._making = threading.Lock()

    def __repr__(self) -> str:
        now = EPOCH + timedelta(microseconds=self.now_ns() // 1_000)
        return f"VirtualClock(now={now.isoformat()})"

    @property
    def ticks(self) -> Callable[[], int]:
        """A function that returns the virtual nanoseconds passed since the start."""
        return self._ticks

    @property
    def anchor_ns(self) -> int:
        """The start, as Unix time in nanoseconds."""
        return self._anchor_ns

    @property
    def virtual(self) -> bool:
        """True: waiting takes no real time."""
        return True

    def now_ns(self) -> int:
        """Return the virtual instant as Unix time in nanoseconds."""
        return self._anchor_ns + self._ticks()

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once.

        Raises:
            ClockError: `seconds` is negative or not finite.
        """
        if not 0 <= seconds < math.inf:
            raise ClockError(f"time moves forward by a finite number of seconds, not by {seconds}")
        self._time.advance(round(seconds * NS_PER_S))
        if self._host is not None:
            self._host.loop.time_moved()

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass: in hosted code by `asyncio.sleep` among the other timers there, elsewhere at once."""
        if self._host is not None and asyncio._get_running_loop() is self._host.loop:  # noqa: SLF001 - as in `host`
            await asyncio.sleep(seconds)
        else:
            self.advance(max(0, seconds))

    async def host(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run `work()` on the private loop; the caller's loop stays free.

        On the private loop already, `work()` is awaited where it is. Any exception comes back as the object it was, an
        interrupt included. A cancellation of the caller cancels the work, waits until it has ended, and is then raised.
        Context variables go along and come back.

        Raises:
            ClockError: the work awaits something that nothing can bring about (see `patience_s`).
        """
        host = self._host
        try:
            if host is None:
                host = self._make_host()
            elif asyncio._get_running_loop() is host.loop:  # noqa: SLF001 - documented for code that deals with loops
                return await work()
            return await host.call(work)
        except Exception as error:
            _explain_foreign_loop(error)
            raise

    def _make_host(self) -> Host:
        with self._making:
            if self._host is None:
                host = self._host = Host(self._time, self._patience_s)
                # By weak reference: a task left on the loop often holds its clock, and both must stay collectable.
                end = weakref.finalize(self, retire, host.inbox, weakref.ref(host), host.loop.wake_up_sockets)
                end.atexit = False  # the thread dies with the process
            return self._host


FOREIGN_LOOP: Final = (
    "VirtualClock runs this code on an event loop of its own, and what it awaited belongs to another loop. "
    "Make that object inside the hosted code, or use SystemClock."
)


def _explain_foreign_loop(error: BaseException | None) -> None:
    """Add a note to asyncio's complaint about another loop, however deep it sits in causes and groups.

    A note and not a `ClockError`: user code raised it, so its class decides about retries, as on the system's clock.
    """
    seen: set[int] = set()
    pending = [error]
    while pending:
        error = pending.pop()
        if error is None or id(error) in seen:
            continue
        seen.add(id(error))
        pending += (error.__cause__, error.__context__)
        if isinstance(error, BaseExceptionGroup):
            pending += error.exceptions
        if (
            isinstance(error, (RuntimeError, ValueError))
            and re.search(r"different (event )?loop", str(error))
            and FOREIGN_LOOP not in getattr(error, "__notes__", ())
        ):
            error.add_note(FOREIGN_LOOP)
