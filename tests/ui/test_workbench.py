"""Owns the facts about the Workbench that need no browser: what it shows is what the debugger says."""

from __future__ import annotations

import asyncio
import json
from typing import ClassVar

import pytest
from pydantic import BaseModel, SecretStr

from legend_lab import (
    CompensationOutcome,
    Fault,
    FaultKind,
    FaultPlan,
    LegendError,
    RetryPolicy,
    Saga,
    SimulatedStep,
    Step,
    StepOutcome,
    VirtualClock,
)
from legend_lab.core.errors import FaultPlanError
from legend_lab.lab.breakpoints import Breakpoint
from legend_lab.lab.debugger import Debugger
from legend_lab.lab.editing import value_at
from legend_lab.ui.fault_menu import FAULT_MENU, fault_of
from legend_lab.ui.marks import breakpoints_of
from legend_lab.ui.planning import Planned, toggled
from legend_lab.ui.view import view_of
from legend_lab.ui.workbench import Workbench


class Flaky(SimulatedStep):
    retry_policy = RetryPolicy.retries_with_backoff(2, 40)


def trip():
    block = Saga.of("Trip", {"hotel": SimulatedStep(), "flight": Flaky()})
    return Saga.of("Booking", {"reserve": SimulatedStep(), "trip": block, "charge": SimulatedStep()})


def debugger(*faults, **more):
    return Debugger(trip(), {}, faults=faults, clock=VirtualClock(), **more)


async def stepped(debugger, steps):
    for _ in range(steps):
        await debugger.step()
    return view_of(debugger)


def marks(view):
    return {path: (mark["state"], mark["status"]) for path, mark in view["listing"]["marks"].items()}


async def sent(bench, **command):
    """Send a command as the browser does, and wait until it has been carried out."""
    bench._commands.receive(command)
    await asyncio.sleep(0)
    while bench._commands._task is not None:
        await asyncio.sleep(0)


def test_a_fresh_run_says_that_nothing_has_run_and_what_comes_first():
    view = view_of(debugger())
    assert view["toolbar"]["standing"] == {"now": "Nothing has run yet.", "next": "Next: execute reserve, step 1 of 4."}
    assert [row["path"] for row in view["listing"]["program"]] == [
        "reserve",
        "trip",
        "trip.hotel",
        "trip.flight",
        "charge",
    ]
    assert view["listing"]["summary"] == "4 steps · 1 block"
    assert marks(view) == {"reserve": ("current", "next")}


async def test_rows_say_what_became_of_each_step_while_it_is_undone():
    run = debugger(Fault("trip.flight", attempt="every"))
    view = await stepped(run, 8)  # reserve, hotel, three attempts and two waits, one undo
    assert marks(view) == {
        "reserve": ("done", "done · next: undo"),
        "trip.hotel": ("undone", "undone"),
        "trip.flight": ("failed", "failed 3 of 3"),
    }
    assert view["toolbar"]["badge"]["text"] == "Undoing: InjectedError"
    assert view["listing"]["undoing"]
    assert view["faults"]["chips"][0]["note"] == "fired 3 times"
    assert view["context"]["summary"] == "1 change by undoing trip.hotel"


async def test_a_back_off_is_said_before_it_is_waited():
    view = await stepped(debugger(Fault("trip.flight")), 3)
    assert view["toolbar"]["standing"]["next"] == "Next: wait 40 ms, then execute trip.flight (attempt 2)."


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        (FaultKind.PAUSE, "charge has paused"),
        (FaultKind.CRASH_AFTER, "Restarted after a crash at charge"),
    ],
)
async def test_a_halt_says_why_it_stands_and_what_can_be_decided(kind, title):
    run = debugger(Fault("charge", kind=kind))
    await run.run_to_end()
    panel = view_of(run)["toolbar"]["panel"]
    assert panel["title"] == title
    assert [action["command"] for action in panel["actions"]] == ["resume"]
    assert panel["form"]["command"] == "abort"
    buttons = {button["command"]: button for button in view_of(run)["toolbar"]["buttons"]}
    assert not buttons["step"]["enabled"]
    assert "decide" in buttons["step"]["why"]


