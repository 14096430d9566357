"""Owns Step: one thing to do and how to undo it, as a frozen pydantic model."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Generic, TypeVar

from legend_lab.core.errors import SagaDefinitionError
from legend_lab.core.instructions import CompensationOutcome, StepOutcome
from legend_lab.core.program import ExceptionTypes, RetryPolicy, StepSpec
from legend_lab.saga.definition import SETTINGS, Definition, Part, declared_names, display
from legend_lab.saga.names import check_field_name

Ctx = TypeVar("Ctx", contravariant=True)  # noqa: PLC0105 - the word that users read


class Step(Part[Ctx], Definition, Generic[Ctx]):
    """One step of a saga: its fields are its input, `execute` does it, `compensate` undoes it.

    Subclass it with the context's type and write both methods as `async def`. A class that is only a base for
    others says `abstract=True`. What is wrong with a class is raised when it is defined.
    """

    retry_policy: ClassVar[RetryPolicy] = RetryPolicy.NO_RETRY
    """Retries of `execute`."""
    compensation_retry_policy: ClassVar[RetryPolicy] = RetryPolicy.NO_RETRY
    """Retries of `compensate`."""
    timeout_s: ClassVar[float | None] = None
    """Limit of each attempt, of the undo too, in seconds."""
    compensate_on_failure: ClassVar[bool] = False
    """Undo this step also when its own attempts failed for certain."""
    uncertain_on: ClassVar[ExceptionTypes] = (TimeoutError, ConnectionError)
    """Errors after which nobody knows whether the effect happened; such a step is undone."""
    idempotent: ClassVar[bool | None] = None
    """Whether a repeated attempt has no further effect; None says nothing."""
    needs_loop: ClassVar[bool] = True
    """False for a step that awaits nothing but `pass_time`: then a virtual clock needs no event loop for it."""

    async def execute(self, ctx: Ctx) -> StepOutcome:
        """Do it; what later steps or the undo need goes into `ctx`."""
        raise NotImplementedError

    async def compensate(self, ctx: Ctx) -> CompensationOutcome:
        """Undo it; called only when it was done, or may have been."""
        raise NotImplementedError

    @classmethod
    def __pydantic_init_subclass__(cls, *, abstract: bool = False, **kwargs: Any) -> None:  # noqa: ANN401 - pydantic's own
        """Check the class as soon as pydantic has made it."""
        super().__pydantic_init_subclass__(abstract=abstract, **kwargs)
        if abstract or cls.__pydantic_generic_metadata__["origin"] is not None:
            return
        name = display(cls)
        spec_of(cls, name)
        check_is_whole(cls, name)
        if _defined_at(cls, "needs_loop") > min(_defined_at(cls, "execute"), _defined_at(cls, "compensate")):
            cls.needs_loop = True  # what a base said of its own methods does not hold for these
        for method in ("execute", "compensate"):
            function = getattr(cls, method)
            check_is_async(f"{name}.{method}", function)
            if not _takes_step_and_context(cls, method, function):
                raise SagaDefinitionError(f"{name}.{method} must be a method that takes the context: (self, ctx)")

    @classmethod
    def __legend_check__(cls, name: str, namespace: dict[str, Any]) -> None:
        for field in declared_names(namespace):
            if field in SETTINGS:
                raise SagaDefinitionError(
                    f"{name}: {field} is a setting of the class; write '{field} = ...' without a type"
                )
            if not field.startswith("_"):
                check_field_name(name, field, STEP_API)


def _defined_at(cls: type, name: str) -> int:
    """How far up its ancestry a class finds `name`."""
    return next(place for place, ancestor in enumerate(cls.__mro__) if name in ancestor.__dict__)


STEP_API = frozenset(name for name in dir(Step) if not name.startswith("_"))
"""Names that a step's fields must leave alone."""


def check_is_whole(cls: type[Step[Any]], name: str) -> None:
    """Raise unless `cls` says both how to do it and how to undo it; an abstract class need not.

    Raises:
        SagaDefinitionError: a method is missing.
    """
    for method in ("execute", "compensate"):
        if getattr(cls, method) is getattr(Step, method):
            undo = "; an undo that does nothing must be written as such" if method == "compensate" else ""
            raise SagaDefinitionError(f"{name} has no {method}{undo} (a class that is only a base says abstract=True)")


def check_is_async(what: str, function: object) -> None:
    """Raise unless `function` is written as `async def`, without `yield`.

    Raises:
        SagaDefinitionError: it is not; `what` names it.
    """
    if inspect.isasyncgenfunction(function):
        raise SagaDefinitionError(f"{what} must return its outcome; a 'yield' makes a generator of it")
    if not inspect.iscoroutinefunction(function):
        raise SagaDefinitionError(
            f"{what} must be 'async def'; blocking work goes through 'await asyncio.to_thread(...)' inside it"
        )


def _takes_step_and_context(cls: type, method: str, function: Any) -> bool:  # noqa: ANN401 - what the class has there
    if isinstance(inspect.getattr_static(cls, method), staticmethod | classmethod):
        return False
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        return False
    return True


def spec_of(cls: type[Step[Any]], path: str) -> StepSpec:
    """The settings of a step class, validated.

    Raises:
        SagaDefinitionError: a setting is wrong.
    """
    return StepSpec(
        path,
        cls.retry_policy,
        cls.compensation_retry_policy,
        cls.timeout_s,
        cls.compensate_on_failure,
        cls.uncertain_on,
        cls.idempotent,
    )
