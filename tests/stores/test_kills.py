"""Processes that are killed at every moment of a run, and processes that want the same record (S17)."""

import json
import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from legend_lab import ExecutionFinishedError
from legend_lab.core.errors import NotFoundError
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.record import seal
from tests.stores.kill_worker import World, finish, load, trip

ROOT = Path(__file__).parents[2]
ROUNDS = 200

PLANS = {
    "forward": {"leg.flight": ["fail"], "leg.seat": ["pause"]},
    "undoing": {"leg.flight": ["fail"], "charge": ["fail"], "undo leg.seat": ["pause"]},
    "failed undo": {"charge": ["fail"], "undo hotel": ["fail"], "undo leg.flight": ["ok"]},
}
RESULTS = {"forward": "Completed", "undoing": "Failed", "failed undo": "Failed"}


class Worker:
    """A process that does what it is told; see `kill_worker.py`."""

    def __init__(self, how, target, path):
        paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("kill_worker.py"), how, target, path],
            env={**os.environ, "PYTHONPATH": paths},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, *order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def hear(self):
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.kill()
        self.process.wait(60)
        self.process.stdin.close()
        self.process.stdout.close()


class Effects:
    """What steps have done in the world."""

    def __init__(self, path):
        self.path = path
        path.touch()

    def of(self, run_id):
        lines = map(json.loads, self.path.read_text().splitlines())
        return [(place, number) for place, number, key in lines if key.startswith(str(run_id))]


@pytest.fixture
def effects(tmp_path):
    return Effects(tmp_path / "effects.jsonl")


@pytest.fixture
def workers(database, effects):
    started = []

    def start(how, count=1):
        started.extend(Worker(how, database.target, str(effects.path)) for _ in range(count))
        assert [worker.hear() for worker in started] == [["ready"]] * count
        return started

    yield start
    for worker in started:
        worker.end()


def kill_at(worker, what, run_id, spot, plan):
    """Let a process go as far as `spot`, and kill it there; False when it ended without coming by."""
    worker.tell(what, str(run_id), [spot], plan)
    said = worker.hear()
    if said[0] == "at":
        os.kill(said[2], signal.SIGKILL)
    assert worker.hear() == ["ended", -signal.SIGKILL if said[0] == "at" else 0]
    return said[0] == "at"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", PLANS)
async def test_killed_at_any_moment_a_run_ends_right_in_another_process(database, workers, effects, name):
    plan, store, (worker,) = PLANS[name], database.open(), workers("forks")
    whole = ExecutionId.new()
    worker.tell("start", str(whole), [], plan)
    result, spots = worker.hear()
    assert worker.hear() == ["ended", 0]
    assert result == RESULTS[name]
    wanted = effects.of(whole)
    assert len(spots) == len(set(spots)) > 40
    seen = set()
    if name == "failed undo":  # the way there is that of the other plans
        spots = spots[spots.index("charge#1 begins") :]
    for number, spot in enumerate(spots):
        run_id, kills = ExecutionId.new(), [spot]
        assert kill_at(worker, "start", run_id, spot, plan)
        if number % 2:  # and once more, soon after it was taken up again
            second = f"write {1 + number % 5} " + ("begins" if number % 3 else "ends")
            if await stands(store, run_id):
                kills += [second] * kill_at(worker, "resume", run_id, second, plan)
        await end_right(store, run_id, World(str(effects.path), plan=plan), RESULTS[name], seen)
        check(effects.of(run_id), wanted, kills)
    assert {"restarted", "step paused" if name == "forward" else "restarted"} <= seen


async def stands(store, run_id):
    """Say whether there is a record, and one that can go on."""
    try:
        data = (await store.get(run_id)).data
        load(data, None, None)
    except (NotFoundError, ExecutionFinishedError):
        return False
    return True


async def end_right(store, run_id, world, result, seen):
    """Take the run up in this process, whose lease is another, and go on to the end."""
    if not await store.exists(run_id):
        new = trip().build({"calls": {}}, id=run_id, resources=world, checkpoint=store)
        await finish(await new.start())
    elif await stands(store, run_id):
        data = (await store.get(run_id)).data
        loaded = load(data, world, store)
        record = json.loads(data)
        if record["state"] == "Running":
            assert loaded.reason == "restarted"
            assert loaded.path == record["at"]
        seen.add(getattr(loaded, "reason", "failed"))
        ended = await finish(loaded)
        assert type(ended).__name__ == result
    with pytest.raises(ExecutionFinishedError) as finished:
        load((await store.get(run_id)).data, world, store)
    assert finished.value.result == result


