from __future__ import annotations

import asyncio
import copy
import dataclasses
import gc
import threading
import time
import types

import pytest
from pydantic import BaseModel

from legend_lab import (
    CompensationOutcome,
    Completed,
    ContextCopyError,
    ContextRecordError,
    Failed,
    Fault,
    FaultKind,
    Paused,
    ProtocolError,
    RetryPolicy,
    Saga,
    SimulatedStep,
    Step,
    StepOutcome,
    SystemClock,
    VirtualClock,
    pass_time,
    resources,
)
from legend_lab.lab.debugger import Debugger
from legend_lab.lab.editing import EditError
from legend_lab.lab.snapshots import Snapshots
from legend_lab.lab.tree import changes_in, context_tree


class Do(Step):
    """Calls what the resource says with the context."""

    async def execute(self, ctx):
        for act in resources(list):
            act(ctx)
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Endless(Step[dict]):
    async def execute(self, ctx):
        ctx["begun"] = True
        await asyncio.Event().wait()
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Retried(SimulatedStep):
    retry_policy = RetryPolicy.retries_with_backoff(1, 50)


def trip():
    return Saga.of("Trip", {"hotel": SimulatedStep(), "flight": SimulatedStep(), "car": SimulatedStep()})


def doing(*acts, ctx=None, count=3):
    saga = Saga.of("Doing", {f"s{number}": Do() for number in range(count)})
    return Debugger(saga, {} if ctx is None else ctx, clock=VirtualClock(), resources=list(acts))


def told(debugger):
    return [(entry.kind, entry.path, entry.outcome) for entry in debugger.future]


# -- branches -----------------------------------------------------------------------------------


async def test_going_on_from_the_past_with_the_same_faults_only_moves():
    debugger = Debugger(trip(), {}, clock=VirtualClock())
    await debugger.run_to_end()
    debugger.goto(0)
    assert [(await debugger.step()).path for _ in range(3)] == ["hotel", "flight", "car"]
    assert [branch.name for branch in debugger.branches] == ["main"]


async def test_changed_faults_make_a_branch_exactly_where_they_matter():
    debugger = Debugger(trip(), {}, clock=VirtualClock())
    await debugger.run_to_end()
    debugger.goto(0)
    debugger.faults = [Fault("car"), Fault("hotel", "compensate"), Fault("hotel", attempt=2)]
    await debugger.step()
    await debugger.step()
    assert debugger.branch == "main"
    await debugger.step()
    assert debugger.branch == "branch 2"
    assert (debugger.branches[1].parent, debugger.branches[1].forked_at) == ("main", 2)
    debugger.switch("main")
    assert isinstance(debugger.result, Completed)


async def test_a_fault_taken_away_makes_a_branch_where_it_had_fired():
    debugger = Debugger(trip(), {}, faults=Fault("flight"), clock=VirtualClock())
    await debugger.run_to_end()
    debugger.faults = None
    debugger.goto(0)
    assert isinstance(await debugger.run_to_end(), Completed)
    assert debugger.branches[1].forked_at == 1


async def test_a_fault_of_the_same_kind_with_another_error_is_another_fault():
    debugger = Debugger(trip(), {}, faults=Fault("flight", error=ValueError("a")), clock=VirtualClock())
    await debugger.run_to_end()
    debugger.faults = Fault("flight", error=ValueError("a"))
    debugger.goto(0)
    await debugger.run_to_end()
    assert len(debugger.branches) == 1
    debugger.faults = Fault("flight", error=ValueError("b"))
    debugger.goto(0)
    await debugger.run_to_end()
    assert len(debugger.branches) == 2


async def test_a_branch_knows_the_faults_of_what_it_shares():
    debugger = Debugger(trip(), {}, faults=Fault("hotel", kind=FaultKind.DELAY, delay_ms=5), clock=VirtualClock())
    await debugger.run_to_end()
    debugger.goto(2)
    debugger.fork("other")
    debugger.goto(0)
    await debugger.step()
    assert (debugger.branch, debugger.position) == ("other", 1)
    debugger.goto(0)
    debugger.faults = None
    await debugger.step()
    assert debugger.branch == "branch 3"


async def test_run_to_end_goes_over_recorded_halts_and_what_was_decided_there():
    debugger = Debugger(trip(), {}, faults=Fault("flight", kind=FaultKind.PAUSE), clock=VirtualClock())
    await debugger.run_to_end()
    debugger.resume()
    await debugger.step()
    debugger.goto(0)
    assert isinstance(await debugger.run_to_end(), Completed)
    assert told(debugger)[2] == ("halt", "flight", "resumed")
    assert len(debugger.branches) == 1


