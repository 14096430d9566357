"""Owns breakpoints: where `run` stops, as frozen data, and the reason it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from legend_lab.core.errors import LegendError, error_text
from legend_lab.core.instructions import Instruction
from legend_lab.core.journal import Entry
from legend_lab.core.program import Program
from legend_lab.lab.conditions import Condition, ConditionError

When = Literal["before", "after"]
On = Literal["error", "rollback"]


class BreakpointError(LegendError):
    """A breakpoint names a place that the saga does not have, or asks for nothing."""


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """Stops a run where everything that is given here holds.

    Attributes:
        path: dotted name of a step, or of a block (which stands for all of its steps); None for every step.
        phase: only in its `"execute"` or in its `"compensate"`; None for both.
        when: `"before"` the instruction is performed or `"after"`.
        attempt: only at this attempt, from 1.
        condition: an expression over the context (see `legend_lab.lab.conditions`), or a function of it.
        on: stop after any `"error"`, or when `"rollback"` begins; the other fields narrow it.
        enabled: whether it counts.
    """

    path: str | None = None
    phase: Literal["execute", "compensate"] | None = None
    when: When = "before"
    attempt: int | None = None
    condition: str | Callable[[Any], bool] | None = None
    on: On | None = None
    enabled: bool = True
    _test: Callable[[Any], bool] | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if self.path is not None and not _is_text(self.path):
            raise BreakpointError(f"a breakpoint's path is the dotted name of a step or block, not {self.path!r}")
        if not (self.attempt is None or (type(self.attempt) is int and self.attempt >= 1)):
            raise BreakpointError(f"a breakpoint's attempt is a number from 1, not {self.attempt!r}")
        if not (self.condition is None or isinstance(self.condition, str) or callable(self.condition)):
            raise BreakpointError(f"a breakpoint's condition is a text or a function, not {self.condition!r}")
        if self.phase not in (None, "execute", "compensate") or self.when not in ("before", "after"):
            raise BreakpointError("a breakpoint's phase is 'execute' or 'compensate', its when 'before' or 'after'")
        if self.on not in (None, "error", "rollback"):
            raise BreakpointError(f"a breakpoint's on is 'error' or 'rollback', not {self.on!r}")
        if self.path is None and self.condition is None and self.on is None and self.phase is None:
            raise BreakpointError("a breakpoint needs a path, a phase, a condition or an on")
        test = Condition(self.condition) if isinstance(self.condition, str) else self.condition
        object.__setattr__(self, "_test", test)

    def check(self, program: Program) -> None:
        """Raise unless `program` has the place.

        Raises:
            BreakpointError: it has not; the message lists what it has.
        """
        if self.path is not None:
            check_path(program, self.path)

    @property
    def runs_user_code(self) -> bool:
        """Whether to test it is to run a condition."""
        return self._test is not None

    def stops_before(self, at: Instruction, context: object, *, begins_rollback: bool) -> bool:
        """Whether it stops the run before `at` is performed."""
        if not self.enabled or self.on == "error" or (self.when == "after" and self.on is None):
            return False
        if self.on == "rollback" and not begins_rollback:
            return False
        return self._is_at(at.kind, at.path, at.attempt) and self._holds(context)

    def stops_after(self, entry: Entry, context: object) -> bool:
        """Whether it stops the run after `entry`."""
        if not self.enabled or self.on == "rollback" or (self.on is None and self.when == "before"):
            return False
        if self.on == "error" and entry.error is None:
            return False
        return self._is_at(entry.kind, entry.path, entry.attempt) and self._holds(context)

    def _is_at(self, kind: str, path: str, attempt: int) -> bool:
        return (
            kind in ("execute", "compensate")
            and self.phase in (None, kind)
            and self.attempt in (None, attempt)
            and (self.path is None or is_within(path, self.path))
        )

    def _holds(self, context: object) -> bool:
        if self._test is None:
            return True
        try:
            return bool(self._test(context))
        except ConditionError:
            raise
        except Exception as error:
            raise ConditionError(f"the condition of the breakpoint {self} failed: {error_text(error)}") from error

    def __str__(self) -> str:
        """The breakpoint as a person says it."""
        words = [f"{self.when} {self.path}" if self.path else self.when if self.on is None else ""]
        words += [f"on {self.on}" if self.on else "", self.phase or "", f"#{self.attempt}" if self.attempt else ""]
        if isinstance(self.condition, str):
            words.append(f"if {self.condition}")
        elif self.condition is not None:
            words.append(f"if {getattr(self.condition, '__name__', type(self.condition).__name__)}")
        return " ".join(word for word in words if word)

    def to_json(self) -> dict[str, Any]:
        """The breakpoint as JSON values.

        Raises:
            BreakpointError: its condition is a function, which is no data.
        """
        if not (self.condition is None or isinstance(self.condition, str)):
            raise BreakpointError(
                f"the breakpoint {self} tests a function, which cannot be saved; write the condition as a text, "
                "such as 'total > 100', or take the breakpoint away"
            )
        return {name: getattr(self, name) for name in _FIELDS}

    @classmethod
    def from_json(cls, data: Any) -> Self:  # noqa: ANN401 - JSON is any
        """Read a breakpoint back; nothing in it is code.

        Raises:
            BreakpointError: the data is no breakpoint.
            ConditionError: its condition is no expression of the allowed kind.
        """
        if not isinstance(data, dict) or not set(data) <= set(_FIELDS):
            raise BreakpointError(f"a breakpoint is an object with {', '.join(_FIELDS)}")
        if not isinstance(data.get("enabled", True), bool):
            raise BreakpointError("a breakpoint is enabled or not: true or false")
        return cls(**data)


def is_within(path: str, place: str) -> bool:
    """Whether the step at `path` is the one at `place`, or in the block there."""
    return path == place or path.startswith(place + ".")


def check_path(program: Program, place: str) -> None:
    """Raise unless `program` has a step or block at `place`.

    Raises:
        BreakpointError: it has not; the message lists what it has.
    """
    if not _is_text(place) or not any(is_within(spec.path, place) for spec in program.steps):
        known = ", ".join(spec.path for spec in program.steps[:12])
        raise BreakpointError(f"{program.name} has no step or block {place!r}; its steps are {known}")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


_FIELDS = ("path", "phase", "when", "attempt", "condition", "on", "enabled")

StopKind = Literal["breakpoint", "halt", "ended", "target", "stopped"]


@dataclass(frozen=True, slots=True)
class StopReason:
    """Why a run stopped.

    Attributes:
        kind: `"breakpoint"`, `"halt"` (a pause, restart or failed undo), `"ended"`, `"target"` (where `run_to` was
            told to go) or `"stopped"` (by `stop`).
        text: the same in a sentence.
        breakpoint: the breakpoint that stopped it.
    """

    kind: StopKind
    text: str
    breakpoint: Breakpoint | None = None

    def __str__(self) -> str:
        return self.text
