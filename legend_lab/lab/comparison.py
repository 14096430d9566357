"""Owns compare: two runs beside each other, with the first entry at which they part marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from legend_lab.core.errors import SourceError, error_text
from legend_lab.core.journal import Entry, Journal
from legend_lab.core.story import sentence
from legend_lab.core.text import shown
from legend_lab.lab.charts import Timeline, figure_data
from legend_lab.lab.labels import plain
from legend_lab.lab.source import Source, read

GAP = 0.06
"""Part of the height that lies between the two charts."""
MARK = "#7a5af0"


@dataclass(frozen=True, repr=False)
class Comparison:
    """Two runs compared; as the last line of a cell it shows its figure.

    Attributes:
        divergence: number of the first entry that differs; None when the runs tell the same story.
        text: the same in words.
        frame: a row for each entry number, with the columns of both runs (`_a`, `_b`) and whether they are the `same`.
            Instants are no difference.
        figure: both timelines, one above the other, with the divergence marked in each.
    """

    divergence: int | None
    text: str
    frame: pd.DataFrame
    figure: Timeline

    def __repr__(self) -> str:
        return f"<Comparison: {self.text}>"

    def _ipython_display_(self) -> None:
        self.figure._ipython_display_()


def compare(a: Source | Journal, b: Source | Journal, *, names: tuple[str, str] = ("a", "b")) -> Comparison:
    """Compare two runs entry by entry: what was asked, what came back, which error, which fault.

    Raises:
        SourceError: `a` or `b` is nothing that can be shown, or `names` are not two texts.
    """
    given: object = names
    if not isinstance(given, tuple | list) or [type(name) for name in given] != [str, str]:
        raise SourceError(f"names is two texts, for the first run and the second, not {shown(names)}")
    left, right = read(a).journal, read(b).journal
    pairs = [(_facts(left, number), _facts(right, number)) for number in range(max(len(left), len(right)))]
    divergence = next((number for number, (one, other) in enumerate(pairs) if one != other), None)
    frame = pd.DataFrame(
        [
            {
                **{f"{key}_a": one.get(key) for key in _COLUMNS},
                **{f"{key}_b": other.get(key) for key in _COLUMNS},
                "same": one == other,
            }
            for one, other in pairs
        ],
        columns=[*(f"{key}_{side}" for side in "ab" for key in _COLUMNS), "same"],
    )
    frame.index.name = "entry"
    return Comparison(divergence, _words(left, right, divergence, names), frame, _figure(a, b, divergence, names))


_COLUMNS = ("kind", "path", "attempt", "outcome", "error", "fault")


def _facts(journal: Journal, number: int) -> dict[str, Any]:
    if number >= len(journal):
        return {}
    entry = journal[number]
    return {
        "kind": entry.kind,
        "path": entry.path,
        "attempt": entry.attempt,
        "outcome": entry.outcome,
        "error": None if entry.error is None else error_text(entry.error),
        "fault": entry.fault,
    }


def _words(left: Journal, right: Journal, divergence: int | None, names: tuple[str, str]) -> str:
    if divergence is None:
        return f"Both tell the same story, in {len(left):,} entries."
    sides = zip(names, (left, right), strict=True)
    told = [f"{name}: {_sentence(journal, divergence)}" for name, journal in sides]
    return f"They part at entry {divergence}. " + " ".join(told)


def _sentence(journal: Journal, number: int) -> str:
    return sentence(journal[number]) if number < len(journal) else "nothing more has happened."


def _figure(a: Source | Journal, b: Source | Journal, divergence: int | None, names: tuple[str, str]) -> Timeline:
    """Both charts on one time axis, each with its own lanes."""
    above, below = figure_data(a, cut_idle=False), figure_data(b, cut_idle=False)
    heights = [figure["layout"]["height"] for figure in (above, below)]
    split = heights[1] / sum(heights)
    layout: dict[str, Any] = {**above["layout"], "height": sum(heights), "showlegend": False}
    layout["margin"] = {**layout["margin"], "l": max(figure["layout"]["margin"]["l"] for figure in (above, below))}
    layout["margin"]["t"] += 14
    layout["yaxis"] = {**above["layout"]["yaxis"], "domain": [split + GAP / 2, 1]}
    layout["yaxis2"] = {**below["layout"]["yaxis"], "domain": [0, split - GAP / 2]}
    ranges = [figure["layout"]["xaxis"]["range"] for figure in (above, below)]
    layout["xaxis"] = {**above["layout"]["xaxis"], "range": [min(r[0] for r in ranges), max(r[1] for r in ranges)]}
    layout["xaxis"] |= {"anchor": "y2", "labelalias": _aliases(above, below)}
    layout["shapes"] = [
        *(_moved(shape, "y", layout["yaxis"]) for shape in above["layout"]["shapes"]),
        *(_moved(shape, "y2", layout["yaxis2"]) for shape in below["layout"]["shapes"]),
    ]
    layout["annotations"] = [
        *above["layout"]["annotations"],
        *({**note, "yref": "y2"} if "yref" not in note else note for note in below["layout"]["annotations"]),
        _heading(names[0], 1),
        _heading(names[1], split - GAP / 2),
    ]
    for axis, source in (("y", a), ("y2", b)):
        entry = _entry_at(read(source).journal, divergence)
        if entry is not None:
            layout["shapes"].append(_divergence_line(_ms(read(source).journal, entry), axis, layout))
    data = [*above["data"], *({**trace, "yaxis": "y2"} for trace in below["data"])]
    return Timeline(data, {**layout, "template": {}})


def _aliases(*figures: dict[str, Any]) -> dict[str, str]:
    return {key: text for figure in figures for key, text in figure["layout"]["xaxis"]["labelalias"].items()}


def _moved(shape: dict[str, Any], axis: str, place: dict[str, Any]) -> dict[str, Any]:
    """The shape in its own chart: what spans the paper spans that chart's part of it."""
    if shape.get("yref") == "paper":
        low, high = place["domain"]
        return {**shape, "y0": low, "y1": high}
    return {**shape, "yref": axis}


def _heading(name: str, y: float) -> dict[str, Any]:
    place = {"xref": "paper", "x": 0, "xanchor": "right", "yref": "paper", "y": y, "yanchor": "bottom"}
    return {**place, "text": f"{plain(name)} ", "showarrow": False, "font": {"size": 13}}


def _entry_at(journal: Journal, number: int | None) -> Entry | None:
    return journal[number] if number is not None and number < len(journal) else None


def _ms(journal: Journal, entry: Entry) -> float:
    return (entry.started_ns - journal[0].started_ns) / 1e6


def _divergence_line(x: float, axis: str, layout: dict[str, Any]) -> dict[str, Any]:
    low, high = layout["yaxis" if axis == "y" else "yaxis2"]["domain"]
    label = {"text": "they part here", "textposition": "start", "font": {"color": MARK, "size": 12}, "textangle": 0}
    line = {"color": MARK, "width": 2, "dash": "dot"}
    return {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": low, "y1": high, "line": line, "label": label}
