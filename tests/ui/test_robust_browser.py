"""Owns the proofs that nothing leaks, that two views agree, and that the kernel stays free while a saga runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, expect

pytestmark = pytest.mark.browser

ARTIFACTS = Path(__file__).parents[2] / ".artifacts"

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
ON_PAGE = """async () => {
    const { content, sessionContext } = window.jupyterapp.shell.currentWidget;
    const within = function* (widget) {
        yield widget;
        for (const child of widget.children?.() ?? []) yield* within(child);
    };
    for (const cell of content.widgets) for (const widget of within(cell))
        globalThis.widgetManager ??= await widget._manager?.promise;
    return [
        document.querySelectorAll(".ll-workbench").length,
        document.querySelectorAll(".ll-part").length,
        Object.keys(globalThis.widgetManager._models).length,
        sessionContext.session.kernel._comms.size,
    ];
}"""
"""Views, parts, models of the page's widget manager (reached through what it has rendered), comms of its kernel."""
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


DELETE = """number => {
    const { content } = window.jupyterapp.shell.currentWidget;
    content.deselectAll();
    content.activeCellIndex = number;
    return window.jupyterapp.commands.execute("notebook:delete-cell");
}"""


def settled(page: Page, wanted: list[int]) -> None:
    """The page comes to have exactly so much; what the kernel closes, it hears of a moment later."""
    poll = f"async wanted => JSON.stringify(await ({ON_PAGE})()) === JSON.stringify(wanted)"
    try:
        page.wait_for_function(poll, arg=wanted)
    except Error as error:
        raise AssertionError(f"the page has {page.evaluate(ON_PAGE)}, not {wanted}") from error
    assert page.evaluate(ON_PAGE) == wanted


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


def test_stop_can_be_used_as_soon_as_running_is_said_however_late_the_page_hears_of_it(
    run_notebook: Callable[..., None], page: Page
) -> None:
    """The page's own patience of 150 ms, after which the buttons change, never ends here: as if it was busy itself."""
    page.add_init_script("""const own = setTimeout;
        globalThis.setTimeout = (act, ms, ...more) => (ms === 150 ? own(act, 2 ** 30) : own(act, ms, ...more));""")
    run_notebook("late", SAGA, LONG)
    page.wait_for_selector(".ll-workbench")
    page.get_by_role("button", name="Step", exact=True).click()
    expect(page.locator(".ll-badge")).to_contain_text("Running")
    expect(page.get_by_role("button", name="Stop")).to_have_attribute("aria-disabled", "false")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".ll-badge")).to_contain_text("Stopped")


def test_running_the_cell_again_showing_it_twice_and_deleting_it_leaves_nothing_behind(
    run_notebook: Callable[..., None], page: Page
) -> None:
    run_notebook("leaks", SAGA, SMALL, COUNT, "bench", "bench.close()\nbench.dispose()")
    expect(page.locator(".ll-workbench")).to_have_count(0, timeout=20_000)  # the last cell has closed it
    empty = counted(page)
    run_cell(page, 1)
    expect(page.locator(".ll-workbench")).to_have_count(1)
    first = counted(page)
    on_page = page.evaluate(ON_PAGE)
    assert on_page[:2] == [1, 8]
    assert min(on_page[2:]) >= 8  # a model and a comm for each part at least
    for _ in range(20):
        run_cell(page, 1)
    page.wait_for_selector(".ll-chart .main-svg")
    assert counted(page) == first
    settled(page, on_page)

    run_cell(page, 3)
    expect(page.locator(".ll-workbench")).to_have_count(2)
    one, other = page.locator(".ll-workbench").first, page.locator(".ll-workbench").last
    other.get_by_role("button", name="Step").click()
    for view in (one, other):
        expect(view.locator(".ll-count")).to_contain_text("1 entry")
    one.get_by_role("button", name="Back").click()
    expect(other.locator(".ll-standing")).to_contain_text("Before the first of 1 entry")
    assert counted(page) == first
    settled(page, [2, 16, *on_page[2:]])  # two views of the same models
    page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[3].outputArea.model.clear()")
    expect(page.locator(".ll-workbench")).to_have_count(1)
    one.get_by_role("button", name="Step").click()  # the view that is left still works
    expect(one.locator(".ll-count")).to_contain_text("1 entry")
    run_cell(page, 4)
    expect(page.locator(".ll-workbench")).to_have_count(0)
    assert counted(page) == empty
    settled(page, [0, 0, 0, 0])

    run_cell(page, 1)
    expect(page.locator(".ll-workbench")).to_have_count(1)
    page.evaluate(DELETE, 1)
    expect(page.locator(".ll-workbench")).to_have_count(0)
    run_cell(page, 3)  # the cell before is gone: this disposes of what it showed
    settled(page, [0, 0, 0, 0])


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


