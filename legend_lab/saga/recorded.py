"""Owns sagas as records alone tell of them: paths, inputs and settings, without their classes and so without code."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Never

from legend_lab.core.errors import CorruptRecordError, ProtocolError, SagaDefinitionError
from legend_lab.core.program import Program, StepSpec
from legend_lab.runtime.shape import Shape


class JsonContext:
    """A context whose class is not known: the JSON values themselves."""

    def dump(self, context: Any) -> Any:  # noqa: ANN401 - JSON is any
        """The values, which are written already."""
        return context

    def load(self, value: Any) -> Any:  # noqa: ANN401 - JSON is any
        """The values as they are."""
        return value


class RecordedReader:
    """Reads a record with nothing but the record: its steps have inputs to look at, and cannot be carried out."""

    def __init__(self, saga: object) -> None:
        """Read what `write_saga` wrote.

        Raises:
            CorruptRecordError: it is no such thing.
        """
        if not isinstance(saga, dict) or not isinstance(saga.get("name"), str):
            raise CorruptRecordError("the record has no saga")
        self._name: str = saga["name"]
        self._fingerprint = str(saga.get("fingerprint"))

    @property
    def name(self) -> str:
        """The saga's name."""
        return self._name

    def fingerprint_of(self, inputs: object) -> str:
        """The record's own: there is nothing to compare it with."""
        del inputs
        return self._fingerprint

    def read(self, inputs: object) -> tuple[Shape, Any, tuple[Any, ...]]:
        """The shape, no saga, and a namespace of inputs for each step in flat order.

        Raises:
            CorruptRecordError: the inputs are none of a saga.
        """
        steps = dict(_steps(inputs))
        try:
            program = Program(self._name, tuple(StepSpec(path) for path in steps))
        except SagaDefinitionError as error:
            raise CorruptRecordError(f"the record's inputs make no saga: {error}") from None
        shape = Shape(
            program=program,
            executes=(_refuse,) * len(steps),
            compensates=(_refuse,) * len(steps),
            loopless=(True,) * len(steps),
            errors=(),
            context=JsonContext(),
            context_class=object,
            tags=tuple(tag for tag, _ in steps.values()),
            fingerprint=lambda: self._fingerprint,
            dump_inputs=lambda _: inputs,
        )
        return shape, None, tuple(step for _, step in steps.values())


def _steps(inputs: object, prefix: str = "") -> Iterator[tuple[str, tuple[str, Any]]]:
    """Path, and tag and inputs, of every step in flat order."""
    fields = inputs.get("fields") if isinstance(inputs, dict) else None
    if not isinstance(fields, dict):
        raise CorruptRecordError("the record's inputs are those of no saga")
    for name, written in fields.items():
        if not name or "." in name or not isinstance(written, dict):
            raise CorruptRecordError(f"the record's inputs have a step or block {name[:80]!r}, which cannot be")
        if "fields" in written:
            yield from _steps(written, f"{prefix}{name}.")
        else:
            values = written.get("input")
            step = SimpleNamespace(**values) if isinstance(values, dict) else SimpleNamespace(input=values)
            yield prefix + name, (str(written.get("tag")), step)


async def _refuse(step: object, ctx: object) -> Never:
    del step, ctx
    raise ProtocolError("a record holds no code, so its steps cannot be carried out; load it with its saga")
