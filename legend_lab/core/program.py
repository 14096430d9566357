"""Owns what will run: steps with their settings in one flat order, validated once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Self

from legend_lab.core.errors import EmptySagaError, SagaDefinitionError
from legend_lab.core.instructions import Compensate, Execute
from legend_lab.core.links import link

OnCompensationFailure = Literal["continue", "halt"]
ExceptionTypes = tuple[type[BaseException], ...]

LONGEST_WAIT_MS = 1e12
"""The longest back-off accepted, in ms (about 31 years): beyond it nobody waits, and clocks overflow."""


def is_number(value: object) -> bool:
    """Say whether `value` is a finite int or float (a bool is neither)."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an int beyond every float
        return False


def exception_types(what: str, value: object) -> ExceptionTypes:
    """Return one exception class, or several, as a tuple.

    Raises:
        SagaDefinitionError: it is neither; `what` names the setting.
    """
    classes = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(item, type) and issubclass(item, Exception) for item in classes):
        raise SagaDefinitionError(f"{what} must be exception classes (Exception or below), not {value!r}")
    return classes


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a failed attempt is tried again, and how long to wait before.

    Retry *r* (from 1) waits `min(backoff_ms * multiplier ** (r - 1), max_backoff_ms)`.

    Attributes:
        max_retries: retries after the first attempt, which is not counted.
        backoff_ms: the wait before the first retry, in ms; 0 retries at once.
        multiplier: growth of the wait from one retry to the next.
        max_backoff_ms: upper limit of a wait, in ms.
        give_up_on: errors that are never retried.
    """

    max_retries: int = 0
    backoff_ms: float = 0
    multiplier: float = 1.0
    max_backoff_ms: float | None = None
    give_up_on: ExceptionTypes = ()

    NO_RETRY: ClassVar[RetryPolicy]

    def __post_init__(self) -> None:
        if type(self.max_retries) is not int or self.max_retries < 0:
            raise SagaDefinitionError(f"RetryPolicy: max_retries must be an int from 0, not {self.max_retries!r}")
        for name in ("backoff_ms", "multiplier", "max_backoff_ms"):
            value = getattr(self, name)
            if value is None and name == "max_backoff_ms":
                continue
            if not is_number(value) or value < 0:
                raise SagaDefinitionError(f"RetryPolicy: {name} must be a number from 0, not {value!r}")
        object.__setattr__(self, "give_up_on", exception_types("RetryPolicy: give_up_on", self.give_up_on))
        for retry in (1, self.max_retries) if self.max_retries else ():  # the wait only grows, or only shrinks
            if not self.backoff_for(retry) <= LONGEST_WAIT_MS:
                raise SagaDefinitionError(
                    f"RetryPolicy: retry {retry} would wait over {LONGEST_WAIT_MS:g} ms; give max_backoff_ms"
                )

    @classmethod
    def retries(cls, count: int) -> Self:
        """Retry up to `count` times, at once."""
        return cls(max_retries=count)

    @classmethod
    def retries_with_backoff(cls, count: int, backoff_ms: float) -> Self:
        """Retry up to `count` times, each after the same `backoff_ms`."""
        return cls(max_retries=count, backoff_ms=backoff_ms)

    def should_retry(self, retries_done: int) -> bool:
        """Say whether another retry is left after `retries_done`."""
        return retries_done < self.max_retries

    def backoff_for(self, retry: int) -> float:
        """The wait before retry number `retry` (from 1), in ms."""
        try:
            wait = self.backoff_ms * float(self.multiplier) ** (retry - 1) if self.backoff_ms else 0.0
        except OverflowError:
            wait = math.inf
        return wait if self.max_backoff_ms is None else min(wait, self.max_backoff_ms)


RetryPolicy.NO_RETRY = RetryPolicy()


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One step of the flat program and all its settings.

    Attributes:
        path: dotted field names from the outermost saga, e.g. `"trip.flight"`.
        retry_policy: retries of `execute`.
        compensation_retry_policy: retries of `compensate`.
        timeout_s: limit of each attempt, of the undo too, in seconds; None for no limit.
        compensate_on_failure: undo this step also when its own attempts failed for certain.
        uncertain_on: errors after which nobody knows whether the effect happened.
        idempotent: what the author promises of repeated attempts; None when nothing is said.
    """

    path: str
    retry_policy: RetryPolicy = RetryPolicy.NO_RETRY
    compensation_retry_policy: RetryPolicy = RetryPolicy.NO_RETRY
    timeout_s: float | None = None
    compensate_on_failure: bool = False
    uncertain_on: ExceptionTypes = (TimeoutError, ConnectionError)
    idempotent: bool | None = None

    def __post_init__(self) -> None:
        for name in ("retry_policy", "compensation_retry_policy"):
            if not isinstance(getattr(self, name), RetryPolicy):
                raise SagaDefinitionError(f"{self.path}: {name} must be a RetryPolicy, not {getattr(self, name)!r}")
        if self.timeout_s is not None and not (
            is_number(self.timeout_s) and 0 < self.timeout_s <= LONGEST_WAIT_MS / 1e3
        ):
            raise SagaDefinitionError(
                f"{self.path}: timeout_s must be a positive number of seconds, not {self.timeout_s!r}"
            )
        if type(self.compensate_on_failure) is not bool:
            raise SagaDefinitionError(
                f"{self.path}: compensate_on_failure must be True or False, not {self.compensate_on_failure!r}"
            )
        if self.idempotent is not None and type(self.idempotent) is not bool:
            raise SagaDefinitionError(f"{self.path}: idempotent must be True, False or None, not {self.idempotent!r}")
        object.__setattr__(self, "uncertain_on", exception_types(f"{self.path}: uncertain_on", self.uncertain_on))


