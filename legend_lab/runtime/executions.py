"""Owns the typed executions: what can be done with a saga in each state, and nothing else."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

from legend_lab.core.errors import (
    ExecutionConsumedError,
    ExecutionFinishedError,
    ExecutionRunningError,
    LegendError,
    NotPausedError,
    ProtocolError,
)
from legend_lab.core.instructions import Abort, Decision, Halt, Resolve, Restart, Resume, Retry
from legend_lab.core.journal import Journal
from legend_lab.core.machine import Machine
from legend_lab.core.moves import Rollback, begun
from legend_lab.core.state import ExecutionState
from legend_lab.core.table import MachineState
from legend_lab.runtime.codec import dump
from legend_lab.runtime.driver import drive
from legend_lab.runtime.execution import Execution
from legend_lab.runtime.restart import restarted
from legend_lab.runtime.run import Run
from legend_lab.runtime.verdicts import public_error

Ctx = TypeVar("Ctx")
Err = TypeVar("Err", bound=BaseException)

if TYPE_CHECKING:
    ExecutionResult: TypeAlias = (
        "Completed[Ctx, Err] | Failed[Ctx, Err] | Paused[Ctx, Err] | CompensationFailed[Ctx, Err]"
    )


@dataclass(frozen=True, slots=True)
class FailedUndo:
    """An undo that failed for good, with what it raised last."""

    index: int
    path: str
    error: BaseException


class Recoverable(Execution[Ctx, Err]):
    """A state that goes on; it can be taken up again when going on was cut short."""

    __slots__ = ()

    def recover(self) -> Paused[Ctx, Err]:
        """Return the `Paused` that stands where a cancelled, crashed or checkpoint-less run was cut short (S10).

        Works once.

        Raises:
            ExecutionRunningError: it still runs.
            ProtocolError: nothing was cut short here, or it was recovered before.
            NotPausedError: it stands at a failed undo, which the error carries.
            ExecutionFinishedError: all was done; only the last checkpoint was not written.
        """
        if self._status == "running":
            raise ExecutionRunningError("the execution still runs; cancel it first, then recover")
        if self._status != "stopped":
            why = {"recovered": "it was recovered before", "ready": "it has not been started"}
            raise ProtocolError(f"there is nothing to recover: {why.get(self._status, 'it ended with a result')}")
        run = self._run
        if run.crash is not None:
            run = restarted(run)
        else:
            run.stop(*(run.flight or (None, 0)))  # an interrupt may have landed anywhere
        if not run.machine.finished and not isinstance(run.machine.cursor, Halt):
            run.decide(Restart(crashed=False))
        self._status = "recovered"
        if run.machine.finished:
            rollback = run.machine.rollback
            name = "Failed" if rollback else "Completed"
            raise ExecutionFinishedError(name, public_error(rollback.original) if rollback else None, run.context)
        return insist_on_paused(standing_execution(run))

    async def _go_on(self, decision: Decision | None = None) -> ExecutionResult[Ctx, Err]:
        """Consume this state, answer the halt it stands at, and let the run go on to its next state.

        Raises:
            ProtocolError: the decision is no answer here; this state is not consumed.
            ExecutionConsumedError: it has gone on before.
        """
        if self._status != "ready":
            raise ExecutionConsumedError(
                f"this {type(self).__name__} has gone on already; use what that call returned"
                + (", or recover()" if self._status == "stopped" else "")
            )
        run = self._run
        if decision is not None:
            run.machine.copy().feed(decision)
        try:
            self._status = "running"
            if decision is not None:
                run.decide(decision)
            await drive(run)
            result = result_of(run)
            self._status = "ended"
        except BaseException:
            self._status = "stopped"
            raise
        return result


class New(Recoverable[Ctx, Err]):
    """A saga that is built and has not started."""

    __slots__ = ()

    def __init__(self, run: Run) -> None:
        self._run = run
        self._status = "ready"

    @property
    def journal(self) -> Journal:
        """Empty: nothing has happened yet."""
        return self._run.journal(0)

    @property
    def state(self) -> ExecutionState:
        """At the first step."""
        return Machine(self._run.shape.program).execution_state()

    def start(self) -> Coroutine[Any, Any, ExecutionResult[Ctx, Err]]:
        """Run until the saga completes, pauses or is undone.

        Raises:
            ExecutionConsumedError: it was started before.
        """
        return self._go_on()


class Paused(Recoverable[Ctx, Err]):
    """Stands still until someone decides; can be written as JSON and taken up by another process."""

    __slots__ = ()
    is_paused: ClassVar[bool] = True

    @property
    def reason(self) -> str:
        """Why it stands: step paused, undo paused, interrupted, restarted."""
        cursor = self._machine.cursor
        return cursor.reason.value if isinstance(cursor, Halt) else ""

    @property
    def path(self) -> str:
        """The step it stands at."""
        return self._machine.cursor.path

    @property
    def original_error(self) -> Err | LegendError | None:
        """What the saga is being undone for; None while running forward."""
        return None if self._machine.rollback is None else public_error(self._machine.rollback.original)  # type: ignore[return-value] # S16

    def resume(self) -> Coroutine[Any, Any, ExecutionResult[Ctx, Err]]:
        """Enter the same step (or undo) again and go on (S6).

        Raises:
            ExecutionConsumedError: it has gone on before.
        """
        return self._go_on(Resume())

    def abort(self, reason: str = "") -> Coroutine[Any, Any, ExecutionResult[Ctx, Err]]:
        """Give up the saga and undo what was done (S9); ends in `Failed` with an `AbortedError`.

        Raises:
            ProtocolError: it is being undone already; nothing was changed.
            ExecutionConsumedError: it has gone on before.
        """
        return self._go_on(Abort(reason))

    def dump_json(self) -> bytes:
        """Write it as JSON that `load` takes, in this process or another (S13).

        Raises:
            ContextRecordError: the context would come back different; the message names the place.
            ExecutionConsumedError: it has gone on, so what it stood at is past.
        """
        return _dump(self)


class CompensationFailed(Recoverable[Ctx, Err]):
    """Some undo failed for good; a person must look.

    Attributes:
        original_error: what the saga was undone for.
        compensation_errors: the undos that failed in the last round, in order.
        compensation_error, failed_at: error and step index of the first of them.
        pending: paths still not undone, in the order in which they would be.
    """

    __slots__ = ("compensation_errors", "original_error", "pending")
    is_failed: ClassVar[bool] = True

    original_error: Err | LegendError
    compensation_errors: tuple[FailedUndo, ...]
    pending: tuple[str, ...]

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        rollback = begun(self._machine.rollback)
        self.original_error = public_error(rollback.original)  # type: ignore[assignment] # S16
        self.compensation_errors = tuple(
            FailedUndo(item.index, item.path, public_error(item.failure)) for item in rollback.failures
        )
        self.pending = self._machine.pending

    @property
    def compensation_error(self) -> Err | LegendError:
        """The first undo's error."""
        return self.compensation_errors[0].error  # type: ignore[return-value] # S16

    @property
    def failed_at(self) -> int:
        """Index of the first step whose undo failed."""
        return self.compensation_errors[0].index

    def retry(self) -> Coroutine[Any, Any, ExecutionResult[Ctx, Err]]:
        """Run the pending undos again, with fresh retries (S8).

        Raises:
            ExecutionConsumedError: it has gone on before.
        """
        return self._go_on(Retry())

    async def resolve(self, path: str, note: str = "") -> CompensationFailed[Ctx, Err] | Failed[Ctx, Err]:
        """Mark one pending undo as done by hand.

        Raises:
            ProtocolError: `path` is not pending; nothing was changed.
            ExecutionConsumedError: it has gone on before.
        """
        result = await self._go_on(Resolve(path, note))
        if isinstance(result, CompensationFailed | Failed):
            return result
        raise ProtocolError("resolving ended in a state that it cannot end in")  # pragma: no cover

    def dump_json(self) -> bytes:
        """Write it as JSON that `load` takes; see `Paused.dump_json`."""
        return _dump(self)


