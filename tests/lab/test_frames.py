"""timings_frame: one row for each entry, exact, with dtypes that do not depend on what happened."""

import asyncio
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from legend_lab import (
    Fault,
    FaultKind,
    FaultPlan,
    Journal,
    LegendError,
    RetryPolicy,
    Saga,
    SimulatedCrash,
    SimulatedStep,
    SourceError,
    VirtualClock,
)
from legend_lab.core.errors import error_text
from legend_lab.core.instructions import CompensationOutcome, Failure, StepOutcome
from legend_lab.lab.frames import timings_frame

COLUMNS = ["entry", "index", "path", "block", "phase", "kind", "attempt", "started_at", "completed_at"]
COLUMNS += ["start_ms", "duration_ms", "outcome", "error", "fault", "undoes"]


class Stubborn(SimulatedStep):
    retry_policy = RetryPolicy.retries_with_backoff(2, 7)
    compensation_retry_policy = RetryPolicy.retries(1)


def booking(on_compensation_failure="continue"):
    trip = Saga.of("Trip", {"hotel": Stubborn(duration_ms=0.001), "flight": Stubborn(duration_ms=0)})
    steps = {"funds": Stubborn(duration_ms=12.345678), "trip": trip, "charge": SimulatedStep()}
    return Saga.of("Booking", steps, on_compensation_failure=on_compensation_failure)


PATHS = ["funds", "trip.hotel", "trip.flight", "charge"]


async def ended(execution):
    """Take an execution as far as it goes; a crash is recovered, a pause resumed, a failed undo retried once."""
    for _ in range(8):
        try:
            step = execution.start if hasattr(execution, "start") else execution.resume
            execution = await step()
        except SimulatedCrash:
            execution = execution.recover()
        if not execution.is_paused:
            break
    if not hasattr(execution, "retry"):
        return execution
    try:
        return await execution.retry()
    except SimulatedCrash:
        return execution.recover()


def run(*faults, **settings):
    return asyncio.run(ended(booking(**settings).build({}, clock=VirtualClock(), faults=faults)))


def rows_of(frame):
    return frame.astype(object).to_dict("records")


def test_columns_are_those_of_the_design_in_its_order():
    assert list(timings_frame(run()).columns) == COLUMNS


def test_dtypes_do_not_depend_on_what_happened():
    nothing = booking().build({})
    failed = run(Fault("charge"), Fault("trip.hotel", "compensate", attempt="every"))
    crashed = run(Fault("funds", kind=FaultKind.CRASH_AFTER))
    dtypes = timings_frame(nothing).dtypes
    assert len(timings_frame(nothing)) == 0
    for source in (failed, crashed):
        assert (timings_frame(source).dtypes == dtypes).all()
    assert dtypes["entry"] == dtypes["index"] == dtypes["attempt"] == np.int64
    assert dtypes["started_at"] == dtypes["completed_at"] == pd.DatetimeTZDtype("ns", "UTC")
    assert dtypes["start_ms"] == dtypes["duration_ms"] == np.float64
    assert dtypes["undoes"] == pd.Int64Dtype()
    assert dtypes["error"] == dtypes["fault"] == pd.StringDtype("python")


def test_paths_and_blocks_are_categories_in_program_order():
    frame = timings_frame(run())
    assert list(frame["path"].cat.categories) == PATHS
    assert list(frame["block"].cat.categories) == ["", "trip"]
    assert frame["block"].tolist() == ["", "trip", "trip", ""]


def test_frames_of_the_same_saga_stack_without_losing_their_dtypes():
    one, other = timings_frame(run()), timings_frame(run(Fault("charge")))
    assert (pd.concat([one, other]).dtypes == one.dtypes).all()


def test_an_undo_names_the_entry_that_it_takes_back():
    frame = timings_frame(run(Fault("trip.hotel"), Fault("charge")))
    undo = frame[frame["kind"] == "compensate"]
    taken_back = frame.loc[undo["undoes"].astype(int)]
    assert undo["path"].tolist() == ["trip.flight", "trip.hotel", "funds"]
    assert taken_back["path"].tolist() == undo["path"].tolist()
    assert set(taken_back["outcome"]) == {"continue"}
    assert frame[frame["kind"] != "compensate"]["undoes"].isna().all()


def test_an_attempt_nobody_saw_end_has_no_end_and_no_duration():
    execution = booking().build({}, clock=VirtualClock(), faults=[Fault("funds", kind=FaultKind.CRASH_AFTER)])
    with pytest.raises(SimulatedCrash):
        asyncio.run(execution.start())
    first, halt = rows_of(timings_frame(execution.recover()))
    assert first["completed_at"] is pd.NaT
    assert np.isnan(first["duration_ms"])
    assert (first["outcome"], halt["kind"], halt["outcome"]) == ("interrupted", "halt", "restarted")


