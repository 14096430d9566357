"""Owns the Designer: the widget in which a person draws a saga and sees it run."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.building import saga_of
from legend_lab.lab.design.edits import Edited
from legend_lab.lab.design.files import to_json
from legend_lab.lab.design.history import Follow
from legend_lab.lab.design.model import Design
from legend_lab.lab.design.tests_out import to_test_code
from legend_lab.lab.subject import named
from legend_lab.saga.saga import Saga
from legend_lab.ui.commands import Commands
from legend_lab.ui.designer.cells import insert_below
from legend_lab.ui.designer.commands import DESIGN_COMMANDS, LONGEST_TEXT, carry_out
from legend_lab.ui.designer.desk import Desk, Source
from legend_lab.ui.designer.layout import DesignerLayout
from legend_lab.ui.designer.stage import Faults
from legend_lab.ui.lifetime import close_on_rerun
from legend_lab.ui.workbench import Workbench

P = ParamSpec("P")


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
        self._desk = Desk(source)
        super().__init__()
        self._commands = Commands(
            self._handle, self._report, known=DESIGN_COMMANDS, longest=LONGEST_TEXT, awaits_nothing=True
        )
        self._commands.listen(*self.parts.values())
        self.refresh()
        self.stage.begin(self.design, faults)
        close_on_rerun(self.dispose)

    @property
    def design(self) -> Design:
        """The design as it is now."""
        return self._desk.design

    @property
    def objections(self) -> tuple[str, ...]:
        """What the code that was opened has against the design as it is now, a sentence each.

        Why it cannot be saved there, or which lines to look at; nothing when no code was opened. `undo` is a way out.
        """
        return self._desk.objections

    @property
    def saga(self) -> Saga[Any, Exception]:
        """The saga as it is now, simulated.

        Raises:
            DesignError: it has no step yet.
        """
        return saga_of(self.design)

    @property
    def workbench(self) -> Workbench | None:
        """Where it runs; None while nothing is drawn."""
        return self.stage.workbench

    @property
    def selected(self) -> str:
        """Path of the step or block whose settings are shown; "" for the saga itself."""
        return self._desk.selected

    def select(self, path: str) -> None:
        """The settings of the step or block at `path` are shown; those of the saga for "".

        Raises:
            DesignError: there is none.
        """
        self._desk.select(path)
        self.refresh()

    # -- edits -----------------------------------------------------------------------------------

    def edit(self, make: Callable[Concatenate[Design, P], Edited], *args: P.args, **settings: P.kwargs) -> None:
        """Carry out an edit of `legend_lab.lab.design.edits`: `designer.edit(edits.rename, "hotel", "room")`.

        An edit that the code which was opened cannot follow is done, with a warning.

        Raises:
            DesignError: it cannot be done; nothing was changed.
        """
        if not callable(make):
            raise DesignError(
                f"an edit is a function and what it takes, as in edit(edits.rename, 'hotel', 'room'), not {named(make)}"
            )
        was = next((text for text in args if isinstance(text, str) and text in self.design.all_parts), "")
        former = self.objections
        self._show(self._desk.keep(make(self.design, *args, **settings), was))
        for objection in self.objections:
            if objection not in former:
                warnings.warn(objection, stacklevel=2)

    def start_from(self, source: Source) -> None:
        """Another design is in this one's place; `undo` takes it back.

        Raises:
            DesignError: there is no design in it.
        """
        self._show(self._desk.start_from(source))

    def undo(self) -> None:
        """The last edit is taken back.

        Raises:
            DesignError: there is none.
        """
        self._show(self._desk.undo())

    def redo(self) -> None:
        """The last edit that was taken back is done again.

        Raises:
            DesignError: there is none.
        """
        self._show(self._desk.redo())

    # -- what one takes with one -----------------------------------------------------------------

    def to_code(self) -> str:
        """The design as a Python module of ordinary classes, simulated until somebody writes their bodies.

        What was opened from code is that code still: only what the designer owns has changed in it.

        Raises:
            DesignError: it has no step yet, or the code that was opened cannot follow.
        """
        return self._desk.code()

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
        insert_below(self.to_code())

    # -- what is shown ---------------------------------------------------------------------------

    def refresh(self) -> None:
        """Everything is shown as it is now."""
        self.show(self._desk.state(self))

    def dispose(self) -> None:
        """The Designer and its workbench are gone from every page."""
        self.stage.dispose()
        super().dispose()

    def _show(self, follow: Follow | None) -> None:
        """Show what a command has led to, and run the saga again where it is another one."""
        self.refresh()
        if follow is not None:
            self.stage.follow(self.design, follow)

    async def _handle(self, command: dict[str, str]) -> None:
        self._show(carry_out(self._desk, command))

    def _report(self, text: str) -> None:
        self.bar.alert = text
