"""Idempotency keys: stable across attempts and restarts, another one in the undo."""

import pytest
from scripted import PAUSE, UNDO_PAUSE, World, scripted

from legend_lab import (
    CompensationOutcome,
    ExecutionId,
    Failed,
    Fault,
    FaultKind,
    OutsideRunError,
    RetryPolicy,
    Saga,
    SimulatedCrash,
    Step,
    StepOutcome,
    idempotency_key,
    pass_time,
    resources,
)


class Keys:
    """Notes the key of each call and answers as scripted."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.seen = []

    def __call__(self, context):
        self.seen.append(idempotency_key())
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, type):
            raise answer
        return answer


def noting(keys):
    return [lambda context: keys(context)] * 9  # noqa: PLW0108 - the script wants functions


async def test_a_key_is_the_same_for_every_attempt(way):
    keys = Keys(ValueError, PAUSE, KeyboardInterrupt)
    new = way.build(World(do={"b": noting(keys)}), b={"retry_policy": RetryPolicy.retries(1)})
    paused = await new.start()
    with pytest.raises(KeyboardInterrupt):
        await paused.resume()
    await paused.recover().resume()
    assert len(keys.seen) == 4
    assert set(keys.seen) == {f"{new.id}:b"}


async def test_a_key_survives_a_crash(way):
    keys = Keys()
    new = way.build(World(do={"b": noting(keys)}), options={"faults": Fault("b", kind=FaultKind.CRASH_AFTER)})
    with pytest.raises(SimulatedCrash):
        await new.start()
    await new.recover().resume()
    assert keys.seen == [f"{new.id}:b"] * 2


async def test_the_undo_has_a_key_of_its_own_that_is_stable_too(way):
    keys, step_keys = Keys(ValueError, UNDO_PAUSE), Keys()
    world = World(do={"a": noting(step_keys), "b": [KeyError]}, undo={"a": noting(keys)})
    paused = await way.start(world, a={"compensation_retry_policy": RetryPolicy.retries(1)})
    assert isinstance(await paused.resume(), Failed)
    assert len(keys.seen) == 3
    assert len({*keys.seen, *step_keys.seen}) == 2


async def test_the_undo_can_ask_for_the_key_of_its_step(way):
    def ask(context):
        context["keys"] = [idempotency_key(), idempotency_key("execute"), idempotency_key(of="compensate")]

    keys = Keys()
    result = await way.start(World(do={"a": noting(keys), "b": [KeyError]}, undo={"a": [ask]}))
    assert result.context["keys"] == [f"{keys.seen[0]}:undo", keys.seen[0], f"{keys.seen[0]}:undo"]


async def test_the_step_can_ask_for_the_key_of_its_undo(way):
    def ask(context):
        context["key"] = idempotency_key(of="compensate")

    keys = Keys()
    result = await way.start(World(do={"a": [ask], "b": [KeyError]}, undo={"a": noting(keys)}))
    assert keys.seen == [result.context["key"]]


async def test_keys_differ_from_step_to_step_and_from_run_to_run(way):
    keys = Keys()
    script = {name: noting(keys) for name in "abc"}
    await way.start(World(do=script))
    await way.start(World(do=script))
    assert len(set(keys.seen)) == 6


async def test_a_key_is_made_of_the_execution_id_and_the_path_of_the_step(way):
    keys, id = Keys(), ExecutionId.new()  # noqa: A001 - what it is
    trip = Saga.of("Trip", {"flight": way.step()})
    await way.start(World(do={"trip.flight": noting(keys)}), {"trip": trip}, options={"id": id})
    assert keys.seen == [f"{id}:trip.flight"]


async def test_another_word_than_execute_or_compensate_is_refused(way):
    result = await way.start(World(do={"a": [lambda _: idempotency_key("undo")]}))
    assert isinstance(result.error, ValueError)


class Plain(Step[dict]):
    async def execute(self, ctx):
        ctx["done"] = True
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


async def test_a_step_is_a_plain_object_that_a_unit_test_can_call():
    context = {}
    assert await Plain().execute(context) is StepOutcome.CONTINUE
    assert context["done"]


async def test_outside_a_run_a_key_and_resources_and_time_raise_a_clear_error():
    with pytest.raises(OutsideRunError, match=r"idempotency_key\(\) only has an answer while a saga runs the step"):
        idempotency_key()
    with pytest.raises(OutsideRunError, match=r"resources\(World\).*run it through a saga"):
        resources(World)
    with pytest.raises(OutsideRunError, match="pass_time"):
        await pass_time(5)


async def test_after_a_run_there_is_no_run_any_more(way):
    await way.start(World())
    with pytest.raises(OutsideRunError):
        idempotency_key()
    with pytest.raises(KeyboardInterrupt):
        await way.build(World(do={"a": [KeyboardInterrupt]})).start()
    with pytest.raises(OutsideRunError):
        idempotency_key()


async def test_a_saga_run_inside_a_step_has_keys_of_its_own_and_gives_the_outer_ones_back(way):
    async def nest(context):
        before = idempotency_key()
        inner = Saga.of("Inner", {"x": scripted()}).build({}, resources=World(do={"x": noting(keys)}))
        await inner.start()
        context["keys"] = [before, f"{inner.id}:x", idempotency_key()]

    keys = Keys()
    result = await way.start(World(do={"b": [nest]}))
    outer, inner, again = result.context["keys"]
    assert outer == again == f"{result.id}:b"
    assert keys.seen == [inner]
