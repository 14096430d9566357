"""Owns the rules about effects: what is left open, done twice, undone without having been done, or beyond recall."""

from __future__ import annotations

from collections.abc import Iterator

from legend_lab.lab.lint.facts import StepFacts
from legend_lab.lab.lint.rules.rule import FEATONBY, GARCIA_MOLINA, HELLAND, RICHARDSON, Case, Objection, Rule


def left_open(case: Case) -> Iterator[Objection]:
    """An effect that a step opens and that its undo never closes, though it could."""
    for step in case.saga.steps:
        if not step.undo.known or step.undo.unclear_effects or (step.undo.context_leaves and not step.undo.stands_in):
            continue
        for effect in step.opened:
            if effect.irreversible or effect.name in step.undo.closes:
                continue
            if effect.name in step.execute.closes:  # it is only borrowed
                continue
            said = f", on purpose ({step.no_undo_because})" if step.no_undo_because else ""
            yield Objection(
                "warning" if said else "error",
                step,
                "compensate",
                None,
                f"opens the effect {effect.name!r}, and its undo never closes it{said}",
                f"close {effect.name!r} in the undo; when nothing can close it, declare it irreversible",
            )


def retry_not_idempotent(case: Case) -> Iterator[Objection]:
    """A step that is retried though nobody says that doing it twice does no harm."""
    for step in case.saga.steps:
        retries = step.spec.retry_policy.max_retries
        if not retries or step.repeatable:
            continue
        times = f"{retries} time{'s' if retries > 1 else ''}"
        denied = step.spec.idempotent is False
        said = "says that it is not idempotent" if denied else "does not say that it is idempotent"
        yield Objection(
            "error" if denied else "warning",
            step,
            None,
            None,
            f"is retried up to {times}, and {said}",
            "hand idempotency_key() to the participant and say idempotent = True; else do not retry",
        )


def undo_of_nothing(case: Case) -> Iterator[Objection]:
    """An undo that may be called though nothing happened, and would take back something else."""
    for step in case.saga.steps:
        if not step.may_be_uncertain or step.undo.decides:
            continue
        for name, line in step.undo.closes.items():
            effect = step.effects[name]
            if effect.idempotent or name not in step.execute.opens:
                continue
            yield Objection(
                "warning",
                step,
                "compensate",
                line or None,
                f"may be called when nobody knows whether {name!r} was opened, and closes it without asking",
                f"let the participant know keys again (declare {name!r} idempotent), or look before closing",
            )


def no_way_back(case: Case) -> Iterator[Objection]:
    """A step that cannot be undone before one that can fail."""
    steps = case.saga.steps
    failing: StepFacts | None = None
    for step in reversed(steps):
        if failing is not None:
            yield from _beyond_recall(step, failing)
        if not step.gets_through:
            failing = step


def _beyond_recall(step: StepFacts, failing: StepFacts) -> Iterator[Objection]:
    irreversible = [effect.name for effect in step.opened if effect.irreversible]
    silent = step.undo.does_nothing and step.execute.waits is not None and not step.execute.opens
    if irreversible:
        what = f"opens {irreversible[0]!r}, which nothing can close"
    elif silent and not step.repeatable and step.no_undo_because is None:
        what = "does something outside, and its undo does nothing"
    else:
        return
    only_reads = "" if irreversible else "; a step that only asks is repeatable: say idempotent = True"
    yield Objection(
        "error" if irreversible else "warning",
        step,
        None,
        None,
        f"{what}, and {failing.path} after it can still fail",
        f"move it after {failing.path}, or split it: reserve here, confirm when nothing can fail any more{only_reads}",
    )


EFFECT_RULES = (
    Rule(
        "effect-left-open",
        "When a later step fails, the saga says that everything was undone, and this still stands.",
        GARCIA_MOLINA,
        left_open,
    ),
    Rule(
        "retry-not-idempotent",
        "An attempt whose answer was lost has happened; the next one happens again.",
        FEATONBY,
        retry_not_idempotent,
    ),
    Rule(
        "undo-of-nothing",
        "After a timeout or a lost connection nobody knows, so the undo must cope with 'it never happened'.",
        HELLAND,
        undo_of_nothing,
    ),
    Rule(
        "no-way-back",
        "What cannot be compensated is the pivot of a saga: after it only steps that are sure to get through may come.",
        RICHARDSON,
        no_way_back,
    ),
)
