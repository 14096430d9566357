"""Owns a page's timeline: the figure of `gantt` as a few strokes and words, which `static/page_timeline.js` draws.

What is drawn where is the figure's word; here plotly's markup becomes plain text, and its traces what they mean.
"""

from __future__ import annotations

import html
import re
from typing import Any, Final

from legend_lab.core.journal import Journal
from legend_lab.lab.charts import figure_data
from legend_lab.lab.source import Source

_TAG: Final = re.compile("<[^>]*>")
_FAINT: Final = "<span"
_PLACES: Final = 3
"""Decimals of a place in ms: a page is drawn some thousand px wide."""

Drawing = dict[str, Any]


def drawing_of(source: Source | Journal) -> Drawing:
    """Everything on the timeline: lanes, bands, strokes, bars, points, notes, in plain texts and ms."""
    figure = figure_data(source)
    layout, traces = figure["layout"], figure["data"]
    notes = layout["annotations"]
    return {
        "height": layout["height"],
        "x": layout["xaxis"]["range"],
        "y": layout["yaxis"]["range"],
        "ticks": {text: _plain(human) for text, human in layout["xaxis"]["labelalias"].items()},
        "timed": layout["xaxis"]["showticklabels"],
        "lanes": [_lane(y, text) for y, text in zip(layout["yaxis"]["tickvals"], layout["yaxis"]["ticktext"])],  # noqa: B905 - a pair each
        "bands": [[shape["y0"], shape["y1"]] for shape in layout["shapes"] if shape["type"] == "rect"],
        "failures": [_short(shape["x0"]) for shape in layout["shapes"] if shape["type"] == "line"],
        "lines": [_line(trace) for trace in traces if trace["type"] == "scatter" and "customdata" not in trace],
        "bars": [_bars(trace) for trace in traces if trace["type"] == "bar"],
        "points": [_point(trace, at) for trace in traces if "symbol" in trace.get("marker", {}) for at in _all(trace)],
        "notes": [_note(note) for note in notes if note.get("xref") != "paper"],
        "notice": " ".join(_plain(note["text"]) for note in notes if note.get("xref") == "paper"),
    }


def _plain(markup: str) -> str:
    """What plotly would show of a text; users' own texts are escaped in it, so every tag is ours."""
    return html.unescape(_TAG.sub("", markup.replace("<br>", "\n"))).rstrip("\xa0")


def _short(place: float) -> float:
    return round(place, _PLACES)


def _all(trace: Drawing) -> range:
    return range(len(trace["x"]))


def _lane(y: float, text: str) -> Drawing:
    return {"y": y, "text": _plain(text), "faint": text.startswith(_FAINT)}


def _bars(trace: Drawing) -> Drawing:
    """The bars of one mark: their look, and `[entry, lane, start, length, glyph, hover]` for each."""
    marker, shown = trace["marker"], trace["textposition"]
    pattern = marker.get("pattern", {})
    return {
        "fill": marker["color"],
        "line": marker["line"]["color"],
        "ink": trace["insidetextfont"]["color"],
        "shape": pattern.get("shape", ""),
        "hatch": pattern.get("fgcolor", ""),
        "wide": trace["width"],
        "bars": [
            [
                trace["customdata"][at],
                trace["y"][at],
                _short(trace["base"][at]),
                _short(trace["x"][at]),
                _plain(trace["text"][at]),
                shown[at] == "outside",
                _plain(trace["hovertext"][at]),
            ]
            for at in _all(trace)
        ],
    }


def _line(trace: Drawing) -> Drawing:
    """Strokes of one kind: `[x, y]` for each corner, None where the pen is lifted, and `[x, y, text]` for its words."""
    corners = [None if x is None or y is None else [_short(x), y] for x, y in zip(trace["x"], trace["y"], strict=True)]
    texts, hovers = (trace.get(name, ()) for name in ("text", "hovertext"))
    return {
        "what": trace["name"],
        "color": trace["line"]["color"],
        "width": trace["line"]["width"],
        "dash": trace["line"].get("dash", "").replace("px", ""),
        "corners": corners,
        "words": [[*corner, _plain(text)] for corner, text in zip(corners, texts, strict=False) if corner and text],
        "hovers": [[*corner, _plain(text)] for corner, text in zip(corners, hovers, strict=False) if corner and text],
    }


def _point(trace: Drawing, at: int) -> Drawing:
    return {
        "x": _short(trace["x"][at]),
        "y": trace["y"][at],
        "color": trace["marker"]["color"],
        "text": _plain(trace["text"][at]) if "text" in trace["mode"] else "",
        "hover": _plain(trace["hovertext"][at]),
        "entry": trace["customdata"][at],
    }


def _note(note: Drawing) -> Drawing:
    return {
        "x": _short(note["x"]),
        "y": note["y"],
        "text": _plain(note["text"]),
        "color": note["font"]["color"],
        "left": note["xanchor"] == "left",
        "hover": _plain(note.get("hovertext", "")),
    }
