"""Owns what the listing says of each step: a state and a few words, read from the journal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

from legend_lab.core.instructions import Execute, Failure, Halt, Instruction, Signal, StepOutcome
from legend_lab.core.journal import Journal, Row
from legend_lab.core.program import StepSpec
from legend_lab.core.text import cut
from legend_lab.lab.breakpoints import Breakpoint
from legend_lab.lab.design.building import DesignedStep
from legend_lab.lab.marks import PERFORMING
from legend_lab.lab.opening import Shown
from legend_lab.lab.tree import safe_repr
from legend_lab.runtime.faults import Fault, FaultKind
from legend_lab.ui.fault_menu import choice_of
from legend_lab.ui.view_state import BreakpointChip, BreakpointMark, ProgramRow, RowMark, RowState

LONGEST_VALUE = 400
"""Characters of one input of a step."""
LONGEST_INPUT = 2_000
"""Characters of all inputs of a step."""


def program_rows(debugger: Shown) -> list[ProgramRow]:
    """A row for each step, and one before the first step of each block."""
    return rows_of([spec.path for spec in debugger.program.steps], debugger.steps)


def rows_of(paths: Sequence[str], steps: Sequence[object]) -> list[ProgramRow]:
    """The same, of these paths in order, each with the inputs of its step where the steps are known."""
    rows: list[ProgramRow] = []
    opened: list[str] = []
    for path, step in zip_longest(paths, steps):
        *blocks, name = path.split(".")
        shared = next(
            (i for i, (a, b) in enumerate(zip(opened, blocks, strict=False)) if a != b), min(len(opened), len(blocks))
        )
        for depth in range(shared, len(blocks)):
            block = ".".join(blocks[: depth + 1])
            rows.append({"path": block, "name": blocks[depth], "depth": depth, "kind": "block", "input": ""})
        opened = blocks
        fields = ", ".join(f"{field}={safe_repr(value, LONGEST_VALUE)}" for field, value in _inputs(step))
        rows.append(
            {"path": path, "name": name, "depth": len(blocks), "kind": "step", "input": cut(fields, LONGEST_INPUT)}
        )
    return rows


def _inputs(step: object) -> Iterable[tuple[str, object]]:
    """The fields of a step that were given; none of one that was designed, whose settings stand in the design."""
    if isinstance(step, DesignedStep):
        return ()
    fields = getattr(step, "__dict__", {})
    given = getattr(step, "model_fields_set", fields)  # a recorded step has but what was recorded
    return [(name, value) for name, value in fields.items() if name in given]


def summary_of(rows: Iterable[ProgramRow]) -> str:
    """How big the program is."""
    kinds = [row["kind"] for row in rows]
    steps, blocks = kinds.count("step"), kinds.count("block")
    return counted(steps, "step") + (f" · {counted(blocks, 'block')}" if blocks else "")


def counted(number: int, one: str, many: str = "") -> str:
    """`1 step`, `2 steps`, `10,000 steps`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def marks_of(debugger: Shown, *, running: bool = False) -> dict[str, RowMark]:
    """A mark for every step that something happened to, is next (`running`: is performed), or has a fault."""
    program, at, pending = debugger.program, debugger.next_instruction, set(debugger.pending)
    executes, undos = _last_attempts(debugger.journal)
    planned = _planned(debugger.faults)
    marks: dict[str, RowMark] = {}
    touched = {*executes, *undos, *(program.index_of[path] for path in planned)}
    if at is not None:
        touched.add(at.index)
    for index in sorted(touched):
        spec = program.steps[index]
        path = spec.path
        state, status = state_of(spec, executes.get(index), undos.get(index), at, pending=path in pending)
        if running and at is not None and at.path == path and at.kind in PERFORMING:
            state, status = "current", PERFORMING[at.kind]
        here = planned.get(path, [])
        marks[path] = {"state": state, "status": status, "faults": [choice_of(fault) for fault in here]}
        delays = {choice_of(fault): fault.delay_ms for fault in here if fault.kind is FaultKind.DELAY}
        if delays:
            marks[path]["delays"] = delays
    return marks


