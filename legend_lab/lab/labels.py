"""Owns the texts on charts: user text made harmless, times in units that people read."""

from __future__ import annotations

import html
import textwrap
from typing import Final

from legend_lab.core.text import visible

LONGEST_LABEL: Final = 32
"""Characters of a step's name on the axis."""
LONGEST_HOVER: Final = 320
"""Characters of one user text in a hover."""
WIDEST_HOVER: Final = 80
"""Characters of one of its lines."""


def plain(text: str, longest: int = LONGEST_HOVER) -> str:
    """Return `text` so that plotly, which reads some HTML in all its texts, shows it letter by letter."""
    return html.escape(visible(text, longest), quote=False)


def wrapped(text: str) -> str:
    """Return `text` as `plain` does, broken into lines that a hover has room for."""
    text = visible(text, LONGEST_HOVER)
    if len(text) <= WIDEST_HOVER:
        return html.escape(text, quote=False)
    return "<br>".join(html.escape(line, quote=False) for line in textwrap.wrap(text, WIDEST_HOVER))


def milliseconds(ms: float) -> str:
    """A time to the microsecond, e.g. `"1,322.004 ms"`; below one microsecond to the nanosecond."""
    digits = f"{ms:,.6f}" if 0 < abs(ms) < 0.001 else f"{ms:,.3f}"  # noqa: PLR2004 - one microsecond
    return f"{digits.rstrip('0').rstrip('.')} ms"


def human(ms: float) -> str:
    """A time in the unit that fits it, e.g. `"0"`, `"400 ms"`, `"1.2 s"`, `"2 min 30 s"`, `"3 d 4 h"`."""
    if ms == 0:
        return "0"
    if ms < 1_000:  # noqa: PLR2004 - one second
        return f"{ms:.6g} ms"
    if ms < 60_000:  # noqa: PLR2004 - one minute
        return f"{ms / 1_000:.6g} s"
    seconds = round(ms / 1_000)
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    first = next(place for place, (_, size) in enumerate(units) if seconds >= size)
    (big, size), rest = units[first], units[first + 1 : first + 2]
    text = f"{seconds // size} {big}"
    for small, part in rest:
        if left := seconds % size // part:
            text += f" {left} {small}"
    return text


def tick_texts(start_ms: float, end_ms: float) -> dict[str, str]:
    """What plotly's ticks between two times are called instead, whichever distance it chooses for them.

    Plotly chooses ticks by the room there is, and again when somebody zooms in; it counts in ms, and beyond one
    second this turns its `"1200 ms"` into `"1.2 s"`.
    """
    texts, span, distance = {"0 ms": "0"}, end_ms - start_ms, 1
    while distance <= span:
        for step in (distance, 2 * distance, 5 * distance):
            if span / 25 <= step <= span:
                first = -(-max(1_000, int(start_ms)) // step) * step
                texts |= {f"{value} ms": human(value) for value in range(first, int(end_ms) + step + 1, step)}
        distance *= 10
    return texts
