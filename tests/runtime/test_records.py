"""What a record keeps of a run, and what is today's (S13)."""

import json
from datetime import UTC, datetime

import pytest

from legend_lab import (
    CompensationFailed,
    CompensationOutcome,
    Completed,
    ExecutionFinishedError,
    Failed,
    NotPausedError,
    Paused,
    RetryPolicy,
    Saga,
    Step,
    StepOutcome,
    StoredError,
    UnexpectedError,
)
from legend_lab.core.errors import AbortedError, ExecutionConsumedError
from legend_lab.runtime.clocks import SystemClock, VirtualClock
from legend_lab.stores.memory import InMemoryStore


class OrderError(Exception):
    def __init__(self, code, *, hint=None):
        super().__init__(code)
        self.hint = hint


# -- what a record keeps, and what is today's -------------------------------------------------------


class Pausing(Step[dict]):
    async def execute(self, ctx):
        if ctx.get("go"):
            return StepOutcome.CONTINUE
        ctx["go"] = True
        return StepOutcome.PAUSE

    async def compensate(self, ctx):
        ctx.setdefault("undone", []).append("pausing")
        return CompensationOutcome.COMPLETED


class Raising(Step[dict]):
    async def execute(self, ctx):
        ctx["tries"] = ctx.get("tries", 0) + 1
        raise OrderError("no stock", hint="later") if ctx.get("error") is None else ctx_error(ctx)

    async def compensate(self, ctx):
        ctx.setdefault("undone", []).append("raising")
        if ctx.get("undo_fails"):
            raise LookupError("undo")
        return CompensationOutcome.COMPLETED


def ctx_error(ctx):
    return {"ValueError": ValueError("v"), "ConnectionError": ConnectionError("c")}[ctx["error"]]


class Done(Step[dict]):
    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.PAUSE if ctx.pop("pause", False) else CompensationOutcome.COMPLETED


class Order(Saga[dict, OrderError]):
    wait: Pausing
    charge: Raising


def order():
    return Order(wait=Pausing(), charge=Raising())


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


async def paused_order(**ctx):
    paused = await order().build(dict(ctx), clock=VirtualClock()).start()
    assert isinstance(paused, Paused)
    return paused


async def test_numbers_and_flags_stay_those_that_the_run_started_with(monkeypatch):
    monkeypatch.setattr(Raising, "retry_policy", RetryPolicy(2, 100, 3.0))
    monkeypatch.setattr(Raising, "compensate_on_failure", True)
    monkeypatch.setattr(Raising, "timeout_s", 7.5)
    monkeypatch.setattr(Order, "on_compensation_failure", "halt")
    Order.__legend_shapes__.clear()
    data = (await paused_order()).dump_json()
    monkeypatch.undo()
    Order.__legend_shapes__.clear()
    loaded = Order.load(data, clock=VirtualClock())
    spec = loaded.program.steps[1]
    assert (spec.retry_policy, spec.timeout_s) == (RetryPolicy(2, 100, 3.0), 7.5)
    assert loaded.program.on_compensation_failure == "halt"
    again = Order.load(loaded.dump_json(), clock=VirtualClock())
    failed = await again.resume()
    assert isinstance(failed, Failed)
    assert failed.context["tries"] == 3
    assert failed.context["undone"] == ["raising", "pausing"]
    assert [e.duration_ms for e in failed.journal if e.kind == "wait"] == [100, 300]
    fresh = await (await paused_order()).resume()
    assert fresh.context["tries"] == 1


async def test_lists_of_classes_are_those_of_today(monkeypatch):
    monkeypatch.setattr(Raising, "retry_policy", RetryPolicy.retries(3))
    Order.__legend_shapes__.clear()
    data = (await paused_order()).dump_json()
    monkeypatch.setattr(Raising, "retry_policy", RetryPolicy(9, give_up_on=OrderError))
    monkeypatch.setattr(Raising, "uncertain_on", (OrderError,))
    Order.__legend_shapes__.clear()
    failed = await Order.load(data, clock=VirtualClock()).resume()
    monkeypatch.undo()
    Order.__legend_shapes__.clear()
    assert failed.context["tries"] == 1
    assert failed.context["undone"] == ["raising", "pausing"]


