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
SHORTEST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 2.5
"""How many turns back-off takes: none at all, and the longest of a run."""


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
        turns: where each entry begins and ends, by its number, where each has its turn; None where time is drawn.
    """

    origin_ns: int
    start: float = 0.0
    end: float = 0.0
    cuts: tuple[Cut, ...] = ()
    turns: Mapping[int, tuple[float, float]] | None = None
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
        return self._at(entry.started_ns) if self.turns is None else self.turns[entry.number][0]

    def finish(self, entry: Entry) -> float:
        """The place where it ends, or where it begins if nobody saw it end."""
        return self._at(end_ns(entry)) if self.turns is None else self.turns[entry.number][1]

    def _at(self, unix_ns: int) -> float:
        """The place of an instant; exact to the ns where nothing is cut."""
        place = self.since(unix_ns)
        return place - self._removed[bisect_right(self._edges, unix_ns)] if self._edges else place


def scale_of(entries: Sequence[Entry], origin_ns: int, *, cut_idle: bool = True) -> Scale:
    """The extent of these entries; between two of them, times in which nothing ran are cut where they are long.

    Attempts that took no time (on a virtual clock those do that wait for nothing) would cover each other; where none is
    known to have taken any, each has its turn instead.
    """
    if not entries:
        return Scale(origin_ns)
    attempts = [entry for entry in entries if entry.kind in ATTEMPTS]
    lone = len(attempts) == 1 and attempts[0].completed_ns is None
    if not lone and {end_ns(entry) - entry.started_ns for entry in attempts} == {0}:
        return _in_turns(entries, origin_ns)
    start = (entries[0].started_ns - origin_ns) / 1e6
    end = (end_ns(entries[-1]) - origin_ns) / 1e6
    long = []
    for before, after in pairwise(entries):
        length = (after.started_ns - end_ns(before)) / 1e6
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


def _in_turns(entries: Sequence[Entry], origin_ns: int) -> Scale:
    """A turn for each attempt; back-off is the wider, the longer it was."""
    waits = [end_ns(entry) - entry.started_ns for entry in entries if entry.kind == "wait"]
    longest_ns = max(waits, default=0) or 1

    def width(entry: Entry) -> float:
        if entry.kind == "wait":
            part = (end_ns(entry) - entry.started_ns) / longest_ns
            return SHORTEST_WAIT + (LONGEST_WAIT - SHORTEST_WAIT) * part
        return 1.0 if entry.kind in ATTEMPTS else 0.0

    edges = list(accumulate(map(width, entries), initial=0.0))
    turns = {entry.number: turn for entry, turn in zip(entries, pairwise(edges), strict=True)}
    return Scale(origin_ns, 0.0, edges[-1], turns=turns)


def end_ns(entry: Entry) -> int:
    """When it was last known to run."""
    return entry.started_ns if entry.completed_ns is None else entry.completed_ns
