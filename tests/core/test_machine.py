"""The machine as a value: copies, replays, what it says of itself, and sizes."""

import copy

import pytest
from core_programs import (
    ABORT,
    AT_ONCE,
    CRASHED,
    CUT,
    DONE,
    EAGER,
    ELAPSED,
    ERROR,
    FINAL,
    HALTING,
    LATER,
    PAUSE,
    PLAIN,
    RESUME,
    RETRY,
    STOPPED,
    UNDO_PAUSE,
    UNDONE,
    UNSURE,
    after,
    program,
    reachable,
    show,
)

from legend_lab.core.errors import AbortedError
from legend_lab.core.instructions import Abort, ExecutionPhase, Failure, Resolve
from legend_lab.core.machine import Machine
from legend_lab.core.program import Program, StepSpec
from legend_lab.core.state import ExecutionState
from legend_lab.core.table import MachineState

FORWARD, COMPENSATING = ExecutionPhase.FORWARD, ExecutionPhase.COMPENSATING


def undone(machine):
    """Paths that the machine asks to undo from here on when every undo works."""
    found = []
    while not machine.finished:
        found.append(machine.cursor.path)
        machine.feed(UNDONE)
    return found


def state_of(machine):
    state = machine.execution_state()
    return state.current_index, state.executed_count, state.attempt, state.retry_count, state.phase


# -- the machine as a value ------------------------------------------------------------------------


def test_a_copy_goes_on_without_the_original_noticing():
    original = after(PLAIN, DONE, DONE, ERROR, ERROR)
    stands = (original.cursor, original.state, original.rollback, original.pending)
    twin = original.copy()
    for outcome in (ERROR, Resolve("b"), RETRY, UNDONE):
        twin.feed(outcome)
    assert twin.state is MachineState.FAILED
    assert (original.cursor, original.state, original.rollback, original.pending) == stands


def test_the_original_goes_on_without_the_copy_noticing():
    original = after(PLAIN, DONE)
    twin = original.copy()
    original.feed(DONE)
    assert (show(twin.cursor), show(original.cursor)) == ("execute b #1", "execute c #1")


def test_what_a_machine_hands_out_cannot_be_changed():
    machine = after(PLAIN, DONE, DONE, ERROR)
    with pytest.raises(AttributeError):
        machine.cursor.attempt = 7
    with pytest.raises(AttributeError):
        machine.rollback.origin = 7
    with pytest.raises(TypeError):
        machine.rollback.attempts[0] = 7
    broken = after(PLAIN, DONE, DONE, ERROR, ERROR, ERROR)
    with pytest.raises(TypeError):
        broken.rollback.attempts[0] = 7
    with pytest.raises(AttributeError):
        machine.execution_state().attempt = 7


def test_a_replay_of_the_outcomes_rebuilds_the_machine():
    outcomes = (DONE, PAUSE, RESUME, DONE, ERROR, ERROR, UNDO_PAUSE, RESUME, UNDONE, RETRY)
    grown = Machine(PLAIN)
    for outcome in outcomes:
        grown.feed(outcome)
    again = Machine.replay(PLAIN, iter(outcomes))
    assert (again.cursor, again.state, again.rollback) == (grown.cursor, grown.state, grown.rollback)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, copy.copy, Machine.copy])
def test_a_machine_of_a_long_program_can_be_duplicated_and_goes_on(duplicate):
    long = Program("Long", tuple(StepSpec(f"s{i}") for i in range(10_000)))
    twin = duplicate(after(long, DONE, DONE, ERROR))
    assert show(twin.cursor) == "compensate s1 #1"
    assert undone(twin) == ["s1", "s0"]


def test_a_finished_machine_has_no_next_instruction():
    assert after(PLAIN, DONE, DONE, DONE).next_instruction() is None
    assert after(PLAIN, ERROR).next_instruction() is None
    assert show(after(PLAIN).next_instruction()) == "execute a #1"


def test_ten_thousand_steps_run_forward_and_are_undone_in_strict_reverse():
    long = Program("Long", tuple(StepSpec(f"s{i}") for i in range(10_000)))
    forward = Machine.replay(long, [DONE] * 10_000)
    assert forward.state is MachineState.COMPLETED
    machine = Machine.replay(long, [*[DONE] * 9_999, ERROR])
    assert undone(machine) == [f"s{i}" for i in reversed(range(9_999))]


# -- S2, S3: forward and retry ---------------------------------------------------------------------


def test_pauses_and_interrupts_count_as_attempts_and_use_up_no_retry():
    machine = after(AT_ONCE, PAUSE, RESUME, CUT, RESUME, CRASHED, RESUME, ERROR)
    assert show(machine.cursor) == "execute a #4 r1 ?"
    machine.feed(ERROR)
    assert machine.state is MachineState.COMPENSATING


