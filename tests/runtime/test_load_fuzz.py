"""Whatever is loaded: a documented error or a sound execution, in bounded time and memory, and no code from data."""

import asyncio
import copy
import json
import sys
import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from legend_lab import (
    CompensationFailed,
    CompensationOutcome,
    Paused,
    RetryPolicy,
    Saga,
    Step,
    StepOutcome,
)
from legend_lab.core.errors import CorruptRecordError, RecordError
from legend_lab.runtime.clocks import VirtualClock
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.record import seal
from legend_lab.stores.memory import InMemoryStore

CALLS = []


class ShopError(Exception):
    pass


class Basket(BaseModel):
    turn: int = 0
    notes: dict[str, list[str]] = {}


class Turn(Step[Basket]):
    """Does something else at each turn: fails, pauses, goes on."""

    needs_loop = False
    retry_policy = RetryPolicy(2, 10, 2.0, 1000)
    compensation_retry_policy = RetryPolicy.retries(1)
    does: list[str] = []
    undo: list[str] = []

    async def execute(self, ctx):
        CALLS.append("execute")
        return StepOutcome.PAUSE if self.turn(ctx, self.does) == "pause" else StepOutcome.CONTINUE

    async def compensate(self, ctx):
        CALLS.append("compensate")
        return CompensationOutcome.PAUSE if self.turn(ctx, self.undo) == "pause" else CompensationOutcome.COMPLETED

    def turn(self, ctx, words):
        ctx.turn += 1
        ctx.notes.setdefault("turns", []).append(str(ctx.turn))
        word = words[ctx.turn % len(words)] if words else "ok"
        if word == "fail":
            raise ShopError(word, ctx.turn)
        if word == "odd":
            raise LookupError(word)
        return word


class Inner(Saga[Basket, ShopError]):
    one: Turn
    two: Turn


class Shop(Saga[Basket, ShopError]):
    first: Turn
    inner: Inner
    last: Turn


class OtherShop(Saga[Basket, ShopError]):
    first: Turn


def shop(*words, undo=()):
    parts = [Turn(does=list(word), undo=list(undo)) for word in words]
    return Shop(first=parts[0], inner=Inner(one=parts[1], two=parts[2]), last=parts[3])


class Recorder(InMemoryStore):
    def __init__(self):
        super().__init__()
        self.records = {}

    def _append(self, id, *rest):
        super()._append(id, *rest)
        record = json.loads(self._kept[id].whole(id).data)
        last = record["journal"][-1]
        self.records[record["state"], last["kind"], last["outcome"]] = seal({**record})


async def collect():
    """Return one record for each kind of standing that a few runs went through."""
    store = Recorder()
    for saga in (
        shop((), ("ok", "fail", "ok"), ("ok", "pause"), ("odd",), undo=("ok", "ok", "pause")),
        shop((), (), ("fail", "ok"), ("odd",), undo=("fail",)),
        shop(("pause", "ok"), (), (), ("pause", "fail")),
    ):
        execution = await saga.build(Basket(), clock=VirtualClock(), checkpoint=store).start()
        for _ in range(5):
            if isinstance(execution, Paused):
                execution = await execution.resume()
            elif isinstance(execution, CompensationFailed):
                execution = await execution.retry()
    return list(store.records.values())


RECORDS = asyncio.run(collect())
records = st.sampled_from(RECORDS)
fuzz = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def load(data):
    """Load, and check what holds whatever the data: no step has run; what came back is sound."""
    before = copy.copy(data)
    CALLS.clear()
    try:
        loaded = Shop.load(data, clock=VirtualClock())
    except RecordError as error:
        loaded = error
    assert data == before
    assert CALLS == []
    if isinstance(loaded, RecordError):
        assert len(str(loaded)) < 2000
    else:
        check(loaded)
    return loaded


def check(loaded):
    """Check that an execution is coherent: it stands at a halt, in order, and comes back from its own record."""
    assert isinstance(loaded, Paused | CompensationFailed)
    instants = [ns for e in loaded.journal for ns in (e.started_ns, e.completed_ns) if ns is not None]
    assert instants == sorted(instants)
    again = Shop.load(loaded.dump_json(), clock=VirtualClock())
    assert again.state == loaded.state
    assert again.dump_json() == loaded.dump_json()
    assert [spec.path for spec in loaded.program.steps] == ["first", "inner.one", "inner.two", "last"]


def test_the_records_to_start_from_are_of_every_kind():
    states = {json.loads(data)["state"] for data in RECORDS}
    assert states == {"Running", "Paused", "CompensationFailed", "Completed", "Failed"} - {"Completed"}
    assert any(json.loads(data)["journal"][-1]["outcome"] is None for data in RECORDS)
    assert len(RECORDS) > 12


