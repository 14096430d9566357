"""How long frames and charts take; run with `pytest tests/benchmarks/bench_lab.py -s`."""

import asyncio
import gc
import json
import statistics
import time
from dataclasses import replace

import pytest

from legend_lab import Fault, Journal, Program, RetryPolicy, Saga, SimulatedStep, StepSpec, VirtualClock
from legend_lab.core.instructions import CompensationOutcome, Failure, StepOutcome
from legend_lab.lab.charts import figure_data, gantt
from legend_lab.lab.frames import timings_frame

pytestmark = pytest.mark.benchmark


class Stubborn(SimulatedStep):
    retry_policy = RetryPolicy.retries_with_backoff(20, 11)


def median_ms(what, rounds=9):
    what()
    times = []
    for _ in range(rounds):
        gc.collect()
        started = time.perf_counter()
        what()
        times.append((time.perf_counter() - started) * 1e3)
    return statistics.median(times)


def say(text):
    print(f"\n{text}")


def failed_run(steps, failures):
    """A rolled-back run of blocks of ten steps, each of which failed a few times first."""
    blocks = {
        f"b{block}": Saga.of("Block", {f"s{index}": Stubborn(duration_ms=3) for index in range(10)})
        for block in range(steps // 10)
    }
    paths = [f"b{index // 10}.s{index % 10}" for index in range(steps)]
    faults = [Fault(path, attempt=attempt, delay_ms=2) for path in paths for attempt in range(1, failures + 1)]
    faults += [Fault(paths[-1], attempt=attempt) for attempt in range(failures + 1, 22)]
    return asyncio.run(Saga.of("Long", blocks).build({}, clock=VirtualClock(), faults=faults).start())


def million_rows():
    """A million entries on 10,000 steps: no instruction is shared, a tenth of them failed with an error of its own."""
    program = Program("Million", tuple(StepSpec(f"b{index // 100}.s{index}") for index in range(10_000)))
    rows, now = [], 0
    while len(rows) < 1_000_000:
        for at in program.executes:
            outcome = Failure(ValueError("no")) if len(rows) % 10 == 0 else StepOutcome.CONTINUE
            rows.append((replace(at), outcome, now, now + 500, None))
            now += 1_000
        for at in reversed(program.compensates):
            rows.append((replace(at), CompensationOutcome.COMPLETED, now, now + 500, None))
            now += 1_000
    return rows[:1_000_000]


def test_a_frame_of_a_million_entries_takes_at_most_two_seconds():
    rows = million_rows()
    floor = median_ms(lambda: [row[2] for row in rows], 3)
    frame = median_ms(lambda: timings_frame(Journal(rows, 10**18)), 3)
    say(f"1,000,000 entries: frame {frame:,.0f} ms ({frame / floor:.0f} x one plain pass over the rows)")
    assert frame <= 2_000


def test_a_chart_of_a_thousand_bars_takes_at_most_100_ms():
    source = failed_run(100, 9)
    count = sum(trace["type"] == "bar" and len(trace["x"]) for trace in figure_data(source)["data"])
    data, figure = median_ms(lambda: figure_data(source)), median_ms(lambda: gantt(source))
    say(f"{count:,} bars: figure_data {data:.1f} ms, gantt {figure:.1f} ms")
    assert count >= 1_000
    assert figure <= 100


def test_the_live_charts_data_take_at_most_10_ms_at_200_entries():
    source = failed_run(20, 4)
    data = median_ms(lambda: figure_data(source))
    size = len(json.dumps(figure_data(source)))
    say(f"{len(source.journal)} entries: figure_data {data:.1f} ms, {size / 1e3:.0f} kB of JSON")
    assert data <= 10


def test_a_chart_of_a_hundred_thousand_entries_stays_usable():
    source = failed_run(10_000, 4)
    figure = median_ms(lambda: gantt(source), 3)
    say(f"{len(source.journal):,} entries: gantt {figure:.0f} ms")
    assert figure <= 1_000