def test_retries_used_before_a_pause_stay_used():
    machine = after(AT_ONCE, ERROR, PAUSE, RESUME)
    assert show(machine.cursor) == "execute a #3 r1 ?"
    assert after(AT_ONCE, ERROR, PAUSE, RESUME, ERROR).rollback is not None


def test_an_error_that_gives_up_is_not_retried():
    assert after(AT_ONCE, FINAL).state is MachineState.FAILED


def test_an_interrupted_wait_is_waited_again_in_full_and_is_no_attempt():
    machine = after(LATER, ERROR, CUT, RESUME)
    assert show(machine.cursor) == "wait 5 ms, then execute a #2 r1"


def test_each_step_has_its_own_retries():
    machine = after(AT_ONCE, ERROR, DONE, ERROR)
    assert show(machine.cursor) == "execute b #2 r1"


# -- S4, S5: rollback ------------------------------------------------------------------------------


def test_rollback_undoes_the_steps_before_the_failed_one_newest_first():
    assert undone(after(program(5), DONE, DONE, DONE, DONE, ERROR)) == ["d", "c", "b", "a"]


@pytest.mark.parametrize("before", [(UNSURE,), (PAUSE, RESUME, ERROR), (CUT, RESUME, ERROR), (CRASHED, RESUME, UNSURE)])
def test_a_failing_step_with_an_uncertain_effect_is_undone_first(before):
    assert undone(after(PLAIN, DONE, *before)) == ["b", "a"]


def test_uncertainty_of_an_earlier_attempt_lasts_over_retries():
    assert undone(after(AT_ONCE, DONE, UNSURE, ERROR)) == ["b", "a"]


def test_a_stop_between_two_instructions_makes_nothing_uncertain():
    assert undone(after(PLAIN, DONE, STOPPED, RESUME, ERROR)) == ["a"]
    assert undone(after(PLAIN, DONE, CRASHED, RESUME, ERROR)) == ["a"]


def test_a_step_that_declares_it_is_undone_also_when_it_failed_for_certain():
    assert undone(after(EAGER, DONE, ERROR)) == ["b", "a"]
    assert undone(after(EAGER, ERROR)) == ["a"]


# -- S7, S8: failed undos and repair ---------------------------------------------------------------


def test_halt_leaves_the_failed_and_the_untried_pending_in_undo_order():
    machine = after(HALTING, DONE, DONE, UNSURE, UNDONE, ERROR)
    assert machine.pending == ("b", "a")
    assert [item.path for item in machine.rollback.failures] == ["b"]


def test_continue_tries_the_others_and_leaves_only_the_failed_pending():
    machine = after(PLAIN, DONE, DONE, UNSURE, ERROR, UNDONE, ERROR)
    assert machine.pending == ("c", "a")
    assert [item.path for item in machine.rollback.failures] == ["c", "a"]


def test_a_retry_round_keeps_attempt_numbers_and_has_fresh_retries():
    machine = after(AT_ONCE, DONE, FINAL, ERROR, ERROR, RETRY)
    assert show(machine.cursor) == "compensate a #3"
    machine.feed(ERROR)
    assert show(machine.cursor) == "compensate a #4 r1"


def test_attempt_numbers_go_on_over_several_rounds():
    machine = after(PLAIN, DONE, DONE, ERROR, ERROR, ERROR, RETRY, UNDO_PAUSE, RESUME, ERROR, UNDONE, RETRY)
    assert show(machine.cursor) == "compensate b #4"
    assert undone(machine) == ["b"]


def test_an_undo_that_halt_left_untried_begins_with_its_first_attempt():
    machine = after(HALTING, DONE, DONE, ERROR, ERROR, RETRY, UNDONE)
    assert show(machine.cursor) == "compensate a #1"


def test_a_retry_round_that_works_ends_failed_with_no_failures():
    machine = after(PLAIN, DONE, DONE, ERROR, ERROR, UNDONE, RETRY, UNDONE)
    assert (machine.state, machine.rollback.failures) == (MachineState.FAILED, ())


def test_resolving_keeps_the_failures_of_the_last_round_and_strikes_out_the_path():
    machine = after(PLAIN, DONE, DONE, ERROR, ERROR, ERROR, Resolve("a"))
    assert machine.pending == ("b",)
    assert [item.path for item in machine.rollback.failures] == ["b", "a"]
    machine.feed(Resolve("b"))
    assert machine.finished
    assert machine.pending == ()


def test_a_resolved_undo_is_not_tried_in_the_next_round():
    machine = after(PLAIN, DONE, DONE, ERROR, ERROR, ERROR, Resolve("b"), RETRY)
    assert undone(machine) == ["a"]