async def test_a_failed_undo_shows_each_error_and_what_is_still_not_undone():
    run = debugger(Fault("charge"), Fault("reserve", "compensate"), Fault("trip.hotel", "compensate"))
    await run.run_to_end()
    panel = view_of(run)["toolbar"]["panel"]
    assert [item["path"] for item in panel["items"]] == ["trip.hotel", "reserve"]
    assert [action["command"] for action in panel["actions"]] == ["retry"]
    assert marks(view_of(run))["reserve"] == ("undo_failed", "undo failed")


async def test_an_undo_that_pauses_offers_no_abort():
    run = debugger(Fault("charge"), Fault("reserve", "compensate", kind=FaultKind.PAUSE))
    await run.run_to_end()
    panel = view_of(run)["toolbar"]["panel"]
    assert [action["command"] for action in panel["actions"]] == ["resume"]
    assert panel["form"] is None


async def test_an_error_reads_after_loading_as_before_saving(tmp_path):
    class NoSeatError(Exception):
        pass

    run = debugger(Fault("trip.flight", attempt="every", error=NoSeatError("full")), Fault("trip.hotel", "compensate"))
    await run.run_to_end()
    for resolved in (False, True):
        if resolved:
            run.resolve("trip.hotel", "by hand")
        run.save(tmp_path / "run.json")
        view, again = view_of(run), view_of(Debugger.load(tmp_path / "run.json", trip(), clock=VirtualClock()))
        for pane in ("toolbar", "timeline", "history", "events"):
            assert again[pane] == view[pane]
    assert again["toolbar"]["badge"]["text"] == "Failed and undone: NoSeatError"
    assert "NoSeatError: full" in json.dumps(again["timeline"])
    assert "StoredError" not in json.dumps(again)


async def test_every_view_is_json():
    run = debugger(Fault("trip.flight"), Fault("charge"))
    while run.result is None:
        await run.step()
        json.dumps(view_of(run), allow_nan=False)


async def test_no_view_shows_a_secret():
    class Account(BaseModel):
        password: SecretStr = SecretStr("hunter2")
        reserve: str | None = None

    run = Debugger(Saga.of("S", {"reserve": SimulatedStep(value="x")}), Account(), clock=VirtualClock())
    await run.run_to_end()
    assert "hunter2" not in json.dumps(view_of(run))


CHOICES = [
    f"{group['phase']}.{line['kind']}.{attempt}"
    for group in FAULT_MENU
    for line in group["lines"]
    for attempt in (("1", "3", "every") if line["every"] else ("1", "3"))
]


def test_the_fault_menu_offers_every_kind_in_both_phases():
    kinds = {kind.value for kind in FaultKind}
    assert [{line["kind"] for line in group["lines"]} for group in FAULT_MENU] == [kinds, kinds]


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_of_the_fault_menu_switches_its_fault_on_and_off(choice):
    run = debugger()
    planned = Planned(run)
    planned.toggle(fault_of("reserve", choice, "250"))
    mark = view_of(run)["listing"]["marks"]["reserve"]
    assert mark["faults"] == [choice]
    assert mark.get("delays", {}) == ({choice: 250.0} if ".delay." in choice else {})
    planned.toggle(fault_of("reserve", choice, "250"))
    assert len(run.faults) == 0


def test_a_choice_takes_the_place_of_another_at_the_same_attempt():
    planned = Planned(run := debugger())
    planned.toggle(fault_of("charge", "execute.timeout.1"))
    planned.toggle(fault_of("charge", "execute.pause.1"))
    assert [fault.kind for fault in run.faults] == [FaultKind.PAUSE]


