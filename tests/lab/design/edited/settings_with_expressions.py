"""A saga that was drawn; its steps are simulated until somebody writes them."""

from __future__ import annotations

from dataclasses import dataclass

from legend_lab import (
    CompensationOutcome,
    RetryPolicy,
    Saga,
    Step,
    StepOutcome,
    attempt,
    effects,
    simulate,
)

effects.declare("card.hold", idempotent=True)
effects.declare("hotel.booking")


PATIENCE_S = 2.5


@dataclass
class TripContext:
    amount: int = 900
    """in cents"""
    hold_id: str | None = None
    room: str | None = None


class Reserve(Step[TripContext]):
    """Hold the money"""

    retry_policy = RetryPolicy(max_retries=3, backoff_ms=100)
    timeout_s = 2 * PATIENCE_S
    idempotent = True

    async def execute(self, ctx: TripContext) -> StepOutcome:
        await simulate(ctx.amount, duration_ms=120)
        effects.open("card.hold")
        ctx.hold_id = "h1"
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: TripContext) -> CompensationOutcome:
        await simulate(duration_ms=10)
        effects.close("card.hold")
        ctx.hold_id = None
        return CompensationOutcome.COMPLETED


class Hotel(Step[TripContext]):
    async def execute(self, ctx: TripContext) -> StepOutcome:
        await simulate(duration_ms=10)
        effects.open("hotel.booking")
        ctx.room = "12"
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: TripContext) -> CompensationOutcome:
        await simulate(duration_ms=10)
        effects.close("hotel.booking")
        ctx.room = None
        return CompensationOutcome.COMPLETED


class Breakfast(Step[TripContext]):
    async def execute(self, ctx: TripContext) -> StepOutcome:
        await simulate(duration_ms=10)
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: TripContext) -> CompensationOutcome:
        """Does nothing, on purpose: eaten is eaten"""
        return CompensationOutcome.COMPLETED


class Stay(Saga[TripContext, Exception]):
    hotel: Hotel
    breakfast: Breakfast


class Mail(Step[TripContext]):
    async def execute(self, ctx: TripContext) -> StepOutcome:
        await simulate(duration_ms=20)
        if attempt() == 1:  # pauses once, as if it waited for somebody
            return StepOutcome.PAUSE
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: TripContext) -> CompensationOutcome:
        await simulate(duration_ms=10)
        return CompensationOutcome.COMPLETED


class Trip(Saga[TripContext, Exception]):
    """Book a trip"""

    reserve: Reserve
    stay: Stay
    mail: Mail


saga = Trip(
    reserve=Reserve(),
    stay=Stay(hotel=Hotel(), breakfast=Breakfast()),
    mail=Mail(),
)
