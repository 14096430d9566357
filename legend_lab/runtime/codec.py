"""Owns how a run is written as a record and taken up again from one; nothing in a record is code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from legend_lab.core.effects import EffectOperation
from legend_lab.core.errors import (
    CorruptRecordError,
    ExecutionFinishedError,
    RecordError,
    SagaDefinitionError,
    SagaMismatchError,
)
from legend_lab.core.instructions import Compensate, Execute, Halt, Instruction, Restart
from legend_lab.core.journal import Row
from legend_lab.core.machine import Machine
from legend_lab.core.program import Program, RetryPolicy, StepSpec
from legend_lab.core.table import MachineState
from legend_lab.runtime.entries import read_effects, read_entries, write_entry, write_intent
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.record import FORMAT, VERSION, Standing, read_head, seal, write_json
from legend_lab.runtime.run import Options, Run
from legend_lab.runtime.shape import Shape
from legend_lab.runtime.verdicts import public_error

Migration = Callable[[dict[str, Any]], dict[str, Any]]

STATE_NAMES = {
    MachineState.PAUSED: "Paused",
    MachineState.COMPENSATION_PAUSED: "Paused",
    MachineState.COMPENSATION_FAILED: "CompensationFailed",
    MachineState.COMPLETED: "Completed",
    MachineState.FAILED: "Failed",
}
"""What the typed execution is called in which a machine stands; anywhere else it is `Running`."""


class SagaReader(Protocol):
    """Reads written inputs back into a saga of one class."""

    @property
    def name(self) -> str:
        """The saga's name."""
        ...

    def fingerprint_of(self, inputs: object) -> str:
        """The fingerprint that a saga with these inputs has today.

        Raises:
            SagaMismatchError: the inputs are of another saga.
        """
        ...

    def read(self, inputs: object) -> tuple[Shape, Any, tuple[Any, ...]]:
        """The shape, the saga and its steps in flat order.

        Raises:
            CorruptRecordError: an input has values that its step refuses.
        """
        ...


def standing_of(machine: Machine) -> Standing:
    """Where a machine stands, as records and listings say it."""
    if machine.finished:
        return Standing(STATE_NAMES[machine.state])
    reason = machine.cursor.reason.value if isinstance(machine.cursor, Halt) else ""
    return Standing(STATE_NAMES.get(machine.state, "Running"), machine.cursor.path, reason)


def dump(run: Run, length: int | None = None, machine: Machine | None = None) -> bytes:
    """Write the run (as it stood after `length` entries, with `machine`) as a whole record.

    Raises:
        ContextRecordError: the context or an input cannot be written.
    """
    stands = standing_of(machine or run.machine)
    rows = run.rows[:length]
    journal = _write_rows(run, rows)
    return seal(_head(run, stands, journal, run.shape.context.dump(run.context)))


def dump_crashed(run: Run) -> bytes:
    """Write the record that a store would hold had the process died in the instruction that is in flight.

    What it had done outside by then is written too: no real store could know, but the world would be like that.
    """
    if run.flight is None:
        raise RecordError("no instruction is in flight")
    instruction, started = run.flight
    journal = _write_rows(run, run.rows)
    journal.append(write_intent(instruction, started, run.anchor_ns, _effects(run, len(run.rows))))
    fault = run.options.faults.at(instruction) if isinstance(instruction, Execute | Compensate) else None
    if fault is not None:
        journal[-1]["fault"] = fault.token  # the one that "crashed"; a real crash could not tell
    return seal(_head(run, Standing("Running", instruction.path), journal, run.crash_context))


def row_bytes(run: Run, number: int, stands: Standing) -> bytes:
    """Row `number` as a store keeps it."""
    return _row(write_entry(run.rows[number], run.anchor_ns, _effects(run, number)), stands)


