"""Owns observers: who wants to be told what a run does, without a say in it."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from legend_lab.core.errors import SagaDefinitionError, error_text
from legend_lab.runtime.ids import ExecutionId

EventName = Literal["step.start", "step.end", "step.retry", "compensate.start", "compensate.end"]
_LOG = logging.getLogger("legend_lab")


@dataclass(frozen=True, slots=True)
class RunEvent:
    """Something a run did.

    Attributes:
        name: what it was; a `step.retry` is told for undos too, with its `phase`.
        execution_id: which run.
        saga: the saga's name.
        phase: `"execute"` or `"compensate"`.
        index: position of the step in the flat order, from 0.
        path: dotted name of the step.
        attempt: the attempt begun, ended, or (for a retry) to come, from 1.
        at_ns: Unix time in ns.
        outcome: how it ended, as in the journal; only at an end.
        error: what it raised; at an end, and at a retry the reason for it.
        duration_ms: how long it took; only at an end.
        backoff_ms: the wait before a retry.
        fault: the injected fault that fired; only at an end.
    """

    name: EventName
    execution_id: ExecutionId
    saga: str
    phase: Literal["execute", "compensate"]
    index: int
    path: str
    attempt: int
    at_ns: int
    outcome: str | None = None
    error: BaseException | None = None
    duration_ms: float | None = None
    backoff_ms: float | None = None
    fault: str | None = None


Observer = Callable[[RunEvent], None]


def as_observers(observers: Observer | Iterable[Observer]) -> tuple[Observer, ...]:
    """Return one observer or several as a tuple.

    Raises:
        SagaDefinitionError: one cannot be called, or is async: nobody would await it.
    """
    found = (observers,) if callable(observers) else tuple(observers)
    for observer in found:
        if not callable(observer):
            raise SagaDefinitionError(f"an observer is called with each event; {observer!r} cannot be called")
        if inspect.iscoroutinefunction(observer) or inspect.iscoroutinefunction(type(observer).__call__):
            raise SagaDefinitionError("an observer is a plain function: nobody would await an async one")
    return found


def tell(observers: tuple[Observer, ...], event: RunEvent) -> None:
    """Tell every observer; one that raises is logged and changes nothing."""
    for observer in observers:
        try:
            observer(event)
        except Exception:  # noqa: BLE001 - whatever the user's observer raises
            _LOG.exception("an observer failed at %s %s", event.name, event.path)


class LoggingObserver:
    """Writes each event as one line to a logger: starts at DEBUG, ends at INFO, failures and retries at WARNING."""

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self.logger = logger or logging.getLogger("legend_lab.run")

    def __call__(self, event: RunEvent) -> None:
        """Log one event, its fields also as `extra` under `legend_*`."""
        level = logging.DEBUG if event.name.endswith(".start") else logging.INFO
        if event.error is not None or event.name == "step.retry":
            level = logging.WARNING
        if not self.logger.isEnabledFor(level):
            return
        parts = [event.name, event.path, f"attempt {event.attempt}"]
        if event.outcome is not None:
            parts.append(f"-> {event.outcome} in {event.duration_ms:.3f} ms")
        if event.backoff_ms:
            parts.append(f"after {event.backoff_ms:g} ms")
        if event.error is not None:
            parts.append(f"({error_text(event.error)})")
        extra = {"legend_execution": str(event.execution_id), "legend_path": event.path, "legend_event": event.name}
        self.logger.log(level, "%s", " ".join(parts), extra=extra)
