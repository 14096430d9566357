"""Owns what every store refuses at its door, when a lease lives, and the words for a refusal."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from legend_lab.core.errors import (
    AlreadyClaimedError,
    CorruptRecordError,
    NotFoundError,
    StaleClaimError,
    StoreError,
)
from legend_lab.runtime.holder import Holder
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.record import Standing, read_head, read_json, read_row, standing

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_LEASE_S = 10**9
_SEQ_LIMIT = 2**63


def wall_us() -> int:
    """Return this machine's wall clock in microseconds since 1970, UTC."""
    return time.time_ns() // 1000


def instant(us: int) -> datetime:
    """Return microseconds since 1970 as a UTC instant."""
    return _EPOCH + timedelta(microseconds=us)


def key(id: object) -> str:
    """Return the text under which a record is kept.

    Raises:
        StoreError: `id` is no ExecutionId.
    """
    if isinstance(id, ExecutionId):
        uuid: object = id.uuid
        if isinstance(uuid, UUID):
            return str(uuid)
    raise StoreError(f"a record is kept under an ExecutionId, not under {type(id).__name__} {str(id)[:60]!r}")


def whole(data: bytes | str) -> tuple[bytes, Standing]:
    """Return a whole record as bytes, and where it stands.

    Raises:
        CorruptRecordError: it is no record.
    """
    where = standing(read_head(data))
    try:
        return (data.encode() if isinstance(data, str) else data), where
    except UnicodeEncodeError as error:
        raise CorruptRecordError(f"the record's text cannot be written as UTF-8: {error}") from error


def row(seq: object, entry: object, context: object) -> Standing:
    """Return where a record stands after journal row `seq`.

    Raises:
        StoreError: `seq` numbers no row.
        CorruptRecordError: entry or context is not what can be read back.
    """
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 <= seq < _SEQ_LIMIT:
        raise StoreError(f"journal rows are numbered by integers from 0, not by {seq!r}"[:120])
    if not isinstance(entry, bytes) or not isinstance(context, bytes):
        raise CorruptRecordError("a journal row and its context are bytes")
    read_json(context)
    return standing(read_row(entry))


def lease_us(lease_s: object) -> int:
    """Return a lease's length in microseconds.

    Raises:
        StoreError: it is no length of time.
    """
    if isinstance(lease_s, bool) or not isinstance(lease_s, int | float) or not math.isfinite(lease_s):
        raise StoreError(f"a lease lasts a number of seconds, not {lease_s!r}"[:120])
    if not 0 <= lease_s <= _LONGEST_LEASE_S:
        raise StoreError(f"a lease lasts from 0 to {_LONGEST_LEASE_S} seconds, not {lease_s!r}"[:120])
    return round(lease_s * 1_000_000)


def refuse_living(key: str, holder: Holder, until_us: int, now_us: int) -> None:
    """Return if the lease has lapsed: it has run out, or its holder has died.

    Raises:
        AlreadyClaimedError: the lease lives.
    """
    if until_us > now_us and not holder.has_died():
        raise AlreadyClaimedError(key, str(holder), instant(until_us))


def not_found(key: str) -> NotFoundError:
    """Return the error for a record that is not there."""
    return NotFoundError(f"there is no record {key} in the store")


def stale(key: str, token: int) -> StaleClaimError:
    """Return the error for a token that no longer holds its record."""
    return StaleClaimError(
        f"claim {token} on record {key} holds it no longer (released, or lost to a later one); nothing was written: "
        "stop here, and claim the record again to go on"
    )
