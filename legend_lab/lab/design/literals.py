"""Owns how values are written in code, and how what does not fit on a line is laid out; `ruff format` keeps it so."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

WIDTH = 88
"""Columns of a line: the formatter's default."""
SKIP = "# fmt: skip"
"""Behind a line that is longer and cannot be broken well."""


@dataclass(frozen=True, slots=True)
class Group:
    """Something in brackets, which can stand on one line or with each item on its own."""

    open: str
    items: tuple[Node, ...]
    close: str
    is_tuple: bool = False
    """Whether one item alone needs a comma."""


Node = str | Group


def laid_out(node: Node, indent: int, tail: str = "") -> list[str]:
    """The lines of a statement: one if it fits, else each item on its own with a comma behind."""
    pad, line = " " * indent, flat(node)
    if isinstance(node, str) or not node.items or fits_on_line(line + tail, indent):
        return [pad + line + tail]
    inner = [text for item in node.items for text in laid_out(item, indent + 4, ",")]
    return [pad + node.open, *inner, pad + node.close + tail]


def statement(node: Node, indent: int) -> list[str]:
    """The lines of a statement; one that cannot be broken is told to stay as it is."""
    lines = laid_out(node, indent)
    if len(lines) == 1 and not fits_on_line(lines[0], 0):
        return [f"{lines[0]}  {SKIP}"]
    return lines


def flat(node: Node) -> str:
    """All of it on one line."""
    if isinstance(node, str):
        return node
    comma = "," if node.is_tuple and len(node.items) == 1 else ""
    return node.open + ", ".join(map(flat, node.items)) + comma + node.close


def fits_on_line(text: str, indent: int) -> bool:
    """Say whether it fits whatever width a formatter gives to signs beyond ASCII."""
    return indent + len(text) + sum(not sign.isascii() for sign in text) <= WIDTH


def value_node(value: Any, prefix: str = "") -> Node:  # noqa: ANN401 - JSON is any
    """A JSON value as code, behind `prefix`."""
    match value:
        case list():
            return Group(f"{prefix}[", tuple(map(value_node, value)), "]")
        case dict():
            return Group(f"{prefix}{{", tuple(value_node(item, f"{text(key)}: ") for key, item in value.items()), "}")
        case str():
            return prefix + text(value)
        case _:
            return prefix + _plain(repr(value))


def number(value: float) -> str:
    """A setting's number, without a fraction where it has none."""
    return str(int(value)) if value == int(value) else _plain(repr(float(value)))


def text(value: str) -> str:
    """A text in the quotes that need fewer escapes; what does not print is escaped."""
    quote = "'" if value.count('"') > value.count("'") else '"'
    return quote + "".join(_sign(sign, quote) for sign in value) + quote


def docstring(value: str) -> str:
    """A printable line as a docstring."""
    inside = value.replace("\\", "\\\\")
    if '"""' in inside or inside.startswith('"') or inside.endswith('"'):
        inside = inside.replace('"', '\\"')
    return f'"""{inside}"""'


def _sign(sign: str, quote: str) -> str:
    if sign in ("\\", quote):
        return f"\\{sign}"
    return sign if sign.isprintable() else _ESCAPES.get(sign) or ast.unparse(ast.Constant(sign))[1:-1]


_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _plain(number: str) -> str:
    return number.replace("e+", "e")
