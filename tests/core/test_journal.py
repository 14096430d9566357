"""The journal as a sequence of entries: numbering, freezing, what undoes what, and the timings read off it."""

import pytest
from core_programs import (
    ABORT,
    CRASHED,
    CUT,
    DONE,
    ELAPSED,
    ERROR,
    LATER,
    PAUSE,
    PLAIN,
    RESUME,
    RETRY,
    STOPPED,
    UNDO_PAUSE,
    UNDONE,
    UNSURE,
)

from legend_lab.core.instructions import ExecutionPhase, Resolve, halt_for
from legend_lab.core.journal import Journal
from legend_lab.core.machine import Machine
from legend_lab.core.state import StepStatus

ANCHOR = 1_700_000_000_000_000_000


def rows_of(program, *outcomes):
    """Rows as a driver makes them: each instruction takes 10 ticks and begins where the last ended."""
    machine, rows = Machine(program), []
    for number, outcome in enumerate(outcomes):
        cursor = machine.cursor if outcome not in (CRASHED, STOPPED) else halt_for(machine.cursor, outcome)
        rows.append((cursor, outcome, number * 10, number * 10 + 10, None))
        machine.feed(outcome)
    return rows


def journal_of(program, *outcomes, length=None):
    return Journal(rows_of(program, *outcomes), ANCHOR, length)


def test_a_journal_is_a_sequence_with_negative_numbers_and_slices():
    journal = journal_of(PLAIN, DONE, DONE, ERROR, UNDONE, UNDONE)
    assert len(journal) == 5
    assert [entry.number for entry in journal] == [0, 1, 2, 3, 4]
    assert journal[-1].number == 4
    assert journal[-5].number == 0
    assert [entry.number for entry in journal[1:3]] == [1, 2]
    assert [entry.number for entry in journal[::-2]] == [4, 2, 0]
    assert journal[7:] == []
    assert [entry.number for entry in reversed(journal)] == [4, 3, 2, 1, 0]
    assert journal[2] in journal


@pytest.mark.parametrize("number", [2, -3, 100])
def test_a_number_outside_the_journal_is_refused(number):
    with pytest.raises(IndexError, match="of a journal with 2 entries"):
        journal_of(PLAIN, DONE, DONE)[number]


def test_an_entry_says_what_was_asked_and_what_came_back():
    entry = journal_of(PLAIN, DONE, ERROR)[1]
    assert (entry.kind, entry.index, entry.path, entry.attempt) == ("execute", 1, "b", 1)
    assert entry.phase is ExecutionPhase.FORWARD
    assert (entry.started_ns, entry.completed_ns) == (ANCHOR + 10, ANCHOR + 20)
    assert entry.duration_ms == 1e-5
    assert (entry.outcome, entry.error, entry.note, entry.fault, entry.undoes) == (
        "failed",
        ERROR.error,
        "",
        None,
        None,
    )
    assert entry.raw is ERROR


def test_outcomes_have_words():
    journal = journal_of(
        LATER, PAUSE, RESUME, CUT, RESUME, ERROR, ELAPSED, DONE, STOPPED, ABORT, UNDO_PAUSE, RESUME, UNDONE
    )
    assert [(entry.kind, entry.outcome) for entry in journal] == [
        ("execute", "pause"),
        ("halt", "resumed"),
        ("execute", "interrupted"),
        ("halt", "resumed"),
        ("execute", "failed"),
        ("wait", "elapsed"),
        ("execute", "continue"),
        ("halt", "stopped"),
        ("halt", "aborted"),
        ("compensate", "pause"),
        ("halt", "resumed"),
        ("compensate", "compensated"),
    ]
    repaired = journal_of(PLAIN, DONE, DONE, ERROR, ERROR, ERROR, RETRY, ERROR, CRASHED, RESUME, CUT, RESUME, ERROR)
    words = [entry.outcome for entry in repaired]
    assert words[3:] == [
        *("compensation_failed", "compensation_failed", "retried", "compensation_failed"),
        *("restarted", "resumed", "interrupted", "resumed", "compensation_failed"),
    ]


