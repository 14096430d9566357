"""@step, written as people write it: both checkers accept all of this."""

from typing import assert_type

from pydantic import BaseModel

from legend_lab import CompensationOutcome, RetryPolicy, Saga, Step, StepOutcome, step


class Travel(BaseModel):
    """The context."""

    seats: list[str] = []


@step(retry_policy=RetryPolicy.retries(2), timeout_s=3, idempotent=None)
async def book_flight(ctx: Travel, flight: str, seat: str = "economy") -> StepOutcome:
    """Book a seat."""
    ctx.seats.append(flight + seat)
    return StepOutcome.CONTINUE


@book_flight.compensation
async def cancel_flight(ctx: Travel, flight: str, seat: str) -> CompensationOutcome:
    """Give it back."""
    ctx.seats.remove(flight + seat)
    return CompensationOutcome.COMPLETED


@step
async def pay(ctx: Travel) -> StepOutcome:
    """Pay."""
    del ctx
    return StepOutcome.PAUSE


@pay.compensation
async def refund(ctx: Travel) -> CompensationOutcome:
    """Give it back."""
    del ctx
    return CompensationOutcome.COMPLETED


class TravelError(Exception):
    """What this saga's steps raise."""


class Trip(Saga[Travel, TravelError]):
    """Fields for steps that functions made."""

    book: Step[Travel]
    pay: Step[Travel]


async def use_in_a_class() -> None:
    """A field is annotated with the base class."""
    await Trip(book=book_flight("UA1"), pay=pay()).build(Travel()).start()


async def use() -> None:
    """Calls have the function's own parameters."""
    assert_type(book_flight("UA1"), Step[Travel])
    assert_type(book_flight(flight="UA1", seat="first"), Step[Travel])
    made = Saga.of("Trip", {"book": book_flight("UA1"), "pay": pay()})
    assert_type(made, Saga[Travel, Exception])
    await made.build(Travel()).start()
    assert_type(await cancel_flight(Travel(), "UA1", "first"), CompensationOutcome)
