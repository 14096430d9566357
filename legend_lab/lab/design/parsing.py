"""Owns a module's text and its tree: where everything stands in it, to the byte."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import libcst as cst
from libcst import matchers
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

from legend_lab.core.errors import DesignError
from legend_lab.core.text import kind_of
from legend_lab.lab.design.bodies import PAUSES_ONCE
from legend_lab.lab.design.literals import SKIP
from legend_lab.lab.design.recognising import NotUnderstoodError

MOST_BYTES = 20_000_000
"""Size of a module that is read."""
BYTE_ORDER_MARK = "\ufeff"
"""What some editors begin a file with; it is no part of the code."""
NUL, NEWLINE = "\0", "\n"
LONE_RETURN = re.compile(r"\r(?!\n)")
"""Ends a line for Python, and for nothing else that counts lines here."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Bytes from `start` to `end` of a text, and what stands there instead."""

    start: int
    end: int
    text: str


def patched(text: str, patches: list[Patch]) -> str:
    """A text with patches that do not overlap; those at one place in the order given."""
    data, at, out = text.encode(), 0, []
    for patch in sorted(patches, key=lambda patch: (patch.start, patch.end)):
        out += [data[at : patch.start], patch.text.encode()]
        at = patch.end
    return b"".join([*out, data[at:]]).decode()