def check(done, wanted, kills):
    """Check that everything was done once; what was cut short, at most once more for each kill."""
    once = [effect for number, effect in enumerate(done) if effect not in done[:number]]
    extra = [effect for effect in once if effect not in wanted]
    # A step that failed for certain is undone only when a kill has made its effect uncertain.
    assert extra in ([], [("undo charge", 1)]), (kills, done)
    assert [effect for effect in once if effect in wanted] == wanted, (kills, done)
    again = [effect for number, effect in enumerate(done) if effect in done[:number]]
    assert len(again) <= len(kills), (kills, done)
    repeats = [(a, b) for a, b in pairwise(done) if a == b]
    assert len(repeats) == len(again), (kills, done)  # tried again at once, before anything else


async def test_a_process_killed_inside_its_step_repeats_it_with_the_same_key(database, workers, effects):
    store, (worker,), run_id = database.open(), workers("forks"), ExecutionId.new()
    assert kill_at(worker, "start", run_id, "charge#1 ends", {})
    loaded = load((await store.get(run_id)).data, World(str(effects.path)), store)
    assert (loaded.reason, loaded.path, loaded.state.attempt) == ("restarted", "charge", 2)
    assert loaded.context == {"calls": {"hotel": 1, "leg.flight": 1, "leg.seat": 1}}
    await finish(loaded)
    lines = [json.loads(line) for line in effects.path.read_text().splitlines()]
    keys = [key for place, _, key in lines if place == "charge"]
    assert keys == [f"{run_id}:charge"] * 2


async def test_of_two_processes_that_resume_a_record_one_wins_every_time(database, workers, effects):
    store, pair = database.open(), workers("stays", 2)
    whole = ExecutionId.new()
    pair[0].tell("start", str(whole), [], {"charge": ["fail"]})
    assert pair[0].hear()[0] == "Failed"
    paused = await trip().build({"calls": {}}, resources=World(os.devnull, plan={"charge": ["pause"]})).start()
    record = json.loads(paused.dump_json())
    record.pop("digest")
    lost = []
    for number in range(ROUNDS):
        run_id = ExecutionId.new()
        await store.save(run_id, seal({**record, "id": str(run_id)}))
        order = pair if number % 2 else pair[::-1]
        plan = {"charge": ["", "fail"]} if number % 3 == 0 else {}
        for worker in order:
            worker.tell("race", str(run_id), [], plan)
        assert [worker.hear() for worker in order] == [["loaded"]] * 2
        for worker in order:
            worker.tell("go")
        said = [worker.hear()[0] for worker in order]
        won, other = sorted(said, key=lambda word: word.endswith("Error"))
        assert won == ("Failed" if plan else "Completed"), said
        lost.append(other)
        done = [("charge", 2)]
        if plan:  # it had paused there before, so what it did is uncertain
            done += [("undo charge", 1), ("undo leg.seat", 1), ("undo leg.flight", 1), ("undo hotel", 1)]
        assert effects.of(run_id) == done
        with pytest.raises(ExecutionFinishedError):
            load((await store.get(run_id)).data, None, None)
    assert set(lost) <= {"AlreadyClaimedError", "StaleClaimError"}
    assert len(lost) == ROUNDS


async def test_a_process_that_slept_past_its_lease_is_refused_at_its_first_write_and_undoes_nothing(
    database, workers, effects
):
    store, (worker,), run_id = database.open(), workers("stays"), ExecutionId.new()
    worker.tell("start", str(run_id), ["charge#1 begins"], {"charge": ["fail"]})
    word, _, process = worker.hear()
    assert word == "at"
    await store.list()
    await database.pass_time(60)
    loaded = load((await store.get(run_id)).data, World(str(effects.path)), store)
    assert loaded.reason == "restarted"
    await finish(loaded)
    before = effects.of(run_id)
    os.kill(process, signal.SIGUSR1)
    said = worker.hear()
    assert said[0] == "StaleClaimError"
    assert effects.of(run_id) == [*before, ("charge", 1)]  # what it stood in; no undo
    with pytest.raises(ExecutionFinishedError) as finished:
        load((await store.get(run_id)).data, None, None)
    assert finished.value.result == "Completed"
