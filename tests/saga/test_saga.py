"""A saga is a frozen value: built, changed by copies, nested, pickled."""

import copy
import pickle
import time

import pytest
from pydantic import BaseModel, ValidationError, create_model

from legend_lab import (
    CompensationOutcome,
    Failed,
    OutsideRunError,
    Saga,
    SagaDefinitionError,
    Step,
    StepOutcome,
    idempotency_key,
)


class Tally(BaseModel):
    total: int = 0
    trace: list[str] = []


class Add(Step[Tally]):
    amount: int = 1

    async def execute(self, ctx):
        ctx.total += self.amount
        ctx.trace.append(f"+{self.amount}")
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        ctx.total -= self.amount
        ctx.trace.append(f"-{self.amount}")
        return CompensationOutcome.COMPLETED


class AddTwice(Add):
    async def execute(self, ctx):
        await super().execute(ctx)
        return await super().execute(ctx)


class Break(Step[Tally]):
    async def execute(self, ctx):
        raise ValueError("broken")

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Other(Step[dict[str, int]]):
    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Pair(Saga[Tally, ValueError]):
    first: Add
    second: Add


class Nest(Saga[Tally, ValueError]):
    before: Add
    pair: Pair
    after: Add


class Deep(Saga[Tally, ValueError]):
    nest: Nest
    last: Break


async def total_of(saga):
    return (await saga.build(Tally()).start()).context.total


async def test_steps_run_in_the_order_of_the_fields():
    saga = Pair(second=Add(amount=2), first=Add(amount=1))
    assert (await saga.build(Tally()).start()).context.trace == ["+1", "+2"]


async def test_nested_blocks_flatten_in_order_with_dotted_paths_and_undo_backwards():
    pair = Pair(first=Add(amount=2), second=Add(amount=3))
    saga = Deep(nest=Nest(before=Add(amount=1), pair=pair, after=Add(amount=4)), last=Break())
    execution = saga.build(Tally())
    paths = ["nest.before", "nest.pair.first", "nest.pair.second", "nest.after", "last"]
    assert [spec.path for spec in execution.program.steps] == paths
    result = await execution.start()
    assert isinstance(result, Failed)
    assert result.context.trace == ["+1", "+2", "+3", "+4", "-4", "-3", "-2", "-1"]
    assert result.context.total == 0


def test_inputs_are_validated_and_converted_by_pydantic():
    assert Add(amount="3").amount == 3
    assert Pair(first={"amount": 2}, second={}).first == Add(amount=2)
    for wrong in ({"amount": "x"}, {"amont": 1}):
        with pytest.raises(ValidationError):
            Add(**wrong)


@pytest.mark.parametrize(
    "fields", [{"first": Add()}, {"first": Add(), "second": Break()}, {"first": Add(), "second": Add}]
)
def test_a_missing_or_wrong_step_is_refused(fields):
    with pytest.raises(ValidationError, match="second"):
        Pair(**fields)


def test_an_unknown_step_is_refused():
    with pytest.raises(ValidationError, match="third"):
        Pair(first=Add(), second=Add(), third=Add())


@pytest.mark.parametrize("change", [lambda s: setattr(s, "first", Add()), lambda s: delattr(s, "first")])
def test_a_saga_is_frozen(change):
    saga = Pair(first=Add(), second=Add())
    with pytest.raises(ValidationError, match="frozen"):
        change(saga)


def test_a_step_is_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Add().amount = 3


async def test_a_built_saga_may_be_built_again_with_another_context():
    saga = Pair(first=Add(), second=Add(amount=5))
    assert [await total_of(saga), await total_of(saga)] == [6, 6]
    assert saga.build(Tally()).id != saga.build(Tally()).id


async def test_model_copy_with_an_update_builds_the_changed_saga():
    saga = Pair(first=Add(), second=Add(amount=5))
    assert await total_of(saga) == 6
    changed = saga.model_copy(update={"second": Add(amount=100)})
    assert [await total_of(changed), await total_of(saga)] == [101, 6]
    subclass = saga.model_copy(update={"second": AddTwice(amount=7)})
    assert [await total_of(subclass), await total_of(changed), await total_of(saga)] == [15, 101, 6]


