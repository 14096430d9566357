"""Owns how a context is written as JSON: by pydantic, and only when it comes back the same."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import operator
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NotRequired, Required, get_args, get_origin, get_type_hints, is_typeddict

import pydantic
import typing_extensions
from pydantic import BaseModel, SecretBytes, SecretStr, TypeAdapter, ValidationError

from legend_lab.core.errors import ContextRecordError, CorruptRecordError
from legend_lab.core.text import kind_of
from legend_lab.runtime.record import is_deeper

DEEPEST_CONTEXT = 200
"""Levels of lists and objects that a context may have as JSON; pydantic itself stops at about 255."""

_SECRETS = (SecretStr, SecretBytes, pydantic.Secret)


class PydanticContext:
    """Writes contexts of one type (a pydantic model, dataclass, TypedDict or plain dict).

    `name` is what error messages call the value.
    """

    def __init__(self, type: Any, name: str = "context") -> None:  # noqa: ANN401 - any type form
        self.type = type
        self.name = name
        self._adapter: TypeAdapter[Any] | None = None

    def dump(self, context: Any) -> Any:  # noqa: ANN401 - the user's own type
        """Return JSON values that come back as an equal context; see `ContextCodec.dump`."""
        adapter, name = self._adapter_for(context), self.name
        try:
            written = adapter.dump_python(context, mode="json", by_alias=False, round_trip=True, warnings=False)
            value = json.loads(json.dumps(written, allow_nan=False))
        except Exception as error:  # noqa: BLE001 - the user's own serializers
            where = first_unwritable(context, name)
            # What a serializer says of a secret may tell the secret.
            why = "" if _secret_at(context) else f": {_line(error)}"
            raise ContextRecordError(f"the {name} cannot be written as JSON at {where}{why}") from None
        if is_deeper(value, DEEPEST_CONTEXT):
            raise ContextRecordError(f"the {name} is nested more than {DEEPEST_CONTEXT} levels deep")
        try:
            back = self._read(value)
        except Exception as error:  # noqa: BLE001 - the user's own validators
            secret = _secret_at(context, name)
            if secret is not None:
                raise ContextRecordError(_secret_message(secret)) from None
            raise ContextRecordError(
                f"the {name} would not be read back at {self._where(error)}; give that field a type that JSON keeps"
            ) from None
        try:
            place = first_difference(context, back, name)
        except RecursionError:
            place = f"the {name} is nested too deep to be compared with what would come back"
        if place is not None:
            raise ContextRecordError(place)
        return value

    def load(self, value: Any) -> Any:  # noqa: ANN401 - JSON is any
        """Return the context that `value` was dumped from; see `ContextCodec.load`."""
        self._adapter_for(None)
        try:
            return self._read(value)
        except Exception as error:  # noqa: BLE001 - the user's own validators
            raise CorruptRecordError(
                f"the record's {self.name} does not fit {_name(self.type)} at {self._where(error)}"
            ) from None

    def _read(self, value: Any) -> Any:  # noqa: ANN401 - JSON is any
        adapter = self._adapter_for(None)
        try:
            return adapter.validate_python(value, by_alias=False, by_name=True)
        except ValidationError:
            # A strict model takes text for an instant, or a list for a tuple, only where it knows that it reads JSON.
            return adapter.validate_json(json.dumps(value), by_alias=False, by_name=True)

    def _where(self, error: Exception) -> str:
        if not isinstance(error, ValidationError):
            return f"some place ({type(error).__name__})"
        loc = error.errors(include_input=False, include_url=False, include_context=False)[0]["loc"]
        return self.name + "".join(f"[{item}]" if isinstance(item, int) else f".{item}" for item in loc)

    def _adapter_for(self, context: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - the user's own type
        if self._adapter is None:
            try:
                self._adapter = TypeAdapter(_modern(self.type))
            except (pydantic.errors.PydanticUserError, NameError, TypeError, RecursionError) as error:
                kind = _name(self.type) if context is None else type(context).__name__
                raise ContextRecordError(
                    f"a {self.name} of type {kind} cannot be written; use a pydantic model, a dataclass, "
                    f"a TypedDict or a dict ({_line(error)})"
                ) from None
        return self._adapter


@functools.lru_cache(maxsize=256)
def codec_of(type: type[Any]) -> PydanticContext:
    """The codec for values of a class, under the class's name."""
    return PydanticContext(type, type.__name__)


