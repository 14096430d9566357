from __future__ import annotations

import functools

import pytest

from legend_lab import Fault, FaultKind, ProtocolError, RetryPolicy, Saga, SimulatedStep, VirtualClock
from legend_lab.lab.breakpoints import Breakpoint, BreakpointError
from legend_lab.lab.conditions import ConditionError
from legend_lab.lab.debugger import Debugger


class Retried(SimulatedStep):
    retry_policy = RetryPolicy.retries_with_backoff(2, 50)


def journey(**settings):
    trip = Saga.of("Trip", {"hotel": SimulatedStep(), "flight": Retried()})
    steps = {"funds": SimulatedStep(), "trip": trip, "charge": SimulatedStep()}
    settings = {"clock": VirtualClock(), **settings}
    return Debugger(Saga.of("Journey", steps), {"total": 0}, **settings)


async def stops(debugger):
    """Every stop until the end, as kind and text."""
    found = []
    while not found or found[-1][0] not in ("ended", "halt"):
        reason = await debugger.run()
        found.append((reason.kind, str(reason)))
    return found


async def test_without_breakpoints_a_run_goes_to_the_end_and_says_so():
    assert await stops(journey()) == [("ended", "The saga has ended.")]


async def test_a_run_stops_at_a_pause_and_names_where_and_why():
    debugger = journey(faults=Fault("trip.hotel", kind=FaultKind.PAUSE))
    reason = await debugger.run()
    assert (reason.kind, reason.text, reason.breakpoint) == (
        "halt",
        "It stands still at trip.hotel: step paused.",
        None,
    )
    with pytest.raises(ProtocolError, match="resume or abort first"):
        await debugger.run()


async def test_a_run_stops_after_a_crash_and_at_a_failed_undo():
    faults = [Fault("trip.hotel", kind=FaultKind.CRASH_BEFORE), Fault("charge"), Fault("funds", "compensate")]
    debugger = journey(faults=faults)
    assert str(await debugger.run()) == "It stands still at trip.hotel: restarted."
    debugger.resume()
    assert str(await debugger.run()) == "It stands still at funds: compensation failed."


async def test_it_stops_before_a_step_by_its_path():
    debugger = journey()
    debugger.breakpoints = [Breakpoint("trip.flight")]
    reason = await debugger.run()
    assert str(reason) == "Breakpoint before trip.flight: execute trip.flight comes next."
    assert reason.breakpoint is debugger.breakpoints[0]
    assert debugger.next_instruction.path == "trip.flight"
    assert "trip_flight" not in debugger.context
    assert (await debugger.run()).kind == "ended"


async def test_a_block_stands_for_all_of_its_steps():
    debugger = journey()
    debugger.breakpoints = [Breakpoint("trip")]
    kinds = await stops(debugger)
    assert [text for _, text in kinds[:-1]] == [
        "Breakpoint before trip: execute trip.hotel comes next.",
        "Breakpoint before trip: execute trip.flight comes next.",
    ]


async def test_a_path_that_begins_like_a_block_is_another():
    debugger = Debugger(Saga.of("Two", {"z": SimulatedStep(), "a": SimulatedStep(), "ab": SimulatedStep()}), {})
    debugger.breakpoints = [Breakpoint("a")]
    assert len(await stops(debugger)) == 2


async def test_it_stops_after_a_step_with_what_it_did():
    debugger = journey()
    debugger.breakpoints = [Breakpoint("trip.hotel", when="after")]
    reason = await debugger.run()
    assert str(reason) == "Breakpoint after trip.hotel: trip.hotel is done."
    assert debugger.context["trip_hotel"] == "done"


@pytest.mark.parametrize(
    ("phase", "paths"),
    [
        ("compensate", ["compensate trip.hotel", "compensate funds"]),
        ("execute", ["execute trip.hotel", "execute trip.flight", "execute charge"]),
    ],
)
async def test_a_phase_alone_stops_at_every_step_of_that_phase(phase, paths):
    debugger = journey(faults=[Fault("charge"), Fault("trip.flight", "compensate", kind=FaultKind.DELAY, delay_ms=1)])
    debugger.breakpoints = [Breakpoint(phase=phase)]
    texts = [text for kind, text in await stops(debugger) if kind == "breakpoint"]
    assert [text for text in texts if any(path in text for path in paths)] == [
        f"Breakpoint before {phase}: {path} comes next." for path in paths
    ]


