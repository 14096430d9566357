"""Owns timings_frame: a journal as a pandas table, one row for each entry."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from legend_lab.core.errors import SourceError, error_text
from legend_lab.core.instructions import (
    COMPENSATING,
    CompensationOutcome,
    Failure,
    Instruction,
    Outcome,
    Signal,
    StepOutcome,
)
from legend_lab.core.journal import Journal, outcome_word
from legend_lab.lab.source import Source, read

KINDS: Final = ("execute", "compensate", "wait", "halt", "edit")
PHASES: Final = ("forward", "compensating")
OUTCOMES: Final = (
    "continue",
    "pause",
    "failed",
    "compensated",
    "compensation_failed",
    "interrupted",
    "elapsed",
    "resumed",
    "aborted",
    "retried",
    "resolved",
    "restarted",
    "stopped",
    "edited",
)

_EXECUTE, _COMPENSATE = KINDS.index("execute"), KINDS.index("compensate")
_KIND_CODES = {kind: code for code, kind in enumerate(KINDS)}
_OUTCOME_CODES = {word: code for code, word in enumerate(OUTCOMES)}
_SINGLE_CODES = {
    id(outcome): _OUTCOME_CODES[
        outcome_word("compensate" if isinstance(outcome, CompensationOutcome) else "execute", outcome)
    ]
    for outcome in (*StepOutcome, *CompensationOutcome, *Signal)
}
"""Codes of the outcomes that exist once, by identity: hashing an enum's member costs ten times as much."""

_TEXT = pd.StringDtype("python")
_LATEST_NS = 2**63 - 1

_Ints = npt.NDArray[np.int64]


def timings_frame(source: Source | Journal) -> pd.DataFrame:
    """Return the journal of `source` as a table, one row for each entry, oldest first.

    Columns and their dtypes, which do not depend on what happened:

    | column | dtype | meaning |
    |---|---|---|
    | `entry` | int64 | number of the entry, from 0 |
    | `index` | int64 | position of the step in the flat order, from 0 |
    | `path` | category | dotted name of the step; categories are all steps, in program order |
    | `block` | category | dotted path of the block around the step; `""` outside any |
    | `phase` | category | `forward` or `compensating` |
    | `kind` | category | `execute`, `compensate`, `wait`, `halt` or `edit` |
    | `attempt` | int64 | number of this issue of the instruction, from 1 |
    | `started_at`, `completed_at` | datetime64[ns, UTC] | instants, exact to the ns; NaT where nobody saw it end |
    | `start_ms` | float64 | start, counted from the start of the run |
    | `duration_ms` | float64 | how long it took; NaN where nobody saw it end |
    | `outcome` | category | what came back; categories are `OUTCOMES` |
    | `error` | string | `Class: message`; missing where nothing was raised |
    | `fault` | string | token of the injected fault that fired; missing where none did |
    | `undoes` | Int64 | number of the execution's entry that this undo takes back; missing for all else |

    Raises:
        SourceError: `source` is nothing that can be shown, or its instants lie beyond the year 2262.
    """
    reading = read(source)
    journal = reading.journal
    rows, count = journal.rows, len(journal)
    instructions = list(map(itemgetter(0), rows))
    outcomes = list(map(itemgetter(1), rows))

    index = _ints(map(attrgetter("index"), instructions), count)
    kind = np.fromiter(map(_KIND_CODES.__getitem__, map(attrgetter("kind"), instructions)), np.int8, count)
    phase = np.fromiter((at.phase is COMPENSATING for at in instructions), np.int8, count)
    outcome, error = _outcomes(instructions, outcomes)

    ends = list(map(itemgetter(3), rows))
    started, completed, is_open = _instants(list(map(itemgetter(2), rows)), ends, journal.anchor_ns)
    duration_ms = (completed - started) / 1e6
    duration_ms[is_open] = np.nan

    step = _step_codes(index, reading.paths)
    paths = list(reading.paths.values())
    blocks = [path.rpartition(".")[0] for path in paths]
    block_codes = {block: code for code, block in enumerate(dict.fromkeys(["", *blocks]))}
    block_of = np.fromiter((block_codes[block] for block in blocks), np.int64, len(blocks))

    return pd.DataFrame(
        {
            "entry": np.arange(count),
            "index": index,
            "path": _categories(step, paths),
            "block": _categories(block_of[step] if count else step, list(block_codes)),
            "phase": _categories(phase, PHASES),
            "kind": _categories(kind, KINDS),
            "attempt": _ints(map(attrgetter("attempt"), instructions), count),
            "started_at": _utc(started),
            "completed_at": _utc(np.where(is_open, pd.NaT.value, completed)),
            "start_ms": (started - started[:1]) / 1e6 if count else np.empty(0),
            "duration_ms": duration_ms,
            "outcome": outcome,
            "error": pd.array(error, dtype=_TEXT),
            "fault": pd.array(np.fromiter(map(itemgetter(4), rows), object, count), dtype=_TEXT),
            "undoes": _undoes(kind, index),
        },
        copy=False,
    )


