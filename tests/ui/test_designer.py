"""Owns the facts about the Designer that need no browser: what it shows, does, refuses and keeps."""

from __future__ import annotations

import asyncio
import json

import ipywidgets
import pytest
from designer_samples import TRAVEL, long_design, tell

from legend_lab import Design, Designer, DesignError, Fault, FaultKind, FaultPlan
from legend_lab.lab.breakpoints import Breakpoint
from legend_lab.lab.design import edits
from legend_lab.lab.design.files import from_json
from legend_lab.lab.design.history import History
from legend_lab.lab.design.model import Retries, StepDesign
from legend_lab.lab.design.templates import TEMPLATES
from legend_lab.ui import lifetime
from legend_lab.ui.designer.commands import carry_out
from legend_lab.ui.designer.desk import Desk
from legend_lab.ui.designer.form import form_of
from legend_lab.ui.designer.parts import DesignBar, Outline, Settings, Tables
from legend_lab.ui.designer.settings import set_context, set_effect, set_part
from legend_lab.ui.designer.values import number_of, number_text, typed_value, value_text
from legend_lab.ui.designer.view import DesignAside, designer_view

HOSTILE = '<img src=x onerror="alert(1)">{}"""\\'


def rows(designer):
    return [(row["depth"], row["name"]) for row in designer.outline.rows]


def fields(form):
    return {field["place"]: field for group in form["groups"] for line in group["lines"] for field in line["fields"]}


# -- what it shows -------------------------------------------------------------------------------


def test_an_empty_designer_shows_designs_to_start_from_and_no_run():
    designer = Designer()
    assert [card["title"] for card in designer.outline.templates] == list(TEMPLATES)
    assert designer.workbench is None
    tell(designer, "template", title="Money transfer")
    assert designer.design == TEMPLATES["Money transfer"]
    assert designer.outline.templates == []
    assert designer.workbench.debugger.length == 3
    tell(designer, "undo")
    assert designer.design == Design()
    assert designer.workbench is None
    assert designer.stage.children == ()


def test_the_outline_shows_the_saga_its_blocks_and_its_steps():
    designer = Designer(TRAVEL)
    assert rows(designer) == [
        (0, "TravelBooking"),
        (1, "reserve_funds"),
        (1, "trip"),
        (2, "hotel"),
        (2, "flight"),
        (1, "charge"),
    ]
    assert [row["number"] for row in designer.outline.rows] == ["", "1", "", "2", "3", "4"]
    assert designer.outline.summary == "4 steps · 1 block"


@pytest.mark.parametrize("path", ["", "trip", "trip.hotel"])
def test_every_field_of_a_form_takes_what_it_shows(path):
    for place, field in fields(form_of(TRAVEL, path)).items():
        assert set_part(TRAVEL, path, place, field["value"]).design == TRAVEL, place


def test_the_tables_take_what_they_show():
    designer = Designer(TRAVEL)
    for table in designer.tables.tables:
        make = set_context if table["command"] == "field" else set_effect
        for row in table["rows"][:-1]:
            for field in row["fields"][:-1]:
                assert make(TRAVEL, row["key"], field["place"], field["value"]).design == TRAVEL


def test_an_edit_sends_only_what_it_changed(monkeypatch):
    designer = Designer(TRAVEL)
    tell(designer, "select", path="charge")
    told = []
    monkeypatch.setattr(
        ipywidgets.Widget, "_send", lambda self, message, **_: told.append((type(self).__name__, set(message["state"])))
    )
    tell(designer, "set", path="charge", place="duration_ms", text="141")
    assert dict(told)["Settings"] == {"form"}
    assert {name for name, _ in told} & {"Outline", "Tables"} == set()
    told.clear()
    tell(designer, "select", path="trip")
    assert told == [("Outline", {"selected"}), ("Settings", {"form"}), ("DesignBar", {"pictures"})]


def test_findings_are_a_badge_at_their_row_and_listed_with_its_settings():
    history = History(TRAVEL)
    history.select("charge")
    view = designer_view(history, DesignAside(), {"charge": ["no timeout", "undo without retries"]})
    assert [row["findings"] for row in view["outline"]["rows"]][-1] == ["no timeout", "undo without retries"]
    assert view["settings"]["form"]["findings"] == ["no timeout", "undo without retries"]


