"""Owns the facts about the Workbench that only a real JupyterLab in a real Chromium can show."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

REPOSITORY = Path(__file__).parents[2]
ARTIFACTS = REPOSITORY / ".artifacts"
BAR = ".ll-chart .bars .point"
UNDO_BAR = ".ll-chart .bars .point path[style*='url(']"
"""A hatched bar: plotly fills it with a pattern."""

SAGA = """
from legend_lab import Fault, FaultKind, Saga, SimulatedStep, Workbench
booking = Saga.of("Booking", {
    "reserve": SimulatedStep(duration_ms=5, value="hold_1"),
    "trip": Saga.of("Trip", {"hotel": SimulatedStep(duration_ms=8), "flight": SimulatedStep(duration_ms=4)}),
    "charge": SimulatedStep(duration_ms=3),
})
"""
HOSTILE = """
from legend_lab import Fault, FaultKind, Saga, SimulatedStep, Step, StepOutcome, CompensationOutcome, Workbench
bad = '<img src=x onerror="globalThis.pwned=1"><b>bold</b>&lt;i&gt;</script>'
class Angry(Step[dict]):
    text: str
    async def execute(self, ctx):
        ctx[bad] = self.text
        raise ValueError(bad)
    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED
saga = Saga.of("Hostile", {"first": SimulatedStep(duration_ms=1, key=bad, value=bad), "angry": Angry(text=bad)})
angry_undo = Fault("first", "compensate", error=ValueError(bad))
bench = Workbench(saga, {"given": bad, "deep": {bad: [bad]}}, faults=[angry_undo])
bench
"""


def status(page: Page):
    return page.locator(".ll-badge").first


def rows(page: Page):
    return page.get_by_role("grid", name="Program").get_by_role("row")


@pytest.fixture
def bundled(lab: SimpleNamespace) -> str:
    shutil.copyfile(REPOSITORY / "notebooks/01_travel_booking.ipynb", lab.root / "01_travel_booking.ipynb")
    return "01_travel_booking.ipynb"


@pytest.mark.checkout
def test_the_first_notebook_runs_and_its_workbench_undoes_a_failed_flight(
    run_notebook: Callable[..., None], page: Page, snapshot: Callable[[str], None], bundled: str
) -> None:
    run_notebook(bundled)
    page.locator(".ll-workbench").scroll_into_view_if_needed()
    step = page.get_by_role("button", name="Step", exact=False).first
    expect(step).to_have_attribute("aria-disabled", "false", timeout=60_000)
    for number in range(1, 9):  # the hold, the hotel, three attempts with their waits, and one undo
        step.click()
        expect(page.locator(".ll-count").first).to_contain_text(f"entry {number} ", timeout=10_000)
    expect(status(page)).to_contain_text("SeatUnavailable")
    expect(rows(page).filter(has_text="hotel")).to_contain_text("undone")
    expect(page.locator(UNDO_BAR)).to_have_count(1)
    snapshot("travel-undoing-light")
    page.locator(".ll-workbench").evaluate("element => element.scrollIntoView({block: 'end'})")
    page.screenshot(path=ARTIFACTS / "jupyterlab-light.png", animations="disabled")  # README shows it
    page.get_by_role("button", name="Run to end").click()
    expect(status(page)).to_contain_text("Failed and undone")
    expect(page.locator(UNDO_BAR)).to_have_count(2)


def test_a_person_runs_a_saga_to_its_end_with_the_mouse_and_again_with_the_keyboard(
    run_notebook: Callable[..., None], page: Page, snapshot: Callable[[str], None]
) -> None:
    run_notebook("steps", SAGA, "Workbench(booking, {})")
    page.wait_for_selector(".ll-workbench")
    for number in range(1, 5):
        page.get_by_role("button", name="Step").click()
        expect(page.locator(".ll-count")).to_contain_text(f"entry {number} ")
    expect(status(page)).to_contain_text("Completed")
    expect(page.locator(BAR)).to_have_count(4)
    snapshot("completed-light")

    page.keyboard.press("Shift+R")
    expect(status(page)).to_contain_text("Not started")
    for _ in range(4):
        page.keyboard.press("n")
    expect(status(page)).to_contain_text("Completed")
    page.keyboard.press("Shift+R")
    page.keyboard.press("e")
    expect(status(page)).to_contain_text("Completed")
    expect(page.locator(".jp-Cell")).to_have_count(2)  # no key reached the notebook


def test_a_fault_from_the_rows_menu_is_undone_on_the_timeline_in_the_dark(
    run_notebook: Callable[..., None], page: Page, snapshot: Callable[[str], None]
) -> None:
    run_notebook("fault", SAGA, "Workbench(booking, {})", theme="JupyterLab Dark")
    page.wait_for_selector(".ll-workbench")
    rows(page).filter(has_text="charge").get_by_role("button").click()
    page.get_by_role("menuitemcheckbox", name="execute: error before the effect, first attempt").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Remove the fault")).to_have_count(1)
    page.keyboard.press("e")
    expect(status(page)).to_contain_text("Failed and undone")
    expect(page.locator(UNDO_BAR)).to_have_count(3)
    expect(rows(page).filter(has_text="flight")).to_contain_text("undone")
    snapshot("undone-dark")

    # a pause says why it stands, and offers the way on
    page.keyboard.press("Shift+R")
    page.get_by_role("button", name="Remove the fault").click()
    rows(page).filter(has_text="flight").get_by_role("button").click()
    page.get_by_role("menuitemcheckbox", name="execute: pause, first attempt").click()
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(status(page)).to_contain_text("Paused")
    snapshot("paused-dark")
    page.get_by_role("button", name="Resume").click()
    page.keyboard.press("e")
    expect(status(page)).to_contain_text("Completed")

    # so does a crash
    page.keyboard.press("Shift+R")
    page.get_by_role("button", name="Remove the fault").click()
    rows(page).filter(has_text="hotel").get_by_role("button").click()
    page.get_by_role("menuitemcheckbox", name="execute: crash after the effect, first attempt").click()
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(status(page)).to_contain_text("Restarted")
    snapshot("restarted-dark")
    page.get_by_role("button", name="Abort").click()
    page.keyboard.press("e")
    expect(status(page)).to_contain_text("Failed and undone")


def test_markup_in_values_inputs_and_errors_is_shown_as_text_everywhere(
    run_notebook: Callable[..., None], page: Page, snapshot: Callable[[str], None]
) -> None:
    run_notebook("hostile", HOSTILE)
    page.wait_for_selector(".ll-workbench")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Run to end").click()
    expect(status(page)).to_contain_text("Undo failed")
    page.wait_for_selector(BAR)
    for number in range(page.locator(BAR).count()):
        page.locator(BAR).nth(number).hover(force=True)
    snapshot("hostile-light")
    assert page.evaluate("() => globalThis.pwned") is None
    assert page.locator(".ll-workbench img, .ll-workbench b, .ll-workbench script").count() == 0
    expect(page.locator(".ll-workbench")).to_contain_text('<img src=x onerror="globalThis.pwned=1">')


def test_the_chart_offers_no_way_to_send_it_elsewhere(run_notebook: Callable[..., None], page: Page) -> None:
    run_notebook("share", SAGA, "from legend_lab import gantt, run\ngantt(run(booking.build({}).start()))")
    page.wait_for_selector(".js-plotly-plot .bars .point")
    page.locator(".js-plotly-plot").hover()
    titles = page.locator(".modebar-btn").evaluate_all("buttons => buttons.map(b => b.dataset.title || b.ariaLabel)")
    assert not [title for title in titles if "hare" in (title or "") or "loud" in (title or "")]
    assert page.locator(".modebar-btn--logo, .plotlyjsicon").count() == 0
