"""Owns the names that steps, sagas and their fields may have."""

from __future__ import annotations

import keyword
import unicodedata

from legend_lab.core.errors import SagaDefinitionError

LONGEST_NAME = 200
"""Characters that a field's name may have; longer ones fit no screen and no store's index."""


def check_field_name(owner: str, name: object, taken: frozenset[str]) -> None:
    """Raise unless `name` can name a field of `owner`, whose own API has the names `taken`.

    Raises:
        SagaDefinitionError: it cannot; the message says why.
    """
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise SagaDefinitionError(f"{owner}: {_shown(name)} cannot name a step; use a Python identifier")
    if len(name) > LONGEST_NAME:
        raise SagaDefinitionError(f"{owner}: a step's name has at most {LONGEST_NAME} characters, not {len(name)}")
    if name.startswith("_"):
        raise SagaDefinitionError(f"{owner}: {_shown(name)} cannot name a step; a leading underscore hides it")
    if unicodedata.normalize("NFKC", name) != name:
        raise SagaDefinitionError(f"{owner}: {_shown(name)} looks like another name to Python; write it as it reads")
    if name in taken:
        raise SagaDefinitionError(
            f"{owner}: {name!r} would hide {owner}.{name}, which every saga and step has; rename it"
        )


def _shown(name: object) -> str:
    text = repr(name)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - as much as one reads