def test_instants_keep_every_nanosecond():
    program = booking().build({}).program
    start, anchor = 123_456_789_012_345_679, 1_600_000_000_000_000_001
    at = program.executes[0]
    frame = timings_frame(Journal([(at, StepOutcome.CONTINUE, start, start + 1, None)], anchor))
    assert frame["started_at"].astype("int64").tolist() == [start + anchor]
    assert frame["completed_at"].astype("int64").tolist() == [start + anchor + 1]
    assert frame["duration_ms"].tolist() == [1e-6]


def test_instants_that_no_table_holds_are_refused():
    at = booking().build({}).program.executes[0]
    with pytest.raises(SourceError, match="2262"):
        timings_frame(Journal([(at, StepOutcome.CONTINUE, 2**62, 2**63, None)], 0))


def test_a_bare_journal_lists_its_steps_in_order_of_first_appearance():
    program = booking().build({}).program
    rows = [(program.executes[index], StepOutcome.CONTINUE, index, index, None) for index in (2, 0, 2)]
    rows.append((program.compensates[2], CompensationOutcome.COMPLETED, 9, 9, None))
    frame = timings_frame(Journal(rows, 0))
    assert list(frame["path"].cat.categories) == ["trip.flight", "funds"]
    assert frame["undoes"].tolist()[-1] == 2


def test_an_error_that_cannot_be_read_is_still_a_row():
    class HostileError(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    frame = timings_frame(run(Fault("charge", error=HostileError())))
    assert frame["error"].dropna().tolist() == ["HostileError: (its text cannot be had: RuntimeError)"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "not a NoneType"),
        ({"journal": []}, "not a dict"),
        (Journal, "not the class Journal"),
        (booking(), "build it first"),
    ],
)
def test_what_has_no_journal_is_refused_with_a_hint(given, said):
    with pytest.raises(SourceError, match=said) as caught:
        timings_frame(given)
    assert isinstance(caught.value, LegendError)


def test_a_forgotten_await_is_named():
    coroutine = booking().build({}).start()
    with pytest.raises(SourceError, match="await it first"):
        timings_frame(coroutine)
    coroutine.close()


KINDS = [kind for kind in FaultKind if kind.value != "late_effect"]


@st.composite
def plans(draw):
    places = draw(st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(["execute", "compensate"])), max_size=6))
    faults = {}
    for path, phase in places:
        attempt, kind = draw(st.integers(1, 3)), draw(st.sampled_from(KINDS))
        delay_ms = draw(st.sampled_from([0, 0.0005, 3]))
        faults[path, phase, attempt] = Fault(path, phase, attempt, kind, delay_ms=delay_ms)
    if draw(st.booleans()):
        faults["end"] = Fault("charge", attempt="every")
    return FaultPlan(faults.values())


@given(plan=plans(), policy=st.sampled_from(["continue", "halt"]))
def test_the_frame_agrees_with_the_journal_entry_by_entry(plan, policy):
    execution = asyncio.run(
        ended(booking(policy).build({}, clock=VirtualClock(datetime(2031, 5, 6, tzinfo=UTC)), faults=plan))
    )
    journal = execution.journal
    origin_ns = journal[0].started_ns
    for source in (execution, journal):
        frame = timings_frame(source)
        assert len(frame) == len(journal)
        for entry, row in zip(journal, rows_of(frame), strict=True):
            assert row["entry"] == entry.number
            assert row["index"] == entry.index
            assert row["path"] == entry.path
            assert row["block"] == entry.path.rpartition(".")[0]
            assert row["phase"] == entry.phase.value
            assert row["kind"] == entry.kind
            assert row["attempt"] == entry.attempt
            assert row["started_at"].value == entry.started_ns
            assert row["start_ms"] == (entry.started_ns - origin_ns) / 1e6
            assert row["outcome"] == entry.outcome
            assert same(row["error"], error_text(entry.error) if isinstance(entry.raw, Failure) else None)
            assert same(row["fault"], entry.fault)
            assert same(row["undoes"], entry.undoes)
            assert same(row["duration_ms"], entry.duration_ms)
            assert same(row["completed_at"].value if entry.completed_ns else row["completed_at"], entry.completed_ns)


def same(cell, value):
    return pd.isna(cell) if value is None else cell == value