@dataclass(frozen=True, slots=True)
class Program:
    """What a saga will run: its steps in flat order and what to do when an undo fails.

    The linked instructions in `executes` and `compensates` are first attempts; each knows its successor on
    success, taken from `TRANSITIONS` (see `legend_lab.core.links`). A program never changes and copies as itself.
    """

    name: str
    steps: tuple[StepSpec, ...]
    on_compensation_failure: OnCompensationFailure = "continue"
    executes: tuple[Execute, ...] = field(init=False, repr=False, compare=False)
    compensates: tuple[Compensate, ...] = field(init=False, repr=False, compare=False)
    index_of: dict[str, int] = field(init=False, repr=False, compare=False)
    """Index of each path."""

    def __post_init__(self) -> None:
        if not self.steps:
            raise EmptySagaError(f"saga {self.name} has no steps; give it at least one field that is a Step")
        if self.on_compensation_failure not in ("continue", "halt"):
            raise SagaDefinitionError(
                f"{self.name}: on_compensation_failure is 'continue' or 'halt', not {self.on_compensation_failure!r}"
            )
        index_of = {spec.path: index for index, spec in enumerate(self.steps)}
        if len(index_of) != len(self.steps):
            raise SagaDefinitionError(f"{self.name}: two steps have the same path")
        executes, compensates = link(tuple(index_of))
        object.__setattr__(self, "index_of", index_of)
        object.__setattr__(self, "executes", executes)
        object.__setattr__(self, "compensates", compensates)

    def with_settings(self, steps: Sequence[StepSpec], on_compensation_failure: OnCompensationFailure) -> Program:
        """Return this program with other settings for the same paths."""
        return replace(self, steps=tuple(steps), on_compensation_failure=on_compensation_failure)

    def __reduce__(self) -> tuple[Any, ...]:  # the links are made anew: pickle would follow them all the way down
        return Program, (self.name, self.steps, self.on_compensation_failure)

    def __copy__(self) -> Program:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Program:
        return self
