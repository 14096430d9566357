"""Owns the proof that a zoom of the timeline is a person's own: it stays while the run goes on, and leads back."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

SAGA = """
from legend_lab import Saga, SimulatedStep, VirtualClock, Workbench
night = Saga.of("Night", {f"s{n}": SimulatedStep(duration_ms=100) for n in range(60)})
bench = Workbench(night, {}, clock=VirtualClock())
bench
"""
RANGE = "node => node._fullLayout.xaxis.range.map(Math.round)"


def has_range(chart: Locator, low: int, high: int) -> None:
    """The chart comes to show about that part of the time axis."""
    chart.page.wait_for_function(
        f"([node, wanted]) => ({RANGE})(node).every((at, end) => Math.abs(at - wanted[end]) < 9)",
        arg=[chart.element_handle(), [low, high]],
    )


def zoomed(chart: Locator) -> tuple[int, int]:
    """Drag over the middle of the chart; return what it then shows."""
    box, mouse = chart.bounding_box(), chart.page.mouse
    assert box is not None
    y = box["y"] + box["height"] / 2
    before = chart.evaluate(RANGE)
    mouse.move(box["x"] + box["width"] * 0.5, y)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.7, y, steps=5)
    mouse.up()
    chart.page.wait_for_function(
        f"([node, before]) => String(({RANGE})(node)) !== String(before)", arg=[chart.element_handle(), before]
    )
    low, high = chart.evaluate(RANGE)
    return low, high


def test_a_zoom_stays_in_its_view_while_the_run_goes_on_and_leads_back_to_all(
    run_notebook: Callable[..., None], page: Page
) -> None:
    run_notebook("zoom", SAGA, "bench")
    benches = page.locator(".ll-workbench")
    expect(benches).to_have_count(2)
    one, other = (benches.nth(n).locator(".ll-chart") for n in range(2))
    bench, step = benches.first, benches.first.get_by_role("button", name="Step", exact=True)
    for n in range(1, 11):
        step.click()
        expect(bench.locator(".ll-count")).to_contain_text(f"{n} entr")
    bench.scroll_into_view_if_needed()
    has_range(one, -8, 1060)

    low, high = zoomed(one)
    bench.get_by_role("button", name="Back", exact=True).click()
    expect(bench.locator(".ll-standing")).to_contain_text("After 9 of 10 entries")
    long = high - low
    has_range(one, round(900 - 0.8 * long), round(900 + 0.2 * long))  # an entry that is gone to comes into view
    bench.locator(".ll-timeline .ll-body").evaluate("node => node.scrollTo(0, 90)")
    for n in range(2):
        step.click()
        expect(bench.locator(".ll-standing")).to_contain_text(f"s{n + 9} is done")
    has_range(one, round(1100 - 0.8 * long), round(1100 + 0.2 * long))
    has_range(other, -9, 1166)  # two views, two zooms

    box = one.bounding_box()
    assert box is not None
    page.mouse.dblclick(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2)
    has_range(one, -9, 1166)

    zoomed(one)
    bench.locator(".ll-toolbar").focus()
    page.keyboard.press("Shift+R")
    expect(bench.locator(".ll-standing")).to_contain_text("Nothing has run yet")
    step.click()
    has_range(one, -1, 106)  # another run is shown whole


def test_at_the_beginning_the_first_lanes_are_in_view(run_notebook: Callable[..., None], page: Page) -> None:
    run_notebook("begin", SAGA)
    page.get_by_role("button", name="Run to end").click()
    expect(page.locator(".ll-badge").first).to_contain_text("Completed")
    pane = page.locator(".ll-timeline .ll-body")
    labels = page.locator(".ll-chart .ytick text")
    expect(labels.filter(has_text="s59")).to_have_count(1)
    assert pane.evaluate("node => node.scrollTop") > 0
    page.get_by_role("slider", name="History").focus()
    page.keyboard.press("Home")
    expect(page.locator(".ll-standing")).to_contain_text("Before the first of 60 entries")
    expect(labels.first).to_contain_text("s0")
    assert pane.evaluate("node => node.scrollTop") == 0


TICKS = """() => [...document.querySelectorAll(".ll-chart .xtick text")].map(text => text.getBoundingClientRect())
    .sort((a, b) => a.left - b.left).map(({ left, right }) => [left, right])"""


def test_where_it_is_narrow_the_times_do_not_cover_each_other(run_notebook: Callable[..., None], page: Page) -> None:
    run_notebook("narrow", SAGA.replace('f"s{n}"', 'f"a_name_that_takes_very_much_room_{n}"').replace("100", "15"))
    page.get_by_role("button", name="Run to end").click()
    expect(page.locator(".ll-badge").first).to_contain_text("Completed")
    for width in (1440, 1360, 1280, 1220):
        page.set_viewport_size({"width": width, "height": 1000})
        pane = page.locator(".ll-timeline .ll-body")
        page.wait_for_function(
            "pane => Math.abs(pane.clientWidth - pane.querySelector('.main-svg').clientWidth) < 2",
            arg=pane.element_handle(),
        )
        ticks = page.evaluate(TICKS)
        assert len(ticks) > 1
        assert all(right < left for (_, right), (left, _) in pairwise(ticks)), f"{width}: {ticks}"


BLOCKS = """
from legend_lab import Saga, SimulatedStep, VirtualClock, Workbench
block = {f"s{n}": SimulatedStep(duration_ms=100) for n in range(5)}
bench = Workbench(Saga.of("Night", {f"b{b}": Saga.of("B", block) for b in range(16)}), {}, clock=VirtualClock())
await bench.debugger.run_to_end()
bench.refresh()
bench
"""
SCROLLED = """node => {
    const { yaxis: { range: [bottom, top] }, margin: { t, b }, height } = node._fullLayout;
    return Math.round((top + 0.75) * (height - t - b) / (bottom - top));
}"""
AWAY = """async (node) => {
    const [parent, next] = [node.parentElement, node.nextSibling];
    const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    node.remove();
    await frames();
    parent.insertBefore(node, next);
    await frames();
}"""
"""As when outputs are folded: what the pane was scrolled to is lost."""
BODY = "node => node.closest('.ll-body')"


def agrees(chart: Locator) -> int:
    """The lanes that are drawn come to be those that the scroll bar says; returns how far down they are."""
    chart.page.wait_for_function(
        f"node => Math.abs(({SCROLLED})(node) - ({BODY})(node).scrollTop) < 2", arg=chart.element_handle()
    )
    at: int = chart.evaluate(SCROLLED)
    return at


def test_the_lanes_drawn_are_those_that_the_scroll_bar_says(run_notebook: Callable[..., None], page: Page) -> None:
    run_notebook("scrolled", BLOCKS)
    chart = page.locator(".ll-chart")
    expect(chart.locator(".bars .point").first).to_be_attached()
    bottom = agrees(chart)
    assert bottom > 500

    bands: set[float] = set()
    for to in range(0, bottom + 1, 100):
        chart.evaluate(f"(node, to) => {{ ({BODY})(node).scrollTop = to; }}", to)
        chart.page.wait_for_function(
            f"([node, to]) => Math.abs(({SCROLLED})(node) - to) < 2", arg=[chart.element_handle(), to]
        )
        low, high = chart.evaluate("node => node._fullLayout.yaxis.range")
        drawn = chart.evaluate("node => node._fullLayout.shapes.map(({ y0, y1 }) => [y0, y1])")
        assert chart.locator(".shapelayer path").count() == len(drawn) > 0
        assert all(y1 > high and y0 < low for y0, y1 in drawn)  # what is out of sight is not drawn
        bands |= {y0 for y0, _ in drawn}
    assert len(bands) == 16

    chart.evaluate(f"node => {{ ({BODY})(node).scrollTop = 1e6; }}")
    assert agrees(chart) == bottom
    page.locator(".jp-OutputArea").filter(has=chart).first.evaluate(AWAY)
    assert agrees(chart) == bottom

    page.get_by_role("button", name="Back", exact=True).click()
    expect(page.locator(".ll-standing")).to_contain_text("After 79 of 80")
    agrees(chart)
    chart.evaluate(f"node => {{ ({BODY})(node).scrollTop = 1e6; }}")
    page.locator(".ll-toolbar").focus()
    page.keyboard.press("Shift+R")
    expect(page.locator(".ll-badge").first).to_contain_text("Not started")
    assert agrees(chart) == 0
