"""Owns what expressions and bodies in code mean to a design; they are looked at and never run."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, TypeVar

from legend_lab.lab.design.bodies import NOTHING, Surroundings
from legend_lab.saga.simulation import SIMULATED_ERRORS

N = TypeVar("N", bound=ast.AST)


class NotUnderstoodError(Exception):
    """This code says something that a design does not hold."""


def literal(node: ast.expr) -> Any:  # noqa: ANN401 - JSON is any
    """The value of a literal."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise NotUnderstoodError from None


def text_literal(node: ast.expr) -> str:
    """The value of a text."""
    match node:
        case ast.Constant(value=str(said)):
            return said
        case _:
            raise NotUnderstoodError


def error_name(node: ast.expr) -> str:
    """An error that a design knows, by its name."""
    match node:
        case ast.Name(id=name) if name in SIMULATED_ERRORS:
            return name
        case _:
            raise NotUnderstoodError


def error_names(node: ast.expr) -> list[str]:
    """One error, or a tuple of them."""
    return [error_name(item) for item in node.elts] if isinstance(node, ast.Tuple) else [error_name(node)]


def retries(node: ast.expr) -> dict[str, Any]:
    """What a retry policy is made with."""
    if ast.unparse(node) == "RetryPolicy.NO_RETRY":
        return {}
    call = expected(ast.Call, node)
    names = _POLICIES.get(ast.unparse(call.func), ())
    expect(bool(names) and len(call.args) <= len(names))
    said = dict(zip(names, call.args, strict=False))
    for keyword in call.keywords:
        name = _CALLED.get(keyword.arg or "", keyword.arg)
        expect(name is not None and name not in said)
        said[str(name)] = keyword.value
    expect(said.keys() <= set(_POLICIES["RetryPolicy"]))
    return {name: error_names(value) if name == "give_up_on" else literal(value) for name, value in said.items()}


_POLICIES = {
    "RetryPolicy": ("max_retries", "backoff_ms", "multiplier", "max_backoff_ms", "give_up_on"),
    "RetryPolicy.retries": ("max_retries",),
    "RetryPolicy.retries_with_backoff": ("max_retries", "backoff_ms"),
}
_CALLED = {"count": "max_retries"}

SETTING_READERS: dict[str, Callable[[ast.expr], Any]] = {
    "retry_policy": retries,
    "compensation_retry_policy": retries,
    "timeout_s": literal,
    "compensate_on_failure": literal,
    "uncertain_on": error_names,
    "idempotent": literal,
}


def execute_says(body: list[ast.stmt]) -> dict[str, Any]:
    """What a simulated `execute` says of its step.

    Raises:
        NotUnderstoodError: it is none.
    """
    rest = list(body)
    inputs, said = _simulation(_take(rest))
    said["reads"] = [_field_of(item) for item in inputs]
    said["pauses"] = bool(rest) and isinstance(rest[0], ast.If)
    if said["pauses"]:
        expected = f"if attempt() == {said.get('fails', 0) + 1}:\n    return StepOutcome.PAUSE"
        expect(ast.unparse(rest.pop(0)) == expected)
    said["effect"] = _operation(rest, "open")
    said["writes"] = dict(_assignments(rest))
    expect([ast.unparse(item) for item in rest] == ["return StepOutcome.CONTINUE"])
    return said


def compensate_says(body: list[ast.stmt]) -> tuple[dict[str, Any], str | None, list[tuple[str, Any]]]:
    """What a simulated `compensate` says of its step, the effect that it closes, and what it sets fields back to.

    Raises:
        NotUnderstoodError: it is none.
    """
    rest = list(body)
    expect(bool(rest) and ast.unparse(rest.pop()) == "return CompensationOutcome.COMPLETED")
    if len(rest) == 1 and isinstance(rest[0], ast.Expr) and isinstance(rest[0].value, ast.Constant):
        said = text_literal(rest[0].value)
        expect(said.startswith(NOTHING))
        return {"no_undo_because": said.removeprefix(NOTHING)}, None, []
    inputs, simulated = _simulation(_take(rest))
    expect(not inputs)
    closed, resets = _operation(rest, "close"), list(_assignments(rest))
    expect(not rest)
    return {f"undo_{name}": value for name, value in simulated.items()}, closed, resets


def undoes_exactly(
    closed: str | None, resets: list[tuple[str, Any]], step: dict[str, Any], around: Surroundings
) -> bool:
    """Say whether an undo takes back just what its step did."""
    effect = step.get("effect")
    wanted = [(name, around.initial.get(name)) for name in step.get("writes", {})]
    return closed == (None if effect in around.irreversible else effect) and _same(resets, wanted)


def glimpsed(function: ast.AST, fields: set[str], effects: set[str]) -> dict[str, Any]:
    """What one sees of a body that a person wrote: effects that it opens, fields that it reads."""
    opened = [
        node.args[0].value
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "effects.open"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value in effects
    ]
    read = [
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and ast.unparse(node.value) == "ctx"
    ]
    reads = [name for name in dict.fromkeys(read) if name in fields]
    return {"effect": opened[0] if len(set(opened)) == 1 else None, "reads": reads}


def _simulation(statement: ast.stmt) -> tuple[list[ast.expr], dict[str, Any]]:
    call = expected(ast.Call, expected(ast.Await, expected(ast.Expr, statement).value).value)
    expect(ast.unparse(call.func) == "simulate")
    said = {}
    for keyword in call.keywords:
        expect(keyword.arg in ("duration_ms", "fails", "error"))
        said[str(keyword.arg)] = error_name(keyword.value) if keyword.arg == "error" else literal(keyword.value)
    return call.args, said


def _operation(rest: list[ast.stmt], action: str) -> str | None:
    first = rest[0].value if rest and isinstance(rest[0], ast.Expr) else None
    if not isinstance(first, ast.Call) or ast.unparse(first.func) != f"effects.{action}":
        return None
    expect(len(first.args) == 1 and not first.keywords)
    rest.pop(0)
    return text_literal(first.args[0])


def _assignments(rest: list[ast.stmt]) -> list[tuple[str, Any]]:
    found = []
    while rest and isinstance(statement := rest[0], ast.Assign):
        del rest[0]
        expect(len(statement.targets) == 1)
        found.append((_field_of(statement.targets[0]), literal(statement.value)))
    expect(len(dict(found)) == len(found))
    return found


def _field_of(node: ast.expr) -> str:
    attribute = expected(ast.Attribute, node)
    expect(expected(ast.Name, attribute.value).id == "ctx")
    return attribute.attr


def _same(one: list[tuple[str, Any]], other: list[tuple[str, Any]]) -> bool:
    """Equal, and of the same types: True is not 1 here."""
    return repr(one) == repr(other)


def _take(rest: list[ast.stmt]) -> ast.stmt:
    expect(bool(rest))
    return rest.pop(0)


def expected(kind: type[N], node: ast.AST) -> N:
    """A node as one of a kind.

    Raises:
        NotUnderstoodError: it is of another.
    """
    if not isinstance(node, kind):
        raise NotUnderstoodError
    return node


def expect(holds: bool) -> None:  # noqa: FBT001 - a condition
    """Raise unless code is of the form that is understood.

    Raises:
        NotUnderstoodError: it is not.
    """
    if not holds:
        raise NotUnderstoodError
