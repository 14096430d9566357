"""Owns travel: where a stepped run stands in its history, on which branch, and what it looked like there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Generic, TypeVar

from legend_lab.core.errors import ProtocolError, SagaDefinitionError
from legend_lab.core.instructions import Halt, HaltReason, Instruction
from legend_lab.core.journal import Journal
from legend_lab.core.machine import Machine
from legend_lab.core.program import Program
from legend_lab.core.state import ExecutionState
from legend_lab.lab.clock import SteppedClock
from legend_lab.lab.copying import copy_context
from legend_lab.lab.history import Branch
from legend_lab.lab.ledger import ENDS, Ledger, ledger
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
LONGEST_BRANCH_NAME = 200


class Travel(Generic[Ctx, Err]):
    """A run with all its branches, seen from one position of one of them; moving about runs no user code."""

    def __init__(self, saga: Saga[Ctx, Err], ctx: Ctx, options: Options, clock: SteppedClock) -> None:
        self._branch: Branch
        self._branches: dict[str, Branch]
        self._position: int
        self._crashed: bool
        self._is_busy = False
        if not isinstance(saga, Saga):
            name = f"the class {saga.__name__}" if isinstance(saga, type) else f"a {type(saga).__name__}"
            raise SagaDefinitionError(f"what is stepped is a saga, not {name}; make one first: MySaga(...)")
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
        """The context at the position: the live one at the end of the branch, a fresh copy in the past.

        Change it with `edit`, so that the journal knows. What is changed in the live one directly counts as if the
        last instruction had left it so; what is changed in a copy is lost.

        Raises:
            ContextCopyError: a step left something in it that cannot be copied, and that moment is past.
        """
        shown: Ctx = self._branch.context_at(self._position) if self.is_past else self._branch.run.context
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
    def result(self) -> ExecutionResult[Ctx, Err] | None:
        """The typed state it stands in at a halt or at the end; None while there is something to perform.

        At a halt it is a copy: going on with it runs on its own, and this debugger knows nothing of it.
        """
        if not self._stands:
            return None
        if self._machine.finished:
            return result_of(self._branch.run)
        run = self._branch.run_from(self._position)
        if not self.is_past:
            run.context = copy_context(self.context)
        run.options = replace(self._options, clock=self._clock.inner)
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

    def fork(self, name: str | None = None) -> str:
        """Start a branch here and go to it; return its name.

        Raises:
            ProtocolError: there is a branch of that name, or it is empty or too long.
            ContextCopyError: the context here cannot be copied.
        """
        self._insist_on_rest()
        if name is None:
            number = len(self._branches) + 1
            while f"branch {number}" in self._branches:
                number += 1
            name = f"branch {number}"
        if not name.strip():
            raise ProtocolError("a branch's name must not be empty")
        if len(name) > LONGEST_BRANCH_NAME:
            raise ProtocolError(f"a branch's name has at most {LONGEST_BRANCH_NAME} characters, not {len(name):,}")
        if name in self._branches:
            raise ProtocolError(f"there is a branch {name!r} already; choose another name")
        self._refuse_crashed()
        self._settle()
        run = self._branch.run_from(self._position)
        run.options = self._options
        self._branch = self._branches[name] = self._branch.fork(name, self._position, run)
        return name

    def switch(self, branch: str) -> None:
        """Go to the end of another branch.

        Raises:
            ProtocolError: there is no such branch.
        """
        self._insist_on_rest()
        if branch not in self._branches:
            raise ProtocolError(f"there is no branch {branch!r}; there are {', '.join(map(repr, self._branches))}")
        self._refuse_crashed()
        self._settle()
        self._branch = self._branches[branch]
        self._branch.run.options = self._options
        self._position = len(self._branch)

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
        self._insist_on_rest()
        if clock is not None:
            self._clock = SteppedClock(clock)
            self._options = replace(self._options, clock=self._clock)
        shape, steps = compile_saga(self.saga)
        self._options.faults.check(shape.program)
        run = Run(shape, steps, self.saga, copy_context(self._given), self._options)
        self._branch = Branch(FIRST_BRANCH, run)
        self._branches = {FIRST_BRANCH: self._branch}
        self._position, self._crashed = 0, False

    # -- inside ---------------------------------------------------------------------------------

    @property
    def _machine(self) -> Machine:
        """The machine as it stands at the position."""
        return self._branch.machine_at(self._position)

    @property
    def _stands(self) -> bool:
        """Whether there is nothing to perform here: a halt, or the end."""
        machine = self._machine
        return machine.finished or isinstance(machine.cursor, Halt)

    def _leave_past(self) -> None:
        """Begin a branch where the position is, if it is in the past."""
        self._refuse_crashed()
        if self.is_past:
            self.fork()
        else:
            self._settle()

    def _settle(self) -> None:
        """Where the live context is shown: take what was changed in it directly into the history."""
        if not self.is_past and not self._is_busy:
            self._branch.settle()

    def _keep(self) -> None:
        """Remember what the run has gained, and stand at its end."""
        self._branch.keep_rows()
        self._position = len(self._branch)

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """Keep all commands out that would change what is being worked on."""
        self._insist_on_rest()
        self._is_busy = True
        try:
            yield
        finally:
            self._is_busy = False

    def _insist_on_rest(self) -> None:
        if self._is_busy:
            raise ProtocolError("it is performing something already; wait until that has ended, or cancel it")

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
