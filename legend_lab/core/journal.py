"""Owns the journal: what was asked, what came back, from when to when; everything else reads it.

A journal is kept as rows (plain tuples, because the engine makes one for each instruction); an `Entry` is built
when somebody looks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from legend_lab.core.effects import EffectOperation
from legend_lab.core.instructions import (
    Abort,
    CompensationOutcome,
    Edit,
    Edited,
    ExecutionPhase,
    Failure,
    Instruction,
    Kind,
    Outcome,
    Resolve,
    Restart,
    Resume,
    Retry,
    Signal,
    StepOutcome,
)
from legend_lab.core.state import StepStatus, StepTiming
from legend_lab.core.story import story

Row = tuple[Instruction | Edit, Outcome, int, int | None, str | None]
"""(instruction, outcome, started, completed or None while open, fault that fired); instants in clock ticks, ns."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One performed instruction.

    Attributes:
        number: position in the journal, from 0.
        kind: `"execute"`, `"compensate"`, `"wait"`, `"halt"` or `"edit"`.
        index: position of the step in the flat order, from 0.
        path: dotted name of the step.
        phase: which way the run went.
        attempt: number of this issue of the instruction, from 1.
        started_ns: Unix time in ns.
        completed_ns: Unix time in ns; None when nobody saw it end.
        outcome: a `StepStatus` value for steps and undos; `"elapsed"` or `"interrupted"` for waits; what was
            decided for halts (`"resumed"`, `"aborted"`, `"retried"`, `"resolved"`, `"restarted"`, `"stopped"`);
            `"edited"` for edits.
        error: what the attempt raised.
        note: the reason of an abort, the path and note of an undo made by hand, what an edit changed.
        fault: the injected fault that fired here.
        undoes: number of the entry whose effect this undo takes back.
        instruction: the instruction itself.
        raw: the outcome itself.
        effects: what it did outside, in order.
    """

    number: int
    kind: Kind
    index: int
    path: str
    phase: ExecutionPhase
    attempt: int
    started_ns: int
    completed_ns: int | None
    outcome: str
    error: BaseException | None
    note: str
    fault: str | None
    undoes: int | None
    instruction: Instruction | Edit
    raw: Outcome
    effects: tuple[EffectOperation, ...] = ()

    @property
    def duration_ms(self) -> float | None:
        """How long it took, in ms; None when nobody saw it end."""
        return None if self.completed_ns is None else (self.completed_ns - self.started_ns) / 1e6


class Journal(Sequence[Entry]):
    """The entries of one execution, oldest first; it grows while the execution goes on, and never changes.

    `length` freezes a view: a paused execution's journal does not grow when its successor runs. `effects` are the
    operations of those entries that have any, by the entry's number.
    """

    __slots__ = ("_anchor_ns", "_effects", "_executions", "_length", "_rows")

    def __init__(
        self,
        rows: list[Row],
        anchor_ns: int,
        length: int | None = None,
        effects: Mapping[int, Sequence[EffectOperation]] | None = None,
        executions: Executions | None = None,
    ) -> None:
        self._rows = rows
        self._anchor_ns = anchor_ns
        self._length = length
        self._effects = effects or {}
        self._executions = executions or Executions(rows)

    def __len__(self) -> int:
        return len(self._rows) if self._length is None else self._length

    @overload
    def __getitem__(self, key: int) -> Entry: ...
    @overload
    def __getitem__(self, key: slice) -> list[Entry]: ...
    def __getitem__(self, key: int | slice) -> Entry | list[Entry]:
        if isinstance(key, slice):
            return [self._entry(number) for number in range(*key.indices(len(self)))]
        number = key + len(self) if key < 0 else key
        if not 0 <= number < len(self):
            raise IndexError(f"entry {key} of a journal with {len(self)} entries")
        return self._entry(number)

    def __iter__(self) -> Iterator[Entry]:
        return map(self._entry, range(len(self)))

    def __repr__(self) -> str:
        return f"<Journal of {len(self)} entries>"

    @property
    def rows(self) -> Sequence[Row]:
        """The raw rows, for readers that cannot afford an object for each entry."""
        return self._rows if self._length is None else self._rows[: self._length]

    def is_same(self, other: Journal) -> bool:
        """Whether both have the very same entries: as many of the same rows, which only grow. Costs nothing."""
        return self._rows is other._rows and len(self) == len(other)

    @property
    def effects(self) -> dict[int, tuple[EffectOperation, ...]]:
        """The operations of the entries that have any, by number; for readers that need nothing else of an entry."""
        return {number: tuple(self._effects[number]) for number in sorted(self._effects) if number < len(self)}

    @property
    def anchor_ns(self) -> int:
        """What to add to a row's instants to have Unix time, in ns."""
        return self._anchor_ns

    def to_text(self) -> str:
        """The run as a story in sentences, a line an entry."""
        return story(self)

    def step_timings(self) -> tuple[StepTiming, ...]:
        """One timing for each attempt of a step or undo, in order."""
        return tuple(
            StepTiming(
                entry.index,
                entry.path,
                entry.kind == "compensate",
                entry.attempt,
                entry.started_ns,
                entry.completed_ns,
                StepStatus(entry.outcome),
                entry.error,
            )
            for entry in self
            if entry.kind in ("execute", "compensate")
        )

    def _entry(self, number: int) -> Entry:
        instruction, outcome, started, completed, fault = self._rows[number]
        kind = instruction.kind
        return Entry(
            number,
            kind,
            instruction.index,
            instruction.path,
            instruction.phase,
            instruction.attempt,
            started + self._anchor_ns,
            None if completed is None else completed + self._anchor_ns,
            outcome_word(kind, outcome),
            outcome.error if isinstance(outcome, Failure) else None,
            _note(outcome),
            fault,
            self._executions.last_before(number, instruction.index) if kind == "compensate" else None,
            instruction,
            outcome,
            tuple(self._effects.get(number, ())),
        )


class Executions:
    """Where each step was executed: an index over rows that only grow, brought up to date when asked."""

    __slots__ = ("_places", "_rows", "_seen")

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self._places: dict[int, list[int]] = {}
        self._seen = 0

    def last_before(self, number: int, index: int) -> int | None:
        """The last execution of step `index` before entry `number`."""
        for position in range(self._seen, len(self._rows)):
            instruction = self._rows[position][0]
            if instruction.kind == "execute":
                self._places.setdefault(instruction.index, []).append(position)
        self._seen = len(self._rows)
        places = self._places.get(index, ())
        found = bisect_left(places, number)
        return places[found - 1] if found else None


def _note(outcome: Outcome) -> str:
    match outcome:
        case Abort(reason=reason):
            return reason
        case Resolve(path=path, note=note):
            return f"{path}: {note}" if note else path
        case Edited(note=note):
            return note
    return ""


_WORDS: dict[type, str] = {Resume: "resumed", Abort: "aborted", Retry: "retried", Resolve: "resolved", Edited: "edited"}


def outcome_word(kind: Kind, outcome: Outcome) -> str:
    """The word that names an outcome in entries, frames and records."""
    match outcome:
        case StepOutcome() | Signal():
            return str(outcome.value)
        case CompensationOutcome.COMPLETED:
            return "compensated"
        case CompensationOutcome.PAUSE:
            return "pause"
        case Failure():
            return "compensation_failed" if kind == "compensate" else "failed"
        case Restart(crashed=crashed):
            return "restarted" if crashed else "stopped"
    return _WORDS[type(outcome)]
