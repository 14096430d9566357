"""Owns edits of a context: one value at one place, named as a person names it."""

from __future__ import annotations

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
    except EditError:
        raise
    except ValidationError as error:
        raise EditError(f"{place} takes no {safe_repr(value, 80)}: {error.errors()[0]['msg']}") from None
    except Exception as error:
        raise EditError(f"{place} cannot be changed: {error_text(error)}") from error
    now = safe_repr(_child(holder, last, place), 200)  # as it is kept: a secret stays masked
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
    if isinstance(holder, MutableMapping):
        if not name:
            raise EditError("name the place to change, such as 'hold_id'")
        holder[next((key for key in holder if str(key) == name), name)] = value
    elif isinstance(holder, MutableSequence):
        if not name.isdigit() or int(name) >= len(holder):
            raise EditError(f"{place!r} is no index of a list of {len(holder)}")
        holder[int(name)] = value
    elif isinstance(holder, BaseModel):
        if name not in type(holder).model_fields:
            raise EditError(f"{type(holder).__name__} has no field {name!r}")
        checked = type(holder).__pydantic_validator__.validate_assignment(holder.model_copy(), name, value)
        setattr(holder, name, getattr(checked, name))
    elif dataclasses.is_dataclass(holder) and name in {item.name for item in dataclasses.fields(holder)}:
        setattr(holder, name, value)
    else:
        raise EditError(f"{place!r} is inside a {type(holder).__name__}, which is not edited piece by piece")
