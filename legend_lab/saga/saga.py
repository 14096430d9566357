"""Owns Saga: steps and blocks in order, as a frozen pydantic model that builds executions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from pydantic import ValidationError, create_model

from legend_lab.core.errors import EmptySagaError, LegendError, SagaDefinitionError
from legend_lab.core.program import OnCompensationFailure
from legend_lab.runtime.checkpoint import Checkpoint
from legend_lab.runtime.clocks import Clock
from legend_lab.runtime.codec import Migration
from legend_lab.runtime.executions import CompensationFailed, New, Paused, insist_on_paused
from legend_lab.runtime.faults import Fault, FaultPlan, as_plan
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.observers import Observer, as_observers
from legend_lab.runtime.run import DEFAULT_OPTIONS, SYSTEM_CLOCK, Options, Run
from legend_lab.runtime.store import Claim, Store
from legend_lab.saga.annotations import context_type, error_type, error_types
from legend_lab.saga.compiler import check_definition, common_context, compile_saga, part_class
from legend_lab.saga.definition import SETTINGS, Block, Part, declared_names, display
from legend_lab.saga.names import check_class_name, check_field_name
from legend_lab.saga.reader import read_execution
from legend_lab.saga.step import Step

Ctx = TypeVar("Ctx")
Err = TypeVar("Err", bound=BaseException)
C = TypeVar("C")
E = TypeVar("E", bound=BaseException)


class Saga(Part[Ctx], Block, Generic[Ctx, Err]):
    """A sequence of steps and blocks (nested sagas), run in the order of its fields.

    Subclass it with the context's type and the error type that your steps raise. What is wrong with a class is
    raised when it is defined; forward references are checked at the first `build`.
    """

    on_compensation_failure: ClassVar[OnCompensationFailure] = "continue"
    """Whether the earlier steps are still undone after an undo failed; the outermost saga's counts."""

    def build(
        self,
        ctx: Ctx,
        *,
        id: ExecutionId | None = None,
        clock: Clock = SYSTEM_CLOCK,
        faults: FaultPlan | Iterable[Fault] | Fault | None = None,
        resources: Any = None,  # noqa: ANN401 - whatever the user's steps ask for
        checkpoint: Store | Claim | None = None,
        observers: Observer | Iterable[Observer] = (),
    ) -> New[Ctx, Err]:
        """Make an execution of this saga, which takes `ctx` over (no copy is made).

        Args:
            ctx: the context that the steps share.
            id: name of the execution; a fresh one unless given, or the one whose record a claim is on.
            clock: whose time passes; `VirtualClock()` makes waits take none.
            faults: failures to inject.
            resources: what `resources(type)` gives to steps, one or a tuple; a function or class is called each run.
            checkpoint: where the journal is written as it grows.
            observers: called with each `RunEvent`.

        Raises:
            SagaDefinitionError: the saga is wrong, or `ctx` cannot be its context.
            FaultPlanError: a fault is at no step of this saga.
        """
        shape, steps = compile_saga(self)
        if not isinstance(ctx, shape.context_class) or (shape.context_class is object and isinstance(ctx, type)):
            raise SagaDefinitionError(_wrong_context(type(self), ctx))
        if id is not None and not isinstance(id, ExecutionId):
            raise SagaDefinitionError(f"id is an ExecutionId, such as ExecutionId.new(), not {id!r}")
        if clock is SYSTEM_CLOCK and faults is None and resources is None and observers == ():
            options = DEFAULT_OPTIONS
        else:
            options = Options(clock, as_plan(faults), resources, as_observers(observers))
            options.faults.check(shape.program)
        if checkpoint is None:
            return New(Run(shape, steps, self, ctx, options, id=id))
        written_to = Checkpoint(checkpoint)
        run = Run(shape, steps, self, ctx, options, id=id or written_to.claimed_id)
        run.checkpoint = written_to
        return New(run)

    if not TYPE_CHECKING:  # to type checkers it takes its fields

        def __init__(self, /, **parts: object) -> None:
            """Make it of its steps and blocks, as pydantic does, and say it when one is of a class defined again."""
            try:
                self.__pydantic_validator__.validate_python(parts, self_instance=self)
            except ValidationError:
                _refuse_outdated(type(self), parts)
                raise

        __init__.__pydantic_base_init__ = True  # it does what pydantic's own does, so nested sagas are made as fast

        def __class_getitem__(cls, types: object) -> type:
            """Name the context's type and the error type."""
            if cls is Saga and not isinstance(types, tuple):
                raise SagaDefinitionError("a saga names two types: Saga[Context, Error]; the error may be Exception")
            return super().__class_getitem__(types)

    @classmethod
    def load(
        cls,
        data: bytes | str,
        *,
        migrate: Migration | None = None,
        checkpoint: Store | Claim | None = None,
        clock: Clock = SYSTEM_CLOCK,
        faults: FaultPlan | Iterable[Fault] | Fault | None = None,
        resources: Any = None,  # noqa: ANN401 - whatever the user's steps ask for
        observers: Observer | Iterable[Observer] = (),
    ) -> Paused[Ctx, Err] | CompensationFailed[Ctx, Err]:
        """Take up an execution that `dump_json` or a checkpoint wrote; nothing in it runs code.

        Args:
            data: the record.
            migrate: turns the record of another version or shape into one of today.
            checkpoint: where the journal goes on being written.
            clock: whose time passes.
            faults: failures to inject.
            resources: as for `build`; they are never stored.
            observers: called with each `RunEvent`.

        Raises:
            CorruptRecordError: it is no record, or damaged.
            RecordVersionError: it was written in another version of the format.
            SagaMismatchError: it belongs to another saga, or another shape of this one.
            ExecutionFinishedError: the execution has finished; carries its result.
        """
        return read_execution(
            cls, data, migrate, checkpoint, Options(clock, as_plan(faults), resources, as_observers(observers))
        )

    @classmethod
    def load_paused(
        cls,
        data: bytes | str,
        *,
        migrate: Migration | None = None,
        checkpoint: Store | Claim | None = None,
        clock: Clock = SYSTEM_CLOCK,
        faults: FaultPlan | Iterable[Fault] | Fault | None = None,
        resources: Any = None,  # noqa: ANN401 - whatever the user's steps ask for
        observers: Observer | Iterable[Observer] = (),
    ) -> Paused[Ctx, Err]:
        """Take up an execution that must be paused; otherwise as `load`.

        Raises:
            NotPausedError: it stands at a failed undo, which the error carries.
        """
        loaded = cls.load(
            data,
            migrate=migrate,
            checkpoint=checkpoint,
            clock=clock,
            faults=faults,
            resources=resources,
            observers=observers,
        )
        return insist_on_paused(loaded)

    @overload
    @staticmethod
    def of(
        name: str,
        steps: Mapping[str, Part[C]],
        *,
        on_compensation_failure: OnCompensationFailure = "continue",
    ) -> Saga[C, Exception]: ...
    @overload
    @staticmethod
    def of(
        name: str,
        steps: Mapping[str, Part[C]],
        *,
        error: type[E],
        on_compensation_failure: OnCompensationFailure = "continue",
    ) -> Saga[C, E]: ...
    @staticmethod
    def of(
        name: str,
        steps: Mapping[str, Part[C]],
        *,
        error: Any = Exception,
        on_compensation_failure: OnCompensationFailure = "continue",
    ) -> Saga[C, Any]:
        """Build a saga from values: names and step or block instances, in order.

        Raises:
            EmptySagaError: there is no step.
            SagaDefinitionError: a name or value cannot be part of a saga.
        """
        return saga_of(name, steps, error, on_compensation_failure)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ANN401, ARG002 - IPython's protocol
        """What a notebook shows of it: its diagram; of one that is broken, its text and why."""
        from legend_lab.saga.diagram import diagram  # noqa: PLC0415 - only a display draws

        try:
            return {**diagram(self)._repr_mimebundle_(), "text/plain": repr(self)}
        except LegendError as error:
            return {"text/plain": f"{self!r}\n(no diagram: {error})"}

    @classmethod
    def __pydantic_init_subclass__(cls, *, abstract: bool = False, **kwargs: Any) -> None:  # noqa: ANN401 - pydantic's own
        """Check the class as soon as pydantic has made it; one with forward references at the first `build`."""
        super().__pydantic_init_subclass__(abstract=abstract, **kwargs)
        cls.__legend_shapes__ = None
        if not abstract and cls.__pydantic_generic_metadata__["origin"] is None and cls.__pydantic_complete__:
            check_definition(cls)

    @classmethod
    def __legend_check__(cls, name: str, namespace: dict[str, Any]) -> None:
        for setting in SETTINGS:
            if setting in namespace or setting in namespace.get("__annotations__", {}):
                raise SagaDefinitionError(f"{name}: a saga (or block) has no {setting}; it belongs to its steps")
        for field in declared_names(namespace):
            check_field_name(name, field, SAGA_API, "step")


