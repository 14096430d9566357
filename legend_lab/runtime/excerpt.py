"""Owns how what an execution has done is taken out of it, to be looked at."""

from __future__ import annotations

from typing import Any

from legend_lab.core.machine import Machine
from legend_lab.runtime.execution import Execution
from legend_lab.runtime.run import Run


def run_as_of(execution: Execution[Any, Any]) -> tuple[Run, bool]:
    """A run of its own that stands where `execution` stands; and whether its context (the very one) is of that moment.

    An execution that has gone on shares its context with what came after it.
    """
    former, length = execution._run, len(execution.journal)  # noqa: SLF001 - nothing else gives the steps and the clock's zero
    run = Run(former.shape, former.steps, former.saga, former.context, former.options, id=former.id)
    run.rows = former.rows[:length]
    run.effects = {number: list(done) for number, done in execution.journal.effects.items()}
    run.machine = Machine.replay(former.shape.program, (row[1] for row in run.rows))
    run.anchor_from(former)
    return run, len(former.rows) == length and former.flight is None