@pytest.mark.parametrize("part", [DesignBar, Outline, Settings, Tables])
def test_a_part_is_one_module_that_imports_nothing(part):
    module = part()._esm
    assert "import " not in module.replace("important", "")
    assert module.count("export default { render };") == 1


# -- what it does --------------------------------------------------------------------------------


def test_a_saga_is_drawn_with_commands_alone():
    designer = Designer()
    for name in ("reserve", "book", "charge"):
        tell(designer, "add")
        tell(designer, "rename", path=designer.selected, text=name)
    tell(designer, "nest", path="book")
    tell(designer, "move", path="charge", by="-1")
    tell(designer, "duplicate", path="reserve")
    tell(designer, "place", path="reserve_2", block="block_1", index="0")
    tell(designer, "unnest", path="block_1.book")
    tell(designer, "delete", path="charge")
    tell(designer, "rename", path="", text="Booking")
    assert designer.bar.alert == ""
    assert rows(designer) == [(0, "Booking"), (1, "reserve"), (1, "block_1"), (2, "reserve_2"), (1, "book")]
    for _ in range(12):
        tell(designer, "undo")
    assert (designer.design, designer.bar.undo) == (edits.add_step(Design()).design, "add step step_1")


def test_what_the_buttons_do_a_script_can_do():
    designer = Designer()
    designer.edit(edits.add_step, name="hotel")
    designer.edit(edits.change, "hotel", {"fails": 1, "retries": {"max_retries": 2}})
    designer.edit(edits.rename, "hotel", "room")
    designer.select("room")
    assert designer.settings.form["name"] == "room"
    designer.undo()
    designer.undo()
    designer.redo()
    assert designer.design.steps["hotel"].fails == 1
    assert from_json(designer.to_json()) == designer.design
    assert "class Hotel(Step[" in designer.to_code()
    assert designer.saga.hotel.fails == 1
    with pytest.raises(DesignError, match="no step or block 'boat'"):
        designer.edit(edits.delete, "boat")


def test_a_new_step_stands_behind_the_selected_one_or_in_the_selected_block():
    designer = Designer(TRAVEL)
    tell(designer, "select", path="trip.hotel")
    tell(designer, "add")
    assert designer.selected == "trip.step_1"
    assert [name for _, name in rows(designer)][3:5] == ["hotel", "step_1"]
    tell(designer, "select", path="trip")
    tell(designer, "add")
    assert list(designer.design.steps)[-2] == designer.selected == "trip.step_2"


def test_a_context_edit_keeps_what_is_selected_and_steps_follow():
    designer = Designer(TRAVEL)
    tell(designer, "select", path="trip.hotel")
    tell(designer, "field", name="room", place="name", text="suite")
    assert designer.selected == "trip.hotel"
    assert designer.design.steps["trip.hotel"].writes == {"suite": "12"}
    tell(designer, "set", path="trip.hotel", place="effect", text="lounge.access")
    assert designer.design.steps["trip.hotel"].effect == designer.design.effects[-1].name == "lounge.access"
    tell(designer, "effect", name="lounge.access", place="irreversible", text="true")
    assert designer.design.effects[-1].irreversible
    tell(designer, "effect", name="lounge.access", place="remove", text="")
    assert designer.design.steps["trip.hotel"].effect is None


def test_an_undo_does_nothing_only_with_a_reason():
    designer = Designer(TRAVEL)
    tell(designer, "select", path="charge")
    tell(designer, "set", path="charge", place="undo", text="nothing")
    assert fields(designer.settings.form)["no_undo_because"]["value"] == "on purpose"
    tell(designer, "set", path="charge", place="no_undo_because", text=" ")
    assert "say why" in designer.settings.refused["no_undo_because"]["why"].lower()
    tell(designer, "set", path="charge", place="undo", text="undoes")
    assert designer.design == TRAVEL


# -- the run below -------------------------------------------------------------------------------


def test_what_ran_runs_again_and_the_workbench_stays_the_same_widget():
    designer = Designer(TRAVEL)
    bench = designer.workbench
    assert bench.toolbar.badge["text"] == "Completed"
    tell(designer, "set", path="charge", place="fails", text="9")
    assert designer.workbench is bench
    assert "Failed and undone" in bench.toolbar.badge["text"]
    debugger = bench.debugger
    tell(designer, "select", path="trip")
    assert bench.debugger is debugger


def test_after_a_reset_an_edit_does_not_run():
    designer = Designer(TRAVEL)
    designer.workbench._commands.receive({"command": "reset"})
    tell(designer, "set", path="charge", place="fails", text="9")
    assert designer.workbench.debugger.length == 0
    assert designer.workbench.toolbar.saga == "TravelBooking"


