"""Code that was edited by hand opens as a design, and takes another one, without losing a line that a person wrote."""

from pathlib import Path

import pytest
from designs import designs, opened, story
from hypothesis import HealthCheck, assume, given, settings

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.canonical import canonical
from legend_lab.lab.design.code import to_code
from legend_lab.lab.design.code_in import from_code
from legend_lab.lab.design.edits import add_step, change, delete, move, nest, rename, set_effect, set_field, unnest
from legend_lab.lab.design.model import BlockDesign, Design, Retries, StepDesign
from legend_lab.lab.design.naming import class_names
from legend_lab.lab.design.templates import TEMPLATES

HERE = Path(__file__).with_name("edited")
ALL = {path.stem: path.read_bytes().decode() for path in sorted(HERE.glob("*.py"))}
REFUSED = {"syntax_error", "no_saga"}
EDITED = {name: text for name, text in ALL.items() if name not in REFUSED}
GENERATED = EDITED["untouched"]
EDITS = {
    "change a setting": lambda design: change(design, "mail", {"timeout_s": 7.0, "undo_retries": {"max_retries": 2}}),
    "change a simulation": lambda design: change(design, "mail", {"duration_ms": 33.0, "pauses": False}),
    "change a description": lambda design: change(design, "mail", {"description": "Tell them"}),
    "add a step": lambda design: add_step(design, name="insure", index=1),
    "add a step to a block": lambda design: add_step(design, block="stay", name="parking"),
    "delete a step": lambda design: delete(design, "mail"),
    "delete a step of a block": lambda design: delete(design, "stay.hotel"),
    "rename a step": lambda design: rename(design, "mail", "letter"),
    "rename a block": lambda design: rename(design, "stay", "night"),
    "move a step": lambda design: move(design, "mail", -1),
    "move a step in a block": lambda design: move(design, "stay.breakfast", -1),
    "unnest a step": lambda design: unnest(design, "stay.hotel"),
    "nest a step": lambda design: nest(design, "reserve"),
    "add a field": lambda design: set_field(design, None, {"name": "stars", "type": "int", "initial": 3}),
    "change a field": lambda design: set_field(design, "amount", {"initial": 5}),
    "add an effect": lambda design: set_effect(design, None, {"name": "a letter", "irreversible": True}),
    "halt": lambda design: change(design, "", {"on_compensation_failure": "halt"}),
    "rename the saga": lambda design: rename(design, "", "Journey"),
}
ELSEWHERE = "line 102: stay is made elsewhere; change it there"
CANNOT = {
    ("construction_in_pieces", "add a step to a block"): ELSEWHERE,
    ("construction_in_pieces", "delete a step of a block"): ELSEWHERE,
    ("construction_in_pieces", "move a step in a block"): ELSEWHERE,
    ("construction_in_pieces", "unnest a step"): ELSEWHERE,
    ("saga_in_a_function", "rename the saga"): r"the class Trip cannot become Journey: .* \(line 99\)",
}
"""Edits that only a person can carry over, by file, and what the refusal says: a block that is made in a line of its
own, which may serve others; a class that a signature names."""
FIELD, MADE = "    hotel: BookTheHotel", "    stay=Stay(hotel=BookTheHotel(), breakfast=Breakfast()),"
FOLLOWS = {
    ("construction_in_pieces", "rename a block"): ["    stay=rest,"],
    ("renamed_class", "add a step to a block"): [MADE],
    ("renamed_class", "delete a step of a block"): ["class BookTheHotel(Step[TripContext]):", FIELD, MADE],
    ("renamed_class", "move a step in a block"): [MADE],
    ("renamed_class", "rename a block"): [MADE],
    ("renamed_class", "unnest a step"): [MADE],
}
"""Lines in which a person chose only a name, by file and edit, and which have to follow: the argument that is called as
the block is, the places where the renamed class is made and is a field; the class itself goes with its step."""


def human_pieces(text):
    """What is not as it was generated, in order: lines, or the comment behind a generated line."""
    generated = {line.strip() for line in GENERATED.splitlines()}
    for line in text.splitlines():
        code, mark, comment = line.partition("  #")
        if line.strip() not in generated:
            yield mark + comment if mark and code.strip() in generated else line


