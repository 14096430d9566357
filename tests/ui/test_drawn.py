"""The chart that is drawn once for many pictures: it serves as long as it shows the same, and no longer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from inspect import isawaitable
from typing import Any

import pytest

from legend_lab import (
    CompensationOutcome,
    Debugger,
    Fault,
    FaultKind,
    Saga,
    SimulatedStep,
    Step,
    StepOutcome,
    VirtualClock,
    Workbench,
)
from legend_lab.core.errors import LegendError
from legend_lab.ui.view import Aside, view_of

CHAIN = Saga.of("Chain", {name: SimulatedStep(duration_ms=5) for name in ("one", "two", "three")})


def chain(*faults: Fault) -> Debugger[Any, Any]:
    return Debugger(CHAIN, {}, faults=list(faults), clock=VirtualClock())


async def test_to_travel_draws_no_new_chart() -> None:
    debugger, aside = chain(), Aside()
    await debugger.run()
    end = view_of(debugger, aside)
    debugger.back()
    past = view_of(debugger, aside)
    assert past["timeline"]["figure"] is end["timeline"]["figure"]
    assert past["timeline"]["position"] == end["timeline"]["position"] - 1


async def test_a_chart_is_drawn_anew_for_another_branch_and_after_a_reset_though_they_are_as_long() -> None:
    debugger, aside = chain(), Aside()
    await debugger.step()
    await debugger.step()
    debugger.back()
    debugger.faults = Fault("two")
    await debugger.step()  # another branch, as long as the first one
    for name in (debugger.branch, "main", debugger.branch):
        debugger.switch(name)
        assert view_of(debugger, aside) == view_of(debugger)
    debugger.reset()
    debugger.faults = None
    await debugger.step()
    await debugger.step()
    assert view_of(debugger, aside) == view_of(debugger)


Act = Callable[[Debugger[Any, Any]], object]
WALKS: dict[str, tuple[list[Fault], list[Act]]] = {
    "resumed": ([Fault("two", kind=FaultKind.PAUSE)], [lambda run: run.resume()]),
    "aborted": ([Fault("two", kind=FaultKind.PAUSE)], [lambda run: run.abort("enough")]),
    "crashed as planned": ([Fault("two", kind=FaultKind.CRASH_AFTER)], []),
    "crashed by hand": ([], [lambda run: run.goto(1), lambda run: run.crash(), lambda run: run.restart()]),
    "edited": ([], [lambda run: run.goto(1), lambda run: run.edit("one", "by hand")]),
    "retried": ([Fault("three"), Fault("one", "compensate")], [lambda run: run.retry()]),
    "undone by hand": ([Fault("three"), Fault("one", "compensate")], [lambda run: run.resolve("one", "by hand")]),
}


@pytest.mark.parametrize("walk", WALKS)
async def test_whatever_is_done_the_view_is_the_one_that_is_worked_out_anew(walk: str) -> None:
    faults, acts = WALKS[walk]
    debugger, aside = chain(*faults), Aside()
    steps: list[Act] = [lambda run: run.run(), *acts, lambda run: run.run(), lambda run: run.back()]
    for act in steps:
        with nullcontext() if act in acts else suppress(LegendError):  # some runs have ended by then
            done = act(debugger)
            if isawaitable(done):
                await done
        for running in (True, False):
            now = Aside(running=running, drawn=aside.drawn)
            assert view_of(debugger, now) == view_of(debugger, Aside(running=running))


class Collect(Step[dict[str, Any]]):
    """A step whose input changes while it runs, as it should not."""

    items: list[int]

    async def execute(self, ctx: dict[str, Any]) -> StepOutcome:
        self.items.append(len(self.items))
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: dict[str, Any]) -> CompensationOutcome:
        return CompensationOutcome.COMPLETED


async def test_inputs_are_listed_as_they_are_now() -> None:
    debugger, aside = Debugger(Saga.of("Collecting", {"collect": Collect(items=[])}), {}), Aside()
    view_of(debugger, aside)
    await debugger.run()
    (row,) = view_of(debugger, aside)["listing"]["program"]
    assert row["input"] == "items=[0]"


def test_a_workbench_that_is_gone_keeps_no_chart() -> None:
    bench = Workbench(CHAIN, {})
    drawn = bench._aside().drawn
    bench.dispose()
    assert bench._aside().drawn is not drawn