def test_faults_and_breakpoints_stay_at_their_steps_and_go_with_them():
    designer = Designer(TRAVEL, faults=[Fault("charge"), Fault("trip.hotel", kind=FaultKind.DELAY, delay_ms=5)])
    bench = designer.workbench
    bench.debugger.breakpoints = [Breakpoint("trip"), Breakpoint("trip.flight"), Breakpoint(on="error")]
    off = next(fault.token for fault in bench.debugger.faults if fault.path == "trip.hotel")
    bench._commands.receive({"command": "switch_fault", "id": off})
    tell(designer, "rename", path="charge", text="pay")
    tell(designer, "rename", path="trip", text="journey")
    assert [fault.path for fault in bench.debugger.faults] == ["pay"]
    assert [item.path for item in bench.debugger.breakpoints] == ["journey", "journey.flight", None]
    assert [fault.path for fault, _ in bench._planned] == ["pay", "journey.hotel"]
    tell(designer, "delete", path="journey.flight")
    assert [item.path for item in bench.debugger.breakpoints] == ["journey", None]
    tell(designer, "undo")
    tell(designer, "undo")
    tell(designer, "undo")
    assert [fault.path for fault in bench.debugger.faults] == ["charge"]
    assert [chip["on"] for chip in bench.faults.chips] == [True, False]


async def test_an_edit_breaks_off_what_runs_and_runs_anew():
    designer = Designer(TRAVEL)
    tell(designer, "set", path="charge", place="fails", text="1000000")
    tell(designer, "set", path="charge", place="retries.max_retries", text="1000000")
    for _ in range(20):
        await asyncio.sleep(0)
    tell(designer, "undo")
    tell(designer, "undo")
    for _ in range(200):
        await asyncio.sleep(0)
    assert designer.design == TRAVEL
    assert designer.workbench.debugger.length == 4
    assert designer.workbench.toolbar.badge["text"] == "Completed"


def test_faults_need_a_design():
    with pytest.raises(DesignError, match="none yet"):
        Designer(faults=FaultPlan([Fault("x")]))


# -- what it refuses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "text", "why"),
    [
        ("name", "class", "a keyword of Python"),
        ("name", 'a"b', "no Python identifier"),
        ("name", "a\nb", "no Python identifier"),
        ("name", "\u0430\u0435", None),  # Cyrillic letters are letters; two names never look the same by accident here
        ("name", "x" * 10_000, "too long a name"),
        ("name", "flight", "already|two steps"),
        ("name", "build", "hide"),
        ("timeout_s", "soon", "no number"),
        ("timeout_s", "nan", "no number"),
        ("timeout_s", "-1", "greater than 0"),
        ("fails", "1.5", "integer"),
        ("retries.max_retries", "-1", "greater than or equal to 0"),
        ("description", "two\nlines", "one printable line"),
        ("effect", "\u202e", "printable"),
        ("writes.amount", "much", "whole number"),
        ("error", "SystemExit", "no error that a design knows"),
    ],
)
def test_what_cannot_be_is_said_at_its_place_and_what_was_typed_is_kept(place, text, why):
    designer = Designer(TRAVEL)
    tell(designer, "select", path="trip.hotel")
    tell(designer, "set", path="trip.hotel", place=place, text=text)
    if why is None:
        assert designer.bar.alert == ""
        return
    refused = designer.settings.refused[place]
    assert refused["text"] == text
    assert any(word in refused["why"] for word in why.split("|")), refused["why"]
    assert (designer.design, designer.bar.alert) == (TRAVEL, "")


def test_one_field_taken_leaves_what_is_wrong_in_another():
    designer = Designer(TRAVEL)
    tell(designer, "select", path="charge")
    tell(designer, "set", path="charge", place="timeout_s", text="soon")
    tell(designer, "set", path="charge", place="fails", text="many")
    tell(designer, "set", path="charge", place="fails", text="1")
    assert set(designer.settings.refused) == {"timeout_s"}
    tell(designer, "select", path="trip")
    assert designer.settings.refused == {}


