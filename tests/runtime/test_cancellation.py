"""S10 Cancellation: whatever is no Exception is raised again, and the run stands where its journal says."""

import asyncio
import contextvars

import pytest
from scripted import PAUSE, UNDO_PAUSE, CutClock, Returns, Stopper, World, scripted, state_of, told

import legend_lab
from legend_lab import (
    CompensationFailed,
    Completed,
    ExecutionConsumedError,
    ExecutionFinishedError,
    ExecutionRunningError,
    Failed,
    Fault,
    FaultKind,
    NotPausedError,
    Paused,
    ProtocolError,
    RetryPolicy,
    SystemClock,
    VirtualClock,
)


class Stop(BaseException):
    """Something that is no Exception and that nobody knows."""


INTERRUPTS = [asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit, Stop]


async def hang(context):
    """Wait until cancelled."""
    context["waiting"] = True
    await asyncio.Event().wait()


async def until(condition):
    """Let others run until `condition` holds; for runs on the caller's own loop."""
    while not condition():
        await asyncio.sleep(0)


# -- raised again, never a failure -----------------------------------------------------------------


@pytest.mark.parametrize("interrupt", INTERRUPTS)
async def test_what_is_no_exception_is_raised_again_and_nothing_is_undone(way, interrupt):
    world = World(do={"b": [interrupt]})
    new = way.build(world)
    with pytest.raises(interrupt):
        await new.start()
    assert world.calls == ["do a", "do b"]


@pytest.mark.parametrize("interrupt", INTERRUPTS)
async def test_the_instruction_in_flight_is_journalled_as_interrupted(way, interrupt):
    new = way.build(World(do={"b": [interrupt]}))
    with pytest.raises(interrupt):
        await new.start()
    paused = new.recover()
    assert told(paused) == ["execute a #1 continue", "execute b #1 interrupted"]
    assert paused.journal[1].completed_ns >= paused.journal[1].started_ns


async def test_it_is_the_very_interrupt_that_is_raised(way):
    interrupt = Stop("now")
    with pytest.raises(Stop) as caught:
        await way.build(World(do={"a": [interrupt]})).start()
    assert caught.value is interrupt


async def test_an_interrupt_is_not_retried(way):
    world = World(do={"a": [Stop, None]})
    with pytest.raises(Stop):
        await way.build(world, a={"retry_policy": RetryPolicy.retries(5)}).start()
    assert world.calls == ["do a"]


async def test_a_group_of_base_exceptions_is_an_interrupt_and_a_group_of_exceptions_is_not(way):
    with pytest.raises(BaseExceptionGroup):
        await way.build(World(do={"a": [BaseExceptionGroup("", [Stop(), ValueError()])]})).start()
    assert isinstance(await way.start(World(do={"a": [ExceptionGroup("", [ValueError()])]})), Failed)


# -- recover ---------------------------------------------------------------------------------------


async def test_recover_stands_at_the_interrupted_step_and_resume_tries_it_again(way):
    world = World(do={"b": [Stop]})
    new = way.build(world)
    with pytest.raises(Stop):
        await new.start()
    paused = new.recover()
    assert isinstance(paused, Paused)
    assert (paused.path, paused.reason) == ("b", "interrupted")
    assert state_of(paused) == (1, 1, 2, 0, "forward")
    result = await paused.resume()
    assert isinstance(result, Completed)
    assert world.calls == ["do a", "do b", "do b", "do c"]
    assert (result.id, result.context) == (new.id, new.context)


async def test_recover_stands_at_the_interrupted_undo(way):
    world = World(do={"c": [ValueError("first")]}, undo={"b": [Stop]})
    new = way.build(world)
    with pytest.raises(Stop):
        await new.start()
    paused = new.recover()
    assert (paused.path, paused.reason, str(paused.original_error)) == ("b", "interrupted", "first")
    assert state_of(paused) == (1, 2, 2, 0, "compensating")
    assert isinstance(await paused.resume(), Failed)
    assert world.calls[3:] == ["undo b", "undo b", "undo a"]


