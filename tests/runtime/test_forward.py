"""S1 Flattening and S2 Forward."""

import pytest
from scripted import PAUSE, Returns, Way, World, scripted, state_of, told

from legend_lab import (
    CompensationOutcome,
    Completed,
    Failed,
    RetryPolicy,
    Saga,
    SimulatedStep,
    Step,
    StepOutcome,
    StrictOutcomeError,
    VirtualClock,
)

JUNK = [None, True, 0, "continue", StepOutcome, CompensationOutcome.PAUSE, CompensationOutcome.COMPLETED, object()]


def block(way, *names):
    return Saga.of("Inner", {name: way.step() for name in names})


# -- S1 --------------------------------------------------------------------------------------------


async def test_blocks_flatten_in_order_and_a_path_names_each_step(way):
    world = World()
    trip = Saga.of("Trip", {"hotel": way.step(), "legs": block(way, "out", "back")})
    result = await way.start(world, {"reserve": way.step(), "trip": trip, "charge": way.step()})
    paths = ["reserve", "trip.hotel", "trip.legs.out", "trip.legs.back", "charge"]
    assert [spec.path for spec in result.program.steps] == paths
    assert [(entry.index, entry.path) for entry in result.journal] == list(enumerate(paths))


async def test_a_failure_behind_a_block_undoes_the_block_step_by_step(way):
    world = World(do={"last": [ValueError]})
    steps = {"first": way.step(), "trip": block(way, "out", "back"), "last": way.step()}
    result = await way.start(world, steps)
    assert isinstance(result, Failed)
    assert world.calls[-3:] == ["undo trip.back", "undo trip.out", "undo first"]


async def test_a_failure_inside_a_block_undoes_also_what_came_before_the_block(way):
    world = World(do={"trip.back": [ValueError]})
    result = await way.start(world, {"first": way.step(), "trip": block(way, "out", "back"), "last": way.step()})
    assert isinstance(result, Failed)
    assert world.calls[-2:] == ["undo trip.out", "undo first"]
    assert "do last" not in world.calls


class Count(Step[dict]):
    async def execute(self, ctx):
        ctx["n"] = ctx.get("n", 0) + 1
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        ctx["n"] -= 1
        return CompensationOutcome.COMPLETED


async def test_ten_thousand_steps_run_and_are_undone():
    steps = {f"s{i}": Count() for i in range(10_000)}
    forward = await Saga.of("Long", steps).build({}).start()
    assert isinstance(forward, Completed)
    assert forward.context == {"n": 10_000}
    back = await Saga.of("Long", {**steps, "bad": scripted()}).build({}, resources=World({"bad": [KeyError]})).start()
    assert isinstance(back, Failed)
    assert back.context == {"n": 0}
    assert [entry.index for entry in back.journal[10_001:]] == list(reversed(range(10_000)))


async def test_ten_thousand_simulated_steps_run_in_virtual_time():
    saga = Saga.of("Long", {f"s{i}": SimulatedStep(duration_ms=1_000) for i in range(10_000)})
    result = await saga.build({}, clock=VirtualClock()).start()
    assert result.journal[-1].completed_ns - result.journal[0].started_ns == 10_000 * 1_000_000_000


async def test_one_step_is_enough_for_a_saga(way):
    world = World()
    result = await way.start(world, "a")
    assert told(result) == ["execute a #1 continue"]


# -- S2 --------------------------------------------------------------------------------------------


async def test_steps_run_in_index_order_and_continue_advances(way):
    world = World()
    result = await way.start(world)
    assert isinstance(result, Completed)
    assert world.calls == ["do a", "do b", "do c"]
    assert result.context == {"done": ["a", "b", "c"]}
    assert state_of(result) == (2, 3, 1, 0, "forward")


async def test_the_context_is_taken_over_and_not_copied(way):
    context = {}
    result = await way.start(World(), context=context)
    assert result.context is context


@pytest.mark.parametrize("junk", JUNK, ids=repr)
async def test_any_value_but_a_step_outcome_is_a_strict_outcome_error(way, junk):
    world = World(do={"b": [Returns(junk)]})
    result = await way.start(world)
    assert isinstance(result, Failed)
    assert isinstance(result.error, StrictOutcomeError)
    assert "b: execute must return a StepOutcome" in str(result.error)


async def test_an_attempt_without_an_outcome_failed_and_is_not_retried(way):
    world = World(do={"b": [Returns(None)]})
    result = await way.start(world, b={"retry_policy": RetryPolicy.retries(5)})
    assert world.count("do b") == 1
    assert told(result)[1] == "execute b #1 failed"


async def test_a_step_that_returned_no_outcome_is_undone_because_nobody_knows_what_it_did(way):
    world = World(do={"b": [Returns(None)]})
    await way.start(world)
    assert world.calls == ["do a", "do b", "undo b", "undo a"]


async def test_a_strict_error_is_no_surprise_whatever_errors_the_saga_declares(way):
    world = World(do={"a": [Returns(1)]})
    result = await way.start(world, error=ValueError)
    assert type(result.error) is StrictOutcomeError


async def test_a_strict_error_is_not_retried_also_in_a_later_attempt(way):
    world = World(do={"a": [ValueError, Returns(None)]})
    result = await way.start(world, a={"retry_policy": RetryPolicy.retries(5)})
    assert told(result) == ["execute a #1 failed", "execute a #2 failed", "compensate a #1 compensated"]


async def test_nothing_after_a_pause_has_run(way):
    world = World(do={"b": [PAUSE]})
    await way.start(world)
    assert world.calls == ["do a", "do b"]


def test_there_are_four_ways_and_they_differ():
    options = [Way(name).options() for name in ("swept", "stepwise", "hosted", "loopless")]
    assert [sorted(option) for option in options] == [[], ["observers"], ["clock"], ["clock"]]
