"""Owns the way of a command from the browser to the code that carries it out.

The kernel hands widget messages over on several threads, whose loops differ; everything they cause must happen on the
kernel's main loop. And what goes wrong while a widget message is handled is shown nowhere by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from legend_lab.core.errors import FaultPlanError, LegendError, error_text
from legend_lab.core.text import cut
from legend_lab.ui.fault_menu import fault_of

COMMANDS: dict[str, tuple[str, ...]] = {
    "back": (),
    "step": (),
    "over": (),
    "run": (),
    "run_to_end": (),
    "stop": (),
    "reset": (),
    "fork": (),
    "fork_as": ("name",),
    "crash": (),
    "restart": (),
    "clock": (),
    "resume": (),
    "abort": ("note",),
    "retry": (),
    "resolve": ("path", "note"),
    "goto": ("branch", "position"),
    "switch": ("branch",),
    "edit": ("place", "text"),
    "toggle_breakpoint": ("path",),
    "switch_breakpoint": ("text",),
    "remove_breakpoint": ("text",),
    "toggle_fault": ("path", "choice", "delay_ms"),
    "plan_fault": ("path", "choice", "delay_ms"),
    "switch_fault": ("id",),
    "remove_fault": ("id",),
}
"""Every command, with the names of its arguments. All arguments are texts."""

PLACES = frozenset({"goto", "select"})
"""Commands of which only the last counts, when several wait."""
SETTINGS = frozenset({
    "toggle_breakpoint", "switch_breakpoint", "remove_breakpoint",
    "toggle_fault", "plan_fault", "switch_fault", "remove_fault",
})  # fmt: skip
"""Commands that only plan what stops a run or goes wrong in it, so that they need not wait for one that runs."""
MAX_TEXT = 2_000
"""Longest text that an argument may be, and that a report is."""
MAX_WAITING = 200
"""Most commands that may wait for the one being carried out: so many that no hand is too quick."""
_SHORT = 60


class UnknownCommandError(LegendError):
    """A message asks for something that no button, key or menu can send; nothing was done."""


class HearsMessages(Protocol):
    """A widget, as far as commands go."""

    def on_msg(self, callback: Callable[[Any, Any, Any], None]) -> None:
        """Call back for each message from the browser."""


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def parse(message: object, known: Mapping[str, tuple[str, ...]] = COMMANDS, longest: int = MAX_TEXT) -> dict[str, str]:
    """The command in a message, checked: a known name, exactly its arguments, each of them a text.

    Raises:
        UnknownCommandError: the message is anything else.
    """
    if not isinstance(message, dict):
        raise UnknownCommandError(f"a command is an object with a name, not {_short(message)}")
    name = message.get("command")
    if not isinstance(name, str) or name not in known:
        raise UnknownCommandError(f"there is no command {_short(name)}")
    wanted = {"command", *known[name]}
    if set(message) != wanted:
        odd = ", ".join(sorted(_short(key) for key in set(message) ^ wanted))
        raise UnknownCommandError(f"{name} takes {_listed(known[name])}; missing or too many: {odd}")
    for key in known[name]:
        value = message[key]
        if not isinstance(value, str):
            raise UnknownCommandError(f"{key} of {name} is a text, not {_short(value)}")
        if len(value) > longest:
            raise UnknownCommandError(f"{key} of {name} has {len(value)} characters; {longest} are the most")
    _check(name, message)
    return {key: message[key] for key in ("command", *known[name])}


def _check(name: str, message: dict[str, Any]) -> None:
    if name in ("toggle_fault", "plan_fault"):
        try:
            fault_of(message["path"], message["choice"], message["delay_ms"])
        except FaultPlanError as error:
            raise UnknownCommandError(str(error)) from None
    if name == "goto" and not (message["position"].isascii() and message["position"].isdigit()):
        raise UnknownCommandError(f"a position is a number, not {_short(message['position'])}")


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(names) if names else "no arguments"


class Commands:
    """Commands are carried out one at a time, in the order they came, on the loop this was made on.

    `stop` goes through at once: it cancels the command being carried out and forgets those that wait. So do `SETTINGS`,
    beside the command being carried out, where `plan` is given. Nothing that fails in here escapes: `report` gets a
    sentence about it, and an empty text when the next command begins.

    Made where no loop runs (a script, a plain test), each message is carried out before `receive` returns, on a loop
    of its own; there is nobody who could stop it.

    Args:
        handler: carries out one checked command, `{"command": name, **arguments}`. It is cancelled by `stop`, and
            must leave a state that can be shown when it is.
        report: shows a text to the user, or takes the last one away when the text is empty.
        plan: carries out one of `SETTINGS` at once; without it, `handler` does in its turn.
        busy: told whether a command is being carried out, whenever that changes. Give it to `Toolbar.running`: the
            page says by it that a stop was not heeded.
        known: the commands that there are, as in `COMMANDS`.
        longest: the longest text that an argument may be.
        awaits_nothing: the handler awaits nothing, so that it needs no loop where none runs.
    """

    def __init__(
        self,
        handler: Callable[[dict[str, str]], Awaitable[None]],
        report: Callable[[str], None],
        *,
        plan: Callable[[dict[str, str]], None] | None = None,
        busy: Callable[[bool], None] = lambda _busy: None,
        known: Mapping[str, tuple[str, ...]] = COMMANDS,
        longest: int = MAX_TEXT,
        awaits_nothing: bool = False,
    ) -> None:
        self._handler = handler
        self._report = report
        self._plan = plan
        self._busy = busy
        self._known, self._longest = known, longest
        self._awaits_nothing = awaits_nothing
        self._waiting: deque[dict[str, str]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    def listen(self, *widgets: HearsMessages) -> None:
        """From now on, the messages of these widgets are commands."""
        for widget in widgets:
            widget.on_msg(self._heard)

    def _heard(self, _widget: object, message: object, _buffers: object) -> None:
        if isinstance(message, Mapping) and "command" not in message and "kind" in message:
            return  # a part talks to its own Python side
        self.receive(message)

    def receive(self, message: object) -> None:
        """Take a message from any thread; returns at once when a loop was running where this was made."""
        try:
            command = parse(message, self._known, self._longest)
        except UnknownCommandError as error:
            self._report(f"Ignored: {error}.")
            return
        if self._loop is None:
            if self._plans(command):
                return
            if self._awaits_nothing:
                with contextlib.suppress(StopIteration):
                    self._carry_out(command).send(None)
            elif command["command"] != "stop":
                asyncio.run(self._carry_out(command))
            return
        try:
            self._loop.call_soon_threadsafe(self._accept, command)
        except RuntimeError:
            self._report("The kernel's loop has ended, so nothing can run. Run the cell again.")

    # -- on the loop --------------------------------------------------------------------------------

    def _accept(self, command: dict[str, str]) -> None:
        if command["command"] == "stop":
            self._waiting.clear()
            if self._task is not None:
                self._task.cancel()
            return
        if self._plans(command):
            return
        if command["command"] in PLACES and self._waiting and self._waiting[-1]["command"] == command["command"]:
            self._waiting.pop()  # whoever drags through the history wants to be where the pointer is now
        if len(self._waiting) >= MAX_WAITING:
            self._report(
                f"Ignored: {command['command']}. {MAX_WAITING} commands wait already; stop, or let them finish."
            )
            return
        self._waiting.append(command)
        if self._task is None:
            self._next()

    def _next(self) -> None:
        if self._waiting:
            self._task = asyncio.get_running_loop().create_task(self._carry_out(self._waiting.popleft()))
            self._task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled():
            task.exception()  # reported already; asking keeps asyncio from printing it
        self._next()

    def _plans(self, command: dict[str, str]) -> bool:
        """Whether this was a command that only plans; it has been carried out then."""
        if self._plan is None or command["command"] not in SETTINGS:
            return False
        try:
            self._report("")
            self._plan(command)
        except BaseException as error:  # noqa: BLE001 - as below
            self._report_failure(command, error)
        return True

    async def _carry_out(self, command: dict[str, str]) -> None:
        try:
            self._report("")
            self._busy(True)  # noqa: FBT003 - the callback has one meaning
            try:
                await self._handler(command)
            finally:
                self._busy(False)  # noqa: FBT003 - the same
        except asyncio.CancelledError:
            return  # stopped by the user, or the kernel ends
        except GeneratorExit:
            raise  # the loop ends
        except BaseException as error:  # noqa: BLE001 - an interrupt or a crash, too: it is shown here or nowhere
            self._report_failure(command, error)

    def _report_failure(self, command: dict[str, str], error: BaseException) -> None:
        self._report(f"{command['command'].replace('_', ' ').capitalize()} failed: {_said(error)}")


def _said(error: BaseException) -> str:
    text = error_text(error)
    if isinstance(error, LegendError):  # one of ours says all in its text
        text = text.partition(": ")[2] or text
        text = text[:1].upper() + text[1:]
    return cut(text, MAX_TEXT)