async def test_an_attempt_narrows_it_to_a_retry():
    debugger = journey(faults=[Fault("trip.flight"), Fault("trip.flight", attempt=2)])
    debugger.breakpoints = [Breakpoint("trip.flight", attempt=3)]
    reason = await debugger.run()
    assert str(reason) == "Breakpoint before trip.flight #3: execute trip.flight comes next."
    assert debugger.next_instruction.attempt == 3
    assert (await debugger.run()).kind == "ended"


async def test_a_wait_is_never_stopped_at():
    debugger = journey(faults=Fault("trip.flight"))
    debugger.breakpoints = [Breakpoint("trip.flight")]
    assert [debugger.next_instruction.kind for _ in range(3) if (await debugger.run()).kind == "breakpoint"] == [
        "execute",
        "execute",
    ]


async def test_a_condition_may_be_an_expression():
    debugger = journey()
    debugger.breakpoints = [Breakpoint(condition="'trip_hotel' in ctx")]
    assert str(await debugger.run()) == "Breakpoint before if 'trip_hotel' in ctx: execute trip.flight comes next."


async def test_a_condition_may_be_a_function_whose_name_is_shown():
    def booked(ctx):
        return "trip_flight" in ctx

    debugger = journey()
    debugger.breakpoints = [Breakpoint("charge", condition=booked)]
    assert str(await debugger.run()) == "Breakpoint before charge if booked: execute charge comes next."
    assert "if partial" in str(Breakpoint(condition=functools.partial(booked)))


async def test_a_condition_is_tested_after_where_after_is_asked_for():
    debugger = journey()
    debugger.breakpoints = [Breakpoint(when="after", condition="len(ctx) == 3")]
    await debugger.run()
    assert debugger.journal[-1].path == "trip.hotel"


@pytest.mark.parametrize("condition", ["missing > 1", lambda ctx: ctx["missing"] > 1])
async def test_a_condition_that_fails_says_so_and_the_run_stands_where_it_was_tested(condition):
    debugger = journey()
    debugger.breakpoints = [Breakpoint("charge", condition=condition)]
    with pytest.raises(ConditionError, match="missing"):
        await debugger.run()
    assert debugger.next_instruction.path == "charge"
    debugger.breakpoints = []
    assert (await debugger.run()).kind == "ended"


async def test_conditions_never_run_in_the_past():
    asked = []

    def watched(ctx):
        asked.append(debugger.position)
        return False

    debugger = journey(faults=Fault("charge"))
    await debugger.run_to_end()
    debugger.breakpoints = [Breakpoint(condition=watched), Breakpoint(condition=watched, when="after")]
    for _ in range(3):
        debugger.goto(0)
        debugger.diff()
        assert (await debugger.run()).kind == "ended"
    assert asked == []
    debugger.goto(0)
    debugger.faults = Fault("trip.flight")
    await debugger.run()
    assert debugger.branches[1].forked_at == 2
    assert min(asked) == 3


async def test_breakpoints_without_a_condition_stop_in_the_past_too():
    debugger = journey()
    await debugger.run_to_end()
    debugger.goto(0)
    debugger.breakpoints = [Breakpoint("trip.flight"), Breakpoint("trip.hotel", when="after", enabled=False)]
    assert (await debugger.run()).kind == "breakpoint"
    assert (debugger.position, debugger.is_past) == (2, True)


async def test_on_error_stops_after_any_attempt_that_failed():
    debugger = journey(faults=[Fault("trip.flight"), Fault("charge")])
    debugger.breakpoints = [Breakpoint(on="error")]
    texts = [text for kind, text in await stops(debugger) if kind == "breakpoint"]
    assert [text.split(":")[0] for text in texts] == ["Breakpoint on error"] * 2
    assert "trip.flight failed" in texts[0]
    assert "charge failed" in texts[1]


async def test_on_error_is_narrowed_by_path_and_phase():
    debugger = journey(faults=[Fault("trip.flight"), Fault("charge"), Fault("trip.hotel", "compensate")])
    debugger.breakpoints = [Breakpoint("trip", "compensate", on="error")]
    assert [kind for kind, _ in await stops(debugger)] == ["breakpoint", "halt"]
    assert debugger.journal[-2].outcome == "compensation_failed"


async def test_on_rollback_stops_once_where_undoing_begins():
    debugger = journey(faults=Fault("charge"))
    debugger.breakpoints = [Breakpoint(on="rollback")]
    found = await stops(debugger)
    assert found[0] == ("breakpoint", "Breakpoint on rollback: compensate trip.flight comes next.")
    assert found[1][0] == "ended"


