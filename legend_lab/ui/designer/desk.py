"""Owns what is drawn and what is shown about it, without a widget: the design, what was said, refused and opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.drafts import open_design
from legend_lab.lab.design.edits import Edited
from legend_lab.lab.design.history import Follow, History
from legend_lab.lab.design.model import Design
from legend_lab.lab.design.opening import Opened, opened_code
from legend_lab.lab.design.reading import design_of
from legend_lab.saga.saga import Saga
from legend_lab.ui.designer.lint import said_by_path
from legend_lab.ui.designer.panel import FilePanel
from legend_lab.ui.designer.settings import said
from legend_lab.ui.designer.state import DesignerState
from legend_lab.ui.designer.view import DesignAside, designer_view

Source = Design | Saga[Any, Any] | type[Saga[Any, Any]] | str | Path


class Desk:
    """A design that is being drawn, with its history and what is opened beside it.

    What may change the design returns where its paths have gone, or None when it is as it was.

    Attributes:
        panel: code, tests and files.
    """

    def __init__(self, source: Source | None = None) -> None:
        found = _opened(source)
        self.panel = FilePanel()
        self._history = History(found.design, found)
        self._aside = DesignAside()
        self._seen: tuple[Design, Opened] | None = None
        self._findings: dict[str, list[str]] = {}

    @property
    def design(self) -> Design:
        """The design as it is now."""
        return self._history.design

    @property
    def selected(self) -> str:
        """Path of what is selected; "" for the saga itself."""
        return self._history.path

    @property
    def objections(self) -> tuple[str, ...]:
        """What the code that was opened has against the design as it is now, a sentence each."""
        self._look()
        return self._aside.objections

    def code(self) -> str:
        """The code of the design: that which was opened, saying it as it is now, or a new module.

        Raises:
            DesignError: the code that was opened cannot follow, or the design has no step yet.
        """
        return self._history.origin.code(self.design)

    def state(self, owner: object) -> DesignerState:
        """All that is shown; `owner` is what a cell would name to have the code."""
        self._look()
        self._aside.panel = self.panel.state(self.design, self._history.origin, owner)
        self._aside.simulated = tuple(self._not_in_copies())
        return designer_view(self._history, self._aside, self._findings)

    def select(self, path: str) -> None:
        """The step or block at `path` is selected, or the saga at ""; what was refused elsewhere is forgotten.

        Raises:
            DesignError: there is none.
        """
        self._history.select(path)
        self._aside.refused = {}

    # -- edits -----------------------------------------------------------------------------------

    def keep(self, edited: Edited, was: str = "", origin: Opened | None = None) -> Follow | None:
        """The design is as edited; `was` is the path of what was edited, as it was before, `origin` what was opened."""
        former, selected = self.design, self.selected
        follow = self._history.keep(edited, was, origin)
        if self.selected != selected:
            self._aside.refused = {}
        if self.design == former:
            return None
        return self._changed(follow, edited.words[:1].upper() + edited.words[1:])

    def start_from(self, source: Source) -> Follow | None:
        """Another design is in this one's place.

        Raises:
            DesignError: there is no design in it.
        """
        found = _opened(source)
        self._aside.refused = {}
        self.panel.leave()
        return self.keep(Edited(found.design, "", f"open {found.design.name}"), origin=found)

    def undo(self) -> Follow | None:
        """The last edit is taken back.

        Raises:
            DesignError: there is none.
        """
        words = self._history.undo_words
        self._aside.refused = {}
        return self._changed(self._history.undo(), f"Undone: {words}")

    def redo(self) -> Follow | None:
        """The last edit that was taken back is done again.

        Raises:
            DesignError: there is none.
        """
        words = self._history.redo_words
        self._aside.refused = {}
        return self._changed(self._history.redo(), f"Done again: {words}")

    def try_field(self, part: str, key: str, text: str, do: Callable[[], Follow | None]) -> Follow | None:
        """Do what was typed as `text` into a field; what refuses it is said beside the field, which keeps the text."""
        refused = self._aside.refused
        others = {name: item for name, item in refused.get(part, {}).items() if name != key}
        self._aside.refused = {**refused, part: others}
        try:
            return do()
        except DesignError as error:
            self._aside.refused[part] = {**others, key: {"text": text, "why": said(error, key.rpartition("/")[2])}}
            return None

    def _changed(self, follow: Follow, words: str) -> Follow:
        self._aside.said = words
        self.panel.forget()
        return follow

    def _look(self) -> None:
        """The lint and the code that was opened say what they have to say of the design as it is now, once."""
        now = self.design, self._history.origin
        if self._seen is None or self._seen[0] is not now[0]:
            self._findings = said_by_path(self.design)
        if self._seen is None or not self._seen[1].is_of(now[1]):
            self._aside.opened, self._aside.saved = now[1].notes, ()
            self.panel.home = now[1].path
        if self._seen is None or self._seen[0] is not now[0] or self._seen[1] is not now[1]:
            self._aside.objections = now[1].objections(self.design)
        self._seen = now

    # -- files -----------------------------------------------------------------------------------

    def open(self, file: str) -> Follow | None:
        """The design in a file is in this one's place; why there is none is said in the panel."""
        try:
            return self.start_from(file)
        except DesignError as error:
            self.panel.refuse(file, error)
            return None

    def save(self, file: str, *, tests: bool) -> None:
        """A file holds what the panel shows; of one that exists is shown first what would change."""
        try:
            self.panel.save(self.design, self._history.origin, file, tests=tests)
        except DesignError as error:
            self.panel.refuse(file, error)
        self._note_saved()

    def write(self, file: str) -> None:
        """What was shown to change in a file is changed."""
        try:
            self.panel.write()
        except DesignError as error:
            self.panel.refuse(file, error)
        self._note_saved()

    # -- notes -----------------------------------------------------------------------------------

    def dismiss(self) -> None:
        """What was noted is read."""
        self._aside.opened = self._aside.saved = ()
        self._history.copies = {}

    def _not_in_copies(self) -> Iterator[str]:
        """What a person wrote in what was duplicated, and its copy has not."""
        origin, design = self._history.origin, self.design
        for copy, original in self._history.copies.items():
            its_own = origin.written_in(design, copy)
            for path, methods in origin.written_in(design, original).items():
                there = copy + path[len(original) :]
                if there in design.all_parts and there not in its_own:
                    yield f"{there}: {' and '.join(methods)} simulated; what {path} has there is not copied"

    def _note_saved(self) -> None:
        """What was saved is said, and from now on it is that code which has to follow."""
        if self.panel.saved is None:
            return
        if self.panel.code is not None:
            file, noted = self.panel.code, self._aside.opened
            self._history.origin = opened_code(file.after, file.path)
            self._look()
            self._aside.opened = tuple(note for note in noted if note in self._aside.opened)
            self._aside.saved = self.panel.saved.notes


def _opened(source: Source | None) -> Opened:
    match source:
        case None:
            return Opened(Design())
        case Design():
            return Opened(source)
        case str() | Path():
            return open_design(source)
        case _:
            return design_of(source)
