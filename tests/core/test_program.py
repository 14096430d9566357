"""Programs and their settings: validated once, never changed, safe to copy; and the arithmetic of retries."""

import copy
import math
import pickle

import pytest
from core_programs import program
from hypothesis import given
from hypothesis import strategies as st

from legend_lab.core.errors import EmptySagaError, SagaDefinitionError
from legend_lab.core.program import LONGEST_WAIT_MS, Program, RetryPolicy, StepSpec

ENORMOUS = 10**400
NO_NUMBERS = [-1, -0.5, math.nan, math.inf, -math.inf, "3", None, True, 1j, ENORMOUS, [1]]


def _short(value):
    return "enormous" if value == ENORMOUS else repr(value)


# -- retry policy ----------------------------------------------------------------------------------


def test_no_retry_is_the_default():
    assert RetryPolicy() == RetryPolicy.NO_RETRY
    assert RetryPolicy().max_retries == 0
    assert not RetryPolicy().should_retry(0)


def test_max_retries_does_not_count_the_first_attempt():
    policy = RetryPolicy.retries(2)
    assert [policy.should_retry(done) for done in range(4)] == [True, True, False, False]


def test_the_short_forms_say_the_same_as_the_long_ones():
    assert RetryPolicy.retries(3) == RetryPolicy(max_retries=3)
    assert RetryPolicy.retries_with_backoff(3, 100) == RetryPolicy(max_retries=3, backoff_ms=100)


def test_the_wait_grows_by_the_multiplier_up_to_its_limit():
    policy = RetryPolicy(5, 100, 3.0, 1_000)
    assert [policy.backoff_for(retry) for retry in range(1, 6)] == [100, 300, 900, 1_000, 1_000]


def test_a_multiplier_below_one_shrinks_the_wait():
    policy = RetryPolicy(3, 100, 0.5)
    assert [policy.backoff_for(retry) for retry in range(1, 4)] == [100, 50, 25]


def test_a_multiplier_of_zero_waits_only_before_the_first_retry():
    policy = RetryPolicy(3, 100, 0)
    assert [policy.backoff_for(retry) for retry in range(1, 4)] == [100, 0, 0]


def test_no_backoff_is_zero_whatever_the_multiplier():
    assert RetryPolicy(2000, 0, 1e308).backoff_for(2000) == 0


def test_an_overflowing_wait_is_capped_by_its_limit():
    policy = RetryPolicy(5_000, 100, 10, 60_000)
    assert policy.backoff_for(5_000) == 60_000
    assert RetryPolicy(3, 1e300, 1e300, 5).backoff_for(3) == 5


@pytest.mark.parametrize("settings", [(5_000, 100, 10), (2, 1e300, 1e300), (1, LONGEST_WAIT_MS * 2)])
def test_an_overflowing_wait_without_a_limit_is_refused(settings):
    with pytest.raises(SagaDefinitionError, match="would wait over 1e\\+12 ms; give max_backoff_ms"):
        RetryPolicy(*settings)


def test_a_shrinking_wait_whose_first_is_too_long_is_refused():
    with pytest.raises(SagaDefinitionError, match="retry 1 would wait over"):
        RetryPolicy(9, LONGEST_WAIT_MS * 10, 0.1)


def test_a_limit_that_is_too_long_is_refused_when_it_could_be_reached():
    with pytest.raises(SagaDefinitionError, match="would wait over"):
        RetryPolicy(9, 1, 1e6, LONGEST_WAIT_MS * 10)
    assert RetryPolicy(9, 1, 1, LONGEST_WAIT_MS * 10).backoff_for(9) == 1


@pytest.mark.parametrize("value", [*NO_NUMBERS, 1.0, 2.5], ids=_short)
def test_max_retries_must_be_an_int_from_zero(value):
    if value == ENORMOUS:
        assert RetryPolicy(value).should_retry(10**9)
        return
    with pytest.raises(SagaDefinitionError, match="max_retries must be an int from 0"):
        RetryPolicy(max_retries=value)


@pytest.mark.parametrize("name", ["backoff_ms", "multiplier", "max_backoff_ms"])
@pytest.mark.parametrize("value", NO_NUMBERS, ids=_short)
def test_waits_and_their_growth_must_be_numbers_from_zero(name, value):
    if value is None and name == "max_backoff_ms":
        assert RetryPolicy(max_backoff_ms=None).max_backoff_ms is None
        return
    with pytest.raises(SagaDefinitionError, match=f"{name} must be a number from 0"):
        RetryPolicy(max_retries=1, **{name: value})


