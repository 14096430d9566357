"""Owns the workbench's timeline: the whole branch as a chart, with what comes after the position pale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from legend_lab.core.journal import Journal
from legend_lab.core.program import Program
from legend_lab.core.state import ExecutionState
from legend_lab.lab.charts import figure_data
from legend_lab.lab.marks import FAINT
from legend_lab.lab.opening import Shown

_PALE: Final = 0.22
_TOP_PX: Final = 8
_HERE: Final = "#6540cf"


@dataclass(frozen=True, slots=True)
class _Whole:
    """A branch to its end, wherever on it the position is."""

    journal: Journal
    program: Program
    state: ExecutionState


def timeline_of(debugger: Shown) -> dict[str, Any]:
    """The chart without its own legend and the room for it: the pane's head has one that takes none from the bars."""
    if debugger.is_past:
        figure = figure_data(_Whole(debugger.future, debugger.program, debugger.end_state))
        last = debugger.journal[-1].kind if debugger.position else None
        _pale(figure, debugger.position, from_end=last in ("execute", "compensate"))
    else:
        figure = figure_data(debugger)
    layout = figure["layout"]
    spare = layout["margin"]["t"] - _TOP_PX
    place = {"margin": {**layout["margin"], "t": _TOP_PX}, "height": layout["height"] - spare}
    return {**figure, "layout": {**layout, **place, "showlegend": False}}


def _pale(figure: dict[str, Any], position: int, *, from_end: bool) -> None:
    """What comes after `position` is drawn pale, and a line says where the position is.

    The line stands at the end of the last bar before it (`from_end`), or after a back-off, which has no bar of its
    own, at the start of the first one after it.
    """
    ends: list[float] = []
    later: list[float] = []
    for trace in figure["data"]:
        entries = trace.get("customdata")
        if entries is None:
            if trace.get("name") == "next":
                trace["opacity"] = _PALE
            continue
        starts = trace["base"] if trace["type"] == "bar" else trace["x"]
        lengths = trace["x"] if trace["type"] == "bar" else [0] * len(entries)
        ends += [at + long for at, long, entry in zip(starts, lengths, entries, strict=True) if entry == position - 1]
        later += [start for start, entry in zip(starts, entries, strict=True) if entry >= position]
        trace["marker"] = {**trace["marker"], "opacity": [1 if entry < position else _PALE for entry in entries]}
        for font in ("insidetextfont", "outsidetextfont", "textfont"):
            if font in trace:
                ink = trace[font]["color"]
                trace[font] = {**trace[font], "color": [ink if entry < position else FAINT for entry in entries]}
    found = ends if from_end and ends else later
    if found:
        layout, x = figure["layout"], min(found)
        line = {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1}
        layout["shapes"] = [*layout["shapes"], {**line, "line": {"color": _HERE, "width": 2}}]
