"""Owns the pictures of the workbench's ten states, each with what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

ARTIFACTS = Path(__file__).parents[2] / ".artifacts"

SAGA = """
import asyncio
from legend_lab import (
    CompensationOutcome, Fault, FaultKind, RetryPolicy, Saga, Step, StepOutcome, VirtualClock, Workbench, effects
)
for name in ("card.hold", "hotel.booking", "flight.booking", "card.charge", "mail.sent", "test.effect"):
    effects.declare(name, idempotent=True)
from legend_lab.lab.breakpoints import Breakpoint
class SeatUnavailable(Exception): ...
class Book(Step[dict]):
    retry_policy = RetryPolicy.retries_with_backoff(2, 40)
    what: str
    effect: str = "test.effect"
    wait_s: float = 0.2
    async def execute(self, ctx):
        await asyncio.sleep(self.wait_s)
        effects.open(self.effect)
        ctx[self.what] = f"{self.what}_1"
        return StepOutcome.CONTINUE
    async def compensate(self, ctx):
        await asyncio.sleep(self.wait_s / 2)
        effects.close(self.effect)
        ctx[self.what] = None
        return CompensationOutcome.COMPLETED
trip = Saga.of("Trip", {
    "hotel": Book(what="hotel", effect="hotel.booking", wait_s=0.26),
    "flight": Book(what="flight", effect="flight.booking", wait_s=0.31),
})
steps = {
    "reserve_funds": Book(what="hold", effect="card.hold", wait_s=0.12),
    "trip": trip,
    "charge": Book(what="charge", effect="card.charge"),
    "confirm": Book(what="mail", effect="mail.sent"),
}
booking = Saga.of("TravelBooking", steps)
lost = Fault("trip.flight", attempt="every", error=SeatUnavailable("UA123"))
def shown(*faults):
    return Workbench(booking, {"traveller": "Ada", "cancelled": 0}, faults=faults, clock=VirtualClock())
"""
MANY = """
class Flaky(Book):
    wait_s: float = 0.01
night = Saga.of("Night", {f"b{b}": Saga.of("B", {f"s{n}": Flaky(what=f"v{n}") for n in range(10)}) for b in range(9)})
bench = Workbench(night, {}, faults=[Fault(f"b{b}.s3") for b in range(9)] + [Fault("b8.s9", attempt="every")],
    clock=VirtualClock())
while bench.debugger.length < 200:
    await bench.debugger.step()