def test_give_up_on_takes_one_class_or_several():
    assert RetryPolicy(give_up_on=ValueError).give_up_on == (ValueError,)
    assert RetryPolicy(give_up_on=(ValueError, KeyError)).give_up_on == (ValueError, KeyError)


@pytest.mark.parametrize(
    "value", ["ValueError", ValueError("one"), [ValueError], (ValueError, int), KeyboardInterrupt, 3, None]
)
def test_give_up_on_takes_nothing_but_exception_classes(value):
    with pytest.raises(SagaDefinitionError, match=r"give_up_on must be exception classes \(Exception or below\)"):
        RetryPolicy(give_up_on=value)


@given(
    st.integers(1, 50),
    st.floats(0, 1e6),
    st.floats(0, 10),
    st.floats(0, 1e6),
)
def test_every_wait_is_the_formula_of_the_contract(retries, backoff, multiplier, limit):
    policy = RetryPolicy(retries, backoff, multiplier, limit)
    for retry in range(1, retries + 1):
        assert policy.backoff_for(retry) == min(backoff * multiplier ** (retry - 1), limit)
        assert 0 <= policy.backoff_for(retry) <= LONGEST_WAIT_MS


# -- step settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, "1", True, 1e12, ENORMOUS], ids=_short)
def test_a_timeout_must_be_a_positive_number_of_seconds(value):
    with pytest.raises(SagaDefinitionError, match="a: timeout_s must be a positive number of seconds"):
        StepSpec("a", timeout_s=value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("retry_policy", 3),
        ("compensation_retry_policy", None),
        ("compensate_on_failure", 1),
        ("compensate_on_failure", None),
        ("idempotent", "yes"),
        ("uncertain_on", "TimeoutError"),
        ("uncertain_on", (1,)),
    ],
)
def test_a_wrong_setting_is_refused_with_step_and_setting_named(name, value):
    with pytest.raises(SagaDefinitionError, match=f"trip.flight: {name} must be"):
        StepSpec("trip.flight", **{name: value})


def test_by_default_timeouts_and_lost_connections_leave_the_effect_uncertain():
    assert StepSpec("a").uncertain_on == (TimeoutError, ConnectionError)
    assert StepSpec("a", uncertain_on=OSError).uncertain_on == (OSError,)
    assert StepSpec("a", uncertain_on=()).uncertain_on == ()


# -- program ---------------------------------------------------------------------------------------


def test_a_program_without_steps_is_refused():
    with pytest.raises(EmptySagaError, match="saga Empty has no steps"):
        Program("Empty", ())


def test_two_steps_of_the_same_path_are_refused():
    with pytest.raises(SagaDefinitionError, match="two steps have the same path"):
        Program("Twice", (StepSpec("a"), StepSpec("b"), StepSpec("a")))


@pytest.mark.parametrize("value", ["stop", None, True, ""])
def test_on_compensation_failure_is_continue_or_halt(value):
    with pytest.raises(SagaDefinitionError, match="on_compensation_failure is 'continue' or 'halt'"):
        Program("Odd", (StepSpec("a"),), value)


def test_a_program_knows_the_index_of_each_path():
    assert program(3).index_of == {"a": 0, "b": 1, "c": 2}


def test_a_program_with_other_settings_keeps_its_name_and_paths():
    other = program(2).with_settings([StepSpec("a", timeout_s=1), StepSpec("b")], "halt")
    assert (other.name, other.on_compensation_failure, other.steps[0].timeout_s) == ("Sample", "halt", 1)
    assert [at.path for at in other.executes] == ["a", "b"]


def test_a_program_is_frozen_and_copies_as_itself():
    what = program(3)
    with pytest.raises(AttributeError):
        what.name = "Other"
    assert copy.copy(what) is what
    assert copy.deepcopy({"program": what})["program"] is what


def test_a_program_of_ten_thousand_steps_can_be_pickled():
    what = Program("Long", tuple(StepSpec(f"s{i}") for i in range(10_000)), "halt")
    back = pickle.loads(pickle.dumps(what))  # noqa: S301 - our own
    assert back == what
    assert back.executes[9_998].successor is back.executes[9_999]
    assert back.compensates[1].successor is back.compensates[0]
    assert back.index_of["s9999"] == 9_999


def test_an_instruction_of_a_long_program_can_be_copied_and_pickled():
    what = Program("Long", tuple(StepSpec(f"s{i}") for i in range(10_000)))
    for at in (what.executes[0], what.compensates[-1]):
        assert copy.deepcopy(at) == at
        assert pickle.loads(pickle.dumps(at)) == at  # noqa: S301 - our own
