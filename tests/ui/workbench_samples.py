"""Owns sample view states of the workbench, for tests and for looking at; the kernel of a test imports it, too."""

from __future__ import annotations

import copy
import json
import threading
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from legend_lab.ui.commands import Commands
from legend_lab.ui.layout import WorkbenchLayout
from legend_lab.ui.menu_state import Button, Form
from legend_lab.ui.view_state import (
    ContextRow,
    Dot,
    EffectLook,
    EffectMove,
    EffectRow,
    HistoryState,
    Panel,
    ProgramRow,
    RowMark,
    ViewState,
)

GO = Path("go")
"""The demo's `abort` is stuck until this file exists where the kernel runs."""
HOSTILE = '<img src=x onerror="globalThis.pwned=1"><b>bold</b>'

ABORT: Form = {
    "command": "abort",
    "label": "Abort",
    "paths": [],
    "hint": "reason to abort (may be empty)",
    "why": "Give up the saga and undo what was done",
}
PROGRAM: list[ProgramRow] = [
    {"path": "reserve_funds", "name": "reserve_funds", "depth": 0, "kind": "step", "input": "amount=89900"},
    {"path": "trip", "name": "trip", "depth": 0, "kind": "block", "input": ""},
    {
        "path": "trip.hotel",
        "name": "hotel",
        "depth": 1,
        "kind": "step",
        "input": 'hotel="htl_nyc_3", room="king", nights=3',
    },
    {"path": "trip.flight", "name": "flight", "depth": 1, "kind": "step", "input": 'flight="UA123"'},
    {"path": "charge", "name": "charge", "depth": 0, "kind": "step", "input": ""},
    {"path": "confirm", "name": "confirm", "depth": 0, "kind": "step", "input": 'email="a@b.c"'},
]


def buttons(*, running: bool = False, halted: bool = False) -> list[Button]:
    why_not = "The run stands still and needs a decision first" if halted else "A command is being carried out"
    free = not running and not halted
    return [
        {"command": "back", "label": "Back", "glyph": "◂", "key": "b", "enabled": not running, "primary": False,
         "why": "Go one entry back; nothing is carried out"},
        {"command": "step", "label": "Step", "glyph": "▸", "key": "n", "enabled": free, "primary": not halted,
         "why": "Carry out the next instruction" if free else why_not},
        {"command": "run_to_end", "label": "Run to end", "glyph": "", "key": "e", "enabled": free, "primary": False,
         "why": "Carry out instructions until the run ends or stands still" if free else why_not},
        {"command": "reset", "label": "Reset", "glyph": "⟲", "key": "⇧R", "enabled": not running, "primary": False,
         "why": "Start over with a fresh context"},
        {"command": "stop", "label": "Stop", "glyph": "■", "key": "s", "enabled": running, "primary": False,
         "why": "Stop what is running" if running else "Nothing is running"},
    ]  # fmt: skip


def action(command: str, label: str, *, primary: bool = False, why: str = "") -> Button:
    return {"command": command, "label": label, "glyph": "", "key": "", "enabled": True, "primary": primary, "why": why}


def mark(state: str, status: str, *faults: str) -> RowMark:
    return {"state": state, "status": status, "faults": list(faults)}


def row(key: str, text: str, change: str = "same", **more: Any) -> ContextRow:
    return {"key": key, "text": text, "change": change, **more}


def effect(
    name: str, key: str, look: EffectLook, status: str, *moves: tuple[str, int], news: bool = False
) -> EffectRow:
    told: list[EffectMove] = [{"text": text, "position": position} for text, position in moves]
    return {
        "name": name,
        "key": key,
        "look": look,
        "status": status,
        "irreversible": False,
        "news": news,
        "moves": told,
    }


