"""Owns what a person plans in the workbench: faults switched on and off, breakpoints set and taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from legend_lab.core.errors import FaultPlanError
from legend_lab.lab.breakpoints import Breakpoint
from legend_lab.lab.debugger import Debugger
from legend_lab.lab.tree import safe_repr
from legend_lab.runtime.faults import Fault, FaultKind, FaultPlan


class Planned:
    """The faults of a debugger, and those that a person has switched off but kept.

    The debugger has the faults that count; only the others are kept here.
    """

    def __init__(self, debugger: Debugger[Any, Any]) -> None:
        self._debugger = debugger
        self._off: dict[str, Fault] = {}
        self._order: dict[str, None] = {}

    def __iter__(self) -> Iterator[tuple[Fault, bool]]:
        """Each fault with whether it counts, in the order in which they came."""
        plan = {fault.token: fault for fault in self._debugger.faults}
        for token in plan:
            self._off.pop(token, None)
        every = {**plan, **self._off}
        self._order = {token: None for token in [*self._order, *every] if token in every}
        yield from ((every[token], token in plan) for token in self._order)

    def plan(self, fault: Fault) -> None:
        """The fault counts from now on, in place of another at the same attempt."""
        self._debugger.faults = FaultPlan([*_others(self._debugger.faults, fault), fault])

    def toggle(self, fault: Fault) -> None:
        """The fault is planned, in place of another at the same attempt; one like it is taken away."""
        if fault.token in {other.token for other in self._debugger.faults}:
            self.remove(fault.token)
        else:
            self.plan(fault)

    def switch(self, token: str) -> None:
        """The fault that counted does not, and is kept; one that was kept counts again.

        Raises:
            FaultPlanError: there is no such fault.
        """
        fault = self._find(token)
        if token in self._off:
            self.plan(fault)
        else:
            self.remove(token)
            self._off[token] = fault

    def remove(self, token: str) -> None:
        """The fault is gone.

        Raises:
            FaultPlanError: there is no such fault.
        """
        self._find(token)
        self._off.pop(token, None)
        self._debugger.faults = FaultPlan(fault for fault in self._debugger.faults if fault.token != token)

    def move(self, debugger: Debugger[Any, Any], follow: Callable[[str], str | None]) -> None:
        """Everything planned is planned for `debugger`, where its path has gone; what is at no step of it is gone.

        So are breakpoints. `follow` says of a path which it is now, or None.
        """
        program = debugger.program
        moved = [
            (replace(fault, path=there), counts)
            for fault, counts in self
            if (there := follow(fault.path)) is not None and there in program.index_of
        ]
        places = {path for step in program.index_of for path in _around(step)}
        debugger.breakpoints = (
            item if item.path is None else replace(item, path=follow(item.path))
            for item in self._debugger.breakpoints
            if item.path is None or follow(item.path) in places
        )
        debugger.faults = FaultPlan(fault for fault, counts in moved if counts)
        self._debugger = debugger
        self._off = {fault.token: fault for fault, counts in moved if not counts}
        self._order = {fault.token: None for fault, _ in moved}

    def _find(self, token: str) -> Fault:
        found: Fault
        for found in (*self._debugger.faults, *self._off.values()):
            if found.token == token:
                return found
        raise FaultPlanError(f"the plan has no fault {token[:80]!r}")


def _around(path: str) -> Iterator[str]:
    """A step's path and those of the blocks around it."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def _others(plan: FaultPlan, fault: Fault) -> list[Fault]:
    place = (fault.path, fault.phase, fault.attempt)
    return [other for other in plan if (other.path, other.phase, other.attempt) != place]


def code_of(plan: Iterable[Fault]) -> str:
    """The plan as Python that makes it; errors as their `repr`."""
    lines = [f"    {_fault_code(fault)}," for fault in plan]
    return "\n".join(["faults = FaultPlan([", *lines, "])"]) if lines else "faults = FaultPlan()"


def _fault_code(fault: Fault) -> str:
    words = [repr(fault.path)]
    if fault.phase != "execute":
        words.append(repr(fault.phase))
    if fault.attempt != 1:
        words.append(f"attempt={fault.attempt!r}")
    if fault.kind is not FaultKind.ERROR_BEFORE:
        words.append(f"kind=FaultKind.{fault.kind.name}")
    if fault.error is not None:
        words.append(f"error={safe_repr(fault.error, 400)}")
    if fault.delay_ms:
        words.append(f"delay_ms={fault.delay_ms:g}")
    return f"Fault({', '.join(words)})"


def toggled(breakpoints: Iterable[Breakpoint], path: str) -> tuple[Breakpoint, ...]:
    """The breakpoints with one before `path` set, or the one there taken away.

    Those at `path` that say more (an attempt, a condition) are switched off and on again, never thrown away.
    """
    present = tuple(breakpoints)
    here = [item for item in present if item.path == path]
    plain = [item for item in here if replace(item, enabled=True) == Breakpoint(path)]
    if plain:
        return tuple(item for item in present if item not in plain)
    if not here:
        return (*present, Breakpoint(path))
    enabled = not any(item.enabled for item in here)
    return tuple(replace(item, enabled=enabled) if item in here else item for item in present)


def switched(breakpoints: Iterable[Breakpoint], text: str) -> tuple[Breakpoint, ...]:
    """The breakpoints with the one at no row that reads `text` switched off, or on again."""
    return tuple(replace(item, enabled=not item.enabled) if _reads(item, text) else item for item in breakpoints)


def without(breakpoints: Iterable[Breakpoint], text: str) -> tuple[Breakpoint, ...]:
    """The breakpoints without the one at no row that reads `text`."""
    return tuple(item for item in breakpoints if not _reads(item, text))


def _reads(item: Breakpoint, text: str) -> bool:
    return item.path is None and str(item) == text
