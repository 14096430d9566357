"""What a message changes is painted a moment later; whoever acts before that acts on what is true."""

from __future__ import annotations

from typing import Any

import pytest
from alone import show_alone
from playwright.sync_api import Page

from legend_lab.ui.designer.parts import Settings
from legend_lab.ui.designer.state import FieldState, FormState
from legend_lab.ui.parts import Context

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("act", ["pointerdown", "keydown"])
def test_what_is_due_is_painted_before_a_person_s_act_is_heard(page: Page, act: str) -> None:
    show_alone(page, Context(rows=[{"key": "seats", "text": "1", "change": "same"}]))
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
    show_alone(page, Settings(form=form("hold")))
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
