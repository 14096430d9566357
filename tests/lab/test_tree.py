from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from legend_lab.lab.tree import LONGEST_TEXT, MOST_CHILDREN, changes_in, context_tree, safe_repr


class Model(BaseModel):
    name: str = "Ada"
    seats: list[int] = []


@dataclass
class Data:
    name: str = "Ada"
    tags: dict[str, int] = field(default_factory=dict)


class BadRepr:
    def __repr__(self):
        raise ValueError("no")


class BadEq:
    def __eq__(self, other):
        raise ValueError("no")

    __hash__ = None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=4))
def test_nothing_has_changed_between_a_context_and_itself(context):
    assert changes_in(context_tree(context, context)) == []


@given(st.dictionaries(st.text(max_size=3), JSON), st.dictionaries(st.text(max_size=3), JSON))
def test_a_change_is_named_exactly_when_the_contexts_differ(before, after):
    same = json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
    assert (changes_in(context_tree(before, after)) == []) is same


@pytest.mark.parametrize("kind", [Model, Data])
def test_fields_of_models_and_dataclasses_are_compared_by_name(kind):
    before, after = kind(), kind(name="Grace")
    [(place, node)] = changes_in(context_tree(before, after))
    assert (place, node.before, node.text) == ("name", "'Ada'", "'Grace'")


def test_a_change_deep_inside_opens_the_way_to_it():
    [node] = context_tree({"a": [{"b": 1}]}, {"a": [{"b": 2}]})
    assert node.change == "inside"
    assert changes_in((node,))[0][0] == "a.0.b"


def test_added_and_removed_values_are_told_apart():
    found = {place: node.change for place, node in changes_in(context_tree({"old": 1}, {"new": 2}))}
    assert found == {"new": "added", "old": "removed"}


def test_values_whose_own_code_fails_are_shown_in_words():
    [node] = context_tree({"x": 1}, {"x": BadRepr()})
    assert node.text == "<BadRepr whose repr raises ValueError>"
    assert context_tree({"x": BadEq()}, {"x": BadEq()})[0].change in ("same", "changed")


def test_a_context_that_contains_itself_ends():
    loop = {"a": 1}
    loop["self"] = loop
    assert context_tree(loop, loop)[1].key == "self"


def test_long_and_wide_values_are_cut_and_say_so():
    assert safe_repr("x" * 10_000_000).endswith("(10,000,002 characters)")
    assert len(safe_repr("x" * 10_000_000)) < LONGEST_TEXT + 40
    nodes = context_tree({}, {str(i): i for i in range(MOST_CHILDREN + 5)})
    assert nodes[-1].text == "5 more"


def test_a_key_that_is_no_text_says_its_type_where_a_text_reads_the_same():
    both = {1: "number", "1": "text", 2: "other"}
    assert [(node.key, node.text) for node in context_tree(both, both)] == [
        ("1 (int)", "'number'"),
        ("1", "'text'"),
        ("2", "'other'"),
    ]
    found = changes_in(context_tree({1: "number"}, both))
    assert [(place, node.change) for place, node in found] == [("1", "added"), ("2", "added")]
