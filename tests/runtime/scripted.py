"""What the tests of the runtime share: steps that do what a script says, and four ways to run them.

A script lists, for each attempt of a step or undo, what it does: None succeeds, an outcome is returned, an exception
(or its class) is raised, `Returns(x)` returns x, and a function is called with the context (and awaited if need be).
After the script's end everything succeeds.
"""

import asyncio
import inspect
import itertools
from dataclasses import dataclass
from typing import Any

from legend_lab import CompensationOutcome, Saga, Step, StepOutcome, VirtualClock, resources
from legend_lab.runtime.current import current_path

PAUSE, UNDO_PAUSE = StepOutcome.PAUSE, CompensationOutcome.PAUSE
_numbers = itertools.count()


@dataclass(frozen=True)
class Returns:
    """Return this value, whatever it is."""

    value: Any


class World:
    """What happens outside: the scripts of all steps, and every call in order.

    It is handed in as a resource, so a run that was saved and loaded goes on in the same world.
    """

    def __init__(self, do=None, undo=None):
        self.scripts = {"do": do or {}, "undo": undo or {}}
        self.calls = []

    def count(self, call):
        return self.calls.count(call)

    async def play(self, kind, context):
        path = current_path()
        call = f"{kind} {path}"
        script, number = self.scripts[kind].get(path, ()), self.calls.count(call)
        self.calls.append(call)
        what = script[number] if number < len(script) else None
        if inspect.isfunction(what):
            what = what(context)
            if inspect.isawaitable(what):
                what = await what
        if isinstance(what, BaseException) or (isinstance(what, type) and issubclass(what, BaseException)):
            raise what
        if isinstance(what, Returns):
            return what.value
        if what is None:
            done = context.setdefault("done", [])
            done.append(path) if kind == "do" else path in done and done.remove(path)
            return StepOutcome.CONTINUE if kind == "do" else CompensationOutcome.COMPLETED
        return what


class Scripted(Step[dict]):
    """Does what the world's script says."""

    async def execute(self, ctx):
        return await resources(World).play("do", ctx)

    async def compensate(self, ctx):
        return await resources(World).play("undo", ctx)


def scripted(**settings):
    """A scripted step whose class has these settings."""
    if not settings:
        return Scripted()
    name = f"Scripted{next(_numbers)}"
    namespace = {"__module__": __name__, "__qualname__": name, **settings}
    return type(Scripted)(name, (Scripted,), namespace)()


def ignore(event):
    """Observe nothing; that there is an observer makes the driver go step by step."""


class CutClock(VirtualClock):
    """Virtual time in which given waits of the driver (by number, from 0) are cut short after a second."""

    def __init__(self, *cut, by=KeyboardInterrupt):
        super().__init__()
        self.cut, self.by, self.waits = set(cut), by, []

    async def sleep(self, seconds):
        number = len(self.waits)
        self.waits.append(seconds)
        if number in self.cut:
            self.advance(1)
            raise self.by
        await super().sleep(seconds)


class Stopper:
    """An observer at which the run is cancelled, once: at the event that is told as `"step.end a"`."""

    def __init__(self, event, by=asyncio.CancelledError):
        self.event, self.by = event, by

    def __call__(self, event):
        if f"{event.name} {event.path}" == self.event:
            self.event = None
            raise self.by


class Way:
    """One of the ways that a run can take through the driver."""

    def __init__(self, name):
        self.name = name
        self.settings = {"needs_loop": False} if name == "loopless" else {}

    def options(self):
        if self.name == "stepwise":
            return {"observers": [ignore]}
        return {"clock": VirtualClock()} if self.name in ("hosted", "loopless") else {}

    def step(self, **settings):
        return scripted(**self.settings, **settings)

    def build(self, world, steps="abc", *, on="continue", error=Exception, context=None, options=None, **settings):
        """Build a run of these steps: letters (with settings by letter), or a mapping of steps and blocks."""
        if isinstance(steps, str):
            steps = {name: self.step(**settings.get(name, {})) for name in steps}
        saga = Saga.of("Sample", steps, error=error, on_compensation_failure=on)
        given = {**self.options(), **(options or {})}
        return saga.build({} if context is None else context, resources=world, **given)

    async def start(self, world, steps="abc", **how):
        return await self.build(world, steps, **how).start()


WAYS = ["swept", "stepwise", "hosted", "loopless"]


def told(execution):
    """The journal, one line for each entry."""
    return [f"{entry.kind} {entry.path} #{entry.attempt} {entry.outcome}" for entry in execution.journal]


def state_of(execution):
    """The state as a tuple: index, steps done, attempt, retries, phase."""
    state = execution.state
    return state.current_index, state.executed_count, state.attempt, state.retry_count, state.phase.value
