"""What a person wrote is never changed: a module that cannot take a change says why, and nothing is lost."""

import pytest
from test_code_in import ALL, EDITED

from legend_lab.core.errors import DesignError
from legend_lab.lab.design import parsing
from legend_lab.lab.design.code import to_code
from legend_lab.lab.design.code_in import from_code
from legend_lab.lab.design.drafts import draft, open_design
from legend_lab.lab.design.edits import (
    add_step,
    change,
    delete,
    duplicate,
    remove_effect,
    remove_field,
    rename,
    set_field,
)
from legend_lab.lab.design.model import ContextField, Design, EffectDesign, StepDesign
from legend_lab.lab.design.templates import TEMPLATES

TRAVEL = TEMPLATES["Travel booking"]


def test_a_syntax_error_is_said_with_line_and_column():
    with pytest.raises(DesignError, match=r"line \d+, column \d+"):
        from_code(ALL["syntax_error"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ALL["no_saga"], "no saga"),
        ("", "no saga"),
        ("x = 1\n\x00", "^line 2: a null byte stands in it"),
        ("(" * 5_000, "^line 1, column 201: too many nested parentheses"),
        ("x = " + "-" * 5_000 + "1", "^this is nested too deeply to be read; split its longest expressions$"),
        ("x = " + "1 + " * 5_000 + "1", "^this is nested too deeply to be read; split its longest expressions$"),
        ("x = " + "a." * 5_000 + "b", "^this is nested too deeply to be read; split its longest expressions$"),
        ("\n".join(" " * at + "if x:" for at in range(150)), "^line 10., column"),
        (ALL["untouched"].replace("\n", "\r"), "^line 1: a carriage return stands alone"),
        ("x = 1\n\fclass A:\n    pass\n", r"^line 2: the character '\\x0c' cannot be kept here; take it out$"),
        ("x = 1\r\n# a\rb = 2\n", "^line 2: a carriage return stands alone"),
        ("x = '\ud800'", "half a character stands in it, at 5"),
        ("x = 1 1", "^line 1, column 7: invalid syntax"),
        (3, "from text"),
        (
            ALL["untouched"].replace("saga = Trip(", "other = Trip(")
            + "\n\nclass Second(Saga[TripContext, Exception]):\n    x: Mail\n",
            "several",
        ),
    ],
)
def test_what_is_no_module_of_a_saga_is_refused_in_words(text, words):
    with pytest.raises(DesignError, match=words) as refused:
        from_code(text)
    said = str(refused.value)
    assert "None" not in said
    assert "nothing was changed" not in said
    assert said.rpartition(": ")[2]


def test_a_byte_order_mark_is_read_over_and_stays(tmp_path):
    path = tmp_path / "trip.py"
    path.write_bytes(b"\xef\xbb\xbf" + ALL["human_body"].encode())
    opened = open_design(path)
    plain = from_code(ALL["human_body"])
    assert (opened.design, opened.notes) == (plain.design, tuple(map(str, plain.notes)))
    assert not draft(opened.design, path).diff
    design = change(opened.design, "mail", {"timeout_s": 7.0}).design
    draft(design, path).save()
    assert path.read_bytes() == b"\xef\xbb\xbf" + plain.with_design(design).text.encode()
    assert open_design(path).design == design


def test_nothing_of_a_module_runs_when_it_is_opened(tmp_path):
    mark = tmp_path / "ran"
    evil = f"open({str(mark)!r}, 'w').close()\n"
    module = from_code(ALL["untouched"] + evil + "raise SystemExit\n")
    assert module.with_design(rename(module.design, "mail", "letter").design).text.endswith(evil + "raise SystemExit\n")
    assert not mark.exists()


