"""The core is pure: nothing in it can tell the time, roll dice, wait, or reach outside itself."""

import ast
import sys
from pathlib import Path

import pytest

import legend_lab.core

CORE = sorted(Path(legend_lab.core.__file__).parent.glob("*.py"))
IMPURE = {
    "time",
    "random",
    "secrets",
    "uuid",
    "asyncio",
    "threading",
    "os",
    "io",
    "socket",
    "subprocess",
    "contextvars",
}
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "now", "utcnow", "today"}


def imports_of(path):
    """Modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield node.module


def test_there_is_a_core_to_look_at():
    assert {path.stem for path in CORE} >= {"errors", "instructions", "journal", "machine", "program", "state", "table"}


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_a_core_module_imports_only_the_standard_library_and_the_core(path):
    for name in imports_of(path):
        top = name.split(".")[0]
        assert top in sys.stdlib_module_names or name.startswith("legend_lab.core"), name
        assert top not in IMPURE, name


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_a_core_module_has_no_async_code_and_calls_nothing_impure(path):
    for node in ast.walk(ast.parse(path.read_text())):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith), node.lineno
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            assert name not in IMPURE_CALLS, (name, node.lineno)


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_a_core_module_keeps_no_state_of_its_own(path):
    for node in ast.walk(ast.parse(path.read_text())):
        assert not isinstance(node, ast.Global | ast.Nonlocal), node.lineno
