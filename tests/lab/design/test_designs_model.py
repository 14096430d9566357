"""Whatever is edited in whatever order, a design is what an independent, naive model of a tree says."""

import copy
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from legend_lab.core.errors import DesignError
from legend_lab.lab.design import edits
from legend_lab.lab.design.checks import DEEPEST
from legend_lab.lab.design.files import from_json, to_json
from legend_lab.lab.design.model import BlockDesign, ContextField, Design, EffectDesign, StepDesign

many = settings(max_examples=80, deadline=None)
NAMES = "abcde"


class RefusedError(Exception):
    """The model says that an edit cannot be."""


class Node:
    """A step (no children list) or a block; `mark` tells it from every other, whatever it is called."""

    def __init__(self, name, mark, children=None):
        self.name, self.mark, self.children = name, mark, children


class Tree:
    """The model: lists in lists, changed in place."""

    def __init__(self, root):
        self.root = root

    def nodes(self, level=None, prefix=""):
        for node in self.root if level is None else level:
            yield prefix + node.name, node
            if node.children is not None:
                yield from self.nodes(node.children, f"{prefix}{node.name}.")

    def shape(self):
        return [(path, node.mark) for path, node in self.nodes()]

    def at(self, path):
        return dict(self.nodes())[path]

    def level_of(self, node):
        """The list that holds a node, and the block whose list it is (None outside all)."""
        if any(item is node for item in self.root):
            return self.root, None
        for _, block in self.nodes():
            if block.children is not None and any(item is node for item in block.children):
                return block.children, block
        raise AssertionError(node.name)

    def path_of(self, node):
        return next(path for path, item in self.nodes() if item is node)

    def add(self, beside, name):
        self.level_of(self.at(beside))[0].append(Node(name, None))

    def duplicate(self, path, name):
        node = self.at(path)
        level, _ = self.level_of(node)
        twin = copy.deepcopy(node)
        twin.name = name
        level.insert(level.index(node) + 1, twin)

    def rename(self, path, name):
        node = self.at(path)
        if any(item.name == name for item in self.level_of(node)[0] if item is not node):
            raise RefusedError
        node.name = name

    def place(self, path, block, index):
        children = self.at(block).children
        if children is None or block == path or block.startswith(f"{path}.") or index > len(children):
            raise RefusedError
        self.put(self.at(path), children, index)

    def delete(self, path):
        self.drop(self.at(path))

    def drop(self, node):
        level, block = self.level_of(node)
        level.remove(node)
        if block is not None and not level:
            self.drop(block)

    def put(self, node, level, index):
        """Move a node to a place, counted before it is taken from where it is."""
        old, block = self.level_of(node)
        if any(item.name == node.name for item in level if not self.holds_only(item, node)):
            raise RefusedError
        at = old.index(node)
        level.insert(index, node)
        del old[at + (level is old and index <= at)]
        if block is not None and not old:
            self.drop(block)

    def holds_only(self, item, node):
        """Whether nothing is left of an item when the node is taken out of it."""
        return item is node or (
            item.children is not None and len(item.children) == 1 and self.holds_only(item.children[0], node)
        )

    def move(self, path, by):
        node = self.at(path)
        level, block = self.level_of(node)
        at = level.index(node)
        if 0 <= at + by < len(level):
            level[at], level[at + by] = level[at + by], level[at]
        elif block is None:
            raise RefusedError
        else:
            outer, _ = self.level_of(block)
            self.put(node, outer, outer.index(block) + (by > 0))

    def unnest(self, path):
        node = self.at(path)
        _, block = self.level_of(node)
        if block is None:
            raise RefusedError
        outer, _ = self.level_of(block)
        self.put(node, outer, outer.index(block) + 1)

    def nest(self, path, name):
        node = self.at(path)
        level, _ = self.level_of(node)
        at = level.index(node)
        if at and level[at - 1].children is not None:
            self.put(node, level[at - 1].children, len(level[at - 1].children))
        else:
            level[at] = Node(name, None, [node])

    def depth(self):
        return max((path.count(".") for path, _ in self.nodes()), default=0)


