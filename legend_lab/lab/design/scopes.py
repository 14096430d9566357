"""Owns what the names in a module stand for where they are said: the context, something else, or nobody knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import Literal

Function = ast.FunctionDef | ast.AsyncFunctionDef
BASES = frozenset({"Step", "Saga"})
COPIES = frozenset({"copy", "deepcopy", "replace", "model_copy", "model_construct", "model_validate"})
"""What makes another context of a context, or of its class."""


class Kind(Enum):
    """What an expression is."""

    CONTEXT = "the context"
    OTHER = "something else"
    UNKNOWN = "nobody knows"


@dataclass(frozen=True)
class ModuleNames:
    """What a module defines.

    Attributes:
        tree: the module.
        context: name of the context's class.
    """

    tree: ast.Module
    context: str

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """The classes anywhere in it."""
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef)}

    @cached_property
    def functions(self) -> dict[str, Function]:
        """The functions at its top."""
        return {node.name: node for node in self.tree.body if isinstance(node, Function)}

    @cached_property
    def imported(self) -> frozenset[str]:
        """The names that it imports."""
        imports = [node for node in ast.walk(self.tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        return frozenset(name.asname or name.name.partition(".")[0] for node in imports for name in node.names)

    @cached_property
    def contexts(self) -> frozenset[str]:
        """The classes that are the context: its own, what steps and sagas name as theirs, and what is derived."""
        found = {self.context}
        for node in self.classes.values():
            for base in node.bases:
                match base:
                    case ast.Subscript(value=value, slice=said) if last_name(value) in BASES:
                        first = said.elts[0] if isinstance(said, ast.Tuple) else said
                        found |= mentioned(first)
        for _ in self.classes:
            found |= {name for name, node in self.classes.items() if found & set(map(last_name, node.bases))}
        return frozenset(found & self.classes.keys()) | {self.context}

    def has(self, class_name: str | None, name: str, deep: int = 0) -> bool:
        """Say whether a class of this module, or one that it is derived of here, has a member of its own.

        A `Protocol` has none: it may stand for the context.
        """
        node = self.classes.get(class_name or "")
        if node is None or deep > len(self.classes) or "Protocol" in map(last_name, node.bases):
            return False
        return name in _members(node) or any(self.has(last_name(base), name, deep + 1) for base in node.bases)

    def takes(self, function: str, name: str) -> bool:
        """Say whether a function at the top of the module has a parameter."""
        node = self.functions.get(function)
        return node is not None and name in {item.arg for item in parameters(node.args)}


@dataclass(frozen=True)
class Scope:
    """Where in a module one stands, and what is known of the names there.

    Attributes:
        module: the module.
        wanted: the name that is looked for: what has a member of that name itself is not the context.
        place: the class or function, as `"Hotel.execute"`; empty outside of all.
        owner: the class whose body this is; None in functions, and outside.
        known: what names are.
        tells: what texts name here: effects in a call of `effects`, fields in the body of a context's class.
    """

    module: ModuleNames
    wanted: str
    place: str = ""
    owner: ast.ClassDef | None = None
    known: Mapping[str, Kind] = field(default_factory=dict)
    tells: Literal["effects", "fields", ""] = ""

    @property
    def is_context_body(self) -> bool:
        """One stands in the body of a class that is the context."""
        return self.owner is not None and self.owner.name in self.module.contexts

    def is_context_class(self, node: ast.AST) -> bool:
        """Say whether an expression is a class of the context."""
        return last_name(node) in self.module.contexts

    def kind(self, node: ast.AST) -> Kind:
        """What an expression is."""
        match node:
            case ast.Name(id=name) if name in self.known:
                return self.known[name]
            case ast.Name(id="ctx") | ast.Attribute(attr="ctx"):
                return Kind.CONTEXT
            case ast.Name(id=name) if name in self.module.contexts:
                return Kind.CONTEXT
            case ast.Name(id=name) if name in self.module.imported or self.module.has(name, self.wanted):
                return Kind.OTHER
            case ast.Attribute() if root_name(node) in self.module.imported - self.known.keys():
                return Kind.OTHER
            case ast.Await(value=value) | ast.NamedExpr(value=value):
                return self.kind(value)
            case ast.Call(func=func) if self.is_context_class(func):
                return Kind.CONTEXT
            case ast.Call(func=func) if last_name(func) in COPIES and self.is_about_context(node):
                return Kind.CONTEXT
        return Kind.UNKNOWN

    def is_about_context(self, call: ast.Call) -> bool:
        """Say whether a call is a method of the context, or has it (or its class) as an argument."""
        method_of = [call.func.value] if isinstance(call.func, ast.Attribute) else []
        return any(self.kind(item) is Kind.CONTEXT for item in (*method_of, *call.args))

    def inside(self, node: ast.AST) -> Iterator[tuple[ast.AST, Scope]]:
        """What is in a node, and where one stands there."""
        if isinstance(node, ast.ClassDef):
            within = replace(
                self, place=self._at(node.name), owner=node, tells="fields" if node.name in self.module.contexts else ""
            )
            outside: list[ast.AST] = [*node.decorator_list, *node.bases, *node.keywords]
        elif isinstance(node, Function):
            within = self._in_function(node, node.name)
            outside = [*node.decorator_list, *_defaults(node.args)]
        elif isinstance(node, ast.Lambda):
            within, outside = self._in_function(node, ""), []
        elif isinstance(node, ast.AnnAssign):  # a field's default is no name of a field
            within, outside = replace(self, tells="" if self.is_context_body else self.tells), []
        else:
            within, outside = self, []
        for child in ast.iter_child_nodes(node):
            yield child, self if child in outside else within

    def _at(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place and name else self.place or name

    def _in_function(self, node: Function | ast.Lambda, name: str) -> Scope:
        known = dict(self.known)
        for item in parameters(node.args):
            named = Kind.CONTEXT if item.arg == "ctx" else Kind.UNKNOWN
            known |= {item.arg: named, **self._annotated(item.arg, item.annotation)}
        first = next(iter(parameters(node.args)), None)
        if self.owner is not None and first is not None and first.arg in ("self", "cls"):
            known |= {first.arg: self._kind_of_class(self.owner.name)}
        within = replace(self, place=self._at(name), owner=None, known=known, tells="")
        return within.with_assigned(node)

    def with_assigned(self, node: ast.AST) -> Scope:
        """The same, knowing the names that a function or module sets to a context; not those in functions in it."""
        known = dict(self.known)
        for item in _own(node):
            match item:
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                    known |= self._annotated(name, annotation)
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.NamedExpr(target=ast.Name(id=name), value=value)
                ) if self.kind(value) is Kind.CONTEXT:
                    known[name] = Kind.CONTEXT
        return replace(self, known=known)

    def _annotated(self, name: str, annotation: ast.expr | None) -> dict[str, Kind]:
        said = mentioned(annotation)
        if said & self.module.contexts:
            return {name: Kind.CONTEXT}
        if any(self.module.has(item, self.wanted) for item in said):
            return {name: Kind.OTHER}
        return {}

    def _kind_of_class(self, name: str) -> Kind:
        if name in self.module.contexts:
            return Kind.CONTEXT
        return Kind.OTHER if self.module.has(name, self.wanted) else Kind.UNKNOWN


def parameters(arguments: ast.arguments) -> list[ast.arg]:
    """Every parameter of a function that has a name of its own."""
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def last_name(node: ast.AST) -> str | None:
    """`c` of `a.b.c` and of `c[T]`; None of anything else."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return last_name(value)
    return None


