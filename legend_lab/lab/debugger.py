"""Owns the Debugger: a headless way to step a saga, travel in what happened, and try what else could have."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self, TypeVar

from legend_lab.core.errors import ProtocolError
from legend_lab.core.instructions import (
    Abort,
    Decision,
    Resolve,
    Resume,
    Retry,
)
from legend_lab.lab.clock import SteppedClock
from legend_lab.lab.copying import copy_context
from legend_lab.lab.editing import change_context
from legend_lab.lab.session import Session, read_session, reader_of, write_session
from legend_lab.lab.stepping import Stepping
from legend_lab.lab.travel import Standpoint
from legend_lab.runtime.clocks import Clock
from legend_lab.runtime.faults import Fault, FaultPlan, as_plan
from legend_lab.runtime.restart import restarted
from legend_lab.runtime.run import SYSTEM_CLOCK, Options
from legend_lab.saga.saga import Saga
from legend_lab.saga.writing import write_file

Ctx = TypeVar("Ctx")
Err = TypeVar("Err", bound=BaseException)


class Debugger(Stepping[Ctx, Err]):
    """Steps a saga one instruction at a time, on a deep copy of the context it was given.

    A *position* is the moment after so many entries. Going back and forth over what has happened runs no user code.
    Going on from the past, when an edit or another fault makes it another story, starts a *branch* and keeps the old
    one. A halt (a pause, a restart after a crash, a failed undo) is not stepped over: `resume`, `abort`, `retry` or
    `resolve` say what shall happen, and the next `step` does it.

    Raises:
        ContextCopyError: the context cannot be copied.
        FaultPlanError: a fault is at no step of the saga.
        ClockError: `clock` is no clock.
    """

    def __init__(
        self,
        saga: Saga[Ctx, Err],
        ctx: Ctx,
        *,
        faults: FaultPlan | Iterable[Fault] | Fault | None = None,
        clock: Clock = SYSTEM_CLOCK,
        resources: Any = None,  # noqa: ANN401 - whatever the user's steps ask for
    ) -> None:
        stepped = SteppedClock(clock)
        super().__init__(saga, ctx, Options(stepped, as_plan(faults), resources), stepped)

    # -- deciding -------------------------------------------------------------------------------

    def resume(self) -> None:
        """From a pause: the next step enters the same step (or undo) again."""
        self._decide(Resume())

    def abort(self, reason: str = "") -> None:
        """From a pause on the way forward: the next step begins to undo what was done."""
        self._decide(Abort(reason))

    def retry(self) -> None:
        """After a failed undo: the next step runs the first pending undo again."""
        self._decide(Retry())

    def resolve(self, path: str, note: str = "") -> None:
        """After a failed undo: a person has undone `path` by hand."""
        self._decide(Resolve(path, note))

    def crash(self) -> None:
        """The process "dies" here and now; `restart` takes the run up again, as a new process would (S17).

        Raises:
            ProtocolError: there is nothing left that could be lost.
            ContextRecordError: the context cannot be written, so no process could take it up; nothing was changed.
        """
        self._insist_on_rest()
        if self._machine.finished:
            raise ProtocolError("the saga has ended, so a crash would lose nothing")
        self._refuse_crashed()
        self._branch.run.shape.context.dump(self.context)
        self._leave_past()
        self._crashed = True

    def restart(self) -> None:
        """Take up the run after `crash`: it stands as a new process would find it.

        Raises:
            ProtocolError: it did not crash.
        """
        self._insist_on_rest()
        if not self._crashed:
            raise ProtocolError("it has not crashed, so there is nothing to restart")
        self._at_once(lambda: self._branch.succeed(restarted(self._branch.run)))
        self._crashed = False
        self._keep()
        self._settle()

    def edit(self, place: str, value: object) -> None:
        """Set the value at a dotted place of the context; an entry in the journal says so. In the past: a branch.

        Raises:
            EditError: there is no such place, or it takes no such value; nothing was changed.
            ContextCopyError: the value or the context cannot be copied; nothing was changed.
        """
        self._insist_on_rest()
        self._refuse_crashed()
        if self._machine.finished:
            raise ProtocolError("the saga has ended; go back to edit its context, or reset")
        value = copy_context(value)
        note = change_context(copy_context(self.context), place, value)
        self._leave_past()
        change_context(self._branch.run.context, place, value)
        self._at_once(lambda: self._branch.run.edit(note))
        self._keep()

    # -- keeping --------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to a file: all branches with every context, the faults, the breakpoints, the position.

        A file that was there is replaced in one piece, or not at all.

        Raises:
            ContextRecordError: a context, now or in the past, cannot be written; the message names the place.
            BreakpointError: a breakpoint tests a function, which is no data.
            OSError: the file cannot be written.
        """
        self._insist_on_rest()
        self._settle()
        session = Session(
            self.saga,
            self._given,
            self.branches,
            self.branch,
            self._position,
            self._crashed,
            self.faults,
            self._breakpoints,
        )
        write_file(path, write_session(session))

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str] | bytes,
        saga: Saga[Ctx, Err] | type[Saga[Ctx, Err]],
        *,
        clock: Clock = SYSTEM_CLOCK,
        resources: Any = None,  # noqa: ANN401 - whatever the user's steps ask for
    ) -> Self:
        """Take up what `save` wrote, where it stood; nothing in the file is code, and nothing is performed.

        The saga's class does as well, since its inputs are in the file; so do the file's bytes for its path.

        Errors come back as in records: declared ones as their own class, any other as a `StoredError`. Time goes on
        after the last instant of a branch.

        Raises:
            CorruptRecordError: the file holds no session, or is damaged.
            RecordVersionError: it was written in another version of the format.
            SagaMismatchError: it is of another saga, of another shape of it, or with other inputs.
            OSError: the file cannot be read.
        """
        data = path if isinstance(path, bytes) else Path(path).read_bytes()
        stepped = SteppedClock(clock)
        session = read_session(data, reader_of(saga), stepped, resources)
        debugger = cls(session.saga, session.given, faults=session.faults, clock=clock, resources=resources)
        debugger._clock = stepped
        debugger._show(session.branches, Standpoint(session.branch, session.position, session.is_crashed))
        debugger._options = debugger._branch.run.options
        debugger.breakpoints = session.breakpoints
        return debugger

    # -- inside ---------------------------------------------------------------------------------

    def _decide(self, decision: Decision) -> None:
        self._insist_on_rest()
        if not self.choices:
            raise ProtocolError("it does not stand at a halt, so there is nothing to decide; step goes on")
        if self.is_past and self._branch.run.rows[self._position][1] == decision:
            self._position += 1
            return
        self._machine.copy().feed(decision)
        self._leave_past()
        self._at_once(lambda: self._branch.run.decide(decision))
        self._keep()

    def _at_once(self, work: Callable[[], None]) -> None:
        """Do what takes no time, at the instant at which the branch stands."""
        self._clock.begin(self._branch.last_tick(len(self._branch)))
        self._clock.end()
        work()
