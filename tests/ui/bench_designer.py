"""How long an edit takes until it is seen; run with `pytest tests/ui/bench_designer.py -m benchmark -s`."""

from __future__ import annotations

import statistics

import pytest
from bench_workbench import LATE
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.benchmark

CELL = """
import ipywidgets
from legend_lab import Design, Designer
from legend_lab.lab.design.model import StepDesign
designer = Designer(Design(name="Long", parts=tuple(StepDesign(name=f"s{{n}}") for n in range({steps}))))
designer.select("s3")
button, said = ipywidgets.Button(description="bare"), ipywidgets.Label("0")
button.on_click(lambda _: setattr(said, "value", str(int(said.value) + 1)))
ipywidgets.VBox([designer, button, said])
"""
WATCH = """async ([what, act]) => {
    const node = document.querySelector(what);
    const watched = { subtree: true, childList: true, characterData: true, attributes: true };
    const drawn = what === ".js-plotly-plot"
        ? new Promise(done => node.once("plotly_afterplot", done))
        : new Promise(done => new MutationObserver(done).observe(node, watched));
    const started = performance.now();
    (0, eval)(act)();
    await Promise.race([drawn, LATE]);
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    return performance.now() - started;
}""".replace("LATE", LATE)
BARE = "() => document.querySelector('.jupyter-button').click()"
FIELD = "() => { const field = document.querySelector(`.ll-settings input[aria-label='%s']`); %s }"
TYPE = "field.value = String(Number(field.value) + 7); field.dispatchEvent(new Event('change', { bubbles: true }));"
DURATION = FIELD % ("Duration in ms", TYPE)
CHECK = FIELD % ("when the step itself has failed", "field.click();")
CHART = ".js-plotly-plot"
MOVE = "() => document.querySelector('.ld-tool-down').click()"
BUTTON = "() => document.querySelector(`%s`).click()"
THERE_AND_BACK = {
    "duplicated": BUTTON % ".ld-tool-duplicate",
    "undone": BUTTON % ".ld-buttons button:nth-child(1)",
    "redone": BUTTON % ".ld-buttons button:nth-child(2)",
    "deleted": BUTTON % ".ld-tool-delete",
}
"""Edits after which, one after the other, all is as it was."""
CLICKS = 60


def measure(page: Page, what: str, act: str, clicks: int = CLICKS) -> list[float]:
    """How long the act takes until `what` shows it, each time, in ms."""
    found = []
    for _ in range(clicks):
        found.append(page.evaluate(WATCH, [what, act]))
        page.wait_for_timeout(150)  # a person, too, looks before the next edit
    return found


def summary(found: list[float]) -> str:
    return f"p50 {statistics.median(found):.0f} ms, p95 {statistics.quantiles(found, n=20)[-1]:.0f} ms"


def measure_moves(page: Page) -> list[float]:
    """Three steps are moved down one after the other, so that no order comes twice."""
    found = []
    for step in ("s3", "s4", "s5"):
        page.locator(".ld-row", has=page.get_by_text(step, exact=True)).click()
        expect(page.locator(".ll-settings .ll-note")).to_have_text(f"step {step}")
        page.wait_for_timeout(300)
        found += measure(page, CHART, MOVE, CLICKS // 3)
    return found


def measure_others(page: Page, rounds: int = 15) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in THERE_AND_BACK}
    for _ in range(rounds):
        for name, act in THERE_AND_BACK.items():
            found[name] += measure(page, CHART, act, 1)
    return found


@pytest.mark.parametrize("steps", [30, 100])
def test_how_long_from_an_edit_to_its_picture(run_notebook, page: Page, steps: int) -> None:
    page.set_viewport_size({"width": 1600, "height": 1400})
    run_notebook(f"edits{steps}", CELL.format(steps=steps))
    page.wait_for_selector(".ll-chart .bars .point", state="attached")
    page.wait_for_selector(".jupyter-button", state="attached")
    measure(page, ".widget-label", BARE, 5)
    print()
    form = ".ll-settings"
    print(f"{steps} steps, bare button: {summary(measure(page, '.widget-label', BARE))}")
    print(f"{steps} steps, a duration typed, until its form shows it: {summary(measure(page, form, DURATION))}")
    print(f"{steps} steps, a duration typed, until the new run is drawn: {summary(measure(page, CHART, DURATION))}")
    print(f"{steps} steps, a box ticked, until its form shows it: {summary(measure(page, form, CHECK))}")
    print(f"{steps} steps, a step moved, until the new run is drawn: {summary(measure_moves(page))}")
    for name, found in measure_others(page).items():
        print(f"{steps} steps, a step {name}, until the new run is drawn: {summary(found)}")