@fuzz
@given(st.binary(max_size=300) | st.text(max_size=300))
def test_random_data_is_corrupt(data):
    assert isinstance(load(data), CorruptRecordError)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4),
    max_leaves=20,
)


@fuzz
@given(json_values)
def test_random_json_is_corrupt(value):
    assert isinstance(load(json.dumps(value)), CorruptRecordError)


@fuzz
@given(json_values, records, st.data())
def test_random_json_in_the_place_of_any_part_is_an_error_or_sound(value, data, draw):
    record = json.loads(data)
    key = draw.draw(st.sampled_from(sorted(record)))
    record[key] = value
    assume(_is_json(record))
    load(seal(record))


def _is_json(value):
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


@fuzz
@given(records, st.data())
def test_a_damaged_record_is_an_error_unless_it_means_the_same(data, draw):
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 3)) if len(damaged) > 10 else 0):
        at = draw.draw(st.integers(0, len(damaged) - 1))
        match draw.draw(st.sampled_from(["flip", "set", "insert", "delete", "cut"])):
            case "flip":
                damaged[at] ^= 1 << draw.draw(st.integers(0, 7))
            case "set":
                damaged[at] = draw.draw(st.sampled_from(b'{}[]",:0 -9eE.\\tfn\x00\xff'))
            case "insert":
                damaged[at:at] = draw.draw(st.binary(min_size=1, max_size=4))
            case "delete":
                del damaged[at : at + draw.draw(st.integers(1, 8))]
            case "cut":
                del damaged[max(40, at) :]
    found = load(bytes(damaged))
    if not isinstance(found, RecordError):
        assert json.loads(bytes(damaged)) == json.loads(data)


@fuzz
@given(records, st.data())
def test_a_record_changed_and_sealed_again_is_an_error_or_sound(data, draw):
    record = json.loads(data)
    for _ in range(draw.draw(st.integers(1, 2))):
        mutate(record, draw)
    assume(_is_json(record))
    load(seal(record))


ODD_VALUES = st.sampled_from(
    [
        *(None, True, False, 0, 1, -1, 2, 3, 1.0, 0.5, -0.0, 1e308, 2**31, 2**63 - 1, 2**63, -(2**63), 10**400),
        *(
            "",
            "x",
            "first",
            "inner.one",
            "last",
            "execute",
            "compensate",
            "wait",
            "halt",
            "continue",
            "pause",
            "failed",
        ),
        *("compensated", "compensation_failed", "interrupted", "elapsed", "resumed", "aborted", "retried", "resolved"),
        *("restarted", "stopped", "Paused", "Running", "Completed", "Failed", "CompensationFailed", "\ud800", "\0"),
        *([], {}, [[]], [None], {"": None}, "9" * 5000, "__class__", "ShopError", "Turn", "SystemExit"),
    ]
)


def mutate(record, draw):
    """Change one place, anywhere in the record."""
    parent, key = draw.draw(st.sampled_from(list(places(record))))
    match draw.draw(st.sampled_from(["odd", "odd", "delete", "copy", "swap", "near", "double"])):
        case "odd":
            parent[key] = copy.deepcopy(draw.draw(ODD_VALUES))
        case "delete":
            del parent[key]
        case "copy":
            other, name = draw.draw(st.sampled_from(list(places(record))))
            parent[key] = copy.deepcopy(other[name])
        case "swap" if isinstance(parent[key], list):
            parent[key].reverse()
        case "near" if isinstance(parent[key], int):
            parent[key] = int(parent[key]) + draw.draw(st.sampled_from([-1, 1]))
        case "double" if isinstance(parent, list):
            parent.insert(key, copy.deepcopy(parent[key]))


