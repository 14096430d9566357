"""Owns `lint`: every rule asked about a saga, and what was silenced on purpose left out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pydantic import BaseModel

from legend_lab.core.program import is_number
from legend_lab.core.text import shown
from legend_lab.lab.lint.facts import SagaFacts
from legend_lab.lab.lint.findings import SEVERITIES, Findings, LintError, LintFinding
from legend_lab.lab.lint.gathering import gather
from legend_lab.lab.lint.rules.context import CONTEXT_RULES
from legend_lab.lab.lint.rules.effects import EFFECT_RULES
from legend_lab.lab.lint.rules.isolation import ISOLATION_RULES
from legend_lab.lab.lint.rules.rule import Case, Objection, Rule
from legend_lab.lab.lint.rules.settings import TIME_RULES

RULES: Final = {rule.id: rule for rule in (*EFFECT_RULES, *TIME_RULES, *CONTEXT_RULES, *ISOLATION_RULES)}
"""Every rule by its id."""


def lint(
    saga: object, *, beside: Iterable[object] = (), ignore: Iterable[str] = (), longest_s: float | None = None
) -> Findings:
    """Look at a saga for what is missing; nothing of it runs. Returns a list of `LintFinding`, gravest first.

    Facts come from the settings, from simulated steps and designs, and from the source of the others where it is at
    hand. Where it is not, the rules that need it stay silent, and `notes` says so.

    Args:
        saga: a saga, a saga class or a design; of a Designer, a Debugger, a Workbench or an execution the one it has.
        beside: other sagas that run at the same time and share records with it.
        ignore: what to leave out, on purpose: `"no-timeout"` everywhere, `"no-timeout:trip.hotel"` at one step or in
            one block.
        longest_s: how long a run may take with all retries and its undo, in seconds; None for no opinion.

    Raises:
        LintError: it is nothing that can be looked at, or `ignore` names a rule or a path that there is not.
        SagaDefinitionError: the saga is wrong.
        DesignError: the design has no step.
    """
    if longest_s is not None and (not is_number(longest_s) or longest_s <= 0):
        raise LintError(f"longest_s is a positive number of seconds, not {shown(longest_s)}")
    facts = gather(saga)
    return lint_facts(facts, tuple(map(gather, _several(beside, "beside"))), _several(ignore, "ignore"), longest_s)


def lint_facts(
    facts: SagaFacts, beside: tuple[SagaFacts, ...] = (), ignore: Iterable[object] = (), longest_s: float | None = None
) -> Findings:
    """The same for facts that were gathered before.

    Raises:
        LintError: `ignore` names a rule or a path that there is not.
    """
    ignored = [_ignored(entry, facts) for entry in ignore]
    case = Case(facts, beside, None if longest_s is None else longest_s * 1_000)
    places = {step.path: index for index, step in enumerate(facts.steps)}
    found = [
        _finding(rule, objection)
        for rule in RULES.values()
        for objection in rule.check(case)
        if not any(_covers(entry, rule, objection) for entry in ignored)
    ]
    found.sort(key=lambda item: (-SEVERITIES.index(item.severity), places.get(item.path, -1)))
    return Findings(facts.name, found, (*facts.notes, *(note for saga in beside for note in saga.notes)))


def _several(value: object, name: str) -> tuple[object, ...]:
    if isinstance(value, str | BaseModel) or not isinstance(value, Iterable):  # a saga lists its fields
        raise LintError(f"{name} is a list, not {shown(value)}")
    return tuple(value)


def _ignored(entry: object, facts: SagaFacts) -> tuple[str, str]:
    """The rule and the path (empty for all) that an entry of `ignore` names."""
    if not isinstance(entry, str):
        raise LintError(f"ignore takes texts such as 'no-timeout:trip.hotel', not {shown(entry)}")
    rule, _, path = entry.partition(":")
    if rule not in RULES:
        raise LintError(f"there is no rule {shown(rule, 60)} to ignore; there are {', '.join(RULES)}")
    if path and not any(_is_in(step.path, path) for step in facts.steps):
        raise LintError(f"{facts.name} has no step or block {shown(path)} at which to ignore {rule}")
    return rule, path


def _covers(entry: tuple[str, str], rule: Rule, objection: Objection) -> bool:
    ignored, path = entry
    at = "" if objection.step is None else objection.step.path
    return ignored == rule.id and (not path or _is_in(at, path))


def _is_in(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}.")


def _finding(rule: Rule, objection: Objection) -> LintFinding:
    written = objection.written
    file = None if written is None else written.file
    return LintFinding(
        rule=rule.id,
        severity=objection.severity,
        path="" if objection.step is None else objection.step.path,
        phase=objection.phase,
        file=file,
        line=None if file is None or written is None else objection.line or written.line,
        message=objection.message,
        why=rule.why,
        source=rule.source,
        mend=objection.mend,
    )
