"""What is wrong with a saga or step fails where it is defined, and the message names class and field."""

import sys
import types
from typing import Annotated, Any, ClassVar, Optional, TypeVar, Union

import pytest
from pydantic import BaseModel, Field

from legend_lab import CompensationOutcome, EmptySagaError, RetryPolicy, Saga, SagaDefinitionError, Step, StepOutcome


class Travel(BaseModel):
    hotel: str = ""


class Cargo(BaseModel):
    crate: str = ""


class Book(Step[Travel]):
    nights: int = 1

    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Ship(Step[Cargo]):
    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


async def go(self, ctx):
    return StepOutcome.CONTINUE


async def back(self, ctx):
    return CompensationOutcome.COMPLETED


def define_saga(fields, **namespace):
    return type(Saga)(
        "Trip", (Saga[Travel, ValueError],), {"__annotations__": fields, "__module__": __name__} | namespace
    )


def define_step(fields=None, base=Step[Travel], abstract=False, **namespace):
    body = {"__annotations__": fields or {}, "__module__": __name__, "__qualname__": "Hold"} | namespace
    return type(Step)("Hold", (base,), body, abstract=abstract)


def test_a_saga_without_steps_is_refused():
    with pytest.raises(EmptySagaError, match="Trip has no steps"):
        define_saga({})


def test_a_class_variable_is_no_step():
    with pytest.raises(EmptySagaError, match="Trip"):
        define_saga({"limit": ClassVar[int]}, limit=3)


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        (int, "int"),
        (str, "str"),
        (BaseModel, "BaseModel"),
        (Any, "Any"),
        (Optional[Book], "Optional[Book]"),  # noqa: UP045 - this spelling too
        (Book | None, "Book | None"),
        (Union[Book, Ship], "Union[Book, Ship]"),  # noqa: UP007 - this spelling too
        (list[Book], "list[Book]"),
        (type[Book], "type[Book]"),
        (TypeVar("T"), "~T"),
    ],
)
def test_a_field_that_is_no_step_is_refused_by_class_and_field(form, shown):
    with pytest.raises(SagaDefinitionError, match=r"^Trip\.hotel must be a Step or a Saga class, not ") as caught:
        define_saga({"hotel": form})
    assert str(caught.value).endswith(shown)


@pytest.mark.parametrize("form", [Book, Annotated[Book, Field(description="the hotel")], Step[Travel], Step])
def test_a_field_may_be_a_step_class_or_a_base_of_steps(form):
    assert define_saga({"hotel": form}).__name__ == "Trip"


@pytest.mark.parametrize(
    "name",
    [
        "build",
        "load",
        "load_paused",
        "of",
        "copy",
        "json",
        "dict",
        "schema",
        "model_dump",
        "model_copy",
        "model_fields",
        "on_compensation_failure",
    ],
)
def test_a_field_that_would_shadow_the_sagas_own_api_is_refused(name):
    with pytest.raises(SagaDefinitionError, match=rf"Trip: '{name}' cannot name a step: it would hide Trip\.{name}"):
        define_saga({name: Book})


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("class", "a keyword of Python"),
        ("a b", "no Python identifier"),
        ("a.b", "no Python identifier"),
        ("", "no Python identifier"),
        ("_hidden", "leading underscore"),
        ("__init__", "leading underscore"),
        ("ﬁnd", "normal form"),
        ("x" * 201, "201 characters"),
    ],
)
def test_a_hostile_field_name_is_refused(name, why):
    with pytest.raises(SagaDefinitionError, match=f"Trip: .* cannot name a step: .*{why}"):
        define_saga({name: Book})


@pytest.mark.parametrize(
    "name",
    [
        "id",
        "context",
        "state",
        "type",
        "match",
        "register",
        "mro",
        "self",
        "cls",
        "data",
        "model_dump_card",
        "model_validate_card",
        "ü",
    ],
)
async def test_a_field_may_have_any_other_name_and_runs_under_it(name):
    saga = define_saga({name: Book})(**{name: Book()})
    assert [timing.path for timing in (await saga.build(Travel()).start()).step_timings] == [name]


@pytest.mark.parametrize("value", ["stop", "CONTINUE", None, 1, []])
def test_an_unknown_on_compensation_failure_is_refused(value):
    with pytest.raises(SagaDefinitionError, match="Trip: on_compensation_failure is 'continue' or 'halt'"):
        define_saga({"hotel": Book}, on_compensation_failure=value)


