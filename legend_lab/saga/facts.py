"""Owns the words of diagrams: what is worth saying of a step, of its undo and of a whole saga."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from legend_lab.core.program import ExceptionTypes, RetryPolicy, StepSpec
from legend_lab.core.story import duration
from legend_lab.saga.outline import SagaOutline, StepOutline

Kind = Literal[
    "retry", "limit", "pause", "uncertain", "opens", "closes", "stays", "nothing", "open", "always", "promise"
]
GLYPHS: dict[Kind, str] = {
    "retry": "↻",
    "limit": "◷",
    "pause": "‖",
    "uncertain": "?",
    "opens": "●",
    "closes": "○",
    "stays": "⚠",
    "nothing": "∅",
    "open": "…",
    "always": "↩",
    "promise": "=",
}
"""How each kind of fact is marked in text; a drawing has an icon of the same shape."""

USUAL_UNCERTAIN = StepSpec("usual").uncertain_on
"""What is uncertain unless a step says otherwise; told once, not at every step."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to know, in a few words; `text` may hold names of users."""

    kind: Kind
    text: str


def facts_of_step(step: StepOutline) -> list[Fact]:
    """What to know of doing it, the ordinary left out."""
    settings, found = step.settings, []
    if step.is_open:
        found.append(Fact("open", "which step this is, each saga object says"))
    found += _retries(settings.retry_policy)
    if settings.timeout_s is not None:
        found.append(Fact("limit", f"limit {duration(settings.timeout_s * 1e3)}"))
    if step.pauses:
        found.append(Fact("pause", "may pause"))
    if settings.uncertain_on != USUAL_UNCERTAIN:
        names = names_of(settings.uncertain_on)
        found.append(Fact("uncertain", f"uncertain after {names}" if names else "no error leaves it uncertain"))
    if settings.idempotent is not None:
        found.append(Fact("promise", "idempotent" if settings.idempotent else "not idempotent"))
    if step.effect is not None:
        found.append(Fact("opens", f"opens {step.effect.name}"))
    return found


def facts_of_undo(step: StepOutline) -> list[Fact]:
    """What to know of undoing it, the ordinary left out."""
    found = []
    if step.undo_does_nothing:
        found.append(Fact("nothing", "does nothing"))
    if step.effect is not None:
        if step.effect.irreversible:
            found.append(Fact("stays", f"{step.effect.name} is irreversible"))
        elif step.undo_does_nothing:
            found.append(Fact("stays", f"{step.effect.name} stays open"))
        else:
            found.append(Fact("closes", f"closes {step.effect.name}"))
    if step.settings.compensate_on_failure:
        found.append(Fact("always", "also when the step itself failed"))
    found += _retries(step.settings.compensation_retry_policy)
    if step.settings.timeout_s is not None and not step.undo_does_nothing:
        found.append(Fact("limit", f"limit {duration(step.settings.timeout_s * 1e3)}"))
    if step.undo_pauses:
        found.append(Fact("pause", "may pause"))
    return found


def rules_of(saga: SagaOutline) -> list[str]:
    """How a run of this saga goes, in sentences."""
    usual = any(step.settings.uncertain_on == USUAL_UNCERTAIN for step in saga.steps)
    raised = f", raised {names_of(USUAL_UNCERTAIN)}" if usual else ""
    doubts = f"it timed out, paused, was cut short{raised} or returned no outcome"
    failed_undo = {
        "continue": "An undo that fails for good is reported, and the earlier ones still run.",
        "halt": "An undo that fails for good stops the rollback there.",
    }
    return [
        "When a step fails for good, every step done before it is undone, newest first.",
        f"Its own undo runs first when nobody knows whether it happened: {doubts}.",
        failed_undo[saga.on_compensation_failure],
    ]


def size_of(saga: SagaOutline) -> str:
    """How many steps and blocks it has."""
    counts = [counted(len(saga.steps), "step")]
    if saga.blocks:
        counts.append(counted(len(saga.blocks), "block"))
    return ", ".join(counts)


def counted(count: int, noun: str) -> str:
    """A count with its noun, in the plural where needed."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def names_of(errors: ExceptionTypes) -> str:
    """Names of error classes in a sentence; empty without any."""
    names = [error.__name__ for error in errors]
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _retries(policy: RetryPolicy) -> list[Fact]:
    if not policy.max_retries:
        return []
    text = f"{policy.max_retries:,} {'retry' if policy.max_retries == 1 else 'retries'}"
    first, last = policy.backoff_for(1), policy.backoff_for(policy.max_retries)
    if first or last:
        text += f", {duration(first)} apart" if first == last else f", {duration(first)} to {duration(last)} apart"
    else:
        text += " at once"
    never = names_of(policy.give_up_on)
    return [Fact("retry", f"{text}, never after {never}" if never else text)]
