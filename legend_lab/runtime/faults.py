"""Owns faults: failures that a person or the explorer asks for, as frozen data."""

from __future__ import annotations

import builtins
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, Self

from legend_lab.core.errors import FaultPlanError, InjectedConnectionError, InjectedError, StepTimeoutError, error_text
from legend_lab.core.instructions import Compensate, Execute
from legend_lab.core.journal import Entry
from legend_lab.core.program import LONGEST_WAIT_MS, Program, is_number
from legend_lab.core.text import shown

FaultPhase = Literal["execute", "compensate"]


class FaultKind(Enum):
    """What goes wrong."""

    ERROR_BEFORE = "error_before"
    """An error before the effect: the body does not run."""
    ERROR_AFTER = "error_after"
    """An error after the effect: the body runs, its answer is lost."""
    TIMEOUT = "timeout"
    """The attempt times out; the body does not run."""
    LATE_EFFECT = "late_effect"
    """The attempt times out, and what its body does outside lands later: after the step's undo, else at the end."""
    DELAY = "delay"
    """The attempt takes `delay_ms` longer."""
    PAUSE = "pause"
    """The attempt pauses; the body does not run."""
    CRASH_BEFORE = "crash_before"
    """The process dies before the body runs."""
    CRASH_AFTER = "crash_after"
    """The process dies after the body, before its outcome is known."""

    @property
    def words(self) -> str:
        """The kind as a person says it."""
        return _WORDS[self]


