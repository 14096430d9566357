"""What a message changes is painted a moment later; whoever acts before that acts on what is true."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from legend_lab.ui.designer.parts import Settings
from legend_lab.ui.designer.state import FieldState, FormState
from legend_lab.ui.parts import Context, Part

pytestmark = pytest.mark.browser

RENDER = """async ([code, shown]) => {
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    const part = (await import(url)).default;
    const listeners = new Set();
    window.state = shown;
    window.sent = [];
    window.tell = (news) => {
        Object.assign(state, news);
        for (const listener of listeners) listener();
    };
    const model = {
        get: (name) => state[name],
        on: (event, listener) => event === "change" && listeners.add(listener),
        off: (event, listener) => listeners.delete(listener),
        send: (command) => sent.push(command),
    };
    part.render({ model, el: document.body.appendChild(document.createElement("div")) });
}"""


def shown_in(page: Page, part: Part) -> None:
    """The part stands alone in an empty page; `tell` changes what it shows, and `sent` is what it sends."""
    page.goto("about:blank")
    shown = {"shortcuts": part.shortcuts, **part.shown}
    page.evaluate(RENDER, [part._esm, json.loads(json.dumps(shown))])


@pytest.mark.parametrize("act", ["pointerdown", "keydown"])
def test_what_is_due_is_painted_before_a_person_s_act_is_heard(page: Page, act: str) -> None:
    shown_in(page, Context(rows=[{"key": "seats", "text": "1", "change": "same"}]))
    seen: list[str] = page.evaluate(
        """(act) => {
            const row = document.querySelector(".ll-row");
            const seen = [];
            const look = () => seen.push(row.querySelector(".ll-value").textContent.trim().at(-1));
            row.addEventListener(act, look);
            tell({ rows: [{ key: "seats", text: "2", change: "same" }] });
            look();
            const Act = act === "keydown" ? KeyboardEvent : PointerEvent;
            row.dispatchEvent(new Act(act, { bubbles: true, key: "x" }));
            return seen;
        }""",
        act,
    )
    assert seen == ["1", "2"]


def form(path: str) -> FormState:
    field: FieldState = {
        "place": "duration_ms", "kind": "text", "label": "takes", "value": "5", "before": "", "after": "ms",
    }  # fmt: skip
    line: Any = {"label": "takes", "help": "", "fields": [field]}
    return {"path": path, "kind": "step", "name": path, "groups": [{"title": "Run", "lines": [line]}], "findings": []}


def test_a_setting_goes_to_the_step_whose_form_is_seen(page: Page) -> None:
    shown_in(page, Settings(form=form("hold")))
    sent: list[dict[str, str]] = page.evaluate(
        """(other) => {
            const input = document.querySelector("input");
            input.value = "7";
            tell({ form: other }); // another step was selected meanwhile; its form is not painted yet
            input.dispatchEvent(new Event("change", { bubbles: true }));
            return sent;
        }""",
        form("pay"),
    )
    assert sent == [{"command": "set", "path": "hold", "place": "duration_ms", "text": "7"}]
