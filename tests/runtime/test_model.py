"""The engine against a second interpreter of the contract, on whatever scripts Hypothesis thinks of.

Every attempt of every step and undo is scripted; waits are cut, the run is stopped between instructions, crashes, is
saved and loaded, aborted, repaired. After each transition the two must agree on everything: journal, result, context,
state, reason, errors, pending, and what really happened in the world.
"""

import itertools
import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from saga_model import DELAY, SLOW, Model, ModelStep

from legend_lab import (
    CompensationOutcome,
    ExecutionConsumedError,
    ExecutionFinishedError,
    Fault,
    FaultKind,
    NotPausedError,
    ProtocolError,
    RetryPolicy,
    Saga,
    SimulatedCrash,
    Step,
    StepOutcome,
    StoredError,
    UnexpectedError,
    VirtualClock,
    pass_time,
    resources,
)
from legend_lab.runtime.current import current_run

WAITS_MS = (40, 60)
LIMIT_MS = 1_000
RAISES = {"error": ValueError("no"), "unsure": ConnectionError("lost"), "final": KeyError("never")}


class Stop(BaseException):
    """Something from outside that ends whatever runs."""


class World:
    """The scripts, and what the bodies of steps and undos really did."""

    def __init__(self, steps):
        self.scripts = {("+", step.path): step.do for step in steps} | {("-", step.path): step.undo for step in steps}
        self.calls = []

    async def play(self, sign, context):
        at = current_run("the script").machine.cursor
        script = self.scripts[sign, at.path]
        word = script[at.attempt - 1] if at.attempt <= len(script) else "ok"
        self.calls.append(f"{sign}{at.path}")
        if word == "slow":
            await pass_time(SLOW)
        done = word in ("ok", "slow") or word.startswith("f:")
        context["log"].append(f"{sign if done else '?'}{at.path}")
        if word == "stop":
            raise Stop
        if word in RAISES:
            raise RAISES[word]
        if word == "junk":
            return "done"
        outcome = StepOutcome if sign == "+" else CompensationOutcome
        return outcome.PAUSE if word == "pause" else outcome.CONTINUE if sign == "+" else outcome.COMPLETED


class Played(Step[dict]):
    """A step whose attempts the world's script decides; `Played` itself has no settings."""

    needs_loop = False

    async def execute(self, ctx):
        return await resources(World).play("+", ctx)

    async def compensate(self, ctx):
        return await resources(World).play("-", ctx)


def _kind_of_step(number, *, retries, undo_retries, waiting, limit, eager):
    """A class with these settings, and the same settings as the model wants them."""

    def policy(count):
        backoff, most = (WAITS_MS[0], WAITS_MS[1]) if waiting else (0, None)
        return RetryPolicy(count, backoff, 2, most, give_up_on=KeyError)

    name = f"Played{number}"
    namespace = {
        "__module__": __name__,
        "__qualname__": name,
        "retry_policy": policy(retries),
        "compensation_retry_policy": policy(undo_retries),
        "timeout_s": LIMIT_MS / 1_000 if limit else None,
        "compensate_on_failure": eager,
    }
    waits = WAITS_MS if waiting else ()
    model = {"retries": retries, "waits": waits, "undo_retries": undo_retries, "undo_waits": waits, "eager": eager}
    return type(Played)(name, (Played,), namespace)(), {**model, "limit": LIMIT_MS if limit else None}


KINDS = [
    _kind_of_step(number, retries=retries, undo_retries=undo_retries, waiting=waiting, limit=limit, eager=eager)
    for number, (retries, undo_retries, waiting, limit, eager) in enumerate(
        itertools.product((0, 1, 3), (0, 2), (False, True), (False, True), (False, True))
    )
]

WORDS = ("ok", "ok", "ok", "pause", "error", "error", "unsure", "final", "junk", "slow", "stop")
FAULTS = tuple(f"f:{kind.value}" for kind in FaultKind)
SCRIPTS = st.lists(st.sampled_from(WORDS + FAULTS), max_size=4).map(tuple)
FAILING_UNDOS = st.sampled_from([("final",), ("error", "final"), ("final", "final"), ("final", "pause", "final")])
PLAIN_SCRIPTS = st.lists(st.sampled_from(WORDS), max_size=4).map(tuple)


class Cut(VirtualClock):
    """Virtual time in which some of the driver's waits are cut short at once."""

    def __init__(self, cuts):
        super().__init__()
        self.cuts = iter(cuts)

    async def sleep(self, seconds):
        if seconds * 1_000 in WAITS_MS and next(self.cuts, False):
            raise Stop
        await super().sleep(seconds)


