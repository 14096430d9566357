"""Owns the outer shape of a stored record: a head, rows appended since, and how the two become one.

A record is one JSON object. A store keeps the head (what `dump_json` gave), the rows appended since (each
`{"entry": …, "state": …, "at": …, "reason": …}`) and the newest context; it need not understand more than this.
The record carries a digest of itself, so that damage is noticed; it is no protection against malice.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from legend_lab.core.errors import CorruptRecordError, RecordVersionError
from legend_lab.core.text import shown

FORMAT = "legend_lab.execution"
VERSION = 1

DEEPEST = 500
"""Levels of lists and objects that a record may have; what reads and writes JSON fails at about twice that."""
_TOO_DEEP = f"the data is nested more than {DEEPEST} levels deep"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a record stands: its state's name, the path it stands at, and why."""

    state: str
    at: str | None = None
    reason: str = ""


def read_json(data: bytes | str) -> Any:  # noqa: ANN401 - JSON is any
    """Parse JSON strictly: no NaN or infinities, no repeated keys, bounded depth.

    Raises:
        CorruptRecordError: the data is no such JSON.
    """
    if not isinstance(data, bytes | str):
        hint = "; load takes its data" if hasattr(data, "data") else ""
        message = f"a record is bytes or text, not {type(data).__name__}{hint}"
        raise CorruptRecordError(message)
    try:
        text = data.decode() if isinstance(data, bytes) else data
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_no_repeats)
    except RecursionError:
        raise CorruptRecordError(_TOO_DEEP) from None
    except ValueError as error:
        message = f"the data is no JSON that this project writes: {str(error)[:200]}"
        raise CorruptRecordError(message) from None  # a decoding error holds all of the data
    if is_deeper(value, DEEPEST):
        raise CorruptRecordError(_TOO_DEEP)
    return value


def is_deeper(value: Any, levels: int) -> bool:  # noqa: ANN401 - JSON is any
    """Say whether lists and objects are nested in JSON values more than `levels` deep."""
    level = [value]
    for _ in range(levels):
        objects = [item for item in level if type(item) is dict]
        lists = [item for item in level if type(item) is list]
        level = [child for item in objects for child in item.values()] + [child for item in lists for child in item]
        if not level:
            return False
    return any(type(item) in (dict, list) for item in level)


def write_json(value: object) -> bytes:
    """Write JSON compactly, as UTF-8; lone surrogates are kept as escapes."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def seal(head: dict[str, Any]) -> bytes:
    """Return the whole record as JSON, with its digest."""
    return write_json({**head, "digest": _digest(head)})


def read_head(data: bytes | str, *, any_version: bool = False) -> dict[str, Any]:
    """Parse a whole record and check its format, version and digest, nothing more.

    Raises:
        CorruptRecordError: it is no record.
        RecordVersionError: it was written in another version.
    """
    hint = "; load(data, migrate=...) is the way over"
    return read_sealed(data, FORMAT, VERSION, "execution record", hint=hint, any_version=any_version)


def read_sealed(
    data: bytes | str, format: str, version: int, name: str, *, hint: str = "", any_version: bool = False
) -> dict[str, Any]:
    """Parse what `seal` wrote and check its format, version and digest; error messages call it by its `name`.

    Raises:
        CorruptRecordError: it is no such thing.
        RecordVersionError: it was written in another version.
    """
    head = read_json(data)
    if not isinstance(head, dict) or head.get("format") != format:
        message = f'the data is no {name} (its "format" is not "{format}")'
        raise CorruptRecordError(message)
    short, found = name.rsplit(maxsplit=1)[-1], head.get("version")
    if type(found) is not int or (found != version and not any_version):
        message = f"the {short} has version {str(found)[:40]}, this legend_lab reads version {version}{hint}"
        raise RecordVersionError(message)
    if head.get("digest") != _digest(head):
        message = f"the {short} is damaged: its digest does not fit its content"
        raise CorruptRecordError(message)
    return head


def standing(part: dict[str, Any]) -> Standing:
    """Read where a head or an appended row says the record stands.

    Raises:
        CorruptRecordError: it does not say.
    """
    state, at, reason = part.get("state"), part.get("at"), part.get("reason", "")
    if not isinstance(state, str) or not (at is None or isinstance(at, str)) or not isinstance(reason, str):
        message = "the record does not say where it stands (state, at, reason)"
        raise CorruptRecordError(message)
    return Standing(state, at, reason)


def read_row(row: bytes) -> dict[str, Any]:
    """Parse an appended row and check its outer shape: an entry, and where the record stands after it.

    Raises:
        CorruptRecordError: it is no such row.
    """
    parsed = read_json(row)
    if not isinstance(parsed, dict) or "entry" not in parsed:
        message = "the data is no journal row (an object that holds an entry)"
        raise CorruptRecordError(message)
    standing(parsed)
    return parsed


def join(data: bytes, rows: Iterable[bytes], context: bytes | None) -> bytes:
    """Return the head with the appended rows (in order of their numbers) and the newest context as one record.

    Raises:
        CorruptRecordError: a part is not what it should be.
    """
    rows = list(rows)
    if not rows:
        return data
    head = read_head(data, any_version=True)
    journal = head.get("journal", [])
    if not isinstance(journal, list):
        message = "the record's journal is no list of entries"
        raise CorruptRecordError(message)
    parsed = [read_row(row) for row in rows]
    last = standing(parsed[-1])
    head.update(state=last.state, at=last.at, reason=last.reason)
    head["journal"] = [*journal, *(row["entry"] for row in parsed)]
    if context is not None:
        head["context"] = read_json(context)
    return seal(head)


def _digest(head: dict[str, Any]) -> str:
    content = {key: value for key, value in head.items() if key != "digest"}
    return hashlib.sha256(json.dumps(content, separators=(",", ":"), sort_keys=True).encode()).hexdigest()


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        message = f"{text[:40]} is too large a number"
        raise ValueError(message)
    return number


def _no_constant(name: str) -> Any:  # noqa: ANN401 - never returns
    message = f"{name} is no JSON number"
    raise ValueError(message)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        message = f"an object has the same key twice: {shown(twice)}"
        raise ValueError(message)
    return found
