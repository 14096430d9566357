"""A run that is written and loaded, at whatever moment, goes on as if nothing had been (S13)."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legend_lab import (
    CompensationFailed,
    CompensationOutcome,
    ExecutionFinishedError,
    Failed,
    Paused,
    RetryPolicy,
    Saga,
    Step,
    StepOutcome,
    StoredError,
    UnexpectedError,
)
from legend_lab.runtime.clocks import VirtualClock
from legend_lab.runtime.current import current_path
from legend_lab.stores.memory import InMemoryStore


class OrderError(Exception):
    def __init__(self, code, *, hint=None):
        super().__init__(code)
        self.hint = hint


class DeclinedError(OrderError):
    """A declared error's subclass."""


class Scripted(Step[dict]):
    """Does what its script says, one word a call; how often it was called is kept in the context."""

    needs_loop = False
    does: list[str] = []
    undoes: list[str] = []

    async def execute(self, ctx):
        word = self._next(ctx, self.does, current_path())
        return StepOutcome.PAUSE if word == "pause" else StepOutcome.CONTINUE

    async def compensate(self, ctx):
        word = self._next(ctx, self.undoes, current_path() + ":undo")
        return CompensationOutcome.PAUSE if word == "pause" else CompensationOutcome.COMPLETED

    def _next(self, ctx, script, place):
        number = ctx["calls"].get(place, 0)
        ctx["calls"][place] = number + 1
        word = script[number] if number < len(script) else "ok"
        ctx["log"].append(f"{place} {word}")
        match word:
            case "fail":
                raise DeclinedError(f"{place} {number}", hint={"at": [number]})
            case "odd":
                raise KeyError(place)
            case "lost":
                raise ConnectionError(place)
        return word


class Patient(Scripted):
    retry_policy = RetryPolicy(3, 100, 2.0, 250, give_up_on=(KeyError,))
    compensation_retry_policy = RetryPolicy.retries_with_backoff(1, 50)


class Eager(Scripted):
    retry_policy = RetryPolicy.retries(1)
    compensation_retry_policy = RetryPolicy.retries(1)
    compensate_on_failure = True


class Recorder(InMemoryStore):
    """Keeps a copy of the record after every write."""

    def __init__(self):
        super().__init__()
        self.records = []

    def _save(self, id, *rest):
        super()._save(id, *rest)
        self._keep(id)

    def _append(self, id, *rest):
        super()._append(id, *rest)
        self._keep(id)

    def _keep(self, id):
        self.records.append(self._kept[id].whole(id).data)


def last_of(data):
    """Return the last entry of a record, or an empty one."""
    return (json.loads(data)["journal"] or [{}])[-1]


def context():
    return {"calls": {}, "log": []}


def story(execution, *, halts=False):
    """Return what happened, without instants."""
    return [
        (e.kind, e.index, e.path, e.attempt, e.outcome, type(e.error), getattr(e.error, "args", None), e.note, e.fault)
        for e in execution.journal
        if halts or e.kind != "halt"
    ]


def stored_story(execution):
    """As `story`, with every error that is not declared as the `StoredError` which it becomes."""

    def written(error):
        if error is None or isinstance(error, OrderError | StoredError):
            return (type(error), getattr(error, "args", None), getattr(error, "hint", None))[: 3 if error else 1]
        return StoredError, (type(error).__qualname__, str(error))

    def same(error):
        found = written(error)
        return (StoredError, (error.type, error.message)) if isinstance(error, StoredError) else found

    return [
        (e.kind, e.index, e.path, e.attempt, e.outcome, same(e.error), e.note, e.fault)
        for e in execution.journal
        if e.kind != "halt"
    ]


async def finish(execution, rounds=2):
    """Go on until nothing comes after; failed undos are tried again, then resolved by hand."""
    while isinstance(execution, Paused | CompensationFailed):
        if isinstance(execution, Paused):
            execution = await execution.resume()
            continue
        retried = sum(entry.outcome == "retried" for entry in execution.journal)
        if retried < rounds:
            execution = await execution.retry()
        else:
            execution = await execution.resolve(execution.pending[0], "by hand")
    return execution