def lost(human, text):
    """The human pieces that the text does not have in that order."""
    lines, gone = text.splitlines(), []
    for piece in human:
        at = next((at for at, line in enumerate(lines) if piece in line), None)
        if at is None:
            gone.append(piece)
        else:
            lines = lines[at + 1 :]
    return gone


def outcome_of(text):
    with opened(text) as module:
        context = next(value for name, value in vars(module).items() if name.endswith("Context"))
        return story(module.saga, context())


@settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
@given(designs)
def test_a_design_comes_back_equal_from_its_code(design):
    module = from_code(to_code(design))
    assert module.design == canonical(design)
    assert (module.notes, module.written, dict(module.fixed)) == ((), frozenset(), {})
    assert module.with_design(module.design).text == module.text


@pytest.mark.parametrize("title", TEMPLATES)
def test_every_template_comes_back_equal_from_its_code(title):
    assert from_code(to_code(TEMPLATES[title])).design == TEMPLATES[title]


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(designs, designs)
def test_code_that_nobody_edited_can_become_any_other_design(one, other):
    assume(
        {one.name, *class_names(one).values()}.isdisjoint(
            {field.name for field in (*one.context, *other.context)}
            | {part.name for part in (*one.all_parts.values(), *other.all_parts.values())}
        )
    )  # a class that looks used elsewhere is not renamed
    module = from_code(to_code(one)).with_design(other)
    assert module.design == canonical(other)
    with opened(module.text) as made:
        assert [spec.path for spec in made.saga.build(vars(made)[one.name + "Context"]()).program.steps] == list(
            other.steps
        )


ERRORS = [
    (),
    ("ConnectionError",),
    ("LookupError",),
    ("ConnectionError", "TimeoutError"),
    ("TimeoutError", "LookupError"),
]


@pytest.mark.parametrize("before", ERRORS, ids="-".join)
@pytest.mark.parametrize("after", ERRORS, ids="-".join)
def test_the_errors_of_a_step_change_where_they_stand(before, after):
    def design(errors):
        step = StepDesign(name="pay", uncertain_on=errors, retries=Retries(max_retries=1, give_up_on=errors))
        return Design(name="Trip", parts=(step,))

    module = from_code(to_code(design(before))).with_design(design(after))
    assert module.design == canonical(design(after))
    assert module.text == to_code(canonical(design(after)))


def test_a_canonical_design_runs_and_is_called_as_before():
    step = StepDesign(name="a", class_name="A", no_undo_because="no need", undo_fails=3)
    assert canonical(Design(parts=(step,))).parts == (StepDesign(name="a", no_undo_because="no need"),)


@pytest.mark.parametrize("class_name", [None, "Called"])
def test_a_step_takes_the_place_of_the_block_of_its_name_in_code_as_well(class_name):
    inside = StepDesign(name="b", class_name=class_name, timeout_s=3)
    module = from_code(to_code(Design(parts=(StepDesign(name="a"), BlockDesign(name="b", parts=(inside,))))))
    design = unnest(module.design, "b.b").design
    changed = module.with_design(design)
    assert changed.design == canonical(design)
    assert list(changed.design.steps) == ["a", "b"]
    assert outcome_of(changed.text)[0] == "Completed"


@pytest.mark.parametrize("name", EDITED)
def test_opening_and_saving_unchanged_leaves_every_byte(name):
    module = from_code(EDITED[name])
    same = module.with_design(module.design)
    assert same.text.encode() == EDITED[name].encode()
    assert same.source.tree.code == EDITED[name]
    assert not same.diff()


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("name", EDITED)
def test_an_edit_loses_no_human_line_and_the_module_still_runs(name, edit):
    module = from_code(EDITED[name])
    wanted = EDITS[edit](module.design).design
    if (name, edit) in CANNOT:
        with pytest.raises(DesignError, match=CANNOT[name, edit]):
            module.with_design(wanted)
        return
    changed = module.with_design(wanted)
    assert lost(human_pieces(EDITED[name]), changed.text) == FOLLOWS.get((name, edit), []), changed.diff()
    assert changed.diff()
    assert {part.path for part in changed.outline.parts.values()} >= set(wanted.steps)
    assert changed.design.on_compensation_failure == wanted.on_compensation_failure
    assert outcome_of(changed.text)[0] == "Completed"
    if "\r\n" in EDITED[name]:
        assert "\n" not in changed.text.replace("\r\n", "")