@st.composite
def levels(draw, depth=0):
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    return [
        Node(name, None, draw(levels(depth + 1)) if depth < 3 and draw(st.integers(0, 2)) == 0 else None)
        for name in names
    ]


def marked(root):
    for number, (_, node) in enumerate(Tree(root).nodes()):
        node.mark = f"mark {number}"
    return root


def drawn(level):
    return tuple(
        StepDesign(name=node.name, description=node.mark)
        if node.children is None
        else BlockDesign(name=node.name, description=node.mark, parts=drawn(node.children))
        for node in level
    )


@st.composite
def designs(draw):
    """Steps in blocks that read, write and open what the design has."""
    fields = draw(st.lists(st.sampled_from(["hold", "room", "seat"]), min_size=1, unique=True))
    effects = draw(st.lists(st.sampled_from(["card.hold", "mail"]), min_size=1, unique=True))

    def with_uses(part):
        if isinstance(part, BlockDesign):
            return part.model_copy(update={"parts": tuple(map(with_uses, part.parts))})
        uses = {
            "reads": tuple(draw(st.lists(st.sampled_from(fields), unique=True))),
            "writes": draw(st.dictionaries(st.sampled_from(fields), st.sampled_from(["x", "y"]))),
            "effect": draw(st.sampled_from([None, *effects])),
        }
        return part.model_copy(update=uses)

    return Design(
        context=tuple(ContextField(name=name) for name in fields),
        effects=tuple(EffectDesign(name=name) for name in effects),
        parts=tuple(map(with_uses, drawn(marked(draw(levels()))))),
    )


def shape(design):
    return [(path, part.description or None) for path, part in design.all_parts.items()]


class Order(NamedTuple):
    """What to do: `other` and `index` say where to place, `name` how to rename."""

    command: str
    path: str
    other: str
    index: int
    name: str


def in_the_model(tree, order, made):
    """Do to the model what is ordered; `made` is the name that the edit chose for what is new."""
    orders = {
        "add": lambda: tree.add(order.path, made),
        "duplicate": lambda: tree.duplicate(order.path, made),
        "delete": lambda: tree.delete(order.path),
        "rename": lambda: tree.rename(order.path, order.name),
        "place": lambda: tree.place(order.path, order.other, order.index),
        "up": lambda: tree.move(order.path, -1),
        "down": lambda: tree.move(order.path, 1),
        "nest": lambda: tree.nest(order.path, made),
        "unnest": lambda: tree.unnest(order.path),
    }
    orders[order.command]()
    if tree.depth() > DEEPEST:
        raise RefusedError


EDITS = {
    "add": lambda design, order: edits.add_step(design, block=order.path.rpartition(".")[0]),
    "duplicate": lambda design, order: edits.duplicate(design, order.path),
    "delete": lambda design, order: edits.delete(design, order.path),
    "rename": lambda design, order: edits.rename(design, order.path, order.name),
    "place": lambda design, order: edits.place(design, order.path, order.other, order.index),
    "up": lambda design, order: edits.move(design, order.path, -1),
    "down": lambda design, order: edits.move(design, order.path, 1),
    "nest": lambda design, order: edits.nest(design, order.path),
    "unnest": lambda design, order: edits.unnest(design, order.path),
}


def name_made(command, before, made):
    """What the edit called the new step, copy or block."""
    if command == "nest" and len(made.design.all_parts) > len(before.all_parts):
        return made.path.rpartition(".")[0].rpartition(".")[2]
    return made.path.rpartition(".")[2]


orders = st.lists(
    st.tuples(
        st.sampled_from(sorted(EDITS)),
        st.integers(0, 99),
        st.integers(0, 99),
        st.integers(0, 4),
        st.sampled_from(NAMES),
    ),
    max_size=20,
)


