"""Owns the event loop whose time is virtual: what holds its time, and when it jumps."""

from __future__ import annotations

import asyncio
import math
import selectors
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

from legend_lab.runtime.instants import NS_PER_S, Instant

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Events = list[tuple[selectors.SelectorKey, int]]

TURN_S = 5.0
"""Real seconds after which a caller that holds time is taken for gone, its loop closed before it could let go."""


class VirtualTime:
    """Nanoseconds of virtual time passed since the start; moves forward only, from any thread."""

    __slots__ = ("_lock", "_ns", "_settled_ns")

    def __init__(self) -> None:
        self._ns = 0
        self._settled_ns = -1
        self._lock = threading.Lock()

    def ticks(self) -> int:
        """Return the nanoseconds passed."""
        return self._ns

    def advance(self, ns: int) -> None:
        """Let `ns` nanoseconds pass."""
        with self._lock:
            self._ns += ns

    def advance_to(self, ns: int) -> None:
        """Let time pass until `ns` nanoseconds have, unless more have."""
        with self._lock:
            self._ns = max(self._ns, ns)

    def settle(self) -> None:
        """Nothing is left to do at this nanosecond but what is late."""
        self._settled_ns = self._ns

    def due_before(self) -> Instant:
        """The instant before which all is due: what is late only once this nanosecond has settled."""
        return Instant(self._ns + 1) if self._ns == self._settled_ns else Instant(self._ns, late=True)

    def __radd__(self, _seconds: float) -> Instant:
        """What asyncio gets that adds a clock's resolution to the time, to know what is due."""
        return self.due_before()


