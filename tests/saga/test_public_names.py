"""What `import legend_lab` offers, and what it leaves unloaded."""

import ast
import importlib
import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import legend_lab
from legend_lab.core import errors

ROOT = Path(legend_lab.__file__).parent
HEAVY = ("pandas", "plotly", "ipywidgets", "anywidget", "sqlalchemy", "nest_asyncio2", "numpy", "IPython", "jupyterlab")
EXISTING = [
    name
    for name in legend_lab.__all__
    if name not in legend_lab._LAZY or (ROOT.parent / (legend_lab._LAZY[name].replace(".", "/") + ".py")).exists()
]


def test_importing_the_package_loads_nothing_heavy():
    script = f"import sys, legend_lab; print([name for name in {HEAVY!r} if name in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True, cwd=ROOT.parent
    )
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("name", EXISTING)
def test_every_public_name_resolves(name):
    assert getattr(legend_lab, name) is not None
    assert name in dir(legend_lab)


def test_public_names_are_sorted_and_unique_and_cover_the_lazy_ones():
    assert sorted(legend_lab.__all__) == legend_lab.__all__
    assert len(set(legend_lab.__all__)) == len(legend_lab.__all__)
    assert set(legend_lab._LAZY) <= set(legend_lab.__all__)


def test_every_name_imported_by_the_facade_is_public():
    tree = ast.parse(Path(legend_lab.__file__).read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("legend_lab.")
        for alias in node.names
    }
    assert imported <= set(legend_lab.__all__)


def test_every_error_is_public_and_has_one_root():
    defined = {
        name for name, item in vars(errors).items() if inspect.isclass(item) and item.__module__ == errors.__name__
    }
    assert defined <= set(legend_lab.__all__)
    roots = {name for name in defined if not issubclass(getattr(errors, name), errors.LegendError)}
    assert roots == {"SimulatedCrash"}


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'legend_lab' has no attribute 'Sage'"):
        _ = legend_lab.Sage


def test_every_module_of_the_core_imports_only_the_standard_library_and_itself():
    for path in sorted((ROOT / "core").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.startswith("legend_lab.core") or name.split(".")[0] in sys.stdlib_module_names, path


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "py.typed").exists()


@pytest.mark.parametrize("module", [f"saga.{path.stem}" for path in sorted((ROOT / "saga").glob("*.py"))])
def test_every_module_of_the_saga_layer_can_be_imported_first(module):
    name = f"legend_lab.{module.removesuffix('.__init__')}"
    assert importlib.import_module(name).__doc__
