"""Owns values as a person types them into the Designer, and as they are shown there."""

from __future__ import annotations

import json
import math
from typing import Any

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.model import FieldType
from legend_lab.ui.values import ValueTextError, value_of

SCALARS = ("str", "int", "float", "bool", "object")
"""Types of the context's fields that can start with something."""


def number_of(text: str) -> float | None:
    """The number that a text says, a whole one where it is whole; None of an empty text.

    Raises:
        DesignError: it says none.
    """
    typed = text.strip().replace("_", "")
    if not typed:
        return None
    try:
        number = float(typed)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise DesignError(f"{_short(text)} is no number; write one such as 3 or 0.5")
    return int(number) if number.is_integer() and "." not in typed and "e" not in typed.lower() else number


def number_text(number: float | None) -> str:
    """A number as it is shown; nothing for None."""
    return "" if number is None else f"{number:.15g}"


def flag_of(text: str) -> bool | None:
    """Yes, no or (of an empty text) not said.

    Raises:
        DesignError: it is anything else.
    """
    flags: dict[str, bool | None] = {"true": True, "false": False, "": None}
    if text not in flags:
        raise DesignError(f"{_short(text)} is neither true nor false")
    return flags[text]


def flag_text(flag: bool | None) -> str:  # noqa: FBT001 - what is shown is a flag
    """A flag as `flag_of` reads it."""
    return {True: "true", False: "false", None: ""}[flag]


def typed_value(text: str, type: FieldType) -> Any:  # noqa: ANN401 - any JSON
    """The value of a context's field that a text says; a text needs no quotes. None of an empty text.

    Raises:
        DesignError: it says none.
    """
    if not text.strip():
        return None
    if type == "str" and not text.startswith('"'):
        return text
    if type == "bool" and text.strip().lower() in ("true", "false"):
        return text.strip().lower() == "true"
    try:
        return value_of(text, "" if type == "object" else None)
    except ValueTextError:
        raise DesignError(f"{_short(text)} is no {type}; write {_EXAMPLES[type]}") from None


_EXAMPLES: dict[FieldType, str] = {
    "str": 'a text, such as "hold_1"',
    "int": "a whole number, such as 3",
    "float": "a number, such as 0.5",
    "bool": "true or false",
    "list[str]": 'a list of texts, such as ["a", "b"]',
    "dict[str, str]": 'texts by name, such as {"a": "b"}',
    "object": 'any JSON, such as {"a": 1}',
}


def value_text(value: Any) -> str:  # noqa: ANN401 - any JSON
    """A value as `typed_value` reads it; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, str) and value == value.strip() and value and not value.startswith('"'):
        return value
    return json.dumps(value, ensure_ascii=False)


def _short(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= 60 else shown[:57] + "..."  # noqa: PLR2004 - as much as one reads
