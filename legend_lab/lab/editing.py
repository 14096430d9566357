"""Owns edits of a context: one value at one place, named as a person names it."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import MutableMapping, MutableSequence
from typing import Any

from pydantic import BaseModel, ValidationError

from legend_lab.core.errors import LegendError, error_text
from legend_lab.lab.tree import children_of, safe_repr


class EditError(LegendError):
    """A context has no such place, or it takes no such value; nothing was changed."""


def change_context(context: Any, place: str, value: object) -> str:  # noqa: ANN401 - the user's own type
    """Set the value at a dotted place (fields, keys and indices, such as `"trip.seats.0"`); say in words what changed.

    A pydantic model checks the value as it would check an input.

    Raises:
        EditError: there is no such place, or it takes no such value.
    """
    *way, last = place.split(".")
    holder = context
    for depth, name in enumerate(way):
        holder = _child(holder, name, ".".join(way[: depth + 1]))
    try:
        before = safe_repr(_child(holder, last, place), 200) if _has(holder, last) else None
        _set(holder, last, value, place)
        now = safe_repr(_child(holder, last, place), 200)  # as it is kept: a secret is masked
    except EditError:
        raise
    except ValidationError as error:
        why = error.errors(include_input=False, include_url=False, include_context=False)[0]["msg"]
        raise EditError(f"{place} does not take that {type(value).__name__}: {why}") from None
    except Exception as error:
        raise EditError(f"{place} cannot be changed: {error_text(error)}") from error
    return f"{place} = {now}" if before is None else f"{place} = {now} (was {before})"


def value_at(context: object, place: str) -> Any:  # noqa: ANN401 - whatever the context holds
    """The value at a dotted place.

    Raises:
        EditError: there is no such place.
    """
    value, names = context, place.split(".")
    for depth, name in enumerate(names):
        value = _child(value, name, ".".join(names[: depth + 1]))
    return value


def _has(holder: object, name: str) -> bool:
    return any(key == name for key, _ in children_of(holder) or ())


def _child(holder: object, name: str, place: str) -> Any:  # noqa: ANN401 - whatever the context holds
    for key, item in children_of(holder) or ():
        if key == name:
            return item
    known = ", ".join(key for key, _ in (children_of(holder) or ())[:12]) or "nothing"
    raise EditError(f"the context has no {place!r}; there is {known}")


def _set(holder: Any, name: str, value: object, place: str) -> None:  # noqa: ANN401 - the user's own type
    fields = {item.name for item in dataclasses.fields(holder)} if dataclasses.is_dataclass(holder) else set[str]()
    if isinstance(holder, MutableMapping):
        if not name:
            raise EditError("name the place to change, such as 'hold_id'")
        holder[_key_named(holder, name)] = value
    elif isinstance(holder, MutableSequence):
        if not name.isdecimal() or int(name) >= len(holder):
            raise EditError(f"{place!r} is no index of a list of {len(holder)}")
        holder[int(name)] = value
    elif isinstance(holder, BaseModel):
        if name not in type(holder).model_fields and name not in (holder.__pydantic_extra__ or {}):
            raise EditError(f"{type(holder).__name__} has no field {name!r}")
        checked: Any = type(holder).__pydantic_validator__.validate_assignment(holder.model_copy(), name, value)
        holder.__dict__.update(checked.__dict__)
        if holder.__pydantic_extra__ is not None:
            holder.__pydantic_extra__.update(checked.__pydantic_extra__ or {})
        holder.__pydantic_fields_set__.add(name)
    elif name in fields:
        validator = getattr(type(holder), "__pydantic_validator__", None)
        if validator is not None:
            value = getattr(validator.validate_assignment(copy.copy(holder), name, value), name)
        setattr(holder, name, value)
    else:
        raise EditError(f"{place!r} is inside a {type(holder).__name__}, which is not edited piece by piece")


def _key_named(holder: MutableMapping[Any, Any], name: str) -> Any:  # noqa: ANN401 - any key
    """The key that a person calls `name`; a new one where there is none."""
    if name in holder:
        return name
    return next((key for key in holder if not isinstance(key, str) and safe_repr(key) == name), name)
