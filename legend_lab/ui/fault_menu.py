"""Owns the fault menu of a step: what it offers, and how a choice in it names a fault."""

from __future__ import annotations

from legend_lab.core.errors import FaultPlanError
from legend_lab.runtime.faults import Fault, FaultKind, FaultPhase
from legend_lab.ui.menu_state import FaultGroup, FaultLine

_WORDS: dict[FaultKind, tuple[str, str]] = {
    FaultKind.ERROR_BEFORE: ("Error before the effect", "it raises and has done nothing"),
    FaultKind.ERROR_AFTER: ("Error after the effect", "it has done its work, but the answer is lost"),
    FaultKind.TIMEOUT: ("Timeout", "it takes longer than allowed; nobody knows what it did"),
    FaultKind.LATE_EFFECT: (
        "Effect lands late",
        "it times out; what it did arrives later, after its undo or at the end",
    ),
    FaultKind.DELAY: ("Delay", "it takes longer by so many milliseconds, and then does its work"),
    FaultKind.PAUSE: ("Pause", "it asks to stand still until somebody resumes or aborts"),
    FaultKind.CRASH_BEFORE: ("Crash before the effect", "the process dies before anything has happened"),
    FaultKind.CRASH_AFTER: ("Crash after the effect", "the process dies when its work is done, before it is known"),
}
ONCE_ONLY = frozenset({FaultKind.PAUSE, FaultKind.CRASH_BEFORE, FaultKind.CRASH_AFTER})
"""At every attempt they would never let the run go on."""
DOING: dict[FaultPhase, str] = {"execute": "execute", "compensate": "undo"}
MOST_ATTEMPT = 999
MOST_DELAY_MS = 1_000_000_000.0


def _line(kind: FaultKind) -> FaultLine:
    label, why = _WORDS[kind]
    return {
        "kind": kind.value,
        "label": label,
        "why": why,
        "every": kind not in ONCE_ONLY,
        "delay": kind is FaultKind.DELAY,
    }


FAULT_MENU: list[FaultGroup] = [
    {"phase": "execute", "doing": "execute", "label": "When it executes", "lines": [_line(kind) for kind in _WORDS]},
    {"phase": "compensate", "doing": "undo", "label": "When it is undone", "lines": [_line(kind) for kind in _WORDS]},
]
"""The fault menu of every step: each kind of fault in each phase, at the attempt asked for or at every one."""


def choice_of(fault: Fault) -> str:
    """The choice in the menu that stands for a fault, such as `execute.timeout.1` or `compensate.delay.every`."""
    return f"{fault.phase}.{fault.kind.value}.{fault.attempt}"


def fault_of(path: str, choice: str, delay_ms: str = "") -> Fault:
    """The fault that a choice in the menu of `path` stands for; `delay_ms` counts for delays only.

    Raises:
        FaultPlanError: the menu has no such choice, or the delay is no number of milliseconds.
    """
    phase, _, rest = choice.partition(".")
    name, _, attempt = rest.partition(".")
    kind = next((kind for kind in _WORDS if kind.value == name), None)
    if phase not in ("execute", "compensate") or kind is None or not _is_attempt(attempt):
        raise FaultPlanError(f"the fault menu has no choice {choice[:60]!r}")
    number = "every" if attempt == "every" else int(attempt)
    delay = _delay_of(delay_ms) if kind is FaultKind.DELAY else 0
    return Fault(path, "execute" if phase == "execute" else "compensate", number, kind, delay_ms=delay)  # type: ignore[arg-type] # "every" is a str to mypy


def _is_attempt(text: str) -> bool:
    return text == "every" or (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST_ATTEMPT)  # noqa: PLR2004 - as many digits as MOST_ATTEMPT


def _delay_of(text: str) -> float:
    try:
        delay = float(text)
    except ValueError:
        delay = -1
    if not 0 < delay <= MOST_DELAY_MS:
        raise FaultPlanError(f"a delay is a number of milliseconds above 0, not {text[:40]!r}")
    return delay