class _IdleSelector(selectors.DefaultSelector):
    """Asks the loop what to do whenever the loop would fall asleep; polls really at every other time."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> Events:
        events = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        return self.loop.idle(timeout, super().select)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that jumps to its next timer instead of sleeping until then.

    It jumps only when nothing is ready and nothing real is outstanding: no job in a thread (`run_in_executor`,
    `asyncio.to_thread`), no file or socket watched, no subprocess. While something is, its time goes as fast as
    real time, so a timeout on real work neither fires early nor never. A thread that the loop did not start and
    that means to wake it (as some database drivers have) is not seen.

    The decision sits in the selector handed to the constructor, so it holds whoever turns the loop.

    Attributes:
        patience_s: real seconds to wait for a thread that is not seen when nothing else could wake the loop.
        closing: stop as soon as nothing is ready.
    """

    def __init__(self, time: VirtualTime, patience_s: float, when_stuck: Callable[[], None]) -> None:
        selector = _IdleSelector()
        selector.loop = self
        self._virtual = time
        self._when_stuck = when_stuck
        self._outstanding = 0
        self._children: weakref.WeakSet[asyncio.SubprocessTransport] = weakref.WeakSet()
        self._holds: set[object] = set()
        self._asleep = False
        self._moved = False
        self.patience_s = patience_s
        self.closing = False
        super().__init__(selector)
        self._clock_resolution = time  # see `VirtualTime.__radd__`
        self._watched = selector.get_map()
        self._own_watched = len(self._watched)

    def __del__(self) -> None:
        """Close quietly: a loop that dies in a cycle with its clock could not be closed before."""
        with suppress(Exception):
            self.close()

    @property
    def wake_up_sockets(self) -> tuple[socket.socket, socket.socket]:
        """The pair by which other threads wake the loop; the one thing in it that must not die unclosed."""
        return self._ssock, self._csock  # type: ignore[attr-defined] # asyncio has no public name for them

    def time(self) -> float:
        """Return the virtual seconds passed since the start."""
        return self._virtual.ticks() / NS_PER_S

    # -- what the loop waits for ----------------------------------------------------------------

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule the call so many seconds from now, to the nanosecond."""
        when = self.when(delay) if math.isfinite(delay * NS_PER_S) else delay
        return self.call_at(when, callback, *args, context=context)

    def when(self, seconds: float, *, late: bool = False) -> Instant:
        """The instant so many seconds from now; a late one comes after all else that happens then."""
        return Instant(self._virtual.ticks() + round(seconds * NS_PER_S), late=late)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule the call; one that is never due is not kept, so no time is spent on the way to it."""
        if when * NS_PER_S == math.inf:
            return asyncio.TimerHandle(when, callback, args, self, context)
        if not isinstance(when, Instant) and math.isfinite(when):
            when = Instant(round(when * NS_PER_S))
        timer = super().call_at(when, callback, *args, context=context)
        timer.__class__ = _Timer
        return timer

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Start the job in a thread; until its future is done, time does not jump."""
        future = super().run_in_executor(executor, func, *args)
        self._outstanding += 1
        future.add_done_callback(self._job_done)
        return future

    def _job_done(self, _future: asyncio.Future[Any]) -> None:
        self._outstanding -= 1

    async def subprocess_exec(self, *args: Any, **settings: Any) -> Any:  # noqa: ANN401 - passed on as they are
        """Start the process; until it has ended, time does not jump."""
        with self.outstanding():
            transport, protocol = await super().subprocess_exec(*args, **settings)
        self._children.add(transport)
        return transport, protocol

    async def subprocess_shell(self, *args: Any, **settings: Any) -> Any:  # noqa: ANN401 - passed on as they are
        """Start the shell; until it has ended, time does not jump."""
        with self.outstanding():
            transport, protocol = await super().subprocess_shell(*args, **settings)
        self._children.add(transport)
        return transport, protocol

    @contextmanager
    def outstanding(self) -> Iterator[None]:
        """Keep time from jumping inside the block, which waits for something real."""
        self._outstanding += 1
        try:
            yield
        finally:
            self._outstanding -= 1

    def _is_outstanding(self) -> bool:
        return (
            self._outstanding > 0
            or len(self._watched) > self._own_watched
            or any(child.get_returncode() is None for child in self._children)
        )

    # -- holding time ---------------------------------------------------------------------------

    def hold(self, caller: object) -> None:
        """Let no time pass until `release`: `caller` is at work and may have more for this very instant."""
        self._holds.add(caller)

    def release(self, caller: object) -> None:
        """Take back the hold of `caller`; may be called from any thread."""
        self._holds.discard(caller)
        self._wake()

    def time_moved(self) -> None:
        """Look again at what is due, as time was moved from outside; may be called from any thread."""
        self._moved = True
        self._wake()

    def _wake(self) -> None:
        if self._asleep:
            with suppress(RuntimeError):  # closed since
                self.call_soon_threadsafe(_nothing)

    # -- passing time ---------------------------------------------------------------------------

    def idle(self, timeout: float | None, wait: Callable[[float | None], Events]) -> Events:
        """Pass time until something may be ready: nothing is now, and the next timer is `timeout` seconds away."""
        if self.closing:
            self.stop()
            return []
        self._asleep = True  # before the looks at what others change, or a change just after them would wake nobody
        try:
            if self._moved:
                self._moved = False
                return []  # `timeout` may be of before
            if self._holds:
                events = wait(TURN_S)
                if not events:
                    self._holds.clear()
                return events
            if self._is_outstanding():
                return self._wait_really(timeout, wait)
            if timeout is None:
                events = wait(self.patience_s)
                if not events:
                    self._when_stuck()
                return events
            if events := wait(0):  # submitted since the selector looked, by one who has let go of time already
                return events
        finally:
            self._asleep = False
        self._jump()
        return []

    def _jump(self) -> None:
        """Go to the next timer; one that is late is due when there is nothing else at its nanosecond."""
        due = self._next_due()
        if due.ns > self._virtual.ticks():
            self._virtual.advance_to(due.ns)
        elif due.late:
            self._virtual.settle()

    def _next_due(self) -> Instant:
        when: Instant = self._scheduled[0]._when  # type: ignore[attr-defined] # noqa: SLF001 - asyncio has no public name
        return when

    def _wait_really(self, timeout: float | None, wait: Callable[[float | None], Events]) -> Events:
        began_ns = time.monotonic_ns()
        events = wait(timeout)
        if not events and timeout is not None:
            self._jump()  # a real wait ends late by a little; the timer still fires at its own instant
            return events
        now_ns = self._virtual.ticks() + time.monotonic_ns() - began_ns
        self._virtual.advance_to(now_ns if timeout is None else min(now_ns, self._next_due().ns))
        return events


class _Timer(asyncio.TimerHandle):
    """A timer that counts in an instant, and tells plain seconds."""

    __slots__ = ()

    def when(self) -> float:
        """The virtual seconds at which it is due."""
        return float(self._when)  # type: ignore[attr-defined] # asyncio's own


def when_over(seconds: float) -> float:
    """When more than so many seconds have passed, in the time of the running loop."""
    loop = asyncio.get_running_loop()
    return loop.when(seconds, late=True) if isinstance(loop, VirtualLoop) else loop.time() + seconds


def _nothing() -> None:
    pass
