"""Owns the history of a design: every edit with its words, to be undone and done again, and what is selected."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from legend_lab.core.errors import DesignError
from legend_lab.core.text import kind_of
from legend_lab.lab.design.edits import AnyPart, Edited, part_at
from legend_lab.lab.design.model import Design
from legend_lab.lab.design.opening import Opened

MOST_EDITS = 1_000
"""Edits that are kept; beyond that the oldest can no longer be undone."""

Follow = Callable[[str], str | None]
"""Says of a path before an edit which path it is after it; None when it is gone."""


@dataclass(frozen=True, slots=True)
class _Edit:
    """An edit, with what it leads from and to."""

    before: Design
    after: Design
    was: str
    path: str
    words: str
    opens: bool
    origins: tuple[Opened, Opened]
    """What it was opened from, before and after."""
    copies: tuple[Mapping[str, str], Mapping[str, str]]
    """The copies before and after."""


class History:
    """A design as it is now, with the edits that led to it and those that were undone.

    Attributes:
        design: the design as it is now.
        origin: what it was opened from, and is kept in, with what has moved since.
        copies: for a step or block that was duplicated, by its path: path of what it is a copy of.
    """

    def __init__(self, design: Design, origin: Opened | None = None) -> None:
        self.design = design
        self.origin = origin or Opened(design)
        self.copies: Mapping[str, str] = {}
        self._path = ""
        self._done: deque[_Edit] = deque(maxlen=MOST_EDITS)
        self._undone: list[_Edit] = []

    @property
    def path(self) -> str:
        """Path of the step or block that is selected; "" for the saga itself."""
        return self._path

    def select(self, path: str) -> None:
        """The step or block at `path` is selected; "" selects the saga itself.

        Raises:
            DesignError: there is none.
        """
        if not isinstance(path, str):
            raise DesignError(f"a path is a text such as 'trip.hotel', not {kind_of(path)}")
        if path:
            part_at(self.design, path)
        self._path = path

    @property
    def undo_words(self) -> str | None:
        """What `undo` would take back, as one says it; None when there is nothing."""
        return self._done[-1].words if self._done else None

    @property
    def redo_words(self) -> str | None:
        """What `redo` would do again, as one says it; None when there is nothing."""
        return self._undone[-1].words if self._undone else None

    def keep(self, edited: Edited, was: str = "", origin: Opened | None = None) -> Follow:
        """The design is as edited; what was undone before is forgotten. An edit that changed nothing is none.

        Args:
            edited: what came of the edit.
            was: path of what was edited, as it was before.
            origin: what was opened, when that is the edit.

        Returns:
            Where each path has gone.

        Raises:
            DesignError: it is no edit of a design, or there is nothing at its path.
        """
        if not _is_edit(edited):
            raise DesignError(
                f"an edit gives back an Edited (design, path, words), as those of legend_lab.lab.design.edits do; "
                f"this one gave {type(edited).__name__}"
            )
        if edited.path:
            part_at(edited.design, edited.path)
        before, self._path = self.design, edited.path
        if edited.design == before:
            self.origin = origin or self.origin
            return _follow(before, before, "", "")
        self.design = edited.design
        follow = _follow(before, edited.design, was, edited.path)
        origins = self.origin, origin or _moved(self.origin, before, follow)
        copies = {} if origin is not None else _followed(self.copies, follow)
        if edited.copied:
            copies[edited.path] = edited.copied
        opens, both = origin is not None, (self.copies, copies)
        self._done.append(_Edit(before, edited.design, was, edited.path, edited.words, opens, origins, both))
        self._undone.clear()
        self.origin, self.copies = origins[1], copies
        return follow

    def undo(self) -> Follow:
        """The last edit is taken back; where each path has gone.

        Raises:
            DesignError: there is none.
        """
        if not self._done:
            raise DesignError("there is nothing to undo")
        edit = self._done.pop()
        self._undone.append(edit)
        self.design, self.copies = edit.before, edit.copies[0]
        self._path = edit.was if edit.was in edit.before.all_parts else ""
        follow = _follow(edit.after, edit.before, edit.path, edit.was)
        self.origin = self._origin_at(edit, 0, edit.after, follow)
        return follow

    def redo(self) -> Follow:
        """The last edit that was taken back is done again; where each path has gone.

        Raises:
            DesignError: there is none.
        """
        if not self._undone:
            raise DesignError("there is nothing to do again")
        edit = self._undone.pop()
        self._done.append(edit)
        self.design, self.copies = edit.after, edit.copies[1]
        self._path = edit.path
        follow = _follow(edit.before, edit.after, edit.was, edit.path)
        self.origin = self._origin_at(edit, 1, edit.before, follow)
        return follow

    def _origin_at(self, edit: _Edit, side: int, before: Design, follow: Follow) -> Opened:
        """What it was opened from beside an edit; or what was saved and read again since, with what moves in that."""
        there = edit.origins[side]
        return there if edit.opens or there.is_of(self.origin) else _moved(self.origin, before, follow)


def _is_edit(value: Any) -> bool:  # noqa: ANN401 - whatever a function of somebody's own gave back
    if not isinstance(value, Edited):
        return False
    held: tuple[Any, ...] = (value.design, value.path, value.copied)
    return all(isinstance(item, kind) for item, kind in zip(held, (Design, str, str), strict=True))


def _moved(origin: Opened, before: Design, follow: Follow) -> Opened:
    """The same origin, with where each of its parts is after an edit of `before`."""
    if origin.module is None:
        return origin
    known, gone = origin.module.design.all_parts, set(origin.moved.values())
    were = {path: path for path in before.all_parts if path in known and path not in gone} | dict(origin.moved)
    moved = {now: was for path, was in were.items() if (now := follow(path)) is not None and now != was}
    return origin if moved == origin.moved else replace(origin, moved=moved)


def _followed(copies: Mapping[str, str], follow: Follow) -> dict[str, str]:
    """The copies that are still there, with what they are copies of, where both are now."""
    pairs = ((follow(copy), follow(original)) for copy, original in copies.items())
    return {copy: original for copy, original in pairs if copy is not None and original is not None}


def _follow(before: Design, after: Design, old: str, new: str) -> Follow:
    """Where paths go when what was at `old` is at `new`: it and what is in it have moved, all else stays or is gone."""
    were, are = before.all_parts, after.all_parts
    has_gone, has_come = _differ(old, were, are), _differ(new, are, were)
    has_moved = has_gone and has_come

    def follow(path: str) -> str | None:
        inside = path == old or path.startswith(f"{old}.")
        there = new + path[len(old) :] if has_moved and inside else path
        return there if there in are else None

    return follow


def _differ(path: str, here: Mapping[str, AnyPart], there: Mapping[str, AnyPart]) -> bool:
    """Say whether something is at a path here, and there nothing, or a step instead of a block."""
    return path in here and (path not in there or here[path].kind != there[path].kind)