def places(value):
    """Yield every (container, key) in JSON values, outermost first."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


STATES = ["Running", "Paused", "CompensationFailed", "Failed"]
SHORTEST = [min((data for data in RECORDS if f'"{state}"'.encode() in data), key=len) for state in STATES]


def test_every_single_flipped_byte_of_a_record_is_an_error():
    data = SHORTEST[-1]
    for at in range(0, len(data), 3):
        damaged = bytearray(data)
        damaged[at] ^= 0x01
        found = load(bytes(damaged))
        assert isinstance(found, RecordError), (at, data[at - 20 : at + 20])


@pytest.mark.parametrize("data", SHORTEST, ids=STATES)
def test_every_part_left_out_or_set_to_nothing_is_an_error_or_sound(data):
    count = len(list(places(json.loads(data))))
    for number in range(0, count, 1 + count // 150):
        for value in (..., None, 0, {}):
            record = json.loads(data)
            parent, key = list(places(record))[number]
            if value is ...:
                del parent[key]
            else:
                parent[key] = value
            load(seal(record))


@pytest.mark.parametrize("key", ["format", "version", "id", "state", "at", "reason", "saga", "journal", "context"])
@pytest.mark.parametrize("data", RECORDS[:3], ids=range(3))
def test_no_part_of_a_record_may_be_missing(data, key):
    record = json.loads(data)
    del record[key]
    assert isinstance(load(seal(record)), RecordError)


@fuzz
@given(records, st.sampled_from(["indent", "order", "escapes", "text"]))
def test_the_same_json_written_otherwise_loads_the_same(data, how):
    record = json.loads(data)
    same = {
        "indent": lambda: json.dumps(record, indent=3).encode(),
        "order": lambda: json.dumps(record, sort_keys=True).encode(),
        "escapes": lambda: json.dumps(record, ensure_ascii=False).encode(),
        "text": data.decode,
    }[how]()
    first, second = load(data), load(same)
    assert type(first) is type(second)
    if not isinstance(first, RecordError):
        assert first.dump_json() == second.dump_json() or first.reason == "restarted"


def test_another_sagas_record_is_an_error_also_when_the_shapes_agree():
    other = asyncio.run(OtherShop(first=Turn(does=["pause"])).build(Basket(), clock=VirtualClock()).start())
    assert isinstance(load(other.dump_json()), RecordError)


@pytest.mark.parametrize("version", [0, 2, 10**30, -1, True, "1", 1.0, None, [1]])
def test_another_version_is_an_error_that_names_this_one(version):
    record = json.loads(RECORDS[0])
    found = load(seal({**record, "version": version}))
    assert isinstance(found, RecordError)
    assert "version 1" in str(found)


def nested(levels, opening="[", closing="]"):
    return opening * levels + "1" + closing * levels


def within(part):
    """Return a record whose context holds some JSON text."""
    record = json.loads(RECORDS[0])
    record["context"] = {"turn": 0, "notes": {}, "more": "HERE"}
    return json.dumps(record).replace('"HERE"', part)


HUGE = {
    "deep lists": nested(100_000),
    "deep objects": nested(100_000, '{"a":', "}"),
    "deep and broken": "[" * 1_000_000,
    "a little deep": nested(600),
    "huge integer": "9" * 1_000_000,
    "huge negative": "-" + "9" * 1_000_000,
    "long integer": "9" * 4299,
    "huge exponent": "1e" + "9" * 1000,
    "huge fraction": "0." + "9" * 1_000_000,
    "infinite": "1e999",
    "constants": "[NaN, Infinity, -Infinity]",
    "huge string": json.dumps("x" * 5_000_000),
    "escapes": '"' + "\\ud800" * 300_000 + '"',
    "many members": json.dumps({str(number): number for number in range(100_000)}),
    "many items": json.dumps(list(range(300_000))),
    "same key": '{"a": 1, "a": 1}',
}


@pytest.mark.parametrize("name", HUGE)
@pytest.mark.parametrize("wrap", [str, within], ids=["alone", "in a context"])
def test_huge_and_hostile_json_is_refused_in_bounded_time_and_memory(name, wrap):
    data = wrap(HUGE[name])
    tracemalloc.start()
    before = time.process_time()
    try:
        found = load(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(found, RecordError)
    assert time.process_time() - before < 10
    assert peak < 40 * len(data) + 5_000_000


def test_a_record_deep_in_the_stack_is_read_or_refused_all_the_same():
    def dive(levels):
        return load(RECORDS[0]) if levels == 0 else dive(levels - 1)

    assert not isinstance(dive(sys.getrecursionlimit() // 2), RecordError)


@pytest.mark.parametrize("data", [None, 5, {}, [], bytearray(b"{}"), memoryview(b"{}"), object()], ids=repr)
def test_what_is_neither_bytes_nor_text_is_corrupt(data):
    with pytest.raises(CorruptRecordError, match="bytes or text"):
        Shop.load(data)


@pytest.mark.parametrize(
    "migrate",
    [
        lambda _: None,
        lambda _: [],
        lambda _: {},
        lambda record: {**record, "context": {1, 2}},
        lambda record: {**record, "context": {1: float("nan")}},
        lambda record: {**record, "journal": record},
        lambda record: {**record, "version": 2},
        lambda record: record["journal"].append(record["journal"]) or record,
    ],
)
def test_a_migration_that_returns_no_record_is_an_error(migrate):
    with pytest.raises(RecordError):
        Shop.load(RECORDS[0], migrate=migrate)


def test_an_error_in_a_migration_is_the_callers_own():
    def migrate(record):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Shop.load(RECORDS[0], migrate=migrate)


@pytest.mark.parametrize("written", ["{{{}}}", "urn:uuid:{}", "{}\n"])
def test_an_id_has_one_form_only(written):
    record = json.loads(RECORDS[0])
    record["id"] = written.format(ExecutionId.new())
    assert isinstance(load(seal(record)), CorruptRecordError)
