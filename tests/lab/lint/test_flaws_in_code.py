from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import BaseModel

from legend_lab import (
    CompensationOutcome,
    RetryPolicy,
    Saga,
    SimulatedService,
    Step,
    StepOutcome,
    effects,
    idempotency_key,
    lint,
    step,
)

effects.declare("lint.room", idempotent=True)
effects.declare("lint.account", idempotent=True)
effects.declare("lint.letter", irreversible=True, idempotent=True)
cars = SimulatedService("lint.car")

GO = StepOutcome.CONTINUE
DONE = CompensationOutcome.COMPLETED
AGAIN = RetryPolicy.retries_with_backoff(3, 100)


class Ctx(BaseModel):
    account: str
    room: str | None = None
    answer: str | None = None


class Client:
    """Stands for any client of a participant."""

    async def call(self, *what: object) -> str:
        raise AssertionError("the lint runs nothing")


client = Client()


class Sound(Step[Ctx], abstract=True):
    compensation_retry_policy = AGAIN
    timeout_s = 5.0
    idempotent = True


class Book(Sound):
    async def execute(self, ctx: Ctx) -> StepOutcome:
        effects.open("lint.room")
        await client.call(ctx.account, idempotency_key())
        return GO

    async def compensate(self, ctx: Ctx) -> CompensationOutcome:
        await client.call(ctx.account, idempotency_key(of="execute"))
        effects.close("lint.room")
        return DONE


class LeftOpen(Book):
    async def compensate(self, ctx: Ctx) -> CompensationOutcome:
        await client.call(ctx.account)
        return DONE


class ReadsUnwritten(Book):
    async def execute(self, ctx: Ctx) -> StepOutcome:
        effects.open("lint.room")
        ctx.room = await client.call(ctx.account)
        return GO

    async def compensate(self, ctx: Ctx) -> CompensationOutcome:
        await client.call(ctx.room)
        effects.close("lint.room")
        return DONE


class WritesFirst(ReadsUnwritten):
    async def execute(self, ctx: Ctx) -> StepOutcome:
        ctx.room = idempotency_key()
        effects.open("lint.room")
        await client.call(ctx.room)
        return GO


class LooksFirst(ReadsUnwritten):
    async def compensate(self, ctx: Ctx) -> CompensationOutcome:
        if ctx.room is not None:
            await client.call(ctx.room)
        effects.close("lint.room")
        return DONE


class ReadsWhatComesLater(Book):
    async def compensate(self, ctx: Ctx) -> CompensationOutcome:
        await client.call(ctx.answer)
        effects.close("lint.room")
        return DONE


class Answers(Sound):
    async def execute(self, ctx: Ctx) -> StepOutcome:
        ctx.answer = await client.call(ctx.account)
        return GO

    async def compensate(self, ctx: Ctx) -> CompensationOutcome:
        ctx.answer = None
        return DONE


class Tells(Sound):
    """It does not say that it is idempotent, so it is more than a question."""

    idempotent = None

    async def execute(self, ctx: Ctx) -> StepOutcome:
        await client.call("dear customer", ctx.account)
        return GO

    async def compensate(self, ctx: Ctx) -> CompensationOutcome:
        """Nothing can be done."""
        return DONE


class Asks(Tells):
    idempotent = True


class Letter(Tells):
    async def execute(self, ctx: Ctx) -> StepOutcome:
        effects.open("lint.letter")
        await client.call("dear customer", ctx.account)
        return GO


class NoLimit(Book):
    timeout_s = None


class OwnLimit(Book):
    timeout_s = None

    async def execute(self, ctx: Ctx) -> StepOutcome:
        effects.open("lint.room")
        async with asyncio.timeout(3):
            await client.call(ctx.account)
        await asyncio.wait_for(client.call(ctx.account), 2)
        return GO

    async def compensate(self, ctx: Ctx) -> CompensationOutcome:
        await asyncio.wait_for(client.call(ctx.account), 2)
        effects.close("lint.room")
        return DONE


async def talk_to(context: Ctx) -> str:
    return await client.call(context.account)


class HidesItsWait(NoLimit):
    async def execute(self, ctx: Ctx) -> StepOutcome:
        effects.open("lint.room")
        await self._inside(ctx)
        return GO

    async def _inside(self, context: Ctx) -> None:
        await talk_to(context)

    async def compensate(self, ctx: Ctx) -> CompensationOutcome:
        effects.close("lint.room")
        return DONE


class LimitsItsHelper(HidesItsWait):
    timeout_s = 4


class Waits(Sound):
    """Waits for a person."""

    timeout_s = 60

    async def execute(self, ctx: Ctx) -> StepOutcome:
        return GO if ctx.account else StepOutcome.PAUSE

    async def compensate(self, ctx: Ctx) -> CompensationOutcome:
        return DONE


class WaitsWithoutLimit(Waits):
    timeout_s = None


class UsesCars(Sound):
    async def execute(self, ctx: Ctx) -> StepOutcome:
        await cars.open(account=ctx.account)
        return GO

    async def compensate(self, ctx: Ctx) -> CompensationOutcome:
        await cars.close()
        return DONE


