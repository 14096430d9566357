"""Owns the tests of a design's module: its way to the end, and what is undone when each of its steps fails."""

from __future__ import annotations

import keyword
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from legend_lab.core.errors import DesignError
from legend_lab.core.state import StepStatus
from legend_lab.core.text import shown
from legend_lab.lab.design.building import context_of, saga_of
from legend_lab.lab.design.literals import Group, laid_out, statement, text
from legend_lab.lab.design.model import Design
from legend_lab.lab.design.naming import CONTEXT
from legend_lab.runtime.clocks import VirtualClock
from legend_lab.runtime.executions import New, Paused
from legend_lab.runtime.faults import Fault
from legend_lab.runtime.sync import run

LONGEST_MODULE = 200
"""Characters that the name of a module may have."""
NAMES_TAKEN = sys.stdlib_module_names | {"legend_lab", "pytest"}
"""Modules that a file of the same name would stand in the way of, or be hidden by."""
_HEAD = '''\
"""What was drawn must hold: how a run ends, and what is undone when a step fails."""

from __future__ import annotations

import pytest
from legend_lab import Fault, Paused, StepStatus, VirtualClock, run

'''
_BODY = '''

def outcome(*faults: Fault) -> tuple[str, list[str]]:
    """How a run ends, and what was undone on the way; a pause is resumed at once."""
    begun = drawn.saga.build(Context(), clock=VirtualClock(), faults=faults)
    result = run(begun.start())
    while isinstance(result, Paused):
        result = run(result.resume())
    undone = [
        timing.path
        for timing in result.step_timings
        if timing.is_compensation and timing.outcome is StepStatus.COMPENSATED
    ]
    return type(result).__name__, undone


def test_a_run_without_faults_ends_as_drawn() -> None:
    assert outcome() == UNDISTURBED


@pytest.mark.parametrize(("path", "ended", "undone"), WHEN_A_STEP_FAILS)
def test_when_a_step_fails_what_was_done_is_undone(
    path: str, ended: str, undone: list[str]
) -> None:
    assert outcome(Fault(path, attempt="every")) == (ended, undone)
'''


def to_test_code(design: Design, module: str) -> str:
    """Tests (pytest) of the code of a design, which is imported as `module`; what they expect is what the design does.

    Raises:
        DesignError: the design has no step yet, or the module no name of its own.
    """
    if not _is_module(module) or module.endswith(".py"):
        raise DesignError(
            f"this is no name of a module: {shown(module)}; the tests import the code by it, so choose another"
        )
    check_not_taken(module)
    with ThreadPoolExecutor(1) as own:  # a loop may run in this thread, as in a notebook
        undisturbed, *failures = own.submit(run, _outcomes(design)).result()
    rows = [
        Group("(", (text(path), text(ended), _texts(undone)), ")")
        for path, (ended, undone) in zip(design.steps, failures, strict=True)
    ]
    ended, undone = undisturbed
    expected = Group("UNDISTURBED: tuple[str, list[str]] = (", (text(ended), _texts(undone)), ")")
    table = Group("WHEN_A_STEP_FAILS: list[tuple[str, str, list[str]]] = [", tuple(rows), "]")
    imported = [
        *statement(f"import {module} as drawn", 0),
        "",
        *statement(f"Context = drawn.{design.name}{CONTEXT}", 0),
    ]
    body = [*imported, "", *laid_out(expected, 0)]
    body += laid_out(table, 0)
    return _HEAD + "\n".join(body) + "\n" + _BODY


def check_not_taken(module: str) -> None:
    """Raise unless a file may have the name of this module.

    Raises:
        DesignError: another module has it, which the file would hide.
    """
    if module in NAMES_TAKEN:
        raise DesignError(
            f"{module} is a module that Python, the code or its tests import already; choose another name"
        )


async def _outcomes(design: Design) -> list[tuple[str, list[str]]]:
    """How the design runs without faults, and then how when each of its steps fails."""
    saga = saga_of(design)
    plans: list[tuple[Fault, ...]] = [(), *((Fault(path, attempt="every"),) for path in design.steps)]
    return [await _outcome(saga.build(context_of(design), clock=VirtualClock(), faults=plan)) for plan in plans]


async def _outcome(begun: New[Any, Exception]) -> tuple[str, list[str]]:
    """How a run ends, and what is undone on the way."""
    result = await begun.start()
    while isinstance(result, Paused):
        result = await result.resume()
    undone = [
        item.path for item in result.step_timings if item.is_compensation and item.outcome is StepStatus.COMPENSATED
    ]
    return type(result).__name__, undone


def _texts(texts: list[str]) -> Group:
    return Group("[", tuple(map(text, texts)), "]")


def _is_module(name: object) -> bool:
    return (
        isinstance(name, str)
        and len(name) <= LONGEST_MODULE
        and all(part.isidentifier() and not keyword.iskeyword(part) for part in name.split("."))
    )
