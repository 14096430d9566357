"""Owns what a module imports of legend_lab: what it uses, and no longer what it has ceased to use."""

from __future__ import annotations

import ast
import re

import libcst as cst

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.code import IMPORTABLE, import_lines
from legend_lab.lab.design.parsing import bound_by, has_comments, names_in


def with_imports(before: str, text: str) -> str:
    """A module that imports of legend_lab what it uses, and no longer what only went just now.

    Raises:
        DesignError: the module has something of its own of a name that is needed.
    """
    was, tree = ast.parse(before), ast.parse(text)
    uses, used_to = names_in(tree), names_in(was)
    bound = {name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.Import) for name in _bound(node)}
    own = {name for statement in tree.body for name in bound_by(statement)} - bound
    clash = [name for name in IMPORTABLE if name in own and uses[name] > used_to[name]]
    if clash:
        raise DesignError(f"the module has its own {clash[0]}, and what was drawn needs legend_lab's; rename yours")
    missing = {name for name in IMPORTABLE if uses[name] and name not in bound | own}
    idle = {name for name in IMPORTABLE if name in bound and used_to[name] and not uses[name]}
    return text if not missing and not idle else _imported(text, tree, missing, idle)


def _imported(text: str, tree: ast.Module, missing: set[str], idle: set[str]) -> str:
    """The text with more and fewer names in its import; with another import where that one is a person's."""
    lines, newline = _lines(text), "\r\n" if "\r\n" in text else "\n"
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "legend_lab" and node.level == 0:
            first, last = node.lineno - 1, node.end_lineno or node.lineno
            if _is_ours("".join(lines[first:last])):
                names = sorted(({alias.name for alias in node.names} | missing) - idle)
                lines[first:last] = [newline.join([*import_lines(names), ""])]
                return "".join(lines)
    if missing:
        at = _last_import(tree)
        lines[at:at] = [newline.join([*import_lines(sorted(missing)), ""])]
    return "".join(lines)


def after_imports(text: str) -> int:
    """The byte at which the line after the module's docstring and imports begins."""
    return len("".join(_lines(text)[: _last_import(ast.parse(text))]).encode())


def _last_import(tree: ast.Module) -> int:
    """How many lines there are down to the end of the module's docstring and imports."""
    at = 0
    for statement in tree.body:
        match statement:
            case ast.Import() | ast.ImportFrom():
                at = statement.end_lineno or at
            case ast.Expr(value=ast.Constant(value=str())) if not at:
                at = statement.end_lineno or at
    return at


def _is_ours(lines: str) -> bool:
    """Say whether lines are one import of plain names without a comment, as it was generated."""
    match cst.parse_module(lines):
        case cst.Module(body=[cst.SimpleStatementLine(body=[cst.ImportFrom(names=[*names])])]) as found:
            return not has_comments(found, frozenset()) and all(name.asname is None for name in names)
    return False


def _lines(text: str) -> list[str]:
    """The lines of a text, as Python counts them."""
    return re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)


def _bound(node: ast.ImportFrom | ast.Import) -> list[str]:
    return [alias.asname or alias.name for alias in node.names]