@pytest.mark.parametrize(
    ("choice", "delay", "why"),
    [
        ("execute.nonsense.1", "", "no choice"),
        ("execute.timeout.0", "", "no choice"),
        ("execute.timeout.²", "", "no choice"),
        ("execute.pause.every", "", "would never end"),
        ("execute.delay.1", "", "a number of milliseconds above 0"),
        ("execute.delay.1", "nan", "a number of milliseconds above 0"),
        ("execute.delay.1", "-3", "a number of milliseconds above 0"),
    ],
)
def test_what_the_fault_menu_cannot_mean_is_refused(choice, delay, why):
    with pytest.raises(FaultPlanError, match=why):
        fault_of("charge", choice, delay)


async def test_commands_from_the_browser_drive_the_debugger():
    bench = Workbench(trip(), {}, clock=VirtualClock())
    await sent(bench, command="step")
    assert bench.toolbar.count.startswith("1 entry · ")
    await sent(bench, command="toggle_fault", path="charge", choice="execute.error_before.1", delay_ms="")
    await sent(bench, command="run")
    assert bench.toolbar.badge["text"] == "Failed and undone: InjectedError"
    await sent(bench, command="reset")
    await sent(bench, command="remove_fault", id=bench.faults.chips[0]["id"])
    await sent(bench, command="run")
    assert bench.toolbar.badge["text"] == "Completed"
    assert bench.result.is_completed
    bench.dispose()


@pytest.mark.parametrize(
    "command",
    [
        {"command": "resume"},
        {"command": "retry"},
        {"command": "toggle_fault", "path": "boat", "choice": "execute.pause.1", "delay_ms": ""},
    ],
)
async def test_a_command_that_does_not_fit_is_said_in_the_widget_and_changes_nothing(command):
    bench = Workbench(trip(), {}, clock=VirtualClock())
    await sent(bench, **command)
    assert bench.toolbar.alert
    assert len(bench.debugger.journal) == 0
    assert len(bench.debugger.faults) == 0
    await sent(bench, command="step")
    assert bench.toolbar.alert == ""
    bench.dispose()


async def test_stop_ends_a_step_that_waits_and_shows_where_it_stands():
    bench = Workbench(Saga.of("Slow", {"a": SimulatedStep(duration_ms=3_600_000)}), {})
    bench._commands.receive({"command": "run"})
    while bench.debugger._branch.run.flight is None:
        await asyncio.sleep(0)
    assert bench.toolbar.running
    await sent(bench, command="stop")
    assert not bench.toolbar.running
    assert bench.toolbar.badge["text"] == "Stopped"
    assert bench.toolbar.panel["title"] == "Stopped at a"
    bench.dispose()


async def test_a_command_that_takes_long_is_said_to_be_running(monkeypatch):
    monkeypatch.setattr("legend_lab.ui.workbench.SLOW_S", 0)
    bench = Workbench(Saga.of("Slow", {"a": SimulatedStep(duration_ms=3_600_000)}), {})
    bench._commands.receive({"command": "step"})
    while bench.toolbar.badge["text"] != "Running":
        await asyncio.sleep(0)
    assert bench.toolbar.standing["now"] == "Performing: execute a, step 1 of 1."
    assert bench.listing.marks["a"] == {"state": "current", "status": "running…", "faults": []}
    assert [note["text"] for note in bench.timeline.figure["layout"]["annotations"]] == ["running…"]
    assert bench.events.next == "now: execute a, step 1 of 1"
    bench._commands.receive({"command": "toggle_breakpoint", "path": "a"})
    while not bench.listing.breakpoints:
        await asyncio.sleep(0)
    assert bench.listing.marks["a"]["status"] == "running…"
    await sent(bench, command="stop")
    assert bench.toolbar.badge["text"] == "Stopped"
    assert bench.listing.marks["a"]["status"] != "running…"
    bench.dispose()


async def test_what_was_done_before_a_slow_step_is_shown_while_it_runs(monkeypatch):
    monkeypatch.setattr("legend_lab.ui.workbench.SLOW_S", 0)
    steps = {"a": SimulatedStep(duration_ms=0), "b": SimulatedStep(duration_ms=3_600_000)}
    bench = Workbench(Saga.of("Slow", steps), {})
    bench._commands.receive({"command": "run_to_end"})
    await performing(bench, "b")
    while bench.listing.marks["b"]["status"] != "running…":
        await asyncio.sleep(0)
    assert bench.listing.marks["a"]["status"] == "done"
    assert [line["text"].partition(" ")[0] for line in bench.events.lines] == ["a"]
    assert bench.history.length == 1
    await sent(bench, command="stop")
    assert bench.context.summary != "at the last picture: a step runs"
    bench.dispose()


