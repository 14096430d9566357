"""The effects port: what steps open and close outside stands in the journal, at the entry in which it happened."""

import asyncio
import json

import pytest
from scripted import ignore

from legend_lab import (
    CompensationOutcome,
    Completed,
    EffectError,
    EffectOperation,
    Failed,
    Fault,
    FaultKind,
    InMemoryStore,
    OutsideRunError,
    RetryPolicy,
    Saga,
    SimulatedCrash,
    Step,
    StepOutcome,
    StepTimeoutError,
    VirtualClock,
    effects,
    idempotency_key,
)
from legend_lab.core.errors import ContextCopyError, CorruptRecordError
from legend_lab.core.journal import Journal
from legend_lab.runtime.effects import Declaration, declarations
from legend_lab.runtime.record import seal

effects.declare("test.hotel", idempotent=True)
effects.declare("test.charge")
effects.declare("test.mail", irreversible=True)

OPENED = {"name": "test.hotel", "idempotent": True}


class Book(Step[dict]):
    async def execute(self, ctx):
        effects.open("test.hotel")
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        effects.close("test.hotel")
        return CompensationOutcome.COMPLETED


class Charge(Step[dict]):
    retry_policy = RetryPolicy.retries(2)

    async def execute(self, ctx):
        effects.open("test.charge", "card", amount=ctx.get("amount", 5))
        ctx["charged"] = True
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        effects.close("test.charge", "card")
        return CompensationOutcome.COMPLETED


class Boom(Step[dict]):
    async def execute(self, ctx):
        raise ValueError("boom")

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Calling(Step[dict]):
    """Does what the context's function says."""

    async def execute(self, ctx):
        answer = ctx["do"]()
        if asyncio.iscoroutine(answer):
            await answer
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


def trip(**more):
    return Saga.of("Trip", {"book": Book(), "charge": Charge(), **more})


def told(source):
    return [
        (entry.number, op.action + (" late" if op.late else ""), op.name.removeprefix("test."), op.key)
        for entry in source.journal
        for op in entry.effects
    ]


async def calling(do):
    return await Saga.of("One", {"call": Calling()}).build({"do": do}, clock=VirtualClock()).start()


# -- what is recorded -------------------------------------------------------------------------------


async def test_an_entry_tells_what_its_step_and_undo_did_outside():
    result = await trip(boom=Boom()).build({}).start()
    key = f"{result.id}:book"
    assert told(result) == [
        (0, "open", "hotel", key),
        (1, "open", "charge", "card"),
        (3, "close", "charge", "card"),
        (4, "close", "hotel", key),
    ]
    assert result.journal[2].effects == ()
    assert result.journal[1].effects == (EffectOperation("open", "test.charge", "card", details={"amount": 5}),)


@pytest.mark.parametrize("options", [{}, {"observers": [ignore]}, {"clock": VirtualClock()}], ids=str)
async def test_it_is_the_same_on_every_way_through_the_driver(options):
    result = await trip(boom=Boom()).build({}, **options).start()
    assert [(number, action) for number, action, *_ in told(result)] == [
        (0, "open"),
        (1, "open"),
        (3, "close"),
        (4, "close"),
    ]


async def test_open_and_close_return_the_key():
    keys = []

    def do():
        keys.append(effects.open("test.hotel"))
        keys.append(effects.open("test.hotel", "mine"))
        keys.append(effects.close("test.hotel", key="mine"))
        keys.append(idempotency_key())

    await calling(do)
    assert keys == [keys[3], "mine", "mine", keys[3]]


async def test_details_are_kept_as_they_were_at_the_call():
    guests = ["Ada"]

    def do():
        effects.open("test.hotel", "k", guests=guests, name="Grand", nights=2)
        guests.append("Bob")

    result = await calling(do)
    assert result.journal[0].effects[0].details == {"guests": ["Ada"], "name": "Grand", "nights": 2}


async def test_a_failed_attempt_keeps_what_it_did():
    fault = Fault("charge", kind=FaultKind.ERROR_AFTER)
    result = await trip().build({}, faults=fault, clock=VirtualClock()).start()
    assert isinstance(result, Completed)
    assert [item[:3] for item in told(result)][1:] == [(1, "open", "charge"), (2, "open", "charge")]


