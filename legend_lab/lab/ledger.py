"""Owns the ledger: what has become of every effect, folded from the entries of a journal.

An effect is known by its name and key. The participant behind it either knows a key again (idempotent: the same open
is the same effect, and a close ends the key for good, also where nothing was opened) or it does not (every open makes
one more, and a close undoes one).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from legend_lab.core.effects import EffectOperation
from legend_lab.core.instructions import CompensationOutcome, Resolve, Retry
from legend_lab.core.journal import Entry, Row
from legend_lab.core.machine import Machine
from legend_lab.core.program import Program
from legend_lab.core.table import MachineState
from legend_lab.lab.source import Source, read

ENDS = frozenset({MachineState.COMPLETED, MachineState.FAILED, MachineState.COMPENSATION_FAILED})
"""Where a machine stands when everything on its way has had the time to land."""


class EffectState(Enum):
    """What an effect is like now; the value says it in words."""

    OPEN = "open"
    DOUBLED = "doubled"
    """It exists more than once."""
    UNDONE = "undone"
    LATE = "late"
    """Nothing has happened yet: an operation is on its way."""
    NEVER_OPENED = "closed, never opened"
    """It was undone without having been done; by itself that is harmless."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect at one position of a run.

    Attributes:
        name: the effect's declared name.
        key: tells effects of one name apart.
        path: the step that touched it first.
        state: what it is like.
        count: how often it exists.
        pending: late operations on it that have not landed.
        opened_at: numbers of the entries at which it came into being, once for each time.
        closed_at: numbers of the entries at which it was undone, or first closed without having been opened.
        ignored_at: numbers of the entries at which an open or close changed nothing.
        late_at: numbers of the entries after which a late operation landed; the other lists have it too.
        idempotent, irreversible: as declared then.
        details: what was said when it came into being last.
    """

    name: str
    key: str
    path: str
    state: EffectState
    count: int
    pending: int
    opened_at: tuple[int, ...]
    closed_at: tuple[int, ...]
    ignored_at: tuple[int, ...]
    late_at: tuple[int, ...]
    idempotent: bool
    irreversible: bool
    details: Mapping[str, Any] = field(hash=False)

    def __str__(self) -> str:
        times = f" ({self.count} times)" if self.count > 1 else ""
        return f"{self.name} {self.key}: {self.state.value}{times}"


@dataclass(frozen=True, slots=True)
class Ledger:
    """All effects at one position, in the order in which they were first touched."""

    effects: tuple[Effect, ...] = ()

    def __iter__(self) -> Iterator[Effect]:
        return iter(self.effects)

    def __len__(self) -> int:
        return len(self.effects)

    @property
    def existing(self) -> tuple[Effect, ...]:
        """What exists outside: the open and the doubled ones."""
        return tuple(effect for effect in self.effects if effect.count)

    def in_state(self, *states: EffectState) -> tuple[Effect, ...]:
        """The effects that are in one of these states."""
        return tuple(effect for effect in self.effects if effect.state in states)

    def find(self, name: str, key: str | None = None) -> Effect | None:
        """The first effect of this name (and key); None when there is none."""
        return next((item for item in self.effects if item.name == name and key in (None, item.key)), None)


def ledger(source: Source | Sequence[Entry], *, ended: bool | None = None) -> Ledger:
    """What has become of every effect: in an execution, at a debugger's position, or after these entries.

    Late operations land after the undo of their step. Those that find none land when the saga has ended or stands at
    a failed undo; bare entries do not tell that, so `ended` can.

    Raises:
        SourceError: the source has no journal.
    """
    if isinstance(source, list | tuple):
        return _fold(map(_told, source), ended=bool(ended))
    reading = read(source)  # type: ignore[arg-type] # a sequence that is no journal is refused
    journal, effects = reading.journal, reading.journal.effects
    rows = journal.rows
    if not any(operation.late for operations in effects.values() for operation in operations):
        return _fold((_tell(number, rows[number], done) for number, done in effects.items()), ended=False)
    if ended is None:
        ended = reading.program is not None and _has_ended(reading.program, rows)
    return _fold((_tell(number, row, effects.get(number, ())) for number, row in enumerate(rows)), ended=ended)


# -- what the fold reads ----------------------------------------------------------------------------


class _Told(NamedTuple):
    """An entry, as far as it matters to effects."""

    number: int
    path: str
    effects: Sequence[EffectOperation]
    undoes: bool
    """The step is undone now."""
    goes_on: bool
    """The saga had stood at a failed undo, and somebody went on."""
    is_edit: bool


def _told(entry: Entry) -> _Told:
    return _tell(entry.number, (entry.instruction, entry.raw), entry.effects)


def _tell(number: int, row: tuple[Any, ...], effects: Sequence[EffectOperation]) -> _Told:
    instruction, outcome, *_ = row
    undoes, goes_on = outcome is CompensationOutcome.COMPLETED, isinstance(outcome, Retry | Resolve)
    return _Told(number, instruction.path, effects, undoes, goes_on, instruction.kind == "edit")


def _has_ended(program: Program, rows: Sequence[Row]) -> bool:
    return Machine.replay(program, (row[1] for row in rows)).state in ENDS


# -- the fold ---------------------------------------------------------------------------------------


class _Account:
    """One effect while its operations are taken in."""

    __slots__ = (
        "closed_at",
        "count",
        "details",
        "ignored_at",
        "is_dead",
        "last",
        "late_at",
        "opened_at",
        "path",
        "pending",
    )

    def __init__(self, operation: EffectOperation, path: str) -> None:
        self.last = operation
        self.path = path
        self.count = self.pending = 0
        self.is_dead = False
        self.opened_at: list[int] = []
        self.closed_at: list[int] = []
        self.ignored_at: list[int] = []
        self.late_at: list[int] = []
        self.details: Mapping[str, Any] = operation.details

    def take(self, operation: EffectOperation, number: int) -> None:
        """Let an operation happen at the participant, at entry `number`."""
        self.last = operation
        if operation.late:
            self.late_at.append(number)
        if operation.action == "open":
            self._open(operation, number)
        else:
            self._close(operation, number)

    def _open(self, operation: EffectOperation, number: int) -> None:
        if operation.idempotent and (self.is_dead or self.count):
            self.ignored_at.append(number)
            return
        self.count += 1
        self.opened_at.append(number)
        self.details = operation.details

    def _close(self, operation: EffectOperation, number: int) -> None:
        is_news = self.count > 0 or not (self.opened_at or self.closed_at)
        (self.closed_at if is_news else self.ignored_at).append(number)
        self.is_dead = self.is_dead or operation.idempotent
        self.count = 0 if operation.idempotent else max(0, self.count - 1)

    @property
    def state(self) -> EffectState:
        if self.count:
            return EffectState.DOUBLED if self.count > 1 else EffectState.OPEN
        if self.opened_at:
            return EffectState.UNDONE
        return EffectState.NEVER_OPENED if self.closed_at else EffectState.LATE

    def effect(self) -> Effect:
        last = self.last
        numbers = (self.opened_at, self.closed_at, self.ignored_at, self.late_at)
        opened, closed, ignored, late = map(tuple, numbers)
        return Effect(
            last.name,
            last.key,
            self.path,
            self.state,
            self.count,
            self.pending,
            opened,
            closed,
            ignored,
            late,
            last.idempotent,
            last.irreversible,
            self.details,
        )


class _Books:
    """All effects while entries are taken in, and the late operations that have not landed."""

    def __init__(self) -> None:
        self.accounts: dict[tuple[str, str], _Account] = {}
        self.on_their_way: list[tuple[str, EffectOperation]] = []
        self.last = 0

    def enter(self, told: _Told) -> None:
        """Take in one entry."""
        if told.goes_on:
            self.land(self.last)
        for operation in told.effects:
            account = self._account(operation, told.path)
            if operation.late:
                account.pending += 1
                self.on_their_way.append((told.path, operation))
            else:
                account.take(operation, told.number)
        if told.undoes and self.on_their_way:
            self.land(told.number, told.path)
        if not told.is_edit:
            self.last = told.number

    def land(self, number: int, path: str | None = None) -> None:
        """Let what is on its way (from the step `path`) happen after entry `number`."""
        landing = [item for item in self.on_their_way if path in (None, item[0])]
        self.on_their_way = [item for item in self.on_their_way if path not in (None, item[0])]
        for origin, operation in landing:
            account = self._account(operation, origin)
            account.pending -= 1
            account.take(operation, number)

    def _account(self, operation: EffectOperation, path: str) -> _Account:
        at = (operation.name, operation.key)
        if at not in self.accounts:
            self.accounts[at] = _Account(operation, path)
        return self.accounts[at]


def _fold(entries: Iterable[_Told], *, ended: bool) -> Ledger:
    books = _Books()
    for told in entries:
        books.enter(told)
    if ended:
        books.land(books.last)
    return Ledger(tuple(account.effect() for account in books.accounts.values()))
