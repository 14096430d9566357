"""A process that runs or resumes sagas as it is told, and stands where it is told, to be killed there.

Each line on its input is a JSON list: what to do (`"start"`, `"resume"` or `"race"`), an execution's id, the spots to
stand at, and the plan of what fails. Called with `forks` it does each in a child of its own, so that a kill costs no
new interpreter. What steps do in the world is appended to a file.
"""

# ruff: noqa: T201 - what it prints is its answer

import asyncio
import json
import os
import signal
import sys
import traceback
from typing import ClassVar

from legend_lab import (
    CompensationFailed,
    CompensationOutcome,
    LegendError,
    Paused,
    RetryPolicy,
    Saga,
    Step,
    StepOutcome,
)
from legend_lab.runtime.clocks import VirtualClock
from legend_lab.runtime.current import current_path, idempotency_key, resources
from legend_lab.runtime.ids import ExecutionId
from legend_lab.stores.sql import SqlClaim, SqlStore

LONGEST_S = 120
"""What a child outlives its order by when nobody kills it, because the test has failed."""


class TripError(Exception):
    pass


class World:
    """The outside world: a file of effects, a plan of what fails, and the spots to stand at."""

    def __init__(self, path, spots=(), plan=None):
        self.path, self.spots, self.plan = path, set(spots), plan or {}
        self.passed = []
        self.writes = 0

    def effect(self, place, number):
        with open(self.path, "a", encoding="utf-8") as file:  # noqa: PTH123 - one write, seen by all at once
            file.write(json.dumps([place, number, idempotency_key()]) + "\n")

    def stand(self, spot):
        self.passed.append(spot)
        if spot in self.spots:
            say("at", spot, os.getpid())
            signal.sigwait({signal.SIGUSR1})


def say(*words):
    print(json.dumps(words), flush=True)


class Act(Step[dict]):
    async def execute(self, ctx):
        return await self.act("", ctx) or StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return await self.act("undo ", ctx) or CompensationOutcome.COMPLETED

    async def act(self, word, ctx):
        world, place = resources(World), word + current_path()
        number = ctx["calls"][place] = ctx["calls"].get(place, 0) + 1
        world.stand(f"{place}#{number} begins")
        world.effect(place, number)
        world.stand(f"{place}#{number} ends")
        words = world.plan.get(place, [])
        match words[number - 1] if number <= len(words) else "ok":
            case "fail":
                raise TripError(place)
            case "pause":
                return StepOutcome.PAUSE if not word else CompensationOutcome.PAUSE
        return None


class Again(Act):
    retry_policy: ClassVar = RetryPolicy.retries_with_backoff(1, 50)


class Leg(Saga[dict, TripError]):
    flight: Again
    seat: Act


class Trip(Saga[dict, TripError]):
    hotel: Act
    leg: Leg
    charge: Act


def trip():
    return Trip(hotel=Act(), leg=Leg(flight=Again(), seat=Act()), charge=Act())


async def finish(execution):
    """Go on until nothing comes after."""
    while isinstance(execution, Paused | CompensationFailed):
        execution = await (execution.resume() if isinstance(execution, Paused) else execution.retry())
    return execution


def load(data, world, store):
    return Trip.load(data, resources=world, checkpoint=store, clock=VirtualClock())


def watch_writes(worlds):
    """Stand before and after every write of a claim: these are the boundaries between instructions."""
    for name in ("append", "save"):
        write = getattr(SqlClaim, name)

        async def watched(claim, *rest, write=write):
            world = worlds[-1]
            world.writes += 1
            number = world.writes
            world.stand(f"write {number} begins")
            await write(claim, *rest)
            world.stand(f"write {number} ends")

        setattr(SqlClaim, name, watched)


async def obey(store, worlds, path, order):
    what, name, *rest = order
    run_id, world = ExecutionId.parse(name), World(path, *rest)
    worlds.append(world)
    if what == "start":
        new = trip().build({"calls": {}}, id=run_id, resources=world, checkpoint=store, clock=VirtualClock())
        result = await finish(await new.start())
    else:
        loaded = load((await store.get(run_id)).data, world, store)
        if what == "race":
            say("loaded")
            sys.stdin.readline()
        result = await finish(loaded)
    return type(result).__name__, world.passed


async def serve(target, path, orders):
    worlds = [World(path)]
    watch_writes(worlds)
    async with SqlStore(target) as store:
        for order in orders:
            try:
                said = await obey(store, worlds, path, order)
            except LegendError as error:
                said = type(error).__name__, str(error)
            say(*said)


def main(how, target, path):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})  # in all threads to come: it goes on where it stands
    say("ready")
    orders = (json.loads(line) for line in iter(sys.stdin.readline, ""))
    if how == "stays":
        signal.alarm(10 * LONGEST_S)
        asyncio.run(serve(target, path, orders))
        return
    for order in orders:
        child = os.fork()
        if child == 0:
            signal.alarm(LONGEST_S)
            try:
                asyncio.run(serve(target, path, [order]))
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        say("ended", os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(*sys.argv[1:])
