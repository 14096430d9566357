"""Owns how the workbench's parts stand side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import ipywidgets

from legend_lab.ui.lifetime import close_tree
from legend_lab.ui.parts import Context, Effects, Events, Faults, History, Listing, Part, Timeline, Toolbar


class WorkbenchLayout(ipywidgets.Box):  # type: ignore[misc] # ipywidgets has no types
    """The parts in one frame that rearranges itself by its own width, not the window's.

    The frame is a size container (`static/layout.css`); a container cannot be laid out by its own queries, so the grid
    is a box inside it. Each part names its grid area by a class `ll-area-<name>`: a further part needs an entry in
    `parts` and a place in the style sheet's areas. ipywidgets gives boxes `display: flex`, margins and
    `overflow: auto`; the sheet takes them back.
    """

    def __init__(self) -> None:
        self.toolbar = Toolbar()
        self.listing = Listing()
        self.timeline = Timeline()
        self.context = Context()
        self.effects = Effects()
        self.history = History()
        self.faults = Faults()
        self.events = Events()
        for name, part in self.parts.items():
            part.add_class(f"ll-area-{name}")
        grid = ipywidgets.Box(list(self.parts.values()))
        grid.add_class("ll-grid")
        super().__init__([grid])
        self.add_class("ll-workbench")

    @property
    def parts(self) -> dict[str, Part]:
        """Every part by the name of its grid area, which is its key in `ViewState`."""
        return {
            "toolbar": self.toolbar,
            "listing": self.listing,
            "timeline": self.timeline,
            "context": self.context,
            "effects": self.effects,
            "history": self.history,
            "faults": self.faults,
            "events": self.events,
        }

    def show(self, panes: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Each pane is sent as soon as it is known, what differs from what is shown; the page paints them together."""
        self.toolbar.show_all((self.parts[name], state) for name, state in panes)

    def dispose(self) -> None:
        """The workbench is gone from every page, and what it showed is let go."""
        close_tree(self)