async def test_a_slow_step_after_a_picture_is_said_to_be_running_too(monkeypatch):
    monkeypatch.setattr("legend_lab.ui.workbench.SLOW_S", 0)
    monkeypatch.setattr("legend_lab.ui.workbench.BETWEEN_PICTURES_S", -1)
    steps = {"a": SimulatedStep(duration_ms=0), "b": SimulatedStep(duration_ms=3_600_000)}
    bench = Workbench(Saga.of("Slow", steps), {})
    bench._commands.receive({"command": "run"})
    while bench.toolbar.standing["now"] != "Performing: execute b, step 2 of 2.":
        await asyncio.sleep(0)
    assert bench.toolbar.badge["text"] == "Running"
    await sent(bench, command="stop")
    bench.dispose()


async def performing(bench, path):
    """Wait until the step at `path` is being performed."""
    while (flight := bench.debugger._branch.run.flight) is None or flight[0].path != path:
        await asyncio.sleep(0)


def slow():
    steps = {"a": SimulatedStep(duration_ms=3_600_000), "b": SimulatedStep(duration_ms=0)}
    return Saga.of("Slow", {"first": SimulatedStep(duration_ms=0), **steps})


async def test_a_breakpoint_set_while_something_runs_is_shown_at_once_and_outlives_its_stop():
    bench = Workbench(slow(), {})
    bench._commands.receive({"command": "run"})
    await performing(bench, "a")
    for command in ({"command": "reset"}, {"command": "toggle_breakpoint", "path": "b"}):
        bench._commands.receive(command)
    await asyncio.sleep(0)
    assert bench.listing.breakpoints == {"b": {"glyph": "●", "on": True, "text": "before b"}}
    assert bench.toolbar.running
    await sent(bench, command="stop")
    assert [str(item) for item in bench.debugger.breakpoints] == ["before b"]
    assert bench.debugger.length == 2, "a reset that waits is forgotten"
    bench.dispose()


async def test_no_step_is_lost_when_a_key_is_pressed_faster_than_steps_are_taken():
    steps = {f"s{number}": SimulatedStep(duration_ms=0) for number in range(40)}
    bench = Workbench(Saga.of("Long", steps), {}, clock=VirtualClock())
    for _ in range(30):
        bench._commands.receive({"command": "step"})
    await sent(bench, command="step")
    assert (bench.debugger.length, bench.toolbar.alert) == (31, "")


class Waiting(Step[dict]):
    go: ClassVar[asyncio.Event]

    async def execute(self, ctx):
        ctx["half"] = True
        await self.go.wait()
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


async def waiting():
    """A workbench that performs a step, until `Waiting.go` is set."""
    Waiting.go = asyncio.Event()
    bench = Workbench(Saga.of("Waits", {"a": Waiting(), "b": SimulatedStep(duration_ms=0)}), {})
    bench._commands.receive({"command": "run"})
    await performing(bench, "a")
    return bench


async def ended(bench):
    Waiting.go.set()
    while bench._commands._task is not None:
        await asyncio.sleep(0)


async def test_a_breakpoint_set_while_a_step_is_performed_stops_that_run():
    bench = await waiting()
    bench._commands.receive({"command": "toggle_breakpoint", "path": "b"})
    await asyncio.sleep(0)
    assert bench.context.rows == [], "what a step has half done is not shown"
    await ended(bench)
    assert bench.debugger.length == 1
    assert bench.toolbar.standing["now"] == "● Breakpoint before b: execute b comes next."


