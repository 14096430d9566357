"""Owns whether a context of one type can serve a step that works on another."""

from __future__ import annotations

import dataclasses
import inspect
import types
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from pydantic import BaseModel


def misfit(wanted: Any, given: Any) -> str | None:  # noqa: ANN401 - any type forms
    """Say why a context of type `given` cannot serve a step that wants `wanted`; None when it can, or may."""
    wanted, given = _bare(wanted), _bare(given)
    if wanted in (Any, object) or given is Any or wanted == given:
        return None
    if is_union(given):
        return next((why for member in get_args(given) if (why := misfit(wanted, member)) is not None), None)
    if is_union(wanted):
        reasons = [misfit(member, given) for member in get_args(wanted)]
        return None if None in reasons else "it is none of these"
    if is_protocol(wanted):
        missing = _missing_members(wanted, given)
        return f"it lacks {', '.join(missing)}" if missing else None
    if is_typeddict(wanted) and is_typeddict(given):
        missing = sorted(wanted.__required_keys__ - set(given.__annotations__))
        return f"it lacks {', '.join(missing)}" if missing else None
    wanted_class, given_class = class_of(wanted), class_of(given)
    if wanted_class is None or given_class is None or issubclass(given_class, wanted_class):
        return None
    return "it is no subclass of it"


def class_of(form: Any) -> type[Any] | None:  # noqa: ANN401 - any type form
    """The class of which every context of this type is an instance; None where that cannot be told."""
    form = _bare(form)
    origin = get_origin(form) or form
    if origin is Any:  # which is a class
        return None
    if is_typeddict(origin):
        return dict
    return origin if isinstance(origin, type) and not is_union(form) and not is_protocol(origin) else None


def classes_of(form: Any) -> type[Any] | tuple[type[Any], ...]:  # noqa: ANN401 - any type form
    """As `class_of`, several for a union, and `object` where it cannot be told."""
    form = _bare(form)
    if is_union(form):
        return tuple(class_of(member) or object for member in get_args(form))
    return class_of(form) or object


def is_protocol(form: Any) -> bool:  # noqa: ANN401 - any type form
    """Whether it is a Protocol, or one with its parameters filled in."""
    return bool(getattr(get_origin(form) or form, "_is_protocol", False))


def is_union(form: Any) -> bool:  # noqa: ANN401 - any type form
    """Whether it is a union, in either spelling."""
    return get_origin(form) in (Union, types.UnionType)


def members_of_protocol(protocol: Any) -> list[str]:  # noqa: ANN401 - a Protocol class
    """Names of the attributes that a Protocol asks for."""
    found: dict[str, None] = {}
    for ancestor in (get_origin(protocol) or protocol).__mro__:
        if getattr(ancestor, "_is_protocol", False):
            found.update(dict.fromkeys(inspect.get_annotations(ancestor)))
            found.update(dict.fromkeys(name for name in ancestor.__dict__ if not name.startswith("_")))
    return list(found)


def _missing_members(protocol: Any, given: Any) -> list[str]:  # noqa: ANN401 - any type forms
    """What a Protocol asks for and an instance of `given` cannot have."""
    form = get_origin(given) or given
    if not isinstance(form, type) or _may_have_more(form):
        return []
    if is_typeddict(form):
        names = set(dir(dict))
    else:
        names = set(dir(form))
        try:
            names |= set(get_type_hints(form))
        except (NameError, TypeError):
            names |= {name for ancestor in form.__mro__ for name in inspect.get_annotations(ancestor)}
    return sorted(set(members_of_protocol(protocol)) - names)


def _may_have_more(form: type[Any]) -> bool:
    """Whether instances may have attributes that the class does not tell: set in `__init__`, or made up."""
    if hasattr(form, "__getattr__") and not issubclass(form, BaseModel):
        return True
    if issubclass(form, BaseModel):
        return form.model_config.get("extra") == "allow"
    tells = dataclasses.is_dataclass(form) or is_typeddict(form) or issubclass(form, dict) or is_protocol(form)
    return not tells and form is not object


def _bare(form: Any) -> Any:  # noqa: ANN401 - any type form
    """The type without what `Annotated` adds."""
    return get_args(form)[0] if get_origin(form) is Annotated else form
