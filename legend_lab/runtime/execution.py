"""Owns Execution: what every state of an execution tells, whatever can be done with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Generic, Literal, TypeVar

from legend_lab.core.journal import Journal
from legend_lab.core.program import Program
from legend_lab.core.state import ExecutionState, StepTiming
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.run import Run

Ctx = TypeVar("Ctx")
Err = TypeVar("Err", bound=BaseException)

_Status = Literal["ready", "running", "ended", "stopped", "recovered"]


class Execution(Generic[Ctx, Err]):
    """What every state of an execution offers. It is a snapshot: going on makes a new one and consumes this.

    Attributes:
        context: the user's context; between a pause and `resume` it may be edited.
    """

    __slots__ = ("_length", "_machine", "_run", "_status")

    is_paused: ClassVar[bool] = False
    is_completed: ClassVar[bool] = False
    is_failed: ClassVar[bool] = False

    def __init__(self, run: Run) -> None:
        self._run = run
        self._status: _Status = "ready"
        self._machine = run.machine.copy()
        self._length: int | None = len(run.rows)

    @property
    def id(self) -> ExecutionId:
        """The execution's id, the same in all its states, processes and engines."""
        return self._run.id

    @property
    def saga(self) -> Any:  # noqa: ANN401 - the saga's class lives in a higher layer
        """The saga as written."""
        return self._run.saga

    @property
    def program(self) -> Program:
        """The flat program that it runs, with its settings."""
        return self._run.shape.program

    @property
    def context(self) -> Ctx:
        """The user's context, itself, not a copy."""
        context: Ctx = self._run.context
        return context

    @property
    def journal(self) -> Journal:
        """What has happened up to this state."""
        return self._run.journal(self._length)

    @property
    def state(self) -> ExecutionState:
        """Where the execution stands."""
        return self._machine.execution_state()

    @property
    def step_timings(self) -> tuple[StepTiming, ...]:
        """One timing for each attempt of a step or undo, in order."""
        return self.journal.step_timings()

    def timing_for_step(self, index: int, is_compensation: bool = False) -> StepTiming | None:  # noqa: FBT001, FBT002 - the seed's signature
        """The last attempt's timing of step `index` (or of its undo); None when it was never tried."""
        found = (
            t for t in reversed(self.step_timings) if t.step_index == index and t.is_compensation is is_compensation
        )
        return next(found, None)

    @property
    def started_at(self) -> datetime | None:
        """When the first instruction began, UTC; None before."""
        return self._run.started_at if len(self.journal) else None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._run.shape.program.name} {self.id}>"
