"""A design is saved in one way: what would change is told first, and what a person wrote stays."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from legend_lab import Draft, draft
from legend_lab.core.errors import DesignError
from legend_lab.lab.design.code import to_code
from legend_lab.lab.design.drafts import draft_tests, file_of_tests, open_design
from legend_lab.lab.design.edits import change, delete, rename
from legend_lab.lab.design.files import to_json
from legend_lab.lab.design.model import Design
from legend_lab.lab.design.templates import TEMPLATES
from legend_lab.lab.design.tests_out import to_test_code

TRAVEL = TEMPLATES["Travel booking"]
PAID = rename(TRAVEL, "charge", "pay").design
ROOT = Path(__file__).parents[3]


@pytest.fixture
def somewhere(tmp_path, monkeypatch):
    """Paths count from an empty folder."""
    monkeypatch.chdir(tmp_path)


def changed_lines(made: Draft) -> list[str]:
    return [line for line in made.diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]


@pytest.mark.parametrize(("name", "text"), [("trip.py", to_code(TRAVEL)), ("trip.json", to_json(TRAVEL))])
def test_a_new_file_is_written_and_opens_as_the_design(tmp_path, name, text):
    made = draft(TRAVEL, tmp_path / name)
    assert (made.diff, list(tmp_path.iterdir())) == ("", [])
    made.save()
    assert (tmp_path / name).read_text(encoding="utf-8") == text
    assert open_design(tmp_path / name).design == TRAVEL
    assert [item.name for item in tmp_path.iterdir()] == [name]


def test_what_would_change_is_told_before_it_changes_and_what_a_person_wrote_stays(tmp_path):
    path = tmp_path / "trip.py"
    by_hand = to_code(TRAVEL).replace('    """Book the room"""', '    # mine\n    """Book the room"""')
    path.write_text(by_hand, encoding="utf-8")
    made = draft(change(TRAVEL, "charge", {"timeout_s": 7.5}).design, path)
    assert [line.strip("+- ") for line in changed_lines(made)] == ["timeout_s = 5", "timeout_s = 7.5"]
    assert path.read_text(encoding="utf-8") == by_hand
    made.save()
    assert path.read_text(encoding="utf-8").replace("timeout_s = 7.5\n", "timeout_s = 5\n") == by_hand
    assert "    # mine\n" in path.read_text(encoding="utf-8")
    assert draft(open_design(path).design, path).diff == ""


def test_what_stays_although_the_design_says_otherwise_is_a_note(tmp_path):
    path = tmp_path / "trip.py"
    path.write_text(to_code(TRAVEL).replace("await simulate(", "await self.really(", 1), encoding="utf-8")
    there = open_design(path).design
    made = draft(delete(there, "reserve_funds").design, path)
    assert made.notes == ("ReserveFunds is not used any more; it stays, since a person worked on it",)
    assert draft(there, path).notes == ()


def test_permissions_and_line_ends_of_a_file_stay(tmp_path):
    path = tmp_path / "trip.py"
    path.write_bytes(to_code(TRAVEL).replace("\n", "\r\n").encode())
    path.chmod(0o640)
    draft(PAID, path).save()
    assert b"\n" not in path.read_bytes().replace(b"\r\n", b"")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert b"pay: ChargePayment" in path.read_bytes()


@pytest.mark.parametrize("content", [b"", b"x = 1\n", b"def broken(:\n", b"\xff\xfe", b"# notes\n"])
@pytest.mark.parametrize("tests", [False, True])
def test_a_file_that_is_no_saga_of_ours_is_never_overwritten(tmp_path, content, tests):
    path = tmp_path / ("test_other.py" if tests else "other.py")
    path.write_bytes(content)
    with pytest.raises(DesignError):
        draft(TRAVEL, tmp_path / "other.py", tests=tests)
    assert path.read_bytes() == content


def test_a_file_that_changes_after_the_draft_is_left_alone_and_so_are_those_beside_it(tmp_path):
    draft(TRAVEL, tmp_path / "trip.py", tests=True).save()
    made = draft(PAID, tmp_path / "trip.py", tests=True)
    beside = tmp_path / "test_trip.py"
    beside.write_text(beside.read_text(encoding="utf-8") + "# meanwhile\n", encoding="utf-8")
    with pytest.raises(DesignError, match=r"test_trip\.py has changed meanwhile"):
        made.save()
    assert (tmp_path / "trip.py").read_text(encoding="utf-8") == to_code(TRAVEL)


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(DesignError, match=r"trip\.py cannot be written: No such file"):
        draft(TRAVEL, tmp_path / "missing" / "trip.py").save()


@pytest.mark.parametrize(
    ("design", "path", "tests", "words"),
    [
        (TRAVEL, "trip.txt", False, r"ends in \.py or \.json"),
        (TRAVEL, "trip\n.py", False, r"ends in \.py or \.json"),
        (TRAVEL, 3, False, "a path is a text"),
        (TRAVEL, "trip.json", True, "tests are those of code"),
        (TRAVEL, "my-trip.py", True, "no name of a module"),
        (Design(), "trip.py", False, "needs a step"),
        ("TRAVEL", "trip.py", False, r"is its \.design"),
    ],
)
@pytest.mark.usefixtures("somewhere")
def test_what_cannot_be_saved_is_refused_in_words(design, path, tests, words):
    with pytest.raises(DesignError, match=words):
        draft(design, path, tests=tests)
    assert list(Path().iterdir()) == []


# -- tests of the code ---------------------------------------------------------------------------


def test_code_and_tests_are_saved_side_by_side_and_the_tests_pass(tmp_path):
    draft(TRAVEL, tmp_path / "trip.py", tests=True).save()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["test_trip.py", "trip.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout


def test_tests_that_exist_expect_what_the_design_does_now_and_keep_the_rest(tmp_path):
    path = file_of_tests(tmp_path / "trip.py")
    own = "\n\ndef test_of_my_own() -> None:\n    assert drawn.saga\n"
    old = to_test_code(TRAVEL, "trip").replace("import pytest", "import pytest  # mine", 1) + own
    path.write_bytes(old.replace("\n", "\r\n").encode())
    wanted = delete(TRAVEL, "charge").design
    made = draft_tests(wanted, path, "journey")
    assert "-import trip as drawn" in changed_lines(made)
    made.save()
    assert path.read_bytes().decode().replace("\r\n", "\n") == (
        to_test_code(wanted, "journey").replace("import pytest", "import pytest  # mine", 1) + own
    )
    assert b"\n" not in path.read_bytes().replace(b"\r\n", b"")
    assert draft_tests(wanted, path, "journey").diff == ""


def test_tests_that_were_moved_into_a_package_keep_how_they_import(tmp_path):
    path, said = tmp_path / "test_trip.py", "from journeys import trip as drawn"
    path.write_text(to_test_code(TRAVEL, "trip").replace("import trip as drawn", said), encoding="utf-8")
    draft_tests(PAID, path, "trip").save()
    assert path.read_text(encoding="utf-8") == to_test_code(PAID, "trip").replace("import trip as drawn", said)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("UNDISTURBED: ", "RENAMED: ", r"test_trip\.py: these are no tests of a design"),
        ("import trip as drawn", "import trip as drawn; x = 1", "shares its line"),
        ("import trip as drawn", "import trip as drawn\nimport trip as drawn", "it says it 2 times"),
        ("import trip as drawn", "import trip as (", "no Python"),
    ],
)
def test_tests_that_are_not_as_they_were_written_are_refused_in_words(tmp_path, old, new, words):
    path = tmp_path / "test_trip.py"
    path.write_text(to_test_code(TRAVEL, "trip").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DesignError, match=words):
        draft_tests(PAID, path, "trip")


def test_tests_are_no_json(tmp_path):
    with pytest.raises(DesignError, match=r"ends in \.py"):
        draft_tests(TRAVEL, tmp_path / "test_trip.json", "trip")


@pytest.mark.parametrize("name", ["queue", "legend_lab", "pytest"])
@pytest.mark.parametrize("tests", [False, True])
def test_no_new_file_hides_a_module_that_is_imported(tmp_path, name, tests):
    words = f"^{name} is a module that Python, the code or its tests import already; choose another name$"
    with pytest.raises(DesignError, match=words):
        draft(TRAVEL, tmp_path / f"{name}.py", tests=tests)


def test_code_that_has_such_a_name_already_is_saved_where_it_is(tmp_path):
    path = tmp_path / "queue.py"
    path.write_text(to_code(TRAVEL), encoding="utf-8")
    draft(PAID, path).save()
    assert open_design(path).design == PAID


def test_a_file_in_another_encoding_is_refused_in_words(tmp_path):
    path = tmp_path / "trip.py"
    path.write_bytes(to_code(TRAVEL).replace("Book the room", "Zimmer für zwei").encode("latin-1"))
    with pytest.raises(DesignError, match="holds no text in UTF-8; save it in that encoding"):
        open_design(path)


def test_a_comment_in_what_tests_expect_is_not_lost(tmp_path):
    path, rows = tmp_path / "test_trip.py", '    ("charge", "Failed"'
    path.write_text(to_test_code(TRAVEL, "trip").replace(rows, f"    # mine\n{rows}"), encoding="utf-8")
    assert draft_tests(TRAVEL, path, "trip").diff == ""
    with pytest.raises(DesignError, match=r"line \d+: WHEN_A_STEP_FAILS is to be written anew; put the comment in it"):
        draft_tests(PAID, path, "trip")


def test_tests_keep_their_byte_order_mark(tmp_path):
    path = tmp_path / "test_trip.py"
    path.write_text("\ufeff" + to_test_code(TRAVEL, "trip"), encoding="utf-8")
    draft_tests(PAID, path, "trip").save()
    assert path.read_text(encoding="utf-8") == "\ufeff" + to_test_code(PAID, "trip")
