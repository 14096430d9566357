"""Owns how a design becomes a saga that runs simulated, and the context it starts with."""

from __future__ import annotations

import copyreg
import dataclasses
from collections import deque
from copy import deepcopy
from functools import lru_cache
from types import new_class
from typing import Any, ClassVar, NamedTuple

from pydantic import Field, JsonValue

from legend_lab.core.errors import DesignError
from legend_lab.core.program import OnCompensationFailure, RetryPolicy
from legend_lab.lab.design.checks import MOST_STEPS
from legend_lab.lab.design.model import BlockDesign, ContextField, Design, EffectDesign, FieldType, Retries, StepDesign
from legend_lab.lab.design.naming import CONTEXT, class_names
from legend_lab.runtime.effects import Declaration
from legend_lab.saga.saga import Saga, saga_class
from legend_lab.saga.simulated import SimulatedStep
from legend_lab.saga.simulation import SIMULATED_ERRORS

TYPES: dict[FieldType, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "list[str]": list[str],
    "dict[str, str]": dict[str, str],
    "object": object,
}
"""The types of context fields."""
SAGAS_KEPT = 16
"""So many sagas were built last whose classes serve again: to make one takes most of an edit's time."""
DESCRIPTION = "description"
"""Where a dataclass keeps what is said of a field: in its metadata, under this key."""


class DesignedStep(SimulatedStep, abstract=True):
    """A simulated step as a design has it: it reads and writes named fields, and its undo sets them back."""

    reads: tuple[str, ...] = ()
    """Fields of the context that it reads."""
    writes: dict[str, JsonValue] = Field(default_factory=dict)
    """Fields of the context that it sets, and to what."""
    effect_idempotent: bool = False
    """Whether its effect's participant knows a key again."""
    effect_irreversible: bool = False
    """Whether nothing can close its effect."""
    __made_of__: ClassVar[_Class]
    """What its class has of its design."""

    def __reduce__(self) -> tuple[Any, ...]:
        """How it is pickled: as what it was made of, since nobody can import its class."""
        return _step_of, (type(self).__made_of__, dict(self))

    def declaration(self) -> Declaration | None:
        """Its effect as the design declares it, whatever else was declared in this process."""
        if self.effect is None:
            return None
        return Declaration(self.effect, self.effect_idempotent, self.effect_irreversible)

    def write(self, ctx: Any) -> None:  # noqa: ANN401 - the design's own context
        """Read what it reads, and set what it sets: to a copy, so that what changes it does not change the step."""
        for name, value in self.writes.items():
            setattr(ctx, name, deepcopy(value))

    def take_back(self, ctx: Any) -> None:  # noqa: ANN401 - the design's own context
        """Set what it had set back to what the context starts with."""
        for name in self.writes:
            setattr(ctx, name, getattr(type(ctx), name))


def saga_of(design: Design) -> Saga[Any, Exception]:
    """The saga of a design, simulated.

    Raises:
        DesignError: it has no step yet.
    """
    if not design.parts:
        raise DesignError("a design needs a step before it can run; add one")
    _recent.appendleft({})
    names = class_names(design)
    effects = {effect.name: effect for effect in design.effects}
    parts = {part.name: _part_of(part, part.name, names, effects) for part in design.parts}
    context = _class_of_context(design)  # known to the saga, so that JSON brings it back
    return _saga(design.name, parts, design.on_compensation_failure, context, design.description)


def context_of(design: Design) -> Any:  # noqa: ANN401 - a class that is made here
    """A new context as the design's saga starts with."""
    return _class_of_context(design)()


def policy_of(retries: Retries) -> RetryPolicy:
    """The engine's policy for these retries."""
    return RetryPolicy(
        retries.max_retries,
        retries.backoff_ms,
        retries.multiplier,
        retries.max_backoff_ms,
        tuple(SIMULATED_ERRORS[name] for name in retries.give_up_on),
    )