async def test_another_decision_in_the_past_makes_a_branch():
    debugger = Debugger(trip(), {}, faults=Fault("flight", kind=FaultKind.PAUSE), clock=VirtualClock())
    await debugger.run_to_end()
    debugger.resume()
    await debugger.run_to_end()
    debugger.goto(2)
    assert isinstance(debugger.result, Paused)
    debugger.resume()
    assert (debugger.branch, debugger.position) == ("main", 3)
    debugger.back()
    debugger.abort("no more")
    assert debugger.branch == "branch 2"
    assert isinstance(await debugger.run_to_end(), Failed)


async def test_fork_gives_names_and_refuses_those_there_are():
    debugger = Debugger(trip(), {}, clock=VirtualClock())
    assert debugger.fork() == "branch 2"
    assert debugger.fork("dry run") == "dry run"
    assert debugger.fork() == "branch 4"
    debugger.fork("branch 5")
    assert debugger.fork() == "branch 6"
    for wrong in ("main", "branch 2", "", "  "):
        with pytest.raises(ProtocolError, match="branch"):
            debugger.fork(wrong)
    assert debugger.branch == "branch 6"
    assert repr(debugger.branches[1]) == "<Branch 'branch 2' from 'main' at 0, 0 entries>"


async def test_switch_goes_to_the_end_of_the_other_branch_and_brings_todays_faults():
    debugger = Debugger(trip(), {}, clock=VirtualClock())
    await debugger.step()
    debugger.fork("other")
    debugger.faults = Fault("flight")
    await debugger.run_to_end()
    debugger.switch("main")
    assert (debugger.branch, debugger.position, debugger.is_past) == ("main", 1, False)
    assert isinstance(await debugger.run_to_end(), Failed)
    with pytest.raises(ProtocolError, match=r"no branch 'nowhere'; there are 'main', 'other'"):
        debugger.switch("nowhere")


async def test_branches_share_no_context():
    debugger = doing(lambda ctx: ctx["seen"].append(len(ctx["seen"])), ctx={"seen": []})
    await debugger.step()
    debugger.fork("other")
    await debugger.step()
    assert debugger.context == {"seen": [0, 1]}
    debugger.switch("main")
    assert debugger.context == {"seen": [0]}


async def test_reset_forgets_all_branches():
    debugger = Debugger(trip(), {}, clock=VirtualClock())
    await debugger.step()
    debugger.fork()
    debugger.reset()
    assert [(branch.name, len(branch)) for branch in debugger.branches] == [("main", 0)]


# -- edits --------------------------------------------------------------------------------------


async def test_an_edit_is_an_entry_that_says_what_changed():
    debugger = Debugger(trip(), {"n": 1}, clock=VirtualClock())
    await debugger.step()
    debugger.edit("n", 2)
    entry = debugger.journal[-1]
    assert (entry.kind, entry.path, entry.outcome, entry.note) == ("edit", "flight", "edited", "n = 2 (was 1)")
    assert debugger.context["n"] == 2
    assert [(place, node.before) for place, node in changes_in(debugger.diff())] == [("n", "1")]


async def test_an_edit_in_the_past_begins_a_branch():
    debugger = Debugger(trip(), {"n": 1}, clock=VirtualClock())
    await debugger.run_to_end()
    debugger.goto(1)
    debugger.edit("n", 2)
    assert (debugger.branch, debugger.position) == ("branch 2", 2)
    await debugger.run_to_end()
    assert debugger.context["n"] == 2
    debugger.switch("main")
    assert debugger.context["n"] == 1


async def test_a_refused_edit_changes_nothing_and_begins_no_branch():
    debugger = Debugger(trip(), {"n": 1}, clock=VirtualClock())
    await debugger.run_to_end()
    with pytest.raises(ProtocolError, match="go back to edit"):
        debugger.edit("n", 2)
    debugger.goto(1)
    with pytest.raises(EditError):
        debugger.edit("m.x", 2)
    with pytest.raises(ContextCopyError):
        debugger.edit("n", threading.Lock())
    assert [branch.name for branch in debugger.branches] == ["main"]
    assert debugger.position == 1


async def test_what_an_edit_was_given_stays_the_persons_own():
    given = []
    debugger = doing(lambda ctx: ctx["list"].append(1), ctx={"list": None})
    debugger.edit("list", given)
    await debugger.step()
    assert (given, debugger.context["list"]) == ([], [1])


