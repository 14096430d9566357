"""Owns how the Designer's parts stand side by side, with the workbench under them."""

from __future__ import annotations

from typing import Any

import ipywidgets

from legend_lab.ui.designer.parts import DesignBar, DesignPart, Outline, Settings, Tables
from legend_lab.ui.designer.stage import Stage
from legend_lab.ui.designer.state import DesignerState
from legend_lab.ui.lifetime import close_tree


class DesignerLayout(ipywidgets.Box):  # type: ignore[misc] # ipywidgets has no types
    """The parts in one frame that rearranges itself by its own width; see `WorkbenchLayout`."""

    def __init__(self) -> None:
        self.bar = DesignBar()
        self.outline = Outline()
        self.settings = Settings()
        self.tables = Tables()
        for name, part in self.parts.items():
            part.add_class(f"ll-area-{name}")
        grid = ipywidgets.Box(list(self.parts.values()))
        grid.add_class("ll-design-grid")
        self.stage = Stage()
        self.stage.add_class("ll-stage")
        super().__init__([grid, self.stage])
        self.add_class("ll-designer")
        self.bar.view = self.model_id or ""

    @property
    def parts(self) -> dict[str, DesignPart]:
        """Every part by the name of its grid area, which is its key in `DesignerState`."""
        return {"bar": self.bar, "outline": self.outline, "settings": self.settings, "tables": self.tables}

    def show(self, view: DesignerState) -> None:
        """Everything in `view` is shown; only what differs from what is shown is sent, and painted together."""
        states: dict[str, Any] = {**view}
        self.bar.show_all((part, states[name]) for name, part in self.parts.items())

    def dispose(self) -> None:
        """The Designer is gone from every page, and what it showed is let go."""
        close_tree(self)
