"""Owns the facts about what the Designer opens, takes over, saves and leaves alone, without a browser."""

from __future__ import annotations

import pytest
from designer_samples import TRAVEL, TRAVEL_CODE, long_design, tell

from legend_lab import Designer, DesignError, LegendError, Saga, SimulatedStep
from legend_lab.lab.design import edits
from legend_lab.lab.design.templates import TEMPLATES


def test_it_opens_sagas_classes_files_and_nothing_else(tmp_path):
    saga = Saga.of("Booking", {"hotel": SimulatedStep(), "flight": SimulatedStep()})
    assert list(Designer(saga).design.steps) == ["hotel", "flight"]
    for name in ("travel.json", "travel.py"):
        designer = Designer(TRAVEL)
        tell(designer, "save", file=str(tmp_path / name))
        assert designer.bar.panel is None
        assert Designer(tmp_path / name).design == TRAVEL
    with pytest.raises(DesignError, match="there is no file"):
        Designer("nowhere.json")
    with pytest.raises(DesignError, match=r"ends in \.py or \.json"):
        Designer("nowhere.txt")
    with pytest.raises(LegendError, match="not of an int"):
        Designer(3)


def test_saving_over_a_file_shows_first_what_would_change(tmp_path):
    file = tmp_path / "travel.py"
    designer = Designer(TRAVEL)
    tell(designer, "panel", kind="py")
    assert designer.bar.panel["text"] == designer.to_code()
    tell(designer, "save", file=str(file))
    assert designer.bar.panel["said"] == f"Saved as {file}"
    by_hand = "# a line that a person wrote\n" + file.read_text()
    file.write_text(by_hand)
    tell(designer, "set", path="charge", place="timeout_s", text="7.5")
    tell(designer, "save", file=str(file))
    changed = [line["text"].strip() for line in designer.bar.panel["diff"] if line["sign"] == "+"]
    assert changed == ["timeout_s = 7.5"]
    assert file.read_text() == by_hand
    tell(designer, "write", file=str(file))
    assert (
        file.read_text() == by_hand.replace("timeout_s = 5.0", "timeout_s = 7.5")
        or "timeout_s = 7.5" in file.read_text()
    )
    assert file.read_text().startswith("# a line that a person wrote\n")


def test_a_file_that_changed_meanwhile_or_is_no_python_is_left_alone(tmp_path):
    file = tmp_path / "travel.py"
    designer = Designer(TRAVEL)
    tell(designer, "panel", kind="py")
    tell(designer, "save", file=str(file))
    tell(designer, "set", path="charge", place="timeout_s", text="7.5")
    tell(designer, "save", file=str(file))
    file.write_text(file.read_text() + "# meanwhile\n")
    tell(designer, "write", file=str(file))
    assert "changed meanwhile" in designer.bar.panel["why"]
    file.write_text("def broken(:\n")
    tell(designer, "save", file=str(file))
    assert designer.bar.panel["why"]
    assert file.read_text() == "def broken(:\n"
    tell(designer, "save", file=str(tmp_path / "no" / "such" / "folder.py"))
    assert "folder.py cannot be written: No such file" in designer.bar.panel["why"]


def test_the_tests_stand_beside_the_code_and_are_saved_with_it_or_alone(tmp_path):
    code, tests = tmp_path / "trip.py", tmp_path / "test_trip.py"
    designer = Designer(TRAVEL)
    tell(designer, "panel", kind="tests")
    assert designer.bar.panel["file"] == "test_travel_booking.py"
    assert designer.bar.panel["text"] == designer.to_test_code("travel_booking")
    tell(designer, "panel", kind="py")
    assert designer.bar.panel["tests"]
    tell(designer, "save", file=str(code), tests="true")
    assert designer.bar.panel["said"] == f"Saved as {code} and {tests}"
    assert tests.read_text() == designer.to_test_code("trip")
    tests.write_text(tests.read_text() + "# a line that a person wrote\n")
    tell(designer, "delete", path="charge")
    tell(designer, "save", file=str(code), tests="true")
    shown = [line["text"] for line in designer.bar.panel["diff"] if line["sign"] == "@" and line["text"]]
    assert shown == [str(code), str(tests)]
    tell(designer, "panel", kind="tests")
    assert designer.bar.panel["file"] == str(tests)
    assert designer.bar.panel["text"] == designer.to_test_code("trip")
    tell(designer, "save", file=str(tests))
    tell(designer, "write", file=str(tests))
    assert designer.bar.panel["said"] == f"Saved as {tests}"
    assert tests.read_text() == designer.to_test_code("trip") + "# a line that a person wrote\n"
    assert "charge" in code.read_text()


async def test_tests_are_made_where_a_loop_runs_already():
    assert "import travel as drawn" in Designer(TRAVEL).to_test_code("travel")


