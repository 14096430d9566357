"""Owns how much of a long run is drawn, so that a chart of any run stays quick and says what it leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from legend_lab.lab.source import Reading

MOST_ENTRIES: Final = 2_000
MOST_STEPS: Final = 120


@dataclass(frozen=True, slots=True)
class Window:
    """What is drawn.

    Attributes:
        first, end: entries from `first` up to, not including, `end`.
        paths: the steps that get a lane, by index, in display order.
        notice: what is left out, in words; `""` when nothing is.
    """

    first: int
    end: int
    paths: dict[int, str]
    notice: str


def window_of(reading: Reading, entries: range | None) -> Window:
    """Take the asked entries, or of a long run the last that are not too many and not on too many steps.

    With more steps than fit, only those that the drawn entries are about get a lane.
    """
    rows, count = reading.journal.rows, len(reading.journal)
    if entries is not None:
        first, end = max(0, entries.start), max(0, min(entries.stop, count))
        first = min(first, end)
    else:
        first = end = count
        steps: set[int] = set()
        while first > max(0, count - MOST_ENTRIES):
            steps.add(rows[first - 1][0].index)
            if len(steps) > MOST_STEPS:
                break
            first -= 1
    paths = reading.paths
    if len(paths) > MOST_STEPS:
        drawn = {row[0].index for row in rows[first:end]} or set(list(paths)[:MOST_STEPS])
        paths = {index: path for index, path in paths.items() if index in drawn}
    return Window(first, end, paths, _notice(first, end, count, len(paths), len(reading.paths)))


def _notice(first: int, end: int, count: int, steps: int, all_steps: int) -> str:
    parts = []
    if end - first < count:
        where = f"entries {first:,} to {end - 1:,}" if end > first else "no entry"
        parts.append(f"{where} of {count:,}")
    if steps < all_steps:
        parts.append(f"{steps:,} of {all_steps:,} steps")
    return "shown: " + ", ".join(parts) if parts else ""
