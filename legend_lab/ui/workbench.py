"""Owns the Workbench: the widget in which a person steps a saga; its commands only call the Debugger."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from legend_lab.core.errors import FaultPlanError, LegendError
from legend_lab.lab.debugger import Debugger
from legend_lab.runtime.clocks import Clock
from legend_lab.runtime.executions import ExecutionResult
from legend_lab.runtime.faults import Fault, FaultKind, FaultPlan
from legend_lab.runtime.run import SYSTEM_CLOCK
from legend_lab.saga.saga import Saga
from legend_lab.ui.commands import Commands
from legend_lab.ui.layout import WorkbenchLayout
from legend_lab.ui.lifetime import close_on_rerun
from legend_lab.ui.view import buttons_of, view_of
from legend_lab.ui.view_state import FAULT_CHOICES

BETWEEN_PICTURES_S = 0.1
"""Least time between two pictures of a long run, in seconds."""


class Workbench(WorkbenchLayout):
    """Step a saga in a notebook: make it the last line of a cell.

    It works on a deep copy of the context, so the one given stays as it is. Press `?` in it for the keys.

    Attributes:
        debugger: what the buttons call; use it from cells as you like, then `refresh()`.
    """

    def __init__(
        self,
        saga: Saga[Any, Any],
        ctx: Any,  # noqa: ANN401 - the user's own type
        *,
        faults: FaultPlan | Iterable[Fault] | Fault | None = None,
        clock: Clock = SYSTEM_CLOCK,
        resources: Any = None,  # noqa: ANN401 - whatever the user's steps ask for
    ) -> None:
        """Show `saga`, about to run with `ctx`.

        Raises:
            LegendError: the saga, a fault or the context cannot be used; the message says why.
        """
        if not isinstance(saga, Saga):
            name = saga.__name__ + " (the class)" if isinstance(saga, type) else type(saga).__name__
            raise LegendError(f"Workbench shows a saga, not {name}; make one first: MySaga(...)")
        self.debugger: Debugger[Any, Any] = Debugger(saga, ctx, faults=faults, clock=clock, resources=resources)
        self._running = False
        super().__init__()
        self._commands = Commands(self._handle, self._report, busy=self._busy)
        self._commands.listen(*self.parts.values())
        self.refresh()
        close_on_rerun(self.dispose)

    @property
    def result(self) -> ExecutionResult[Any, Any] | None:
        """The typed state the run stands in at a halt or at the end; None before."""
        return self.debugger.result

    def refresh(self) -> None:
        """Show the debugger as it is now."""
        self.show(view_of(self.debugger, running=self._running))

    async def _handle(self, command: dict[str, str]) -> None:
        """Carry out one checked command; whatever happens, what is shown afterwards is true."""
        try:
            await self._call(command)
        finally:
            self._running = False
            self.refresh()

    async def _call(self, command: dict[str, str]) -> None:
        debugger = self.debugger
        match command:
            case {"command": "step"}:
                await debugger.step()
            case {"command": "run"}:
                await self._run()
            case {"command": "reset"}:
                debugger.reset()
            case {"command": "resume"}:
                debugger.resume()
            case {"command": "abort"}:
                debugger.abort("aborted in the workbench")
            case {"command": "retry"}:
                debugger.retry()
            case {"command": "toggle_fault", "path": path, "choice": choice}:
                debugger.faults = toggled(debugger.faults, path, choice)
            case {"command": "remove_fault", "id": token}:
                debugger.faults = FaultPlan(fault for fault in debugger.faults if fault.token != token)

    async def _run(self) -> None:
        """Step until the end or a halt, with a picture now and then."""
        shown = time.monotonic()
        await self.debugger.step()
        while self.debugger.result is None:
            if time.monotonic() - shown > BETWEEN_PICTURES_S:
                self.refresh()
                shown = time.monotonic()
            await asyncio.sleep(0)  # Stop and other cells get their turn, also when no step awaits anything
            await self.debugger.step()

    def _report(self, text: str) -> None:
        self.toolbar.alert = text

    def _busy(self, busy: bool) -> None:  # noqa: FBT001 - the callback has one meaning
        self._running = busy
        self.toolbar.running = busy
        self.toolbar.buttons = buttons_of(self.debugger, running=busy)


def toggled(plan: FaultPlan, path: str, choice: str) -> FaultPlan:
    """The plan with the fault that a menu's choice names switched on, in place of another there, or off.

    Raises:
        FaultPlanError: there is no such choice.
    """
    if choice not in FAULT_CHOICES:
        raise FaultPlanError(f"the fault menu has no choice {choice[:60]!r}")
    phase, kind, attempt = FAULT_CHOICES[choice]
    fault = Fault(path, phase, 1 if attempt == "first" else "every", FaultKind(kind))
    others = [other for other in plan if (other.path, other.phase, other.attempt) != (path, phase, fault.attempt)]
    return FaultPlan(others if fault.token in {other.token for other in plan} else [*others, fault])
