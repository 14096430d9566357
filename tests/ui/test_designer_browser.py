"""Owns the facts about the Designer that only a real JupyterLab in a real Chromium can show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

ARTIFACTS = Path(__file__).parents[2] / ".artifacts"
EMPTY = "from legend_lab import Designer\ndesigner = Designer()\ndesigner"
TRAVEL = """
from legend_lab import Designer, Fault
from legend_lab.lab.design.templates import TEMPLATES
designer = Designer(TEMPLATES["Travel booking"], faults=[Fault("charge", attempt="every")])
designer
"""


@pytest.fixture
def picture(page: Page) -> Callable[[str], None]:
    """Keep a picture of the Designer in `.artifacts/`, to look at; the page is high enough to show all of it."""
    ARTIFACTS.mkdir(exist_ok=True)
    page.set_viewport_size({"width": 1600, "height": 1700})

    def take(name: str) -> None:
        page.locator(".ll-designer").first.screenshot(path=ARTIFACTS / f"{name}.png", animations="disabled")

    return take


@pytest.mark.parametrize(("theme", "name"), [("JupyterLab Light", "light"), ("JupyterLab Dark", "dark")])
def test_a_template_is_shown_with_its_run(run_notebook, page: Page, picture, theme: str, name: str) -> None:
    run_notebook(f"designer-{name}", TRAVEL, theme=theme)
    page.wait_for_selector(".ll-designer .ll-chart .bars .point")
    page.get_by_role("row").filter(has_text="charge").first.click()
    expect(page.locator(".ll-settings .ll-note")).to_have_text("step charge")
    picture(f"designer-{name}")  # README shows the light one


@pytest.mark.parametrize("width", [760, 1020, 1900])
def test_it_fits_narrow_and_wide_notebooks(run_notebook, page: Page, picture, width: int) -> None:
    page.set_viewport_size({"width": width + 420, "height": 1900})
    run_notebook(f"designer-{width}", TRAVEL)
    page.wait_for_selector(".ll-designer .ll-chart .bars .point")
    for part in page.locator(".ll-designer .ll-part").all():
        assert part.evaluate("node => node.scrollWidth <= node.clientWidth + 1"), part.get_attribute("class")
    picture(f"designer-{width}")


def test_an_empty_designer_shows_how_to_begin(run_notebook, page: Page, picture) -> None:
    run_notebook("designer-empty", EMPTY)
    expect(page.get_by_role("button", name="Start from Money transfer")).to_be_visible(timeout=30_000)
    picture("designer-empty")


def outline(page: Page):
    return page.get_by_role("treegrid", name="Steps")


def names(page: Page) -> list[str]:
    return [text.strip() for text in outline(page).locator(".ld-name").all_inner_texts()]


def test_a_person_designs_a_saga_by_keyboard_only_and_runs_its_code_in_the_next_cell(
    run_notebook, page: Page, picture
) -> None:
    run_notebook("designer-keys", EMPTY)
    outline(page).get_by_role("row").first.focus()
    for name in ("reserve", "book", "charge"):
        page.keyboard.press("a")
        expect(outline(page).get_by_role("textbox")).to_be_focused()
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        expect(outline(page).get_by_role("row", name=name)).to_be_focused()
    assert names(page) == ["MySaga", "reserve", "book", "charge"]
    expect(page.locator(".ll-badge")).to_contain_text("Completed")

    page.keyboard.press("?")
    expect(page.get_by_role("list", name="Keys").first).to_be_visible()
    page.keyboard.press("?")

    # the saga gets a name: up to its row, Enter, type
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.keyboard.type("Booking")
    page.keyboard.press("Enter")
    expect(page.locator(".ll-designbar .ld-saga")).to_have_text("Booking")

    # step 3 fails twice and is not retried: what was done is undone, and seen below
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    settings = page.locator(".ll-settings")
    expect(settings.locator(".ll-note")).to_have_text("step charge")
    fails = settings.get_by_role("textbox", name="Attempts that fail")
    for _ in range(80):
        if fails.evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(fails).to_be_focused()
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(page.locator(".ll-badge")).to_contain_text("Failed and undone")
    expect(fails).to_be_focused()
    picture("designer-fails-light")

    # undo and redo
    page.keyboard.press("ControlOrMeta+z")
    expect(page.locator(".ll-badge")).to_contain_text("Completed")
    page.keyboard.press("ControlOrMeta+Shift+z")
    expect(page.locator(".ll-badge")).to_contain_text("Failed and undone")

    # the code goes into the next cell, and runs there
    page.get_by_role("button", name="Show the Python of this design").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".ld-text")).to_contain_text("class Booking(")
    picture("designer-code-light")
    page.get_by_role("button", name="Put the code into a new cell below").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".ld-hint")).to_have_text("The code is in a new cell below.")
    expect(page.locator(".jp-Cell")).to_have_count(2)
    page.evaluate(
        """() => {
            const cells = window.jupyterapp.shell.currentWidget.content.model.sharedModel;
            const run = `
from legend_lab import VirtualClock, run
result = run(saga.build(BookingContext(), clock=VirtualClock()).start())
print(type(result).__name__, len(result.journal))
print("as drawn:", result.journal.to_text() == designer.workbench.debugger.journal.to_text())
`;
            cells.insertCell(2, { cell_type: "code", source: run.trim(), metadata: {} });
            const notebook = window.jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = 1;
            return window.jupyterapp.commands.execute("notebook:run-cell-and-select-next")
                .then(() => window.jupyterapp.commands.execute("notebook:run-cell-and-select-next"));
        }"""
    )
    expect(page.locator(".jp-OutputArea-output pre").last).to_contain_text("Failed 5", timeout=15_000)
    expect(page.locator(".jp-OutputArea-output pre").last).to_contain_text("as drawn: True")


def test_rows_are_dragged_nested_and_moved(run_notebook, page: Page, picture) -> None:
    run_notebook("designer-drag", TRAVEL)
    row = lambda name: outline(page).get_by_role("row").filter(has_text=name).first  # noqa: E731
    expect(row("charge")).to_be_visible(timeout=30_000)
    row("charge").drag_to(row("reserve_funds"), target_position={"x": 90, "y": 4})
    page.wait_for_function("() => document.querySelectorAll('.ll-outline .ld-name')[1].textContent === 'charge'")
    assert names(page) == ["TravelBooking", "charge", "reserve_funds", "trip", "hotel", "flight"]
    expect(page.locator(".ld-said")).to_have_text("Move charge")
    row("charge").click()
    page.keyboard.press("Alt+ArrowDown")
    page.wait_for_function("() => document.querySelectorAll('.ll-outline .ld-name')[2].textContent === 'charge'")
    page.keyboard.press("Alt+ArrowRight")
    page.wait_for_function("() => document.querySelectorAll('.ll-outline .ld-name')[2].textContent === 'block_1'")
    expect(row("charge")).to_be_focused()
    page.keyboard.press("Alt+ArrowLeft")
    page.wait_for_function("() => document.querySelectorAll('.ll-outline .ld-name')[2].textContent === 'charge'")
    # the fault has gone with its step all the way
    expect(page.locator(".ll-chip")).to_contain_text("charge")


def test_escape_takes_a_step_back_that_was_added_to_be_named_and_leaves_one_that_was_there(
    run_notebook, page: Page
) -> None:
    run_notebook("designer-escape", EMPTY)
    outline(page).get_by_role("row").first.focus()
    field = outline(page).get_by_role("textbox")
    page.keyboard.press("a")
    expect(field).to_be_focused()
    page.keyboard.press("Enter")  # it keeps the name that it has
    expect(outline(page).get_by_role("row", name="step_1")).to_be_focused()
    page.keyboard.press("F2")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(field).to_be_focused()
    assert names(page) == ["MySaga", "step_1", "step_2"]
    page.keyboard.type("class")
    page.keyboard.press("Enter")
    expect(outline(page).get_by_role("alert")).to_contain_text("a keyword of Python")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(outline(page).get_by_role("row")).to_have_count(2)
    assert names(page) == ["MySaga", "step_1"]
    expect(outline(page).get_by_role("row", name="step_1")).to_be_focused()


HOSTILE = '<img src=x onerror="globalThis.pwned=1"><b>bold</b>'


def test_what_cannot_be_is_said_beside_the_field_and_what_was_typed_stays(run_notebook, page: Page, picture) -> None:
    run_notebook("designer-refused", TRAVEL)
    outline(page).get_by_role("row").filter(has_text="hotel").click()
    settings = page.locator(".ll-settings")
    expect(settings.locator(".ll-note")).to_have_text("step trip.hotel")
    name = settings.get_by_role("textbox", name="Name", exact=True)
    name.fill("class")
    name.press("Enter")
    expect(settings.get_by_role("alert").filter(has_text="a keyword of Python")).to_be_visible()
    expect(name).to_have_value("class")
    timeout = settings.get_by_role("textbox", name="Timeout in seconds")
    timeout.fill("soon")
    timeout.press("Enter")
    expect(settings.get_by_role("alert").filter(has_text="is no number")).to_be_visible()
    expect(timeout).to_be_focused()
    expect(name).to_have_value("class")
    picture("designer-refused-light")
    name.fill("room")
    name.press("Enter")
    expect(settings.locator(".ll-note")).to_have_text("step trip.room")

    settings.get_by_role("textbox", name="Description").fill(HOSTILE)
    settings.get_by_role("textbox", name="Description").press("Enter")
    expect(outline(page).get_by_text("<img")).to_be_visible()
    new = page.get_by_role("textbox", name="Name of a new effect")
    new.fill(HOSTILE)
    new.press("Enter")
    expect(page.get_by_role("textbox", name=f"Name of {HOSTILE}")).to_be_visible()
    expect(new).to_have_value("")
    expect(new).to_be_focused()
    assert page.evaluate("() => globalThis.pwned") is None
    assert page.locator(".ll-designer img").count() == 0


def test_what_would_change_in_a_file_is_shown_before_it_changes(run_notebook, lab, page: Page, picture) -> None:
    run_notebook("designer-file", TRAVEL)
    page.get_by_role("button", name="Show the Python of this design").click()
    panel = page.get_by_role("region", name="Code")
    expect(panel.get_by_role("textbox", name="File")).to_have_value("travel_booking.py")
    panel.get_by_role("checkbox", name="with tests").uncheck()
    panel.get_by_role("button", name="Save as .py").click()
    expect(panel.get_by_role("status")).to_have_text("Saved as travel_booking.py")
    assert not (lab.root / "test_travel_booking.py").exists()
    file = lab.root / "travel_booking.py"
    file.write_text("# by hand\n" + file.read_text())
    outline(page).get_by_role("row").filter(has_text="charge").click()
    timeout = page.get_by_role("textbox", name="Timeout in seconds")
    timeout.fill("7.5")
    timeout.press("Enter")
    expect(panel.locator("pre")).to_contain_text("timeout_s = 7.5")
    panel.get_by_role("button", name="Save as .py").click()
    expect(panel.locator("[data-sign='+']")).to_contain_text("timeout_s = 7.5")
    assert "7.5" not in file.read_text()
    page.get_by_role("button", name="Show or hide the keys").first.click()
    picture("designer-diff-light")
    panel.get_by_role("button", name="Write these changes to the file").click()
    expect(panel.get_by_role("status")).to_contain_text("Saved as travel_booking.py")
    assert file.read_text().startswith("# by hand\n")
    assert "timeout_s = 7.5" in file.read_text()


@pytest.mark.parametrize("name", ["light", "dark"])
def test_code_and_tests_are_saved_side_by_side_by_keyboard(run_notebook, lab, page: Page, picture, name: str) -> None:
    theme = f"JupyterLab {name.capitalize()}"
    run_notebook(f"designer-tests-{name}", TRAVEL, theme=theme)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Show the Python of this design").focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("region", name="Code")
    expect(panel.get_by_role("button", name="Copy to the clipboard")).to_be_focused()
    expect(panel.get_by_role("checkbox", name="with tests")).to_be_checked()
    file = panel.get_by_role("textbox", name="File")
    file.focus()
    file.fill(f"booking_{name}.py")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("status")).to_have_text(f"Saved as booking_{name}.py and test_booking_{name}.py")
    picture(f"designer-saved-both-{name}")
    assert f"import booking_{name} as drawn" in (lab.root / f"test_booking_{name}.py").read_text()

    page.get_by_role("button", name="Show the tests of that Python").focus()
    page.keyboard.press("Enter")
    tests = page.get_by_role("region", name="Tests")
    expect(tests.get_by_role("textbox", name="File")).to_have_value(f"test_booking_{name}.py")
    copy = tests.get_by_role("button", name="Copy the tests to the clipboard")
    expect(copy).to_be_focused()
    expect(copy).to_have_text("⧉Copy tests")
    page.keyboard.press("Enter")
    expect(copy).to_have_text("⧉Copied")
    assert page.evaluate("() => navigator.clipboard.readText()") == (lab.root / f"test_booking_{name}.py").read_text()
    expect(tests.get_by_role("checkbox")).to_be_hidden()
    tests.get_by_role("button", name="Save tests as .py").focus()
    page.keyboard.press("Enter")
    expect(tests.get_by_role("status")).to_have_text(f"Saved as test_booking_{name}.py")
    picture(f"designer-tests-{name}")


NOTED = """
from legend_lab import Designer, Saga, SimulatedStep
class Ring(SimulatedStep):
    def write(self, ctx): ...
