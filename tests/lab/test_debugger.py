from __future__ import annotations

import asyncio
import threading

import pytest
from pydantic import BaseModel, SecretStr

from legend_lab import (
    AbortedError,
    CompensationFailed,
    CompensationOutcome,
    Completed,
    Failed,
    Fault,
    FaultKind,
    FaultPlanError,
    LegendError,
    Paused,
    ProtocolError,
    RetryPolicy,
    Saga,
    SimulatedStep,
    Step,
    StepOutcome,
    VirtualClock,
    resources,
)
from legend_lab.core.errors import ContextCopyError
from legend_lab.lab.breakpoints import BreakpointError
from legend_lab.lab.debugger import Debugger
from legend_lab.lab.editing import EditError
from legend_lab.lab.tree import changes_in


class Services:
    def __init__(self):
        self.calls = []
        self.lock = threading.Lock()  # cannot be copied, so a copy would show


class Call(Step[dict]):
    async def execute(self, ctx):
        resources(Services).calls.append("do")
        ctx["done"] = True
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        resources(Services).calls.append("undo")
        return CompensationOutcome.COMPLETED


class Retried(SimulatedStep):
    retry_policy = RetryPolicy.retries_with_backoff(1, 50)


class Endless(Step[dict]):
    async def execute(self, ctx):
        ctx["begun"] = True
        await asyncio.Event().wait()
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


def trip():
    return Saga.of("Trip", {"hotel": SimulatedStep(), "flight": SimulatedStep(), "car": SimulatedStep()})


def story(debugger):
    return [(entry.kind, entry.path, entry.outcome) for entry in debugger.journal]


async def test_each_step_performs_exactly_one_instruction():
    debugger = Debugger(trip(), {}, clock=VirtualClock())
    for number, path in enumerate(["hotel", "flight", "car"]):
        assert debugger.result is None
        assert debugger.next_instruction.path == path
        entry = await debugger.step()
        assert (entry.number, entry.path) == (number, path)
    assert isinstance(debugger.result, Completed)
    assert debugger.next_instruction is None


async def test_a_wait_is_an_instruction_of_its_own():
    saga = Saga.of("One", {"a": Retried()})
    debugger = Debugger(saga, {}, faults=Fault("a"), clock=VirtualClock())
    for _ in range(3):
        await debugger.step()
    assert story(debugger) == [("execute", "a", "failed"), ("wait", "a", "elapsed"), ("execute", "a", "continue")]


async def test_it_steps_like_the_saga_runs():
    faults = [Fault("car", attempt="every"), Fault("flight", "compensate", kind=FaultKind.PAUSE)]
    debugger = Debugger(trip(), {}, faults=faults, clock=VirtualClock())
    while debugger.result is None:
        await debugger.step()
    whole = await trip().build({}, faults=faults, clock=VirtualClock()).start()
    assert [e for e in debugger.journal if e.error is None] == [e for e in whole.journal if e.error is None]
    assert debugger.context == whole.context
    assert debugger.state == whole.state


async def test_the_given_context_is_left_alone():
    given = {"list": [1]}
    debugger = Debugger(trip(), given, clock=VirtualClock())
    await debugger.run_to_end()
    assert given == {"list": [1]}
    assert debugger.context["hotel"] == "done"


async def test_reset_starts_over_with_the_context_as_given_and_keeps_the_faults():
    debugger = Debugger(trip(), {"seen": []}, faults=Fault("car"), clock=VirtualClock())
    await debugger.run_to_end()
    debugger.context["seen"].append("me")
    debugger.reset()
    assert debugger.context == {"seen": []}
    assert len(debugger.journal) == 0
    assert isinstance(await debugger.run_to_end(), Failed)


async def test_a_step_at_a_halt_is_refused_and_names_what_can_be_decided():
    debugger = Debugger(trip(), {}, faults=Fault("flight", kind=FaultKind.PAUSE), clock=VirtualClock())
    assert isinstance(await debugger.run_to_end(), Paused)
    for call in (debugger.step, debugger.run_to_end):
        with pytest.raises(ProtocolError, match="resume or abort"):
            await call()
    debugger.resume()
    assert isinstance(await debugger.run_to_end(), Completed)
    with pytest.raises(ProtocolError, match="reset"):
        await debugger.step()


async def test_abort_undoes_what_was_done_one_step_at_a_time():
    debugger = Debugger(trip(), {}, faults=Fault("car", kind=FaultKind.PAUSE), clock=VirtualClock())
    await debugger.run_to_end()
    debugger.abort("enough")
    assert debugger.result is None
    undone = [(await debugger.step()).path for _ in range(3)]
    assert undone == ["car", "flight", "hotel"]
    assert isinstance(debugger.result.error, AbortedError)


async def test_a_failed_undo_offers_retry_and_resolve():
    faults = [Fault("car"), Fault("hotel", "compensate"), Fault("flight", "compensate")]
    debugger = Debugger(trip(), {}, faults=faults, clock=VirtualClock())
    assert isinstance(await debugger.run_to_end(), CompensationFailed)
    assert debugger.choices == ("retry", "resolve")
    debugger.resolve("flight", "called them")
    debugger.retry()
    assert (await debugger.step()).path == "hotel"
    assert isinstance(debugger.result, Failed)