@many
@given(levels().map(marked), orders)
def test_any_edits_in_any_order_do_what_the_model_does_and_refuse_what_it_refuses(root, commands):
    tree, design = Tree(root), Design(parts=drawn(root))
    for command, pick, to, index, name in commands:
        known = list(design.all_parts)
        if not known:
            break
        path = known[pick % len(known)]
        order = Order(command, path, known[to % len(known)], index, name)
        before, written = design, to_json(design)
        wanted, moved = copy.deepcopy(tree), tree.at(path).mark
        try:
            made = EDITS[command](design, order)
        except DesignError:
            made = None
        try:
            chosen = "new" if made is None else name_made(command, before, made)
            in_the_model(wanted, order, chosen)
        except RefusedError:
            assert made is None, order
        else:
            assert made is not None, order
            tree, design = wanted, made.design
            assert shape(design) == tree.shape(), order
            if command not in ("add", "delete"):
                assert (design.all_parts[made.path].description or None) == moved
        assert to_json(before) == written
    assert from_json(to_json(design)) == design


def renamed_in(data, kind, old, new):
    """The JSON of a design in which a field or effect is called otherwise everywhere; dropped where `new` is None."""

    def step(part):
        if part["kind"] == "block":
            return {**part, "parts": [step(item) for item in part["parts"]]}
        if kind == "effects":
            return {**part, "effect": new if part["effect"] == old else part["effect"]}
        reads = [new if name == old else name for name in part["reads"]]
        writes = {new if name == old else name: value for name, value in part["writes"].items()}
        return {
            **part,
            "reads": [name for name in reads if name is not None],
            "writes": {name: value for name, value in writes.items() if name is not None},
        }

    declared = [{**item, "name": new if item["name"] == old else item["name"]} for item in data[kind]]
    return {
        **data,
        kind: [item for item in declared if item["name"] is not None],
        "parts": [step(part) for part in data["parts"]],
    }


def unused(names, stem):
    return next(stem + str(number) for number in range(99) if stem + str(number) not in names)


@many
@given(designs(), st.data())
def test_fields_and_effects_are_renamed_and_removed_everywhere_and_nowhere_else(design, data):
    edits_of = {"context": (edits.set_field, edits.remove_field), "effects": (edits.set_effect, edits.remove_effect)}
    for kind, (change, remove) in edits_of.items():
        names = [item.name for item in getattr(design, kind)]
        old, new = data.draw(st.sampled_from(names)), unused(names, "fresh")
        plain = design.model_dump(mode="json")
        renamed = change(design, old, {"name": new}).design
        assert renamed.model_dump(mode="json") == renamed_in(plain, kind, old, new)
        assert change(renamed, new, {"name": old}).design == design
        assert remove(design, old).design.model_dump(mode="json") == renamed_in(plain, kind, old, None)


@many
@given(designs())
def test_what_is_added_and_removed_again_leaves_the_design_as_it_was(design):
    field = unused([item.name for item in design.context], "fresh")
    effect = unused([item.name for item in design.effects], "fresh")
    with_both = edits.set_effect(edits.set_field(design, None, {"name": field}).design, None, {"name": effect}).design
    assert with_both.context[-1] == ContextField(name=field)
    assert with_both.effects[-1] == EffectDesign(name=effect)
    assert edits.remove_effect(edits.remove_field(with_both, field).design, effect).design == design
    added = edits.add_step(design)
    assert edits.delete(added.design, added.path).design == design


@many
@given(designs(), st.data())
def test_a_setting_is_changed_where_one_says_and_nowhere_else(design, data):
    path = data.draw(st.sampled_from(list(design.steps)))
    changed = edits.change(design, path, {"duration_ms": 123.5, "pauses": True}).design
    for other, part in design.all_parts.items():
        if isinstance(part, StepDesign):
            wanted = {"duration_ms": 123.5, "pauses": True} if other == path else {}
            assert changed.steps[other] == part.model_copy(update=wanted)
    assert (
        edits.change(changed, path, design.steps[path].model_dump(include={"duration_ms", "pauses"})).design == design
    )
