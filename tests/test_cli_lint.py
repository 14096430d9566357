from __future__ import annotations

import json
import subprocess
import sys

import pytest

from legend_lab import cli

MODULE = """
from legend_lab import Saga, SimulatedStep
from legend_lab.lab.design.templates import TEMPLATES

class Sloppy(Saga[dict, Exception]):
    one: SimulatedStep

sloppy = Sloppy(one=SimulatedStep(effect="x"))
fine = TEMPLATES["Money transfer"]

class shop:
    saga = fine
"""


@pytest.fixture(autouse=True)
def module(tmp_path, monkeypatch):
    (tmp_path / "linted_shop.py").write_text(MODULE)
    (tmp_path / "linted_broken.py").write_text("1 / 0")
    (tmp_path / "linted_exits.py").write_text("import sys; sys.exit(3)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in ("linted_shop", "linted_broken", "linted_exits"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["linted_shop:fine"], 0),
        (["linted_shop:shop.saga", "--fail-on", "note"], 0),
        (["linted_shop:Sloppy"], 0),
        (["linted_shop:sloppy"], 1),
        (["linted_shop.py:sloppy"], 1),
        (["linted_shop:sloppy", "--fail-on", "error"], 0),
        (["linted_shop:sloppy", "--ignore", "no-timeout"], 1),
        (
            ["linted_shop:sloppy", "--ignore=no-timeout", "--ignore=undo-not-retried:one", "--ignore=undo-of-nothing"],
            0,
        ),
        (["linted_shop:fine", "--longest", "60"], 1),
        (["linted_shop:fine", "--beside", "linted_shop:sloppy"], 0),
    ],
)
def test_the_exit_code_says_whether_anything_counts(arguments, code, capsys):
    assert cli.main(["lint", *arguments]) == code
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["linted_shop"], "name a saga as MODULE:SAGA"),
        (["linted_nothing:x"], "cannot import linted_nothing: ModuleNotFoundError"),
        (["linted_nothing.py:x"], "cannot import linted_nothing.py: ImportError: there is no such file"),
        (["linted_broken:x"], "cannot import linted_broken: ZeroDivisionError"),
        (["linted_exits:x"], "cannot import linted_exits: SystemExit: 3"),
        (["linted_shop:gone"], "linted_shop has no gone"),
        (["linted_shop:shop"], "which shop is not"),
        (["linted_shop:MODULE"], "linted_shop has no MODULE"),
        (["linted_shop:fine", "--ignore", "nonsense"], "there is no rule 'nonsense'"),
        (["linted_shop:fine", "--canvas", "page.pdf"], "saved as .html or .txt"),
        (["linted_shop:fine", "--beside", "linted_shop:gone"], "has no gone"),
    ],
)
def test_what_cannot_be_looked_at_is_said_in_words_with_code_2(arguments, says, capsys):
    assert cli.main(["lint", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("legend-lab: ")
    assert says in err


def test_json_is_the_findings_as_data(capsys):
    assert cli.main(["lint", "linted_shop:sloppy", "--json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["saga"] == "Sloppy"
    assert {item["rule"] for item in data["findings"]} == {"undo-of-nothing", "undo-not-retried", "no-timeout"}


def test_the_canvas_is_written_on_the_way(tmp_path, capsys):
    assert cli.main(["lint", "linted_shop:fine", "--canvas", "page.html"]) == 0
    assert "MoneyTransfer" in (tmp_path / "page.html").read_text()


def test_the_command_works_from_outside(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "legend_lab.cli", "lint", "linted_shop:sloppy"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "warning: one: waits for others without a limit [no-timeout]" in done.stdout
    assert done.stderr == ""
