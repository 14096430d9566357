"""Owns the Debugger: a headless way to step a saga, travel in what happened, and try what else could have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from legend_lab.core.errors import ProtocolError, SimulatedCrash
from legend_lab.core.instructions import (
    Abort,
    Compensate,
    Decision,
    Execute,
    Halt,
    Resolve,
    Restart,
    Resume,
    Retry,
)
from legend_lab.core.journal import Entry
from legend_lab.core.story import sentence
from legend_lab.lab.breakpoints import Breakpoint, BreakpointError, StopReason
from legend_lab.lab.clock import SteppedClock
from legend_lab.lab.copying import copy_context
from legend_lab.lab.editing import change_context
from legend_lab.lab.travel import Travel
from legend_lab.runtime.clocks import Clock
from legend_lab.runtime.driver import drive
from legend_lab.runtime.executions import ExecutionResult, restarted, result_of
from legend_lab.runtime.faults import Fault, FaultPlan, as_plan
from legend_lab.runtime.run import SYSTEM_CLOCK, Options
from legend_lab.saga.saga import Saga

Ctx = TypeVar("Ctx")
Err = TypeVar("Err", bound=BaseException)


class Debugger(Travel[Ctx, Err]):
    """Steps a saga one instruction at a time, on a deep copy of the context it was given.

    A *position* is the moment after so many entries. Going back and forth over what has happened runs no user code.
    Going on from the past, when an edit or another fault makes it another story, starts a *branch* and keeps the old
    one. A halt (a pause, a restart after a crash, a failed undo) is not stepped over: `resume`, `abort`, `retry` or
    `resolve` say what shall happen, and the next `step` does it.

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
        stepped = SteppedClock(clock)
        super().__init__(saga, ctx, Options(stepped, as_plan(faults), resources), stepped)
        self._breakpoints: tuple[Breakpoint, ...] = ()
        self._stopping = False
        self.between_steps: Callable[[], None] = lambda: None
        """Called between the steps of whatever takes several, say to show how far it is."""

    # -- what to stop at, and what to let go wrong ----------------------------------------------

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
    def breakpoints(self) -> tuple[Breakpoint, ...]:
        """Where `run` stops; set them all at once."""
        return self._breakpoints

    @breakpoints.setter
    def breakpoints(self, breakpoints: Iterable[Breakpoint]) -> None:
        checked = tuple(breakpoints)
        for item in checked:
            if not isinstance(item, Breakpoint):
                raise BreakpointError(f"breakpoints are Breakpoints, not {item!r}")
            if item.path is not None:
                self._check_path(item.path)
        self._breakpoints = checked

    # -- going on -------------------------------------------------------------------------------

    @property
    def repeats(self) -> bool:
        """Whether `step` only moves: what comes next has happened already, and would again under these faults."""
        return self.is_past and self._branch.would_repeat(self._position, self.faults)

    async def step(self) -> Entry:
        """Go one entry on; return it.

        In the past this only moves, unless the faults have changed for what comes next: then a branch begins. At the
        end the next instruction is performed. A simulated crash is no error here: the entry is the interrupted
        instruction's, and the debugger stands as after a restart. A cancellation leaves it standing at the interrupted
        instruction, and is raised.

        Raises:
            ProtocolError: it stands at a halt or at the end; the message names what can be done.
        """
        if self.repeats:
            self._position += 1
            return self._branch.journal_at(self._position)[-1]
        self._refuse_halts()
        self._leave_past()
        branch, number = self._branch, len(self._branch)
        at = branch.run.machine.cursor
        planned = self.faults.at(at) if isinstance(at, Execute | Compensate) else None
        self._clock.begin(branch.last_tick(number))
        try:
            await drive(branch.run, limit=1)
        except SimulatedCrash:
            branch.run = restarted(branch.run)
        except BaseException:
            if not branch.run.stands:
                branch.run.decide(Restart(crashed=False))
            raise
        finally:
            self._clock.end()
            branch.keep_rows(planned)
            self._position, self._seen = len(branch), None
        return branch.journal_at(number + 1)[-1]

    async def run(self) -> StopReason:
        """Go on to a breakpoint, a halt or the end, and say why it stopped.

        Raises:
            ProtocolError: it stands at a halt or at the end already.
        """
        return await self._run_until(None)

    async def run_to(self, path: str) -> StopReason:
        """Go on until the step (or a step of the block) `path` comes next, or something else stops it.

        Raises:
            BreakpointError: the saga has no such step or block.
            ProtocolError: it stands at a halt or at the end already.
        """
        self._check_path(path)
        return await self._run_until(path)

    async def run_to_end(self) -> ExecutionResult[Ctx, Err]:
        """Go on until the end or a halt, whatever breakpoints there are; return the typed state it stands in.

        Raises:
            ProtocolError: it stands at a halt or at the end already.
        """
        await self.step()
        while self.result is None or self.is_past:
            await self._breathe()
            await self.step()
        return result_of(self._branch.run)

    async def step_over(self) -> StopReason:
        """Go on until the block that comes next is left; as `step` where no block does.

        Raises:
            ProtocolError: it stands at a halt or at the end.
        """
        at = self.next_instruction
        block = at.path.rpartition(".")[0] if at is not None else ""
        await self.step()
        while block and self._stopped() is None:
            at = self.next_instruction
            if at is None or not at.path.startswith(block + "."):
                break
            await self._breathe()
            await self.step()
        return self._stopped() or StopReason("target", f"Stepped over {block}." if block else "Stepped.")

    def stop(self) -> None:
        """Make a `run` that goes on elsewhere stop after the instruction that it is in."""
        self._stopping = True

    # -- deciding -------------------------------------------------------------------------------

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

    def crash(self) -> None:
        """The process "dies" here and now; `restart` takes the run up again, as a new process would (S17).

        Raises:
            ProtocolError: there is nothing left that could be lost.
        """
        if self._machine.finished:
            raise ProtocolError("the saga has ended, so a crash would lose nothing")
        self._leave_past()
        self._crashed = True

    def restart(self) -> None:
        """Take up the run after `crash`: it stands as a new process would find it.

        Raises:
            ProtocolError: it did not crash.
        """
        if not self._crashed:
            raise ProtocolError("it has not crashed, so there is nothing to restart")
        self._crashed = False
        self._branch.run = restarted(self._branch.run)
        self._keep()

    def edit(self, place: str, value: object) -> None:
        """Set the value at a dotted place of the context; an entry in the journal says so. In the past: a branch.

        Raises:
            EditError: there is no such place, or it takes no such value; nothing was changed.
        """
        self._refuse_crashed()
        if self._machine.finished:
            raise ProtocolError("the saga has ended; go back to edit its context, or reset")
        note = change_context(copy_context(self.context), place, value)
        self._leave_past()
        change_context(self._branch.run.context, place, value)
        self._clock.begin(self._branch.last_tick(len(self._branch)))
        self._clock.end()
        self._branch.run.edit(note)
        self._keep()

    # -- inside ---------------------------------------------------------------------------------

    async def _run_until(self, path: str | None) -> StopReason:
        self._stopping = False
        while True:
            was_rolling_back = self.original_error is not None
            was_past = self.is_past
            entry = await self.step()
            reason = self._stopped() or self._breaks_after(entry, was_past=was_past)
            at = self.next_instruction
            if reason is None and path is not None and at is not None and _is_within(at.path, path):
                reason = StopReason("target", f"{at.kind.capitalize()} {at.path} comes next.")
            if reason is None:
                reason = self._breaks_before(begins_rollback=not was_rolling_back and self.original_error is not None)
            if reason is None and self._stopping:
                reason = StopReason("stopped", "Stopped.")
            if reason is not None:
                return reason
            await self._breathe()

    async def _breathe(self) -> None:
        """Let others have their turn, also when no step awaits anything."""
        self.between_steps()
        await asyncio.sleep(0)

    def _stopped(self) -> StopReason | None:
        """The reason to stop that needs no breakpoint."""
        at = self.next_instruction
        if at is None:
            return StopReason("ended", "The saga has ended.")
        if isinstance(at, Halt) and not self.is_past:
            return StopReason("halt", f"It stands still at {at.path}: {at.reason.value}.")
        return None

    def _breaks_before(self, *, begins_rollback: bool) -> StopReason | None:
        at = self.next_instruction
        if at is None:
            return None
        for item in self._tested():
            if item.stops_before(at, self.context, begins_rollback=begins_rollback):
                return StopReason("breakpoint", f"Breakpoint {item}: {at.kind} {at.path} comes next.", item)
        return None

    def _breaks_after(self, entry: Entry, *, was_past: bool) -> StopReason | None:
        for item in self._breakpoints:
            if was_past and item.runs_user_code:
                continue
            if item.stops_after(entry, self.context):
                return StopReason("breakpoint", f"Breakpoint {item}: {sentence(entry)}", item)
        return None

    def _tested(self) -> tuple[Breakpoint, ...]:
        """The breakpoints that may be tested here: in the past no condition runs."""
        return tuple(item for item in self._breakpoints if not (self.is_past and item.runs_user_code))

    def _check_path(self, path: str) -> None:
        if not any(_is_within(spec.path, path) for spec in self.program.steps):
            known = ", ".join(spec.path for spec in self.program.steps[:12])
            raise BreakpointError(f"{self.program.name} has no step or block {path!r}; its steps are {known}")

    def _decide(self, decision: Decision) -> None:
        if not self.choices:
            raise ProtocolError("it does not stand at a halt, so there is nothing to decide; step goes on")
        if self.is_past and self._branch.run.rows[self._position][1] == decision:
            self._position += 1
            return
        self._machine.copy().feed(decision)
        self._leave_past()
        self._clock.begin(self._branch.last_tick(len(self._branch)))
        self._clock.end()
        self._branch.run.decide(decision)
        self._keep()

    def _refuse_halts(self) -> None:
        self._refuse_crashed()
        if self._machine.finished:
            raise ProtocolError("the saga has ended; reset starts over")
        cursor = self._machine.cursor
        if isinstance(cursor, Halt):
            raise ProtocolError(f"it stands still ({cursor.reason.value}); {' or '.join(self.choices)} first")


def _is_within(path: str, place: str) -> bool:
    return path == place or path.startswith(place + ".")
