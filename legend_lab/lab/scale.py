"""Owns where an entry is drawn: milliseconds from the start of the run, long idle times cut out; else its turn."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from legend_lab.core.journal import Entry

IDLE_MS: Final = 250.0
"""Idle time up to this is never cut: engines and disks need some, people who decide need more."""
OPEN_MS: Final = 60_000.0
"""The same where an attempt is open: for some of that time it may have run."""
IDLE_PART: Final = 0.25
"""Idle time is cut when it is longer than this part of the time at work."""
ATTEMPTS: Final = ("execute", "compensate")
TAKES_A_TURN: Final = (*ATTEMPTS, "wait")


class Cut(NamedTuple):
    """An idle time that is not drawn.

    Attributes:
        at: where on the chart it would be, in ms.
        length: how long it was, in ms.
    """

    at: float
    length: float


@dataclass(frozen=True, slots=True)
class Scale:
    """The horizontal extent of a chart, in ms from the start of the run; in turns where no attempt took any time.

    Attributes:
        origin_ns: start of the run, Unix time.
        start, end: first and last place on the chart.
        cuts: what is left out, in order.
        turns: for each entry's number, how many attempts and waits were before it; None where time is drawn.
    """

    origin_ns: int
    start: float = 0.0
    end: float = 0.0
    cuts: tuple[Cut, ...] = ()
    turns: Mapping[int, int] | None = None
    _edges: tuple[int, ...] = ()
    _removed: tuple[float, ...] = (0.0,)

    @property
    def span(self) -> float:
        """How much time is drawn; never 0."""
        return self.end - self.start or 1.0

    def since(self, unix_ns: int) -> float:
        """The true ms from the start of the run to an instant."""
        return (unix_ns - self.origin_ns) / 1e6

    def begin(self, entry: Entry) -> float:
        """The place where an entry begins."""
        return self._at(entry.started_ns) if self.turns is None else self.turns[entry.number]

    def finish(self, entry: Entry) -> float:
        """The place where it ends, or where it begins if nobody saw it end."""
        if self.turns is None:
            return self._at(_end_ns(entry))
        return self.turns[entry.number] + (entry.kind in TAKES_A_TURN)

    def _at(self, unix_ns: int) -> float:
        """The place of an instant; exact to the ns where nothing is cut."""
        place = self.since(unix_ns)
        return place - self._removed[bisect_right(self._edges, unix_ns)] if self._edges else place


def scale_of(entries: Sequence[Entry], origin_ns: int, *, cut_idle: bool = True) -> Scale:
    """The extent of these entries; between two of them, times in which nothing ran are cut where they are long.

    Attempts that took no time (on a virtual clock those do that wait for nothing) may cover each other; where none took
    any, and that hides some of them, each has its turn instead.
    """
    if not entries:
        return Scale(origin_ns)
    if _hides_attempts(entries):
        *turns, total = accumulate((entry.kind in TAKES_A_TURN for entry in entries), initial=0)
        numbers = (entry.number for entry in entries)
        return Scale(origin_ns, 0.0, float(total), turns=dict(zip(numbers, turns, strict=True)))
    start = (entries[0].started_ns - origin_ns) / 1e6
    end = (_end_ns(entries[-1]) - origin_ns) / 1e6
    long = []
    for before, after in pairwise(entries):
        length = (after.started_ns - _end_ns(before)) / 1e6
        if length > (OPEN_MS if before.completed_ns is None else IDLE_MS):
            long.append((after.started_ns, length))
    working = end - start - sum(length for _, length in long)
    gone = [(edge, length) for edge, length in long if length > IDLE_PART * working] if cut_idle else []
    removed = tuple(accumulate((length for _, length in gone), initial=0.0))
    cuts = tuple(
        Cut((edge - origin_ns) / 1e6 - before, length) for (edge, length), before in zip(gone, removed[1:], strict=True)
    )
    edges = tuple(edge for edge, _ in gone)
    return Scale(origin_ns, start, end - removed[-1], cuts, _edges=edges, _removed=removed)


def _hides_attempts(entries: Sequence[Entry]) -> bool:
    """Whether no attempt is known to have taken time, and two in one lane (or all there are) are at one place."""
    places: set[tuple[int, int]] = set()
    hides = entries[0].started_ns == _end_ns(entries[-1])
    for entry in entries:
        if entry.kind not in ATTEMPTS:
            continue
        if entry.completed_ns not in (None, entry.started_ns):
            return False
        place = entry.index, entry.started_ns
        hides = hides or place in places
        places.add(place)
    return hides and bool(places)


def _end_ns(entry: Entry) -> int:
    """When it was last known to run."""
    return entry.started_ns if entry.completed_ns is None else entry.completed_ns
