"""Owns a design as code: a module of ordinary classes whose bodies are simulated until somebody writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.bodies import (
    DEFAULTS,
    INDENT,
    RETRIES,
    UNCERTAIN,
    Surroundings,
    behind,
    class_header,
    declaration,
    field_lines,
    step_class,
    surroundings,
)
from legend_lab.lab.design.literals import Group, Node, docstring, fits_on_line, laid_out, statement
from legend_lab.lab.design.model import BlockDesign, ContextField, Design, EffectDesign, StepDesign
from legend_lab.lab.design.naming import CONTEXT, class_names

ABOUT = '"""A saga that was drawn; its steps are simulated until somebody writes them."""'
EMPTY = '"""Nothing is shared yet."""'
"""All that is in a context's class without fields."""
IMPORTABLE = (
    "CompensationOutcome",
    "InjectedConnectionError",
    "InjectedError",
    "RetryPolicy",
    "Saga",
    "Step",
    "StepOutcome",
    "attempt",
    "effects",
    "simulate",
)
"""What generated code uses of legend_lab, in the order of its import."""


def to_code(design: Design) -> str:
    """The module of a design; it runs as the design does.

    Raises:
        DesignError: it has no step yet.
    """
    if not design.parts:
        raise DesignError("a design needs a step before it can be code; add one")
    names, context = class_names(design), design.name + CONTEXT
    chunks = [context_class(context, design.context)]
    chunks += classes_of(design, names, context, surroundings(design))
    chunks.append(laid_out(behind("saga = ", made(design, "", names)), 0))
    last = chunks.pop()
    head = [ABOUT, "", "from __future__ import annotations", "", "from dataclasses import dataclass", ""]
    head += import_lines(needed_names(design))
    if design.effects:
        head += ["", *(line for effect in design.effects for line in declared(effect))]
    body = "".join("\n\n" + "\n".join(chunk) + "\n" for chunk in chunks)
    return "\n".join(head) + "\n" + body + "\n\n" + "\n".join(last) + "\n"


def declared(effect: EffectDesign) -> list[str]:
    """The lines that declare an effect."""
    return statement(declaration(effect.name, idempotent=effect.idempotent, irreversible=effect.irreversible), 0)


def context_class(name: str, fields: tuple[ContextField, ...]) -> list[str]:
    """The lines of the context's class."""
    inside = [line for field in fields for line in field_lines(field)]
    return ["@dataclass", f"class {name}:", *(inside or [f"    {EMPTY}"])]


def classes_of(design: Design, names: dict[str, str], context: str, around: Surroundings) -> Iterator[list[str]]:
    """The lines of each class, what is in a block before the block, the saga last."""
    yield from _inside(design.parts, "", names, context, around)
    yield saga_class(design, "", names, context)


def _inside(
    parts: Iterable[StepDesign | BlockDesign], prefix: str, names: dict[str, str], context: str, around: Surroundings
) -> Iterator[list[str]]:
    for part in parts:
        path = prefix + part.name
        if isinstance(part, BlockDesign):
            yield from _inside(part.parts, f"{path}.", names, context, around)
            yield saga_class(part, path, names, context)
        else:
            yield step_class(part, names[path], context, around)


def saga_class(part: Design | BlockDesign, path: str, names: dict[str, str], context: str) -> list[str]:
    """The lines of the class of a block, or (at the path "") of the saga."""
    lines = class_header(names[path], Group("Saga[", (context, "Exception"), "]"))
    if part.description:
        lines += [f"    {docstring(part.description)}", ""]
    if isinstance(part, Design) and part.on_compensation_failure != "continue":
        lines += [f'    on_compensation_failure = "{part.on_compensation_failure}"', ""]
    prefix = f"{path}." if path else ""
    for item in part.parts:
        lines += part_field(item.name, names[prefix + item.name])
    return lines


def part_field(name: str, class_name: str) -> list[str]:
    """The line of a saga's field."""
    return statement(f"{name}: {class_name}", INDENT)


def made(part: Design | StepDesign | BlockDesign, path: str, names: dict[str, str]) -> Node:
    """What makes a step, a block or the saga."""
    inside = () if isinstance(part, StepDesign) else part.parts
    prefix = f"{path}." if path else ""
    items = (behind(f"{item.name}=", made(item, prefix + item.name, names)) for item in inside)
    return Group(f"{names[path]}(", tuple(items), ")")


def needed_names(design: Design) -> list[str]:
    """What the code of a design imports of legend_lab."""
    steps = design.steps.values()
    policies = [policy for step in steps for policy in (step.retries, step.undo_retries)]
    errors = {name for policy in policies for name in policy.give_up_on}
    for step in steps:
        errors |= set(step.uncertain_on) if step.uncertain_on != UNCERTAIN else set()
        undo_error = () if step.no_undo_because is not None else (step.undo_error,)
        errors |= {step.error, *undo_error} - {DEFAULTS.error}
    unused = {name for name in IMPORTABLE if name.startswith("Injected")} - errors
    if not any(step.pauses for step in steps):
        unused.add("attempt")
    if not design.effects:
        unused.add("effects")
    if all(policy == RETRIES for policy in policies):
        unused.add("RetryPolicy")
    return [name for name in IMPORTABLE if name not in unused]


def import_lines(names: Iterable[str]) -> list[str]:
    """The lines that import these names of legend_lab."""
    listed = tuple(names)
    line = f"from legend_lab import {', '.join(listed)}"
    return statement(line if fits_on_line(line, 0) else Group("from legend_lab import (", listed, ")"), 0)