class Finished(Execution[Ctx, Err]):
    """A state that nothing comes after."""

    __slots__ = ()

    def __init__(self, run: Run) -> None:
        self._run = run
        self._status = "ended"
        self._machine = run.machine
        self._length = None

    def into_context(self) -> Ctx:
        """The context, to keep when the execution is no longer of interest."""
        context: Ctx = self._run.context
        return context


class Completed(Finished[Ctx, Err]):
    """Every step is done."""

    __slots__ = ()
    is_completed: ClassVar[bool] = True


class Failed(Finished[Ctx, Err]):
    """The saga failed, and everything done was undone.

    Attributes:
        error: what it failed with.
    """

    __slots__ = ("error",)
    is_failed: ClassVar[bool] = True

    error: Err | LegendError

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.error = public_error(_rollback(run).original)  # type: ignore[assignment] # S16


if not TYPE_CHECKING:
    ExecutionResult = Completed[Ctx, Err] | Failed[Ctx, Err] | Paused[Ctx, Err] | CompensationFailed[Ctx, Err]


def result_of(run: Run) -> ExecutionResult[Any, Any]:
    """The typed state in which a run stands that has stopped driving."""
    state = run.machine.state
    if state is MachineState.COMPLETED:
        return Completed(run)
    if state is MachineState.FAILED:
        return Failed(run)
    return standing_execution(run)


def standing_execution(run: Run) -> Paused[Any, Any] | CompensationFailed[Any, Any]:
    """The typed state of a run that stands at a halt."""
    return CompensationFailed(run) if run.machine.state is MachineState.COMPENSATION_FAILED else Paused(run)


def insist_on_paused(execution: Paused[Ctx, Err] | CompensationFailed[Ctx, Err]) -> Paused[Ctx, Err]:
    """Return it when it is paused.

    Raises:
        NotPausedError: it stands at a failed undo.
    """
    if isinstance(execution, CompensationFailed):
        pending = ", ".join(execution.pending)
        raise NotPausedError(f"it is not paused: the undo of {pending} failed; retry or resolve it", execution)
    return execution


def _dump(execution: Paused[Any, Any] | CompensationFailed[Any, Any]) -> bytes:
    if execution._status != "ready":  # noqa: SLF001 - states of one family
        raise ExecutionConsumedError("this state has gone on; write the state that came after it")
    return dump(execution._run, execution._length, execution._machine)  # noqa: SLF001 - states of one family


def _rollback(run: Run) -> Rollback:
    return begun(run.machine.rollback)
