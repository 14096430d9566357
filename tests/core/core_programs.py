"""What the tests of the core share: small programs, short names for outcomes, and instructions as one line of text."""

from contextlib import suppress

from legend_lab.core.errors import ProtocolError
from legend_lab.core.instructions import (
    Abort,
    CompensationOutcome,
    Failure,
    Halt,
    Resolve,
    Restart,
    Resume,
    Retry,
    Signal,
    StepOutcome,
    Wait,
)
from legend_lab.core.machine import Machine
from legend_lab.core.program import Program, RetryPolicy, StepSpec

DONE, PAUSE = StepOutcome.CONTINUE, StepOutcome.PAUSE
UNDONE, UNDO_PAUSE = CompensationOutcome.COMPLETED, CompensationOutcome.PAUSE
ELAPSED, CUT = Signal.ELAPSED, Signal.INTERRUPTED
ERROR = Failure(ValueError("certain"))
UNSURE = Failure(ConnectionError("uncertain"), uncertain=True)
FINAL = Failure(KeyError("never again"), gives_up=True)
RESUME, ABORT, RETRY = Resume(), Abort("enough"), Retry()
CRASHED, STOPPED = Restart(), Restart(crashed=False)


def program(count=3, *, on_failure="continue", **settings):
    return Program("Sample", tuple(StepSpec("abcdefgh"[i], **settings) for i in range(count)), on_failure)


PLAIN = program()
HALTING = program(on_failure="halt")
AT_ONCE = program(retry_policy=RetryPolicy.retries(1), compensation_retry_policy=RetryPolicy.retries(1))
LATER = program(
    retry_policy=RetryPolicy.retries_with_backoff(1, 5),
    compensation_retry_policy=RetryPolicy.retries_with_backoff(1, 5),
)
EAGER = program(compensate_on_failure=True)

OUTCOMES = (
    *(DONE, PAUSE, UNDONE, UNDO_PAUSE, ELAPSED, CUT, ERROR, UNSURE, FINAL, RESUME, ABORT, RETRY, CRASHED, STOPPED),
    *(Resolve(path) for path in "abcz"),
)
STRANGERS = (None, True, 0, "continue", ValueError("no outcome"), object(), StepOutcome, Failure)


def after(program, *outcomes):
    """The machine as it stands after these outcomes."""
    return Machine.replay(program, outcomes)


def show(instruction):
    """An instruction in one line: kind, path, attempt, retries used (`r`), and `?` for an uncertain effect."""
    if isinstance(instruction, Wait):
        return f"wait {instruction.delay_ns / 1e6:g} ms, then {show(instruction.then)}"
    if isinstance(instruction, Halt):
        return f"halt ({instruction.reason.value}) at {show(instruction.at)}"
    retries = f" r{instruction.retries}" if instruction.retries else ""
    doubt = " ?" if getattr(instruction, "uncertain", False) else ""
    return f"{instruction.kind} {instruction.path} #{instruction.attempt}{retries}{doubt}"


def reachable(program, depth=9):
    """One machine for every kind of place that outcomes can lead to (attempt numbers above 2 count as one kind)."""
    found, edge = {}, [Machine(program)]
    for _ in range(depth):
        following = []
        for machine in edge:
            kind = _kind(machine)
            if kind in found:
                continue
            found[kind] = machine
            for outcome in OUTCOMES:
                twin = machine.copy()
                with suppress(ProtocolError):
                    twin.feed(outcome)
                    following.append(twin)
        edge = following
    return list(found.values())


def _kind(machine):
    cursor, rollback = machine.cursor, machine.rollback
    reason = cursor.reason if isinstance(cursor, Halt) else None
    inner = cursor.at if isinstance(cursor, Halt) else cursor
    undoing = rollback and (tuple(rollback.queue), tuple(item.index for item in rollback.failures), rollback.origin)
    doubt = getattr(inner, "uncertain", False)
    return machine.state, inner.kind, reason, cursor.index, cursor.retries, doubt, min(cursor.attempt, 2), undoing
