"""Owns the rules about time: retries of undos, limits, pauses, and how long all of it may take."""

from __future__ import annotations

import math
from collections.abc import Iterator

from legend_lab.lab.lint.findings import Phase
from legend_lab.lab.lint.rules.rule import BROOKER, GARCIA_MOLINA, RICHARDSON, Case, Objection, Rule
from legend_lab.lab.lint.times import in_words, longest_of, longest_run

LONG_RUN_MS = 3_600_000.0
"""A run that its limits let take longer than this, one hour, is worth a note even when nobody asked."""
_NAMED = 3


def undo_not_retried(case: Case) -> Iterator[Objection]:
    """An undo that reaches outside and gets one attempt only."""
    for step in case.saga.steps:
        if step.spec.compensation_retry_policy.max_retries or step.undo.reaches_outside is not True:
            continue
        yield Objection(
            "warning",
            step,
            "compensate",
            step.undo.waits or None,
            "reaches outside and is not retried",
            "give compensation_retry_policy, e.g. RetryPolicy.retries_with_backoff(5, 200)",
        )


def no_timeout(case: Case) -> Iterator[Objection]:
    """A step that waits for others for as long as they like."""
    for step in case.saga.steps:
        if step.spec.timeout_s is not None:
            continue
        line = step.execute.waits if step.execute.waits is not None else step.undo.waits
        if line is None:
            continue
        phase: Phase = "execute" if step.execute.waits is not None else "compensate"
        yield Objection(
            "warning",
            step,
            phase,
            line or None,
            "waits for others without a limit",
            "give timeout_s, from what the participant promises; an attempt that exceeds it counts as uncertain",
        )


def pause_under_timeout(case: Case) -> Iterator[Objection]:
    """A step that may pause and has a timeout, which says nothing of the pause."""
    for step in case.saga.steps:
        if step.spec.timeout_s is None or step.execute.pauses is None:
            continue
        yield Objection(
            "warning",
            step,
            "execute",
            step.execute.pauses or None,
            f"may pause, and its timeout of {step.spec.timeout_s:g} s ends with the attempt, not with the pause",
            "split it: one step that asks, with the timeout, and one that waits, without; watch how long runs stand",
        )


def long_run(case: Case) -> Iterator[Objection]:
    """A saga whose limits, retries and back-off add up to more than was asked for."""
    longest, limit = longest_run(case.saga), case.longest_ms
    total = longest.execute + longest.undo
    if total <= (LONG_RUN_MS if limit is None else limit) or (limit is None and math.isinf(total)):
        return  # without a limit of its own, no-timeout has said it
    numbers = (
        f"may take {in_words(longest.execute)} forward and {in_words(longest.undo)} back "
        f"({in_words(longest.backoff)} of it back-off)"
    )
    by_length = sorted(case.saga.steps, key=lambda step: -_total(longest_of(step).execute, longest_of(step).undo))
    most = ", ".join(
        f"{step.path} {in_words(_total(longest_of(step).execute, longest_of(step).undo))}"
        for step in by_length[:_NAMED]
    )
    asked = "" if limit is None else f", more than {in_words(limit)}"
    yield Objection(
        "note" if limit is None else "warning",
        None,
        None,
        None,
        f"{numbers}{asked}; most: {most}",
        "lower timeouts, retries or max_backoff_ms where it matters, or tell those who wait",
    )


def _total(execute: float, undo: float) -> float:
    return execute + undo


TIME_RULES = (
    Rule(
        "undo-not-retried",
        "An undo has to get through in the end; one lost connection leaves the rest to a person.",
        GARCIA_MOLINA,
        undo_not_retried,
    ),
    Rule(
        "no-timeout",
        "A participant that does not answer holds the saga, and all that it has reserved, for ever.",
        BROOKER,
        no_timeout,
    ),
    Rule(
        "pause-under-timeout",
        "A limit of seconds beside a wait of days misleads, and an attempt cut short before it pauses is uncertain.",
        BROOKER,
        pause_under_timeout,
    ),
    Rule(
        "long-run",
        "For all that time others see a half-done saga, and somebody waits for it.",
        RICHARDSON,
        long_run,
    ),
)
