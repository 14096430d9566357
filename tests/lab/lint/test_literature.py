from __future__ import annotations

import ast
import importlib.util
import json
import linecache
import sys
import types
from pathlib import Path

import pytest

from legend_lab import canvas, lint
from legend_lab.lab.design.building import saga_of
from legend_lab.lab.design.templates import TEMPLATES

_SPEC = importlib.util.spec_from_file_location("lint_literature", Path(__file__).with_name("literature.py"))
literature = importlib.util.module_from_spec(_SPEC)
sys.modules["lint_literature"] = literature
_SPEC.loader.exec_module(literature)

SAGAS = {type(saga).__name__: saga for saga in literature.SAGAS}

DEFENDED = {
    "ParentalLeave": {
        ("no-way-back", "ask"): "the manager may say no after the mail is out; that mail only asks, so it is harmless "
        "here, but only a person can know that: ignore 'no-way-back:ask'",
        ("context-never-written", "decision"): "whoever resumes the run writes it; the saga alone does not show that: "
        "ignore 'context-never-written:decision'",
    },
}
"""Findings in public sagas that we stand by, and why."""


@pytest.mark.parametrize("name", SAGAS)
def test_a_public_saga_gives_only_findings_that_we_stand_by(name):
    expected = DEFENDED.get(name, {})
    for looked_at in (SAGAS[name], type(SAGAS[name])):
        assert [(item.rule, item.path) for item in lint(looked_at)] == list(expected)
    ignored = [f"{rule}:{path}" for rule, path in expected]
    assert lint(SAGAS[name], ignore=ignored) == []
    assert lint(SAGAS[name]).notes == ()


@pytest.mark.parametrize("title", TEMPLATES)
def test_a_template_gives_no_finding(title):
    for looked_at in (TEMPLATES[title], saga_of(TEMPLATES[title])):
        found = lint(looked_at)
        assert found == []
        assert found.notes == ()


def test_owners_come_from_docstrings():
    owners = {row.path: row.owner for row in canvas(SAGAS["TravelBooking"]).rows}
    assert owners == {"flight": "air desk", "hotel": "hotel desk", "charge": "travel"}
    assert {row.owner for row in canvas(SAGAS["MoneyTransfer"]).rows} == {"not said"}


def test_two_public_sagas_beside_each_other_are_silent_when_they_share_nothing():
    for name in ("MoneyTransfer", "CreateOrderSaga"):
        assert lint(SAGAS[name], beside=[SAGAS["TravelBooking"], SAGAS[name]]) == []


@pytest.mark.checkout
def test_the_first_notebook_retries_what_nobody_called_idempotent(monkeypatch):
    notebook = Path(__file__).parents[3] / "notebooks" / "01_travel_booking.ipynb"
    module = types.ModuleType("notebook_01")
    monkeypatch.setitem(sys.modules, "notebook_01", module)
    names = vars(module)
    for number, cell in enumerate(json.loads(notebook.read_text(encoding="utf-8"))["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and "booking" not in names:
            file = f"<cell {number}>"
            linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)  # as a kernel does
            exec(compile(ast.parse(source), file, "exec"), names)  # noqa: S102 - our own notebook
    found = lint(names["booking"])
    assert [(item.rule, item.path) for item in found] == [
        ("retry-not-idempotent", "reserve_funds"),
        ("retry-not-idempotent", "trip.flight"),
    ]
    assert {item.file for item in found} == {"<cell 4>"}
    assert found.notes == ()