def test_an_undo_that_nobody_touched_is_not_said_to_be_written_by_hand():
    step = StepDesign(name="hold", effect="bank.hold", writes={"hold": "h1"})
    design = Design(context=(ContextField(name="hold"),), effects=(EffectDesign(name="bank.hold"),), parts=(step,))
    words = [note.words for note in from_code(to_code(design).replace("await simulate(", "await real(", 1)).notes]
    assert "hold: execute is written by hand" in words
    assert "hold: compensate stays as it is, since execute is written by hand" in words
    assert "hold: compensate is written by hand" not in words


@pytest.mark.parametrize("name", ["human_body", "helper_function", "comment_in_a_body"])
def test_a_body_written_by_hand_is_said_and_its_simulation_cannot_be_changed(name):
    module = from_code(EDITED[name])
    assert ("stay.hotel", "execute") in module.written
    assert any("written by hand" in note.words for note in module.notes)
    line = EDITED[name][: EDITED[name].index("async def execute", EDITED[name].index("class Hotel"))].count("\n") + 1
    with pytest.raises(
        DesignError, match=rf"duration_ms cannot be changed, since execute \(line {line}\) stays as it is"
    ):
        module.with_design(change(module.design, "stay.hotel", {"duration_ms": 99.0}).design)


@pytest.mark.parametrize(
    ("name", "path", "settings"),
    [
        ("settings_with_expressions", "reserve", {"timeout_s": 9.0}),
        ("docstring_changed", "reserve", {"description": "Other"}),
    ],
)
def test_what_a_design_does_not_hold_is_said_with_its_line_and_cannot_be_changed(name, path, settings):
    module = from_code(EDITED[name])
    assert module.notes
    with pytest.raises(DesignError, match=r"line \d+.*in the code"):
        module.with_design(change(module.design, path, settings).design)


def test_a_class_that_a_person_worked_on_stays_when_its_step_is_deleted():
    module = from_code(EDITED["human_body"])
    changed = module.with_design(delete(module.design, "stay.hotel").design)
    assert "class Hotel(" in changed.text
    assert "hotel: Hotel" not in changed.text
    assert any("stays" in note.words for note in changed.notes)
    with pytest.raises(DesignError, match="has a Hotel already"):
        changed.with_design(add_step(changed.design, name="hotel").design)


def test_a_generated_class_goes_with_its_step_and_so_does_an_import_that_only_it_used():
    module = from_code(EDITED["untouched"])
    changed = module.with_design(delete(module.design, "mail").design)
    assert "Mail" not in changed.text
    assert "attempt" not in changed.text


def test_a_class_of_two_steps_is_left_alone():
    text = EDITED["untouched"].replace(
        "    breakfast: Breakfast\n", "    breakfast: Breakfast\n    dinner: Breakfast\n"
    )
    module = from_code(text.replace("breakfast=Breakfast()", "breakfast=Breakfast(), dinner=Breakfast()"))
    assert any("also that of" in note.words for note in module.notes)
    with pytest.raises(DesignError, match="not its own"):
        module.with_design(change(module.design, "stay.dinner", {"duration_ms": 4.0}).design)


def test_an_empty_design_is_refused():
    with pytest.raises(DesignError, match="needs a step"):
        from_code(EDITED["untouched"]).with_design(Design())


def test_the_diff_shows_only_what_changes():
    module = from_code(EDITED["trailing_comments"])
    diff = module.with_design(change(module.design, "reserve", {"timeout_s": 7.5}).design).diff()
    changed = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert changed == ["-    timeout_s = 5  # the bank says so", "+    timeout_s = 7.5  # the bank says so"]


def test_a_setting_beside_another_statement_is_said_and_left_to_the_code():
    code = to_code(TEMPLATES["Travel booking"]).replace("timeout_s = 10\n", "timeout_s = 10; note: str = 'a'\n", 1)
    module = from_code(code)
    assert any("timeout_s is set in a way that a design does not hold" in str(note) for note in module.notes)
    with pytest.raises(DesignError, match="timeout_s"):
        module.with_design(change(module.design, "trip.hotel", {"timeout_s": 3}).design)
    assert module.with_design(module.design).text == code


