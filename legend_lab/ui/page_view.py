"""Owns what a page shows at each moment of a run: plain data, each moment kept as what differs from the one before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from legend_lab.core.errors import error_text
from legend_lab.core.instructions import Halt
from legend_lab.core.journal import Entry, Journal, Row
from legend_lab.core.program import StepSpec
from legend_lab.core.story import duration, sentence
from legend_lab.core.text import cut, visible
from legend_lab.lab.labels import LONGEST_LABEL
from legend_lab.lab.ledger import Effect, EffectState
from legend_lab.lab.moments import Moment, Moments
from legend_lab.lab.tree import Node, changes_in
from legend_lab.runtime.faults import fault_words
from legend_lab.ui.chart import LEGEND
from legend_lab.ui.deltas import Reel
from legend_lab.ui.keys import PAGE_KEY_HELP, PAGE_KEYS
from legend_lab.ui.lanes import MOST_DOTS, dots_of
from legend_lab.ui.marks import counted, rows_of, state_of, summary_of
from legend_lab.ui.open_effects import status_of, summary_of_effects
from legend_lab.ui.page_timeline import drawing_of
from legend_lab.ui.view import changed_by, event_line
from legend_lab.ui.view_state import Badge, EventLine, RowMark
from legend_lab.ui.words import DEAD, badge_at, cause_of, words_for

LEAST_CONTEXT_BYTES: Final = 700_000
"""Room for contexts in any page."""
CONTEXT_BYTES: Final = 3_500
"""Room for contexts for each entry of a long run; where they need more, only the last moments have theirs."""
LONGEST_SENTENCE: Final = 600
"""Characters of a sentence, say with an error in it."""

View = dict[str, Any]


def page_of(recording: Moments) -> View:
    """Everything that the page shows."""
    first, journal = recording.first, recording.journal
    views = Reel()
    contexts = Reel()
    steps = _Steps(recording)
    for moment in recording.moments():
        views.append(_view(recording, moment, steps.marks(moment)))
        contexts.append(_context(moment, recording))
        contexts.shorten(max(LEAST_CONTEXT_BYTES, CONTEXT_BYTES * (len(journal) - first)))
    count = len(views) - 1
    return {
        "saga": _name(recording),
        "about": _about(recording),
        "first": first,
        "count": count,
        "position": recording.position - first,
        "listing": _listing(recording),
        "timeline": {**drawing_of(recording.shown), "legend": LEGEND},
        "history": _history(recording, count),
        "events": _events(journal, first),
        "effects": bool(journal.effects),
        "moments": views.states,
        "contexts": {"from": contexts.gone, "states": contexts.states, "why": _why(contexts, first)},
        "keys": PAGE_KEYS,
        "help": PAGE_KEY_HELP,
    }


# -- what holds for the whole run -------------------------------------------------------------------


def _name(recording: Moments) -> str:
    program = recording.reading.program
    return "Journal" if program is None else program.name


def _about(recording: Moments) -> str:
    """What this page is of, in a sentence or two."""
    journal = recording.journal
    told = []
    if journal:
        started = datetime.fromtimestamp(journal[0].started_ns / 1e9, UTC)
        told.append(f"Started {started:%Y-%m-%d %H:%M:%S} UTC.")
    if recording.branch:
        others = f"; not on this page: {', '.join(recording.others)}" if recording.others else ""
        told.append(f"Branch {visible(recording.branch, LONGEST_LABEL)}{others}.")
    if recording.first:
        told.append(f"The last {len(journal) - recording.first:,} of {len(journal):,} entries.")
    return " ".join(told)


def _listing(recording: Moments) -> View:
    rows = rows_of(list(recording.reading.paths.values()), recording.steps)
    return {"program": rows, "summary": summary_of(rows)}


def _history(recording: Moments, count: int) -> View:
    """One lane, whose positions count from the first that is shown."""
    first, journal = recording.first, recording.journal
    size = max(1, -(-count // MOST_DOTS))
    dots = dots_of(journal, first, first + count, size)
    for dot in dots:
        dot["first"] -= first
        dot["last"] -= first
    ended = recording.has_ended
    lane = {"name": recording.branch or "run", "row": 0, "parent": 0, "first": 0, "end": count, "lit": count,
            "current": True, "ended": ended, "text": "", "dots": dots}  # fmt: skip
    told = counted(len(journal), "entry", "entries") + (f" · {size} to a dot" if size > 1 else "")
    return {"lanes": [lane], "length": count, "span": max(1, count + (not ended)), "size": size, "summary": told}


def _events(journal: Journal, first: int) -> list[EventLine]:
    origin = journal[0].started_ns if journal else 0
    return [_story_line(entry, origin) for entry in journal[first:]]


def _story_line(entry: Entry, origin_ns: int) -> EventLine:
    injected = f" (injected: {fault_words(entry.fault)})" if entry.fault else ""
    return {**event_line(entry, origin_ns), "text": cut(sentence(entry) + injected, 2_000)}


# -- what holds at one moment -----------------------------------------------------------------------


class _Steps:
    """What has become of each step, one moment after the other."""

    def __init__(self, recording: Moments) -> None:
        self._rows = recording.journal.rows
        self._specs = recording.specs
        self._executes: dict[int, Row] = {}
        self._undos: dict[int, Row] = {}
        self._seen = 0

    def marks(self, moment: Moment) -> dict[str, RowMark]:
        """A mark for every step that something happened to, or that is next; moments must come in order."""
        for row in self._rows[self._seen : moment.position]:
            kind = row[0].kind
            if kind == "execute":
                self._executes[row[0].index] = row
            elif kind == "compensate":
                self._undos[row[0].index] = row
        self._seen = moment.position
        at, pending = moment.next, set(moment.pending)
        touched = {*self._executes, *self._undos, *(() if at is None else (at.index,))}
        return {self._specs[index].path: self._mark(index, moment, pending) for index in sorted(touched)}

    def _mark(self, index: int, moment: Moment, pending: set[str]) -> RowMark:
        spec: StepSpec = self._specs[index]
        rows = self._executes.get(index), self._undos.get(index)
        state, status = state_of(spec, *rows, moment.next, pending=spec.path in pending)
        return {"state": state, "status": status, "faults": []}


def _view(recording: Moments, moment: Moment, marks: dict[str, RowMark]) -> View:
    journal, position, at = recording.journal, moment.position, moment.next
    entry = journal[position - 1] if position else None
    now = "Nothing has run yet." if entry is None else cut(sentence(entry), LONGEST_SENTENCE)
    of = counted(len(journal), "entry", "entries")
    where = f"After {position:,} of {of}: {now}" if position else f"Before the first of {of}." if journal else now
    view = {
        "count": _count(journal, position),
        "badge": _badge(recording, moment),
        "now": now,
        "next": _next(recording, moment),
        "where": where,
        "marks": marks,
        "current": "" if at is None else at.path,
        "undoing": at is not None and moment.error is not None,
    }
    if moment.effects:
        view["effects"] = [_effect(effect) for effect in moment.effects]
        view["effects_summary"] = summary_of_effects(moment.effects)
    return view


def _count(journal: Journal, position: int) -> str:
    if not position:
        return f"0 of {len(journal):,}"
    last = journal[position - 1]
    end_ns = last.started_ns if last.completed_ns is None else last.completed_ns
    of = counted(len(journal), "entry", "entries")
    return f"{position:,} of {of} · {duration((end_ns - journal[0].started_ns) / 1e6)}"


def _badge(recording: Moments, moment: Moment) -> Badge:
    if recording.is_crashed and moment.position == len(recording.journal):
        return DEAD
    if recording.reading.program is None:
        return {"tone": "plain", "glyph": "", "text": ""}
    return badge_at(moment.next, moment.error, begun=moment.position > 0)


def _next(recording: Moments, moment: Moment) -> str:
    program, at = recording.reading.program, moment.next
    if program is None:
        return ""
    if recording.is_crashed and moment.position == len(recording.journal):
        return "The process died here."
    if at is None and moment.error is None:
        return f"All {counted(len(program.steps), 'step')} done."
    if at is None or moment.pending:
        why = "" if moment.error is None else cut(error_text(cause_of(moment.error)), LONGEST_SENTENCE)
        undone = f"not undone: {', '.join(moment.pending)}" if moment.pending else "what was done is undone"
        return f"The saga failed ({why}); {undone}."
    if isinstance(at, Halt):
        return f"It stands still at {at.path}: {at.reason.value}."
    return f"Next: {words_for(at, len(program.steps))}."


_EFFECT_TONES: Final = {
    EffectState.OPEN: ("undo", "●"),
    EffectState.DOUBLED: ("failed", "⊕"),
    EffectState.UNDONE: ("plain", "○"),
    EffectState.LATE: ("uncertain", "◌"),
    EffectState.NEVER_OPENED: ("plain", "○"),
}


def _effect(effect: Effect) -> View:
    tone, glyph = _EFFECT_TONES[effect.state]
    return {"name": effect.name, "key": cut(effect.key, 200), "path": effect.path, "state": status_of(effect),
            "tone": tone, "glyph": glyph, "exists": effect.count > 0}  # fmt: skip


# -- contexts ---------------------------------------------------------------------------------------


def _context(moment: Moment, recording: Moments) -> View:
    if moment.context is None:
        return {"rows": [], "summary": "not known", "trouble": cut(moment.missing, LONGEST_SENTENCE)}
    last = recording.journal[moment.position - 1] if moment.position else None
    known = recording.compares or last is None
    summary = changed_by(last, len(changes_in(moment.context))) if known else "what changed last is not known"
    return {"rows": [_row(node) for node in moment.context], "summary": summary, "trouble": ""}


def _row(node: Node) -> View:
    row: View = {"key": node.key, "text": node.text, "change": node.change}
    if node.before is not None:
        row["before"] = node.before
    if node.children:
        row["children"] = [_row(child) for child in node.children]
    return row


def _why(contexts: Reel, first: int) -> str:
    """Why some contexts are not on the page; empty when all are."""
    if not contexts.gone:
        return ""
    if not len(contexts):
        return "The context is too large for this page."
    return f"The contexts before entry {first + contexts.gone:,} are not on this page: all together they are too large."