async def test_a_fault_planned_while_a_step_is_performed_counts_for_what_comes_after_it():
    bench = await waiting()
    for path in ("a", "b"):
        command = {"command": "toggle_fault", "path": path, "choice": "execute.error_before.1", "delay_ms": "0"}
        bench._commands.receive(command)
    await asyncio.sleep(0)
    assert [chip["note"] for chip in bench.faults.chips] == ["", ""]
    await ended(bench)
    assert [(entry.path, entry.outcome, entry.fault) for entry in bench.debugger.journal[:2]] == [
        ("a", "continue", None),
        ("b", "failed", "execute:b#1:error_before"),
    ]


async def test_a_setting_that_does_not_fit_is_said_beside_what_runs():
    bench = await waiting()
    bench._commands.receive({"command": "toggle_breakpoint", "path": "nowhere"})
    await asyncio.sleep(0)
    assert bench.toolbar.alert.startswith("Toggle breakpoint failed: Waits has no step or block 'nowhere'")
    assert bench.toolbar.running
    await ended(bench)
    assert bench.result.is_completed


@pytest.mark.parametrize("wrong", [Saga, SimulatedStep(), "TravelBooking"])
def test_what_is_no_saga_is_refused_in_words(wrong):
    with pytest.raises(LegendError, match="shows a saga, not"):
        Workbench(wrong, {})


# -- travel -------------------------------------------------------------------------------------


class Counting(Step[dict]):
    ran: ClassVar[list[str]] = []

    async def execute(self, ctx):
        self.ran.append("do")
        ctx["n"] = ctx.get("n", 0) + 1
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        self.ran.append("undo")
        return CompensationOutcome.COMPLETED


@pytest.fixture
def counting():
    Counting.ran.clear()
    return Saga.of("Counted", {name: Counting() for name in ("a", "b", "c")})


async def test_travelling_shows_the_past_and_runs_no_user_code(counting):
    bench = Workbench(counting, {"name": "x"}, clock=VirtualClock())
    await sent(bench, command="run_to_end")
    ran = list(Counting.ran)
    await sent(bench, command="back")
    await sent(bench, command="goto", branch="main", position="1")
    assert bench.toolbar.standing == {
        "now": "After 1 of 3 entries, in the past.",
        "next": "Step replays it; change a fault or the context to branch.",
    }
    assert bench.toolbar.past
    assert (bench.history.position, bench.history.length) == (1, 3)
    assert [row["text"] for row in bench.context.rows] == ["'x'", "1"]
    assert bench.events.later == 2
    await sent(bench, command="step")
    await sent(bench, command="goto", branch="", position="0")
    await sent(bench, command="run")
    assert bench.history.position == 3
    assert Counting.ran == ran


async def test_an_edit_in_the_past_starts_a_branch_and_the_old_one_is_still_there(counting):
    bench = Workbench(counting, {"name": "x"}, clock=VirtualClock())
    await sent(bench, command="run_to_end")
    await sent(bench, command="goto", branch="main", position="2")
    await sent(bench, command="edit", place="n", text="40")
    await sent(bench, command="step")
    main, branch = bench.history.lanes
    assert (main["name"], main["end"], main["lit"], main["current"]) == ("main", 3, 2, False)
    assert (branch["first"], branch["end"], branch["parent"], branch["current"]) == (2, 4, 0, True)
    assert [dot["look"] for dot in branch["dots"]] == ["edit", "done"]
    assert bench.debugger.context["n"] == 41
    await sent(bench, command="switch", branch="main")
    assert bench.debugger.context["n"] == 3
    await sent(bench, command="goto", branch=branch["name"], position="3")
    assert bench.debugger.context["n"] == 40
    assert bench.context.summary == "1 change by hand"


async def test_a_branch_can_be_named_when_it_begins(counting):
    bench = Workbench(counting, {"name": "x"}, clock=VirtualClock())
    await sent(bench, command="step")
    assert bench.history.forks
    await sent(bench, command="fork_as", name=" seat <b>free</b> ")
    assert bench.debugger.branch == "seat <b>free</b>"
    await sent(bench, command="fork_as", name="main")
    assert "There is a branch 'main' already" in bench.toolbar.alert
    await sent(bench, command="fork_as", name=" ")
    assert bench.debugger.branch == "branch 3"
    bench.debugger.crash()
    bench.refresh()
    assert not bench.history.forks


