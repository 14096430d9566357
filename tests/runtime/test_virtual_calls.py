"""Facts about the end of hosted code: what comes back, and what a cancellation does."""

import asyncio
import gc
import threading
import weakref

import pytest

from legend_lab.core.errors import SimulatedCrash
from legend_lab.runtime.clocks import VirtualClock

HOUR = 3600
S = 10**9
HANG_GUARD_S = 60


@pytest.fixture
def clock():
    return VirtualClock()


async def nothing():
    pass


# -- what comes back ----------------------------------------------------------------------------


class OwnBaseError(BaseException):
    pass


@pytest.mark.parametrize(
    "error",
    [
        ValueError("v"),
        SimulatedCrash("c"),
        asyncio.CancelledError("by itself"),
        KeyboardInterrupt("k"),
        SystemExit(3),
        GeneratorExit("g"),
        OwnBaseError("b"),
        TimeoutError("t"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_hosted_code_raises_comes_back_as_it_is_and_the_loop_lives_on(clock, error):
    async def fail():
        await asyncio.sleep(1)
        raise error

    with pytest.raises(type(error)) as caught:
        await clock.host(fail)
    assert caught.value is error
    assert await clock.host(lambda: asyncio.sleep(1, "alive")) == "alive"


async def test_an_interrupt_in_a_task_beside_the_call_ends_the_call_as_it_would_end_the_program(clock):
    seen = []

    async def interrupted():
        raise KeyboardInterrupt

    async def work():
        task = asyncio.create_task(interrupted())
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        finally:
            with pytest.raises(KeyboardInterrupt):
                task.result()

    with pytest.raises(KeyboardInterrupt):
        await clock.host(work)
    assert seen == ["cancelled"]
    assert await clock.host(lambda: asyncio.sleep(1, "alive")) == "alive"


async def test_a_failed_call_leaves_no_cycle_behind(clock):
    class Marked(Exception):  # noqa: N818 - only here
        pass

    async def fail():
        raise Marked

    await clock.host(nothing)
    gc.disable()
    try:
        try:
            await clock.host(fail)
        except Marked as error:
            gone = weakref.ref(error)
        # A call from here on only ends after the thread let go of the former.
        await clock.host(nothing)
        await clock.host(nothing)
        assert gone() is None
    finally:
        gc.enable()


# -- cancellation -------------------------------------------------------------------------------


async def start(clock, work):
    """Return the task that hosts `work`, once `work` has begun."""
    begun = threading.Event()

    async def begin():
        begun.set()
        return await work()

    task = asyncio.create_task(clock.host(begin))
    assert await asyncio.to_thread(begun.wait, HANG_GUARD_S)
    return task


async def test_cancelling_the_caller_cancels_the_work_and_waits_for_its_end(clock):
    seen = []

    async def work():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            seen.append(error.args)
            await asyncio.sleep(HOUR)
            seen.append("cleaned up")
            raise

    task = await start(clock, work)
    task.cancel("stop")
    with pytest.raises(asyncio.CancelledError, match="stop"):
        await task
    assert seen == [("stop",), "cleaned up"]
    assert clock.ticks() == HOUR * S


async def test_work_that_swallows_the_cancellation_is_still_cancelled_for_the_caller(clock):
    async def work():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "swallowed"

    task = await start(clock, work)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_while_cleaning_up_is_the_cause_of_the_cancellation(clock):
    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("no clean end")

    task = await start(clock, work)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert isinstance(caught.value.__cause__, ValueError)


async def test_a_crash_while_cleaning_up_is_not_lost(clock):
    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            raise SimulatedCrash

    task = await start(clock, work)
    task.cancel()
    with pytest.raises(SimulatedCrash):
        await task


async def test_a_second_cancellation_reaches_the_clean_up(clock):
    cleaning = threading.Event()

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            cleaning.set()
            await asyncio.Event().wait()

    task = await start(clock, work)
    task.cancel()
    assert await asyncio.to_thread(cleaning.wait, HANG_GUARD_S)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_call_cancelled_before_it_begins_runs_nothing(clock):
    ran = []

    async def work():
        ran.append("work")

    task = asyncio.create_task(clock.host(work))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ran == []


async def test_a_timeout_around_the_call_works_as_around_any_await(clock):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await clock.host(asyncio.Event().wait)


async def test_a_call_whose_caller_is_closed_ends_by_itself(clock):
    begun, ended = threading.Event(), threading.Event()

    async def work():
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    call = clock.host(work)
    call.send(None)
    assert await asyncio.to_thread(begun.wait, HANG_GUARD_S)
    call.close()
    assert await asyncio.to_thread(ended.wait, HANG_GUARD_S)
