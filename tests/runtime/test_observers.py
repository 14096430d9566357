"""Observers: typed events in order, without a say in the run."""

import logging

import pytest
from scripted import PAUSE, World, scripted

from legend_lab import Completed, Failed, Fault, FaultKind, LoggingObserver, RetryPolicy, RunEvent, Saga, VirtualClock


def shown(events):
    return [f"{event.name} {event.path} #{event.attempt}" for event in events]


async def observed(world, *observers, steps="abc", error=Exception, faults=None, **settings):
    events = []
    saga = Saga.of("Sample", {name: scripted(**settings.get(name, {})) for name in steps}, error=error)
    observers = [events.append, *observers]
    new = saga.build({}, resources=world, clock=VirtualClock(), observers=observers, faults=faults)
    return await new.start(), events


async def test_each_attempt_of_a_step_or_undo_is_told_when_it_starts_and_when_it_ends():
    _, events = await observed(World(do={"c": [ValueError]}))
    assert shown(events) == [
        *("step.start a #1", "step.end a #1", "step.start b #1", "step.end b #1", "step.start c #1", "step.end c #1"),
        *("compensate.start b #1", "compensate.end b #1", "compensate.start a #1", "compensate.end a #1"),
    ]
    assert all(isinstance(event, RunEvent) for event in events)


async def test_an_end_says_outcome_error_duration_and_fault():
    error = ValueError("no")
    fault = Fault("b", kind=FaultKind.DELAY, delay_ms=250)
    result, events = await observed(World(do={"c": [error]}), faults=fault)
    ends = [event for event in events if event.name.endswith(".end")]
    assert [(event.outcome, event.error, event.duration_ms, event.fault) for event in ends] == [
        ("continue", None, 0, None),
        ("continue", None, 250, "execute:b#1:delay"),
        ("failed", error, 0, None),
        ("compensated", None, 0, None),
        ("compensated", None, 0, None),
    ]
    assert [event.at_ns for event in ends] == [entry.completed_ns for entry in result.journal]


async def test_an_event_says_which_run_saga_phase_and_index():
    result, events = await observed(World(do={"b": [ValueError]}))
    assert {event.execution_id for event in events} == {result.id}
    assert {event.saga for event in events} == {"Sample"}
    assert [(event.phase, event.index) for event in events] == [
        *[("execute", 0)] * 2,
        *[("execute", 1)] * 2,
        *[("compensate", 0)] * 2,
    ]


async def test_a_retry_is_told_with_its_reason_and_its_wait():
    error = ValueError("no")
    _, events = await observed(
        World(do={"a": [error]}), steps="a", a={"retry_policy": RetryPolicy.retries_with_backoff(1, 90)}
    )
    assert shown(events) == [
        *("step.start a #1", "step.end a #1", "step.retry a #2", "step.start a #2", "step.end a #2"),
    ]
    assert (events[2].error, events[2].backoff_ms, events[2].phase) == (error, 90, "execute")
    assert events[3].at_ns - events[2].at_ns == 90_000_000


async def test_a_retry_at_once_waits_nothing():
    _, events = await observed(World(do={"a": [ValueError]}), steps="a", a={"retry_policy": RetryPolicy.retries(1)})
    assert (events[2].name, events[2].backoff_ms) == ("step.retry", 0)


async def test_a_retry_of_an_undo_is_told_with_its_phase():
    world = World(do={"b": [ValueError]}, undo={"a": [KeyError]})
    _, events = await observed(world, a={"compensation_retry_policy": RetryPolicy.retries(1)})
    retries = [event for event in events if event.name == "step.retry"]
    assert [(event.path, event.phase, event.attempt) for event in retries] == [("a", "compensate", 2)]


@pytest.mark.parametrize("do", [{"b": [ValueError]}, {"b": [ConnectionError]}])
async def test_a_failure_for_good_is_no_retry_also_when_the_same_step_is_undone(do):
    _, events = await observed(World(do=do, undo={"b": [KeyError], "a": [KeyError]}))
    assert not [event for event in events if event.name == "step.retry"]


async def test_a_pause_and_an_interrupt_are_ends():
    paused, events = await observed(World(do={"a": [PAUSE, KeyboardInterrupt]}))
    assert events[-1].outcome == "pause"
    with pytest.raises(KeyboardInterrupt):
        await paused.resume()
    assert (shown(events)[-2:], events[-1].outcome) == (["step.start a #2", "step.end a #2"], "interrupted")


async def test_an_observer_that_raises_is_logged_and_changes_nothing(caplog):
    def broken(event):
        raise RuntimeError("observer")

    result, events = await observed(World(do={"c": [ValueError]}), broken)
    assert isinstance(result, Failed)
    assert len(events) == 10
    assert len(caplog.records) == 10
    assert caplog.records[0].getMessage() == "an observer failed at step.start a"
    assert caplog.records[0].exc_info[0] is RuntimeError


async def test_observers_are_told_one_after_the_other_also_after_one_that_raised(caplog):
    def broken(event):
        raise RuntimeError

    last = []
    _, first = await observed(World(), broken, last.append)
    assert first == last


async def test_events_and_their_run_are_the_same_with_and_without_observers():
    world = World(do={"b": [PAUSE], "c": [ValueError]})
    paused, _ = await observed(world)
    watched = await paused.resume()
    saga = Saga.of("Sample", {name: scripted() for name in "abc"})
    plain = await saga.build({}, resources=World(do={"b": [PAUSE], "c": [ValueError]}), clock=VirtualClock()).start()
    plain = await plain.resume()
    assert [(e.kind, e.path, e.outcome) for e in plain.journal] == [
        (e.kind, e.path, e.outcome) for e in watched.journal
    ]


async def test_an_event_cannot_be_changed():
    _, events = await observed(World())
    with pytest.raises(AttributeError):
        events[0].path = "other"


async def test_the_logging_observer_writes_one_line_for_each_event(caplog):
    logger = logging.getLogger("sample")
    world = World(do={"b": [ValueError("no room")]})
    with caplog.at_level(logging.DEBUG, "sample"):
        policy = {"retry_policy": RetryPolicy.retries_with_backoff(1, 50)}
        result, events = await observed(world, LoggingObserver(logger), steps="ab", b=policy)
    assert isinstance(result, Completed)
    lines = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert len(lines) == len(events)
    assert lines == [
        ("DEBUG", "step.start a attempt 1"),
        ("INFO", "step.end a attempt 1 -> continue in 0.000 ms"),
        ("DEBUG", "step.start b attempt 1"),
        ("WARNING", "step.end b attempt 1 -> failed in 0.000 ms (ValueError: no room)"),
        ("WARNING", "step.retry b attempt 2 after 50 ms (ValueError: no room)"),
        ("DEBUG", "step.start b attempt 2"),
        ("INFO", "step.end b attempt 2 -> continue in 0.000 ms"),
    ]
    record = caplog.records[0]
    assert (record.legend_execution, record.legend_path, record.legend_event) == (str(result.id), "a", "step.start")


async def test_the_logging_observer_has_a_logger_of_its_own_and_respects_its_level(caplog):
    with caplog.at_level(logging.WARNING, "legend_lab.run"):
        await observed(World(do={"c": [ValueError]}), LoggingObserver())
    assert [record.name for record in caplog.records] == ["legend_lab.run"]
