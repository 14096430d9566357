"""Owns what the machine may ask (instructions) and what may come back (outcomes)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Literal, NamedTuple, Self

from legend_lab.core.errors import ProtocolError
from legend_lab.core.text import kind_of

Kind = Literal["execute", "compensate", "wait", "halt", "edit"]


class ExecutionPhase(Enum):
    """Which way the run goes; it never turns back to `FORWARD`."""

    FORWARD = "forward"
    COMPENSATING = "compensating"


FORWARD, COMPENSATING = ExecutionPhase.FORWARD, ExecutionPhase.COMPENSATING


# -- instructions -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Execute:
    """Do step `index`: attempt `attempt`, after `retries` retries.

    Attributes:
        index: position in the flat order, from 0.
        path: dotted name of the step.
        attempt: number of this issue of the step, from 1; pauses and restarts count.
        retries: retries used up before this attempt.
        uncertain: an earlier attempt may have had its effect.
        successor: the next instruction when this one succeeds, where the table decides it alone; else None.
    """

    index: int
    path: str
    attempt: int = 1
    retries: int = 0
    uncertain: bool = False
    successor: Execute | None = field(default=None, repr=False, compare=False)

    kind: ClassVar[Kind] = "execute"
    phase: ClassVar[ExecutionPhase] = FORWARD

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:  # without its link, which pickle would follow to the end of the program
        return Execute, (self.index, self.path, self.attempt, self.retries, self.uncertain)


@dataclass(frozen=True, slots=True)
class Compensate:
    """Undo step `index`; attributes as in `Execute`."""

    index: int
    path: str
    attempt: int = 1
    retries: int = 0
    successor: Compensate | None = field(default=None, repr=False, compare=False)

    kind: ClassVar[Kind] = "compensate"
    phase: ClassVar[ExecutionPhase] = COMPENSATING

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:  # as in `Execute`
        return Compensate, (self.index, self.path, self.attempt, self.retries)


@dataclass(frozen=True, slots=True)
class Wait:
    """Let `delay_ns` pass on the run's clock, then perform `then`."""

    then: Execute | Compensate
    delay_ns: int

    kind: ClassVar[Kind] = "wait"

    @property
    def index(self) -> int:
        """Index of the step that is waited for."""
        return self.then.index

    @property
    def path(self) -> str:
        """Path of the step that is waited for."""
        return self.then.path

    @property
    def attempt(self) -> int:
        """The attempt that comes after the wait."""
        return self.then.attempt

    @property
    def retries(self) -> int:
        """Retries used, the one that is waited for included."""
        return self.then.retries

    @property
    def phase(self) -> ExecutionPhase:
        """The phase of what is waited for."""
        return self.then.phase


Action = Execute | Compensate | Wait


class HaltReason(Enum):
    """Why the machine stands still; the value says it in words."""

    STEP_PAUSED = "step paused"
    UNDO_PAUSED = "undo paused"
    INTERRUPTED = "interrupted"
    RESTARTED = "restarted"
    COMPENSATION_FAILED = "compensation failed"


@dataclass(frozen=True, slots=True)
class Halt:
    """Stand still until someone outside decides; `at` is what going on would perform."""

    at: Action
    reason: HaltReason

    kind: ClassVar[Kind] = "halt"

    @property
    def index(self) -> int:
        """Index of the step it stands at."""
        return self.at.index

    @property
    def path(self) -> str:
        """Path of the step it stands at."""
        return self.at.path

    @property
    def attempt(self) -> int:
        """The attempt that comes when it goes on."""
        return self.at.attempt

    @property
    def retries(self) -> int:
        """Retries used so far."""
        return self.at.retries

    @property
    def phase(self) -> ExecutionPhase:
        """The phase it stands in."""
        return self.at.phase


Instruction = Execute | Compensate | Wait | Halt


@dataclass(frozen=True, slots=True)
class Edit:
    """A person changes the context before `at`; no instruction, but it stands in the journal like one."""

    at: Instruction

    kind: ClassVar[Kind] = "edit"

    @property
    def index(self) -> int:
        """Index of the step that comes next."""
        return self.at.index

    @property
    def path(self) -> str:
        """Path of the step that comes next."""
        return self.at.path

    @property
    def attempt(self) -> int:
        """The attempt that comes next."""
        return self.at.attempt

    @property
    def phase(self) -> ExecutionPhase:
        """The phase it happens in."""
        return self.at.phase


# -- outcomes -----------------------------------------------------------------------------------


class StepOutcome(Enum):
    """What a step's `execute` returns."""

    CONTINUE = "continue"
    PAUSE = "pause"


class CompensationOutcome(Enum):
    """What a step's `compensate` returns."""

    COMPLETED = "completed"
    PAUSE = "pause"


class Signal(Enum):
    """Outcomes that carry nothing: a wait that passed, an instruction that was cut short."""

    ELAPSED = "elapsed"
    INTERRUPTED = "interrupted"


class Failure(NamedTuple):
    """An attempt raised (or returned no outcome). The driver has judged the error; the machine only reads the verdict.

    Attributes:
        error: what was raised.
        gives_up: no retry may follow.
        uncertain: the effect may have happened all the same.
        unexpected: the error is outside the saga's declared error type.
    """

    error: BaseException
    gives_up: bool = False
    uncertain: bool = False
    unexpected: bool = False


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on with what the halt stands at."""


@dataclass(frozen=True, slots=True)
class Abort:
    """Give up the saga: undo what was done."""

    reason: str = ""

    def __post_init__(self) -> None:
        _insist_on_text("the reason of an abort", self.reason)


@dataclass(frozen=True, slots=True)
class Retry:
    """Run the pending undos again, with fresh retries."""


@dataclass(frozen=True, slots=True)
class Resolve:
    """A person has undone `path` by hand."""

    path: str
    note: str = ""

    def __post_init__(self) -> None:
        _insist_on_text("the path to resolve", self.path)
        _insist_on_text("the note of an undo made by hand", self.note)


@dataclass(frozen=True, slots=True)
class Restart:
    """The process stopped here (`crashed`: it died) and somebody took the run up again."""

    crashed: bool = True


@dataclass(frozen=True, slots=True)
class Edited:
    """The context was changed; `note` says how. The machine passes over it."""

    note: str


Decision = Resume | Abort | Retry | Resolve | Restart
Outcome = StepOutcome | CompensationOutcome | Signal | Failure | Decision | Edited


def halt_for(cursor: Instruction, decision: Decision) -> Halt:
    """The halt that `decision` answers: the one stood at, or (for a restart between instructions) one made for it."""
    if isinstance(cursor, Halt):
        return cursor
    died = isinstance(decision, Restart) and decision.crashed
    return Halt(cursor, HaltReason.RESTARTED if died else HaltReason.INTERRUPTED)


def _insist_on_text(what: str, value: object) -> None:
    if not isinstance(value, str):
        raise ProtocolError(f"{what} is a text, not {kind_of(value)}")
