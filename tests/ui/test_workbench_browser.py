"""Owns the facts about the Workbench that only a real JupyterLab in a real Chromium can show."""

from __future__ import annotations

import re
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
        expect(page.locator(".ll-count").first).to_have_text(re.compile(rf"^{number} entr(y|ies) · "), timeout=10_000)
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
        page.get_by_role("button", name="Step", exact=True).click()
        expect(page.locator(".ll-count")).to_have_text(re.compile(rf"^{number} entr(y|ies) · "))
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
    rows(page).filter(has_text="charge").get_by_role("button", name="Faults of").click()
    page.get_by_role("menuitemcheckbox", name="execute: error before the effect, attempt 1").click()
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
    rows(page).filter(has_text="flight").get_by_role("button", name="Faults of").click()
    page.get_by_role("menuitemcheckbox", name="execute: pause, attempt 1").click()
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
    rows(page).filter(has_text="hotel").get_by_role("button", name="Faults of").click()
    page.get_by_role("menuitemcheckbox", name="execute: crash after the effect, attempt 1").click()
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


COUNTED = """
from legend_lab import CompensationOutcome, Fault, RetryPolicy, Saga, Step, StepOutcome, VirtualClock, Workbench
ran = []
class Book(Step[dict]):
    retry_policy = RetryPolicy.retries_with_backoff(2, 40)
    what: str
    async def execute(self, ctx):
        ran.append("do")
        ctx[self.what] = f"{self.what}_1"
        return StepOutcome.CONTINUE
    async def compensate(self, ctx):
        ran.append("undo")
        ctx[self.what] = None
        return CompensationOutcome.COMPLETED
trip = Saga.of("Trip", {"hotel": Book(what="hotel"), "flight": Book(what="flight")})
booking = Saga.of("Booking", {"reserve": Book(what="hold"), "trip": trip, "charge": Book(what="charge")})
lost = Fault("trip.flight", attempt="every")
"""


def standing(page: Page):
    return page.locator(".ll-standing")


def run_cell(page: Page, number: int) -> None:
    page.evaluate(
        """number => {
            const { content } = window.jupyterapp.shell.currentWidget;
            content.deselectAll();
            content.activeCellIndex = number;
            return window.jupyterapp.commands.execute('notebook:run-cell');
        }""",
        number,
    )


PAINTED = """() => {
    const panes = ["listing", "history", "events", "context"];
    const changed = ({ target }) => panes.find((name) => document.querySelector(`.ll-${name}`).contains(target));
    const watched = { subtree: true, childList: true, characterData: true, attributes: true };
    globalThis.painted = []; // which panes changed at once
    new MutationObserver((records) => {
        const now = new Set(records.map(changed).filter(Boolean));
        if (now.size) painted.push([...now].sort().join(" "));
    }).observe(document.querySelector(".ll-grid"), watched);
}"""


def test_all_that_a_step_changes_is_painted_at_once(run_notebook: Callable[..., None], page: Page) -> None:
    run_notebook("painted", SAGA + "Workbench(booking, {})")
    page.wait_for_selector(".ll-chart .main-svg", state="attached")
    page.evaluate(PAINTED)
    for number in range(1, 5):
        page.get_by_role("button", name="Step", exact=True).click()
        expect(page.locator(".ll-dot")).to_have_count(number)
    painted = page.evaluate("painted")
    together = [panes for panes in painted if panes == "context events history listing"]
    assert len(together) >= 3, painted  # a message may be late, and then the others do not wait for it


def test_a_person_travels_by_click_drag_and_keys_without_running_anything_and_branches_by_an_edit(
    run_notebook: Callable[..., None], page: Page, snapshot: Callable[[str], None]
) -> None:
    run_notebook("travel", COUNTED, "Workbench(booking, {}, faults=[lost], clock=VirtualClock())", "print('ran', ran)")
    page.wait_for_selector(".ll-workbench")
    page.get_by_role("button", name="Run to end").click()
    expect(status(page)).to_contain_text("Failed and undone")
    run_cell(page, 2)
    told = page.locator(".jp-OutputArea-output pre", has_text="ran ")
    expect(told).to_have_text("ran ['do', 'do', 'undo', 'undo']")

    dots, slider = page.locator(".ll-dot"), page.get_by_role("slider", name="History")
    expect(dots).to_have_count(9)
    dots.nth(2).click(force=True)  # the track below it takes the click
    expect(standing(page)).to_contain_text("After 3 of 9 entries, in the past.")
    here, there = dots.nth(2).bounding_box(), dots.nth(6).bounding_box()
    page.mouse.move(here["x"] + 6, here["y"] + 6)
    page.mouse.down()
    page.mouse.move(there["x"] + 8, there["y"] + 40, steps=8)  # off the strip, but held
    expect(standing(page)).to_contain_text("After 7 of 9 entries")
    page.mouse.up()
    slider.focus()
    page.keyboard.press("Home")
    expect(standing(page)).to_contain_text("Before the first of 9 entries")
    page.keyboard.press("End")
    expect(status(page)).to_contain_text("Failed and undone")
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "After 3 of 9 entries, in the past.")
    page.keyboard.press("b")
    page.keyboard.press("n")
    expect(slider).to_have_attribute("aria-valuenow", "3")
    expect(page.locator(".ll-events .ll-later")).to_have_count(6)
    expect(page.locator(".ll-chart .bars .ll-later")).to_have_count(4)  # two attempts and two undos
    expect(page.locator(".ll-moment-line")).to_be_visible()
    snapshot("in-the-past-light")

    value = page.get_by_role("treegrid", name="Context").get_by_role("row").filter(has_text="hotel_1")
    value.dblclick()
    page.keyboard.type("{")
    page.keyboard.press("Enter")  # a text where a text was needs no quotes
    expect(standing(page)).to_contain_text("The context was edited")
    page.keyboard.press("n")
    expect(page.locator(".ll-lane")).to_have_count(2)
    expect(page.locator(".ll-lane").nth(0).locator(".ll-dot")).to_have_count(9)
    expect(page.locator(".ll-lane").nth(1).locator(".ll-dot")).to_have_count(2)
    snapshot("two-branches-light")
    page.get_by_role("button", name="Branch main").click()
    expect(status(page)).to_contain_text("Failed and undone")
    expect(page.locator(".ll-lane.ll-shown")).to_have_count(1)
    run_cell(page, 2)
    expect(told).to_have_text("ran ['do', 'do', 'undo', 'undo']")  # the wait of the new branch runs no user code


