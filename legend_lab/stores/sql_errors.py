"""Owns the sentences for what a database can do wrong: what happened, and what to do about it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from legend_lab.core.errors import BackendError
from legend_lab.stores.sql_url import Target

DRIVER_ERRORS: tuple[type[Exception], ...] = (SQLAlchemyError, sqlite3.Error, OSError)

_AGAIN = "then try again; what was stored is unchanged"

# By the beginning of SQLite's error name.
_SQLITE = {
    "SQLITE_FULL": f"the disk is full: free some space, {_AGAIN}",
    "SQLITE_IOERR": f"the disk failed or is full: check it and free some space, {_AGAIN}",
    "SQLITE_READONLY": (
        "the file, its directory or a helper file (same name, with -wal or -shm) is read-only: "
        f"let this user write all of them, {_AGAIN}"
    ),
    "SQLITE_PERM": f"this user may not use the file: let this user read and write it, {_AGAIN}",
    "SQLITE_NOTADB": "the file is no SQLite database, or is encrypted: name another file; this one was not touched",
    "SQLITE_CORRUPT": "the database file is damaged: bring back a copy, or rescue it with  sqlite3 FILE .recover",
    "SQLITE_BUSY": f"another program keeps the database locked: let it finish, {_AGAIN}",
    "SQLITE_LOCKED": f"another program keeps the database locked: let it finish, {_AGAIN}",
    "SQLITE_TOOBIG": "the record is larger than SQLite takes (1 GB): keep large data elsewhere",
}

# By the beginning of PostgreSQL's SQLSTATE.
_POSTGRES = {
    "08": f"the connection broke: check server and network, {_AGAIN}",
    "25006": "the server takes no writes (a standby?): connect to the primary",
    "53100": f"the server's disk is full: free some space there, {_AGAIN}",
    "53300": f"the server has no connection left: close some, or raise max_connections, {_AGAIN}",
    "53": f"the server is short of resources: relieve it, {_AGAIN}",
    "55P03": f"another transaction keeps the record or table locked: let it finish, {_AGAIN}",
    "57P": f"the server is stopping or starting: wait until it runs, {_AGAIN}",
    "40": f"the server broke off the transaction in favour of another: {_AGAIN}",
    "42501": "the user lacks a right on the tables: grant it, or connect as their owner",
    "42P01": "the store's tables are gone: they are made anew at the next call",
    "XX": "the database is damaged: bring back a copy; see the server's log",
    "58": "the server's disk failed: see the server's log",
}


def explain(error: Exception, target: Target, *, committing: bool) -> BackendError:
    """Return the error to raise for one that came from the driver; it says what to do, and holds no password."""
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    sentence = _sentence(original, target.path)
    if committing and target.path is None:
        sentence = f"the answer to the commit got lost, so the last write may or may not be there: {sentence}"
    text = " ".join(str(original).split())
    for secret in target.secrets:
        text = text.replace(secret, "***")
    return BackendError(f"{target.shown}: {sentence} ({text[:300]})")


def _sentence(original: BaseException, path: Path | None) -> str:
    if path is None:
        return _server_sentence(original)
    name = str(getattr(original, "sqlite_errorname", ""))
    if name.startswith("SQLITE_CANTOPEN"):
        return _cannot_open(path)
    known = (text for start, text in _SQLITE.items() if name.startswith(start))
    return next(known, f"SQLite failed: put right what it says, {_AGAIN}")


def _cannot_open(path: Path) -> str:
    try:
        if path.is_dir():
            return "this is a directory: name a file in it"
        if not path.parent.is_dir():
            return "the file's directory does not exist: create it, then try again"
    except OSError:
        pass
    return f"the file cannot be opened: let this user read and write it and its directory, {_AGAIN}"


def _server_sentence(original: BaseException) -> str:
    state = getattr(original, "sqlstate", None)
    if not isinstance(state, str):
        return (
            "there is no connection to the server: start it, or put right host, port, database, user or password "
            f"in the URL, {_AGAIN}"
        )
    known = (text for start, text in _POSTGRES.items() if state.startswith(start))
    return next(known, f"PostgreSQL failed: put right what it says, {_AGAIN}")