async def test_a_branch_that_leaves_where_its_parent_began_is_drawn_at_the_lane_that_has_the_entry(counting):
    run = Debugger(counting, {}, clock=VirtualClock())
    for _ in range(2):
        await run.step()
    run.fork("second")
    run.goto(1)
    run.fork("third")
    run.fork("fourth")
    assert [lane["parent"] for lane in view_of(run)["history"]["lanes"]] == [0, 0, 0, 0]
    assert [lane["lit"] for lane in view_of(run)["history"]["lanes"]] == [1, 0, 0, 1]


async def test_another_fault_in_the_past_is_said_to_branch(counting):
    bench = Workbench(counting, {}, clock=VirtualClock())
    await sent(bench, command="run_to_end")
    await sent(bench, command="goto", branch="main", position="1")
    await sent(bench, command="toggle_fault", path="b", choice="execute.error_before.1", delay_ms="")
    assert bench.toolbar.standing["next"].startswith("The faults have changed here: Step starts a branch.")
    await sent(bench, command="step")
    assert [lane["end"] for lane in bench.history.lanes] == [3, 2]


async def test_a_breakpoint_stops_a_run_and_says_so(counting):
    bench = Workbench(counting, {}, clock=VirtualClock())
    await sent(bench, command="toggle_breakpoint", path="b")
    assert bench.listing.breakpoints == {"b": {"glyph": "●", "on": True, "text": "before b"}}
    await sent(bench, command="run")
    assert bench.toolbar.standing["now"] == "● Breakpoint before b: execute b comes next."
    assert Counting.ran == ["do"]
    await sent(bench, command="toggle_breakpoint", path="b")
    assert bench.listing.breakpoints == {}


def test_a_breakpoint_with_a_condition_is_switched_off_never_thrown_away():
    condition = Breakpoint("b", condition="n > 1")
    (off,) = toggled((condition,), "b")
    assert (off.condition, off.enabled) == ("n > 1", False)
    assert toggled((off,), "b") == (condition,)
    assert breakpoints_of([condition])["b"]["glyph"] == "◆"


@pytest.mark.parametrize(
    ("place", "text", "now"),
    [
        ("name", "plain words", "plain words"),
        ("name", '"quoted"', "quoted"),
        ("count", "null", None),
        ("count", "(1, 2)", (1, 2)),
        ("deep.list.1", "true", True),
    ],
)
async def test_a_value_is_read_as_json_or_python_and_else_as_text_where_a_text_was(counting, place, text, now):
    bench = Workbench(counting, {"name": "x", "count": 1, "deep": {"list": [1, 2]}}, clock=VirtualClock())
    await sent(bench, command="edit", place=place, text=text)
    assert value_at(bench.debugger.context, place) == now
    assert bench.context.refused is None


async def test_what_a_value_does_not_take_is_said_beside_it_and_changes_nothing(counting):
    class Typed(BaseModel):
        count: int = 1

    bench = Workbench(counting, Typed(), clock=VirtualClock())
    await sent(bench, command="edit", place="count", text="many words")
    assert bench.context.refused["why"].startswith("'many words' is no value: write JSON or a Python literal")
    await sent(bench, command="edit", place="count", text="[1]")
    assert bench.context.refused["why"].startswith("count does not take that list: ")
    assert (bench.debugger.context.count, bench.debugger.length) == (1, 0)
    await sent(bench, command="edit", place="count", text="7")
    assert (bench.debugger.context.count, bench.context.refused) == (7, None)


def test_a_value_whose_place_cannot_be_named_is_not_offered_for_editing(counting):
    run = Debugger(counting, {"a.b": 1, "deep": {"": 2, "ok": 3}}, clock=VirtualClock())
    first, deep = view_of(run)["context"]["rows"]
    assert "place" not in first
    assert [row.get("place") for row in deep["children"]] == [None, "deep.ok"]


