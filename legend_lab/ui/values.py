"""Owns values as a person types them into the context."""

from __future__ import annotations

import ast
import json

from legend_lab.core.errors import LegendError
from legend_lab.lab.tree import safe_repr


class ValueTextError(LegendError):
    """A text says no value."""


def value_of(text: str, before: object) -> object:
    """The value that `text` says, as JSON or as a Python literal; where a text was before, it may do without quotes.

    Raises:
        ValueTextError: it is neither; the message shows how to write it.
    """
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text.strip())
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
    if isinstance(before, str):
        return text
    raise ValueTextError(
        f"{safe_repr(text, 80)} is no value: write JSON or a Python literal, such as 3, null or a text in quotes"
    )
