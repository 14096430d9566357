"""Owns deep copies of contexts: the lab never works on what it was given."""

from __future__ import annotations

import copy
from typing import TypeVar

from legend_lab.core.errors import ContextCopyError, error_text
from legend_lab.lab.tree import children_of

T = TypeVar("T")


def copy_context(context: T) -> T:
    """A deep copy.

    Raises:
        ContextCopyError: some value refuses; the message names the place and what to do.
    """
    try:
        return copy.deepcopy(context)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        place = _culprit(context)
        raise ContextCopyError(
            f"{place} cannot be copied ({error_text(error)}); clients, connections and the like are no context: "
            "hand them in with resources="
        ) from error


def _culprit(value: object, place: str = "context", depth: int = 0) -> str:
    children = children_of(value) if depth < 8 else None  # noqa: PLR2004 - deeper than a person reads
    for key, child in children or ():
        try:
            copy.deepcopy(child)
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001 - whatever the value does
            return _culprit(child, f"{place}.{key.text}", depth + 1)
    return place