def intent_bytes(run: Run, instruction: Instruction, started: int) -> bytes:
    """An instruction that is about to be performed, as a store keeps it."""
    return _row(write_intent(instruction, started, run.anchor_ns), Standing("Running", instruction.path))


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a record has come: as many entries, the last of them from then to then (Unix ns)."""

    entries: int = 0
    started_ns: object = None
    completed_ns: object = None


@dataclass(frozen=True, slots=True)
class Origin:
    """What a run was loaded from.

    Attributes:
        mark: how far the record had come.
        differs: the run's journal is no continuation of the record's: its last entry was open, or it was migrated.
    """

    mark: Mark
    differs: bool


def mark_of(data: bytes | str) -> Mark:
    """How far a record has come.

    Raises:
        CorruptRecordError: the data is no record.
    """
    journal = read_head(data, any_version=True).get("journal")
    if not isinstance(journal, list) or not journal:
        return Mark()
    last = journal[-1] if isinstance(journal[-1], dict) else {}
    return Mark(len(journal), last.get("started_ns"), last.get("completed_ns"))


def mark_of_run(run: Run) -> Mark:
    """How far a run has come, as its record will say it."""
    if not run.rows:
        return Mark()
    _, _, started, completed, _ = run.rows[-1]
    return Mark(len(run.rows), started + run.anchor_ns, None if completed is None else completed + run.anchor_ns)


def load(
    data: bytes | str, reader: SagaReader, options: Options, migrate: Migration | None = None
) -> tuple[Run, Origin]:
    """Take up the run that `data` records; it stands at a halt.

    Raises:
        CorruptRecordError: the data is no record, or contradicts itself.
        RecordVersionError: it was written in another version.
        SagaMismatchError: it belongs to another saga or another shape of it.
        ExecutionFinishedError: the execution has finished.
    """
    head = _migrated(data, migrate) if migrate is not None else read_head(data)
    run, is_open = read_run(head, reader, options)
    machine = run.machine
    if machine.finished:
        rollback = machine.rollback
        error = None if rollback is None else public_error(rollback.original)
        raise ExecutionFinishedError(STATE_NAMES[machine.state], error, run.context)
    if is_open or not isinstance(machine.cursor, Halt):
        run.decide(Restart())
    return run, Origin(mark_of(data), is_open or migrate is not None)


def read_run(head: dict[str, Any], reader: SagaReader, options: Options) -> tuple[Run, bool]:
    """The run that a record's head holds, wherever it stands; and whether its last instruction had not come back.

    Raises:
        CorruptRecordError: the record contradicts itself.
        SagaMismatchError: it belongs to another saga or another shape of it.
    """
    missing = [key for key in ("id", "state", "at", "reason", "saga", "journal", "context") if key not in head]
    if missing:
        raise CorruptRecordError(f"the record has no {', no '.join(missing)}")
    shape, instance, steps = read_saga(head["saga"], reader, hint="; load(data, migrate=...) is the way over")
    rows, machine = read_entries(shape.program, head.get("journal"), shape.errors)
    run = Run(shape, steps, instance, shape.context.load(head.get("context")), options, id=read_id(head.get("id")))
    options.faults.check(shape.program)
    run.continue_from(rows, machine)
    run.effects = read_effects(head["journal"])
    is_open = head["journal"][-1:] != [] and head["journal"][-1].get("outcome") is None
    stands = Standing("Running", rows[-1][0].path) if is_open else standing_of(machine)
    if (head["state"], head["at"], head["reason"]) != (stands.state, stands.at, stands.reason):
        raise CorruptRecordError("the record's state is not the one that its journal leads to")
    return run, is_open


def write_saga(run: Run) -> dict[str, Any]:
    """The saga that a run is of, its inputs and the settings it runs with, as JSON values.

    Raises:
        ContextRecordError: an input cannot be written.
    """
    return {
        "name": run.shape.program.name,
        "fingerprint": run.shape.fingerprint(),
        "inputs": run.shape.dump_inputs(run.saga),
        "settings": _settings(run.shape.program),
    }


def read_saga(saga: object, reader: SagaReader, *, hint: str = "") -> tuple[Shape, Any, tuple[Any, ...]]:
    """Shape (with the settings of then), saga and steps of what `write_saga` wrote.

    Raises:
        CorruptRecordError: it is no such thing.
        SagaMismatchError: it is another saga, or another shape of it; `hint` says what to do.
    """
    if not isinstance(saga, dict):
        raise CorruptRecordError("the record has no saga")
    if saga.get("name") != reader.name:
        raise SagaMismatchError(f"the record is of saga {str(saga.get('name'))[:80]!r}, not of {reader.name!r}")
    fingerprint = reader.fingerprint_of(saga.get("inputs"))
    if saga.get("fingerprint") != fingerprint:
        raise SagaMismatchError(
            f"{reader.name} has another shape than when this was written: fingerprint {fingerprint} here, "
            f"{str(saga.get('fingerprint'))[:80]} in the record{hint}"
        )
    shape, instance, steps = reader.read(saga.get("inputs"))
    return replace(shape, program=_read_settings(shape.program, saga.get("settings"))), instance, steps


def _head(run: Run, stands: Standing, journal: list[dict[str, Any]], context: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "format": FORMAT,
        "version": VERSION,
        "id": str(run.id),
        "state": stands.state,
        "at": stands.at,
        "reason": stands.reason,
        "saga": write_saga(run),
        "journal": journal,
        "context": context,
    }


def _write_rows(run: Run, rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [write_entry(row, run.anchor_ns, _effects(run, number)) for number, row in enumerate(rows)]


def _effects(run: Run, number: int) -> Sequence[EffectOperation]:
    return () if run.effects is None else run.effects.get(number, ())


def _row(entry: dict[str, Any], stands: Standing) -> bytes:
    return write_json({"entry": entry, "state": stands.state, "at": stands.at, "reason": stands.reason})


def _settings(program: Program) -> dict[str, Any]:
    return {
        "on_compensation_failure": program.on_compensation_failure,
        "steps": [
            {
                "retry": _policy(spec.retry_policy),
                "compensation_retry": _policy(spec.compensation_retry_policy),
                "timeout_s": spec.timeout_s,
                "compensate_on_failure": spec.compensate_on_failure,
            }
            for spec in program.steps
        ],
    }


def _policy(policy: RetryPolicy) -> list[Any]:
    return [policy.max_retries, policy.backoff_ms, policy.multiplier, policy.max_backoff_ms]


def _read_settings(program: Program, data: object) -> Program:
    """The program with the numbers and flags that the run started with; lists of classes are today's (S13)."""
    try:
        if not isinstance(data, dict) or len(data["steps"]) != len(program.steps):
            raise CorruptRecordError("the record's settings do not fit its saga")
        steps = [_read_spec(spec, item) for spec, item in zip(program.steps, data["steps"], strict=True)]
        return program.with_settings(steps, data["on_compensation_failure"])
    except (SagaDefinitionError, KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise CorruptRecordError(f"the record's settings are wrong: {str(error)[:200]}") from None


def _read_spec(spec: StepSpec, item: dict[str, Any]) -> StepSpec:
    return replace(
        spec,
        retry_policy=_read_policy(item["retry"], spec.retry_policy),
        compensation_retry_policy=_read_policy(item["compensation_retry"], spec.compensation_retry_policy),
        timeout_s=item["timeout_s"],
        compensate_on_failure=item["compensate_on_failure"],
    )


def _read_policy(numbers: list[Any], today: RetryPolicy) -> RetryPolicy:
    retries, backoff_ms, multiplier, max_backoff_ms = numbers
    return RetryPolicy(retries, backoff_ms, multiplier, max_backoff_ms, today.give_up_on)


def read_id(value: object) -> ExecutionId:
    """The execution's id, as it was written.

    Raises:
        CorruptRecordError: it is none.
    """
    try:
        found = ExecutionId.parse(value if isinstance(value, str) else "")
    except ValueError:
        found = None
    if found is None or str(found) != value:
        raise CorruptRecordError("the record's id is no UUID")
    return found


def _migrated(data: bytes | str, migrate: Migration) -> dict[str, Any]:
    """The record as `migrate` turns it into one of today; its own version may be any."""
    record = read_head(data, any_version=True)
    migrated = migrate(record)
    if not isinstance(migrated, dict):
        raise CorruptRecordError(f"migrate must return the record as a dict, not {type(migrated).__name__}")
    try:
        data = seal(migrated)
    except (TypeError, ValueError, RecursionError) as error:
        raise CorruptRecordError(f"what migrate returned cannot be written as JSON: {str(error)[:200]}") from None
    return read_head(data)