def test_the_outermost_sagas_on_compensation_failure_counts():
    inner = define_saga({"hotel": Book}, on_compensation_failure="halt")
    outer = define_saga({"trip": inner})
    program = outer(trip=inner(hotel=Book())).build(Travel()).program
    assert program.on_compensation_failure == "continue"


def test_a_step_whose_context_cannot_be_the_sagas_is_refused():
    with pytest.raises(SagaDefinitionError, match=r"Trip\.crate \(Ship\) works on Cargo.* context Travel cannot be"):
        define_saga({"crate": Ship})


def test_a_block_whose_context_cannot_be_the_sagas_is_refused():
    class Freight(Saga[Cargo, ValueError]):
        crate: Ship

    with pytest.raises(SagaDefinitionError, match=r"Trip\.freight \(Freight\) works on Cargo"):
        define_saga({"freight": Freight})


@pytest.mark.parametrize(
    "setting",
    ["retry_policy", "compensation_retry_policy", "timeout_s", "compensate_on_failure", "uncertain_on", "idempotent"],
)
def test_a_block_with_a_steps_setting_is_refused(setting):
    for fields, namespace in (({"hotel": Book}, {setting: 1}), ({"hotel": Book, setting: int}, {setting: 1})):
        with pytest.raises(SagaDefinitionError, match=f"Trip: a saga .* has no {setting}"):
            define_saga(fields, **namespace)


@pytest.mark.parametrize("method", ["execute", "compensate"])
def test_a_sync_method_is_refused_and_the_message_points_to_to_thread(method):
    def sync(self, ctx):
        return StepOutcome.CONTINUE

    methods = {"execute": go, "compensate": back} | {method: sync}
    with pytest.raises(SagaDefinitionError, match=rf"Hold\.{method} must be 'async def'.*asyncio\.to_thread"):
        define_step(**methods)


@pytest.mark.parametrize("method", ["execute", "compensate"])
def test_an_async_generator_is_refused(method):
    async def generator(self, ctx):
        yield StepOutcome.CONTINUE

    with pytest.raises(SagaDefinitionError, match=rf"Hold\.{method} must return its outcome.*yield"):
        define_step(**({"execute": go, "compensate": back} | {method: generator}))


@pytest.mark.parametrize("method", ["execute", "compensate"])
def test_a_method_that_does_not_take_the_context_is_refused(method):
    async def alone(self):
        return StepOutcome.CONTINUE

    async def greedy(self, ctx, more):
        return StepOutcome.CONTINUE

    for wrong in (alone, greedy, staticmethod(go), classmethod(go)):
        with pytest.raises(SagaDefinitionError, match=rf"Hold\.{method} must be a method that takes the context"):
            define_step(**({"execute": go, "compensate": back} | {method: wrong}))


def test_a_step_without_execute_is_refused():
    with pytest.raises(SagaDefinitionError, match="Hold has no execute"):
        define_step(compensate=back)


def test_an_undo_that_does_nothing_must_be_written_as_such():
    with pytest.raises(SagaDefinitionError, match=r"Hold has no compensate; .* must be written as such"):
        define_step(execute=go)


async def test_an_abstract_step_needs_neither_method_and_cannot_run():
    abstract = define_step(abstract=True)
    saga = define_saga({"hold": abstract})
    with pytest.raises(SagaDefinitionError, match=r"Trip\.hold \(Hold\) has no execute"):
        saga(hold=abstract()).build(Travel())
    whole = define_step(base=abstract, execute=go, compensate=back)
    assert (await saga(hold=whole()).build(Travel()).start()).is_completed


def test_abstract_is_not_inherited():
    abstract = define_step(abstract=True, execute=go)
    with pytest.raises(SagaDefinitionError, match=r"Hold has no compensate"):
        define_step(base=abstract)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("retry_policy", 3),
        ("compensation_retry_policy", None),
        ("timeout_s", "1"),
        ("timeout_s", 0),
        ("timeout_s", -1),
        ("timeout_s", True),
        ("timeout_s", float("nan")),
        ("timeout_s", float("inf")),
        ("compensate_on_failure", 1),
        ("uncertain_on", 3),
        ("uncertain_on", [ValueError]),
        ("uncertain_on", (ValueError, "x")),
        ("idempotent", "yes"),
    ],
)
def test_a_setting_of_the_wrong_type_is_refused(setting, value):
    with pytest.raises(SagaDefinitionError, match=f"Hold: {setting} must be"):
        define_step(execute=go, compensate=back, **{setting: value})


