"""Owns what can be said of an execution at one moment: state, status and timing values, all immutable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from legend_lab.core.instructions import ExecutionPhase


class StepStatus(Enum):
    """How one attempt of a step or of its undo ended."""

    CONTINUE = "continue"
    PAUSE = "pause"
    FAILED = "failed"
    COMPENSATED = "compensated"
    COMPENSATION_FAILED = "compensation_failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class ExecutionState:
    """Where an execution stands.

    Attributes:
        current_index: the step of the next instruction; of the last performed one when finished.
        executed_count: steps completed forward; undo does not lower it.
        attempt: attempt number of that instruction, from 1.
        retry_count: retries used for it.
        phase: `COMPENSATING` from the moment rollback has begun.
    """

    current_index: int
    executed_count: int
    attempt: int
    retry_count: int
    phase: ExecutionPhase

    @property
    def is_compensating(self) -> bool:
        """Whether rollback has begun."""
        return self.phase is ExecutionPhase.COMPENSATING


@dataclass(frozen=True, slots=True)
class StepTiming:
    """One attempt of a step or of its undo, with its instants.

    Attributes:
        step_index: position in the flat order, from 0.
        path: dotted name of the step.
        is_compensation: it is the undo's.
        attempt: number of this issue, from 1.
        started_ns: Unix time in ns.
        completed_ns: Unix time in ns; None when nobody saw it end.
        outcome: how it ended; None while open.
        error: what it raised.
    """

    step_index: int
    path: str
    is_compensation: bool
    attempt: int
    started_ns: int
    completed_ns: int | None
    outcome: StepStatus | None
    error: BaseException | None = None

    @property
    def duration_ms(self) -> float | None:
        """How long it took, in ms with ns resolution; None when nobody saw it end."""
        return None if self.completed_ns is None else (self.completed_ns - self.started_ns) / 1e6