def figure() -> dict[str, Any]:
    """Roughly what `gantt()` will draw."""
    names = ["reserve_funds", "trip.hotel", "trip.flight", "charge", "confirm"]
    bars = [
        ("failed attempt", "#d55e00", "✗", "", [(0, 0, 160), (2, 700, 120), (2, 900, 120), (2, 1190, 132)]),
        ("done", "#0072b2", "✓", "", [(0, 260, 180), (1, 440, 260)]),
        ("undone", "#e69f00", "↩", "/", [(1, 1339, 212)]),
    ]
    chart = go.Figure(layout={"template": None})
    for name, colour, glyph, pattern, spans in bars:
        chart.add_bar(
            name=name, orientation="h", y=[y for y, _, _ in spans], base=[at for _, at, _ in spans], width=0.5,
            x=[ms for _, _, ms in spans], text=[glyph] * len(spans), textposition="inside", textangle=0,
            insidetextanchor="middle", hovertemplate="%{base:.3f} ms, took %{x:.3f} ms<extra></extra>",
            marker={"color": colour, "line": {"width": 1, "color": colour}, "pattern": {"shape": pattern}},
        )  # fmt: skip
    chart.add_vline(x=1322, line={"color": "#d55e00", "dash": "dash", "width": 1})
    chart.update_layout(
        barmode="overlay", showlegend=False, bargap=0, margin={"l": 108, "r": 16, "t": 16, "b": 32},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", uirevision="workbench",
        xaxis={"ticksuffix": " ms", "range": [-10, 1700], "zeroline": False},
        yaxis={"tickvals": list(range(5)), "ticktext": names,
               "range": [4.6, -0.6], "zeroline": False, "showgrid": False},
    )  # fmt: skip
    plain = json.loads(chart.to_json())
    return {"data": plain["data"], "layout": plain["layout"]}


def history() -> HistoryState:
    """Ten entries with a branch that left after the fourth."""
    looks = ["failed", "wait", "done", "done", "failed", "wait", "failed", "wait", "failed", "undone"]
    glyphs = {"failed": "✗", "wait": "", "done": "✓", "undone": "↩", "edit": "✎"}

    def dots(looks: list[Any], first: int) -> list[Dot]:
        return [
            {"first": n, "last": n, "look": look, "glyph": glyphs[look], "text": f"Entry {n}: {look}"}
            for n, look in enumerate(looks, first + 1)
        ]

    shared = {"parent": 0, "ended": False}
    return {
        "lanes": [
            {"name": "main", "row": 0, "first": 0, "end": 10, "lit": 10, "current": True, "text": "main: 10 entries",
             "dots": dots(looks, 0), **shared},
            {"name": "seat free", "row": 1, "first": 4, "end": 7, "lit": 0, "current": False,
             "text": "seat free: left at entry 4", "dots": dots(["edit", "done", "done"], 4), **shared},
        ],
        "position": 10, "length": 10, "span": 11, "size": 1,
        "where": "After 10 entries, the newest moment on main.", "forks": True, "summary": "10 entries · 2 branches",
    }  # fmt: skip


