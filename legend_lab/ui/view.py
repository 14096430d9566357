"""Owns how a debugger becomes what the workbench shows: plain data, worked out anew after each command."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from legend_lab.core.errors import ContextCopyError, LegendError, error_text
from legend_lab.core.journal import Entry
from legend_lab.core.story import duration
from legend_lab.core.text import cut
from legend_lab.lab.breakpoints import StopReason
from legend_lab.lab.opening import Shown
from legend_lab.lab.recording import Recording
from legend_lab.lab.tree import Node, changes_in, context_tree
from legend_lab.runtime.faults import Fault, fault_words
from legend_lab.ui.buttons import NO_CLOCK, buttons_of, clock_button
from legend_lab.ui.chart import Drawn, timeline_of
from legend_lab.ui.lanes import history_of
from legend_lab.ui.marks import anywhere_of, breakpoints_of, counted, marks_of, program_rows, summary_of
from legend_lab.ui.menu_state import Button
from legend_lab.ui.open_effects import effects_of
from legend_lab.ui.planning import Planned, code_of
from legend_lab.ui.view_state import (
    Badge,
    Chip,
    ContextRow,
    ContextState,
    EventLine,
    EventsState,
    FaultsState,
    ListingState,
    Panel,
    PanelItem,
    Refusal,
    Standing,
    Tone,
    ToolbarState,
    ViewState,
)
from legend_lab.ui.words import RECORDED, badge_of, count_of, next_words, panel_of, standing_of, where_of

NEWEST_EVENTS = 200
"""Lines of the log that are sent; older ones are counted."""
LATER_EVENTS = 60
"""Of these, the most that come after the moment that is shown."""
LONGEST_WORDS = 600
"""Characters of a sentence, say with an error in it; the log has more of it."""


@dataclass(frozen=True, slots=True)
class Aside:
    """What the workbench knows and the debugger does not.

    Attributes:
        running: a command is being carried out.
        stopped: why the last command stopped where it did.
        virtual: whether time is virtual from the next reset on; None for as it is.
        off: faults that are switched off, but kept, and all others, in the order shown.
        refused: the last edit of the context, if it was refused.
        drawn: the chart of the last picture.
    """

    running: bool = False
    stopped: StopReason | None = None
    virtual: bool | None = None
    planned: Planned | None = None
    refused: Refusal | None = None
    drawn: Drawn = field(default_factory=Drawn)


def view_of(debugger: Shown, aside: Aside | None = None) -> ViewState:
    """Everything that the workbench shows of `debugger`."""
    return cast("ViewState", dict(panes_of(debugger, aside or Aside())))


def panes_of(debugger: Shown, aside: Aside) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The panes of `view_of`, one at a time: they are on their way while the others are worked out."""
    yield "toolbar", _toolbar(debugger, aside)
    yield from _told_by_journal(debugger, aside)
    yield "context", _context(debugger, aside.refused)


def running_panes_of(debugger: Shown, aside: Aside) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The panes of `panes_of` while a step is performed: of the context, it may have changed half already."""
    words = next_words(debugger)
    standing: Standing = {
        "now": f"Performing: {words}." if words else "Working.",
        "next": "Stop ends it where it awaits something.",
    }
    badge: Badge = {"tone": "forward", "glyph": "▸", "text": "Running"}
    yield "toolbar", {**_toolbar(debugger, aside), "badge": badge, "standing": _cut_standing(standing), "slow": True}
    yield from _told_by_journal(debugger, aside)
    yield "context", {"summary": "at the last picture: a step runs"}


def _told_by_journal(debugger: Shown, aside: Aside) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "timeline", timeline_of(debugger, aside.drawn, running=aside.running)
    yield "listing", _listing(debugger, running=aside.running)
    yield "effects", effects_of(debugger)
    yield "history", history_of(debugger, where_of(debugger))
    yield "faults", _faults(debugger, aside.planned)
    yield "events", _events(debugger, running=aside.running)


def planned_panes_of(debugger: Shown, aside: Aside) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The panes that say what is planned, and what can be done: all that can change while a step is performed."""
    yield "toolbar", {"buttons": buttons_of(debugger, running=True)}
    yield "listing", _listing(debugger, running=True)
    yield "faults", _faults(debugger, aside.planned)


def _toolbar(debugger: Shown, aside: Aside) -> ToolbarState:
    return {
        "saga": debugger.program.name,
        "count": count_of(debugger),
        "badge": badge_of(debugger),
        "standing": _cut_standing(standing_of(debugger, aside.stopped)),
        "past": debugger.is_past,
        "buttons": buttons_of(debugger, running=aside.running),
        "running": aside.running,
        "clock": _clock(debugger, aside.virtual),
        "panel": None if aside.running else _cut_panel(panel_of(debugger)),
    }


def _cut_standing(standing: Standing) -> Standing:
    return {"now": cut(standing["now"], LONGEST_WORDS), "next": cut(standing["next"], LONGEST_WORDS)}


def _cut_panel(panel: Panel | None) -> Panel | None:
    if panel is None:
        return None
    items: list[PanelItem] = [{**item, "text": cut(item["text"], LONGEST_WORDS)} for item in panel["items"]]
    return {
        **panel,
        "title": cut(panel["title"], LONGEST_WORDS),
        "text": cut(panel["text"], LONGEST_WORDS),
        "items": items,
    }


def _clock(debugger: Shown, wanted: bool | None) -> Button:  # noqa: FBT001 - None is the usual case
    if isinstance(debugger, Recording):
        return NO_CLOCK
    virtual = debugger.clock.virtual
    return clock_button(virtual=virtual, wanted=virtual if wanted is None else wanted)


