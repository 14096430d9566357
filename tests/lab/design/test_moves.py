"""What a person wrote in a step stays with that step, whatever is renamed, moved, copied or deleted around it."""

import ast

from hypothesis import given, settings
from hypothesis import strategies as st

from legend_lab.core.errors import DesignError
from legend_lab.lab.design import edits
from legend_lab.lab.design.code import to_code
from legend_lab.lab.design.history import History
from legend_lab.lab.design.model import BlockDesign, Design, StepDesign
from legend_lab.lab.design.naming import class_names
from legend_lab.lab.design.opening import opened_code

NAMES = ["a", "b", "c", "d", "e"]


def written_by_hand():
    """A saga of which a person wrote every step: its description says which body is whose."""
    steps = [StepDesign(name=name, description=f"Step {name}") for name in NAMES]
    design = Design(parts=(*steps[:2], BlockDesign(name="block", parts=tuple(steps[2:4])), steps[4]))
    code = to_code(design)
    for step in steps:
        head, found, tail = code.partition(f'"""{step.description}"""')
        code = head + found + tail.replace("await simulate(", f"await real('{step.description}', ", 1)
    return opened_code(code)


def bodies(code):
    """The source of each class, by its name."""
    return {node.name: ast.unparse(node) for node in ast.parse(code).body if isinstance(node, ast.ClassDef)}


def edit(history, kind, path, name):
    design = history.design
    if kind == "undo":
        return history.undo() if history.undo_words else None
    if kind == "redo":
        return history.redo() if history.redo_words else None
    if path not in design.all_parts:
        return None
    match kind:
        case "rename":
            made = edits.rename(design, path, name)
        case "delete":
            made = edits.delete(design, path)
        case "nest":
            made = edits.nest(design, path)
        case "unnest":
            made = edits.unnest(design, path)
        case "up" | "down":
            made = edits.move(design, path, -1 if kind == "up" else 1)
        case "copy" if isinstance(design.all_parts[path], StepDesign):
            copied = edits.duplicate(design, path)
            made = edits.change(copied.design, copied.path, {"description": ""})
        case _:
            return None
    return history.keep(made, path)


KINDS = st.sampled_from(
    ["rename", "rename", "rename", "copy", "delete", "nest", "unnest", "up", "down", "undo", "redo"]
)
EDITS = st.tuples(KINDS, st.integers(0, 7), st.sampled_from(NAMES))


@settings(deadline=None, max_examples=60)
@given(st.lists(EDITS, max_size=12))
def test_each_step_keeps_the_body_that_was_written_for_it(orders):
    history = History(written_by_hand().design, written_by_hand())
    for kind, place, name in orders:
        paths = list(history.design.all_parts)
        try:
            edit(history, kind, paths[place % len(paths)] if paths else "", name)
        except DesignError:
            continue
    if not history.design.parts:
        return
    try:
        found = bodies(history.origin.code(history.design))
    except DesignError:
        return
    names = class_names(history.origin.module.with_design(history.design, history.origin.moved).design)
    for path, step in history.design.steps.items():
        body = found[names[path]]
        said = [f"Step {name}" for name in NAMES if f"real('Step {name}'" in body]
        assert said == ([step.description] if step.description else [])
