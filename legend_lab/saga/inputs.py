"""Owns how the inputs of a saga (its steps' fields) are written and read, with a class tag for each step and block."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from legend_lab.core.errors import ContextRecordError, CorruptRecordError, SagaMismatchError
from legend_lab.runtime.contexts import codec_of
from legend_lab.saga.definition import Block
from legend_lab.saga.step import Step
from legend_lab.saga.tags import class_tagged, tag_of

Parts = tuple[tuple[str, type[Step[Any]]], ...]
"""Dotted path and class of every step, in flat order."""


def dump_inputs(saga: Block, prefix: str = "") -> dict[str, Any]:
    """Tag and fields of a saga, its blocks and its steps.

    Raises:
        ContextRecordError: a field would come back different; a secret, say.
    """
    fields: dict[str, Any] = {}
    for name in type(saga).model_fields:
        value, path = saga.__dict__[name], prefix + name
        fields[name] = dump_inputs(value, path + ".") if isinstance(value, Block) else _dump_step(path, value)
    return {"tag": tag_of(type(saga)), "fields": fields}


def parts_of(cls: type[Block], inputs: object, prefix: str = "") -> Parts:
    """Path and class of every step that written inputs name.

    Raises:
        SagaMismatchError: they are not the inputs of such a saga.
    """
    found: list[tuple[str, type[Step[Any]]]] = []
    for name, (part, written) in _fields(cls, inputs, prefix).items():
        path = prefix + name
        found += parts_of(part, written, path + ".") if issubclass(part, Block) else [(path, part)]
    return tuple(found)


def read_inputs(cls: type[Block], inputs: object, prefix: str = "") -> Block:
    """The saga whose inputs were written.

    Raises:
        CorruptRecordError: a step refuses its values.
        SagaMismatchError: they are not the inputs of such a saga.
    """
    values: dict[str, Any] = {}
    for name, (part, written) in _fields(cls, inputs, prefix).items():
        path = prefix + name
        values[name] = (
            read_inputs(part, written, path + ".") if issubclass(part, Block) else _read_step(path, part, written)
        )
    try:
        return cls(**values)
    except Exception as error:  # noqa: BLE001 - the user's own validators
        why = _first(error) if isinstance(error, ValidationError) else type(error).__name__
        raise CorruptRecordError(f"the record's inputs make no {cls.__qualname__}: {why}") from None


def _fields(cls: type[Block], inputs: object, prefix: str) -> dict[str, tuple[type[Any], Any]]:
    """For each field of a saga class: the class that its tag names, and what was written for it."""
    fields = inputs.get("fields") if isinstance(inputs, dict) else None
    if not isinstance(fields, dict) or set(fields) != set(cls.model_fields):
        here, there = ", ".join(cls.model_fields), ", ".join(fields)[:200] if isinstance(fields, dict) else "none"
        raise SagaMismatchError(f"{prefix or 'the saga'} has fields {here} here, {there} in the record")
    found = {}
    for name, info in cls.model_fields.items():
        written = fields[name]
        tag = written.get("tag") if isinstance(written, dict) else None
        annotated: Any = info.annotation
        found[name] = (class_tagged(tag, annotated), written)
    return found


def _dump_step(path: str, step: Step[Any]) -> dict[str, Any]:
    try:
        return {"tag": tag_of(type(step)), "input": codec_of(type(step)).dump(step)}
    except ContextRecordError as error:
        raise ContextRecordError(f"input of {path}: {error}") from None


def _read_step(path: str, cls: type[Step[Any]], written: Any) -> Step[Any]:  # noqa: ANN401 - JSON is any
    try:
        step: Step[Any] = codec_of(cls).load(written.get("input"))
    except (CorruptRecordError, ContextRecordError) as error:
        raise CorruptRecordError(f"input of {path}: {error}") from None
    return step


def _first(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
