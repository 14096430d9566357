"""Facts about time that takes no time, and about the loop behind it."""

import asyncio
import contextvars
import math
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest

from legend_lab.core.errors import ClockError
from legend_lab.runtime.clocks import Clock, VirtualClock

HOUR = 3600
S = 10**9
HANG_GUARD_S = 60


@pytest.fixture
def clock():
    return VirtualClock()


async def nothing():
    pass


# -- reading and advancing ----------------------------------------------------------------------


def test_it_begins_at_the_documented_instant(clock):
    assert datetime.fromtimestamp(clock.now_ns() / S, UTC) == datetime(2025, 1, 1, tzinfo=UTC)
    assert clock.ticks() == 0


def test_it_begins_where_it_is_told_to():
    start = datetime(2030, 5, 6, 7, 8, 9, 123456, tzinfo=timezone(timedelta(hours=2)))
    assert VirtualClock(start).anchor_ns == int(start.timestamp()) * S + 123_456_000


def test_a_start_without_time_zone_is_refused():
    with pytest.raises(ClockError, match="time zone"):
        VirtualClock(datetime(2025, 1, 1))  # noqa: DTZ001 - the point


def test_advance_moves_all_readings(clock):
    clock.advance(1.5)
    assert clock.ticks() == 1_500_000_000
    assert clock.now_ns() == clock.anchor_ns + 1_500_000_000
    assert repr(clock) == "VirtualClock(now=2025-01-01T00:00:01.500000+00:00)"


@pytest.mark.parametrize("seconds", [-1, math.inf, math.nan])
def test_advance_refuses_what_is_no_way_forward(clock, seconds):
    with pytest.raises(ClockError, match="forward"):
        clock.advance(seconds)
    assert clock.ticks() == 0


def test_it_is_a_clock_and_virtual(clock):
    as_protocol: Clock = clock
    assert as_protocol.virtual


def test_sleep_outside_hosted_code_just_advances_and_needs_no_loop(clock):
    with pytest.raises(StopIteration):
        clock.sleep(HOUR).send(None)
    assert clock.ticks() == HOUR * S


async def test_sleep_in_hosted_code_takes_its_place_among_the_other_timers(clock):
    order = []

    async def sleeper(seconds):
        await clock.sleep(seconds)
        order.append(seconds)

    async def work():
        await asyncio.gather(sleeper(3), sleeper(1), sleeper(2))

    await clock.host(work)
    assert order == [1, 2, 3]
    assert clock.ticks() == 3 * S


# -- hosting ------------------------------------------------------------------------------------


async def test_hosted_code_sees_the_virtual_time(clock):
    clock.advance(5)

    async def work():
        before = asyncio.get_running_loop().time()
        await asyncio.sleep(10 * HOUR)
        return before, asyncio.get_running_loop().time(), clock.ticks()

    assert await clock.host(work) == (5.0, 36_005.0, 36_005 * S)


async def test_timeouts_in_hosted_code_take_no_real_time(clock):
    async def work():
        async with asyncio.timeout(HOUR):
            await asyncio.sleep(2 * HOUR)

    with pytest.raises(TimeoutError):
        await clock.host(work)
    assert clock.ticks() == HOUR * S


async def test_sleeping_until_the_end_of_time_spends_no_time_on_the_way(clock):
    async def work():
        async with asyncio.timeout(1):
            await asyncio.sleep(math.inf)

    with pytest.raises(TimeoutError):
        await clock.host(work)
    assert clock.ticks() == S


async def test_a_century_passes_at_once(clock):
    century = 100 * 365 * 24 * HOUR

    async def work():
        await asyncio.sleep(century)
        await asyncio.sleep(0.001)

    await clock.host(work)
    assert clock.ticks() == pytest.approx(century * S, rel=1e-9)


async def test_the_private_loop_and_its_thread_are_the_same_in_every_call(clock):
    async def where():
        return asyncio.get_running_loop(), threading.get_ident()

    first = await clock.host(where)
    assert await clock.host(where) == first
    assert first[0] is not asyncio.get_running_loop()


