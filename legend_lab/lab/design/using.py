"""Owns where code that a person wrote says a field of the context or an effect: surely, or perhaps."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace

from legend_lab.lab.design.scopes import Kind, ModuleNames, Scope, last_name, root_name

BY_NAME = frozenset({"getattr", "setattr", "hasattr", "delattr"})
"""Functions that take a thing, and the name of what is wanted of it."""
BY_KEY = frozenset({"get", "pop", "setdefault", "update", "model_copy", "model_dump", "model_dump_json"})
"""Methods of contexts that take names of fields."""
MOST_WORDS = 60
"""Characters of code that a message shows."""


@dataclass(frozen=True, slots=True)
class Use:
    """A place in a module that says a name.

    Attributes:
        line: where it stands, from 1.
        place: the class or function that it is in, as `"Hotel.execute"`; empty outside of all.
        words: the code that says it.
        is_sure: it means the field or effect; otherwise it may mean something else of that name.
    """

    line: int
    place: str
    words: str
    is_sure: bool

    def __str__(self) -> str:
        return f"line {self.line}{f', in {self.place},' if self.place else ''} says {self.words}"


Said = Iterator[tuple[ast.expr | ast.stmt | ast.keyword | ast.pattern, bool]]
"""Where a node itself says a name, and whether it surely means what is looked for."""


def field_uses(names: ModuleNames, name: str, owned: Container[int], index: int | None = None) -> list[Use]:
    """Where a field of the context is said, except in statements that begin in lines which the designer owns.

    With an `index`, its place among the fields, also where contexts are made or taken apart by position.
    """
    return _sorted(_FieldUses(names, name, owned, index).in_module())


def effect_uses(names: ModuleNames, name: str, owned: Container[int]) -> list[Use]:
    """Where an effect is said, except in statements that begin in lines which the designer owns."""
    return _sorted(_Uses(names, name, owned).in_module())


def _sorted(uses: Iterator[Use]) -> list[Use]:
    """In order, one a line: the sure one where there are several."""
    first: dict[int, Use] = {}
    for use in sorted(uses, key=lambda use: (use.line, not use.is_sure)):
        first.setdefault(use.line, use)
    return list(first.values())


class _Uses:
    """Walks through a module, and knows an effect's name when it sees it."""

    def __init__(self, names: ModuleNames, name: str, owned: Container[int]) -> None:
        self.names, self.name, self.owned = names, name, owned

    def in_module(self) -> Iterator[Use]:
        """Every use."""
        return self._within(self.names.tree, Scope(self.names, self.name).with_assigned(self.names.tree))

    def _within(self, node: ast.AST, scope: Scope) -> Iterator[Use]:
        for child, its in scope.inside(node):
            match child:
                case ast.Expr(value=ast.Constant()):
                    continue  # a docstring, or as good as one
                case ast.Constant() if isinstance(node, ast.JoinedStr):
                    continue
                case ast.stmt() if child.lineno in self.owned:
                    continue
                case ast.Call(func=func) if root_name(func) == "effects":
                    its = replace(its, tells="effects")  # noqa: PLW2901 - what is in it
            for said, is_sure in self.said(child, its):
                yield Use(said.lineno, its.place, _words(said), is_sure)
            yield from self._within(child, its)

    def said(self, node: ast.AST, scope: Scope) -> Said:
        """Where a node itself says the name, and whether it surely means it."""
        if isinstance(node, ast.Constant) and node.value == self.name:
            yield node, scope.tells == "effects"


class _FieldUses(_Uses):
    """Knows a field's name when it sees it."""

    def __init__(self, names: ModuleNames, name: str, owned: Container[int], index: int | None) -> None:
        super().__init__(names, name, owned)
        self.index = index

    def said(self, node: ast.AST, scope: Scope) -> Said:
        """Where a node itself says the name, and whether it surely means it."""
        match node:
            case ast.Constant(value=self.name) if scope.tells != "effects":
                yield node, scope.tells == "fields"
            case ast.Attribute(attr=self.name, value=value):
                if (kind := scope.kind(value)) is not Kind.OTHER:
                    yield node, kind is Kind.CONTEXT
            case ast.Call():
                yield from self._said_in_call(node, scope)
            case ast.MatchClass(cls=cls, kwd_attrs=given, patterns=patterns):
                is_context = scope.is_context_class(cls)
                if self.name in given or (is_context and self._reaches(patterns)):
                    yield node, is_context
            case ast.expr() | ast.stmt() if self._is_said(node, scope):
                yield node, True

    def _is_said(self, node: ast.expr | ast.stmt, scope: Scope) -> bool:
        match node:
            case ast.Subscript(value=value, slice=ast.Constant(value=self.name)):
                about = isinstance(value, ast.Call) and scope.is_about_context(value)
                return about or scope.kind(value) is Kind.CONTEXT
            case ast.Compare(left=ast.Constant(value=self.name), comparators=[within]):
                return scope.kind(within) is Kind.CONTEXT
            case ast.AnnAssign(annotation=annotation, value=ast.Dict() as value) if self.name in _keys(value):
                return scope.is_context_class(annotation)
            case ast.AnnAssign(target=ast.Name(id=self.name)) | ast.Name(id=self.name, ctx=ast.Load()):
                return scope.is_context_body
        return False

    def _said_in_call(self, call: ast.Call, scope: Scope) -> Said:
        for keyword in call.keywords:
            if keyword.arg == self.name and (kind := self._given(call, scope)) is not Kind.OTHER:
                yield keyword, kind is Kind.CONTEXT
        match call:
            case ast.Call(func=ast.Name(id=called), args=[first, ast.Constant(value=self.name), *_]) if (
                called in BY_NAME
            ):
                is_sure = scope.kind(first) is Kind.CONTEXT
            case ast.Call(func=ast.Attribute(attr=called, value=value), args=args) if called in BY_KEY:
                given = [*args[:1], *(keyword.value for keyword in call.keywords)]
                is_sure = scope.kind(value) is Kind.CONTEXT and any(self.name in _keys(item) for item in given)
            case ast.Call(func=func, args=args) if scope.is_context_class(func):
                given = [*args, *(keyword.value for keyword in call.keywords if keyword.arg is None)]
                is_sure = self._reaches(args) or any(
                    self.name in _keys(item) for item in given if isinstance(item, ast.Dict)
                )
            case _:
                is_sure = False
        if is_sure:
            yield call, True

    def _reaches(self, given: list[ast.expr] | list[ast.pattern]) -> bool:
        """Say whether what is given by position reaches the field."""
        if self.index is None:
            return False
        return len(given) > self.index or any(isinstance(item, ast.Starred) for item in given)

    def _given(self, call: ast.Call, scope: Scope) -> Kind:
        """What takes an argument of that name."""
        if scope.is_context_class(call.func) or scope.is_about_context(call):
            return Kind.CONTEXT
        called = last_name(call.func)
        is_other = called is not None and (self.names.has(called, self.name) or self.names.takes(called, self.name))
        return Kind.OTHER if is_other else Kind.UNKNOWN


def _keys(node: ast.AST) -> set[object]:
    """The texts that a literal is, or has as keys or items."""
    match node:
        case ast.Dict(keys=items) | ast.Set(elts=items) | ast.List(elts=items) | ast.Tuple(elts=items):
            return {item.value for item in items if isinstance(item, ast.Constant)}
        case ast.Constant(value=value):
            return {value}
    return set()


def _words(node: ast.AST) -> str:
    said = ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node).partition("\n")[0]
    return said if len(said) <= MOST_WORDS else f"{said[:MOST_WORDS]}…"
