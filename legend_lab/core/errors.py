"""Owns every error that legend_lab raises of its own accord."""

from __future__ import annotations

from datetime import datetime
from typing import Any


class LegendError(Exception):
    """Root of everything that legend_lab raises of its own accord."""


# -- definition ---------------------------------------------------------------------------------


class SagaDefinitionError(LegendError):
    """A saga or step is wrong as written; raised when it is defined or first built."""


class EmptySagaError(SagaDefinitionError):
    """A saga has no step, so there is nothing to run or undo."""


class DesignError(LegendError):
    """A design of a saga is wrong, or cannot be edited or read as asked; it stays as it was."""


class FaultPlanError(LegendError):
    """A fault names a place that the saga does not have, or asks for what cannot happen there."""


# -- running ------------------------------------------------------------------------------------


class ProtocolError(LegendError):
    """An outcome came back that does not answer the instruction asked; nothing was changed."""


class ExecutionConsumedError(LegendError):
    """A transition was called twice on the same execution; nothing was run."""


class ExecutionRunningError(LegendError):
    """The execution still runs, so it cannot be recovered or written now."""


class OutsideRunError(LegendError):
    """Something that only exists while a saga runs was asked for outside a run."""


class ResourceError(LegendError):
    """A step asked for a resource of a type that was not handed in."""


class EffectError(LegendError):
    """An effect was declared, opened or closed in a way that contradicts what is known of it."""


class StrictOutcomeError(LegendError):
    """A step returned something that is no outcome, so nobody knows what it did."""


class StepTimeoutError(LegendError, TimeoutError):
    """An attempt took longer than its step's `timeout_s`; what it did is not known."""


class AbortedError(LegendError):
    """A person or program ended a paused saga with `abort`; what was done is undone."""


class UnexpectedError(LegendError):
    """A step raised an error outside the saga's declared error type; the original is `__cause__`."""


class InjectedError(LegendError):
    """The error that an injected fault raises when it was given none."""


class InjectedConnectionError(InjectedError, ConnectionError):
    """A lost acknowledgement: the effect happened, the answer did not arrive."""


class SimulatedCrash(BaseException):
    """The process "died" here, as an injected fault asked; `recover()` goes on as after a restart."""


class ContextCopyError(LegendError):
    """A context cannot be copied, which the lab has to; the message names the place."""


class ClockError(LegendError):
    """A clock was asked for something it cannot do, such as driving another loop's objects."""


# -- records ------------------------------------------------------------------------------------


class RecordError(LegendError):
    """A record cannot be read or written as asked; nothing was changed."""


class CorruptRecordError(RecordError):
    """The data is no record of an execution, or contradicts itself."""


class RecordVersionError(RecordError):
    """The record was written in another version of the format."""


class SagaMismatchError(RecordError):
    """The record belongs to another saga, or to another shape of this saga."""


class NotPausedError(RecordError):
    """It stands at a failed undo, where a paused execution was asked for.

    Attributes:
        execution: the `CompensationFailed` that it is.
    """

    def __init__(self, message: str, execution: Any) -> None:  # noqa: ANN401 - the class lives in a higher layer
        super().__init__(message)
        self.execution = execution


class ContextRecordError(RecordError):
    """The context (or an input or error argument) cannot be written to JSON and come back the same."""


class ExecutionFinishedError(RecordError):
    """The record's execution has finished; there is nothing to resume.

    Attributes:
        result: `"Completed"` or `"Failed"`.
        error: what a failed execution failed with, else None.
        context: the context as the execution left it.
    """

    def __init__(self, result: str, error: BaseException | None, context: Any) -> None:  # noqa: ANN401 - the user's own type
        ended = f": {error}" if error is not None else ""
        super().__init__(f"the execution has finished as {result}{ended}; there is nothing to resume")
        self.result = result
        self.error = error
        self.context = context


class StoredError(LegendError):
    """An error read back from a record whose class is not the saga's declared error type.

    Attributes:
        type: qualified name of the class it had.
        message: its text.
        traceback: its traceback as text, or None.
    """

    def __init__(self, type: str, message: str, traceback: str | None = None) -> None:
        super().__init__(type, message, traceback)
        self.type = type
        self.message = message
        self.traceback = traceback

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


# -- stores -------------------------------------------------------------------------------------


class StoreError(LegendError):
    """A store could not do what was asked; what it held before is unchanged."""


class NotFoundError(StoreError):
    """The store has no record under this id."""


class BackendError(StoreError):
    """The disk, file or database behind the store failed; the original error is `__cause__`."""


class AlreadyClaimedError(StoreError):
    """Another holder's lease on this record still lives.

    Attributes:
        holder: who holds it, in words (host and process).
        until: when the lease runs out unless renewed, UTC.
    """

    def __init__(self, record: str, holder: str, until: datetime) -> None:
        super().__init__(
            f"record {record} is claimed by {holder} until {until.isoformat(timespec='seconds')}; "
            "wait for the lease to run out, or release it there"
        )
        self.holder = holder
        self.until = until


class StaleClaimError(StoreError):
    """The lease was lost to a later claim; this holder must stop and write no more."""


# -- lab ----------------------------------------------------------------------------------------


class SourceError(LegendError):
    """What was given has no journal that could be shown."""


def error_name(error: BaseException) -> str:
    """The name of the error's class; of one read back from a record, that of the class it had."""
    return error.type.rpartition(".")[2] if isinstance(error, StoredError) else type(error).__name__


def error_text(error: BaseException) -> str:
    """The error in one line, `error_name` first, its notes behind, whatever its `__str__` does."""
    try:
        said = error.message if isinstance(error, StoredError) else str(error)
        text = " ".join([said, *(f"({note})" for note in getattr(error, "__notes__", ()))]).strip()
    except KeyboardInterrupt:
        raise
    except BaseException as broken:  # noqa: BLE001 - the user's own __str__
        text = f"(its text cannot be had: {type(broken).__name__})"
    return f"{error_name(error)}: {text}" if text else error_name(error)
