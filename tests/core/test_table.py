"""The table decides alone: each legal pair leads where it says, and everything else changes nothing."""

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
    OUTCOMES,
    PAUSE,
    PLAIN,
    RESUME,
    RETRY,
    STOPPED,
    STRANGERS,
    UNDO_PAUSE,
    UNDONE,
    UNSURE,
    after,
    program,
    reachable,
    show,
)

from legend_lab.core.errors import ProtocolError
from legend_lab.core.instructions import Failure, Resolve
from legend_lab.core.machine import Machine
from legend_lab.core.moves import MOVES
from legend_lab.core.table import STANDING, TRANSITIONS, Event, MachineState, Move

S, E = MachineState, Event
FAILING = (DONE, DONE, ERROR)  # the undos of b and a follow
WAITING = (DONE, ERROR)  # with LATER: stands in the back-off before b's second attempt
UNDO_WAITING = (DONE, DONE, FINAL, ERROR)  # with LATER: stands in the back-off before the second undo of b
BROKEN = (*FAILING, ERROR, ERROR)  # both undos failed

CASES = [
    (S.EXECUTING, E.STEP_DONE, PLAIN, (), DONE, S.EXECUTING, "execute b #1"),
    (S.EXECUTING, E.LAST_STEP_DONE, PLAIN, (DONE, DONE), DONE, S.COMPLETED, "execute c #1"),
    (S.EXECUTING, E.PAUSED, PLAIN, (DONE,), PAUSE, S.PAUSED, "halt (step paused) at execute b #2 ?"),
    (S.EXECUTING, E.RETRIED_AT_ONCE, AT_ONCE, (DONE,), ERROR, S.EXECUTING, "execute b #2 r1"),
    (S.EXECUTING, E.RETRIED_LATER, LATER, (DONE,), UNSURE, S.BACKING_OFF, "wait 5 ms, then execute b #2 r1 ?"),
    (S.EXECUTING, E.STEP_FAILED, PLAIN, (DONE, DONE), ERROR, S.COMPENSATING, "compensate b #1"),
    (S.EXECUTING, E.STEP_FAILED_CLEAN, PLAIN, (), ERROR, S.FAILED, "execute a #1"),
    (S.EXECUTING, E.INTERRUPTED, PLAIN, (DONE,), CUT, S.PAUSED, "halt (interrupted) at execute b #2 ?"),
    (S.EXECUTING, E.STOPPED, PLAIN, (DONE,), STOPPED, S.PAUSED, "halt (interrupted) at execute b #1"),
    (S.EXECUTING, E.RESTARTED, PLAIN, (DONE,), CRASHED, S.PAUSED, "halt (restarted) at execute b #1"),
    (S.BACKING_OFF, E.ELAPSED, LATER, WAITING, ELAPSED, S.EXECUTING, "execute b #2 r1"),
    (
        S.BACKING_OFF,
        E.INTERRUPTED,
        LATER,
        WAITING,
        CUT,
        S.PAUSED,
        "halt (interrupted) at wait 5 ms, then execute b #2 r1",
    ),
    (
        S.BACKING_OFF,
        E.STOPPED,
        LATER,
        WAITING,
        STOPPED,
        S.PAUSED,
        "halt (interrupted) at wait 5 ms, then execute b #2 r1",
    ),
    (
        S.BACKING_OFF,
        E.RESTARTED,
        LATER,
        WAITING,
        CRASHED,
        S.PAUSED,
        "halt (restarted) at wait 5 ms, then execute b #2 r1",
    ),
    (S.PAUSED, E.RESUMED, PLAIN, (DONE, PAUSE), RESUME, S.EXECUTING, "execute b #2 ?"),
    (S.PAUSED, E.RESUMED_WAITING, LATER, (*WAITING, CUT), RESUME, S.BACKING_OFF, "wait 5 ms, then execute b #2 r1"),
    (S.PAUSED, E.ABORTED, PLAIN, (DONE, PAUSE), ABORT, S.COMPENSATING, "compensate b #1"),
    (S.PAUSED, E.ABORTED_CLEAN, PLAIN, (STOPPED,), ABORT, S.FAILED, "execute a #1"),
    (S.PAUSED, E.RESTARTED, PLAIN, (DONE, PAUSE), CRASHED, S.PAUSED, "halt (restarted) at execute b #2 ?"),
    (S.COMPENSATING, E.UNDO_DONE, PLAIN, FAILING, UNDONE, S.COMPENSATING, "compensate a #1"),
    (S.COMPENSATING, E.LAST_UNDO_DONE, PLAIN, (*FAILING, UNDONE), UNDONE, S.FAILED, "compensate a #1"),
    (
        *(S.COMPENSATING, E.ROUND_DONE, PLAIN, (*FAILING, ERROR), UNDONE),
        *(S.COMPENSATION_FAILED, "halt (compensation failed) at compensate b #2"),
    ),
    (
        *(S.COMPENSATING, E.PAUSED, PLAIN, FAILING, UNDO_PAUSE),
        *(S.COMPENSATION_PAUSED, "halt (undo paused) at compensate b #2"),
    ),
    (S.COMPENSATING, E.RETRIED_AT_ONCE, AT_ONCE, (DONE, FINAL), ERROR, S.COMPENSATING, "compensate a #2 r1"),
    (
        *(S.COMPENSATING, E.RETRIED_LATER, LATER, (DONE, FINAL), ERROR),
        *(S.COMPENSATION_BACKING_OFF, "wait 5 ms, then compensate a #2 r1"),
    ),
    (S.COMPENSATING, E.UNDO_FAILED, PLAIN, FAILING, ERROR, S.COMPENSATING, "compensate a #1"),
    (
        *(S.COMPENSATING, E.ROUND_FAILED, HALTING, FAILING, ERROR),
        *(S.COMPENSATION_FAILED, "halt (compensation failed) at compensate b #2"),
    ),
    (
        *(S.COMPENSATING, E.INTERRUPTED, PLAIN, FAILING, CUT),
        *(S.COMPENSATION_PAUSED, "halt (interrupted) at compensate b #2"),
    ),
    (
        *(S.COMPENSATING, E.STOPPED, PLAIN, FAILING, STOPPED),
        *(S.COMPENSATION_PAUSED, "halt (interrupted) at compensate b #1"),
    ),
    (
        *(S.COMPENSATING, E.RESTARTED, PLAIN, FAILING, CRASHED),
        *(S.COMPENSATION_PAUSED, "halt (restarted) at compensate b #1"),
    ),
    (S.COMPENSATION_BACKING_OFF, E.ELAPSED, LATER, UNDO_WAITING, ELAPSED, S.COMPENSATING, "compensate b #2 r1"),
    (
        *(S.COMPENSATION_BACKING_OFF, E.INTERRUPTED, LATER, UNDO_WAITING, CUT),
        *(S.COMPENSATION_PAUSED, "halt (interrupted) at wait 5 ms, then compensate b #2 r1"),
    ),
    (
        *(S.COMPENSATION_BACKING_OFF, E.STOPPED, LATER, UNDO_WAITING, STOPPED),
        *(S.COMPENSATION_PAUSED, "halt (interrupted) at wait 5 ms, then compensate b #2 r1"),
    ),
    (
        *(S.COMPENSATION_BACKING_OFF, E.RESTARTED, LATER, UNDO_WAITING, CRASHED),
        *(S.COMPENSATION_PAUSED, "halt (restarted) at wait 5 ms, then compensate b #2 r1"),
    ),
    (S.COMPENSATION_PAUSED, E.RESUMED, PLAIN, (*FAILING, UNDO_PAUSE), RESUME, S.COMPENSATING, "compensate b #2"),
    (
        *(S.COMPENSATION_PAUSED, E.RESUMED_WAITING, LATER, (*UNDO_WAITING, CUT), RESUME),
        *(S.COMPENSATION_BACKING_OFF, "wait 5 ms, then compensate b #2 r1"),
    ),
    (
        *(S.COMPENSATION_PAUSED, E.RESTARTED, PLAIN, (*FAILING, UNDO_PAUSE), CRASHED),
        *(S.COMPENSATION_PAUSED, "halt (restarted) at compensate b #2"),
    ),
    (S.COMPENSATION_FAILED, E.REPAIRED, PLAIN, BROKEN, RETRY, S.COMPENSATING, "compensate b #2"),
    (
        *(S.COMPENSATION_FAILED, E.RESOLVED, PLAIN, BROKEN, Resolve("b")),
        *(S.COMPENSATION_FAILED, "halt (compensation failed) at compensate a #2"),
    ),
    (
        *(S.COMPENSATION_FAILED, E.LAST_RESOLVED, PLAIN, (*BROKEN, Resolve("b")), Resolve("a")),
        *(S.FAILED, "compensate a #2"),
    ),
]