ODD = """
import asyncio
import test_robust as odd
from legend_lab.lab.breakpoints import Breakpoint
def lost(*_):
    raise ConnectionError("the callback broke")
class Forever(odd.Step[dict]):
    async def execute(self, ctx):
        await asyncio.Event().wait()
    async def compensate(self, ctx):
        return odd.CompensationOutcome.COMPLETED
"""
CALLBACK = "bench = odd.bench(lambda _: None)\nbench.debugger.fork = lost\nbench"
CONDITION = """bench = odd.bench(lambda _: None)
bench.debugger.breakpoints = [Breakpoint("later", condition=odd.raising(ValueError("no")))]
bench.refresh()
bench"""
NEVER = "Workbench(odd.Saga.of('Odd', {'never': Forever()}), {})"
ROBUST = {
    "callback": (CALLBACK, ["Fork"], ".ll-alert", "the callback broke", "Step", "Going forward"),
    "condition": (CONDITION, ["Run to breakpoint"], ".ll-alert", "The condition of the breakpoint before later", "Step",
                  "Completed"),
    "repr": ("odd.bench(odd.putting(odd.Mute()))", ["Step"], ".ll-context", "<Mute whose repr raises SystemExit>",
             "Step", "Completed"),
    "copy": ("odd.bench(odd.putting(odd.Stubborn()))", ["Step", "Step"], ".ll-context .ll-empty",
             "cannot keep: context.x cannot be copied", "Reset", "Not started"),
    "huge": ("odd.bench(odd.putting('y' * 10_000_000))", ["Step"], ".ll-context", "(10,000,002 characters)", "Step",
             "Completed"),
    "cycle": ("odd.bench(odd.tied)", ["Step"], ".ll-context", "dict that it is inside of", "Step", "Completed"),
    "silent": ("odd.bench(odd.raising(odd.SilentError()))", ["Step"], ".ll-standing", "its text cannot be had", "Reset",
               "Not started"),
    "fatal": ("odd.bench(odd.raising(odd.Fatal('boom')))", ["Step"], ".ll-panel", "Stopped at odd", "Abort", "Undoing"),
    "never": (NEVER, ["Step", "Stop"], ".ll-panel", "Stopped at never", "Abort", "Undoing"),
}  # fmt: skip
"""A workbench, the buttons that bring it into trouble, where it says what, and the button that leads on to where."""


def test_what_goes_wrong_in_a_user_s_own_code_is_said_in_words_with_a_way_on(
    run_notebook: Callable[..., None], page: Page
) -> None:
    run_notebook("odd", f"{SAGA}\n{ODD}", *(cell for cell, *_ in ROBUST.values()))
    benches = page.locator(".ll-workbench")
    expect(benches).to_have_count(len(ROBUST), timeout=30_000)
    ARTIFACTS.mkdir(exist_ok=True)
    for number, (name, (_, buttons, where, says, way, then)) in enumerate(ROBUST.items()):
        bench = benches.nth(number)
        bench.scroll_into_view_if_needed()
        for button in buttons:
            bench.get_by_role("button", name=button, exact=True).click()
        expect(bench.locator(where).first).to_contain_text(says)
        bench.screenshot(path=ARTIFACTS / f"robust-{name}.png", animations="disabled")
        bench.get_by_role("button", name=way, exact=True).click()
        expect(bench.locator(".ll-badge").first).to_contain_text(then)
        expect(bench.locator(".ll-alert").first).to_be_hidden()