async def test_an_interrupted_resume_is_recovered_from_the_paused_that_was_resumed(way):
    world = World(do={"b": [PAUSE, Stop]})
    paused = await way.start(world)
    with pytest.raises(Stop):
        await paused.resume()
    again = paused.recover()
    assert state_of(again) == (1, 1, 3, 0, "forward")
    assert isinstance(await again.resume(), Completed)


async def test_interrupts_can_follow_each_other(way):
    world = World(do={"b": [Stop, Stop, Stop]})
    standing, go_on = way.build(world), "start"
    for _ in range(3):
        with pytest.raises(Stop):
            await getattr(standing, go_on)()
        standing, go_on = standing.recover(), "resume"
    assert isinstance(await standing.resume(), Completed)
    assert world.count("do b") == 4


async def test_recover_works_once(way):
    new = way.build(World(do={"b": [Stop]}))
    with pytest.raises(Stop):
        await new.start()
    new.recover()
    with pytest.raises(ProtocolError, match="it was recovered before"):
        new.recover()


async def test_there_is_nothing_to_recover_before_the_start_or_after_a_result(way):
    new = way.build(World(do={"b": [PAUSE]}))
    with pytest.raises(ProtocolError, match="nothing to recover: it has not been started"):
        new.recover()
    paused = await new.start()
    with pytest.raises(ProtocolError, match="nothing to recover: it ended with a result"):
        new.recover()
    with pytest.raises(ProtocolError, match="nothing to recover"):
        paused.recover()


async def test_an_interrupted_execution_is_consumed_and_says_what_to_do(way):
    world = World(do={"b": [Stop]})
    new = way.build(world)
    with pytest.raises(Stop):
        await new.start()
    with pytest.raises(ExecutionConsumedError, match=r"recover\(\)"):
        await new.start()
    assert world.calls == ["do a", "do b"]


async def test_recover_is_refused_while_it_runs_and_works_after_the_cancellation():
    context = {}
    new = legend_lab.Saga.of("One", {"a": scripted()}).build(context, resources=World(do={"a": [hang]}))
    task = asyncio.create_task(new.start())
    await until(lambda: "waiting" in context)
    with pytest.raises(ExecutionRunningError):
        new.recover()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert isinstance(await new.recover().resume(), Completed)


async def test_recover_keeps_clock_faults_observers_and_resources(way):
    events, world = [], World(do={"b": [Stop]})
    options = {"faults": [Fault("c", kind=FaultKind.PAUSE)], "observers": [events.append]}
    clock = VirtualClock() if way.name != "swept" else SystemClock()
    new = way.build(world, options={**options, "clock": clock})
    with pytest.raises(Stop):
        await new.start()
    before = len(events)
    paused = await new.recover().resume()
    assert (paused.path, paused.journal[-1].fault) == ("c", "execute:c#1:pause")
    assert len(events) > before
    assert paused._run.clock is clock
    assert world.count("do b") == 2


async def test_a_run_that_had_just_finished_says_so_instead_of_pausing():
    new = legend_lab.Saga.of("One", {"a": scripted()}).build(
        {}, resources=World(), observers=[Stopper("step.end a", by=Stop)]
    )
    with pytest.raises(Stop):
        await new.start()
    with pytest.raises(ExecutionFinishedError, match="finished as Completed") as caught:
        new.recover()
    assert (caught.value.result, caught.value.error, caught.value.context) == ("Completed", None, {"done": ["a"]})


async def test_a_run_that_had_just_failed_says_with_what():
    error = ValueError("first")
    new = legend_lab.Saga.of("One", {"a": scripted()}).build(
        {}, resources=World(do={"a": [error]}), observers=[Stopper("step.end a", by=Stop)]
    )
    with pytest.raises(Stop):
        await new.start()
    with pytest.raises(ExecutionFinishedError) as caught:
        new.recover()
    assert (caught.value.result, caught.value.error) == ("Failed", error)


