"""Owns the rules about isolation: other sagas see, and change, what a saga has only half done.

A record is what docstrings name (see `records`), or an effect that is opened under a key of the caller's own making.
A saga runs beside the others that were named, and beside other runs of itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from legend_lab.lab.lint.facts import SagaFacts, StepFacts
from legend_lab.lab.lint.rules.rule import RICHARDSON, Case, Objection, Rule


def lost_update(case: Case) -> Iterator[Objection]:
    """A step that overwrites a record from what an earlier step had read, while others change it too."""
    steps = case.saga.steps
    for index, step in enumerate(steps):
        for record in sorted(step.records.writes):
            read_at = next((place for place in range(index) if record in steps[place].records.reads), None)
            if read_at is None or record in step.records.reads or _locked(steps[: read_at + 1], record):
                continue
            reader, other = steps[read_at], _other(case, record)
            yield Objection(
                "warning",
                step,
                "execute",
                None,
                f"overwrites {record!r} from what {reader.path} has read; {other} may have changed it in between",
                f"read it again here and compare (reread value), lock it before {reader.path} (semantic lock), "
                "or make the change one whose order does not matter (commutative update)",
            )
        for effect in sorted(step.execute.keyed):
            others = [saga for saga in case.beside if any(effect in item.execute.keyed for item in saga.steps)]
            if others and not _locked(steps[: index + 1], effect):
                yield Objection(
                    "warning",
                    step,
                    "execute",
                    step.execute.opens[effect] or None,
                    f"opens {effect!r} under a key of its own making, as {others[0].name} does: "
                    "one may overwrite or close what the other has opened",
                    "use the step's own idempotency_key(), or lock the record for as long as the saga runs "
                    "(semantic lock; 'Locks: ...' in the docstring)",
                )


def dirty_read(case: Case) -> Iterator[Objection]:
    """A step that reads what another saga may still take back, or the other way round."""
    for reader in case.saga.steps:
        for record in sorted(reader.records.reads):
            for saga in case.beside:
                writer = _takes_back(saga, record)
                if writer is not None and not _locked(case.saga.steps, record):
                    yield _dirty(reader, f"reads {record!r}, which {writer.path} of {saga.name} may still take back")
    for index, step in enumerate(case.saga.steps):
        for record in sorted(step.records.changes):
            if not _may_take_back(case.saga, index, record):
                continue
            for saga in case.beside:
                other = next((item for item in saga.steps if record in item.records.reads), None)
                if other is not None and not _locked(saga.steps, record):
                    yield _dirty(
                        step, f"changes {record!r} and may still take it back; {other.path} of {saga.name} reads it"
                    )


def _dirty(step: StepFacts, message: str) -> Objection:
    return Objection(
        "warning",
        step,
        "execute",
        None,
        message,
        "lock the record while it may change (semantic lock), or move the change to the end, where nothing is taken "
        "back any more (pessimistic view)",
    )


def _other(case: Case, record: str) -> str:
    saga = next((item for item in case.beside if any(record in step.records.changes for step in item.steps)), None)
    return "another run of this saga" if saga is None else saga.name


def _locked(steps: tuple[StepFacts, ...], record: str) -> bool:
    return any(record in step.records.locks for step in steps)


def _takes_back(saga: SagaFacts, record: str) -> StepFacts | None:
    """The first step of a saga that changes a record without a lock and may be undone."""
    places = (index for index, step in enumerate(saga.steps) if record in step.records.changes)
    return next((saga.steps[index] for index in places if _may_take_back(saga, index, record)), None)


def _may_take_back(saga: SagaFacts, index: int, record: str) -> bool:
    if saga.steps[index].undo.does_nothing or _locked(saga.steps[: index + 1], record):
        return False
    return any(not step.gets_through for step in saga.steps[index + 1 :])


ISOLATION_RULES = (
    Rule(
        "lost-update",
        "A saga has no isolation: between its steps other sagas change the same record, and this write undoes theirs.",
        RICHARDSON,
        lost_update,
    ),
    Rule(
        "dirty-read",
        "A saga has no isolation: what was read may be undone, and what was decided on it stands.",
        RICHARDSON,
        dirty_read,
    ),
)
