"""Public sagas, rewritten as a careful author would: ordinary classes that talk to clients."""

from __future__ import annotations

from pydantic import BaseModel

from legend_lab import (
    CompensationOutcome,
    RetryPolicy,
    Saga,
    SimulatedStep,
    Step,
    StepOutcome,
    effects,
    idempotency_key,
    resources,
)

GO, DONE = StepOutcome.CONTINUE, CompensationOutcome.COMPLETED
AGAIN = RetryPolicy(max_retries=4, backoff_ms=100, multiplier=2, max_backoff_ms=2_000)


class Service:
    """Stands for a participant's client, handed in with `resources`."""

    async def call(self, *what: object) -> str:
        raise AssertionError("the lint runs nothing")


class Call(Step[BaseModel], abstract=True):
    """A call of a participant that knows keys again."""

    retry_policy = AGAIN
    compensation_retry_policy = AGAIN
    timeout_s = 5.0
    idempotent = True


# Travel booking, as in Garcia-Molina & Salem (1987) and every talk since ---


class Trip(BaseModel):
    traveller: str
    price: int
    seat: str | None = None
    room: str | None = None
    receipt: str | None = None


class BookFlight(Call):
    """Book the seat. Owner: air desk"""

    flight: str

    async def execute(self, ctx: Trip) -> StepOutcome:
        ctx.seat = await resources(Service).call("book", self.flight, ctx.traveller, idempotency_key())
        return GO

    async def compensate(self, ctx: Trip) -> CompensationOutcome:
        await resources(Service).call("cancel", idempotency_key(of="execute"))
        ctx.seat = None
        return DONE


class BookHotel(Call):
    """Book the room. Owner: hotel desk"""

    async def execute(self, ctx: Trip) -> StepOutcome:
        ctx.room = await resources(Service).call("book", ctx.traveller, idempotency_key())
        return GO

    async def compensate(self, ctx: Trip) -> CompensationOutcome:
        await resources(Service).call("cancel", idempotency_key(of="execute"))
        ctx.room = None
        return DONE


class Charge(Call):
    """Take the money, when all else is there."""

    async def execute(self, ctx: Trip) -> StepOutcome:
        ctx.receipt = await resources(Service).call("charge", ctx.price, ctx.seat, ctx.room, idempotency_key())
        return GO

    async def compensate(self, ctx: Trip) -> CompensationOutcome:
        await resources(Service).call("refund", idempotency_key(of="execute"))
        return DONE


class TravelBooking(Saga[Trip, Exception]):
    """Book a trip. Owner: travel"""

    flight: BookFlight
    hotel: BookHotel
    charge: Charge


# Create order, after Richardson, Microservices Patterns (2018): then only forward ---------

effects.declare("literature.order", idempotent=True)
effects.declare("literature.ticket", idempotent=True)
effects.declare("literature.card", idempotent=True)
effects.declare("literature.approval", idempotent=True, irreversible=True)


class Order(BaseModel):
    consumer: str
    total: int
    order: str | None = None
    ticket: str | None = None


class CreateOrder(Call):
    """Write the order down as pending, which others see (semantic lock).

    Writes: order
    Locks: order
    """

    async def execute(self, ctx: Order) -> StepOutcome:
        effects.open("literature.order")
        ctx.order = idempotency_key()
        await resources(Service).call("pending", ctx.order, ctx.consumer)
        return GO

    async def compensate(self, ctx: Order) -> CompensationOutcome:
        await resources(Service).call("reject", ctx.order)
        effects.close("literature.order")
        return DONE


class VerifyConsumer(Call):
    """Only asks."""

    retry_policy = RetryPolicy(max_retries=3, give_up_on=(PermissionError,))

    async def execute(self, ctx: Order) -> StepOutcome:
        await resources(Service).call("may order?", ctx.consumer, ctx.total)
        return GO

    async def compensate(self, ctx: Order) -> CompensationOutcome:
        """There is nothing to undo."""
        return DONE


