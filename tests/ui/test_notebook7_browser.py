"""Owns the proof that the workbench works in Notebook 7, a page of its own around the same kernel and widgets."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.browser

CELL = """
from legend_lab import Saga, SimulatedStep, Workbench
Workbench(Saga.of("Pair", {"first": SimulatedStep(duration_ms=2), "second": SimulatedStep(duration_ms=2)}), {})
"""


def test_the_workbench_runs_in_notebook_7(lab: SimpleNamespace, browser: Browser) -> None:
    name = lab.write("classic", CELL)
    page = browser.new_page(
        viewport={"width": 1440, "height": 1000}
    )  # Notebook 7 raises an error of its own at the start
    page.goto(f"{lab.url}/notebooks/{name}", wait_until="domcontentloaded")
    page.wait_for_function(
        "window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'", timeout=60_000
    )
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_selector(".ll-workbench")
    page.get_by_role("button", name="Step").click()
    expect(page.locator(".ll-standing")).to_contain_text("first is done.")
    page.keyboard.press("n")
    expect(page.locator(".ll-badge").first).to_contain_text("Completed")
    expect(page.locator(".ll-chart .bars .point")).to_have_count(2)
    page.get_by_role("button", name="Back").press("b")
    expect(page.locator(".ll-standing")).to_contain_text("After 1 of 2 entries, in the past.")
    expect(page.locator(".jp-Cell")).to_have_count(1)  # no key reached the notebook
    page.close()