async def test_a_step_that_does_nothing_outside_costs_the_run_nothing():
    result = await Saga.of("One", {"boom": Boom()}).build({}).start()
    assert result._run.effects is None
    assert result.journal[0].effects == ()


async def test_a_view_of_a_journal_shows_no_effects_of_later_entries():
    result = await trip().build({}).start()
    first = result._run.journal(1)
    assert list(first.effects) == [0]
    assert list(result.journal.effects) == [0, 1]
    assert Journal(list(result.journal.rows), 0)[0].effects == ()


async def test_operations_can_be_compared_and_hashed():
    first, second = (EffectOperation("open", "a", "k", details={"x": [amount]}) for amount in (1, 2))
    assert first != second
    assert hash(first) == hash(second)


async def test_a_task_that_a_step_left_behind_is_told_that_the_run_stands():
    left, told_it = [], []

    async def late():
        await gate.wait()
        try:
            effects.open("test.hotel")
        except OutsideRunError as error:
            told_it.append(str(error))

    gate = asyncio.Event()
    result = (
        await Saga.of("One", {"call": Calling()})
        .build({"do": lambda: left.append(asyncio.ensure_future(late()))})
        .start()
    )
    gate.set()
    await left[0]
    assert told_it == ["effects.open('test.hotel') came when its step had ended and the run stood still"]
    assert result.journal[0].effects == ()


# -- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize("act", [effects.open, effects.close])
def test_outside_a_run_there_is_nothing_to_record_in(act):
    with pytest.raises(OutsideRunError, match=r"effects\.(open|close)\('test.hotel'\)"):
        act("test.hotel")


@pytest.mark.parametrize(
    ("do", "match"),
    [
        (lambda: effects.open("test.motel"), r"no effect 'test.motel' is declared .*effects\.declare\('test.motel'\)"),
        (lambda: effects.close("test.motel"), "declared"),
        (lambda: effects.open(["test.hotel"]), "declared"),
        (lambda: effects.open("test.hotel", 7), "key of effect 'test.hotel' is a text, not 7"),
        (lambda: effects.open("test.hotel", ""), "is a text"),
        (lambda: effects.close("test.mail"), "irreversible, so nothing can close it"),
        (lambda: effects.open("test.hotel", when=object()), "when= is an object that JSON does not keep"),
        (lambda: effects.open("test.hotel", when=float("nan")), "when= is a float"),
        (lambda: effects.open("test.hotel", pair=(1, 2)), "pair= is a tuple"),
        (lambda: effects.open("test.hotel", rooms={1: 2}), "rooms= is a dict"),
        (lambda: effects.open("test.hotel", deep=nested(60)), "deep= is a list"),
        (lambda: effects.open("test.hotel", deep=nested(6000)), "deep= is a list"),
    ],
)
async def test_what_cannot_be_recorded_fails_the_attempt_and_leaves_no_trace(do, match):
    result = await calling(do)
    assert isinstance(result, Failed)
    with pytest.raises(EffectError, match=match):
        raise result.error.__cause__ or result.error
    assert told(result) == []


