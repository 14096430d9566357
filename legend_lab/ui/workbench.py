"""Owns the Workbench: the widget in which a person steps a saga; its commands only call the Debugger."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterable
from typing import Any, overload

from legend_lab.core.errors import LegendError
from legend_lab.lab.breakpoints import StopReason
from legend_lab.lab.debugger import Debugger
from legend_lab.lab.editing import value_at
from legend_lab.lab.opening import Shown
from legend_lab.runtime.clocks import Clock, VirtualClock
from legend_lab.runtime.execution import Execution
from legend_lab.runtime.executions import ExecutionResult
from legend_lab.runtime.faults import Fault, FaultPlan
from legend_lab.runtime.run import SYSTEM_CLOCK
from legend_lab.runtime.store import PausedRecord
from legend_lab.saga.saga import Saga
from legend_lab.ui.buttons import buttons_of
from legend_lab.ui.chart import Drawn
from legend_lab.ui.commands import Commands
from legend_lab.ui.fault_menu import fault_of
from legend_lab.ui.layout import WorkbenchLayout
from legend_lab.ui.lifetime import close_on_rerun
from legend_lab.ui.looking import NOTHING, go, look, shown_of
from legend_lab.ui.planning import Planned, switched, toggled, without
from legend_lab.ui.values import value_of
from legend_lab.ui.view import Aside, panes_of, planned_panes_of, running_panes_of
from legend_lab.ui.view_state import Refusal

BETWEEN_PICTURES_S = 0.1
"""Least time between two pictures of a long run, in seconds."""
SLOW_S = 0.3
"""After so long a command is said to be running, in seconds; shorter ones would only flicker."""


class Workbench(WorkbenchLayout):
    """Step a saga in a notebook, or look at a run: make it the last line of a cell.

    `Workbench(saga, ctx)` runs the saga on a deep copy of the context, so the one given stays as it is.
    `Workbench(execution)` and `Workbench("run.json")` show what has happened elsewhere, to travel in and look at:
    a typed execution, the record of one (of `dump_json` or a checkpoint), a debugger or its saved session. Records
    and sessions can be given as data, too. With `saga=` (the saga or its class) a record's values come back as what
    they were, and a session goes on where it was saved. Press `?` in it for the keys.

    Attributes:
        shown: what the buttons call, a `Debugger` or a `Recording`; use it from cells as you like, then `refresh()`.
    """

    @overload
    def __init__(
        self,
        source: Saga[Any, Any],
        ctx: Any,  # noqa: ANN401 - the user's own type
        *,
        faults: FaultPlan | Iterable[Fault] | Fault | None = None,
        clock: Clock = SYSTEM_CLOCK,
        resources: Any = None,  # noqa: ANN401 - whatever the user's steps ask for
    ) -> None: ...
    @overload
    def __init__(self, source: Execution[Any, Any] | Shown) -> None: ...
    @overload
    def __init__(
        self,
        source: str | os.PathLike[str] | bytes | PausedRecord,
        *,
        saga: Saga[Any, Any] | type[Saga[Any, Any]] | None = None,
        clock: Clock = SYSTEM_CLOCK,
        resources: Any = None,  # noqa: ANN401 - whatever the user's steps ask for
    ) -> None: ...
    def __init__(
        self,
        source: object,
        ctx: object = NOTHING,
        *,
        saga: object = None,
        faults: object = None,
        clock: Clock = SYSTEM_CLOCK,
        resources: Any = None,
    ) -> None:
        """Show `source`.

        Raises:
            LegendError: it, a fault or the context cannot be used; the message says why.
        """
        self.shown = shown_of(source, ctx, saga=saga, faults=faults, clock=clock, resources=resources)
        self._planned: Planned | None = None
        if isinstance(self.shown, Debugger):
            self.shown.between_steps = self._between_steps
            self._planned = Planned(self.shown)
        self._given_clock = clock
        self._virtual: bool | None = None
        self._stopped: StopReason | None = None
        self._refused: Refusal | None = None
        self._drawn = Drawn()
        self._shown_at = 0.0
        self._running = False
        self._slow: asyncio.TimerHandle | None = None
        self._runs_again = False
        super().__init__()
        self._commands = Commands(self._handle, self._report, plan=self._plan, busy=self._busy)
        self._commands.listen(*self.parts.values())
        self.refresh()
        close_on_rerun(self.dispose)

    @property
    def debugger(self) -> Debugger[Any, Any]:
        """What runs here.

        Raises:
            LegendError: a recording is shown, in which nothing runs.
        """
        if not isinstance(self.shown, Debugger):
            raise LegendError("this workbench shows a recording, in which nothing runs: it is in `shown`")
        return self.shown

    @property
    def result(self) -> ExecutionResult[Any, Any] | None:
        """The typed state the run stands in at a halt or at the end; None before."""
        return self.shown.result if isinstance(self.shown, Debugger) else self.shown.standing

    def restart_with(self, saga: Saga[Any, Any], ctx: Any, follow: Callable[[str], str | None]) -> None:  # noqa: ANN401 - the user's own type
        """Show another saga, about to run with `ctx`; what had begun to run, runs again to where it stops.

        Breakpoints and faults stay at the steps that are still there: `follow` says of a path which it is now, or None.

        Raises:
            LegendError: the saga or the context cannot be used; all is as it was.
        """
        debugger, planned = Debugger(saga, ctx, clock=self.debugger.clock), self._planned or Planned(self.debugger)
        planned.move(debugger, follow)
        self._runs_again = self._runs_again or self._running or self.debugger.length > 0
        self._commands.receive({"command": "stop"})
        debugger.between_steps = self._between_steps
        self.shown, self._planned, self._stopped, self._refused = debugger, planned, None, None
        if self._runs_again:
            self.begin()
        else:
            self.refresh()

    def begin(self) -> None:
        """It runs to where it stops, as soon as the kernel has time."""
        self._runs_again = True
        self._commands.receive({"command": "run"})

    def dispose(self) -> None:
        """The workbench is gone from every page, and what it showed is let go."""
        super().dispose()
        self._drawn = Drawn()

    def refresh(self) -> None:
        """Show the run as it is now."""
        self.show(panes_of(self.shown, self._aside()))

    def _aside(self) -> Aside:
        return Aside(
            running=self._running,
            stopped=self._stopped,
            virtual=self._virtual,
            planned=self._planned,
            refused=self._refused,
            drawn=self._drawn,
        )

    async def _handle(self, command: dict[str, str]) -> None:
        """Carry out one checked command; whatever happens, what is shown afterwards is true."""
        self._shown_at = time.monotonic()
        self._stopped = self._refused = None
        self._runs_again = False
        try:
            if isinstance(self.shown, Debugger):
                await self._call(command, self.shown)
            else:
                look(self.shown, command)
        finally:
            self._running = False
            self.refresh()

    async def _call(  # noqa: C901, PLR0912 - one line for each command
        self, command: dict[str, str], debugger: Debugger[Any, Any]
    ) -> None:
        match command:
            case {"command": "back"}:
                debugger.back()
            case {"command": "step"}:
                await debugger.step()
            case {"command": "over"}:
                self._stopped = await debugger.step_over()
            case {"command": "run"}:
                self._stopped = await debugger.run()
            case {"command": "run_to_end"}:
                await debugger.run_to_end()
            case {"command": "reset"}:
                self._reset()
            case {"command": "fork" | "fork_as", **named}:
                debugger.fork(named.get("name", "").strip() or None)
            case {"command": "switch", "branch": branch}:
                debugger.switch(branch)
            case {"command": "goto", "branch": branch, "position": position}:
                go(debugger, branch, int(position))
            case {"command": "crash"}:
                debugger.crash()
            case {"command": "restart"}:
                debugger.restart()
            case {"command": "clock"}:
                self._switch_clock()
            case {"command": "resume"}:
                debugger.resume()
            case {"command": "abort", "note": note}:
                debugger.abort(note.strip() or "aborted in the workbench")
            case {"command": "retry"}:
                debugger.retry()
            case {"command": "resolve", "path": path, "note": note}:
                debugger.resolve(path, note)
            case {"command": "edit", "place": place, "text": text}:
                self._edit(place, text)

    def _plan(self, command: dict[str, str]) -> None:
        """Carry out a command that only plans, perhaps while a step is performed: of that, no half is shown."""
        try:
            if isinstance(self.shown, Debugger):
                _set(command, self.shown, self._planned or Planned(self.shown))
            else:
                look(self.shown, command)
        finally:
            if self._running:
                self.show(planned_panes_of(self.shown, self._aside()))
            else:
                self._stopped = self._refused = None
                self.refresh()

    def _edit(self, place: str, text: str) -> None:
        """Set a value as it was typed; what is refused is said beside the field, which stays open."""
        try:
            self.debugger.edit(place, value_of(text, value_at(self.debugger.context, place)))
        except LegendError as error:
            self._refused = {"place": place, "text": text, "why": str(error)}

    def _switch_clock(self) -> None:
        """The other clock counts from the next reset, since a run has one clock; at once when nothing has run."""
        self._virtual = not (self.debugger.clock.virtual if self._virtual is None else self._virtual)
        if not self.debugger.length and len(self.debugger.branches) == 1:
            self._reset()

    def _reset(self) -> None:
        virtual, self._virtual = self._virtual, None
        if virtual is None or virtual == self.debugger.clock.virtual:
            self.debugger.reset()
        elif virtual:
            self.debugger.reset(clock=self._given_clock if self._given_clock.virtual else VirtualClock())
        else:
            self.debugger.reset(clock=SYSTEM_CLOCK if self._given_clock.virtual else self._given_clock)

    def _between_steps(self) -> None:
        """A picture now and then while several steps are carried out."""
        if self._running and time.monotonic() - self._shown_at > BETWEEN_PICTURES_S:
            self.refresh()
            self._shown_at = time.monotonic()
            self._watch()  # the picture says what comes next; that may take long, too

    def _report(self, text: str) -> None:
        self.toolbar.alert = text

    def _busy(self, busy: bool) -> None:  # noqa: FBT001 - the callback has one meaning
        self._running = busy
        self.toolbar.show({"running": busy, "slow": False, "buttons": buttons_of(self.shown, running=busy)})
        self._watch()

    def _watch(self) -> None:
        """From now on, what is performed is said once it takes long; nothing is when nothing runs."""
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None
        if self._running:
            with contextlib.suppress(RuntimeError):  # where no loop runs, nobody sees what happens meanwhile
                self._slow = asyncio.get_running_loop().call_later(SLOW_S, self._show_running)

    def _show_running(self) -> None:
        """Say what is being performed, once it takes long enough for a person to wonder."""
        self.show(running_panes_of(self.shown, self._aside()))


def _set(command: dict[str, str], debugger: Debugger[Any, Any], planned: Planned) -> None:
    """Change what is planned for what has not happened yet, as the command says."""
    match command:
        case {"command": "toggle_breakpoint", "path": path}:
            debugger.breakpoints = toggled(debugger.breakpoints, path)
        case {"command": "switch_breakpoint", "text": text}:
            debugger.breakpoints = switched(debugger.breakpoints, text)
        case {"command": "remove_breakpoint", "text": text}:
            debugger.breakpoints = without(debugger.breakpoints, text)
        case {"command": "toggle_fault", "path": path, "choice": choice, "delay_ms": delay_ms}:
            planned.toggle(fault_of(path, choice, delay_ms))
        case {"command": "plan_fault", "path": path, "choice": choice, "delay_ms": delay_ms}:
            planned.plan(fault_of(path, choice, delay_ms))
        case {"command": "switch_fault", "id": token}:
            planned.switch(token)
        case {"command": "remove_fault", "id": token}:
            planned.remove(token)
