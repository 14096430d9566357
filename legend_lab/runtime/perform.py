"""Owns how one instruction is performed: the one place where faults, limits and verdicts meet user code."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import Callable, Coroutine
from typing import Any

from legend_lab.core.errors import ContextCopyError, SimulatedCrash, StepTimeoutError, StrictOutcomeError, error_text
from legend_lab.core.instructions import (
    Compensate,
    CompensationOutcome,
    Execute,
    Failure,
    Outcome,
    Signal,
    StepOutcome,
    Wait,
)
from legend_lab.core.program import ExceptionTypes
from legend_lab.core.text import kind_of
from legend_lab.runtime.current import EXPIRED, pass_time
from legend_lab.runtime.effects import LATE
from legend_lab.runtime.faults import Fault, FaultKind
from legend_lab.runtime.run import Run
from legend_lab.runtime.shape import Call, Shape
from legend_lab.runtime.virtual_loop import when_over


async def perform(run: Run, instruction: Execute | Compensate | Wait) -> tuple[Outcome, str | None]:
    """Perform one instruction; return what came back and the token of the fault that fired, if one did.

    Whatever is no `Exception` (a cancellation, a simulated crash) passes through.
    """
    if isinstance(instruction, Wait):
        await run.clock.sleep(instruction.delay_ns / 1e9)
        return Signal.ELAPSED, None
    fault = run.options.faults.at(instruction)
    fired: list[str] = []
    try:
        answer = await _attempt(run, instruction, fault, fired)
    except Exception as error:  # noqa: BLE001 - whatever the user's step raises is an outcome
        return judge(run.shape, instruction, error), fired[0] if fired else None
    return check(run.shape, instruction, answer), fired[0] if fired else None


def check(shape: Shape, instruction: Execute | Compensate, answer: Any) -> Outcome:  # noqa: ANN401 - what a step returned
    """Return the outcome, or the failure that anything but an outcome is (S2)."""
    wanted = StepOutcome if isinstance(instruction, Execute) else CompensationOutcome
    if isinstance(answer, wanted):
        return answer
    shown = "None" if answer is None else kind_of(answer)
    method = "execute" if wanted is StepOutcome else "compensate"
    error = StrictOutcomeError(f"{instruction.path}: {method} must return a {wanted.__name__}, not {shown}")
    return judge(shape, instruction, error)


def judge(shape: Shape, instruction: Execute | Compensate, error: Exception) -> Failure:
    """Say of an error whether it gives up, leaves the effect uncertain, is unexpected (S3, S5, S16)."""
    spec = shape.program.steps[instruction.index]
    policy = spec.retry_policy if isinstance(instruction, Execute) else spec.compensation_retry_policy
    strict = isinstance(error, StrictOutcomeError)
    return Failure(
        error,
        gives_up=strict or _is_one_of(error, policy.give_up_on),
        uncertain=strict or isinstance(error, StepTimeoutError) or _is_one_of(error, spec.uncertain_on),
        unexpected=not isinstance(error, shape.expected),
    )


async def _attempt(run: Run, instruction: Execute | Compensate, fault: Fault | None, fired: list[str]) -> Any:  # noqa: ANN401
    index = instruction.index
    call = (run.shape.executes if isinstance(instruction, Execute) else run.shape.compensates)[index]
    step, context, clock = run.steps[index], run.context, run.clock

    async def body() -> Any:  # noqa: ANN401 - what a step returns
        if fault is None:
            return await call(step, context)
        unseen = fault.kind is FaultKind.LATE_EFFECT
        doing = (lambda: _unseen(run, call, step, context)) if unseen else (lambda: call(step, context))
        return await _with_fault(run, fault, instruction, doing, fired)

    limit_s = run.shape.program.steps[index].timeout_s
    if clock.virtual and run.shape.loopless[index]:
        return await body() if limit_s is None else await _limited_by_clock(run, body, limit_s, instruction.path)
    work = body if limit_s is None else lambda: _limited(body, limit_s, instruction.path)
    return await clock.host(work)


Body = Callable[[], Coroutine[Any, Any, Any]]


async def _limited_by_clock(run: Run, body: Body, limit_s: float, path: str) -> Any:  # noqa: ANN401 - what a step returns
    """The attempt of a step that needs no loop: `pass_time` sees the limit, and that it came."""
    run.deadline_ns = run.clock.now_ns() + round(limit_s * 1e9)
    try:
        answer = await body()
    except Exception as error:
        if run.deadline_ns == EXPIRED:
            raise _too_long(path, limit_s) from (None if isinstance(error, StepTimeoutError) else error)
        raise
    else:
        if run.deadline_ns == EXPIRED:
            raise _too_long(path, limit_s)
        return answer
    finally:
        run.deadline_ns = None


def _too_long(path: str, limit_s: float) -> StepTimeoutError:
    return StepTimeoutError(f"{path}: the attempt took longer than timeout_s = {limit_s:g}")


async def _limited(body: Body, limit_s: float, path: str) -> Any:  # noqa: ANN401 - what a step returns
    """The attempt of any other step: its event loop sees the limit."""
    try:
        async with asyncio.timeout_at(when_over(limit_s)) as limit:
            answer = await body()
    except Exception as error:
        if limit.expired():
            raise _too_long(path, limit_s) from error
        raise
    if limit.expired():  # the body swallowed the cancellation; what it returned is too late
        raise _too_long(path, limit_s)
    return answer


async def _with_fault(
    run: Run, fault: Fault, instruction: Execute | Compensate, body: Callable[[], Any], fired: list[str]
) -> Any:  # noqa: ANN401 - what a step returns
    """The injection point: the body with one thing going wrong; `fired` learns when it has."""
    if fault.delay_ms:
        if fault.kind is FaultKind.DELAY:
            fired.append(fault.token)
        await pass_time(fault.delay_ms)
    answer: Any = None
    if fault.kind in (FaultKind.DELAY, FaultKind.ERROR_AFTER, FaultKind.CRASH_AFTER, FaultKind.LATE_EFFECT):
        answer = await body()
    if fault.kind is not FaultKind.DELAY:
        fired.append(fault.token)
    match fault.kind:
        case FaultKind.ERROR_BEFORE | FaultKind.ERROR_AFTER:
            raise fault.make_error()
        case FaultKind.TIMEOUT:
            raise StepTimeoutError(f"{fault.path}: timed out (injected)")
        case FaultKind.LATE_EFFECT:
            raise StepTimeoutError(f"{fault.path}: timed out, its effect lands later (injected)")
        case FaultKind.CRASH_BEFORE | FaultKind.CRASH_AFTER:
            run.crash = SimulatedCrash(f"the process crashed at {fault} (injected)")
            raise run.crash
        case FaultKind.PAUSE:
            return StepOutcome.PAUSE if isinstance(instruction, Execute) else CompensationOutcome.PAUSE
    return answer


async def _unseen(run: Run, call: Call, step: Any, context: Any) -> None:  # noqa: ANN401 - the user's own types
    """The body as the saga sees nothing of it: on a copy of the context, what it does outside marked as late."""
    try:
        copied = copy.deepcopy(context)
    except Exception as error:
        raise ContextCopyError(
            f"the effect of a step can land late only where its context can be copied ({error_text(error)})"
        ) from error
    token = LATE.set(True)
    try:
        await call(step, copied)
    except Exception:
        if run.deadline_ns == EXPIRED:  # it timed out by itself, as where a loop cuts it off
            raise
        # else nobody hears of it: the attempt times out
    finally:
        with contextlib.suppress(ValueError):  # closed from another context, where there is nothing to put back
            LATE.reset(token)


def _is_one_of(error: Exception, classes: ExceptionTypes) -> bool:
    """Whether the error, or one in the group that it is, is of these classes."""
    if not classes:
        return False
    return isinstance(error, classes) or (
        isinstance(error, ExceptionGroup) and error.subgroup(lambda leaf: isinstance(leaf, classes)) is not None
    )
