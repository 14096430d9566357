"""Owns Instant: what a virtual event loop says for time, exact to the nanosecond."""

from __future__ import annotations

import asyncio
import math
from typing import Self

NS_PER_S = 1_000_000_000


class Instant(float):
    """Seconds on a virtual clock; sums, differences and order count in whole nanoseconds, however many there are.

    A `late` instant comes after all that happens at its nanosecond, and before the next.
    """

    __slots__ = ("late", "ns")

    ns: int
    late: bool

    def __new__(cls, ns: int, *, late: bool = False) -> Self:
        """The instant `ns` nanoseconds after the clock's start."""
        made = super().__new__(cls, ns / NS_PER_S)
        made.ns, made.late = ns, late
        return made

    def __add__(self, seconds: float) -> float:
        """So many seconds later; with `RESOLUTION`, the end of what happens now."""
        if seconds is RESOLUTION:
            return Instant(self.ns + self.late, late=not self.late)
        return Instant(self.ns + round(seconds * NS_PER_S)) if math.isfinite(seconds) else float(self) + seconds

    __radd__ = __add__

    def __sub__(self, other: float) -> float:
        """The seconds since another instant, where a late one counts half a nanosecond; or so many seconds earlier."""
        if isinstance(other, Instant):
            return (self.ns - other.ns + (self.late - other.late) / 2) / NS_PER_S
        return self + -other

    def _order(self) -> tuple[int, bool]:
        return self.ns, self.late

    def __eq__(self, other: object) -> bool:
        return self._order() == other._order() if isinstance(other, Instant) else super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: float) -> bool:
        return self._order() < other._order() if isinstance(other, Instant) else super().__lt__(other)

    def __le__(self, other: float) -> bool:
        return self._order() <= other._order() if isinstance(other, Instant) else super().__le__(other)

    def __gt__(self, other: float) -> bool:
        return self._order() > other._order() if isinstance(other, Instant) else super().__gt__(other)

    def __ge__(self, other: float) -> bool:
        return self._order() >= other._order() if isinstance(other, Instant) else super().__ge__(other)

    __hash__ = float.__hash__


RESOLUTION = float(1 / NS_PER_S)
"""Seconds that asyncio looks ahead for timers that are due: the very object that an `Instant` knows."""


def to_instant(seconds: float) -> float:
    """The instant that a plain number of seconds means; what is not finite stays as it is."""
    if isinstance(seconds, Instant) or not math.isfinite(seconds):
        return seconds
    return Instant(round(seconds * NS_PER_S))


def when_over(seconds: float) -> float:
    """When more than so many seconds have passed, in the time of the running loop."""
    when = asyncio.get_running_loop().time() + seconds
    return Instant(when.ns, late=True) if isinstance(when, Instant) else when