# -- contexts -----------------------------------------------------------------------------------


async def test_a_direct_change_counts_as_if_the_last_instruction_had_made_it():
    debugger = Debugger(trip(), {}, clock=VirtualClock())
    await debugger.step()
    debugger.context["mine"] = 1
    assert [place for place, _ in changes_in(debugger.diff())] == ["hotel", "mine"]
    await debugger.step()
    assert debugger.context["mine"] == 1
    assert len(debugger.journal) == 2
    debugger.back()
    assert debugger.context == {"hotel": "done", "mine": 1}
    debugger.back()
    assert debugger.context == {}


async def test_a_direct_change_is_known_to_branches_and_after_travelling():
    debugger = Debugger(trip(), {}, clock=VirtualClock())
    await debugger.step()
    debugger.context["mine"] = 1
    debugger.fork("other")
    assert debugger.context["mine"] == 1
    debugger.context["yours"] = 2
    debugger.goto(0)
    debugger.goto(-1)
    assert debugger.context == {"hotel": "done", "mine": 1, "yours": 2}
    debugger.switch("main")
    assert "yours" not in debugger.context


async def test_what_is_changed_in_a_context_of_the_past_is_lost():
    debugger = Debugger(trip(), {}, clock=VirtualClock())
    await debugger.run_to_end()
    debugger.goto(1)
    debugger.context["mine"] = 1
    assert debugger.context == {"hotel": "done"}
    debugger.fork()
    assert debugger.context == {"hotel": "done"}


async def test_values_that_are_one_stay_one_and_cycles_stay_closed():
    ctx = {"a": [1], "self": None}
    ctx["b"], ctx["self"] = ctx["a"], ctx
    debugger = doing(lambda ctx: ctx["a"].append(2), ctx=ctx)
    await debugger.step()
    await debugger.step()
    for position in (0, 1, 2):
        debugger.goto(position)
        seen = debugger.context
        assert seen["a"] is seen["b"]
        assert seen["self"] is seen
        assert len(seen["b"]) == 1 + position
    assert "that it is inside of" in str(debugger.diff())
    debugger.goto(1)
    debugger.fork()
    await debugger.step()
    assert debugger.context["b"] == [1, 2, 2]


def test_a_web_of_values_is_shown_in_bounded_time():
    nodes = [{"name": number} for number in range(60)]
    for node in nodes:
        node["parent"] = root = nodes[0]
    root["children"] = nodes[1:]
    began = time.perf_counter()
    context_tree({}, {"root": root})
    assert time.perf_counter() - began < 2


class Held:
    """Refuses to be pickled, knows how to be copied."""

    def __init__(self, value):
        self.value, self.lock = value, threading.Lock()

    def __deepcopy__(self, memo):
        return Held(self.value)


async def test_what_pickle_refuses_is_kept_by_deep_copies():
    debugger = doing(lambda ctx: setattr(ctx["held"], "value", ctx["held"].value + 1), ctx={"held": Held(0)})
    await debugger.run_to_end()
    for position in (3, 0, 2, 1):
        debugger.goto(position)
        assert debugger.context["held"].value == position


async def test_functions_classes_and_modules_inside_are_the_very_same():
    def local():
        return 1

    class Local:
        pass

    ctx = {"f": local, "c": Local, "one": Local(), "module": types}
    snapshots = Snapshots()
    snapshots.append(ctx)
    back = snapshots.restore(0)
    assert snapshots.nbytes > 0  # pickled, not copied
    assert back["f"] is local
    assert back["c"] is Local
    assert type(back["one"]) is Local
    assert back["module"] is types


async def test_a_class_that_a_notebook_defines_again_leaves_old_contexts_what_they_were():
    def define():
        space = {"__name__": "__main__"}
        exec("class Box:\n    def __init__(self, n): self.n = n", space)  # noqa: S102 - as a cell does
        return space["Box"]

    first = define()
    debugger = doing(lambda ctx: setattr(ctx["box"], "n", ctx["box"].n + 1), ctx={"box": first(0)})
    await debugger.step()
    second = define()
    assert second is not first
    name = first.__qualname__
    del first
    gc.collect()
    await debugger.step()
    debugger.goto(1)
    assert debugger.context["box"].n == 1
    assert type(debugger.context["box"]).__qualname__ == name
    assert type(debugger.context["box"]) is not second


