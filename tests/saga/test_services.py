"""SimulatedService: a participant that takes time, fails as it was told, and says to the port what it did."""

import pickle

import pytest

from legend_lab import (
    CompensationFailed,
    CompensationOutcome,
    Completed,
    Debugger,
    EffectError,
    EffectState,
    Failed,
    Fault,
    FaultKind,
    InjectedConnectionError,
    InjectedError,
    OutsideRunError,
    RetryPolicy,
    Saga,
    SimulatedService,
    Step,
    StepOutcome,
    SystemClock,
    VirtualClock,
    effects,
    ledger,
    resources,
)


class HotelError(Exception):
    pass


class Hotel(SimulatedService):
    pass


class Book(Step[dict]):
    retry_policy = RetryPolicy.retries(2)
    compensation_retry_policy = RetryPolicy.retries(1)

    async def execute(self, ctx):
        ctx["key"] = await resources(SimulatedService).open(nights=2)
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        await resources(SimulatedService).close()
        return CompensationOutcome.COMPLETED


def booking():
    return Saga.of("Booking", {"book": Book(), "pay": Book()}, error=HotelError)


async def play(service, *faults, clock=None):
    return await booking().build({}, resources=service, faults=faults, clock=clock or VirtualClock()).start()


def told(result):
    return [(entry.kind, entry.outcome, [item.action for item in entry.effects]) for entry in result.journal]


DONE, UNDONE = ("execute", "continue", ["open"]), ("compensate", "compensated", ["close"])


async def test_it_opens_and_closes_and_takes_its_time():
    result = await play(SimulatedService("service.a", latency_ms=40), Fault("pay", attempt="every"))
    assert told(result) == [DONE, *[("execute", "failed", [])] * 3, UNDONE]
    assert [timing.duration_ms for timing in result.step_timings] == [40, 0, 0, 0, 40]
    assert result.context == {"key": f"{result.id}:book"}
    assert result.journal[0].effects[0].details == {"nights": 2}


async def test_no_latency_takes_no_time_on_the_system_clock():
    assert isinstance(await play(SimulatedService("service.a", latency_ms=0), clock=SystemClock()), Completed)


async def test_it_fails_the_first_attempts_of_every_step_and_has_done_nothing():
    result = await play(SimulatedService("service.a", open_fails=2, error=HotelError))
    failed = ("execute", "failed", [])
    assert told(result) == [failed, failed, DONE, failed, failed, DONE]
    assert isinstance(result.journal[0].error, HotelError)
    assert not result.journal[0].raw.uncertain


async def test_it_loses_the_answer_after_the_effect_which_is_then_uncertain():
    result = await play(SimulatedService("service.a", open_fails=1, open_loses=1))
    assert told(result)[:3] == [("execute", "failed", []), ("execute", "failed", ["open"]), DONE]
    assert isinstance(result.journal[0].error, InjectedError)
    assert isinstance(result.journal[1].error, InjectedConnectionError)
    assert [entry.raw.uncertain for entry in result.journal[:2]] == [False, True]
    assert [effect.state for effect in ledger(result)] == [EffectState.DOUBLED] * 2


async def test_an_idempotent_one_is_not_confused_by_a_lost_answer():
    result = await play(SimulatedService("service.b", idempotent=True, open_loses=1))
    assert [effect.state for effect in ledger(result)] == [EffectState.OPEN] * 2


async def test_closing_can_fail_and_lose_its_answer_too():
    result = await play(SimulatedService("service.a", close_fails=1), Fault("pay", attempt="every"))
    assert isinstance(result, Failed)
    assert told(result)[-2:] == [("compensate", "compensation_failed", []), UNDONE]
    result = await play(SimulatedService("service.a", close_fails=1, close_loses=1), Fault("pay", attempt="every"))
    assert isinstance(result, CompensationFailed)
    assert told(result)[-1] == ("compensate", "compensation_failed", ["close"])
    assert ledger(result).find("service.a").state is EffectState.UNDONE


async def test_it_goes_the_same_on_every_branch_of_a_debugger():
    service = SimulatedService("service.a", open_fails=1)
    debugger = Debugger(booking(), {}, resources=service, clock=VirtualClock())
    await debugger.run_to_end()
    before = told(debugger)
    debugger.goto(1)
    debugger.fork()
    await debugger.run_to_end()
    assert told(debugger) == before


async def test_its_effect_can_land_late():
    service = SimulatedService("service.a")
    result = await play(service, Fault("pay", attempt="every", kind=FaultKind.LATE_EFFECT))
    assert isinstance(result, Failed)
    late = ledger(result).find("service.a", f"{result.id}:pay")
    assert (late.state, late.count) == (EffectState.DOUBLED, 3)
    assert ledger(result).find("service.a", f"{result.id}:book").state is EffectState.UNDONE


async def test_resources_tell_services_apart_by_their_class():
    class Both(Step[dict]):
        async def execute(self, ctx):
            ctx["key"] = await resources(Hotel).open("mine")
            return StepOutcome.CONTINUE

        async def compensate(self, ctx):
            await resources(Hotel).close(ctx["key"])
            return CompensationOutcome.COMPLETED

    services = (SimulatedService("service.a"), Hotel("service.hotel"))
    result = await Saga.of("Both", {"both": Both()}).build({}, resources=services, clock=VirtualClock()).start()
    assert [(item.name, item.key) for item in ledger(result)] == [("service.hotel", "mine")]


async def test_it_declares_its_effect_and_takes_over_what_was_declared():
    effects.declare("service.declared", idempotent=True)
    assert SimulatedService("service.declared").declaration.idempotent
    SimulatedService("service.new", irreversible=True)
    assert effects.declared("service.new").irreversible
    with pytest.raises(EffectError, match="contradicts"):
        SimulatedService("service.declared", idempotent=False)


async def test_an_irreversible_effect_cannot_be_closed():
    result = await play(SimulatedService("service.gone", irreversible=True), Fault("pay", attempt="every"))
    assert isinstance(result, CompensationFailed)
    assert "irreversible" in str(result.compensation_error)


async def test_outside_a_run_it_says_so():
    with pytest.raises(OutsideRunError, match=r"'service\.a' service"):
        await SimulatedService("service.a").open()


def test_it_goes_to_another_process_with_its_declaration():
    service = Hotel("service.sent", idempotent=True, open_fails=3)
    again = pickle.loads(pickle.dumps(service))  # noqa: S301 - our own
    assert (again.declaration, again.open_fails, repr(again)) == (service.declaration, 3, "<Hotel of 'service.sent'>")


@pytest.mark.parametrize(
    "setting",
    [
        {"latency_ms": -1},
        {"latency_ms": float("nan")},
        {"latency_ms": "1"},
        {"open_fails": -1},
        {"open_loses": 1.5},
        {"close_fails": True},
        {"close_loses": None},
        {"error": "boom"},
        {"error": KeyboardInterrupt},
        {"idempotent": "yes"},
    ],
    ids=str,
)
def test_a_wrong_setting_is_refused_and_declares_nothing(setting):
    with pytest.raises(EffectError, match=f"{next(iter(setting))} is"):
        SimulatedService("service.wrong", **setting)
    with pytest.raises(EffectError, match="declare"):
        effects.declared("service.wrong")


@pytest.mark.parametrize("name", ["", None, 3, " "])
def test_a_wrong_name_is_refused(name):
    with pytest.raises(EffectError, match="an effect's name"):
        SimulatedService(name)
