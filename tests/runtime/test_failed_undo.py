"""S7 Failed undo."""

import pytest
from scripted import PAUSE, UNDO_PAUSE, Returns, World, told

from legend_lab import (
    CompensationFailed,
    CompensationOutcome,
    Failed,
    RetryPolicy,
    Saga,
    StepOutcome,
    StrictOutcomeError,
    UnexpectedError,
)
from legend_lab.runtime.executions import FailedUndo


async def broken(way, steps="abcd", *, on="continue", **undo):
    """Runs abcd, where d fails for certain and the undos follow their scripts."""
    world = World(do={"d": [ValueError("first")]}, undo=undo)
    return await way.start(world, steps, on=on), world


async def test_a_raising_undo_is_retried_by_its_own_policy(way):
    world = World(do={"b": [ValueError]}, undo={"a": [KeyError, KeyError]})
    result = await way.start(world, a={"compensation_retry_policy": RetryPolicy.retries(2)})
    assert isinstance(result, Failed)
    assert told(result)[2:] == [
        *("compensate a #1 compensation_failed", "compensate a #2 compensation_failed", "compensate a #3 compensated"),
    ]


async def test_an_undo_gives_up_on_what_its_policy_names(way):
    world = World(do={"b": [ValueError]}, undo={"a": [KeyError]})
    result = await way.start(world, a={"compensation_retry_policy": RetryPolicy(2, give_up_on=LookupError)})
    assert isinstance(result, CompensationFailed)
    assert world.count("undo a") == 1


@pytest.mark.parametrize("junk", [None, True, StepOutcome.CONTINUE, StepOutcome.PAUSE, "completed"], ids=repr)
async def test_an_undo_that_returns_no_compensation_outcome_fails_and_is_not_retried(way, junk):
    world = World(do={"b": [ValueError]}, undo={"a": [Returns(junk)]})
    result = await way.start(world, a={"compensation_retry_policy": RetryPolicy.retries(9)})
    assert isinstance(result, CompensationFailed)
    assert isinstance(result.compensation_error, StrictOutcomeError)
    assert "a: compensate must return a CompensationOutcome" in str(result.compensation_error)
    assert world.count("undo a") == 1


async def test_continue_still_undoes_the_earlier_steps(way):
    result, world = await broken(way, b=[KeyError("b")])
    assert world.calls[-3:] == ["undo c", "undo b", "undo a"]
    assert isinstance(result, CompensationFailed)
    assert result.context == {"done": ["b"]}


async def test_halt_stops_at_the_first_failed_undo(way):
    result, world = await broken(way, on="halt", b=[KeyError("b")])
    assert world.calls[-2:] == ["undo c", "undo b"]
    assert isinstance(result, CompensationFailed)


async def test_the_result_carries_the_original_error_and_every_undo_error_in_order(way):
    c, a = KeyError("c"), RuntimeError("a")
    result, _ = await broken(way, c=[c], a=[a])
    assert str(result.original_error) == "first"
    assert result.compensation_errors == (FailedUndo(2, "c", c), FailedUndo(0, "a", a))
    assert result.compensation_error is c
    assert result.failed_at == 2
    assert result.pending == ("c", "a")
    assert result.is_failed


async def test_pending_lists_with_halt_what_failed_and_what_was_never_tried_in_undo_order(way):
    result, _ = await broken(way, on="halt", b=[KeyError("b")])
    assert result.pending == ("b", "a")
    assert [item.path for item in result.compensation_errors] == ["b"]


async def test_an_undo_that_fails_last_is_recorded_like_any_other(way):
    result, _ = await broken(way, a=[KeyError("a")])
    assert (result.pending, result.failed_at) == (("a",), 0)


async def test_the_error_recorded_is_that_of_the_last_attempt(way):
    world = World(do={"b": [ValueError]}, undo={"a": [KeyError("one"), KeyError("two")]})
    result = await way.start(world, a={"compensation_retry_policy": RetryPolicy.retries(1)})
    assert result.compensation_error.args == ("two",)


async def test_a_retried_undo_that_works_in_the_end_is_no_failure(way):
    world = World(do={"c": [ValueError]}, undo={"b": [KeyError], "a": [KeyError]})
    result = await way.start(world, b={"compensation_retry_policy": RetryPolicy.retries(1)})
    assert result.pending == ("a",)


async def test_errors_of_undos_outside_the_declared_type_are_wrapped(way):
    error = KeyError("x")
    world = World(do={"b": [ValueError("mine")]}, undo={"a": [error]})
    result = await way.start(world, error=ValueError)
    assert type(result.original_error) is ValueError
    assert isinstance(result.compensation_error, UnexpectedError)
    assert result.compensation_error.__cause__ is error


async def test_an_uncertain_step_whose_own_undo_fails_is_pending_first(way):
    world = World(do={"b": [ConnectionError]}, undo={"b": [KeyError], "a": [KeyError]})
    assert (await way.start(world)).pending == ("b", "a")


@pytest.mark.parametrize(
    ("outer", "inner", "last"), [("halt", "continue", "undo trip.b"), ("continue", "halt", "undo trip.a")]
)
async def test_the_outermost_sagas_setting_counts(way, outer, inner, last):
    world = World(do={"z": [ValueError]}, undo={"trip.b": [KeyError]})
    trip = Saga.of("Trip", {"a": way.step(), "b": way.step()}, on_compensation_failure=inner)
    result = await way.start(world, {"trip": trip, "z": way.step()}, on=outer)
    assert isinstance(result, CompensationFailed)
    assert world.calls[-1] == last


async def test_a_context_change_made_by_a_failing_undo_stays(way):
    def spoil(context):
        context["half"] = True
        raise KeyError

    result, _ = await broken(way, b=[spoil])
    assert result.context["half"]


async def test_an_undo_that_pauses_and_then_fails_is_a_failed_undo(way):
    paused, _ = await broken(way, b=[UNDO_PAUSE, KeyError("late")])
    result = await paused.resume()
    assert result.pending == ("b",)
    assert told(result)[-3:] == [
        "halt b #2 resumed",
        "compensate b #2 compensation_failed",
        "compensate a #1 compensated",
    ]


async def test_a_pause_outcome_of_a_step_is_not_one_of_an_undo(way):
    result, _ = await broken(way, b=[Returns(PAUSE)])
    assert isinstance(result.compensation_error, StrictOutcomeError)
    assert CompensationOutcome.PAUSE is not PAUSE


async def test_it_can_be_matched_by_its_attributes(way):
    result, _ = await broken(way, b=[KeyError("b")])
    match result:
        case CompensationFailed(original_error=original, failed_at=index, pending=(path,)):
            assert (str(original), index, path) == ("first", 1, "b")
        case _:
            pytest.fail("no match")


async def test_it_stands_at_the_first_pending_undo(way):
    result, _ = await broken(way, b=[KeyError("b")])
    assert (result.state.current_index, result.state.executed_count, result.state.attempt) == (1, 3, 2)
    assert result.state.is_compensating
