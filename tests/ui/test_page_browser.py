"""Owns the facts about a kept page in a real Chromium: it asks for nothing, travels by key and pointer, shows texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import hostile
import page_samples as samples
import pytest
from playwright.sync_api import Browser, Page, expect

from legend_lab import Debugger, to_html

pytestmark = pytest.mark.browser

ARTIFACTS = Path(__file__).parents[2] / ".artifacts"
Open = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Open the page of a debugger from its file; a test fails whose page asks for anything else or complains."""
    asked: list[str] = []
    said: list[str] = []
    contexts = []
    path = tmp_path / "page.html"

    def open_page(debugger: Debugger, *, width: int = 1280, theme: str = "light") -> Page:
        to_html(debugger, path)
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme))
        page = contexts[-1].new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda websocket: asked.append(websocket.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(path.as_uri())
        expect(page.get_by_role("slider", name="History")).to_be_focused()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert set(asked) <= {path.as_uri()}
    assert said == []


def context_of(page: Page) -> list[list[str]]:
    """The context's rows: key, whole text, what changed."""
    return page.evaluate(
        """() => [...document.querySelectorAll(".ll-context [role=row]")].map((row) =>
            [row.children[1].textContent, row.children[2].title, row.dataset.change])"""
    )


def context_at(debugger: Debugger, position: int) -> list[list[str]]:
    rows = []
    for node in debugger.diff(max(0, position - 1), position):
        rows.append([node.key, f"{node.before} → {node.text}" if node.change == "changed" else node.text, node.change])
        if node.change == "inside":
            rows += [[child.key, child.text, child.change] for child in node.children]
    return rows


def test_the_keys_scrub_through_every_context_and_it_is_the_debuggers(opened: Open) -> None:
    debugger = samples.failing_booking()
    page = opened(debugger)
    slider = page.get_by_role("slider", name="History")
    assert context_of(page) == context_at(debugger, 11)
    page.keyboard.press("Home")
    for position in range(debugger.length + 1):
        expect(slider).to_have_attribute("aria-valuenow", str(position))
        assert context_of(page) == context_at(debugger, position)
        page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "After 11 of 11 entries: reserve_funds is undone.")
    page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "After 10 of 11 entries: trip.hotel is undone.")
    page.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuenow", "11")

    # wherever the focus is
    page.get_by_role("grid", name="Program").get_by_role("row").first.click()
    page.keyboard.press("Home")  # a key of the rows
    page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuenow", "10")
    for shown in (True, False):
        page.keyboard.press("?")
        expect(page.get_by_text("go to the beginning or to the end")).to_be_visible(visible=shown)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuenow", "0")
    page.keyboard.press("?")
    expect(page.get_by_text("go to the beginning or to the end")).to_be_visible()


def test_the_pointer_scrubs_on_the_strip_the_timeline_the_events_and_the_buttons(opened: Open) -> None:
    page = opened(samples.failing_booking())
    slider = page.get_by_role("slider", name="History")
    for position in (3, 9):
        page.locator(".ll-dot").nth(position - 1).click(force=True)
        expect(slider).to_have_attribute("aria-valuenow", str(position))
    page.locator("[data-entry='3']").click()
    expect(slider).to_have_attribute("aria-valuenow", "4")
    page.get_by_text("trip.hotel is undone.").click()
    expect(slider).to_have_attribute("aria-valuenow", "10")
    page.get_by_role("button", name="Back").click()
    expect(slider).to_have_attribute("aria-valuenow", "9")
    expect(page.locator(".ll-effects")).to_contain_text("hotel.booking")
    page.locator("[data-entry='0']").hover()
    expect(page.get_by_role("tooltip")).to_contain_text("injected: reserve_funds · execute #1 · error before effect")


def test_texts_of_users_stay_texts(opened: Open) -> None:
    debugger = samples.hostile_run()
    page = opened(debugger)
    for _ in range(debugger.length + 1):
        assert page.evaluate("globalThis.pwned === undefined")
        assert page.locator("img, iframe, .ll-page script, .ll-page style, b").count() == 0
        page.keyboard.press("ArrowLeft")
    keys = [row[0] for row in context_of(page)]
    assert keys == [hostile.seen(text) for text in hostile.TEXTS.values()]
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / "page-hostile.png", full_page=True)


def test_a_run_of_over_a_thousand_entries_opens_and_says_what_is_not_there(opened: Open) -> None:
    page = opened(samples.growing(1_200, 400))
    expect(page.locator(".ll-context .ll-row").first).to_be_visible()
    page.keyboard.press("Home")
    expect(page.locator(".ll-context .ll-empty")).to_contain_text("are not on this page")
    expect(page.locator(".ll-timeline")).to_contain_text("of 1,200")
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / "page-long.png", full_page=True)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [700, 1280, 1600])
def test_a_page_fits_its_width_in_light_and_dark(opened: Open, width: int, theme: str) -> None:
    debugger = samples.failing_booking()
    debugger.goto(10)
    page = opened(debugger, width=width, theme=theme)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    names = page.locator(".ll-listing .ll-name")
    assert names.count() == 6
    assert all(names.evaluate_all("names => names.map(node => node.scrollWidth <= node.clientWidth)"))
    dark = (
        page.evaluate("getComputedStyle(document.querySelector('.ll-listing')).backgroundColor") != "rgb(255, 255, 255)"
    )
    assert dark == (theme == "dark")
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"page-{width}-{theme}.png", full_page=True)
