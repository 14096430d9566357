"""Owns where an instant is drawn: milliseconds from the start of the run, long idle times cut out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
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
    """The horizontal extent of a chart, in ms from the start of the run.

    Attributes:
        origin_ns: start of the run, Unix time.
        start, end: first and last place on the chart.
        cuts: what is left out, in order.
    """

    origin_ns: int
    start: float = 0.0
    end: float = 0.0
    cuts: tuple[Cut, ...] = ()
    _edges: tuple[int, ...] = ()
    _removed: tuple[float, ...] = (0.0,)

    @property
    def span(self) -> float:
        """How much time is drawn; never 0."""
        return self.end - self.start or 1.0

    def at(self, unix_ns: int) -> float:
        """The place of an instant; exact to the ns where nothing is cut."""
        place = (unix_ns - self.origin_ns) / 1e6
        return place - self._removed[bisect_right(self._edges, unix_ns)] if self._edges else place


def scale_of(entries: Sequence[Entry], origin_ns: int, *, cut_idle: bool = True) -> Scale:
    """The extent of these entries; between two of them, times in which nothing ran are cut where they are long."""
    if not entries:
        return Scale(origin_ns)
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
    return Scale(origin_ns, start, end - removed[-1], cuts, tuple(edge for edge, _ in gone), removed)


def _end_ns(entry: Entry) -> int:
    """When it was last known to run."""
    return entry.started_ns if entry.completed_ns is None else entry.completed_ns
