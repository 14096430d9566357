"""Facts about the private loop: what holds its time, what it refuses, and how it ends."""

import asyncio
import gc
import socket
import sys
import threading
import weakref

import pytest

from legend_lab.core.errors import ClockError
from legend_lab.runtime.clocks import VirtualClock

HOUR = 3600
S = 10**9
HANG_GUARD_S = 60


@pytest.fixture
def clock():
    return VirtualClock()


async def nothing():
    pass


# -- what holds time ----------------------------------------------------------------------------


async def race(clock, real):
    """Return whether real work was done before an hour's sleep beside it."""

    async def work():
        sleeper = asyncio.create_task(asyncio.sleep(HOUR))
        await real()
        first = not sleeper.done()
        sleeper.cancel()
        return first

    return await clock.host(work)


async def test_time_does_not_jump_while_a_thread_works(clock):
    async def real():
        await asyncio.to_thread(sum, range(300_000))

    assert await race(clock, real)
    assert clock.ticks() < HOUR * S


async def test_time_does_not_jump_while_an_executor_works(clock):
    async def real():
        await asyncio.get_running_loop().getaddrinfo("127.0.0.1", 80)

    assert await race(clock, real)


async def test_time_does_not_jump_while_a_socket_is_watched(clock):
    ours, theirs = socket.socketpair()
    ours.setblocking(False)

    async def real():
        loop = asyncio.get_running_loop()
        threading.Thread(target=theirs.send, args=(b"x",)).start()
        assert await loop.sock_recv(ours, 1) == b"x"

    with ours, theirs:
        assert await race(clock, real)


async def test_time_does_not_jump_while_a_subprocess_lives(clock):
    async def real():
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "pass")
        assert await process.wait() == 0

    assert await race(clock, real)


async def test_time_jumps_again_when_the_real_work_is_done(clock):
    async def work():
        await asyncio.to_thread(nothing_sync)
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "pass")
        await process.wait()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            reader, writer = await asyncio.open_connection(sock=ours)
            theirs.send(b"x\n")
            assert await reader.readline() == b"x\n"
            writer.close()
            await writer.wait_closed()
        await asyncio.sleep(HOUR)

    await clock.host(work)
    assert HOUR * S <= clock.ticks() < 2 * HOUR * S


def nothing_sync():
    pass


async def test_a_timeout_on_real_work_fires_at_its_own_instant(clock):
    go = threading.Event()

    async def work():
        try:
            async with asyncio.timeout(0.001):
                await asyncio.to_thread(go.wait, HANG_GUARD_S)
        finally:
            go.set()

    with pytest.raises(TimeoutError):
        await clock.host(work)
    assert clock.ticks() == 1_000_000


async def test_advance_from_outside_makes_timers_due_while_real_work_is_outstanding(clock):
    begun, go = threading.Event(), threading.Event()

    def real():
        begun.set()
        return go.wait(HANG_GUARD_S)

    async def work():
        job = asyncio.create_task(asyncio.to_thread(real))  # begins once the sleep below has
        await asyncio.sleep(HOUR)
        go.set()
        return await job

    task = asyncio.create_task(clock.host(work))
    assert await asyncio.to_thread(begun.wait, HANG_GUARD_S)
    clock.advance(HOUR)
    assert await task


# -- misuse -------------------------------------------------------------------------------------


async def test_awaiting_a_foreign_loops_future_is_explained_and_keeps_its_type(clock):
    foreign = asyncio.get_running_loop().create_future()

    async def work():
        await foreign

    with pytest.raises(RuntimeError, match="different loop") as caught:
        await clock.host(work)
    assert type(caught.value) is RuntimeError
    assert "use SystemClock" in caught.value.__notes__[0]


async def test_awaiting_a_foreign_loops_lock_is_explained(clock):
    lock = asyncio.Lock()
    await lock.acquire()
    waiting = asyncio.create_task(lock.acquire())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="different event loop") as caught:
        await clock.host(lock.acquire)
    assert "use SystemClock" in caught.value.__notes__[0]
    waiting.cancel()


