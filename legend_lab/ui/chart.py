"""Owns the workbench's timeline: the whole branch as a chart, and where on it the position is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from legend_lab.core.journal import Journal
from legend_lab.core.program import Program
from legend_lab.core.state import ExecutionState
from legend_lab.lab.charts import figure_data
from legend_lab.lab.opening import Shown
from legend_lab.ui.view_state import TimelineState

LEGEND: Final = "✓ done  ✗ failed  ▨ ↩ undo  ┄ back-off  ‖ paused"
_TOP_PX: Final = 8


@dataclass(frozen=True, slots=True)
class _Whole:
    """A branch to its end, wherever on it the position is."""

    journal: Journal
    program: Program
    state: ExecutionState


class Drawn:
    """The chart that was drawn last: it serves again while one travels, since what it shows is the same."""

    def __init__(self) -> None:
        self._whole: _Whole | None = None
        self._running = False
        self._figure: dict[str, Any] = {}

    def figure(self, whole: _Whole, *, running: bool) -> dict[str, Any]:
        """The chart of a whole branch."""
        last = self._whole
        is_same = last is not None and last.program is whole.program and last.journal.is_same(whole.journal)
        if not is_same or running is not self._running:
            self._figure = _figure(whole, running=running)
            self._whole, self._running = whole, running
        return self._figure


def timeline_of(debugger: Shown, drawn: Drawn, *, running: bool = False) -> TimelineState:
    """The whole branch, wherever on it the position is: to travel changes but what is pale and where a line is."""
    figure = drawn.figure(_Whole(debugger.future, debugger.program, debugger.end_state), running=running)
    return {
        "figure": figure,
        "position": debugger.position,
        "here": _moment(figure, debugger) if debugger.is_past else None,
        "legend": LEGEND,
    }


def _figure(whole: _Whole, *, running: bool) -> dict[str, Any]:
    """The chart without its own legend and the room for it: the pane's head has one that takes none from the bars."""
    figure = figure_data(whole, running=running)
    layout = figure["layout"]
    spare = layout["margin"]["t"] - _TOP_PX
    place = {"margin": {**layout["margin"], "t": _TOP_PX}, "height": layout["height"] - spare}
    return {**figure, "layout": {**layout, **place, "showlegend": False}}


def _moment(figure: dict[str, Any], debugger: Shown) -> float | None:
    """Where on the time axis the position is, in its unit.

    At the end of the last bar before it, or after a back-off, which has no bar of its own, at the start of the first
    one after it.
    """
    position = debugger.position
    ends: list[float] = []
    later: list[float] = []
    for trace in figure["data"]:
        entries = trace.get("customdata", ())
        starts = trace["base"] if trace["type"] == "bar" else trace["x"]
        lengths = trace["x"] if trace["type"] == "bar" else [0] * len(entries)
        for entry, start, length in zip(entries, starts, lengths, strict=False):
            if entry == position - 1:
                ends.append(start + length)
            elif entry >= position:
                later.append(start)
    from_end = position > 0 and debugger.journal[-1].kind in ("execute", "compensate")
    return min(ends if from_end and ends else later, default=None)
