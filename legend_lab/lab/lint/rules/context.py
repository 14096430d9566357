"""Owns the rules about the context: what is read without having been written, and what nobody reads.

A field that a step writes and no step reads is taken for a result of the saga.
"""

from __future__ import annotations

from collections.abc import Iterator

from legend_lab.lab.lint.facts import PhaseFacts, SagaFacts, StepFacts
from legend_lab.lab.lint.rules.rule import FOSDICK, HELLAND, Case, Objection, Rule


def undo_reads_unwritten(case: Case) -> Iterator[Objection]:
    """An undo that reads what its step may not have written when it failed."""
    writers = _writers(case.saga)
    if writers is None:
        return
    for index, step in enumerate(case.saga.steps):
        for name, line in step.undo.reads.items():
            if (
                name in step.undo.guarded
                or _came_before(case.saga, name, index)
                or _may_be_given(case.saga, name, step)
            ):
                continue
            own, places = index in writers.get(name, ()), writers.get(name, set())
            if own and step.may_be_uncertain and name not in step.execute.early | step.execute.may_change:
                what = "which the step writes only after it may have failed"
            elif not own and places and min(places) > index:
                what = f"which only a later step writes ({case.saga.steps[min(places)].path})"
            else:
                continue
            yield Objection(
                "error" if case.saga.given is not None else "warning",
                step,
                "compensate",
                line or None,
                f"reads {name!r}, {what}",
                f"use idempotency_key(of='execute'), write {name!r} before the call, or look whether it is there",
            )


def read_too_early(case: Case) -> Iterator[Objection]:
    """A step that reads what only a later one writes."""
    writers = _writers(case.saga)
    if writers is None:
        return
    for index, step in enumerate(case.saga.steps):
        for name, line in step.execute.reads.items():
            places = writers.get(name, set())
            if _is_given(case.saga, name) or name in step.execute.guarded or not places or min(places) <= index:
                continue
            later = case.saga.steps[min(places)].path
            yield Objection(
                "error",
                step,
                "execute",
                line or None,
                f"reads {name!r}, which only {later} after it writes",
                f"move it after {later}",
            )


def never_written(case: Case) -> Iterator[Objection]:
    """A field that steps read, no step writes, and no run starts with."""
    writers, given = _writers(case.saga), case.saga.given
    if writers is None or given is None:
        return
    for name, has_value in given.items():
        reader = _reader(case.saga, name)
        if has_value or name in writers or reader is None:
            continue
        step, phase = reader
        yield Objection(
            "warning",
            step,
            "compensate" if phase is step.undo else "execute",
            phase.reads[name] or None,
            f"reads {name!r}, which no step writes and which starts as None",
            f"write {name!r} in a step before; when the caller gives it, take the default away",
        )


def never_read(case: Case) -> Iterator[Objection]:
    """A field of the context that no step reads or writes."""
    writers, given = _writers(case.saga), case.saga.given
    if writers is None or given is None:
        return
    for name in given:
        if name in writers or _reader(case.saga, name) is not None:
            continue
        yield Objection(
            "note",
            None,
            None,
            None,
            f"the context has {name!r}, which no step reads or writes",
            f"take {name!r} out of the context, or let the step read it that was meant to",
        )


def _phases(saga: SagaFacts) -> Iterator[tuple[StepFacts, PhaseFacts]]:
    for step in saga.steps:
        yield step, step.execute
        yield step, step.undo


def _writers(saga: SagaFacts) -> dict[str, set[int]] | None:
    """For each field the steps that write it (undos only take back); None when some code could not be looked at."""
    if any(not phase.known or phase.context_leaves for _, phase in _phases(saga)):
        return None
    found: dict[str, set[int]] = {}
    for index, step in enumerate(saga.steps):
        for name in (*step.execute.writes, *step.execute.may_change):
            found.setdefault(name, set()).add(index)
    return found


def _reader(saga: SagaFacts, name: str) -> tuple[StepFacts, PhaseFacts] | None:
    return next(((step, phase) for step, phase in _phases(saga) if name in phase.reads), None)


def _is_given(saga: SagaFacts, name: str) -> bool:
    """Whether a run starts with a value there, as far as is known."""
    return saga.given is None or saga.given.get(name, True)


def _may_be_given(saga: SagaFacts, name: str, step: StepFacts) -> bool:
    """The same; in a context that is not known, what the step reads before it writes it was there before."""
    return name in step.execute.reads if saga.given is None else _is_given(saga, name)


def _came_before(saga: SagaFacts, name: str, index: int) -> bool:
    return any(name in step.execute.writes or name in step.execute.may_change for step in saga.steps[:index])


CONTEXT_RULES = (
    Rule(
        "undo-reads-unwritten",
        "The undo is called when nobody knows whether the step was done; what the step learns last is not there then.",
        HELLAND,
        undo_reads_unwritten,
    ),
    Rule(
        "context-read-too-early",
        "Steps run in order, so the value is not there yet.",
        FOSDICK,
        read_too_early,
    ),
    Rule(
        "context-never-written",
        "Every run finds nothing there.",
        FOSDICK,
        never_written,
    ),
    Rule(
        "context-never-read",
        "What is stored with every run and never used is carried for nothing, or a step forgets it.",
        FOSDICK,
        never_read,
    ),
)
