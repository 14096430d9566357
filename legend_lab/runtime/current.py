"""Owns what a step can ask of the run it is in: its idempotency key, its resources, and time on the run's clock."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal, TypeVar

from legend_lab.core.errors import ClockError, OutsideRunError, ResourceError, StepTimeoutError
from legend_lab.core.program import LONGEST_WAIT_MS, is_number
from legend_lab.core.text import shown

if TYPE_CHECKING:
    from legend_lab.core.instructions import Instruction
    from legend_lab.runtime.run import Run

T = TypeVar("T")

EXPIRED = -1
"""What a run's `deadline_ns` is once it has passed, so that an attempt that goes on all the same is found out."""

CURRENT: ContextVar[tuple[Run, Instruction | None]] = ContextVar("legend_lab_run")
"""The run that user code is in, and the instruction it performs: a thread or task that an attempt with a limit has left
behind keeps both. None on the common path, where setting it at each step would cost a third of the step: there the
machine says it.
"""


def idempotency_key(of: Literal["execute", "compensate"] | None = None) -> str:
    """A key that is the same for every attempt of this instruction, across restarts, stores and engines.

    Ask for it in the step itself, and hand it to the threads and tasks that the step starts: one that outlives a step
    without `timeout_s` would get the key of the step that runs then.

    It is made of the execution's id and the step's path; the undo has its own. Inside an undo,
    `idempotency_key(of="execute")` gives the step's, to undo what only that key can find.

    Raises:
        OutsideRunError: no saga runs here.
    """
    if of not in (None, "execute", "compensate"):
        raise ValueError(f"of is 'execute' or 'compensate', not {of!r}")
    run, performed = _current("idempotency_key()")
    at = performed or run.machine.cursor
    kind = of or at.kind
    return f"{run.id}:{at.path}" + (":undo" if kind == "compensate" else "")


def resources(type: type[T]) -> T:
    """The resource of this type that was handed to `build`, `load`, the lab or an engine.

    Raises:
        OutsideRunError: no saga runs here.
        ResourceError: none of that type was handed in.
    """
    given = current_run(f"resources({type.__name__})").resources
    for item in given:
        if isinstance(item, type):
            return item
    names = ", ".join(sorted({item.__class__.__name__ for item in given})) or "none"
    raise ResourceError(
        f"no {type.__name__} was handed in (there: {names}); pass it as saga.build(ctx, resources={type.__name__}(...))"
    )


def attempt() -> int:
    """The number of this attempt of the step or undo that runs, from 1; pauses, interrupts and restarts count on.

    Raises:
        OutsideRunError: no saga runs here.
    """
    run, performed = _current("attempt()")
    return (performed or run.machine.cursor).attempt


async def pass_time(duration_ms: float) -> None:
    """Let time pass on the run's clock: really on a `SystemClock`, at once on a `VirtualClock`.

    Raises:
        OutsideRunError: no saga runs here.
        ClockError: the duration is no number from 0 to 1e12.
        StepTimeoutError: the attempt's limit comes first (where no event loop enforces it).
    """
    run = current_run("pass_time()")
    if not is_number(duration_ms) or not 0 <= duration_ms <= LONGEST_WAIT_MS:
        raise ClockError(f"pass_time takes a number of ms from 0 to {LONGEST_WAIT_MS:g}, not {shown(duration_ms)}")
    if run.deadline_ns is not None and run.clock.now_ns() + round(duration_ms * 1e6) > run.deadline_ns:
        left_s = max(0.0, (run.deadline_ns - run.clock.now_ns()) / 1e9)
        run.deadline_ns = EXPIRED
        await run.clock.sleep(left_s)
        raise StepTimeoutError("the attempt took longer than its timeout_s")
    await run.clock.sleep(duration_ms / 1000)


def current_path() -> str:
    """The path of the step that runs.

    Raises:
        OutsideRunError: no saga runs here.
    """
    run, performed = _current("the step's path")
    return (performed or run.machine.cursor).path


def current_run(what: str) -> Run:
    """The run that user code is in; `what` names what was asked of it.

    Raises:
        OutsideRunError: no saga runs here.
    """
    return _current(what)[0]


def _current(what: str) -> tuple[Run, Instruction | None]:
    try:
        return CURRENT.get()
    except LookupError:
        raise OutsideRunError(
            f"{what} only has an answer while a saga runs the step; "
            "in a unit test of a step, run it through a saga: Saga.of('test', {'step': step}).build(ctx).start()"
        ) from None
