"""Owns what the lint knows of a saga: plain data, of which every rule is a function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from legend_lab.core.program import RetryPolicy, StepSpec
from legend_lab.lab.lint.records import Records
from legend_lab.runtime.effects import Declaration

Lines = Mapping[str, int]
"""For each name the line at which it is first used so; 0 where there are no lines."""


@dataclass(frozen=True, slots=True)
class PhaseFacts:
    """What is known of a step's `execute` or `compensate`.

    Attributes:
        known: whether its body could be looked at; where not, everything below is empty.
        file: where it is written.
        line: its first line.
        opens, closes: the effects that it names.
        keyed: effects that it opens under a key of its own making, so that other sagas may mean the same one.
        unclear_effects: it opens or closes an effect that cannot be told by name.
        reads, writes: fields of the context.
        may_change: fields on whose values it calls methods, which may change them.
        early: fields that it writes before anything in it can fail.
        guarded: fields that it looks at in a condition, or inside a `try`.
        context_leaves: it hands the context to code that could not be looked at.
        waits: the line at which it first awaits others without a limit of its own; None when it does not.
        waits_limited: it awaits others inside `asyncio.timeout` or `asyncio.wait_for`.
        stands_in: it lets time pass in place of work that is not written.
        pauses: the line at which it may pause; None when it does not.
        decides: there is a condition or a `try` in it.
        does_nothing: all that it does is to return `COMPLETED`.
    """

    known: bool = False
    file: str | None = None
    line: int | None = None
    opens: Lines = field(default_factory=dict)
    closes: Lines = field(default_factory=dict)
    keyed: frozenset[str] = frozenset()
    unclear_effects: bool = False
    reads: Lines = field(default_factory=dict)
    writes: Lines = field(default_factory=dict)
    may_change: frozenset[str] = frozenset()
    early: frozenset[str] = frozenset()
    guarded: frozenset[str] = frozenset()
    context_leaves: bool = False
    waits: int | None = None
    waits_limited: bool = False
    stands_in: bool = False
    pauses: int | None = None
    decides: bool = False
    does_nothing: bool = False

    @property
    def reaches_outside(self) -> bool | None:
        """Whether it does something in the outside world; None when that cannot be told."""
        if self.waits is not None or self.waits_limited or self.opens or self.closes or self.unclear_effects:
            return True
        return None if not self.known or self.stands_in or self.context_leaves else False


@dataclass(frozen=True, slots=True)
class StepFacts:
    """What is known of a step.

    Attributes:
        path: where it is in the saga.
        class_name: its class.
        does: the first line of what its class says of itself.
        owner: who answers for it, as its docstring says; empty when it does not.
        records: what its docstring says of records that it shares with others.
        spec: its settings.
        execute, undo: its two methods.
        effects: what was declared of the effects that it names.
        no_undo_because: why its undo does nothing, as a design says; None when nothing is said.
        sure_to_fail: its simulation fails more often than it is retried.
    """

    path: str
    class_name: str
    does: str
    owner: str
    records: Records
    spec: StepSpec
    execute: PhaseFacts
    undo: PhaseFacts
    effects: Mapping[str, Declaration]
    no_undo_because: str | None = None
    sure_to_fail: bool = False

    @property
    def opened(self) -> tuple[Declaration, ...]:
        """What it opens, as declared."""
        return tuple(self.effects[name] for name in self.execute.opens)

    @property
    def repeatable(self) -> bool:
        """Whether doing it again has no further effect: as it promises, by its participants, or as it does nothing."""
        if self.spec.idempotent is not None:
            return self.spec.idempotent
        if self.execute.opens and not self.execute.unclear_effects:
            return all(effect.idempotent for effect in self.opened)
        return self.execute.reaches_outside is False

    @property
    def may_be_uncertain(self) -> bool:
        """Whether its undo may be called though nobody knows whether it was done (S5)."""
        if self.spec.compensate_on_failure or self.spec.timeout_s is not None or self.execute.pauses is not None:
            return True
        return bool(self.spec.uncertain_on) and self.execute.reaches_outside is True

    @property
    def gets_through(self) -> bool:
        """Whether it is retriable in the sense of the literature: it can be repeated, is, and nobody can say no."""
        policy: RetryPolicy = self.spec.retry_policy
        if self.sure_to_fail or self.execute.pauses is not None:
            return False
        if self.execute.reaches_outside is False:
            return True
        return self.repeatable and policy.max_retries > 0 and not policy.give_up_on


@dataclass(frozen=True, slots=True)
class SagaFacts:
    """What is known of a saga.

    Attributes:
        name: what it is called.
        does: the first line of what its class says of itself.
        owner: who answers for it, as its docstring says; empty when it does not.
        steps: its steps in flat order.
        given: for each field of its context whether a run starts with a value in it; None when the context is not
            known.
        notes: what could not be looked at.
    """

    name: str
    does: str
    owner: str
    steps: tuple[StepFacts, ...]
    given: Mapping[str, bool] | None
    notes: tuple[str, ...] = ()