async def test_a_context_of_ten_megabytes_is_kept_and_found_again():
    ctx = {"big": "".join(map(str, range(2_000_000))), "n": 0}
    debugger = doing(lambda ctx: ctx.update(n=ctx["n"] + 1), ctx=ctx)
    await debugger.run_to_end()
    debugger.goto(1)
    assert debugger.context["n"] == 1
    assert len(debugger.context["big"]) > 10_000_000


async def test_what_a_step_leaves_that_cannot_be_copied_is_named_when_it_is_asked_for():
    debugger = doing(lambda ctx: ctx.update(lock=threading.Lock()))
    entry = await debugger.step()
    assert entry.outcome == "continue"
    assert set(debugger.context) == {"lock"}
    with pytest.raises(ContextCopyError, match=r"context\.lock .*resources="):
        debugger.fork()
    await debugger.step()
    debugger.back()
    with pytest.raises(ContextCopyError, match=r"context\.lock"):
        _ = debugger.context
    debugger.goto(0)
    assert debugger.context == {}


async def test_resources_are_the_same_on_every_branch_and_never_copied():
    lock = threading.Lock()
    seen = []

    class Ask(SimulatedStep):
        async def execute(self, ctx):
            seen.append(resources(type(lock)) is lock)
            return StepOutcome.CONTINUE

    debugger = Debugger(Saga.of("Asks", {"a": Ask(), "b": Ask()}), {}, resources=lock, clock=VirtualClock())
    await debugger.step()
    debugger.fork()
    await debugger.step()
    assert seen == [True, True]


# -- crashes and cancellations ------------------------------------------------------------------


async def test_crash_and_restart_stand_as_a_new_process_would():
    debugger = Debugger(trip(), {"n": 1}, clock=VirtualClock())
    await debugger.step()
    debugger.crash()
    assert debugger.is_crashed
    for command in (debugger.crash, debugger.fork, lambda: debugger.edit("n", 2), lambda: debugger.switch("main")):
        with pytest.raises(ProtocolError, match="restart takes the run up again"):
            command()
    with pytest.raises(ProtocolError, match="process is dead"):
        await debugger.step()
    debugger.goto(0)
    debugger.goto(1)
    debugger.restart()
    assert not debugger.is_crashed
    assert debugger.journal[-1].outcome == "restarted"
    assert debugger.choices == ("resume", "abort")
    debugger.resume()
    assert isinstance(await debugger.run_to_end(), Completed)
    with pytest.raises(ProtocolError, match="would lose nothing"):
        debugger.crash()
    with pytest.raises(ProtocolError, match="not crashed"):
        debugger.restart()


async def test_a_crash_that_no_process_could_take_up_is_refused():
    debugger = doing(lambda ctx: ctx.update(pair=(1, 2)))
    await debugger.step()
    with pytest.raises(ContextRecordError, match="pair"):
        debugger.crash()
    assert not debugger.is_crashed
    debugger.faults = Fault("s1", kind=FaultKind.CRASH_AFTER)
    with pytest.raises(ContextRecordError, match="pair"):
        await debugger.step()
    assert (debugger.position, debugger.next_instruction.path) == (1, "s1")
    debugger.faults = None
    assert isinstance(await debugger.run_to_end(), Completed)


async def test_errors_of_before_a_crash_stay_what_they_were():
    saga = Saga.of("One", {"a": Retried(), "b": SimulatedStep()})
    faults = [Fault("a", error=LookupError("lost")), Fault("b", kind=FaultKind.CRASH_AFTER)]
    debugger = Debugger(saga, {}, faults=faults, clock=VirtualClock())
    await debugger.run_to_end()
    assert type(debugger.journal[0].error) is LookupError
    assert debugger.faults.fired(debugger.journal) == tuple(faults)


async def test_a_cancelled_step_on_a_branch_leaves_the_other_branches_alone():
    debugger = Debugger(Saga.of("Stuck", {"a": SimulatedStep(duration_ms=0), "b": Endless()}), {})
    await debugger.step()
    debugger.fork("other")
    task = asyncio.ensure_future(debugger.step())
    while "begun" not in debugger.context:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told(debugger)[-1] == ("execute", "b", "interrupted")
    assert debugger.result.reason == "interrupted"
    debugger.switch("main")
    assert told(debugger) == [("execute", "a", "continue")]
    assert "begun" not in debugger.context
    debugger.switch("other")
    debugger.abort()
    assert isinstance(await debugger.run_to_end(), Failed)


