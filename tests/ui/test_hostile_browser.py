"""Owns the proof that no text of a user makes an element, runs, or hides what is around it."""

from __future__ import annotations

import re
from collections.abc import Callable

import hostile
import pytest
from playwright.sync_api import Page, expect

from legend_lab.core.text import visible

pytestmark = pytest.mark.browser

OUR_TAGS = {
    "div", "span", "button", "kbd", "s", "strong", "p", "ul", "ol", "li", "form", "select", "option", "input",
    "textarea", "label",
}  # fmt: skip
CHART_TAGS = {"svg", "g", "path", "rect", "text", "tspan", "defs", "clippath", "pattern", "style", "line", "circle"}
FOUND = """() => {
    const found = { tags: {}, attributes: [], text: '', titles: [] };
    for (const node of document.querySelectorAll('.ll-workbench *')) {
        const where = node.closest('.ll-chart') ? 'chart' : 'own';
        (found.tags[where] ??= []).push(node.tagName.toLowerCase());
        for (const { name } of node.attributes) found.attributes.push(name);
        if (node.title) found.titles.push(node.title);
        const own = where === 'own' ? [...node.childNodes].filter(child => child.nodeType === 3) : [];
        found.text += own.map(child => child.data + '\\n').join('');
    }
    return found;
}"""
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
HOVERS = """async () => {
    const chart = document.querySelector(".ll-chart");
    const pane = chart.closest(".ll-body");
    const texts = {};
    const seen = new Set();
    for (let top = 0; ; top += pane.clientHeight / 3) {
        const drawn = new Promise(done => chart.once("plotly_afterplot", done));
        const before = pane.scrollTop;
        pane.scrollTop = top;
        if (pane.scrollTop !== before) await drawn;  // only the lanes in view are drawn
        else if (top > 0) break;
        for (const [curveNumber, trace] of chart.data.entries()) {
            for (const [pointNumber, entry] of (trace.customdata ?? []).entries()) {
                if (seen.has(entry)) continue;
                seen.add(entry);
                Plotly.Fx.unhover(chart);
                chart._lastHoverTime = 0;
                Plotly.Fx.hover(chart, [{ curveNumber, pointNumber }]);
                await new Promise(done => setTimeout(done, 60));  // plotly shows one in 50 ms
                (texts[trace.name] ??= []).push(chart.querySelector(".hoverlayer").textContent);
            }
        }
    }
    return [texts, chart.querySelectorAll("a").length];
}"""


def on_chart(text: str) -> str:
    return visible(text, 200)


CELL = """
import hostile
bench = hostile.workbench()
bench
"""


def harmless(page: Page) -> dict[str, list[str]]:
    """What is in the workbench, once it is sure that none of it came out of a text."""
    found = page.evaluate(FOUND)
    assert page.evaluate("() => globalThis.pwned") is None
    assert set(found["tags"]["own"]) <= OUR_TAGS
    assert set(found["tags"].get("chart", ())) <= CHART_TAGS | OUR_TAGS
    assert [name for name in found["attributes"] if name.startswith("on") or name in ("href", "src")] == []
    assert UNSEEN.findall(found["text"]) == []
    assert UNSEEN.findall("".join(found["titles"])) == []
    return found


def missing(shown: str, longest: int = 60, form: Callable[[str], str] = hostile.seen) -> list[str]:
    """The texts that are not there in the form in which a person should see them; spaces do not count."""
    flat = "".join(shown.split())
    return [name for name, text in hostile.TEXTS.items() if "".join(form(text).split())[:longest] not in flat]


def quoted(text: str) -> str:
    return hostile.seen(repr(text)[1:-1])


def text_of(page: Page, selector: str) -> str:
    return "\n".join(page.locator(selector).all_text_contents())


def titles_of(page: Page, selector: str) -> str:
    return "\n".join(page.locator(selector).evaluate_all("nodes => nodes.map(node => node.title)"))


def test_no_text_makes_an_element_or_runs_or_hides_what_is_around_it(
    run_notebook: Callable[..., None], page: Page, snapshot: Callable[[str], None]
) -> None:
    run_notebook("corpus", CELL)
    page.wait_for_selector(".ll-workbench")
    badge = page.locator(".ll-badge").first
    assert len(hostile.TEXTS) >= 20
    page.get_by_role("button", name="Run to end").click()
    expect(badge).to_have_text(re.compile("Undo failed"), timeout=20_000)
    page.wait_for_selector(".ll-chart .bars .point", state="attached")  # they take no time
    harmless(page)
    assert missing(titles_of(page, ".ll-listing .ll-break")) == []
    assert text_of(page, ".ll-words .ll-path").count("constructor") == 1
    assert missing(text_of(page, ".ll-words .ll-text")) == []
    assert missing(text_of(page, ".ll-events .ll-text")) == []
    assert missing(text_of(page, ".ll-chip")) == []
    assert missing(text_of(page, ".ll-context .ll-key")) == []
    assert missing(text_of(page, ".ll-context .ll-value"), form=quoted) == []
    page.locator(".ll-context .ll-row", has_text="given").first.click()
    assert missing(text_of(page, '.ll-context .ll-row[aria-level="2"] .ll-value')) == []
    assert missing(text_of(page, ".ll-listing .ll-input"), 40, quoted) == []
    assert missing(titles_of(page, ".ll-dot"), 20) == []
    assert len(hostile.TEXTS) == page.locator(".ll-chip").count()
    snapshot("hostile-corpus-light")

    hovers, links = page.evaluate(HOVERS)
    assert links == 0
    counts = {name: len(texts) for name, texts in hovers.items()}
    assert counts == {
        "✓ done": len(hostile.TEXTS),
        "✗ failed": len(hostile.TEXTS) + 1,
        "✗ failed undo": len(hostile.TEXTS),
    }
    for name in ("✗ failed", "✗ failed undo"):  # what is done has but a path to tell
        assert missing("\n".join(hovers[name]), 15, on_chart) == [], name
    harmless(page)


