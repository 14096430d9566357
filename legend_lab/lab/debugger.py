"""Owns the Debugger: a headless way to step a saga one instruction at a time, and to decide where it stands still."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Generic, TypeVar

from legend_lab.core.errors import ProtocolError, SimulatedCrash
from legend_lab.core.instructions import (
    Abort,
    Decision,
    Halt,
    HaltReason,
    Instruction,
    Resolve,
    Restart,
    Resume,
    Retry,
)
from legend_lab.core.journal import Entry, Journal
from legend_lab.core.program import Program
from legend_lab.core.state import ExecutionState
from legend_lab.lab.copying import copy_context
from legend_lab.lab.tree import Node, context_tree
from legend_lab.runtime.clocks import Clock
from legend_lab.runtime.driver import drive
from legend_lab.runtime.executions import ExecutionResult, restarted, result_of
from legend_lab.runtime.faults import Fault, FaultPlan, as_plan
from legend_lab.runtime.run import SYSTEM_CLOCK, Options, Run
from legend_lab.runtime.verdicts import public_error
from legend_lab.saga.compiler import compile_saga
from legend_lab.saga.saga import Saga

Ctx = TypeVar("Ctx")
Err = TypeVar("Err", bound=BaseException)


class Debugger(Generic[Ctx, Err]):
    """Steps a saga one instruction at a time, on a deep copy of the context it was given.

    A halt (a pause, a restart after a crash, a failed undo) is not stepped over: `resume`, `abort`, `retry` or
    `resolve` say what shall happen, and the next `step` does it. A simulated crash leaves it standing where a
    restarted process would.

    Raises:
        ContextCopyError: the context cannot be copied.
        FaultPlanError: a fault is at no step of the saga.
    """

    def __init__(
        self,
        saga: Saga[Ctx, Err],
        ctx: Ctx,
        *,
        faults: FaultPlan | Iterable[Fault] | Fault | None = None,
        clock: Clock = SYSTEM_CLOCK,
        resources: Any = None,  # noqa: ANN401 - whatever the user's steps ask for
    ) -> None:
        self.saga = saga
        self._given = copy_context(ctx)
        self._options = Options(clock, as_plan(faults), resources)
        self._run = self._fresh()
        self._before = self._run.context

    # -- where it stands ------------------------------------------------------------------------

    @property
    def program(self) -> Program:
        """The flat program."""
        return self._run.shape.program

    @property
    def steps(self) -> tuple[Any, ...]:
        """The step instances in flat order."""
        return self._run.steps

    @property
    def journal(self) -> Journal:
        """What has happened so far."""
        return self._run.journal(len(self._run.rows))

    @property
    def context(self) -> Ctx:
        """The debugger's own copy of the context, as it stands."""
        context: Ctx = self._run.context
        return context

    @property
    def state(self) -> ExecutionState:
        """Where the execution stands."""
        return self._run.machine.execution_state()

    @property
    def next_instruction(self) -> Instruction | None:
        """What `step` would perform, or the halt it stands at; None at the end."""
        return self._run.machine.next_instruction()

    @property
    def pending(self) -> tuple[str, ...]:
        """Paths still not undone after a failed undo, in the order in which they would be."""
        return self._run.machine.pending

    @property
    def original_error(self) -> BaseException | None:
        """What the saga is being undone for; None while it goes forward."""
        rollback = self._run.machine.rollback
        return None if rollback is None else public_error(rollback.original)

    @property
    def result(self) -> ExecutionResult[Ctx, Err] | None:
        """The typed state it stands in at a halt or at the end; None while there is something to perform."""
        return result_of(self._run) if self._run.stands else None

    @property
    def clock(self) -> Clock:
        """Whose time passes."""
        return self._run.clock

    @property
    def faults(self) -> FaultPlan:
        """The failures to inject; a new plan counts for what has not happened yet."""
        return self._run.options.faults

    @faults.setter
    def faults(self, plan: FaultPlan | Iterable[Fault] | Fault | None) -> None:
        checked = as_plan(plan)
        checked.check(self.program)
        self._options = replace(self._options, faults=checked)
        self._run.options = replace(self._run.options, faults=checked)

    def diff(self) -> tuple[Node, ...]:
        """The context as a tree, with what the last instruction changed."""
        return context_tree(self._before, self._run.context)

    # -- going on -------------------------------------------------------------------------------

    async def step(self) -> Entry:
        """Perform the next instruction; return its entry.

        A simulated crash is no error here: the entry is the interrupted instruction's, and the debugger stands as
        after a restart. A cancellation leaves it standing at the interrupted instruction, and is raised.

        Raises:
            ProtocolError: it stands at a halt or at the end; the message names what can be done.
        """
        self._refuse_halts()
        number = len(self._run.rows)
        self._before = copy_context(self._run.context)
        try:
            await drive(self._run, limit=1)
        except SimulatedCrash:
            self._run = restarted(self._run)
        except BaseException:
            if not self._run.stands:
                self._run.decide(Restart(crashed=False))
            raise
        return self.journal[number]

    async def run_to_end(self) -> ExecutionResult[Ctx, Err]:
        """Step until the end or a halt; return the typed state it stands in.

        Raises:
            ProtocolError: it stands at a halt or at the end already.
        """
        self._refuse_halts()
        while not self._run.stands:
            await self.step()
        return result_of(self._run)

    def resume(self) -> None:
        """From a pause: the next step enters the same step (or undo) again."""
        self._decide(Resume())

    def abort(self, reason: str = "") -> None:
        """From a pause on the way forward: the next step begins to undo what was done."""
        self._decide(Abort(reason))

    def retry(self) -> None:
        """After a failed undo: the next step runs the first pending undo again."""
        self._decide(Retry())

    def resolve(self, path: str, note: str = "") -> None:
        """After a failed undo: a person has undone `path` by hand."""
        self._decide(Resolve(path, note))

    def reset(self) -> None:
        """Start over: a fresh copy of the given context, the same saga, faults and clock."""
        self._run = self._fresh()
        self._before = self._run.context

    # -- inside ---------------------------------------------------------------------------------

    def _fresh(self) -> Run:
        shape, steps = compile_saga(self.saga)
        self._options.faults.check(shape.program)
        return Run(shape, steps, self.saga, copy_context(self._given), self._options)

    def _decide(self, decision: Decision) -> None:
        if not isinstance(self._run.machine.cursor, Halt) or self._run.machine.finished:
            raise ProtocolError("it does not stand at a halt, so there is nothing to decide; step goes on")
        self._run.decide(decision)
        self._before = self._run.context

    def _refuse_halts(self) -> None:
        if self._run.machine.finished:
            raise ProtocolError("the saga has ended; reset starts over")
        if isinstance(self._run.machine.cursor, Halt):
            choices = " or ".join(self.choices)
            raise ProtocolError(f"it stands still ({self._run.machine.cursor.reason.value}); {choices} first")

    @property
    def choices(self) -> tuple[str, ...]:
        """Names of the decisions that can be taken where it stands; empty when it does not stand at a halt."""
        cursor, machine = self._run.machine.cursor, self._run.machine
        if machine.finished or not isinstance(cursor, Halt):
            return ()
        if cursor.reason is HaltReason.COMPENSATION_FAILED:
            return ("retry", "resolve")
        return ("resume", "abort") if machine.rollback is None else ("resume",)