def undoing() -> ViewState:
    """As in the design's picture: a flight could not be booked, the hotel is cancelled already."""
    return {
        "toolbar": {
            "saga": "TravelBooking",
            "count": "entry 10 · 1.55 s",
            "badge": {"tone": "undo", "glyph": "↩", "text": "Undoing: SeatUnavailable"},
            "standing": {
                "now": "trip.flight failed for good; trip.hotel is undone.",
                "next": "Next: undo reserve_funds, the last of 2 undos.",
            },
            "past": False,
            "buttons": buttons(),
            "clock": {**action("clock", "real time", why="Waiting takes time"), "glyph": "◷", "pressed": False},
            "panel": None,
        },
        "listing": {
            "program": PROGRAM,
            "marks": {
                "reserve_funds": mark("done", "done, 2 of 4 · next: undo", "execute.error_before.1"),
                "trip.hotel": mark("undone", "undone"),
                "trip.flight": mark("failed", "failed 3 of 3", "execute.error_before.every",
                                    "compensate.timeout.1"),
            },
            "breakpoints": {
                "trip.flight": {"glyph": "●", "on": True, "text": "before trip.flight"},
                "charge": {"glyph": "◆", "on": False, "text": "before charge #2"},
            },
            "anywhere": [{"text": "on error", "on": True}],
            "current": "reserve_funds",
            "undoing": True,
            "fixed": "",
            "summary": "5 steps · 1 block",
        },
        "timeline": {"figure": figure(), "legend": "✓ done  ✗ failed  ▨ ↩ undone  ┄ back-off"},
        "context": {
            "rows": [
                row("hold_id", '"hold_89900"'),
                row("hotel_id", "None", "changed", before='"htl_nyc_3"'),
                row("cancelled", "1", "changed", before="0"),
                row("flight_id", "None"),
                row("travellers", "2 items", "inside", children=[
                    row("0", 'Traveller("Ada")', children=[row("name", '"Ada"'), row("age", "36")]),
                    row("1", 'Traveller("Grace")', "inside", children=[
                        row("name", '"Grace"'), row("seat", '"12C"', "removed"), row("room", '"king"', "added"),
                    ]),
                ]),
                row("note", '"' + "a long note that says a lot about very little, " * 8 + '"'),
                row("code", "None"),
            ],
            "summary": "4 changes by undoing trip.hotel",
            "refused": None,
        },
        "effects": {
            "rows": [
                effect("bank.hold", "hold_89900", "open", "open", ("opened by reserve_funds, entry 2", 3)),
                effect("hotel.booking", "htl_nyc_3", "undone", "undone", ("opened by trip.hotel, entry 3", 4),
                       ("undone by trip.hotel, entry 9", 10), news=True),
            ],
            "more": 0,
            "summary": "1 open · 1 undone",
        },
        "faults": {
            "chips": [
                {"id": "f1", "text": "reserve_funds · execute #1 · error before",
                 "note": "fired at entry 1", "on": True},
                {"id": "f2", "text": "trip.flight · execute, every · error before",
                 "note": "fired 3 times", "on": True},
                {"id": "f3", "text": "trip.flight · undo #1 · timeout", "note": "switched off", "on": False},
            ],
            "code": 'faults = FaultPlan([\n    Fault("reserve_funds"),\n])',
            "fixed": "",
        },
        "history": history(),
        "events": {
            "lines": [
                {"at": "1.190 s", "event": "step.start", "text": "trip.flight attempt 3", "tone": "plain"},
                {"at": "1.322 s", "event": "step.end", "tone": "failed",
                 "text": 'trip.flight attempt 3 → failed SeatUnavailable("UA123")'},
                {"at": "1.339 s", "event": "compensate.start", "text": "trip.hotel", "tone": "undo"},
                {"at": "1.551 s", "event": "compensate.end", "text": "trip.hotel → completed", "tone": "undo"},
            ],
            "earlier": 12,
            "later": 0,
            "next": "next: undo reserve_funds (attempt 1)",
        },
    }  # fmt: skip


def standing_still(panel: Panel, badge: str, now: str, state: str) -> ViewState:
    view = undoing()
    view["toolbar"] |= {
        "panel": panel,
        "badge": {"tone": panel["tone"], "glyph": panel["glyph"], "text": badge},
        "standing": {"now": now, "next": "Decide below how to go on."},
        "buttons": buttons(halted=True),
    }
    view["listing"] |= {"current": "trip.flight", "undoing": False}
    view["listing"]["marks"]["trip.flight"] = mark(state, badge.lower())
    return view


def paused() -> ViewState:
    return standing_still(
        {
            "tone": "paused", "glyph": "‖", "title": "trip.flight has paused",
            "text": "It waits for the airline to confirm the seat. Resume carries out trip.flight again; abort undoes "
            "what was done so far.", "items": [], "form": ABORT,
            "actions": [action("resume", "Resume", primary=True)],
        },
        "Paused", "Standing at trip.flight, which asked to wait.", "paused",
    )  # fmt: skip


def failed_undo() -> ViewState:
    return standing_still(
        {
            "tone": "failed", "glyph": "⊗", "title": "2 undos failed: a person must look", "text": "Still not undone:",
            "items": [
                {"path": "trip.hotel", "text": "ConnectionError: the hotel's desk does not answer"},
                {"path": "reserve_funds", "text": "HoldGoneError: hold_89900"},
            ],
            "actions": [action("retry", "Retry", primary=True, why="Try the undos that are left again")],
            "form": {"command": "resolve", "label": "Resolve", "paths": ["trip.hotel", "reserve_funds"],
                     "hint": "how it was undone by hand, by whom", "why": "A person has undone it"},
        },
        "Undo failed", "The rollback is over, but 2 steps are not undone.", "undo_failed",
    )  # fmt: skip


