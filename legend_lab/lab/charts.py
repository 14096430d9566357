"""Owns gantt: a run as a timeline, one lane for each step, one bar for each attempt."""

from __future__ import annotations

from typing import Any, Final

import plotly.graph_objects as go
import plotly.io

from legend_lab.core.instructions import Execute, Halt, HaltReason, Instruction
from legend_lab.core.journal import Entry, Journal
from legend_lab.core.machine import Machine
from legend_lab.core.state import ExecutionState
from legend_lab.lab.labels import milliseconds, plain, tick_texts
from legend_lab.lab.lanes import Lanes, lay_out
from legend_lab.lab.marks import BAND, CLEAR, DONE, FAINT, GRID, INK, PAUSED, PERFORMING, UNDONE, VERMILLION
from legend_lab.lab.scale import Scale, end_ns, scale_of
from legend_lab.lab.source import Reading, Source, read
from legend_lab.lab.traces import Trace, cut_lines, draw, next_box
from legend_lab.lab.window import window_of

CONFIG: Final = {
    "displaylogo": False,
    "showSendToCloud": False,
    "responsive": True,
    "typesetMath": False,  # an error that names two prices is no formula
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}
"""How every timeline is shown: nothing invites to send data elsewhere."""

LANE_PX: Final = 34
CLOSE_LANE_PX: Final = 20
"""Height of a lane where there are over `MANY` of them."""
MANY: Final = 40
MONO: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
PERFORMED: Final = ("execute", "compensate", "wait", "halt")
"""Kinds of entries that the machine takes in; an edited context is none of them."""
CHARACTER_PX: Final = 7.3
NARROWEST_PX: Final = 300
"""Width between the axes below which words may cover each other."""
PAST_GLYPH: Final = 0.045
"""Part of the chart's width after which what comes next does not cover the glyph beside the last bar."""
GLYPH_BESIDE: Final = 4
"""Characters that a glyph beside a short bar takes, with its distances."""
EDGE_PX: Final = 14
"""Distance of words from the chart's left edge."""
HEADROOM: Final = 0.75
"""Lanes left free above the first, for the label of the point of failure."""


