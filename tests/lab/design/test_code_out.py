"""A design becomes ordinary code that every checker passes, and that runs as the design does."""

import json
import subprocess
import sys

import pytest
from designs import designs, drawn_story, examples, fault_plans, opened, story
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.code import to_code
from legend_lab.lab.design.model import ContextField, Design, StepDesign
from legend_lab.lab.design.naming import CONTEXT
from legend_lab.lab.design.templates import TEMPLATES
from legend_lab.lab.design.tests_out import to_test_code

MANY = 200
"""Random designs that the checkers see."""
TESTED = 20
"""Of these, designs whose tests they see too."""


@settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
@given(designs, st.data())
def test_code_runs_as_the_design_does_whatever_goes_wrong(design, data):
    faults = data.draw(fault_plans(design))
    with opened(to_code(design)) as module:
        context = getattr(module, design.name + CONTEXT)
        assert story(module.saga, context(), faults) == drawn_story(design, faults)


def test_code_takes_as_long_as_the_design_even_for_days():
    long = StepDesign(name="ship", duration_ms=1e9, undo_duration_ms=1e9)
    design = Design(name="Trip", parts=(long, StepDesign(name="pay", fails=1)))
    with opened(to_code(design)) as module:
        assert story(module.saga, module.TripContext(), ()) == drawn_story(design, ())


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """A package with the code and the tests of every template and of many random designs."""
    root = tmp_path_factory.mktemp("checked")
    package = root / "generated"
    package.mkdir()
    (package / "__init__.py").touch()
    for number, design in enumerate([*TEMPLATES.values(), *examples(designs, MANY)]):
        (package / f"m{number}.py").write_text(to_code(design), encoding="utf-8")
        if number < len(TEMPLATES) + TESTED:
            (package / f"test_m{number}.py").write_text(to_test_code(design, f"generated.m{number}"), encoding="utf-8")
    settings = {"include": ["generated"], "typeCheckingMode": "strict", "pythonVersion": "3.11", "extraPaths": sys.path}
    (root / "pyrightconfig.json").write_text(json.dumps(settings))
    (root / "mypy.ini").write_text(
        "[mypy]\nstrict = true\n[mypy-plotly.*,nest_asyncio2.*,ipywidgets.*,traitlets.*,anywidget.*]\n"
        "ignore_missing_imports = true\n"
    )
    return root


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "format", "--isolated", "--check", "generated"),
        ("ruff", "check", "--isolated", "--no-cache", "generated"),
        ("mypy", "--config-file", "mypy.ini", "--cache-dir", "cache", "generated"),
    ],
    ids=["ruff format", "ruff check", "mypy"],
)
def test_generated_code_passes(generated, command):
    ran = subprocess.run([sys.executable, "-m", *command], cwd=generated, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-3_000:]
    assert str(MANY + TESTED + 2 * len(TEMPLATES) + 1) in ran.stdout or "All checks passed" in ran.stdout


def test_generated_code_passes_pyright(generated):
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", "."]
    ran = subprocess.run(command, cwd=generated, capture_output=True, text=True, check=False)
    report = json.loads(ran.stdout)
    assert report["generalDiagnostics"] == []
    assert report["summary"]["filesAnalyzed"] > MANY + TESTED


@pytest.mark.parametrize("title", TEMPLATES)
def test_generated_tests_pass_with_the_generated_code(title, tmp_path):
    (tmp_path / "drawn.py").write_text(to_code(TEMPLATES[title]), encoding="utf-8")
    (tmp_path / "test_drawn.py").write_text(to_test_code(TEMPLATES[title], "drawn"), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "."]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    assert f"{len(TEMPLATES[title].steps) + 1} passed" in ran.stdout


def test_a_generated_test_fails_when_an_undo_is_forgotten():
    design = TEMPLATES["Travel booking"]
    broken = to_code(design).replace("return CompensationOutcome.COMPLETED", "raise ValueError")
    tested = opened(to_test_code(design, "broken"), "test_broken")
    with opened(broken, "broken"), tested as tests, pytest.raises(AssertionError):
        tests.test_when_a_step_fails_what_was_done_is_undone(*tests.WHEN_A_STEP_FAILS[1])


def test_a_design_without_steps_says_what_it_needs():
    with pytest.raises(DesignError, match="needs a step"):
        to_code(Design())


@pytest.mark.parametrize("name", ["", "a b", "os; import evil", "class", "a..b", 3, "x" * 300, "travel.py"])
def test_what_is_no_module_is_refused(name):
    with pytest.raises(DesignError, match="no name of a module"):
        to_test_code(TEMPLATES["Travel booking"], name)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, "\ud800", [[float("inf")]], {"\ud800": 1}])
def test_a_value_that_no_file_keeps_is_refused(value):
    with pytest.raises(ValueError, match=r"number|surrogate"):
        Design(context=(ContextField(name="a", type="object"),), parts=(StepDesign(name="s", writes={"a": value}),))
