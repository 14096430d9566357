"""Owns every decision about what comes next; all that affects it lives here, in the moves and in the table.

`feed` classifies an outcome into an `Event`, looks the pair (state, event) up in `TRANSITIONS`, and lets the
transition's `Move` find the next instruction. Errors are carried, never looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from legend_lab.core.errors import ProtocolError
from legend_lab.core.instructions import (
    COMPENSATING,
    FORWARD,
    Abort,
    Compensate,
    CompensationOutcome,
    Edited,
    Execute,
    ExecutionPhase,
    Failure,
    Halt,
    HaltReason,
    Instruction,
    Outcome,
    Resolve,
    Restart,
    Resume,
    Retry,
    Signal,
    StepOutcome,
    Wait,
)
from legend_lab.core.moves import (
    MOVES,
    Rollback,
    attempt_of,
    begun,
    queue_after_abort,
    queue_after_failure,
    retry_event,
)
from legend_lab.core.program import Program
from legend_lab.core.state import ExecutionState
from legend_lab.core.table import TRANSITIONS, Event, MachineState

COMPLETED, FAILED = MachineState.COMPLETED, MachineState.FAILED
CONTINUE, UNDONE = StepOutcome.CONTINUE, CompensationOutcome.COMPLETED
WAIT_EVENTS = {Signal.ELAPSED: Event.ELAPSED, Signal.INTERRUPTED: Event.INTERRUPTED}


class Machine:
    """A saga as a pure function of its program and the outcomes fed to it.

    Ask `next_instruction`, perform it, pass what happened to `feed`. A `ProtocolError` leaves the machine
    unchanged. Everything it holds is immutable, so `copy` is cheap and a copy never feels the original.
    """

    __slots__ = ("cursor", "program", "rollback", "state")

    def __init__(self, program: Program) -> None:
        self.program = program
        self.cursor: Instruction = program.executes[0]
        """The next instruction; once finished, the last one performed."""
        self.state = MachineState.EXECUTING
        self.rollback: Rollback | None = None

    @classmethod
    def replay(cls, program: Program, outcomes: Iterable[Outcome]) -> Machine:
        """Return the machine as it stands after these outcomes."""
        machine = cls(program)
        for outcome in outcomes:
            machine.feed(outcome)
        return machine

    @property
    def finished(self) -> bool:
        """Whether nothing more can happen."""
        return self.state is COMPLETED or self.state is FAILED

    def next_instruction(self) -> Instruction | None:
        """What to do now; None once finished."""
        return None if self.finished else self.cursor

    def feed(self, outcome: Outcome) -> None:
        """Take in what came back for `next_instruction`; an edit of the context is passed over.

        Raises:
            ProtocolError: the outcome does not answer that instruction; the machine is unchanged.
        """
        if isinstance(outcome, Edited):
            return
        transition = TRANSITIONS[self.state, self._classify(outcome)]
        cursor, rollback = MOVES[transition.move](self, outcome)
        self.cursor, self.rollback, self.state = cursor, rollback, transition.target

    def execution_state(self) -> ExecutionState:
        """Where the machine stands, as an immutable value."""
        if self.rollback is not None:
            executed = self.rollback.origin
        elif self.state is MachineState.COMPLETED:
            executed = len(self.program.steps)
        else:
            executed = self.cursor.index
        return ExecutionState(self.cursor.index, executed, self.cursor.attempt, self.cursor.retries, self.phase)

    @property
    def phase(self) -> ExecutionPhase:
        """`COMPENSATING` from the moment rollback has begun."""
        return FORWARD if self.rollback is None else COMPENSATING

    @property
    def pending(self) -> tuple[str, ...]:
        """Paths still not undone, in the order in which they would be; empty unless an undo failed for good."""
        if self.state is not MachineState.COMPENSATION_FAILED or self.rollback is None:
            return ()
        return tuple(self.program.steps[index].path for index in self.rollback.queue)

    def copy(self) -> Machine:
        """Return a machine that stands where this one does."""
        twin = Machine.__new__(Machine)
        twin.program, twin.cursor, twin.state, twin.rollback = self.program, self.cursor, self.state, self.rollback
        return twin

    def __deepcopy__(self, memo: dict[int, object]) -> Machine:
        return self.copy()

    # -- classification: what does this outcome mean here? ---------------------------------------

    def _classify(self, outcome: Outcome) -> Event:
        cursor, state, event = self.cursor, self.state, None
        if state is COMPLETED or state is FAILED:
            pass
        elif isinstance(outcome, Restart):
            event = Event.RESTARTED if outcome.crashed else Event.STOPPED
            event = event if (state, event) in TRANSITIONS else None
        elif isinstance(cursor, Execute):
            event = self._classify_step(cursor, outcome)
        elif isinstance(cursor, Compensate):
            event = self._classify_undo(cursor, outcome)
        elif isinstance(cursor, Wait):
            event = WAIT_EVENTS.get(outcome) if isinstance(outcome, Signal) else None
        else:
            event = self._classify_decision(cursor, outcome)
        if event is None:
            raise ProtocolError(self._refusal(outcome))
        return event

    def _classify_step(self, at: Execute, outcome: Outcome) -> Event | None:
        if outcome is CONTINUE:
            return Event.STEP_DONE if at.index + 1 < len(self.program.steps) else Event.LAST_STEP_DONE
        match outcome:
            case StepOutcome.PAUSE:
                return Event.PAUSED
            case Signal.INTERRUPTED:
                return Event.INTERRUPTED
            case Failure():
                retry = retry_event(self.program.steps[at.index].retry_policy, at, outcome)
                if retry is not None:
                    return retry
                return Event.STEP_FAILED if queue_after_failure(self.program, at, outcome) else Event.STEP_FAILED_CLEAN
        return None

    def _classify_undo(self, at: Compensate, outcome: Outcome) -> Event | None:
        rollback = begun(self.rollback)
        is_last = rollback.queue[-1] == at.index
        if outcome is UNDONE:
            if not is_last:
                return Event.UNDO_DONE
            return Event.ROUND_DONE if rollback.failures else Event.LAST_UNDO_DONE
        match outcome:
            case CompensationOutcome.PAUSE:
                return Event.PAUSED
            case Signal.INTERRUPTED:
                return Event.INTERRUPTED
            case Failure():
                retry = retry_event(self.program.steps[at.index].compensation_retry_policy, at, outcome)
                if retry is not None:
                    return retry
                ends = is_last or self.program.on_compensation_failure == "halt"
                return Event.ROUND_FAILED if ends else Event.UNDO_FAILED
        return None

    def _classify_decision(self, at: Halt, outcome: Outcome) -> Event | None:
        if at.reason is HaltReason.COMPENSATION_FAILED:
            match outcome:
                case Retry():
                    return Event.REPAIRED
                case Resolve(path=path) if path in self.pending:
                    return Event.RESOLVED if len(self.pending) > 1 else Event.LAST_RESOLVED
            return None
        match outcome:
            case Resume():
                return Event.RESUMED_WAITING if isinstance(at.at, Wait) else Event.RESUMED
            case Abort() if self.rollback is None:
                return Event.ABORTED if queue_after_abort(self.program, attempt_of(at)) else Event.ABORTED_CLEAN
        return None

    def _refusal(self, outcome: object) -> str:
        where = "has finished" if self.finished else f"asked to {self.cursor.kind} {self.cursor.path!r}"
        name = (
            type(outcome).__name__
            if not isinstance(outcome, StepOutcome | CompensationOutcome | Signal)
            else str(outcome)
        )
        if isinstance(outcome, Abort) and self.rollback is not None:
            return "a saga that is already being undone cannot be aborted; resume it instead"
        if isinstance(outcome, Resolve) and self.state is MachineState.COMPENSATION_FAILED:
            return f"{outcome.path!r} is not pending; pending are {', '.join(map(repr, self.pending))}"
        return f"the machine {where}, which {name} does not answer"