def test_settings_reach_the_program_and_have_the_documented_defaults():
    book = define_saga({"hotel": Book})(hotel=Book()).build(Travel()).program.steps[0]
    assert book.retry_policy == book.compensation_retry_policy == RetryPolicy.NO_RETRY
    assert (book.timeout_s, book.compensate_on_failure, book.idempotent) == (None, False, None)
    assert book.uncertain_on == (TimeoutError, ConnectionError)
    set_one = define_step(execute=go, compensate=back, timeout_s=2, uncertain_on=OSError, idempotent=True)
    spec = define_saga({"hold": set_one})(hold=set_one()).build(Travel()).program.steps[0]
    assert (spec.timeout_s, spec.uncertain_on, spec.idempotent) == (2, (OSError,), True)


@pytest.mark.parametrize("setting", ["retry_policy", "timeout_s", "idempotent", "uncertain_on"])
def test_a_setting_written_as_an_annotated_field_is_refused(setting):
    for namespace in ({}, {setting: None}):
        with pytest.raises(SagaDefinitionError, match=f"Hold: {setting} is a setting of the class"):
            define_step({setting: Any}, execute=go, compensate=back, **namespace)


def test_a_setting_may_be_annotated_as_a_class_variable():
    for form in (ClassVar[float], "ClassVar[float]", "typing.ClassVar[float]"):
        assert define_step({"timeout_s": form}, execute=go, compensate=back, timeout_s=1.0).timeout_s == 1.0


def test_a_class_whose_name_contains_classvar_is_still_a_field():
    class MyClassVar(int):
        pass

    with pytest.raises(SagaDefinitionError, match="'copy' cannot name a field"):
        define_step({"copy": MyClassVar}, execute=go, compensate=back)


def test_a_misspelt_setting_is_refused_with_those_that_exist():
    with pytest.raises(SagaDefinitionError, match=r"Hold: 'timeout' is .* no setting; .* timeout_s"):
        define_step(execute=go, compensate=back, timeout=3)


@pytest.mark.parametrize("name", ["execute", "compensate", "copy", "json", "model_dump", "needs_loop", "class"])
def test_a_steps_field_must_leave_its_api_alone(name):
    with pytest.raises(SagaDefinitionError, match=f"Hold: '{name}' cannot name a field"):
        define_step({name: int}, execute=go, compensate=back)


@pytest.mark.parametrize("called", ["name", "bases", "namespace", "kwargs", "base", "check", "mcs", "cls"])
def test_a_step_class_may_be_called_anything(monkeypatch, called):
    module = types.ModuleType("named_oddly")
    monkeypatch.setitem(sys.modules, "named_oddly", module)
    code = f"""
from __future__ import annotations
from legend_lab import Saga, SimulatedStep
class {called}(SimulatedStep): ...
class Trip(Saga[dict, Exception]):
    hotel: {called}
saga = Trip(hotel={called}())
"""
    exec(compile(code, "named_oddly", "exec"), vars(module))  # noqa: S102 - our own code
    assert type(module.saga.hotel).__name__ == called


def test_a_step_of_a_step_inherits_fields_methods_and_settings():
    class Slow(Book):
        timeout_s = 9
        extra: str = "x"

    class Slower(Slow):
        async def compensate(self, ctx):
            return CompensationOutcome.PAUSE

    assert Slower(nights=2).model_dump() == {"nights": 2, "extra": "x"}
    assert Slower.timeout_s == 9
    assert Slower.execute is Book.execute


def test_a_definition_error_of_a_local_class_shows_no_locals():
    with pytest.raises(SagaDefinitionError) as caught:

        class Inner(Saga[Travel, ValueError]):
            hotel: int

    assert str(caught.value) == "Inner.hotel must be a Step or a Saga class, not int"


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="annotations are evaluated later there")
def test_a_name_that_is_unknown_where_it_must_be_known_is_a_definition_error():
    with pytest.raises(NameError):

        class Inner(Saga[Travel, ValueError]):
            hotel: Nowhere  # noqa: F821 - that is the point


@pytest.mark.parametrize("error", [int, 3, "ValueError", None])
def test_an_error_type_that_cannot_be_raised_is_refused(error):
    with pytest.raises((SagaDefinitionError, TypeError), match=r"error type must be an exception class|ValueError"):

        class Inner(Saga[Travel, error]):
            hotel: Book
