"""Owns TRANSITIONS: every legal transition of a saga, as data.

An outcome is first classified into an `Event` (see `legend_lab.core.machine`); then one look-up here decides all:
the state the machine goes to and the `Move` that finds its next instruction. A pair that is not here is illegal.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class _Key(Enum):
    """An enum that is looked up often: hashed by identity, which is what its equality is."""

    __hash__ = object.__hash__  # Enum's own hashes the name, in Python


class MachineState(_Key):
    """Where the machine can stand."""

    EXECUTING = auto()
    BACKING_OFF = auto()
    PAUSED = auto()
    COMPENSATING = auto()
    COMPENSATION_BACKING_OFF = auto()
    COMPENSATION_PAUSED = auto()
    COMPENSATION_FAILED = auto()
    COMPLETED = auto()
    FAILED = auto()


STANDING = frozenset(
    {
        MachineState.PAUSED,
        MachineState.COMPENSATION_PAUSED,
        MachineState.COMPENSATION_FAILED,
        MachineState.COMPLETED,
        MachineState.FAILED,
    }
)
"""States in which there is nothing to perform: halts and ends."""


class Event(_Key):
    """What an outcome means here, once the facts (retries left? more to do?) are taken in."""

    STEP_DONE = auto()
    LAST_STEP_DONE = auto()
    PAUSED = auto()
    RETRIED_AT_ONCE = auto()
    RETRIED_LATER = auto()
    STEP_FAILED = auto()
    STEP_FAILED_CLEAN = auto()
    """The step failed and there is nothing to undo."""
    INTERRUPTED = auto()
    STOPPED = auto()
    """The run stopped between two instructions, for a reason outside it."""
    ELAPSED = auto()
    RESUMED = auto()
    RESUMED_WAITING = auto()
    """Resumed at an interrupted back-off, which is waited again in full."""
    RESTARTED = auto()
    ABORTED = auto()
    ABORTED_CLEAN = auto()
    """Aborted with nothing to undo."""
    UNDO_DONE = auto()
    LAST_UNDO_DONE = auto()
    """The last undo is done and none failed."""
    ROUND_DONE = auto()
    """The last undo of the round is done, but some failed."""
    UNDO_FAILED = auto()
    """This undo failed for good; others remain and are still tried."""
    ROUND_FAILED = auto()
    """This undo failed for good, and the round ends with it."""
    REPAIRED = auto()
    RESOLVED = auto()
    LAST_RESOLVED = auto()


class Move(_Key):
    """How the next instruction is found."""

    NEXT_STEP = auto()
    END = auto()
    AGAIN = auto()
    WAIT = auto()
    HALT_PAUSED = auto()
    HALT_INTERRUPTED = auto()
    HALT_STOPPED = auto()
    HALT_RESTARTED = auto()
    GO_ON = auto()
    ROLL_BACK = auto()
    ROLL_BACK_ABORTED = auto()
    END_FAILED = auto()
    END_ABORTED = auto()
    NEXT_UNDO = auto()
    END_UNDONE = auto()
    SKIP_UNDO = auto()
    HALT_PENDING = auto()
    HALT_PENDING_FAILED = auto()
    NEXT_ROUND = auto()
    STRIKE_OUT = auto()
    END_RESOLVED = auto()


@dataclass(frozen=True, slots=True)
class Transition:
    """Where an event leads and how the next instruction is found."""

    target: MachineState
    move: Move


_S, _E, _M = MachineState, Event, Move

TRANSITIONS: dict[tuple[MachineState, Event], Transition] = {
    # forward
    (_S.EXECUTING, _E.STEP_DONE): Transition(_S.EXECUTING, _M.NEXT_STEP),
    (_S.EXECUTING, _E.LAST_STEP_DONE): Transition(_S.COMPLETED, _M.END),
    (_S.EXECUTING, _E.PAUSED): Transition(_S.PAUSED, _M.HALT_PAUSED),
    (_S.EXECUTING, _E.RETRIED_AT_ONCE): Transition(_S.EXECUTING, _M.AGAIN),
    (_S.EXECUTING, _E.RETRIED_LATER): Transition(_S.BACKING_OFF, _M.WAIT),
    (_S.EXECUTING, _E.STEP_FAILED): Transition(_S.COMPENSATING, _M.ROLL_BACK),
    (_S.EXECUTING, _E.STEP_FAILED_CLEAN): Transition(_S.FAILED, _M.END_FAILED),
    (_S.EXECUTING, _E.INTERRUPTED): Transition(_S.PAUSED, _M.HALT_INTERRUPTED),
    (_S.EXECUTING, _E.STOPPED): Transition(_S.PAUSED, _M.HALT_STOPPED),
    (_S.EXECUTING, _E.RESTARTED): Transition(_S.PAUSED, _M.HALT_RESTARTED),
    (_S.BACKING_OFF, _E.ELAPSED): Transition(_S.EXECUTING, _M.GO_ON),
    (_S.BACKING_OFF, _E.INTERRUPTED): Transition(_S.PAUSED, _M.HALT_STOPPED),
    (_S.BACKING_OFF, _E.STOPPED): Transition(_S.PAUSED, _M.HALT_STOPPED),
    (_S.BACKING_OFF, _E.RESTARTED): Transition(_S.PAUSED, _M.HALT_RESTARTED),
    (_S.PAUSED, _E.RESUMED): Transition(_S.EXECUTING, _M.GO_ON),
    (_S.PAUSED, _E.RESUMED_WAITING): Transition(_S.BACKING_OFF, _M.GO_ON),
    (_S.PAUSED, _E.ABORTED): Transition(_S.COMPENSATING, _M.ROLL_BACK_ABORTED),
    (_S.PAUSED, _E.ABORTED_CLEAN): Transition(_S.FAILED, _M.END_ABORTED),
    (_S.PAUSED, _E.RESTARTED): Transition(_S.PAUSED, _M.HALT_RESTARTED),
    # rollback
    (_S.COMPENSATING, _E.UNDO_DONE): Transition(_S.COMPENSATING, _M.NEXT_UNDO),
    (_S.COMPENSATING, _E.LAST_UNDO_DONE): Transition(_S.FAILED, _M.END_UNDONE),
    (_S.COMPENSATING, _E.ROUND_DONE): Transition(_S.COMPENSATION_FAILED, _M.HALT_PENDING),
    (_S.COMPENSATING, _E.PAUSED): Transition(_S.COMPENSATION_PAUSED, _M.HALT_PAUSED),
    (_S.COMPENSATING, _E.RETRIED_AT_ONCE): Transition(_S.COMPENSATING, _M.AGAIN),
    (_S.COMPENSATING, _E.RETRIED_LATER): Transition(_S.COMPENSATION_BACKING_OFF, _M.WAIT),
    (_S.COMPENSATING, _E.UNDO_FAILED): Transition(_S.COMPENSATING, _M.SKIP_UNDO),
    (_S.COMPENSATING, _E.ROUND_FAILED): Transition(_S.COMPENSATION_FAILED, _M.HALT_PENDING_FAILED),
    (_S.COMPENSATING, _E.INTERRUPTED): Transition(_S.COMPENSATION_PAUSED, _M.HALT_INTERRUPTED),
    (_S.COMPENSATING, _E.STOPPED): Transition(_S.COMPENSATION_PAUSED, _M.HALT_STOPPED),
    (_S.COMPENSATING, _E.RESTARTED): Transition(_S.COMPENSATION_PAUSED, _M.HALT_RESTARTED),
    (_S.COMPENSATION_BACKING_OFF, _E.ELAPSED): Transition(_S.COMPENSATING, _M.GO_ON),
    (_S.COMPENSATION_BACKING_OFF, _E.INTERRUPTED): Transition(_S.COMPENSATION_PAUSED, _M.HALT_STOPPED),
    (_S.COMPENSATION_BACKING_OFF, _E.STOPPED): Transition(_S.COMPENSATION_PAUSED, _M.HALT_STOPPED),
    (_S.COMPENSATION_BACKING_OFF, _E.RESTARTED): Transition(_S.COMPENSATION_PAUSED, _M.HALT_RESTARTED),
    (_S.COMPENSATION_PAUSED, _E.RESUMED): Transition(_S.COMPENSATING, _M.GO_ON),
    (_S.COMPENSATION_PAUSED, _E.RESUMED_WAITING): Transition(_S.COMPENSATION_BACKING_OFF, _M.GO_ON),
    (_S.COMPENSATION_PAUSED, _E.RESTARTED): Transition(_S.COMPENSATION_PAUSED, _M.HALT_RESTARTED),
    # repair
    (_S.COMPENSATION_FAILED, _E.REPAIRED): Transition(_S.COMPENSATING, _M.NEXT_ROUND),
    (_S.COMPENSATION_FAILED, _E.RESOLVED): Transition(_S.COMPENSATION_FAILED, _M.STRIKE_OUT),
    (_S.COMPENSATION_FAILED, _E.LAST_RESOLVED): Transition(_S.FAILED, _M.END_RESOLVED),
}
