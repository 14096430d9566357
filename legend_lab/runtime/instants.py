"""Owns Instant: when a timer of a virtual event loop is due, exact to the nanosecond."""

from __future__ import annotations

from typing import Self

NS_PER_S = 1_000_000_000
LEAST_S = 0.5 / NS_PER_S
"""Seconds that asyncio is told at least until a timer: with none it would not ask the loop to pass time."""


class Instant(float):
    """Seconds on a virtual clock whose order counts in whole nanoseconds, however many there are.

    A `late` instant comes after all that happens at its nanosecond, and before the next. Only the loop and its timers
    have instants; to all others the loop tells plain seconds.
    """

    __slots__ = ("late", "ns")

    ns: int
    late: bool

    def __new__(cls, ns: int, *, late: bool = False) -> Self:
        """The instant `ns` nanoseconds after the clock's start."""
        made = super().__new__(cls, ns / NS_PER_S)
        made.ns, made.late = ns, late
        return made

    def __sub__(self, other: float) -> float:
        """About the seconds since `other`, never none: when it is due, the loop finds out, which counts exactly."""
        return max(float(self) - float(other), LEAST_S)

    def __eq__(self, other: object) -> bool:
        return _order(self) == _order(other) if isinstance(other, float | int) else NotImplemented

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: float) -> bool:
        return _order(self) < _order(other)

    def __le__(self, other: float) -> bool:
        return _order(self) <= _order(other)

    def __gt__(self, other: float) -> bool:
        return _order(self) > _order(other)

    def __ge__(self, other: float) -> bool:
        return _order(self) >= _order(other)

    __hash__ = float.__hash__


def _order(when: float) -> tuple[float, bool]:
    return (when.ns, when.late) if isinstance(when, Instant) else (when * NS_PER_S, False)
