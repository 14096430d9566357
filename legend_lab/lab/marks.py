"""Owns how each kind of entry looks: colour, glyph and pattern, so that meaning never rests on colour alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from legend_lab.core.journal import Entry

# Okabe and Ito's colours ("Color Universal Design", 2008), told apart by people of every colour vision.
BLUE: Final = "#0072b2"
VERMILLION: Final = "#d55e00"
ORANGE: Final = "#e69f00"
PURPLE: Final = "#cc79a7"
GREEN: Final = "#009e73"

INK: Final = "#767c88"
"""Text, as dark on white as it is light on black."""
FAINT: Final = "rgba(118,124,136,0.75)"
"""Labels of what has not run, and back-off; nearer to the background than `INK`, be it white or black."""
GRID: Final = "rgba(128,136,150,0.20)"
BAND: Final = "rgba(128,136,150,0.10)"
LINK: Final = "#b87400"
CLEAR: Final = "rgba(0,0,0,0)"

FAULT: Final = "⚡"


@dataclass(frozen=True, slots=True)
class Mark:
    """How one class of bars looks.

    Attributes:
        name: what the legend calls it.
        glyph: what stands on the bar.
        line: colour of the outline, and of the glyph beside a bar too short for it.
        fill: colour inside.
        ink: colour of the glyph on the bar.
        pattern: plotly's name of the hatching; `""` for none.
        hatch: colour of the hatching.
    """

    name: str
    glyph: str
    line: str
    fill: str
    ink: str = "#ffffff"
    pattern: str = ""
    hatch: str = ""


DONE = Mark("done", "✓", BLUE, BLUE)
FAILED = Mark("failed", "✗", VERMILLION, VERMILLION)
PAUSED = Mark("paused", "‖", PURPLE, PURPLE, "#2b1020")
INTERRUPTED = Mark("interrupted", "⊘", "#808893", "rgba(128,136,150,0.30)", INK, ".", "#808893")
OPEN = Mark("open", "?", "#808893", CLEAR, INK, "-", "rgba(128,136,150,0.45)")
UNDONE = Mark("undo", "↩", "#c77700", "#fbe3b5", "#3d2400", "/", "#e9a93a")
UNDO_FAILED = Mark("failed undo", "✗", VERMILLION, "#f9d9c4", "#4a1a00", "x", "#ea9a63")
UNDO_PAUSED = Mark("paused undo", "‖", PURPLE, "#f4e1ec", "#3d1029", "/", "#dfa3c4")
UNDO_INTERRUPTED = Mark("interrupted undo", "⊘", "#808893", "rgba(128,136,150,0.15)", INK, "/", "#808893")

MARKS: Final = (
    DONE,
    FAILED,
    PAUSED,
    INTERRUPTED,
    OPEN,
    UNDONE,
    UNDO_FAILED,
    UNDO_PAUSED,
    UNDO_INTERRUPTED,
)
"""In the legend's order."""

_MARKS = {
    ("execute", "continue"): DONE,
    ("execute", "failed"): FAILED,
    ("execute", "pause"): PAUSED,
    ("execute", "interrupted"): INTERRUPTED,
    ("compensate", "compensated"): UNDONE,
    ("compensate", "compensation_failed"): UNDO_FAILED,
    ("compensate", "pause"): UNDO_PAUSED,
    ("compensate", "interrupted"): UNDO_INTERRUPTED,
}

PERFORMING: Final = {"execute": "running…", "compensate": "undoing…", "wait": "waiting…"}
"""What is said of an instruction that is performed just now, by its kind."""

DECISIONS: Final = {
    "resumed": "▶",
    "aborted": "■",
    "retried": "↻",
    "resolved": "✔",
    "restarted": "⟳",
    "stopped": "‖",
    "edited": "✎",
}
"""Glyphs of what someone outside decided or changed."""


def mark_of(entry: Entry) -> Mark:
    """How the bar of a step or an undo looks."""
    return OPEN if entry.completed_ns is None else _MARKS[entry.kind, entry.outcome]
