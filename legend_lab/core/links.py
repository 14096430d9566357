"""Owns the linked instructions: the common path of a program, read off `TRANSITIONS` once.

A link says "when this instruction succeeds, that one comes next" where the table decides it without looking
further. Where it depends on more (the last step, the last undo), there is no link and the machine looks it up.
"""

from __future__ import annotations

from collections.abc import Sequence

from legend_lab.core.instructions import Compensate, Execute
from legend_lab.core.table import TRANSITIONS, Event, MachineState, Move

SUCCESSOR_OFFSET = {Move.NEXT_STEP: 1, Move.NEXT_UNDO: -1}
"""How far the moves that a link can stand for lead in the flat order."""


def link(paths: Sequence[str]) -> tuple[tuple[Execute, ...], tuple[Compensate, ...]]:
    """Return the first attempt of every step and of every undo, each linked to its successor on success."""
    executes = tuple(Execute(index, path) for index, path in enumerate(paths))
    compensates = tuple(Compensate(index, path) for index, path in enumerate(paths))
    _connect(executes, TRANSITIONS[MachineState.EXECUTING, Event.STEP_DONE].move)
    _connect(compensates, TRANSITIONS[MachineState.COMPENSATING, Event.UNDO_DONE].move)
    return executes, compensates


def _connect(instructions: Sequence[Execute] | Sequence[Compensate], move: Move) -> None:
    offset = SUCCESSOR_OFFSET[move]
    for index, instruction in enumerate(instructions):
        if 0 <= index + offset < len(instructions):
            object.__setattr__(instruction, "successor", instructions[index + offset])
