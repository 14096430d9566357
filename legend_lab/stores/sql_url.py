"""Owns Target: which database a URL or path means, and how to name it without its secrets."""

from __future__ import annotations

import importlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from legend_lab.core.errors import BackendError, StoreError

_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]*://")
_IN_MEMORY = ("", ":memory:")
_ADVICE = "a store is named by a file's path, sqlite:///path or postgresql://user@host/database"


@dataclass(frozen=True, slots=True)
class Target:
    """A database to connect to.

    Attributes:
        url: what SQLAlchemy connects to; may hold the password, so it is in no text.
        path: the file of an SQLite database, absolute; None for a server.
        shown: the database in words, without password.
        secrets: texts that no message may hold.
    """

    url: URL = field(repr=False)
    path: Path | None
    shown: str
    secrets: tuple[str, ...] = field(repr=False, default=())

    @classmethod
    def parse(cls, url_or_path: str | os.PathLike[str]) -> Target:
        """Read a URL or a plain path.

        Raises:
            StoreError: it names no database that this store can use.
            BackendError: the driver is missing.
        """
        text = os.fspath(url_or_path)
        if not isinstance(text, str):
            raise StoreError(f"{_ADVICE}; this is {type(text).__name__}")
        if not _SCHEME.match(text):
            return _file(text)
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            raise StoreError(f"the store's URL cannot be read; {_ADVICE}") from None  # the error would quote it
        match url.get_backend_name():
            case "sqlite":
                if url.query:
                    raise StoreError("an SQLite store takes no settings in its URL: give sqlite:///path alone")
                return _file(url.database or "")
            case "postgresql" | "postgres":
                return _server(url)
            case name:
                raise StoreError(f"there is no store for {name!r}; {_ADVICE}")


def _file(text: str) -> Target:
    if text in _IN_MEMORY:
        raise StoreError("an SQLite store needs a file; to keep records in memory use InMemoryStore()")
    if "\0" in text:
        raise StoreError("a file's path holds no NUL character")
    path = Path(os.path.abspath(text))  # noqa: PTH100 - resolve() would follow links
    return Target(URL.create("sqlite+aiosqlite", database=str(path)), path, str(path))


def _server(url: URL) -> Target:
    driver = url.drivername.partition("+")[2]
    if driver not in ("", "psycopg"):
        raise StoreError(f"PostgreSQL is reached through psycopg, not {driver!r}: write postgresql://…")
    try:
        importlib.import_module("psycopg")
    except ImportError as error:
        raise BackendError(
            "PostgreSQL needs the psycopg driver: install it with  pip install 'legend-lab[postgres]'"
        ) from error
    secrets = [str(url.password)] if url.password else []
    for name, value in url.query.items():
        if "password" in name.lower():
            secrets.extend([value] if isinstance(value, str) else value)
    shown = URL.create(
        "postgresql",
        username=url.username,
        password="***" if url.password else None,
        host=url.host,
        port=url.port,
        database=url.database,
    ).render_as_string(hide_password=True)
    return Target(url.set(drivername="postgresql+psycopg"), None, shown, tuple(secrets))