OUTCOMES = """
import hostile
from legend_lab import Fault, FaultKind, RetryPolicy, Saga, SimulatedStep, VirtualClock, Workbench
class Twice(SimulatedStep):
    compensation_retry_policy = RetryPolicy.retries(1)
class Fatal(BaseException): ...
fell = []
class Falls(Twice):
    async def execute(self, ctx):
        if len(fell) < 1:
            fell.append("execute")
            raise Fatal(hostile.ALL_SHORT)
        return await super().execute(ctx)
    async def compensate(self, ctx):
        if len(fell) < 2:
            fell.append("compensate")
            raise Fatal(hostile.ALL_SHORT)
        return await super().compensate(ctx)
rude = ValueError(hostile.TEXTS["plotly markup"])
names = ["constructor", "hasOwnProperty", "\u05e9\u05dc\u05d5\u05dd", "waits", "dies", "last"]
steps = {"falls": Falls(duration_ms=5), **{name: Twice(duration_ms=5) for name in names}}
bench = Workbench(Saga.of("Outcomes", steps), {}, clock=VirtualClock(), faults=[
    Fault("waits", kind=FaultKind.PAUSE), Fault("dies", kind=FaultKind.CRASH_AFTER), Fault("last", error=rude),
    Fault("hasOwnProperty", "compensate", error=rude), Fault("constructor", "compensate", kind=FaultKind.PAUSE),
    Fault("waits", "compensate", kind=FaultKind.CRASH_BEFORE),
])
debugger = bench.debugger
while debugger.is_crashed or debugger.next_instruction is not None:
    if debugger.is_crashed:
        debugger.restart()
    elif debugger.choices:
        debugger.resume()
    else:
        try:
            await debugger.step()
        except Fatal:
            pass
bench.refresh()
bench
"""
MARKS = {
    "✓ done", "✗ failed", "‖ paused", "⊘ interrupted", "↩ undo", "✗ failed undo", "‖ paused undo", "⊘ interrupted undo",
    "? open", "◆ decision",
}  # fmt: skip


def test_the_hovers_of_every_outcome_show_texts_letter_by_letter(run_notebook: Callable[..., None], page: Page) -> None:
    run_notebook("outcomes", OUTCOMES)
    page.wait_for_selector(".ll-chart .bars .point", state="attached")
    hovers, links = page.evaluate(HOVERS)
    assert links == 0
    assert set(hovers) == MARKS
    markup = "".join(hostile.TEXTS["plotly markup"].split())  # a hover breaks it into lines
    for name in ("✗ failed", "✗ failed undo"):
        assert [text for text in hovers[name] if markup not in "".join(text.split())] == [], name
    said = "\n".join(text for texts in hovers.values() for text in texts)
    paths = ("constructor", "hasOwnProperty", "\u05e9\u05dc\u05d5\u05dd")
    faults = ("waits · execute #1 · pause", "dies · execute #1 · crash after effect")
    assert [words for words in (*paths, *faults) if words not in said] == []
    harmless(page)


DECISIONS = """
import hostile
from legend_lab import CompensationOutcome, Fault, FaultKind, Saga, SimulatedStep, VirtualClock, Workbench
from legend_lab.lab.breakpoints import Breakpoint
pause = Fault("last", kind=FaultKind.PAUSE)
undo = Fault("first", "compensate")
steps = {"first": SimulatedStep(), "last": SimulatedStep()}
bench = Workbench(Saga.of("Decisions", steps), {}, faults=[pause, undo], clock=VirtualClock())
debugger = bench.debugger
await debugger.run_to_end()
for text in hostile.TEXTS.values():
    try:
        debugger.fork(text)
    except Exception as error:
        print("refused:", error)
debugger.fork("notes")
debugger.abort(hostile.ALL_SHORT)
await debugger.run_to_end()
debugger.edit("<b>key</b>", hostile.ALL_SHORT)
debugger.resolve("first", hostile.ALL_SHORT)
bench.refresh()
bench
"""
ALERT = """
def burst(_):
    raise ValueError(hostile.ALL_SHORT)
second = Workbench(Saga.of("Alert", steps), {}, clock=VirtualClock())
second.debugger.breakpoints = [Breakpoint("last", condition=burst)]
second
"""


def test_what_a_person_types_and_what_goes_wrong_is_text_too(
    run_notebook: Callable[..., None], page: Page, snapshot: Callable[[str], None]
) -> None:
    run_notebook("decisions", DECISIONS, ALERT)
    expect(page.locator(".ll-workbench")).to_have_count(2)
    assert missing(text_of(page, ".ll-branch")) == ["long"]  # refused in words
    log = page.locator(".ll-events").first.text_content() or ""
    assert log.count(hostile.seen("user\u202etxt.exe\u202c end")) == 2  # the abort and what was undone by hand
    assert log.count("[click](javascript:globalThis.pwned=7)") == 2
    harmless(page)
    second = page.locator(".ll-workbench").last
    second.get_by_role("button", name="Run to breakpoint").click()
    alert = second.locator(".ll-alert").first
    expect(alert).to_contain_text("The condition of the breakpoint before last if burst failed: ValueError")
    assert missing(alert.text_content() or "", 20) == ["long"]  # it is not among them
    harmless(page)
    snapshot("hostile-alert-light")
    second.get_by_role("button", name="Step").click()  # the session goes on
    expect(second.locator(".ll-count")).to_contain_text("entries")
