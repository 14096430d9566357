"""Owns how a debugger becomes what the workbench shows: plain data, worked out anew after each command."""

from __future__ import annotations

from typing import Any

from legend_lab.core.errors import error_text
from legend_lab.core.journal import Entry
from legend_lab.core.story import duration
from legend_lab.lab.charts import figure_data
from legend_lab.lab.debugger import Debugger
from legend_lab.lab.tree import Node, changes_in
from legend_lab.ui.marks import counted, marks_of, program_rows, summary_of
from legend_lab.ui.view_state import (
    Button,
    Chip,
    ContextRow,
    ContextState,
    EventLine,
    EventsState,
    ListingState,
    Tone,
    ToolbarState,
    ViewState,
)
from legend_lab.ui.words import badge_of, count_of, next_words, panel_of, standing_of

NEWEST_EVENTS = 200
"""Lines of the log that are sent; older ones are counted."""
LEGEND = "✓ done  ✗ failed  ▨ ↩ undo  ┄ back-off  ‖ paused"


def view_of(debugger: Debugger[Any, Any], *, running: bool = False) -> ViewState:
    """Everything that the workbench shows of `debugger`."""
    return {
        "toolbar": _toolbar(debugger, running=running),
        "listing": _listing(debugger),
        "timeline": {"figure": _figure(debugger), "legend": LEGEND},
        "context": _context(debugger),
        "faults": {"chips": _chips(debugger)},
        "events": _events(debugger),
    }


def buttons_of(debugger: Debugger[Any, Any], *, running: bool) -> list[Button]:
    """The toolbar's buttons, each usable or saying why not."""
    if running:
        why_not = "A command is being carried out"
    elif debugger.choices:
        why_not = "The run stands still: decide below first"
    else:
        why_not = "The run has ended: reset starts over" if debugger.next_instruction is None else ""
    can_go = not why_not
    has_begun = bool(debugger.journal)
    return [
        _button("step", "Step", "▸", "n", why_not or "Carry out the next instruction", enabled=can_go, primary=can_go),
        _button("run", "Run to end", "", "e", why_not or "Go on until the end or a halt", enabled=can_go),
        _button(
            "reset",
            "Reset",
            "⟲",
            "⇧R",
            "Start over with a fresh context" if has_begun else "Nothing has run yet",
            enabled=has_begun and not running,
            primary=debugger.next_instruction is None and not running,
        ),
        _button("stop", "Stop", "■", "s", "Stop what is running" if running else "Nothing is running", enabled=running),
    ]


def _button(
    command: str, label: str, glyph: str, key: str, why: str, *, enabled: bool, primary: bool = False
) -> Button:
    return {
        "command": command,
        "label": label,
        "glyph": glyph,
        "key": key,
        "enabled": enabled,
        "primary": primary,
        "why": why,
    }


def _toolbar(debugger: Debugger[Any, Any], *, running: bool) -> ToolbarState:
    return {
        "saga": debugger.program.name,
        "count": count_of(debugger),
        "badge": badge_of(debugger),
        "standing": standing_of(debugger),
        "buttons": buttons_of(debugger, running=running),
        "panel": None if running else panel_of(debugger),
    }


def _listing(debugger: Debugger[Any, Any]) -> ListingState:
    rows, at = program_rows(debugger), debugger.next_instruction
    return {
        "program": rows,
        "marks": marks_of(debugger),
        "current": "" if at is None else at.path,
        "undoing": at is not None and debugger.original_error is not None,
        "summary": summary_of(rows),
    }


def _figure(debugger: Debugger[Any, Any]) -> dict[str, Any]:
    """The chart without its own legend: the pane's head has one that takes no room from the bars."""
    figure = figure_data(debugger)
    return {**figure, "layout": {**figure["layout"], "showlegend": False}}


def _context(debugger: Debugger[Any, Any]) -> ContextState:
    nodes = debugger.diff()
    changes = len(changes_in(nodes))
    last = debugger.journal[-1] if debugger.journal else None
    if last is None:
        summary = "as given"
    else:
        by = f"undoing {last.path}" if last.kind == "compensate" else last.path
        summary = f"{counted(changes, 'change')} by {by}" if changes else f"unchanged by {by}"
    return {"rows": [_row(node) for node in nodes], "summary": summary}


def _row(node: Node) -> ContextRow:
    row: ContextRow = {"key": node.key, "text": node.text, "change": node.change}
    if node.before is not None:
        row["before"] = node.before
    if node.children:
        row["children"] = [_row(child) for child in node.children]
    return row


def _chips(debugger: Debugger[Any, Any]) -> list[Chip]:
    fired: dict[str, list[int]] = {}
    for number, row in enumerate(debugger.journal.rows):
        if row[4] is not None:
            fired.setdefault(row[4], []).append(number)
    return [
        {"id": fault.token, "text": str(fault), "note": _fired_note(fired.get(fault.token, []))}
        for fault in debugger.faults
    ]


def _fired_note(numbers: list[int]) -> str:
    if not numbers:
        return ""
    return f"fired at entry {numbers[0] + 1}" if len(numbers) == 1 else f"fired {len(numbers)} times"


def _events(debugger: Debugger[Any, Any]) -> EventsState:
    journal = debugger.journal
    newest = journal[max(0, len(journal) - NEWEST_EVENTS) :]
    origin = journal[0].started_ns if journal else 0
    words = next_words(debugger)
    return {
        "lines": [_line(entry, origin) for entry in newest],
        "earlier": len(journal) - len(newest),
        "next": f"next: {words}" if words else "",
    }


_TONES: dict[str, Tone] = {
    "continue": "ok",
    "failed": "failed",
    "compensated": "undo",
    "compensation_failed": "failed",
    "pause": "paused",
    "interrupted": "uncertain",
}
_NAMES = {"execute": "step.end", "compensate": "compensate.end", "wait": "step.retry", "halt": "halt"}


def _line(entry: Entry, origin_ns: int) -> EventLine:
    ended = entry.completed_ns if entry.completed_ns is not None else entry.started_ns
    took = "" if entry.duration_ms is None or entry.kind == "halt" else f" in {duration(entry.duration_ms)}"
    error = "" if entry.error is None else f" {error_text(entry.error)}"
    note = f" ({entry.note})" if entry.note else ""
    fault = " ⚡ injected" if entry.fault else ""
    attempt = f" attempt {entry.attempt}" if entry.attempt > 1 and entry.kind != "halt" else ""
    return {
        "at": duration((ended - origin_ns) / 1e6),
        "event": _NAMES[entry.kind],
        "text": f"{entry.path}{attempt} → {entry.outcome}{took}{error}{note}{fault}"[:2_000],
        "tone": _TONES.get(entry.outcome, "plain"),
    }
