"""Which contexts, inputs and errors JSON keeps, and how the others are refused (S13)."""

import dataclasses
import datetime as dt
import decimal
import enum
import json
import uuid
from collections import OrderedDict, defaultdict
from typing import Annotated, Any, Literal, Required, TypedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretBytes,
    SecretStr,
    computed_field,
    field_serializer,
    field_validator,
    model_validator,
)

from legend_lab import CompensationOutcome, Failed, Paused, RetryPolicy, Saga, Step, StepOutcome, StoredError
from legend_lab.core.errors import ContextRecordError, CorruptRecordError, RecordError
from legend_lab.runtime.contexts import PydanticContext
from legend_lab.runtime.record import seal
from legend_lab.stores.memory import InMemoryStore

SECRET = "s3cr3t-value"  # noqa: S105 - no message may show it


class Colour(enum.Enum):
    RED = "red"


class Inner(BaseModel):
    n: int = 0
    names: list[str] = []


class Travel(BaseModel):
    hold_id: str | None = None
    when: dt.datetime | None = None
    price: decimal.Decimal = decimal.Decimal("1.10")
    key: uuid.UUID | None = None
    colour: Colour = Colour.RED
    pair: tuple[int, str] = (1, "a")
    seats: set[int] = set()
    by_number: dict[int, Inner] = {}
    inner: Inner = Inner()
    blob: bytes = b""
    either: int | str | Literal[True] = 0


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    when: dt.datetime
    pair: tuple[int, ...] = ()


class Aliased(BaseModel):
    model_config = ConfigDict(extra="forbid", serialize_by_alias=True)
    hold_id: str = Field(alias="holdId")

    @computed_field
    @property
    def size(self) -> int:
        return len(self.hold_id)


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    _cache: int = PrivateAttr(0)


@dataclasses.dataclass
class Plain:
    name: str
    parts: list[Inner] = dataclasses.field(default_factory=list)
    at: tuple[int, int] = (0, 0)


class Seat(TypedDict):
    row: Required[int]


class Typed(TypedDict, total=False):
    name: str
    count: Annotated[int, Field(ge=0)]
    seats: list[Seat] | None
    must: Required[int]


class Kept(BaseModel):
    token: SecretStr

    @field_serializer("token", when_used="json")
    def _write(self, value: SecretStr) -> str:
        return value.get_secret_value()


class Masked(BaseModel):
    name: str = ""
    token: SecretStr | None = None
    more: list[SecretStr] = []
    raw: SecretBytes | None = None


class Excluded(BaseModel):
    kept: int = 0
    dropped: int = Field(default=0, exclude=True)
    needed: int | None = Field(default=None, exclude=True)


NOON = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Travel, Travel()),
        (
            Travel,
            Travel(
                hold_id="ü\ud800\0",
                when=NOON,
                key=uuid.UUID(int=5),
                pair=(2, "b"),
                seats={3, 1},
                by_number={7: Inner(n=1, names=["x"])},
                blob=b"abc",
                either="1",
            ),
        ),
        (Strict, Strict(when=NOON, pair=(1, 2))),
        (Aliased, Aliased(holdId="h")),
        (Open, Open(anything=[1, {"a": None}])),
        (Plain, Plain("n", [Inner(n=2)], (1, 2))),
        (Typed, {"name": "a", "must": 1, "seats": [{"row": 1}]}),
        (Kept, Kept(token=SECRET)),
        (Masked, Masked(name="no secret set")),
        (Excluded, Excluded(kept=3)),
        (dict, {"a": [1, 1.5, -0.0, 10**30, None, True, "x", {"": []}]}),
        (dict[str, Any], {"a": {"b": [[]]}}),
        (Any, {"a": 1}),
        (Any, [1, "a"]),
    ],
    ids=repr,
)
def test_a_context_that_json_keeps_comes_back_equal(type_, value):
    codec = PydanticContext(type_)
    written = json.loads(json.dumps(codec.dump(value)))
    back = PydanticContext(type_).load(written)
    assert back == value
    assert type(back) is type(value)


def cycle():
    me = {"a": {}}
    me["a"]["me"] = me
    return me


def deep(levels):
    value = {}
    for _ in range(levels):
        value = {"in": value}
    return value


def changed(model, **values):
    for name, value in values.items():
        setattr(model, name, value)
    return model


class Sub(Travel):
    extra: int = 1


class Picky(BaseModel):
    n: int = 0

    @field_validator("n")
    @classmethod
    def _check(cls, value: int) -> int:
        if value == 7:
            raise KeyError(value)
        return value


class Rewriting(BaseModel):
    n: int = 0

    @model_validator(mode="after")
    def _grow(self):
        self.n += 1
        return self


class Unequal:
    def __eq__(self, other):
        raise RuntimeError

    __hash__ = None


