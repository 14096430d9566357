"""Owns the context as a tree of texts, with what changed between two moments; hostile values stay texts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel

Change = Literal["same", "inside", "added", "removed", "changed"]

LONGEST_TEXT = 2_000
"""Characters of a value's text; what is longer is cut, and says so."""
MOST_CHILDREN = 200
"""Values shown inside one value; what is more is counted."""
DEEPEST = 8
"""Levels shown; what is deeper is shown as text."""


class Key(NamedTuple):
    """By what a value is held: the text of a field, an index or a key, and the type of a key that is no text itself."""

    text: str
    kind: str = ""


def names_of(keys: Iterable[Key]) -> dict[Key, str]:
    """What each key is called: a key that is no text says its type where a text reads the same, as 1 and "1" do."""
    known = list(keys)
    texts = {key.text for key in known if not key.kind}
    return {key: f"{key.text} ({key.kind})" if key.kind and key.text in texts else key.text for key in known}


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """A value of the context at one moment, compared with an earlier one.

    Attributes:
        key: field, item or index by which its parent holds it.
        text: its `repr`, cut; of a removed value, what it was.
        change: what became of it; `"inside"` when only something below it changed.
        before: the text of what a changed value was.
        children: the values inside, empty for a leaf.
    """

    key: str
    text: str
    change: Change = "same"
    before: str | None = None
    children: tuple[Node, ...] = ()


def context_tree(before: object, after: object) -> tuple[Node, ...]:
    """The values of `after`, with what changed since `before`; both may be the same object."""
    old, new = children_of(before), children_of(after)
    if new is None:
        return (_leaf("context", before, after),)
    return _nodes(dict(old or ()), dict(new), (after,))


def children_of(value: object) -> list[tuple[Key, object]] | None:
    """What a value holds, by key; None for a leaf, and for a value that does not let itself be looked into."""
    try:
        return _held_by(value)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - the value's own code
        return None


def _held_by(value: object) -> list[tuple[Key, object]] | None:
    if isinstance(value, BaseModel):
        return [(Key(name), item) for name, item in {**value.__dict__, **(value.__pydantic_extra__ or {})}.items()]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(Key(item.name), getattr(value, item.name, None)) for item in dataclasses.fields(value)]
    if isinstance(value, Mapping):
        return [(key_of(key), item) for key, item in list(value.items())]
    if isinstance(value, list | tuple):
        return [(Key(str(index)), item) for index, item in enumerate(value)]
    return None


def key_of(key: object) -> Key:
    """What a mapping's key is as a `Key`."""
    return Key(key) if isinstance(key, str) else Key(safe_repr(key), type(key).__name__)


def safe_repr(value: object, longest: int = LONGEST_TEXT) -> str:
    """The value's `repr`, cut to `longest`, whatever the value's own code does."""
    try:
        text = repr(value)
        if not isinstance(text, str):
            text = f"<{type(value).__name__}>"
    except RecursionError:
        text = f"<{type(value).__name__}, too deep to show>"
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - the value's own __repr__
        text = f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text):,} characters)"


def changes_in(nodes: tuple[Node, ...], prefix: str = "") -> list[tuple[str, Node]]:
    """Every node that was added, removed or changed, with its dotted place."""
    found: list[tuple[str, Node]] = []
    for node in nodes:
        place = f"{prefix}{node.key}"
        if node.change in ("added", "removed", "changed"):
            found.append((place, node))
        else:
            found += changes_in(node.children, f"{place}.")
    return found


_GONE = object()
_PLAIN = (list, tuple)
"""Types that run no code of the user's when they are asked; subclasses may."""


_Way = tuple[object, ...]
"""The values of which one is inside the other, down to the one that is looked at."""


def _nodes(old: dict[Key, object], new: dict[Key, object], way: _Way) -> tuple[Node, ...]:
    keys = list(dict.fromkeys([*new, *old]))
    names = names_of(keys)
    nodes = [_node(names[key], old.get(key, _GONE), new.get(key, _GONE), way) for key in keys[:MOST_CHILDREN]]
    if len(keys) > MOST_CHILDREN:
        nodes.append(Node("…", f"{len(keys) - MOST_CHILDREN:,} more"))
    return tuple(nodes)


def _node(key: str, old: object, new: object, way: _Way) -> Node:
    if new is _GONE:
        return Node(key, _text(old, way), "removed")
    if any(new is above for above in way):
        return Node(key, f"{type(new).__name__} that it is inside of", "added" if old is _GONE else "same")
    if old is _GONE:
        return Node(key, _text(new, way), "added", children=_inside(new, new, way))
    if type(old) is type(new) and len(way) <= DEEPEST and (children := _inside(old, new, way)):
        change: Change = "inside" if any(child.change != "same" for child in children) else "same"
        return Node(key, _text(new, way), change, children=children)
    return _leaf(key, old, new)


def _inside(old: object, new: object, way: _Way) -> tuple[Node, ...]:
    if len(way) > DEEPEST:
        return ()
    if type(new) in _PLAIN and type(old) in _PLAIN:
        return _items(old, new, (*way, new))  # type: ignore[arg-type] # mypy does not follow `in`
    new_children = children_of(new)
    return _nodes(dict(children_of(old) or ()), dict(new_children), (*way, new)) if new_children else ()


def _items(old: Sequence[object], new: Sequence[object], way: _Way) -> tuple[Node, ...]:
    """Only as many items as are shown are looked at: a list may have a million."""
    first, second = (dict(children_of(items[:MOST_CHILDREN]) or ()) for items in (old, new))
    more = max(len(old), len(new)) - MOST_CHILDREN
    return (*_nodes(first, second, way), *([Node("…", f"{more:,} more")] if more > 0 else []))


def _leaf(key: str, old: object, new: object) -> Node:
    text = safe_repr(new)
    if old is new or _equal(old, new):
        return Node(key, text)
    return Node(key, text, "changed", before=safe_repr(old))


def _text(value: object, way: _Way) -> str:
    """A short text for what can be opened, the whole text for a leaf."""
    size = 0 if len(way) > DEEPEST else _size(value)
    if not size:
        return safe_repr(value)
    name = type(value).__name__
    return f"{name} of {size:,}" if issubclass(type(value), list | tuple | Mapping) else name


def _size(value: object) -> int:
    """How many values it holds."""
    return len(value) if type(value) in _PLAIN else len(children_of(value) or ())  # type: ignore[arg-type] # the same


def _equal(old: object, new: object) -> bool:
    try:
        return type(old) is type(new) and bool(old == new)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - the value's own __eq__
        return safe_repr(old) == safe_repr(new)
