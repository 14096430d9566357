"""Owns moments: a run after each of its entries, read from whatever can be shown; nothing is run for it.

A `Recording` is one run to travel in, with a position that moves; moments are all of them at once, in order, also of a
bare journal without a program. So they replay as they go, and ask a debugger only for its contexts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from legend_lab.core.errors import ContextCopyError
from legend_lab.core.instructions import Instruction
from legend_lab.core.journal import Entry, Journal
from legend_lab.core.machine import Machine
from legend_lab.core.program import Program, StepSpec
from legend_lab.core.state import ExecutionState
from legend_lab.core.text import visible
from legend_lab.lab.debugger import Debugger
from legend_lab.lab.labels import LONGEST_LABEL
from legend_lab.lab.ledger import ENDS, Ledger, ledger
from legend_lab.lab.recording import GONE_ON
from legend_lab.lab.source import Reading, Source, read
from legend_lab.lab.tree import Node, context_tree
from legend_lab.runtime.excerpt import run_as_of
from legend_lab.runtime.execution import Execution
from legend_lab.runtime.verdicts import public_error
from legend_lab.saga.compiler import compile_saga
from legend_lab.saga.saga import Saga

MOST_MOMENTS: Final = 2_000
"""Entries of a longer run that are shown: its last."""

NOT_KEPT: Final = "A journal keeps no context; make the page from a Debugger to see it at each entry."
ONLY_LAST: Final = "Only the context at the end is known; make the page from a Debugger to see it at each entry."


@dataclass(frozen=True, slots=True)
class Moment:
    """A run after so many entries.

    Attributes:
        position: the number of entries before it.
        next: what comes next, or the halt it stands at; None at the end, and where no program tells.
        error: what the saga is being undone for, or was; None while it goes forward.
        pending: paths that are not undone after a failed undo.
        effects: what has become of every effect.
        context: the context, with what the last entry before it changed; None where it is not known.
        missing: why it is not known; `""` where it is.
    """

    position: int
    next: Instruction | None
    error: BaseException | None
    pending: tuple[str, ...]
    effects: Ledger
    context: tuple[Node, ...] | None
    missing: str


@dataclass(frozen=True, slots=True)
class _Branch:
    """A debugger's branch to its end, wherever on it the position is."""

    journal: Journal
    program: Program
    state: ExecutionState


class Moments:
    """A run to its end, at each of its moments.

    Attributes:
        reading: what there is to show; of a debugger the whole branch, the entries after its position included.
        steps: the step instances in flat order; empty where only a journal is known.
        first: the first position that is shown; that of a long run is not 0.
        position: where it stands.
        branch: the debugger's branch; `""` for any other source.
        others: all its other branches, in words.
        compares: what an entry changed in the context is known, not only what it is in the end.
        is_crashed: the debugger's process is "dead" at its position.
    """

    def __init__(self, source: Source | Journal) -> None:
        """Read `source`.

        Raises:
            SourceError: it is nothing that can be shown.
        """
        self._debugger: Debugger[Any, Any] | None = source if isinstance(source, Debugger) else None
        self.compares = self._debugger is not None
        self._missing = NOT_KEPT
        self._last_context: tuple[Node, ...] | None = None
        self.branch, self.is_crashed = "", False
        self.others: tuple[str, ...] = ()
        if self._debugger is not None:
            self._take_debugger(self._debugger)
        else:
            self.reading: Reading = read(source)
            self.position = len(self.reading.journal)
            saga = getattr(source, "saga", None)
            self.steps: Sequence[object] = compile_saga(saga)[1] if isinstance(saga, Saga) else ()
            if isinstance(source, Execution):
                run, is_known = run_as_of(source)
                self._last_context = context_tree(run.context, run.context) if is_known else None
                self._missing = GONE_ON
        self.first = max(0, len(self.journal) - MOST_MOMENTS)

    def _take_debugger(self, debugger: Debugger[Any, Any]) -> None:
        self.reading = read(_Branch(debugger.future, debugger.program, debugger.end_state))
        self.steps, self.position, self.branch = debugger.steps, debugger.position, debugger.branch
        self.is_crashed = debugger.is_crashed
        self.others = tuple(
            visible(item.name, LONGEST_LABEL)
            + (
                ""
                if item.parent is None
                else f" (left {visible(item.parent, LONGEST_LABEL)} at position {item.forked_at:,})"
            )
            for item in debugger.branches
            if item.name != debugger.branch
        )

    @property
    def journal(self) -> Journal:
        """All entries."""
        return self.reading.journal

    @property
    def has_ended(self) -> bool:
        """Nothing can come after the last entry; a journal alone does not tell."""
        program = self.reading.program
        if program is None:
            return True
        return Machine.replay(program, (row[1] for row in self.journal.rows)).finished

    @property
    def specs(self) -> Mapping[int, StepSpec]:
        """The steps by index, in display order; of a bare journal only their paths are known."""
        program = self.reading.program
        return {
            index: StepSpec(path) if program is None else program.steps[index]
            for index, path in self.reading.paths.items()
        }

    @property
    def shown(self) -> Source | Journal:
        """The same run as charts take it."""
        program, state = self.reading.program, self.reading.state
        return self.journal if program is None or state is None else _Branch(self.journal, program, state)

    def moments(self) -> Iterator[Moment]:
        """Every moment from `first` to the end, each worked out when it is asked for."""
        rows, program = self.journal.rows, self.reading.program
        machine = None if program is None else Machine(program)
        effects = _Effects(self.journal)
        for position in range(len(rows) + 1):
            if position and machine is not None:
                machine.feed(rows[position - 1][1])
            if position >= self.first:
                ended = machine is not None and machine.state in ENDS
                yield self._moment(position, machine, effects.at(position, ended=ended))

    def _moment(self, position: int, machine: Machine | None, effects: Ledger) -> Moment:
        context, missing = self._context(position)
        if machine is None:
            return Moment(position, None, None, (), effects, context, missing)
        error = None if machine.rollback is None else public_error(machine.rollback.original)
        return Moment(position, machine.next_instruction(), error, machine.pending, effects, context, missing)

    def _context(self, position: int) -> tuple[tuple[Node, ...] | None, str]:
        if self._debugger is not None:
            try:
                return self._debugger.diff(max(0, position - 1), position), ""
            except ContextCopyError as error:
                return None, str(error)
        if self._last_context is None:
            return None, self._missing
        return (self._last_context, "") if position == len(self.journal) else (None, ONLY_LAST)


class _Effects:
    """The ledgers of a journal, one position after the other; worked out anew only where something can have changed."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._touched = journal.effects
        self._is_late = any(operation.late for done in self._touched.values() for operation in done)
        self._entries: list[Entry] = []
        self._ledger = Ledger()

    def at(self, position: int, *, ended: bool) -> Ledger:
        """The ledger at `position`, which is never before the one asked for last."""
        if self._touched:
            news = range(len(self._entries), position)
            self._entries += self._journal[news.start : news.stop]
            if self._is_late or any(number in self._touched for number in news):
                self._ledger = ledger(self._entries, ended=ended)
        return self._ledger
