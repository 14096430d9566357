"""An edit of a design makes another design, or says why it cannot and changes nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legend_lab.core.errors import DesignError
from legend_lab.lab.design import edits
from legend_lab.lab.design.building import context_of, saga_of
from legend_lab.lab.design.files import from_json, to_json
from legend_lab.lab.design.model import BlockDesign, ContextField, Design, EffectDesign, StepDesign


def steps(*names):
    return tuple(StepDesign(name=name) for name in names)


def drawn():
    """a, block(b, c), d."""
    return Design(parts=(*steps("a"), BlockDesign(name="block", parts=steps("b", "c")), *steps("d")))


def paths(design):
    return list(design.all_parts)


def test_a_new_step_goes_to_the_end_or_where_one_says_and_gets_a_free_name():
    design = edits.add_step(drawn()).design
    assert paths(design)[-1] == "step_1"
    added = edits.add_step(design, block="block", index=0)
    assert (added.path, added.words) == ("block.step_1", "add step step_1")
    assert paths(added.design)[1:3] == ["block", "block.step_1"]
    assert edits.add_step(design).path == "step_2"
    assert edits.add_step(design, name="hotel").path == "hotel"


def test_a_free_name_is_no_classs_either():
    design = Design(name="block_1", parts=(StepDesign(name="a", class_name="step_1"), StepDesign(name="b")))
    assert edits.add_step(design).path == "step_2"
    assert edits.nest(design, "a").path == "block_2.a"
    design = edits.change(design, "a", {"class_name": "b_1"}).design
    assert edits.duplicate(design, "b").path == "b_2"


def test_a_duplicate_follows_its_original_with_all_its_settings():
    design = edits.change(drawn(), "block", {"description": "both"}).design
    design = edits.change(design, "block.b", {"timeout_s": 3, "class_name": "Booked"}).design
    made = edits.duplicate(design, "block")
    assert made.path == "block_1"
    assert paths(made.design) == ["a", "block", "block.b", "block.c", "block_1", "block_1.b", "block_1.c", "d"]
    copied = made.design.steps["block_1.b"]
    assert (copied.timeout_s, copied.class_name) == (3, None)


def test_deleting_selects_what_is_now_in_its_place():
    assert edits.delete(drawn(), "block.b").path == "block.c"
    assert edits.delete(drawn(), "d").path == "block"
    assert paths(edits.delete(drawn(), "block").design) == ["a", "d"]
    assert edits.delete(Design(parts=steps("a")), "a").path == ""


def test_a_block_goes_with_its_last_step():
    design = edits.delete(drawn(), "block.b").design
    assert paths(edits.delete(design, "block.c").design) == ["a", "d"]
    assert paths(edits.unnest(design, "block.c").design) == ["a", "c", "d"]


def test_moving_walks_within_a_block_and_out_at_its_edges():
    assert paths(edits.move(drawn(), "block.c", -1).design)[1:4] == ["block", "block.c", "block.b"]
    out = edits.move(drawn(), "block.b", -1)
    assert (out.path, paths(out.design)) == ("b", ["a", "b", "block", "block.c", "d"])
    below = edits.move(drawn(), "block.c", 1)
    assert paths(below.design) == ["a", "block", "block.b", "c", "d"]
    assert paths(edits.move(drawn(), "a", 1).design) == ["block", "block.b", "block.c", "a", "d"]
    with pytest.raises(DesignError, match="a is first already"):
        edits.move(drawn(), "a", -1)
    with pytest.raises(DesignError, match="d is last already"):
        edits.move(drawn(), "d", 1)


def test_nesting_goes_into_the_block_above_or_makes_one():
    assert paths(edits.nest(drawn(), "d").design) == ["a", "block", "block.b", "block.c", "block.d"]
    made = edits.nest(drawn(), "a")
    assert (made.path, paths(made.design)[:2]) == ("block_1.a", ["block_1", "block_1.a"])


def test_unnesting_puts_a_step_behind_its_block():
    assert paths(edits.unnest(drawn(), "block.b").design) == ["a", "block", "block.c", "b", "d"]
    with pytest.raises(DesignError, match="in no block"):
        edits.unnest(drawn(), "a")


def test_a_block_that_goes_leaves_its_name_to_what_was_in_it():
    inner = BlockDesign(name="b", parts=(BlockDesign(name="b", parts=steps("b")),))
    design = Design(parts=(*steps("a"), inner, *steps("d")))
    once = edits.unnest(design, "b.b.b")
    assert (once.path, paths(once.design)) == ("b.b", ["a", "b", "b.b", "d"])
    twice = edits.unnest(once.design, "b.b")
    assert (twice.path, paths(twice.design)) == ("b", ["a", "b", "d"])
    assert paths(edits.place(design, "b.b.b", "", 0).design) == ["b", "a", "d"]
    assert paths(edits.place(design, "b.b.b", "", 3).design) == ["a", "d", "b"]
    with pytest.raises(DesignError, match="has a step or block b already"):
        edits.unnest(Design(parts=(BlockDesign(name="b", parts=steps("b", "c")),)), "b.b")


def test_placing_moves_a_step_or_block_anywhere_but_into_itself():
    assert paths(edits.place(drawn(), "d", "block", 1).design) == ["a", "block", "block.b", "block.d", "block.c"]
    assert paths(edits.place(drawn(), "a", "", 3).design) == ["block", "block.b", "block.c", "d", "a"]
    with pytest.raises(DesignError, match="into itself"):
        edits.place(drawn(), "block", "block", 0)
    with pytest.raises(DesignError, match="places 0 to 3"):
        edits.place(drawn(), "a", "", 9)
    with pytest.raises(DesignError, match="already"):
        edits.place(Design(parts=(*steps("b"), BlockDesign(name="x", parts=steps("b")))), "b", "x", 0)


def test_a_step_with_a_class_name_of_its_own_can_be_moved_to_another_block():
    design = edits.change(drawn(), "block.b", {"class_name": "Booked"}).design
    assert edits.unnest(design, "block.b").design.steps["b"].class_name == "Booked"


def test_renaming_keeps_everything_else():
    renamed = edits.rename(edits.change(drawn(), "block.b", {"timeout_s": 2}).design, "block.b", "hotel")
    assert renamed.path == "block.hotel"
    assert renamed.design.steps["block.hotel"].timeout_s == 2
    assert edits.rename(drawn(), "", "Trip").design.name == "Trip"


@pytest.mark.parametrize("name", ["", "a b", "class", "build", "_x", "ﬁne", "x" * 61, "c", "ctx", "<script>"])
def test_a_name_that_cannot_be_one_is_refused(name):
    with pytest.raises(DesignError):
        edits.rename(drawn(), "block.b", name)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"timeout_s": "soon"}, "timeout_s"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"retries": {"max_retries": -1}}, r"retries\.max_retries"),
        ({"retries": {"max_retries": 99, "backoff_ms": 1e11, "multiplier": 9}}, "would wait over"),
        ({"colour": "red"}, "^colour: there is no such setting$"),
        ({3: "red"}, "3"),
        ({"effect": "room"}, "no effect 'room'"),
        ({"reads": ["nothing"]}, "no field 'nothing'"),
        ({"writes": {"nothing": 1}}, "no field 'nothing'"),
        ({"error": "SystemExit"}, "no error that a design knows"),
        ({"description": "two\nlines"}, "one printable line"),
        ({"duration_ms": float("nan")}, "duration_ms|JSON"),
        ({"kind": "block"}, "no settings"),
        ({"parts": []}, "no settings"),
        ({"name": "other"}, "rename"),
        ({"class_name": "Step"}, "needs that name itself"),
        ({"class_name": "MySaga"}, "two classes"),
        ({"class_name": "__doc__"}, "two underscores"),
        ({"class_name": "block"}, "both a class and a step"),
        ({"writes": object()}, "JSON"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_words(change, words):
    with pytest.raises(DesignError, match=words):
        edits.change(drawn(), "block.b", change)


def test_the_sagas_own_settings_change_at_the_empty_path():
    changed = edits.change(drawn(), "", {"description": "A trip", "on_compensation_failure": "halt"}).design
    assert (changed.description, changed.on_compensation_failure) == ("A trip", "halt")
    with pytest.raises(DesignError, match="no setting 'timeout_s'"):
        edits.change(drawn(), "", {"timeout_s": 3})
    with pytest.raises(DesignError, match=r"change: settings\.3.*valid string"):
        edits.change(drawn(), "", {3: "red"})
    with pytest.raises(DesignError, match="on_compensation_failure"):
        edits.change(drawn(), "", {"on_compensation_failure": "perhaps"})


def test_steps_follow_a_field_that_is_renamed_and_forget_one_that_is_removed():
    design = edits.set_field(drawn(), None, {"name": "hold"}).design
    design = edits.change(design, "a", {"writes": {"hold": "h1"}}).design
    design = edits.change(design, "d", {"reads": ["hold"]}).design
    renamed = edits.set_field(design, "hold", {"name": "hold_id"}).design
    assert (renamed.steps["a"].writes, renamed.steps["d"].reads) == ({"hold_id": "h1"}, ("hold_id",))
    with pytest.raises(DesignError, match="is no int"):
        edits.set_field(design, "hold", {"type": "int"})
    removed = edits.remove_field(design, "hold").design
    assert (removed.context, removed.steps["a"].writes, removed.steps["d"].reads) == ((), {}, ())


def test_steps_follow_an_effect_that_is_renamed_and_forget_one_that_is_removed():
    design = edits.set_effect(drawn(), None, {"name": "room", "idempotent": True}).design
    design = edits.change(design, "a", {"effect": "room"}).design
    renamed = edits.set_effect(design, "room", {"name": "hotel.room"}).design
    assert renamed.steps["a"].effect == "hotel.room"
    assert renamed.effects == (EffectDesign(name="hotel.room", idempotent=True),)
    removed = edits.remove_effect(design, "room").design
    assert (removed.effects, removed.steps["a"].effect) == ((), None)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"name": "str"}, "str"),
        ({"name": "n", "type": "int", "initial": "three"}, "is no int"),
        ({"name": "n", "type": "bool", "initial": 1}, "is no bool"),
        ({"name": "n", "type": "Decimal"}, "type"),
        ({"name": "hold"}, "two fields called 'hold'"),
    ],
)
def test_a_field_that_cannot_be_is_refused(field, words):
    design = edits.set_field(drawn(), None, {"name": "hold"}).design
    with pytest.raises(DesignError, match=words):
        edits.set_field(design, None, field)


@pytest.mark.parametrize(
    "edit",
    [
        lambda design: edits.delete(design, "nowhere"),
        lambda design: edits.delete(design, ""),
        lambda design: edits.change(design, "a.b", {}),
        lambda design: edits.add_step(design, block="a"),
        lambda design: edits.remove_field(design, "x"),
        lambda design: edits.set_effect(design, "x", {}),
        lambda design: edits.duplicate(design, "block.z"),
    ],
)
def test_what_is_not_there_is_said(edit):
    with pytest.raises(DesignError, match=r"no |not a block"):
        edit(drawn())


ANY_EDIT = st.sampled_from(["add", "duplicate", "delete", "up", "down", "nest", "unnest", "rename", "timeout"])


def apply(design, command, path, name):
    match command:
        case "add":
            return edits.add_step(design, block=path.rpartition(".")[0])
        case "duplicate":
            return edits.duplicate(design, path)
        case "delete":
            return edits.delete(design, path)
        case "up" | "down":
            return edits.move(design, path, -1 if command == "up" else 1)
        case "nest":
            return edits.nest(design, path)
        case "unnest":
            return edits.unnest(design, path)
        case "rename":
            return edits.rename(design, path, name)
        case _:
            return edits.change(design, path, {"timeout_s": 2})


@settings(max_examples=60)
@given(st.lists(st.tuples(ANY_EDIT, st.integers(0, 30)), max_size=25))
def test_after_any_edits_a_design_is_sound_runs_and_comes_back_from_json(commands):
    design = drawn()
    for number, (command, pick) in enumerate(commands):
        known = paths(design)
        path = known[pick % len(known)] if known else ""
        before = design
        try:
            edited = apply(design, command, path, f"r{number}")
        except DesignError:
            assert design is before
            continue
        design = edited.design
        assert edited.path in {"", *paths(design)}
        assert edited.words
    assert from_json(to_json(design)) == design
    if design.parts:
        program = saga_of(design).build(context_of(design)).program
        assert [spec.path for spec in program.steps] == list(design.steps)


def test_a_context_field_describes_itself():
    field = edits.set_field(Design(), None, {"name": "n", "type": "int", "initial": 2, "description": "nights"})
    assert field.design.context == (ContextField(name="n", type="int", initial=2, description="nights"),)
    assert field.words == "add field n"
