"""Owns the restart inside a process: a run taken up again just as a new process would take it up (S17)."""

from __future__ import annotations

from typing import Any

from legend_lab.runtime.codec import SagaReader, dump, dump_crashed, load
from legend_lab.runtime.run import Run
from legend_lab.runtime.shape import Shape


def restarted(run: Run) -> Run:
    """The run taken up again as a new process would after a crash in the instruction in flight (S17)."""
    record = dump(run) if run.crash is None else dump_crashed(run)
    again, *_ = load(record, Former(run), run.options)
    again.checkpoint = run.checkpoint
    return again


class Former(SagaReader):
    """Reads the record of a run whose saga is still in memory: the very same saga object goes on."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @property
    def name(self) -> str:
        """The saga's name."""
        return self._run.shape.program.name

    def fingerprint_of(self, inputs: object) -> str:
        """The run's own."""
        del inputs
        return self._run.shape.fingerprint()

    def read(self, inputs: object) -> tuple[Shape, Any, tuple[Any, ...]]:
        """The run's own shape, saga and steps."""
        del inputs
        return self._run.shape, self._run.saga, self._run.steps
