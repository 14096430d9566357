"""Owns how a record becomes an execution of a saga class."""

from __future__ import annotations

from typing import Any

from legend_lab.runtime.checkpoint import Checkpoint
from legend_lab.runtime.codec import Migration, load
from legend_lab.runtime.executions import CompensationFailed, Paused, standing_execution
from legend_lab.runtime.run import Options
from legend_lab.runtime.shape import Shape
from legend_lab.runtime.store import Claim, Store
from legend_lab.saga.compiler import compile_saga, complete, fingerprint_of
from legend_lab.saga.definition import Block
from legend_lab.saga.inputs import parts_of, read_inputs


class ClassReader:
    """Reads sagas of one class."""

    def __init__(self, cls: type[Block]) -> None:
        complete(cls)
        self._cls = cls

    @property
    def name(self) -> str:
        """The saga's name."""
        return self._cls.__name__

    def fingerprint_of(self, inputs: object) -> str:
        """The fingerprint that a saga with these inputs has today."""
        return fingerprint_of(parts_of(self._cls, inputs))

    def read(self, inputs: object) -> tuple[Shape, Any, tuple[Any, ...]]:
        """The shape, the saga and its steps in flat order."""
        saga = read_inputs(self._cls, inputs)
        shape, steps = compile_saga(saga)
        return shape, saga, steps


def read_execution(
    cls: type[Block],
    data: bytes | str,
    migrate: Migration | None,
    checkpoint: Store | Claim | None,
    options: Options,
) -> Paused[Any, Any] | CompensationFailed[Any, Any]:
    """Take up the execution that `data` records; see `Saga.load`."""
    run, origin = load(data, ClassReader(cls), options, migrate)
    if checkpoint is not None:
        run.checkpoint = Checkpoint(checkpoint, origin)
    return standing_execution(run)
