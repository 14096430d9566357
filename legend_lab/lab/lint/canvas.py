"""Owns the saga canvas: one page that says what a saga does, undoes, risks and takes, for people to talk about."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from legend_lab.core.text import visible
from legend_lab.lab.labels import human
from legend_lab.lab.lint.facts import SagaFacts, StepFacts
from legend_lab.lab.lint.findings import Findings, LintError
from legend_lab.lab.lint.gathering import gather
from legend_lab.lab.lint.linting import lint_facts
from legend_lab.lab.lint.times import in_words, longest_of, longest_run
from legend_lab.saga.writing import save_text

_LONGEST = 400
"""Characters of one text that are shown."""
_WIDTH = 100
"""Characters of a line of text."""
_HEADS = ("Step", "Does", "Effect", "Undo", "Attempts and limits", "Longest", "Owner", "Risks")


@dataclass(frozen=True, slots=True)
class CanvasRow:
    """One step on the canvas, in words."""

    path: str
    does: str
    effect: str
    undo: str
    limits: str
    longest: str
    owner: str
    risks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Canvas:
    """A saga on one page.

    Attributes:
        name: the saga's name.
        does: what it says of itself.
        owner: who answers for it; empty when its docstring does not say.
        longest: how long a run may take, in words.
        rows: its steps in flat order.
        risks: what is to be said of the saga as a whole.
        findings: all that the lint says.
    """

    name: str
    does: str
    owner: str
    longest: str
    rows: tuple[CanvasRow, ...]
    risks: tuple[str, ...]
    findings: Findings

    @property
    def text(self) -> str:
        """The page as plain text."""
        lines = [visible(self.name, _LONGEST), "=" * min(len(visible(self.name, _LONGEST)), _WIDTH), *self._head()]
        for number, row in enumerate(self.rows, 1):
            lines += ["", f"{number}. {visible(row.path, _LONGEST)}"]
            for head, value in zip(_HEADS[1:-1], _cells(row)[1:], strict=True):
                lines += _wrapped(f"{head}:", value)
            for risk in row.risks:
                lines += _wrapped("Risk:", risk)
        return "\n".join(lines) + "\n"

    @property
    def html(self) -> str:
        """The whole page: one file that opens offline."""
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
            '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
            f"<title>{_shown(self.name)}</title></head>"
            f'<body style="margin: 24px">{self._repr_html_()}</body></html>\n'
        )

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the page, as HTML to `….html` and as text to `….txt`; return its path.

        Raises:
            LintError: the name ends otherwise, or the file cannot be written.
        """
        if not str(path).endswith((".html", ".txt")):
            raise LintError(f"a canvas is saved as .html or .txt, not as {str(path)!r}"[:300])
        return save_text(path, self.html if str(path).endswith(".html") else self.text, "the canvas", LintError)

    def _head(self) -> list[str]:
        owner = f"Owner: {self.owner}" if self.owner else ""
        said = [self.does, owner, self.longest, *(f"Risk: {risk}" for risk in self.risks)]
        notes = [f"Not looked at: {note}" for note in self.findings.notes]
        return [visible(line, _LONGEST) for line in (*said, *notes) if line]

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        head = "".join(f"<p>{_shown(line)}</p>" for line in self._head())
        names = "".join(f'<th style="{_CELL}">{name}</th>' for name in _HEADS)
        rows = "".join(map(_html_row, self.rows))
        return (
            f"<style>{_NARROW}</style>"
            '<div class="ll-canvas" style="font-family: system-ui, sans-serif; font-size: 13px; overflow-x: auto">'
            f"<h2>{_shown(self.name)}</h2>{head}"
            f'<table style="border-collapse: collapse"><thead><tr>{names}</tr></thead>'
            f"<tbody>{rows}</tbody></table></div>"
        )


_CELL = "border: 1px solid #8888; padding: 6px 8px; text-align: left; vertical-align: top"
_NARROW = """
.ll-canvas { container-type: inline-size; }
@container (max-width: 760px) {
  .ll-canvas thead { display: none; }
  .ll-canvas :is(table, tbody, tr, td) { display: block; width: auto; }
  .ll-canvas tr { margin: 0 0 10px; border: 1px solid #8888; }
  .ll-canvas td { border: 0 !important; padding: 3px 8px !important; overflow-wrap: anywhere; }
  .ll-canvas td::before { content: attr(data-head) ": "; font-weight: 600; }
}
"""
"""Where there is no room for all columns the cells of a step stand below each other, each behind its heading."""


