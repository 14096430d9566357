"""Owns stepping: a run goes on one instruction at a time, or until something stops it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar

from legend_lab.core.errors import ProtocolError
from legend_lab.core.instructions import (
    Compensate,
    Execute,
    Halt,
    Instruction,
    Restart,
)
from legend_lab.core.journal import Entry
from legend_lab.core.story import sentence
from legend_lab.lab.branching import Branching
from legend_lab.lab.breakpoints import Breakpoint, BreakpointError, StopReason, check_path, is_within
from legend_lab.lab.clock import SteppedClock
from legend_lab.lab.history import Branch
from legend_lab.runtime.driver import drive
from legend_lab.runtime.executions import ExecutionResult
from legend_lab.runtime.restart import restarted
from legend_lab.runtime.run import Options
from legend_lab.saga.saga import Saga

Ctx = TypeVar("Ctx")
Err = TypeVar("Err", bound=BaseException)


class Stepping(Branching[Ctx, Err]):
    """Branching on a run that goes on: by one entry, or to a breakpoint, a step, a halt or the end."""

    def __init__(self, saga: Saga[Ctx, Err], ctx: Ctx, options: Options, clock: SteppedClock) -> None:
        super().__init__(saga, ctx, options, clock)
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
        if not isinstance(breakpoints, Iterable):
            raise BreakpointError(f"breakpoints are set all at once, as a list of Breakpoints, not {breakpoints!r}")
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

    def _refuse_halts(self) -> None:
        self._refuse_crashed()
        if self._machine.finished:
            raise ProtocolError("the saga has ended; reset starts over")
        cursor = self._machine.cursor
        if isinstance(cursor, Halt):
            raise ProtocolError(f"it stands still ({cursor.reason.value}); {' or '.join(self.choices)} first")
