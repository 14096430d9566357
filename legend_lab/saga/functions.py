"""Owns @step: a Step class made from an async function, for quick work in a cell."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, get_type_hints, overload

from pydantic import create_model

from legend_lab.core.errors import SagaDefinitionError
from legend_lab.core.instructions import CompensationOutcome, StepOutcome
from legend_lab.core.program import ExceptionTypes, RetryPolicy
from legend_lab.saga.bodies import BODY
from legend_lab.saga.definition import SETTINGS
from legend_lab.saga.names import check_field_name
from legend_lab.saga.step import STEP_API, Step, check_is_async, spec_of

C = TypeVar("C")
P = ParamSpec("P")
Undo = TypeVar("Undo", bound=Callable[..., Awaitable[CompensationOutcome]])
_Function = Callable[Concatenate[C, P], Awaitable[StepOutcome]]


class FunctionStep(Generic[C, P]):
    """What `@step` turns a function into: call it with the step's input to have an instance of its class.

    Attributes:
        step_class: the Step class, named after the function in CamelCase; a saga's field may be
            annotated with it, or with `Step[Ctx]`, which type checkers understand.
    """

    step_class: type[Step[C]]

    def __init__(self, function: _Function[C, P], settings: dict[str, Any], names: Mapping[str, Any]) -> None:
        self.step_class = _make_class(function, settings, names)
        self._signature = inspect.signature(function).replace(parameters=_first_and_rest(function)[1])
        self._undo: Callable[[Step[C], C], Awaitable[CompensationOutcome]] | None = None
        self.__name__ = function.__name__
        self.__qualname__ = function.__qualname__
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__

    def compensation(self, function: Undo) -> Undo:
        """Attach the undo: an async function of the context and any of the step's fields.

        Attached again (a notebook's cell run twice), the last one counts.

        Raises:
            SagaDefinitionError: it is not async, or names a field that the step does not have.
        """
        name = self.step_class.__name__
        wanted = [parameter.name for parameter in _parameters(f"{name}: the undo", function)]
        unknown = [field for field in wanted if field not in self.step_class.model_fields]
        if unknown:
            raise SagaDefinitionError(f"{name}: the undo asks for {', '.join(unknown)}, which the step has not")

        def undo(step: Step[C], ctx: C) -> Awaitable[CompensationOutcome]:
            return function(ctx, **{field: getattr(step, field) for field in wanted})

        if self._undo is None:
            self.step_class.compensate = self._make_compensate()  # type: ignore[method-assign,assignment] # made for it
        self._undo = undo
        setattr(self.step_class.compensate, BODY, function)
        return function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Step[C]:
        """Return the step with this input.

        Raises:
            SagaDefinitionError: no undo is attached yet.
        """
        if self._undo is None:
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

    def _make_compensate(self) -> Callable[[Step[C], C], Coroutine[Any, Any, CompensationOutcome]]:
        async def compensate(step: Step[C], ctx: C) -> CompensationOutcome:
            undo = self._undo  # asked each time, for compiled sagas outlive an undo that is attached again
            if undo is None:
                raise SagaDefinitionError(f"{self.__name__} has no undo")  # pragma: no cover - attached before
            return await undo(step, ctx)

        return compensate


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
    names = sys._getframe(1).f_locals  # noqa: SLF001 - where the types are known that its annotations name
    if function is not None:
        return FunctionStep(function, {}, names)

    def decorate(wrapped: _Function[C, P]) -> FunctionStep[C, P]:
        return FunctionStep(wrapped, settings, names)

    return decorate


def _make_class(
    function: Callable[..., Awaitable[StepOutcome]], settings: dict[str, Any], names: Mapping[str, Any]
) -> type[Step[Any]]:
    if not inspect.isfunction(function):
        raise SagaDefinitionError(f"@step decorates an async function, not {function!r:.80}; settings have keywords")
    name = "".join(part[:1].upper() + part[1:] for part in function.__name__.split("_"))
    unknown = sorted(set(settings) - set(SETTINGS))
    if unknown:
        raise SagaDefinitionError(
            f"{name}: {', '.join(unknown)} is no setting of a step; there are {', '.join(SETTINGS)}"
        )
    parameters = _parameters(f"{name}: the function of @step", function)
    hints = _hints(name, function, names)
    fields: dict[str, Any] = {}
    for parameter in parameters:
        check_field_name(name, parameter.name, STEP_API | set(SETTINGS))
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (hints.get(parameter.name, Any), default)
    wanted = list(fields)

    async def execute(self: Step[Any], ctx: Any) -> StepOutcome:  # noqa: ANN401 - any context
        outcome: StepOutcome = await function(ctx, **{field: getattr(self, field) for field in wanted})
        return outcome

    generic: Any = Step
    base: type[Step[Any]] = generic[hints.get(next(iter(inspect.signature(function).parameters)), Any)]
    made: type[Step[Any]] = create_model(
        name, __base__=base, __module__=function.__module__, __cls_kwargs__={"abstract": True}, **fields
    )
    made.__qualname__ = f"{function.__qualname__}.step_class"  # where pickle finds it
    made.__legend_tag__ = f"{function.__qualname__.rpartition('.')[0]}.{name}".lstrip(".")
    made.__doc__ = function.__doc__
    for setting, value in settings.items():
        setattr(made, setting, value)
    setattr(execute, BODY, function)
    made.execute = execute  # type: ignore[method-assign] # the class was made for it
    spec_of(made, name)
    return made


def _parameters(what: str, function: Any) -> list[inspect.Parameter]:  # noqa: ANN401 - anything may be decorated
    """The parameters of a step function or undo after the context, each a field's."""
    check_is_async(what, function)
    first, rest = _first_and_rest(function)
    if first is None or first.kind not in (first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD):
        raise SagaDefinitionError(f"{what} must take the context as its first parameter")
    for parameter in rest:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise SagaDefinitionError(f"{what} takes fields by name, which '{parameter}' is not")
    return rest


def _hints(name: str, function: Callable[..., Any], names: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function, localns=dict(names), include_extras=True)
    except NameError as error:
        raise SagaDefinitionError(f"{name}: {error}; @step needs types that are known where it stands") from error


def _first_and_rest(function: Callable[..., Any]) -> tuple[inspect.Parameter | None, list[inspect.Parameter]]:
    parameters = list(inspect.signature(function).parameters.values())
    return (parameters[0] if parameters else None), parameters[1:]