def test_a_long_design_shows_no_tests_and_says_how_to_have_them():
    designer = Designer()
    designer.edit(lambda _: edits.Edited(long_design(101), "", "draw"))
    tell(designer, "panel", kind="tests")
    assert "at most 100 steps" in designer.bar.panel["why"]
    tell(designer, "panel", kind="py")
    assert not designer.bar.panel["tests"]


def test_what_was_left_out_or_left_alone_is_noted_until_it_is_read(tmp_path):
    class Real(SimulatedStep):
        def write(self, ctx):
            """Ring them up."""

    file = tmp_path / "travel.py"
    designer = Designer(Saga.of("Booking", {"hotel": Real()}))
    (left_out,) = designer.bar.notes
    assert left_out["title"] == "Left out of the design"
    assert left_out["lines"] == ["hotel: its execute and compensate are simulated here; their code is not read"]
    tell(designer, "dismiss")
    assert designer.bar.notes == []
    file.write_text(TRAVEL_CODE.replace("await simulate(", "await self.really(", 1))
    tell(designer, "open", file=str(file))
    assert "execute is written by hand" in designer.bar.notes[0]["lines"][0]
    tell(designer, "delete", path="reserve_funds")
    tell(designer, "save", file=str(file))
    tell(designer, "write", file=str(file))
    assert [note["title"] for note in designer.bar.notes] == ["Left in the file as it was"]
    assert designer.bar.notes[0]["lines"] == [
        "ReserveFunds is not used any more; it stays, since a person worked on it"
    ]
    tell(designer, "template", title="Money transfer")
    assert designer.bar.notes == []


def not_in_copies(designer):
    return [line for note in designer.bar.notes if note["title"] == "Not in the copy" for line in note["lines"]]


def test_a_copy_says_what_it_has_simulated_that_a_person_wrote_wherever_it_goes(tmp_path):
    file = tmp_path / "travel.py"
    file.write_text(TRAVEL_CODE.replace("await simulate(", "await self.really(", 1))
    designer = Designer(file)
    tell(designer, "dismiss")
    tell(designer, "duplicate", path="charge")
    assert not_in_copies(designer) == []
    tell(designer, "rename", path="reserve_funds", text="hold")
    tell(designer, "duplicate", path="hold")
    line = "hold_2: execute and compensate simulated; what hold has there is not copied"
    assert not_in_copies(designer) == [line]
    assert "await self.really(" in designer.to_code()
    tell(designer, "undo")
    assert not_in_copies(designer) == []
    tell(designer, "redo")
    assert not_in_copies(designer) == [line]
    tell(designer, "rename", path="hold_2", text="again")
    assert not_in_copies(designer) == [line.replace("hold_2", "again")]
    tell(designer, "rename", path="hold", text="first")
    assert not_in_copies(designer) == [line.replace("hold_2", "again").replace("hold", "first")]
    tell(designer, "template", title="Money transfer")
    assert not_in_copies(designer) == []
    tell(designer, "undo")
    assert len(not_in_copies(designer)) == 1
    tell(designer, "undo")
    tell(designer, "delete", path="hold")  # its code is the copy's now
    assert not_in_copies(designer) == []
    assert "await self.really(" in designer.to_code()
    tell(designer, "undo")
    tell(designer, "delete", path="again")
    tell(designer, "rename", path="charge", text="again")
    assert not_in_copies(designer) == []
    tell(designer, "nest", path="hold")
    block = designer.design.parts[0].name
    designer.edit(edits.duplicate, block)
    copy = designer.design.parts[1].name
    assert not_in_copies(designer) == [
        f"{copy}.hold: execute and compensate simulated; what {block}.hold has there is not copied"
    ]
    tell(designer, "dismiss")
    assert designer.bar.notes == []


def body_of(code, class_name):
    return code.partition(f"class {class_name}(")[2].partition("\nclass ")[0]


def test_what_a_person_wrote_stays_with_its_step_whoever_gets_its_name(tmp_path):
    file = tmp_path / "travel.py"
    file.write_text(TRAVEL_CODE.replace("await simulate(", "await self.really(", 1))
    designer = Designer(file)
    tell(designer, "duplicate", path="reserve_funds")
    tell(designer, "rename", path="reserve_funds", text="hold")
    tell(designer, "rename", path="reserve_funds_2", text="reserve_funds")
    assert "self.really(" in body_of(designer.to_code(), "Hold")
    assert "self.really(" not in body_of(designer.to_code(), "ReserveFunds")
    assert not_in_copies(designer) == [
        "reserve_funds: execute and compensate simulated; what hold has there is not copied"
    ]
    tell(designer, "save", file=str(file))
    tell(designer, "write", file=str(file))
    assert "self.really(" in body_of(file.read_text(), "Hold")
    for _ in range(3):
        tell(designer, "undo")
    assert "self.really(" in body_of(designer.to_code(), "ReserveFunds")


