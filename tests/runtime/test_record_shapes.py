"""Records of other sagas, versions and shapes, and the classes that a record may name (S13)."""

import json

import pytest

from legend_lab import (
    CompensationOutcome,
    Failed,
    Paused,
    RetryPolicy,
    Saga,
    SagaMismatchError,
    Step,
    StepOutcome,
)
from legend_lab.core.errors import RecordVersionError
from legend_lab.runtime.clocks import VirtualClock
from legend_lab.runtime.record import seal


class OrderError(Exception):
    def __init__(self, code, *, hint=None):
        super().__init__(code)
        self.hint = hint


class Pausing(Step[dict]):
    async def execute(self, ctx):
        if ctx.get("go"):
            return StepOutcome.CONTINUE
        ctx["go"] = True
        return StepOutcome.PAUSE

    async def compensate(self, ctx):
        ctx.setdefault("undone", []).append("pausing")
        return CompensationOutcome.COMPLETED


class Raising(Step[dict]):
    async def execute(self, ctx):
        ctx["tries"] = ctx.get("tries", 0) + 1
        raise OrderError("no stock", hint="later") if ctx.get("error") is None else ctx_error(ctx)

    async def compensate(self, ctx):
        ctx.setdefault("undone", []).append("raising")
        if ctx.get("undo_fails"):
            raise LookupError("undo")
        return CompensationOutcome.COMPLETED


def ctx_error(ctx):
    return {"ValueError": ValueError("v"), "ConnectionError": ConnectionError("c")}[ctx["error"]]


class Done(Step[dict]):
    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.PAUSE if ctx.pop("pause", False) else CompensationOutcome.COMPLETED


class Order(Saga[dict, OrderError]):
    wait: Pausing
    charge: Raising


def order():
    return Order(wait=Pausing(), charge=Raising())


async def paused_order(**ctx):
    paused = await order().build(dict(ctx), clock=VirtualClock()).start()
    assert isinstance(paused, Paused)
    return paused


# -- other sagas, versions and shapes ---------------------------------------------------------------


def changed(data, change):
    """Return the record after `change`, with a digest that fits."""
    record = json.loads(data)
    record.pop("digest")
    change(record)
    return seal(record)


async def test_a_record_of_another_saga_names_both():
    data = (await paused_order()).dump_json()
    with pytest.raises(SagaMismatchError, match=r"'Order'.*'Story'"):
        Saga.of("Story", {"wait": Pausing(), "charge": Raising()}).load(data)


async def test_a_record_of_another_shape_names_both_fingerprints():
    data = (await paused_order()).dump_json()
    there = json.loads(data)["saga"]["fingerprint"]
    other = Saga.of("Order", {"wait": Pausing(), "charge": Done()}, error=OrderError)
    with pytest.raises(SagaMismatchError) as refused:
        other.load(data)
    assert "Raising" in str(refused.value)

    class Raising_(Step[dict]):  # noqa: N801 - becomes another Raising
        amount: int = 1
        execute, compensate = Raising.execute, Raising.compensate

    Raising_.__qualname__ = "Raising"
    with pytest.raises(SagaMismatchError, match=there) as refused:
        Saga.of("Order", {"wait": Pausing(), "charge": Raising_()}).load(data)
    assert str(refused.value).count("fingerprint") == 1
    assert "migrate" in str(refused.value)


async def test_retries_limits_titles_and_descriptions_are_no_part_of_the_shape():
    class Pausing_(Step[dict]):  # noqa: N801 - becomes another Pausing
        """Described."""

        retry_policy = RetryPolicy.retries(9)
        timeout_s = 3
        execute, compensate = Pausing.execute, Pausing.compensate

    Pausing_.__qualname__ = "Pausing"
    data = (await paused_order()).dump_json()
    loaded = Saga.of("Order", {"wait": Pausing_(), "charge": Raising()}).load(data)
    assert loaded.program.steps[0].retry_policy == RetryPolicy.NO_RETRY


async def test_a_record_of_another_version_names_both_and_migrates():
    data = changed((await paused_order()).dump_json(), lambda record: record.update(version=7))
    with pytest.raises(RecordVersionError, match=r"version 7.*version 1.*migrate"):
        Order.load(data)
    seen = []

    def migrate(record):
        seen.append(record["version"])
        return {**record, "version": 1, "context": {**record["context"], "migrated": True}}

    loaded = Order.load(data, migrate=migrate)
    assert (seen, loaded.context["migrated"]) == ([7], True)