class CreateTicket(Call):
    async def execute(self, ctx: Order) -> StepOutcome:
        effects.open("literature.ticket")
        ctx.ticket = await resources(Service).call("ticket", ctx.order, idempotency_key())
        return GO

    async def compensate(self, ctx: Order) -> CompensationOutcome:
        effects.close("literature.ticket")
        await resources(Service).call("reject ticket", idempotency_key(of="execute"))
        return DONE


class AuthorizeCard(Call):
    """The pivot: after it nobody says no."""

    retry_policy = RetryPolicy(max_retries=3, give_up_on=(PermissionError,))

    async def execute(self, ctx: Order) -> StepOutcome:
        effects.open("literature.card")
        await resources(Service).call("authorize", ctx.total, idempotency_key())
        return GO

    async def compensate(self, ctx: Order) -> CompensationOutcome:
        effects.close("literature.card")
        await resources(Service).call("release", idempotency_key(of="execute"))
        return DONE


class ApproveTicket(Call):
    """Retriable: it is repeated until it gets through."""

    async def execute(self, ctx: Order) -> StepOutcome:
        effects.open("literature.approval", key=f"{idempotency_key()} ticket")
        await resources(Service).call("approve", ctx.ticket)
        return GO

    async def compensate(self, ctx: Order) -> CompensationOutcome:
        return DONE


class ApproveOrder(Call):
    """Retriable as well, and the end of the lock.

    Writes: order
    """

    async def execute(self, ctx: Order) -> StepOutcome:
        effects.open("literature.approval")
        await resources(Service).call("approve", ctx.order)
        return GO

    async def compensate(self, ctx: Order) -> CompensationOutcome:
        return DONE


class CreateOrderSaga(Saga[Order, Exception]):
    create_order: CreateOrder
    verify_consumer: VerifyConsumer
    create_ticket: CreateTicket
    authorize_card: AuthorizeCard
    approve_ticket: ApproveTicket
    approve_order: ApproveOrder


# Money transfer between two ledgers, after Helland (2007): tentative, then confirmed ---

effects.declare("literature.hold", idempotent=True)
effects.declare("literature.posting", idempotent=True, irreversible=True)


class Transfer(BaseModel):
    sender: str
    receiver: str
    cents: int


class HoldMoney(Call):
    """Set the money aside at the sender's bank.

    Adds to: account.available
    """

    retry_policy = RetryPolicy(max_retries=3, give_up_on=(PermissionError,))

    async def execute(self, ctx: Transfer) -> StepOutcome:
        effects.open("literature.hold")
        await resources(Service).call("hold", ctx.sender, ctx.cents, idempotency_key())
        return GO

    async def compensate(self, ctx: Transfer) -> CompensationOutcome:
        await resources(Service).call("release", idempotency_key(of="execute"))
        effects.close("literature.hold")
        return DONE


class CheckReceiver(Call):
    """Only asks whether the account takes money."""

    retry_policy = RetryPolicy(max_retries=3, give_up_on=(LookupError,))

    async def execute(self, ctx: Transfer) -> StepOutcome:
        await resources(Service).call("takes money?", ctx.receiver)
        return GO

    async def compensate(self, ctx: Transfer) -> CompensationOutcome:
        return DONE


class Post(Call):
    """Post both sides; there is only forward from here."""

    async def execute(self, ctx: Transfer) -> StepOutcome:
        effects.open("literature.posting")
        await resources(Service).call("post", ctx.sender, ctx.receiver, ctx.cents, idempotency_key())
        return GO

    async def compensate(self, ctx: Transfer) -> CompensationOutcome:
        return DONE


class MoneyTransfer(Saga[Transfer, Exception]):
    hold: HoldMoney
    check: CheckReceiver
    post: Post


# User provisioning, as identity teams tell it ---


class Person(BaseModel):
    name: str
    account: str | None = None
    mailbox: str | None = None


