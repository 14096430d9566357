"""Code that was edited by hand opens as a design, and takes another one, without losing a line that a person wrote."""

from pathlib import Path

import pytest
from designs import designs, opened, story
from hypothesis import HealthCheck, assume, given, settings

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.canonical import canonical
from legend_lab.lab.design.code import to_code
from legend_lab.lab.design.code_in import from_code
from legend_lab.lab.design.edits import add_step, change, delete, move, nest, rename, set_effect, set_field
from legend_lab.lab.design.model import Design, StepDesign
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
    "nest a step": lambda design: nest(design, "reserve"),
    "add a field": lambda design: set_field(design, None, {"name": "stars", "type": "int", "initial": 3}),
    "change a field": lambda design: set_field(design, "amount", {"initial": 5}),
    "add an effect": lambda design: set_effect(design, None, {"name": "a letter", "irreversible": True}),
    "halt": lambda design: change(design, "", {"on_compensation_failure": "halt"}),
    "rename the saga": lambda design: rename(design, "", "Journey"),
}
MAY_REFUSE = {
    ("construction_in_pieces", "add a step to a block"),
    ("construction_in_pieces", "delete a step of a block"),
    ("construction_in_pieces", "move a step in a block"),
    ("saga_in_a_function", "rename the saga"),
}
"""Where only the person can say what is meant; the refusal says where."""


DELETED = "delete a step of a block"


def human_pieces(text):
    """What is not as it was generated, in order: lines, or the comment behind a generated line."""
    generated = {line.strip() for line in GENERATED.splitlines()}
    for line in text.splitlines():
        code, mark, comment = line.partition("  #")
        if line.strip() in generated or OWNED & {line.strip()[:9]}:
            continue
        yield mark + comment if mark and code.strip() in generated | {"hotel: Hotel"} else line


OWNED = {"stay=Stay("[:9], "stay=rest", "reserve=R"[:9], "return Tr", "hotel: Bo"}
"""How lines begin that the designer owns, whatever was renamed in them."""


def lost(human, text):
    """The human pieces that the text does not have in that order."""
    rest = iter(text.splitlines())
    return [piece for piece in human if not any(piece in line for line in rest)]


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
        one.name
        not in {field.name for field in (*one.context, *other.context)}
        | {part.name for part in (*one.all_parts.values(), *other.all_parts.values())}
    )  # a class that looks used elsewhere is not renamed
    module = from_code(to_code(one)).with_design(other)
    assert module.design == canonical(other)
    with opened(module.text) as made:
        assert [spec.path for spec in made.saga.build(vars(made)[one.name + "Context"]()).program.steps] == list(
            other.steps
        )


def test_a_canonical_design_runs_and_is_called_as_before():
    step = StepDesign(name="a", class_name="A", no_undo_because="no need", undo_fails=3)
    assert canonical(Design(parts=(step,))).parts == (StepDesign(name="a", no_undo_because="no need"),)


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
    if (name, edit) in MAY_REFUSE:
        with pytest.raises(DesignError):
            module.with_design(wanted)
        return
    changed = module.with_design(wanted)
    human = [
        piece
        for piece in human_pieces(EDITED[name])
        if edit != DELETED or piece != "class BookTheHotel(Step[TripContext]):"
    ]
    assert not lost(human, changed.text), changed.diff()
    assert changed.diff()
    assert {part.path for part in changed.outline.parts.values()} >= set(wanted.steps)
    assert changed.design.on_compensation_failure == wanted.on_compensation_failure
    assert outcome_of(changed.text)[0] == "Completed"
    if "\r\n" in EDITED[name]:
        assert "\n" not in changed.text.replace("\r\n", "")
