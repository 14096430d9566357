"""What is written of a saga keeps the class of each step, and only known classes are read back."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from legend_lab import (
    CompensationOutcome,
    ContextRecordError,
    CorruptRecordError,
    Paused,
    Saga,
    SagaMismatchError,
    Step,
    StepOutcome,
    run,
)
from legend_lab.runtime.record import seal


class Travel(BaseModel):
    trace: list[str] = []


class Transport(Step[Travel], abstract=True):
    to: str

    async def execute(self, ctx):
        ctx.trace.append(repr(self))
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Flight(Transport):
    seat: str = "economy"


class Train(Transport):
    carriage: int = 1


class Ship(Step[Travel]):
    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Wait(Ship):
    async def execute(self, ctx):
        return StepOutcome.PAUSE


class Leg(Saga[Travel, ValueError]):
    travel: Transport


class LongLeg(Leg):
    then: Transport


class Trip(Saga[Travel, ValueError]):
    wait: Wait
    out: Transport
    leg: Leg
    anything: Step[Travel]


def trip():
    leg = LongLeg(travel=Train(to="Lyon", carriage=7), then=Flight(to="Nice"))
    return Trip(wait=Wait(), out=Flight(to="Paris", seat="first"), leg=leg, anything=Ship())


def written():
    paused = run(trip().build(Travel()).start())
    assert isinstance(paused, Paused)
    return paused.dump_json()


def changed(data, change):
    record = json.loads(data)
    change(record["saga"]["inputs"]["fields"])
    return seal({key: value for key, value in record.items() if key != "digest"})


def test_fields_annotated_with_a_base_class_come_back_as_their_own_class_with_all_fields():
    loaded = Trip.load_paused(written())
    assert loaded.saga == trip()
    assert type(loaded.saga.out) is Flight
    assert type(loaded.saga.leg) is LongLeg
    assert [spec.path for spec in loaded.program.steps] == ["wait", "out", "leg.travel", "leg.then", "anything"]


def test_the_tag_and_the_subclasss_own_fields_are_written():
    fields = json.loads(written())["saga"]["inputs"]["fields"]
    assert fields["out"] == {"tag": "Flight", "input": {"to": "Paris", "seat": "first"}}
    assert fields["leg"]["tag"] == "LongLeg"


@pytest.mark.parametrize("tag", ["Ship", "Rocket", "os.system", "legend_lab.SimulatedStep", "", None, 3, ["Flight"]])
def test_a_tag_that_names_no_known_subclass_is_an_error(tag):
    with pytest.raises(SagaMismatchError):
        Trip.load(changed(written(), lambda fields: fields["out"].update(tag=tag)))


def test_another_known_subclass_is_another_shape():
    with pytest.raises(SagaMismatchError, match="another shape"):
        Trip.load(changed(written(), lambda fields: fields["out"].update(tag="Train")))


def test_inputs_that_the_step_refuses_are_a_corrupt_record():
    with pytest.raises(
        CorruptRecordError, match=r"input of leg\.travel: .* carriage|input of leg\.travel: .*Train\.carriage"
    ):
        Trip.load(changed(written(), lambda f: f["leg"]["fields"]["travel"]["input"].update(carriage="x")))


def test_a_missing_or_extra_field_is_another_saga():
    for change in (lambda fields: fields.pop("out"), lambda fields: fields.update(more=fields["out"])):
        with pytest.raises(SagaMismatchError, match="has fields wait, out, leg, anything here"):
            Trip.load(changed(written(), change))


CELL = """
from legend_lab import CompensationOutcome, Saga, Step, StepOutcome

class Hold(Step[dict]):
    nights: int = 1
    async def execute(self, ctx):
        ctx["by"] = "{by}"
        return StepOutcome.PAUSE
    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED

class Stay(Saga[dict, ValueError]):
    hold: Step[dict]
"""


def test_a_class_defined_again_in_a_notebook_loads_the_data_of_its_former_self():
    cells: dict[str, Any] = {"__name__": "__main__"}
    exec(CELL.format(by="old"), cells)  # noqa: S102 - our own source
    paused = run(cells["Stay"](hold=cells["Hold"](nights=3)).build({}).start())
    former = cells["Hold"]
    exec(CELL.format(by="new"), cells)  # noqa: S102 - our own source
    loaded = cells["Stay"].load_paused(paused.dump_json())
    assert type(loaded.saga.hold) is cells["Hold"]
    assert type(loaded.saga.hold) is not former
    assert loaded.saga.hold.nights == 3
    assert run(loaded.resume()).context == {"by": "new"}


def test_two_modules_with_a_class_of_the_same_name_are_ambiguous():
    for module in ("one", "two"):
        type(Step)("Twin", (Transport,), {"__module__": module, "__qualname__": "Twin"})
    with pytest.raises(SagaMismatchError, match="a class of one or two; rename one of them"):
        Trip.load(changed(written(), lambda fields: fields["out"].update(tag="Twin")))


def test_an_input_that_is_a_secret_is_refused_with_its_place():
    class Login(Wait):
        password: SecretStr

    paused = run(Saga.of("Enter", {"login": Login.model_validate({"password": "hunter2"})}).build(Travel()).start())
    with pytest.raises(ContextRecordError, match=r"input of login: Login\.password") as caught:
        paused.dump_json()
    assert "hunter2" not in str(caught.value)
