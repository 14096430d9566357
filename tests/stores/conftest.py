"""Owns the backends that the store tests run on, and a private PostgreSQL server for as long as they run."""

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from legend_lab.runtime.record import FORMAT, VERSION, seal, write_json
from legend_lab.stores.checks import wall_us
from legend_lab.stores.memory import InMemoryStore
from legend_lab.stores.sql import SqlStore

PASSWORD = "p'w%/@: word"  # noqa: S105 - of a server that lives as long as the tests
_USER = "lab"
_MISSING = (
    "The store tests need PostgreSQL's server programs (initdb, postgres). Install them (Debian: apt-get install "
    "postgresql; macOS: brew install postgresql), or set LEGEND_LAB_POSTGRES_BIN to their folder, "
    "or set LEGEND_LAB_NO_POSTGRES=1 to leave PostgreSQL out knowingly."
)


def make_record(*, state="Paused", at="a", reason="it waits", journal=(), context=None, **more):
    """Return a minimal valid record."""
    record = {"format": FORMAT, "version": VERSION, "state": state, "at": at, "reason": reason}
    return seal({**record, "journal": list(journal), "context": context or {}, **more})


def make_row(entry, *, state="Running", at="b", reason=""):
    """Return a journal row as a run appends it."""
    return write_json({"entry": entry, "state": state, "at": at, "reason": reason})


class PostgresServer:
    """A PostgreSQL server of our own: its data in a new folder, on the loopback, stopped at the end."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.folder = folder
        self._programs = programs
        self._as_user = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = _unprivileged()
            os.chown(folder, user.pw_uid, user.pw_gid)
            self._as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        secret = folder / "password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o644)
        options = ["--auth=scram-sha-256", f"--username={_USER}", f"--pwfile={secret}", "--encoding=UTF8", "--locale=C"]
        self._run("initdb", "-D", str(folder / "data"), "--no-sync", *options)
        self._process = None
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql://{_USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/postgres"

    def connect(self):
        """Return a driver connection of the tests' own."""
        import psycopg  # noqa: PLC0415 - only where PostgreSQL is wanted

        return psycopg.connect(self.url, autocommit=True)

    def clear(self) -> None:
        with self.connect() as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")

    def start(self) -> None:
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "autovacuum": "off",
            "log_checkpoints": "off",
        }
        arguments = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [self._programs / "postgres", "-D", self.folder / "data", *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"},
            text=True,
            **self._as_user,
        )
        self._log: list[str] = []
        is_ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self._process.stderr, is_ready), daemon=True)
        self._reader.start()
        assert is_ready.wait(60), "PostgreSQL did not start"
        assert self._process.poll() is None, "".join(self._log)

    def stop(self, how=signal.SIGINT) -> None:
        """Stop the server, breaking off its connections."""
        if self._process.poll() is None:
            self._process.send_signal(how)
        self._process.wait(60)
        self._reader.join(60)

    def _read(self, stream, is_ready) -> None:
        with stream:
            for line in stream:
                self._log.append(line)
                if "ready to accept connections" in line:
                    is_ready.set()
        is_ready.set()

    def _run(self, program, *arguments) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            **self._as_user,
        )
        assert done.returncode == 0, done.stderr


def _unprivileged():
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    pytest.fail("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as")


def _programs() -> Path | None:
    named, found = os.environ.get("LEGEND_LAB_POSTGRES_BIN"), shutil.which("postgres")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if named:
        folders = [Path(named)]
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    if os.environ.get("LEGEND_LAB_NO_POSTGRES") == "1":
        pytest.skip("PostgreSQL is left out knowingly (LEGEND_LAB_NO_POSTGRES=1)")
    programs = _programs()
    if programs is None:  # in CI that is a failure; on a person's machine it is said, loudly, at the end of the run
        (pytest.fail if os.environ.get("CI") else pytest.skip)(_MISSING)
    with tempfile.TemporaryDirectory(prefix="lab-pg-", dir="/tmp") as folder:
        server = PostgresServer(programs, Path(folder))
        try:
            yield server
        finally:
            server.stop()


class Backend:
    """One kind of store under test, with a clock of leases that the test can move."""

    name = "memory"

    def __init__(self) -> None:
        self.passed_us = 0
        self._store = InMemoryStore(now_us=self.now_us)

    def now_us(self) -> int:
        return wall_us() + self.passed_us

    def open(self, **_settings):
        """Return a store on the data of this test; several see the same records."""
        return self._store

    async def pass_time(self, seconds: float) -> None:
        self.passed_us += round(seconds * 1_000_000)

    async def close(self) -> None:
        """Close every store that was opened."""


class SqliteBackend(Backend):
    name = "sqlite"

    def __init__(self, path: Path) -> None:
        self.passed_us = 0
        self.target = str(path)
        self._opened = []

    def open(self, **settings):
        self._opened.append(SqlStore(self.target, now_us=self.now_us, **settings))
        return self._opened[-1]

    async def close(self) -> None:
        await asyncio.gather(*(store.close() for store in self._opened))


class PostgresBackend(SqliteBackend):
    name = "postgres"

    def __init__(self, server: PostgresServer) -> None:
        super().__init__(Path())
        self.target = server.url
        self._server = server

    async def pass_time(self, seconds: float) -> None:
        with self._server.connect() as connection:  # its clock is its own: move the leases the other way
            connection.execute("UPDATE legend_records SET until_us = until_us - %s", [round(seconds * 1_000_000)])


def _make(kind, request) -> Backend:
    if kind == "memory":
        return Backend()
    if kind == "sqlite":
        return SqliteBackend(request.getfixturevalue("tmp_path") / "records.db")
    server = request.getfixturevalue("postgres")
    server.clear()
    return PostgresBackend(server)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def backend(request) -> Iterator[Backend]:
    made = _make(request.param, request)
    yield made
    asyncio.run(made.close())


@pytest.fixture(params=["sqlite", "postgres"])
def database(request) -> Iterator[Backend]:
    made = _make(request.param, request)
    yield made
    asyncio.run(made.close())


@pytest.fixture
def store(backend):
    return backend.open()


@pytest.fixture
def record():
    return make_record


@pytest.fixture
def row():
    return make_row
