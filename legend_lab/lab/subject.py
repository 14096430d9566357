"""Owns what stands for a saga: what is drawn, looked at or taken over where somebody gives a saga or what holds one."""

from __future__ import annotations

from typing import Any

from legend_lab.lab.design.building import saga_of
from legend_lab.lab.design.model import Design
from legend_lab.saga.saga import Saga

Subject = Saga[Any, Any] | type[Saga[Any, Any]] | Design


def subject_of(source: object) -> Subject | None:
    """The saga, saga class or design that `source` is or was made of; None when it is nothing of the kind.

    A Designer has its design, an execution, a debugger and a workbench have their saga.
    """
    if isinstance(source, Saga | Design) or (isinstance(source, type) and issubclass(source, Saga)):
        return source
    if isinstance(source, type):
        return None
    held = getattr(source, "design", None)
    if isinstance(held, Design):
        return held
    held = getattr(getattr(source, "shown", source), "saga", None)
    return held if isinstance(held, Saga) else None


def saga_in(source: object) -> Saga[Any, Any] | type[Saga[Any, Any]] | None:
    """As `subject_of`, a design as its simulated saga.

    Raises:
        DesignError: the design has no step yet.
    """
    subject = subject_of(source)
    return saga_of(subject) if isinstance(subject, Design) else subject


def named(source: object) -> str:
    """What a wrong source is, for the end of a message."""
    if isinstance(source, type):
        return f"the class {source.__qualname__}"
    name = type(source).__qualname__
    return f"{'an' if name[0] in 'AEIOaeiou' else 'a'} {name}"
