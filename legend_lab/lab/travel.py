"""Owns travel: where a stepped run stands in its history, on which branch, and what it looked like there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Generic, TypeVar

from legend_lab.core.errors import ProtocolError
from legend_lab.core.instructions import Halt, HaltReason, Instruction
from legend_lab.core.journal import Journal
from legend_lab.core.machine import Machine
from legend_lab.core.program import Program
from legend_lab.core.state import ExecutionState
from legend_lab.lab.clock import SteppedClock
from legend_lab.lab.copying import copy_context
from legend_lab.lab.history import Branch
from legend_lab.lab.tree import Node, context_tree
from legend_lab.runtime.clocks import Clock
from legend_lab.runtime.executions import ExecutionResult, result_of
from legend_lab.runtime.run import Options, Run
from legend_lab.runtime.verdicts import public_error
from legend_lab.saga.compiler import compile_saga
from legend_lab.saga.saga import Saga

Ctx = TypeVar("Ctx")
Err = TypeVar("Err", bound=BaseException)

FIRST_BRANCH = "main"


class Travel(Generic[Ctx, Err]):
    """A run with all its branches, seen from one position of one of them; moving about runs no user code."""

    def __init__(self, saga: Saga[Ctx, Err], ctx: Ctx, options: Options, clock: SteppedClock) -> None:
        self._branch: Branch
        self._branches: dict[str, Branch]
        self._position: int
        self._crashed: bool
        self._seen: tuple[int, Any] | None
        self.saga = saga
        self._given = copy_context(ctx)
        self._clock = clock
        self._options = options
        self.reset()

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
        """The context at the position: the live one at the end of the branch, a copy in the past.

        Change it with `edit`, so that the journal knows.
        """
        if not self.is_past:
            live: Ctx = self._branch.run.context
            return live
        if self._seen is None or self._seen[0] != self._position:
            self._seen = (self._position, self._branch.context_at(self._position))
        seen: Ctx = self._seen[1]
        return seen

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
    def result(self) -> ExecutionResult[Ctx, Err] | None:
        """The typed state it stands in at a halt or at the end; None while there is something to perform.

        It is for looking: going on with it would go on with this debugger's own run.
        """
        machine = self._machine
        if not machine.finished and not isinstance(machine.cursor, Halt):
            return None
        run = self._branch.run if not self.is_past else self._branch.run_from(self._position)
        return result_of(run)

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
    def clock(self) -> Clock:
        """Whose time passes while it performs."""
        return self._clock.inner

    @property
    def is_crashed(self) -> bool:
        """Whether the process has "died" here, by `crash`, and waits for `restart`."""
        return self._crashed

    def diff(self, a: int | None = None, b: int | None = None) -> tuple[Node, ...]:
        """The context as a tree, with what changed between the positions `a` and `b`.

        Without them: what the last instruction before the position changed.
        """
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
        self._position = self._checked(position)

    def fork(self, name: str | None = None) -> str:
        """Start a branch here and go to it; return its name.

        Raises:
            ProtocolError: there is a branch of that name.
        """
        if name is None:
            number = len(self._branches) + 1
            while f"branch {number}" in self._branches:
                number += 1
            name = f"branch {number}"
        if name in self._branches or not name:
            raise ProtocolError(f"there is a branch {name!r} already; choose another name")
        self._refuse_crashed()
        run = self._branch.run_from(self._position)
        run.options = self._options
        self._branch = self._branches[name] = self._branch.fork(name, self._position, run)
        self._seen = None
        return name

    def switch(self, branch: str) -> None:
        """Go to the end of another branch.

        Raises:
            ProtocolError: there is no such branch.
        """
        if branch not in self._branches:
            raise ProtocolError(f"there is no branch {branch!r}; there are {', '.join(map(repr, self._branches))}")
        self._refuse_crashed()
        self._branch = self._branches[branch]
        self._branch.run.options = self._options
        self._position, self._seen = len(self._branch), None

    @property
    def branch(self) -> str:
        """Name of the branch that is shown."""
        return self._branch.name

    @property
    def branches(self) -> tuple[Branch, ...]:
        """All branches, in the order in which they began."""
        return tuple(self._branches.values())

    def reset(self, *, clock: Clock | None = None) -> None:
        """Start over: a fresh copy of the given context, the same saga, faults and breakpoints; no branches.

        The clock stays the same, unless another one is given.
        """
        if clock is not None:
            self._clock = SteppedClock(clock)
            self._options = replace(self._options, clock=self._clock)
        shape, steps = compile_saga(self.saga)
        self._options.faults.check(shape.program)
        run = Run(shape, steps, self.saga, copy_context(self._given), self._options)
        self._branch = Branch(FIRST_BRANCH, run)
        self._branches = {FIRST_BRANCH: self._branch}
        self._position, self._crashed = 0, False
        self._seen = None

    # -- inside ---------------------------------------------------------------------------------

    @property
    def _machine(self) -> Machine:
        """The machine as it stands at the position."""
        return self._branch.machine_at(self._position)

    def _leave_past(self) -> None:
        """Begin a branch where the position is, if it is in the past."""
        self._refuse_crashed()
        if self.is_past:
            self.fork()

    def _keep(self) -> None:
        """Remember what the run has gained, and stand at its end."""
        self._branch.keep_rows(None)
        self._position, self._seen = len(self._branch), None

    def _checked(self, position: int) -> int:
        place = position + len(self._branch) + 1 if position < 0 else position
        if not 0 <= place <= len(self._branch):
            raise ProtocolError(f"there is no position {position}; this branch has 0 to {len(self._branch)}")
        return place

    def _refuse_crashed(self) -> None:
        if self._crashed:
            raise ProtocolError("the process is dead; restart takes the run up again")
