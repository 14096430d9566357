"""Owns Design: a saga as it is drawn, as frozen data that is checked as a whole; nothing in it is code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from legend_lab.core.program import OnCompensationFailure
from legend_lab.lab.design.checks import (
    check_classes,
    check_context,
    check_references,
    check_retries,
    class_name,
    field_name,
    fits,
    one_line,
    saga_field_name,
    simulated_error,
)

FORMAT: Literal["legend_lab.design/1"] = "legend_lab.design/1"
"""Name and version of the format in JSON."""
FieldType = Literal["str", "int", "float", "bool", "list[str]", "dict[str, str]", "object"]
FieldName = Annotated[str, AfterValidator(field_name)]
PartName = Annotated[str, AfterValidator(saga_field_name)]
ClassName = Annotated[str, AfterValidator(class_name)]
ErrorName = Annotated[str, AfterValidator(simulated_error)]
Text = Annotated[str, Field(max_length=500), AfterValidator(one_line)]
Milliseconds = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, protected_namespaces=())


class Retries(_Data):
    """A retry policy; see `RetryPolicy`, whose limits hold here too."""

    max_retries: int = Field(default=0, ge=0, le=1_000_000)
    backoff_ms: Milliseconds = 0.0
    multiplier: float = Field(default=1.0, ge=0, le=1e6, allow_inf_nan=False)
    max_backoff_ms: Milliseconds | None = None
    give_up_on: tuple[ErrorName, ...] = ()

    @model_validator(mode="after")
    def _can_be_waited(self) -> Retries:
        check_retries(self)
        return self


class EffectDesign(_Data):
    """Something done in the outside world; see `effects.declare`."""

    name: Text = Field(min_length=1)
    idempotent: bool = False
    irreversible: bool = False


class ContextField(_Data):
    """One value that the steps share."""

    name: FieldName
    type: FieldType = "str"
    initial: str | int | float | bool | None = None
    """What it starts with; with nothing (None) its type allows None."""
    description: Text = ""

    @model_validator(mode="after")
    def _is_of_its_type(self) -> ContextField:
        if self.type == "float" and type(self.initial) is int and fits(self.initial, "float"):
            self.__dict__["initial"] = float(self.initial)  # a record would bring it back as one
        return self


class StepDesign(_Data):
    """One step and its undo, simulated until somebody writes them."""

    kind: Literal["step"] = "step"
    name: PartName
    class_name: ClassName | None = None
    """What its class is called in code; None for its name in CapWords."""
    description: Text = ""
    retries: Retries = Retries()
    undo_retries: Retries = Retries()
    timeout_s: float | None = Field(default=None, gt=0, le=1e9, allow_inf_nan=False)
    compensate_on_failure: bool = False
    uncertain_on: tuple[ErrorName, ...] = ("TimeoutError", "ConnectionError")
    idempotent: bool | None = None
    effect: str | None = None
    """The effect that it opens and that its undo closes, unless the effect is irreversible."""
    reads: tuple[str, ...] = ()
    """Fields of the context that it needs."""
    writes: dict[str, JsonValue] = {}
    """Fields of the context that it sets, and to what; its undo sets them back to what they start with."""
    no_undo_because: Text | None = Field(default=None, min_length=1)
    """Why its undo does nothing, on purpose; None when it undoes."""
    duration_ms: Milliseconds = 10.0
    fails: int = Field(default=0, ge=0, le=1_000_000)
    """In the first so many attempts it fails, and nothing has happened."""
    error: ErrorName = "InjectedError"
    pauses: bool = False
    """It pauses the run once, as a step that waits for a person."""
    undo_duration_ms: Milliseconds = 10.0
    undo_fails: int = Field(default=0, ge=0, le=1_000_000)
    undo_error: ErrorName = "InjectedError"


class BlockDesign(_Data):
    """A saga nested in a saga."""

    kind: Literal["block"] = "block"
    name: PartName
    class_name: ClassName | None = None
    description: Text = ""
    parts: tuple[Part, ...] = Field(min_length=1)


Part = Annotated[StepDesign | BlockDesign, Field(discriminator="kind")]
BlockDesign.model_rebuild()


class Design(_Data):
    """A whole saga: its context, effects, steps and blocks.

    Made whole or not at all: names are unique where they must be, what a step refers to exists, values fit the
    types of their fields. What is wrong raises pydantic's `ValidationError`; `design_from` and `from_json` turn it
    into a `DesignError`.
    """

    format: Literal["legend_lab.design/1"] = FORMAT
    name: ClassName = "MySaga"
    description: Text = ""
    on_compensation_failure: OnCompensationFailure = "continue"
    context: tuple[ContextField, ...] = Field(default=(), max_length=1_000)
    effects: tuple[EffectDesign, ...] = Field(default=(), max_length=1_000)
    parts: tuple[Part, ...] = ()
    """Empty only while nothing is drawn yet: such a design has no saga."""

    @model_validator(mode="after")
    def _is_sound(self) -> Design:
        check_context(self)
        check_references(self)
        check_classes(self)
        floats = frozenset(field.name for field in self.context if field.type == "float")
        if floats:
            self.__dict__["parts"] = tuple(_with_floats(part, floats) for part in self.parts)
        return self

    @property
    def steps(self) -> dict[str, StepDesign]:
        """Every step by its path, in flat order."""
        return {path: part for path, part in walk(self.parts) if isinstance(part, StepDesign)}

    @property
    def all_parts(self) -> dict[str, StepDesign | BlockDesign]:
        """Every step and block by its path, a block before what is in it."""
        return dict(walk(self.parts))


def _with_floats(part: StepDesign | BlockDesign, floats: frozenset[str]) -> StepDesign | BlockDesign:
    """The same part, with the whole numbers that it writes into `floats` as floats: a record brings them back so."""
    if isinstance(part, BlockDesign):
        return part.model_copy(update={"parts": tuple(_with_floats(item, floats) for item in part.parts)})
    written = {
        name: float(value) if name in floats and isinstance(value, int) else value
        for name, value in part.writes.items()
    }
    return part.model_copy(update={"writes": written})


def walk(parts: tuple[Any, ...], prefix: str = "") -> Iterator[tuple[str, StepDesign | BlockDesign]]:
    """Path and part of everything in `parts`, a block before what is in it."""
    for part in parts:
        path = prefix + part.name
        yield path, part
        if isinstance(part, BlockDesign):
            yield from walk(part.parts, f"{path}.")
