"""Owns deltas: what turns one JSON value into the next, so that a page can keep many that are nearly the same.

`static/page.js` reads them. A delta is `[value]`, for a value that takes the other's place; `{"k": {key: delta},
"d": [key]}` for an object, with the keys that change and those that go; or `{"n": length, "i": {index: delta},
"t": [value]}` for a list that keeps its first `length` items, of which some change, and goes on with others.
"""

from __future__ import annotations

from typing import Any


def delta(before: Any, after: Any) -> dict[str, Any] | list[Any] | None:  # noqa: ANN401 - JSON is any
    """What turns `before` into `after`; None when they are equal."""
    if before == after and type(before) is type(after):
        return None
    if isinstance(before, dict) and isinstance(after, dict):
        return _of_objects(before, after)
    if isinstance(before, list) and isinstance(after, list):
        return _of_lists(before, after)
    return [after]


def _of_objects(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    inner = {key: delta(before[key], value) if key in before else [value] for key, value in after.items()}
    found = {"k": {key: change for key, change in inner.items() if change is not None}}
    gone = [key for key in before if key not in after]
    return {**found, "d": gone} if gone else found


def _of_lists(before: list[Any], after: list[Any]) -> dict[str, Any]:
    length = min(len(before), len(after))
    inner = {str(index): delta(before[index], after[index]) for index in range(length)}
    changes = {index: change for index, change in inner.items() if change is not None}
    found: dict[str, Any] = {"n": length}
    if changes:
        found["i"] = changes
    if len(after) > length:
        found["t"] = after[length:]
    return found