def _wrong_context(cls: type[Block], ctx: object) -> str:
    given = f"the class {ctx.__qualname__} itself" if isinstance(ctx, type) else type(ctx).__qualname__
    return f"{display(cls)}.build takes a context of type {display(context_type(cls))}, not {given}"


def _refuse_outdated(cls: type[Saga[Any, Any]], parts: Mapping[str, object]) -> None:
    """Raise when a part is of another definition of the very class that its field names, as in a cell run again."""
    for name, value in parts.items():
        wanted = part_class(cls.model_fields[name].annotation) if name in cls.model_fields else None
        if wanted is None or isinstance(value, wanted):
            continue
        if isinstance(value, Step | Saga) and display(type(value)) == display(wanted):
            raise SagaDefinitionError(
                f"{display(cls)}.{name} is of a {display(wanted)} that was defined again after {display(cls)}; "
                f"define {display(cls)} again, too (run its cell)"
            )


SAGA_API = frozenset(name for name in dir(Saga) if not name.startswith("_")) | {"on_compensation_failure"}
"""Names that a saga's fields must leave alone."""


def saga_of(
    name: str,
    steps: Mapping[str, Any],
    error: object,
    on_compensation_failure: OnCompensationFailure,
    context: object = None,
    *,
    doc: str | None = None,
) -> Saga[Any, Any]:
    """Build a saga from values; see `Saga.of`. Its context's type is what the steps name, unless given here.

    `doc` is what its class says it is for.
    """
    check_class_name(name)  # before a message has it
    if not isinstance(steps, Mapping):
        raise SagaDefinitionError(f"{name}: give a mapping from names to steps, not {type(steps).__name__}")
    for field, value in steps.items():
        if not isinstance(value, Step | Saga):
            kind = value.__name__ + " (the class, not an instance)" if isinstance(value, type) else type(value).__name__
            raise SagaDefinitionError(f"{name}.{field} must be a Step or a Saga, not {kind}")
    kinds = tuple((field, type(value)) for field, value in steps.items())
    shared = context or common_context(steps.values())
    made = saga_class(
        name, kinds, error=error, on_compensation_failure=on_compensation_failure, context=shared, doc=doc
    )
    return made(**dict(steps))


