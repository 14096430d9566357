"""Owns edits of a context: one value at one place, named as a person names it."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import MutableMapping, MutableSequence
from typing import Any

from pydantic import BaseModel, ValidationError

from legend_lab.core.errors import LegendError, error_text
from legend_lab.core.text import kind_of
from legend_lab.lab.tree import children_of, key_of, names_of, safe_repr


class EditError(LegendError):
    """A context has no such place, or it takes no such value; nothing was changed."""


def change_context(context: Any, place: str, value: object) -> str:  # noqa: ANN401 - the user's own type
    """Set the value at a dotted place (fields, keys and indices, such as `"trip.seats.0"`); say in words what changed.

    A pydantic model checks the value as it would check an input.

    Raises:
        EditError: there is no such place, or it takes no such value.
    """
    holder, last = _holder_of(context, place)
    try:
        before = safe_repr(_named(holder)[last], 200) if last in _named(holder) else None
        _set(holder, last, value, place)
        now = safe_repr(_named(holder).get(last), 200)  # as it is kept: a secret is masked
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
    holder, name = _holder_of(context, place)
    known = _named(holder)
    if name not in known:
        raise EditError(f"the context has no {place!r}; there is {', '.join(list(known)[:12]) or 'nothing'}")
    return known[name]


def _holder_of(context: object, place: str) -> tuple[Any, str]:
    """What holds the value at `place`, and by which name; a name may have dots itself."""
    if not isinstance(place, str):
        raise EditError(f"a place is a dotted text such as 'trip.seats.0', not {safe_repr(place, 200)}")
    holder, names, way = context, place.split("."), ""
    while True:
        known = _named(holder)
        size = next((n for n in range(1, len(names) + 1) if ".".join(names[:n]) in known), 1)
        name, names = ".".join(names[:size]), names[size:]
        if not names:
            return holder, name
        way = f"{way}.{name}".strip(".")
        if name not in known:
            raise EditError(f"the context has no {way!r}; there is {', '.join(list(known)[:12]) or 'nothing'}")
        holder = known[name]


def _named(holder: object) -> dict[str, object]:
    """What a value holds, by name, as the context's tree calls it."""
    children = dict(children_of(holder) or ())
    names = names_of(children)
    return {names[key]: item for key, item in children.items()}


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
        _set_field(holder, name, value)
    elif name in fields:
        validator = getattr(type(holder), "__pydantic_validator__", None)
        if validator is not None:
            value = getattr(validator.validate_assignment(copy.copy(holder), name, value), name)
        setattr(holder, name, value)
    else:
        raise EditError(f"{place!r} is inside {kind_of(holder)}, which is not edited piece by piece")


def _set_field(model: BaseModel, name: str, value: object) -> None:
    """Let the model check the value; whatever it works out from it follows."""
    if name not in type(model).model_fields and name not in (model.__pydantic_extra__ or {}):
        raise EditError(f"{type(model).__name__} has no field {name!r}")
    if model.model_config.get("frozen"):
        raise EditError(f"{type(model).__name__} is frozen")
    checked: Any = type(model).__pydantic_validator__.validate_assignment(model.model_copy(), name, value)
    model.__dict__.update(checked.__dict__)
    if model.__pydantic_extra__ is not None:
        model.__pydantic_extra__.update(checked.__pydantic_extra__ or {})
    model.__pydantic_fields_set__.add(name)


def _key_named(holder: MutableMapping[Any, Any], name: str) -> Any:  # noqa: ANN401 - any key
    """The key that a person calls `name`; a new one where there is none."""
    if name in holder:
        return name
    known = list(holder)
    names = names_of(map(key_of, known))
    return next((key for key in known if names[key_of(key)] == name), name)
