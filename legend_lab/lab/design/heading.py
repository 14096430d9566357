"""Owns what stands above the steps' classes: declarations of effects, and the context's class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import libcst as cst

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.bodies import field_lines
from legend_lab.lab.design.code import EMPTY, declared
from legend_lab.lab.design.importing import after_imports
from legend_lab.lab.design.model import ContextField, Design, EffectDesign
from legend_lab.lab.design.outline import Outline
from legend_lab.lab.design.parsing import Patch, body_of, fields_of, has_comments, said_below
from legend_lab.lab.design.rearranging import Item, rearranged


def effect_patches(outline: Outline, old: Design, new: Design) -> Iterator[Patch]:
    """What changes in the declarations of effects."""
    source = outline.source
    calls, wanted = list(outline.declarations.values()), list(new.effects)
    names, known = [effect.name for effect in wanted], list(outline.declarations)
    kept = [name for name in known if name in names]
    if names[: len(kept)] == kept and kept:  # those that stay, then new ones: each keeps its own line
        places = [
            (call, next((item for item in wanted if item.name == name), None))
            for name, call in zip(known, calls, strict=True)
        ]
        added = wanted[len(kept) :]
    else:
        places = [(call, wanted[at] if at < len(wanted) else None) for at, call in enumerate(calls)]
        added = wanted[len(calls) :]
    former = {item.name: item for item in old.effects}
    for (call, effect), name in zip(places, known, strict=True):
        statement = _statement(outline, call)
        if effect is None:
            yield Patch(*(source.span(call) if has_comments(statement) else source.region(statement)), "")
        elif effect != former[name]:
            yield Patch(*source.span(call), "\n".join(declared(effect)))
    if added:
        text = "".join("\n".join(declared(effect)) + "\n" for effect in added)
        at = max((source.region(_statement(outline, call))[1] for call in calls), default=after_imports(source.text))
        yield Patch(at, at, text if calls else f"\n{text}")


def _statement(outline: Outline, call: cst.Call) -> cst.BaseStatement:
    first = outline.source.span(call)[0]
    return next(
        item
        for item in outline.source.tree.body
        if isinstance(item, cst.SimpleStatementLine) and outline.source.span(item)[0] == first
    )


def context_patches(
    outline: Outline, old: Design, new: Design, fixed: Mapping[tuple[str, str], str]
) -> Iterator[Patch]:
    """What changes in the context's class.

    Raises:
        DesignError: a field is of a form that only the code can change, or the class is elsewhere.
    """
    if old.context == new.context:
        return
    node, source = outline.context, outline.source
    if node is None or not body_of(node):
        raise DesignError("the context's class is not in this module, or on one line; change its fields there")
    before, after = {item.name: item for item in old.context}, {item.name: item for item in new.context}
    changed = [name for name in before if before[name] != after.get(name)]
    for name in changed:
        if ("", f"context.{name}") in fixed:
            raise DesignError(f"{fixed['', f'context.{name}']}; change it in the code")
    there = [(name, statement) for name, statement, _ in fields_of(node)]
    items: list[Item] = []
    first = source.region(there[0][1])[0] if there else source.region(body_of(node)[0])[0]
    at = first
    for name, statement in there:
        start, end = source.region(statement)
        below = said_below(node, statement)
        end = source.region(below)[1] if below is not None else end
        items.append(Item(name, source.data[at:start].decode(), source.data[start:end].decode()))
        at = end
    indent = source.indent(source.span(body_of(node)[0])[0])
    wanted = _wanted(old, new, {item.key: item.text for item in items}, indent)
    text = rearranged(items, wanted)
    last = source.region(body_of(node)[-1])
    if not new.context and first == source.region(body_of(node)[0])[0] and at == last[1]:
        text += f"{indent}{EMPTY}\n"
    if there:
        yield Patch(first, at, text)
    elif source.code(body_of(node)[0]) == EMPTY:
        yield Patch(first, source.region(body_of(node)[0])[1], text)
    else:
        yield Patch(last[1], last[1], "\n" + text)


def _wanted(old: Design, new: Design, texts: dict[str, str], indent: str) -> list[tuple[str | None, str]]:
    """The fields in their new order, by their former names, as they are to be written."""
    before, origin = {item.name: item for item in old.context}, renamed(old.context, new.context)
    wanted: list[tuple[str | None, str]] = []
    for field in new.context:
        key = origin.get(field.name, field.name)
        if key in texts and before.get(key) == field:
            wanted.append((key, texts[key]))
            continue
        lines = [indent + line[4:] for line in field_lines(field)]
        comment = texts[key].partition("\n")[0].partition("  #")[2].strip("\r") if key in texts else ""
        if comment and "  #" not in lines[0]:
            lines[0] += f"  #{comment}"
        wanted.append((key if key in texts else None, "\n".join(lines) + "\n"))
    return wanted


def renamed(old: Sequence[ContextField | EffectDesign], new: Sequence[ContextField | EffectDesign]) -> dict[str, str]:
    """The former name, by its new one, of what is called otherwise and stands in the same place."""
    before, after = {item.name for item in old}, {item.name for item in new}
    if len(old) != len(new):
        return {}
    return {
        one.name: other.name
        for one, other in zip(new, old, strict=True)
        if one.name not in before and other.name not in after
    }