@pytest.mark.parametrize("own", ["def attempt(n): return n\n", "attempt = 3\n", "class attempt: ...\n"])
def test_a_name_of_the_module_that_the_drawing_needs_is_refused_and_not_shadowed(own):
    code = to_code(TEMPLATES["Travel booking"]).replace("class BookHotel", f"{own}\n\nclass BookHotel", 1)
    module = from_code(code)
    with pytest.raises(DesignError, match="the module has its own attempt"):
        module.with_design(change(module.design, "reserve_funds", {"pauses": True}).design)
    changed = module.with_design(change(module.design, "reserve_funds", {"timeout_s": 3}).design)
    assert own in changed.text


@pytest.mark.parametrize(
    ("name", "edit", "words"),
    [
        ("human_body", lambda design: change(design, "stay.hotel", {"fails": 2}), "fails cannot be changed"),
        ("human_body", lambda design: remove_field(design, "amount"), "the field amount cannot be removed"),
        ("human_body", lambda design: remove_effect(design, "hotel.booking"), "hotel.booking cannot be removed"),
        ("settings_with_expressions", lambda design: change(design, "reserve", {"timeout_s": 9.0}), "timeout_s is set"),
        ("saga_in_a_function", lambda design: rename(design, "", "Journey"), "Trip cannot become Journey"),
        ("construction_in_pieces", lambda design: delete(design, "stay.hotel"), "line 102: stay is made elsewhere"),
        ("docstring_changed", lambda design: change(design, "reserve", {"description": "x"}), "docstring of several"),
    ],
)
def test_what_stands_against_an_edit_is_known_before_saving_and_without_parsing_anew(monkeypatch, name, edit, words):
    module = from_code(EDITED[name])
    design = edit(module.design).design
    harmless = change(module.design, "mail", {"pauses": False, "timeout_s": 3}).design
    monkeypatch.delattr(parsing, "MetadataWrapper")
    (said,) = module.objections(design)
    assert said.startswith("The code that was opened cannot follow: ")
    assert words in said
    assert "line " in said
    assert module.objections(module.design) == module.objections(harmless) == ()


def test_fields_that_share_a_line_are_noted_and_none_is_added_beside_them():
    code = to_code(TRAVEL).replace("hold_id: str | None = None\n    room: str", "hold_id: str | None = None; room: str")
    module = from_code(code)
    assert "this is not read as fields of the context" in str(module.notes[0])
    with pytest.raises(DesignError, match=r"^the field room cannot be added: TravelBookingContext has something else"):
        module.with_design(set_field(module.design, None, {"name": "room"}).design)


def test_no_field_takes_the_name_of_a_method_of_the_context():
    method = "class TravelBookingContext:\n    def label(self) -> str:\n        return ''\n"
    module = from_code(to_code(TRAVEL).replace("class TravelBookingContext:\n", method))
    for design in (
        set_field(module.design, None, {"name": "label"}).design,
        set_field(module.design, "seat", {"name": "label"}).design,
    ):
        with pytest.raises(DesignError, match=r"^the field label cannot be added: .* choose another name$"):
            module.with_design(design)


@pytest.mark.parametrize("step", ["reserve_funds", "trip.hotel"])
def test_no_step_takes_the_name_of_a_method_of_its_saga(step):
    block, _, name = step.rpartition(".")
    field = next(line for line in to_code(TRAVEL).splitlines(keepends=True) if line.startswith(f"    {name}: "))
    method = "\n    def total(self) -> int:\n        return 1\n\n"
    module = from_code(to_code(TRAVEL).replace(field, field + method))
    twice = duplicate(module.design, step).design
    added = next(path for path in twice.steps if path not in module.design.steps)
    taken = f"{block}.total" if block else "total"
    for changed in (rename(twice, added, "total"), rename(module.design, step, "total")):
        with pytest.raises(DesignError, match=f"^no step can be called {taken}: .* choose another name$"):
            module.with_design(changed.design)
    other = rename(twice, added, "other").design
    assert module.with_design(other).design == other