def _part_of(part: StepDesign | BlockDesign, path: str, names: dict[str, str], effects: dict[str, EffectDesign]) -> Any:  # noqa: ANN401 - a step or saga
    if isinstance(part, BlockDesign):
        inner = {item.name: _part_of(item, f"{path}.{item.name}", names, effects) for item in part.parts}
        return _saga(names[path], inner, "continue", Any, part.description)
    declared = effects.get(part.effect or "", EffectDesign(name="none"))
    made = _step_class(
        _Class(
            names[path],
            part.description,
            part.retries,
            part.undo_retries,
            part.timeout_s,
            part.compensate_on_failure,
            part.uncertain_on,
            part.idempotent,
        )
    )
    return made(
        duration_ms=part.duration_ms,
        fails=part.fails,
        error=part.error,
        pauses=part.pauses,
        no_undo_because=part.no_undo_because,
        undo_duration_ms=part.undo_duration_ms,
        undo_fails=part.undo_fails,
        undo_error=part.undo_error,
        effect=part.effect,
        effect_idempotent=declared.idempotent,
        effect_irreversible=declared.irreversible,
        reads=part.reads,
        writes=part.writes,
    )


def _saga(
    name: str, parts: dict[str, Any], on_compensation_failure: OnCompensationFailure, context: object, said: str
) -> Saga[Any, Exception]:
    kinds = tuple((field, type(part)) for field, part in parts.items())
    key = name, kinds, on_compensation_failure, context, said
    made = next((known[key] for known in _recent if key in known), None) or saga_class(
        name,
        kinds,
        error=Exception,
        on_compensation_failure=on_compensation_failure,
        context=context,
        doc=said or None,
    )
    _recent[0][key] = made
    return made(**parts)


_recent: deque[dict[tuple[object, ...], type[Saga[Any, Any]]]] = deque([{}], maxlen=SAGAS_KEPT)
"""For each saga that was built last, the newest first: its class and those of its blocks, by what they are made of."""


class _Class(NamedTuple):
    """What a step's class has of its design."""

    name: str
    description: str
    retries: Retries
    undo_retries: Retries
    timeout_s: float | None
    compensate_on_failure: bool
    uncertain_on: tuple[str, ...]
    idempotent: bool | None


@lru_cache(maxsize=MOST_STEPS)
def _step_class(of: _Class) -> type[DesignedStep]:
    """A step class like this; made once, so that an edit only makes what it changed."""
    settings = {
        "__module__": __name__,
        "__qualname__": of.name,
        "__doc__": of.description or None,
        "__made_of__": of,
        "retry_policy": policy_of(of.retries),
        "compensation_retry_policy": policy_of(of.undo_retries),
        "timeout_s": of.timeout_s,
        "compensate_on_failure": of.compensate_on_failure,
        "uncertain_on": tuple(SIMULATED_ERRORS[error] for error in of.uncertain_on),
        "idempotent": of.idempotent,
    }
    return new_class(of.name, (DesignedStep,), exec_body=lambda body: body.update(settings))


def _step_of(of: _Class, values: dict[str, Any]) -> DesignedStep:
    return _step_class(of)(**values)


class _ContextClass(type):
    """The class of context classes: each is pickled as what it was made of, since nobody can import it."""

    __made_of__: tuple[Any, ...]


class DesignedContext(metaclass=_ContextClass):
    """A context as a design has it."""


def _class_of_context(design: Design) -> type:
    initials = tuple(repr(field.initial) for field in design.context)
    return _context_class(design.name + CONTEXT, design.context, initials)


@lru_cache(maxsize=4_096)
def _context_class(name: str, fields: tuple[ContextField, ...], _initials: tuple[str, ...]) -> type:
    """A context class like this; `_initials` tells apart what Python calls equal: 0, 0.0 and False."""
    made = [(field.name, _type_of(field), _dataclass_field(field)) for field in fields]
    known = {"__module__": __name__, "__made_of__": (name, fields, _initials)}
    return dataclasses.make_dataclass(name, made, bases=(DesignedContext,), namespace=known)


def _reduce_context_class(cls: _ContextClass) -> tuple[Any, ...]:
    return _context_class, cls.__made_of__


copyreg.pickle(_ContextClass, _reduce_context_class)


def _dataclass_field(field: ContextField) -> Any:  # noqa: ANN401 - what dataclasses say of it
    said = {DESCRIPTION: field.description} if field.description else {}
    return dataclasses.field(default=field.initial, metadata=said)


def _type_of(field: ContextField) -> Any:  # noqa: ANN401 - any type form
    return TYPES[field.type] if field.initial is not None else TYPES[field.type] | None