async def test_model_copy_with_a_changed_block_builds_the_changed_saga():
    pair = Pair(first=Add(), second=Add())
    saga = Nest(before=Add(), pair=pair, after=Add())
    assert await total_of(saga) == 4
    changed = saga.model_copy(update={"pair": pair.model_copy(update={"first": AddTwice(amount=10)})})
    assert [await total_of(changed), await total_of(saga)] == [23, 4]


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({"second": 3}, r"Pair\.second must be an instance of Add, not int"),
        ({"second": Add}, r"Pair\.second must be an instance of Add, not that class itself"),
        ({"second": Break()}, r"Pair\.second must be an instance of Add, not Break"),
        ({"second": Other()}, r"Pair\.second must be an instance of Add, not Other"),
        ({"third": Add()}, "Pair was made with other fields than its own"),
    ],
)
def test_model_copy_with_a_wrong_update_is_refused_at_build(update, message):
    saga = Pair(first=Add(), second=Add())
    saga.build(Tally())
    with pytest.raises(SagaDefinitionError, match=message):
        saga.model_copy(update=update).build(Tally())


def test_a_wrong_step_inside_a_block_is_named_with_its_path():
    pair = Pair(first=Add(), second=Add()).model_copy(update={"first": Break()})
    with pytest.raises(SagaDefinitionError, match=r"Pair\.pair\.first must be an instance of Add"):
        Nest(before=Add(), pair=pair, after=Add()).build(Tally())


def test_a_saga_made_without_validation_and_without_a_step_is_refused_at_build():
    with pytest.raises(SagaDefinitionError, match="Pair was made with other fields"):
        Pair.model_construct(first=Add()).build(Tally())


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])  # noqa: S301
@pytest.mark.parametrize("built", [False, True])
async def test_a_copied_or_pickled_saga_is_equal_and_runs(duplicate, built):
    saga = Nest(before=Add(), pair=Pair(first=Add(amount=2), second=AddTwice(amount=3)), after=Add())
    if built:
        saga.build(Tally())
    twin = duplicate(saga)
    assert twin == saga
    assert hash(twin) == hash(saga)
    assert await total_of(twin) == 10


def test_a_10_000_step_class_builds_runs_and_undoes_in_reasonable_time():
    size = 10_000
    began = time.perf_counter()
    fields = {f"step_{n}": (Add, Add()) for n in range(size)}
    cls = create_model("Long", __base__=Saga[Tally, ValueError], **fields, last=(Break, Break()))
    coroutine = cls().build(Tally()).start()
    with pytest.raises(StopIteration) as ended:
        coroutine.send(None)
    result = ended.value.value
    assert isinstance(result, Failed)
    assert result.context.total == 0
    assert len(result.journal) == 2 * size + 1
    assert time.perf_counter() - began < 30


async def test_a_step_with_default_inputs_may_be_left_out():
    class Usual(Saga[Tally, ValueError]):
        first: Add = Add(amount=2)
        second: Add = Add(amount=3)

    assert await total_of(Usual()) == 5


async def test_a_step_is_a_plain_object_that_a_unit_test_can_call():
    context = Tally()
    assert await Add(amount=4).execute(context) is StepOutcome.CONTINUE
    assert await Add(amount=4).compensate(context) is CompensationOutcome.COMPLETED
    assert context.trace == ["+4", "-4"]


async def test_what_needs_a_run_says_so_when_a_unit_test_calls_the_step():
    class Keyed(Add):
        async def execute(self, ctx):
            ctx.trace.append(idempotency_key())
            return StepOutcome.CONTINUE

    with pytest.raises(OutsideRunError, match=r"idempotency_key\(\).*Saga\.of"):
        await Keyed().execute(Tally())


def test_an_execution_knows_its_saga():
    saga = Pair(first=Add(), second=Add())
    assert saga.build(Tally()).saga is saga


def test_a_saga_that_names_no_step_cannot_be_built():
    with pytest.raises(SagaDefinitionError, match="has no steps"):
        Saga[Tally, ValueError]().build(Tally())
