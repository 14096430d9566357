"""Owns how a debugger becomes what the workbench shows: plain data, worked out anew after each command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from legend_lab.core.errors import error_text
from legend_lab.core.journal import Entry
from legend_lab.core.story import duration
from legend_lab.lab.breakpoints import StopReason
from legend_lab.lab.debugger import Debugger
from legend_lab.lab.tree import Node, changes_in
from legend_lab.ui.buttons import buttons_of, clock_button
from legend_lab.ui.chart import timeline_of
from legend_lab.ui.lanes import history_of
from legend_lab.ui.marks import breakpoints_of, counted, marks_of, program_rows, summary_of
from legend_lab.ui.planning import Planned, code_of
from legend_lab.ui.view_state import (
    Chip,
    ContextRow,
    ContextState,
    EventLine,
    EventsState,
    FaultsState,
    ListingState,
    Refusal,
    Tone,
    ToolbarState,
    ViewState,
)
from legend_lab.ui.words import badge_of, count_of, next_words, panel_of, standing_of, where_of

NEWEST_EVENTS = 200
"""Lines of the log that are sent; older ones are counted."""
LATER_EVENTS = 60
"""Of these, the most that come after the moment that is shown."""
LEGEND = "✓ done  ✗ failed  ▨ ↩ undo  ┄ back-off  ‖ paused"


@dataclass(frozen=True, slots=True)
class Aside:
    """What the workbench knows and the debugger does not.

    Attributes:
        running: a command is being carried out.
        stopped: why the last command stopped where it did.
        virtual: whether time is virtual from the next reset on; None for as it is.
        off: faults that are switched off, but kept, and all others, in the order shown.
        refused: the last edit of the context, if it was refused.
    """

    running: bool = False
    stopped: StopReason | None = None
    virtual: bool | None = None
    planned: Planned | None = None
    refused: Refusal | None = None


def view_of(debugger: Debugger[Any, Any], aside: Aside | None = None) -> ViewState:
    """Everything that the workbench shows of `debugger`."""
    aside = aside or Aside()
    return {
        "toolbar": _toolbar(debugger, aside),
        "listing": _listing(debugger),
        "timeline": {"figure": timeline_of(debugger), "legend": LEGEND},
        "context": _context(debugger, aside.refused),
        "history": history_of(debugger, where_of(debugger)),
        "faults": _faults(debugger, aside.planned or Planned(debugger)),
        "events": _events(debugger),
    }


def _toolbar(debugger: Debugger[Any, Any], aside: Aside) -> ToolbarState:
    virtual = debugger.clock.virtual
    return {
        "saga": debugger.program.name,
        "count": count_of(debugger),
        "badge": badge_of(debugger),
        "standing": standing_of(debugger, aside.stopped),
        "past": debugger.is_past,
        "buttons": buttons_of(debugger, running=aside.running),
        "clock": clock_button(virtual=virtual, wanted=virtual if aside.virtual is None else aside.virtual),
        "panel": None if aside.running else panel_of(debugger),
    }


def _listing(debugger: Debugger[Any, Any]) -> ListingState:
    rows, at = program_rows(debugger), debugger.next_instruction
    breakpoints = len(debugger.breakpoints)
    return {
        "program": rows,
        "marks": marks_of(debugger),
        "breakpoints": breakpoints_of(debugger.breakpoints),
        "current": "" if at is None else at.path,
        "undoing": at is not None and debugger.original_error is not None,
        "summary": summary_of(rows) + (f" · {counted(breakpoints, 'breakpoint')}" if breakpoints else ""),
    }


def _context(debugger: Debugger[Any, Any], refused: Refusal | None) -> ContextState:
    nodes = debugger.diff()
    last = debugger.journal[-1] if debugger.journal else None
    summary = changed_by(last, len(changes_in(nodes)))
    return {"rows": [_row(node, "") for node in nodes], "summary": summary, "refused": refused}


def changed_by(last: Entry | None, changes: int) -> str:
    """How many values of the context the last entry changed, in words."""
    if last is None:
        return "as given"
    by = _BY.get(last.kind, "{}").format(last.path)
    return f"{counted(changes, 'change')} by {by}" if changes else f"unchanged by {by}"


_BY = {"compensate": "undoing {}", "edit": "hand", "halt": "a decision", "wait": "waiting"}


def _row(node: Node, inside: str | None) -> ContextRow:
    """A row of the tree; `inside` is the place of what holds it with a dot, None where no place can be named."""
    place = None if inside is None or "." in node.key or not node.key else inside + node.key
    row: ContextRow = {"key": node.key, "text": node.text, "change": node.change}
    if node.before is not None:
        row["before"] = node.before
    if node.children:
        row["children"] = [_row(child, None if place is None else f"{place}.") for child in node.children]
    elif place is not None and node.change != "removed":
        row["place"] = place
    return row


def _faults(debugger: Debugger[Any, Any], planned: Planned) -> FaultsState:
    fired: dict[str, list[int]] = {}
    for number, row in enumerate(debugger.journal.rows):
        if row[4] is not None:
            fired.setdefault(row[4], []).append(number)
    chips: list[Chip] = []
    for fault, on in planned:
        delay = f" of {duration(fault.delay_ms)}" if fault.delay_ms else ""
        note = _fired_note(fired.get(fault.token, []))
        chips.append({"id": fault.token, "text": f"{fault}{delay}", "note": note if on else "switched off", "on": on})
    return {"chips": chips, "code": code_of(debugger.faults)}


def _fired_note(numbers: list[int]) -> str:
    if not numbers:
        return ""
    return f"fired at entry {numbers[0] + 1}" if len(numbers) == 1 else f"fired {len(numbers)} times"


def _events(debugger: Debugger[Any, Any]) -> EventsState:
    journal, end = debugger.future, min(debugger.length, debugger.position + LATER_EVENTS)
    newest = journal[max(0, end - NEWEST_EVENTS) : end]
    origin = journal[0].started_ns if journal else 0
    words = next_words(debugger)
    return {
        "lines": [event_line(entry, origin) for entry in newest],
        "earlier": end - len(newest),
        "later": end - debugger.position,
        "next": f"next: {words}" if words and not debugger.is_past else "",
    }


_TONES: dict[str, Tone] = {
    "continue": "ok",
    "failed": "failed",
    "compensated": "undo",
    "compensation_failed": "failed",
    "pause": "paused",
    "interrupted": "uncertain",
}
_NAMES = {"execute": "step.end", "compensate": "compensate.end", "wait": "step.retry", "halt": "halt", "edit": "edit"}


def event_line(entry: Entry, origin_ns: int) -> EventLine:
    """An entry as a line of the log, with when it ended since `origin_ns`."""
    ended = entry.completed_ns if entry.completed_ns is not None else entry.started_ns
    took = "" if entry.duration_ms is None or entry.kind in ("halt", "edit") else f" in {duration(entry.duration_ms)}"
    error = "" if entry.error is None else f" {error_text(entry.error)}"
    note = f" ({entry.note})" if entry.note else ""
    fault = " ⚡ injected" if entry.fault else ""
    attempt = f" attempt {entry.attempt}" if entry.attempt > 1 and entry.kind not in ("halt", "edit") else ""
    text = f"{entry.path}{attempt} → {entry.outcome}{took}{error}{note}{fault}"
    return {
        "at": duration((ended - origin_ns) / 1e6),
        "event": _NAMES[entry.kind],
        "text": (entry.note if entry.kind == "edit" else text)[:2_000],
        "tone": _TONES.get(entry.outcome, "plain"),
    }