def canvas(saga: object) -> Canvas:
    """The canvas of a saga, a saga class or a design, or of what is made of one, as a debugger; nothing of it runs.

    An owner is whom a step's docstring (or that of one of its bases) names in a line `Owner: payments`; else whom the
    saga's docstring names; else nobody.

    Raises:
        LintError: it is none of these.
        SagaDefinitionError: the saga is wrong.
        DesignError: the design has no step.
    """
    facts = gather(saga)
    findings = lint_facts(facts)
    risks: dict[str, list[str]] = {}
    for item in findings:
        risks.setdefault(item.path, []).append(f"{item.severity}: {item.message} [{item.rule}]")
    rows = tuple(_row(step, facts, tuple(risks.get(step.path, ()))) for step in facts.steps)
    run = longest_run(facts)
    longest = f"Longest run without pauses: {in_words(run.execute)} forward, {in_words(run.undo)} back."
    return Canvas(facts.name, facts.does, facts.owner, longest, rows, tuple(risks.get("", ())), findings)


def _row(step: StepFacts, saga: SagaFacts, risks: tuple[str, ...]) -> CanvasRow:
    longest = longest_of(step)
    return CanvasRow(
        path=step.path,
        does=step.does or step.class_name,
        effect=_effect(step),
        undo=_undo(step),
        limits=_limits(step),
        longest=f"{in_words(longest.execute)}; undo {in_words(longest.undo)}",
        owner=step.owner or saga.owner or "not said",
        risks=risks,
    )


def _effect(step: StepFacts) -> str:
    named = [f"{effect.name} ({', '.join(_kinds(effect.idempotent, effect.irreversible))})" for effect in step.opened]
    if step.execute.unclear_effects:
        named.append("one that its code does not name")
    if not named and not step.execute.known:
        return "not known"
    return ", ".join(named) or "none declared"


def _kinds(idempotent: bool, irreversible: bool) -> list[str]:  # noqa: FBT001 - two flags of a declaration
    return ["idempotent" if idempotent else "not idempotent", *(["irreversible"] if irreversible else [])]


def _undo(step: StepFacts) -> str:
    if step.undo.does_nothing:
        return f"does nothing: {step.no_undo_because}" if step.no_undo_because else "does nothing"
    if not step.undo.known:
        return "not known"
    closes = f"closes {', '.join(step.undo.closes)}" if step.undo.closes else "in its code"
    return f"{closes}; may be called though nobody knows that it was done" if step.may_be_uncertain else closes


def _limits(step: StepFacts) -> str:
    policy, back, timeout_s = step.spec.retry_policy, step.spec.compensation_retry_policy, step.spec.timeout_s
    limit = "no timeout" if timeout_s is None else f"{human(timeout_s * 1_000)} each"
    pause = "; may pause" if step.execute.pauses is not None else ""
    promised = {True: "; idempotent", False: "; not idempotent", None: ""}[step.spec.idempotent]
    attempts = policy.max_retries + 1
    return f"{attempts} attempt{'s' if attempts > 1 else ''}, undo {back.max_retries + 1}; {limit}{promised}{pause}"


def _cells(row: CanvasRow) -> tuple[str, ...]:
    return row.path, row.does, row.effect, row.undo, row.limits, row.longest, row.owner


def _html_row(row: CanvasRow) -> str:
    named = zip(_HEADS[:-1], _cells(row), strict=True)
    cells = "".join(f'<td data-head="{head}" style="{_CELL}">{_shown(value)}</td>' for head, value in named)
    risks = "".join(f"<li>{_shown(risk)}</li>" for risk in row.risks)
    listed = f'<ul style="margin: 0; padding-left: 16px">{risks}</ul>' if risks else "none found"
    return f'<tr>{cells}<td data-head="{_HEADS[-1]}" style="{_CELL}">{listed}</td></tr>'


def _wrapped(head: str, value: str) -> list[str]:
    indent = " " * 24
    return textwrap.wrap(visible(value, _LONGEST), _WIDTH, initial_indent=f"   {head:21}", subsequent_indent=indent)


def _shown(text: str) -> str:
    return html.escape(visible(text, _LONGEST))