UNDOES = (UNDONE, UNDO_PAUSE, CUT, ERROR, UNSURE, FINAL, CRASHED, STOPPED)
ACCEPTED = {
    S.EXECUTING: (DONE, PAUSE, CUT, ERROR, UNSURE, FINAL, CRASHED, STOPPED),
    S.BACKING_OFF: (ELAPSED, CUT, CRASHED, STOPPED),
    S.PAUSED: (RESUME, ABORT, CRASHED),
    S.COMPENSATING: UNDOES,
    S.COMPENSATION_BACKING_OFF: (ELAPSED, CUT, CRASHED, STOPPED),
    S.COMPENSATION_PAUSED: (RESUME, CRASHED),
    S.COMPENSATION_FAILED: (RETRY,),  # and Resolve of what is pending
    S.COMPLETED: (),
    S.FAILED: (),
}
"""What a machine takes in each state, said a second time."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0].name}-{case[1].name}")
def test_each_legal_pair_leads_to_its_state_and_its_next_instruction(case):
    state, event, what, before, outcome, target, expected = case
    machine = after(what, *before)
    assert machine.state is state
    assert machine._classify(outcome) is event
    machine.feed(outcome)
    assert machine.state is target
    assert show(machine.cursor) == expected


def test_every_pair_of_the_table_has_a_case_above():
    assert {(case[0], case[1]) for case in CASES} == set(TRANSITIONS)
    assert len(CASES) == len(TRANSITIONS)


def test_every_move_is_used_and_every_move_is_implemented():
    assert {transition.move for transition in TRANSITIONS.values()} == set(Move) == set(MOVES)


def test_every_state_is_entered_and_every_state_but_the_ends_is_left():
    targets = {transition.target for transition in TRANSITIONS.values()}
    assert targets == set(MachineState)
    assert {state for state, _ in TRANSITIONS} == set(MachineState) - {S.COMPLETED, S.FAILED}
    assert {event for _, event in TRANSITIONS} == set(Event)


def test_standing_states_are_those_in_which_nothing_is_performed():
    for machine in _places():
        performs = machine.state not in STANDING
        cursor = machine.next_instruction()
        assert performs == (cursor is not None and cursor.kind != "halt")


def test_forward_states_never_lead_back_from_rollback():
    forward = {S.EXECUTING, S.BACKING_OFF, S.PAUSED, S.COMPLETED}
    assert not [pair for pair, t in TRANSITIONS.items() if pair[0] not in forward and t.target in forward]


@pytest.mark.parametrize(
    "what", [PLAIN, HALTING, AT_ONCE, LATER, EAGER], ids=["plain", "halt", "at-once", "later", "eager"]
)
def test_any_outcome_anywhere_is_taken_as_the_table_says_or_changes_nothing(what):
    for machine in reachable(what):
        for outcome in (*OUTCOMES, *STRANGERS):
            legal = outcome in ACCEPTED[machine.state] if outcome in OUTCOMES else False
            if isinstance(outcome, Resolve):
                legal = outcome.path in machine.pending
            twin = machine.copy()
            if legal:
                transition = TRANSITIONS[machine.state, machine._classify(outcome)]
                twin.feed(outcome)
                assert twin.state is transition.target
                continue
            with pytest.raises(ProtocolError):
                twin.feed(outcome)
            assert (twin.cursor, twin.state, twin.rollback) == (machine.cursor, machine.state, machine.rollback)
            assert twin.cursor is machine.cursor
            assert twin.rollback is machine.rollback


def test_the_exploration_above_meets_every_pair_of_the_table():
    met = set()
    for machine in _places():
        for outcome in OUTCOMES:
            try:
                met.add((machine.state, machine._classify(outcome)))
            except ProtocolError:
                continue
    assert met == set(TRANSITIONS)


def test_a_refused_outcome_says_where_the_machine_stands():
    with pytest.raises(ProtocolError, match=r"asked to execute 'a', which Signal\.ELAPSED does not answer"):
        Machine(PLAIN).feed(ELAPSED)
    with pytest.raises(ProtocolError, match="asked to execute 'a', which NoneType does not answer"):
        Machine(PLAIN).feed(None)
    with pytest.raises(ProtocolError, match="has finished"):
        after(PLAIN, DONE, DONE, DONE).feed(DONE)


def test_an_abort_during_rollback_is_refused_with_its_own_words():
    for before in ((*FAILING, UNDO_PAUSE), (*FAILING, CUT), BROKEN):
        with pytest.raises(ProtocolError, match="already being undone cannot be aborted; resume it instead"):
            after(PLAIN, *before).feed(ABORT)


def test_a_resolve_of_what_is_not_pending_names_what_is():
    with pytest.raises(ProtocolError, match="'c' is not pending; pending are 'b', 'a'"):
        after(PLAIN, *BROKEN).feed(Resolve("c"))


def test_the_same_outcomes_always_give_the_same_instructions():
    for outcomes in ((DONE, PAUSE, RESUME, UNSURE), (*BROKEN, RETRY, UNDONE, ERROR), (*WAITING, ELAPSED, DONE, DONE)):
        what = LATER if outcomes[:2] == WAITING else PLAIN
        one, two = Machine(what), Machine(what)
        for outcome in outcomes:
            assert one.cursor == two.cursor
            one.feed(outcome)
            two.feed(outcome)
        assert (one.cursor, one.state, one.rollback) == (two.cursor, two.state, two.rollback)


def test_the_machine_never_looks_at_the_error_it_is_given():
    class UntouchableError(Exception):
        __hash__ = None

        def __getattribute__(self, name):
            raise AssertionError(name)

        def __eq__(self, other):
            raise AssertionError

    error = UntouchableError()
    machine = after(PLAIN, DONE, DONE, Failure(error), Failure(error), UNDONE)
    assert machine.rollback.original.error is error
    assert machine.rollback.failures[0].failure.error is error


def _places():
    small = program(2)
    return [machine for what in (PLAIN, HALTING, AT_ONCE, LATER, EAGER, small) for machine in reachable(what)]
