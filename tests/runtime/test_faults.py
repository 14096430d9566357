"""Faults: every kind in every phase, what fires, and how plans are written, read and refused."""

import json
from dataclasses import replace

import pytest
from scripted import PAUSE, Returns, World, scripted, told

from legend_lab import (
    CompensationFailed,
    Completed,
    Failed,
    Fault,
    FaultKind,
    FaultPlan,
    FaultPlanError,
    InjectedConnectionError,
    InjectedError,
    Paused,
    RetryPolicy,
    Saga,
    SimulatedCrash,
    StepTimeoutError,
    VirtualClock,
)
from legend_lab.runtime.faults import fault_words

CRASHES = [FaultKind.CRASH_BEFORE, FaultKind.CRASH_AFTER]
ENORMOUS = 10**400


async def struck(way, *faults, do=None, undo=None, **settings):
    """Runs abc with these faults; returns where it stands, and the world."""
    world = World(do=do, undo=undo)
    new = way.build(world, options={"faults": faults}, **settings)
    try:
        return await new.start(), world
    except SimulatedCrash:
        return new.recover(), world


# -- kinds in the step -----------------------------------------------------------------------------


async def test_an_error_before_the_effect_does_not_run_the_body_and_is_certain(way):
    result, world = await struck(way, Fault("b", kind=FaultKind.ERROR_BEFORE))
    assert type(result.error) is InjectedError
    assert world.calls == ["do a", "undo a"]


async def test_an_error_after_the_effect_runs_the_body_and_is_uncertain(way):
    result, world = await struck(way, Fault("b", kind=FaultKind.ERROR_AFTER))
    assert type(result.error) is InjectedConnectionError
    assert isinstance(result.error, ConnectionError)
    assert world.calls == ["do a", "do b", "undo b", "undo a"]


@pytest.mark.parametrize("kind", [FaultKind.ERROR_BEFORE, FaultKind.ERROR_AFTER])
async def test_the_error_given_is_the_error_raised(way, kind):
    error = ValueError("declined")
    result, world = await struck(way, Fault("b", kind=kind, error=error))
    assert result.error is error
    assert "undo b" not in world.calls


async def test_an_error_class_is_as_good_as_an_error(way):
    result, _ = await struck(way, Fault("b", error=KeyError))
    assert type(result.error) is KeyError


async def test_a_timeout_does_not_run_the_body_and_is_uncertain(way):
    result, world = await struck(way, Fault("b", kind=FaultKind.TIMEOUT))
    assert type(result.error) is StepTimeoutError
    assert world.calls == ["do a", "undo b", "undo a"]


@pytest.mark.parametrize("way", ["hosted", "loopless"], indirect=True)
async def test_a_delay_takes_its_time_on_the_runs_clock_and_changes_nothing_else(way):
    result, world = await struck(way, Fault("b", kind=FaultKind.DELAY, delay_ms=1_500))
    assert isinstance(result, Completed)
    assert [entry.duration_ms for entry in result.journal] == [0, 1_500, 0]
    assert world.calls == ["do a", "do b", "do c"]


@pytest.mark.parametrize("way", ["hosted", "loopless"], indirect=True)
async def test_a_delay_beyond_the_limit_is_a_timeout(way):
    result, world = await struck(way, Fault("b", kind=FaultKind.DELAY, delay_ms=1_500), b={"timeout_s": 1})
    assert isinstance(result.error, StepTimeoutError)
    assert result.journal[1].duration_ms == 1_000
    assert result.journal[1].fault == "execute:b#1:delay"
    assert world.calls == ["do a", "undo b", "undo a"]


@pytest.mark.parametrize("way", ["hosted", "loopless"], indirect=True)
async def test_any_fault_may_come_after_a_delay(way):
    result, _ = await struck(way, Fault("b", kind=FaultKind.ERROR_BEFORE, delay_ms=300))
    assert (result.journal[1].duration_ms, result.journal[1].outcome) == (300, "failed")


