"""Owns conditions: small expressions over the context that a breakpoint waits for, without Python's `eval`.

Allowed: constants, names of the context's fields or keys, `.` and `[]` on them, comparisons, `and or not`, `+ - * / %`,
`in`, `is None`, and `len(...)`. So a condition that came out of a file cannot run anything else.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from legend_lab.core.errors import LegendError

LONGEST = 500
"""Characters that a condition may have."""


class ConditionError(LegendError):
    """A condition is no expression of the allowed kind, or cannot be worked out on this context."""


def _product(a: Any, b: Any) -> Any:  # noqa: ANN401 - numbers
    if not isinstance(a, int | float) or not isinstance(b, int | float):
        raise ConditionError("* is for numbers")
    return a * b


def _remainder(a: Any, b: Any) -> Any:  # noqa: ANN401 - numbers
    if not isinstance(a, int | float):
        raise ConditionError("% is for numbers")
    return a % b


_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: _product,
    ast.Div: operator.truediv,
    ast.Mod: _remainder,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.Not: operator.not_, ast.USub: operator.neg}


class Condition:
    """An expression over the context; call it with one.

    Raises:
        ConditionError: the text is no such expression.
    """

    __slots__ = ("_tree", "text")

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise ConditionError(f"a condition is a text of at most {LONGEST} characters")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about the text of a person, which the console has no use for
                self._tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ConditionError(f"{text[:80]!r} is no expression: {error}") from None
        _check(self._tree)
        self.text = text

    def __call__(self, context: object) -> bool:
        """Say whether it holds.

        Raises:
            ConditionError: it cannot be worked out, say because a field is missing.
        """
        try:
            return bool(_value(self._tree, context))
        except ConditionError:
            raise
        except Exception as error:
            raise ConditionError(f"the condition {self.text!r} failed: {type(error).__name__}: {error}") from error

    def __repr__(self) -> str:
        return f"Condition({self.text!r})"


def _check(tree: ast.expr) -> None:
    for node in ast.walk(tree):
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if name.startswith("_"):
            raise ConditionError(f"a condition may not look at {name!r}")
        if isinstance(node, ast.Call):
            if not (
                isinstance(node.func, ast.Name) and node.func.id == "len" and len(node.args) == 1 and not node.keywords
            ):
                raise ConditionError("a condition calls nothing but len(...)")
        elif not isinstance(node, _ALLOWED):
            raise ConditionError(f"a condition has no {type(node).__name__.lower()}; see legend_lab.lab.conditions")


_ALLOWED = (
    ast.Constant,
    ast.Name,
    ast.Load,
    ast.Attribute,
    ast.Subscript,
    ast.Compare,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.UnaryOp,
    ast.BinOp,
    ast.List,
    ast.Tuple,
    *_COMPARE,
    *_BINARY,
    *_UNARY,
)


def _value(node: ast.expr, context: object) -> Any:  # noqa: ANN401, C901 - one line for each kind of node
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id="context" | "ctx"):
            return context
        case ast.Name(id=name):
            return _member(context, name)
        case ast.Attribute(value=inner, attr=name):
            return _member(_value(inner, context), name)
        case ast.Subscript(value=inner, slice=key):
            return _value(inner, context)[_value(key, context)]
        case ast.UnaryOp(op=op, operand=operand):
            return _UNARY[type(op)](_value(operand, context))
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_value(left, context), _value(right, context))
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_value(value, context) for value in values)
        case ast.BoolOp(values=values):
            return any(_value(value, context) for value in values)
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item, context) for item in items]
        case ast.Call(args=[argument]):
            return len(_value(argument, context))
        case ast.Compare(left=first, ops=ops, comparators=others):
            values = [_value(first, context), *(_value(other, context) for other in others)]
            return all(_COMPARE[type(op)](a, b) for op, a, b in zip(ops, values, values[1:], strict=False))
    raise ConditionError(f"a condition has no {type(node).__name__.lower()}")  # pragma: no cover - _check refused it


def _member(value: object, name: str) -> Any:  # noqa: ANN401 - whatever the context holds
    if isinstance(value, Mapping):
        if name in value:
            return value[name]
        raise ConditionError(f"there is no {name!r}; there are {', '.join(map(str, list(value)[:12])) or 'no keys'}")
    return getattr(value, name)
