"""Owns what the workbench can show, and what can be done with what is only recorded."""

from __future__ import annotations

from typing import Any, Final

from legend_lab.core.errors import LegendError, ProtocolError
from legend_lab.core.text import kind_of
from legend_lab.lab.debugger import Debugger
from legend_lab.lab.opening import Shown, opened
from legend_lab.lab.recording import Recording
from legend_lab.runtime.clocks import Clock
from legend_lab.saga.saga import Saga
from legend_lab.ui.words import RECORDED

NOTHING: Final = object()
"""No context was given; None may be one."""


def shown_of(source: object, ctx: object, *, saga: object, faults: object, clock: Clock, resources: object) -> Shown:
    """What a workbench made with these arguments shows.

    Raises:
        LegendError: they do not go together, or what they name cannot be opened; the message says why.
    """
    if isinstance(source, Saga):
        if ctx is NOTHING:
            raise LegendError(f"Workbench runs {type(source).__name__} with a context: Workbench(saga, ctx)")
        if saga is not None:
            raise LegendError("saga= is for records and sessions; the saga to run comes first: Workbench(saga, ctx)")
        return Debugger(source, ctx, faults=faults, clock=clock, resources=resources)  # type: ignore[arg-type] # checked there
    if ctx is not NOTHING or (isinstance(source, type) and issubclass(source, Saga)):
        name = source.__name__ + " (the class)" if isinstance(source, type) else kind_of(source)
        hint = "make one first: MySaga(...)" if isinstance(source, type) else "what has run is shown without one"
        raise LegendError(f"with a context Workbench shows a saga, not {name}; {hint}")
    if faults is not None:
        raise LegendError("faults= is for a saga that is to run; what has run shows those it ran with")
    return opened(source, saga=saga, clock=clock, resources=resources)


def look(recording: Recording[Any, Any], command: dict[str, str]) -> None:
    """Carry out a command that only moves.

    Raises:
        ProtocolError: it would do more; the message says that this is a recording.
    """
    match command:
        case {"command": "back"}:
            recording.back()
        case {"command": "step"}:
            recording.forward()
        case {"command": "run_to_end"}:
            recording.goto(recording.length)
        case {"command": "switch", "branch": branch}:
            recording.switch(branch)
        case {"command": "goto", "branch": branch, "position": position}:
            go(recording, branch, int(position))
        case _:
            raise ProtocolError(RECORDED)


def go(shown: Shown, branch: str, position: int) -> None:
    """Show the moment after `position` entries of a branch, the present one where it has no name."""
    if branch not in ("", shown.branch):
        shown.switch(branch)
    shown.goto(position)
