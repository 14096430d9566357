"""Owns branching: a live run with all its branches, how new ones begin, and what is to go wrong on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from legend_lab.core.errors import ProtocolError, SagaDefinitionError
from legend_lab.lab.clock import SteppedClock
from legend_lab.lab.copying import copy_context
from legend_lab.lab.design.model import Design
from legend_lab.lab.history import Branch
from legend_lab.lab.subject import named, subject_of
from legend_lab.lab.travel import FIRST_BRANCH, Travel
from legend_lab.runtime.clocks import Clock
from legend_lab.runtime.executions import ExecutionResult, result_of
from legend_lab.runtime.faults import Fault, FaultPlan, as_plan
from legend_lab.runtime.run import Options, Run
from legend_lab.saga.compiler import compile_saga
from legend_lab.saga.saga import Saga

Ctx = TypeVar("Ctx")
Err = TypeVar("Err", bound=BaseException)

LONGEST_BRANCH_NAME = 200


class Branching(Travel[Ctx, Err]):
    """Travel on a run whose end is live: what happens elsewhere than before starts a branch and keeps the old one."""

    def __init__(self, saga: Saga[Ctx, Err], ctx: Ctx, options: Options, clock: SteppedClock) -> None:
        if not isinstance(saga, Saga):
            raise SagaDefinitionError(f"what is stepped is a saga, not {named(saga)}; {_instead(saga)}")
        self.saga = saga
        self._is_busy = False
        self._given = copy_context(ctx)
        self._clock = clock
        self._options = options
        super().__init__((self._begun(),))

    @property
    def clock(self) -> Clock:
        """Whose time passes while it performs."""
        return self._clock.inner

    @property
    def faults(self) -> FaultPlan:
        """The failures to inject; a new plan counts for what has not happened yet."""
        return self._options.faults

    @faults.setter
    def faults(self, plan: FaultPlan | Iterable[Fault] | Fault | None) -> None:
        checked = as_plan(plan)
        checked.check(self.program)
        self._options = self._branch.run.options = replace(self._options, faults=checked)

    @property
    def context(self) -> Ctx:
        """The context at the position: the live one at the end of the branch, a fresh copy in the past.

        Change it with `edit`, so that the journal knows. What is changed in the live one directly counts as if the
        last instruction had left it so; what is changed in a copy is lost.

        Raises:
            ContextCopyError: a step left something in it that cannot be copied, and that moment is past.
        """
        shown: Ctx = super().context if self.is_past else self._branch.run.context
        return shown

    @property
    def result(self) -> ExecutionResult[Ctx, Err] | None:
        """The typed state it stands in at a halt or at the end; None while there is something to perform.

        At a halt it is a copy: going on with it runs on its own, and this debugger knows nothing of it.
        """
        if not self._stands:
            return None
        if self._machine.finished:
            return result_of(self._branch.run)
        run = self._branch.run_with(self._position, self.context if self.is_past else copy_context(self.context))
        run.options = replace(self._options, clock=self._clock.inner)
        return result_of(run)

    def fork(self, name: str | None = None) -> str:
        """Start a branch here and go to it; return its name.

        Raises:
            ProtocolError: there is a branch of that name, or it is no text, empty or too long.
            ContextCopyError: the context here cannot be copied.
        """
        self._insist_on_rest()
        if name is None:
            number = len(self._branches) + 1
            while f"branch {number}" in self._branches:
                number += 1
            name = f"branch {number}"
        if not isinstance(name, str):
            raise ProtocolError(f"a branch's name is a text, not {named(name)}")
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
        super().switch(branch)
        self._branch.run.options = self._options

    def reset(self, *, clock: Clock | None = None) -> None:
        """Start over: a fresh copy of the given context, the same saga, faults and breakpoints; no branches.

        The clock stays the same, unless another one is given.

        Raises:
            ClockError: `clock` is no clock; nothing was changed.
        """
        self._insist_on_rest()
        if clock is not None:
            self._clock = SteppedClock(clock)
            self._options = replace(self._options, clock=self._clock)
        self._show((self._begun(),))

    # -- inside ---------------------------------------------------------------------------------

    def _begun(self) -> Branch:
        """A first branch on which nothing has happened."""
        shape, steps = compile_saga(self.saga)
        self._options.faults.check(shape.program)
        return Branch(FIRST_BRANCH, Run(shape, steps, self.saga, copy_context(self._given), self._options))

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


def _instead(source: object) -> str:
    """What to do with what is no saga, but perhaps has one."""
    subject = subject_of(source)
    if isinstance(subject, Design):
        return "a Designer has the saga of a design: Designer(design).saga"
    return "make one first: MySaga(...)" if subject is None or subject is source else "give the saga that it has"