bench.refresh()
bench
"""
CELLS = {
    "fresh": "shown()",
    "running": "Workbench(Saga.of('Slow', {'first': Book(what='a'), 'wait': Book(what='b', wait_s=600)}), {})",
    "breakpoint": "b = shown()\nb.debugger.breakpoints = [Breakpoint('charge', condition='hotel == \"hotel_1\"')]"
    "\nb.refresh()\nb",
    "paused": "shown(Fault('charge', kind=FaultKind.PAUSE))",
    "rolling-back": "b = shown(lost)\nfor _ in range(8): await b.debugger.step()\nb.refresh()\nb",
    "failed-undo": "shown(lost, Fault('reserve_funds', 'compensate', error=ConnectionError('the bank is silent')))",
    "completed": "shown()",
    "two-branches": "b = shown(lost)\nawait b.debugger.run_to_end()\nb.debugger.goto(2)\nb.debugger.faults = []\n"
    "await b.debugger.step()\nawait b.debugger.step()\nb.refresh()\nb",
    "200-entries": MANY,
}
SAYS = {
    "fresh": ("Not started", "Nothing has run yet.|Next: execute reserve_funds, step 1 of 5."),
    "running": ("Running", "Performing: execute wait, step 2 of 2.|Stop ends it where it awaits something."),
    "breakpoint": ("Going forward", '● Breakpoint before charge if hotel == "hotel_1": execute charge comes next.'),
    "paused": ("Paused", "charge asks to wait.|Decide below how to go on."),
    "rolling-back": ("Undoing: SeatUnavailable", "trip.hotel is undone.|Next: undo reserve_funds."),
    "failed-undo": ("Undo failed", "Rollback is over, but not undone: reserve_funds.|Decide below."),
    "completed": ("Completed", "All 5 steps are done.|Reset starts over."),
    "two-branches": ("Going forward", "charge is done.|Next: execute confirm, step 5 of 5."),
    "200-entries": ("Undoing: InjectedError", "is undone.|Next: undo"),
}
COMMANDS = {"running": "e", "breakpoint": "c", "paused": "e", "failed-undo": "e", "completed": "e"}


def test_each_state_says_where_it_stands(run_notebook: Callable[..., None], page: Page) -> None:
    run_notebook("states", SAGA, *CELLS.values())
    benches = page.locator(".ll-workbench")
    expect(benches).to_have_count(len(CELLS), timeout=30_000)
    ARTIFACTS.mkdir(exist_ok=True)
    for number, (name, (badge, standing)) in enumerate(SAYS.items()):
        bench = benches.nth(number)
        bench.scroll_into_view_if_needed()
        if name in COMMANDS:
            bench.locator(".ll-toolbar").focus()
            page.keyboard.press(COMMANDS[name])
        expect(bench.locator(".ll-badge").first).to_contain_text(badge)
        for part in standing.split("|"):
            expect(bench.locator(".ll-standing")).to_contain_text(part)
        expect(bench.locator(".ll-chart .main-svg").first).to_be_attached()
        bench.screenshot(path=ARTIFACTS / f"state-{name}.png", animations="disabled")
    many = benches.nth(list(SAYS).index("200-entries"))
    expect(many.locator(".ll-events .ll-next")).to_be_in_viewport()  # the end of the log is in view
    pane, lanes = many.locator(".ll-timeline .ll-body"), many.locator(".ll-chart g.ytick")
    for top, seen, unseen in ((0, "b0", "b8"), (300, "b2", "b0"), (100_000, "b8", "b0")):
        pane.evaluate("(node, top) => node.scrollTo(0, top)", top)
        expect(lanes.filter(has_text=seen)).to_have_count(1)
        expect(lanes.filter(has_text=unseen)).to_have_count(0)
        expect(many.locator(".ll-chart .xtick text").first).to_have_text("0")
        assert pane.evaluate(IN_VIEW)
        assert 10 < lanes.count() < 50, "only the lanes in view are drawn"
    assert benches.nth(list(SAYS).index("two-branches")).locator(".ll-lane").count() == 2
    dark = benches.nth(list(SAYS).index("rolling-back"))
    page.evaluate("() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    page.wait_for_function("() => document.body.dataset.jpThemeName === 'JupyterLab Dark'")
    dark.scroll_into_view_if_needed()
    ground = dark.locator(".ll-listing").evaluate("node => getComputedStyle(node).backgroundColor")
    assert max(int(part) for part in ground.strip("rgb()").split(",")) < 64
    dark.screenshot(path=ARTIFACTS / "state-dark.png", animations="disabled")
    running = benches.nth(list(SAYS).index("running"))
    running.get_by_role("button", name="Stop").click()
    expect(running.locator(".ll-badge").first).to_contain_text("Stopped")


IN_VIEW = """node => {
    const [pane, axis] = [node, node.querySelector(".xaxislayer-above")].map(each => each.getBoundingClientRect());
    return axis.top >= pane.top && axis.bottom <= pane.bottom + 1 && axis.height > 0;
}"""
"""Whether the time axis is inside its pane."""

STRIP = {
    "fail": ("b = shown(lost)\nfor _ in range(7): await b.debugger.step()\nb.refresh()\nb", "failed at attempt 3"),
    "undo": ("await b.debugger.run_to_end()\nb.refresh()\nb", "what was done is undone"),
    "travel": ("b.debugger.goto(2)\nb.refresh()\nb", "After 2 of 9 entries, in the past."),
}
"""A story in three pictures: a step fails, what was done is undone, and one goes back to look."""


def test_a_run_that_fails_is_undone_and_travelled_in(run_notebook: Callable[..., None], page: Page) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    for name, (cell, says) in STRIP.items():
        setup = [made for made, _ in list(STRIP.values())[: list(STRIP).index(name)]]
        run_notebook(f"strip-{name}", SAGA, "\n".join([*setup, cell]))
        bench = page.locator(".ll-workbench")
        expect(bench.locator(".ll-standing")).to_contain_text(says)
        expect(bench.locator(".ll-chart .main-svg").first).to_be_attached()
        bench.screenshot(path=ARTIFACTS / f"strip-{name}.png", animations="disabled")
