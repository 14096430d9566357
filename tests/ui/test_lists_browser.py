"""Long lists: in groups, in order, with the same elements for the same rows."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from legend_lab.ui.parts import Listing

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
                group.children.length, group.hidden, Number(group.style.getPropertyValue("--rows")),
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
        for size, hidden, told, visible in shown["groups"]:
            assert 0 < size <= 40
            assert told == visible
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
    page.wait_for_timeout(100)
    row = body.locator(".ll-row:not([hidden])").nth(1)
    expect(row).to_be_in_viewport()
    assert (
        row.evaluate(
            "(row) => row.getBoundingClientRect().top - row.parentElement.parentElement.getBoundingClientRect().top"
        )
        < 60
    )
    assert tall - body.evaluate("(body) => body.scrollHeight") > 25 * 36