async def test_migrate_is_the_way_over_to_another_shape(tmp_path):
    data = (await paused_order()).dump_json()
    saga = Saga.of("Order", {"hold": Pausing(), "charge": Raising()}, error=OrderError)

    def migrate(record):
        fields = record["saga"]["inputs"]["fields"]
        record["saga"]["inputs"]["fields"] = {"hold": fields["wait"], "charge": fields["charge"]}
        record["saga"]["fingerprint"] = saga.build({})._run.shape.fingerprint()
        record["at"] = "hold"
        for entry in record["journal"]:
            entry["path"] = entry["path"].replace("wait", "hold")
        return record

    loaded = saga.load(data, migrate=migrate)
    assert loaded.path == "hold"
    assert isinstance(await loaded.resume(), Failed)


# -- classes of inputs ------------------------------------------------------------------------------


class Payment(Step[dict], abstract=True):
    amount: int

    async def execute(self, ctx):
        ctx["paid"] = f"{type(self).__name__} {self}"
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Card(Payment):
    number: str


class Voucher(Payment):
    codes: list[str]


class Shop(Saga[dict, OrderError]):
    wait: Pausing
    pay: Payment


@pytest.mark.parametrize("payment", [Card(amount=3, number="4711"), Voucher(amount=5, codes=["a", "b"])], ids=repr)
async def test_a_field_of_a_base_class_keeps_the_subclass_and_its_own_fields(payment):
    paused = await Shop(wait=Pausing(), pay=payment).build({}).start()
    loaded = Shop.load(paused.dump_json())
    assert type(loaded.saga.pay) is type(payment)
    assert loaded.saga.pay == payment
    assert (await loaded.resume()).context["paid"].startswith(type(payment).__name__)


async def test_a_tag_of_no_known_subclass_is_an_error_that_names_it():
    paused = await Shop(wait=Pausing(), pay=Card(amount=3, number="4711")).build({}).start()

    def rename(record):
        record["saga"]["inputs"]["fields"]["pay"]["tag"] = "os.system"

    with pytest.raises(SagaMismatchError, match=r"'os.system'.*Payment"):
        Shop.load(changed(paused.dump_json(), rename))


async def test_a_step_of_the_wrong_kind_is_no_known_subclass():
    paused = await Shop(wait=Pausing(), pay=Card(amount=3, number="4711")).build({}).start()

    def swap(record):
        record["saga"]["inputs"]["fields"]["pay"]["tag"] = "Raising"

    with pytest.raises(SagaMismatchError, match="Raising"):
        Shop.load(changed(paused.dump_json(), swap))


CELL = """
class TripError(Exception): pass

class Book(Step[dict]):
    city: str
    async def execute(self, ctx):
        if ctx.get("ready"):
            raise TripError("full") if ctx.get("full") else KeyError("x")
        ctx["ready"] = {version}
        return StepOutcome.PAUSE
    async def compensate(self, ctx):
        ctx["undone_by"] = {version}
        return CompensationOutcome.COMPLETED

class Trip(Saga[dict, TripError]):
    book: Book
"""


async def test_classes_that_a_cell_defines_again_load_what_their_former_selves_wrote():
    cell = {"Step": Step, "Saga": Saga, "StepOutcome": StepOutcome, "CompensationOutcome": CompensationOutcome}
    cell["__name__"] = "__main__"
    exec(CELL.format(version=1), cell)  # noqa: S102 - as a notebook does
    paused = await cell["Trip"](book=cell["Book"](city="Rome")).build({"full": True}).start()
    data = paused.dump_json()
    former = cell["Book"]
    exec(CELL.format(version=2), cell)  # noqa: S102 - the cell is run again
    loaded = cell["Trip"].load(data)
    assert type(loaded.saga.book) is cell["Book"] is not former
    assert loaded.saga.book.city == "Rome"
    failed = await loaded.resume()
    assert type(failed.error) is cell["TripError"]
    assert failed.context["undone_by"] == 2


async def test_a_subclass_defined_again_stands_for_its_former_self():
    def define():
        class Cash(Payment):
            coins: int = 0

        return Cash

    former = define()
    paused = await Shop(wait=Pausing(), pay=former(amount=1, coins=2)).build({}).start()
    newer = define()
    loaded = Shop.load(paused.dump_json())
    assert type(loaded.saga.pay) is newer
    assert loaded.saga.pay.coins == 2


async def test_a_nested_block_of_a_subclass_comes_back_as_it_was():
    class Leg(Saga[dict, OrderError]):
        wait: Pausing

    class LongLeg(Leg):
        pay: Payment

    class Tour(Saga[dict, OrderError]):
        leg: Leg

    tour = Tour(leg=LongLeg(wait=Pausing(), pay=Card(amount=1, number="1")))
    paused = await tour.build({}).start()
    loaded = Tour.load(paused.dump_json())
    assert loaded.saga == tour
    assert type(loaded.saga.leg) is LongLeg
    assert [spec.path for spec in loaded.program.steps] == ["leg.wait", "leg.pay"]
