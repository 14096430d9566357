"""Owns the tables of SqlStore, their version, and how they come into being."""

from __future__ import annotations

import json

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Dialect,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    inspect,
    select,
)

from legend_lab.core.errors import BackendError

SCHEMA_VERSION = 1


class EscapedText(TypeDecorator[str]):
    """Any Python text as plain text: what UTF-8 or PostgreSQL cannot hold (lone surrogates, NUL) is kept escaped."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the interface
        """Return the text with JSON's escapes."""
        return None if value is None else json.dumps(value)[1:-1]

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the interface
        """Return the text without its escapes."""
        if value is None or "\\" not in value:
            return value
        return str(json.loads(f'"{value}"', strict=False))


metadata = MetaData()

# Numbers about the whole store: "schema" is its version, "token" the last fencing token given out.
meta = Table(
    "legend_meta",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# One short row per record: what a listing shows, and who holds the claim. Its token sits in the very row that every
# write has to change, so checking the token and writing are one statement. The context comes last: it may be long.
records = Table(
    "legend_records",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("state", EscapedText, nullable=False),
    Column("at", EscapedText),
    Column("reason", EscapedText, nullable=False),
    Column("written_us", BigInteger, nullable=False),
    Column("token", BigInteger),
    Column("holder", Text),
    Column("until_us", BigInteger),
    Column("context", LargeBinary),
)

# The record as last saved whole; apart from the short row, because appending must not write it again.
heads = Table(
    "legend_heads",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

# The journal rows appended since, clustered by record.
rows = Table(
    "legend_rows",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("entry", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)


def is_there(connection: Connection) -> bool:
    """Say whether the tables exist.

    Raises:
        BackendError: they do, in a version that is not this one.
    """
    if not inspect(connection).has_table(meta.name):
        return False
    version = connection.execute(select(meta.c.value).where(meta.c.name == "schema")).scalar()
    if version is None:
        return False
    if version != SCHEMA_VERSION:
        raise BackendError(
            f"the store's tables have version {version}, this legend_lab uses version {SCHEMA_VERSION}: "
            "use the legend_lab that made them, or a new file or database"
        )
    return True


def create(connection: Connection) -> None:
    """Create the tables, within a transaction that keeps others from doing the same."""
    metadata.create_all(connection)
    connection.execute(meta.insert(), [{"name": "schema", "value": SCHEMA_VERSION}, {"name": "token", "value": 0}])