async def test_a_verdict_once_written_is_not_judged_again(monkeypatch):
    monkeypatch.setattr(Raising, "uncertain_on", (OrderError,))
    monkeypatch.setattr(Raising, "retry_policy", RetryPolicy.retries(1))
    Order.__legend_shapes__.clear()
    store = Recorder()
    paused = await order().build({}, clock=VirtualClock(), checkpoint=store).start()
    await paused.resume()
    monkeypatch.undo()
    Order.__legend_shapes__.clear()
    between = next(data for data in store.records if last_of(data).get("outcome") == "failed")
    failed = await Order.load(between, clock=VirtualClock()).resume()
    assert failed.context["undone"] == ["raising", "pausing"]


async def test_a_declared_error_comes_back_as_its_own_class_with_arguments_and_attributes():
    paused = await paused_order(undo_fails=True)
    await paused.resume()
    error = (await finish_with_failed_undo()).original_error
    assert type(error) is OrderError
    assert (error.args, error.hint, str(error)) == (("no stock",), "later", "no stock")


async def finish_with_failed_undo(**ctx):
    class_ = Saga.of(
        "Fails", {"r": Pausing(), "undo": FailingUndo(), "charge": Raising()}, error=OrderError | ConnectionError
    )
    paused = await class_.build(dict(ctx), clock=VirtualClock()).start()
    failed = await paused.resume()
    assert isinstance(failed, CompensationFailed)
    loaded = class_.load(failed.dump_json(), clock=VirtualClock())
    assert isinstance(loaded, CompensationFailed)
    assert loaded.pending == failed.pending == ("undo",)
    assert loaded.failed_at == failed.failed_at == 1
    return loaded


class FailingUndo(Step[dict]):
    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        raise LookupError("undo of it")


async def test_an_error_that_is_not_declared_comes_back_stored_within_unexpected_error():
    loaded = await finish_with_failed_undo(error="ValueError")
    assert type(loaded.original_error) is UnexpectedError
    assert str(loaded.original_error) == "ValueError: v"
    cause = loaded.original_error.__cause__
    assert type(cause) is StoredError
    assert (cause.type, cause.message) == ("ValueError", "v")
    assert "Raising" in cause.traceback or "execute" in cause.traceback
    undo = loaded.compensation_error
    assert type(undo) is UnexpectedError
    assert (undo.__cause__.type, undo.__cause__.message) == ("LookupError", "undo of it")


async def test_one_of_several_declared_errors_comes_back_as_its_own_class():
    loaded = await finish_with_failed_undo(error="ConnectionError")
    assert type(loaded.original_error) is ConnectionError
    assert loaded.original_error.args == ("c",)


async def test_a_failed_undo_that_was_loaded_can_be_retried_and_resolved():
    loaded = await finish_with_failed_undo()
    again = await loaded.retry()
    assert isinstance(again, CompensationFailed)
    assert [e.attempt for e in again.journal if e.path == "undo" and e.kind == "compensate"] == [1, 2]
    ended = await again.resolve("undo", "called the hotel")
    assert isinstance(ended, Failed)
    assert ended.journal[-1].note == "undo: called the hotel"


async def test_load_paused_insists_on_paused():
    saga = Saga.of("Fails", {"undo": FailingUndo(), "charge": Raising()}, error=OrderError)
    failed = await saga.build({}).start()
    with pytest.raises(NotPausedError, match="undo") as refused:
        saga.load_paused(failed.dump_json())
    assert refused.value.execution.pending == ("undo",)
    paused = await paused_order()
    assert isinstance(Order.load_paused(paused.dump_json()), Paused)


