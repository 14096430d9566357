"""Owns @step: a Step class made from an async function, for quick work in a cell."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, get_type_hints, overload

from pydantic import create_model

from legend_lab.core.errors import SagaDefinitionError
from legend_lab.core.instructions import CompensationOutcome, StepOutcome
from legend_lab.core.program import ExceptionTypes, RetryPolicy
from legend_lab.saga.definition import SETTINGS
from legend_lab.saga.names import check_field_name
from legend_lab.saga.step import STEP_API, Step, spec_of

C = TypeVar("C")
P = ParamSpec("P")
Undo = TypeVar("Undo", bound=Callable[..., Awaitable[CompensationOutcome]])
_Function = Callable[Concatenate[C, P], Awaitable[StepOutcome]]


class FunctionStep(Generic[C, P]):
    """What `@step` turns a function into: call it with the step's input to have an instance of its class.

    Attributes:
        step_class: the Step class, named after the function in CamelCase.
    """

    def __init__(self, function: _Function[C, P], settings: dict[str, Any]) -> None:
        self.step_class: type[Step[C]] = _make_class(function, settings)
        self._names = list(inspect.signature(function).parameters)[1:]
        self._signature = _without_first(function)
        self._has_undo = False
        self.__name__ = getattr(function, "__name__", "step")
        self.__doc__ = function.__doc__

    def compensation(self, function: Undo) -> Undo:
        """Attach the undo: an async function of the context and any of the step's fields.

        Raises:
            SagaDefinitionError: it is not async, or names a field that the step does not have.
        """
        name = self.step_class.__name__
        _check_function(name, "undo", function)
        wanted = list(inspect.signature(function).parameters)[1:]
        unknown = [field for field in wanted if field not in self._names]
        if unknown:
            raise SagaDefinitionError(f"{name}: its undo asks for {', '.join(unknown)}, which the step has not")

        async def compensate(self: Step[C], ctx: C) -> CompensationOutcome:
            return await function(ctx, **{field: getattr(self, field) for field in wanted})

        self.step_class.compensate = compensate  # type: ignore[method-assign] # the class was made for it
        self._has_undo = True
        return function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Step[C]:
        """Return the step with this input.

        Raises:
            SagaDefinitionError: no undo is attached yet.
        """
        if not self._has_undo:
            raise SagaDefinitionError(
                f"{self.__name__} has no undo yet; attach it with @{self.__name__}.compensation, "
                "also when there is nothing to undo"
            )
        try:
            given = self._signature.bind_partial(*args, **kwargs).arguments
        except TypeError as error:
            raise SagaDefinitionError(f"{self.__name__}: {error}") from None
        return self.step_class(**given)

    def __repr__(self) -> str:
        return f"<step {self.step_class.__name__}>"


@overload
def step(function: _Function[C, P], /) -> FunctionStep[C, P]: ...
@overload
def step(
    *,
    retry_policy: RetryPolicy = ...,
    compensation_retry_policy: RetryPolicy = ...,
    timeout_s: float | None = ...,
    compensate_on_failure: bool = ...,
    uncertain_on: ExceptionTypes = ...,
    idempotent: bool | None = ...,
) -> Callable[[_Function[C, P]], FunctionStep[C, P]]: ...
def step(function: Any = None, /, **settings: Any) -> Any:
    """Make a Step class from an async function whose first parameter is the context and the others its fields.

    The undo is attached with `@name.compensation`; without it the step cannot be made.

    Raises:
        SagaDefinitionError: the function is not async, takes no context, or a setting is unknown or wrong.
    """
    if function is not None:
        return FunctionStep(function, {})

    def decorate(wrapped: _Function[C, P]) -> FunctionStep[C, P]:
        return FunctionStep(wrapped, settings)

    return decorate


def _make_class(function: Callable[..., Awaitable[StepOutcome]], settings: dict[str, Any]) -> type[Step[Any]]:
    name = "".join(part[:1].upper() + part[1:] for part in getattr(function, "__name__", "").split("_")) or "Step"
    _check_function(name, "step", function)
    unknown = sorted(set(settings) - set(SETTINGS))
    if unknown:
        raise SagaDefinitionError(
            f"{name}: {', '.join(unknown)} is no setting of a step; there are {', '.join(SETTINGS)}"
        )
    parameters = list(inspect.signature(function).parameters.values())
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise SagaDefinitionError(f"{name}: {error}; @step needs types that are known where it stands") from error
    fields: dict[str, Any] = {}
    for parameter in parameters[1:]:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise SagaDefinitionError(f"{name}: a step's fields are named; *{parameter.name} is not")
        check_field_name(name, parameter.name, STEP_API)
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (hints.get(parameter.name, Any), default)
    names = list(fields)

    async def execute(self: Step[Any], ctx: Any) -> StepOutcome:  # noqa: ANN401 - any context
        return await function(ctx, **{field: getattr(self, field) for field in names})

    generic: Any = Step
    base: type[Step[Any]] = generic[hints.get(parameters[0].name, Any)]
    made: type[Step[Any]] = create_model(
        name, __base__=base, __module__=function.__module__, __cls_kwargs__={"abstract": True}, **fields
    )
    made.__qualname__ = getattr(function, "__qualname__", name).rpartition(".")[0] + "." + name
    made.__qualname__ = made.__qualname__.lstrip(".")
    made.__doc__ = function.__doc__
    for setting, value in settings.items():
        setattr(made, setting, value)
    made.execute = execute  # type: ignore[method-assign] # the class was made for it
    spec_of(made, name)
    return made


def _check_function(name: str, what: str, function: Any) -> None:  # noqa: ANN401 - anything may be decorated
    if not inspect.iscoroutinefunction(function):
        raise SagaDefinitionError(
            f"{name}: its {what} must be 'async def'; "
            "blocking work goes through 'await asyncio.to_thread(...)' inside it"
        )
    if not inspect.signature(function).parameters:
        raise SagaDefinitionError(f"{name}: its {what} must take the context as its first parameter")


def _without_first(function: Callable[..., Any]) -> inspect.Signature:
    signature = inspect.signature(function)
    return signature.replace(parameters=list(signature.parameters.values())[1:])
