"""Owns how an existing saga becomes a design: its shape and settings are taken over, its bodies are simulated."""

from __future__ import annotations

import types
import typing
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import MISSING, is_dataclass
from dataclasses import fields as dataclass_fields
from itertools import chain, count
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticUndefined

from legend_lab.core.errors import DesignError
from legend_lab.core.program import ExceptionTypes, RetryPolicy, exception_types
from legend_lab.lab.design.building import DESCRIPTION, TYPES, DesignedStep
from legend_lab.lab.design.canonical import canonical
from legend_lab.lab.design.checks import class_name, fits
from legend_lab.lab.design.files import checked, design_error
from legend_lab.lab.design.model import BlockDesign, ContextField, Design, EffectDesign, FieldType, StepDesign
from legend_lab.lab.design.naming import CONTEXT, RESERVED_CLASSES, cap_words
from legend_lab.lab.design.opening import Opened
from legend_lab.lab.subject import named, subject_of
from legend_lab.runtime.effects import Declaration
from legend_lab.saga.annotations import context_type
from legend_lab.saga.compiler import complete, part_class
from legend_lab.saga.definition import Block
from legend_lab.saga.simulated import SimulatedStep
from legend_lab.saga.simulation import SIMULATED_ERRORS
from legend_lab.saga.step import Step


def design_of(saga: object, ctx: Any = None) -> Opened:  # noqa: ANN401 - the user's own
    """The design of a saga, of a saga class, or of what is made of one, as a debugger; nothing of it runs.

    `ctx`, where one is given, says what the context's fields start with.

    Raises:
        DesignError: it is no saga, or a name of a step or block in it cannot be one in a design.
        SagaDefinitionError: its class is not complete.
    """
    subject = subject_of(saga)
    if subject is None:
        raise DesignError(f"a design is made of a saga or a saga class, not of {named(saga)}"[:300])
    if isinstance(subject, Design):
        return Opened(subject)
    cls = subject if isinstance(subject, type) else type(subject)
    complete(cls)
    try:
        members = list(_everything_in(subject))
        names, classes = ({member[at] for member in members} for at in (0, 1))
        name = _saga_name(cls.__name__, names)
        reader = _Reader(frozenset(RESERVED_CLASSES | {name, name + CONTEXT, *names}), frozenset(classes))
        if name != cls.__name__:
            reader.notes.append(f"the saga is called {name} here: a design cannot have its name {cls.__name__!r}"[:200])
        reader.context(context_type(cls) if ctx is None else type(ctx), ctx)
        parts = tuple(reader.parts(subject, ""))
        design = Design(
            name=name,
            description=_first_line(cls),
            on_compensation_failure=cls.on_compensation_failure,
            context=tuple(reader.fields.values()),
            effects=tuple(reader.effects.values()),
            parts=parts,
        )
    except ValidationError as error:
        raise design_error(error) from None
    return Opened(canonical(design), tuple(reader.notes))