def saga_class(
    name: str,
    kinds: tuple[tuple[str, type[Step[Any] | Saga[Any, Any]]], ...],
    *,
    error: object,
    on_compensation_failure: OnCompensationFailure,
    context: object,
    doc: str | None,
) -> type[Saga[Any, Any]]:
    """A saga class with a field of a class for each of `kinds`; nobody can import it, so its sagas pickle as made.

    Raises:
        SagaDefinitionError: a name or class cannot be part of a saga.
    """
    check_class_name(name)
    if not kinds:
        raise EmptySagaError(f"saga {name} has no steps; give it at least one")
    for field, _ in kinds:
        check_field_name(name, field, SAGA_API, "step")
    error_types(error)
    generic: Any = Saga
    base: type[Saga[Any, Any]] = generic[context, error]
    fields: dict[str, Any] = {field: (kind, ...) for field, kind in kinds}
    made: type[Saga[Any, Any]] = create_model(name, __base__=base, __module__="legend_lab.made", **fields)
    made.__doc__ = doc
    made.on_compensation_failure = on_compensation_failure
    made.__reduce__ = _reduce_made  # type: ignore[method-assign,assignment] # nobody can import its class
    check_definition(made)
    return made


def _reduce_made(saga: Block) -> tuple[Any, ...]:
    cls = type(saga)
    settings = {
        "error": error_type(cls),
        "on_compensation_failure": cls.on_compensation_failure,
        "context": context_type(cls),
        "doc": cls.__doc__,
    }
    return _made_again, (cls.__name__, dict(saga.__dict__), settings)


def _made_again(name: str, steps: Mapping[str, Any], settings: dict[str, Any]) -> Saga[Any, Any]:
    return saga_of(name, steps, **settings)
