"""Owns sessions: everything that a debugger knows, as one JSON file that another process can take up.

Contexts are written by the saga's own codec, each different one once; entries and errors as in records. Nothing in a
session is code. It carries a digest of itself, so that damage is noticed; it is no protection against malice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from legend_lab.core.errors import (
    ContextRecordError,
    CorruptRecordError,
    FaultPlanError,
    SagaDefinitionError,
    SagaMismatchError,
)
from legend_lab.core.journal import Row
from legend_lab.core.text import kind_of
from legend_lab.lab.breakpoints import Breakpoint, BreakpointError
from legend_lab.lab.conditions import ConditionError
from legend_lab.lab.history import Branch
from legend_lab.lab.snapshots import Snapshots
from legend_lab.runtime.clocks import Clock
from legend_lab.runtime.codec import SagaReader, read_id, read_saga, write_saga
from legend_lab.runtime.entries import read_entries, write_entry
from legend_lab.runtime.faults import Fault, FaultPlan
from legend_lab.runtime.record import read_sealed, seal, write_json
from legend_lab.runtime.run import Options, Run
from legend_lab.runtime.shape import Shape
from legend_lab.saga.compiler import compile_saga
from legend_lab.saga.reader import ClassReader
from legend_lab.saga.recorded import RecordedReader
from legend_lab.saga.saga import Saga

FORMAT = "legend_lab.session"
VERSION = 1

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Session:
    """What a debugger knows, its clock and resources apart.

    Attributes:
        saga: the saga that is stepped; None where it was read from the file alone.
        given: the context that it was given.
        branches: all branches, in the order in which they began.
        branch: name of the one that is shown.
        position: the moment of it that is shown.
        is_crashed: whether the process has "died" and waits for `restart`.
        faults: the failures to inject.
        breakpoints: where `run` stops.
    """

    saga: Any
    given: Any
    branches: tuple[Branch, ...]
    branch: str
    position: int
    is_crashed: bool
    faults: FaultPlan
    breakpoints: tuple[Breakpoint, ...]


def write_session(session: Session) -> bytes:
    """Write a session as JSON.

    Raises:
        ContextRecordError: a context or an input cannot be written; the message names the place.
        BreakpointError: a breakpoint tests a function.
    """
    breakpoints = [item.to_json() for item in session.breakpoints]
    run = session.branches[0].run
    contexts = _Contexts(run.shape)
    given = contexts.add(session.given, "the context that was given")
    return seal(
        {
            "format": FORMAT,
            "version": VERSION,
            "id": str(run.id),
            "saga": write_saga(run),
            "given": given,
            "branches": [_write_branch(branch, contexts) for branch in session.branches],
            "contexts": contexts.written,
            "branch": session.branch,
            "position": session.position,
            "crashed": session.is_crashed,
            "faults": session.faults.to_json(),
            "breakpoints": breakpoints,
        }
    )


def read_session(data: bytes | str, reader: SagaReader | None, clock: Clock, resources: object = None) -> Session:
    """Read a session back; its runs go on with `clock` and `resources`. Without a reader: from the file alone.

    Raises:
        CorruptRecordError: the data is no session, or contradicts itself.
        RecordVersionError: it was written in another version.
        SagaMismatchError: it is of another saga, of another shape of it, or with other inputs.
    """
    head = read_sealed(data, FORMAT, VERSION, "debugger session")
    written = head.get("saga")
    shape, saga, steps = read_saga(written, RecordedReader(written) if reader is None else reader)
    try:
        faults = FaultPlan.from_json(head.get("faults"), _error_classes(shape.errors))
        faults.check(shape.program)
        breakpoints = tuple(Breakpoint.from_json(item) for item in _part(head, "breakpoints", list))
        for item in breakpoints:
            item.check(shape.program)
    except (FaultPlanError, BreakpointError, ConditionError) as error:
        raise CorruptRecordError(f"the session's faults or breakpoints are wrong: {error}") from None
    blank = Run(shape, steps, saga, None, Options(clock, faults, resources), id=read_id(head.get("id")))
    history = _Reader(blank, _part(head, "contexts", list))
    for item in _part(head, "branches", list):
        history.read(item)
    name, position = _part(head, "branch", str), _part(head, "position", int)
    shown = history.branches.get(name)
    if shown is None or not 0 <= position <= len(shown):
        raise CorruptRecordError("the session stands at a branch or position that it does not have")
    is_crashed = _part(head, "crashed", bool)
    if is_crashed and shown.run.machine.finished:
        raise CorruptRecordError("the session has crashed on a branch that has ended")
    given = history.context(head.get("given"))
    return Session(saga, given, tuple(history.branches.values()), name, position, is_crashed, faults, breakpoints)


class _Contexts:
    """The contexts of a session, each different one once, in the order in which they came."""

    def __init__(self, shape: Shape) -> None:
        self.written: list[Any] = []
        self._shape = shape
        self._numbers: dict[bytes, int] = {}

    def add(self, context: object, where: str) -> int:
        """Its number.

        Raises:
            ContextRecordError: it cannot be written.
        """
        try:
            value = self._shape.context.dump(context)
        except ContextRecordError as error:
            raise ContextRecordError(f"{error} ({where})") from None
        number = self._numbers.setdefault(write_json(value), len(self.written))
        if number == len(self.written):
            self.written.append(value)
        return number


def _write_branch(branch: Branch, contexts: _Contexts) -> dict[str, Any]:
    """A branch, without the entries and contexts that it shares with its parent."""
    run, first = branch.run, branch.forked_at
    numbers: dict[int, int] = {}
    for position in range(first, len(branch) + 1):
        origin = branch.snapshots.first_of(position)
        if origin not in numbers:
            numbers[origin] = contexts.add(branch.context_at(position), f"branch {branch.name!r}, position {position}")
    planned = enumerate(branch.planned[first:], first)
    return {
        "name": branch.name,
        "parent": branch.parent,
        "forked_at": first,
        "journal": [write_entry(row, run.anchor_ns) for row in run.rows[first:]],
        "contexts": [numbers[branch.snapshots.first_of(position)] for position in range(first, len(branch) + 1)],
        "planned": [[number, fault.to_json()] for number, fault in planned if fault is not None],
    }


class _Reader:
    """Reads branches, each of which may continue an earlier one."""

    def __init__(self, blank: Run, contexts: list[Any]) -> None:
        self.branches: dict[str, Branch] = {}
        self._blank = blank
        self._contexts = contexts
        self._entries: dict[str, list[Any]] = {}

    def context(self, number: object) -> Any:  # noqa: ANN401 - the user's own type
        """A context by its number.

        Raises:
            CorruptRecordError: there is none, or it does not fit its type.
        """
        if type(number) is not int or not 0 <= number < len(self._contexts):
            raise CorruptRecordError("the session names a context that it does not have")
        return self._blank.shape.context.load(self._contexts[number])

    def read(self, data: object) -> None:
        """Read one more branch.

        Raises:
            CorruptRecordError: the data is none.
        """
        if not isinstance(data, dict):
            raise CorruptRecordError("a branch of the session is no object")
        name, forked_at = _part(data, "name", str), _part(data, "forked_at", int)
        if not name.strip() or name in self.branches:
            raise CorruptRecordError(f"the session has two branches {name[:80]!r}, or one without a name")
        parent = self._parent_of(data, forked_at)
        shared = [] if parent is None else self._entries[parent.name][:forked_at]
        entries = self._entries[name] = [*shared, *_part(data, "journal", list)]
        shape = self._blank.shape
        rows, machine = read_entries(shape.program, entries, shape.errors)
        snapshots = Snapshots() if parent is None else parent.snapshots.fork(forked_at)
        self._read_contexts(snapshots, _part(data, "contexts", list), len(rows) + 1)
        run = self._run(snapshots.restore(len(rows)))
        run.rows, run.machine = [_on_clock(row, run.anchor_ns) for row in rows], machine
        planned: list[Fault | None] = [None] * len(rows)
        if parent is not None:
            planned[:forked_at] = parent.planned[:forked_at]
        self._read_planned(planned, _part(data, "planned", list), forked_at)
        self.branches[name] = Branch(
            name,
            run,
            parent=None if parent is None else parent.name,
            forked_at=forked_at,
            snapshots=snapshots,
            planned=planned,
        )

    def _run(self, context: object) -> Run:
        blank = self._blank
        return Run(blank.shape, blank.steps, blank.saga, context, blank.options, id=blank.id)

    def _parent_of(self, data: dict[str, Any], forked_at: int) -> Branch | None:
        name = data.get("parent")
        parent = self.branches.get(name) if isinstance(name, str) else None
        if (name is None) is not (not self.branches) or (name is not None and parent is None):
            raise CorruptRecordError("a branch of the session begins nowhere")
        if not 0 <= forked_at <= (0 if parent is None else len(parent)):
            raise CorruptRecordError("a branch of the session begins where its parent has no position")
        return parent

    def _read_contexts(self, snapshots: Snapshots, numbers: list[Any], positions: int) -> None:
        if len(snapshots) + len(numbers) != positions:
            raise CorruptRecordError("a branch of the session has not one context for each position")
        last: object = None
        context: Any = None
        for number in numbers:
            if number != last or type(number) is not int:
                last, context = number, self.context(number)
            snapshots.append(context)

    def _read_planned(self, planned: list[Fault | None], pairs: list[Any], first: int) -> None:
        for pair in pairs:
            number, fault = pair if isinstance(pair, list) and len(pair) == 2 else (None, None)  # noqa: PLR2004 - a pair
            if type(number) is not int or not first <= number < len(planned):
                raise CorruptRecordError("the session plans a fault for an entry that it does not have")
            try:
                planned[number] = Fault.from_json(fault, _error_classes(self._blank.shape.errors))
            except FaultPlanError as error:
                raise CorruptRecordError(f"a planned fault of the session is wrong: {error}") from None


class GivenReader(SagaReader):
    """Reads a session with the saga at hand, which must be the one that it was saved with."""

    def __init__(self, saga: Saga[Any, Any]) -> None:
        self._saga = saga
        self._shape, self._steps = compile_saga(saga)

    @property
    def name(self) -> str:
        """The saga's name."""
        return self._shape.program.name

    def fingerprint_of(self, inputs: object) -> str:
        """The saga's own."""
        del inputs
        return self._shape.fingerprint()

    def read(self, inputs: object) -> tuple[Shape, Any, tuple[Any, ...]]:
        """The saga's own shape and steps.

        Raises:
            SagaMismatchError: it was saved with other inputs.
        """
        place = _first_difference(self._shape.dump_inputs(self._saga), inputs)
        if place is not None:
            raise SagaMismatchError(f"{self.name} was saved with other inputs: {place} differs")
        return self._shape, self._saga, self._steps


