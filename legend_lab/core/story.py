"""Owns the words for what happened: durations and entries as a person says them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from legend_lab.core.errors import error_text
from legend_lab.core.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from legend_lab.core.journal import Entry

LONGEST_SENTENCE = 2_000
"""Characters of a line of a story; an error may be longer."""


def duration(ms: float) -> str:
    """A duration as a person reads it, from `0.4 µs` to `1.55 s`, `2 h 05 min` and `3 d 04 h`."""
    if ms == 0:
        return "0 ms"
    if ms < 1:
        return f"{ms * 1e3:.3g} µs"
    if ms < 1_000:  # noqa: PLR2004 - a second
        return f"{ms:.3g} ms"
    seconds = ms / 1e3
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days:,} d {hours:02} h"
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def sentence(entry: Entry) -> str:
    """One entry in a plain sentence."""
    attempt = f" at attempt {entry.attempt}" if entry.attempt > 1 else ""
    error = f": {error_text(entry.error)}" if entry.error is not None else ""
    words = {
        ("execute", "continue"): f"{entry.path} is done{attempt}.",
        ("execute", "pause"): f"{entry.path} asks to wait.",
        ("execute", "failed"): f"{entry.path} failed{attempt}{error}.",
        ("execute", "interrupted"): f"{entry.path} was cut short; its outcome is unknown.",
        ("compensate", "compensated"): f"{entry.path} is undone{attempt}.",
        ("compensate", "pause"): f"The undo of {entry.path} asks to wait.",
        ("compensate", "compensation_failed"): f"The undo of {entry.path} failed{attempt}{error}.",
        ("compensate", "interrupted"): f"The undo of {entry.path} was cut short; its outcome is unknown.",
        ("wait", "elapsed"): f"The back-off before {entry.path} has passed.",
        ("wait", "interrupted"): f"The back-off before {entry.path} was cut short.",
        ("halt", "resumed"): f"Resumed at {entry.path}.",
        ("halt", "aborted"): f"Aborted at {entry.path}{': ' + entry.note if entry.note else ''}.",
        ("halt", "retried"): "The pending undos are tried again.",
        ("halt", "resolved"): f"Undone by hand: {entry.note}.",
        ("halt", "restarted"): f"The process died at {entry.path}, and was started again.",
        ("halt", "stopped"): f"Stopped before {entry.path}.",
        ("edit", "edited"): f"The context was edited before {entry.path}: {entry.note}.",
    }
    return words.get((entry.kind, entry.outcome), f"{entry.path}: {entry.outcome}.")


def story(entries: Iterable[Entry]) -> str:
    """A run in sentences, a line an entry: when it ended since the start, and what it was.

    What users wrote in it is on the same line, with nothing hidden, and cut where it is long.
    """
    lines: list[str] = []
    origin_ns: int | None = None
    for entry in entries:
        origin_ns = entry.started_ns if origin_ns is None else origin_ns
        ended_ns = entry.started_ns if entry.completed_ns is None else entry.completed_ns
        injected = f" (injected: {entry.fault})" if entry.fault else ""
        words = visible(sentence(entry), LONGEST_SENTENCE)
        lines.append(f"{duration((ended_ns - origin_ns) / 1e6):>9}  {words}{injected}")
    return "\n".join(lines)
