"""The saga whose records are kept in this folder, and how they are made anew.

The files must load for ever, so none is ever changed. When the format or this saga gets a new version, write the new
records beside the old ones:

    python -m tests.golden.shop tests/golden v2
"""

import asyncio
import json
import sys
from enum import Enum
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from legend_lab import (
    CompensationOutcome,
    RetryPolicy,
    Saga,
    Step,
    StepOutcome,
)
from legend_lab.runtime.clocks import VirtualClock
from legend_lab.runtime.current import current_path
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.record import seal
from legend_lab.stores.memory import InMemoryStore


class Level(Enum):
    GOLD = "gold"


class Order(BaseModel):
    level: Level = Level.GOLD
    done: list[str] = []
    calls: dict[str, int] = {}
    pair: tuple[int, str] = (1, "ä\ud800")


class ShopError(Exception):
    def __init__(self, place: str, *, hint: str) -> None:
        super().__init__(place)
        self.hint = hint


class Act(Step[Order], abstract=True):
    """Does, at each call, the next word of its script."""

    does: list[str] = []
    undoes: list[str] = []

    async def execute(self, ctx: Order) -> StepOutcome:
        return StepOutcome.PAUSE if self.next(ctx, self.does, "") == "pause" else StepOutcome.CONTINUE

    async def compensate(self, ctx: Order) -> CompensationOutcome:
        paused = self.next(ctx, self.undoes, "undo ") == "pause"
        return CompensationOutcome.PAUSE if paused else CompensationOutcome.COMPLETED

    def next(self, ctx: Order, script: list[str], word: str) -> str:
        place = word + current_path()
        number = ctx.calls[place] = ctx.calls.get(place, 0) + 1
        found = script[number - 1] if number <= len(script) else "ok"
        if found == "fail":
            raise ShopError(place, hint="later")
        if found == "odd":
            raise LookupError(place)
        ctx.done.append(place)
        return found


class Reserve(Act):
    retry_policy: ClassVar = RetryPolicy(2, 100, 2.0, 150)
    amount: float = 1.5


class Pay(Act):
    compensation_retry_policy: ClassVar = RetryPolicy.retries(1)
    timeout_s: ClassVar = 30
    compensate_on_failure: ClassVar = True


class Parcel(Saga[Order, ShopError]):
    pack: Act
    send: Act


class Shop(Saga[Order, ShopError]):
    reserve: Reserve
    parcel: Parcel
    pay: Act


def shop(does: dict[str, str], undoes: dict[str, str]) -> Shop:
    """Return the saga with a script for each step, words apart by blanks."""

    def script(name: str) -> dict[str, list[str]]:
        return {"does": does.get(name, "").split(), "undoes": undoes.get(name, "").split()}

    return Shop(
        reserve=Reserve(**script("reserve")),
        parcel=Parcel(pack=Pay(**script("pack")), send=Reserve(amount=2, **script("send"))),
        pay=Pay(**script("pay")),
    )


class Snapshots(InMemoryStore):
    """Keeps a copy of the record as it is while an instruction is being performed."""

    def __init__(self) -> None:
        super().__init__()
        self.intents: list[bytes] = []

    def _append(self, id, *rest):
        super()._append(id, *rest)
        data = self._kept[id].whole(id).data
        if json.loads(data)["journal"][-1]["outcome"] is None:
            self.intents.append(data)


async def begin(number: int, does: dict[str, str], undoes: dict[str, str], store: InMemoryStore):
    run_id = ExecutionId.parse(f"00000000-0000-4000-8000-{number:012}")
    return await shop(does, undoes).build(Order(), id=run_id, clock=VirtualClock(), checkpoint=store).start()


async def make() -> dict[str, bytes]:
    """Return the records by name."""
    made: dict[str, bytes] = {}
    store = Snapshots()
    paused = await begin(1, {"reserve": "fail", "send": "odd pause"}, {}, store)
    made["paused-forward"] = paused.dump_json()
    paused = await begin(2, {"pay": "pause fail"}, {"send": "fail fail", "pack": "pause"}, store)
    made["paused-undo"] = (await paused.resume()).dump_json()
    failed = await begin(3, {"pay": "odd"}, {"pack": "fail fail fail fail", "reserve": "fail fail"}, store)
    made["compensation-failed"] = failed.dump_json()
    made["compensation-failed-twice"] = (await (await failed.retry()).resolve("reserve", "by hand")).dump_json()
    store.intents.clear()
    await begin(4, {"reserve": "fail"}, {}, store)
    made["open-intent"] = store.intents[3]
    made["restarted"] = Shop.load(store.intents[4], clock=VirtualClock()).dump_json()
    store.intents.clear()
    await begin(5, {"pay": "fail"}, {}, store)
    made["open-undo"] = store.intents[-1]
    made["aborted-and-paused"] = (
        await (await begin(6, {"pay": "pause"}, {"pack": "pause"}, store)).abort("no")
    ).dump_json()
    return {name: without_paths(data) for name, data in made.items()}


def without_paths(data: bytes) -> bytes:
    """Return the record without the places on this machine that its tracebacks name."""
    record = json.loads(data)
    for entry in record["journal"]:
        if "error" in entry:
            entry["error"]["traceback"] = f"Traceback (most recent call last):\n{entry['error']['type']}\n"
    return seal(record)


def main(folder: str, version: str) -> None:
    for name, data in asyncio.run(make()).items():
        with Path(folder, f"{version}-{name}.json").open("xb") as file:  # an old one is never replaced
            file.write(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
