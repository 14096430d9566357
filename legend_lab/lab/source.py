"""Owns what frames and charts read: a run's journal, and its program where there is one."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Protocol

from legend_lab.core.errors import SourceError
from legend_lab.core.journal import Journal
from legend_lab.core.program import Program
from legend_lab.core.state import ExecutionState
from legend_lab.core.text import kind_of
from legend_lab.lab.design.model import Design


class Source(Protocol):
    """What can be shown: every state of an execution, and the debugger."""

    @property
    def journal(self) -> Journal:
        """What has happened."""
        ...

    @property
    def program(self) -> Program:
        """What will run."""
        ...

    @property
    def state(self) -> ExecutionState:
        """Where it stands."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """A source as frames and charts use it.

    Attributes:
        journal: what has happened.
        paths: the path of each step by its index, in display order: all the program's in its order, or for a bare
            journal those it names, in order of first appearance.
        program: what will run; None for a bare journal.
        state: where the run stands; None for a bare journal.
    """

    journal: Journal
    paths: dict[int, str]
    program: Program | None = None
    state: ExecutionState | None = None


def read(source: Source | Journal) -> Reading:
    """Return what there is to show of an execution, a debugger or a bare journal.

    Raises:
        SourceError: it is none of these; the message says what to do.
    """
    if isinstance(source, Journal):
        instructions = [row[0] for row in source.rows]
        return Reading(source, {at.index: at.path for at in instructions})
    journal, program, state = (getattr(source, name, None) for name in ("journal", "program", "state"))
    if isinstance(journal, Journal) and isinstance(program, Program) and isinstance(state, ExecutionState):
        return Reading(journal, {index: spec.path for index, spec in enumerate(program.steps)}, program, state)
    raise SourceError(
        "an execution (New, Paused, Completed, Failed, CompensationFailed), a debugger or a journal can be shown, "
        + instead(source)
    )


def instead(source: object) -> str:
    """What a wrong source is, and what to do with it: the end of a message."""
    if inspect.isawaitable(source):
        return "not something still to be awaited; await it first"
    if isinstance(source, type):
        return f"not the class {source.__qualname__}"
    return f"not {kind_of(source)}{_hint(source)}"


def _hint(source: object) -> str:
    if hasattr(type(source), "build"):
        return "; build it first"
    if isinstance(source, Design) or hasattr(source, "workbench"):  # as a Designer has one
        return "; what a design does is shown by its workbench: Designer(design).workbench.debugger"
    return "; give what it shows: .shown" if hasattr(source, "shown") else ""
