"""Owns the history strip: branches as lanes, entries as dots, several to a dot where there are many."""

from __future__ import annotations

from collections import Counter
from typing import Any

from legend_lab.core.journal import Entry, Journal, Row, outcome_word
from legend_lab.core.story import sentence
from legend_lab.lab.debugger import Debugger
from legend_lab.lab.history import Branch
from legend_lab.lab.marks import DECISIONS
from legend_lab.ui.marks import counted
from legend_lab.ui.view_state import Dot, HistoryState, Lane, Look

MOST_DOTS = 150
"""Dots in a lane; more entries share them."""
_LONGEST = 160

_LOOKS: dict[tuple[str, str], Look] = {
    ("execute", "continue"): "done",
    ("execute", "failed"): "failed",
    ("execute", "pause"): "paused",
    ("execute", "interrupted"): "uncertain",
    ("compensate", "compensated"): "undone",
    ("compensate", "compensation_failed"): "undo_failed",
    ("compensate", "pause"): "paused",
    ("compensate", "interrupted"): "uncertain",
    ("wait", "elapsed"): "wait",
    ("wait", "interrupted"): "uncertain",
    ("edit", "edited"): "edit",
}
_GLYPHS: dict[Look, str] = {
    "done": "✓",
    "failed": "✗",
    "undone": "↩",
    "undo_failed": "✗",
    "paused": "‖",
    "uncertain": "?",
    "wait": "",
    "decision": "▸",
    "edit": "✎",
}
_WORST: tuple[Look, ...] = (
    "undo_failed",
    "failed",
    "uncertain",
    "paused",
    "edit",
    "decision",
    "undone",
    "done",
    "wait",
)
"""What a dot of several entries looks like: the first of these that is among them."""
_WORDS: dict[Look, str] = {
    "done": "done",
    "failed": "failed",
    "undone": "undone",
    "undo_failed": "undo failed",
    "paused": "paused",
    "uncertain": "unknown",
    "wait": "back-off",
    "decision": "decided",
    "edit": "edited",
}


def history_of(debugger: Debugger[Any, Any], where: str) -> HistoryState:
    """All branches, and where on which the position is; `where` says so in words."""
    branches = debugger.branches
    named = {branch.name: row for row, branch in enumerate(branches)}
    lit = _lit(branches, named, debugger.branch)
    longest = max(len(branch) for branch in branches)
    size = max(1, -(-longest // MOST_DOTS))
    lanes = [_lane(branch, lit[row], size) for row, branch in enumerate(branches)]
    for row, lane in enumerate(lanes):
        lane["row"], lane["parent"] = row, _owner(branches[row], branches, named)
        lane["current"] = lane["name"] == debugger.branch
    told = [counted(debugger.length, "entry", "entries")]
    if size > 1:
        told.append(f"{size} to a dot")
    if len(lanes) > 1:
        told.append(f"{len(lanes):,} branches")
    return {
        "lanes": lanes,
        "position": debugger.position,
        "length": debugger.length,
        "span": max(lane["end"] + (not lane["ended"]) for lane in lanes),
        "size": size,
        "where": where,
        "summary": " · ".join(told) if longest else "",
    }


def _owner(branch: Branch, branches: tuple[Branch, ...], named: dict[str, int]) -> int:
    """Row of the branch whose own entry is the last one before `branch` leaves."""
    row = named[branch.parent] if branch.parent is not None else 0
    while row and branch.forked_at <= branches[row].forked_at:
        parent = branches[row].parent
        row = named[parent] if parent is not None else 0
    return row


def _lit(branches: tuple[Branch, ...], named: dict[str, int], current: str) -> list[int]:
    """For each row, up to which position it is part of the current branch."""
    lit = [0] * len(branches)
    row = named[current]
    lit[row] = len(branches[row])
    while row:
        parent = _owner(branches[row], branches, named)
        lit[parent] = branches[row].forked_at
        row = parent
    return lit


def _lane(branch: Branch, lit: int, size: int) -> Lane:
    first, end = branch.forked_at, len(branch)
    text = counted(end - first, "entry", "entries")
    left = "" if branch.parent is None else f"left {branch.parent} at entry {first:,}, "
    return {
        "name": branch.name,
        "row": 0,
        "parent": 0,
        "first": first,
        "end": end,
        "lit": lit,
        "current": False,
        "ended": branch.run.machine.finished,
        "text": f"{branch.name}: {left}{text}{' of its own' if left else ''}",
        "dots": dots_of(branch.run.journal(), first, end, size),
    }


def dots_of(journal: Journal, first: int, end: int, size: int) -> list[Dot]:
    """A dot for each entry from `first` up to, not including, `end`, or for `size` of them where there are many."""
    rows = journal.rows
    if size == 1:
        return [_dot(rows[number], journal[number]) for number in range(first, end)]
    dots: list[Dot] = []
    start = first
    while start < end:
        stop = min(end, start - start % size + size)
        looks = Counter(_look(row) for row in rows[start:stop])
        look = next(look for look in _WORST if look in looks)
        words = ", ".join(f"{looks[each]} {_WORDS[each]}" for each in _WORST if each in looks)
        which = f"Entries {start + 1:,} to {stop:,}" if stop > start + 1 else f"Entry {stop:,}"
        dots.append({"first": start + 1, "last": stop, "look": look, "glyph": "", "text": f"{which}: {words}"})
        start = stop
    return dots


def _dot(row: Row, entry: Entry) -> Dot:
    look, number = _look(row), entry.number + 1
    glyph = DECISIONS.get(entry.outcome, "▸") if look == "decision" else _GLYPHS[look]
    text = f"Entry {number:,}: {sentence(entry)}"
    return {"first": number, "last": number, "look": look, "glyph": glyph, "text": text[:_LONGEST]}


def _look(row: Row) -> Look:
    return _LOOKS.get((row[0].kind, outcome_word(row[0].kind, row[1])), "decision")
