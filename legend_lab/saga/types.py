"""Owns what annotations say: context and error types of steps and sagas, and whether one context can be another."""

from __future__ import annotations

import inspect
import types
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

from pydantic import BaseModel

from legend_lab.core.errors import SagaDefinitionError


def type_arguments(cls: type[BaseModel]) -> tuple[Any, ...]:
    """The types with which `cls` (or its nearest ancestor that does) fills in the type variables of its base."""
    for ancestor in cls.__mro__:
        metadata = getattr(ancestor, "__pydantic_generic_metadata__", None)
        arguments = metadata["args"] if metadata else ()
        if arguments and not any(isinstance(argument, TypeVar) for argument in arguments):
            return tuple(arguments)
    return ()


def context_type(cls: type[BaseModel]) -> Any:  # noqa: ANN401 - any type form
    """The context type that a step or saga class names; `Any` when it names none."""
    return next(iter(type_arguments(cls)), Any)


def error_types(form: Any) -> tuple[type[BaseException], ...]:  # noqa: ANN401 - any type form
    """The classes that an error type names; empty when any error is declared.

    Raises:
        SagaDefinitionError: it names something that cannot be raised.
    """
    if form is Any or isinstance(form, TypeVar):
        return ()
    members = get_args(form) if get_origin(form) in (Union, types.UnionType) else (form,)
    for member in members:
        if not (isinstance(member, type) and issubclass(member, BaseException)):
            raise SagaDefinitionError(f"a saga's error type must be an exception class, not {member!r}")
    return () if any(member in (Exception, BaseException) for member in members) else tuple(members)


def misfit(wanted: Any, given: Any) -> str | None:  # noqa: ANN401 - any type forms
    """Say why a context of type `given` cannot serve a step that wants `wanted`; None when it can."""
    if wanted in (Any, object) or given is Any or wanted == given:
        return None
    if getattr(wanted, "_is_protocol", False):
        missing = sorted(set(members_of_protocol(wanted)) - attributes_of(given))
        return f"it lacks {', '.join(missing)}" if missing else None
    wanted_class, given_class = get_origin(wanted) or wanted, get_origin(given) or given
    if is_typeddict(wanted) and is_typeddict(given):
        missing = sorted(set(wanted.__annotations__) - set(given.__annotations__))
        return f"it lacks {', '.join(missing)}" if missing else None
    if _is_dict(wanted_class) and _is_dict(given_class):
        return None
    if isinstance(wanted_class, type) and isinstance(given_class, type):
        if is_typeddict(wanted) or is_typeddict(given):
            return "one is a dict, the other is not"
        return None if issubclass(given_class, wanted_class) else "it is no subclass of it"
    return None


def members_of_protocol(protocol: Any) -> list[str]:  # noqa: ANN401 - a Protocol class
    """Names of the attributes that a Protocol asks for."""
    found: dict[str, None] = {}
    for ancestor in protocol.__mro__:
        if getattr(ancestor, "_is_protocol", False):
            found.update(dict.fromkeys(inspect.get_annotations(ancestor)))
            found.update(dict.fromkeys(name for name in ancestor.__dict__ if not name.startswith("_")))
    return list(found)


def attributes_of(form: Any) -> set[str]:  # noqa: ANN401 - any type form
    """Names that an instance of a class is known to have."""
    names = set(dir(form))
    if isinstance(form, type):
        try:
            names |= set(get_type_hints(form))
        except (NameError, TypeError):
            names |= {name for ancestor in form.__mro__ for name in inspect.get_annotations(ancestor)}
    return names


def display(form: Any) -> str:  # noqa: ANN401 - any type form
    """A type as a person writes it."""
    return getattr(form, "__qualname__", str(form)).rpartition("<locals>.")[2]


def _is_dict(form: Any) -> bool:  # noqa: ANN401 - any type form
    return is_typeddict(form) or (isinstance(form, type) and issubclass(form, dict))
