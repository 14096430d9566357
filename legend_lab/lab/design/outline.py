"""Owns what a module is made of: its saga, blocks, steps, context, effects, and what makes the saga."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import libcst as cst
from libcst import matchers

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.parsing import Source, assigned, fields_of, small
from legend_lab.lab.design.recognising import NotUnderstoodError, expect, literal, text_literal

DEEPEST = 20


@dataclass(frozen=True)
class PartSource:
    """A step or block as it stands in a module.

    Attributes:
        path: dotted names from the saga.
        class_name: what its class is called; None when its type is no plain name.
        node: its class, when it is in this module and of this part alone.
        is_shared: its class is also that of another part.
        field: the line of its saga that names it.
        annotation: its type there.
    """

    path: str
    class_name: str | None
    node: Any
    is_block: bool
    is_shared: bool
    field: cst.SimpleStatementLine
    annotation: cst.AnnAssign

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition(".")[2]

    @property
    def methods(self) -> list[cst.FunctionDef]:
        """The methods of its class, when it is its own."""
        return [] if self.node is None else [item for item in self.node.body.body if isinstance(item, cst.FunctionDef)]


@dataclass
class Outline:
    """Where everything of a saga stands in a module."""

    source: Source
    classes: dict[str, cst.ClassDef]
    root: cst.ClassDef
    context: cst.ClassDef | None
    context_name: str | None
    parts: dict[str, PartSource] = field(default_factory=dict)
    levels: dict[str, list[PartSource]] = field(default_factory=dict)
    declarations: dict[str, cst.Call] = field(default_factory=dict)
    construction: cst.Call | None = None
    notes: list[tuple[int, str]] = field(default_factory=list)

    def inside(self, block: str) -> list[PartSource]:
        """The parts of a block, in order."""
        return self.levels.get(block, [])

    def saga_at(self, path: str) -> Any:  # noqa: ANN401 - a class, or None
        """The class of a block, or (at "") of the saga."""
        return self.root if not path else self.parts[path].node


def outline_of(source: Source) -> Outline:
    """Find the saga of a module.

    Raises:
        DesignError: it has none, or several that could be it.
    """
    body = list(source.tree.body)
    classes: dict[str, cst.ClassDef] = {}
    notes = []
    for statement in body:
        if isinstance(statement, cst.ClassDef):
            if statement.name.value in classes:
                notes.append((source.line(statement), f"{statement.name.value} is defined twice; the last counts"))
            classes[statement.name.value] = statement
    sagas = {name for name in classes if kind_of(source, classes, name) == "Saga"}
    root = _root(source, body, classes, sagas)
    base = _base(source, classes, root.name.value)
    context_name = None if base is None else base[1]
    found = Outline(source, classes, root, classes.get(context_name or ""), context_name, notes=notes)
    if found.context is None:
        notes.append((source.line(root), "the context's class is not in this module, so its fields are not known"))
    _add_parts(found, root, "", sagas, {})
    for statement in body:
        _add_declaration(found, statement)
    calls = matchers.findall(source.tree, matchers.Call(func=matchers.Name(root.name.value)))
    if len(calls) == 1:
        found.construction = calls[0]  # type: ignore[assignment]
    else:
        notes.append((source.line(root), f"{len(calls) or 'no'} places make the saga, so none is kept in step"))
    return found


def kind_of(source: Source, classes: dict[str, cst.ClassDef], name: str) -> str | None:
    """Whether a class is a Step or a Saga, by its bases in this module; None for neither."""
    base = _base(source, classes, name)
    return None if base is None else base[0]


def _base(source: Source, classes: dict[str, cst.ClassDef], name: str, deep: int = 0) -> tuple[str, str | None] | None:
    """Step or Saga, and the context that it names."""
    if name not in classes or deep > DEEPEST:
        return None
    for base in classes[name].bases:
        subscript = base.value if isinstance(base.value, cst.Subscript) else None
        called = source.code(subscript.value if subscript is not None else base.value).rpartition(".")[2]
        if called in ("Step", "Saga"):
            first = source.code(subscript.slice[0]).strip() if subscript is not None else None
            return called, None if first is None else first.rstrip(",").strip("\"'")
        inherited = _base(source, classes, called, deep + 1)
        if inherited is not None:
            return inherited
    return None


def _root(source: Source, body: list[Any], classes: dict[str, cst.ClassDef], sagas: set[str]) -> cst.ClassDef:
    """The class of `saga = ...`, else the one saga class that no other holds."""
    for statement in body:
        found = assigned(statement)
        if found is not None and found[0] == "saga" and isinstance(found[1], cst.Call):
            called = source.code(found[1].func)
            if called in sagas:
                return classes[called]
    held = {annotated(source, inner) for name in sagas for _, _, inner in fields_of(classes[name])}
    free = sorted(sagas - held)
    if len(free) != 1:
        several = f"several sagas ({', '.join(free)}), and no 'saga = ...' says which" if free else "no saga"
        raise DesignError(f"this module has {several}")
    return classes[free[0]]


def annotated(source: Source, inner: cst.AnnAssign) -> str | None:
    """The name that a field's type is, in quotes or not."""
    said = source.code(inner.annotation.annotation).strip("\"'")
    return said if said.isidentifier() else None


def _add_parts(found: Outline, saga: cst.ClassDef, prefix: str, sagas: set[str], owner: dict[str, str]) -> None:
    if prefix.count(".") > DEEPEST:
        raise DesignError(f"{prefix[:60]}…: blocks nest at most {DEEPEST} deep")
    for name, statement, inner in fields_of(saga):
        path, called = prefix + name, annotated(found.source, inner)
        node = found.classes.get(called or "")
        line = found.source.line(statement)
        if node is None:
            found.notes.append((line, f"{path}: its class is not in this module, so nothing of it is known"))
        elif called in owner:
            found.notes.append((line, f"{path}: its class is also that of {owner[called]}, so it is left alone"))
            node = None
        is_block = node is not None and called in sagas
        part = PartSource(path, called, node, is_block, called in owner, statement, inner)
        found.parts[path] = part
        found.levels.setdefault(prefix.rstrip("."), []).append(part)
        owner[called or path] = path
        if node is not None and is_block:
            _add_parts(found, node, f"{path}.", sagas, owner)


def _add_declaration(found: Outline, statement: Any) -> None:  # noqa: ANN401 - any statement
    inner = small(statement)
    call = inner.value if isinstance(inner, cst.Expr) else None
    if not isinstance(call, cst.Call) or found.source.code(call.func) != "effects.declare":
        return
    try:
        expression: Any = found.source.expression(call)
        expect(
            len(expression.args) == 1 and {item.arg for item in expression.keywords} <= {"idempotent", "irreversible"}
        )
        name = text_literal(expression.args[0])
        expect(all(isinstance(literal(item.value), bool) for item in expression.keywords))
        expect(name not in found.declarations)
    except NotUnderstoodError:
        found.notes.append((found.source.line(statement), "this declaration of an effect is not read"))
        return
    found.declarations[name] = call
