"""Owns what SqlStore does inside its transactions: who may write a record, and the writes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Delete,
    Integer,
    Row,
    Update,
    delete,
    literal,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from legend_lab.runtime.holder import Holder
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.record import Standing, join
from legend_lab.runtime.store import PausedRecord
from legend_lab.stores import checks
from legend_lab.stores.sql_database import Tongue
from legend_lab.stores.sql_schema import heads, meta, records, rows

_NOBODY: dict[str, Any] = {"token": None, "holder": None, "until_us": None}


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes one record inside one transaction: for the claim with `token`, or (None) for someone without a claim.

    Every method raises `StaleClaimError` when another token or none holds the record, and without a token
    `AlreadyClaimedError` when a lease lives. All but a first `save` without token raise `NotFoundError`.
    """

    connection: AsyncConnection
    tongue: Tongue
    key: str
    token: int | None

    async def save(self, data: bytes, standing: Standing) -> None:
        """Write a whole record in place of what was there."""
        values = {**_columns(standing), "written_us": self.tongue.now_us(), "context": None}
        if self.token is not None:
            await self._change(update(records).values(values))
        else:
            insert = self.tongue.insert(records).values(id=self.key, **values)
            upsert = insert.on_conflict_do_update(index_elements=["id"], set_=values, where=records.c.token.is_(None))
            upsert = upsert.execution_options(preserve_rowcount=True)  # for an INSERT it is not kept by itself
            if not (await self.connection.execute(upsert)).rowcount:
                await self._end_lapsed_lease()
                await self.connection.execute(upsert)
        head = self.tongue.insert(heads).values(id=self.key, data=data)
        await self.connection.execute(
            head.on_conflict_do_update(index_elements=["id"], set_={"data": head.excluded.data})
        )
        await self.connection.execute(delete(rows).where(rows.c.id == self.key))

    async def append(self, seq: int, entry: bytes, context: bytes, standing: Standing) -> None:
        """Write one journal row and the context after it."""
        values = {**_columns(standing), "written_us": self.tongue.now_us(), "context": context}
        await self._change(update(records).values(values))
        row = self.tongue.insert(rows).values(id=self.key, seq=seq, entry=entry)
        await self.connection.execute(
            row.on_conflict_do_update(index_elements=["id", "seq"], set_={"entry": row.excluded.entry})
        )

    async def delete(self) -> None:
        """Delete the record with all that belongs to it."""
        await self._change(delete(records))
        await self.connection.execute(delete(heads).where(heads.c.id == self.key))
        await self.connection.execute(delete(rows).where(rows.c.id == self.key))

    async def renew(self, lasts_us: int) -> None:
        """Make the lease last from now."""
        await self._change(update(records).values(until_us=self.tongue.now_us() + lasts_us))

    async def release(self) -> None:
        """End the lease, if it is still this one."""
        mine = (records.c.id == self.key, records.c.token == self.token)
        await self.connection.execute(update(records).where(*mine).values(_NOBODY))

    async def _change(self, change: Update | Delete) -> None:
        """Change the record's short row, provided that the token holds it (without a token: that nobody does)."""
        is_held = records.c.token.is_(None) if self.token is None else records.c.token == self.token
        guarded = change.where(records.c.id == self.key, is_held)
        if (await self.connection.execute(guarded)).rowcount:
            return
        if self.token is not None:
            raise checks.stale(self.key, self.token)
        await self._end_lapsed_lease()
        await self.connection.execute(guarded)

    async def _end_lapsed_lease(self) -> None:
        """End it for good, so that its former holder cannot write over what comes now."""
        await _lock_unclaimed(self.connection, self.tongue, self.key)
        await self.connection.execute(update(records).where(records.c.id == self.key).values(_NOBODY))


async def take(
    connection: AsyncConnection, tongue: Tongue, id: ExecutionId, key: str, lasts_us: int
) -> tuple[PausedRecord, int]:
    """Make this process the holder of a record; return the record and the new token.

    Tokens count up over the whole store and the count is never turned back, so no token of a record comes again,
    not even when the record was deleted and saved anew.

    Raises:
        NotFoundError: there is no such record.
        AlreadyClaimedError: another lease lives.
    """
    # The count comes first: changing something takes SQLite's write lock before the lease is looked at.
    await connection.execute(update(meta).where(meta.c.name == "token").values(value=meta.c.value + 1))
    token: int = (await connection.execute(select(meta.c.value).where(meta.c.name == "token"))).scalar_one()
    await _lock_unclaimed(connection, tongue, key)
    record = whole(id, key, (await connection.execute(reading(key))).all())
    await connection.execute(
        update(records)
        .where(records.c.id == key)
        .values(token=token, holder=json.dumps(Holder.here().to_json()), until_us=tongue.now_us() + lasts_us)
    )
    return record, token


def reading(key: str) -> CompoundSelect[Any]:
    """Return the one statement that reads a record whole, so that no write can come in between."""
    head = (
        select(
            literal(-1, Integer).label("seq"),
            heads.c.data.label("part"),
            records.c.context,
            records.c.written_us,
            records.c.state,
            records.c.at,
            records.c.reason,
        )
        .join_from(records, heads, heads.c.id == records.c.id)
        .where(records.c.id == key)
    )
    nothing = [null().label(name) for name in ("context", "written_us", "state", "at", "reason")]
    return union_all(head, select(rows.c.seq, rows.c.entry.label("part"), *nothing).where(rows.c.id == key))


def whole(id: ExecutionId, key: str, found: Iterable[Row[Any]]) -> PausedRecord:
    """Return the record that `reading` found.

    Raises:
        NotFoundError: it found none.
    """
    parts = sorted(found, key=lambda part: part.seq)
    if not parts:
        raise checks.not_found(key)
    head, *appended = parts
    data = join(bytes(head.part), [bytes(part.part) for part in appended], head.context)
    return PausedRecord(id, data, checks.instant(head.written_us), head.state, head.at, head.reason)


async def _lock_unclaimed(connection: AsyncConnection, tongue: Tongue, key: str) -> None:
    """Keep a record's row locked until the transaction ends.

    Raises:
        NotFoundError: there is no such record.
        AlreadyClaimedError: its lease lives.
    """
    columns = (records.c.token, records.c.holder, records.c.until_us, tongue.now_us().label("now_us"))
    found = (await connection.execute(select(*columns).where(records.c.id == key).with_for_update())).one_or_none()
    if found is None:
        raise checks.not_found(key)
    if found.token is not None:
        checks.refuse_living(key, _holder(found.holder), found.until_us, found.now_us)


def _holder(text: str | None) -> Holder:
    try:
        return Holder.from_json(json.loads(text or ""))
    except ValueError:
        return Holder.from_json(None)


def _columns(standing: Standing) -> dict[str, Any]:
    return {"state": standing.state, "at": standing.at, "reason": standing.reason}
