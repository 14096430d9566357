"""Owns deltas: what turns one JSON value into the next, so that a page can keep many that are nearly the same.

`static/page.js` reads them. A delta is `[value]`, for a value that takes the other's place; `{"k": {key: delta},
"d": [key]}` for an object, with the keys that change and those that go; or `{"n": length, "i": {index: delta},
"t": [value]}` for a list that keeps its first `length` items, of which some change, and goes on with others.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any, TypeAlias

Json: TypeAlias = Any
Delta: TypeAlias = dict[str, Any] | list[Any] | None


class Reel:
    """A growing row of JSON values, kept as the first and what turns each into the next; the oldest can be let go.

    Attributes:
        gone: how many of the oldest were let go.
    """

    def __init__(self) -> None:
        self.gone = 0
        self._first: Json = None
        self._last: Json = None
        self._changes: deque[Delta] = deque()
        self._sizes: deque[int] = deque()
        self._room_taken = 0
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, value: Json) -> None:
        """Let `value` be the last."""
        if self._length:
            self._changes.append(delta(self._last, value))
            self._sizes.append(_size(self._changes[-1]))
            self._room_taken += self._sizes[-1]
        else:
            self._first, self._room_taken = value, _size(value)
        self._last = value
        self._length += 1

    def shorten(self, room: int) -> None:
        """Let the oldest go until the rest takes no more than `room` characters of JSON, if need be all of them."""
        while self._length and self._room_taken > room:
            self._room_taken -= _size(self._first)
            self.gone += 1
            self._length -= 1
            if self._length:
                self._first = applied(self._first, self._changes.popleft())
                self._room_taken += _size(self._first) - self._sizes.popleft()

    @property
    def states(self) -> list[Json]:
        """The first value as it is, then the deltas; empty when there is none."""
        return [self._first, *self._changes] if self._length else []


def _size(value: Json) -> int:
    return len(json.dumps(value))


def delta(before: Json, after: Json) -> Delta:
    """What turns `before` into `after`; None when they are equal."""
    if before == after and type(before) is type(after):
        return None
    if isinstance(before, dict) and isinstance(after, dict):
        return _of_objects(before, after)
    if isinstance(before, list) and isinstance(after, list):
        return _of_lists(before, after)
    return [after]


def applied(before: Json, change: Delta) -> Json:
    """`before`, changed; it stays as it is itself."""
    if change is None:
        return before
    if isinstance(change, list):
        return change[0]
    if isinstance(before, list):
        kept = before[: change["n"]]
        for index, inner in change.get("i", {}).items():
            kept[int(index)] = applied(kept[int(index)], inner)
        return kept + change.get("t", [])
    gone = change.get("d", [])
    changed = {key: value for key, value in before.items() if key not in gone}
    return changed | {key: applied(before.get(key), inner) for key, inner in change.get("k", {}).items()}


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