def crashed() -> ViewState:
    return standing_still(
        {
            "tone": "uncertain", "glyph": "?", "title": "Restarted after a crash at trip.flight",
            "text": "It is unknown whether it happened. Resume carries out trip.flight again with the same idempotency "
            "key; abort undoes it and everything before it.", "items": [], "form": ABORT,
            "actions": [action("resume", "Resume", primary=True)],
        },
        "Restarted", "The process died while trip.flight was carried out.", "uncertain",
    )  # fmt: skip


def hostile() -> ViewState:
    """Markup wherever a text can come from a user."""
    view = failed_undo()
    bad = HOSTILE
    view["toolbar"] |= {"saga": bad, "count": bad, "standing": {"now": bad, "next": bad}}
    view["toolbar"]["badge"]["text"] = bad
    panel = view["toolbar"]["panel"]
    panel |= {"title": bad, "text": bad, "items": [{"path": bad, "text": bad}]}
    view["listing"] |= {
        "program": [{"path": bad, "name": bad, "depth": 0, "kind": "step", "input": bad},
                    {"path": "block", "name": bad, "depth": 0, "kind": "block", "input": ""}],
        "marks": {bad: mark("failed", bad)}, "current": bad, "summary": bad, "anywhere": [{"text": bad, "on": False}],
    }  # fmt: skip
    view["context"] = {
        "rows": [row(bad, bad, "changed", before=bad), row("in", bad, "inside", children=[row(bad, bad, "removed")])],
        "summary": bad,
        "trouble": bad,
        "refused": {"place": bad, "text": bad, "why": bad},
    }
    view["effects"] = {"rows": [effect(bad, bad, "doubled", bad, (bad, 1))], "more": 0, "summary": bad}
    view["faults"] = {"chips": [{"id": bad, "text": bad, "note": bad, "on": True}], "code": bad, "fixed": ""}
    view["history"] |= {"where": bad, "summary": bad}
    view["history"]["lanes"][1] |= {"name": bad, "text": bad}
    view["history"]["lanes"][0]["dots"][0] |= {"glyph": "<b>", "text": bad}
    line = {"at": bad, "event": bad, "text": bad, "tone": "plain"}
    view["events"] = {"lines": [line], "earlier": 0, "later": 0, "next": bad}
    view["timeline"]["legend"] = bad
    return view


class Demo:
    """Stands in for the debugger: tells what it was sent, and steps through the samples."""

    def __init__(self) -> None:
        self.layout = WorkbenchLayout()
        self.views = [undoing(), paused(), failed_undo(), crashed(), hostile()]
        self.at = 0
        self.view = copy.deepcopy(self.views[0])
        self.commands = Commands(self.handle, self.report, busy=self.busy)
        self.commands.listen(*self.layout.parts.values())
        self.layout.show(self.view.items())

    def report(self, text: str) -> None:
        self.layout.toolbar.alert = text

    def busy(self, busy: bool) -> None:
        self.layout.toolbar.running = busy

    async def handle(self, command: dict[str, str]) -> None:
        faults = self.view["listing"]["marks"].setdefault(command.get("path", "confirm"), mark("pending", ""))["faults"]
        match command["command"]:
            case "step":
                self.at = (self.at + 1) % len(self.views)
                self.view = copy.deepcopy(self.views[self.at])
            case "toggle_fault":
                faults.remove(command["choice"]) if command["choice"] in faults else faults.append(command["choice"])
            case "remove_fault":
                chips = self.view["faults"]["chips"]
                self.view["faults"]["chips"] = [chip for chip in chips if chip["id"] != command["id"]]
            case "abort":
                while not GO.exists():  # noqa: ASYNC240 - stuck like a step that waits without await
                    threading.Event().wait(0.01)
            case "retry":
                raise ConnectionError(f"the hotel's desk does not answer {HOSTILE}")
        self.view["events"]["next"] = "heard " + json.dumps(command)
        self.layout.show(copy.deepcopy(self.view).items())
