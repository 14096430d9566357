"""What people get wrong in their first hour is answered with what to write instead."""

from dataclasses import dataclass

import pytest
from pydantic import ValidationError

from legend_lab import (
    CompensationOutcome,
    CorruptRecordError,
    Debugger,
    InMemoryStore,
    Saga,
    SagaDefinitionError,
    Step,
    StepOutcome,
    StoreError,
    run,
)


@dataclass
class Order:
    number: int = 0


def step_class():
    class Ship(Step[Order]):
        async def execute(self, ctx):
            return StepOutcome.PAUSE

        async def compensate(self, ctx):
            return CompensationOutcome.COMPLETED

    return Ship


Ship = step_class()


class Fulfil(Saga[Order, Exception]):
    ship: Ship


class Outer(Saga[Order, Exception]):
    inner: Fulfil
    last: Ship


def saga():
    return Fulfil(ship=Ship())


def test_running_what_was_only_built_says_to_start_it():
    with pytest.raises(TypeError, match=r"not a New; start it: run\(saga\.build\(ctx\)\.start\(\)\)"):
        run(saga().build(Order()))


def test_loading_what_a_store_returned_says_where_its_data_is():
    async def stored():
        store, paused = InMemoryStore(), await saga().build(Order()).start()
        await store.save(paused.id, paused.dump_json())
        return await store.get(paused.id)

    record = run(stored())
    with pytest.raises(CorruptRecordError, match="not PausedRecord; load takes its data"):
        Fulfil.load(record)
    assert Fulfil.load(record.data).is_paused


def test_a_path_is_no_checkpoint():
    with pytest.raises(StoreError, match="takes a store or a claim"):
        saga().build(Order(), checkpoint="runs.db")


def test_a_saga_with_one_type_is_told_of_the_other():
    with pytest.raises(SagaDefinitionError, match=r"Saga\[Context, Error\]"):
        Saga[Order]


def test_a_step_of_a_class_that_was_defined_again_says_which_cell_to_run():
    again = step_class()
    with pytest.raises(SagaDefinitionError, match=r"Fulfil\.ship is of a .*Ship that was defined again after Fulfil"):
        Fulfil(ship=again())
    with pytest.raises(SagaDefinitionError, match=r"Outer\.last"):
        Outer(inner=saga(), last=again())


@pytest.mark.parametrize("parts", [{}, {"ship": 3}, {"ship": Ship}, {"ship": Ship(), "more": 1}, {"more": Ship()}])
def test_any_other_wrong_part_is_pydantics_to_tell(parts):
    with pytest.raises(ValidationError, match="Fulfil"):
        Fulfil(**parts)


@pytest.mark.parametrize("wrong", [Fulfil, Ship(), "Fulfil"])
def test_the_debugger_wants_a_saga(wrong):
    with pytest.raises(SagaDefinitionError, match="what is stepped is a saga"):
        Debugger(wrong, Order())
