"""Owns the run under the drawing: a workbench that follows every edit."""

from __future__ import annotations

from collections.abc import Iterable

import ipywidgets

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.building import context_of, saga_of
from legend_lab.lab.design.history import Follow
from legend_lab.lab.design.model import Design
from legend_lab.runtime.clocks import VirtualClock
from legend_lab.runtime.faults import Fault, FaultPlan
from legend_lab.ui.lifetime import owned
from legend_lab.ui.workbench import Workbench

Faults = FaultPlan | Iterable[Fault] | Fault | None


class Stage(ipywidgets.Box):  # type: ignore[misc] # ipywidgets has no types
    """Where the saga runs as it is drawn, simulated and on a virtual clock.

    Attributes:
        workbench: where it runs; None while nothing is drawn.
    """

    def __init__(self) -> None:
        self.workbench: Workbench | None = None
        super().__init__()

    def begin(self, design: Design, faults: Faults = None) -> None:
        """The saga runs to its end or a halt, with `faults` planned.

        Raises:
            DesignError: there are faults, and no step to plan them at.
            FaultPlanError: a fault is at no step of it.
        """
        if not design.parts:
            if faults is not None:
                raise DesignError("faults are planned at steps; this design has none yet")
            return
        with owned():
            self.workbench = Workbench(saga_of(design), context_of(design), faults=faults, clock=VirtualClock())
        self.workbench.begin()
        self.show(self.workbench)

    def follow(self, design: Design, follow: Follow) -> None:
        """The saga is as it is drawn now: what has run runs again, and faults and breakpoints stay at their steps."""
        if self.workbench is None:
            self.begin(design)
        elif design.parts:
            self.workbench.restart_with(saga_of(design), context_of(design), follow)
        else:
            self.dispose()

    def dispose(self) -> None:
        """The workbench is gone from every page."""
        if self.workbench is not None:
            self.show()
            self.workbench.dispose()
            self.workbench = None

    def show(self, *widgets: ipywidgets.Widget) -> None:
        """These are on it."""
        self.children = widgets