async def test_a_failed_undo_can_be_resolved_with_a_note():
    bench = Workbench(trip(), {}, faults=[Fault("charge"), Fault("reserve", "compensate")], clock=VirtualClock())
    await sent(bench, command="run_to_end")
    assert bench.toolbar.panel["form"]["paths"] == ["reserve"]
    await sent(bench, command="resolve", path="reserve", note="Ada rang the bank")
    assert bench.toolbar.badge["text"] == "Failed and undone: InjectedError"
    assert "Ada rang the bank" in bench.events.lines[-1]["text"]


def enabled(bench):
    return [button["command"] for button in bench.toolbar.buttons if button["enabled"]]


async def test_a_crash_here_and_now_is_restarted_from_the_journal(counting):
    bench = Workbench(counting, {}, clock=VirtualClock())
    await sent(bench, command="step")
    await sent(bench, command="crash")
    assert bench.toolbar.badge["text"] == "Process dead"
    assert enabled(bench) == ["back", "reset"]
    await sent(bench, command="back")
    assert enabled(bench) == ["step", "reset"], "what has happened can be walked through"
    await sent(bench, command="step")
    assert bench.toolbar.badge["text"] == "Process dead"
    await sent(bench, command="back")
    assert bench.toolbar.badge["text"] == "Not started", "it did not die here"
    assert bench.toolbar.standing["next"] == "The process died later, at the end of this branch. Restart it below."
    await sent(bench, command="restart")
    assert bench.toolbar.badge["text"] == "Restarted"
    await sent(bench, command="resume")
    await sent(bench, command="run_to_end")
    assert bench.result.is_completed


async def test_the_other_clock_counts_from_the_next_reset_and_at_once_when_nothing_has_run(counting):
    bench = Workbench(counting, {})
    assert bench.toolbar.clock["label"] == "real time"
    await sent(bench, command="clock")
    assert (bench.toolbar.clock["label"], bench.debugger.clock.virtual) == ("virtual time", True)
    await sent(bench, command="step")
    await sent(bench, command="clock")
    assert (bench.toolbar.clock["label"], bench.debugger.clock.virtual) == ("virtual time, real after reset", True)
    await sent(bench, command="reset")
    assert (bench.toolbar.clock["label"], bench.debugger.clock.virtual) == ("real time", False)


async def test_a_fault_can_be_switched_off_and_on_and_the_plan_copied_as_code():
    error = Fault("trip.flight", attempt="every", error=ValueError("no seat"))
    bench = Workbench(trip(), {}, faults=[error, Fault("charge", "compensate", 2, FaultKind.TIMEOUT)])
    await sent(bench, command="switch_fault", id=error.token)
    assert [chip["on"] for chip in bench.faults.chips] == [False, True]
    assert len(bench.debugger.faults) == 1
    await sent(bench, command="switch_fault", id=error.token)
    assert [chip["on"] for chip in bench.faults.chips] == [True, True]
    names = {"Fault": Fault, "FaultKind": FaultKind, "FaultPlan": FaultPlan}
    exec(bench.faults.code, names)  # noqa: S102 - that it is code is the point
    assert {fault.token for fault in names["faults"]} == {fault.token for fault in bench.debugger.faults}
    await sent(bench, command="remove_fault", id=error.token)
    assert len(bench.faults.chips) == 1


async def test_many_entries_share_dots_and_each_looks_like_the_worst_in_it():
    saga = Saga.of("Long", {f"s{n}": SimulatedStep() for n in range(400)})
    run = Debugger(saga, {}, faults=[Fault("s399"), Fault("s7", "compensate")], clock=VirtualClock())
    await run.run_to_end()
    history = view_of(run)["history"]
    (lane,) = history["lanes"]
    assert len(lane["dots"]) <= 150
    assert history["size"] == 6
    assert [dot["first"] for dot in lane["dots"][1:]] == [dot["last"] + 1 for dot in lane["dots"][:-1]]
    looks = [dot["look"] for dot in lane["dots"]]
    assert (looks.count("failed"), looks.count("undo_failed")) == (1, 1)
    assert lane["dots"][0]["text"] == "Entries 0 to 5: 6 done"


