"""Owns how a context is written as JSON: by pydantic, and only when it comes back the same."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import pydantic
from pydantic import BaseModel, SecretBytes, SecretStr, TypeAdapter, ValidationError

from legend_lab.core.errors import ContextRecordError, CorruptRecordError

_SECRETS = (SecretStr, SecretBytes, pydantic.Secret)


class PydanticContext:
    """Writes contexts of one type (a pydantic model, dataclass, TypedDict or plain dict)."""

    def __init__(self, type: Any) -> None:  # noqa: ANN401 - any type form
        self.type = type
        self._adapter: TypeAdapter[Any] | None = None

    def dump(self, context: Any) -> Any:  # noqa: ANN401 - the user's own type
        """Return JSON values that come back as an equal context; see `ContextCodec.dump`."""
        adapter = self._adapter_for(context)
        try:
            value = json.loads(json.dumps(adapter.dump_python(context, mode="json", warnings=False), allow_nan=False))
        except (ValueError, TypeError, RecursionError, pydantic.errors.PydanticUserError) as error:
            where = first_unwritable(context)
            raise ContextRecordError(f"the context cannot be written as JSON at {where}: {_line(error)}") from None
        try:
            back = adapter.validate_python(value)
        except (ValidationError, RecursionError) as error:
            where = _place(error.errors()[0]["loc"]) if isinstance(error, ValidationError) else "some depth"
            secret = _secret_at(context)
            if secret is not None:
                raise ContextRecordError(_secret_message(secret)) from None
            raise ContextRecordError(
                f"the context would not be read back at {where}; give that field a type that JSON keeps"
            ) from None
        place = first_difference(context, back)
        if place is not None:
            raise ContextRecordError(place)
        return value

    def load(self, value: Any) -> Any:  # noqa: ANN401 - JSON is any
        """Return the context that `value` was dumped from; see `ContextCodec.load`."""
        try:
            return self._adapter_for(None).validate_python(value)
        except (ValidationError, RecursionError) as error:
            where = _place(error.errors()[0]["loc"]) if isinstance(error, ValidationError) else "some depth"
            raise CorruptRecordError(f"the record's context does not fit {_name(self.type)} at {where}") from None

    def _adapter_for(self, context: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - the user's own type
        if self._adapter is None:
            try:
                self._adapter = TypeAdapter(self.type)
            except (pydantic.errors.PydanticUserError, NameError, TypeError) as error:
                kind = _name(self.type) if context is None else type(context).__name__
                raise ContextRecordError(
                    f"a context of type {kind} cannot be written; use a pydantic model, a dataclass, "
                    f"a TypedDict or a dict ({_line(error)})"
                ) from None
        return self._adapter


def first_difference(old: Any, new: Any, place: str = "context") -> str | None:  # noqa: ANN401 - any values
    """Say where and how `new` differs from `old`; None when it does not. Secrets are named, never shown."""
    if old is new:
        return None
    if isinstance(old, _SECRETS):
        return None if type(old) is type(new) and old == new else _secret_message(place)
    if type(old) is not type(new) and not (isinstance(old, type(new)) and isinstance(old, dict | list)):
        return f"{place} is a {type(old).__name__} and would come back as a {type(new).__name__}; JSON does not keep it"
    if isinstance(old, Mapping):
        return _mapping_difference(old, new, place)
    fields = _fields(old)
    if fields is not None:
        return _mapping_difference(fields, _fields(new) or {}, place, "{}.{}")
    if isinstance(old, Sequence) and not isinstance(old, str | bytes | bytearray):
        if len(old) != len(new):
            return f"{place} has {len(old)} items and would come back with {len(new)}"
        pairs = enumerate(zip(old, new, strict=True))
        return next((found for i, (a, b) in pairs if (found := first_difference(a, b, f"{place}[{i}]"))), None)
    if isinstance(old, AbstractSet):
        return None if old == new else f"{place} would come back with other members"
    try:
        same = bool(old == new)
    except Exception:  # noqa: BLE001 - the user's own __eq__
        same = False
    return None if same else f"{place} would come back as another value"


def first_unwritable(context: Any, place: str = "context", seen: frozenset[int] = frozenset()) -> str:  # noqa: ANN401
    """Name the first place in a context that JSON cannot hold, as well as it can be told."""
    if id(context) in seen:
        return f"{place} (it contains itself)"
    children: Mapping[Any, Any] | None = _fields(context)
    form = "{}.{}"
    if children is None and isinstance(context, Mapping):
        children, form = context, "{}[{!r}]"
    if children is None and isinstance(context, list | tuple):
        children, form = dict(enumerate(context)), "{}[{}]"
    for key, value in (children or {}).items():
        try:
            json.dumps(TypeAdapter(Any).dump_python(value, mode="json", warnings=False), allow_nan=False)
        except Exception:  # noqa: BLE001 - whatever the value does
            if len(seen) > 30:  # noqa: PLR2004 - deeper than a person reads
                return place
            return first_unwritable(value, form.format(place, key), seen | {id(context)})
    return place


def _mapping_difference(
    old: Mapping[Any, Any], new: Mapping[Any, Any], place: str, form: str = "{}[{!r}]"
) -> str | None:
    for key, value in old.items():
        if key not in new:
            wrong = "" if isinstance(key, str) else f" (its key is a {type(key).__name__}, JSON keys are text)"
            return f"{form.format(place, key)} would not come back{wrong}"
        found = first_difference(value, new[key], form.format(place, key))
        if found:
            return found
    extra = next((key for key in new if key not in old), None)
    return None if extra is None else f"{form.format(place, extra)} would appear from nowhere"


def _fields(value: Any) -> dict[str, Any] | None:  # noqa: ANN401 - the user's own type
    if isinstance(value, BaseModel):
        return {**value.__dict__, **(value.__pydantic_extra__ or {}), **(value.__pydantic_private__ or {})}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
    return None


def _secret_at(value: Any, place: str = "context") -> str | None:  # noqa: ANN401 - the user's own type
    if isinstance(value, _SECRETS):
        return place
    children = _fields(value) or (value if isinstance(value, dict) else {})
    return next((found for key, item in children.items() if (found := _secret_at(item, f"{place}.{key}"))), None)


def _secret_message(place: str) -> str:
    return (
        f"{place} is a secret and is not written; hand it in with resources= "
        "(see legend_lab.resources), or give the field a serializer that says how to write it"
    )


def _place(loc: tuple[int | str, ...]) -> str:
    return "context" + "".join(f"[{item}]" if isinstance(item, int) else f".{item}" for item in loc)


def _line(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def _name(type: Any) -> str:  # noqa: ANN401 - any type form
    return getattr(type, "__qualname__", str(type))
