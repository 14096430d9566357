"""What an append writes does not depend on how long the history is."""

import contextlib
import sqlite3
import statistics
from pathlib import Path

from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.record import write_json

CONTEXT = write_json({"notes": "c" * 2000})
FRAME = 24 + 4096  # one page in SQLite's write-ahead log
LONG = 20_000


class SqliteBytes:
    """Counts what goes to the write-ahead log, which is all that a commit writes."""

    def __init__(self, database):
        self._path = Path(database.target)
        self._other = sqlite3.connect(self._path, isolation_level=None)

    async def of(self, append):
        assert self._other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        await append
        return self._size()

    def _size(self):
        return Path(f"{self._path}-wal").stat().st_size

    def add_history(self, run_id, entry):
        rows = ((str(run_id), seq, entry) for seq in range(100, LONG))
        self._other.execute("BEGIN")
        self._other.executemany("INSERT INTO legend_rows VALUES (?, ?, ?)", rows)
        self._other.execute("COMMIT")

    def close(self):
        self._other.close()


class PostgresBytes:
    """Counts what goes to the server's write-ahead log."""

    def __init__(self, database):
        self._other = database._server.connect()

    async def of(self, append):
        before = self._position()
        await append
        return self._position() - before

    def add_history(self, run_id, entry):
        self._other.execute(
            "INSERT INTO legend_rows SELECT %s, n, %s FROM generate_series(100, %s) AS n",
            [str(run_id), entry, LONG - 1],
        )

    def _position(self):
        return int(self._other.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()[0])

    def close(self):
        self._other.close()


async def measure(count, claim, row, start):
    """Return how many bytes appends usually write, and at most."""
    entry = row({"notes": "e" * 500})
    sizes = [await count.of(claim.append(seq, entry, CONTEXT)) for seq in range(start, start + 20)]
    return statistics.median(sizes), max(sizes)


async def test_an_append_to_a_long_history_writes_as_much_as_the_first(database, record, row):
    store, run_id = database.open(), ExecutionId.new()
    await store.save(run_id, record(journal=["saved long ago " * 50_000]))
    claim = await store.claim(run_id)
    count = SqliteBytes(database) if database.name == "sqlite" else PostgresBytes(database)
    with contextlib.closing(count):
        early, _ = await measure(count, claim, row, 0)
        count.add_history(run_id, row({"notes": "e" * 500}))
        late, most = await measure(count, claim, row, LONG)
    assert late <= early + FRAME  # the tree of rows may be a page deeper
    assert most <= 15 * FRAME  # and now and then a page of it splits