def first_difference(old: Any, new: Any, place: str = "context") -> str | None:  # noqa: ANN401 - any values
    """Say where and how `new` differs from `old`; None when it does not. Secrets are named, never shown."""
    if old is new:
        return None
    if isinstance(old, _SECRETS):
        return None if type(old) is type(new) and old == new else _secret_message(place)
    if isinstance(old, float) and not math.isfinite(old):
        return f"{place} is {old}, which JSON does not keep"
    if type(old) is not type(new):
        return f"{place} is {kind_of(old)} and would come back as {kind_of(new)}; JSON does not keep it"
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
    return None if _same(old, new) else f"{place} would come back as another value"


def _same(old: Any, new: Any) -> bool:  # noqa: ANN401 - any values
    try:
        return bool(old == new)
    except Exception:  # noqa: BLE001 - the user's own __eq__
        return False


def first_unwritable(context: Any, place: str = "context", seen: frozenset[int] = frozenset()) -> str:  # noqa: ANN401
    """Name the first place in a context that JSON cannot hold, as well as it can be told."""
    if id(context) in seen:
        return f"{place} (it contains itself)"
    for step, value in _children(context):
        try:
            json.dumps(TypeAdapter(Any).dump_python(value, mode="json", warnings=False), allow_nan=False)
        except Exception:  # noqa: BLE001 - whatever the value does
            if len(seen) > 30:  # noqa: PLR2004 - deeper than a person reads
                return place
            return first_unwritable(value, place + step, seen | {id(context)})
    return place


def _mapping_difference(
    old: Mapping[Any, Any], new: Mapping[Any, Any], place: str, form: str = "{}[{!r}]"
) -> str | None:
    for key, value in old.items():
        if key not in new:
            wrong = "" if isinstance(key, str) else f" (its key is {kind_of(key)}, JSON keys are text)"
            return f"{form.format(place, key)} would not come back{wrong}"
        found = first_difference(value, new[key], form.format(place, key))
        if found:
            return found
    extra = next((key for key in new if key not in old), None)
    return None if extra is None else f"{form.format(place, extra)} would appear from nowhere"


def _fields(value: Any) -> dict[str, Any] | None:  # noqa: ANN401 - the user's own type
    if isinstance(value, BaseModel):
        fields = {name: item for name, item in value.__dict__.items() if name in type(value).model_fields}
        return {**fields, **(value.__pydantic_extra__ or {}), **(value.__pydantic_private__ or {})}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {item.name: getattr(value, item.name, None) for item in dataclasses.fields(value)}
        return {**fields, **getattr(value, "__dict__", {})}  # what is no field would be lost, so it counts
    return None


def _children(value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - the user's own type
    """What a value holds, each with the step that leads to it."""
    fields = _fields(value)
    if fields is not None:
        yield from ((f".{key}", item) for key, item in fields.items())
    elif isinstance(value, Mapping):
        yield from ((f"[{key!r}]", item) for key, item in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"[{number}]", item) for number, item in enumerate(value))


def _secret_at(value: Any, place: str = "context", depth: int = 0) -> str | None:  # noqa: ANN401 - the user's own type
    if isinstance(value, _SECRETS):
        return place
    if depth > 30:  # noqa: PLR2004 - deeper than a person reads
        return None
    return next(
        (found for step, item in _children(value) if (found := _secret_at(item, place + step, depth + 1))), None
    )


def _secret_message(place: str) -> str:
    return (
        f"{place} is a secret and is not written; hand it in with resources= "
        "(see legend_lab.resources), or give the field a serializer that says how to write it"
    )


def _modern(form: Any) -> Any:  # noqa: ANN401 - any type form
    """The type as pydantic takes it: before Python 3.12, it refuses the standard library's `TypedDict`."""
    if is_typeddict(form) and type(form).__module__ == "typing" and sys.version_info < (3, 12):
        fields: dict[str, Any] = {}
        for key, hint in get_type_hints(form, include_extras=True).items():
            bare = get_args(hint)[0] if get_origin(hint) in (Required, NotRequired) else hint
            fields[key] = (Required if key in form.__required_keys__ else NotRequired)[_modern(bare)]
        make: Any = typing_extensions.TypedDict
        return make(form.__name__, fields)
    origin: Any = get_origin(form)
    inside = get_args(form)
    converted = tuple(_modern(part) for part in inside)
    if all(new is old for new, old in zip(converted, inside, strict=True)):
        return form
    return functools.reduce(operator.or_, converted) if origin is types.UnionType else origin[converted]


def _line(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def _name(type: Any) -> str:  # noqa: ANN401 - any type form
    return getattr(type, "__qualname__", str(type))