class LooksForTheCar(UsesCars):
    async def compensate(self, ctx: Ctx) -> CompensationOutcome:
        if await client.call("is there one?", ctx.account):
            await cars.close()
        return DONE


@step(retry_policy=AGAIN, compensation_retry_policy=AGAIN, timeout_s=3)
async def try_again(ctx: Ctx, what: str) -> StepOutcome:
    await client.call(what, ctx.account)
    return GO


@try_again.compensation
async def untry(ctx: Ctx, what: str) -> CompensationOutcome:
    await client.call("not", what, ctx.account)
    return DONE


@step(retry_policy=AGAIN, compensation_retry_policy=AGAIN, timeout_s=3)
async def try_safely(ctx: Ctx, what: str) -> StepOutcome:
    effects.open("lint.room")
    await client.call(what, ctx.account)
    return GO


@try_safely.compensation
async def untry_safely(ctx: Ctx) -> CompensationOutcome:
    effects.close("lint.room")
    await client.call("not", ctx.account)
    return DONE


FLAWS = {
    "effect-left-open": ([LeftOpen()], [Book()], "s0"),
    "undo-reads-unwritten": ([ReadsUnwritten()], [WritesFirst()], "s0"),
    "undo-reads-unwritten, mended by looking": ([ReadsUnwritten()], [LooksFirst()], "s0"),
    "undo-reads-unwritten, of a later step": ([ReadsWhatComesLater(), Answers()], [Answers(), Book()], "s0"),
    "no-way-back": ([Tells(), Book()], [Book(), Tells()], "s0"),
    "no-way-back, mended by saying that it only asks": ([Tells(), Book()], [Asks(), Book()], "s0"),
    "no-way-back, as it is declared": ([Letter(), Book()], [Book(), Letter()], "s0"),
    "no-timeout": ([NoLimit()], [OwnLimit()], "s0"),
    "no-timeout, in what it calls": ([HidesItsWait()], [LimitsItsHelper()], "s0"),
    "pause-under-timeout": ([Waits()], [WaitsWithoutLimit()], "s0"),
    "undo-of-nothing": ([UsesCars()], [LooksForTheCar()], "s0"),
    "retry-not-idempotent": ([try_again(what="x")], [try_safely(what="x")], "s0"),
}


def saga(*steps: Step[Ctx], name: str = "Planted") -> Saga[Ctx, Exception]:
    return Saga.of(name, {f"s{index}": part for index, part in enumerate(steps)})


def graver(findings) -> list:
    return findings.at_least("warning")  # the small sagas here use few of the context's fields


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_planted_flaw_is_found_and_nothing_else(flaw):
    flawed, _, path = FLAWS[flaw]
    found = lint(saga(*flawed))
    assert [(item.rule, item.path) for item in graver(found)] == [(flaw.partition(",")[0], path)]
    assert found.notes == ()


@pytest.mark.parametrize("flaw", FLAWS)
def test_its_mended_twin_is_silent(flaw):
    found = lint(saga(*FLAWS[flaw][1]))
    assert graver(found) == []
    assert found.notes == ()


def test_a_finding_points_at_the_line():
    (found,) = graver(lint(saga(ReadsUnwritten())))
    assert found.file == __file__
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    assert "await client.call(ctx.room)" in lines[found.line - 1]
    assert found.place.startswith("s0, its undo (")
    (followed,) = graver(lint(saga(HidesItsWait())))
    assert "await self._inside(ctx)" in lines[followed.line - 1]
    (of_a_function,) = graver(lint(saga(try_again(what="x"))))
    assert "async def try_again" in lines[of_a_function.line - 1]


class OpensByAccount(Sound):
    async def execute(self, ctx: Ctx) -> StepOutcome:
        effects.open("lint.account", key=ctx.account)
        await client.call(ctx.account)
        return GO

    async def compensate(self, ctx: Ctx) -> CompensationOutcome:
        effects.close("lint.account", key=ctx.account)
        await client.call(ctx.account)
        return DONE


class LocksTheAccount(OpensByAccount):
    """Locks: lint.account."""


class OpensByItsOwnKey(Sound):
    async def execute(self, ctx: Ctx) -> StepOutcome:
        effects.open("lint.account", key=idempotency_key())
        await client.call(ctx.account)
        return GO

    async def compensate(self, ctx: Ctx) -> CompensationOutcome:
        effects.close("lint.account")
        await client.call(ctx.account)
        return DONE


def test_two_sagas_that_mean_the_same_effect_by_their_keys_may_overwrite_each_other():
    other = saga(OpensByAccount(), name="Closing")
    (found,) = graver(lint(saga(OpensByAccount()), beside=[other]))
    assert found.rule == "lost-update"
    assert "as Closing does" in found.message
    for mended in (LocksTheAccount(), OpensByItsOwnKey()):
        assert graver(lint(saga(mended), beside=[other])) == []
    assert graver(lint(saga(OpensByAccount()))) == []
