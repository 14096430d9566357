"""Owns how journal rows and errors are written as JSON values, and read back against a machine that replays them."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeGuard

from legend_lab.core.effects import EffectOperation
from legend_lab.core.errors import CorruptRecordError, ProtocolError, StoredError
from legend_lab.core.instructions import (
    Abort,
    CompensationOutcome,
    Decision,
    Edit,
    Edited,
    Failure,
    Instruction,
    Outcome,
    Resolve,
    Restart,
    Resume,
    Retry,
    Signal,
    StepOutcome,
    halt_for,
)
from legend_lab.core.journal import Row, outcome_word
from legend_lab.core.machine import Machine
from legend_lab.core.program import Program

LONGEST_TRACEBACK = 8_000
"""Characters kept of a traceback, from its end; an error object that is raised again and again collects more."""

LATEST_NS = 2**63 - 1
"""The last instant that a record may name, in Unix ns (year 2262)."""

_EFFECT_FLAGS = ("idempotent", "irreversible", "late")

_ANSWERS: dict[str, dict[str, Any]] = {
    "execute": {"continue": StepOutcome.CONTINUE, "pause": StepOutcome.PAUSE, "interrupted": Signal.INTERRUPTED},
    "compensate": {
        "compensated": CompensationOutcome.COMPLETED,
        "pause": CompensationOutcome.PAUSE,
        "interrupted": Signal.INTERRUPTED,
    },
    "wait": {"elapsed": Signal.ELAPSED, "interrupted": Signal.INTERRUPTED},
    "edit": {},
    "halt": {"resumed": Resume(), "retried": Retry(), "restarted": Restart(), "stopped": Restart(crashed=False)},
}


_FAILURE_KEYS = ("type", "message", "traceback", "gives_up", "uncertain", "unexpected", "args", "fields")


class ReadFailure(Failure):
    """A failure that was read from a record, with what is written there, so that it is written the same again."""

    written: dict[str, Any]


def write_entry(row: Row, anchor_ns: int, effects: Iterable[EffectOperation] = ()) -> dict[str, Any]:
    """One row as JSON values, its instants in Unix ns."""
    instruction, outcome, started, completed, fault = row
    entry = _place(instruction, started + anchor_ns)
    entry["completed_ns"] = None if completed is None else completed + anchor_ns
    entry["outcome"] = outcome_word(instruction.kind, outcome)
    if fault is not None:
        entry["fault"] = fault
    match outcome:
        case Failure():
            entry["error"] = write_failure(outcome)
        case Abort(reason=note):
            entry["note"] = note
        case Resolve(path=path, note=note):
            entry.update(note=note, resolved=path)
        case Edited(note=note):
            entry["note"] = note
    return _with_effects(entry, effects)


def write_intent(
    instruction: Instruction, started: int, anchor_ns: int, effects: Iterable[EffectOperation] = ()
) -> dict[str, Any]:
    """An instruction that has been asked and has not come back, as JSON values; `effects` if one can know of any."""
    intent = {**_place(instruction, started + anchor_ns), "completed_ns": None, "outcome": None}
    return _with_effects(intent, effects)


def read_entries(program: Program, entries: object, errors: Sequence[type[BaseException]]) -> tuple[list[Row], Machine]:
    """Replay written entries; return their rows (instants in Unix ns) and the machine as it stands after them.

    An open intent at the end becomes an interrupted row without an end.

    Raises:
        CorruptRecordError: the entries are no journal of this program.
    """
    if not isinstance(entries, list):
        raise CorruptRecordError("the record's journal is no list")
    machine, rows, now = Machine(program), list[Row](), 0
    for number, entry in enumerate(entries):
        try:
            row = _read_entry(machine, entry, errors, now, is_last=number == len(entries) - 1)
        except (ProtocolError, CorruptRecordError) as error:
            raise CorruptRecordError(f"entry {number} of the record's journal is wrong: {error}") from None
        rows.append(row)
        now = row[2] if row[3] is None else row[3]
    return rows, machine


def read_effects(entries: Iterable[Mapping[str, Any]]) -> dict[int, list[EffectOperation]] | None:
    """The operations of written entries that have any, by the entry's number; None when none has.

    Raises:
        CorruptRecordError: something written there is no operation.
    """
    found: dict[int, list[EffectOperation]] = {}
    for number, entry in enumerate(entries):
        written = entry.get("effects", [])
        if not isinstance(written, list):
            raise CorruptRecordError(f"entry {number} of the record's journal is wrong: its effects are no list")
        if written:
            found[number] = [_read_effect(number, item) for item in written]
    return found or None


def write_failure(failure: Failure) -> dict[str, Any]:
    """An error and the verdict on it as JSON values."""
    if isinstance(failure, ReadFailure):
        return failure.written
    error = failure.error
    data: dict[str, Any] = {
        "type": type(error).__qualname__,
        "message": _text(error),
        "traceback": _traceback(error),
        "gives_up": failure.gives_up,
        "uncertain": failure.uncertain,
        "unexpected": failure.unexpected,
    }
    if _is_plain([error.args, error.__dict__]):
        data["args"] = list(error.args)
        data["fields"] = {**error.__dict__, **_file_names(error)}
    return data


def read_failure(data: object, errors: Iterable[type[BaseException]]) -> Failure:
    """Read an error back: one of the declared `errors` as its own class, any other as a `StoredError`.

    No code of the class runs: the arguments and attributes are put back as they were.

    Raises:
        CorruptRecordError: the data is no error.
    """
    if not isinstance(data, dict):
        raise CorruptRecordError("an error is no object")
    name, message, trace = data.get("type"), data.get("message"), data.get("traceback")
    flags = [data.get(flag) for flag in ("gives_up", "uncertain", "unexpected")]
    if not isinstance(name, str) or not isinstance(message, str) or not (trace is None or isinstance(trace, str)):
        raise CorruptRecordError("an error lacks its type, message or traceback")
    if any(type(flag) is not bool for flag in flags):
        raise CorruptRecordError("an error lacks its classification (gives_up, uncertain, unexpected)")
    args, fields = data.get("args"), data.get("fields")
    found = _class_named(name, errors)
    error: BaseException | None = None
    if found is not None and isinstance(args, list) and isinstance(fields, dict):
        error = _revive(found, args, fields)
    error = error or StoredError(name, message, trace)
    failure = ReadFailure(error, bool(flags[0]), bool(flags[1]), bool(flags[2]))
    failure.written = {key: data[key] for key in _FAILURE_KEYS if key in data}
    return failure


def _with_effects(entry: dict[str, Any], effects: Iterable[EffectOperation]) -> dict[str, Any]:
    """The entry, with a list of its effects if it has any."""
    written = [
        {"action": item.action, "name": item.name, "key": item.key}
        | {flag: True for flag in _EFFECT_FLAGS if getattr(item, flag)}
        | ({"details": dict(item.details)} if item.details else {})
        for item in effects
    ]
    return {**entry, "effects": written} if written else entry


def _read_effect(number: int, item: object) -> EffectOperation:
    data = item if isinstance(item, dict) else {}
    action, name, key, details = data.get("action"), data.get("name"), data.get("key"), data.get("details", {})
    flags = [data.get(flag, False) for flag in _EFFECT_FLAGS]
    known = set(data) <= {"action", "name", "key", "details", *_EFFECT_FLAGS}
    typed = isinstance(details, dict) and all(type(flag) is bool for flag in flags)
    if known and typed and isinstance(name, str) and isinstance(key, str) and name and key:
        idempotent, irreversible, late = flags
        if action == "open":
            return EffectOperation("open", name, key, idempotent, irreversible, late, details)
        if action == "close":
            return EffectOperation("close", name, key, idempotent, irreversible, late, details)
    raise CorruptRecordError(f"entry {number} of the record's journal is wrong: an effect of it cannot be read")


def _place(instruction: Instruction | Edit, started_ns: int) -> dict[str, Any]:
    return {
        "kind": instruction.kind,
        "index": instruction.index,
        "path": instruction.path,
        "attempt": instruction.attempt,
        "started_ns": started_ns,
    }


def _read_entry(
    machine: Machine, entry: object, errors: Sequence[type[BaseException]], now: int, *, is_last: bool
) -> Row:
    if not isinstance(entry, dict):
        raise CorruptRecordError("it is no object")
    kind, word = entry.get("kind"), entry.get("outcome")
    started, completed, fault = entry.get("started_ns"), entry.get("completed_ns"), entry.get("fault")
    if not _is_instant(started, now) or not (completed is None or _is_instant(completed, started)):
        raise CorruptRecordError("its instants are missing, out of range or run backwards")
    if not (fault is None or isinstance(fault, str)):
        raise CorruptRecordError("its fault is no text")
    if word is None and not is_last:
        raise CorruptRecordError("it is open, but not the last")
    if completed is None and word not in (None, "interrupted"):
        raise CorruptRecordError("it has an outcome, but no end")
    outcome = _read_outcome(kind, word, entry, errors)
    cursor = machine.cursor
    instruction: Instruction | Edit = cursor
    if isinstance(outcome, Decision):
        instruction = halt_for(cursor, outcome)
    elif isinstance(outcome, Edited):
        instruction = Edit(cursor)
    expected = _place(instruction, started)
    same = all(type(entry.get(key)) is type(value) and entry[key] == value for key, value in expected.items())
    if machine.finished or not same:
        raise CorruptRecordError("it is not what this saga would do next")
    machine.feed(outcome)
    return instruction, outcome, started, completed, fault


def _read_outcome(kind: object, word: object, entry: dict[str, Any], errors: Sequence[type[BaseException]]) -> Outcome:
    if not isinstance(kind, str) or kind not in _ANSWERS or not (word is None or isinstance(word, str)):
        raise CorruptRecordError("its kind or outcome is unknown")
    note = entry.get("note", "")
    if not isinstance(note, str):
        raise CorruptRecordError("its note is no text")
    if word is None:
        if kind in ("halt", "edit"):
            raise CorruptRecordError(f"a {kind} is never open")
        return Signal.INTERRUPTED
    if (kind, word) in (("execute", "failed"), ("compensate", "compensation_failed")):
        return read_failure(entry.get("error"), errors)
    if (kind, word) == ("edit", "edited"):
        return Edited(note)
    if (kind, word) == ("halt", "aborted"):
        return Abort(note)
    if (kind, word) == ("halt", "resolved"):
        return Resolve(str(entry.get("resolved")), note)
    if word not in _ANSWERS[kind]:
        raise CorruptRecordError("its outcome is unknown")
    answer: Outcome = _ANSWERS[kind][word]
    return answer


def _is_instant(value: object, after: int) -> TypeGuard[int]:
    return type(value) is int and after <= value <= LATEST_NS


def _class_named(name: str, errors: Iterable[type[BaseException]]) -> type[BaseException] | None:
    """The class of this name among `errors` and their subclasses, the newest where a notebook defined it again.

    None when there is none, or two modules have one.
    """
    found: dict[str, type[BaseException]] = {}
    waiting = list(errors)
    while waiting:
        cls = waiting.pop(0)
        if cls.__qualname__ == name:
            found[cls.__module__] = cls
        waiting.extend(cls.__subclasses__())
    return next(iter(found.values())) if len(found) == 1 else None


def _revive(cls: type[BaseException], args: list[Any], fields: dict[str, Any]) -> BaseException | None:
    """An error as it was, made by the builtin class that `cls` extends; None when that class refuses the arguments.

    `OSError` and its like keep the arguments in places that only they can reach.
    """
    builtin: Any = cls
    while builtin.__module__ != "builtins":
        builtin = builtin.__base__
    try:
        error: BaseException = builtin.__new__(cls, *args)
        builtin.__init__(error, *args)
    except Exception:  # noqa: BLE001 - a builtin refuses its arguments with TypeError, ValueError or UnicodeError
        return None
    error.args = tuple(args)
    names = _file_names(fields) if isinstance(error, OSError) else {}
    for name, value in names.items():
        setattr(error, name, value)
    error.__dict__.update({name: value for name, value in fields.items() if name not in names})
    return error


def _file_names(holder: BaseException | dict[str, Any]) -> dict[str, str]:
    """The file names that an `OSError` keeps beside its arguments, from the error or from what was written of it."""
    if not isinstance(holder, OSError | dict):
        return {}
    found = {
        name: holder.get(name) if isinstance(holder, dict) else getattr(holder, name)
        for name in ("filename", "filename2")
    }
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _is_plain(value: object, depth: int = 0) -> bool:
    """Whether JSON keeps `value` exactly (tuples count as their own lists only at the top)."""
    if value is None or type(value) in (bool, str):
        return True
    if type(value) is int:
        return value.bit_length() < 10_000  # noqa: PLR2004 - Python reads no longer ones
    if type(value) is float:
        return value == value and abs(value) != float("inf")  # noqa: PLR0124 - NaN is the one that differs
    if depth > 20:  # noqa: PLR2004 - no error argument is deeper
        return False
    if type(value) is list or (type(value) is tuple and depth == 1):
        return all(_is_plain(item, depth + 1) for item in value)
    return type(value) is dict and all(type(key) is str and _is_plain(item, depth + 1) for key, item in value.items())


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - the user's own __str__
        return "(its text cannot be had)"


def _traceback(error: BaseException) -> str | None:
    if error.__traceback__ is None:
        return None
    try:
        return "".join(traceback.format_exception(error))[-LONGEST_TRACEBACK:]
    except Exception:  # noqa: BLE001 - the user's own __str__
        return None