@st.composite
def scenarios(draw):
    scripts = draw(st.sampled_from([PLAIN_SCRIPTS, SCRIPTS]))
    undo_scripts = draw(st.sampled_from([scripts, scripts, FAILING_UNDOS | scripts]))
    count = draw(st.integers(1, 5))
    doomed = draw(st.booleans())
    inner = draw(st.tuples(st.integers(0, count), st.integers(0, count)).map(sorted))
    steps, parts, nested = [], {}, {}
    for index in range(count):
        instance, chosen = draw(st.sampled_from(KINDS))
        is_nested = inner[0] <= index < inner[1]
        name = f"s{index}"
        path = f"trip.{name}" if is_nested else name
        do = ("unsure", "final", "final") if doomed and index == count - 1 else draw(scripts)
        steps.append(ModelStep(path, do=do, undo=draw(undo_scripts), **chosen))
        if is_nested:
            nested[name] = instance
            parts["trip"] = None
        else:
            parts[name] = instance
    on_failure = draw(st.sampled_from(["continue", "halt"]))
    if nested:
        parts["trip"] = Saga.of("Trip", nested, on_compensation_failure="halt")
    saga = Saga.of("Sample", parts, error=ValueError, on_compensation_failure=on_failure)
    cuts = tuple(draw(st.lists(st.booleans(), max_size=4)))
    stops = draw(st.sampled_from([frozenset(), frozenset({1}), frozenset({2, 3}), frozenset({1, 4, 6})]))
    return saga, Model(steps, on_failure, cuts, stops)


def faults_of(steps):
    return [
        Fault(step.path, phase, number, FaultKind(word[2:]), delay_ms=DELAY if word == "f:delay" else 0)
        for step in steps
        for phase, script in (("execute", step.do), ("compensate", step.undo))
        for number, word in enumerate(script, 1)
        if word.startswith("f:")
    ]


def name_of(error):
    """The class of an error, also when it was read back from a record or was wrapped as unexpected."""
    if error is None:
        return ""
    if isinstance(error, UnexpectedError):
        return f"unexpected {name_of(error.__cause__)}"
    return error.type if isinstance(error, StoredError) else type(error).__name__


def shown(name):
    return f"unexpected {name}" if name in ("ConnectionError", "KeyError") else name


