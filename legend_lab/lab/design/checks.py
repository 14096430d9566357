"""Owns what a design must fulfil beyond the shape of its data; each check raises a ValueError that says where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import TYPE_CHECKING

from legend_lab.core.errors import LegendError
from legend_lab.core.program import RetryPolicy
from legend_lab.lab.design.naming import CONTEXT, RESERVED_CLASSES, class_names
from legend_lab.runtime.record import is_deeper
from legend_lab.saga.names import fault_of_name
from legend_lab.saga.saga import SAGA_API
from legend_lab.saga.simulation import SIMULATED_ERRORS
from legend_lab.saga.step import STEP_API

if TYPE_CHECKING:
    from legend_lab.lab.design.model import BlockDesign, Design, Retries, StepDesign

MOST_STEPS = 10_000
"""Steps that a design may have."""
DEEPEST = 20
"""Blocks that may be nested in each other."""
DEEPEST_VALUE = 50
"""Levels of lists and objects that a value may have: more is no code that is read."""
MOST_DIGITS = 300
"""Digits that a number may have."""
LARGEST_EXACT = 2**53
"""Up to here every whole number is a float as well."""
LONGEST_NAME = 60
"""Characters that a name in a design may have: it must fit a row, and a line of code."""
_CODE = frozenset({"self", "ctx", "dataclass", "annotations", "effects", "simulate", "attempt", "saga"})
"""Names that the generated code uses itself."""
_TYPES = frozenset({"str", "int", "float", "bool", "list", "dict", "object"})
"""Names that a field must leave to the types of the other fields."""


def field_name(name: str) -> str:
    """A name that a field of the context may have."""
    return _checked(name, "field", _TYPES, "the types of fields are called so")


def saga_field_name(name: str) -> str:
    """A name that a step or block may have."""
    return _checked(name, "step", SAGA_API | STEP_API, "it would hide what every saga or step has of that name")


def class_name(name: str) -> str:
    """A name that a class may have; one with two underscores in front means something else inside a class."""
    return _checked(name, "class", RESERVED_CLASSES, "the code needs that name itself")


def simulated_error(name: str) -> str:
    """The name of an error that a simulation knows."""
    if name not in SIMULATED_ERRORS:
        raise ValueError(f"{name[:60]!r} is no error that a design knows; there are {', '.join(SIMULATED_ERRORS)}")
    return name


def one_line(text: str) -> str:
    """A text that shows as it is on one line: printable, and no blank at its ends."""
    if not text.isprintable() or text != text.strip():
        raise ValueError("a text in a design is one printable line without blanks at its ends")
    return text


def check_retries(retries: Retries) -> None:
    """Raise unless the engine accepts these retries."""
    try:
        RetryPolicy(retries.max_retries, retries.backoff_ms, retries.multiplier, retries.max_backoff_ms)
    except LegendError as error:
        raise ValueError(str(error)) from None


def check_context(design: Design) -> None:
    """Raise unless fields and effects are named once, and every initial value fits its type."""
    _once("the context has two fields", (field.name for field in design.context))
    _once("there are two effects", (effect.name for effect in design.effects))
    for field in design.context:
        _check_value(f"context.{field.name}", field.initial)
        if field.initial is not None and not fits(field.initial, field.type):
            raise ValueError(f"context.{field.name}: {_shown(field.initial)} is no {field.type}")


def check_references(design: Design) -> None:
    """Raise unless steps are named once in their block, and name effects and fields that exist."""
    types = {field.name: field.type for field in design.context}
    effects = {effect.name for effect in design.effects}
    found = design.all_parts
    if len(found) > MOST_STEPS:
        raise ValueError(f"a design has at most {MOST_STEPS:,} steps")
    _check_names("the saga", design.parts)
    for path, part in found.items():
        if part.kind == "step":
            _check_step(path, part, types, effects)
        elif path.count(".") >= DEEPEST:
            raise ValueError(f"{path[:60]}…: blocks nest at most {DEEPEST} deep")
        else:
            _check_names(path, part.parts)


def check_classes(design: Design) -> None:
    """Raise when two classes of the code would have the same name."""
    names = Counter(class_names(design).values())
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise ValueError(f"two classes would be called {twice[0]}; give one of them another class name")
    both = sorted(names.keys() & {part.name for part in design.all_parts.values()})
    if both:
        raise ValueError(f"{both[0]} would be both a class and a step; give one of them another name")
    reserved = sorted((RESERVED_CLASSES | {design.name + CONTEXT}) & names.keys())
    if reserved:
        raise ValueError(f"{reserved[0]} is a name that the code needs itself; give that class another name")


def fits(value: object, type: str) -> bool:
    """Say whether a JSON value may stand in a field of this type."""
    match type:
        case "str":
            return isinstance(value, str)
        case "bool":
            return isinstance(value, bool)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float":
            return isinstance(value, float) or (
                isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_EXACT
            )
        case "list[str]":
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        case "dict[str, str]":
            return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
        case _:
            return True


def _check_step(path: str, step: StepDesign, types: Mapping[str, str], effects: set[str]) -> None:
    if step.effect is not None and step.effect not in effects:
        raise ValueError(f"{path}: there is no effect {_shown(step.effect)}; add it to the effects first")
    _once(f"{path} reads a field twice", step.reads)
    for name in (*step.reads, *step.writes):
        if name not in types:
            raise ValueError(f"{path}: the context has no field {_shown(name)}; add it first")
    for name, value in step.writes.items():
        _check_value(f"{path}, which writes context.{name}", value)
        if value is None or not fits(value, types[name]):
            raise ValueError(f"{path}: {_shown(value)} is no {types[name]}, which context.{name} holds")


def _check_value(where: str, value: object) -> None:
    """Raise unless a JSON value can be kept as JSON and written as code."""
    if is_deeper(value, DEEPEST_VALUE):
        raise ValueError(f"{where}: a value nests at most {DEEPEST_VALUE} levels deep")
    level = [value]
    while level:
        item = level.pop()
        if isinstance(item, dict):
            level += [*item, *item.values()]
        elif isinstance(item, list):
            level += item
        elif isinstance(item, str) and not _is_encodable(item):
            raise ValueError(f"{where}: a text has half a sign (a surrogate), which no file keeps")
        elif isinstance(item, float) and not isfinite(item):
            raise ValueError(f"{where}: a number is finite, not {item}")
        elif isinstance(item, int) and abs(item) >= 10**MOST_DIGITS:
            raise ValueError(f"{where}: a number has at most {MOST_DIGITS} digits")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_names(where: str, parts: Iterable[StepDesign | BlockDesign]) -> None:
    _once(f"{where} has two steps", (part.name for part in parts))


def _once(what: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise ValueError(f"{what} called {_shown(name)}")


def _checked(name: str, what: str, taken: frozenset[str], reason: str) -> str:
    if len(name) > LONGEST_NAME:
        raise ValueError(f"{_shown(name)} is too long a name; {LONGEST_NAME} characters are the most")
    why = fault_of_name(name, taken | _CODE)
    if why is None and name in taken:
        why = reason
    if why is None and name.startswith("_" if what != "class" else "__"):
        why = "a leading underscore hides it" if what != "class" else "it begins with two underscores"
    if why is None and name in _CODE:
        why = "the code needs that name itself"
    if why is not None:
        raise ValueError(f"{_shown(name)} cannot name a {what}: {why}")
    return name


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - as much as one reads
