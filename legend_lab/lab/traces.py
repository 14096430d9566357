"""Owns the drawing of entries: bars, back-off, links, halts, as plotly traces in plain JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from legend_lab.core.errors import error_text
from legend_lab.core.journal import Entry
from legend_lab.lab.labels import WIDEST_HOVER, human, milliseconds, plain, wrapped
from legend_lab.lab.marks import CLEAR, DECISIONS, FAINT, FAULT, INK, LINK, MARKS, PURPLE, Mark, mark_of
from legend_lab.lab.scale import Scale
from legend_lab.runtime.faults import fault_words

Trace = dict[str, Any]

BAR_HEIGHT: Final = 0.52
ROOM_INSIDE: Final = 0.018
"""Part of the chart's width that a glyph needs; on a shorter bar it stands beside, where there is room."""
SHORT: Final = 0.006
"""Part of the chart's width below which a bar is drawn by its outline alone, which is then so wide that it is seen."""
OUTLINE_PX: Final = 1.5
SHORT_PX: Final = 4
ROOM_BESIDE: Final = 0.035
MANY_WORDS: Final = 12
"""More words than these on one chart cover each other."""


@dataclass(slots=True)
class Line:
    """A trace of many separate strokes, with gaps between them: one shape for each would be slow."""

    x: list[float | None] = field(default_factory=list)
    y: list[float | None] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def stroke(self, start: float, end: float, y: float, text: str = "") -> None:
        """Add a level stroke; its middle carries `text` for the hover."""
        self.x += (start, (start + end) / 2, end, None)
        self.y += (y, y, y, None)
        self.texts += ("", text, "", "")


@dataclass(slots=True)
class Bars:
    """The bars of one mark."""

    base: list[float] = field(default_factory=list)
    length: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    hover: list[str] = field(default_factory=list)
    entry: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Points:
    """Where the run stood and someone outside decided."""

    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    hover: list[str] = field(default_factory=list)
    entry: list[int] = field(default_factory=list)


def draw(entries: Sequence[Entry], y: dict[int, float], scale: Scale) -> list[Trace]:
    """Return the traces of `entries`, in drawing order: links, back-off, bars, halts."""
    drawing = _Drawing(y, scale)
    for position, entry in enumerate(entries):
        start, end = scale.begin(entry), _end(entries, position, scale)
        if entry.kind == "wait":
            drawing.backoff.stroke(start, end, y[entry.index], hover_text(entry, scale, "back-off", "┄"))
        elif entry.kind in ("execute", "compensate"):
            drawing.bar(entry, start, end)
        else:
            drawing.decision(entry, start)
    return drawing.traces()


