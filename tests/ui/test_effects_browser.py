"""Owns the facts about effects and recorded runs in the workbench that only a real JupyterLab can show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

ARTIFACTS = Path(__file__).parents[2] / ".artifacts"

SAGA = """
from legend_lab import (
    CompensationOutcome, Fault, FaultKind, RetryPolicy, Saga, Step, StepOutcome, VirtualClock, Workbench, effects,
)
bad = '<img src=x onerror="globalThis.pwned=1"><b>key</b>'
effects.declare("bank.hold", idempotent=True)
effects.declare("hotel.booking", idempotent=True)
effects.declare("airline.seat")
effects.declare("mail.sent", irreversible=True)
class Book(Step[dict]):
    retry_policy = RetryPolicy.retries_with_backoff(1, 40)
    effect: str
    key: str | None = None
    closes: bool = True
    async def execute(self, ctx):
        ctx[self.effect] = effects.open(self.effect, self.key)
        return StepOutcome.CONTINUE
    async def compensate(self, ctx):
        if self.closes:
            effects.close(self.effect, self.key)
        ctx[self.effect] = None
        return CompensationOutcome.COMPLETED
booking = Saga.of("Booking", {
    "reserve": Book(effect="bank.hold", key=bad),
    "trip": Saga.of("Trip", {"hotel": Book(effect="hotel.booking"), "flight": Book(effect="airline.seat")}),
    "mail": Book(effect="mail.sent", closes=False),
    "charge": Book(effect="airline.seat", key="x"),
})
faults = [Fault("trip.flight", kind=FaultKind.ERROR_AFTER), Fault("charge", attempt="every", kind=FaultKind.TIMEOUT)]
"""


def rows(page: Page):
    return page.get_by_role("grid", name="Effects").get_by_role("row")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_open_effects_follow_the_undo_and_lead_back_to_where_they_were_opened(
    run_notebook: Callable[..., None], page: Page, snapshot: Callable[[str], None], theme: str
) -> None:
    run_notebook(
        "effects", SAGA, "Workbench(booking, {}, faults=faults, clock=VirtualClock())", theme=f"JupyterLab {theme}"
    )
    page.wait_for_selector(".ll-workbench")
    pane = page.locator(".ll-effects")
    expect(pane).to_contain_text("effects.declare(name)")
    snapshot(f"effects-empty-{theme.lower()}")
    for _ in range(8):
        page.get_by_role("button", name="Step").click()
    expect(rows(page).filter(has_text="airline.seat").filter(has_text="doubled: 2 times")).to_have_count(1)
    expect(rows(page).filter(has_text="mail.sent")).to_contain_text("cannot be undone")
    snapshot(f"effects-doubled-{theme.lower()}")
    page.get_by_role("button", name="Run to end").click()
    expect(page.locator(".ll-badge").first).to_contain_text("Failed and undone")
    expect(rows(page).first).to_contain_text("undone by trip.flight")  # booked twice, undone once: one still exists
    expect(rows(page).nth(1)).to_contain_text("mail.sent")
    expect(rows(page).nth(2)).to_contain_text("undone")  # what exists comes first
    hotel = rows(page).filter(has_text="hotel.booking")
    expect(hotel).to_contain_text("undone")
    snapshot(f"effects-undone-{theme.lower()}")

    hotel.get_by_role("button", name="opened by trip.hotel").click()
    expect(page.get_by_role("slider", name="History")).to_have_attribute("aria-valuenow", "2")
    expect(rows(page)).to_have_count(2)
    expect(hotel).to_contain_text("open")
    rows(page).first.focus()
    page.keyboard.press("ArrowLeft")  # by keyboard, too
    expect(page.get_by_role("slider", name="History")).to_have_attribute("aria-valuenow", "1")
    assert page.evaluate("() => globalThis.pwned") is None
    assert page.locator(".ll-effects :is(img, b)").count() == 0
    for width in (700, 1000, 1600):
        page.set_viewport_size({"width": width, "height": 1100})
        page.locator(".ll-workbench").scroll_into_view_if_needed()
        assert page.locator(".ll-effects").evaluate("pane => pane.scrollWidth <= pane.clientWidth")
        listing, effects = (page.locator(f".ll-area-{name}").bounding_box() for name in ("listing", "effects"))
        if listing["x"] < effects["x"]:  # side by side they end together, and nothing shines through below
            body = page.locator(".ll-listing").bounding_box()
            assert abs(body["y"] + body["height"] - effects["y"] - effects["height"]) < 1
        snapshot(f"effects-{width}-{theme.lower()}")


RECORDS = """
from pathlib import Path
from legend_lab import Debugger, run
paused = run(booking.build({}, faults=[Fault("mail", kind=FaultKind.PAUSE)], clock=VirtualClock()).start())
Path("run.json").write_bytes(paused.dump_json())
failed = run(booking.build({}, faults=faults, clock=VirtualClock()).start())
"""


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_an_execution_and_a_record_open_to_be_travelled_and_nothing_else(
    run_notebook: Callable[..., None], page: Page, snapshot: Callable[[str], None], theme: str
) -> None:
    run_notebook("recorded", SAGA, RECORDS, 'Workbench("run.json")', "Workbench(failed)", theme=f"JupyterLab {theme}")
    record, execution = page.locator(".ll-workbench").nth(0), page.locator(".ll-workbench").nth(1)
    expect(record.locator(".ll-badge")).to_contain_text("Paused")
    expect(record.locator(".ll-panel")).to_contain_text("resume() or abort() goes on where the run itself is")
    expect(record.locator(".ll-panel button:visible")).to_have_count(0)
    expect(record.locator(".ll-zap:visible, .ll-break:visible, .ll-remove:visible")).to_have_count(0)
    expect(record.get_by_role("button", name="Reset")).to_have_attribute("aria-disabled", "true")
    expect(record.locator(".ll-standing")).to_contain_text("nothing can be carried out")
    snapshot(f"record-paused-{theme.lower()}")
    record.get_by_role("button", name="Back").click()
    expect(record.locator(".ll-context")).to_contain_text("The context of this moment was not kept")
    snapshot(f"record-past-{theme.lower()}")
    record.get_by_role("grid", name="Program").get_by_role("row").first.focus()
    for key in ("Space", "f", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("menu")).to_be_hidden()
    expect(record.locator(".ll-alert").first).to_be_hidden()
    page.keyboard.press("Shift+R")
    expect(record.locator(".ll-alert").first).to_contain_text("This run is a recording")
    page.keyboard.press("e")
    expect(record.locator(".ll-badge")).to_contain_text("Paused")
    expect(execution.locator(".ll-badge")).to_contain_text("Failed and undone")
    expect(execution.locator(".ll-chart .bars .point").first).to_be_attached()
    execution.get_by_role("button", name="Back").click()
    expect(execution.locator(".ll-standing")).to_contain_text("Step shows what came next")
    execution.scroll_into_view_if_needed()
    execution.screenshot(path=ARTIFACTS / f"execution-past-{theme.lower()}.png", animations="disabled")


def test_a_branch_gets_a_name_an_abort_its_reason_and_every_breakpoint_a_place(
    run_notebook: Callable[..., None], page: Page, snapshot: Callable[[str], None]
) -> None:
    run_notebook(
        "decided",
        SAGA,
        "from legend_lab import Breakpoint\n"
        "bench = Workbench(booking, {}, faults=[Fault('mail', kind=FaultKind.PAUSE)], clock=VirtualClock())\n"
        "bench.debugger.breakpoints = [Breakpoint(on='rollback'), Breakpoint(condition='airline > 3')]\n"
        "bench.refresh()\nbench",
    )
    page.wait_for_selector(".ll-workbench")
    stops = page.get_by_role("list", name="Breakpoints at no row")
    expect(stops.get_by_role("listitem")).to_have_count(2)
    page.get_by_role("button", name="Remove the breakpoint before if airline > 3").click()
    expect(stops.get_by_role("listitem")).to_have_count(1)
    page.get_by_role("button", name="Run to end").click()
    expect(page.locator(".ll-badge")).to_contain_text("Paused")
    name = page.get_by_role("textbox", name="Name of a new branch")
    name.focus()
    page.keyboard.type("n: seat free")  # no key of the workbench while somebody types
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Branch n: seat free")).to_have_attribute("aria-current", "true")
    snapshot("decided-light")
    page.get_by_role("textbox", name="Note").fill("the customer rang")
    page.get_by_role("button", name="Abort").click()
    expect(page.locator(".ll-events")).to_contain_text("the customer rang")
    page.get_by_role("button", name="Run to breakpoint").click()
    expect(page.locator(".ll-badge")).to_contain_text("Failed and undone: AbortedError")
    stops.get_by_role("switch").click()
    expect(stops.get_by_role("switch")).to_have_attribute("aria-checked", "false")
