"""Owns the proofs that the workbench can be used by keyboard, by screen reader, at every width and in high contrast."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from legend_lab.ui.keys import KEYS

pytestmark = pytest.mark.browser

ARTIFACTS = Path(__file__).parents[2] / ".artifacts"
SAGA = """
from legend_lab import CompensationOutcome, Fault, RetryPolicy, Saga, Step, StepOutcome, VirtualClock, Workbench
class Book(Step[dict]):
    what: str
    async def execute(self, ctx):
        ctx[self.what] = f"{self.what}_1"
        return StepOutcome.CONTINUE
    async def compensate(self, ctx):
        ctx[self.what] = None
        return CompensationOutcome.COMPLETED
trip = Saga.of("Trip", {"hotel": Book(what="hotel"), "flight": Book(what="flight")})
booking = Saga.of("Booking", {"reserve": Book(what="hold"), "trip": trip, "charge": Book(what="charge")})
"""
CELL = "Workbench(booking, {'given': 1}, clock=VirtualClock())"
FAULTY = (
    "Workbench(booking, {'given': 1}, faults=[Fault('charge'), Fault('reserve', 'compensate')], clock=VirtualClock())"
)
OUTLINE = """() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1;
}"""
LAID_OUT = """() => {
    const panes = [...document.querySelectorAll('.ll-grid > *')].map(node => [node, node.getBoundingClientRect()]);
    const found = [];
    const frame = document.querySelector('.ll-workbench');
    for (const node of [frame, ...document.querySelectorAll('.ll-part, .ll-part .ll-body, .ll-head, .ll-line')])
        if (node.scrollWidth > node.clientWidth + 1) found.push('too wide: ' + node.className);
    for (const [a, one] of panes) for (const [b, other] of panes)
        if (a !== b && one.left < other.right - 1 && other.left < one.right - 1 && one.top < other.bottom - 1
            && other.top < one.bottom - 1) found.push('overlap: ' + a.className + ' and ' + b.className);
    const wide = frame.getBoundingClientRect().width;
    return [found, wide];
}"""


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def tab_to(page: Page, selector: str, *, back: bool = False) -> None:
    """Go there by Tab alone; the focus can be seen at every stop on the way."""
    for _ in range(60):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        assert page.evaluate(OUTLINE), page.evaluate("() => document.activeElement.outerHTML.slice(0, 200)")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab never comes to {selector}")


def test_a_whole_session_needs_no_mouse(run_notebook: Callable[..., None], page: Page) -> None:
    run_notebook("by-keys", SAGA, CELL)
    page.wait_for_selector(".ll-workbench")
    standing, badge = page.locator(".ll-standing"), page.locator(".ll-badge").first
    page.locator(".ll-toolbar").focus()
    press(page, "n")
    expect(standing).to_contain_text("reserve is done.")

    # a fault through the menu of a row
    tab_to(page, ".ll-listing [role=row]")
    press(page, "End")
    expect(page.locator(".ll-listing [role=row]", has_text="charge")).to_be_focused()
    press(page, "f")
    expect(page.get_by_role("menu")).to_be_visible()
    for _ in range(5):
        press(page, "ArrowDown")
    press(page, "Enter", "Escape")
    expect(page.locator(".ll-chip")).to_contain_text("charge · execute #1 · pause")

    # a breakpoint, and on to it
    press(page, "ArrowUp", "Space", "c")
    expect(standing).to_contain_text("Breakpoint before trip.flight")
    press(page, "e")
    expect(badge).to_contain_text("Paused")

    # travel, and back again
    tab_to(page, ".ll-history [role=slider]")
    press(page, "Home")
    expect(standing).to_contain_text("Before the first of 4 entries")
    press(page, "ArrowRight", "ArrowRight")
    expect(standing).to_contain_text("After 2 of 4")

    # a fork, a value, and on along the branch
    press(page, "k")
    expect(page.locator(".ll-branch")).to_have_count(2)
    tab_to(page, ".ll-context [role=row]", back=True)
    press(page, "Home", "F2")
    page.keyboard.type("7")
    press(page, "Enter")
    expect(standing).to_contain_text("The context was edited")
    press(page, "e")
    expect(badge).to_contain_text("Paused")

    # resume on one branch, abort on the other
    tab_to(page, "[data-command=resume]", back=True)
    press(page, "Enter")
    expect(standing).to_contain_text("Resumed at charge.")
    press(page, "e")
    expect(badge).to_contain_text("Completed")
    tab_to(page, ".ll-history [role=slider]")
    press(page, "ArrowUp")
    expect(badge).to_contain_text("Paused")
    tab_to(page, ".ll-form input", back=True)
    page.keyboard.type("not today")
    press(page, "Enter")
    expect(standing).to_contain_text("not today")
    press(page, "e")
    expect(badge).to_contain_text("Failed and undone")
    tab_to(page, ".ll-switch")
    press(page, "Space")
    expect(page.locator(".ll-chip")).to_contain_text("switched off")
    expect(page.locator(".jp-Cell")).to_have_count(2)


LONG = "Workbench(Saga.of('Long', {'first': Book(what='a long input ' * 20 + 'ends here')}), {}, clock=VirtualClock())"


def test_inputs_that_are_cut_can_be_read_by_hover_by_key_and_by_mouse(
    run_notebook: Callable[..., None], page: Page, snapshot: Callable[[str], None]
) -> None:
    run_notebook("inputs", SAGA, LONG)
    row = page.locator(".ll-listing [role=row]")
    given = row.locator(".ll-input")
    whole = "node => node.scrollWidth <= node.clientWidth && node.scrollHeight <= node.clientHeight + 1"
    expect(given).to_have_attribute("title", re.compile(r"^what='a long input .* ends here'$"))
    assert not given.evaluate(whole)
    row.focus()
    press(page, "ArrowRight")
    expect(row).to_have_class(re.compile("ll-whole"))
    assert given.evaluate(whole)
    snapshot("listing-input")
    press(page, "ArrowLeft")
    assert not given.evaluate(whole)
    given.click()
    assert given.evaluate(whole)


HEARD = """() => {
    globalThis.heard = [];
    const bench = document.querySelector(".ll-workbench");
    bench.addEventListener("keydown", (event) => {
        heard.push([event.key, event.defaultPrevented]);
        event.stopPropagation(); // JupyterLab has shortcuts of its own, which would change the page
    });
}"""
"""Keep the keys that come out of the parts, on their way to JupyterLab and the browser."""
STOPS = (".ll-toolbar", ".ll-listing [role=row][tabindex='0']", ".ll-context [role=row][tabindex='0']",
         ".ll-history [role=slider]", ".ll-events .ll-body")  # fmt: skip


def test_keys_with_ctrl_alt_or_meta_are_left_to_the_browser(run_notebook: Callable[..., None], page: Page) -> None:
    run_notebook("modified", SAGA, CELL)
    page.wait_for_selector(".ll-workbench")
    page.locator(".ll-toolbar").focus()
    press(page, "n", "n")
    expect(page.locator(".ll-standing")).to_contain_text("trip.hotel is done.")
    page.wait_for_selector(".ll-chart .bars .point")
    page.evaluate(HEARD)
    before = page.locator(".ll-workbench").inner_text()
    keys = [key for key in KEYS if key != "Escape"] + ["f", "?", "Home", "End", "ArrowLeft", "ArrowUp", "Space", "F2"]
    for modifier in ("Control", "Alt", "Meta"):
        for selector in STOPS:
            for key in keys:
                page.locator(selector).first.focus()
                page.keyboard.press(f"{modifier}+{key}")
    heard = page.evaluate("() => heard.filter(([key]) => !['Control', 'Alt', 'Meta', 'Shift'].includes(key))")
    assert len(heard) == 3 * len(STOPS) * len(keys)
    assert [key for key, prevented in heard if prevented] == []
    assert page.locator(".ll-workbench").inner_text() == before
    page.locator(".ll-toolbar").focus()
    press(page, "b")  # without them it is heard
    expect(page.locator(".ll-standing")).to_contain_text("After 1 of 2 entries")


def tree_of(page: Page) -> list[tuple[str, str, str]]:
    """Role, name and value text of everything in Chromium's accessibility tree."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    found = []
    for node in nodes:
        if not node.get("ignored"):
            more = {item["name"]: item.get("value", {}).get("value", "") for item in node.get("properties", [])}
            value = node.get("value", {}).get("value", more.get("valuetext", ""))
            found.append((node["role"]["value"], node.get("name", {}).get("value", ""), str(value)))
    return found


