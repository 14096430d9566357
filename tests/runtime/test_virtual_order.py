"""Random trees of sleeps and timeouts end when arithmetic says, and in that order."""

import asyncio
from dataclasses import dataclass

from hypothesis import assume, given
from hypothesis import strategies as st

from legend_lab.runtime.clocks import VirtualClock
from legend_lab.runtime.virtual_loop import VirtualLoop


@dataclass(frozen=True)
class Sleep:
    ms: int


@dataclass(frozen=True)
class InTurn:
    parts: tuple


@dataclass(frozen=True)
class AtOnce:
    parts: tuple


@dataclass(frozen=True)
class Within:
    ms: int
    part: object


MS = st.integers(1, 50)
TREES = st.recursive(
    st.builds(Sleep, MS),
    lambda tree: (
        st.builds(InTurn, st.lists(tree, min_size=1, max_size=3).map(tuple))
        | st.builds(AtOnce, st.lists(tree, min_size=1, max_size=4).map(tuple))
        | st.builds(Within, MS, tree)
    ),
    max_leaves=12,
)


def expect(tree, begin, limit, ends):
    """Return when `tree` ends if nothing cuts it off; `ends` gets the sleeps that end before `limit` (all in ms)."""
    match tree:
        case Sleep(ms):
            end = begin + ms
            if end < limit:
                ends.append(end)
        case InTurn(parts):
            end = begin
            for part in parts:
                if end < limit:
                    end = expect(part, end, limit, ends)
        case AtOnce(parts):
            end = max(expect(part, begin, limit, ends) for part in parts)
        case Within(ms, part):
            cut = begin + ms
            end = expect(part, begin, min(limit, cut), ends)
            assume(end != cut)  # which of the two comes first is nobody's promise
            end = min(end, cut)
    assume(end != limit)
    return end


async def perform(tree, clock, ends):
    match tree:
        case Sleep(ms):
            await asyncio.sleep(ms / 1000)
            ends.append(clock.ticks())
        case InTurn(parts):
            for part in parts:
                await perform(part, clock, ends)
        case AtOnce(parts):
            await asyncio.gather(*(perform(part, clock, ends) for part in parts))
        case Within(ms, part):
            try:
                async with asyncio.timeout(ms / 1000):
                    await perform(part, clock, ends)
            except TimeoutError:
                pass


CLOCK = VirtualClock()


@given(TREES)
def test_everything_ends_at_its_virtual_instant_and_in_that_order(tree):
    expected = []
    end = expect(tree, 0, float("inf"), expected)
    ends = []
    began = CLOCK.ticks()
    asyncio.run(CLOCK.host(lambda: perform(tree, CLOCK, ends)))
    assert [at - began for at in ends] == [ms * 1_000_000 for ms in sorted(expected)]
    assert CLOCK.ticks() - began == end * 1_000_000


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6))
def test_calls_made_at_once_end_in_the_order_of_their_instants(sleeps):
    ends = []

    async def one(ms):
        await CLOCK.host(lambda: asyncio.sleep(ms / 1000))
        ends.append((ms, CLOCK.ticks() - began))

    async def all_at_once():
        await asyncio.gather(*(one(ms) for ms in sleeps))

    began = CLOCK.ticks()
    asyncio.run(all_at_once())
    assert ends == [(ms, ms * 1_000_000) for ms in sorted(sleeps)]


def test_what_is_submitted_between_two_looks_begins_before_time_moves(monkeypatch):
    clock = VirtualClock()
    idle = VirtualLoop.idle
    ends = []

    async def sleep(ms):
        await asyncio.sleep(ms / 1000)
        ends.append((ms, clock.ticks()))

    def submit_first(loop, timeout, wait):
        if not submitted:
            submitted.append(asyncio.run_coroutine_threadsafe(sleep(32), loop))
        return idle(loop, timeout, wait)

    async def two():
        await sleep(27)
        await asyncio.wrap_future(submitted[0])

    submitted = []
    monkeypatch.setattr(VirtualLoop, "idle", submit_first)
    asyncio.run(clock.host(two))
    assert ends == [(27, 27_000_000), (32, 32_000_000)]
