"""Owns the names that steps, sagas and their fields may have."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Container

from legend_lab.core.errors import SagaDefinitionError

READABLE = 50
"""Characters of a name that is offered."""
LONGEST_NAME = 200
"""Characters that a field's name may have; longer ones fit no screen and no store's index."""


def check_field_name(owner: str, name: object, taken: frozenset[str], what: str = "field") -> None:
    """Raise unless `name` can name a field of `owner`, whose own API has the names `taken`; `what` is said of it.

    Raises:
        SagaDefinitionError: it cannot; the message says why.
    """
    why = fault_of_name(name, taken)
    if why is None and name in taken:
        why = f"it would hide {owner}.{name}, which every saga and step has"
    if why is None and str(name).startswith("_"):
        why = "a leading underscore hides it"
    if why is not None:
        raise SagaDefinitionError(f"{owner}: {_shown(name)} cannot name a {what}: {why}")


def check_class_name(name: object) -> None:
    """Raise unless `name` can name a saga that is made from values.

    Raises:
        SagaDefinitionError: it cannot; the message says why.
    """
    why = fault_of_name(name)
    if why is not None:
        raise SagaDefinitionError(f"{_shown(name)} cannot name a saga: {why}")


def fault_of_name(name: object, taken: Container[str] = ()) -> str | None:
    """Why nothing can be named so; None when it can. Offers a name that is near, can be one, and is not `taken`."""
    if not isinstance(name, str) or not name.isidentifier():
        near = re.sub(r"\W+", "_", name).strip("_") if isinstance(name, str) else ""
        can_be = near.isidentifier() and len(near) <= READABLE and near not in taken and fault_of_name(near) is None
        return f"it is no Python identifier; {_shown(near)} is one" if can_be else "it is no Python identifier"
    if keyword.iskeyword(name):
        return "it is a keyword of Python"
    if len(name) > LONGEST_NAME:
        return f"it has {len(name)} characters, and {LONGEST_NAME} is the most"
    if unicodedata.normalize("NFKC", name) != name:
        return "Python reads it as another name; write it in its normal form (NFKC)"
    return None


def _shown(name: object) -> str:
    text = repr(name)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - as much as one reads