class CreateAccount(Call):
    async def execute(self, ctx: Person) -> StepOutcome:
        ctx.account = await self._directory("create", ctx.name)
        return GO

    async def compensate(self, ctx: Person) -> CompensationOutcome:
        await self._directory("delete", ctx.name)
        ctx.account = None
        return DONE

    async def _directory(self, verb: str, name: str) -> str:
        return await resources(Service).call(verb, name)


class CreateMailbox(Call):
    async def execute(self, ctx: Person) -> StepOutcome:
        ctx.mailbox = await resources(Service).call("mailbox", ctx.account)
        return GO

    async def compensate(self, ctx: Person) -> CompensationOutcome:
        await resources(Service).call("no mailbox", ctx.account)
        return DONE


class Welcome(Call):
    """Send the password: last, for it cannot be called back."""

    async def execute(self, ctx: Person) -> StepOutcome:
        await resources(Service).call("welcome", ctx.mailbox, idempotency_key())
        return GO

    async def compensate(self, ctx: Person) -> CompensationOutcome:
        return DONE


class UserProvisioning(Saga[Person, Exception]):
    account: CreateAccount
    mailbox: CreateMailbox
    welcome: Welcome


# A parental leave: days pass in the middle ---

effects.declare("literature.request", idempotent=True)
effects.declare("literature.mail", idempotent=True, irreversible=True)


class Leave(BaseModel):
    person: str
    weeks: int
    approved: bool | None = None


class FileRequest(Call):
    async def execute(self, ctx: Leave) -> StepOutcome:
        effects.open("literature.request")
        await resources(Service).call("file", ctx.person, ctx.weeks, idempotency_key())
        return GO

    async def compensate(self, ctx: Leave) -> CompensationOutcome:
        await resources(Service).call("withdraw", idempotency_key(of="execute"))
        effects.close("literature.request")
        return DONE


class AskManager(Call):
    """Mail the manager."""

    async def execute(self, ctx: Leave) -> StepOutcome:
        effects.open("literature.mail")
        await resources(Service).call("please decide", ctx.person, idempotency_key())
        return GO

    async def compensate(self, ctx: Leave) -> CompensationOutcome:
        return DONE


class WaitForDecision(Step[Leave]):
    """Pauses until somebody has decided and says so in the context."""

    idempotent = True

    async def execute(self, ctx: Leave) -> StepOutcome:
        return StepOutcome.PAUSE if ctx.approved is None else GO

    async def compensate(self, ctx: Leave) -> CompensationOutcome:
        return DONE


class ChangePayroll(Call):
    async def execute(self, ctx: Leave) -> StepOutcome:
        await resources(Service).call("payroll", ctx.person, ctx.weeks, idempotency_key())
        return GO

    async def compensate(self, ctx: Leave) -> CompensationOutcome:
        await resources(Service).call("payroll as before", idempotency_key(of="execute"))
        return DONE


class ParentalLeave(Saga[Leave, Exception]):
    file: FileRequest
    ask: AskManager
    decision: WaitForDecision
    payroll: ChangePayroll


# A saga of simulated steps, as tutorials have it ---


class Tutorial(Saga[dict, Exception]):
    first: SimulatedStep
    second: SimulatedStep


SAGAS = (
    TravelBooking(flight=BookFlight(flight="UA123"), hotel=BookHotel(), charge=Charge()),
    CreateOrderSaga(
        create_order=CreateOrder(),
        verify_consumer=VerifyConsumer(),
        create_ticket=CreateTicket(),
        authorize_card=AuthorizeCard(),
        approve_ticket=ApproveTicket(),
        approve_order=ApproveOrder(),
    ),
    MoneyTransfer(hold=HoldMoney(), check=CheckReceiver(), post=Post()),
    UserProvisioning(account=CreateAccount(), mailbox=CreateMailbox(), welcome=Welcome()),
    ParentalLeave(file=FileRequest(), ask=AskManager(), decision=WaitForDecision(), payroll=ChangePayroll()),
    Tutorial(first=SimulatedStep(), second=SimulatedStep()),
)
