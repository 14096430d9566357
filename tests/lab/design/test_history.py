from __future__ import annotations

import pytest

from legend_lab import DesignError
from legend_lab.lab.design import edits, history
from legend_lab.lab.design.history import History
from legend_lab.lab.design.model import BlockDesign, Design, StepDesign
from legend_lab.lab.design.templates import TEMPLATES

TRAVEL = TEMPLATES["Travel booking"]


def test_every_edit_is_undone_and_done_again_with_its_words():
    seen = History(Design())
    designs = [seen.design]
    for name in ("a", "b", "c"):
        seen.keep(edits.add_step(seen.design, name=name))
        designs.append(seen.design)
    assert (seen.undo_words, seen.redo_words) == ("add step c", None)
    for design in reversed(designs[:-1]):
        seen.undo()
        assert seen.design == design
    assert (seen.undo_words, seen.redo_words) == (None, "add step a")
    for design in designs[1:]:
        seen.redo()
        assert seen.design == design


def test_a_new_edit_forgets_what_was_undone():
    seen = History(TRAVEL)
    seen.keep(edits.rename(seen.design, "charge", "pay"), "charge")
    seen.undo()
    seen.keep(edits.delete(seen.design, "charge"), "charge")
    assert seen.redo_words is None
    with pytest.raises(DesignError, match="nothing to do again"):
        seen.redo()


def test_an_edit_that_changes_nothing_is_not_kept_but_selects():
    seen = History(TRAVEL)
    seen.keep(edits.rename(seen.design, "charge", "charge"), "charge")
    assert seen.undo_words is None
    assert seen.path == "charge"
    with pytest.raises(DesignError, match="nothing to undo"):
        seen.undo()


def test_the_oldest_edits_are_let_go(monkeypatch):
    monkeypatch.setattr(history, "MOST_EDITS", 3)
    seen = History(Design())
    for number in range(5):
        seen.keep(edits.add_step(seen.design, name=f"s{number}"))
    for _ in range(3):
        seen.undo()
    assert list(seen.design.steps) == ["s0", "s1"]
    assert seen.undo_words is None


def test_the_selection_goes_with_the_edits_and_back():
    seen = History(TRAVEL)
    seen.keep(edits.rename(seen.design, "trip.hotel", "room"), "trip.hotel")
    assert seen.path == "trip.room"
    seen.undo()
    assert seen.path == "trip.hotel"
    seen.redo()
    assert seen.path == "trip.room"


def test_what_is_not_there_cannot_be_selected():
    seen = History(TRAVEL)
    with pytest.raises(DesignError, match="no step or block 'boat'"):
        seen.select("boat")
    seen.select("trip")
    seen.select("")
    assert seen.path == ""


@pytest.mark.parametrize(
    ("was", "edit", "path", "gone_to"),
    [
        ("trip", lambda d: edits.rename(d, "trip", "journey"), "trip.hotel", "journey.hotel"),
        ("charge", lambda d: edits.nest(d, "charge"), "charge", "trip.charge"),
        ("trip.hotel", lambda d: edits.unnest(d, "trip.hotel"), "trip.hotel", "hotel"),
        ("charge", lambda d: edits.place(d, "charge", "", 0), "charge", "charge"),
        ("charge", lambda d: edits.delete(d, "charge"), "charge", None),
        ("trip", lambda d: edits.delete(d, "trip"), "trip.flight", None),
        ("charge", lambda d: edits.rename(d, "charge", "pay"), "reserve_funds", "reserve_funds"),
    ],
)
def test_each_edit_says_where_a_path_has_gone_and_undoing_it_says_the_way_back(was, edit, path, gone_to):
    seen = History(TRAVEL)
    assert seen.keep(edit(seen.design), was)(path) == gone_to
    back = seen.undo()
    if gone_to is not None:
        assert back(gone_to) == path
        assert seen.redo()(path) == gone_to


def test_a_step_that_takes_the_place_of_its_block_is_followed_there_and_back():
    seen = History(Design(parts=(BlockDesign(name="b", parts=(StepDesign(name="b"),)),)))
    out = seen.keep(edits.unnest(seen.design, "b.b"), "b.b")
    assert (out("b.b"), seen.path) == ("b", "b")
    back = seen.undo()
    assert (back("b"), seen.path) == ("b.b", "b.b")