def test_a_pause_after_a_failed_undo_keeps_the_failure():
    machine = after(PLAIN, DONE, DONE, ERROR, ERROR, UNDO_PAUSE, RESUME, UNDONE)
    assert machine.state is MachineState.COMPENSATION_FAILED
    assert machine.pending == ("b",)


# -- S9: abort -------------------------------------------------------------------------------------


def test_an_abort_undoes_the_step_it_stands_at_only_when_it_was_tried():
    assert undone(after(PLAIN, DONE, PAUSE, ABORT)) == ["b", "a"]
    assert undone(after(PLAIN, DONE, STOPPED, ABORT)) == ["a"]
    assert undone(after(EAGER, DONE, STOPPED, ABORT)) == ["a"]
    assert undone(after(LATER, DONE, ERROR, CUT, ABORT)) == ["a"]
    assert undone(after(LATER, DONE, UNSURE, CUT, ABORT)) == ["b", "a"]


def test_an_abort_in_a_back_off_counts_the_attempt_before_it():
    eager = program(retry_policy=LATER.steps[0].retry_policy, compensate_on_failure=True)
    assert undone(after(eager, DONE, ERROR, CUT, ABORT)) == ["b", "a"]


def test_an_abort_carries_its_reason_as_an_error():
    error = after(PLAIN, PAUSE, Abort("too late")).rollback.original.error
    assert isinstance(error, AbortedError)
    assert str(error) == "too late"
    assert str(after(PLAIN, PAUSE, Abort()).rollback.original.error) == "aborted"


# -- state -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "outcomes", "expected"),
    [
        (PLAIN, (), (0, 0, 1, 0, FORWARD)),
        (PLAIN, (DONE,), (1, 1, 1, 0, FORWARD)),
        (PLAIN, (DONE, DONE, DONE), (2, 3, 1, 0, FORWARD)),
        (PLAIN, (DONE, PAUSE), (1, 1, 2, 0, FORWARD)),
        (LATER, (DONE, ERROR), (1, 1, 2, 1, FORWARD)),
        (LATER, (DONE, ERROR, CUT), (1, 1, 2, 1, FORWARD)),
        (LATER, (DONE, ERROR, ELAPSED), (1, 1, 2, 1, FORWARD)),
        (PLAIN, (DONE, DONE, ERROR), (1, 2, 1, 0, COMPENSATING)),
        (PLAIN, (DONE, DONE, ERROR, UNDONE), (0, 2, 1, 0, COMPENSATING)),
        (PLAIN, (DONE, DONE, ERROR, UNDONE, UNDONE), (0, 2, 1, 0, COMPENSATING)),
        (PLAIN, (DONE, DONE, UNSURE), (2, 2, 1, 0, COMPENSATING)),
        (PLAIN, (ERROR,), (0, 0, 1, 0, COMPENSATING)),
        (PLAIN, (DONE, DONE, ERROR, ERROR, ERROR), (1, 2, 2, 0, COMPENSATING)),
        (PLAIN, (STOPPED, ABORT), (0, 0, 1, 0, COMPENSATING)),
        (PLAIN, (DONE, PAUSE, ABORT, UNDONE), (0, 1, 1, 0, COMPENSATING)),
    ],
)
def test_the_state_says_index_steps_done_attempt_retries_and_phase(what, outcomes, expected):
    assert state_of(after(what, *outcomes)) == expected


def test_a_state_is_a_value_and_says_whether_rollback_has_begun():
    assert ExecutionState(1, 2, 3, 4, FORWARD) == ExecutionState(1, 2, 3, 4, FORWARD)
    assert not ExecutionState(1, 2, 3, 4, FORWARD).is_compensating
    assert ExecutionState(1, 2, 3, 4, COMPENSATING).is_compensating
    assert len({ExecutionState(1, 2, 3, 4, FORWARD), ExecutionState(1, 2, 3, 4, FORWARD)}) == 1


def test_undo_never_lowers_the_count_of_executed_steps_and_the_phase_never_turns_back():
    for what in (PLAIN, HALTING, LATER):
        for machine in reachable(what):
            state = machine.execution_state()
            assert state.is_compensating is (machine.rollback is not None)
            if machine.rollback is not None:
                assert state.executed_count == machine.rollback.origin


def test_pending_is_empty_unless_an_undo_failed_for_good():
    for machine in reachable(PLAIN):
        assert bool(machine.pending) is (machine.state is MachineState.COMPENSATION_FAILED)


def test_the_original_failure_survives_everything_that_follows():
    original = Failure(ValueError("first"))
    machine = after(PLAIN, DONE, DONE, original, ERROR, UNDO_PAUSE, RESUME, ERROR, RETRY, CUT, RESUME, UNDONE, UNDONE)
    assert machine.finished
    assert machine.rollback.original is original
