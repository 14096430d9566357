"""DESIGN's own example and what goes on from it: both checkers accept all of this."""

from collections.abc import Callable
from typing import Any, Protocol, TypedDict, assert_never, assert_type

from pydantic import BaseModel

from legend_lab import (
    Claim,
    CompensationFailed,
    CompensationOutcome,
    Completed,
    ExecutionId,
    ExecutionResult,
    Failed,
    FailedUndo,
    Fault,
    FaultKind,
    FaultPlan,
    LegendError,
    LoggingObserver,
    New,
    Paused,
    RetryPolicy,
    RunEvent,
    Saga,
    SimulatedStep,
    Step,
    StepOutcome,
    Store,
    VirtualClock,
    idempotency_key,
    resources,
    run,
)


class TravelError(Exception):
    """What this saga's steps raise."""


class Travel(BaseModel):
    """The context."""

    hold_id: str | None = None
    hotel: str | None = None


class HasHotel(Protocol):
    """What a block's steps need of any context."""

    hotel: str | None


class ReserveFunds(Step[Travel]):
    """As in the design, with the context's type written again."""

    retry_policy = RetryPolicy.retries_with_backoff(3, 100)
    timeout_s = 2.5
    idempotent = True
    uncertain_on = (OSError, TimeoutError)
    amount: int

    async def execute(self, ctx: Travel) -> StepOutcome:
        """Hold the money."""
        ctx.hold_id = f"hold_{self.amount}_{idempotency_key()}"
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: Travel) -> CompensationOutcome:
        """Let go of it."""
        ctx.hold_id = None
        assert_type(idempotency_key(of="execute"), str)
        return CompensationOutcome.COMPLETED


class BookHotel(Step[HasHotel]):
    """Works on every context that has a hotel."""

    name: str = "Ritz"

    async def execute(self, ctx: HasHotel) -> StepOutcome:
        """Book it."""
        ctx.hotel = self.name
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: HasHotel) -> CompensationOutcome:
        """Cancel it."""
        ctx.hotel = None
        return CompensationOutcome.COMPLETED


class Trip(Saga[HasHotel, TravelError]):
    """A block."""

    hotel: BookHotel


class TravelBooking(Saga[Travel, TravelError]):
    """A saga with a block and a ready step."""

    on_compensation_failure = "halt"
    reserve_funds: ReserveFunds
    trip: Trip
    pause: SimulatedStep


saga = TravelBooking(
    reserve_funds=ReserveFunds(amount=89_900),
    trip=Trip(hotel=BookHotel()),
    pause=SimulatedStep(duration_ms=5, value={"seen": True}),
)


async def example(store: Store) -> Travel:
    """Handle every result."""
    result = await saga.build(Travel()).start()
    assert_type(result, ExecutionResult[Travel, TravelError])
    match result:
        case Completed(context=ctx):
            assert_type(ctx, Travel)
            return ctx
        case Paused():
            await store.save(result.id, result.dump_json())
            assert_type(result.original_error, TravelError | LegendError | None)
            return result.context
        case Failed(error=err):
            assert_type(err, TravelError | LegendError)
            return result.into_context()
        case CompensationFailed(original_error=e, failed_at=i):
            assert_type(e, TravelError | LegendError)
            assert_type(i, int)
            assert_type(result.compensation_errors, tuple[FailedUndo, ...])
            return result.context
        case _:
            assert_never(result)


async def by_isinstance(result: ExecutionResult[Travel, TravelError]) -> str:
    """The same with `isinstance`, which keeps the parameters in both checkers."""
    if isinstance(result, Completed):
        assert_type(result, Completed[Travel, TravelError])
        return "done"
    if isinstance(result, Failed):
        assert_type(result.error, TravelError | LegendError)
        return "undone"
    if isinstance(result, Paused):
        assert_type(await result.resume(), ExecutionResult[Travel, TravelError])
        return result.path
    assert_type(result, CompensationFailed[Travel, TravelError])
    return ", ".join(result.pending)


async def every_transition(paused: Paused[Travel, TravelError], stuck: CompensationFailed[Travel, TravelError]) -> None:
    """Each transition has its result's type."""
    new = saga.build(Travel())
    assert_type(new, New[Travel, TravelError])
    assert_type(new.recover(), Paused[Travel, TravelError])
    assert_type(await new.start(), ExecutionResult[Travel, TravelError])
    assert_type(await paused.abort("no money"), ExecutionResult[Travel, TravelError])
    assert_type(paused.recover().context, Travel)
    assert_type(await stuck.retry(), ExecutionResult[Travel, TravelError])
    assert_type(
        await stuck.resolve("trip.hotel", "by phone"),
        CompensationFailed[Travel, TravelError] | Failed[Travel, TravelError],
    )
    assert_type(stuck.compensation_error, TravelError | LegendError)


def from_a_script() -> ExecutionResult[Travel, TravelError]:
    """`run` takes what a transition returns."""
    started = run(saga.build(Travel()).start())
    assert_type(started, ExecutionResult[Travel, TravelError])
    return started