async def test_a_pause_does_not_run_the_body_and_is_a_pause(way):
    paused, world = await struck(way, Fault("b", kind=FaultKind.PAUSE))
    assert (paused.path, paused.reason) == ("b", "step paused")
    assert world.calls == ["do a"]
    assert isinstance(await paused.resume(), Completed)


@pytest.mark.parametrize(("kind", "ran"), [(FaultKind.CRASH_BEFORE, False), (FaultKind.CRASH_AFTER, True)])
async def test_a_crash_is_raised_and_recovered_as_a_restart_with_an_uncertain_effect(way, kind, ran):
    paused, world = await struck(way, Fault("b", kind=kind))
    assert isinstance(paused, Paused)
    assert (paused.path, paused.reason) == ("b", "restarted")
    assert world.calls == (["do a", "do b"] if ran else ["do a"])
    assert told(paused) == ["execute a #1 continue", "execute b #1 interrupted", "halt b #2 restarted"]
    entry = paused.journal[1]
    assert (entry.completed_ns, entry.duration_ms) == (None, None)
    result = await paused.abort()
    assert world.calls[-2:] == ["undo b", "undo a"]
    assert isinstance(result, Failed)


async def test_what_the_half_run_attempt_had_changed_in_the_context_is_lost_in_a_crash(way):
    paused, world = await struck(way, Fault("b", kind=FaultKind.CRASH_AFTER))
    assert world.calls == ["do a", "do b"]
    assert paused.context == {"done": ["a"]}
    assert (await paused.resume()).context == {"done": ["a", "b", "c"]}


async def test_a_crash_may_follow_a_crash(way):
    paused, world = await struck(way, Fault("b", kind=CRASHES[1]), Fault("b", attempt=2, kind=CRASHES[0]))
    with pytest.raises(SimulatedCrash):
        await paused.resume()
    again = paused.recover()
    assert (again.state.attempt, again.id) == (3, paused.id)
    assert isinstance(await again.resume(), Completed)
    assert world.count("do b") == 2


# -- kinds in the undo -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "ran", "raised"),
    [
        (FaultKind.ERROR_BEFORE, False, InjectedError),
        (FaultKind.ERROR_AFTER, True, InjectedConnectionError),
        (FaultKind.TIMEOUT, False, StepTimeoutError),
    ],
)
async def test_an_undo_can_be_made_to_fail(way, kind, ran, raised):
    result, world = await struck(way, Fault("a", "compensate", kind=kind), do={"b": [ValueError]})
    assert isinstance(result, CompensationFailed)
    assert type(result.compensation_error) is raised
    assert ("undo a" in world.calls) is ran
    assert result.journal[-1].fault == f"compensate:a#1:{kind.value}"


async def test_an_undo_can_be_made_to_pause(way):
    paused, world = await struck(way, Fault("a", "compensate", kind=FaultKind.PAUSE), do={"b": [ValueError]})
    assert (paused.path, paused.reason) == ("a", "undo paused")
    assert "undo a" not in world.calls
    assert isinstance(await paused.resume(), Failed)


@pytest.mark.parametrize("way", ["hosted", "loopless"], indirect=True)
async def test_an_undo_can_be_delayed(way):
    fault = Fault("a", "compensate", kind=FaultKind.DELAY, delay_ms=700)
    result, _ = await struck(way, fault, do={"b": [ValueError]})
    assert result.journal[-1].duration_ms == 700


@pytest.mark.parametrize(("kind", "times"), [(FaultKind.CRASH_BEFORE, 1), (FaultKind.CRASH_AFTER, 2)])
async def test_a_crash_in_an_undo_is_recovered_at_that_undo(way, kind, times):
    paused, world = await struck(way, Fault("a", "compensate", kind=kind), do={"b": [ValueError("first")]})
    assert (paused.path, paused.reason, paused.state.is_compensating) == ("a", "restarted", True)
    assert str(paused.original_error) == "ValueError: first"
    assert isinstance(await paused.resume(), Failed)
    assert world.count("undo a") == times