@dataclass(slots=True)
class _Drawing:
    """What has been drawn so far, in columns as plotly takes them."""

    y: dict[int, float]
    scale: Scale
    bars: dict[Mark, Bars] = field(default_factory=dict)
    backoff: Line = field(default_factory=Line)
    links: Line = field(default_factory=Line)
    decisions: Points = field(default_factory=Points)
    executed: dict[int, float] = field(default_factory=dict)
    """Where the bar of each execution ends, by entry number."""
    undone: dict[int, float] = field(default_factory=dict)
    """Where the last bar of each step's undo ends."""

    def bar(self, entry: Entry, start: float, end: float) -> None:
        """Add the bar of an attempt, and what links an undo to what it takes back (or to its own last attempt)."""
        mark, row = mark_of(entry), self.y[entry.index]
        group = self.bars.setdefault(mark, Bars())
        group.base.append(start)
        group.length.append(end - start)
        group.y.append(row)
        group.hover.append(hover_text(entry, self.scale, mark.name, mark.glyph))
        group.entry.append(entry.number)
        if entry.undoes is None:
            self.executed[entry.number] = end
            return
        before = self.undone.get(entry.index)
        if before is None:
            before = self.executed.get(entry.undoes)
        elif self.backoff.x[-2:-1] == [start]:
            before = None  # the back-off links the two already
        if before is not None:
            self.links.stroke(before, start, row)
        self.undone[entry.index] = end

    def decision(self, entry: Entry, x: float) -> None:
        """Add the point where someone outside decided; words that would cover each other stand together."""
        glyph, points = DECISIONS.get(entry.outcome, "◆"), self.decisions
        row = self.y[entry.index] - BAR_HEIGHT / 2  # on the upper edge of the bars, so that the word is above them
        word = f"{glyph} {entry.outcome}"
        if points.x and points.y[-1] == row and x - points.x[-1] < 0.12 * self.scale.span:
            word, points.words[-1] = f"{points.words[-1]} {word}", ""
        points.x.append(x)
        points.y.append(row)
        points.words.append(word)
        points.hover.append(hover_text(entry, self.scale, entry.outcome, glyph))
        points.entry.append(entry.number)

    def traces(self) -> list[Trace]:
        """Everything, lines first, so that bars are drawn over them in the legend's order."""
        found = []
        if self.links.x:
            found.append(_line("takes back", self.links, {"color": LINK, "width": 1.6, "dash": "1px,3px"}, 21))
        if self.backoff.x:
            found.append(_line("back-off", self.backoff, {"color": FAINT, "width": 1.4, "dash": "4px,3px"}, 20))
        beside = _glyphs_beside(self.bars, self.scale)
        for rank, mark in enumerate(MARKS):
            if mark in self.bars:
                found.append({**_bars(mark, self.bars[mark], beside, self.scale), "legendrank": rank})
        if self.decisions.x:
            found.append(_points(self.decisions))
        return found


def hover_text(entry: Entry, scale: Scale, name: str, glyph: str) -> str:
    """All that is known of an entry, in plotly's markup."""
    what = "undo " if entry.kind == "compensate" else ""
    number = f"attempt {entry.attempt}" if entry.kind != "wait" else f"before attempt {entry.attempt}"
    lines = [f"<b>{plain(entry.path, WIDEST_HOVER)}</b> · {what}{number}", f"{glyph} {name}"]
    if entry.error is not None:
        lines.append(wrapped(error_text(entry.error)))
    if entry.note:
        lines.append(wrapped(entry.note))
    took = "open: nobody saw it end"
    if entry.completed_ns is not None:
        took = f"took {milliseconds((entry.completed_ns - entry.started_ns) / 1e6)}"
    lines.append(f"at {milliseconds(scale.since(entry.started_ns))}" + ("" if entry.kind == "halt" else f", {took}"))
    if entry.fault is not None:
        lines.append(f"{FAULT} injected: {wrapped(fault_words(entry.fault))}")
    undoes = "" if entry.undoes is None else f", takes back entry {entry.undoes}"
    lines.append(f"entry {entry.number}{undoes}")
    return "<br>".join(lines)


def _end(entries: Sequence[Entry], position: int, scale: Scale) -> float:
    """Where a bar ends; an open one as soon as something else is known to have begun."""
    entry = entries[position]
    if entry.completed_ns is not None:
        return scale.finish(entry)
    if position + 1 < len(entries):
        return scale.begin(entries[position + 1])
    return scale.end + 0.04 * scale.span


def _glyphs_beside(bars: dict[Mark, Bars], scale: Scale) -> set[int]:
    """Entries whose bar is too short for its glyph and has room for it on its right."""
    found = set()
    lanes: dict[float, list[tuple[float, float, int]]] = {}
    for group in bars.values():
        for base, length, y, entry in zip(group.base, group.length, group.y, group.entry, strict=True):
            lanes.setdefault(y, []).append((base, base + length, entry))
    for lane in lanes.values():
        lane.sort()
        for (start, end, entry), (following, _, _) in zip(
            lane, [*lane[1:], (scale.end + scale.span, 0.0, 0)], strict=True
        ):
            if end - start < ROOM_INSIDE * scale.span and following - end > ROOM_BESIDE * scale.span:
                found.add(entry)
    return found


