"""Owns what annotations say: the context and error types of steps and sagas."""

from __future__ import annotations

import types
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

from legend_lab.core.errors import SagaDefinitionError
from legend_lab.saga.definition import Block, Definition


def type_arguments(cls: type[BaseModel]) -> tuple[Any, ...]:
    """What a step class names as context, or a saga class as context and error; type variables where it does not.

    Generic bases in between may have type variables of their own, in any order.
    """
    if any(base in (Definition, Block) for base in cls.__bases__):  # Step or Saga itself
        return tuple(cls.__pydantic_generic_metadata__["parameters"])
    origin: Any = cls.__pydantic_generic_metadata__["origin"]
    if origin is not None:
        given = dict(
            zip(
                origin.__pydantic_generic_metadata__["parameters"],
                cls.__pydantic_generic_metadata__["args"],
                strict=True,
            )
        )
        if any(base in (Definition, Block) for base in origin.__bases__):
            return tuple(given.values())
        return tuple(_fill_in(form, given) for form in type_arguments(origin))
    found = [type_arguments(base) for base in cls.__bases__ if issubclass(base, Definition)]
    return min(found, key=lambda forms: sum(form is Any or isinstance(form, TypeVar) for form in forms))


def context_type(cls: type[BaseModel]) -> Any:  # noqa: ANN401 - any type form
    """The context type that a step or saga class names (of a type variable its bound); `Any` when it names none."""
    form = type_arguments(cls)[0]
    return (form.__bound__ or Any) if isinstance(form, TypeVar) else form


def error_type(cls: type[BaseModel]) -> Any:  # noqa: ANN401 - any type form
    """The error type that a saga class names; `Any` when it names none."""
    form = type_arguments(cls)[1]
    return (form.__bound__ or Any) if isinstance(form, TypeVar) else form


def error_types(form: Any) -> tuple[type[BaseException], ...]:  # noqa: ANN401 - any type form
    """The classes that an error type names; empty when any error is declared.

    Raises:
        SagaDefinitionError: it names something that cannot be raised.
    """
    if form is Any:
        return ()
    members = get_args(form) if get_origin(form) in (Union, types.UnionType) else (form,)
    for member in members:
        if not (isinstance(member, type) and issubclass(member, BaseException)):
            raise SagaDefinitionError(f"a saga's error type must be an exception class, not {member!r}")
    return () if any(member in (Exception, BaseException) for member in members) else tuple(members)


def _fill_in(form: Any, given: dict[Any, Any]) -> Any:  # noqa: ANN401 - any type form
    """The type form with its type variables replaced by what was given for them."""
    if isinstance(form, TypeVar):
        return given.get(form, form)
    metadata = getattr(form, "__pydantic_generic_metadata__", None)
    if metadata is not None:
        parameters = metadata["parameters"] if metadata["origin"] is not None else ()
    else:
        parameters = getattr(form, "__parameters__", ()) if get_origin(form) is not None else ()
    return form[tuple(given.get(parameter, parameter) for parameter in parameters)] if parameters else form