async def test_loading_works_on_the_class_on_an_instance_and_on_a_saga_of_values():
    data = (await paused_order()).dump_json()
    for loader in (Order, order()):
        assert isinstance((await loader.load(data).abort("enough")).error, AbortedError)
    made = Saga.of("Made", {"wait": Pausing(), "charge": Raising()}, error=OrderError)
    paused = await made.build({}).start()
    loaded = made.load(paused.dump_json())
    assert loaded.saga == made
    assert isinstance(await loaded.resume(), Failed)


async def test_an_abort_keeps_its_reason_and_its_error():
    saga = Saga.of("Gone", {"a": Done(), "b": Pausing()}, error=OrderError)
    paused = await saga.build({"pause": True}, clock=VirtualClock()).start()
    undoing = await paused.abort("no longer wanted")
    loaded = saga.load(undoing.dump_json())
    assert isinstance(loaded.original_error, AbortedError)
    assert str(loaded.original_error) == "no longer wanted"
    assert [e.note for e in loaded.journal if e.outcome == "aborted"] == ["no longer wanted"]


async def test_a_finished_record_tells_its_result_error_and_context():
    store = InMemoryStore()
    paused = await order().build({"x": 1}, checkpoint=store, clock=VirtualClock()).start()
    failed = await paused.resume()
    data = (await store.get(failed.id)).data
    for load in (Order.load, Order.load_paused, order().load):
        with pytest.raises(ExecutionFinishedError, match="Failed") as finished:
            load(data)
        assert finished.value.result == "Failed"
        assert type(finished.value.error) is OrderError
        assert (finished.value.error.args, finished.value.error.hint) == (("no stock",), "later")
        assert finished.value.context == failed.context


async def test_a_completed_record_has_no_error():
    store = InMemoryStore()
    done = await Saga.of("One", {"a": Done()}).build({}, checkpoint=store, clock=VirtualClock()).start()
    assert isinstance(done, Completed)
    with pytest.raises(ExecutionFinishedError) as finished:
        done.saga.load((await store.get(done.id)).data)
    assert (finished.value.result, finished.value.error) == ("Completed", None)


async def test_a_state_that_has_gone_on_is_not_written():
    paused = await paused_order()
    await paused.resume()
    with pytest.raises(ExecutionConsumedError):
        paused.dump_json()


# -- time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", [2030, 2001], ids=["clock went on", "clock went back"])
async def test_times_go_on_after_the_last_recorded_instant(year):
    paused = await paused_order()
    data = paused.dump_json()
    last = paused.journal[-1].completed_ns
    clock = VirtualClock(datetime(year, 1, 1, tzinfo=UTC))
    ended = await Order.load(data, clock=clock).resume()
    instants = [ns for e in ended.journal for ns in (e.started_ns, e.completed_ns)]
    assert instants == sorted(instants)
    assert [(e.started_ns, e.completed_ns) for e in paused.journal] == [
        (e.started_ns, e.completed_ns) for e in list(ended.journal)[: len(paused.journal)]
    ]
    after = ended.journal[len(paused.journal)].started_ns
    assert after == last if year == 2001 else after > last + 10**17
    assert ended.started_at == paused.started_at


async def test_a_record_from_the_future_goes_on_there_with_the_systems_clock():
    future = VirtualClock(datetime(2100, 1, 1, tzinfo=UTC))
    paused = await order().build({}, clock=future).start()
    ended = await Order.load(paused.dump_json(), clock=SystemClock()).resume()
    assert all(e.started_ns >= paused.journal[0].started_ns for e in ended.journal)
    assert [e.duration_ms >= 0 for e in ended.journal] == [True] * len(ended.journal)
    again = await Order.load(paused.dump_json()).resume()
    assert again.journal[-1].started_ns >= paused.journal[-1].completed_ns