async def test_a_run_that_had_just_come_to_stand_is_recovered_where_it_stands():
    world = World(do={"a": [PAUSE]})
    new = legend_lab.Saga.of("One", {"a": scripted()}).build(
        {}, resources=world, observers=[Stopper("step.end a", by=Stop)]
    )
    with pytest.raises(Stop):
        await new.start()
    paused = new.recover()
    assert (paused.reason, told(paused)) == ("step paused", ["execute a #1 pause"])


async def test_a_run_that_had_just_failed_to_undo_carries_its_state_in_the_error():
    world = World(do={"b": [ValueError]}, undo={"a": [KeyError]})
    new = legend_lab.Saga.of("Two", {"a": scripted(), "b": scripted()}).build(
        {}, resources=world, observers=[Stopper("compensate.end a", by=Stop)]
    )
    with pytest.raises(Stop):
        await new.start()
    with pytest.raises(NotPausedError, match="the undo of a failed; retry or resolve it") as caught:
        new.recover()
    assert isinstance(caught.value.execution, CompensationFailed)
    assert isinstance(await caught.value.execution.retry(), Failed)


# -- where the interrupt lands ---------------------------------------------------------------------


async def test_a_task_cancelled_in_the_middle_of_a_step():
    context, world = {}, World(do={"b": [hang]})
    new = legend_lab.Saga.of("Two", {"a": scripted(), "b": scripted()}).build(context, resources=world)
    task = asyncio.create_task(new.start())
    await until(lambda: "waiting" in context)
    task.cancel("enough")
    with pytest.raises(asyncio.CancelledError):
        await task
    paused = new.recover()
    assert told(paused) == ["execute a #1 continue", "execute b #1 interrupted"]
    assert isinstance(await paused.resume(), Completed)


async def test_a_task_cancelled_in_a_step_on_the_virtual_clock_waits_for_the_step_to_clean_up():
    async def sleep_long(context):
        context["waiting"] = True
        try:
            await asyncio.Event().wait()
        finally:
            context["cleaned"] = True

    context, world = {}, World(do={"a": [sleep_long]})
    new = legend_lab.Saga.of("One", {"a": scripted()}).build(context, resources=world, clock=VirtualClock())
    task = asyncio.create_task(new.start())
    await until(lambda: "waiting" in context)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert context["cleaned"]
    assert (new.recover().reason, world.calls) == ("interrupted", ["do a"])


async def test_an_interrupt_in_a_wait_leaves_the_wait_to_be_done(way):
    world = World(do={"b": [ValueError]})
    policy = {"retry_policy": RetryPolicy.retries_with_backoff(1, 1_000)}
    new = way.build(world, b=policy, options={"clock": CutClock(0, by=asyncio.CancelledError)})
    with pytest.raises(asyncio.CancelledError):
        await new.start()
    paused = new.recover()
    assert told(paused)[-1] == "wait b #2 interrupted"
    assert (paused.path, paused.reason) == ("b", "interrupted")


@pytest.mark.parametrize("event", ["step.end a", "step.start b"])
async def test_an_interrupt_between_two_instructions_makes_nothing_uncertain(way, event):
    world = World(do={"b": [ValueError]})
    new = way.build(world, options={"observers": [Stopper(event)]})
    with pytest.raises(asyncio.CancelledError):
        await new.start()
    paused = new.recover()
    assert told(paused) == ["execute a #1 continue", "halt b #1 stopped"]
    assert state_of(paused) == (1, 1, 1, 0, "forward")
    assert (paused.path, paused.reason) == ("b", "interrupted")
    await paused.resume()
    assert world.calls == ["do a", "do b", "undo a"]


async def test_an_interrupt_between_two_undos_goes_on_with_the_second(way):
    world = World(do={"c": [ValueError]})
    new = way.build(world, options={"observers": [Stopper("compensate.end b")]})
    with pytest.raises(asyncio.CancelledError):
        await new.start()
    paused = new.recover()
    assert (paused.path, paused.reason) == ("a", "interrupted")
    assert isinstance(await paused.resume(), Failed)
    assert world.calls[3:] == ["undo b", "undo a"]


