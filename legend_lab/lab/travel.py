"""Owns travel: where a stepped run stands in its history, on which branch, and what it looked like there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, NamedTuple, TypeVar

from legend_lab.core.errors import ProtocolError
from legend_lab.core.instructions import Halt, HaltReason, Instruction
from legend_lab.core.journal import Journal
from legend_lab.core.machine import Machine
from legend_lab.core.program import Program
from legend_lab.core.state import ExecutionState
from legend_lab.lab.history import Branch
from legend_lab.lab.ledger import ENDS, Ledger, ledger
from legend_lab.lab.tree import Node, context_tree
from legend_lab.runtime.executions import ExecutionResult, result_of
from legend_lab.runtime.verdicts import public_error

Ctx = TypeVar("Ctx")
Err = TypeVar("Err", bound=BaseException)

FIRST_BRANCH = "main"


class Standpoint(NamedTuple):
    """Where a run is seen from: a branch, so many entries of it, and whether its process "died" there."""

    branch: str
    position: int
    is_crashed: bool = False


class Travel(Generic[Ctx, Err]):
    """A run with all its branches, seen from one position of one of them; moving about runs no user code."""

    def __init__(self, branches: Iterable[Branch], stand: Standpoint | None = None) -> None:
        """Show these branches from `stand`; from the end of the first unless given."""
        self._branch: Branch
        self._branches: dict[str, Branch]
        self._position: int
        self._crashed: bool
        self._show(branches, stand)

    # -- where it stands ------------------------------------------------------------------------

    @property
    def program(self) -> Program:
        """The flat program."""
        return self._branch.run.shape.program

    @property
    def steps(self) -> tuple[Any, ...]:
        """The step instances in flat order."""
        return self._branch.run.steps

    @property
    def position(self) -> int:
        """Number of entries before the moment that is shown."""
        return self._position

    @property
    def length(self) -> int:
        """Number of entries of the branch; the position is never beyond it."""
        return len(self._branch)

    @property
    def is_past(self) -> bool:
        """Whether the moment that is shown has entries after it."""
        return self._position < len(self._branch)

    @property
    def journal(self) -> Journal:
        """What has happened up to the position."""
        return self._branch.journal_at(self._position)

    @property
    def future(self) -> Journal:
        """All entries of the branch, those after the position included."""
        return self._branch.journal_at(len(self._branch))

    @property
    def context(self) -> Ctx:
        """A fresh copy of the context as it was at the position.

        Raises:
            ContextCopyError: a step left something in it that could not be copied, or it is not known.
        """
        shown: Ctx = self._branch.context_at(self._position)
        return shown

    @property
    def effects(self) -> Ledger:
        """What has become of every effect up to the position."""
        return ledger(self.journal, ended=self._machine.state in ENDS)

    @property
    def state(self) -> ExecutionState:
        """Where the execution stands."""
        return self._machine.execution_state()

    @property
    def end_state(self) -> ExecutionState:
        """Where the execution stands at the end of the branch."""
        return self._branch.run.machine.execution_state()

    @property
    def next_instruction(self) -> Instruction | None:
        """What comes next, or the halt it stands at; None at the end."""
        return self._machine.next_instruction()

    @property
    def pending(self) -> tuple[str, ...]:
        """Paths still not undone after a failed undo, in the order in which they would be."""
        return self._machine.pending

    @property
    def original_error(self) -> BaseException | None:
        """What the saga is being undone for; None while it goes forward."""
        rollback = self._machine.rollback
        return None if rollback is None else public_error(rollback.original)

    @property
    def standing(self) -> ExecutionResult[Ctx, Err] | None:
        """The typed state it stands in at a halt or at the end, for what it says; None while it goes on.

        At a halt in the past its context is not the one of then but the one at the end of the branch.
        """
        if not self._stands:
            return None
        run = self._branch.run
        return result_of(run if self._machine.finished else self._branch.run_with(self._position, run.context))

    @property
    def choices(self) -> tuple[str, ...]:
        """Names of the decisions that can be taken where it stands; empty when it does not stand at a halt."""
        machine = self._machine
        if machine.finished or not isinstance(machine.cursor, Halt):
            return ()
        if machine.cursor.reason is HaltReason.COMPENSATION_FAILED:
            return ("retry", "resolve")
        return ("resume", "abort") if machine.rollback is None else ("resume",)

    @property
    def is_crashed(self) -> bool:
        """Whether the process has "died" here, by `crash`, and waits for `restart`."""
        return self._crashed

    def diff(self, a: int | None = None, b: int | None = None) -> tuple[Node, ...]:
        """The context as a tree, with what changed between the positions `a` and `b`.

        Without them: what the last instruction before the position changed.
        """
        self._settle()
        after = self.context if b is None else self._branch.context_at(self._checked(b))
        before = max(0, self._position - 1) if a is None else self._checked(a)
        return context_tree(self._branch.context_at(before), after)

    # -- travelling -----------------------------------------------------------------------------

    def back(self) -> None:
        """Go one entry back.

        Raises:
            ProtocolError: nothing happened before.
        """
        if self._position == 0:
            raise ProtocolError("this is the beginning; nothing happened before")
        self.goto(self._position - 1)

    def goto(self, position: int) -> None:
        """Show the moment after `position` entries; negative counts from the end.

        Raises:
            ProtocolError: the branch has no such position.
        """
        self._insist_on_rest()
        place = self._checked(position)
        self._settle()
        self._position = place

    def switch(self, branch: str) -> None:
        """Go to the end of another branch.

        Raises:
            ProtocolError: there is no such branch.
        """
        self._insist_on_rest()
        if branch not in tuple(self._branches):
            raise ProtocolError(f"there is no branch {branch!r}; there are {', '.join(map(repr, self._branches))}")
        self._refuse_crashed()
        self._settle()
        self._branch = self._branches[branch]
        self._position = len(self._branch)

    @property
    def branch(self) -> str:
        """Name of the branch that is shown."""
        return self._branch.name

    @property
    def branches(self) -> tuple[Branch, ...]:
        """All branches, in the order in which they began."""
        return tuple(self._branches.values())

    # -- inside ---------------------------------------------------------------------------------

    def _show(self, branches: Iterable[Branch], stand: Standpoint | None = None) -> None:
        """Have these branches, and stand where `stand` says; at the end of the first unless given."""
        self._branches = {branch.name: branch for branch in branches}
        if stand is None:
            first = next(iter(self._branches.values()))
            stand = Standpoint(first.name, len(first))
        self._branch = self._branches[stand.branch]
        self._position, self._crashed = stand.position, stand.is_crashed

    def _insist_on_rest(self) -> None:
        """Nothing is performed by what only looks."""

    def _settle(self) -> None:
        """Nothing is live here, so there is nothing to take into the history."""

    @property
    def _machine(self) -> Machine:
        """The machine as it stands at the position."""
        return self._branch.machine_at(self._position)

    @property
    def _stands(self) -> bool:
        """Whether there is nothing to perform here: a halt, or the end."""
        machine = self._machine
        return machine.finished or isinstance(machine.cursor, Halt)

    def _checked(self, position: int) -> int:
        if type(position) is not int:
            raise ProtocolError(f"a position is a whole number, not {position!r}")
        place = position + len(self._branch) + 1 if position < 0 else position
        if not 0 <= place <= len(self._branch):
            raise ProtocolError(f"there is no position {position}; this branch has 0 to {len(self._branch)}")
        return place

    def _refuse_crashed(self) -> None:
        if self._crashed:
            raise ProtocolError("the process is dead; restart takes the run up again")