words = st.sampled_from(["ok", "ok", "ok", "pause", "fail", "fail", "odd", "lost"])
steps = st.builds(
    lambda cls, does, undoes: cls(does=does, undoes=undoes),
    st.sampled_from([Scripted, Patient, Eager]),
    st.lists(words, max_size=4),
    st.lists(words, max_size=4),
)
modes = st.sampled_from(["continue", "halt"])


@st.composite
def sagas(draw):
    names = [f"s{number}" for number in range(draw(st.integers(1, 3)))]
    parts = {name: draw(steps) for name in names}
    if draw(st.booleans()):
        parts["inner"] = Saga.of("Inner", {"a": draw(steps), "b": draw(steps)}, error=OrderError)
    parts["last"] = draw(steps)
    return Saga.of("Story", parts, error=OrderError, on_compensation_failure=draw(modes))


@settings(max_examples=40, deadline=None)
@given(saga=sagas())
async def test_loaded_at_any_boundary_a_run_ends_as_if_it_had_never_stopped(saga):
    plain = await finish(await saga.build(context(), clock=VirtualClock()).start())
    store = Recorder()
    recorded = await finish(await saga.build(context(), clock=VirtualClock(), checkpoint=store).start())
    assert story(recorded, halts=True) == story(plain, halts=True)
    wanted = stored_story(plain)
    for data in store.records:
        head = json.loads(data)
        if head["state"] in ("Completed", "Failed"):
            with pytest.raises(ExecutionFinishedError) as finished:
                saga.load(data)
            assert finished.value.result == type(plain).__name__ == head["state"]
            assert finished.value.context == plain.context
            continue
        is_open = head["journal"][-1:] != [] and head["journal"][-1]["outcome"] is None
        loaded = saga.load(data, clock=VirtualClock())
        assert str(loaded.id) == head["id"] == str(recorded.id)
        if is_open:
            assert loaded.reason == "restarted"
            assert loaded.journal[-1].outcome == "restarted"
            assert (loaded.journal[-2].outcome, loaded.journal[-2].completed_ns) == ("interrupted", None)
            before = [entry for entry in head["journal"][:-1] if entry["kind"] != "halt"]
            assert stored_story(loaded)[:-1] == wanted[: len(before)]
            again = saga.load(loaded.dump_json(), clock=VirtualClock())
            assert stored_story(again) == stored_story(loaded)
            assert again.state == loaded.state
            continue
        ended = await finish(loaded)
        assert stored_story(ended) == wanted
        assert type(ended) is type(plain)
        assert ended.context == plain.context
        if isinstance(plain, Failed):
            assert type(ended.error) is (
                type(plain.error) if isinstance(plain.error, OrderError | UnexpectedError) else StoredError
            )


@settings(max_examples=30, deadline=None)
@given(saga=sagas())
async def test_an_open_intent_is_tried_again_as_the_next_attempt(saga):
    store = Recorder()
    await finish(await saga.build(context(), clock=VirtualClock(), checkpoint=store).start())
    for data in store.records:
        last = last_of(data)
        if not last or last["outcome"] is not None:
            continue
        loaded = saga.load_paused(data, clock=VirtualClock())
        count = len(loaded.journal)
        ended = await finish(loaded)
        resumed, repeated = ended.journal[count : count + 2]
        assert resumed.outcome == "resumed"
        assert (repeated.kind, repeated.path) == (last["kind"], last["path"])
        assert repeated.attempt == last["attempt"] + (last["kind"] != "wait")
        if last["kind"] == "execute" and isinstance(ended, Failed | CompensationFailed):
            failed = [entry for entry in ended.journal if entry.kind == "execute"][-1]
            undone = [entry.path for entry in ended.journal if entry.kind == "compensate"]
            assert last["path"] in undone or failed.path != last["path"]


@settings(max_examples=30, deadline=None)
@given(saga=sagas())
async def test_what_is_dumped_and_loaded_dumps_as_the_same_record(saga):
    execution = await saga.build(context(), clock=VirtualClock()).start()
    while isinstance(execution, Paused):
        data = execution.dump_json()
        loaded = saga.load(data, clock=VirtualClock())
        assert loaded.dump_json() == data
        assert loaded.state == execution.state
        assert (loaded.reason, loaded.path) == (execution.reason, execution.path)
        execution = await execution.resume()