_WORDS = {
    FaultKind.ERROR_BEFORE: "error before effect",
    FaultKind.ERROR_AFTER: "error after effect",
    FaultKind.TIMEOUT: "timeout",
    FaultKind.LATE_EFFECT: "late effect",
    FaultKind.DELAY: "delay",
    FaultKind.PAUSE: "pause",
    FaultKind.CRASH_BEFORE: "crash before effect",
    FaultKind.CRASH_AFTER: "crash after effect",
}
_OWN_ERRORS: tuple[type[Exception], ...] = (InjectedError, InjectedConnectionError, StepTimeoutError)
_ONCE_ONLY = (FaultKind.CRASH_BEFORE, FaultKind.CRASH_AFTER, FaultKind.PAUSE)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong at one place.

    Attributes:
        path: dotted name of the step.
        phase: in its `"execute"` or in its `"compensate"`.
        attempt: at which attempt, from 1, or `"every"`.
        kind: what goes wrong.
        error: raised by the two error kinds; without one, an `InjectedError`.
        delay_ms: time that passes first, in ms; the point of `DELAY`.
    """

    path: str
    phase: FaultPhase = "execute"
    attempt: int | Literal["every"] = 1
    kind: FaultKind = FaultKind.ERROR_BEFORE
    error: BaseException | None = field(default=None, compare=False)
    delay_ms: float = 0
    _error_key: tuple[str, str] | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        if not _is_text(self.path):
            raise FaultPlanError(f"a fault's path is the dotted name of a step, not {self.path!r}")
        if self.phase not in ("execute", "compensate"):
            raise FaultPlanError(f"fault at {self.path!r}: phase is 'execute' or 'compensate', not {self.phase!r}")
        if not _is_attempt(self.attempt):
            raise FaultPlanError(f"fault at {self.path!r}: attempt is a number from 1 or 'every', not {self.attempt!r}")
        if not isinstance(self.kind, FaultKind):
            raise FaultPlanError(f"fault at {self.path!r}: kind is a FaultKind, not {self.kind!r}")
        if self.attempt == "every" and self.kind in _ONCE_ONLY:
            raise FaultPlanError(f"fault at {self.path!r}: {self.kind.words!r} at every attempt would never end")
        if not is_number(self.delay_ms) or not 0 <= self.delay_ms <= LONGEST_WAIT_MS:
            raise FaultPlanError(
                f"fault at {self.path!r}: delay_ms is a number from 0 to {LONGEST_WAIT_MS:g}, not {self.delay_ms!r}"
            )
        if isinstance(self.error, type) and issubclass(self.error, Exception):
            object.__setattr__(self, "error", self.error())
        if self.error is not None:
            if not isinstance(self.error, Exception):
                raise FaultPlanError(f"fault at {self.path!r}: error is an Exception, not {self.error!r}")
            object.__setattr__(self, "_error_key", (type(self.error).__qualname__, repr(self.error.args)))

    @property
    def token(self) -> str:
        """Names the fault in entries and frames, e.g. `execute:trip.flight#1:error_before`."""
        return f"{self.phase}:{self.path}#{'*' if self.attempt == 'every' else self.attempt}:{self.kind.value}"

    def __str__(self) -> str:
        """The fault as a person says it, e.g. `trip.flight · execute #1 · error before effect`."""
        what = error_text(self.error) if self.error is not None else self.kind.words
        return _said(self.path, self.phase, str(self.attempt), what)

    def make_error(self) -> BaseException:
        """The error to raise for the two error kinds; a fresh one unless one was given."""
        if self.error is not None:
            return self.error
        if self.kind is FaultKind.ERROR_AFTER:
            return InjectedConnectionError(f"{self.path}: the effect happened, but its answer was lost (injected)")
        return InjectedError(f"{self.path}: error before the effect (injected)")

    def to_json(self) -> dict[str, Any]:
        """The fault as JSON values."""
        data: dict[str, Any] = {
            "path": self.path,
            "phase": self.phase,
            "attempt": self.attempt,
            "kind": self.kind.value,
            "delay_ms": self.delay_ms,
        }
        if self.error is not None:
            data["error"] = {"type": type(self.error).__qualname__, "args": _plain(self.error.args)}
        return data

    @classmethod
    def from_json(cls, data: Any, errors: Sequence[type[Exception]] = ()) -> Self:  # noqa: ANN401 - JSON is any
        """Read a fault back.

        An error comes back as its own class when that is one of `errors` or a builtin, else as an `InjectedError`
        that carries its text.

        Raises:
            FaultPlanError: the data is no fault.
        """
        if not isinstance(data, dict) or not set(data) <= {"path", "phase", "attempt", "kind", "delay_ms", "error"}:
            raise FaultPlanError("a fault is an object with path, phase, attempt, kind, delay_ms and error")
        try:
            kind = FaultKind(data.get("kind", "error_before"))
        except ValueError:
            known = ", ".join(kind.value for kind in FaultKind)
            raise FaultPlanError(f"{data.get('kind')!r} is no kind of fault; there are {known}") from None
        return cls(
            data.get("path", ""),
            data.get("phase", "execute"),
            data.get("attempt", 1),
            kind,
            _read_error(data.get("error"), errors),
            data.get("delay_ms", 0),
        )


_TOKEN = re.compile(r"(execute|compensate):(.+)#(\*|[0-9]+):(\w+)")


def fault_words(token: str) -> str:
    """What a fault's token says, as a person says it; a text that is no token stays as it is."""
    found = _TOKEN.fullmatch(token)
    if found is None or found[4] not in {kind.value for kind in FaultKind}:
        return token
    phase, path, attempt, kind = found.groups()
    return _said(path, phase, "every" if attempt == "*" else attempt, FaultKind(kind).words)


def _said(path: str, phase: str, attempt: str, what: str) -> str:
    which = ", every attempt" if attempt == "every" else f" #{attempt}"
    return f"{path} · {phase}{which} · {what}"