@dataclass(frozen=True)
class Source:
    """A parsed module.

    Attributes:
        text: as it is in the file, without a byte order mark.
        tree: the same, parsed without loss.
        spans: where each node stands, in bytes.
    """

    text: str
    tree: cst.Module
    spans: Any = field(repr=False)
    data: bytes = field(repr=False)

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """First and last byte of a node, without blanks and comments around it."""
        found = self.spans[node]
        return found.start, found.start + found.length

    def whole(self, node: cst.BaseExpression) -> tuple[int, int]:
        """First and last byte of an expression with its parentheses, which `span` leaves out, even those of a tuple."""
        start, end = self.span(node)
        before, after = ("".join(map(self.tree.code_for_node, group)) for group in (node.lpar, node.rpar))
        return start - len(before.encode()), end + len(after.encode())

    def code(self, node: cst.CSTNode) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.data[start:end].decode()

    def line(self, node: cst.CSTNode) -> int:
        """The number of the line that a node begins in, from 1."""
        return self.data.count(b"\n", 0, self.span(node)[0]) + 1

    def lines(self, node: cst.CSTNode) -> range:
        """The numbers of the lines that a node is in."""
        start, end = self.span(node)
        return range(self.line(node), self.line(node) + self.data.count(b"\n", start, end) + 1)

    def line_start(self, at: int) -> int:
        """Where the line begins that this byte is in."""
        return self.data.rfind(b"\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """Where the line after the one with this byte begins."""
        found = self.data.find(b"\n", at)
        return len(self.data) if found < 0 else found + 1

    def indent(self, at: int) -> str:
        """The blanks that the line with this byte begins with."""
        start = self.line_start(at)
        line = self.data[start : self.line_end(start)]
        return line[: len(line) - len(line.lstrip(b" \t\f"))].decode()

    def expression(self, node: cst.CSTNode) -> ast.expr:
        """A node as the standard library's tree."""
        return ast.parse(f"({self.code(node)}\n)", mode="eval").body

    @property
    def newline(self) -> str:
        """How its lines end."""
        return "\r\n" if b"\r\n" in self.data else "\n"

    def region(self, node: cst.CSTNode) -> tuple[int, int]:
        """The whole lines of a statement, without the comments above it."""
        start, end = self.span(node)
        if isinstance(node, cst.ClassDef | cst.FunctionDef) and node.decorators:
            start = self.span(node.decorators[0])[0]
        return self.line_start(start), self.line_end(max(start, end - 1))

    def above(self, node: cst.ClassDef) -> int:
        """Where a class begins, with the comments just above it."""
        at = self.region(node)[0]
        while at and self.data[self.line_start(at - 1) : at].lstrip().startswith(b"#"):
            at = self.line_start(at - 1)
        return at


def parse(text: str) -> Source:
    """The tree of a module; a byte order mark at its start is passed over.

    Raises:
        DesignError: Python cannot read it, or a character would be lost; line and column are said where known.
    """
    if not isinstance(text, str):
        raise DesignError(f"code is read from text, not from {kind_of(text)}")
    if NUL in text:
        raise DesignError(
            f"line {text.partition(NUL)[0].count(NEWLINE) + 1}: a null byte stands in it, so it is no Python"
        )
    if lone := LONE_RETURN.search(text):
        line = text.count(NEWLINE, 0, lone.start()) + 1
        raise DesignError(f"line {line}: a carriage return stands alone; let the lines end as usual, in a line feed")
    text = text.removeprefix(BYTE_ORDER_MARK)
    try:
        data = text.encode()
        if len(data) > MOST_BYTES:
            raise DesignError(f"a module has at most {MOST_BYTES:,} bytes; this has {len(data):,}")
        ast.parse(text)
        tree = cst.parse_module(text)
        spans = MetadataWrapper(tree, unsafe_skip_copy=True).resolve(ByteSpanPositionProvider)
    except SyntaxError as error:
        raise DesignError(_place_of(error.lineno, error.offset) + error.msg) from None
    except cst.ParserSyntaxError as error:
        raise DesignError(_place_of(error.raw_line, error.raw_column + 1) + "this cannot be read") from None
    except UnicodeEncodeError as error:
        raise DesignError(f"this is no Python: half a character stands in it, at {error.start}") from None
    except (RecursionError, MemoryError):
        raise DesignError("this is nested too deeply to be read; split its longest expressions") from None
    if tree.code != text:
        raise DesignError(_first_lost(text, tree.code))
    return Source(text, tree, spans, data)


def _first_lost(text: str, kept: str) -> str:
    """Which character the parser has lost: places in the module would be wrong after it, and saving would drop it."""
    at = next((at for at, (one, other) in enumerate(zip(text, kept, strict=False)) if one != other), len(kept))
    line = text.count(NEWLINE, 0, at) + 1
    return f"line {line}: the character {text[at : at + 1]!r} cannot be kept here; take it out"


def _place_of(line: int | None, column: int | None) -> str:
    """The beginning of a sentence about a place; empty when it is not known."""
    return "" if line is None else f"line {line}: " if column is None else f"line {line}, column {column}: "


def body_of(node: cst.ClassDef | cst.FunctionDef) -> list[Any]:
    """The statements in a class or function; those on the line of its header count as none."""
    return list(node.body.body) if isinstance(node.body, cst.IndentedBlock) else []


def docstring_of(node: cst.ClassDef) -> cst.SimpleString | None:
    """The docstring of a class where it is one plain text."""
    body = body_of(node)
    return _text_of(body[0]) if body else None


def _text_of(statement: Any) -> cst.SimpleString | None:  # noqa: ANN401 - any statement
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        inner = statement.body[0]
        if isinstance(inner, cst.Expr) and isinstance(inner.value, cst.SimpleString):
            return inner.value
    return None


def small(statement: Any) -> Any:  # noqa: ANN401 - any statement
    """The one thing that a line says; None when it says several."""
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        return statement.body[0]
    return None


def assigned(statement: Any) -> tuple[str, cst.BaseExpression] | None:  # noqa: ANN401 - any statement
    """Name and value of a plain assignment."""
    inner = small(statement)
    if isinstance(inner, cst.Assign) and len(inner.targets) == 1 and isinstance(inner.targets[0].target, cst.Name):
        return inner.targets[0].target.value, inner.value
    return None


def targets_in(statement: cst.CSTNode) -> Iterator[str]:
    """The names that anything in a class's statement assigns to; what is inside its functions and classes is not."""
    if isinstance(statement, cst.FunctionDef | cst.ClassDef):
        return
    for found in matchers.findall(statement, matchers.AssignTarget() | matchers.AnnAssign()):
        if isinstance(found, cst.AssignTarget | cst.AnnAssign) and isinstance(found.target, cst.Name):
            yield found.target.value


def fields_of(node: cst.ClassDef) -> list[tuple[str, cst.SimpleStatementLine, cst.AnnAssign]]:
    """The annotated names in a class."""
    return [
        (inner.target.value, statement, inner)
        for statement in body_of(node)
        if isinstance(inner := small(statement), cst.AnnAssign) and isinstance(inner.target, cst.Name)
    ]


def said_below(node: cst.ClassDef, statement: cst.SimpleStatementLine) -> cst.SimpleStatementLine | None:
    """The text that describes a field, just below it."""
    body = body_of(node)
    at = body.index(statement) + 1
    return body[at] if at < len(body) and _text_of(body[at]) is not None else None


def has_comments(node: cst.CSTNode, allowed: frozenset[str] = frozenset({SKIP, PAUSES_ONCE})) -> bool:
    """Say whether a person may have left a comment in it."""
    return any(comment.value not in allowed for comment in matchers.findall(node, matchers.Comment()))  # type: ignore[attr-defined]


def statements(source: Source, function: cst.FunctionDef) -> list[ast.stmt]:
    """The body of a plain method of the form that generated code has.

    Raises:
        NotUnderstoodError: it has another form.
    """
    names = [item.name.value for item in function.params.params]
    plain = function.asynchronous is not None and not function.decorators and names == ["self", "ctx"]
    if not plain or not body_of(function):
        raise NotUnderstoodError
    found = parsed_function(source, function)
    return list(found.body)


def parsed_function(source: Source, function: cst.FunctionDef) -> ast.AsyncFunctionDef | ast.FunctionDef:
    """A function as the standard library's tree."""
    start, _ = source.span(function)
    match ast.parse(f"if True:\n{source.indent(start)}{source.code(function)}\n").body:
        case [ast.If(body=[ast.AsyncFunctionDef() | ast.FunctionDef() as found])]:
            return found
        case _:
            raise NotUnderstoodError


def names_in(tree: ast.AST) -> Counter[str]:
    """How often each name is used; where it is defined does not count."""
    return Counter(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def tree_of(code: str) -> str:
    """What code says, whatever its layout."""
    return ast.dump(ast.parse(code))


def bound_by(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement gives to something."""
    for node in ast.walk(statement) if isinstance(statement, ast.If | ast.Try) else [statement]:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (item.id for target in targets for item in ast.walk(target) if isinstance(item, ast.Name))
