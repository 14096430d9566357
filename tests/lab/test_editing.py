from __future__ import annotations

import dataclasses
from enum import Enum
from typing import Any, TypedDict

import pydantic.dataclasses
import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from legend_lab.lab.editing import EditError, change_context


class Seat(BaseModel):
    row: int = 4
    letter: str = "A"


class Trip(BaseModel):
    nights: int = Field(default=2, ge=1)
    seat: Seat = Seat()
    seats: list[Seat] = []
    password: SecretStr = SecretStr("old")
    total: int = 20

    @field_validator("total")
    @classmethod
    def even(cls, value):
        if value % 2:
            raise ValueError("total must be even")
        return value


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)
    a: int = 1


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int = 1


class Linked(BaseModel):
    nights: int = 1
    price: int = 100

    @model_validator(mode="after")
    def priced(self):
        self.__dict__["price"] = self.nights * 100
        return self


@dataclasses.dataclass
class Plain:
    n: int = 1
    inner: dict[str, Any] = dataclasses.field(default_factory=lambda: {"list": [1, 2], 7: "seven"})


@dataclasses.dataclass(frozen=True)
class Hard:
    n: int = 1


@pydantic.dataclasses.dataclass
class Checked:
    n: int = 1


class Typed(TypedDict):
    a: int


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("context", "place", "value", "note"),
    [
        ({"a": 1}, "a", 2, "a = 2 (was 1)"),
        ({"a": 1}, "b", 2, "b = 2"),
        ({"a": {"b": [{"c": 1}]}}, "a.b.0.c", "x", "a.b.0.c = 'x' (was 1)"),
        ({"a": [1, 2]}, "a.1", 9, "a.1 = 9 (was 2)"),
        ({7: "x"}, "7", "y", "7 = 'y' (was 'x')"),
        ({Colour.RED: 1}, "<Colour.RED: 'red'>", 2, "<Colour.RED: 'red'> = 2 (was 1)"),
        ({"a.b": {"c.d": 1}}, "a.b.c.d", 2, "a.b.c.d = 2 (was 1)"),
        ({7: "x", "7": "z"}, "7", "y", "7 = 'y' (was 'z')"),
        (Typed(a=1), "a", 5, "a = 5 (was 1)"),
        (Plain(), "n", 3, "n = 3 (was 1)"),
        (Plain(), "inner.list.0", 3, "inner.list.0 = 3 (was 1)"),
        (Trip(), "nights", "7", "nights = 7 (was 2)"),
        (Trip(), "seat.row", 9, "seat.row = 9 (was 4)"),
        (Trip(seats=[Seat()]), "seats.0.letter", "F", "seats.0.letter = 'F' (was 'A')"),
        (Open(extra=1), "extra", 2, "extra = 2 (was 1)"),
        ({1: "a", "1": "b"}, "1", "c", "1 = 'c' (was 'b')"),
        ({1: "a", "1": "b"}, "1 (int)", "c", "1 (int) = 'c' (was 'a')"),
        (Checked(), "n", "5", "n = 5 (was 1)"),
    ],
)
def test_a_value_is_set_at_its_place_and_the_note_says_what_it_is_now(context, place, value, note):
    assert change_context(context, place, value) == note
    again = change_context(context, place, value)
    assert again.split(" (was")[0] == note.split(" (was")[0]
    assert again.endswith(f"(was {note.split(' = ')[1].split(' (was')[0]})")


def test_a_model_turns_the_value_into_its_own_type():
    trip = Trip()
    change_context(trip, "seat", {"row": "8", "letter": "C"})
    assert trip.seat == Seat(row=8, letter="C")
    assert "seat" in trip.model_fields_set


def test_what_a_model_works_out_from_a_field_follows():
    linked = Linked()
    change_context(linked, "nights", 3)
    assert (linked.nights, linked.price) == (3, 300)


def test_a_secret_is_never_in_the_note():
    trip = Trip()
    note = change_context(trip, "password", "hunter2")
    assert trip.password.get_secret_value() == "hunter2"
    assert "hunter2" not in note
    assert "old" not in note


def test_a_refused_secret_is_not_in_the_error():
    with pytest.raises(EditError) as refused:
        change_context(Trip(), "password", ["hunter2"])
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("context", "place", "value", "says"),
    [
        ({"a": 1}, "", 1, "name the place"),
        ({"a": 1}, "b.c", 1, "the context has no 'b'; there is a"),
        ({"a": {"b": 1}}, "a.x.y", 1, "the context has no 'a.x'; there is b"),
        ({"a": 1}, "a.b", 1, "which is not edited piece by piece"),
        ({"a": "text"}, "a.0", "x", "inside a str"),
        ({"a": (1, 2)}, "a.0", 9, "inside a tuple"),
        ({"a": [1]}, "a.1", 9, "no index of a list of 1"),
        ({"a": [1]}, "a.-1", 9, "no index"),
        ({"a": [1]}, "a.x", 9, "no index"),
        ({"a": [1]}, "a.²", 9, "no index"),
        (Trip(), "nights", "many", "nights does not take that str: Input should be a valid integer"),
        (Trip(), "nights", 0, "greater than or equal to 1"),
        (Trip(), "total", 21, "total must be even"),
        (Trip(), "seat.row", None, "seat.row does not take that NoneType"),
        (Trip(), "nothing", 1, "Trip has no field 'nothing'"),
        (Open(), "nothing", 1, "no field 'nothing'"),
        (Frozen(), "a", 2, "frozen"),
        (Hard(), "n", 2, "cannot be changed: FrozenInstanceError"),
        (Plain(), "m", 2, "inside a Plain"),
        (Checked(), "n", "x", "valid integer"),
        (object(), "a", 2, "inside an object"),
    ],
)
def test_what_cannot_be_set_is_refused_and_nothing_changes(context, place, value, says):
    before = repr(context)
    with pytest.raises(EditError, match=says.replace("(", r"\(")):
        change_context(context, place, value)
    assert repr(context) == before


def test_what_a_model_keeps_inside_stays_the_same_object():
    trip = Trip(seats=[Seat()])
    inside = trip.seats
    change_context(trip, "nights", 5)
    assert trip.seats is inside
