"""What is due when on a virtual loop: whole nanoseconds, and what is late after all else."""

import asyncio
import copy
import math
import pickle
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legend_lab.runtime.clocks import VirtualClock
from legend_lab.runtime.instants import Instant
from legend_lab.runtime.virtual_loop import VirtualTime, when_over

NS = st.integers(0, 10**21)
"""Up to some ten thousand years."""
INSTANTS = st.builds(Instant, NS, late=st.booleans())
YEAR_S = 365 * 24 * 3600


@given(INSTANTS, INSTANTS)
def test_instants_are_ordered_by_nanosecond_and_then_by_being_late(one, other):
    a, b = (one.ns, one.late), (other.ns, other.late)
    assert [one < other, one <= other, one > other, one >= other, one == other, one != other] == [
        *(a < b, a <= b, a > b, a >= b, a == b, a != b)
    ]
    assert hash(one) == hash(Instant(one.ns, late=one.late))


@given(NS)
def test_what_is_late_is_due_once_all_else_has_settled(ns):
    time = VirtualTime()
    time.advance_to(ns)
    timers = [Instant(ns), Instant(ns, late=True), Instant(ns + 1)]
    assert [when < 0.0 + time for when in timers] == [True, False, False]
    time.settle()
    assert [when < 0.0 + time for when in timers] == [True, True, False]
    time.advance_to(ns - 1)
    assert time.ticks() == ns
    time.advance_to(ns + 1)
    assert [when < 0.0 + time for when in timers] == [True, True, True]
    assert not Instant(ns + 1, late=True) < 0.0 + time


@given(
    st.lists(st.tuples(st.integers(1, 50), st.booleans()), min_size=1, max_size=8), st.sampled_from([0, 100 * YEAR_S])
)
def test_timers_fire_at_their_nanosecond_and_late_ones_after_what_the_others_do(timers, begin_s):
    clock, fired = VirtualClock(), []

    async def all_of_them():
        loop = asyncio.get_running_loop()
        await asyncio.sleep(begin_s)
        done = loop.create_future()
        for ns, late in timers:
            when = when_over(ns / 1e9) if late else loop.when(ns / 1e9)
            loop.call_at(when, lambda key=(ns, late): loop.call_soon(lambda: fired.append((*key, clock.ticks()))))
        loop.call_later(1, done.set_result, None)
        await done

    asyncio.run(clock.host(all_of_them))
    begin_ns = begin_s * 10**9
    assert fired == [(ns, late, begin_ns + ns) for ns, late in sorted(timers)]


def test_hosted_code_is_told_plain_seconds_that_can_be_kept():
    clock = VirtualClock()

    async def seconds():
        await asyncio.sleep(1.5)
        loop = asyncio.get_running_loop()
        return loop.time(), loop.call_later(0, lambda: None).when()

    for at in asyncio.run(clock.host(seconds)):
        assert type(at) is float
        assert [copy.deepcopy(at), pickle.loads(pickle.dumps(at))] == [1.5, 1.5]  # noqa: S301 - our own


def test_a_wait_for_what_is_left_until_a_timer_ends_there():
    clock, rounds = VirtualClock(), []

    async def wait():
        loop = asyncio.get_running_loop()
        timer = loop.call_later(1, lambda: None)
        while (left := timer.when() - loop.time()) > 0 and len(rounds) < 10:
            rounds.append(left)
            await asyncio.sleep(left)

    asyncio.run(clock.host(wait))
    assert rounds == [1]


@pytest.mark.parametrize("seconds", [sys.float_info.max, 1e300, math.inf])
def test_a_limit_that_is_never_reached_takes_no_time(seconds):
    clock = VirtualClock()

    async def both():
        async with asyncio.timeout(seconds):
            await asyncio.wait_for(asyncio.sleep(2), seconds)

    asyncio.run(clock.host(both))
    assert clock.ticks() == 2 * 10**9
