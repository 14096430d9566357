"""Owns history: a branch of a stepped run, with the machine and the context at every position of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from legend_lab.core.instructions import Compensate, Execute, Instruction
from legend_lab.core.journal import Entry, Executions, Journal
from legend_lab.core.machine import Machine
from legend_lab.core.moves import Rollback
from legend_lab.core.table import MachineState
from legend_lab.lab.snapshots import Snapshots
from legend_lab.runtime.faults import Fault, FaultPlan
from legend_lab.runtime.run import Run

Stand = tuple[Instruction, MachineState, Rollback | None]
"""What a machine holds: its cursor, its state, and what rollback remembers."""


class Branch:
    """One way that a run took.

    Position *p* is the moment after *p* entries. The run is live at the last position only; all earlier ones are
    rebuilt from what was kept, without running anything.

    Attributes:
        name: what the person calls it.
        parent: name of the branch it left, None for the first.
        forked_at: the position at which it left.
        run: what goes on from its end.
        snapshots: the context at every position.
        planned: for each entry, the fault that was planned for it.
    """

    def __init__(
        self,
        name: str,
        run: Run,
        *,
        parent: str | None = None,
        forked_at: int = 0,
        snapshots: Snapshots | None = None,
        planned: Iterable[Fault | None] = (),
        stands: Iterable[Stand] | None = None,
    ) -> None:
        self.name = name
        self.parent = parent
        self.forked_at = forked_at
        self.run = run
        self.planned = list(planned)
        self._executions = Executions(run.rows)
        self._stands = list(_replayed(run) if stands is None else stands)
        if snapshots is None:
            snapshots = Snapshots()
            snapshots.append(run.context)
        self.snapshots = snapshots

    def __len__(self) -> int:
        return len(self.run.rows)

    def __repr__(self) -> str:
        origin = "" if self.parent is None else f" from {self.parent!r} at {self.forked_at}"
        return f"<Branch {self.name!r}{origin}, {len(self)} entries>"

    def keep_rows(self, planned: Fault | None = None) -> None:
        """Remember the run after the rows that it has gained; only the last of several has a context of its own."""
        while len(self.planned) < len(self.run.rows):
            instruction, outcome, *_ = self.run.rows[len(self.planned)]
            machine = self.machine_at(len(self.planned))
            machine.feed(outcome)
            self._stands.append(_stand(machine))
            self.planned.append(planned if isinstance(instruction, Execute | Compensate) else None)
            self.snapshots.append(self.run.context)

    def settle(self) -> None:
        """Take what was changed in the live context since the last entry into the last position."""
        self.snapshots.settle(self.run.context)

    def succeed(self, run: Run) -> None:
        """Go on with `run`, which a new process made of this one: with its context, and the entries it has gained.

        What is known of the past stays as it is; a record would have lost the classes of some errors.
        """
        former, shift = self.run, run.anchor_ns - self.run.anchor_ns
        for instruction, outcome, started, completed, fault in run.rows[len(former.rows) :]:
            ended = None if completed is None else completed + shift
            former.rows.append((instruction, outcome, started + shift, ended, fault))
            former.machine.feed(outcome)
        run.shape, run.rows, run.machine, run.effects = former.shape, former.rows, former.machine, former.effects
        run.anchor_from(former)
        self.run = run

    def machine_at(self, position: int) -> Machine:
        """The machine as it stood at `position`."""
        machine = Machine(self.run.shape.program)
        machine.cursor, machine.state, machine.rollback = self._stands[position]
        return machine

    def context_at(self, position: int) -> Any:  # noqa: ANN401 - the user's own type
        """A fresh copy of the context as it was at `position`.

        Raises:
            ContextCopyError: it could not be copied then.
        """
        return self.snapshots.restore(position)

    def journal_at(self, position: int) -> Journal:
        """The first `position` entries."""
        return Journal(self.run.rows, self.run.anchor_ns, position, self.run.effects, self._executions)

    def entry(self, number: int) -> Entry:
        """Entry `number` of the branch."""
        return self.journal_at(len(self))[number]

    def would_repeat(self, position: int, faults: FaultPlan) -> bool:
        """Whether going on from `position` under `faults` is what happened there already."""
        instruction = self.run.rows[position][0]
        if isinstance(instruction, Execute | Compensate):
            return self.planned[position] == faults.at(instruction)
        return True

    def fork(self, name: str, position: int, run: Run) -> Branch:
        """A branch that shares the first `position` entries and goes on with `run`."""
        return Branch(
            name,
            run,
            parent=self.name,
            forked_at=position,
            snapshots=self.snapshots.fork(position + 1),
            planned=self.planned[:position],
            stands=self._stands[: position + 1],
        )

    def run_from(self, position: int) -> Run:
        """A run of its own that stands where this branch stood at `position`."""
        return self.run_with(position, self.context_at(position))

    def run_with(self, position: int, context: object) -> Run:
        """As `run_from`, with another context than the one of then."""
        former = self.run
        run = Run(former.shape, former.steps, former.saga, context, former.options, id=former.id)
        run.rows = former.rows[:position]
        if former.effects is not None:
            run.effects = {number: list(done) for number, done in former.effects.items() if number < position}
        run.machine = self.machine_at(position)
        run.anchor_from(former)
        return run

    def last_tick(self, position: int) -> int | None:
        """When the last entry before `position` ended, in clock ticks; None when there is none."""
        if position == 0:
            return None
        _, _, started, completed, _ = self.run.rows[position - 1]
        return started if completed is None else completed


def _stand(machine: Machine) -> Stand:
    return machine.cursor, machine.state, machine.rollback


def _replayed(run: Run) -> Iterator[Stand]:
    """How the machine stood at each position of a run."""
    machine = Machine(run.shape.program)
    yield _stand(machine)
    for row in run.rows:
        machine.feed(row[1])
        yield _stand(machine)