async def test_run_to_stops_where_the_step_or_block_comes_next():
    debugger = journey()
    reason = await debugger.run_to("trip")
    assert (reason.kind, str(reason)) == ("target", "Execute trip.hotel comes next.")
    reason = await debugger.run_to("charge")
    assert str(reason) == "Execute charge comes next."
    assert (await debugger.run_to("trip")).kind == "ended"
    with pytest.raises(BreakpointError, match=r"no step or block 'boat'; its steps are funds, trip\.hotel"):
        await debugger.run_to("boat")


async def test_run_to_is_stopped_by_a_breakpoint_on_the_way():
    debugger = journey()
    debugger.breakpoints = [Breakpoint("trip.hotel")]
    assert (await debugger.run_to("charge")).kind == "breakpoint"


async def test_step_over_leaves_the_block_and_stops_at_breakpoints_inside():
    debugger = journey()
    assert str(await debugger.step_over()) == "Stepped."
    assert str(await debugger.step_over()) == "Stepped over trip."
    assert debugger.next_instruction.path == "charge"
    debugger.goto(1)
    debugger.breakpoints = [Breakpoint("trip.flight")]
    assert (await debugger.step_over()).kind == "breakpoint"
    debugger.goto(3)
    assert str(await debugger.step_over()) == "The saga has ended."


async def test_step_over_a_block_whose_step_fails_stops_where_the_undo_leaves_it():
    debugger = journey(faults=Fault("trip.flight", attempt="every"))
    await debugger.step()
    assert str(await debugger.step_over()) == "Stepped over trip."
    assert debugger.next_instruction.kind == "compensate"
    assert debugger.next_instruction.path == "funds"


async def test_stop_ends_a_run_after_the_instruction_that_it_is_in():
    class Stopping(SimulatedStep):
        async def execute(self, ctx):
            debugger.stop()
            return await super().execute(ctx)

    debugger = Debugger(Saga.of("Three", {"a": SimulatedStep(), "b": Stopping(), "c": SimulatedStep()}), {})
    reason = await debugger.run()
    assert (reason.kind, str(reason)) == ("stopped", "Stopped.")
    assert debugger.next_instruction.path == "c"
    assert (await debugger.run()).kind == "ended"


async def test_a_disabled_breakpoint_does_not_count():
    debugger = journey()
    debugger.breakpoints = [Breakpoint("trip", enabled=False)]
    assert (await debugger.run()).kind == "ended"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "needs a path, a phase, a condition or an on"),
        ({"attempt": 2}, "needs a path"),
        ({"path": ""}, "dotted name"),
        ({"path": 3}, "dotted name"),
        ({"path": "a", "phase": "wait"}, "phase is"),
        ({"path": "a", "when": "during"}, "before"),
        ({"path": "a", "on": "success"}, "on is 'error' or 'rollback'"),
        ({"path": "a", "attempt": 0}, "attempt is a number from 1"),
        ({"path": "a", "attempt": True}, "attempt is a number from 1"),
        ({"condition": 3}, "condition is a text or a function"),
    ],
)
def test_what_is_no_breakpoint_is_refused(settings, says):
    with pytest.raises(BreakpointError, match=says):
        Breakpoint(**settings)


def test_a_wrong_breakpoint_leaves_those_there_were():
    debugger = journey()
    debugger.breakpoints = [Breakpoint("trip")]
    for wrong in ([Breakpoint("boat")], ["trip"]):
        with pytest.raises(BreakpointError):
            debugger.breakpoints = wrong
    assert debugger.breakpoints == (Breakpoint("trip"),)


@pytest.mark.parametrize(
    "point",
    [
        Breakpoint("trip.hotel"),
        Breakpoint("trip", "compensate", "after", 2, "total > 1", enabled=False),
        Breakpoint(on="rollback"),
    ],
)
def test_a_breakpoint_is_data_and_comes_back_the_same(point):
    assert Breakpoint.from_json(point.to_json()) == point


@pytest.mark.parametrize("data", [None, {}, {"path": "a", "code": "x"}, {"path": "a", "enabled": 1}, {"path": [1]}])
def test_what_is_no_written_breakpoint_is_refused(data):
    with pytest.raises(BreakpointError):
        Breakpoint.from_json(data)


def test_a_function_cannot_be_written():
    with pytest.raises(BreakpointError, match="write the condition as a text"):
        Breakpoint(condition=bool).to_json()