async def test_stepping_over_a_block_and_undoing_by_abort_work_from_the_toolbar():
    bench = Workbench(trip(), {}, faults=[Fault("charge", kind=FaultKind.PAUSE)], clock=VirtualClock())
    await sent(bench, command="step")
    await sent(bench, command="over")
    assert bench.history.position == 3
    await sent(bench, command="run")
    assert bench.toolbar.badge["text"] == "Paused"
    await sent(bench, command="back")
    await sent(bench, command="step")
    await sent(bench, command="abort", note="")
    await sent(bench, command="run_to_end")
    assert bench.toolbar.badge["text"].startswith("Failed and undone")
    assert [entry.note for entry in bench.debugger.journal if entry.note] == ["aborted in the workbench"]


async def test_a_person_says_why_they_abort():
    bench = Workbench(trip(), {}, faults=[Fault("charge", kind=FaultKind.PAUSE)], clock=VirtualClock())
    await sent(bench, command="run_to_end")
    await sent(bench, command="abort", note=" the customer <b>rang</b> ")
    assert bench.debugger.journal[-1].note == "the customer <b>rang</b>"
    await sent(bench, command="run_to_end")
    assert str(bench.debugger.result.error) == "the customer <b>rang</b>"


async def test_breakpoints_at_no_row_are_listed_switched_off_and_taken_away():
    bench = Workbench(trip(), {}, faults=[Fault("charge")], clock=VirtualClock())
    bench.debugger.breakpoints = [Breakpoint("charge"), Breakpoint(on="rollback"), Breakpoint(condition="'x' in y")]
    bench.refresh()
    assert bench.listing.anywhere == [{"text": "on rollback", "on": True}, {"text": "before if 'x' in y", "on": True}]
    assert bench.listing.summary == "4 steps · 1 block · 3 breakpoints"
    await sent(bench, command="switch_breakpoint", text="on rollback")
    assert bench.listing.anywhere[0] == {"text": "on rollback", "on": False}
    await sent(bench, command="switch_breakpoint", text="on rollback")
    await sent(bench, command="remove_breakpoint", text="before if 'x' in y")
    assert bench.listing.anywhere == [{"text": "on rollback", "on": True}]
    await sent(bench, command="toggle_breakpoint", path="charge")
    await sent(bench, command="run")
    assert bench.toolbar.standing["now"].startswith("● Breakpoint on rollback: ")


async def test_a_drag_only_goes_where_the_pointer_is_now(counting):
    bench = Workbench(counting, {}, clock=VirtualClock())
    await sent(bench, command="run_to_end")
    shown = []
    bench.history.observe(lambda change: shown.append(change["new"]), "position")
    for position in (2, 1, 0, 1):
        bench._commands.receive({"command": "goto", "branch": "main", "position": str(position)})
    await asyncio.sleep(0)
    while bench._commands._task is not None:
        await asyncio.sleep(0)
    assert shown == [2, 1]


@pytest.mark.parametrize(("position", "at_ms"), [(0, 0), (1, 5), (2, 10), (3, 50)])
async def test_in_the_past_the_chart_keeps_what_comes_after_and_marks_the_moment(position, at_ms):
    steps = {"a": SimulatedStep(duration_ms=5), "b": Flaky(duration_ms=5)}
    run = Debugger(Saga.of("S", steps), {}, faults=[Fault("b", delay_ms=5)], clock=VirtualClock())
    await run.run_to_end()  # a, the first attempt of b, a back-off of 40 ms, the second attempt
    before = view_of(run)["timeline"]
    run.goto(position)
    timeline = view_of(run)["timeline"]
    assert timeline["figure"] == before["figure"], "to travel changes nothing that is drawn"
    assert before["here"] is None
    assert (timeline["position"], timeline["here"]) == (position, pytest.approx(at_ms))
