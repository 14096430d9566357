"""Owns the moves: for each transition, how the next instruction and what rollback remembers are found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple, Protocol

from legend_lab.core.errors import AbortedError, ProtocolError
from legend_lab.core.instructions import (
    Abort,
    Compensate,
    Execute,
    Failure,
    Halt,
    HaltReason,
    Instruction,
    Outcome,
    Resolve,
    Wait,
)
from legend_lab.core.program import Program, RetryPolicy
from legend_lab.core.table import Event, Move

NOTHING_TRIED: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class UndoFailure:
    """An undo that failed for good: where, at which attempt, with what."""

    index: int
    path: str
    attempt: int
    failure: Failure


class Rollback(NamedTuple):
    """What rollback has to remember.

    Attributes:
        original: the failure that began it.
        origin: index of the step that failed or was aborted; steps before it had completed.
        queue: indices that this round undoes, in order; after a failed round, those still pending.
        failures: undos that failed in this (or the last) round.
        attempts: last attempt number of undos tried in earlier rounds.
    """

    original: Failure
    origin: int
    queue: Sequence[int]
    failures: tuple[UndoFailure, ...] = ()
    attempts: Mapping[int, int] = NOTHING_TRIED


class Stand(Protocol):
    """Where a machine stands, as the moves see it; they only read it."""

    @property
    def program(self) -> Program: ...  # noqa: D102 - as in Machine
    @property
    def cursor(self) -> Instruction: ...  # noqa: D102 - as in Machine
    @property
    def rollback(self) -> Rollback | None: ...  # noqa: D102 - as in Machine


# -- facts that classification shares ---------------------------------------------------------------


def undo_queue(program: Program, index: int, *, uncertain: bool, attempted: bool) -> range:
    """Indices to undo when the saga ends at step `index`: that step first when nobody knows what it did (S5)."""
    include = uncertain or (attempted and program.steps[index].compensate_on_failure)
    return range(index if include else index - 1, -1, -1)


def queue_after_failure(program: Program, at: Execute, failure: Failure) -> range:
    """Indices to undo when the attempt `at` was the last and failed."""
    return undo_queue(program, at.index, uncertain=at.uncertain or failure.uncertain, attempted=True)


def queue_after_abort(program: Program, at: Execute) -> range:
    """Indices to undo when the saga is aborted with `at` next."""
    return undo_queue(program, at.index, uncertain=at.uncertain, attempted=at.attempt > 1)


def retry_event(policy: RetryPolicy, at: Execute | Compensate, failure: Failure) -> Event | None:
    """The event of a failed attempt that is tried again; None when it failed for good."""
    if failure.gives_up or not policy.should_retry(at.retries):
        return None
    return Event.RETRIED_LATER if _backoff_ns(policy, at.retries + 1) else Event.RETRIED_AT_ONCE


def _backoff_ns(policy: RetryPolicy, retry: int) -> int:
    return round(policy.backoff_for(retry) * 1_000_000)


def _policy(stand: Stand, at: Execute | Compensate) -> RetryPolicy:
    spec = stand.program.steps[at.index]
    return spec.retry_policy if isinstance(at, Execute) else spec.compensation_retry_policy


def _reissue(stand: Stand, outcome: Outcome, *, retries: int) -> Execute | Compensate:
    """The same instruction once more, knowing what the attempt just ended may have done."""
    at = stand.cursor
    if isinstance(at, Execute):
        return replace(after_attempt(at, outcome), retries=retries)
    if isinstance(at, Compensate):
        return replace(at, attempt=at.attempt + 1, retries=retries)
    raise ProtocolError(f"a {at.kind} is not issued again")  # pragma: no cover - the table never does


def after_attempt(at: Execute, outcome: Outcome) -> Execute:
    """The attempt after `at`: one number on, uncertain when this one or an earlier one was (S5)."""
    uncertain = at.uncertain or not isinstance(outcome, Failure) or outcome.uncertain
    return replace(at, attempt=at.attempt + 1, uncertain=uncertain)


def attempt_of(instruction: Instruction) -> Execute:
    """The step attempt that a forward instruction is about."""
    match instruction:
        case Halt(at=Wait(then=Execute() as found)) | Halt(at=Execute() as found) | (Execute() as found):
            return found
    raise ProtocolError(f"{instruction.kind} {instruction.path!r} is not about a step")  # pragma: no cover


def _awaited(cursor: Instruction) -> Execute | Compensate | Wait:
    return cursor.at if isinstance(cursor, Halt) else cursor


def _first_undo(program: Program, rollback: Rollback, index: int) -> Compensate:
    """The undo of `index` in this round; attempts go on from earlier rounds, and a repair round has no links."""
    if isinstance(rollback.queue, range):
        return program.compensates[index]
    return Compensate(index, program.steps[index].path, rollback.attempts.get(index, 0) + 1)


def _halt_at(program: Program, rollback: Rollback) -> _Next:
    """Stand at the pending undos; what was tried so far is remembered for the next round."""
    tried = {item.index: item.attempt for item in rollback.failures}
    rollback = rollback._replace(attempts=MappingProxyType({**rollback.attempts, **tried}))
    return Halt(_first_undo(program, rollback, rollback.queue[0]), HaltReason.COMPENSATION_FAILED), rollback


def _with_failure(rollback: Rollback | None, at: Instruction, outcome: Outcome) -> Rollback:
    so_far = begun(rollback)
    return so_far._replace(failures=(*so_far.failures, UndoFailure(at.index, at.path, at.attempt, _failure(outcome))))


def begun(rollback: Rollback | None) -> Rollback:
    """The rollback that a compensating machine always has."""
    if rollback is None:  # pragma: no cover - COMPENSATING states always have one
        raise ProtocolError("rollback has not begun")
    return rollback


def _failure(outcome: Outcome) -> Failure:
    if isinstance(outcome, Failure):
        return outcome
    raise ProtocolError(f"{outcome!r} is no failure")  # pragma: no cover - the table never does


def _aborted(outcome: Outcome) -> Failure:
    reason = outcome.reason if isinstance(outcome, Abort) else ""
    return Failure(AbortedError(reason or "aborted"), gives_up=True)


def _resolved(outcome: Outcome) -> str:
    if isinstance(outcome, Resolve):
        return outcome.path
    raise ProtocolError(f"{outcome!r} resolves nothing")  # pragma: no cover - the table never does


# -- moves ------------------------------------------------------------------------------------------

_Next = tuple[Instruction, Rollback | None]


def _next_step(at: Stand, _: Outcome) -> _Next:
    return at.program.executes[at.cursor.index + 1], None


def _stay(at: Stand, _: Outcome) -> _Next:
    return at.cursor, at.rollback


def _again(at: Stand, outcome: Outcome) -> _Next:
    return _reissue(at, outcome, retries=at.cursor.retries + 1), at.rollback


def _wait(at: Stand, outcome: Outcome) -> _Next:
    then = _reissue(at, outcome, retries=at.cursor.retries + 1)
    return Wait(then, _backoff_ns(_policy(at, then), then.retries)), at.rollback


def _halt_paused(at: Stand, outcome: Outcome) -> _Next:
    reason = HaltReason.STEP_PAUSED if at.rollback is None else HaltReason.UNDO_PAUSED
    return Halt(_reissue(at, outcome, retries=at.cursor.retries), reason), at.rollback


def _halt_interrupted(at: Stand, outcome: Outcome) -> _Next:
    return Halt(_reissue(at, outcome, retries=at.cursor.retries), HaltReason.INTERRUPTED), at.rollback


def _halt_stopped(at: Stand, _: Outcome) -> _Next:
    return Halt(_awaited(at.cursor), HaltReason.INTERRUPTED), at.rollback


def _halt_restarted(at: Stand, _: Outcome) -> _Next:
    return Halt(_awaited(at.cursor), HaltReason.RESTARTED), at.rollback


def _go_on(at: Stand, _: Outcome) -> _Next:
    cursor = at.cursor
    return cursor.then if isinstance(cursor, Wait) else _awaited(cursor), at.rollback


def _roll_back(at: Stand, outcome: Outcome) -> _Next:
    step, failure = attempt_of(at.cursor), _failure(outcome)
    queue = queue_after_failure(at.program, step, failure)
    return at.program.compensates[queue[0]], Rollback(failure, step.index, queue)


def _roll_back_aborted(at: Stand, outcome: Outcome) -> _Next:
    step = attempt_of(at.cursor)
    queue = queue_after_abort(at.program, step)
    return at.program.compensates[queue[0]], Rollback(_aborted(outcome), step.index, queue)


def _end_failed(at: Stand, outcome: Outcome) -> _Next:
    return at.cursor, Rollback(_failure(outcome), at.cursor.index, ())


def _end_aborted(at: Stand, outcome: Outcome) -> _Next:
    return attempt_of(at.cursor), Rollback(_aborted(outcome), at.cursor.index, ())


def _next_undo(at: Stand, _: Outcome) -> _Next:
    rollback = begun(at.rollback)
    index = rollback.queue[rollback.queue.index(at.cursor.index) + 1]
    return _first_undo(at.program, rollback, index), rollback


def _skip_undo(at: Stand, outcome: Outcome) -> _Next:
    cursor, rollback = _next_undo(at, outcome)
    return cursor, _with_failure(rollback, at.cursor, outcome)


def _halt_pending(at: Stand, _: Outcome) -> _Next:
    rollback = begun(at.rollback)
    return _halt_at(at.program, rollback._replace(queue=tuple(item.index for item in rollback.failures)))


def _halt_pending_failed(at: Stand, outcome: Outcome) -> _Next:
    rollback = _with_failure(at.rollback, at.cursor, outcome)
    untried = rollback.queue[rollback.queue.index(at.cursor.index) + 1 :]
    queue = (*(item.index for item in rollback.failures), *untried)
    return _halt_at(at.program, rollback._replace(queue=queue))


def _next_round(at: Stand, _: Outcome) -> _Next:
    rollback = begun(at.rollback)._replace(failures=())
    return _first_undo(at.program, rollback, rollback.queue[0]), rollback


def _strike_out(at: Stand, outcome: Outcome) -> _Next:
    rollback = begun(at.rollback)
    gone = at.program.index_of[_resolved(outcome)]
    return _halt_at(at.program, rollback._replace(queue=tuple(index for index in rollback.queue if index != gone)))


def _end_resolved(at: Stand, _: Outcome) -> _Next:
    return _awaited(at.cursor), begun(at.rollback)._replace(queue=())


MOVES: dict[Move, Callable[[Stand, Outcome], _Next]] = {
    Move.NEXT_STEP: _next_step,
    Move.END: _stay,
    Move.AGAIN: _again,
    Move.WAIT: _wait,
    Move.HALT_PAUSED: _halt_paused,
    Move.HALT_INTERRUPTED: _halt_interrupted,
    Move.HALT_STOPPED: _halt_stopped,
    Move.HALT_RESTARTED: _halt_restarted,
    Move.GO_ON: _go_on,
    Move.ROLL_BACK: _roll_back,
    Move.ROLL_BACK_ABORTED: _roll_back_aborted,
    Move.END_FAILED: _end_failed,
    Move.END_ABORTED: _end_aborted,
    Move.NEXT_UNDO: _next_undo,
    Move.END_UNDONE: _stay,
    Move.SKIP_UNDO: _skip_undo,
    Move.HALT_PENDING: _halt_pending,
    Move.HALT_PENDING_FAILED: _halt_pending_failed,
    Move.NEXT_ROUND: _next_round,
    Move.STRIKE_OUT: _strike_out,
    Move.END_RESOLVED: _end_resolved,
}
