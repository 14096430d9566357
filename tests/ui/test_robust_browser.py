"""Owns the proofs that nothing leaks, that two views agree, and that the kernel stays free while a saga runs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

SAGA = """
import asyncio, gc, json, time
import ipywidgets
from legend_lab import CompensationOutcome, Saga, SimulatedStep, Step, StepOutcome, Workbench
class Slow(Step[dict]):
    async def execute(self, ctx):
        await asyncio.sleep(30)
        return StepOutcome.CONTINUE
    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED
class Hard(Slow):
    async def execute(self, ctx):
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            pass
        return StepOutcome.CONTINUE
"""
SMALL = """
bench = Workbench(Saga.of("Small", {"a": SimulatedStep(), "b": SimulatedStep()}), {})
bench
"""
COUNT = """
gc.collect()
print("counted", json.dumps([
    len(get_ipython().kernel.comm_manager.comms),
    len(ipywidgets.widgets.widget._instances),
    len([task for task in asyncio.all_tasks() if "legend_lab" in repr(task)]),
]))
"""
MODELS = """async () => {
    const views = document.querySelectorAll(".ll-workbench").length;
    const nodes = document.querySelectorAll(".ll-part").length;
    return [views, nodes];
}"""
LONG = """
slow = Workbench(Saga.of("Long", {"slow": Slow()}), {})
slow
"""
HARD = """
hard = Workbench(Saga.of("Hard", {"hard": Hard(), "after": SimulatedStep()}), {})
hard.toolbar.unheeded = {**hard.toolbar.unheeded, "after_ms": 50}
hard
"""
TOOK_MS = """async () => {
    const started = performance.now();
    const badge = document.querySelector(".ll-badge");
    const stopped = new Promise(done => new MutationObserver(() => badge.textContent.includes("Stopped") && done())
        .observe(badge, { subtree: true, childList: true, characterData: true }));
    document.querySelector("[data-command=stop]").click();
    await Promise.race([stopped, new Promise((_, fail) => setTimeout(fail, 10_000, new Error("not stopped")))]);
    return performance.now() - started;
}"""


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


def counted(page: Page) -> str:
    """What the kernel counts, told by a cell of its own."""
    page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[2].outputArea.model.clear()")
    told = page.locator(".jp-OutputArea-output pre", has_text="counted")
    expect(told).to_have_count(0)
    run_cell(page, 2)
    expect(told).to_have_count(1)
    return told.inner_text()


def test_running_the_cell_again_showing_it_twice_and_deleting_it_leaves_nothing_behind(
    run_notebook: Callable[..., None], page: Page
) -> None:
    run_notebook("leaks", SAGA, SMALL, COUNT, "bench", "bench.close()\nbench.dispose()")
    expect(page.locator(".ll-workbench")).to_have_count(0, timeout=20_000)  # the last cell has closed it
    empty = counted(page)
    run_cell(page, 1)
    expect(page.locator(".ll-workbench")).to_have_count(1)
    first = counted(page)
    nodes = page.evaluate(MODELS)
    for _ in range(20):
        run_cell(page, 1)
    page.wait_for_selector(".ll-chart .main-svg")
    assert counted(page) == first
    assert page.evaluate(MODELS) == nodes == [1, 8]

    run_cell(page, 3)
    expect(page.locator(".ll-workbench")).to_have_count(2)
    one, other = page.locator(".ll-workbench").first, page.locator(".ll-workbench").last
    other.get_by_role("button", name="Step").click()
    for view in (one, other):
        expect(view.locator(".ll-count")).to_contain_text("1 entry")
    one.get_by_role("button", name="Back").click()
    expect(other.locator(".ll-standing")).to_contain_text("Before the first of 1 entry")
    assert counted(page) == first
    page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[3].outputArea.model.clear()")
    expect(page.locator(".ll-workbench")).to_have_count(1)
    one.get_by_role("button", name="Step").click()  # the view that is left still works
    expect(one.locator(".ll-count")).to_contain_text("1 entry")
    run_cell(page, 4)
    expect(page.locator(".ll-workbench")).to_have_count(0)
    assert counted(page) == empty


def test_the_kernel_stays_free_while_a_step_waits_and_a_step_that_computes_is_told_of(
    run_notebook: Callable[..., None], page: Page
) -> None:
    run_notebook("free", SAGA, LONG, "print('free', 6 * 7)", HARD)
    expect(page.locator(".ll-workbench")).to_have_count(2)
    told = page.locator(".jp-OutputArea-output pre", has_text="free 42")
    expect(told).to_have_count(1)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[2].outputArea.model.clear()")
    expect(told).to_have_count(0)
    page.get_by_role("button", name="Step").first.click()
    badge = page.locator(".ll-badge").first
    expect(badge).to_contain_text("Running")
    run_cell(page, 2)
    expect(told).to_have_count(1)
    expect(badge).to_contain_text("Running")
    assert page.evaluate(TOOK_MS) > 0  # how long it took is for the benchmark to say
    expect(page.locator(".ll-panel").first).to_contain_text(re.compile("Stopped at slow"))

    # a step that never awaits keeps the kernel from hearing of it, so the page says it
    hard = page.locator(".ll-workbench").last
    hard.get_by_role("button", name="Step").click()
    expect(hard.locator(".ll-toolbar")).to_have_attribute("aria-busy", "true")
    hard.get_by_role("button", name="Stop").click()
    expect(hard.locator(".ll-alert").last).to_contain_text(
        "Not stopped yet. A step can only be stopped where it awaits"
    )
    expect(hard.locator(".ll-alert").last).to_be_hidden()
    hard.get_by_role("button", name="Step").click()  # the session goes on
    expect(hard.locator(".ll-badge").first).to_contain_text("Completed")
