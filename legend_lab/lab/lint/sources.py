"""Owns how the written source of a function is found and parsed; the function itself is never called."""

from __future__ import annotations

import ast
import inspect
import linecache
import types
import warnings
from dataclasses import dataclass
from typing import Any

Definition = ast.AsyncFunctionDef | ast.FunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """A function as it is written.

    Attributes:
        function: the function.
        node: its definition.
        file: where it is written.
        before: lines of the file before the first line that was parsed.
    """

    function: types.FunctionType
    node: Definition
    file: str
    before: int

    def line(self, node: ast.AST) -> int:
        """The line of the file at which `node` stands, from 1."""
        return int(getattr(node, "lineno", 1)) + self.before


def source_of(function: Any) -> Source | None:  # noqa: ANN401 - whatever a class has there
    """The source of a function; None when there is none at hand, or the file has another in its place by now."""
    if not isinstance(function, types.FunctionType):
        return None
    code = function.__code__
    try:
        linecache.checkcache(code.co_filename)
        lines, number = inspect.getsourcelines(code)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the code of others, who have seen it
            tree = ast.parse("if 1:\n" + "".join(lines) if lines[0][:1].isspace() else "".join(lines))
    except (OSError, TypeError, SyntaxError, ValueError, IndexError, RecursionError, MemoryError):
        return None
    indented = isinstance(tree.body[0], ast.If) and lines[0][:1].isspace()
    node = tree.body[0].body[0] if indented and isinstance(tree.body[0], ast.If) else tree.body[0]
    if not isinstance(node, Definition) or not _is_of(node, code):
        return None
    return Source(function, node, code.co_filename, number - 1 - indented)


def unwrapped(function: Any) -> Any:  # noqa: ANN401 - whatever a class has there
    """The function that a decorator with `functools.wraps` has around it."""
    try:
        return inspect.unwrap(function)
    except ValueError:  # it goes round in a circle
        return function


def _is_of(node: Definition, code: types.CodeType) -> bool:
    """Whether a definition is the one that this code was made of, as far as its head tells."""
    arguments = node.args
    named = [item.arg for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    is_async = bool(code.co_flags & inspect.CO_COROUTINE)
    taken = list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    return node.name == code.co_name and named == taken and is_async == isinstance(node, ast.AsyncFunctionDef)