def test_roles_and_names_reach_the_accessibility_tree(run_notebook: Callable[..., None], page: Page) -> None:
    run_notebook("tree", SAGA, FAULTY)
    page.wait_for_selector(".ll-workbench")
    page.get_by_role("button", name="Run to end").click()
    expect(page.locator(".ll-badge").first).to_contain_text("Undo failed")
    tree = tree_of(page)
    named = {(role, name) for role, name, _ in tree}
    assert {
        ("toolbar", "Run"),
        ("grid", "Program"),
        ("treegrid", "Context"),
        ("slider", "History"),
        ("log", "Events"),
    } <= named
    for button in (
        "Back",
        "Step",
        "Over",
        "Run to breakpoint",
        "Run to end",
        "Stop",
        "Reset",
        "Fork",
        "Crash",
        "Retry",
    ):
        assert ("button", button) in named
    assert ("button", "Breakpoint at trip.hotel") in named
    assert any(role == "button" and name.startswith("Faults of charge: 1 planned") for role, name in named)
    assert ("switch", "The fault charge · execute #1 · error before effect counts") in named
    assert ("button", "Remove the fault charge · execute #1 · error before effect") in named
    assert any(role == "group" and name.startswith("Not undone: reserve") for role, name in named)
    assert sum(role == "row" for role, _ in named) >= 8
    assert (
        page.get_by_role("slider", name="History").get_attribute("aria-valuetext")
        == "After 7 entries, the newest moment."
    )
    assert ("textbox", "Note") in named
    assert page.locator("[role=alert]").count() >= 2
    assert [entry for entry in tree if entry[0] == "button" and not entry[1]] == []
    page.locator(".ll-listing [role=row]", has_text="charge").press("f")
    named = {(role, name) for role, name, _ in tree_of(page)}
    assert ("menu", "Faults of charge") in named
    assert ("menuitemcheckbox", "execute: timeout, every attempt") in named


