"""Claims between real processes: one wins, and the leases of the dead have lapsed."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from legend_lab.core.errors import AlreadyClaimedError
from legend_lab.runtime.ids import ExecutionId
from legend_lab.stores.sql import SqlStore

ROOT = Path(__file__).parents[2]
ROUNDS = 200


class Worker:
    """A process that claims what it is told to."""

    def __init__(self, target):
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("claim_worker.py"), target],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, run_id):
        self.process.stdin.write(f"{run_id}\n")
        self.process.stdin.flush()

    def answer(self):
        return self.process.stdout.readline().strip()

    def die_uncollected(self):
        self.process.kill()
        os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)

    def end(self, how=None):
        if how is not None:
            self.process.send_signal(how)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        code = self.process.wait(60)
        self.process.stdout.close()
        return code


@pytest.fixture
def workers(database):
    started = []

    def start(count):
        started.extend(Worker(database.target) for _ in range(count))
        assert [worker.answer() for worker in started] == ["ready"] * count
        return started

    yield start
    for worker in started:
        if worker.process.returncode is None:
            worker.end()


async def test_processes_that_open_a_new_database_at_once_make_its_tables_once(database, workers):
    workers(4)
    assert await database.open().list() == []


async def test_of_two_processes_that_race_for_a_record_one_wins_every_time(database, workers, record):
    store = database.open()
    ids = [ExecutionId.new() for _ in range(ROUNDS)]
    for run_id in ids:
        await store.save(run_id, record())
    pair = workers(2)
    for number, run_id in enumerate(ids):
        for worker in pair if number % 2 else reversed(pair):
            worker.ask(run_id)
        answers = {worker: worker.answer() for worker in pair}
        winner, loser = sorted(pair, key=answers.get, reverse=True)
        assert answers[winner].startswith("won")
        assert answers[loser].startswith(f"refused process {winner.process.pid} on ")
    with pytest.raises(AlreadyClaimedError):
        await store.claim(ids[0])
    assert [worker.end() for worker in pair] == [0, 0]
    for run_id in ids:  # both have ended without letting go, their hour-long leases with them
        await store.claim(run_id)


async def test_a_claim_brings_what_a_write_under_way_makes_of_the_record(postgres, record):
    postgres.clear()
    run_id = ExecutionId.new()
    is_waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with SqlStore(postgres.url) as store:
        await store.save(run_id, record(at="before"))
        with postgres.connect() as other, postgres.connect() as onlooker:
            with other.transaction():
                other.execute("UPDATE legend_records SET at = 'after' WHERE id = %s", [str(run_id)])
                claiming = asyncio.ensure_future(store.claim(run_id))
                while not onlooker.execute(is_waiting).fetchone()[0]:  # noqa: ASYNC110 - the server raises no event
                    await asyncio.sleep(0)
            assert (await claiming).record.at == "after"


async def test_the_lease_of_a_killed_process_has_lapsed(database, workers, record):
    store, run_id = database.open(), ExecutionId.new()
    await store.save(run_id, record())
    (worker,) = workers(1)
    worker.ask(run_id)
    assert worker.answer().startswith("won")
    with pytest.raises(AlreadyClaimedError, match=str(worker.process.pid)):
        await store.save(run_id, record())
    worker.end(signal.SIGKILL)
    await store.save(run_id, record(at="after the crash"))
    await store.claim(run_id)


async def test_a_process_that_is_dead_but_not_collected_holds_nothing(database, workers, record):
    store, run_id = database.open(), ExecutionId.new()
    await store.save(run_id, record())
    (worker,) = workers(1)
    worker.ask(run_id)
    assert worker.answer().startswith("won")
    worker.die_uncollected()
    await store.claim(run_id)
