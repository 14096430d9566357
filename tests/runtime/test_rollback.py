"""S4 Rollback and S5 The failing step itself."""

import asyncio

import pytest
from scripted import PAUSE, Returns, World, state_of, told

from legend_lab import Completed, Failed, InjectedConnectionError, RetryPolicy, StepTimeoutError, StoredError


class CardError(Exception):
    pass


class LostCardError(CardError, ConnectionError):
    pass


# -- S4 --------------------------------------------------------------------------------------------


async def test_every_completed_step_is_undone_in_strict_reverse_order(way):
    world = World(do={"e": [CardError]})
    result = await way.start(world, "abcdef")
    assert world.calls == [*("do a", "do b", "do c", "do d", "do e"), *("undo d", "undo c", "undo b", "undo a")]
    assert isinstance(result, Failed)
    assert result.context == {"done": []}


async def test_the_result_is_failed_with_the_very_error_of_the_last_attempt(way):
    error = CardError("declined")
    result = await way.start(World(do={"b": [error]}), error=CardError)
    assert result.error is error


async def test_steps_after_the_failed_one_are_neither_run_nor_undone(way):
    world = World(do={"b": [CardError]})
    await way.start(world, "abcd")
    assert not {"do c", "do d", "undo c", "undo d"} & set(world.calls)


async def test_a_first_step_that_fails_for_certain_leaves_nothing_to_undo(way):
    result = await way.start(World(do={"a": [CardError]}))
    assert isinstance(result, Failed)
    assert told(result) == ["execute a #1 failed"]
    assert state_of(result) == (0, 0, 1, 0, "compensating")


async def test_the_phase_is_compensating_from_the_failure_on(way):
    world = World(do={"c": [CardError]})
    result = await way.start(world)
    assert [entry.phase.value for entry in result.journal] == ["forward"] * 3 + ["compensating"] * 2
    assert state_of(result) == (0, 2, 1, 0, "compensating")


async def test_each_undo_names_the_execution_it_takes_back(way):
    world = World(do={"a": [PAUSE], "c": [CardError]})
    result = await (await way.start(world)).resume()
    assert [(e.path, e.undoes) for e in result.journal if e.kind == "compensate"] == [("b", 3), ("a", 2)]


# -- S5 --------------------------------------------------------------------------------------------


async def undone_after(way, *script, **settings):
    """Paths undone when step b does this and then fails for certain."""
    world = World(do={"b": [*script]})
    result = await way.start(world, b=settings)
    while result.is_paused:
        result = await result.resume()
    assert isinstance(result, Failed)
    return [call.removeprefix("undo ") for call in world.calls if call.startswith("undo")]


async def test_a_step_whose_attempts_all_said_nothing_happened_is_not_undone(way):
    script = [CardError, CardError, CardError]
    assert await undone_after(way, *script, retry_policy=RetryPolicy.retries(2)) == ["a"]


@pytest.mark.parametrize(
    "doubt",
    [
        *(
            TimeoutError,
            ConnectionError,
            ConnectionResetError,
            StepTimeoutError,
            InjectedConnectionError,
            LostCardError,
        ),
        ExceptionGroup("several", [CardError(), ExceptionGroup("deep", [BrokenPipeError()])]),
    ],
    ids=lambda doubt: getattr(doubt, "__name__", "group"),
)
async def test_an_uncertain_error_has_its_step_undone_first(way, doubt):
    assert await undone_after(way, doubt) == ["b", "a"]


async def test_an_uncertain_error_counts_in_any_attempt(way):
    policy = RetryPolicy.retries(2)
    assert await undone_after(way, ConnectionError, CardError, CardError, retry_policy=policy) == ["b", "a"]
    assert await undone_after(way, CardError, ConnectionError, CardError, retry_policy=policy) == ["b", "a"]


async def test_a_pause_in_any_attempt_has_its_step_undone_first(way):
    assert await undone_after(way, PAUSE, CardError) == ["b", "a"]


async def test_a_value_that_is_no_outcome_has_its_step_undone_first(way):
    assert await undone_after(way, Returns("done")) == ["b", "a"]


async def test_an_interrupt_in_any_attempt_has_its_step_undone_first(way):
    world = World(do={"b": [asyncio.CancelledError, CardError]})
    new = way.build(world)
    with pytest.raises(asyncio.CancelledError):
        await new.start()
    assert isinstance(await new.recover().resume(), Failed)
    assert world.calls[-2:] == ["undo b", "undo a"]


@pytest.mark.parametrize("error", [CardError, LostCardError, ExceptionGroup("", [CardError(), KeyError()])])
async def test_uncertain_on_names_classes_and_takes_their_subclasses_and_groups(way, error):
    assert await undone_after(way, error, uncertain_on=CardError) == ["b", "a"]


async def test_uncertain_on_replaces_the_default_and_may_be_empty(way):
    assert await undone_after(way, ConnectionError, uncertain_on=()) == ["a"]
    assert await undone_after(way, ConnectionError, uncertain_on=(CardError,)) == ["a"]


async def test_a_timeout_of_the_attempt_is_uncertain_whatever_uncertain_on_says(way):
    assert await undone_after(way, StepTimeoutError, uncertain_on=()) == ["b", "a"]


async def test_compensate_on_failure_has_the_step_undone_also_when_nothing_happened(way):
    assert await undone_after(way, CardError, compensate_on_failure=True) == ["b", "a"]


async def test_compensate_on_failure_counts_for_the_first_step_too(way):
    world = World(do={"a": [CardError]})
    await way.start(world, a={"compensate_on_failure": True})
    assert world.calls == ["do a", "undo a"]


async def test_an_uncertain_step_that_succeeds_in_the_end_is_undone_once_like_any_other(way):
    world = World(do={"b": [ConnectionError], "c": [CardError]})
    await way.start(world, b={"retry_policy": RetryPolicy.retries(1)})
    assert world.calls[-2:] == ["undo b", "undo a"]


async def test_doubt_about_one_step_is_no_doubt_about_the_next(way):
    world = World(do={"a": [ConnectionError, None], "b": [CardError]})
    await way.start(world, a={"retry_policy": RetryPolicy.retries(1)})
    assert world.calls[-1:] == ["undo a"]
    assert "undo b" not in world.calls


async def test_the_count_of_executed_steps_leaves_the_uncertain_one_out(way):
    world = World(do={"b": [ConnectionError]}, undo={"b": [CardError]})
    broken = await way.start(world)
    assert broken.state.executed_count == 1
    assert broken.state.current_index == 1


async def test_stored_errors_are_judged_like_any_other(way):
    assert await undone_after(way, StoredError("ConnectionError", "then")) == ["a"]


async def test_a_saga_that_completes_is_never_undone(way):
    world = World()
    assert isinstance(await way.start(world, a={"compensate_on_failure": True}), Completed)
    assert not [call for call in world.calls if call.startswith("undo")]