def root_name(node: ast.AST) -> str | None:
    """`a` of `a.b.c`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def mentioned(annotation: ast.AST | None) -> set[str]:
    """The names in a type, in quotes or not."""
    found: set[str] = set()
    for node in ast.walk(annotation) if annotation is not None else ():
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                found.add(name)
            case ast.Constant(value=str(said)):
                found |= set(re.findall(r"\w+", said))
    return found


def _members(node: ast.ClassDef) -> set[str]:
    """What the body of a class and its methods give a name to, and what it is made with."""
    found: set[str] = set()
    for item in ast.walk(node):
        match item:
            case ast.AnnAssign(target=ast.Name(id=name)) if item in node.body:
                found.add(name)
            case ast.Assign(targets=targets) if item in node.body:
                found |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                found.add(name)
            case ast.FunctionDef(name=name, args=args) | ast.AsyncFunctionDef(name=name, args=args) if (
                item in node.body
            ):
                found |= {name, *(arg.arg for arg in parameters(args) if name == "__init__")}
    return found


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """What is in a function or module, and not in a function or class in it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function | ast.Lambda | ast.ClassDef):
            yield child
            yield from _own(child)


def _defaults(arguments: ast.arguments) -> list[ast.expr]:
    return [*arguments.defaults, *(item for item in arguments.kw_defaults if item is not None)]
