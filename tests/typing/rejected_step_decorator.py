# pyright: standard
"""@step misused: both checkers reject each marked line."""

from pydantic import BaseModel

from legend_lab import CompensationOutcome, RetryPolicy, Saga, StepOutcome, step


class Travel(BaseModel):
    """The context."""

    hotel: str = ""


@step
async def book(ctx: Travel, hotel: str, nights: int = 1) -> StepOutcome:
    """Book."""
    ctx.hotel = hotel * nights
    return StepOutcome.CONTINUE


@book.compensation
async def cancel(ctx: Travel) -> CompensationOutcome:
    """Cancel."""
    del ctx
    return CompensationOutcome.COMPLETED


@book.compensation  # wrong: type-var | reportArgumentType
async def wrong_undo(ctx: Travel) -> StepOutcome:
    """Return what no undo returns."""
    del ctx
    return StepOutcome.CONTINUE


@step  # wrong: arg-type | reportArgumentType
async def wrong_outcome(ctx: Travel) -> int:
    """Return what no step returns."""
    del ctx
    return 3


@step  # wrong: arg-type | reportArgumentType
def sync(ctx: Travel) -> StepOutcome:
    """Not async."""
    del ctx
    return StepOutcome.CONTINUE


@step  # wrong: arg-type | reportArgumentType
async def no_context() -> StepOutcome:
    """Take no context."""
    return StepOutcome.CONTINUE


@step(timeout=3)  # wrong: call-overload,untyped-decorator | reportCallIssue
async def unknown_setting(ctx: Travel) -> StepOutcome:
    """Set what is no setting."""
    del ctx
    return StepOutcome.CONTINUE


@step(retry_policy=3)  # wrong: call-overload,untyped-decorator | reportArgumentType
async def wrong_setting(ctx: Travel) -> StepOutcome:
    """Set a wrong value."""
    del ctx
    return StepOutcome.CONTINUE


@step(RetryPolicy.retries(2))  # wrong: call-overload,untyped-decorator | reportArgumentType
async def positional_setting(ctx: Travel) -> StepOutcome:
    """Give a setting without its name."""
    del ctx
    return StepOutcome.CONTINUE


def calls() -> None:
    book()  # wrong: call-arg | reportCallIssue
    book(3)  # wrong: arg-type | reportArgumentType
    book("Ritz", "two")  # wrong: arg-type | reportArgumentType
    book("Ritz", night=2)  # wrong: call-arg | reportCallIssue
    book("Ritz", 2, 3)  # wrong: call-arg | reportCallIssue
    book(Travel(), "Ritz")  # wrong: arg-type | reportArgumentType
    made = Saga.of("Stay", {"book": book("Ritz")})
    made.build({})  # wrong: arg-type | reportArgumentType
