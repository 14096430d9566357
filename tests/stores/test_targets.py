"""How a store is named, and that its name never tells the password."""

import sys
from pathlib import Path

import pytest

from legend_lab.core.errors import BackendError, StoreError
from legend_lab.runtime.ids import ExecutionId
from legend_lab.stores.sql import SqlStore
from legend_lab.stores.sql_url import Target

ODD_NAMES = [
    "a b?c#d%20e&f=g.db",
    "quo'te\".db",
    "ünï 🚀.db",
    "semi;colon.db",
    "file:x?mode=memory",
    "-dash",
    "%s.db",
    "~",
]


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_a_path_may_hold_any_characters(tmp_path, record, name):
    run_id = ExecutionId.new()
    async with SqlStore(tmp_path / name) as store:
        await store.save(run_id, record())
    assert (tmp_path / name).is_file()
    async with SqlStore(str(tmp_path / name)) as store:
        assert await store.exists(run_id)


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}", "sqlite+aiosqlite:///{}", "sqlite+pysqlite:///{}"])
def test_a_path_and_every_sqlite_url_mean_the_same_file(tmp_path, form):
    target = Target.parse(form.format(tmp_path / "records.db"))
    assert target.path == tmp_path / "records.db"
    assert target.url.drivername == "sqlite+aiosqlite"


def test_a_relative_path_means_the_folder_of_its_day(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("records.db", Path("records.db"), "sqlite:///records.db"):
        assert Target.parse(name).path == tmp_path / "records.db"


@pytest.mark.parametrize("form", ["postgresql://u@h/d", "postgres://u@h/d", "postgresql+psycopg://u@h/d"])
def test_every_postgresql_url_means_psycopg(form):
    target = Target.parse(form)
    assert target.url.drivername == "postgresql+psycopg"
    assert target.shown == "postgresql://u@h/d"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "InMemoryStore"),
        (":memory:", "InMemoryStore"),
        ("sqlite://", "InMemoryStore"),
        ("sqlite:///:memory:", "InMemoryStore"),
        ("sqlite:///x.db?mode=ro", "no settings"),
        ("mysql://h/d", "no store for 'mysql'"),
        ("postgresql+asyncpg://h/d", "psycopg"),
        ("postgresql://h:not-a-port/d", "cannot be read"),
        ("a\0b", "NUL"),
        (b"x.db", "bytes"),
    ],
)
def test_what_names_no_store_is_refused_when_it_is_made(name, message):
    with pytest.raises(StoreError, match=message):
        SqlStore(name)


def test_a_missing_driver_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(BackendError, match=r"pip install 'legend-lab\[postgres\]'"):
        SqlStore("postgresql://u@h/d")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:S3cret@127.0.0.1:1/d",
        "postgresql://127.0.0.1:1/d?user=u&password=S3cret",
        "postgresql://u:S3cret@127.0.0.1:1/d?sslpassword=S3cret",
    ],
)
async def test_no_text_tells_the_password(url):
    async with SqlStore(url) as store:
        with pytest.raises(BackendError) as caught:
            await store.list()
        shown = [str(caught.value), repr(caught.value), repr(store), str(store), repr(vars(store)), repr(store._target)]
        assert not [text for text in shown if "S3cret" in text]
    with pytest.raises(StoreError) as caught:
        SqlStore("postgresql://user:S3cret@host:port/d")
    assert "S3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_making_a_store_opens_nothing(tmp_path):
    store = SqlStore(tmp_path / "records.db")
    await store.close()
    assert list(tmp_path.iterdir()) == []
    assert repr(store) == f"SqlStore({str(tmp_path / 'records.db')!r})"
