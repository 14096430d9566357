"""Owns the loop: ask the machine, perform, feed; on the common path it follows the program's links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from legend_lab.core.instructions import (
    FORWARD,
    Compensate,
    CompensationOutcome,
    Execute,
    Failure,
    Halt,
    Instruction,
    StepOutcome,
    Wait,
)
from legend_lab.core.journal import outcome_word
from legend_lab.runtime.current import CURRENT
from legend_lab.runtime.faults import FaultKind, FaultPhase
from legend_lab.runtime.observers import EventName, RunEvent, tell
from legend_lab.runtime.perform import check, judge, perform
from legend_lab.runtime.run import Run
from legend_lab.runtime.shape import Call

CONTINUE, COMPLETED = StepOutcome.CONTINUE, CompensationOutcome.COMPLETED


async def drive(run: Run, limit: int | None = None) -> None:
    """Perform instructions until the run stands at a halt or has finished, or `limit` of them are done.

    Whatever else ends it (a cancellation, a simulated crash, a checkpoint that fails) is raised, with the run left
    standing where its journal says.
    """
    token = CURRENT.set((run, None))
    try:
        if run.checkpoint is not None:
            async with run.checkpoint.session(run):
                await _walk(run, limit)
        elif limit is None and (run.options.plain or _is_plain_in_virtual_time(run)):
            while not run.stands:
                await _sweep(run)
        else:
            await _walk(run, limit)
    except BaseException as error:
        if error is run.crash:
            raise  # the instruction stays in flight: nobody saw it end
        instruction, started = run.flight or (None, 0)
        run.stop(instruction, started)
        if run.options.observers and instruction is not None:
            _tell_end(run, instruction)
        raise
    finally:
        try:  # noqa: SIM105 - `suppress` would cost a tenth of a short run
            CURRENT.reset(token)
        except ValueError:  # closed from another context, where there is nothing to put back
            pass


async def advance(run: Run) -> None:
    """Perform exactly one instruction; the machine must not stand at a halt or at its end."""
    instruction = run.machine.cursor
    if isinstance(instruction, Halt):
        raise TypeError("a halt is answered with a decision, not performed")
    if run.options.faults and _will_crash(run, instruction):
        run.crash_context = run.shape.context.dump(run.context)
    if run.checkpoint is not None:
        await run.checkpoint.intent(run, instruction, run.clock.ticks())
    started = run.clock.ticks()
    if run.options.observers:
        _tell_start(run, instruction, started)
    run.flight = (instruction, started)
    CURRENT.set((run, instruction))
    outcome, fault = await perform(run, instruction)
    CURRENT.set((run, None))
    run.record(instruction, outcome, started, fault)
    if run.options.observers:
        _tell_end(run, instruction)
    if run.checkpoint is not None:
        await run.checkpoint.flush(run)


async def _walk(run: Run, limit: int | None) -> None:
    """One instruction at a time, with all that may take part in it."""
    done = 0
    while not run.stands and done != limit:
        await advance(run)
        done += 1


async def _sweep(run: Run) -> None:
    """Follow links while calls succeed; the first thing that is rare ends the sweep, recorded."""
    cursor = run.machine.cursor
    calls: Sequence[Call | None]
    success: StepOutcome | CompensationOutcome
    if isinstance(cursor, Execute):
        calls, success = run.shape.fast_executes, CONTINUE
    elif isinstance(cursor, Compensate):
        calls, success = run.shape.fast_compensates, COMPLETED
    else:
        return await advance(run)
    machine, steps, context = run.machine, run.steps, run.context
    ticks, append = run.options.clock.ticks, run.rows.append
    started = -1
    try:
        while (call := calls[cursor.index]) is not None:
            started = ticks()
            try:
                answer = await call(steps[cursor.index], context)
            except Exception as error:  # noqa: BLE001 - whatever the user's step raises is an outcome
                return run.record(cursor, judge(run.shape, cursor, error), started)
            successor = cursor.successor
            if answer is not success or successor is None:
                return run.record(cursor, check(run.shape, cursor, answer), started)
            append((cursor, answer, started, ticks(), None))
            started = -1  # an interrupt from here on finds nothing begun
            machine.cursor = cursor = successor
    except BaseException:
        run.stop(cursor if started >= 0 else None, started)
        raise
    return await advance(run)


def _is_plain_in_virtual_time(run: Run) -> bool:
    options = run.options
    return options.clock.virtual and run.shape.all_loopless and not options.faults and not options.observers


def _will_crash(run: Run, instruction: Execute | Compensate | Wait) -> bool:
    fault = None if isinstance(instruction, Wait) else run.options.faults.at(instruction)
    return fault is not None and fault.kind in (FaultKind.CRASH_BEFORE, FaultKind.CRASH_AFTER)


def _tell_start(run: Run, instruction: Execute | Compensate | Wait, started: int) -> None:
    if not isinstance(instruction, Wait):
        name: EventName = "step.start" if isinstance(instruction, Execute) else "compensate.start"
        tell(run.options.observers, _event(run, name, instruction, started + run.anchor_ns))


def _tell_end(run: Run, instruction: Instruction) -> None:
    if isinstance(instruction, Wait | Halt):
        return
    _, outcome, started, completed, fault = run.rows[-1]
    ended_ns = (started if completed is None else completed) + run.anchor_ns
    name: EventName = "step.end" if isinstance(instruction, Execute) else "compensate.end"
    end = replace(
        _event(run, name, instruction, ended_ns),
        outcome=outcome_word(instruction.kind, outcome),
        error=outcome.error if isinstance(outcome, Failure) else None,
        duration_ms=(ended_ns - started - run.anchor_ns) / 1e6,
        fault=fault,
    )
    tell(run.options.observers, end)
    after = run.machine.cursor
    if isinstance(outcome, Failure) and after.path == instruction.path and after.retries > instruction.retries:
        then = after.then if isinstance(after, Wait) else after
        backoff_ms = after.delay_ns / 1e6 if isinstance(after, Wait) else 0.0
        if not isinstance(then, Halt):
            retry = _event(run, "step.retry", then, ended_ns)
            tell(run.options.observers, replace(retry, error=outcome.error, backoff_ms=backoff_ms))


def _event(run: Run, name: EventName, at: Execute | Compensate | Wait, at_ns: int) -> RunEvent:
    phase: FaultPhase = "execute" if at.phase is FORWARD else "compensate"
    return RunEvent(name, run.id, run.shape.program.name, phase, at.index, at.path, at.attempt, at_ns)