def reader_of(saga: Saga[Any, Any] | type[Saga[Any, Any]]) -> SagaReader:
    """What reads sessions of this saga, or of sagas of this class.

    Raises:
        SagaDefinitionError: it is neither.
    """
    if isinstance(saga, type) and issubclass(saga, Saga):
        return ClassReader(saga)
    if not isinstance(saga, Saga):
        raise SagaDefinitionError(f"a session is of a saga or of its class, not of {kind_of(saga)}")
    return GivenReader(saga)


def _first_difference(mine: object, saved: object, place: str = "") -> str | None:
    """Where two written inputs differ first."""
    if not isinstance(mine, dict) or not isinstance(saved, dict) or set(mine) != set(saved):
        return None if type(mine) is type(saved) and mine == saved else place or "the saga"
    inside = (
        (value, saved[key], place if key == "fields" else f"{place}.{key}".strip(".")) for key, value in mine.items()
    )
    return next((found for a, b, where in inside if (found := _first_difference(a, b, where))), None)


def _on_clock(row: Row, anchor_ns: int) -> Row:
    """A row whose instants are in Unix ns, in clock ticks."""
    instruction, outcome, started, completed, fault = row
    return instruction, outcome, started - anchor_ns, None if completed is None else completed - anchor_ns, fault


def _part(data: dict[str, Any], key: str, kind: type[T]) -> T:
    value = data.get(key)
    if type(value) is not kind:
        raise CorruptRecordError(f"the session's {key} is missing or no {kind.__name__}")
    return value


def _error_classes(errors: Iterable[type[BaseException]]) -> list[type[Exception]]:
    """The declared error classes and all that descend from them."""
    found, waiting = dict[type[Exception], None](), list(errors)
    while waiting:
        cls = waiting.pop()
        if issubclass(cls, Exception) and cls not in found:
            found[cls] = None
            waiting += cls.__subclasses__()
    return list(found)