def test_everything_can_be_done_by_keyboard_from_a_breakpoint_to_an_undo_by_hand(
    run_notebook: Callable[..., None], page: Page, snapshot: Callable[[str], None]
) -> None:
    run_notebook(
        "keys", COUNTED, "Workbench(booking, {}, faults=[lost, Fault('reserve', 'compensate')], clock=VirtualClock())"
    )
    page.wait_for_selector(".ll-workbench")
    page.get_by_role("button", name="Step").focus()
    page.keyboard.press("ArrowDown")  # into the rows, from the step that comes next
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(rows(page).filter(has_text="flight")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Breakpoint at trip.flight: before trip.flight")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("c")
    expect(standing(page)).to_contain_text("Breakpoint before trip.flight: execute trip.flight comes next.")
    snapshot("breakpoint-light")
    page.keyboard.press("f")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("menu")).to_be_hidden()

    # a value is edited, refused in words, and edited again
    value = page.get_by_role("treegrid", name="Context").get_by_role("row").filter(has_text="hold_1")
    value.focus()
    page.keyboard.press("F2")
    page.keyboard.type("null")
    page.keyboard.press("Enter")
    expect(value.or_(page.get_by_role("row", name="hold None"))).to_contain_text("None")
    page.keyboard.press("Enter")
    page.keyboard.type("no value")
    page.keyboard.press("Enter")
    expect(page.locator(".ll-why")).to_contain_text("is no value: write JSON or a Python literal")
    snapshot("refused-light")
    page.keyboard.press("Escape")

    page.keyboard.press("e")
    expect(status(page)).to_contain_text("Undo failed")
    snapshot("resolve-light")
    page.get_by_role("textbox", name="Note").focus()
    page.keyboard.type("n: rang the bank")  # no key of the workbench while somebody types
    page.keyboard.press("Enter")
    expect(status(page)).to_contain_text("Failed and undone")
    expect(page.locator(".ll-events")).to_contain_text("n: rang the bank")
    page.keyboard.press("Shift+R")
    page.keyboard.press("n")
    page.keyboard.press("Shift+X")
    expect(status(page)).to_contain_text("Process dead")
    snapshot("dead-light")
    page.get_by_role("button", name="Restart", exact=True).press("Enter")
    expect(status(page)).to_contain_text("Restarted")
    expect(page.locator(".jp-Cell")).to_have_count(2)  # no key reached the notebook


MANY = """
from legend_lab import Fault, RetryPolicy, Saga, SimulatedStep, VirtualClock, Workbench
class Flaky(SimulatedStep):
    retry_policy = RetryPolicy.retries_with_backoff(2, 5)
night = Saga.of("Night", {f"b{b}": Saga.of("B", {f"s{n}": Flaky(duration_ms=3) for n in range(10)}) for b in range(8)})
faults = [Fault(f"b{b}.s{n}") for b in range(8) for n in (0, 4)]
faults += [Fault("b7.s9", attempt="every"), Fault("b2.s2", "compensate")]
Workbench(night, {"given": 1}, faults=faults, clock=VirtualClock())
"""


def test_two_hundred_entries_stay_easy_to_travel_in_the_dark(
    run_notebook: Callable[..., None], page: Page, snapshot: Callable[[str], None]
) -> None:
    run_notebook("many", MANY, theme="JupyterLab Dark")
    page.wait_for_selector(".ll-workbench")
    page.get_by_role("button", name="Run to end").click()
    expect(status(page)).to_contain_text("Undo failed")
    assert page.locator(".ll-dot").count() <= 150
    slider = page.get_by_role("slider", name="History")
    length = int(slider.get_attribute("aria-valuemax"))
    assert length > 190
    slider.focus()
    page.keyboard.press("ArrowLeft")  # an entry at a time, however many share a dot
    expect(slider).to_have_attribute("aria-valuenow", str(length - 1))
    box, here = (page.locator(name).bounding_box() for name in (".ll-lanes", ".ll-here"))
    page.mouse.click((box["x"] + here["x"] + here["width"] / 2) / 2, box["y"] + 13)
    middle = "|".join(str(length // 2 + off) for off in range(-2, 3))
    expect(slider).to_have_attribute("aria-valuenow", re.compile(f"^({middle})$"))
    snapshot("many-entries-dark")
