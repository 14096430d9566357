"""Owns SteppedClock: time as a stepped run sees it, which stands still while a person thinks."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from legend_lab.runtime.clocks import Clock, check_clock

T = TypeVar("T")


class SteppedClock:
    """Another clock, running only between `begin` and `end`; so a timeline shows what took time, not who waited."""

    __slots__ = ("_at", "_inner", "_since", "_zero")

    def __init__(self, inner: Clock) -> None:
        """Stand still at what `inner` reads.

        Raises:
            ClockError: `inner` is no clock.
        """
        check_clock(inner)
        self._inner = inner
        self._at = self._zero = inner.ticks()
        self._since: int | None = None

    @property
    def inner(self) -> Clock:
        """The clock whose time it is."""
        return self._inner

    def begin(self, at: int | None = None) -> None:
        """Run from now on, from the reading `at`; without one, from the reading that it was made with."""
        self._at = self._zero if at is None else at
        self._since = self._inner.ticks()

    def end(self) -> None:
        """Stand still from now on."""
        self._at, self._since = self._read(), None

    @property
    def ticks(self) -> Callable[[], int]:
        """Nanoseconds from an arbitrary zero."""
        return self._read

    @property
    def anchor_ns(self) -> int:
        """What to add to a reading of `ticks` for Unix time in ns."""
        return self._inner.anchor_ns

    @property
    def virtual(self) -> bool:
        """Whether waiting takes no real time."""
        return self._inner.virtual

    def now_ns(self) -> int:
        """Unix time in ns."""
        return self.anchor_ns + self._read()

    async def sleep(self, seconds: float) -> None:
        """Return when `seconds` have passed."""
        await self._inner.sleep(seconds)

    async def host(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run `work()` under the inner clock."""
        return await self._inner.host(work)

    def _read(self) -> int:
        return self._at if self._since is None else self._at + self._inner.ticks() - self._since
