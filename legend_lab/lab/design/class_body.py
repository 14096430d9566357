"""Owns how one class in a module changes: its name, what is said of it, its settings and its bodies."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.bodies import SETTINGS, changed_settings, setting_node
from legend_lab.lab.design.literals import docstring, laid_out
from legend_lab.lab.design.model import StepDesign
from legend_lab.lab.design.parsing import Patch, Source, assigned, body_of, docstring_of, has_comments


def heading(source: Source, node: cst.ClassDef, old: str, new: str, name: str) -> Iterator[Patch]:
    """The name and docstring of a class."""
    if node.name.value != name:
        yield Patch(*source.span(node.name), name)
    said = docstring_of(node)
    if old == new:
        return
    if said is not None and new:
        yield Patch(*source.span(said), docstring(new))
    elif said is not None:
        line = body_of(node)[0]
        start, end = source.region(line)
        if has_comments(line) or len(body_of(node)) == 1:
            yield Patch(*source.span(said), '""""""')
        else:
            yield Patch(start, end, "")
    else:
        at, indent = _first(source, node)
        yield Patch(at, at, f"{indent}{docstring(new)}\n\n")


def settings(source: Source, node: cst.ClassDef, old: StepDesign, new: StepDesign) -> Iterator[Patch]:
    """The settings that differ: changed where they stand, taken out, or put below the others."""
    there = {found[0]: (line, found[1]) for line in body_of(node) if (found := assigned(line))}
    ours = [there[name][0] for name in SETTINGS if name in there]
    first, indent = _first(source, node)
    at = first
    if ours:
        at = max(source.region(line)[1] for line in ours)
    elif docstring_of(node) is not None:
        at = source.region(body_of(node)[0])[1]
    added: list[str] = []
    for setting, name in SETTINGS.items():
        if getattr(old, name) == getattr(new, name):
            continue
        if setting not in there:
            added += _indented(laid_out(setting_node(new, setting), 4), indent)
            continue
        line, value = there[setting]
        if setting in changed_settings(new) or has_comments(line):
            lines = laid_out(setting_node(new, setting), 4)
            yield Patch(
                *source.whole(value),
                "\n".join([lines[0].strip().removeprefix(f"{setting} = "), *_indented(lines[1:], indent)]),
            )
        else:
            yield Patch(*source.region(line), "")
    if not added:
        return
    text = "\n".join(added) + "\n"
    before = "\n" if not ours and at != first else ""
    yield Patch(at, at, before + text + ("" if ours or before else "\n"))


def method_body(source: Source, node: cst.ClassDef, method: str, lines: list[str]) -> Patch:
    """The body of a method, made anew."""
    function = next(item for item in body_of(node) if isinstance(item, cst.FunctionDef) and item.name.value == method)
    inside = body_of(function)
    start, _ = source.region(inside[0])
    _, end = source.region(inside[-1])
    indent = source.indent(source.span(inside[0])[0])
    made = "\n".join(indent + line[8:] if line else "" for line in lines)
    return Patch(start, end, made + ("\n" if source.data[:end].endswith(b"\n") else ""))


def _first(source: Source, node: cst.ClassDef) -> tuple[int, str]:
    """Where the lines in a class begin, and how they are indented."""
    body = body_of(node)
    if not body:
        raise DesignError(f"{node.name.value} is on one line; give its body lines of its own first")
    start = source.region(body[0])[0]
    indent = source.indent(source.span(body[0])[0])
    return start, indent


def _indented(lines: list[str], indent: str) -> list[str]:
    return [indent + line[4:] for line in lines]