async def test_a_simulated_crash_leaves_it_where_a_restarted_process_would_stand():
    debugger = Debugger(trip(), {}, faults=Fault("flight", kind=FaultKind.CRASH_AFTER), clock=VirtualClock())
    await debugger.step()
    entry = await debugger.step()
    assert entry.outcome == "interrupted"
    assert entry.completed_ns is None
    assert "flight" not in debugger.context
    assert debugger.result.reason == "restarted"
    debugger.resume()
    assert isinstance(await debugger.run_to_end(), Completed)


async def test_a_cancelled_step_stands_at_what_it_interrupted_and_can_go_on():
    debugger = Debugger(Saga.of("Stuck", {"a": SimulatedStep(duration_ms=0), "b": Endless()}), {})
    await debugger.step()
    task = asyncio.ensure_future(debugger.step())
    while "begun" not in debugger.context:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert debugger.result.reason == "interrupted"
    debugger.abort()
    assert [(await debugger.step()).path for _ in range(2)] == ["b", "a"]


async def test_new_faults_count_for_what_has_not_happened_yet():
    debugger = Debugger(trip(), {}, clock=VirtualClock())
    await debugger.step()
    debugger.faults = Fault("car")
    assert isinstance(await debugger.run_to_end(), Failed)
    with pytest.raises(FaultPlanError, match="'boat'"):
        debugger.faults = Fault("boat")
    assert [fault.path for fault in debugger.faults] == ["car"]


async def test_decisions_are_refused_where_there_is_nothing_to_decide():
    debugger = Debugger(trip(), {}, clock=VirtualClock())
    for decide in (debugger.resume, debugger.abort, debugger.retry, lambda: debugger.resolve("car")):
        with pytest.raises(ProtocolError):
            decide()
    assert len(debugger.journal) == 0


async def test_the_diff_says_what_the_last_instruction_changed():
    debugger = Debugger(trip(), {"nested": {"deep": 1}}, clock=VirtualClock())
    await debugger.step()
    assert [(place, node.change) for place, node in changes_in(debugger.diff())] == [("hotel", "added")]
    debugger.faults = Fault("flight")
    await debugger.step()
    assert changes_in(debugger.diff()) == []
    await debugger.step()
    assert [(place, node.change) for place, node in changes_in(debugger.diff())] == [("hotel", "removed")]


async def test_resources_are_handed_to_steps_and_never_copied():
    services = Services()
    debugger = Debugger(Saga.of("Calls", {"a": Call()}), {}, resources=services)
    await debugger.run_to_end()
    assert services.calls == ["do"]


async def test_a_factory_of_resources_makes_fresh_ones_after_a_reset():
    made = []

    def services():
        made.append(Services())
        return made[-1]

    debugger = Debugger(Saga.of("Calls", {"a": Call()}), {}, resources=services)
    await debugger.run_to_end()
    debugger.reset()
    await debugger.run_to_end()
    assert [each.calls for each in made] == [["do"], ["do"]]


def test_a_context_that_cannot_be_copied_is_refused_with_its_place():
    with pytest.raises(ContextCopyError, match=r"context\.a\.lock .*resources="):
        Debugger(trip(), {"a": {"lock": threading.Lock(), "fine": 1}})


@pytest.mark.parametrize(
    ("act", "error", "says"),
    [
        (lambda debugger: debugger.fork(5), ProtocolError, "a branch's name is a text, not an int"),
        (lambda debugger: debugger.switch(["main"]), ProtocolError, r"there is no branch \['main'\]; there are 'main'"),
        (lambda debugger: asyncio.run(debugger.run_to(5)), BreakpointError, "no step or block 5; its steps are"),
        (lambda debugger: debugger.edit(5, 1), EditError, "a place is a dotted text such as 'trip.seats.0', not 5"),
        (
            lambda debugger: setattr(debugger, "breakpoints", None),
            BreakpointError,
            "as a list of Breakpoints, not None",
        ),
    ],
)
def test_wrong_arguments_are_refused_in_words(act, error, says):
    debugger = Debugger(Saga.of("Plain", {"a": SimulatedStep()}), {"n": 1})
    with pytest.raises(error, match=says):
        act(debugger)
    assert (debugger.length, len(debugger.branches)) == (0, 1)


def test_a_fault_at_no_step_is_refused():
    with pytest.raises(LegendError, match="'boat'"):
        Debugger(trip(), {}, faults=Fault("boat"))


async def test_a_secret_stays_masked_in_the_diff():
    class Account(BaseModel):
        password: SecretStr = SecretStr("hunter2")
        a: str | None = None

    debugger = Debugger(Saga.of("Secret", {"a": SimulatedStep()}), Account(), clock=VirtualClock())
    await debugger.step()
    assert "hunter2" not in repr(debugger.diff())
    assert "**********" in repr(debugger.diff())


async def test_the_note_of_an_edit_keeps_a_secret_masked():
    class Account(BaseModel):
        password: SecretStr = SecretStr("old")

    debugger = Debugger(Saga.of("S", {"a": SimulatedStep()}), Account(), clock=VirtualClock())
    debugger.edit("password", "hunter2")
    assert debugger.context.password.get_secret_value() == "hunter2"
    assert "hunter2" not in debugger.journal[-1].note
