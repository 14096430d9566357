"""Owns the promise to names in code that a person wrote: none that it says goes, none that it has is taken."""

from __future__ import annotations

from collections.abc import Sequence

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.changing import Change
from legend_lab.lab.design.heading import renamed
from legend_lab.lab.design.model import ContextField, EffectDesign
from legend_lab.lab.design.parsing import fields_of
from legend_lab.lab.design.scopes import ModuleNames
from legend_lab.lab.design.understanding import Note
from legend_lab.lab.design.using import Use, effect_uses, field_uses

MOST_SHOWN = 3
"""Places that a message names."""


def check_uses(change: Change) -> None:
    """What is not there any more is said nowhere; where that is not sure, a note says the line.

    Raises:
        DesignError: a person uses it; the message names line and place.
    """
    old, new = change.old, change.new
    fields, effects = _gone(old.context, new.context), _gone(old.effects, new.effects)
    if not fields and not effects:
        return
    names, owned = ModuleNames(change.tree, change.context), _owned(change)
    for name, other in fields.items():
        index = None if other else next(at for at, item in enumerate(old.context) if item.name == name)
        uses = field_uses(names, name, owned | {_lines_of_fields(change)[name]}, index)
        where = f"there and in {change.context}" if other else "there first"
        _check(change, f"the field {name}", other, uses, where)
    for name, other in effects.items():
        uses = effect_uses(names, name, owned)
        _check(change, f"the effect {name}", other, uses, "there and where it is declared" if other else "there first")


def check_new_fields(change: Change) -> None:
    """No new field has the name of something else that the context's class has, such as a method.

    Raises:
        DesignError: one has; the message says which.
    """
    names, known = ModuleNames(change.tree, change.context), {item.name for item in change.old.context}
    for field in change.new.context:
        if field.name not in known and names.has(change.context, field.name):
            raise DesignError(
                f"the field {field.name} cannot be added: {change.context} has something else of that name; "
                "choose another name"
            )


def check_new_steps(change: Change) -> None:
    """No step or block takes the name of something else that the class of its saga has, such as a method.

    Raises:
        DesignError: one does; the message says which.
    """
    names = ModuleNames(change.tree, change.context)
    for path, part in change.after.items():
        block = path.rpartition(".")[0]
        origin = change.found.get(block, "")
        if block and not origin:
            continue  # its class is new
        node, known = change.outline.saga_at(origin), {item.name for item in change.outline.inside(origin)}
        if node is not None and part.name not in known and names.has(node.name.value, part.name):
            raise DesignError(
                f"no {part.kind} can be called {path}: {node.name.value} has something else of that name; "
                "choose another name"
            )


def _gone(old: Sequence[ContextField | EffectDesign], new: Sequence[ContextField | EffectDesign]) -> dict[str, str]:
    """What is not there any more, and what it is called now; "" when nothing."""
    now, are = {was: name for name, was in renamed(old, new).items()}, {item.name for item in new}
    return {item.name: now.get(item.name, "") for item in old if item.name not in are}


def _owned(change: Change) -> set[int]:
    """Lines that statements begin in which the designer writes: generated bodies, declarations, fields."""
    outline, source, fixed = change.outline, change.source, change.there.fixed
    lines = {source.line(call) for call in outline.declarations.values()}
    lines |= {line for name, line in _lines_of_fields(change).items() if ("", f"context.{name}") not in fixed}
    for path, part in outline.parts.items():
        if part.is_block or part.node is None:
            continue
        for method in part.methods:
            name = method.name.value
            if name in ("execute", "compensate") and (path, name) not in change.there.written:
                lines.add(source.line(method))
    return lines


def _lines_of_fields(change: Change) -> dict[str, int]:
    """The line of each field in the context's class."""
    node = change.outline.context
    return {} if node is None else {name: change.source.line(line) for name, line, _ in fields_of(node)}


def _check(change: Change, what: str, other: str, uses: list[Use], where: str) -> None:
    sure = [use for use in uses if use.is_sure]
    if sure:
        said = "; ".join(map(str, sure[:MOST_SHOWN]))
        more = f"; and {len(sure) - MOST_SHOWN} more" if len(sure) > MOST_SHOWN else ""
        asked, do = (f"become {other}", f"rename it {where}") if other else ("be removed", f"take it out {where}")
        raise DesignError(
            f"{what} cannot {asked}: a person wrote code that needs it ({said}{more}); {do}, in the code, "
            "and open that again"
        )
    now = f"is {other} now" if other else "is gone"
    for use in uses:
        place = f" in {use.place}" if use.place else ""
        change.notes.append(Note(use.line, f"{use.words} stands{place}; see whether it means {what}, which {now}"))
