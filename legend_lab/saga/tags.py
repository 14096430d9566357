"""Owns class tags: how a record names a step's or block's class, and which class a tag may mean."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel

from legend_lab.core.errors import SagaMismatchError

M = TypeVar("M", bound=BaseModel)


def tag_of(cls: type) -> str:
    """The tag of a class: its qualified name without its module, so a notebook and a script agree."""
    tag: str = cls.__dict__.get("__legend_tag__") or cls.__qualname__
    return tag


def class_tagged(tag: object, annotated: type[M]) -> type[M]:
    """The class that `tag` means where `annotated` is declared: itself or a known subclass.

    A class that was defined again (in a notebook cell, say) stands for its former selves.

    Raises:
        SagaMismatchError: there is none, or two modules have one.
    """
    if not isinstance(tag, str):
        raise SagaMismatchError("the record's inputs name no class")
    newest: dict[str, type[M]] = {}
    for cls in _descendants(annotated):
        if tag_of(cls) == tag:
            newest[cls.__module__] = cls
    if annotated.__module__ in newest and len(newest) > 1:
        return newest[annotated.__module__]
    if len(newest) > 1:
        raise SagaMismatchError(f"{tag!r} may be a class of {' or '.join(sorted(newest))}; rename one of them")
    if not newest:
        raise SagaMismatchError(f"the record names {tag[:80]!r}, which is no known {tag_of(annotated)}")
    return next(iter(newest.values()))


def _descendants(cls: type[M]) -> list[type[M]]:
    """The class and all its subclasses, older ones first."""
    found, waiting = [], [cls]
    while waiting:
        current = waiting.pop(0)
        found.append(current)
        waiting.extend(current.__subclasses__())
    return found