def nested(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


# -- declarations -----------------------------------------------------------------------------------


def test_the_same_declaration_again_is_fine():
    effects.declare("test.hotel", idempotent=True)
    assert effects.declared("test.hotel") == Declaration("test.hotel", idempotent=True)
    assert Declaration("test.charge") in declarations()


def test_another_declaration_of_the_same_name_is_refused_and_both_are_named():
    with pytest.raises(EffectError, match=r"idempotent=False.* contradicts .*idempotent=True.*test_effects"):
        effects.declare("test.hotel")
    assert effects.declared("test.hotel").idempotent


@pytest.mark.parametrize("name", ["", " hotel", "a\nb", None, 3, b"hotel", ["hotel"]], ids=repr)
def test_a_name_is_a_printable_text(name):
    with pytest.raises(EffectError, match="an effect's name is a text"):
        effects.declare(name)


@pytest.mark.parametrize("flag", ["idempotent", "irreversible"])
def test_a_flag_is_true_or_false(flag):
    with pytest.raises(EffectError, match=f"{flag} is True or False, not 'no'"):
        effects.declare("test.flags", **{flag: "no"})
    with pytest.raises(EffectError, match=r"no effect 'test\.flags' is declared"):
        effects.declared("test.flags")


def test_a_cell_that_is_run_again_replaces_its_declaration_but_one_script_may_not_contradict_itself():
    def cell(source, file):
        exec(compile(source, file, "exec"), {"__name__": "__main__", "effects": effects})  # noqa: S102 - as a notebook

    cell("effects.declare('test.cell')", "<cell 1>")
    cell("effects.declare('test.cell', idempotent=True)", "<cell 2>")
    assert effects.declared("test.cell").idempotent
    with pytest.raises(EffectError, match="made in __main__"):
        cell("effects.declare('test.cell')", "<cell 2>")
    with pytest.raises(EffectError, match="contradicts"):
        effects.declare("test.cell")


# -- records ----------------------------------------------------------------------------------------


class Pause(Step[dict]):
    async def execute(self, ctx):
        effects.open("test.mail", "m", to="Ada")
        ctx["asked"] = ctx.get("asked", 0) + 1
        return StepOutcome.PAUSE if ctx["asked"] == 1 else StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


async def paused_trip():
    return await trip(ask=Pause()).build({}, faults=Fault("charge", kind=FaultKind.LATE_EFFECT)).start()


async def test_effects_survive_a_record():
    paused = await paused_trip()
    loaded = trip(ask=Pause()).load(paused.dump_json())
    assert [entry.effects for entry in loaded.journal] == [entry.effects for entry in paused.journal]
    assert told(loaded)[1][1] == "open late"
    assert loaded.journal[3].effects == (
        EffectOperation("open", "test.mail", "m", irreversible=True, details={"to": "Ada"}),
    )
    before, after = (json.loads(state.dump_json())["journal"] for state in (paused, loaded))
    assert [entry["effects"] for entry in after] == [entry["effects"] for entry in before]
    assert told(await loaded.resume())[-1] == (5, "open", "mail", "m")


async def test_an_entry_without_effects_is_written_as_before_and_a_record_without_any_loads():
    record = json.loads((await paused_trip()).dump_json())
    assert [("effects" in entry) for entry in record["journal"]] == [True, True, True, True]
    for entry in record["journal"]:
        del entry["effects"]
    del record["digest"]
    loaded = trip(ask=Pause()).load(seal(record))
    assert told(loaded) == []
    assert all("effects" not in entry for entry in json.loads(loaded.dump_json())["journal"])


@pytest.mark.parametrize(
    "written",
    [
        {},
        "open",
        ["open"],
        [{"action": "open", "name": "a"}],
        [{"action": "seize", "name": "a", "key": "k"}],
        [{"action": ["open"], "name": "a", "key": "k"}],
        [{"action": "open", "name": "", "key": "k"}],
        [{"action": "open", "name": "a", "key": 3}],
        [{"action": "open", "name": "a", "key": "k", "late": 1}],
        [{"action": "open", "name": "a", "key": "k", "details": []}],
        [{"action": "open", "name": "a", "key": "k", "more": 1}],
    ],
    ids=str,
)
async def test_a_record_with_broken_effects_is_refused(written):
    record = json.loads((await paused_trip()).dump_json())
    record["journal"][1]["effects"] = written
    del record["digest"]
    with pytest.raises(CorruptRecordError, match="entry 1 of the record's journal is wrong"):
        trip(ask=Pause()).load(seal(record))


async def test_a_store_holds_the_effects_entry_by_entry():
    store = InMemoryStore()
    paused = await trip(ask=Pause()).build({}, checkpoint=store, clock=VirtualClock()).start()
    loaded = trip(ask=Pause()).load((await store.get(paused.id)).data)
    assert told(loaded) == told(paused)
    assert len(told(loaded)) == 3


@pytest.mark.parametrize("checkpoint", [InMemoryStore(), None], ids=["stored", "in memory"])
async def test_a_crashed_attempt_still_shows_what_it_had_done_outside(checkpoint):
    new = trip().build(
        {}, faults=Fault("charge", kind=FaultKind.CRASH_AFTER), clock=VirtualClock(), checkpoint=checkpoint
    )
    with pytest.raises(SimulatedCrash):
        await new.start()
    paused = new.recover()
    assert "charged" not in paused.context
    assert paused.journal[1].outcome == "interrupted"
    assert told(paused)[1] == (1, "open", "charge", "card")
    result = await paused.resume()
    assert [item[0] for item in told(result)] == [0, 1, 4]
    if checkpoint is not None:
        written = json.loads((await checkpoint.get(result.id)).data)["journal"]
        assert [len(entry.get("effects", ())) for entry in written] == [1, 1, 0, 0, 1]


async def test_a_cancelled_attempt_still_shows_what_it_had_done_outside():
    opened = asyncio.Event()

    async def do():
        effects.open("test.hotel", "k")
        opened.set()
        await asyncio.Event().wait()

    new = Saga.of("One", {"call": Calling()}).build({"do": do})
    task = asyncio.create_task(new.start())
    await opened.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told(new.recover()) == [(0, "open", "hotel", "k")]


# -- effects that land late -------------------------------------------------------------------------


async def test_a_late_effect_times_out_uncertain_and_changes_nothing_in_the_context():
    fault = Fault("charge", attempt="every", kind=FaultKind.LATE_EFFECT)
    result = await trip().build({}, faults=fault, clock=VirtualClock()).start()
    assert isinstance(result, Failed)
    assert isinstance(result.error, StepTimeoutError)
    assert result.context == {}
    assert [entry.fault for entry in result.journal][1:4] == [fault.token] * 3
    assert all(entry.raw.uncertain for entry in result.journal[1:4])
    assert [item[1] for item in told(result)] == ["open", *["open late"] * 3, "close", "close"]
    assert told(result)[4][0] == 4


async def test_the_attempt_after_a_late_effect_is_a_usual_one():
    fault = Fault("charge", kind=FaultKind.LATE_EFFECT)
    result = await trip().build({"amount": 7}, faults=fault, clock=VirtualClock()).start()
    assert isinstance(result, Completed)
    assert [item[:2] for item in told(result)] == [(0, "open"), (1, "open late"), (2, "open")]


async def test_an_undo_can_have_its_effect_late_too():
    fault = Fault("charge", "compensate", kind=FaultKind.LATE_EFFECT)
    result = await trip(boom=Boom()).build({}, faults=fault, clock=VirtualClock()).start()
    assert told(result)[2][:3] == (3, "close late", "charge")
    assert result.journal[3].outcome == "compensation_failed"


async def test_what_the_body_raises_or_returns_is_lost_with_its_answer():
    def do():
        effects.open("test.hotel", "k")
        raise LookupError("nobody hears")

    fault = Fault("call", kind=FaultKind.LATE_EFFECT)
    result = await Saga.of("One", {"call": Calling()}).build({"do": do}, faults=fault, clock=VirtualClock()).start()
    assert isinstance(result.error, StepTimeoutError)
    assert told(result) == [(0, "open late", "hotel", "k")]


async def test_a_limit_still_ends_a_body_that_takes_too_long():
    class Slow(Step[dict]):
        timeout_s = 1

        async def execute(self, ctx):
            effects.open("test.hotel", "before")
            await asyncio.sleep(10)
            effects.open("test.hotel", "after")
            return StepOutcome.CONTINUE

        async def compensate(self, ctx):
            return CompensationOutcome.COMPLETED

    fault = Fault("slow", kind=FaultKind.LATE_EFFECT)
    result = await Saga.of("One", {"slow": Slow()}).build({}, faults=fault, clock=VirtualClock()).start()
    assert told(result) == [(0, "open late", "hotel", "before")]
    assert result.step_timings[0].duration_ms == 1000
    assert isinstance(result.error, StepTimeoutError)


async def test_a_context_that_cannot_be_copied_is_named():
    new = trip().build({"gate": (item for item in ())}, faults=Fault("charge", kind=FaultKind.LATE_EFFECT))
    result = await new.start()
    assert isinstance(result.journal[1].error, ContextCopyError)
    assert "generator" in str(result.journal[1].error)
    assert result.journal[1].fault is None


def test_a_late_effect_reads_and_says_itself():
    fault = Fault("charge", attempt="every", kind=FaultKind.LATE_EFFECT)
    assert Fault.from_json(fault.to_json()) == fault
    assert fault.token.split(":") == ["execute", "charge#*", "late_effect"]
    assert str(fault) == "charge · execute, every attempt · late effect"
