"""Owns what a name in a function stands for, as far as that can be told without running anything."""

from __future__ import annotations

import ast
import builtins
import types
from typing import Any, Final, TypeGuard, TypeVar

from legend_lab.lab.lint.sources import Source

K = TypeVar("K")

UNKNOWN: Final = object()
"""What stands for a value that cannot be told."""


class Names:
    """The names of one function: its closure's, its module's and Python's own; never its local ones."""

    def __init__(self, source: Source, me: str | None, cls: type | None) -> None:
        self._function = source.function
        self._local = _local_names(source.node)
        self._me, self._cls = me, cls
        code = source.function.__code__
        self._free = dict(zip(code.co_freevars, source.function.__closure__ or (), strict=False))

    def value(self, node: ast.expr) -> Any:  # noqa: ANN401 - anything can have a name
        """What an expression of names and dots stands for; `UNKNOWN` when it cannot be told."""
        if isinstance(node, ast.Name):
            return self._named(node.id)
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id == self._me:
                return _in_class(self._cls, node.attr)
            if self._is_super(node.value):
                return _in_class(self._cls, node.attr, after=self._function)
            return _member(self.value(node.value), node.attr)
        return UNKNOWN

    def is_method(self, node: ast.expr) -> bool:
        """Whether a call of it hands in the step itself first."""
        if not isinstance(node, ast.Attribute):
            return False
        return self._is_super(node.value) or (isinstance(node.value, ast.Name) and node.value.id == self._me)

    def _is_super(self, node: ast.expr) -> bool:
        return self._me is not None and isinstance(node, ast.Call) and self.value(node.func) is super

    def _named(self, name: str) -> Any:  # noqa: ANN401 - as above
        if name in self._free:
            try:
                return self._free[name].cell_contents
            except ValueError:  # it has none yet
                return UNKNOWN
        if name in self._local:
            return UNKNOWN
        return self._function.__globals__.get(name, getattr(builtins, name, UNKNOWN))


def _local_names(node: ast.AsyncFunctionDef | ast.FunctionDef) -> set[str]:
    arguments = node.args
    found = {item.arg for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    found |= {item.arg for item in (arguments.vararg, arguments.kwarg) if item is not None}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
            found.add(inner.id)
        elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and inner is not node:
            found.add(inner.name)
        elif isinstance(inner, ast.Import | ast.ImportFrom):
            found |= {(item.asname or item.name).partition(".")[0] for item in inner.names}
    return found


def _member(owner: Any, name: str) -> Any:  # noqa: ANN401 - as above
    """An attribute of a module or class, looked up without running anything of theirs."""
    if is_a(owner, types.ModuleType):
        return vars(owner).get(name, UNKNOWN)
    return _in_class(owner, name) if is_a(owner, type) else UNKNOWN


def is_a(value: object, kind: type[K]) -> TypeGuard[K]:
    """Say whether `value` is of this class; unlike `isinstance` without asking the value, which may be a proxy."""
    return issubclass(type(value), kind)


def _in_class(cls: type | None, name: str, after: types.FunctionType | None = None) -> Any:  # noqa: ANN401 - as above
    """What a class has under a name; with `after`, what its ancestors have after the one that defines that method."""
    ancestors = () if cls is None else cls.__mro__
    if after is not None:
        own = [any(value is after for value in vars(item).values()) for item in ancestors]
        ancestors = ancestors[own.index(True) + 1 :] if True in own else ()
    return next((vars(item)[name] for item in ancestors if name in vars(item)), UNKNOWN)