async def test_while_it_performs_nothing_else_is_done():
    debugger = Debugger(Saga.of("Stuck", {"b": Endless()}), {})
    task = asyncio.ensure_future(debugger.run())
    while "begun" not in debugger.context:
        await asyncio.sleep(0)
    commands = [
        debugger.back,
        debugger.fork,
        debugger.reset,
        debugger.crash,
        debugger.restart,
        debugger.resume,
        lambda: debugger.goto(0),
        lambda: debugger.switch("main"),
        lambda: debugger.edit("begun", 1),
        lambda: debugger.save("nowhere"),
    ]
    for command in commands:
        with pytest.raises(ProtocolError):
            command()
    for command in (debugger.step, debugger.run, debugger.run_to_end, debugger.step_over):
        with pytest.raises(ProtocolError, match="performing something already"):
            await command()
    assert debugger.diff()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    debugger.goto(0)


async def test_going_on_with_a_result_leaves_the_debugger_alone():
    debugger = Debugger(trip(), {}, faults=Fault("flight", kind=FaultKind.PAUSE), clock=VirtualClock())
    paused = await debugger.run_to_end()
    ended = await paused.resume()
    assert isinstance(ended, Completed)
    assert set(ended.context) == {"hotel", "flight", "car"}
    assert (len(debugger.journal), set(debugger.context)) == (2, {"hotel"})
    debugger.resume()
    assert isinstance(await debugger.run_to_end(), Completed)


# -- time ---------------------------------------------------------------------------------------


async def test_time_stands_still_between_steps_on_a_virtual_clock():
    clock = VirtualClock()
    debugger = Debugger(trip(), {}, clock=clock)
    await debugger.step()
    clock.advance(3600)
    await debugger.step()
    first, second = debugger.journal
    assert second.started_ns == first.completed_ns
    assert second.duration_ms == 10


async def test_time_stands_still_between_steps_on_the_systems_clock():
    debugger = Debugger(Saga.of("Two", {"a": SimulatedStep(duration_ms=0), "b": SimulatedStep(duration_ms=0)}), {})
    await debugger.step()
    began = time.perf_counter_ns()
    while time.perf_counter_ns() - began < 20_000_000:
        pass
    await debugger.step()
    first, second = debugger.journal
    assert 0 <= second.started_ns - first.completed_ns < 20_000_000
    assert isinstance(debugger.clock, SystemClock)


async def test_a_branchs_time_goes_on_from_where_it_left():
    debugger = Debugger(trip(), {}, clock=VirtualClock())
    await debugger.run_to_end()
    main = list(debugger.journal)
    debugger.goto(1)
    debugger.edit("x", 1)
    await debugger.run_to_end()
    branch = list(debugger.journal)
    assert branch[1].started_ns == branch[1].completed_ns == main[0].completed_ns
    assert [entry.started_ns for entry in branch[2:]] == [entry.started_ns for entry in main[1:]]


async def test_a_branch_from_the_beginning_and_a_reset_start_when_the_first_run_did():
    debugger = Debugger(trip(), {}, clock=VirtualClock())
    await debugger.run_to_end()
    main = [entry.started_ns for entry in debugger.journal]
    debugger.goto(0)
    debugger.fork()
    await debugger.run_to_end()
    assert [entry.started_ns for entry in debugger.journal] == main
    debugger.reset()
    await debugger.run_to_end()
    assert [entry.started_ns for entry in debugger.journal] == main


async def test_waits_inside_steps_show_in_virtual_time():
    class Slow(SimulatedStep):
        async def execute(self, ctx):
            await pass_time(40)
            return StepOutcome.CONTINUE

    debugger = Debugger(Saga.of("Slow", {"a": Slow()}), {}, clock=VirtualClock())
    assert (await debugger.step()).duration_ms == 40


# -- kinds of contexts --------------------------------------------------------------------------


class Account(BaseModel):
    balance: int = 0
    notes: list[str] = []


@dataclasses.dataclass
class Purse:
    balance: int = 0
    notes: list[str] = dataclasses.field(default_factory=list)


@pytest.mark.parametrize("kind", [Account, Purse])
async def test_models_and_dataclasses_travel_like_dicts(kind):
    def earn(ctx):
        ctx.balance += 1
        ctx.notes.append("earned")

    debugger = doing(earn, ctx=kind())
    await debugger.run_to_end()
    debugger.goto(2)
    assert debugger.context == kind(balance=2, notes=["earned"] * 2)
    debugger.edit("notes.0", "found")
    await debugger.run_to_end()
    assert debugger.context == kind(balance=3, notes=["found", "earned", "earned"])
    assert copy.deepcopy(debugger.context) == debugger.context