def _bars(mark: Mark, group: Bars, beside: set[int], scale: Scale) -> Trace:
    wide = ROOM_INSIDE * scale.span
    outlines = [SHORT_PX if length < SHORT * scale.span else OUTLINE_PX for length in group.length]
    marker: Trace = {"color": mark.fill, "line": {"color": mark.line, "width": outlines}, "cornerradius": 3}
    glyph = mark.glyph
    if mark.pattern:
        glyph = f"<b>{glyph}</b>"
        marker["pattern"] = {
            "shape": mark.pattern,
            "size": 7,
            "solidity": 0.3,
            "fgcolor": mark.hatch,
            "bgcolor": mark.fill,
        }
    return {
        "type": "bar",
        "name": f"{mark.glyph} {mark.name}",
        "orientation": "h",
        "base": group.base,
        "x": group.length,
        "y": group.y,
        "width": BAR_HEIGHT,
        "marker": marker,
        "text": [
            glyph if length >= wide or entry in beside else ""
            for length, entry in zip(group.length, group.entry, strict=True)
        ],
        "textposition": ["outside" if entry in beside else "inside" for entry in group.entry],
        "insidetextanchor": "middle",
        "insidetextfont": {"color": mark.ink, "size": 15 if mark.pattern else 13},
        "outsidetextfont": {"color": mark.line, "size": 13},
        "textangle": 0,
        "constraintext": "none",
        "cliponaxis": False,
        "hoverinfo": "text",
        "hovertext": group.hover,
        "customdata": group.entry,
    }


def _line(name: str, line: Line, style: Trace, rank: int) -> Trace:
    hover: Trace = {"hoverinfo": "text", "hovertext": line.texts} if any(line.texts) else {"hoverinfo": "skip"}
    look: Trace = {"type": "scatter", "mode": "lines", "name": name, "line": style, "legendrank": rank}
    return {**look, "x": line.x, "y": line.y, **hover}


def _points(points: Points) -> Trace:
    few = len(points.x) <= MANY_WORDS
    return {
        "type": "scatter",
        "mode": "markers+text" if few else "markers",
        "name": "◆ decision",
        "uid": "decisions",
        "x": points.x,
        "y": points.y,
        "marker": {"symbol": "diamond", "size": 9, "color": PURPLE, "line": {"color": INK, "width": 1}},
        "text": points.words,
        "textposition": "top center",
        "textfont": {"color": INK, "size": 10},
        "cliponaxis": False,
        "hoverinfo": "text",
        "hovertext": points.hover,
        "customdata": points.entry,
        "legendrank": 22,
    }


def next_box(start: float, width: float, y: float, mark: Mark) -> Trace:
    """The dashed outline of what comes next."""
    half = BAR_HEIGHT / 2
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "next",
        "uid": "next",
        "x": [start, start + width, start + width, start, start],
        "y": [y - half, y - half, y + half, y + half, y - half],
        "line": {"color": mark.line, "width": 1.4, "dash": "4px,3px"},
        "fill": "toself",
        "fillcolor": CLEAR,
        "hoverinfo": "skip",
        "showlegend": False,
    }


def cut_lines(scale: Scale, height: float) -> Trace:
    """Where idle time is cut out, and how much."""
    line = Line()
    for cut in scale.cuts:
        line.x += (cut.at, cut.at, None)
        line.y += (-0.2, height, None)
        line.texts += ("", f"⫽ {human(cut.length)}" if len(scale.cuts) <= MANY_WORDS else "", "")
    return {
        "type": "scatter",
        "mode": "lines+text",
        "name": "⫽ idle",
        "meta": "across",
        "x": line.x,
        "y": line.y,
        "line": {"color": FAINT, "width": 2, "dash": "2px,2px"},
        "text": line.texts,
        "textposition": "bottom center",
        "textfont": {"color": INK, "size": 10},
        "cliponaxis": False,
        "hoverinfo": "skip",
        "legendrank": 23,
    }