def breakpoints_of(breakpoints: Iterable[Breakpoint]) -> dict[str, BreakpointMark]:
    """A mark for every path with breakpoints; those without a path are at no row."""
    marks: dict[str, BreakpointMark] = {}
    for item in breakpoints:
        if item.path is None:
            continue
        plain = replace(item, enabled=True) == Breakpoint(item.path)
        mark: BreakpointMark = {"glyph": "●" if plain else "◆", "on": item.enabled, "text": str(item)}
        former = marks.get(item.path)
        if former is not None:
            texts = f"{former['text']}; {mark['text']}"
            mark = {"glyph": "◆", "on": former["on"] or mark["on"], "text": texts}
        marks[item.path] = mark
    return marks


def anywhere_of(breakpoints: Iterable[Breakpoint]) -> list[BreakpointChip]:
    """The breakpoints that are at no row, each different one once."""
    found = {str(item): item.enabled for item in breakpoints if item.path is None}
    return [{"text": text, "on": on} for text, on in found.items()]


def _last_attempts(journal: Journal) -> tuple[dict[int, Row], dict[int, Row]]:
    """The last row of each step's execution and of its undo, by index."""
    executes: dict[int, Row] = {}
    undos: dict[int, Row] = {}
    for row in journal.rows:
        kind = row[0].kind
        if kind == "execute":
            executes[row[0].index] = row
        elif kind == "compensate":
            undos[row[0].index] = row
    return executes, undos


def _planned(faults: Iterable[Fault]) -> Mapping[str, list[Fault]]:
    found: dict[str, list[Fault]] = defaultdict(list)
    for fault in faults:
        found[fault.path].append(fault)
    return found


def state_of(
    spec: StepSpec, executed: Row | None, undone: Row | None, at: Instruction | None, *, pending: bool
) -> tuple[RowState, str]:
    """What became of a step, as a glyph and in words.

    Args:
        spec: the step.
        executed: the row of its last execution.
        undone: the row of its last undo.
        at: what comes next in the run.
        pending: it is not undone after a failed undo.
    """
    if pending:
        return "undo_failed", "not undone" if undone is None else "undo failed"
    is_next = at is not None and at.path == spec.path
    if undone is not None:
        state, status = _undo_state(undone)
    elif executed is not None:
        state, status = _step_state(executed, spec.retry_policy.max_retries + 1)
    else:
        return ("current", "next") if is_next else ("pending", "not run")
    if is_next and at is not None and not isinstance(at, Halt):
        status = f"{status} · next: {_doing(at)}"
    return state, status


def _doing(at: Instruction) -> str:
    if at.kind == "wait":
        return "wait"
    if isinstance(at, Execute):
        return "again" if at.attempt > 1 else "execute"
    return "undo again" if at.attempt > 1 else "undo"


def _step_state(row: Row, most: int) -> tuple[RowState, str]:
    instruction, outcome = row[0], row[1]
    attempt = f" {instruction.attempt} of {most}" if most > 1 and instruction.attempt <= most else ""
    match outcome:
        case StepOutcome.CONTINUE:
            return "done", f"done,{attempt}" if attempt else "done"
        case StepOutcome.PAUSE:
            return "paused", "paused"
        case Signal.INTERRUPTED:
            return "uncertain", "outcome unknown"
        case Failure(uncertain=True):
            return "failed", f"failed{attempt}, effect unknown"
    return "failed", f"failed{attempt}"


def _undo_state(row: Row) -> tuple[RowState, str]:
    match row[1]:
        case Failure():
            return "undo_failed", "undo failed"
        case Signal.INTERRUPTED:
            return "uncertain", "undo interrupted"
    return ("undone", "undone") if row[1].name == "COMPLETED" else ("paused", "undo paused")  # type: ignore[union-attr]
