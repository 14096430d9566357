"""Owns the longest time that a step, its undo and a whole saga may take by their settings."""

from __future__ import annotations

import math
from dataclasses import dataclass

from legend_lab.core.program import RetryPolicy
from legend_lab.lab.labels import human
from legend_lab.lab.lint.facts import PhaseFacts, SagaFacts, StepFacts


@dataclass(frozen=True, slots=True)
class Longest:
    """Time limits that follow from the settings, in ms; `math.inf` where nothing limits it. Pauses are not in it.

    Attributes:
        execute: all attempts of the step, each as long as it may take, and the back-off between them.
        undo: the same for its undo.
        backoff: what of both is waiting between attempts.
    """

    execute: float
    undo: float
    backoff: float


def longest_of(step: StepFacts) -> Longest:
    """The longest time that a step and its undo may take."""
    forward, back = step.spec.retry_policy, step.spec.compensation_retry_policy
    waits, undo_waits = total_backoff(forward), 0.0 if step.undo.does_nothing else total_backoff(back)
    return Longest(
        waits + _attempts(step.execute, forward, step.spec.timeout_s),
        undo_waits + _attempts(step.undo, back, step.spec.timeout_s),
        waits + undo_waits,
    )


def longest_run(saga: SagaFacts) -> Longest:
    """The longest time of all steps forward, and then of all undos."""
    steps = [longest_of(step) for step in saga.steps]
    return Longest(
        math.fsum(item.execute for item in steps),
        math.fsum(item.undo for item in steps),
        math.fsum(item.backoff for item in steps),
    )


def total_backoff(policy: RetryPolicy) -> float:
    """All back-off that a policy can ask for, in ms, added up without going through a million retries."""
    count, first, growth = policy.max_retries, policy.backoff_ms, float(policy.multiplier)
    if not count or not first:
        return 0.0
    cap = math.inf if policy.max_backoff_ms is None else policy.max_backoff_ms
    if cap == 0:
        return 0.0
    if growth == 1:
        return count * min(first, cap)
    if growth == 0:
        return min(first, cap)
    # waits before the limit is reached (they grow), or before they are below it (they shrink)
    turn = math.log(cap / first, growth) if cap < math.inf else math.inf
    before = count if math.isinf(turn) else min(count, max(0, math.floor(turn) + 1))
    if growth > 1:
        return _geometric(first, growth, before) + (count - before) * min(cap, LARGEST)
    if cap >= first:
        return _geometric(first, growth, count)
    return before * cap + _geometric(first * growth**before, growth, count - before)


LARGEST = 1e300
"""Stands for no limit where it is multiplied by nothing."""


def in_words(ms: float) -> str:
    """A time as people read it; where nothing limits it, that."""
    return "no limit" if math.isinf(ms) else human(ms)


def _geometric(first: float, growth: float, count: int) -> float:
    try:
        return first * math.expm1(count * math.log(growth)) / (growth - 1)
    except OverflowError:
        return math.inf


def _attempts(phase: PhaseFacts, policy: RetryPolicy, timeout_s: float | None) -> float:
    if phase.does_nothing or (phase.known and phase.reaches_outside is False):
        return 0.0
    return math.inf if timeout_s is None else (policy.max_retries + 1) * timeout_s * 1_000
