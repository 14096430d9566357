from __future__ import annotations

import builtins
import dataclasses
import time

import pytest
from pydantic import BaseModel

from legend_lab.core.errors import LegendError
from legend_lab.lab.conditions import LONGEST, Condition, ConditionError


@dataclasses.dataclass
class Trip:
    total: int = 120
    hotel: str | None = None
    seats: list = dataclasses.field(default_factory=lambda: ["4A", "4B"])
    owner: dict = dataclasses.field(default_factory=lambda: {"name": "Ada", "age": 36})


class Model(BaseModel):
    total: int = 120
    hotel: str | None = None
    seats: list[str] = ["4A", "4B"]
    owner: dict[str, object] = {"name": "Ada", "age": 36}


KINDS = {
    "dataclass": Trip,
    "model": Model,
    "dict": lambda: dataclasses.asdict(Trip()),
}
TRUE = [
    "total > 100",
    "total == 120 and hotel is None",
    "not hotel",
    "hotel is None or hotel == 'Ritz'",
    "len(seats) == 2",
    "len(ctx.seats) < total",
    "'4A' in seats",
    "'5C' not in context.seats",
    "seats[0] == '4A'",
    "seats[-1] == '4B'",
    "owner['name'] == 'Ada'",
    "owner.age % 10 == 6",
    "1 < total < 1000",
    "total - 20 == 100 and total + 1 == 121 and total * 2 == 240 and total / 2 == 60",
    "-total == 0 - 120",
    "hotel is not True",
    "seats == ['4A', '4B']",
    "owner.name in ('Ada', 'Bob')",
    "  total >= 120  ",
]
FALSE = ["total > 200", "hotel", "len(seats) > 2", "total != 120", "owner.name < 'A'", "0"]
REFUSED = [
    "__import__('os')",
    "__import__",
    "__class__",
    "().__class__",
    "ctx.__class__.__mro__",
    "seats.__len__()",
    "ctx._private",
    "_private",
    "open('x')",
    "len(seats, seats)",
    "len(*seats)",
    "len(obj=seats)",
    "len.__self__",
    "seats.append(1)",
    "(lambda: 1)()",
    "lambda: 1",
    "[x for x in seats]",
    "{x for x in seats}",
    "(x for x in seats)",
    "{'a': 1}",
    "{1, 2}",
    "f'{total}'",
    "(y := 1)",
    "1 if total else 2",
    "9 ** 9 ** 9",
    "1 << 1000000",
    "total // 2",
    "~total",
    "total @ total",
    "seats[0:1]",
    "await total",
    "yield",
    "*seats",
    "print",
    "total = 1",
    "import os",
    "total; total",
    "",
    "   ",
    "total >",
    "total\0",
    "\ud800",
    "(" * 300,
    "total > 1 " + " " * LONGEST,
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", TRUE)
def test_what_is_allowed_reads_models_dataclasses_and_dicts_alike(kind, text):
    assert Condition(text)(KINDS[kind]()) is True


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", FALSE)
def test_what_does_not_hold_is_false(kind, text):
    assert Condition(text)(KINDS[kind]()) is False


@pytest.mark.parametrize("text", [text for text in REFUSED if text != "print"])
def test_all_else_is_refused_when_it_is_written(text):
    with pytest.raises(ConditionError) as refused:
        Condition(text)
    assert isinstance(refused.value, LegendError)
    assert len(str(refused.value)) < 400


def test_a_name_means_a_field_and_never_a_builtin():
    with pytest.raises(ConditionError, match=r"there is no 'print'; there are total"):
        Condition("print")({"total": 1})
    with pytest.raises(ConditionError, match=r"AttributeError"):
        Condition("open")(Trip())
    assert Condition("len == 3")({"len": 3}) is True


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("missing > 1", "missing"),
        ("total.x", "'int' object has no attribute 'x'"),
        ("seats[7]", "IndexError"),
        ("total > 'a'", "TypeError"),
        ("total / 0", "ZeroDivisionError"),
        ("'a' * 1000000000 == hotel", r"\* is for numbers"),
        ("'%1000000000d' % 1", "% is for numbers"),
        ("len(total)", "TypeError"),
        ("owner['x']", "KeyError"),
    ],
)
def test_what_cannot_be_worked_out_says_what_failed(text, says):
    with pytest.raises(ConditionError, match=says):
        Condition(text)(Trip())


def test_nothing_is_ever_evaluated_or_compiled(monkeypatch):
    def forbidden(*_):
        raise AssertionError("eval")

    monkeypatch.setattr(builtins, "eval", forbidden)
    monkeypatch.setattr(builtins, "exec", forbidden)
    for text in TRUE:
        assert Condition(text)(Trip()) is True


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("not " * 120 + "hotel", False),
        ("-" * 400 + "1", True),
        ("(" * 80 + "1" + ")" * 80, True),
        ("[" * 80 + "]" * 80, True),
    ],
)
def test_deep_nesting_is_worked_out_all_the_same(text, answer):
    assert Condition(text)(Trip()) is answer


def test_products_stay_small_because_conditions_are_short():
    began = time.perf_counter()
    text = "*".join(["total"] * 80) + " > 0"
    assert Condition(text)(Trip(total=10**300)) is True
    assert time.perf_counter() - began < 1


def test_a_dubious_spelling_gives_no_warning():
    assert Condition("total == 0x78or hotel")(Trip()) is True
    assert Condition(r"hotel != '\d'")(Trip()) is True


def test_an_object_whose_truth_cannot_be_had_is_a_clear_error():
    class Odd:
        def __bool__(self):
            raise RuntimeError("no")

    with pytest.raises(ConditionError, match="RuntimeError: no"):
        Condition("odd")({"odd": Odd()})


def test_it_shows_its_text():
    assert repr(Condition("total > 1")) == "Condition('total > 1')"
