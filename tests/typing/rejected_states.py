# pyright: standard
"""What an execution's state does not offer, and results that are not handled: both checkers reject each marked line."""

from typing import Any, assert_never

from pydantic import BaseModel

from legend_lab import (
    CompensationFailed,
    CompensationOutcome,
    Completed,
    ExecutionResult,
    Failed,
    New,
    Paused,
    Saga,
    Step,
    StepOutcome,
    resources,
    run,
)


class TravelError(Exception):
    """What this saga's steps raise."""


class Travel(BaseModel):
    """The context."""

    hotel: str = ""


class Cargo(BaseModel):
    """Another context."""

    crate: str = ""


class Book(Step[Travel]):
    """A step."""

    nights: int

    async def execute(self, ctx: Travel) -> StepOutcome:
        """Book."""
        ctx.hotel = "booked"
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: Travel) -> CompensationOutcome:
        """Cancel."""
        ctx.hotel = ""
        return CompensationOutcome.COMPLETED


class Stay(Saga[Travel, TravelError]):
    """A saga."""

    book: Book


stay = Stay(book=Book(nights=1))
Result = ExecutionResult[Travel, TravelError]


async def not_yet_started() -> None:
    await stay.build(Travel()).resume()  # wrong: attr-defined | reportAttributeAccessIssue
    await stay.build(Travel()).retry()  # wrong: attr-defined | reportAttributeAccessIssue
    stay.build(Travel()).dump_json()  # wrong: attr-defined | reportAttributeAccessIssue
    stay.build(Travel()).into_context()  # wrong: attr-defined | reportAttributeAccessIssue


async def finished(done: Completed[Travel, TravelError], failed: Failed[Travel, TravelError]) -> None:
    await done.resume()  # wrong: attr-defined | reportAttributeAccessIssue
    await done.start()  # wrong: attr-defined | reportAttributeAccessIssue
    done.dump_json()  # wrong: attr-defined | reportAttributeAccessIssue
    done.recover()  # wrong: attr-defined | reportAttributeAccessIssue
    _ = done.error  # wrong: attr-defined | reportAttributeAccessIssue
    await failed.retry()  # wrong: attr-defined | reportAttributeAccessIssue
    await failed.abort()  # wrong: attr-defined | reportAttributeAccessIssue


async def standing(paused: Paused[Travel, TravelError], stuck: CompensationFailed[Travel, TravelError]) -> None:
    await paused.start()  # wrong: attr-defined | reportAttributeAccessIssue
    await paused.retry()  # wrong: attr-defined | reportAttributeAccessIssue
    paused.into_context()  # wrong: attr-defined | reportAttributeAccessIssue
    await stuck.resume()  # wrong: attr-defined | reportAttributeAccessIssue
    await stuck.abort()  # wrong: attr-defined | reportAttributeAccessIssue
    _ = stuck.error  # wrong: attr-defined | reportAttributeAccessIssue
    await stuck.resolve()  # wrong: call-arg | reportCallIssue
    await paused.abort(3)  # wrong: arg-type | reportArgumentType


async def a_result_is_no_state_yet(result: Result) -> None:
    await result.resume()  # wrong: union-attr | reportAttributeAccessIssue
    _ = result.error  # wrong: union-attr | reportAttributeAccessIssue


async def a_forgotten_await(new: New[Travel, TravelError], paused: Paused[Travel, TravelError]) -> None:
    new.start()  # wrong: unused-coroutine | reportUnusedCoroutine
    paused.resume()  # wrong: unused-coroutine | reportUnusedCoroutine
    paused.abort("why")  # wrong: unused-coroutine | reportUnusedCoroutine
    stay.build(Travel()).start()  # wrong: unused-coroutine | reportUnusedCoroutine


async def a_forgotten_await_of_a_repair(stuck: CompensationFailed[Travel, TravelError]) -> None:
    stuck.retry()  # wrong: unused-coroutine | reportUnusedCoroutine
    stuck.resolve("book")  # wrong: unused-coroutine | reportUnusedCoroutine


async def a_result_of_a_forgotten_await(new: New[Travel, TravelError]) -> None:
    started = new.start()
    _ = started.context  # wrong: attr-defined | reportAttributeAccessIssue


def an_unhandled_result(result: Result) -> str:
    match result:
        case Completed():
            return "done"
        case Paused():
            return "paused"
        case Failed():
            return "failed"
        case _:
            assert_never(result)  # wrong: arg-type | reportArgumentType


def two_unhandled_results(result: Result) -> str:
    if isinstance(result, Completed):
        return "done"
    if isinstance(result, CompensationFailed):
        return "stuck"
    assert_never(result)  # wrong: arg-type | reportArgumentType


def a_wrong_context() -> None:
    stay.build(Travel)  # wrong: arg-type | reportArgumentType
    stay.build(Cargo())  # wrong: arg-type | reportArgumentType
    stay.build()  # wrong: call-arg | reportCallIssue
    stay.build({"hotel": ""})  # wrong: arg-type | reportArgumentType


def what_a_context_has_not(done: Completed[Travel, TravelError], failed: Failed[Travel, TravelError]) -> None:
    _ = done.context.crate  # wrong: attr-defined | reportAttributeAccessIssue
    error: TravelError = failed.error  # wrong: assignment | reportAssignmentType
    del error
    started: int = run(stay.build(Travel()).start())  # wrong: assignment | reportAssignmentType
    del started


def what_build_does_not_take(anything: Any) -> None:
    stay.build(Travel(), observer=anything)  # wrong: call-arg | reportCallIssue
    stay.build(Travel(), clock=3)  # wrong: arg-type | reportArgumentType
    stay.build(Travel(), checkpoint="sqlite://")  # wrong: arg-type | reportArgumentType
    stay.build(Travel(), observers=3)  # wrong: arg-type | reportArgumentType
    stay.build(Travel(), id="7")  # wrong: arg-type | reportArgumentType
    stay.build(Travel(), anything)  # wrong: call-arg | reportCallIssue
    Stay.load(3)  # wrong: arg-type | reportArgumentType
    Stay.load_paused(b"", migrate=lambda: None)  # wrong: arg-type,misc | reportArgumentType


def a_resource_has_its_type() -> int:
    return resources(Travel)  # wrong: return-value | reportReturnType


async def both_states_of_a_loaded_record(data: bytes) -> None:
    await Stay.load(data).resume()  # wrong: union-attr | reportAttributeAccessIssue
