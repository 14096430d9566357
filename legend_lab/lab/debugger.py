"""Owns the Debugger: a headless way to step a saga, travel in what happened, and try what else could have."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self, TypeVar

from legend_lab.core.errors import ProtocolError
from legend_lab.core.instructions import (
    Abort,
    Compensate,
    Decision,
    Execute,
    Halt,
    Instruction,
    Resolve,
    Restart,
    Resume,
    Retry,
)
from legend_lab.core.journal import Entry
from legend_lab.core.story import sentence
from legend_lab.lab.branching import Branching
from legend_lab.lab.breakpoints import Breakpoint, BreakpointError, StopReason, check_path, is_within
from legend_lab.lab.clock import SteppedClock
from legend_lab.lab.copying import copy_context
from legend_lab.lab.editing import change_context
from legend_lab.lab.history import Branch
from legend_lab.lab.session import Session, read_session, reader_of, write_session
from legend_lab.lab.travel import Standpoint
from legend_lab.runtime.clocks import Clock
from legend_lab.runtime.driver import drive
from legend_lab.runtime.executions import ExecutionResult
from legend_lab.runtime.faults import Fault, FaultPlan, as_plan
from legend_lab.runtime.restart import restarted
from legend_lab.runtime.run import SYSTEM_CLOCK, Options
from legend_lab.saga.saga import Saga
from legend_lab.saga.writing import write_file

Ctx = TypeVar("Ctx")
Err = TypeVar("Err", bound=BaseException)


class Debugger(Branching[Ctx, Err]):
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

    # -- what to stop at ------------------------------------------------------------------------

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
            item.check(self.program)
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
            ContextRecordError: a crash is planned here, and the context cannot be written; nothing was changed.
        """
        with self._busy():
            return await self._step()

    async def run(self) -> StopReason:
        """Go on to a breakpoint, a halt or the end, and say why it stopped.

        Raises:
            ProtocolError: it stands at a halt or at the end already.
            ConditionError: a condition cannot be worked out; it stands where it was to be tested.
        """
        return await self._run_until(lambda _: None)

    async def run_to(self, path: str) -> StopReason:
        """Go on until the step (or a step of the block) `path` comes next, or something else stops it.

        Raises:
            BreakpointError: the saga has no such step or block.
            ProtocolError: it stands at a halt or at the end already.
        """
        check_path(self.program, path)

        def reached(at: Instruction) -> StopReason | None:
            there = is_within(at.path, path)
            return StopReason("target", f"{at.kind.capitalize()} {at.path} comes next.") if there else None

        return await self._run_until(reached)

    async def run_to_end(self) -> ExecutionResult[Ctx, Err]:
        """Go on until the end or a halt, whatever breakpoints there are; return the typed state it stands in.

        Raises:
            ProtocolError: it stands at a halt or at the end already.
        """
        with self._busy():
            await self._step()
            while self.is_past or not self._stands:
                await self._breathe()
                await self._step()
        result = self.result
        if result is None:  # pragma: no cover - the loop ends where it stands
            raise ProtocolError("it stands neither at a halt nor at the end")
        return result

    async def step_over(self) -> StopReason:
        """Go on until the block that comes next is left, or something else stops it; as `step` where no block does.

        Raises:
            ProtocolError: it stands at a halt or at the end.
        """
        at = self.next_instruction
        block = at.path.rpartition(".")[0] if at is not None else ""

        def left(at: Instruction) -> StopReason | None:
            if block and is_within(at.path, block):
                return None
            return StopReason("target", f"Stepped over {block}." if block else "Stepped.")

        return await self._run_until(left)

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
            ContextRecordError: the context cannot be written, so no process could take it up; nothing was changed.
        """
        self._insist_on_rest()
        if self._machine.finished:
            raise ProtocolError("the saga has ended, so a crash would lose nothing")
        self._refuse_crashed()
        self._branch.run.shape.context.dump(self.context)
        self._leave_past()
        self._crashed = True

    def restart(self) -> None:
        """Take up the run after `crash`: it stands as a new process would find it.

        Raises:
            ProtocolError: it did not crash.
        """
        self._insist_on_rest()
        if not self._crashed:
            raise ProtocolError("it has not crashed, so there is nothing to restart")
        self._at_once(lambda: self._branch.succeed(restarted(self._branch.run)))
        self._crashed = False
        self._keep()
        self._settle()

    def edit(self, place: str, value: object) -> None:
        """Set the value at a dotted place of the context; an entry in the journal says so. In the past: a branch.

        Raises:
            EditError: there is no such place, or it takes no such value; nothing was changed.
            ContextCopyError: the value or the context cannot be copied; nothing was changed.
        """
        self._insist_on_rest()
        self._refuse_crashed()
        if self._machine.finished:
            raise ProtocolError("the saga has ended; go back to edit its context, or reset")
        value = copy_context(value)
        note = change_context(copy_context(self.context), place, value)
        self._leave_past()
        change_context(self._branch.run.context, place, value)
        self._at_once(lambda: self._branch.run.edit(note))
        self._keep()

    # -- keeping --------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to a file: all branches with every context, the faults, the breakpoints, the position.

        A file that was there is replaced in one piece, or not at all.

        Raises:
            ContextRecordError: a context, now or in the past, cannot be written; the message names the place.
            BreakpointError: a breakpoint tests a function, which is no data.
            OSError: the file cannot be written.
        """
        self._insist_on_rest()
        self._settle()
        session = Session(
            self.saga,
            self._given,
            self.branches,
            self.branch,
            self._position,
            self._crashed,
            self.faults,
            self._breakpoints,
        )
        write_file(path, write_session(session))

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str] | bytes,
        saga: Saga[Ctx, Err] | type[Saga[Ctx, Err]],
        *,
        clock: Clock = SYSTEM_CLOCK,
        resources: Any = None,  # noqa: ANN401 - whatever the user's steps ask for
    ) -> Self:
        """Take up what `save` wrote, where it stood; nothing in the file is code, and nothing is performed.

        The saga's class does as well, since its inputs are in the file; so do the file's bytes for its path.

        Errors come back as in records: declared ones as their own class, any other as a `StoredError`. Time goes on
        after the last instant of a branch.

        Raises:
            CorruptRecordError: the file holds no session, or is damaged.
            RecordVersionError: it was written in another version of the format.
            SagaMismatchError: it is of another saga, of another shape of it, or with other inputs.
            OSError: the file cannot be read.
        """
        data = path if isinstance(path, bytes) else Path(path).read_bytes()
        stepped = SteppedClock(clock)
        session = read_session(data, reader_of(saga), stepped, resources)
        debugger = cls(session.saga, session.given, faults=session.faults, clock=clock, resources=resources)
        debugger._clock = stepped
        debugger._show(session.branches, Standpoint(session.branch, session.position, session.is_crashed))
        debugger._options = debugger._branch.run.options
        debugger.breakpoints = session.breakpoints
        return debugger

    # -- inside ---------------------------------------------------------------------------------

    async def _step(self) -> Entry:
        if self.repeats:
            self._position += 1
            return self._branch.entry(self._position - 1)
        self._refuse_halts()
        branch = self._branch_to_extend()
        number, at = len(branch), branch.run.machine.cursor
        planned = self.faults.at(at) if isinstance(at, Execute | Compensate) else None
        self._clock.begin(branch.last_tick(number))
        try:
            await drive(branch.run, limit=1)
        except BaseException as error:
            if error is not branch.run.crash:
                if len(branch) > number and not branch.run.stands:
                    branch.run.decide(Restart(crashed=False))
                raise
            branch.succeed(restarted(branch.run))
        finally:
            self._clock.end()
            branch.keep_rows(planned)
            self._position = len(branch)
        return branch.entry(number)

    def _branch_to_extend(self) -> Branch:
        """The branch whose end is here; begun, if here is in the past."""
        self._is_busy = False  # for the branch that may begin
        try:
            self._leave_past()
        finally:
            self._is_busy = True
        return self._branch

    async def _run_until(self, reached: Callable[[Instruction], StopReason | None]) -> StopReason:
        self._stopping = False
        with self._busy():
            while True:
                was_rolling_back = self._machine.rollback is not None
                only_moves = self.repeats
                entry = await self._step()
                at = self.next_instruction
                reason = self._stopped() or self._breaks_after(entry, only_moved=only_moves)
                if reason is None and at is not None:
                    begins_rollback = not was_rolling_back and self._machine.rollback is not None
                    reason = reached(at) or self._breaks_before(at, begins_rollback=begins_rollback)
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

    def _breaks_before(self, at: Instruction, *, begins_rollback: bool) -> StopReason | None:
        for item in self._breakpoints:
            if self.is_past and item.runs_user_code:
                continue
            if item.stops_before(at, self.context, begins_rollback=begins_rollback):
                return StopReason("breakpoint", f"Breakpoint {item}: {at.kind} {at.path} comes next.", item)
        return None

    def _breaks_after(self, entry: Entry, *, only_moved: bool) -> StopReason | None:
        for item in self._breakpoints:
            if only_moved and item.runs_user_code:
                continue
            if item.stops_after(entry, self.context):
                return StopReason("breakpoint", f"Breakpoint {item}: {sentence(entry)}", item)
        return None

    def _decide(self, decision: Decision) -> None:
        self._insist_on_rest()
        if not self.choices:
            raise ProtocolError("it does not stand at a halt, so there is nothing to decide; step goes on")
        if self.is_past and self._branch.run.rows[self._position][1] == decision:
            self._position += 1
            return
        self._machine.copy().feed(decision)
        self._leave_past()
        self._at_once(lambda: self._branch.run.decide(decision))
        self._keep()

    def _at_once(self, work: Callable[[], None]) -> None:
        """Do what takes no time, at the instant at which the branch stands."""
        self._clock.begin(self._branch.last_tick(len(self._branch)))
        self._clock.end()
        work()

    def _refuse_halts(self) -> None:
        self._refuse_crashed()
        if self._machine.finished:
            raise ProtocolError("the saga has ended; reset starts over")
        cursor = self._machine.cursor
        if isinstance(cursor, Halt):
            raise ProtocolError(f"it stands still ({cursor.reason.value}); {' or '.join(self.choices)} first")
