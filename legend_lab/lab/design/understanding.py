"""Owns what a module says as a design: what is understood is read, what is not is left alone and said; nothing runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import libcst as cst
from pydantic import ValidationError

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.bodies import SETTINGS, Surroundings
from legend_lab.lab.design.canonical import with_class_names
from legend_lab.lab.design.checks import fits
from legend_lab.lab.design.files import checked, design_error
from legend_lab.lab.design.model import BlockDesign, ContextField, Design, EffectDesign, StepDesign
from legend_lab.lab.design.outline import Outline, PartSource, outline_of
from legend_lab.lab.design.parsing import (
    Source,
    assigned,
    body_of,
    docstring_of,
    fields_of,
    has_comments,
    parse,
    parsed_function,
    said_below,
    small,
    statements,
    targets_in,
)
from legend_lab.lab.design.recognising import (
    SETTING_READERS,
    NotUnderstoodError,
    compensate_says,
    execute_says,
    expect,
    glimpsed,
    literal,
    text_literal,
    undoes_exactly,
)

ONE_LINE = 500
"""Characters that a description may have."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something in a module that a design does not hold; it is left as it is.

    Attributes:
        line: where it stands, from 1.
        words: what it is.
    """

    line: int
    words: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.words}"


@dataclass(frozen=True)
class Understood:
    """A module, and what of it a design holds.

    Attributes:
        design: what was understood.
        notes: what was not, and what a change left alone.
        written: path and phase (`"execute"`, `"compensate"`) of each body that a person wrote: those never change.
        fixed: path and setting that only the code can change, with the reason; the path of the saga is "".
        outline: where everything stands.
    """

    design: Design
    notes: tuple[Note, ...]
    written: frozenset[tuple[str, str]]
    fixed: Mapping[tuple[str, str], str]
    outline: Outline = field(repr=False)

    @property
    def source(self) -> Source:
        """The module as it was parsed, without loss."""
        return self.outline.source


def understood(text: str) -> Understood:
    """What a module says.

    Raises:
        DesignError: it is no Python (line and column are said), or no saga is in it.
    """
    outline = outline_of(parse(text))
    reader = _Reader(outline)
    try:
        design = reader.design()
    except ValidationError as error:
        raise design_error(error) from None
    notes = tuple(sorted(reader.notes, key=lambda note: note.line))
    return Understood(design, notes, frozenset(reader.written), dict(reader.fixed), outline)


class _Reader:
    """Reads a design, and remembers what it did not understand."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.source: Source = outline.source
        self.notes: list[Note] = [Note(line, words) for line, words in outline.notes]
        self.written: set[tuple[str, str]] = set()
        self.fixed: dict[tuple[str, str], str] = {}

    def design(self) -> Design:
        context = tuple(self._context())
        effects = tuple(self._effects())
        self.around = Surroundings(
            {item.name: item.initial for item in context},
            frozenset(effect.name for effect in effects if effect.irreversible),
        )
        self.types = {item.name: item.type for item in context}
        self.effects = {effect.name for effect in effects}
        root = self.outline.root
        design = Design(
            name=root.name.value,
            description=self._description(root, ""),
            on_compensation_failure=self._on_failure(root),
            context=context,
            effects=effects,
            parts=tuple(self._parts("")),
        )
        names = {path: part.class_name for path, part in self.outline.parts.items() if not part.is_shared}
        return with_class_names(design, names)

    def _note(self, node: cst.CSTNode, words: str) -> str:
        line = self.source.line(node)
        self.notes.append(Note(line, words))
        return f"{words} (line {line})"

    def _fix(self, path: str, settings: tuple[str, ...], node: cst.CSTNode, words: str) -> None:
        why = self._note(node, words)
        self.fixed.update(dict.fromkeys([(path, setting) for setting in settings], why))

    def _context(self) -> Iterator[ContextField]:
        node = self.outline.context
        for statement in body_of(node) if node is not None else ():
            if small(statement) is None and any(targets_in(statement)):
                self._note(statement, "this is not read as fields of the context; a design holds one a line")
        for name, statement, inner in fields_of(node) if node is not None else []:
            found = self._context_field(name, inner)
            below = said_below(node, statement) if node is not None else None
            said = "" if below is None else _one_line(literal(self.source.expression(below)))
            try:
                yield checked(ContextField, {**found, "name": name, "description": said or ""})
            except DesignError as error:
                self._fix("", (f"context.{name}",), inner, str(error))

    def _context_field(self, name: str, inner: cst.AnnAssign) -> dict[str, Any]:
        type_name = self.source.code(inner.annotation.annotation)
        try:
            initial = literal(self.source.expression(_there(inner.value)))
            plain = type_name.removesuffix(" | None")
            known = ContextField(name="known", type=plain, initial=initial)  # type: ignore[arg-type]
            optional = known.initial is None and known.type != "object"
            expect(optional == type_name.endswith(" | None") and (initial is None or fits(initial, plain)))
        except (NotUnderstoodError, ValidationError):
            self._fix("", (f"context.{name}",), inner, f"context.{name} is of a form that a design does not hold")
            return {"type": "object"}
        return {"type": plain, "initial": initial}

    def _effects(self) -> Iterator[EffectDesign]:
        for call in self.outline.declarations.values():
            expression: Any = self.source.expression(call)
            flags = {str(item.arg): literal(item.value) for item in expression.keywords}
            yield checked(EffectDesign, {"name": literal(expression.args[0]), **flags})

    def _parts(self, block: str) -> Iterator[StepDesign | BlockDesign]:
        for part in self.outline.inside(block):
            description = self._description(part.node, part.path) if part.node is not None else ""
            if part.is_block:
                yield BlockDesign(name=part.name, description=description, parts=tuple(self._parts(part.path)))
                continue
            settings = self._settings(part.node, part.path)
            data = {"name": part.name, "description": description, **settings, **self._bodies(part)}
            yield checked(StepDesign, data)

    def _description(self, node: cst.ClassDef, path: str) -> str:
        found = docstring_of(node)
        if found is None:
            return ""
        said = literal(self.source.expression(found))
        short = _one_line(said)
        if short != said:
            self._fix(path, ("description",), found, "a docstring of several lines stays as it is")
        return short

    def _on_failure(self, root: cst.ClassDef) -> Any:  # noqa: ANN401 - checked by the model
        for statement in root.body.body:
            found = assigned(statement)
            if found is not None and found[0] == "on_compensation_failure":
                try:
                    said = text_literal(self.source.expression(found[1]))
                    if said in ("continue", "halt"):
                        return said
                except NotUnderstoodError:
                    pass
                self._fix("", ("on_compensation_failure",), statement, "on_compensation_failure is not read")
        return "continue"

    def _settings(self, node: cst.ClassDef | None, path: str) -> dict[str, Any]:
        said: dict[str, Any] = {}
        if node is None:
            return said
        seen = Counter(found[0] for statement in node.body.body if (found := assigned(statement)))
        for statement in node.body.body:
            found = assigned(statement)
            if found is None:
                for hidden in sorted(set(targets_in(statement)) & SETTINGS.keys()):
                    words = f"{path}: {hidden} is set in a way that a design does not hold"
                    self._fix(path, (SETTINGS[hidden],), statement, words)
            if found is None or found[0] not in SETTINGS:
                continue
            name = SETTINGS[found[0]]
            try:
                expect(seen[found[0]] == 1)
                value = SETTING_READERS[found[0]](self.source.expression(found[1]))
                checked(StepDesign, {"name": "checked", name: value})
                said[name] = value
            except (NotUnderstoodError, DesignError):
                self._fix(path, (name,), statement, f"{path}: {found[0]} is set in a way that a design does not hold")
        return said

    def _bodies(self, part: PartSource) -> dict[str, Any]:
        path, methods = part.path, {item.name.value: item for item in part.methods}
        execute, undo = methods.get("execute"), methods.get("compensate")
        said = self._execute(execute)
        if said is None:
            self.written.add((path, "execute"))
            said = self._glimpse(execute, path)
        undone = self._compensate(undo, said)
        if undone is None:
            self.written.add((path, "compensate"))
            if undo is not None:
                generated = (path, "execute") in self.written and self._undo_says(undo) is not None
                why = "stays as it is, since execute is written by hand" if generated else "is written by hand"
                self._note(undo, f"{path}: compensate {why}")
            return said
        return {**said, **undone}

    def _execute(self, function: cst.FunctionDef | None) -> dict[str, Any] | None:
        try:
            if function is None or has_comments(function):
                return None
            said = execute_says(statements(self.source, function))
            checked(StepDesign, {"name": "checked", **said})
        except (NotUnderstoodError, DesignError):
            return None
        known = set(said["reads"]) <= self.types.keys() and said["writes"].keys() <= self.types.keys()
        fitting = known and all(
            value is not None and fits(value, self.types[at]) for at, value in said["writes"].items()
        )
        return said if fitting and said["effect"] in {None, *self.effects} else None

    def _glimpse(self, function: cst.FunctionDef | None, path: str) -> dict[str, Any]:
        if function is None:
            return {}
        self._note(function, f"{path}: execute is written by hand")
        return glimpsed(parsed_function(self.source, function), set(self.types), self.effects)

    def _compensate(self, function: cst.FunctionDef | None, step: dict[str, Any]) -> dict[str, Any] | None:
        found = None if function is None else self._undo_says(function)
        if found is None:
            return None
        said, closed, resets = found
        if "no_undo_because" in said or undoes_exactly(closed, resets, step, self.around):
            return said
        return None

    def _undo_says(self, function: cst.FunctionDef) -> tuple[dict[str, Any], str | None, list[tuple[str, Any]]] | None:
        try:
            if has_comments(function):
                return None
            found = compensate_says(statements(self.source, function))
            checked(StepDesign, {"name": "checked", **found[0]})
        except (NotUnderstoodError, DesignError):
            return None
        return found


def _there(value: cst.BaseExpression | None) -> cst.BaseExpression:
    if value is None:
        raise NotUnderstoodError
    return value


def _one_line(said: str) -> str:
    line = said.strip().partition("\n")[0].strip()
    return "".join(sign if sign.isprintable() else " " for sign in line)[:ONE_LINE].strip()
