"""Owns Shape: all that a run needs to know of a saga class, made once and shared by its instances."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from legend_lab.core.errors import LegendError
from legend_lab.core.program import Program

Call = Callable[[Any, Any], Awaitable[Any]]
"""A step class's `execute` or `compensate`: takes the step and the context."""


class ContextCodec(Protocol):
    """Writes the user's context to JSON values and reads it back."""

    def dump(self, context: Any) -> Any:  # noqa: ANN401 - the user's own type
        """Return JSON values that `load` turns into an equal context.

        Raises:
            ContextRecordError: the context would come back different; the message names the place.
        """
        ...

    def load(self, value: Any) -> Any:  # noqa: ANN401 - the user's own type
        """Return the context that `value` was dumped from.

        Raises:
            CorruptRecordError: `value` is no such context.
        """
        ...


@dataclass(frozen=True, slots=True)
class Shape:
    """What instances of a saga class have in common.

    Attributes:
        program: the flat program.
        executes: each step's `execute`, unbound, in flat order.
        compensates: each step's `compensate`, unbound.
        loopless: whether a step awaits nothing but the run's own clock, so it needs no event loop.
        errors: the declared error classes; empty when any error is expected.
        context: how the context is written and read.
        context_class: what a context must be an instance of; `object` where that cannot be told.
        tags: class tag of each step.
        fingerprint: names the shape of the program and of its inputs.
        dump_inputs: writes a saga's inputs as JSON values.
        expected: what a step may raise without surprise: the declared classes and our own.
        all_loopless: whether no step needs an event loop.
        fast_executes, fast_compensates: the calls that need nothing around them; None where a limit applies.
    """

    program: Program
    executes: tuple[Call, ...]
    compensates: tuple[Call, ...]
    loopless: tuple[bool, ...]
    errors: tuple[type[BaseException], ...]
    context: ContextCodec
    context_class: type[Any] | tuple[type[Any], ...]
    tags: tuple[str, ...]
    fingerprint: Callable[[], str]
    dump_inputs: Callable[[Any], Any]
    fast_executes: tuple[Call | None, ...] = field(init=False)
    fast_compensates: tuple[Call | None, ...] = field(init=False)
    expected: tuple[type[BaseException], ...] = field(init=False)
    all_loopless: bool = field(init=False)

    def __post_init__(self) -> None:
        limited = [spec.timeout_s is not None for spec in self.program.steps]
        for fast, calls in (("fast_executes", self.executes), ("fast_compensates", self.compensates)):
            object.__setattr__(
                self, fast, tuple(None if limit else call for limit, call in zip(limited, calls, strict=True))
            )
        object.__setattr__(self, "expected", (*self.errors, LegendError) if self.errors else (BaseException,))
        object.__setattr__(self, "all_loopless", all(self.loopless))
