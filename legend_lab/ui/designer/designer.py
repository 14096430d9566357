"""Owns the Designer: the widget in which a person draws a saga and sees it run; its commands only call pure edits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

from IPython.core.getipython import get_ipython

from legend_lab.core.errors import DesignError, LegendError
from legend_lab.lab.design import edits
from legend_lab.lab.design.building import context_of, saga_of
from legend_lab.lab.design.code import to_code
from legend_lab.lab.design.drafts import open_design
from legend_lab.lab.design.edits import Edited
from legend_lab.lab.design.files import to_json
from legend_lab.lab.design.history import Follow, History
from legend_lab.lab.design.model import Design
from legend_lab.lab.design.reading import Opened, design_of
from legend_lab.lab.design.templates import TEMPLATES
from legend_lab.lab.design.tests_out import to_test_code
from legend_lab.runtime.clocks import VirtualClock
from legend_lab.runtime.faults import Fault, FaultPlan
from legend_lab.saga.saga import Saga
from legend_lab.ui.commands import Commands
from legend_lab.ui.designer.commands import DESIGN_COMMANDS, LONGEST_TEXT
from legend_lab.ui.designer.layout import DesignerLayout
from legend_lab.ui.designer.lint import said_by_path
from legend_lab.ui.designer.panel import FilePanel
from legend_lab.ui.designer.settings import added, index_of, said, set_context, set_effect, set_part
from legend_lab.ui.designer.view import DesignAside, designer_view
from legend_lab.ui.lifetime import close_on_rerun, owned
from legend_lab.ui.workbench import Workbench

P = ParamSpec("P")
Faults = FaultPlan | Iterable[Fault] | Fault | None
Source = Design | Saga[Any, Any] | type[Saga[Any, Any]] | str | Path


class Designer(DesignerLayout):
    """Draw a saga in a notebook: make it the last line of a cell.

    Every edit can be undone; the saga runs at once, simulated and on a virtual clock, in the workbench below. What has
    run there runs again after each edit; faults and breakpoints stay at their steps.
    """

    def __init__(self, source: Source | None = None, *, faults: Faults = None) -> None:
        """Show `source`: a design, a saga or saga class, the path of a `.py` or `.json` file; nothing to begin anew.

        Raises:
            DesignError: there is no design in it; the message says why.
            FaultPlanError: a fault is at no step of it.
        """
        found = _opened(source)
        self._history = History(found.design)
        self._linted: Design | None = None
        self._findings: dict[str, list[str]] = {}
        self._aside = DesignAside(notes=found.notes)
        self._panel = FilePanel()
        self.workbench: Workbench | None = None
        super().__init__()
        self._commands = Commands(
            self._handle, self._report, known=DESIGN_COMMANDS, longest=LONGEST_TEXT, awaits_nothing=True
        )
        self._commands.listen(*self.parts.values())
        self.refresh()
        self._perform(lambda path: path, faults)
        close_on_rerun(self.dispose)

    # -- for scripts -----------------------------------------------------------------------------

    @property
    def design(self) -> Design:
        """The design as it is now."""
        return self._history.design

    @property
    def saga(self) -> Saga[Any, Exception]:
        """The saga as it is now, simulated.

        Raises:
            DesignError: it has no step yet.
        """
        return saga_of(self.design)

    @property
    def selected(self) -> str:
        """Path of the step or block whose settings are shown; "" for the saga itself."""
        return self._history.path

    def select(self, path: str) -> None:
        """The settings of the step or block at `path` are shown; those of the saga for "".

        Raises:
            DesignError: there is none.
        """
        self._history.select(path)
        self._aside.refused = {}
        self.refresh()

    def edit(self, make: Callable[Concatenate[Design, P], Edited], *args: P.args, **settings: P.kwargs) -> None:
        """Carry out an edit of `legend_lab.lab.design.edits`: `designer.edit(edits.rename, "hotel", "room")`.

        Raises:
            DesignError: it cannot be done; nothing was changed.
        """
        was = next((text for text in args if isinstance(text, str) and text in self.design.all_parts), "")
        self._keep(make(self.design, *args, **settings), was)

    def start_from(self, source: Source) -> None:
        """Another design is in this one's place; `undo` takes it back.

        Raises:
            DesignError: there is no design in it.
        """
        found = _opened(source)
        self._aside.notes, self._aside.refused = found.notes, {}
        self._keep(Edited(found.design, "", f"open {found.design.name}"))

    def undo(self) -> None:
        """The last edit is taken back.

        Raises:
            DesignError: there is none.
        """
        words = self._history.undo_words
        self._aside.refused = {}
        self._changed(self._history.undo(), f"Undone: {words}")

    def redo(self) -> None:
        """The last edit that was taken back is done again.

        Raises:
            DesignError: there is none.
        """
        words = self._history.redo_words
        self._aside.refused = {}
        self._changed(self._history.redo(), f"Done again: {words}")

    def to_code(self) -> str:
        """The design as a Python module of ordinary classes, simulated until somebody writes their bodies.

        Raises:
            DesignError: it has no step yet.
        """
        return to_code(self.design)

    def to_test_code(self, module: str) -> str:
        """Tests (pytest) of that code, imported as `module`: it runs, and is undone whichever step fails.

        Raises:
            DesignError: it has no step yet, or `module` is no module's name.
        """
        return to_test_code(self.design, module)

    def to_json(self) -> str:
        """The design as JSON."""
        return to_json(self.design)

    def insert_code(self) -> None:
        """The design's code comes into a new cell below the one that calls this.

        Raises:
            DesignError: it has no step yet, or there are no cells here.
        """
        shell: Any = get_ipython()
        if shell is None:
            raise DesignError("there are no cells here; to_code() gives the code")
        shell.set_next_input(self.to_code())

    def refresh(self) -> None:
        """Everything is shown as it is now."""
        self._aside.panel = self._panel.state(self.design, self)
        if self._linted is not self.design:
            self._linted, self._findings = self.design, said_by_path(self.design)
        self.show(designer_view(self._history, self._aside, self._findings))

    def dispose(self) -> None:
        """The Designer and its workbench are gone from every page."""
        if self.workbench is not None:
            self.workbench.dispose()
        super().dispose()

    # -- what an edit leads to -------------------------------------------------------------------

    def _keep(self, edited: Edited, was: str = "") -> None:
        former, selected = self.design, self.selected
        follow = self._history.keep(edited, was)
        if self.selected != selected:
            self._aside.refused = {}
        if self.design is former or self.design == former:
            self.refresh()
        else:
            self._changed(follow, edited.words[:1].upper() + edited.words[1:])

    def _changed(self, follow: Follow, words: str) -> None:
        self._aside.said = words
        self._panel.forget()
        self.refresh()
        self._perform(follow)

    def _perform(self, follow: Follow, faults: Faults = None) -> None:
        """The workbench has the saga as it is now; there is none while nothing is drawn."""
        if not self.design.parts:
            if faults is not None:
                raise DesignError("faults are planned at steps; this design has none yet")
            if self.workbench is not None:
                self.stage.children = ()
                self.workbench.dispose()
                self.workbench = None
            return
        saga, ctx = self.saga, context_of(self.design)
        if self.workbench is None:
            with owned():
                self.workbench = Workbench(saga, ctx, faults=faults, clock=VirtualClock())
            self.workbench.begin()
            self.stage.children = (self.workbench,)
        else:
            self.workbench.restart_with(saga, ctx, follow)

    # -- for the browser -------------------------------------------------------------------------

    async def _handle(self, command: dict[str, str]) -> None:
        """Carry out one checked command; what is refused at a field is said beside it, with what was typed."""
        match command:
            case {"command": "set", "path": path, "place": place, "text": text}:
                self._try("settings", place, text, lambda: self._keep(set_part(self.design, path, place, text), path))
            case {"command": "rename", "path": path, "text": text}:
                self._try("outline", path, text, lambda: self._keep(set_part(self.design, path, "name", text), path))
            case {"command": ("field" | "effect") as kind, "name": name, "place": place, "text": text}:
                make = set_context if kind == "field" else set_effect
                key = f"{kind}/{name}/{place}"
                self._try("tables", key, text, lambda: self._keep_beside(make(self.design, name, place, text)))
            case {"command": "open" | "save" | "write", "file": file}:
                self._file(command["command"], file)
            case _:
                self._draw(command)

    def _draw(self, command: dict[str, str]) -> None:  # noqa: C901 - one line for each command
        design = self.design
        match command:
            case {"command": "select", "path": path}:
                self.select(path)
            case {"command": "add"}:
                self._keep(added(design, self.selected))
            case {"command": "duplicate", "path": path}:
                self._keep(edits.duplicate(design, path), path)
            case {"command": "delete", "path": path}:
                self._keep(edits.delete(design, path), path)
            case {"command": "move", "path": path, "by": by}:
                self._keep(edits.move(design, path, -1 if by == "-1" else 1), path)
            case {"command": "nest", "path": path}:
                self._keep(edits.nest(design, path), path)
            case {"command": "unnest", "path": path}:
                self._keep(edits.unnest(design, path), path)
            case {"command": "place", "path": path, "block": block, "index": index}:
                self._keep(edits.place(design, path, block, index_of(index)), path)
            case {"command": "undo"}:
                self.undo()
            case {"command": "redo"}:
                self.redo()
            case {"command": "template", "title": title}:
                self._template(title)
            case {"command": "panel", "kind": kind}:
                self._panel.show(kind)
                self.refresh()

    def _try(self, part: str, key: str, text: str, do: Callable[[], None]) -> None:
        """Do it, or say beside the field why it cannot be done."""
        others = {name: item for name, item in self._aside.refused.get(part, {}).items() if name != key}
        self._aside.refused = {**self._aside.refused, part: others}
        try:
            do()
        except DesignError as error:
            self._aside.refused[part] = {**others, key: {"text": text, "why": said(error, key.rpartition("/")[2])}}
            self.refresh()

    def _keep_beside(self, edited: Edited) -> None:
        """Keep an edit of the context or of an effect: what is selected stays selected."""
        self._keep(replace(edited, path=self.selected), self.selected)

    def _template(self, title: str) -> None:
        if title not in TEMPLATES:
            raise DesignError(f"there is no template {title[:60]!r}")
        self._panel.show("")
        self.start_from(TEMPLATES[title])

    def _file(self, command: str, file: str) -> None:
        try:
            match command:
                case "open":
                    self.start_from(file)
                    self._panel.show("")
                case "save":
                    self._panel.save(self.design, file)
                case "write":
                    self._panel.write()
        except LegendError as error:
            self._panel.refuse(file, error)
        self.refresh()

    def _report(self, text: str) -> None:
        self.bar.alert = text


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
