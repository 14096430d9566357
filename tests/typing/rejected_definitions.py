# pyright: standard
"""Wrong steps, sagas, inputs and policies: both checkers reject each marked line."""

from pydantic import BaseModel

import legend_lab
from legend_lab import (
    CompensationOutcome,
    Fault,
    FaultKind,
    FaultPlan,
    RetryPolicy,
    Saga,
    SimulatedStep,
    Step,
    StepOutcome,
    idempotency_key,
)


class TravelError(Exception):
    """What this saga's steps raise."""


class Travel(BaseModel):
    """The context."""

    hotel: str = ""


class Book(Step[Travel]):
    """A step."""

    nights: int
    name: str = "Ritz"

    async def execute(self, ctx: Travel) -> StepOutcome:
        """Book."""
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: Travel) -> CompensationOutcome:
        """Cancel."""
        return CompensationOutcome.COMPLETED


class OnDict(Step[dict[str, int]]):
    """Another context."""

    async def execute(self, ctx: dict[str, int]) -> StepOutcome:
        """Book."""
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: dict[str, int]) -> CompensationOutcome:
        """Cancel."""
        return CompensationOutcome.COMPLETED


class Stay(Saga[Travel, TravelError]):
    """A saga."""

    first: Book
    second: Book


class NoOutcome(Step[Travel]):
    """Returns nothing from one and a wrong outcome from the other."""

    async def execute(self, ctx: Travel) -> None:  # wrong: override | reportIncompatibleMethodOverride
        """Book."""

    async def compensate(self, ctx: Travel) -> StepOutcome:  # wrong: override | reportIncompatibleMethodOverride
        """Cancel."""
        return StepOutcome.CONTINUE


class WrongOutcome(Step[Travel]):
    """Returns another type than it says."""

    async def execute(self, ctx: Travel) -> StepOutcome:
        """Book."""
        return CompensationOutcome.COMPLETED  # wrong: return-value | reportReturnType

    async def compensate(self, ctx: Travel) -> CompensationOutcome:
        """Cancel."""
        return True  # wrong: return-value | reportReturnType


class Sync(Step[Travel]):
    """Not async."""

    def execute(self, ctx: Travel) -> StepOutcome:  # wrong: override | reportIncompatibleMethodOverride
        """Book."""
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: Travel) -> CompensationOutcome:
        """Cancel."""
        return CompensationOutcome.COMPLETED


class WrongContext(Step[Travel]):
    """Says one context and takes another."""

    async def execute(self, ctx: dict[str, int]) -> StepOutcome:  # wrong: override | reportIncompatibleMethodOverride
        """Book."""
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: Travel) -> CompensationOutcome:
        """Cancel."""
        return CompensationOutcome.COMPLETED


class WrongSettings(Step[Travel], abstract=True):
    """Settings of wrong types."""

    retry_policy = 3  # wrong: assignment | reportAssignmentType
    timeout_s = "1"  # wrong: assignment | reportAssignmentType
    uncertain_on = [ValueError]  # wrong: assignment | reportAssignmentType
    idempotent = "yes"  # wrong: assignment | reportAssignmentType


class WrongSaga(Saga[Travel, TravelError]):
    """An unknown setting."""

    on_compensation_failure = "stop"  # wrong: assignment | reportAssignmentType
    first: Book


class NoError(Saga[Travel, int]):  # wrong: type-var | reportInvalidTypeArguments
    """An error type that cannot be raised."""

    first: Book


def inputs() -> None:
    Book()  # wrong: call-arg | reportCallIssue
    Book(nights="two")  # wrong: arg-type | reportArgumentType
    Book(nights=1, nam="x")  # wrong: call-arg | reportCallIssue
    Book(1)  # wrong: call-arg | reportCallIssue
    SimulatedStep(duration_ms="long")  # wrong: arg-type | reportArgumentType


def fields() -> None:
    Stay(first=Book(nights=1))  # wrong: call-arg | reportCallIssue
    Stay(first=Book(nights=1), second=OnDict())  # wrong: arg-type | reportArgumentType
    Stay(first=Book(nights=1), second=Book)  # wrong: arg-type | reportArgumentType
    Stay(first=Book(nights=1), second=Book(nights=1), third=Book(nights=1))  # wrong: call-arg | reportCallIssue


def frozen(stay: Stay) -> None:
    stay.first = Book(nights=2)  # wrong: misc | reportAttributeAccessIssue
    stay.first.nights = 3  # wrong: misc | reportAttributeAccessIssue
    _ = stay.third  # wrong: attr-defined | reportAttributeAccessIssue


def of_values(book: Book) -> None:
    made = Saga.of("Stay", {"first": book}, error=TravelError)
    made.build({})  # wrong: arg-type | reportArgumentType
    Saga.of("Stay", {"first": Book})  # wrong: arg-type | reportArgumentType
    Saga.of("Stay", [book])  # wrong: call-overload | reportArgumentType
    Saga.of("Stay", {"first": book}, error=int)  # wrong: type-var | reportArgumentType
    Saga.of("Stay", {"first": book}, error=TravelError())  # wrong: call-overload | reportArgumentType
    Saga.of("Stay", {"first": book}, on_compensation_failure="stop")  # wrong: call-overload | reportArgumentType
    Saga.of({"first": book})  # wrong: call-overload | reportCallIssue


def policies() -> None:
    RetryPolicy("3")  # wrong: arg-type | reportArgumentType
    RetryPolicy(3, 100, give_up_on=ValueError)  # wrong: arg-type | reportArgumentType
    RetryPolicy(retries=3)  # wrong: call-arg | reportCallIssue
    RetryPolicy.retries("3")  # wrong: arg-type | reportArgumentType
    RetryPolicy.retries_with_backoff(3)  # wrong: call-arg | reportCallIssue
    RetryPolicy().max_retries = 3  # wrong: misc | reportAttributeAccessIssue
    RetryPolicy().should_retry()  # wrong: call-arg | reportCallIssue


def faults() -> None:
    Fault("book", "undo")  # wrong: arg-type | reportArgumentType
    Fault("book", attempt="all")  # wrong: arg-type | reportArgumentType
    Fault("book", kind="timeout")  # wrong: arg-type | reportArgumentType
    Fault("book", kind=FaultKind.SLOW)  # wrong: attr-defined | reportAttributeAccessIssue
    Fault("book", delay_s=3)  # wrong: call-arg | reportCallIssue
    Fault("book").path = "other"  # wrong: misc | reportAttributeAccessIssue
    FaultPlan(["book"])  # wrong: list-item | reportArgumentType


def keys() -> None:
    idempotency_key(of="undo")  # wrong: arg-type | reportArgumentType


def names() -> None:
    _ = legend_lab.Sage  # wrong: attr-defined | reportAttributeAccessIssue