def take_up(data: bytes, store: Store, claim: Claim) -> None:
    """Records come back with the saga's own types."""
    assert_type(TravelBooking.load(data), Paused[Travel, TravelError] | CompensationFailed[Travel, TravelError])
    assert_type(TravelBooking.load_paused(data), Paused[Travel, TravelError])
    assert_type(saga.load_paused(data), Paused[Travel, TravelError])

    def migrate(record: dict[str, Any]) -> dict[str, Any]:
        return record | {"version": 1}

    TravelBooking.load(data.decode(), migrate=migrate, checkpoint=store, clock=VirtualClock(), faults=FaultPlan())
    TravelBooking.load_paused(data, checkpoint=claim, resources=dict, observers=[LoggingObserver()])


class Services:
    """What steps ask for."""

    url: str = "here"


def build_with_everything(store: Store, claim: Claim) -> None:
    """Every keyword of `build`."""
    seen: list[RunEvent] = []
    fault = Fault("trip.hotel", "compensate", attempt=2, kind=FaultKind.ERROR_AFTER, error=TravelError("lost"))
    new = saga.build(
        Travel(),
        id=ExecutionId.new(),
        clock=VirtualClock(),
        faults=[fault, Fault("reserve_funds", attempt="every", kind=FaultKind.TIMEOUT)],
        resources=(Services(), {"region": "eu"}),
        checkpoint=store,
        observers=(seen.append, LoggingObserver()),
    )
    assert_type(new.context, Travel)
    saga.build(Travel(), faults=fault, checkpoint=claim, resources=Services)
    saga.build(Travel(), faults=FaultPlan([fault]), observers=[lambda event: print(event.name)])


class CallService(Step[Travel]):
    """Asks for a resource by its type."""

    async def execute(self, ctx: Travel) -> StepOutcome:
        """Use it."""
        services = resources(Services)
        assert_type(services, Services)
        ctx.hotel = services.url
        return StepOutcome.PAUSE

    async def compensate(self, ctx: Travel) -> CompensationOutcome:
        """Nothing to undo."""
        return CompensationOutcome.PAUSE


class Parcel(TypedDict):
    """A context that is a dict."""

    weight: int


class Weigh(Step[Parcel]):
    """A step on a TypedDict."""

    async def execute(self, ctx: Parcel) -> StepOutcome:
        """Weigh it."""
        ctx["weight"] = 3
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: Parcel) -> CompensationOutcome:
        """Forget it."""
        ctx["weight"] = 0
        return CompensationOutcome.COMPLETED


class Post(Saga[Parcel, TravelError | OSError]):
    """Two declared errors."""

    weigh: Weigh


async def on_a_dict() -> None:
    """A TypedDict context and a union of errors."""
    result = await Post(weigh=Weigh()).build({"weight": 0}).start()
    if isinstance(result, Failed):
        assert_type(result.error, TravelError | OSError | LegendError)
    assert_type(result.context["weight"], int)


async def from_values() -> None:
    """`Saga.of` infers the context from the steps and the error from `error=`."""
    made = Saga.of("Made", {"first": Weigh(), "second": Weigh()}, error=TravelError)
    assert_type(made, Saga[Parcel, TravelError])
    assert_type(await made.build({"weight": 0}).start(), ExecutionResult[Parcel, TravelError])
    open_ended = Saga.of("Made", {"block": made}, on_compensation_failure="halt")
    assert_type(open_ended, Saga[Parcel, Exception])


async def from_values_of_several_kinds(booking: TravelBooking) -> None:
    """Different steps and blocks on one context; with a Protocol among them, mypy wants the type said."""
    both = Saga.of("Both", {"funds": ReserveFunds(amount=1), "call": CallService(), "booking": booking})
    assert_type(both, Saga[Travel, Exception])
    mixed: Saga[Travel, Exception] = Saga.of("Mixed", {"funds": ReserveFunds(amount=1), "hotel": BookHotel()})
    await mixed.build(Travel()).start()


def a_step_on_a_protocol_is_a_step_on_each_context_that_has_it(hotel: BookHotel) -> Step[Travel]:
    """Contexts are contravariant in steps."""
    return hotel


async def in_a_unit_test() -> None:
    """A step is a plain object."""
    context = Travel()
    assert_type(await ReserveFunds(amount=1).execute(context), StepOutcome)
    assert_type(await ReserveFunds(amount=1).compensate(context), CompensationOutcome)


def retry_policies(policy: RetryPolicy) -> None:
    """Every form of a policy."""
    RetryPolicy(3, 100, 2.0, 1_000, (ValueError, OSError))
    RetryPolicy(max_retries=1, give_up_on=(TravelError,))
    assert_type(RetryPolicy.NO_RETRY.should_retry(0), bool)
    assert_type(RetryPolicy.retries(2), RetryPolicy)
    assert_type(policy.max_backoff_ms, float | None)


def changed(clock: Callable[[], int]) -> TravelBooking:
    """Copies keep the class."""
    del clock
    return saga.model_copy(update={"pause": SimulatedStep()})