# -- attempts --------------------------------------------------------------------------------------


async def test_a_fault_strikes_only_its_attempt(way):
    result, _ = await struck(way, Fault("b", attempt=2), do={"b": [ValueError]}, b={"retry_policy": RetryPolicy(5)})
    assert told(result)[1:4] == ["execute b #1 failed", "execute b #2 failed", "execute b #3 continue"]
    assert [entry.fault for entry in result.journal[1:4]] == [None, "execute:b#2:error_before", None]


async def test_a_fault_at_every_attempt_strikes_them_all(way):
    result, world = await struck(way, Fault("b", attempt="every"), b={"retry_policy": RetryPolicy.retries(3)})
    assert isinstance(result, Failed)
    assert [entry.fault for entry in result.journal[1:5]] == ["execute:b#*:error_before"] * 4
    assert world.calls == ["do a", "undo a"]


async def test_a_fault_for_one_attempt_goes_before_one_for_every(way):
    faults = Fault("b", attempt="every", error=KeyError("every")), Fault("b", attempt=2, error=ValueError("two"))
    result, _ = await struck(way, *faults, b={"retry_policy": RetryPolicy.retries(2)})
    assert [type(entry.error) for entry in result.journal[1:4]] == [KeyError, ValueError, KeyError]


async def test_a_fault_in_one_phase_leaves_the_other_alone(way):
    result, world = await struck(way, Fault("a", "compensate", attempt="every"))
    assert isinstance(result, Completed)
    assert world.calls == ["do a", "do b", "do c"]


# -- what fires ------------------------------------------------------------------------------------


async def test_fired_says_which_faults_struck_in_the_order_of_the_plan(way):
    plan = FaultPlan([Fault("c"), Fault("a", kind=FaultKind.PAUSE), Fault("b", "compensate"), Fault("b", attempt=2)])
    paused = await way.build(World(), options={"faults": plan}).start()
    assert plan.fired(paused.journal) == (plan.faults[1],)
    result = await paused.resume()
    assert plan.fired(result.journal) == plan.faults[:3]


async def test_an_error_after_an_attempt_that_failed_itself_has_not_fired(way):
    error = ValueError("its own")
    plan = FaultPlan([Fault("b", kind=FaultKind.ERROR_AFTER)])
    result = await way.build(World(do={"b": [error]}), options={"faults": plan}).start()
    assert result.error is error
    assert plan.fired(result.journal) == ()


async def test_an_error_after_hides_what_the_body_returned(way):
    for answer in (PAUSE, Returns(None)):
        result, _ = await struck(way, Fault("b", kind=FaultKind.ERROR_AFTER), do={"b": [answer]})
        assert type(result.error) is InjectedConnectionError


@pytest.mark.parametrize("kind", CRASHES)
async def test_the_fault_of_a_crash_has_fired_although_its_entry_is_open(way, kind):
    plan = FaultPlan([Fault("b", kind=kind), Fault("b", attempt=2)])
    new = way.build(World(), options={"faults": plan})
    with pytest.raises(SimulatedCrash, match=f"b · execute #1 · {kind.words}"):
        await new.start()
    assert plan.fired(new.recover().journal) == plan.faults[:1]


async def test_a_fault_may_be_given_alone_in_a_list_or_as_a_plan(way):
    fault = Fault("b")
    for faults in (fault, [fault], (fault,), FaultPlan([fault]), iter([fault])):
        assert isinstance(await way.build(World(), options={"faults": faults}).start(), Failed)
    for none in (None, [], FaultPlan()):
        assert isinstance(await way.build(World(), options={"faults": none}).start(), Completed)


# -- refused ---------------------------------------------------------------------------------------


def test_an_unknown_path_is_refused_when_the_run_is_built():
    saga = Saga.of("Trip", {"hotel": scripted(), "flight": scripted()})
    with pytest.raises(FaultPlanError, match="Trip has no step 'train'; its steps are 'hotel', 'flight'"):
        saga.build({}, faults=Fault("train"))


