"""Owns the outline: what a saga is, as a tree of frozen data that diagrams, checks and reports read."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from legend_lab.core.errors import SagaDefinitionError
from legend_lab.core.program import OnCompensationFailure, StepSpec
from legend_lab.core.text import kind_of
from legend_lab.runtime.effects import Declaration
from legend_lab.saga.annotations import context_type, error_type
from legend_lab.saga.bodies import body_of, does_nothing, may_pause
from legend_lab.saga.compiler import compile_saga, complete, part_class
from legend_lab.saga.definition import Block, display
from legend_lab.saga.simulated import SimulatedStep
from legend_lab.saga.step import Step, check_is_whole, spec_of


@dataclass(frozen=True, slots=True)
class StepOutline:
    """One step: what it is called, its settings, and what is known of its effect and its undo.

    Attributes:
        name: the field's name.
        path: dotted field names from the outermost saga.
        index: place in the flat order, from 0.
        class_name: the step's class as a person writes it.
        doc: the first line of the class's docstring; empty without one.
        settings: retries, limits and what is uncertain.
        is_open: the saga's class leaves open which step this is (its annotation is only a base); never true of a saga
            object.
        pauses: `execute` may pause: a simulated step says so, any other names `PAUSE` in its code.
        undo_pauses: the same of `compensate`.
        undo_does_nothing: `compensate` has no effect, on purpose: a simulated step says so, any other has a body
            that only returns. False where that cannot be told.
        undo_doc: the first line of the docstring of `compensate`, such as why it does nothing; empty without one.
        effect: what it opens and its undo closes (nothing closes one that is irreversible); None when not known.
    """

    name: str
    path: str
    index: int
    class_name: str
    doc: str
    settings: StepSpec
    is_open: bool = False
    pauses: bool = False
    undo_pauses: bool = False
    undo_does_nothing: bool = False
    undo_doc: str = ""
    effect: Declaration | None = None


@dataclass(frozen=True, slots=True)
class BlockOutline:
    """A saga nested in a saga; names as in `StepOutline`, `parts` in order and never empty."""

    name: str
    path: str
    class_name: str
    doc: str
    parts: tuple[StepOutline | BlockOutline, ...]


@dataclass(frozen=True, slots=True)
class SagaOutline:
    """A whole saga.

    Attributes:
        class_name: the saga's class as a person writes it.
        doc: the first line of its docstring; empty without one.
        context: the type of the context as a person writes it; empty when the saga names none.
        error: the type of its steps' errors; empty when the saga names none.
        on_compensation_failure: whether the earlier steps are still undone after an undo failed.
        parts: its steps and blocks, in order; never empty.
    """

    class_name: str
    doc: str
    context: str
    error: str
    on_compensation_failure: OnCompensationFailure
    parts: tuple[StepOutline | BlockOutline, ...]

    @property
    def steps(self) -> tuple[StepOutline, ...]:
        """Every step in flat order."""
        return tuple(part for part in walk(self.parts) if isinstance(part, StepOutline))

    @property
    def blocks(self) -> tuple[BlockOutline, ...]:
        """Every block, each before what is in it."""
        return tuple(part for part in walk(self.parts) if isinstance(part, BlockOutline))


def walk(parts: tuple[StepOutline | BlockOutline, ...]) -> Iterator[StepOutline | BlockOutline]:
    """Everything in `parts`, a block before what is in it."""
    for part in parts:
        yield part
        if isinstance(part, BlockOutline):
            yield from walk(part.parts)


def outline(saga: Block | type[Block]) -> SagaOutline:
    """Tell what a saga is: of an object exactly, of a class what its fields are annotated with.

    No step and no undo runs.

    Raises:
        SagaDefinitionError: it is no saga, its class is wrong, or a class is nested in itself.
    """
    if isinstance(saga, type) and issubclass(saga, Block):
        cls, value = saga, None
        complete(cls)
    elif isinstance(saga, Block):
        cls, value = type(saga), saga
        compile_saga(saga)
    else:
        given = f"the class {saga.__qualname__}" if isinstance(saga, type) else kind_of(saga)
        raise SagaDefinitionError(f"a saga is wanted, or its class, not {given}")
    return SagaOutline(
        class_name=display(cls),
        doc=_class_doc(cls),
        context=_type_name(context_type(cls)),
        error=_type_name(error_type(cls)),
        on_compensation_failure=cls.on_compensation_failure,
        parts=_Reader().parts(cls, value, "", ()),
    )


class _Reader:
    """Reads parts in order and counts the steps."""

    def __init__(self) -> None:
        self._steps = 0

    def parts(
        self, cls: type[Block], saga: Block | None, prefix: str, inside: tuple[type[Block], ...]
    ) -> tuple[StepOutline | BlockOutline, ...]:
        if saga is None and cls in inside:
            raise SagaDefinitionError(f"{display(cls)} is nested in itself, so no saga of this class can be made")
        inside = (*inside, cls)
        found: list[StepOutline | BlockOutline] = []
        for name, info in cls.model_fields.items():
            value = None if saga is None else saga.__dict__[name]
            kind: Any = part_class(info.annotation) if saga is None else type(value)
            path = prefix + name
            if issubclass(kind, Block):
                inner = self.parts(kind, value, f"{path}.", inside)
                found.append(BlockOutline(name, path, display(kind), _class_doc(kind), inner))
            else:
                found.append(_step_of(name, path, self._steps, kind, value))
                self._steps += 1
        return tuple(found)


def _step_of(name: str, path: str, index: int, cls: type[Step[Any]], step: Step[Any] | None) -> StepOutline:
    simulated = step if isinstance(step, SimulatedStep) else None
    is_open = step is None and not _is_whole(cls, path)
    if cls.execute is SimulatedStep.execute:  # its fields say what its code may do
        pauses = simulated is not None and simulated.pauses
    else:
        pauses = may_pause(cls.execute)
    if cls.compensate is SimulatedStep.compensate:
        undo_doc = (simulated.no_undo_because if simulated is not None else None) or ""
        undo_does_nothing = bool(undo_doc)
    else:
        undo_does_nothing, undo_doc = does_nothing(cls.compensate), _first_line(body_of(cls.compensate).__doc__)
    return StepOutline(
        name=name,
        path=path,
        index=index,
        class_name=display(cls),
        doc=_class_doc(cls),
        settings=spec_of(cls, path),
        is_open=is_open,
        pauses=pauses,
        undo_pauses=may_pause(cls.compensate),
        undo_does_nothing=undo_does_nothing,
        undo_doc="" if is_open else undo_doc,
        effect=None if simulated is None else simulated.declaration(),
    )


def _is_whole(cls: type[Step[Any]], path: str) -> bool:
    try:
        check_is_whole(cls, path)
    except SagaDefinitionError:
        return False
    return True


def _class_doc(cls: type[Any]) -> str:
    """The first line of a class's own docstring; what this package says of its ready step is no news of a saga."""
    return "" if cls is SimulatedStep else _first_line(cls.__dict__.get("__doc__"))


def _first_line(doc: object) -> str:
    return next(iter(inspect.cleandoc(doc).splitlines()), "") if isinstance(doc, str) else ""


def _type_name(form: Any) -> str:  # noqa: ANN401 - any type form
    return "" if form is Any else display(form)