@dataclass(frozen=True, slots=True, init=False, eq=False, repr=False)
class FaultPlan:
    """Faults for one run, frozen; at most one for the same attempt of the same instruction.

    A fault for one attempt goes before one for `"every"` attempt.
    """

    faults: tuple[Fault, ...]
    _at: dict[tuple[str, str, int | str], Fault]

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        if not isinstance(faults, Iterable):
            raise FaultPlanError(f"faults are a Fault, several of them or a FaultPlan, not {shown(faults)}")
        object.__setattr__(self, "faults", tuple(faults))
        object.__setattr__(self, "_at", {})
        for fault in self.faults:
            if not isinstance(fault, Fault):
                raise FaultPlanError(f"a fault plan is made of Faults, not {shown(fault)}")
            place = (fault.phase, fault.path, fault.attempt)
            if place in self._at:
                raise FaultPlanError(f"two faults at the same place: {self._at[place]} and {fault}")
            self._at[place] = fault

    def check(self, program: Program) -> None:
        """Raise unless every fault is at a step of `program`.

        Raises:
            FaultPlanError: a path is unknown; the message lists those there are.
        """
        for fault in self.faults:
            if fault.path not in program.index_of:
                raise FaultPlanError(
                    f"{program.name} has no step {fault.path!r}; its steps are {_some(program.index_of)}"
                )

    def at(self, instruction: Execute | Compensate) -> Fault | None:
        """The fault for this attempt, if any."""
        kind, path = instruction.kind, instruction.path
        return self._at.get((kind, path, instruction.attempt)) or self._at.get((kind, path, "every"))

    def fired(self, journal: Iterable[Entry]) -> tuple[Fault, ...]:
        """The faults that really fired in a run, in the order of the plan."""
        tokens = {entry.fault for entry in journal}
        return tuple(fault for fault in self.faults if fault.token in tokens)

    @property
    def token(self) -> str:
        """A short name for the plan: equal plans have equal tokens, on every machine."""
        text = json.dumps([fault.to_json() for fault in self.faults], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:10]

    def to_json(self) -> list[dict[str, Any]]:
        """The plan as JSON values."""
        return [fault.to_json() for fault in self.faults]

    @classmethod
    def from_json(cls, data: Any, errors: Sequence[type[Exception]] = ()) -> Self:  # noqa: ANN401 - JSON is any
        """Read a plan back from JSON values or text; see `Fault.from_json`.

        Raises:
            FaultPlanError: the data is no plan.
        """
        if isinstance(data, str | bytes):
            try:
                data = json.loads(data)
            except RecursionError:
                raise FaultPlanError("the fault plan is nested too deeply to be read") from None
            except ValueError as error:
                raise FaultPlanError(f"the fault plan is no JSON: {error}") from None
        if not isinstance(data, list):
            raise FaultPlanError("a fault plan is a list of faults")
        return cls(Fault.from_json(item, errors) for item in data)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.faults)

    def __len__(self) -> int:
        return len(self.faults)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FaultPlan) and self.faults == other.faults

    def __hash__(self) -> int:
        return hash(self.faults)

    def __repr__(self) -> str:
        return f"FaultPlan([{', '.join(map(repr, self.faults))}])"


def as_plan(faults: FaultPlan | Iterable[Fault] | Fault | None) -> FaultPlan:
    """Return the plan that `faults` says, whichever way it says it."""
    if faults is None:
        return NO_FAULTS
    if isinstance(faults, FaultPlan):
        return faults
    return FaultPlan([faults] if isinstance(faults, Fault) else faults)


NO_FAULTS = FaultPlan()


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_attempt(value: object) -> bool:
    return value == "every" or (isinstance(value, int) and not isinstance(value, bool) and value >= 1)


def _plain(args: tuple[Any, ...]) -> list[Any]:
    return [arg if isinstance(arg, str | int | float | bool) or arg is None else str(arg) for arg in args]


def _read_error(data: Any, errors: Sequence[type[Exception]]) -> Exception | None:  # noqa: ANN401 - JSON is any
    if data is None:
        return None
    if not isinstance(data, dict) or not isinstance(data.get("type"), str) or not isinstance(data.get("args"), list):
        raise FaultPlanError("a fault's error is an object with type and args")
    known = {cls.__qualname__: cls for cls in (*_OWN_ERRORS, *errors)}
    builtin = getattr(builtins, data["type"], None)
    found = known.get(data["type"]) or (
        builtin if isinstance(builtin, type) and issubclass(builtin, Exception) else None
    )
    stranger = InjectedError(f"{data['type']}: {', '.join(map(str, data['args']))}")
    if found is None or issubclass(found, BaseExceptionGroup):  # a group is more than its arguments
        return stranger
    builtin = next(base for base in found.__mro__ if base.__module__ == "builtins")
    try:  # by the builtin's own constructor: no code of the class runs
        error: Exception = builtin.__new__(found, *data["args"])
    except TypeError:
        return stranger
    error.args = tuple(data["args"])
    return error


def _some(paths: Iterable[str]) -> str:
    names = [repr(path) for path in paths]
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""  # noqa: PLR2004 - as many as one reads
    return ", ".join(names[:12]) + more
