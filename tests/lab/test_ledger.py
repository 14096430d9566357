"""The ledger: what has become of every effect, at every position of every branch."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legend_lab import (
    CompensationFailed,
    CompensationOutcome,
    Completed,
    EffectOperation,
    Failed,
    Fault,
    FaultKind,
    RetryPolicy,
    Saga,
    SourceError,
    Step,
    StepOutcome,
    VirtualClock,
    effects,
    resources,
)
from legend_lab.core.instructions import Abort, Compensate, Edit, Edited, Execute, Failure, Resolve, Resume, halt_for
from legend_lab.core.instructions import Retry as TryAgain
from legend_lab.core.journal import Journal
from legend_lab.core.machine import Machine
from legend_lab.core.program import Program, StepSpec
from legend_lab.lab.debugger import Debugger
from legend_lab.lab.ledger import EffectState, ledger

effects.declare("ledger.hotel", idempotent=True)
effects.declare("ledger.charge")

OPEN, DOUBLED, UNDONE = EffectState.OPEN, EffectState.DOUBLED, EffectState.UNDONE
LATE, NEVER_OPENED = EffectState.LATE, EffectState.NEVER_OPENED


class Do(Step[dict]):
    """Opens its effect, and closes it when undone."""

    retry_policy = RetryPolicy.retries(1)
    effect: str = "ledger.hotel"
    key: str = "k"

    async def execute(self, ctx):
        effects.open(self.effect, self.key)
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        effects.close(self.effect, self.key)
        return CompensationOutcome.COMPLETED


class Once(Do):
    retry_policy = RetryPolicy.NO_RETRY


class Plain(Step[dict]):
    async def execute(self, ctx):
        ctx["plain"] = True
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


def saga(effect="ledger.hotel", on="continue"):
    return Saga.of("Trip", {"do": Do(effect=effect), "then": Plain()}, on_compensation_failure=on)


async def end(*faults, effect="ledger.hotel", **options):
    return await saga(effect, **options).build({}, faults=faults, clock=VirtualClock()).start()


def only(source):
    (effect,) = ledger(source)
    return effect


LATE_ONCE = Fault("do", kind=FaultKind.LATE_EFFECT)
LATE_ALWAYS = Fault("do", attempt="every", kind=FaultKind.LATE_EFFECT)
LOST_ANSWER = Fault("do", kind=FaultKind.ERROR_AFTER)
BOOM = Fault("then")
BOTH = pytest.mark.parametrize("effect", ["ledger.hotel", "ledger.charge"])

# -- participants -----------------------------------------------------------------------------------


@BOTH
async def test_what_is_done_is_open_and_what_is_undone_is_undone(effect):
    found = only(await end(effect=effect))
    assert (found.state, found.count, found.opened_at, found.closed_at) == (OPEN, 1, (0,), ())
    assert (found.name, found.key, found.path) == (effect, "k", "do")
    found = only(await end(BOOM, effect=effect))
    assert (found.state, found.count, found.opened_at, found.closed_at) == (UNDONE, 0, (0,), (2,))


async def test_the_same_key_again_is_the_same_effect_of_an_idempotent_participant():
    found = only(await end(LOST_ANSWER))
    assert (found.state, found.count, found.opened_at, found.ignored_at) == (OPEN, 1, (0,), (1,))


async def test_the_same_key_again_is_a_second_effect_of_any_other_participant():
    result = await end(LOST_ANSWER, effect="ledger.charge")
    found = only(result)
    assert (found.state, found.count, found.opened_at) == (DOUBLED, 2, (0, 1))
    assert str(found) == "ledger.charge k: doubled (2 times)"
    assert ledger(result).existing == (found,)


async def test_one_undo_of_a_doubled_effect_leaves_one_open():
    found = only(await end(LOST_ANSWER, BOOM, effect="ledger.charge"))
    assert (found.state, found.count, found.closed_at) == (OPEN, 1, (3,))


@BOTH
async def test_closing_what_was_never_opened_is_shown(effect):
    result = await end(Fault("do", attempt="every", kind=FaultKind.TIMEOUT), effect=effect)
    found = only(result)
    assert (found.state, found.count, found.opened_at, found.closed_at) == (NEVER_OPENED, 0, (), (2,))
    assert ledger(result).in_state(NEVER_OPENED) == (found,)
    assert ledger(result).existing == ()


@BOTH
async def test_a_second_close_changes_nothing(effect):
    found = only(await end(Fault("do", "compensate", kind=FaultKind.CRASH_BEFORE), effect=effect))
    assert found.state is OPEN
    result = await end(BOOM, Fault("do", "compensate", kind=FaultKind.PAUSE), effect=effect)
    assert only(result).state is OPEN
    found = only(await result.resume())
    assert (found.state, found.closed_at) == (UNDONE, (4,))
    lost = Fault("do", "compensate", kind=FaultKind.ERROR_AFTER)
    failed = await end(BOOM, lost, effect=effect)
    found = only(await failed.retry())
    assert (found.state, found.closed_at, found.ignored_at) == (UNDONE, (2,), (4,))


# -- late effects -----------------------------------------------------------------------------------


async def test_undone_first_and_late_then_is_a_tombstone_for_an_idempotent_participant():
    result = await end(LATE_ALWAYS)
    assert isinstance(result, Failed)
    found = only(result)
    assert (found.state, found.count, found.pending) == (NEVER_OPENED, 0, 0)
    assert (found.closed_at, found.ignored_at, found.late_at) == ((2,), (2, 2), (2, 2))


async def test_undone_first_and_late_then_stays_open_for_any_other_participant():
    result = await end(LATE_ALWAYS, effect="ledger.charge")
    assert isinstance(result, Failed)
    found = only(result)
    assert (found.state, found.count, found.opened_at, found.closed_at) == (DOUBLED, 2, (2, 2), (2,))
    once = Saga.of("Once", {"do": Once(effect="ledger.charge")})
    found = only(await once.build({}, faults=LATE_ONCE, clock=VirtualClock()).start())
    assert (found.state, found.opened_at, found.closed_at) == (OPEN, (1,), (1,))


@BOTH
async def test_without_an_undo_it_lands_at_the_end(effect):
    result = await end(LATE_ONCE, effect=effect)
    assert isinstance(result, Completed)
    found = only(result)
    if effect == "ledger.charge":
        assert (found.state, found.opened_at, found.late_at) == (DOUBLED, (1, 2), (2,))
    else:
        assert (found.state, found.opened_at, found.ignored_at, found.late_at) == (OPEN, (1,), (2,), (2,))


async def test_it_is_on_its_way_until_it_lands():
    debugger = Debugger(saga("ledger.charge"), {}, faults=[LATE_ONCE, BOOM], clock=VirtualClock())
    await debugger.run_to_end()
    states = []
    for position in range(len(debugger.journal) + 1):
        debugger.goto(position)
        states.append([(found.state, found.count, found.pending) for found in debugger.effects])
    assert states == [[], [(LATE, 0, 1)], [(OPEN, 1, 1)], [(OPEN, 1, 1)], [(OPEN, 1, 0)]]
    assert debugger.effects.find("ledger.charge").opened_at == (1, 3)


@BOTH
async def test_a_saga_that_stands_at_a_failed_undo_has_everything_landed(effect):
    faults = [LATE_ALWAYS, Fault("do", "compensate")]
    failed = await end(*faults, effect=effect)
    assert isinstance(failed, CompensationFailed)
    found = only(failed)
    assert (found.count, found.pending, found.late_at) == (1 if effect == "ledger.hotel" else 2, 0, (2, 2))
    repaired = await failed.retry()
    assert isinstance(repaired, Failed)
    found = only(repaired)
    assert (found.late_at, found.closed_at) == ((2, 2), (4,))
    assert found.state is (UNDONE if effect == "ledger.hotel" else OPEN)


async def test_a_late_undo_lands_after_its_repetition_or_at_the_end():
    faults = [BOOM, Fault("do", "compensate", kind=FaultKind.LATE_EFFECT)]
    failed = await end(*faults)
    found = only(failed)
    assert (found.state, found.closed_at, found.late_at) == (UNDONE, (2,), (2,))
    found = only(await failed.resolve("do"))
    assert (found.state, found.late_at) == (UNDONE, (2,))


async def test_a_pause_is_no_end():
    paused = await end(LATE_ONCE, Fault("then", kind=FaultKind.PAUSE))
    assert only(paused).pending == 1
    assert only(await paused.resume()).pending == 0
    assert only(paused).pending == 1


async def test_entries_alone_do_not_tell_that_the_saga_has_ended():
    result = await end(LATE_ONCE, effect="ledger.charge")
    for entries in (result.journal, list(result.journal), tuple(result.journal)):
        assert only(entries).pending == 1
        assert ledger(entries, ended=True) == ledger(result)


def test_what_has_no_journal_is_refused():
    with pytest.raises(SourceError, match="build it first"):
        ledger(saga())
    with pytest.raises(SourceError):
        ledger("hotel")


async def test_no_effects_make_an_empty_ledger():
    result = await Saga.of("Plain", {"a": Plain()}).build({}).start()
    assert len(ledger(result)) == 0
    assert list(ledger(saga().build({}))) == []
    assert ledger(result).find("ledger.hotel") is None


# -- branches ---------------------------------------------------------------------------------------


async def test_each_branch_has_its_own_ledger_at_every_position():
    debugger = Debugger(saga("ledger.charge"), {}, clock=VirtualClock())
    await debugger.run_to_end()
    assert debugger.effects.find("ledger.charge").state is OPEN
    debugger.goto(0)
    debugger.faults = [LOST_ANSWER, BOOM]
    await debugger.step()
    await debugger.step()
    assert debugger.effects.find("ledger.charge").state is DOUBLED
    await debugger.run_to_end()
    assert debugger.effects.find("ledger.charge").count == 1
    debugger.switch("main")
    assert debugger.effects.find("ledger.charge").opened_at == (0,)
    debugger.goto(0)
    assert len(debugger.effects) == 0


async def test_going_back_and_forking_forgets_what_came_after():
    debugger = Debugger(saga(), {}, faults=BOOM, clock=VirtualClock())
    await debugger.run_to_end()
    debugger.goto(1)
    debugger.fork()
    assert debugger.effects.find("ledger.hotel").state is OPEN
    debugger.faults = None
    await debugger.run_to_end()
    assert debugger.effects.find("ledger.hotel").state is OPEN
    debugger.switch("main")
    assert debugger.effects.find("ledger.hotel").state is UNDONE


async def test_a_crash_in_the_debugger_keeps_what_was_done_outside():
    fault = Fault("do", kind=FaultKind.CRASH_AFTER)
    debugger = Debugger(saga("ledger.charge"), {}, faults=fault, clock=VirtualClock())
    await debugger.step()
    assert debugger.effects.find("ledger.charge").state is OPEN
    debugger.resume()
    await debugger.run_to_end()
    assert debugger.effects.find("ledger.charge").state is DOUBLED


async def test_an_edit_does_not_move_what_has_landed():
    debugger = Debugger(saga("ledger.charge"), {"note": 1}, faults=[LATE_ALWAYS, Fault("do", "compensate")])
    await debugger.run_to_end()
    before = debugger.effects
    debugger.edit("note", 2)
    assert debugger.effects == before
    debugger.retry()
    assert debugger.effects == before


async def test_a_loaded_execution_has_the_ledger_that_the_former_had():
    paused = await end(LATE_ONCE, Fault("then", kind=FaultKind.PAUSE), effect="ledger.charge")
    loaded = saga("ledger.charge").load(paused.dump_json(), clock=VirtualClock())
    assert ledger(loaded) == ledger(paused)
    assert ledger(await loaded.resume()) == ledger(await paused.resume())


# -- against a model --------------------------------------------------------------------------------
#
# The model below knows nothing of journals: it is two participants and a list of parcels in the post.


@dataclass
class Participant:
    idempotent: bool
    alive: dict = field(default_factory=dict)
    dead: set = field(default_factory=set)

    def hear(self, action, key):
        if action == "open":
            if self.idempotent and key not in self.dead:
                self.alive[key] = 1
            elif not self.idempotent:
                self.alive[key] = self.alive.get(key, 0) + 1
        elif self.idempotent:
            self.alive.pop(key, None)
            self.dead.add(key)
        elif self.alive.get(key):
            self.alive[key] -= 1


class World:
    """Participants, and what was sent to them and has not arrived."""

    def __init__(self):
        self.participants = {"yes": Participant(idempotent=True), "no": Participant(idempotent=False)}
        self.post = []

    def tell(self, operation, sender):
        if operation.late:
            self.post.append((sender, operation))
        else:
            self.participants[operation.name].hear(operation.action, operation.key)

    def deliver(self, sender=None):
        arriving, self.post = (
            [item for item in self.post if sender in (None, item[0])],
            [item for item in self.post if sender not in (None, item[0])],
        )
        for _, operation in arriving:
            self.participants[operation.name].hear(operation.action, operation.key)

    def count(self, name, key):
        return self.participants[name].alive.get(key, 0)


PATHS = ("a", "b", "c")
PROGRAM = Program("Model", [StepSpec(path, RetryPolicy.retries(1), RetryPolicy.retries(1)) for path in PATHS])
BROKEN = Failure(ValueError(), uncertain=True)
ANSWERS = {
    "execute": [StepOutcome.CONTINUE, StepOutcome.CONTINUE, StepOutcome.PAUSE, BROKEN],
    "compensate": [CompensationOutcome.COMPLETED, CompensationOutcome.COMPLETED, CompensationOutcome.PAUSE, BROKEN],
}

operations = st.lists(
    st.builds(
        lambda action, name, key, late: EffectOperation(action, name, key, idempotent=name == "yes", late=late),
        st.sampled_from(["open", "open", "close"]),
        st.sampled_from(["yes", "no"]),
        st.sampled_from(["k", "l"]),
        st.booleans(),
    ),
    max_size=3,
)


@st.composite
def histories(draw):
    """A run of the real machine with any outcomes, any operations at its steps, and the world beside it."""
    machine, world, rows, done, counts = Machine(PROGRAM), World(), [], {}, []

    def note():
        arrived = World()
        arrived.participants = {
            name: Participant(item.idempotent, dict(item.alive), set(item.dead))
            for name, item in world.participants.items()
        }
        arrived.post = list(world.post)
        ended = machine.finished or bool(machine.rollback and machine.state.name == "COMPENSATION_FAILED")
        if ended:
            arrived.deliver()
        counts.append((ended, {(n, k): arrived.count(n, k) for n in ("yes", "no") for k in ("k", "l")}))

    note()
    while not machine.finished and len(rows) < 14:
        at = machine.cursor
        if draw(st.integers(0, 9)) == 0:
            rows.append((Edit(at), Edited("note"), 0, 0, None))
            note()
            continue
        if isinstance(at, Execute | Compensate):
            outcome = draw(st.sampled_from(ANSWERS[at.kind]))
            done[len(rows)] = draw(operations)
            for operation in done[len(rows)]:
                world.tell(operation, at.path)
            if outcome is CompensationOutcome.COMPLETED:
                world.deliver(at.path)
            rows.append((at, outcome, 0, 0, None))
        else:
            choices = [Resume()] if machine.state.name != "COMPENSATION_FAILED" else [TryAgain()]
            if machine.state.name == "PAUSED":
                choices.append(Abort())
            if machine.state.name == "COMPENSATION_FAILED":
                choices.append(Resolve(machine.pending[0]))
                world.deliver()
            outcome = draw(st.sampled_from(choices))
            rows.append((halt_for(at, outcome), outcome, 0, 0, None))
        machine.feed(outcome)
        note()
    return rows, done, counts


@settings(deadline=None)
@given(histories())
def test_at_every_position_the_ledger_counts_what_participants_would(history):
    rows, done, counts = history
    for position, (ended, expected) in enumerate(counts):
        journal = Journal(rows, 0, position, done)
        folded = ledger(journal, ended=ended)
        assert {(n, k): found.count if (found := folded.find(n, k)) else 0 for n, k in expected} == expected
        assert ledger(list(journal), ended=ended) == folded
        for effect in folded:
            assert (effect.state in (OPEN, DOUBLED)) == (effect.count > 0)
            assert (effect.state is DOUBLED) == (effect.count > 1)
            assert effect.count <= 1 or not effect.idempotent
            assert (effect.state is UNDONE) == bool(effect.count == 0 and effect.opened_at)
            assert effect.pending == 0 or not ended


@settings(deadline=None)
@given(histories())
def test_what_has_landed_by_a_position_has_landed_in_the_same_way_at_every_later_one(history):
    rows, done, counts = history
    before = {}
    for position, (ended, _) in enumerate(counts):
        now = {(item.name, item.key): item for item in ledger(Journal(rows, 0, position, done), ended=ended)}
        for at, former in before.items():
            for numbers in ("opened_at", "closed_at", "ignored_at", "late_at"):
                assert getattr(now[at], numbers)[: len(getattr(former, numbers))] == getattr(former, numbers)
        before = now


class Clerk:
    """A real participant that the steps talk to beside the port."""

    def __init__(self):
        self.participants = {"ledger.hotel": Participant(idempotent=True), "ledger.charge": Participant(False)}


class Told(Do):
    compensation_retry_policy = RetryPolicy.retries(1)

    async def execute(self, ctx):
        resources(Clerk).participants[self.effect].hear("open", self.key)
        return await super().execute(ctx)

    async def compensate(self, ctx):
        resources(Clerk).participants[self.effect].hear("close", self.key)
        return await super().compensate(ctx)


kinds = st.sampled_from([kind for kind in FaultKind if kind not in (FaultKind.LATE_EFFECT, FaultKind.PAUSE)])
places = st.tuples(st.sampled_from("abc"), st.sampled_from(["execute", "compensate"]), st.integers(1, 2))
plans = st.dictionaries(places, kinds, max_size=4)


@settings(deadline=None)
@given(plans)
async def test_in_real_runs_the_ledger_agrees_with_the_participants(plan):
    steps = {"a": Told(), "b": Told(effect="ledger.charge"), "c": Told(effect="ledger.charge", key="other")}
    faults = [Fault(path, phase, attempt, kind) for (path, phase, attempt), kind in plan.items()]
    clerk = Clerk()
    debugger = Debugger(Saga.of("Real", steps), {}, faults=faults, clock=VirtualClock(), resources=clerk)
    while debugger.next_instruction is not None:
        if debugger.choices:
            debugger.retry() if "retry" in debugger.choices else debugger.resume()
        await debugger.step()
        for effect in debugger.effects:
            assert effect.count == clerk.participants[effect.name].alive.get(effect.key, 0)
