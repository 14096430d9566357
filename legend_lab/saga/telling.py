"""Owns a saga told in plain lines: what stands where no picture can, in terminals and for those who listen."""

from __future__ import annotations

from collections.abc import Iterator

from legend_lab.core.text import visible
from legend_lab.saga.excerpt import Box, Gap, Item, excerpt
from legend_lab.saga.facts import GLYPHS, Fact, counted, facts_of_step, facts_of_undo, rules_of, size_of
from legend_lab.saga.outline import SagaOutline, StepOutline

LONGEST_NAME = 60
"""Characters of one name or sentence of users."""


def tell(saga: SagaOutline) -> str:
    """The saga in lines: steps with their number in the flat order, blocks indented, then the rules of a run."""
    lines = [
        f"{visible(saga.class_name, LONGEST_NAME)}: {size_of(saga)}",
        *_lines(excerpt(saga), "  "),
        *rules_of(saga),
    ]
    return "\n".join(lines)


def said(facts: list[Fact]) -> str:
    """Facts in one line."""
    return ", ".join(f"{GLYPHS[fact.kind]} {visible(fact.text, 2 * LONGEST_NAME)}" for fact in facts)


def title_of(step: StepOutline) -> list[str]:
    """Everything about one step, a line each."""
    lines = [f"{step.index + 1}. {step.path} ({visible(step.class_name, LONGEST_NAME)})"]
    if step.doc:
        lines.append(visible(step.doc, 4 * LONGEST_NAME))
    lines += [visible(fact.text, 4 * LONGEST_NAME) for fact in facts_of_step(step)]
    undo = [fact.text for fact in facts_of_undo(step)] + ([step.undo_doc] if step.undo_doc else [])
    return [*lines, f"undo: {'; '.join(visible(text, 4 * LONGEST_NAME) for text in undo)}"] if undo else lines


def _lines(items: tuple[Item, ...], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Gap):
            yield f"{indent}… {counted(item.count, 'more step')}, not shown"
        elif isinstance(item, Box):
            yield f"{indent}{visible(item.block.name, LONGEST_NAME)} ({visible(item.block.class_name, LONGEST_NAME)})"
            yield from _lines(item.items, indent + "  ")
        else:
            line = f"{indent}{item.index + 1} {visible(item.name, LONGEST_NAME)}"
            line += f" ({visible(item.class_name, LONGEST_NAME)})"
            facts, undo = facts_of_step(item), facts_of_undo(item)
            yield line + (f" {said(facts)}" if facts else "") + (f"; undo: {said(undo)}" if undo else "")