def test_a_block_is_no_place_for_a_fault():
    saga = Saga.of("Trip", {"legs": Saga.of("Legs", {"out": scripted()})})
    with pytest.raises(FaultPlanError, match=r"no step 'legs'; its steps are 'legs\.out'"):
        saga.build({}, faults=Fault("legs"))


def test_a_long_list_of_known_steps_is_cut():
    saga = Saga.of("Long", {f"s{i}": scripted() for i in range(20)})
    with pytest.raises(FaultPlanError, match="'s11' and 8 more"):
        saga.build({}, faults=Fault("x"))


@pytest.mark.parametrize("kind", [*CRASHES, FaultKind.PAUSE])
@pytest.mark.parametrize("phase", ["execute", "compensate"])
def test_crashes_and_pauses_at_every_attempt_are_refused(kind, phase):
    with pytest.raises(FaultPlanError, match="at every attempt would never end"):
        Fault("a", phase, "every", kind)


def test_two_faults_at_the_same_place_are_refused():
    with pytest.raises(FaultPlanError, match="two faults at the same place"):
        FaultPlan([Fault("a"), Fault("a", kind=FaultKind.TIMEOUT)])
    assert (
        len(FaultPlan([Fault("a"), Fault("a", attempt=2), Fault("a", "compensate"), Fault("a", attempt="every")])) == 4
    )


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"path": ""}, "path is the dotted name"),
        ({"path": None}, "path is the dotted name"),
        ({"path": "a", "phase": "undo"}, "phase is 'execute' or 'compensate'"),
        ({"path": "a", "attempt": 0}, "attempt is a number from 1 or 'every'"),
        ({"path": "a", "attempt": True}, "attempt is a number from 1 or 'every'"),
        ({"path": "a", "attempt": "all"}, "attempt is a number from 1 or 'every'"),
        ({"path": "a", "attempt": 1.0}, "attempt is a number from 1 or 'every'"),
        ({"path": "a", "kind": "timeout"}, "kind is a FaultKind"),
        ({"path": "a", "delay_ms": -1}, "delay_ms is a number from 0"),
        ({"path": "a", "delay_ms": float("nan")}, "delay_ms is a number from 0"),
        ({"path": "a", "delay_ms": ENORMOUS}, "delay_ms is a number from 0"),
        ({"path": "a", "error": KeyboardInterrupt()}, "error is an Exception"),
        ({"path": "a", "error": "boom"}, "error is an Exception"),
    ],
)
def test_a_wrong_fault_is_refused_with_its_place(wrong, match):
    with pytest.raises(FaultPlanError, match=match):
        Fault(**wrong)


def test_a_plan_is_made_of_faults_only():
    with pytest.raises(FaultPlanError, match="made of Faults"):
        FaultPlan(["a"])


# -- words, tokens, JSON ---------------------------------------------------------------------------

ALL = [
    Fault("trip.flight", phase, attempt, kind, delay_ms=5 if kind is FaultKind.DELAY else 0)
    for phase in ("execute", "compensate")
    for attempt in (1, 3, "every")
    for kind in FaultKind
    if not (attempt == "every" and kind in (*CRASHES, FaultKind.PAUSE))
]


@pytest.mark.parametrize(
    "fault", [*ALL, Fault("a", error=ValueError("x", 1, None)), Fault("a", error=InjectedError("y"))]
)
def test_a_fault_comes_back_from_json_as_it_was(fault):
    assert Fault.from_json(json.loads(json.dumps(fault.to_json()))) == fault


def test_a_plan_comes_back_from_json_values_or_text_as_it_was():
    plan = FaultPlan(fault for fault in ALL if fault.kind is FaultKind.TIMEOUT)
    for data in (plan.to_json(), json.dumps(plan.to_json()), json.dumps(plan.to_json()).encode()):
        back = FaultPlan.from_json(data)
        assert (back, hash(back), back.token) == (plan, hash(plan), plan.token)


