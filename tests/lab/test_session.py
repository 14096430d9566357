from __future__ import annotations

import json
import os
import pickle
import threading

import pytest
from pydantic import BaseModel

from legend_lab import (
    CompensationOutcome,
    Completed,
    ContextRecordError,
    CorruptRecordError,
    Failed,
    Fault,
    FaultKind,
    InjectedError,
    Paused,
    RecordVersionError,
    RetryPolicy,
    Saga,
    SagaMismatchError,
    SimulatedStep,
    Step,
    StepOutcome,
    StoredError,
    VirtualClock,
)
from legend_lab.lab import session
from legend_lab.lab.breakpoints import Breakpoint, BreakpointError
from legend_lab.lab.debugger import Debugger
from legend_lab.runtime.record import seal


class TripError(Exception):
    pass


class FullError(TripError):
    pass


CALLS = []


class Book(Step[dict]):
    retry_policy = RetryPolicy.retries_with_backoff(1, 50)
    what: str = "room"
    fails: str = ""

    async def execute(self, ctx):
        CALLS.append(f"do {self.what}")
        if self.fails and self.fails in ctx.get("fail", ""):
            raise FullError(self.what, 3) if self.fails == "full" else LookupError(self.what)
        ctx.setdefault("booked", []).append(self.what)
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        CALLS.append(f"undo {self.what}")
        ctx["booked"].remove(self.what)
        return CompensationOutcome.COMPLETED


def trip(**inputs):
    steps = {"hotel": Book(**inputs), "flight": Book(what="seat", fails="full"), "car": Book(what="car", fails="odd")}
    return Saga.of("Trip", steps, error=TripError)


@pytest.fixture
async def lived(tmp_path):
    """A debugger with a story on three branches, and the file that it was saved to."""
    CALLS.clear()
    faults = [Fault("hotel", error=FullError("no room", 1)), Fault("car", kind=FaultKind.PAUSE)]
    debugger = Debugger(trip(), {"fail": "none"}, faults=faults, clock=VirtualClock())
    await debugger.run_to_end()
    debugger.goto(3)
    debugger.edit("fail", "full")
    await debugger.run_to_end()
    debugger.switch("main")
    debugger.fork("crashing")
    debugger.abort("enough")
    debugger.faults = Fault("flight", "compensate", kind=FaultKind.CRASH_AFTER)
    await debugger.run_to_end()
    debugger.breakpoints = [Breakpoint("car", condition="fail == 'none'"), Breakpoint(on="error", enabled=False)]
    debugger.goto(4)
    debugger.save(tmp_path / "trip.json")
    CALLS.clear()
    return debugger, tmp_path / "trip.json"


def load(path, saga=None, **settings):
    return Debugger.load(path, saga or trip(), **{"clock": VirtualClock(), **settings})


def everything(debugger):
    """All that is seen of a debugger from every position of every branch."""
    at = debugger.branch, debugger.position
    seen = []
    for branch in debugger.branches:
        debugger.switch(branch.name)
        for position in range(len(branch) + 1):
            debugger.goto(position)
            last = debugger.journal[-1] if position else None
            facts = last and (
                last.kind,
                last.path,
                last.attempt,
                last.outcome,
                last.note,
                last.started_ns,
                last.completed_ns,
                last.fault,
                last.undoes,
                last.error and getattr(last.error, "message", str(last.error)),
            )
            seen.append((branch.name, branch.parent, branch.forked_at, debugger.context, debugger.state, facts))
            seen.append((debugger.choices, debugger.pending, debugger.next_instruction, type(debugger.result)))
    debugger.switch(at[0])
    debugger.goto(at[1])
    return seen


async def test_a_loaded_session_shows_everything_as_it_was(lived):
    debugger, path = lived
    again = load(path)
    assert (again.branch, again.position) == ("crashing", 4)
    assert again.breakpoints == debugger.breakpoints
    assert again.faults == debugger.faults
    assert everything(again) == everything(debugger)
    assert CALLS == []


async def test_going_on_after_loading_is_going_on(lived):
    debugger, path = lived
    again = load(path)
    for each in (debugger, again):
        each.faults = None
        each.breakpoints = []
        each.switch("main")
        each.resume()
        assert isinstance(await each.run_to_end(), Completed)
        each.goto(2)
        each.edit("fail", "odd full")
        assert isinstance(await each.run_to_end(), Failed)
    assert everything(again) == everything(debugger)
    again.reset()
    assert again.context == {"fail": "none"}


async def test_a_session_may_be_saved_and_loaded_again_and_again(lived, tmp_path):
    _, path = lived
    load(path).save(tmp_path / "second.json")
    load(tmp_path / "second.json").save(tmp_path / "third.json")
    assert (tmp_path / "second.json").read_bytes() == (tmp_path / "third.json").read_bytes()


