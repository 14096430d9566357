"""The links of a program are the table's own answers, written down once."""

import pytest
from core_programs import DONE, ERROR, UNDONE, program

from legend_lab.core.instructions import Compensate, Execute
from legend_lab.core.links import SUCCESSOR_OFFSET, link
from legend_lab.core.machine import Machine
from legend_lab.core.program import RetryPolicy
from legend_lab.core.table import TRANSITIONS, Event, MachineState, Move


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_every_forward_link_equals_its_look_up(count):
    what = program(count)
    machine = Machine(what)
    for at in what.executes:
        assert machine.cursor is at
        machine.feed(DONE)
        if at.successor is None:
            assert machine.finished
        else:
            assert machine.cursor is at.successor
            assert TRANSITIONS[MachineState.EXECUTING, Event.STEP_DONE].target is machine.state


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_every_undo_link_equals_its_look_up(count):
    what = program(count)
    machine = Machine.replay(what, [*[DONE] * (count - 1), ERROR._replace(uncertain=True)])
    for at in reversed(what.compensates):
        assert machine.cursor is at
        rollback = machine.rollback
        machine.feed(UNDONE)
        if at.successor is None:
            assert machine.finished
        else:
            assert machine.cursor is at.successor
            assert machine.rollback == rollback
            assert machine.state is MachineState.COMPENSATING


def test_links_stand_only_for_moves_that_need_no_further_look():
    assert set(SUCCESSOR_OFFSET) == {Move.NEXT_STEP, Move.NEXT_UNDO}
    executes, compensates = link(["a", "b"])
    assert executes[0] == Execute(0, "a")
    assert executes[0].successor is executes[1]
    assert executes[1].successor is None
    assert compensates[1] == Compensate(1, "b")
    assert compensates[1].successor is compensates[0]
    assert compensates[0].successor is None


def test_a_link_is_no_part_of_what_an_instruction_equals_or_shows():
    executes, _ = link(["a", "b"])
    assert executes[0] == Execute(0, "a")
    assert hash(executes[0]) == hash(Execute(0, "a"))
    assert "successor" not in repr(executes[0])


def test_a_later_attempt_keeps_the_link_of_the_first():
    retrying = program(2, retry_policy=RetryPolicy.retries(1))
    machine = Machine.replay(retrying, [ERROR])
    assert machine.cursor.attempt == 2
    assert machine.cursor.successor is retrying.executes[1]
