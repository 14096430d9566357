"""Owns snapshots: the context at every position of a history, small enough to keep them all.

Each is pickled, and compressed against a keyframe. Nothing leaves the process, so classes and functions are kept by
reference: a context of a class that a notebook cell has defined again comes back as the class it was.
"""

from __future__ import annotations

import copy
import io
import pickle
import types
import weakref
import zlib
from typing import Any

KEYFRAME_EVERY = 64
"""Snapshots that share a keyframe."""
_ZLIB_LEVEL = 1

_BY_ID: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()


class Snapshots:
    """A growing list of contexts; `restore` gives a fresh copy of any of them."""

    __slots__ = ("_held", "_items", "_last", "_opened")

    def __init__(self) -> None:
        self._items: list[Any] = []
        """Compressed bytes, the position of an equal earlier one, or (where pickle refuses) a deep copy."""
        self._held: dict[int, Any] = {}
        self._last: tuple[int, bytes] | None = None
        self._opened: tuple[int, bytes] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def append(self, context: object) -> None:
        """Keep the context as it is now.

        Raises:
            Exception: whatever the context raises when it is copied.
        """
        position = len(self._items)
        raw = self._pickled(context)
        if raw is None:
            self._items.append(_Copy(copy.deepcopy(context)))
            return
        if self._last is not None and self._last[1] == raw:
            self._items.append(self._last[0])
            return
        self._last = (position, raw)
        self._items.append(self._compressed(position, raw))

    def restore(self, position: int) -> Any:  # noqa: ANN401 - the user's own type
        """A fresh copy of the context at `position`."""
        item = self._items[position]
        if isinstance(item, _Copy):
            return copy.deepcopy(item.value)
        if isinstance(item, int):
            return self.restore(item)
        return pickle.loads(self._raw(position))  # noqa: S301 - made by this very object

    def fork(self, length: int) -> Snapshots:
        """The first `length` snapshots, to grow another way."""
        twin = Snapshots()
        twin._items, twin._held = self._items[:length], self._held.copy()
        return twin

    @property
    def nbytes(self) -> int:
        """Bytes that the compressed snapshots take."""
        return sum(len(item) for item in self._items if isinstance(item, bytes))

    def is_same(self, position: int) -> bool:
        """Whether the context at `position` is the one before it, unchanged."""
        return isinstance(self._items[position], int)

    def _pickled(self, context: object) -> bytes | None:
        buffer = io.BytesIO()
        try:
            _Pickler(buffer, self._held).dump(context)
        except Exception:  # noqa: BLE001 - whatever the context's classes raise; a deep copy is the other way
            return None
        return buffer.getvalue()

    def _keyframe_of(self, position: int) -> int | None:
        """The nearest earlier whole snapshot in the same group; None when `position` begins one."""
        first = position - position % KEYFRAME_EVERY
        return next((i for i in range(first, position) if isinstance(self._items[i], bytes)), None)

    def _compressed(self, position: int, raw: bytes) -> bytes:
        key = self._keyframe_of(position)
        if key is None:
            return zlib.compress(raw, _ZLIB_LEVEL)
        packer = zlib.compressobj(_ZLIB_LEVEL, zdict=self._raw(key))
        return packer.compress(raw) + packer.flush()

    def _raw(self, position: int) -> bytes:
        if self._opened is not None and self._opened[0] == position:
            return self._opened[1]
        key = self._keyframe_of(position)
        if key is None:
            raw = zlib.decompress(self._items[position])
            self._opened = (position, raw)
            return raw
        opener = zlib.decompressobj(zdict=self._raw(key))
        return opener.decompress(self._items[position]) + opener.flush()


class _Copy:
    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


class _Pickler(pickle.Pickler):
    """Pickles classes, functions and modules by reference to the very object."""

    def __init__(self, buffer: io.BytesIO, held: dict[int, Any]) -> None:
        super().__init__(buffer, protocol=pickle.HIGHEST_PROTOCOL)
        self._held = held

    def reducer_override(self, obj: Any) -> Any:  # noqa: ANN401 - pickle's own signature
        """Keep what has a name as itself."""
        if isinstance(obj, type | types.FunctionType | types.ModuleType) and obj.__module__ != "builtins":
            self._held[id(obj)] = _BY_ID[id(obj)] = obj
            return _kept, (id(obj),)
        return NotImplemented


def _kept(key: int) -> Any:  # noqa: ANN401 - whatever was kept
    return _BY_ID[key]