async def test_what_is_bound_to_the_private_loop_is_usable_in_the_next_call(clock):
    queue = asyncio.Queue()

    async def wait_in_vain():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(queue.get(), 1)

    async def use():
        queue.put_nowait("kept")
        return await queue.get()

    await clock.host(wait_in_vain)
    assert await clock.host(use) == "kept"


async def test_a_task_left_behind_stands_still_between_calls(clock):
    left = []

    async def leave():
        left.append(asyncio.create_task(asyncio.sleep(HOUR, "done")))

    async def collect():
        return await left[0]

    await clock.host(leave)
    assert not left[0].done()
    assert clock.ticks() == 0
    assert await clock.host(collect) == "done"
    assert clock.ticks() == HOUR * S


async def test_the_callers_loop_stays_free(clock):
    go = threading.Event()

    async def work():
        return await asyncio.to_thread(go.wait, HANG_GUARD_S)

    asyncio.get_running_loop().call_soon(go.set)
    assert await clock.host(work)


async def test_hosting_in_hosted_code_awaits_in_place(clock):
    async def inner():
        return asyncio.current_task()

    async def outer():
        return await clock.host(inner) is asyncio.current_task()

    assert await clock.host(outer)


async def test_context_goes_along_and_comes_back(clock):
    given = contextvars.ContextVar("given")
    made = contextvars.ContextVar("made")
    given.set("from the caller")

    async def work():
        made.set(given.get())
        given.set("from the work")

    await clock.host(work)
    assert made.get() == "from the caller"
    assert given.get() == "from the work"


async def test_a_clock_hosted_by_another_keeps_its_own_time(clock):
    inner = VirtualClock()
    assert await clock.host(lambda: inner.host(lambda: asyncio.sleep(HOUR, "done"))) == "done"
    assert inner.ticks() == HOUR * S
    assert clock.ticks() < HOUR * S


# -- several calls at once ----------------------------------------------------------------------


async def test_two_calls_at_once_share_one_loop_and_one_time(clock):
    order = []

    async def work(seconds):
        await asyncio.sleep(seconds)
        order.append(seconds)
        return asyncio.get_running_loop()

    one, other = await asyncio.gather(clock.host(lambda: work(10)), clock.host(lambda: work(5)))
    assert one is other
    assert order == [5, 10]
    assert clock.ticks() == 10 * S


async def test_time_waits_for_a_caller_that_goes_from_one_call_to_the_next(clock):
    ends = []

    async def short_steps():
        for _ in range(3):
            await clock.host(lambda: asyncio.sleep(1))
            ends.append(clock.ticks() / S)

    async def long_step():
        await clock.host(lambda: asyncio.sleep(2.5))
        ends.append(clock.ticks() / S)

    await asyncio.gather(long_step(), short_steps())
    assert ends == [1, 2, 2.5, 3]


async def test_one_call_can_wake_another(clock):
    event = asyncio.Event()

    async def wake():
        event.set()

    waiting = asyncio.create_task(clock.host(event.wait))
    await asyncio.sleep(0)
    await clock.host(wake)
    assert await waiting


async def test_calls_from_several_loops_share_the_private_one(clock):
    def elsewhere():
        return asyncio.run(clock.host(lambda: asyncio.sleep(1, "there")))

    here, *there = await asyncio.gather(
        clock.host(lambda: asyncio.sleep(1, "here")), *(asyncio.to_thread(elsewhere) for _ in range(3))
    )
    assert [here, *there] == ["here", "there", "there", "there"]


async def test_cancelling_one_call_leaves_the_other_alone(clock):
    one = asyncio.create_task(clock.host(asyncio.Event().wait))
    gate = asyncio.Event()
    other = asyncio.create_task(clock.host(gate.wait))
    await asyncio.sleep(0)
    one.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one

    async def open_gate():
        gate.set()

    await clock.host(open_gate)
    assert await other
