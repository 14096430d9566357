"""Owns the facts about effects and recorded runs in the workbench that only a real JupyterLab can show."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

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
        snapshot(f"effects-{width}-{theme.lower()}")
