"""Facts about the clock that runs use unless told otherwise."""

import asyncio
import contextvars
import time

import pytest

from legend_lab.runtime.clocks import Clock, SystemClock


def test_the_counter_is_the_bare_builtin():
    assert SystemClock().ticks is time.perf_counter_ns


def test_now_is_the_anchor_plus_the_counter():
    clock = SystemClock()
    before = clock.ticks()
    now = clock.now_ns()
    after = clock.ticks()
    assert before + clock.anchor_ns <= now <= after + clock.anchor_ns


def test_the_anchor_is_set_to_the_wall_clock_when_made():
    before = time.time_ns() - time.perf_counter_ns()
    anchor = SystemClock().anchor_ns
    assert abs(anchor - before) < 60 * 10**9


def test_it_cannot_be_changed():
    with pytest.raises(AttributeError):
        SystemClock().anchor_ns = 0


def test_it_is_a_clock_and_not_virtual():
    clock: Clock = SystemClock()
    assert not clock.virtual


async def test_hosted_code_runs_in_the_callers_own_task():
    async def which():
        return asyncio.current_task()

    assert await SystemClock().host(which) is asyncio.current_task()


async def test_context_set_by_hosted_code_is_seen_afterwards():
    seen = contextvars.ContextVar("seen", default="before")

    async def change():
        seen.set("after")

    await SystemClock().host(change)
    assert seen.get() == "after"


async def test_hosted_errors_come_back_as_they_are():
    error = ValueError("as it is")

    async def fail():
        raise error

    with pytest.raises(ValueError, match="as it is") as caught:
        await SystemClock().host(fail)
    assert caught.value is error


async def test_sleep_lets_the_loop_go_on():
    order = []
    asyncio.get_running_loop().call_soon(order.append, "loop")
    await SystemClock().sleep(0)
    order.append("sleeper")
    assert order == ["loop", "sleeper"]
