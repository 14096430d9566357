from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import workbench_samples as samples
from playwright.sync_api import Page, expect

from legend_lab.ui.parts import Context, Events, Faults, Listing, Part, Toolbar

pytestmark = pytest.mark.browser

ARTIFACTS = Path(__file__).parents[2] / ".artifacts"
DEMO = """
from workbench_samples import Demo
demo = Demo()
demo.layout.toolbar.unheeded = {"after_ms": 10, "text": "Not stopped yet."}
demo.layout
"""
DRAWN = ".ll-chart .bars .point"


def heard(page: Page, **command: str) -> None:
    expect(page.locator(".ll-next").last).to_have_text("heard " + json.dumps(command))


def focused(page: Page) -> str:
    return page.evaluate("() => document.activeElement.closest('.ll-part')?.className ?? 'elsewhere'")


def test_mouse_and_keyboard_send_commands(  # noqa: PLR0915 - one notebook, many small facts
    lab: SimpleNamespace, run_notebook: Callable[..., None], page: Page, snapshot: Callable[[str], None]
) -> None:
    run_notebook("commands", DEMO)
    page.wait_for_selector(DRAWN)
    snapshot("workbench-light")
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    rows = page.get_by_role("grid", name="Program").get_by_role("row")

    # the mouse
    page.get_by_role("button", name="Run to end").click()
    heard(page, command="run_to_end")
    rows.filter(has_text="flight").get_by_role("button", name="Faults of").click()
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("menuitemcheckbox")).to_have_count(26)
    page.screenshot(path=ARTIFACTS / "fault-menu-light.png")
    timeout = menu.get_by_role("menuitemcheckbox", name="execute: timeout, every attempt")
    expect(timeout).to_have_attribute("aria-checked", "false")
    timeout.click()
    heard(page, command="toggle_fault", path="trip.flight", choice="execute.timeout.every", delay_ms="")
    expect(timeout).to_have_attribute("aria-checked", "true")
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    page.get_by_role("button", name="Remove the fault trip.flight · undo #1 · timeout").click()
    heard(page, command="remove_fault", id="f3")
    assert "ll-faults" in focused(page)  # the clicked button is gone, the keys still work

    # a button that cannot be used says so, keeps the focus and sends nothing
    stop = page.get_by_role("button", name="Stop")
    expect(stop).to_have_attribute("aria-disabled", "true")
    stop.click(force=True)  # playwright itself would wait until it can be used
    heard(page, command="remove_fault", id="f3")

    # the keyboard, from the toolbar into the listing
    page.keyboard.press("e")
    heard(page, command="run_to_end")
    page.keyboard.press("Shift+R")
    heard(page, command="reset")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("f")
    expect(menu).to_be_visible()
    for key in ("ArrowDown", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    heard(page, command="toggle_fault", path="trip.hotel", choice="execute.error_after.every", delay_ms="")
    page.keyboard.press("Escape")
    expect(rows.filter(has_text="hotel")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")  # the block closes
    expect(rows).to_have_count(4)
    page.keyboard.press("?")
    expect(page.get_by_text("fault menu of the row")).to_be_visible()
    page.keyboard.press("n")
    heard(page, command="step")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()

    # a pause: the way on is a button; when it goes, the toolbar keeps the focus
    snapshot("paused-light")
    page.get_by_role("button", name="Abort").click()
    expect(page.locator(".ll-toolbar")).to_have_attribute("aria-busy", "true")
    page.keyboard.press("s")  # the kernel is stuck and does not hear it
    expect(page.locator(".ll-alert").last).to_have_text("Not stopped yet.")
    (lab.root / "go").touch()
    expect(page.locator(".ll-alert").last).to_be_hidden()
    heard(page, command="abort", note="")
    page.keyboard.press("n")
    heard(page, command="step")
    assert "ll-toolbar" in focused(page)
    snapshot("failed-undo-light")

    # what goes wrong is said in the alert, and taken away by the next command
    page.get_by_role("button", name="Retry").click()
    alert = page.locator(".ll-alert[role=alert]").first
    expect(alert).to_have_text(f"Retry failed: ConnectionError: the hotel's desk does not answer {samples.HOSTILE}")
    page.keyboard.press("n")
    expect(alert).to_be_hidden()
    expect(page.get_by_text("It is unknown whether it happened.")).to_be_visible()
    snapshot("crashed-light")

    # no key of ours was one of the notebook's
    for key in ("b", "a", "x", "m", "y"):
        page.keyboard.press(key)
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(cells)
    assert page.locator(".jp-Notebook .jp-MarkdownCell").count() == 0


def test_markup_in_values_is_shown_as_text_in_dark_and_at_every_width(
    run_notebook: Callable[..., None], page: Page, snapshot: Callable[[str], None]
) -> None:
    run_notebook("hostile", DEMO, theme="JupyterLab Dark")
    page.wait_for_selector(DRAWN)
    snapshot("workbench-dark")
    page.get_by_role("button", name="Step").focus()
    for standing in ("Standing at trip.flight", "The rollback is over", "The process died", samples.HOSTILE):
        page.keyboard.press("n")
        expect(page.locator(".ll-standing")).to_contain_text(standing)
    snapshot("hostile-dark")
    assert page.locator(".ll-workbench img").count() == 0
    assert page.locator(".ll-workbench b").count() == 0
    assert page.evaluate("() => globalThis.pwned") is None
    shown = page.locator(".ll-workbench").inner_text()
    assert shown.count(samples.HOSTILE) >= 15
    for width in (1800, 1500, 1180, 960, 760):
        page.set_viewport_size({"width": width, "height": 1100})
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        too_wide = "node => node.scrollWidth > node.clientWidth"
        parts = page.locator(".ll-workbench, .ll-part").all()
        assert [part.get_attribute("class") for part in parts if part.evaluate(too_wide)] == [], width
    snapshot("hostile-narrow-dark")


LIFE = """
from legend_lab.ui.lifetime import close_on_rerun
from workbench_samples import Demo
demo = Demo()
close_on_rerun(demo.layout.dispose)
demo.layout
"""
MUTE = """
from legend_lab.ui.parts import Timeline
from workbench_samples import figure
class Mute(Timeline):
    def _answer(self, *_):
        pass
mute = Mute(figure=figure())
mute
"""
COUNT = "import ipywidgets\nprint('widgets:', len(ipywidgets.widgets.widget._instances))"


def test_a_timeline_that_gets_no_answer_blocks_no_other_and_a_rerun_closes_the_former(
    run_notebook: Callable[..., None], page: Page
) -> None:
    run_notebook("life", MUTE, LIFE, COUNT)
    expect(page.locator(".ll-workbench")).to_have_count(1)
    page.wait_for_selector("text=widgets:")
    assert page.locator(DRAWN).count() == 0  # it waits for the first one's answer, which never comes
    page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[0].outputArea.model.clear()")
    page.wait_for_selector(DRAWN)

    counter = page.locator(".jp-OutputArea-output pre", has_text="widgets:")
    counted = counter.inner_text()
    page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[2].outputArea.model.clear()")
    expect(counter).to_have_count(0)
    for cell in (1, 2):
        page.evaluate(
            """cell => {
                const { content } = window.jupyterapp.shell.currentWidget;
                content.deselectAll();
                content.activeCellIndex = cell;
                return window.jupyterapp.commands.execute('notebook:run-cell');
            }""",
            cell,
        )
    expect(counter).to_have_text(counted)
    page.wait_for_selector(DRAWN)
    expect(page.locator(".ll-workbench")).to_have_count(1)


SHIM = """([module, state]) => {
    const url = URL.createObjectURL(new Blob([module], {type: 'text/javascript'}));
    const el = document.body.appendChild(document.createElement('section'));
    globalThis.sent ??= [];
    const model = {get: name => state[name], on() {}, off() {}, send: message => globalThis.sent.push(message)};
    return import(url).then(({default: {render}}) => { render({model, el}); });
}"""


def test_parts_work_outside_jupyterlab_in_the_browser_s_own_theme(page: Page) -> None:
    view = samples.undoing()
    page.goto("about:blank")
    page.emulate_media(color_scheme="dark")
    shown: list[Part] = [
        Toolbar(**view["toolbar"]),
        Listing(**view["listing"]),
        Context(**view["context"]),
        Faults(**view["faults"]),
        Events(**view["events"]),
    ]
    for part in shown:
        page.add_style_tag(content=part._css)
        page.evaluate(SHIM, [part._esm, part.shown])
    page.get_by_role("button", name="Step").click()
    page.keyboard.press("Escape")
    assert page.evaluate("() => globalThis.sent") == [{"command": "step"}, {"command": "stop"}]
    colours = "node => [getComputedStyle(node).backgroundColor, getComputedStyle(node).color]"
    dark = page.locator(".ll-listing").evaluate(colours)
    page.emulate_media(color_scheme="light")
    assert page.locator(".ll-listing").evaluate(colours) == ["rgb(255, 255, 255)", "rgb(29, 36, 51)"]
    assert dark == ["rgb(20, 23, 29)", "rgb(227, 231, 238)"]
    value = page.get_by_role("row").filter(has_text="travellers")
    expect(value).to_have_attribute("aria-expanded", "true")
    value.click()
    expect(value).to_have_attribute("aria-expanded", "false")