@pytest.mark.parametrize(
    ("type_", "value", "place"),
    [
        (dict, {"a": {1: "x"}}, r"context\['a'\]\[1\].*int.*JSON keys are text"),
        (dict, {"a": {(1, 2): "x"}}, r"context\['a'\]\[\(1, 2\)\].*tuple"),
        (dict, {"a": {True: "x"}}, r"context\['a'\]\[True\].*bool"),
        (dict, {1: "a", "1": "b"}, r"context\[1\]"),
        (dict, {"a": [1, (2, 3)]}, r"context\['a'\]\[1\] is a tuple and would come back as a list"),
        (dict, {"a": {1, 2}}, r"context\['a'\] is a set"),
        (dict, {"a": b"x"}, r"context\['a'\] is a bytes"),
        (dict, {"a": float("nan")}, r"context\['a'\] is nan"),
        (dict, {"a": [float("inf")]}, r"context\['a'\]\[0\] is inf"),
        (Inner, changed(Inner(), n=float("nan")), r"context\.n"),
        (dict, {"a": NOON}, r"context\['a'\] is a datetime"),
        (dict, {"a": Colour.RED}, r"context\['a'\] is a Colour"),
        (dict, {"a": Inner()}, r"context\['a'\] is an Inner"),
        (dict, {"a": object()}, r"context\['a'\]"),
        (dict, {"a": Unequal()}, r"context\['a'\]"),
        (dict, {"a": {"b": [0, lambda: 0]}}, r"context\['a'\]\['b'\]\[1\]"),
        (dict, {"a": defaultdict(list)}, r"context\['a'\] is a defaultdict"),
        (dict, OrderedDict(a=1), "context is an OrderedDict"),
        (dict, cycle(), r"context\['a'\]\['me'\].*contains itself"),
        (dict, deep(201), "nested more than 200"),
        (dict, deep(5000), "context"),
        (dict, {"a": 10**5000}, "context"),
        (dict, {"t": SecretStr(SECRET)}, r"context\['t'\] is a secret.*resources"),
        (dict, {"t": [SecretBytes(SECRET.encode())]}, r"context\['t'\]\[0\] is a secret"),
        (Masked, Masked(token=SECRET), r"context\.token is a secret.*resources.*serializer"),
        (Masked, Masked(more=["a", SECRET]), r"context\.more\[0\] is a secret"),
        (Masked, Masked(raw=SECRET.encode()), r"context\.raw is a secret"),
        (Masked, changed(Masked(token=SECRET), name=object()), r"context\.name"),
        (Masked, changed(Masked(token=SECRET), name=5), "context"),
        (Excluded, Excluded(dropped=3), r"context\.dropped would come back as another value"),
        (Excluded, Excluded(needed=3), r"context\.needed"),
        (Travel, changed(Travel(), hold_id=5), r"context\.hold_id"),
        (Travel, changed(Travel(), inner=Inner(n=1), pair=[1, "a"]), r"context\.pair is a list"),
        (Travel, changed(Travel(), seats={"a"}), r"context\.seats"),
        (Travel, Sub(extra=2), "context is a Sub and would come back as a Travel"),
        (Open, changed(Open(), _cache=1), r"context\._cache"),
        (Typed, {"must": 1, "other": 1}, r"context\['other'\] would not come back"),
        (Typed, {"name": "a"}, r"context\.must"),
        (Typed, {"must": 1, "count": -1}, r"context\.count"),
        (Typed, {"must": 1, "seats": [{}]}, r"context\.seats.*row"),
        (Plain, Plain(5), r"context\.name"),
        (Plain, Plain("a", at=[0, 0]), r"context\.at is a list"),
        (Picky, changed(Picky(), n=7), "KeyError"),
        (Rewriting, Rewriting(), r"context\.n would come back as another value"),
        (Any, Inner(), "context is an Inner"),
        (Unequal, Unequal(), "a context of type Unequal cannot be written; use a pydantic model"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_context_that_would_come_back_different_is_refused_naming_the_place(type_, value, place):
    with pytest.raises(ContextRecordError, match=place) as refused:
        PydanticContext(type_).dump(value)
    assert SECRET not in str(refused.value)
    assert len(str(refused.value)) < 600
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


class Telling(BaseModel):
    token: SecretStr

    @field_serializer("token")
    def _write(self, value: SecretStr) -> str:
        raise ValueError(value.get_secret_value())


def test_what_a_serializer_says_of_a_secret_is_not_repeated():
    with pytest.raises(ContextRecordError) as refused:
        PydanticContext(Telling).dump(Telling(token=SECRET))
    assert SECRET not in str(refused.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=20,
)
python_values = st.recursive(
    json_values | st.tuples(st.integers()) | st.floats() | st.binary() | st.dictionaries(st.integers(), st.none()),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text() | st.integers(), children, max_size=3),
    max_leaves=8,
)


def same(old, new):
    """Compare values with their types, which == does not."""
    return repr(old) == repr(new)


@settings(deadline=None)
@given(st.dictionaries(st.text(), json_values))
def test_whatever_json_keeps_is_kept(value):
    assert same(PydanticContext(dict).load(PydanticContext(dict).dump(value)), value)


@settings(deadline=None)
@given(st.dictionaries(st.text(), python_values))
def test_whatever_is_not_refused_comes_back_the_same(value):
    try:
        written = PydanticContext(dict).dump(value)
    except ContextRecordError as error:
        assert "context" in str(error)  # noqa: PT017 - most are refused, some are kept
    else:
        assert same(PydanticContext(dict).load(json.loads(json.dumps(written))), value)


@pytest.mark.parametrize("value", [None, 5, "x", [], {"n": "many"}, {"n": None}, {"names": {}}, {"names": [1]}])
def test_a_stored_context_that_does_not_fit_its_type_is_corrupt(value):
    with pytest.raises(CorruptRecordError, match="does not fit Inner at context"):
        PydanticContext(Inner).load(value)


def test_a_validator_that_raises_its_own_error_makes_a_stored_context_corrupt():
    with pytest.raises(CorruptRecordError, match="KeyError"):
        PydanticContext(Picky).load({"n": 7})


# -- the same through whole records -----------------------------------------------------------------


class Standing(Step[Any]):
    async def execute(self, ctx):
        return StepOutcome.PAUSE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class WithKey(Step[dict]):
    key: SecretStr
    execute, compensate = Standing.execute, Standing.compensate


class WithWrittenKey(Step[dict]):
    key: SecretStr
    hold_id: str = Field(alias="holdId")
    execute, compensate = Standing.execute, Standing.compensate

    @field_serializer("key", when_used="json")
    def _write(self, value: SecretStr) -> str:
        return value.get_secret_value()


class WithObject(Step[dict]):
    client: object
    execute, compensate = Standing.execute, Standing.compensate


@pytest.mark.parametrize(
    "value", [Travel(hold_id="h"), Plain("a"), {"must": 1}, Kept(token=SECRET), {"any": [1]}], ids=repr
)
async def test_every_kind_of_context_goes_through_a_record(value):
    kind = Typed if value == {"must": 1} else type(value)

    class Stand(Saga[kind, Exception]):
        step: Standing

    paused = await Stand(step=Standing()).build(value).start()
    loaded = Stand.load(paused.dump_json())
    assert loaded.context == value
    assert type(loaded.context) is type(value)


async def test_a_context_edited_between_pause_and_resume_is_the_one_that_is_written():
    saga = Saga.of("Stand", {"step": Standing()})
    paused = await saga.build({"a": 1}).start()
    paused.context["a"] = 2
    assert saga.load(paused.dump_json()).context == {"a": 2}
    paused.context["a"] = (1,)
    with pytest.raises(ContextRecordError, match=r"context\['a'\]"):
        paused.dump_json()
    paused.context["a"] = 3
    assert saga.load(paused.dump_json()).context == {"a": 3}


async def test_a_secret_input_is_refused_naming_path_and_field():
    saga = Saga.of("Stand", {"inner": Saga.of("In", {"step": WithKey(key=SECRET)})})
    paused = await saga.build({}).start()
    with pytest.raises(ContextRecordError, match=r"inner\.step: WithKey\.key is a secret.*resources") as refused:
        paused.dump_json()
    assert SECRET not in str(refused.value)


async def test_an_input_that_says_how_its_secret_is_written_comes_back():
    saga = Saga.of("Stand", {"step": WithWrittenKey(key=SECRET, holdId="h")})
    loaded = saga.load((await saga.build({}).start()).dump_json())
    assert loaded.saga == saga
    assert loaded.saga.step.key.get_secret_value() == SECRET


async def test_an_input_that_is_no_data_is_refused():
    paused = await Saga.of("Stand", {"step": WithObject(client=object())}).build({}).start()
    with pytest.raises(ContextRecordError, match=r"step: .*WithObject\.client"):
        paused.dump_json()


# -- errors -----------------------------------------------------------------------------------------


class CodedError(Exception):
    def __init__(self, code, *, detail=None):  # its arguments are not those of Exception
        super().__init__(f"code {code}")
        self.code = code
        self.detail = detail


class MadeError(Exception):
    def __new__(cls):
        raise RuntimeError("no code of the class may run")


class BothError(CodedError, ConnectionError):
    """An OSError as well, whose arguments live in C."""


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError


class Fails(Step[dict]):
    async def execute(self, ctx):
        raise CURRENT[0]

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


CURRENT = [None]


async def read_back(error, *declared):
    CURRENT[0] = error
    saga = Saga.of("Fails", {"a": PausingUndo(), "b": Fails()}, error=declared[0] if len(declared) == 1 else declared)
    paused = await saga.build({}).start()
    assert isinstance(paused, Paused)
    return saga.load_paused(paused.dump_json()).journal[1].error


class PausingUndo(Step[dict]):
    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.PAUSE


def noted(error):
    error.add_note("a note")
    return error


@pytest.mark.parametrize(
    "error",
    [
        CodedError(7, detail={"a": [1]}),
        BothError(3),
        noted(CodedError(1)),
        ConnectionResetError(104, "reset", "file.txt"),
        KeyError("k"),
        ValueError(),
        UnicodeError("a"),
        CodedError("\ud800\0"),
    ],
    ids=repr,
)
async def test_a_declared_error_comes_back_with_class_arguments_attributes_and_text(error):
    back = await read_back(error, Exception if type(error) is Exception else type(error))
    assert type(back) is type(error)
    assert (back.args, back.__dict__, str(back)) == (error.args, error.__dict__, str(error))
    if isinstance(error, OSError):
        assert (back.errno, back.strerror, back.filename) == (error.errno, error.strerror, error.filename)


async def test_a_subclass_of_a_declared_error_comes_back_as_itself():
    assert type(await read_back(BothError(1), CodedError)) is BothError
    assert type(await read_back(ConnectionResetError(104, "x"), OSError)) is ConnectionResetError


@pytest.mark.parametrize(
    "error",
    [
        CodedError(SecretStr(SECRET)),
        CodedError(1, detail=object()),
        CodedError(1, detail=10**5000),
        CodedError(1, detail=(1, 2)),
        CodedError(1, detail={1: 2}),
        CodedError(1, detail=float("nan")),
    ],
    ids=["secret", "object", "huge", "tuple", "int key", "nan"],
)
async def test_a_declared_error_that_json_does_not_keep_comes_back_stored(error):
    back = await read_back(error, CodedError)
    assert type(back) is StoredError
    assert (back.type, back.message) == ("CodedError", str(error))
    assert SECRET not in f"{back} {back.traceback}"


async def test_an_error_without_text_is_stored_all_the_same():
    back = await read_back(MuteError(), ValueError)
    assert (back.type, back.message) == ("MuteError", "(its text cannot be had)")


async def test_no_code_of_an_error_class_runs():
    error = Exception.__new__(MadeError)
    error.args = ("made",)
    back = await read_back(error, MadeError)
    assert type(back) is MadeError
    assert back.args == ("made",)


async def test_two_classes_of_one_name_are_not_guessed_between():
    class Base(Exception):  # noqa: N818 - a base
        pass

    twin = type("Twin", (Base,), {"__module__": "one"})
    other = type("Twin", (Base,), {"__module__": "two"})
    assert twin is not other
    back = await read_back(twin("x"), Base)
    assert type(back) is StoredError
    assert back.message == "x"


async def test_arguments_of_a_builtin_that_do_not_fit_it_make_a_stored_error():
    CURRENT[0] = UnicodeDecodeError("utf-8", b"x", 0, 1, "why")
    back = await read_back(CURRENT[0], UnicodeDecodeError)
    assert (type(back), back.type) == (StoredError, "UnicodeDecodeError")


class Again(Step[dict]):
    retry_policy = RetryPolicy.retries(60)

    async def execute(self, ctx):
        raise CURRENT[0]

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


async def test_an_error_object_that_is_raised_again_and_again_does_not_grow_in_the_record():
    CURRENT[0] = ValueError("always the same object")
    store = InMemoryStore()
    ended = await Saga.of("Again", {"a": Again()}).build({}, checkpoint=store).start()
    assert isinstance(ended, Failed)
    journal = json.loads((await store.get(ended.id)).data)["journal"]
    assert len(journal) == 61
    assert max(len(entry["error"]["traceback"]) for entry in journal) <= 8000


async def test_an_error_that_claims_to_be_another_is_only_data():
    CURRENT[0] = CodedError(1)
    saga = Saga.of("Fails", {"a": PausingUndo(), "b": Fails()}, error=CodedError)
    record = json.loads((await saga.build({}).start()).dump_json())
    record.pop("digest")
    error = record["journal"][1]["error"]
    for name in ("SystemExit", "os.system", "Popen", "CodedError.__init__", "__import__"):
        error["type"] = name
        assert type(saga.load_paused(seal(record)).journal[1].error) is StoredError
    error["type"] = "CodedError"
    error["fields"] = {"__class__": "int", "__dict__": {}, "args": [], "__traceback__": 1, "x": 1}
    back = saga.load_paused(seal(record)).journal[1].error
    assert (type(back), back.x, back.args, back.__traceback__) == (CodedError, 1, ("code 1",), None)
    del error["gives_up"]
    with pytest.raises(RecordError, match="classification"):
        saga.load(seal(record))
