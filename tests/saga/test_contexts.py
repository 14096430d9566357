"""Which contexts a saga takes, and which steps and blocks fit which saga."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any, Generic, NewType, Protocol, TypedDict, TypeVar

import pytest
from pydantic import BaseModel

from legend_lab import CompensationOutcome, Saga, SagaDefinitionError, Step, StepOutcome


class Model(BaseModel):
    hotel: str = ""


class Richer(Model):
    crate: str = ""


class Open(BaseModel, extra="allow"):
    pass


@dataclass
class Record:
    hotel: str = ""


class Items(TypedDict, total=False):
    hotel: str


class Exact(TypedDict):
    hotel: str
    crate: str


class Plain:
    def __init__(self):
        self.hotel = ""


class HasHotel(Protocol):
    hotel: str


class HasBoth(HasHotel, Protocol):
    crate: str


class ByAttribute(Step[HasHotel]):
    async def execute(self, ctx):
        ctx.hotel = "booked"
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        ctx.hotel = ""
        return CompensationOutcome.COMPLETED


class Stay(Saga[HasHotel, ValueError]):
    hotel: ByAttribute


class Nothing(Step[Any]):
    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


def works_on(form):
    class Works(Nothing, Step[form]):
        async def execute(self, ctx):
            return StepOutcome.CONTINUE

    return Works


def saga_of(context, part):
    class Trip(Saga[context, ValueError]):
        part_: part

    return Trip


@pytest.mark.parametrize("form", [Model, Record, Items, dict, dict[str, str], Any, Plain])
async def test_every_kind_of_context_is_taken_over_without_a_copy(form):
    class Both(Step[form]):
        async def execute(self, ctx):
            if isinstance(ctx, dict):
                ctx["hotel"] = "booked"
            else:
                ctx.hotel = "booked"
            return StepOutcome.CONTINUE

        async def compensate(self, ctx):
            return CompensationOutcome.COMPLETED

    context = {} if form in (Items, dict, dict[str, str]) else Model() if form is Any else form()
    result = await saga_of(form, Both)(part_=Both()).build(context).start()
    assert result.context is context
    assert (context["hotel"] if isinstance(context, dict) else context.hotel) == "booked"


async def test_what_a_failed_attempt_changed_in_the_context_stays():
    class Spoils(Step[Model]):
        async def execute(self, ctx):
            ctx.hotel = "spoilt"
            raise ValueError

        async def compensate(self, ctx):
            return CompensationOutcome.COMPLETED

    result = await saga_of(Model, Spoils)(part_=Spoils()).build(Model()).start()
    assert result.is_failed
    assert result.context.hotel == "spoilt"


@pytest.mark.parametrize("form", [Model, Richer, Record, Plain, Open, SimpleNamespace, HasHotel, HasBoth, Any])
def test_a_block_on_a_protocol_fits_every_context_that_has_or_may_have_its_attributes(form):
    assert saga_of(form, Stay).__name__ == "Trip"


@pytest.mark.parametrize("form", [dict, Items, dict[str, str], object, dict | Model])
def test_a_block_on_a_protocol_does_not_fit_a_context_without_its_attributes(form):
    with pytest.raises(SagaDefinitionError, match=r"Trip\.part_ \(Stay\) works on HasHotel.*it lacks hotel"):
        saga_of(form, Stay)


def test_what_a_protocol_inherits_is_asked_for_too():
    with pytest.raises(SagaDefinitionError, match="it lacks crate"):
        saga_of(Model, works_on(HasBoth))
    assert saga_of(Richer, works_on(HasBoth))


async def test_a_block_on_a_protocol_runs_alone_and_inside_a_saga():
    assert (await Stay(hotel=ByAttribute()).build(Record()).start()).context.hotel == "booked"
    inside = saga_of(Model, Stay)(part_=Stay(hotel=ByAttribute()))
    assert (await inside.build(Model()).start()).context.hotel == "booked"


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (Model, Richer),
        (Model, Annotated[Model, "noted"]),
        (Annotated[Model, "noted"], Model),
        (Model | Record, Model),
        (Model | Record, Record | Model),
        (Any, Model),
        (object, Model),
        (Model, Any),
        (dict, Items),
        (Items, dict),
        (Items, Exact),
        (MutableMapping[str, Any], dict),
        (MutableMapping[str, Any], Items),
        (dict[str, Any], dict),
    ],
)
def test_a_step_fits_a_saga_whose_context_is_what_it_wants_or_may_be(wanted, given):
    assert saga_of(given, works_on(wanted)).__name__ == "Trip"


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (Richer, Model),
        (Model, Record),
        (Model, dict),
        (dict, Model),
        (Model, Model | Record),
        (Richer | Record, Model),
        (Exact, Items),
        (Items, Model),
        (MutableMapping[str, Any], Model),
    ],
)
def test_a_step_that_wants_something_else_is_refused(wanted, given):
    with pytest.raises(SagaDefinitionError, match=r"Trip\.part_ \(Works\) works on .* cannot be"):
        saga_of(given, works_on(wanted))


@pytest.mark.parametrize(
    ("form", "wrong", "shown"),
    [
        (Model, Model, "Model, not the class Model itself"),
        (Model, Record(), "Model, not Record"),
        (Model, {}, "Model, not dict"),
        (Model, None, "Model, not NoneType"),
        (Richer, Model(), "Richer, not Model"),
        (Items, Items, "Items, not the class Items itself"),
        (Items, Model(), "Items, not Model"),
        (dict, dict, "dict, not the class dict itself"),
        (dict[str, int], [], r"dict\[str, int\], not list"),
        (Model | str, 3, r"Model \| str, not int"),
        (Any, Model, "Any, not the class Model itself"),
        (HasHotel, Model, "HasHotel, not the class Model itself"),
        (Annotated[Model, 1], {}, r"Annotated\[Model, 1\], not dict"),
    ],
)
def test_build_refuses_a_class_or_a_wrong_context(form, wrong, shown):
    with pytest.raises(SagaDefinitionError, match=rf"Trip\.build takes a context of type {shown}$"):
        saga_of(form, Nothing)(part_=Nothing()).build(wrong)


@pytest.mark.parametrize(
    ("form", "right"),
    [(Model, Richer()), (Model | Record, Record()), (Model | None, None), (Any, 3), (NewType("Id", dict), {})],
)
async def test_build_takes_whatever_its_context_type_allows(form, right):
    assert (await saga_of(form, Nothing)(part_=Nothing()).build(right).start()).context is right


K = TypeVar("K")
C = TypeVar("C")
P = TypeVar("P", bound=HasHotel)


class Keyed(Step[C], Generic[K, C], abstract=True):
    key: K

    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Valued(Step[Model], Generic[K]):
    value: K

    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Concrete(Keyed[int, Model]):
    pass


class KeyedDict(Keyed[int, dict[str, K]], Generic[K]):
    pass


@pytest.mark.parametrize("part", [Keyed[int, Model], Concrete, Valued[int], Valued])
def test_a_generic_base_gives_its_context_whatever_the_order_of_its_type_variables(part):
    assert saga_of(Model, part)
    with pytest.raises(SagaDefinitionError, match="works on Model"):
        saga_of(Record, part)


def test_a_generic_base_may_fill_in_part_of_the_context():
    with pytest.raises(SagaDefinitionError, match=r"works on dict\[str, str\]"):
        saga_of(Model, KeyedDict[str])
    assert saga_of(dict[str, str], KeyedDict[str])


async def test_a_generic_saga_gives_its_context_and_error():
    class Shared(Saga[C, ValueError], Generic[C]):
        first: Nothing

    class Trip(Shared[Model]):
        second: Nothing

    trip = Trip(first=Nothing(), second=Nothing())
    assert (await trip.build(Model()).start()).is_completed
    assert (await Shared[Model](first=Nothing()).build(Model()).start()).is_completed
    with pytest.raises(SagaDefinitionError, match="context of type Model, not Record"):
        trip.build(Record())
    with pytest.raises(SagaDefinitionError, match="context of type Model, not Record"):
        Shared[Model](first=Nothing()).build(Record())


async def test_a_bound_of_a_type_variable_is_its_context():
    class Bound(Saga[P, ValueError], Generic[P]):
        stay: Stay

    assert (await Bound[Model](stay=Stay(hotel=ByAttribute())).build(Model()).start()).is_completed
    with pytest.raises(SagaDefinitionError, match=r"works on HasBoth.*context HasHotel"):

        class Narrow(Saga[P, ValueError], Generic[P]):
            part: works_on(HasBoth)