def test_hostile_texts_are_data_everywhere():
    designer = Designer(TRAVEL)
    tell(designer, "set", path="charge", place="description", text=HOSTILE)
    tell(designer, "set", path="charge", place="effect", text=HOSTILE)
    tell(designer, "field", name="seat", place="initial", text=HOSTILE)
    tell(designer, "set", path="charge", place="writes.seat", text=HOSTILE)
    assert designer.bar.alert == ""
    assert designer.design.steps["charge"].writes["seat"] == HOSTILE
    assert from_json(designer.to_json()) == designer.design
    compile(designer.to_code(), "design", "exec")


@pytest.mark.parametrize(
    "command", [{"command": "boom"}, {"command": "set", "path": "x"}, "add", {"command": "add", "path": 3}]
)
def test_messages_that_are_no_commands_change_nothing(command):
    designer = Designer(TRAVEL)
    designer._commands.receive(command)
    assert designer.bar.alert.startswith("Ignored")
    assert designer.design == TRAVEL


def test_a_command_that_nothing_carries_out_is_refused_in_words():
    desk = Desk(TRAVEL)
    with pytest.raises(DesignError, match="there is no command 'boom'"):
        carry_out(desk, {"command": "boom"})
    assert desk.design == TRAVEL


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ({"command": "move", "path": "reserve_funds", "by": "-1"}, "first already"),
        ({"command": "unnest", "path": "charge"}, "in no block"),
        ({"command": "place", "path": "trip", "block": "trip", "index": "0"}, "into itself"),
        ({"command": "place", "path": "charge", "block": "", "index": "-1"}, "no place"),
        ({"command": "redo"}, "nothing to do again"),
        ({"command": "template", "title": "none"}, "no template"),
        ({"command": "panel", "kind": "secret"}, "no panel"),
    ],
)
def test_what_cannot_be_done_is_said_at_the_top(command, said):
    designer = Designer(TRAVEL)
    designer._commands.receive(command)
    assert said in designer.bar.alert
    assert designer.design == TRAVEL


# -- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "type"),
    [("a", "str"), ("", "str"), (' "a', "str"), ("12", "str"), (3, "int"), (0.5, "float"), (True, "bool"),
     (["a", "b"], "list[str]"), ({"a": "b"}, "dict[str, str]"), ({"a": [1, None]}, "object"), (HOSTILE, "str")],
)  # fmt: skip
def test_a_value_is_typed_as_it_is_shown(value, type):
    assert typed_value(value_text(value), type) == value


@pytest.mark.parametrize("number", [0, 3, 0.5, 1_000_000, 1e12, 12.25])
def test_a_number_is_typed_as_it_is_shown(number):
    assert number_of(number_text(number)) == number


# -- its life ------------------------------------------------------------------------------------


def test_disposing_closes_everything_that_it_made():
    designer = Designer(TRAVEL)
    designer.dispose()
    assert designer.children == ()
    assert all(part.comm is None for part in designer.parts.values())


def test_a_workbench_made_later_lives_as_long_as_its_designer(monkeypatch):
    monkeypatch.setattr(lifetime, "_made", {})
    monkeypatch.setattr(lifetime, "_running_cell", lambda: ("first", "request 1"))
    designer = Designer()
    monkeypatch.setattr(lifetime, "_running_cell", lambda: ("second", "request 2"))
    tell(designer, "add")  # the kernel still names the cell that ran last
    monkeypatch.setattr(lifetime, "_running_cell", lambda: ("second", "request 3"))
    lifetime.close_on_rerun(lambda: None)
    bench = designer.workbench
    assert bench.children != ()
    monkeypatch.setattr(lifetime, "_running_cell", lambda: ("first", "request 4"))
    lifetime.close_on_rerun(lambda: None)
    assert designer.children == bench.children == ()


def test_what_is_shown_is_json_for_a_hundred_steps():
    designer = Designer()
    designer.edit(lambda _: edits.Edited(long_design(100), "", "draw"))
    shown = {name: part.shown for name, part in designer.parts.items()}
    assert len(json.dumps(shown["outline"])) < 60_000
    assert designer.workbench.debugger.length == 100


def test_what_the_lint_finds_stands_at_its_step_until_it_is_mended():
    made = Designer(Design(parts=(StepDesign(name="pay", retries=Retries(max_retries=2)),)))
    (sentence,) = made.outline.rows[1]["findings"]
    assert sentence.startswith("warning: is retried up to 2 times")
    assert "To mend: " in sentence
    made.select("pay")
    assert made.settings.form["findings"] == [sentence]
    made.edit(edits.change, "pay", {"idempotent": True})
    assert made.outline.rows[1]["findings"] == []
