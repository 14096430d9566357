"""Owns which step of a changed design is which step of the code: by its path, else by what it says."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from legend_lab.lab.design.model import Design

NOTHING_MOVED: Mapping[str, str] = MappingProxyType({})
"""Where nobody saw a part renamed or moved."""


def matched(old: Design, new: Design, moved: Mapping[str, str] = NOTHING_MOVED) -> dict[str, str]:
    """Path in the old design by path in the new one, of each part that is in both.

    A part is where it was seen to be `moved`, or keeps its path. Where nobody saw it renamed or moved, nothing else of
    it may have changed at once, or its class name tells, or its block, effect and fields do.
    """
    before, after = old.all_parts, new.all_parts

    def same_kind(path: str, was: str) -> bool:
        return path in after and was in before and after[path].kind == before[was].kind

    found = {path: was for path, was in moved.items() if same_kind(path, was)}
    gone = set(found.values())
    found |= {path: path for path in after if path not in found and path not in gone and same_kind(path, path)}
    for same in (_content, _class_name, _place):
        left = {path: part for path, part in before.items() if path not in set(found.values())}
        for path, part in after.items():
            if path in found:
                continue
            mark = same(path, part, found)
            twins = [other for other, item in left.items() if mark is not None and same(other, item, {}) == mark]
            if len(twins) == 1 and left[twins[0]].kind == part.kind:
                found[path] = twins[0]
                del left[twins[0]]
    return found


def _content(_path: str, part: Any, _found: dict[str, str]) -> Any:  # noqa: ANN401 - anything that can be compared
    if part.kind == "block":
        return [item.name for item in part.parts]
    return part.model_copy(update={"name": "same", "class_name": None}).model_dump()


def _class_name(_path: str, part: Any, _found: dict[str, str]) -> Any:  # noqa: ANN401 - the same
    return part.class_name


def _place(path: str, part: Any, found: dict[str, str]) -> Any:  # noqa: ANN401 - the same
    block = path.rpartition(".")[0]
    does = None if part.kind == "block" else (part.effect, tuple(part.writes), part.reads)
    return (found.get(block, block), does) if does not in (None, (None, (), ())) else None