async def test_declared_errors_come_back_as_their_class_and_others_as_stored_errors(tmp_path):
    debugger = Debugger(trip(), {"fail": "odd"}, faults=Fault("hotel", error=FullError("x", 1)), clock=VirtualClock())
    await debugger.run_to_end()
    debugger.save(tmp_path / "s.json")
    again = load(tmp_path / "s.json")
    errors = [entry.error for entry in again.journal if entry.error]
    assert (type(errors[0]), errors[0].args) == (FullError, ("x", 1))
    assert [type(error) for error in errors[1:]] == [StoredError, StoredError]
    assert type(again.result.error.__cause__) is StoredError
    assert again.faults == debugger.faults


async def test_an_undeclared_error_of_a_fault_comes_back_with_its_text(tmp_path):
    class Own(Exception):  # noqa: N818 - any name
        pass

    debugger = Debugger(trip(), {}, faults=Fault("hotel", error=Own("x")), clock=VirtualClock())
    await debugger.step()
    debugger.save(tmp_path / "s.json")
    again = load(tmp_path / "s.json")
    assert type(again.faults.faults[0].error) is InjectedError
    again.goto(0)
    await again.step()
    assert again.branch == "main"  # the fault that was planned then is the same one


async def test_each_different_context_is_written_once(tmp_path):
    debugger = Debugger(trip(), {"fail": "none"}, faults=[Fault("hotel")], clock=VirtualClock())
    await debugger.run_to_end()
    debugger.goto(1)
    debugger.fork()
    debugger.save(tmp_path / "s.json")
    head = json.loads((tmp_path / "s.json").read_bytes())
    assert len(debugger.future) == 1
    assert len(head["contexts"]) == 4
    assert head["branches"][0]["contexts"] == [0, 0, 0, 1, 2, 3]
    assert head["branches"][1] == {
        "name": "branch 2",
        "parent": "main",
        "forked_at": 1,
        "journal": [],
        "contexts": [0],
        "planned": [],
    }


async def test_a_crashed_session_waits_for_its_restart(tmp_path):
    debugger = Debugger(trip(), {}, clock=VirtualClock())
    await debugger.step()
    debugger.crash()
    debugger.save(tmp_path / "s.json")
    again = load(tmp_path / "s.json")
    assert again.is_crashed
    again.restart()
    assert isinstance(again.result, Paused)


async def test_a_direct_change_is_saved(tmp_path):
    debugger = Debugger(trip(), {}, clock=VirtualClock())
    debugger.context["mine"] = 1
    debugger.save(tmp_path / "s.json")
    assert load(tmp_path / "s.json").context == {"mine": 1}


async def test_time_goes_on_after_the_last_instant_also_on_the_systems_clock(lived):
    _, path = lived
    again = Debugger.load(path, trip())
    again.switch("main")
    last = again.journal[-1].completed_ns
    again.resume()
    again.faults = None
    await again.step()
    assert last <= again.journal[-1].started_ns < last + 5_000_000_000


def test_a_function_in_a_breakpoint_is_refused_and_nothing_is_written(tmp_path):
    debugger = Debugger(trip(), {}, clock=VirtualClock())
    debugger.breakpoints = [Breakpoint("car", condition=bool)]
    with pytest.raises(BreakpointError, match=r"before car if bool tests a function.*write the condition as a text"):
        debugger.save(tmp_path / "s.json")
    assert list(tmp_path.iterdir()) == []


async def test_a_context_that_json_does_not_keep_is_named_with_its_moment(tmp_path):
    debugger = Debugger(trip(), {}, clock=VirtualClock())
    await debugger.step()
    debugger.context["pair"] = (1, 2)
    await debugger.step()
    debugger.context["pair"] = [1, 2]
    with pytest.raises(ContextRecordError, match=r"pair.* is a tuple .*\(branch 'main', position 1\)"):
        debugger.save(tmp_path / "s.json")
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "s.json"
    Debugger(trip(), {"n": 1}, clock=VirtualClock()).save(path)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        Debugger(trip(), {"n": 2}, clock=VirtualClock()).save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["s.json"]  # noqa: PTH208 - hidden files too


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    Debugger(trip(), {}, clock=VirtualClock()).save(tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert load(tmp_path / "real.json").context == {}


def test_a_missing_file_is_the_systems_own_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.json")


# -- other sagas and damaged files --------------------------------------------------------------


async def test_another_saga_another_shape_or_other_inputs_are_refused(lived):
    _, path = lived
    with pytest.raises(SagaMismatchError, match="'Trip', not of 'Other'"):
        load(path, Saga.of("Other", {"a": SimulatedStep()}))
    with pytest.raises(SagaMismatchError, match="another shape"):
        load(path, Saga.of("Trip", {"a": SimulatedStep()}))
    with pytest.raises(SagaMismatchError, match=r"other inputs: hotel\.input\.what differs"):
        load(path, trip(what="suite"))


async def test_settings_are_those_of_the_time_it_was_saved(lived, monkeypatch):
    debugger, path = lived
    monkeypatch.setattr(Book, "retry_policy", RetryPolicy.NO_RETRY)
    again = load(path)
    assert everything(again) == everything(debugger)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[]", "no debugger session"),
        (b'{"format": "legend_lab.execution"}', "no debugger session"),
        (pickle.dumps({"a": 1}), "no JSON"),
        (b'{"format": "legend_lab.session", "version": 1, "digest": "x"}', "session is damaged"),
        (b"[" * 100_000, "no JSON|nested"),
    ],
)
def test_a_foreign_file_is_refused(tmp_path, data, says):
    (tmp_path / "s.json").write_bytes(data)
    with pytest.raises(CorruptRecordError, match=says):
        load(tmp_path / "s.json")


