"""Owns how a saga becomes a program: checks of the class, then one Shape for each combination of step classes."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable
from typing import Any, get_origin

from pydantic.errors import PydanticUserError

from legend_lab.core.errors import EmptySagaError, SagaDefinitionError
from legend_lab.core.program import Program
from legend_lab.runtime.contexts import PydanticContext
from legend_lab.runtime.shape import Shape
from legend_lab.saga.annotations import context_type, error_type, error_types
from legend_lab.saga.definition import Block, display, resolve
from legend_lab.saga.fit import classes_of, is_protocol, misfit
from legend_lab.saga.inputs import Parts, dump_inputs
from legend_lab.saga.step import Step, check_is_whole, spec_of
from legend_lab.saga.tags import tag_of


def check_definition(cls: type[Block]) -> dict[Any, Shape]:
    """Raise unless `cls` is a sound saga class; remember what building needs, and return its (empty) store of shapes.

    Raises:
        EmptySagaError: it has no field.
        SagaDefinitionError: a field is no step, or its context cannot be the saga's.
    """
    name, context = display(cls), context_type(cls)
    if not cls.model_fields:
        raise EmptySagaError(f"saga {name} has no steps; give it at least one field that is a Step")
    for field, info in cls.model_fields.items():
        part = part_class(info.annotation)
        if part is None:
            raise SagaDefinitionError(f"{name}.{field} must be a Step or a Saga class, not {display(info.annotation)}")
        _check_context(f"{name}.{field}", part, context)
    if cls.on_compensation_failure not in ("continue", "halt"):
        raise SagaDefinitionError(
            f"{name}: on_compensation_failure is 'continue' or 'halt', not {cls.on_compensation_failure!r}"
        )
    error_types(error_type(cls))
    cls.__legend_nests__ = any(
        issubclass(part_class(info.annotation) or Step, Block) for info in cls.model_fields.values()
    )
    shapes: dict[Any, Shape] = {}
    cls.__legend_shapes__ = shapes
    return shapes


def part_class(annotation: Any) -> type[Step[Any] | Block] | None:  # noqa: ANN401 - any type form
    """The step or block class that a field is annotated with; None when it is neither."""
    form = get_origin(annotation) or annotation
    return form if isinstance(form, type) and issubclass(form, Step | Block) else None


def compile_saga(saga: Block) -> tuple[Shape, tuple[Any, ...]]:
    """The shape of a saga and its steps in flat order; compiled once for each combination of step classes.

    Raises:
        SagaDefinitionError: the saga's class is wrong in a way that only now shows.
    """
    try:
        compiled: tuple[Shape, tuple[Any, ...]] = _COMPILED.__get__(saga)
    except AttributeError:
        compiled = _compile(saga)
        _COMPILED.__set__(saga, compiled)
    return compiled


_COMPILED = Block.__dict__["_compiled"]
"""The slot itself: reading it through the instance would ask pydantic first."""


def _compile(saga: Block) -> tuple[Shape, tuple[Any, ...]]:
    cls = type(saga)
    shapes = cls.__legend_shapes__ or complete(cls)
    values = tuple(saga.__dict__.values())  # pydantic keeps them in the order of the fields
    steps = _flatten(values) if cls.__legend_nests__ else values
    key = _kinds(values) if cls.__legend_nests__ else tuple(map(type, values))
    shape = shapes.get(key)
    if shape is None:
        _check_values(saga)
        shape = shapes[key] = shape_of(cls, paths_of(saga))
    return shape, steps


def _check_values(saga: Block, prefix: str = "") -> None:
    """Raise unless the fields hold what they are annotated with; `model_copy` and `model_construct` do not look."""
    cls = type(saga)
    if tuple(saga.__dict__) != tuple(cls.model_fields):
        raise SagaDefinitionError(f"{display(cls)} was made with other fields than its own; make it by calling it")
    for name, info in cls.model_fields.items():
        value, part = saga.__dict__[name], part_class(info.annotation)
        if part is not None and not isinstance(value, part):
            given = "that class itself" if isinstance(value, type) else type(value).__name__
            raise SagaDefinitionError(
                f"{display(cls)}.{prefix}{name} must be an instance of {display(part)}, not {given}"
            )
        if isinstance(value, Block):
            _check_values(value, f"{prefix}{name}.")


def shape_of(cls: type[Block], parts: list[tuple[str, type[Step[Any]]]]) -> Shape:
    """What sagas of class `cls` with steps of these classes at these paths have in common.

    Raises:
        SagaDefinitionError: a step's settings or context are wrong.
    """
    context = context_type(cls)
    for path, step in parts:
        _check_context(f"{display(cls)}.{path}", step, context)
        check_is_whole(step, f"{display(cls)}.{path} ({step.__name__})")
    program = Program(cls.__name__, tuple(spec_of(step, path) for path, step in parts), cls.on_compensation_failure)
    return Shape(
        program=program,
        executes=tuple(step.execute for _, step in parts),
        compensates=tuple(step.compensate for _, step in parts),
        loopless=tuple(not step.needs_loop for _, step in parts),
        errors=error_types(error_type(cls)),
        context=PydanticContext(Any if is_protocol(context) else context),
        context_class=classes_of(context),
        tags=tuple(tag_of(step) for _, step in parts),
        fingerprint=functools.partial(fingerprint_of, tuple(parts)),
        dump_inputs=dump_inputs,
    )


def paths_of(saga: Block, prefix: str = "") -> list[tuple[str, type[Step[Any]]]]:
    """Dotted path and class of every step, in flat order."""
    found: list[tuple[str, type[Step[Any]]]] = []
    for name in type(saga).model_fields:
        value = saga.__dict__[name]
        found += paths_of(value, f"{prefix}{name}.") if isinstance(value, Block) else [(prefix + name, type(value))]
    return found


def common_context(parts: Iterable[Any]) -> Any:  # noqa: ANN401 - any type form
    """The one context type that all these steps and blocks can share; `Any` when none of them names one."""
    found: Any = Any
    for part in parts:
        wanted = context_type(type(part))
        if wanted is Any or is_protocol(wanted):
            continue
        if found is Any or misfit(found, wanted) is None:
            found = wanted
    return found


def _flatten(values: Iterable[Any]) -> tuple[Any, ...]:
    """The steps in flat order."""
    steps: list[Any] = []
    for value in values:
        if isinstance(value, Block):
            steps.extend(_flatten(value.__dict__.values()))
        else:
            steps.append(value)
    return tuple(steps)


def _kinds(values: Iterable[Any]) -> tuple[Any, ...]:
    """What tells this combination of classes from others."""
    return tuple(
        (type(value), *_kinds(value.__dict__.values())) if isinstance(value, Block) else type(value) for value in values
    )


def complete(cls: type[Block]) -> dict[Any, Shape]:
    """Resolve the forward references of a class at its first build.

    Raises:
        SagaDefinitionError: a name is still unknown, or the class is wrong.
    """
    if cls.__legend_shapes__ is not None:
        return cls.__legend_shapes__
    resolve(cls)
    return check_definition(cls)


def _check_context(place: str, part: type[Step[Any] | Block], context: Any) -> None:  # noqa: ANN401 - any type form
    wanted = context_type(part)
    why = misfit(wanted, context)
    if why is not None:
        raise SagaDefinitionError(
            f"{place} ({part.__name__}) works on {display(wanted)}, "
            f"which the saga's context {display(context)} cannot be: {why}"
        )


@functools.lru_cache(maxsize=256)
def fingerprint_of(parts: Parts) -> str:
    """Name the shape of a program: paths, class tags and input schemas, not retries or timeouts (S13)."""
    shape = [[path, tag_of(step), _schema(step)] for path, step in parts]
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()[:16]


def _schema(step: type[Step[Any]]) -> Any:  # noqa: ANN401 - JSON is any
    try:
        return _without_prose(step.model_json_schema())
    except PydanticUserError:
        return {name: str(info.annotation) for name, info in step.model_fields.items()}


def _without_prose(schema: Any, names_fields: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - JSON is any
    """The schema without titles and descriptions; a field may well be called `title`."""
    if isinstance(schema, list):
        return [_without_prose(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_prose(value, names_fields=key in ("properties", "$defs"))
        for key, value in schema.items()
        if names_fields or key not in ("title", "description")
    }
