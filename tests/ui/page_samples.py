"""Owns runs to make pages of: a booking that fails, hostile texts, big contexts."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hostile import TEXTS
from pydantic import BaseModel

from legend_lab import (
    CompensationOutcome,
    Debugger,
    Fault,
    RetryPolicy,
    Saga,
    SimulatedStep,
    Step,
    StepOutcome,
    VirtualClock,
    effects,
    pass_time,
)
from legend_lab.lab.branching import LONGEST_BRANCH_NAME


class SeatUnavailableError(Exception):
    pass


class Travel(BaseModel):
    hold_id: str | None = None
    hotel_id: str | None = None
    flight_id: str | None = None
    cancelled: int = 0
    log: list[str] = []


class Reserve(Step[Travel]):
    retry_policy = RetryPolicy.retries_with_backoff(3, backoff_ms=100)
    amount: int

    async def execute(self, ctx: Travel) -> StepOutcome:
        await asyncio.sleep(0.18)
        effects.open("bank.hold")
        ctx.hold_id = f"hold_{self.amount}"
        ctx.log.append("held")
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: Travel) -> CompensationOutcome:
        await asyncio.sleep(0.12)
        effects.close("bank.hold")
        ctx.hold_id = None
        return CompensationOutcome.COMPLETED


class Hotel(Step[Travel]):
    room: str = "king"

    async def execute(self, ctx: Travel) -> StepOutcome:
        await asyncio.sleep(0.26)
        effects.open("hotel.booking")
        ctx.hotel_id = "htl_nyc_3"
        ctx.log.append("booked")
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: Travel) -> CompensationOutcome:
        await asyncio.sleep(0.21)
        effects.close("hotel.booking")
        ctx.hotel_id, ctx.cancelled = None, ctx.cancelled + 1
        return CompensationOutcome.COMPLETED


class Flight(Step[Travel]):
    retry_policy = RetryPolicy.retries_with_backoff(2, backoff_ms=80)
    flight: str

    async def execute(self, ctx: Travel) -> StepOutcome:
        await asyncio.sleep(0.12)
        raise SeatUnavailableError(self.flight)

    async def compensate(self, ctx: Travel) -> CompensationOutcome:
        return CompensationOutcome.COMPLETED


class Trip(Saga[Travel, SeatUnavailableError]):
    hotel: Hotel
    flight: Flight


class TravelBooking(Saga[Travel, SeatUnavailableError]):
    reserve_funds: Reserve
    trip: Trip
    charge: SimulatedStep
    confirm: SimulatedStep


def booking(flight: str = "UA123") -> TravelBooking:
    effects.declare("bank.hold", idempotent=True)
    effects.declare("hotel.booking", idempotent=True)
    trip = Trip(hotel=Hotel(), flight=Flight(flight=flight))
    simulated = SimulatedStep()
    return TravelBooking(reserve_funds=Reserve(amount=89_900), trip=trip, charge=simulated, confirm=simulated)


def stepped(saga: Saga[Any, Any], ctx: Any, steps: int | None = None, **more: Any) -> Debugger[Any, Any]:
    """A debugger that has gone so many entries on, or to the end."""
    debugger = Debugger(saga, ctx, clock=VirtualClock(), **more)

    async def go() -> None:
        if steps is None:
            await debugger.run_to_end()
        else:
            for _ in range(steps):
                await debugger.step()

    with ThreadPoolExecutor(1) as other:  # a thread that drives a browser has a loop that runs already
        other.submit(lambda: asyncio.run(go())).result()
    return debugger


def failing_booking() -> Debugger[Any, Any]:
    return stepped(booking(), Travel(), faults=[Fault("reserve_funds")])


class Grow(Step[dict]):
    """Rewrites `share` of the context's hundred values, each of `size` characters."""

    size: int
    number: int
    share: int = 10

    async def execute(self, ctx: dict[str, str]) -> StepOutcome:
        await pass_time(1)
        for offset in range(self.share):
            ctx[f"value_{(self.number * self.share + offset) % 100}"] = f"{self.number:06}".ljust(self.size, "x")
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: dict[str, str]) -> CompensationOutcome:
        return CompensationOutcome.COMPLETED


def growing(entries: int, size: int, share: int = 10) -> Debugger[Any, Any]:
    """A run of so many entries over a context of `100 * size` characters, `share` per cent change each time."""
    steps = {f"step_{number}": Grow(size=size, number=number, share=share) for number in range(entries)}
    context = {f"value_{number}": "-" * size for number in range(100)}
    return stepped(Saga.of("Growing", steps), context)


def hostile_run() -> Debugger[Any, Any]:
    """The hostile texts as context keys and values, step inputs, error messages and branch names."""
    texts = list(TEXTS.values())

    class Bad(Step[dict]):
        text: list[str]

        async def execute(self, ctx: dict[str, str]) -> StepOutcome:
            for text in texts:
                ctx[text] = text[::-1]
            raise ValueError("".join(text[:200] for text in self.text))

        async def compensate(self, ctx: dict[str, str]) -> CompensationOutcome:
            return CompensationOutcome.COMPLETED

    saga = Saga.of("Hostile", {"calm": SimulatedStep(), "bad": Bad(text=texts)})
    debugger = stepped(saga, {text: text for text in texts})
    for text in texts:
        if text.strip():
            debugger.goto(0)
            debugger.fork(text[:LONGEST_BRANCH_NAME])
    debugger.switch("main")
    return debugger
