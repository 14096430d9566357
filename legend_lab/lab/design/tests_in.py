"""Owns tests that were written for a design's code and exist: what they expect is renewed, all else in them stays."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.model import Design
from legend_lab.lab.design.parsing import BYTE_ORDER_MARK
from legend_lab.lab.design.tests_out import to_test_code

OWNED = ("drawn", "Context", "UNDISTURBED", "WHEN_A_STEP_FAILS")
"""The names whose statements say what is tested, and what is expected of it."""


def renewed_tests(text: str, design: Design, module: str) -> str:
    """Tests that `to_test_code` wrote, perhaps edited since: they import `module` and expect what the design does now.

    Of the statements that say so those are replaced that say something else; `from package import module as drawn`
    stays, since a person wrote it. Nothing of it runs.

    Raises:
        DesignError: it is no Python, or one of these statements is not in it, or is to change and has a comment in it;
            or the design has no step yet.
    """
    fresh = to_test_code(design, module)
    new, wanted = _lines(fresh), _statements(fresh)
    mark = BYTE_ORDER_MARK if text.startswith(BYTE_ORDER_MARK) else ""
    text = text.removeprefix(mark)
    lines = _lines(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    found = _statements(text)
    for name, node in sorted(found.items(), key=lambda item: -item[1].lineno):
        want = wanted[name]
        if not isinstance(node, ast.ImportFrom) and ast.dump(node) != ast.dump(want):
            said = _comment_in("".join(lines[node.lineno - 1 : node.end_lineno]))
            if said is not None:
                line = node.lineno + said
                raise DesignError(f"line {line}: {name} is to be written anew; put the comment in it above {name}")
            put = [line.replace("\n", newline) for line in new[want.lineno - 1 : want.end_lineno]]
            lines[node.lineno - 1 : node.end_lineno] = put
    return mark + "".join(lines)


def _comment_in(statement: str) -> int | None:
    """How many lines down the first comment in a statement is; None when there is none."""
    found = tokenize.generate_tokens(io.StringIO(statement).readline)
    return next((token.start[0] - 1 for token in found if token.type == tokenize.COMMENT), None)


def _lines(text: str) -> list[str]:
    return io.StringIO(text, newline="").readlines()


def _statements(text: str) -> dict[str, ast.stmt]:
    """The statement of each name that is owned; each has its lines for itself."""
    try:
        body = ast.parse(text).body
    except RecursionError:
        raise DesignError("this is nested too deeply to be read; split its longest expressions") from None
    except (SyntaxError, ValueError) as error:
        raise DesignError(f"this is no Python: {error}"[:300]) from None
    found = [(name, node) for node in body if (name := _name_of(node)) in OWNED]
    times = Counter(name for name, _ in found)
    wrong = next((name for name in OWNED if times[name] != 1), None)
    if wrong is not None:
        raise DesignError(
            f"these are no tests of a design, in which {wrong} is said once; it says it {times[wrong]} times. "
            "Save the code alone, or choose another file"
        )
    crowd = Counter(line for node in body for line in range(node.lineno, (node.end_lineno or node.lineno) + 1))
    for name, node in found:
        if max(crowd[node.lineno], crowd[node.end_lineno or node.lineno]) > 1:
            raise DesignError(f"line {node.lineno}: {name} shares its line with something else; give it its own")
    return dict(found)


def _name_of(node: ast.stmt) -> str:
    """The one name that a statement gives a value; empty where it is none of those that are looked for."""
    match node:
        case ast.Import(names=[ast.alias(asname=str(name))]) | ast.ImportFrom(names=[ast.alias(asname=str(name))]):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return ""