class Timeline(go.Figure):  # type: ignore[misc] # plotly has no types
    """A plotly figure that shows itself with `CONFIG` unless told otherwise."""

    def show(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - plotly's own
        """Show the figure; see plotly's `Figure.show`."""
        plotly.io.show(self, *args, **_configured(kwargs))

    def to_html(self, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401 - plotly's own
        """Return the figure as HTML; see plotly's `Figure.to_html`."""
        text: str = plotly.io.to_html(self, *args, **_configured(kwargs))
        return text

    def write_html(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - plotly's own
        """Write the figure as HTML; see plotly's `Figure.write_html`."""
        plotly.io.write_html(self, *args, **_configured(kwargs))

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - plotly's own
        return super()._repr_mimebundle_(*args, **_configured(kwargs))

    def _ipython_display_(self) -> None:
        if plotly.io.renderers.render_on_display and plotly.io.renderers.default:
            self.show()
        else:
            print(repr(self))  # noqa: T201 - as plotly does


def _configured(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {**kwargs, "config": CONFIG | (kwargs.get("config") or {})}


def gantt(
    source: Source | Journal, *, title: str | None = None, entries: range | None = None, cut_idle: bool = True
) -> Timeline:
    """Draw a run: one lane for each step in program order, one bar for each attempt, in ms from its start.

    Undo is hatched and linked to what it takes back; a thin dashed line is back-off. A run of over 2,000 entries, or
    over 120 steps, is drawn in part (its end, or the `entries` asked for), and the chart says so. Times in which
    nothing ran and which would hide the rest (a pause of a day) are cut out and marked; where no attempt took any time
    (on a virtual clock), each is drawn in its turn. Hovers tell the true time.

    Args:
        source: an execution in any state, a debugger, or a journal.
        title: shown above; any text.
        entries: which entries to draw, by number; those of a long run that are not the last.
        cut_idle: whether long idle times are cut out.

    Raises:
        SourceError: `source` is nothing that can be shown.
    """
    figure = figure_data(source, title=title, entries=entries, cut_idle=cut_idle)
    return Timeline(figure["data"], {**figure["layout"], "template": {}})


def figure_data(
    source: Source | Journal,
    *,
    title: str | None = None,
    entries: range | None = None,
    cut_idle: bool = True,
    running: bool = False,
) -> dict[str, Any]:
    """Return the figure of `gantt` as plain JSON values: `{"data": […], "layout": {…}}`, as `Plotly.react` takes it.

    When it is `running`, what comes next is said to be performed.
    """
    reading = read(source)
    window = window_of(reading, entries)
    shown: list[Entry] = reading.journal[window.first : window.end]
    rows, anchor_ns = reading.journal.rows, reading.journal.anchor_ns
    scale = scale_of(shown, rows[0][2] + anchor_ns if rows else 0, cut_idle=cut_idle)
    lanes = lay_out(window.paths, {entry.index for entry in shown if entry.kind in ("execute", "compensate")})
    data = draw(shown, lanes.y, scale)
    at_end = window.end == len(rows)
    right, aside = 0.03, 0
    annotations: list[Trace] = []
    shapes = [_band(band.top, band.bottom) for band in lanes.bands]

    upcoming = _upcoming(reading) if at_end else None
    if upcoming is not None and upcoming.index in lanes.y:
        at, word = lanes.y[upcoming.index], _standing(upcoming, running=running)
        mark = PAUSED if isinstance(upcoming, Halt) else DONE if isinstance(upcoming, Execute) else UNDONE
        free = _free(upcoming.index, shown, scale)
        start = scale.end + (0.006 if free > PAST_GLYPH or not shown else PAST_GLYPH) * scale.span
        data.append(next_box(start, 0.05 * scale.span, at, mark))
        right = (start - scale.end) / scale.span + 0.054
        if free * NARROWEST_PX > CHARACTER_PX * (len(word) + GLYPH_BESIDE):
            annotations.append(_note(start, at, word, mark.line, xanchor="right", xshift=-4))
        else:
            beside = {"xanchor": "left", "xshift": 4}  # in the margin, which is as wide as the word
            annotations.append(_note(start + 0.05 * scale.span, at, word, mark.line, **beside))
            aside = round(CHARACTER_PX * len(word)) if shown else 0

    failure, told = _failure(reading), [_order_words(scale, shown), window.notice]
    if failure is not None and window.first <= failure < window.end:
        entry = shown[failure - window.first]
        x = scale.finish(entry)
        shapes.append(_failure_line(x))
        late = x - scale.start > 0.65 * scale.span * (1 + right)
        side = {"xanchor": "right", "xshift": -3} if late else {"xanchor": "left", "xshift": 3}
        text = "point of failure"
        hover = f"{text}: {plain(entry.path)} at {milliseconds(scale.since(end_ns(entry)))}"
        annotations.append(_note(x, -HEADROOM / 2, text, VERMILLION, hovertext=hover, **side))
    elif failure is not None:
        told.append(f"point of failure: entry {failure:,}")
    notice = "; ".join(filter(None, told))
    if scale.cuts:
        data.append(cut_lines(scale, lanes.height))
    name = reading.program.name if reading.program is not None else "journal"
    layout = _layout(lanes, scale, right, title, bottom=52 if notice else 34)
    layout["margin"]["r"] += aside
    if notice:
        annotations.append(_notice(notice, EDGE_PX - layout["margin"]["l"]))
    unit = "ms" if scale.turns is None else "turns"
    revision = f"{name} in {unit}" if rows else ""  # a zoom stays while a run goes on, and ends with it
    layout |= {"shapes": shapes, "annotations": annotations, "uirevision": revision}
    return {"data": data, "layout": layout}


def _upcoming(reading: Reading) -> Instruction | None:
    """What the machine asks for next, found by replaying the journal; None once finished."""
    if reading.program is None:
        return None
    outcomes = (outcome for instruction, outcome, *_ in reading.journal.rows if instruction.kind in PERFORMED)
    return Machine.replay(reading.program, outcomes).next_instruction()


def _standing(upcoming: Instruction, *, running: bool) -> str:
    if isinstance(upcoming, Halt):
        failed = upcoming.reason is HaltReason.COMPENSATION_FAILED
        return "⊗ undo failed" if failed else f"‖ {upcoming.reason.value}"  # the shorter, the more room for the bars
    if running:
        return PERFORMING[upcoming.kind]
    return "next" if upcoming.attempt == 1 else f"next: attempt {upcoming.attempt}"


def _free(index: int, shown: list[Entry], scale: Scale) -> float:
    """Part of the chart's width that is empty at the right end of a step's lane."""
    before = next((entry for entry in reversed(shown) if entry.index == index), None)
    start = scale.start if before is None else scale.finish(before)
    return (scale.end - start) / scale.span


def _failure(reading: Reading) -> int | None:
    """Number of the entry with which going forward ended: the one before the first that undoes."""
    rows, state = reading.journal.rows, reading.state
    low, high = 0, len(rows)
    while low < high:  # a run never turns forward again, so the first one is found by halving
        middle = (low + high) // 2
        low, high = (low, middle) if rows[middle][0].phase.value == "compensating" else (middle + 1, high)
    if low == len(rows) and not (isinstance(state, ExecutionState) and state.is_compensating):
        return None
    return low - 1 if low else None


def _order_words(scale: Scale, shown: list[Entry]) -> str:
    """Why entries are drawn in their turn, in words; empty where they are not."""
    if scale.turns is None:
        return ""
    took = "is known to have taken" if any(entry.completed_ns is None for entry in shown) else "took"
    return f"in order: no attempt {took} any time"


def _band(top: float, bottom: float) -> Trace:
    extent = {"xref": "paper", "x0": 0, "x1": 1, "y0": top, "y1": bottom}
    return {"type": "rect", **extent, "fillcolor": BAND, "line": {"width": 0}, "layer": "below"}


def _failure_line(x: float) -> Trace:
    extent = {"x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1}
    return {"type": "line", **extent, "line": {"color": VERMILLION, "width": 1.5, "dash": "4px,3px"}}


def _note(x: float, y: float, text: str, color: str, **more: Any) -> Trace:  # noqa: ANN401 - plotly's own
    font = {"color": color, "size": 12}
    return {"x": x, "y": y, "text": text, "font": font, "showarrow": False, "yanchor": "middle", **more}


def _notice(text: str, xshift: int) -> Trace:
    """Words below the axis, from the chart's edge on: where it is narrow, they need the room below the lanes' names."""
    at = {"xref": "paper", "x": 0, "xanchor": "left", "yref": "paper", "y": 0, "yanchor": "top"}
    place = {**at, "xshift": xshift, "yshift": -22}
    return {"text": text, "font": {"color": INK, "size": 12}, "showarrow": False, **place}


def _layout(lanes: Lanes, scale: Scale, right: float, title: str | None, bottom: int) -> Trace:
    top = 72 if title else 34
    foot = 0.6 if scale.cuts else 0.0  # room for how long the idle times were
    lane = LANE_PX if len(lanes.y) <= MANY else CLOSE_LANE_PX
    layout: Trace = {
        "barmode": "overlay",
        "separators": ".",
        "height": round(top + bottom + lane * (max(lanes.height, 1) + foot + HEADROOM)),
        "margin": {"l": round(24 + CHARACTER_PX * lanes.width), "r": 16, "t": top, "b": bottom},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"family": MONO, "size": 12, "color": INK},
        "hoverlabel": {"bgcolor": "#1d2433", "bordercolor": "#1d2433", "align": "left", "font": {"color": "#ffffff"}},
        "hovermode": "closest",
        "uniformtext": {"mode": "hide", "minsize": 11},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "bottom",
            "bgcolor": CLEAR,
            "font": {"size": 11},
            "itemwidth": 30,
        },
        "showlegend": True,
        "modebar": {"bgcolor": CLEAR, "color": FAINT, "activecolor": INK},
        "xaxis": {
            "range": [scale.start - 0.008 * scale.span, scale.start + scale.span * (1 + right)],
            "ticksuffix": " ms",
            "exponentformat": "none",
            "separatethousands": False,
            "labelalias": tick_texts(scale.start, scale.end + 0.2 * scale.span),
            "showgrid": scale.turns is None,
            "gridcolor": GRID,
            "zeroline": False,
            "tickangle": 0,
            "ticklabeloverflow": "allow",  # or plotly measures every label at every change
            "showticklabels": bool(scale.end) and scale.turns is None,
        },
        "yaxis": {
            "range": [max(lanes.height, 1) + foot, -HEADROOM],
            "fixedrange": True,
            "tickmode": "array",
            "tickvals": lanes.ticks,
            "ticktext": lanes.labels,
            "ticklabeloverflow": "allow",
            "showgrid": False,
            "zeroline": False,
            "ticks": "outside",
            "ticklen": 5,
            "tickcolor": CLEAR,
        },
    }
    if title:
        layout["title"] = {
            "text": plain(title),
            "x": 0,
            "xref": "container",
            "pad": {"l": EDGE_PX},
            "font": {"size": 15},
        }
    return layout
