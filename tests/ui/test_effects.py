"""Owns the facts about the effects that the workbench shows at each entry."""

from __future__ import annotations

import json

from legend_lab import (
    CompensationOutcome,
    Fault,
    FaultKind,
    RetryPolicy,
    Saga,
    Step,
    StepOutcome,
    VirtualClock,
    effects,
)
from legend_lab.lab.debugger import Debugger
from legend_lab.ui.open_effects import MOST_EFFECTS, MOST_MOVES, effects_of
from legend_lab.ui.workbench import Workbench

effects.declare("shown.hotel", idempotent=True)
effects.declare("shown.charge")
effects.declare("shown.mail", irreversible=True)


class Touch(Step[dict]):
    retry_policy = RetryPolicy.retries(1)
    effect: str
    key: str = "k"
    closes: bool = True

    async def execute(self, ctx):
        effects.open(self.effect, self.key)
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        if self.closes:
            effects.close(self.effect, self.key)
        return CompensationOutcome.COMPLETED


class Many(Touch):
    async def execute(self, ctx):
        for number in range(MOST_EFFECTS + 7):
            effects.open(self.effect, f"k{number}")
        return StepOutcome.CONTINUE


def booking():
    return Saga.of(
        "Booking",
        {
            "hotel": Touch(effect="shown.hotel"),
            "mail": Touch(effect="shown.mail", closes=False),
            "pay": Touch(effect="shown.charge"),
        },
    )


def debugger(*faults):
    return Debugger(booking(), {}, faults=faults, clock=VirtualClock())


def said(state):
    return {row["name"].removeprefix("shown."): row["status"] for row in state["rows"]}


def test_without_effects_there_is_nothing_to_show():
    assert effects_of(debugger()) == {"rows": [], "more": 0, "summary": ""}


async def test_at_every_entry_the_effects_are_those_of_then():
    run = debugger(Fault("pay", attempt="every"))
    await run.run_to_end()
    seen = []
    for position in range(run.length + 1):
        run.goto(position)
        seen.append(effects_of(run)["summary"])
    assert seen == ["", "1 open", "2 open", "2 open", "2 open", "2 open", "1 open · 1 undone"]


async def test_an_effect_says_who_opened_and_undid_it_and_where_to_go_to_see():
    run = debugger(Fault("pay", attempt="every"))
    await run.run_to_end()
    hotel = next(row for row in effects_of(run)["rows"] if row["name"] == "shown.hotel")
    assert hotel["moves"] == [
        {"text": "opened by hotel, entry 0", "position": 1},
        {"text": "undone by hotel, entry 5", "position": 6},
    ]
    assert hotel["look"] == "undone"
    assert hotel["news"]  # its undo was the last instruction
    assert all(run.future[move["position"] - 1].path == "hotel" for move in hotel["moves"])


async def test_what_exists_comes_first_and_what_cannot_be_undone_says_so():
    run = debugger(Fault("pay", attempt="every"), Fault("mail", "compensate"))
    await run.run_to_end()
    rows = effects_of(run)["rows"]
    assert [(row["name"], row["look"], row["irreversible"]) for row in rows] == [
        ("shown.mail", "open", True),
        ("shown.hotel", "undone", False),
    ]


async def test_a_lost_answer_that_charges_twice_is_said_to_be_doubled():
    run = debugger(Fault("pay", kind=FaultKind.ERROR_AFTER))
    await run.run_to_end()
    assert said(effects_of(run))["charge"] == "doubled: 2 times"
    assert effects_of(run)["summary"] == "2 open · 1 doubled"


async def test_a_late_effect_is_on_its_way_until_it_lands_after_the_undo():
    run = debugger(Fault("pay", attempt="every", kind=FaultKind.LATE_EFFECT))
    for _ in range(3):
        await run.step()
    charge = next(row for row in effects_of(run)["rows"] if row["name"] == "shown.charge")
    assert (charge["look"], charge["status"], charge["moves"]) == ("late", "late: on its way", [])
    await run.run_to_end()
    charge = next(row for row in effects_of(run)["rows"] if row["name"] == "shown.charge")
    assert charge["look"] == "doubled"
    assert [move["text"] for move in charge["moves"]] == [
        "undone by pay, entry 4",
        "opened late by pay, after entry 4",
        "opened late by pay, after entry 4",
    ]


async def test_an_undo_of_what_was_never_done_is_shown_as_such():
    run = debugger(Fault("pay", kind=FaultKind.TIMEOUT, attempt="every"))
    await run.run_to_end()
    charge = next(row for row in effects_of(run)["rows"] if row["name"] == "shown.charge")
    assert (charge["look"], charge["status"]) == ("never_opened", "closed, never opened")
    assert charge["moves"][0]["text"].startswith("closed by pay, entry ")


async def test_of_very_many_effects_and_moves_the_rest_is_counted():
    run = Debugger(Saga.of("Many", {"many": Many(effect="shown.charge")}), {}, clock=VirtualClock())
    await run.step()
    state = effects_of(run)
    assert len(state["rows"]) == MOST_EFFECTS
    assert state["more"] == 7
    again = {f"s{number}": Touch(effect="shown.charge") for number in range(MOST_MOVES + 2)}
    run = Debugger(Saga.of("Again", again), {}, clock=VirtualClock())
    await run.run_to_end()
    (row,) = effects_of(run)["rows"]
    assert len(row["moves"]) == MOST_MOVES
    assert row["moves"][-1] == {"text": "opened by s5, entry 5", "position": 6}


async def test_the_pane_follows_the_position_and_hostile_names_stay_text():
    bad = '<img src=x onerror="globalThis.pwned=1">'
    effects.declare(bad)
    bench = Workbench(Saga.of("Bad", {"bad": Touch(effect=bad, key=bad)}), {}, clock=VirtualClock())
    await bench.debugger.run_to_end()
    bench.refresh()
    assert [(row["name"], row["key"]) for row in bench.effects.rows] == [(bad, bad)]
    json.dumps(bench.effects.shown)
    bench.debugger.back()
    bench.refresh()
    assert bench.effects.rows == []
