"""Owns snapshots: the context at every position of a history, small enough to keep them all.

Each is pickled, and compressed against a keyframe. Nothing leaves the process, so classes and functions are kept by
reference: a context of a class that a notebook cell has defined again comes back as the class it was.
"""

from __future__ import annotations

import io
import pickle
import types
import weakref
import zlib
from typing import Any

from legend_lab.core.errors import ContextCopyError, error_text
from legend_lab.lab.copying import copy_context

KEYFRAME_EVERY = 64
"""Snapshots that share a keyframe."""
_ZLIB_LEVEL = 1

_BY_ID: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()


class Snapshots:
    """A growing list of contexts; `restore` gives a fresh copy of any of them."""

    __slots__ = ("_held", "_items", "_last", "_opened")

    def __init__(self) -> None:
        self._items: list[Any] = []
        """Compressed bytes, the position of an equal earlier one, or (where pickle refuses) a deep copy or refusal."""
        self._held: dict[int, Any] = {}
        self._last: tuple[int, bytes] | None = None
        self._opened: tuple[int, bytes] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def append(self, context: object) -> None:
        """Keep the context as it is now; one that cannot be copied raises when it is asked for."""
        position = len(self._items)
        raw = self._pickled(context)
        if raw is None:
            self._items.append(_copied(context))
        elif self._last is not None and self._last[1] == raw:
            self._items.append(self._last[0])
        else:
            self._last = (position, raw)
            self._items.append(self._compressed(position, raw))

    def append_unknown(self, why: str) -> None:
        """Nobody has kept the context of this position; `restore` raises with these words."""
        self._items.append(_Refusal(why))

    def settle(self, context: object) -> None:
        """Let the last snapshot be the context as it is now, if it has changed since."""
        if self._last == (self.first_of(len(self._items) - 1), self._pickled(context)):
            return
        self._items.pop()
        self._last, self._opened = self._newest(), None
        self.append(context)

    def restore(self, position: int) -> Any:  # noqa: ANN401 - the user's own type
        """A fresh copy of the context at `position`.

        Raises:
            ContextCopyError: it could not be copied then, or cannot be built again now.
        """
        item = self._items[position]
        match item:
            case int():
                return self.restore(item)
            case _Refusal():
                raise ContextCopyError(item.text)
            case _Copy():
                return copy_context(item.value)
        try:
            return pickle.loads(self._raw(position))  # noqa: S301 - made by this very object
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise ContextCopyError(f"the context cannot be built again from its copy: {error_text(error)}") from error

    def fork(self, length: int) -> Snapshots:
        """The first `length` snapshots, to grow another way."""
        twin = Snapshots()
        twin._items, twin._held = self._items[:length], self._held.copy()
        twin._last = twin._newest()
        return twin

    @property
    def nbytes(self) -> int:
        """Bytes that the compressed snapshots take."""
        return sum(len(item) for item in self._items if isinstance(item, bytes))

    def first_of(self, position: int) -> int:
        """The earliest position known to have had the very same context as `position`."""
        item = self._items[position]
        return item if isinstance(item, int) else position

    def _newest(self) -> tuple[int, bytes] | None:
        """The last snapshot with its position, where it is one that the next can be compared with."""
        if not self._items:
            return None
        position = self.first_of(len(self._items) - 1)
        return (position, self._raw(position)) if isinstance(self._items[position], bytes) else None

    def _pickled(self, context: object) -> bytes | None:
        buffer = io.BytesIO()
        try:
            _Pickler(buffer, self._held).dump(context)
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001 - whatever the context's classes raise; a deep copy is the other way
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


class _Refusal:
    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def _copied(context: object) -> _Copy | _Refusal:
    try:
        return _Copy(copy_context(context))
    except ContextCopyError as error:
        return _Refusal(str(error))


class _Pickler(pickle.Pickler):
    """Pickles classes, functions and modules by reference to the very object."""

    def __init__(self, buffer: io.BytesIO, held: dict[int, Any]) -> None:
        super().__init__(buffer, protocol=pickle.HIGHEST_PROTOCOL)
        self._held = held

    def reducer_override(self, obj: Any) -> Any:  # noqa: ANN401 - pickle's own signature
        """Keep classes, functions and modules as themselves, `_kept` apart, which pickle finds by its name."""
        if not isinstance(obj, _BY_REFERENCE) or obj is _kept or getattr(obj, "__module__", None) == "builtins":
            return NotImplemented
        self._held[id(obj)] = _BY_ID[id(obj)] = obj
        return _kept, (id(obj),)


_BY_REFERENCE = (type, types.FunctionType, types.ModuleType)


def _kept(key: int) -> Any:  # noqa: ANN401 - whatever was kept
    return _BY_ID[key]
