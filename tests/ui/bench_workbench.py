"""How long a click takes until its picture is there; run with `pytest tests/ui/bench_workbench.py -m benchmark -s`."""

from __future__ import annotations

import statistics

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.benchmark

CELL = """
import ipywidgets
from legend_lab import Saga, SimulatedStep, VirtualClock, Workbench
block = {{f"s{{n}}": SimulatedStep(duration_ms=3) for n in range(20)}}
saga = Saga.of("Long", {{f"b{{b}}": Saga.of("B", block) for b in range({blocks})}})
bench = Workbench(saga, {{"given": 1}}, clock=VirtualClock())
while bench.debugger.length < {entries}:
    await bench.debugger.step()
bench.refresh()
button, said = ipywidgets.Button(description="bare"), ipywidgets.Label("0")
button.on_click(lambda _: setattr(said, "value", str(int(said.value) + 1)))
ipywidgets.VBox([bench, button, said])
"""
LATE = "new Promise((_, fail) => setTimeout(() => fail(new Error('nothing was seen within 10 s')), 10_000))"
"""What is waited for beside a picture, or one that never comes would be waited for without end."""
CLICK = """async ([button, text, chart]) => {
    const started = performance.now();
    const watched = { subtree: true, childList: true, characterData: true };
    const changed = new Promise(done => new MutationObserver(done).observe(document.querySelector(text), watched));
    const drawn = chart ? new Promise(done => {
        const seen = new MutationObserver(done); // of few things: to watch all that plotly sets costs a step several ms
        seen.observe(document.querySelector('.ll-chart'), { subtree: true, childList: true });
        seen.observe(document.querySelector('.ll-moment-line'), { attributes: true });
    }) : null;
    document.querySelector(button).click();
    await Promise.race([Promise.all([changed, drawn]), LATE]);
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    return performance.now() - started;
}""".replace("LATE", LATE)
BARE = (".jupyter-button", ".widget-label", False)
STEP = ("[data-command=step]", ".ll-standing", True)
BACK = ("[data-command=back]", ".ll-standing", True)


WAITS = """
import asyncio
from legend_lab import CompensationOutcome, Saga, Step, StepOutcome, Workbench
class Wait(Step[dict]):
    async def execute(self, ctx):
        await asyncio.sleep(30)
        return StepOutcome.CONTINUE
    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED
Workbench(Saga.of("Long", {"wait": Wait()}), {})
"""
STOP = """async () => {
    const started = performance.now();
    const badge = document.querySelector(".ll-badge");
    const watched = { subtree: true, childList: true, characterData: true };
    const stopped = new Promise(done => new MutationObserver(() => badge.textContent.includes("Stopped") && done())
        .observe(badge, watched));
    document.querySelector("[data-command=stop]").click();
    await Promise.race([stopped, LATE]);
    return performance.now() - started;
}""".replace("LATE", LATE)


def measured(page: Page, what: tuple[str, str, bool], times: int) -> str:
    found = []
    for _ in range(times):
        found.append(page.evaluate(CLICK, list(what)))
        page.wait_for_timeout(100)  # a person, too, looks before the next click
    return f"p50 {statistics.median(found):.0f} ms, p95 {statistics.quantiles(found, n=20)[-1]:.0f} ms"


@pytest.mark.parametrize(("entries", "slower"), [(20, 1), (200, 1), (200, 2)])
def test_how_long_from_a_click_to_its_picture(run_notebook, page: Page, entries: int, slower: int) -> None:
    run_notebook(f"clicks{entries}-{slower}", CELL.format(entries=entries, blocks=entries // 20 + 4))
    page.wait_for_selector(".ll-chart .bars .point", state="attached")
    page.wait_for_selector(BARE[1], state="attached")
    devtools = page.context.new_cdp_session(page)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})  # the page alone; the kernel is as fast as it is
    measured(page, BARE, 5)
    print()
    where = f"{entries} entries" + (f", the page {slower} times as slow" if slower > 1 else "")
    for name, what in (("bare button", BARE), ("step", STEP), ("back", BACK), ("replay", STEP)):
        print(f"{where}, {name}: {measured(page, what, 60)}")


def test_how_long_until_stop_answers_while_a_step_waits(run_notebook, page: Page) -> None:
    run_notebook("stops", WAITS)
    page.wait_for_selector(".ll-workbench")
    found = []
    for _ in range(20):
        page.get_by_role("button", name="Step").click()
        expect(page.locator(".ll-badge").first).to_contain_text("Running")
        found.append(page.evaluate(STOP))
        page.get_by_role("button", name="Reset").click()
        expect(page.locator(".ll-badge").first).to_contain_text("Not started")
    print(f"\nstop, from click to badge: p50 {statistics.median(found):.0f} ms, max {max(found):.0f} ms (200)")