async def test_the_explanation_is_found_in_causes_and_groups_and_given_once(clock):
    foreign = asyncio.get_running_loop().create_future()

    async def work():
        async with asyncio.TaskGroup() as group:
            group.create_task(clock.host(wrapped))

    async def wrapped():
        try:
            await foreign
        except RuntimeError as error:
            raise ValueError("mine") from error

    with pytest.raises(ExceptionGroup) as caught:
        await clock.host(work)
    (mine,) = caught.value.exceptions
    assert len(mine.__cause__.__notes__) == 1
    assert not hasattr(mine, "__notes__")


async def test_waiting_for_what_can_never_come_is_an_error():
    clock = VirtualClock(patience_s=0)
    seen = []

    async def work():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    with pytest.raises(ClockError, match="can never come"):
        await clock.host(work)
    assert seen == ["cancelled"]
    assert await clock.host(lambda: asyncio.sleep(1, "alive")) == "alive"


async def test_every_call_that_waits_in_vain_is_told():
    clock = VirtualClock(patience_s=0)
    ends = await asyncio.gather(*(clock.host(asyncio.Event().wait) for _ in range(3)), return_exceptions=True)
    assert [type(end) for end in ends] == [ClockError] * 3


async def test_an_unseen_thread_has_the_clocks_patience_to_wake_the_loop():
    clock = VirtualClock(patience_s=HANG_GUARD_S)

    async def work():
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        threading.Thread(target=loop.call_soon_threadsafe, args=(future.set_result, "woken")).start()
        return await future

    assert await clock.host(work) == "woken"


# -- the end of a clock -------------------------------------------------------------------------


async def forget(clocks):
    """Drop the only reference, and return loop and thread once the thread has ended."""
    host = clocks.pop()._host
    loop, thread = host.loop, host.thread
    del host
    gc.collect()
    await asyncio.to_thread(thread.join, HANG_GUARD_S)
    assert not thread.is_alive()
    return loop


async def test_a_forgotten_clock_closes_its_loop_and_ends_its_thread():
    clocks = [VirtualClock()]
    await clocks[0].host(nothing)
    loop = await forget(clocks)
    assert loop.is_closed()


async def test_what_is_left_on_the_loop_cleans_up_when_the_clock_is_forgotten():
    clocks = [VirtualClock()]
    cleaned = []

    async def background():
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append("up")

    async def stream():
        try:
            yield 1
            yield 2
        finally:
            cleaned.append("generator")

    generator = stream()

    async def work():
        asyncio.create_task(background())  # noqa: RUF006 - left behind on purpose
        await anext(generator)

    await clocks[0].host(work)
    loop = await forget(clocks)
    assert loop.is_closed()
    assert sorted(cleaned) == ["generator", "up"]


async def test_a_task_left_behind_that_holds_its_clock_keeps_nothing_alive(caplog):
    clock = VirtualClock()

    async def background(clock):
        await asyncio.sleep(HOUR)
        clock.advance(1)

    async def work():
        asyncio.create_task(background(clock))  # noqa: RUF006 - left behind on purpose
        await asyncio.sleep(1)

    await clock.host(work)
    parked = threading.Event()
    clock._host.inbox.put(parked.set)
    assert await asyncio.to_thread(parked.wait, HANG_GUARD_S)
    thread, loop = clock._host.thread, weakref.ref(clock._host.loop)
    clock = work = None
    gc.collect()
    await asyncio.to_thread(thread.join, HANG_GUARD_S)
    assert not thread.is_alive()
    gc.collect()
    assert loop() is None


def test_a_clock_that_hosts_nothing_starts_no_thread():
    before = threading.active_count()
    clock = VirtualClock()
    clock.advance(1)
    assert threading.active_count() == before
