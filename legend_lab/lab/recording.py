"""Owns recordings: runs that have happened elsewhere, to travel in and look at, never to go on with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self, TypeVar

from legend_lab.core.errors import ContextCopyError, CorruptRecordError, ProtocolError, SourceError
from legend_lab.core.text import kind_of
from legend_lab.lab import session as sessions
from legend_lab.lab.breakpoints import Breakpoint
from legend_lab.lab.history import Branch
from legend_lab.lab.snapshots import Snapshots
from legend_lab.lab.travel import FIRST_BRANCH, Standpoint, Travel
from legend_lab.runtime import record as records
from legend_lab.runtime.codec import SagaReader, read_run
from legend_lab.runtime.excerpt import run_as_of
from legend_lab.runtime.execution import Execution
from legend_lab.runtime.faults import NO_FAULTS, FaultPlan
from legend_lab.runtime.run import DEFAULT_OPTIONS, SYSTEM_CLOCK, Run
from legend_lab.saga.reader import ClassReader
from legend_lab.saga.recorded import RecordedReader
from legend_lab.saga.saga import Saga

Ctx = TypeVar("Ctx")
Err = TypeVar("Err", bound=BaseException)

NOT_KEPT = "The context of this moment was not kept: a run remembers only its last one."
GONE_ON = "This execution has gone on since, and its context with it: that of this moment was not kept."


class Recording(Travel[Ctx, Err]):
    """A run to look at: an execution as it stood, the record of one, or a debugger's session.

    All of the lab's looking works on it (travel, frames, charts, the ledger); nothing in it can be carried out, and
    what it was made from stays as it is. An execution or a record knows the context of its last moment only.

    Attributes:
        faults: the failures that were planned.
        knows_faults: whether the source says which were; a record only tells those that have fired.
    """

    def __init__(
        self, branches: Iterable[Branch], faults: FaultPlan | None = None, stand: Standpoint | None = None
    ) -> None:
        given: object = branches  # `of` and `read` make them; a person may try what they have
        if not isinstance(given, tuple | list) or not all(isinstance(branch, Branch) for branch in given):
            raise SourceError(
                f"a recording is not made from {kind_of(given)} as it is: use Recording.of(execution), "
                "Recording.read(data) for a record as text or bytes, or Workbench(path)"
            )
        super().__init__(branches, stand)
        self.faults = NO_FAULTS if faults is None else faults
        self.knows_faults = faults is not None

    @classmethod
    def of(cls, execution: Execution[Ctx, Err]) -> Self:
        """What `execution` has done, as it stands; it can still go on, and nobody here will know."""
        run, is_known = run_as_of(execution)
        return cls((_branch(run, "" if is_known else GONE_ON),), run.options.faults)

    @classmethod
    def read(cls, data: bytes | str, saga: Saga[Ctx, Err] | type[Saga[Ctx, Err]] | None = None) -> Self:
        """What a record (of `dump_json` or a checkpoint) or a session (of `Debugger.save`) tells.

        With its saga (or the class), contexts, inputs and declared errors come back as what they were; without, as the
        JSON values that are written there. Nothing in the data is code.

        Raises:
            CorruptRecordError: it is neither, or damaged.
            RecordVersionError: it was written in another version.
            SagaMismatchError: it is of another saga, or of another shape of it.
        """
        reader: SagaReader | None = None
        if saga is not None:
            reader = ClassReader(saga if isinstance(saga, type) else type(saga))
        if is_session(data):
            session = sessions.read_session(data, reader, SYSTEM_CLOCK)
            stand = Standpoint(session.branch, session.position, session.is_crashed)
            return cls(session.branches, session.faults, stand)
        head = records.read_head(data)
        run, _ = read_run(head, reader or RecordedReader(head.get("saga")), DEFAULT_OPTIONS)
        return cls((_branch(run),))

    @property
    def breakpoints(self) -> tuple[Breakpoint, ...]:
        """None: nothing runs here that could stop."""
        return ()

    @property
    def repeats(self) -> bool:
        """Whether `forward` can move on."""
        return self.is_past

    def forward(self) -> None:
        """Go one entry on.

        Raises:
            ProtocolError: this is the last one.
        """
        if not self.is_past:
            raise ProtocolError("this is the end of what was recorded")
        self.goto(self.position + 1)


def is_session(data: bytes | str) -> bool:
    """Whether the data is a debugger's session; else it is an execution's record.

    Raises:
        CorruptRecordError: it is neither.
    """
    head = records.read_json(data)
    found = head.get("format") if isinstance(head, dict) else None
    if found not in (records.FORMAT, sessions.FORMAT):
        raise CorruptRecordError("the data is neither an execution's record nor a debugger's session")
    return bool(found == sessions.FORMAT)


def _branch(run: Run, unknown: str = "") -> Branch:
    """A branch of which only the last context is known, or (for the reason `unknown`) none."""
    snapshots = Snapshots()
    for _ in run.rows:
        snapshots.append_unknown(NOT_KEPT)
    if unknown:
        snapshots.append_unknown(unknown)
    else:
        snapshots.append(run.context)
    try:
        run.context = snapshots.restore(len(run.rows))
    except ContextCopyError:
        run.context = None
    return Branch(FIRST_BRANCH, run, snapshots=snapshots, planned=[None] * len(run.rows))
