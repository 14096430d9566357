"""The trip that the checkpoint tests make, the world it happens in, and a store that fails."""

import json
from dataclasses import dataclass, field

from legend_lab import (
    CompensationOutcome,
    RetryPolicy,
    Saga,
    Step,
    StepOutcome,
)
from legend_lab.core.errors import (
    BackendError,
)
from legend_lab.runtime.clocks import VirtualClock
from legend_lab.runtime.current import current_path, resources


class TripError(Exception):
    pass


@dataclass
class World:
    """What steps do outside, and what they find there."""

    store: object = None
    log: list = field(default_factory=list)
    at: dict = field(default_factory=dict)
    """What happens at a step or undo, as an async function."""

    async def reach(self, place, ctx):
        self.log.append(place)
        if place in self.at:
            return await self.at[place](ctx)
        return None


class Do(Step[dict]):
    async def execute(self, ctx):
        outcome = await resources(World).reach(current_path(), ctx)
        ctx[current_path()] = "done"
        return outcome or StepOutcome.CONTINUE

    async def compensate(self, ctx):
        outcome = await resources(World).reach("undo " + current_path(), ctx)
        ctx[current_path()] = "undone"
        return outcome or CompensationOutcome.COMPLETED


class DoAgain(Do):
    retry_policy = RetryPolicy.retries_with_backoff(1, 50)


class Trip(Saga[dict, TripError]):
    hotel: Do
    flight: DoAgain
    charge: Do


def trip():
    return Trip(hotel=Do(), flight=DoAgain(), charge=Do())


def build(world, checkpoint=None, **options):
    options.setdefault("clock", VirtualClock())
    return trip().build({}, resources=world, checkpoint=checkpoint or world.store, **options)


def load(world, data, checkpoint=None, **options):
    options.setdefault("clock", VirtualClock())
    return Trip.load(data, resources=world, checkpoint=checkpoint or world.store, **options)


def times(count, answer):
    """Return what happens at a place: `answer` the first `count` times, an error if it is one."""
    left = [count]

    async def happen(_ctx):
        if left[0] == 0:
            return None
        left[0] -= 1
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return happen


def journal_of(data):
    return [(entry["kind"], entry["path"], entry["outcome"]) for entry in json.loads(data)["journal"]]


async def record(world, execution):
    return (await world.store.get(execution.id)).data


PLAIN = ["hotel", "flight", "charge"]
UNDOING = [*PLAIN, "undo flight", "undo hotel"]


class Failing:
    """A store whose write number `at` fails, `before` it is done or `after`, as on a full disk or a lost line."""

    def __init__(self, store, at, when):
        self.store, self.left, self.when = store, at, when

    def __getattr__(self, name):
        return getattr(self.store, name)

    async def write(self, work):
        self.left -= 1
        if self.left == 0 and self.when == "before":
            raise BackendError("the disk is full")
        await work()
        if self.left == 0:
            raise BackendError("the answer got lost")

    async def save(self, id, data):
        await self.write(lambda: self.store.save(id, data))

    async def append(self, id, seq, entry, context):
        await self.write(lambda: self.store.append(id, seq, entry, context))

    async def claim(self, id, lease_s=30.0):
        return FailingClaim(self, await self.store.claim(id, lease_s))

    async def get(self, id):
        return await self.store.get(id)

    async def delete(self, id):
        await self.store.delete(id)

    async def exists(self, id):
        return await self.store.exists(id)

    async def list(self):
        return await self.store.list()


class FailingClaim:
    def __init__(self, store, claim):
        self.store, self.claim = store, claim
        self.record, self.token, self.lease_s = claim.record, claim.token, claim.lease_s

    async def save(self, data):
        await self.store.write(lambda: self.claim.save(data))

    async def append(self, seq, entry, context):
        await self.store.write(lambda: self.claim.append(seq, entry, context))

    async def delete(self):
        await self.claim.delete()

    async def renew(self):
        await self.claim.renew()

    async def release(self):
        await self.store.write(self.claim.release)