def test_a_step_that_gets_the_name_of_a_deleted_one_keeps_its_own_code(tmp_path):
    file = tmp_path / "travel.py"
    file.write_text(TRAVEL_CODE.replace("class ChargePayment(", "class ChargePayment(  # by hand\n    "))
    designer = Designer(file)
    before = designer.to_code()
    tell(designer, "delete", path="reserve_funds")
    tell(designer, "rename", path="charge", text="reserve_funds")
    assert designer.objections == ()
    assert "# by hand" in designer.to_code()
    for _ in range(2):
        tell(designer, "undo")
    assert designer.to_code() == before


def test_a_saga_of_the_designer_opens_with_what_is_said_of_its_context():
    designer = Designer(TRAVEL)
    tell(designer, "field", name="room", place="description", text="key of the room")
    assert designer.tables.tables[0]["rows"][2]["fields"][3]["value"] == "key of the room"
    again = Designer(designer.saga)
    assert again.design.context == designer.design.context
    assert again.bar.notes == []


def test_an_empty_design_has_no_code_and_says_so():
    designer = Designer()
    tell(designer, "panel", kind="py")
    assert "needs a step" in designer.bar.panel["why"]
    tell(designer, "panel", kind="py")
    assert designer.bar.panel is None


def test_opening_is_an_edit_that_is_undone(tmp_path):
    (tmp_path / "other.json").write_text(Designer(TEMPLATES["Money transfer"]).to_json())
    designer = Designer(TRAVEL)
    tell(designer, "open", file=str(tmp_path / "other.json"))
    assert designer.design.name == "MoneyTransfer"
    designer.undo()
    assert designer.design == TRAVEL


def test_a_folder_or_a_path_that_is_no_text_is_refused_in_words_and_changes_nothing(tmp_path):
    (tmp_path / "saga.py").mkdir()
    with pytest.raises(DesignError, match=r"saga\.py cannot be read: Is a directory"):
        Designer(tmp_path / "saga.py")
    made = Designer(TEMPLATES["Travel booking"])
    made.select("charge")
    for wrong in (None, 5):
        with pytest.raises(DesignError, match="a path is a text"):
            made.select(wrong)
    made.refresh()
    assert made.selected == "charge"


def test_a_script_gets_the_tests_of_the_code_as_well():
    text = Designer(TEMPLATES["Travel booking"]).to_test_code("travel")
    assert "import travel" in text or "from travel import" in text
    compile(text, "test_travel.py", "exec")
    with pytest.raises(DesignError, match="no name of a module"):
        Designer(TEMPLATES["Travel booking"]).to_test_code("no module")


def test_what_was_opened_is_saved_where_it_was_opened_and_opened_there_again(tmp_path):
    code, other = tmp_path / "trip.py", tmp_path / "drawn.json"
    code.write_text(f"# a line that a person wrote\n{TRAVEL_CODE}")
    other.write_text(Designer(TEMPLATES["Money transfer"]).to_json())
    designer = Designer(code)

    def offered(kind: str) -> str:
        tell(designer, "panel", kind=kind)
        return designer.bar.panel["file"]

    assert [offered(kind) for kind in ("py", "tests", "json", "open")] == [
        str(code), str(tmp_path / "test_trip.py"), str(tmp_path / "trip.json"), str(code),
    ]  # fmt: skip
    tell(designer, "open", file=str(other))
    assert offered("json") == str(other)
    tell(designer, "undo")
    assert offered("py") == str(code)
    tell(designer, "delete", path="charge")
    tell(designer, "save", file=str(code))
    tell(designer, "write", file=str(code))
    assert code.read_text().startswith("# a line that a person wrote\n")
    assert offered("open") == str(code)


def test_code_that_was_opened_is_shown_and_goes_into_a_new_file_as_a_person_left_it(tmp_path):
    code, new = tmp_path / "trip.py", tmp_path / "new.py"
    code.write_text(f"# a line that a person wrote\n{TRAVEL_CODE}")
    designer = Designer(code)
    tell(designer, "set", path="charge", place="timeout_s", text="7.5")
    tell(designer, "panel", kind="py")
    shown = designer.bar.panel["text"]
    assert shown == designer.to_code()
    assert shown.startswith("# a line that a person wrote\n")
    assert "timeout_s = 7.5" in shown
    tell(designer, "save", file=str(new))
    assert new.read_text() == shown
    assert designer.bar.panel["file"] == str(new)
    assert designer.bar.notes == []


def test_code_that_cannot_follow_is_neither_shown_nor_saved_elsewhere(tmp_path):
    code, new = tmp_path / "trip.py", tmp_path / "new.py"
    code.write_text(
        TRAVEL_CODE.replace("class BookHotel", "def label(ctx):\n    return ctx.room\n\n\nclass BookHotel", 1)
    )
    designer = Designer(code)
    tell(designer, "field", name="room", place="name", text="suite")
    tell(designer, "panel", kind="py")
    assert designer.bar.panel["text"] == ""
    assert "cannot become suite" in designer.bar.panel["why"]
    tell(designer, "save", file=str(new))
    assert "cannot become suite" in designer.bar.panel["why"]
    assert not new.exists()
    with pytest.raises(DesignError, match="cannot become suite"):
        designer.to_code()
