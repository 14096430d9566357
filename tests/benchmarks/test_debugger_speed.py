"""Owns the debugger's budgets: time a step, memory of a long history, seeks; each beside a floor of the same run."""

from __future__ import annotations

import asyncio
import pickle
import random
import statistics
import time
import tracemalloc

import pytest

from legend_lab import CompensationOutcome, Fault, Saga, Step, StepOutcome, VirtualClock
from legend_lab.lab.debugger import Debugger
from legend_lab.lab.snapshots import Snapshots

pytestmark = pytest.mark.benchmark
ENTRIES = 10_000
CALLS = [0]


def noise(source, size):
    return "".join(source.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=size))


def ten_kilobytes():
    source = random.Random(1)  # noqa: S311 - the same text every time
    return {"n": 0, "rows": [noise(source, 100) for _ in range(100)]}


class Change(Step[dict]):
    """Changes a tenth of the context: ten of a hundred rows."""

    async def execute(self, ctx):
        CALLS[0] += 1
        number = ctx["n"] = ctx["n"] + 1
        source = random.Random(number)  # noqa: S311 - the same text every time
        for row in source.sample(range(100), 10):
            ctx["rows"][row] = noise(source, 100)
        return StepOutcome.PAUSE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Undone(Step[dict]):
    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


async def paused_again_and_again(entries):
    """A history of that many entries, half of them executions that change the context and half resumes."""
    debugger = Debugger(Saga.of("Long", {"a": Change()}), ten_kilobytes(), clock=VirtualClock())
    while debugger.length < entries:
        await debugger.step()
        debugger.resume()
    return debugger


@pytest.fixture(scope="module")
def long():
    return asyncio.run(paused_again_and_again(ENTRIES))


def median_us(what, count):
    times = []
    for _ in range(count):
        began = time.perf_counter()
        what()
        times.append((time.perf_counter() - began) * 1e6)
    return statistics.median(times)


def test_a_step_costs_the_context_and_not_the_history(long):
    short = asyncio.run(paused_again_and_again(100))

    async def cost(debugger):
        times = []
        for _ in range(200):
            began = time.perf_counter()
            await debugger.step()
            times.append((time.perf_counter() - began) * 1e6)
            debugger.resume()
        return statistics.median(times)

    before, after = asyncio.run(cost(short)), asyncio.run(cost(long))
    context = ten_kilobytes()
    floor = median_us(lambda: pickle.dumps(context), 200)
    changing = median_us(lambda: work(context), 100)
    print(
        f"\nstep after 100 entries {before:.0f} µs, after {ENTRIES:,} {after:.0f} µs; "
        f"floor: the step's own work {changing:.0f} µs, one pickle {floor:.0f} µs"
    )
    assert after < 1.5 * before + 50


def work(ctx):
    try:
        Change().execute(ctx).send(None)
    except StopIteration:
        return


@pytest.mark.parametrize("going", ["forward", "undoing"])
def test_a_step_of_a_long_saga_costs_the_same_at_its_end(going):
    async def cost():
        count = ENTRIES // 2
        saga = Saga.of("Wide", {f"s{number}": Undone() for number in range(count)})
        faults = [Fault(f"s{count - 1}")] if going == "undoing" else []
        debugger = Debugger(saga, {}, faults=faults, clock=VirtualClock())
        times = []
        while debugger.next_instruction is not None:
            began = time.perf_counter()
            await debugger.step()
            times.append((time.perf_counter() - began) * 1e6)
        return times

    times = asyncio.run(cost())
    tenth = len(times) // 10
    first, last = statistics.median(times[:tenth]), statistics.median(times[-tenth:])
    print(f"\n{going}: first tenth {first:.0f} µs a step, last tenth {last:.0f} µs, of {len(times):,} entries")
    assert last < 2 * first + 20


def test_ten_thousand_entries_fit_into_a_hundred_megabytes():
    async def grow():
        tracemalloc.start()
        debugger = await paused_again_and_again(ENTRIES)
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return debugger, held

    debugger, held = asyncio.run(grow())
    packed = debugger.branches[0].snapshots.nbytes
    whole = len(pickle.dumps(debugger.context)) * ENTRIES / 2
    print(
        f"\n{ENTRIES:,} entries hold {held / 1e6:.1f} MB, {packed / 1e6:.1f} MB of it snapshots; "
        f"floor: plain pickles of each different context {whole / 1e6:.0f} MB"
    )
    assert held < 100e6


def test_every_entry_may_change_the_context_within_a_hundred_megabytes():
    snapshots, context = Snapshots(), ten_kilobytes()
    began = time.perf_counter()
    for _ in range(ENTRIES):
        work(context)
        snapshots.append(context)
    each = (time.perf_counter() - began) / ENTRIES * 1e6
    print(f"\n{ENTRIES:,} different contexts of 10 KB take {snapshots.nbytes / 1e6:.1f} MB, {each:.0f} µs each")
    assert snapshots.nbytes < 100e6


def test_a_thousand_seeks_take_a_second_and_call_nothing(long):
    source, calls = random.Random(7), CALLS[0]  # noqa: S311 - the same places every time
    places = [source.randrange(long.length) for _ in range(1_000)]
    began = time.perf_counter()
    for place in places:
        long.goto(place)
        assert long.context["n"] == (place + 1) // 2
        _ = long.state
    took = time.perf_counter() - began
    raw = pickle.dumps(long.context)
    floor = median_us(lambda: pickle.loads(raw), 1_000)  # noqa: S301 - made just now
    print(f"\n1,000 seeks {took * 1e3:.0f} ms; floor: 1,000 plain unpickles {floor:.0f} ms")
    assert took < 1
    assert CALLS[0] == calls
    long.goto(-1)


def test_saving_and_loading_grow_with_what_is_kept(tmp_path):
    debugger = asyncio.run(paused_again_and_again(1_000))
    began = time.perf_counter()
    debugger.save(tmp_path / "s.json")
    saved = time.perf_counter()
    Debugger.load(tmp_path / "s.json", Saga.of("Long", {"a": Change()}), clock=VirtualClock())
    loaded = time.perf_counter()
    size = (tmp_path / "s.json").stat().st_size
    print(
        f"\n1,000 entries, {size / 1e6:.1f} MB: saved in {(saved - began) * 1e3:.0f} ms, "
        f"loaded in {(loaded - saved) * 1e3:.0f} ms"
    )
    assert size < 6e6
