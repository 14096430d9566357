"""Owns the facts about the Workbench that need no browser: what it shows is what the debugger says."""

from __future__ import annotations

import asyncio
import json

import pytest
from pydantic import BaseModel, SecretStr

from legend_lab import Fault, FaultKind, LegendError, RetryPolicy, Saga, SimulatedStep, VirtualClock
from legend_lab.core.errors import FaultPlanError
from legend_lab.lab.debugger import Debugger
from legend_lab.ui.fault_menu import FAULT_MENU, fault_of
from legend_lab.ui.planning import Planned
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
    ("kind", "title", "actions"),
    [
        (FaultKind.PAUSE, "charge has paused", ["resume", "abort"]),
        (FaultKind.CRASH_AFTER, "Restarted after a crash at charge", ["resume", "abort"]),
    ],
)
async def test_a_halt_says_why_it_stands_and_what_can_be_decided(kind, title, actions):
    run = debugger(Fault("charge", kind=kind))
    await run.run_to_end()
    panel = view_of(run)["toolbar"]["panel"]
    assert panel["title"] == title
    assert [action["command"] for action in panel["actions"]] == actions
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
    assert [action["command"] for action in view_of(run)["toolbar"]["panel"]["actions"]] == ["resume"]


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
    assert bench.toolbar.count.startswith("entry 1 ")
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


@pytest.mark.parametrize("wrong", [Saga, SimulatedStep(), "TravelBooking"])
def test_what_is_no_saga_is_refused_in_words(wrong):
    with pytest.raises(LegendError, match="shows a saga, not"):
        Workbench(wrong, {})