class BrokenClock(SystemClock):
    """A clock whose reading number `at` (from 0) is where the interrupt lands."""

    __slots__ = ("at", "read")

    def __init__(self, at):
        super().__init__()
        self.at, self.read = at, 0

    @property
    def ticks(self):
        return self._tick

    def _tick(self):
        number, self.read = self.read, self.read + 1
        if number == self.at:
            raise KeyboardInterrupt
        return number


@pytest.mark.parametrize("reading", range(6))
async def test_an_interrupt_at_any_reading_of_the_clock_leaves_a_true_journal(reading):
    world = World()
    saga = legend_lab.Saga.of("Three", {name: scripted() for name in "abc"})
    new = saga.build({}, resources=world, clock=BrokenClock(reading))
    with pytest.raises(KeyboardInterrupt):
        await new.start()
    begun, called = list(world.calls), len(world.calls)
    paused = new.recover()
    entries = [entry for entry in paused.journal if entry.kind == "execute"]
    assert [f"do {entry.path}" for entry in entries] == begun
    assert all(a.completed_ns <= b.started_ns for a, b in zip(paused.journal, list(paused.journal)[1:], strict=False))
    interrupted = reading % 2 == 1  # the reading after the step: its outcome was lost
    assert (entries[-1].outcome == "interrupted") is interrupted if entries else not interrupted
    assert isinstance(await paused.resume(), Completed)
    assert len(world.calls) == (4 if interrupted else 3)
    assert called == (reading + 1) // 2


async def test_a_coroutine_that_is_closed_half_way_counts_as_interrupted():
    context, world = {}, World(do={"a": [hang]})
    new = legend_lab.Saga.of("One", {"a": scripted()}).build(context, resources=world)
    going = new.start()
    going.send(None)
    going.close()
    assert told(new.recover()) == ["execute a #1 interrupted"]


async def test_a_coroutine_that_is_closed_from_another_context_counts_as_interrupted():
    context, world = {}, World(do={"a": [hang]})
    new = legend_lab.Saga.of("One", {"a": scripted()}).build(context, resources=world)
    going = new.start()
    contextvars.copy_context().run(going.send, None)
    going.close()
    assert told(new.recover()) == ["execute a #1 interrupted"]


async def test_a_coroutine_that_never_ran_leaves_the_execution_unconsumed(way):
    new = way.build(World())
    new.start().close()
    assert isinstance(await new.start(), Completed)


async def test_a_step_that_swallows_its_cancellation_goes_on():
    async def stubborn(context):
        context["waiting"] = True
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return Returns(legend_lab.StepOutcome.CONTINUE)

    context, world = {}, World(do={"a": [stubborn]})
    new = legend_lab.Saga.of("One", {"a": scripted()}).build(context, resources=world)
    task = asyncio.create_task(new.start())
    await until(lambda: "waiting" in context)
    task.cancel()
    assert isinstance(await task, Completed)


# -- run() -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, asyncio.CancelledError, Stop])
def test_run_raises_the_interrupt_of_a_step_and_the_execution_can_be_recovered(way, interrupt):
    world = World(do={"b": [interrupt]})
    new = way.build(world)
    with pytest.raises(interrupt):
        legend_lab.run(new.start())
    assert isinstance(legend_lab.run(new.recover().resume()), Completed)


def test_run_returns_the_result_of_a_run(way):
    assert isinstance(legend_lab.run(way.build(World(do={"b": [UNDO_PAUSE, ValueError]})).start()), Failed)


def test_run_drains_its_task_before_it_raises():
    async def interrupted():
        task = asyncio.current_task()
        asyncio.get_running_loop().call_soon(task.cancel)
        return await new.start()

    async def clean(context):
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            context["cleaned"] = True

    context = {}
    new = legend_lab.Saga.of("One", {"a": scripted()}).build(context, resources=World(do={"a": [clean]}))
    with pytest.raises(asyncio.CancelledError):
        legend_lab.run(interrupted())
    assert context["cleaned"]
    assert new.recover().reason == "interrupted"