designer = Designer(Saga.of("Booking", {"hotel": Ring(), "flight": Ring()}))
designer
"""


@pytest.mark.parametrize(("theme", "name"), [("JupyterLab Light", "light"), ("JupyterLab Dark", "dark")])
def test_what_was_left_out_is_noted_until_it_is_dismissed_and_fields_are_described(
    run_notebook, page: Page, picture, theme: str, name: str
) -> None:
    run_notebook(f"designer-notes-{name}", NOTED, theme=theme)
    notes = page.get_by_role("region", name="Notes")
    expect(notes.get_by_role("listitem")).to_have_count(2, timeout=30_000)
    expect(notes.get_by_role("listitem").first).to_contain_text("hotel: its execute and compensate are simulated")
    said = page.get_by_role("textbox", name="Description of hotel")
    said.fill("where they <b>sleep</b>")
    said.press("Enter")
    expect(page.locator(".ld-said")).to_have_text("Change field hotel")
    expect(said).to_have_value("where they <b>sleep</b>")
    expect(said).to_be_focused()
    picture(f"designer-notes-{name}")
    notes.get_by_role("button", name="Dismiss these notes").focus()
    page.keyboard.press("Enter")
    expect(notes).to_be_hidden()
    assert page.evaluate("() => document.querySelector('.ll-designbar').contains(document.activeElement)")


BY_HAND = """
from pathlib import Path
from legend_lab import Designer
from legend_lab.lab.design.templates import TEMPLATES
code = Designer(TEMPLATES["Travel booking"]).to_code()
mine = "def label(ctx):\\n    return ctx.room\\n\\n\\nclass BookHotel"
Path("by_hand.py").write_text(code.replace("class BookHotel", mine, 1))
designer = Designer("by_hand.py")
designer
"""


def test_what_the_opened_code_cannot_follow_is_said_until_it_is_undone(run_notebook, page: Page, picture) -> None:
    run_notebook("designer-by-hand", BY_HAND)
    against = page.locator(".ll-designbar .ld-against")
    page.wait_for_selector(".ll-designer .ll-chart .bars .point")
    expect(against).to_be_hidden()
    name = page.get_by_label("Name of room", exact=True)
    name.fill("suite")
    name.press("Enter")
    expect(against).to_contain_text("the field room cannot become suite")
    expect(against).to_contain_text(", in label, says ctx.room")
    picture("designer-against")
    page.locator(".ll-designbar").get_by_role("button", name="Undo").click()
    expect(against).to_be_hidden()
    expect(page.get_by_label("Name of room", exact=True)).to_have_value("room")
