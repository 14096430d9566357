"""Long lists: in groups, in order, with the same elements for the same rows."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from alone import show_alone
from playwright.sync_api import Page, expect

from legend_lab.ui.parts import Context, Events, Listing

pytestmark = pytest.mark.browser

SHOW = """async ([module, lists]) => {
    const url = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
    const { grouped, make } = await import(url);
    const parent = document.body.appendChild(document.createElement("div"));
    const update = (node, { away }) => (node.hidden = away);
    let known = new Map();
    return lists.map((items) => {
        const key = ({ name }) => name;
        grouped(parent, items, key, ({ name }) => make("div", "row", name), update, () => make("div", "group"));
        const rows = [...parent.querySelectorAll(".row")];
        const same = rows.filter((row) => known.get(row.textContent) === row).length;
        const before = known;
        known = new Map(rows.map((row) => [row.textContent, row]));
        const moved = rows.filter((row) => row.home && row.home !== row.parentElement).length;
        for (const row of rows) row.home = row.parentElement;
        return {
            moved,
            rows: rows.map((row) => row.textContent),
            items: rows.every((row) => items.includes(row.item)),
            same,
            kept: [...known.keys()].filter((name) => before.has(name)).length,
            groups: [...parent.children].map((group) => [
                group.children.length, group.hidden,
                [...group.children].filter((row) => !row.hidden).length,
            ]),
        };
    });
}"""
LONG = """
from legend_lab import Saga, SimulatedStep, VirtualClock, Workbench
block = {f"s{n}": SimulatedStep(duration_ms=3) for n in range(30)}
bench = Workbench(Saga.of("Long", {f"b{b}": Saga.of("B", block) for b in range(10)}), {}, clock=VirtualClock())
bench
"""
SEEN = """(body) => [...body.querySelectorAll('.ll-row')]
    .map((row) => row.checkVisibility({ contentVisibilityAuto: true }))"""


def changed(rng: random.Random, names: list[str], fresh: int) -> list[str]:
    """`names` after a change as they come: some gone, many new ones in one place, a part moved, the end cut off."""
    names = [name for name in names if rng.random() > rng.choice([0, 0, 0.1, 0.6])]
    place, size = rng.randint(0, len(names)), rng.choice([0, 1, 1, 3, 45])
    names[place:place] = [f"{fresh}-{number}" for number in range(size)]
    if rng.random() < 0.2:
        middle = rng.randint(0, len(names))
        names = names[middle:] + names[:middle]
    if rng.random() < 0.1:
        rng.shuffle(names)
    return names[-200:] if rng.random() < 0.9 else []


def shown_of(page: Page, items: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """What is there after each of these lists was shown, one after the other."""
    page.goto("about:blank")
    found: list[dict[str, Any]] = page.evaluate(SHOW, [Listing._esm, items])
    return found


def plain(names: range | list[int]) -> list[dict[str, Any]]:
    return [{"name": str(name), "away": False} for name in names]


@pytest.mark.parametrize("seed", range(8))
def test_a_list_in_groups_shows_each_item_once_in_order_with_its_element(page: Page, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - to choose what to try
    lists: list[list[str]] = [[]]
    for fresh in range(60):
        lists.append(changed(rng, lists[-1], fresh))
    items = [[{"name": name, "away": rng.random() < 0.3} for name in names] for names in lists]
    for shown, names in zip(shown_of(page, items), lists, strict=True):
        assert shown["rows"] == names
        assert shown["items"]
        assert shown["same"] == shown["kept"]  # no row was made again
        for size, hidden, visible in shown["groups"]:
            assert 0 < size <= 40
            assert hidden == (visible == 0)
        assert len(shown["groups"]) <= 3 + len(names) / 5, "hardly any group is nearly empty"


def test_rows_that_come_at_the_end_and_go_at_the_front_move_no_other(page: Page) -> None:
    shown = shown_of(page, [plain(range(max(0, end - 100), end)) for end in range(0, 300, 3)])
    assert [each["moved"] for each in shown] == [0] * 100
    assert max(len(each["groups"]) for each in shown) == 6


def test_rows_that_come_one_by_one_in_the_same_place_fill_groups(page: Page) -> None:
    shown = shown_of(page, [plain([0, *range(latest, 0, -1), 1_000]) for latest in range(300)])
    assert max(size for each in shown for size, *_ in each["groups"]) == 40
    assert max(len(each["groups"]) for each in shown) <= 16
    assert max(each["moved"] for each in shown) <= 20


def flat(count: int) -> list[Any]:
    return [{"key": f"k{number}", "text": "1", "change": "same"} for number in range(count)]


def above(count: int, children: int) -> list[Any]:
    """The same rows under one that is open, with so many in it."""
    inside = [{"key": f"c{number}", "text": "1", "change": "same"} for number in range(children)]
    change = "inside" if children else "same"
    return [{"key": "log", "text": "{…}", "change": change, "children": inside}, *flat(count)]


@pytest.mark.parametrize(
    "counts", [[30], [1, 19, 20, 21, 60, 200], list(range(50))], ids=["many", "more", "one by one"]
)
@pytest.mark.parametrize("named", ["k0", "k7", "k18", "k19", "k33"])
def test_the_row_in_focus_keeps_it_when_others_come_above(page: Page, named: str, counts: list[int]) -> None:
    show_alone(page, Context(rows=above(60, 0)))
    row = page.get_by_role("row", name=f"{named} 1", exact=True)
    row.focus()
    for count in [*counts, 0]:
        page.evaluate("(rows) => tellAtOnce({ rows })", above(60, count))
        expect(row).to_be_focused()


def test_a_row_that_comes_elsewhere_keeps_the_focus(page: Page) -> None:
    show_alone(page, Context(rows=flat(100)))
    row = page.get_by_role("row", name="k5 1", exact=True)
    row.focus()
    for rows in ([*flat(100)[6:], *flat(6)], flat(100), flat(100)[::-1]):
        page.evaluate("(rows) => tellAtOnce({ rows })", rows)
        expect(row).to_be_focused()


@pytest.mark.parametrize("before", [0, 5, 19, 20])
def test_a_row_that_is_opened_by_a_key_keeps_the_focus(page: Page, before: int) -> None:
    rows = above(60, 300)
    rows[0]["change"] = "same"
    show_alone(page, Context(rows=[*flat(before), *rows]))
    row = page.get_by_role("row", name="log")
    row.focus()
    for expanded in ("true", "false", "true"):
        page.keyboard.press("Enter")
        expect(row).to_have_attribute("aria-expanded", expanded)
        expect(row).to_be_focused()


FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
FIRST_IN_VIEW = """() => {
    const body = document.querySelector(".ll-body");
    const top = body.getBoundingClientRect().top;
    const row = [...body.querySelectorAll(".ll-row")].find((row) => row.getBoundingClientRect().bottom > top + 1);
    return [row.querySelector(".ll-key").textContent, Math.round(row.getBoundingClientRect().top - top)];
}"""


@pytest.mark.parametrize("scrolled", [60, 203, 400, 490, 700])
@pytest.mark.parametrize("counts", [[30], [200], list(range(1, 50))], ids=["some", "many", "one by one"])
def test_what_is_in_view_stays_where_it_is_when_rows_come_above(page: Page, scrolled: int, counts: list[int]) -> None:
    show_alone(page, Context(rows=above(60, 0)))
    page.evaluate("(to) => { document.querySelector('.ll-body').scrollTop = to; }", scrolled)
    page.evaluate(FRAMES)
    before = page.evaluate(FIRST_IN_VIEW)
    for count in counts:
        page.evaluate("(rows) => tellAtOnce({ rows })", above(60, count))
        page.evaluate(FRAMES)
        assert page.evaluate(FIRST_IN_VIEW) == before


@pytest.mark.parametrize("seen", [False, True], ids=["never seen", "seen before"])
def test_a_group_out_of_sight_is_as_tall_as_its_rows(page: Page, seen: bool) -> None:
    show_alone(page, Context(rows=flat(20)))
    row = page.locator(".ll-row").first.evaluate("(row) => row.getBoundingClientRect().height")
    for count in (1_000, 1_019, 1_027, 500, 510):
        page.evaluate("(rows) => tellAtOnce({ rows })", flat(count))
        page.evaluate(FRAMES)
        tall = page.evaluate("document.querySelector('.ll-body').scrollHeight")
        assert tall == pytest.approx(count * row, abs=2)
        for to in (1e6, 0) if seen else ():
            page.evaluate("(to) => { document.querySelector('.ll-body').scrollTop = to; }", to)
            page.evaluate(FRAMES)


def line(number: int) -> dict[str, str]:
    return {"at": f"{number} ms", "event": "step.end", "text": f"s{number}", "tone": "ok"}


def test_the_log_shows_what_happened_last_when_it_has_grown_out_of_sight(page: Page) -> None:
    show_alone(page, Events(lines=[line(number) for number in range(301)]), height=160)
    page.evaluate(FRAMES)
    page.evaluate("() => { document.querySelector('.ll-body').scrollTop = 0; }")
    page.evaluate(FRAMES)
    for count in range(302, 321):
        page.evaluate("(lines) => tellAtOnce({ lines })", [line(number) for number in range(count)])
    page.evaluate(FRAMES)
    page.evaluate("tellAtOnce({ later: 1 })")
    page.evaluate(FRAMES)
    body, last = page.get_by_role("log").bounding_box(), page.get_by_role("listitem").nth(318).bounding_box()
    assert body is not None
    assert last is not None
    assert body["y"] <= last["y"] <= body["y"] + body["height"] - last["height"] + 1


def test_the_log_is_one_list(page: Page) -> None:
    lines = [{"at": f"{number} ms", "event": "step.end", "text": f"s{number}", "tone": "ok"} for number in range(200)]
    show_alone(page, Events(lines=lines))
    told = page.get_by_role("log").get_by_role("list")
    expect(told).to_have_count(1)
    expect(told.get_by_role("listitem")).to_have_count(200)
    assert told.aria_snapshot().count("- list") == 1 + 200


def test_rows_out_of_sight_are_passed_over_and_can_be_reached(run_notebook: Callable[..., None], page: Page) -> None:
    run_notebook("longlist", LONG)
    body = page.get_by_role("grid", name="Program")
    expect(body.locator(".ll-row")).to_have_count(310)
    tall = body.evaluate("(body) => body.scrollHeight")
    seen = body.evaluate(SEEN)
    assert seen[0]
    assert not seen[-1]
    assert seen.count(True) < 100

    body.locator(".ll-row").first.focus()
    page.keyboard.press("End")
    last = body.locator(".ll-row").last
    expect(last).to_be_focused()
    expect(last).to_be_in_viewport()
    page.keyboard.press("Home")
    first = body.locator(".ll-row").first
    expect(first).to_be_in_viewport()

    page.keyboard.press("ArrowLeft")  # folds the first block, over more than one group
    expect(body.locator(".ll-row:not([hidden])")).to_have_count(280)
    row = body.locator(".ll-row:not([hidden])").nth(1)
    expect(row).to_be_in_viewport()
    assert (
        row.evaluate(
            "(row) => row.getBoundingClientRect().top - row.parentElement.parentElement.getBoundingClientRect().top"
        )
        < 60
    )
    assert tall - body.evaluate("(body) => body.scrollHeight") > 25 * 36
