"""Owns what a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from legend_lab.lab.lint.facts import PhaseFacts, SagaFacts, StepFacts
from legend_lab.lab.lint.findings import Phase, Severity


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule looks at.

    Attributes:
        saga: the saga in question.
        beside: other sagas that run at the same time.
        longest_ms: how long a run may take, in ms; None when nothing was asked for.
    """

    saga: SagaFacts
    beside: tuple[SagaFacts, ...] = ()
    longest_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Objection:
    """What a rule says of one place.

    Attributes:
        severity: how grave it is here.
        step: the step; None when it is about the saga as a whole.
        phase: the method it is about; None when it is about settings.
        line: the line in that method's file; None for its first.
        message: what is the matter.
        mend: what to do about it.
    """

    severity: Severity
    step: StepFacts | None
    phase: Phase | None
    line: int | None
    message: str
    mend: str

    @property
    def written(self) -> PhaseFacts | None:
        """The method at which to point: of settings the step's first."""
        if self.step is None:
            return None
        return self.step.undo if self.phase == "compensate" else self.step.execute


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be missing.

    Attributes:
        id: its name, as `ignore` takes it.
        why: what comes of it.
        source: who described it: title, author and year.
        check: finds the places.
    """

    id: str
    why: str
    source: str
    check: Callable[[Case], Iterator[Objection]]


GARCIA_MOLINA = "Garcia-Molina & Salem, Sagas, 1987"
RICHARDSON = "Richardson, Microservices Patterns, chapter 4, 2018"
HELLAND = "Helland, Life beyond Distributed Transactions, 2007"
BROOKER = "Brooker, Timeouts, retries, and backoff with jitter, Amazon Builders' Library, 2019"
FOSDICK = "Fosdick & Osterweil, Data Flow Analysis in Software Reliability, 1976"
FEATONBY = "Featonby, Making retries safe with idempotent APIs, Amazon Builders' Library, 2021"