@pytest.mark.parametrize("zoom", [1, 1.5])
def test_no_pane_scrolls_sideways_or_covers_another_at_any_width(
    run_notebook: Callable[..., None], page: Page, snapshot: Callable[[str], None], zoom: float
) -> None:
    run_notebook(f"widths{int(zoom * 10)}", SAGA, FAULTY)
    page.wait_for_selector(".ll-workbench")
    page.get_by_role("button", name="Run to end").click()
    expect(page.locator(".ll-badge").first).to_contain_text("Undo failed")
    page.evaluate("zoom => (document.querySelector('.ll-workbench').style.zoom = zoom)", zoom)
    around = 1440 - page.evaluate(LAID_OUT)[1]
    for width in (700, 900, 1200, 1600):
        page.set_viewport_size({"width": int(width + around), "height": 2400})
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        found, _ = page.evaluate(LAID_OUT)
        assert found == [], width
        snapshot(f"width-{width}-zoom-{int(zoom * 100)}")


def test_forced_colours_leave_everything_legible(
    run_notebook: Callable[..., None], page: Page, snapshot: Callable[[str], None]
) -> None:
    page.emulate_media(forced_colors="active")
    run_notebook("forced", SAGA, FAULTY)
    page.wait_for_selector(".ll-workbench")
    page.get_by_role("button", name="Run to end").click()
    expect(page.locator(".ll-badge").first).to_contain_text("Undo failed")
    page.wait_for_selector(".ll-chart .ytick text")
    seen = "node => { const style = getComputedStyle(node); return [style.color, style.backgroundColor]; }"
    for selector in (".ll-badge", ".ll-standing", ".ll-listing .ll-name", ".ll-context .ll-key", ".ll-chip"):
        ink, ground = page.locator(selector).first.evaluate(seen)
        assert ink != ground, selector
    page.get_by_role("button", name="Back").focus()
    page.keyboard.press("Tab")
    assert page.evaluate(OUTLINE)
    snapshot("forced-colors")