def test_decisions_carry_their_reason_and_their_note():
    assert journal_of(PLAIN, PAUSE, ABORT)[1].note == "enough"
    broken = (DONE, DONE, ERROR, ERROR, ERROR)
    assert journal_of(PLAIN, *broken, Resolve("b", "by phone"))[-1].note == "b: by phone"
    assert journal_of(PLAIN, *broken, Resolve("b"))[-1].note == "b"


def test_an_undo_names_the_entry_whose_effect_it_takes_back():
    journal = journal_of(PLAIN, DONE, DONE, ERROR, UNDONE, UNDONE)
    assert [entry.undoes for entry in journal] == [None, None, None, 1, 0]


def test_an_undo_takes_back_the_last_attempt_of_its_step():
    journal = journal_of(LATER, DONE, PAUSE, RESUME, UNSURE, ELAPSED, UNSURE, ERROR, ELAPSED, UNDONE, UNDONE)
    assert [(entry.number, entry.undoes) for entry in journal if entry.kind == "compensate"] == [(6, 5), (8, 5), (9, 0)]


def test_undoes_is_the_same_in_whatever_order_entries_are_read():
    rows = rows_of(PLAIN, DONE, DONE, ERROR, ERROR, ERROR, RETRY, UNDONE, UNDONE)
    backwards = [Journal(rows, ANCHOR)[number].undoes for number in reversed(range(len(rows)))]
    assert backwards[::-1] == [entry.undoes for entry in Journal(rows, ANCHOR)] == [None, None, None, 1, 0, None, 1, 0]


def test_a_frozen_journal_does_not_grow_with_its_run():
    rows = rows_of(PLAIN, DONE)
    frozen, live = Journal(rows, ANCHOR, 1), Journal(rows, ANCHOR)
    rows.append(rows_of(PLAIN, DONE, DONE)[1])
    assert (len(frozen), len(live)) == (1, 2)
    assert [entry.path for entry in frozen] == ["a"]
    assert frozen[-1].path == "a"
    assert len(frozen.rows) == 1
    with pytest.raises(IndexError):
        frozen[1]


def test_a_live_journal_finds_what_is_undone_by_rows_that_came_later():
    rows = rows_of(PLAIN, DONE, DONE, ERROR, UNDONE, UNDONE)
    growing = rows[:4]
    live = Journal(growing, ANCHOR)
    assert live[3].undoes == 1
    growing.append(rows[4])
    assert live[4].undoes == 0


def test_an_open_entry_has_no_end_and_no_duration():
    rows = [(PLAIN.executes[0], CUT, 5, None, None)]
    entry = Journal(rows, ANCHOR)[0]
    assert (entry.completed_ns, entry.duration_ms, entry.outcome) == (None, None, "interrupted")
    timing = Journal(rows, ANCHOR).step_timings()[0]
    assert (timing.completed_ns, timing.duration_ms, timing.outcome) == (None, None, StepStatus.INTERRUPTED)


def test_timings_are_one_for_each_attempt_of_a_step_or_undo():
    timings = journal_of(LATER, DONE, ERROR, ELAPSED, ERROR, UNDONE).step_timings()
    assert [(t.step_index, t.path, t.is_compensation, t.attempt, t.outcome) for t in timings] == [
        (0, "a", False, 1, StepStatus.CONTINUE),
        (1, "b", False, 1, StepStatus.FAILED),
        (1, "b", False, 2, StepStatus.FAILED),
        (0, "a", True, 1, StepStatus.COMPENSATED),
    ]
    assert timings[1].error is ERROR.error
    assert (timings[0].started_ns, timings[0].completed_ns, timings[0].duration_ms) == (ANCHOR, ANCHOR + 10, 1e-5)


def test_every_word_of_an_attempt_is_a_step_status():
    attempts = journal_of(PLAIN, PAUSE, RESUME, CUT, RESUME, DONE, ERROR, UNDO_PAUSE, RESUME, CUT, RESUME, ERROR)
    assert {t.outcome for t in attempts.step_timings()} == set(StepStatus) - {StepStatus.COMPENSATED}


def test_a_journal_shows_its_length():
    assert repr(journal_of(PLAIN, DONE)) == "<Journal of 1 entries>"
    assert journal_of(PLAIN, DONE).anchor_ns == ANCHOR
