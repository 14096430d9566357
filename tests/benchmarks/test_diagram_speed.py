"""Owns the diagram's speed: 100 steps with much to say, and a saga that is cut; printed beside making such a saga."""

from __future__ import annotations

import statistics
import time

import pytest

from legend_lab import RetryPolicy, Saga, SimulatedStep, diagram, to_mermaid
from legend_lab.saga.excerpt import LONGEST

pytestmark = pytest.mark.benchmark


class Wordy(SimulatedStep):
    """Ask the manager, and wait for the answer as long as it takes."""

    retry_policy = RetryPolicy(5, 100, 2.0, 1_000)
    compensation_retry_policy = RetryPolicy.retries(10)
    timeout_s = 2.5
    uncertain_on = (TimeoutError, PermissionError)
    idempotent = True


def blocks(count):
    steps = {f"s{number}": Wordy(effect="bank.hold", pauses=True) for number in range(10)}
    return Saga.of("Blocks", {f"b{number}": Saga.of(f"B{number}", steps) for number in range(count // 10)})


def took_ms(work):
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e3


@pytest.mark.parametrize("count", [100, 10_000])
def test_drawing_takes_about_as_long_as_a_person_does_not_notice(count):
    saga = blocks(count)
    for name, draw in (("diagram", lambda: diagram(saga).svg), ("to_mermaid", lambda: to_mermaid(saga))):
        text = draw()
        took = statistics.median(took_ms(draw) for _ in range(5))
        print(f"{name}, {count:,} steps: {took:.1f} ms, {len(text):,} characters (100 steps: 50 ms)")
        assert count <= LONGEST or "not drawn" in text
    print(f"making that saga: {took_ms(lambda: blocks(count)):.1f} ms")
