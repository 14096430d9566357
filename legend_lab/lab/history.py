"""Owns history: a branch of a stepped run, with the machine and the context at every position of it."""

from __future__ import annotations

from typing import Any

from legend_lab.core.instructions import Compensate, Edit, Execute, Instruction
from legend_lab.core.journal import Journal
from legend_lab.core.machine import Machine
from legend_lab.core.moves import Rollback
from legend_lab.core.table import MachineState
from legend_lab.lab.snapshots import Snapshots
from legend_lab.runtime.faults import Fault, FaultPlan
from legend_lab.runtime.run import Run

_Stand = tuple[Instruction, MachineState, Rollback | None]


class Branch:
    """One way that a run took.

    Position *p* is the moment after *p* entries. The run is live at the last position only; all earlier ones are
    rebuilt from what was kept, without running anything.

    Attributes:
        name: what the person calls it.
        parent: name of the branch it left, None for the first.
        forked_at: the position at which it left.
        run: what goes on from its end.
    """

    def __init__(self, name: str, run: Run, *, parent: str | None = None, forked_at: int = 0) -> None:
        self.name = name
        self.parent = parent
        self.forked_at = forked_at
        self.run = run
        self.snapshots = Snapshots()
        self._stands: list[_Stand] = []
        self._planned: list[Fault | None] = []
        self.keep()

    def __len__(self) -> int:
        return len(self.run.rows)

    def keep(self) -> None:
        """Remember the run as it stands at its end."""
        machine = self.run.machine
        self._stands.append((machine.cursor, machine.state, machine.rollback))
        self.snapshots.append(self.run.context)

    def keep_rows(self, planned: Fault | None) -> None:
        """Remember the run after the rows that it has gained; only the last of several has a context of its own."""
        while len(self._planned) < len(self.run.rows):
            number = len(self._planned)
            self._planned.append(planned if number == len(self._stands) - 1 else None)
            if number + 1 < len(self.run.rows):
                machine = Machine.replay(self.run.shape.program, (row[1] for row in self.run.rows[: number + 1]))
                self._stands.append((machine.cursor, machine.state, machine.rollback))
                self.snapshots.append(self.run.context)
            else:
                self.keep()

    def machine_at(self, position: int) -> Machine:
        """The machine as it stood at `position`."""
        machine = Machine(self.run.shape.program)
        machine.cursor, machine.state, machine.rollback = self._stands[position]
        return machine

    def context_at(self, position: int) -> Any:  # noqa: ANN401 - the user's own type
        """A fresh copy of the context as it was at `position`."""
        return self.snapshots.restore(position)

    def journal_at(self, position: int) -> Journal:
        """The first `position` entries."""
        return self.run.journal(position)

    def would_repeat(self, position: int, faults: FaultPlan) -> bool:
        """Whether going on from `position` under `faults` is what happened there already."""
        instruction = self.run.rows[position][0]
        if isinstance(instruction, Execute | Compensate):
            return self._planned[position] == faults.at(instruction)
        return True

    def fork(self, name: str, position: int, run: Run) -> Branch:
        """A branch that shares the first `position` entries and goes on with `run`."""
        twin = Branch.__new__(Branch)
        twin.name, twin.parent, twin.forked_at, twin.run = name, self.name, position, run
        twin.snapshots = self.snapshots.fork(position + 1)
        twin._stands, twin._planned = self._stands[: position + 1], self._planned[:position]  # noqa: SLF001 - its own kind
        return twin

    def run_from(self, position: int) -> Run:
        """A run that stands where this branch stood at `position`."""
        former = self.run
        run = Run(former.shape, former.steps, former.saga, self.context_at(position), former.options, id=former.id)
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

    def is_edit(self, position: int) -> bool:
        """Whether the entry after `position` is an edit."""
        return isinstance(self.run.rows[position][0], Edit)
