"""Owns the facts about what the code that was opened has against an edit, and when it is said, without a browser."""

from __future__ import annotations

import pytest
from designer_samples import TRAVEL, tell

from legend_lab import Designer, DesignError
from legend_lab.lab.design import edits

HELPER = "def label(ctx):\n    return ctx.room\n\n\nclass BookHotel"
LOOSE = "LABELS = {'room': 'Room'}\n\n\nclass BookHotel"


def test_what_is_no_edit_is_refused_in_words():
    designer = Designer(TRAVEL)
    with pytest.raises(DesignError, match=r"an edit is a function and what it takes.*, not a str$"):
        designer.edit("rename", "charge", "pay")  # type: ignore[arg-type]
    assert designer.design == TRAVEL


def by_hand(folder, code):
    """A file of the travel saga with a person's code in it."""
    file = folder / "travel.py"
    file.write_text(Designer(TRAVEL).to_code().replace("class BookHotel", code, 1))
    return file


def test_an_edit_that_the_opened_code_cannot_follow_is_said_at_once_and_undo_brings_it_back(tmp_path):
    file = by_hand(tmp_path, HELPER)
    designer = Designer(file)
    tell(designer, "field", name="room", place="name", text="suite")
    (said,) = designer.bar.objections
    assert said.startswith("The code that was opened cannot follow: the field room cannot become suite: ")
    assert f"line {file.read_text()[: file.read_text().index('ctx.room')].count(chr(10)) + 1}, in label, says" in said
    assert designer.objections == (said,)
    tell(designer, "panel", kind="py")
    tell(designer, "save", file=str(file))
    assert "cannot become suite" in designer.bar.panel["why"]
    tell(designer, "undo")
    assert (designer.bar.objections, designer.objections) == ([], ())
    tell(designer, "redo")
    assert designer.bar.objections == [said]


def test_a_line_that_may_need_a_look_is_said_at_once(tmp_path):
    designer = Designer(by_hand(tmp_path, LOOSE))
    tell(designer, "field", name="room", place="name", text="suite")
    (said,) = designer.bar.objections
    assert "'room' stands; see whether it means the field room, which is suite now" in said
    tell(designer, "undo")
    assert designer.bar.objections == []


def test_a_script_is_warned_at_once_of_what_the_code_cannot_follow(tmp_path):
    designer = Designer(by_hand(tmp_path, HELPER))
    with pytest.warns(UserWarning, match="cannot be removed") as told:
        designer.edit(edits.remove_field, "room")
    assert told[0].filename == __file__
    designer.edit(edits.change, "charge", {"timeout_s": 3})  # said once; it still stands there
    assert len(designer.objections) == 1
    designer.undo()
    designer.undo()
    assert designer.objections == ()


def test_what_was_opened_last_is_what_has_to_follow(tmp_path):
    file = by_hand(tmp_path, HELPER)
    designer = Designer(TRAVEL)
    designer.edit(edits.set_field, "room", {"name": "suite"})
    assert designer.objections == ()
    designer.start_from(file)
    with pytest.warns(UserWarning, match="cannot become"):
        designer.edit(edits.set_field, "room", {"name": "suite"})
    designer.undo()
    designer.undo()
    assert designer.objections == ()
    designer.redo()
    designer.redo()
    assert len(designer.objections) == 1
    tell(designer, "undo")
    tell(designer, "save", file=str(tmp_path / "new.py"))
    tell(designer, "redo")
    assert len(designer.objections) == 1, "the new file has the person's lines, too"


def test_a_file_that_was_saved_is_what_has_to_follow_from_then_on(tmp_path):
    file = tmp_path / "travel.py"
    designer = Designer(TRAVEL)
    tell(designer, "save", file=str(file))
    file.write_text(file.read_text().replace("class BookHotel", HELPER, 1))
    tell(designer, "set", path="charge", place="timeout_s", text="7.5")
    tell(designer, "save", file=str(file))
    assert designer.objections == ()
    tell(designer, "write", file=str(file))
    tell(designer, "field", name="room", place="remove", text="")
    assert len(designer.objections) == 1