def test_an_error_of_the_saga_comes_back_when_its_class_is_given():
    class CardError(Exception):
        pass

    fault = Fault("a", error=CardError("declined", 7))
    back = Fault.from_json(fault.to_json(), [CardError])
    assert (type(back.error), back.error.args) == (CardError, ("declined", 7))
    stranger = Fault.from_json(fault.to_json())
    assert type(stranger.error) is InjectedError
    assert "declined" in str(stranger.error)


@pytest.mark.parametrize(
    "data",
    [
        *(None, 1, "no json", "{}", [1], [{}], [{"path": "a", "kind": "boom"}], [{"path": "a", "surprise": 1}]),
        *([{"path": "a", "error": "text"}], [{"path": "a", "error": {"type": "ValueError"}}], "[" * 100_000),
        [{"path": "a"}, {"path": "a"}],
    ],
    ids=lambda data: str(data)[:30],
)
def test_data_that_is_no_plan_is_refused(data):
    with pytest.raises(FaultPlanError):
        FaultPlan.from_json(data)


@pytest.mark.parametrize(
    "name", ["KeyboardInterrupt", "print", "BaseException", "ExceptionGroup", "UnicodeDecodeError"]
)
def test_no_name_in_the_data_does_more_than_name_an_error(name):
    back = Fault.from_json({"path": "a", "error": {"type": name, "args": ["x"]}})
    assert isinstance(back.error, Exception)


def test_equal_plans_have_equal_short_tokens_and_others_have_others():
    tokens = {FaultPlan([fault]).token for fault in ALL}
    assert len(tokens) == len(ALL)
    assert all(len(token) == 10 for token in tokens)
    assert FaultPlan([Fault("a")]).token == FaultPlan([Fault("a")]).token
    assert FaultPlan([Fault("a", error=ValueError("x"))]) == FaultPlan([Fault("a", error=ValueError("x"))])
    assert FaultPlan([Fault("a", error=ValueError("x"))]) != FaultPlan([Fault("a", error=ValueError("y"))])


@pytest.mark.parametrize("fault", ALL)
def test_a_token_says_in_words_what_the_fault_says_but_for_its_error(fault):
    assert fault_words(fault.token) == str(replace(fault, error=None))


@pytest.mark.parametrize("text", ["", "execute:a", "execute:a#1:meteor", "halt:a#1:pause", "<b>"])
def test_what_is_no_token_stays_as_it_is(text):
    assert fault_words(text) == text


def test_a_fault_has_a_token_and_words():
    tokens = [Fault("trip.flight").token, Fault("a", "compensate", "every", FaultKind.TIMEOUT).token]
    assert tokens == ["execute:trip.flight#1:error_before", "compensate:a#*:timeout"]
    assert str(Fault("trip.flight")) == "trip.flight · execute #1 · error before effect"
    assert (
        str(Fault("a", "compensate", "every", error=KeyError("k"))) == "a · compensate, every attempt · KeyError: 'k'"
    )
    assert {kind.words for kind in FaultKind} >= {"timeout", "error after effect", "crash before effect"}


def test_faults_and_plans_are_frozen():
    with pytest.raises(AttributeError):
        Fault("a").path = "b"
    plan = FaultPlan([Fault("a")])
    with pytest.raises(AttributeError):
        plan.faults = ()
    assert list(plan) == list(plan.faults)
    assert repr(plan).startswith("FaultPlan([Fault(path='a'")


async def test_the_same_plan_can_serve_many_runs():
    plan = FaultPlan([Fault("b")])
    saga = Saga.of("Two", {"a": scripted(), "b": scripted()})
    results = [await saga.build({}, resources=World(), faults=plan, clock=VirtualClock()).start() for _ in range(3)]
    assert [told(result) for result in results] == [told(results[0])] * 3