def _listing(debugger: Shown, *, running: bool) -> ListingState:
    rows, at = program_rows(debugger), debugger.next_instruction
    breakpoints = len(debugger.breakpoints)
    return {
        "program": rows,
        "marks": marks_of(debugger, running=running),
        "breakpoints": breakpoints_of(debugger.breakpoints),
        "anywhere": anywhere_of(debugger.breakpoints),
        "current": "" if at is None else at.path,
        "undoing": at is not None and debugger.original_error is not None,
        "fixed": RECORDED if isinstance(debugger, Recording) else "",
        "summary": summary_of(rows) + (f" · {counted(breakpoints, 'breakpoint')}" if breakpoints else ""),
    }


def _context(debugger: Shown, refused: Refusal | None) -> ContextState:
    try:
        nodes = debugger.diff()
    except ContextCopyError as error:
        return _context_without_changes(debugger, refused, error)
    last = debugger.journal[-1] if debugger.journal else None
    summary = changed_by(last, len(changes_in(nodes)))
    inside = None if isinstance(debugger, Recording) else ""
    return {"rows": [_row(node, inside) for node in nodes], "summary": summary, "refused": refused, "trouble": ""}


def changed_by(last: Entry | None, changes: int) -> str:
    """How many values of the context the last entry changed, in words."""
    if last is None:
        return "as given"
    by = _BY.get(last.kind, "{}").format(last.path)
    return f"{counted(changes, 'change')} by {by}" if changes else f"unchanged by {by}"


def _context_without_changes(debugger: Shown, refused: Refusal | None, error: ContextCopyError) -> ContextState:
    """The context where that of the moment before is not known; where its own is not, why."""
    recorded = isinstance(debugger, Recording)
    if not recorded and debugger.is_past:
        return {"rows": [], "summary": "not known", "refused": refused, "trouble": _trouble(error)}
    try:
        context = debugger.context
    except ContextCopyError as unknown:
        return {"rows": [], "summary": "not known", "refused": refused, "trouble": str(unknown)}
    rows = [_row(node, None if recorded else "") for node in context_tree(context, context)]
    trouble = "" if recorded else _trouble(error)
    return {"rows": rows, "summary": "what changed last is not known", "refused": refused, "trouble": trouble}


def _trouble(error: LegendError) -> str:
    return cut(
        f"A step left something here that the debugger cannot keep: {error}. The saga can go on; to travel back and "
        "to branch from here is not possible.",
        LONGEST_WORDS,
    )


_HALF_PAIR = re.compile("[\ud800-\udfff]")  # no message can carry it
_BY = {"compensate": "undoing {}", "edit": "hand", "halt": "a decision", "wait": "waiting"}


def _row(node: Node, inside: str | None) -> ContextRow:
    """A row of the tree; `inside` is the place of what holds it with a dot, None where no place can be named."""
    sayable = node.key and "." not in node.key and not _HALF_PAIR.search(node.key)
    place = inside + node.key if inside is not None and sayable else None
    row: ContextRow = {"key": node.key, "text": node.text, "change": node.change}
    if node.before is not None:
        row["before"] = node.before
    if node.children:
        row["children"] = [_row(child, None if place is None else f"{place}.") for child in node.children]
    elif place is not None and node.change != "removed":
        row["place"] = place
    return row


def _faults(debugger: Shown, planned: Planned | None) -> FaultsState:
    fired: dict[str, list[int]] = {}
    for number, row in enumerate(debugger.journal.rows):
        if row[4] is not None:
            fired.setdefault(row[4], []).append(number)
    if isinstance(debugger, Recording):
        return _recorded_faults(debugger, fired)
    chips = [_chip(fault, fired, on=on) for fault, on in planned or Planned(debugger)]
    return {"chips": chips, "code": code_of(debugger.faults), "fixed": ""}


def _recorded_faults(recording: Recording[Any, Any], fired: dict[str, list[int]]) -> FaultsState:
    """The plan, or where the recording does not tell it, what has fired of it."""
    if recording.knows_faults:
        chips = [_chip(fault, fired, on=True) for fault in recording.faults]
        return {"chips": chips, "code": code_of(recording.faults), "fixed": "No faults were planned."}
    told: list[Chip] = [
        {"id": token, "text": cut(fault_words(token), LONGEST_WORDS), "note": _fired_note(numbers), "on": True}
        for token, numbers in fired.items()
    ]
    return {"chips": told, "code": "", "fixed": "No fault has fired so far; which were planned was not recorded."}


def _chip(fault: Fault, fired: dict[str, list[int]], *, on: bool) -> Chip:
    delay = f" of {duration(fault.delay_ms)}" if fault.delay_ms else ""
    note = _fired_note(fired.get(fault.token, []))
    return {
        "id": fault.token,
        "text": cut(f"{fault}{delay}", LONGEST_WORDS),
        "note": note if on else "switched off",
        "on": on,
    }


def _fired_note(numbers: list[int]) -> str:
    if not numbers:
        return ""
    return f"fired at entry {numbers[0]:,}" if len(numbers) == 1 else f"fired {len(numbers)} times"


def _events(debugger: Shown, *, running: bool) -> EventsState:
    journal, end = debugger.future, min(debugger.length, debugger.position + LATER_EVENTS)
    newest = journal[max(0, end - NEWEST_EVENTS) : end]
    origin = journal[0].started_ns if journal else 0
    words = next_words(debugger)
    return {
        "lines": [event_line(entry, origin) for entry in newest],
        "earlier": end - len(newest),
        "later": end - debugger.position,
        "next": f"{'now' if running else 'next'}: {words}" if words and not debugger.is_past else "",
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