def _ints(values: map[int], count: int) -> _Ints:
    return np.fromiter(values, np.int64, count)


def _categories(codes: npt.NDArray[np.integer], categories: Sequence[str]) -> pd.Categorical:
    dtype = pd.CategoricalDtype(pd.Index(list(categories), dtype=object))
    return pd.Categorical.from_codes(codes, dtype=dtype, validate=False)


def _utc(unix_ns: _Ints) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(unix_ns.view("M8[ns]")).tz_localize("UTC")


def _instants(starts: list[int], ends: list[int | None], anchor_ns: int) -> tuple[_Ints, _Ints, npt.NDArray[np.bool_]]:
    """Starts and ends in Unix ns, and where the end is not known (there the start stands in)."""
    latest = max(starts[-1], ends[-1] or 0) + anchor_ns if starts else 0
    if latest > _LATEST_NS:
        raise SourceError("the run's instants lie beyond the year 2262, where a table's instants end")
    started = np.array(starts, np.int64)
    is_open = np.fromiter((end is None for end in ends), np.bool_, len(ends))
    if is_open.any():
        ends = [start if end is None else end for start, end in zip(starts, ends, strict=True)]
    return started + anchor_ns, np.array(ends, np.int64) + anchor_ns, is_open


def _outcomes(
    instructions: list[Instruction], outcomes: list[Outcome]
) -> tuple[pd.Categorical, npt.NDArray[np.object_]]:
    """Words of the outcomes, and the text of what was raised."""
    codes = np.fromiter(map(_SINGLE_CODES.get, map(id, outcomes), repeat(-1)), np.int8, len(outcomes))
    error = np.full(len(outcomes), None, object)
    for entry in np.flatnonzero(codes < 0).tolist():
        outcome = outcomes[entry]
        codes[entry] = _OUTCOME_CODES[outcome_word(instructions[entry].kind, outcome)]
        if isinstance(outcome, Failure):
            error[entry] = error_text(outcome.error)
    return _categories(codes, OUTCOMES), error


def _step_codes(index: _Ints, paths: dict[int, str]) -> _Ints:
    """Each entry's place in the display order."""
    place = np.zeros(max(paths, default=0) + 1, np.int64)
    place[list(paths)] = np.arange(len(paths))
    return place[index]


def _undoes(kind: npt.NDArray[np.int8], index: _Ints) -> pd.arrays.IntegerArray:
    """For each undo the last execution of its step before it, found for all steps in one sweep."""
    count = len(kind)
    by_step = np.argsort(index, kind="stable")
    floor = index[by_step] * (count + 1)  # lifts each step's entries above those of the steps before it
    executed = np.where(kind[by_step] == _EXECUTE, by_step + 1, 0)
    last = np.maximum.accumulate(floor + executed) - floor if count else executed
    found = np.empty(count, np.int64)
    found[by_step] = last - 1
    return pd.arrays.IntegerArray(found, (kind != _COMPENSATE) | (found < 0))