class SagaAgainstModel(RuleBasedStateMachine):
    """Both are asked the same; both must say the same."""

    @initialize(scenario=scenarios())
    def start(self, scenario):
        self.saga, self.model = scenario
        self.world = World(self.model.steps)
        self.ends = 0
        self.options = {
            "clock": Cut(self.model.cuts),
            "faults": faults_of(self.model.steps),
            "resources": self.world,
            "observers": [self.watch] if self.model.stops else [],
        }
        self.former = []
        self.finished = None
        self.execution = self.saga.build({"log": []}, **self.options)
        self.model.start()
        self.go_on(self.execution.start())

    def watch(self, event):
        if event.name.endswith(".end") and event.outcome != "interrupted":
            self.ends += 1
            if self.ends in self.model.stops:
                raise Stop

    def go_on(self, going):
        """Run a transition without any event loop, and take the run up again when it was cut short."""
        self.former.append(self.execution)
        try:
            going.send(None)
        except StopIteration as ended:
            self.execution = ended.value
        except (Stop, SimulatedCrash):
            try:
                self.execution = self.execution.recover()
            except NotPausedError as standing:
                self.execution = standing.execution
            except ExecutionFinishedError as ended:
                self.execution, self.finished = None, ended
        else:
            pytest.fail("a run without a loop has awaited something")

    def stands_as(self, kind):
        return self.model.standing is not None and self.model.standing.kind == kind

    # -- what can be done --------------------------------------------------------------------------

    @precondition(lambda self: self.stands_as("Paused"))
    @rule()
    def resume(self):
        self.model.decide("resumed")
        self.go_on(self.execution.resume())

    @precondition(lambda self: self.model.may_abort)
    @rule()
    def abort(self):
        self.model.decide("aborted")
        self.go_on(self.execution.abort("enough"))

    @precondition(lambda self: self.stands_as("Paused") and not self.model.may_abort)
    @rule()
    def abort_is_refused_during_rollback(self):
        with pytest.raises(ProtocolError, match="already being undone"):
            self.execution.abort().send(None)

    @precondition(lambda self: self.stands_as("CompensationFailed"))
    @rule()
    def retry(self):
        self.model.decide("retried")
        self.go_on(self.execution.retry())

    @precondition(lambda self: self.stands_as("CompensationFailed"))
    @rule(choice=st.integers(0, 9))
    def resolve(self, choice):
        path = self.model.pending[choice % len(self.model.pending)]
        self.model.decide("resolved", path)
        self.go_on(self.execution.resolve(path, "by hand"))

    @precondition(lambda self: self.stands_as("CompensationFailed"))
    @rule(choice=st.integers(0, 9))
    def resolve_is_refused_for_what_is_not_pending(self, choice):
        paths = [step.path for step in self.model.steps if step.path not in self.model.pending] + ["nowhere"]
        with pytest.raises(ProtocolError, match="is not pending"):
            self.execution.resolve(paths[choice % len(paths)]).send(None)

    @precondition(lambda self: self.model.standing is not None)
    @rule()
    def save_and_load(self):
        self.execution = type(self.saga).load(self.execution.dump_json(), **self.options)
        data = self.execution.dump_json()
        assert type(self.saga).load(data, **self.options).dump_json() == data

    @rule()
    def what_has_gone_on_is_consumed_and_runs_nothing(self):
        calls = list(self.world.calls)
        for execution in self.former:
            for verb in ("start", "resume", "abort", "retry"):
                if hasattr(execution, verb):
                    with pytest.raises(ExecutionConsumedError):
                        getattr(execution, verb)().send(None)
        assert self.world.calls == calls

    # -- what must hold ----------------------------------------------------------------------------

    @invariant()
    def both_agree(self):
        model, execution = self.model, self.execution
        assert self.world.calls == model.calls
        if execution is None:
            assert (self.finished.result, self.finished.context["log"]) == (model.result, model.log)
            assert name_of(self.finished.error) == shown(model.error)
            assert model.standing is None
            return
        assert type(execution).__name__ == model.result
        assert execution.context == {"log": model.log}
        assert [_row(entry) for entry in execution.journal] == model.journal
        state = execution.state
        at = state.current_index, state.executed_count, state.attempt, state.retry_count, state.phase.value
        assert at == model.state
        if model.result == "Paused":
            assert (execution.reason, execution.path) == (model.standing.reason, model.steps[at[0]].path)
            assert name_of(execution.original_error) == shown(model.error)
        if model.result == "Failed":
            assert name_of(execution.error) == shown(model.error)
        if model.result == "CompensationFailed":
            assert list(execution.pending) == model.pending
            failed = [(item.index, item.path, name_of(item.error)) for item in execution.compensation_errors]
            assert failed == [(index, path, shown(error)) for index, path, error in model.errors]
            assert execution.failed_at == model.errors[0][0]

    @invariant()
    def undo_takes_back_exactly_what_was_done_newest_first(self):
        """The same, without the model: read off the journal alone."""
        if self.execution is None:
            return
        done, tried, undone, resolved = [], {}, [], set()
        for entry in self.execution.journal:
            if entry.kind == "execute":
                tried[entry.path] = entry.number
                done += [entry.path] if entry.outcome == "continue" else []
            elif entry.kind == "compensate":
                assert entry.undoes == tried[entry.path]
                undone += [entry.path] if entry.outcome == "compensated" else []
            elif entry.outcome == "resolved":
                resolved.add(entry.note.partition(":")[0])
        assert len(set(undone)) == len(undone)
        assert not resolved & set(undone)
        if type(self.execution).__name__ == "Failed":
            assert set(done) <= {*undone, *resolved}
            assert {*undone, *resolved} <= set(tried)
        if type(self.execution).__name__ == "Completed":
            assert done == [step.path for step in self.model.steps]
            assert undone == []
        if type(self.execution).__name__ == "CompensationFailed":
            assert set(done) <= {*undone, *resolved, *self.execution.pending}
            assert not {*undone, *resolved} & set(self.execution.pending)
        if not any(entry.outcome == "retried" for entry in self.execution.journal):
            order = [step.path for step in reversed(self.model.steps)]
            assert undone == [path for path in order if path in undone]

    @invariant()
    def time_never_goes_back(self):
        if self.execution is None:
            return
        now = 0
        for entry in self.execution.journal:
            assert entry.started_ns >= now
            now = entry.started_ns if entry.completed_ns is None else entry.completed_ns
            assert now >= entry.started_ns


def _row(entry):
    took = None if entry.duration_ms is None else round(entry.duration_ms)
    return entry.kind, entry.path, entry.attempt, entry.outcome, took, name_of(entry.error), entry.fault or entry.note


TestSagaAgainstModel = SagaAgainstModel.TestCase
TestSagaAgainstModel.settings = settings(
    max_examples=400,
    stateful_step_count=16,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate] if "MUTANT" in os.environ else list(Phase),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