class _Reader:
    """Reads context and parts, and remembers which fields, effects and classes they name."""

    def __init__(self, not_for_classes: frozenset[str], own_names: frozenset[str]) -> None:
        self.fields: dict[str, ContextField] = {}
        self.effects: dict[str, EffectDesign] = {}
        self.notes: list[str] = []
        self.classes: set[str] = set()
        self.seen: Counter[tuple[type, str]] = Counter()
        self.not_for_classes, self.own_names = not_for_classes, own_names

    def context(self, form: Any, ctx: Any) -> None:  # noqa: ANN401 - any type form, any context
        """Read the fields of a context class, with what they start with, as far as a design can hold them."""
        given = _values_of(ctx)
        for name, found in {**dict.fromkeys(given, _Annotated()), **_annotated(form)}.items():
            value = given.get(name, found.default)
            type_name = _type_of_value(value) if found.type_form is None else _type_of_form(found.type_form)
            self._field(name, type_name, value, _one_line(found.description))

    def parts(self, saga: Any, prefix: str) -> Iterator[StepDesign | BlockDesign]:  # noqa: ANN401 - an object or class
        for name, part in _members(saga):
            path = prefix + name
            cls: Any = part if isinstance(part, type) else type(part)
            called, description = self._class_name(cls, path), _first_line(cls)
            if issubclass(cls, Block):
                inner = tuple(self.parts(part, f"{path}."))
                yield BlockDesign(name=name, class_name=called, description=description, parts=inner)
            else:
                named = {"name": name, "class_name": called, "description": description}
                yield checked(StepDesign, {**named, **self._settings(cls, path), **self._simulation(part, path)})

    def _class_name(self, cls: type, path: str) -> str | None:
        """The class's own name where the design would choose another, can hold it, and has not used it yet.

        A saga that is nested again has a number behind its name and those of its steps' classes.
        """
        if cls in (SimulatedStep, Step):
            return None
        names = path.split(".")
        place = cls, "" if issubclass(cls, Block) else names[-1]
        self.seen[place] += 1
        numbered = f"{cls.__name__}{self.seen[place]}"
        is_free = numbered not in self.not_for_classes | self.classes | self.own_names and _is_class_name(numbered)
        if self.seen[place] > 1 and is_free:
            self.classes.add(numbered)
            return numbered
        known = {cap_words(names[-1]), "".join(map(cap_words, names)), *self.classes}
        if cls.__name__ in known:
            return None
        if cls.__name__ in self.not_for_classes or not _is_class_name(cls.__name__):
            self.notes.append(f"{path}: its class {cls.__name__[:60]!r} gets another name here")
            return None
        self.classes.add(cls.__name__)
        return cls.__name__

    def _settings(self, cls: type[Step[Any]], path: str) -> dict[str, Any]:
        return {
            "retries": self._retries(cls.retry_policy, path),
            "undo_retries": self._retries(cls.compensation_retry_policy, path),
            "timeout_s": cls.timeout_s,
            "compensate_on_failure": cls.compensate_on_failure,
            "uncertain_on": self._errors(exception_types(path, cls.uncertain_on), f"{path}: uncertain_on"),
            "idempotent": cls.idempotent,
        }

    def _retries(self, policy: RetryPolicy, path: str) -> dict[str, Any]:
        return {
            "max_retries": policy.max_retries,
            "backoff_ms": policy.backoff_ms,
            "multiplier": policy.multiplier,
            "max_backoff_ms": policy.max_backoff_ms,
            "give_up_on": self._errors(policy.give_up_on, f"{path}: give_up_on"),
        }

    def _errors(self, classes: ExceptionTypes, what: str) -> list[str]:
        found = []
        for error in classes:
            if SIMULATED_ERRORS.get(error.__name__) is error:
                found.append(error.__name__)
            else:
                self.notes.append(f"{what} names {error.__name__}, which a design does not hold")
        return found

    def _simulation(self, part: Any, path: str) -> dict[str, Any]:  # noqa: ANN401 - a step or its class
        cls = part if isinstance(part, type) else type(part)
        if not _is_simulated_whole(cls):
            self.notes.append(f"{path}: its execute and compensate are simulated here; their code is not read")
        if not isinstance(part, SimulatedStep):
            return {}
        declared = part.declaration()
        if declared is not None:
            self._declare(declared)
        undo_duration_ms = part.duration_ms if part.undo_duration_ms is None else part.undo_duration_ms
        return {
            **{name: getattr(part, name) for name in ("duration_ms", "fails", "error", "pauses")},
            "undo_duration_ms": undo_duration_ms,
            "undo_fails": part.undo_fails,
            "undo_error": part.undo_error,
            "effect": part.effect,
            "no_undo_because": part.no_undo_because,
            **self._fields(part, path),
        }

    def _fields(self, part: SimulatedStep, path: str) -> dict[str, Any]:
        if isinstance(part, DesignedStep):
            reads, writes = part.reads, dict(part.writes)
        else:
            reads, writes = (), {part.key or path.replace(".", "_"): part.value}
        for name in (*reads, *writes):
            value = writes.get(name)
            if name not in self.fields:
                self._field(name, _type_of_value(value), None)
            elif value is not None and not fits(value, self.fields[name].type):
                self.fields[name] = self.fields[name].model_copy(update={"type": "object"})
        return {
            "reads": [name for name in reads if name in self.fields],
            "writes": {name: value for name, value in writes.items() if value is not None and name in self.fields},
        }

    def _field(self, name: Any, type_name: FieldType, value: Any, description: str = "") -> None:  # noqa: ANN401 - keys and values of any context
        """Take a field into the context; without its value, or not at all, where a design cannot hold it."""
        plain = isinstance(value, str | int | float | bool) and fits(value, type_name)
        for initial in (value, None) if plain else (None,):
            try:
                field = ContextField(name=name, type=type_name, initial=initial, description=description)
                Design(context=(field,))
            except ValidationError as error:
                said = str(design_error(error)).removeprefix("name: ").removeprefix("the context: ")
            else:
                self.fields[name] = field
                if initial is None and value is not None:
                    self.notes.append(
                        f"context.{name}: a design does not hold the {type(value).__name__} it starts with"
                    )
                return
        self.notes.append(f"left out of the context: {said}")

    def _declare(self, declared: Declaration) -> None:
        self.effects[declared.name] = EffectDesign(
            name=declared.name, idempotent=declared.idempotent, irreversible=declared.irreversible
        )