async def test_another_version_is_named(lived):
    _, path = lived
    head = json.loads(path.read_bytes()) | {"version": 2}
    path.write_bytes(seal(head))
    with pytest.raises(RecordVersionError, match="session has version 2, this legend_lab reads version 1"):
        load(path)


async def test_any_damage_is_noticed(lived):
    _, path = lived
    data = path.read_bytes()
    for place in range(0, len(data), 97):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises((CorruptRecordError, RecordVersionError)):
            load(path)
    for length in range(0, len(data), 211):
        path.write_bytes(data[:length])
        with pytest.raises(CorruptRecordError):
            load(path)


def changed(head, way, value):
    *above, last = way
    holder = head
    for key in above:
        holder = holder[key]
    if value is ...:
        del holder[last]
    else:
        holder[last] = value


@pytest.mark.parametrize(
    ("way", "value"),
    [
        (["saga"], ...),
        (["saga", "inputs"], None),
        (["saga", "settings"], {}),
        (["id"], "x"),
        (["given"], 99),
        (["given"], True),
        (["contexts"], {}),
        (["contexts", 1], [1]),
        (["branches"], []),
        (["branches"], ...),
        (["branches", 0], 3),
        (["branches", 0, "name"], ""),
        (["branches", 1, "name"], "main"),
        (["branches", 0, "parent"], "main"),
        (["branches", 1, "parent"], None),
        (["branches", 1, "parent"], "crashing"),
        (["branches", 1, "forked_at"], 50),
        (["branches", 1, "forked_at"], -1),
        (["branches", 1, "forked_at"], 2),
        (["branches", 0, "contexts"], [0]),
        (["branches", 0, "contexts", 0], -1),
        (["branches", 0, "contexts", 0], "0"),
        (["branches", 0, "contexts", 0], False),
        (["branches", 0, "journal", 0, "outcome"], "continue"),
        (["branches", 0, "journal", 0, "started_ns"], 2**70),
        (["branches", 0, "journal", 1], None),
        (["branches", 0, "planned"], None),
        (["branches", 0, "planned", 0], [99, {"path": "hotel"}]),
        (["branches", 0, "planned", 0], [0, {"path": 7}]),
        (["branches", 0, "planned", 0], 7),
        (["branch"], "nowhere"),
        (["position"], 99),
        (["position"], True),
        (["position"], -1),
        (["crashed"], 1),
        (["faults"], {}),
        (["faults", 0, "path"], "boat"),
        (["faults", 0, "kind"], "storm"),
        (["breakpoints"], None),
        (["breakpoints", 0, "condition"], "__import__('os')"),
        (["breakpoints", 0, "path"], "boat"),
        (["breakpoints", 0, "more"], 1),
    ],
)
async def test_a_session_that_contradicts_itself_is_refused(lived, way, value):
    _, path = lived
    head = json.loads(path.read_bytes())
    changed(head, way, value)
    path.write_bytes(seal(head))
    with pytest.raises((CorruptRecordError, SagaMismatchError)):
        load(path)
    assert CALLS == []


def test_models_keep_their_type(tmp_path):
    saga = Saga.of("Models", {"a": ModelStep()})
    debugger = Debugger(saga, ModelContext(), clock=VirtualClock())
    debugger.edit("history", [1])
    debugger.save(tmp_path / "s.json")
    again = load(tmp_path / "s.json", Saga.of("Models", {"a": ModelStep()}))
    assert again.context == ModelContext(history=[1])
    again.goto(0)
    assert again.context == ModelContext()


class ModelContext(BaseModel):
    history: list[int] = []


class ModelStep(Step[ModelContext]):
    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


def test_resources_are_handed_in_again(tmp_path):
    Debugger(trip(), {}, resources=threading.Lock()).save(tmp_path / "s.json")
    lock = threading.Lock()
    again = load(tmp_path / "s.json", resources=lock)
    assert again.branches[0].run.resources == (lock,)
    assert session.FORMAT in (tmp_path / "s.json").read_text()
