"""Owns how the facts of a saga are gathered: from its settings, its simulated steps and the source of the others."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, get_origin, is_typeddict

from pydantic import BaseModel

from legend_lab.core.program import StepSpec
from legend_lab.lab.design.building import DesignedStep, saga_of
from legend_lab.lab.design.model import Design
from legend_lab.lab.lint.facts import PhaseFacts, SagaFacts, StepFacts
from legend_lab.lab.lint.findings import LintError
from legend_lab.lab.lint.looking import look_at
from legend_lab.lab.lint.records import Records, first_line, read_docstring
from legend_lab.lab.subject import named, subject_of
from legend_lab.runtime.effects import known
from legend_lab.saga.annotations import context_type
from legend_lab.saga.bodies import body_of
from legend_lab.saga.compiler import compile_saga, complete, part_class
from legend_lab.saga.definition import Block
from legend_lab.saga.saga import Saga
from legend_lab.saga.simulated import SimulatedStep
from legend_lab.saga.step import Step, spec_of

_PATHS_IN_A_NOTE = 5


def gather(saga: object) -> SagaFacts:
    """The facts of a saga, a saga class or a design, or of what is made of one, as a debugger; nothing of it runs.

    Raises:
        LintError: it is none of these.
        SagaDefinitionError: the saga is wrong.
        DesignError: the design has no step.
    """
    subject = subject_of(saga)
    if isinstance(subject, Design):
        given = {item.name: item.initial is not None for item in subject.context}
        owner, does = read_docstring(subject.description)[0], first_line(subject.description)
        return dataclasses.replace(_gather(saga_of(subject)), does=does, owner=owner, given=given)
    if isinstance(subject, Saga) or (subject is not None and subject.model_fields):
        return _gather(subject)
    if isinstance(saga, type):
        raise LintError(f"the lint looks at a saga class with steps, which {saga.__qualname__} is not"[:300])
    raise LintError(f"the lint looks at a saga, a saga class or a design, not at {named(saga)}"[:300])


def _gather(saga: Any) -> SagaFacts:  # noqa: ANN401 - a saga or its class
    cls: type[Block] = saga if isinstance(saga, type) else type(saga)
    complete(cls)
    if not isinstance(saga, type):
        compile_saga(saga)  # which says what is wrong with it
    looks: dict[Any, PhaseFacts] = {}
    steps = tuple(_step(path, part, looks) for path, part in _parts(saga, ""))
    given = _given(context_type(cls))
    said = cls.__dict__.get("__doc__")
    return SagaFacts(cls.__name__, first_line(said), read_docstring(said)[0], steps, given, tuple(_notes(steps)))


def _parts(saga: Any, prefix: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - a saga or its class
    """Path of each step in flat order, and the step; of a class, the step's class."""
    is_class = isinstance(saga, type)
    for name, info in (saga if is_class else type(saga)).model_fields.items():
        part = part_class(info.annotation) if is_class else saga.__dict__[name]
        if isinstance(part, Block) or (isinstance(part, type) and issubclass(part, Block) and part.model_fields):
            yield from _parts(part, f"{prefix}{name}.")
        else:
            yield prefix + name, part


def _step(path: str, part: Any, looks: dict[Any, PhaseFacts]) -> StepFacts:  # noqa: ANN401 - a step or its class
    cls: Any = part if isinstance(part, type) else type(part)
    spec = spec_of(cls, path) if issubclass(cls, Step) else StepSpec(path)
    owner, records = _said(cls)
    does = first_line(cls.__dict__.get("__doc__"))
    is_simulated = issubclass(cls, SimulatedStep) and cls.execute is SimulatedStep.execute
    if is_simulated and isinstance(part, type):
        return StepFacts(path, cls.__name__, does, owner, records, spec, PhaseFacts(), PhaseFacts(), {})
    if is_simulated:
        execute, undo = _simulated(path, part)
        declared = part.declaration()
        named = {} if declared is None else {declared.name: declared}
        fails = part.fails > spec.retry_policy.max_retries
        return StepFacts(
            path, cls.__name__, does, owner, records, spec, execute, undo, named, part.no_undo_because, fails
        )
    execute, undo = (_look(cls, method, looks) for method in ("execute", "compensate"))
    named = {name: known(name) for name in (*execute.opens, *undo.opens, *execute.closes, *undo.closes) if _named(name)}
    return StepFacts(path, cls.__name__, does, owner, records, spec, execute, undo, named)


def _said(cls: type) -> tuple[str, Records]:
    """Owner and records of a step class: its own docstring counts first, then those of its bases."""
    told = [read_docstring(vars(item).get("__doc__")) for item in cls.__mro__ if item.__module__ != Step.__module__]
    owner = next((owner for owner, _ in told if owner), "")
    return owner, next((records for _, records in told if records != Records()), Records())


def _simulated(path: str, part: SimulatedStep) -> tuple[PhaseFacts, PhaseFacts]:
    declared, cls = part.declaration(), type(part)
    opens = {} if declared is None else {declared.name: 0}
    closes = opens if part.no_undo_because is None and declared is not None and not declared.irreversible else {}
    is_empty = part.no_undo_because is not None
    told = cls.write in (SimulatedStep.write, DesignedStep.write)
    if isinstance(part, DesignedStep):
        reads, writes = dict.fromkeys(part.reads, 0), dict.fromkeys(part.writes, 0)
    else:
        reads, writes = {}, {part.key or path.replace(".", "_"): 0}
    facts = PhaseFacts(known=True, stands_in=True, context_leaves=not told)
    execute = dataclasses.replace(
        facts, opens=opens, reads=reads, writes=writes, waits=0 if opens else None, pauses=0 if part.pauses else None
    )
    waits = 0 if closes else None
    undo = dataclasses.replace(
        facts, closes=closes, writes={} if is_empty else writes, waits=waits, does_nothing=is_empty
    )
    return execute, undo


def _look(cls: Any, method: str, looks: dict[Any, PhaseFacts]) -> PhaseFacts:  # noqa: ANN401 - a step class
    called = getattr(cls, method, None)
    if called is None or called is getattr(Step, method):
        return PhaseFacts()
    function = body_of(called)
    key = (function, cls)
    if key not in looks:
        looks[key] = look_at(function, cls, is_method=function is called)
    return looks[key]


def _named(name: str) -> bool:
    return name == name.strip() and name.isprintable() and bool(name)


def _notes(steps: tuple[StepFacts, ...]) -> Iterator[str]:
    blind = [step.path for step in steps if not (step.execute.known and step.undo.known)]
    if blind:
        more = f" and {len(blind) - _PATHS_IN_A_NOTE:,} more" if len(blind) > _PATHS_IN_A_NOTE else ""
        yield f"the code of {', '.join(blind[:_PATHS_IN_A_NOTE])}{more} (no source at hand)"


def _given(form: Any) -> Mapping[str, bool] | None:  # noqa: ANN401 - any type form
    """For each field of a context type whether it starts with a value; None when the type does not tell."""
    form = get_origin(form) or form
    if not isinstance(form, type):
        return None
    if issubclass(form, BaseModel):
        return {
            name: not (info.default is None and info.default_factory is None)
            for name, info in form.model_fields.items()
        }
    if dataclasses.is_dataclass(form):
        return {item.name: item.default is not None for item in dataclasses.fields(form)}
    if is_typeddict(form):
        required: frozenset[str] = vars(form)["__required_keys__"]
        return {name: name in required for name in form.__annotations__}
    return None