def _members(saga: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - an object or class
    """Name and value of each field; of a class, name and what it starts with, or else its class."""
    cls: Any = saga if isinstance(saga, type) else type(saga)
    for name, info in cls.model_fields.items():
        if not isinstance(saga, type):
            yield name, saga.__dict__[name]
        else:
            yield name, info.default if isinstance(info.default, Step | Block) else part_class(info.annotation)


def _everything_in(saga: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - an object or class
    """The name and the class's name of every step and block."""
    for name, part in _members(saga):
        cls = part if isinstance(part, type) else type(part)
        yield name, cls.__name__
        if issubclass(cls, Block):
            yield from _everything_in(part)


def _saga_name(name: str, taken: set[str]) -> str:
    """The saga's own name; where the design cannot have it, the first that is like it and free."""
    likely = (name, cap_words(name), f"{cap_words(name)}Saga")
    wanted = chain(likely, (f"Saga{number}" for number in count(1)))
    return next(free for free in wanted if free not in taken | RESERVED_CLASSES and _is_class_name(free))


def _is_simulated_whole(cls: type) -> bool:
    """Say whether a step class does just what its simulation says."""
    base = DesignedStep if issubclass(cls, DesignedStep) else SimulatedStep
    return issubclass(cls, base) and all(
        getattr(cls, name) is getattr(base, name) for name in ("execute", "compensate", "write", "take_back")
    )


def _is_class_name(name: str) -> bool:
    try:
        class_name(name)
    except ValueError:
        return False
    return True


def _first_line(cls: type) -> str:
    """What a class says of itself in its own first line, as far as a design holds it."""
    return "" if cls in (SimulatedStep, Step) else _one_line(cls.__dict__.get("__doc__"))


def _one_line(said: object) -> str:
    """The first line of what is said, as far as a design holds it."""
    line = said.strip().partition("\n")[0].strip() if isinstance(said, str) else ""
    return "".join(sign if sign.isprintable() else " " for sign in line)[:500].strip()


def _values_of(ctx: Any) -> dict[Any, Any]:  # noqa: ANN401 - any context
    """What is in a context, read without running code of its class."""
    if isinstance(ctx, dict):
        return dict(ctx)
    slots = {}
    for cls in reversed(type(ctx).__mro__):
        for name, member in vars(cls).items():
            if isinstance(member, types.MemberDescriptorType) and not name.startswith("__"):
                with suppress(AttributeError):  # nothing is in it yet
                    slots[name] = member.__get__(ctx)
    with suppress(AttributeError):  # it has slots only
        return {**slots, **object.__getattribute__(ctx, "__dict__")}
    return slots


class _Annotated(NamedTuple):
    """What a context's class says of a field."""

    type_form: Any = None
    default: Any = None
    description: object = ""


def _annotated(form: Any) -> dict[str, _Annotated]:  # noqa: ANN401 - any type form
    """Each field of a dataclass, a pydantic model, a TypedDict or a Protocol."""
    if not isinstance(form, type) or form in (dict, object):
        return {}
    try:
        hints = get_type_hints(form)
    except (NameError, TypeError):
        hints = {}
    if issubclass(form, BaseModel):
        return {
            name: _Annotated(
                info.annotation, None if info.default is PydanticUndefined else info.default, info.description
            )
            for name, info in form.model_fields.items()
        }
    if is_dataclass(form):
        return {
            field.name: _Annotated(
                hints.get(field.name),
                None if field.default is MISSING else field.default,
                field.metadata.get(DESCRIPTION),
            )
            for field in dataclass_fields(form)
        }
    return {name: _Annotated(hint) for name, hint in hints.items() if not name.startswith("_")}


def _type_of_form(form: Any) -> FieldType:  # noqa: ANN401 - any type form
    if get_origin(form) in (types.UnionType, typing.Union):
        rest = [item for item in get_args(form) if item is not type(None)]
        form = rest[0] if len(rest) == 1 else object
    return next((name for name, known in TYPES.items() if known == form), "object")


def _type_of_value(value: object) -> FieldType:
    named: dict[type, FieldType] = {str: "str", bool: "bool", int: "int", float: "float"}
    return named.get(type(value), "object")
