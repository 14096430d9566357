"""Owns Run: the mutable heart of one execution, shared by the typed states that follow each other."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from legend_lab.core.effects import EffectOperation
from legend_lab.core.errors import SimulatedCrash
from legend_lab.core.instructions import Decision, Edit, Edited, Instruction, Outcome, Signal, halt_for
from legend_lab.core.journal import Journal, Row
from legend_lab.core.machine import Machine
from legend_lab.core.table import STANDING
from legend_lab.runtime.clocks import Clock, SystemClock, check_clock
from legend_lab.runtime.faults import NO_FAULTS, FaultPlan
from legend_lab.runtime.ids import ExecutionId
from legend_lab.runtime.observers import Observer
from legend_lab.runtime.shape import Shape

if TYPE_CHECKING:
    from legend_lab.runtime.checkpoint import Checkpoint

SYSTEM_CLOCK = SystemClock()


@dataclass(frozen=True, slots=True)
class Options:
    """What was said at `build` or `load` about how to run.

    Attributes:
        clock: whose time passes.
        faults: failures to inject.
        resources: what steps may ask for, or a callable that makes it.
        observers: who is told.
        plain: nothing but the machine, the steps and a real clock takes part.
    """

    clock: Clock = SYSTEM_CLOCK
    faults: FaultPlan = NO_FAULTS
    resources: Any = None
    observers: tuple[Observer, ...] = ()
    plain: bool = field(init=False)

    def __post_init__(self) -> None:
        check_clock(self.clock)
        object.__setattr__(self, "plain", not self.faults and not self.observers and not self.clock.virtual)


DEFAULT_OPTIONS = Options()


class Run:
    """One execution's moving parts; only the driver writes to it.

    Attributes:
        shape: what the saga's class needs.
        steps: the step instances in flat order.
        saga: the saga as written.
        context: the user's context.
        options: how to run.
        machine: decides what comes next.
        rows: the journal's rows, instants in clock ticks.
        effects: what instructions did outside, by the number of their row; None as long as none did anything.
        checkpoint: where the journal is written as it grows; None for nowhere.
        flight: the instruction that is being performed on the slow path, and since when.
        deadline_ns: when the present attempt must have ended, where no event loop enforces it.
        crash_context: the context before an attempt that is about to "crash", as JSON values.
        crash: the crash that this run's own fault raised; one that a step raises, or a run inside it, is none of ours.
    """

    checkpoint: Checkpoint | None = None
    effects: dict[int, list[EffectOperation]] | None = None
    flight: tuple[Instruction, int] | None = None
    deadline_ns: int | None = None
    crash_context: Any = None
    crash: SimulatedCrash | None = None
    _anchor_ns: int | None = None
    _resources: tuple[Any, ...] | None = None

    def __init__(
        self,
        shape: Shape,
        steps: tuple[Any, ...],
        saga: Any,  # noqa: ANN401 - the saga's class lives in a higher layer
        context: Any,  # noqa: ANN401 - the user's own type
        options: Options,
        *,
        id: ExecutionId | None = None,
    ) -> None:
        self.shape = shape
        self.steps = steps
        self.saga = saga
        self.context = context
        self.options = options
        self.machine = Machine(shape.program)
        self.rows: list[Row] = []
        self._id = id

    @property
    def id(self) -> ExecutionId:
        """The execution's id, made when first asked for."""
        if self._id is None:
            self._id = ExecutionId.new()
        return self._id

    @property
    def stands(self) -> bool:
        """Whether there is nothing to perform: a halt, or the end."""
        return self.machine.state in STANDING

    @property
    def clock(self) -> Clock:
        """Whose time passes."""
        return self.options.clock

    @property
    def anchor_ns(self) -> int:
        """What to add to a row's instants to have Unix time, in ns."""
        if self._anchor_ns is None:
            self._anchor_ns = self.options.clock.anchor_ns
        return self._anchor_ns

    @property
    def resources(self) -> tuple[Any, ...]:
        """What steps may ask for; a factory is called once for each run."""
        if self._resources is None:
            given = self.options.resources
            made = given() if _is_factory(given) else given
            self._resources = () if made is None else made if type(made) is tuple else (made,)
        return self._resources

    def journal(self, length: int | None = None) -> Journal:
        """The journal as it is, or frozen at its first `length` entries."""
        return Journal(self.rows, self.anchor_ns, length, self.effects)

    @property
    def started_at(self) -> datetime | None:
        """When the first instruction began, UTC; None before."""
        return None if not self.rows else datetime.fromtimestamp((self.rows[0][2] + self.anchor_ns) / 1e9, UTC)

    def anchor_from(self, former: Run) -> None:
        """Read instants as `former` does, whose rows this run shares."""
        self._anchor_ns = former.anchor_ns

    def keep_effect(self, operation: EffectOperation) -> None:
        """Remember what the instruction in flight did outside: its row has the number of rows there are now."""
        if self.effects is None:
            self.effects = {}
        self.effects.setdefault(len(self.rows), []).append(operation)

    def edit(self, note: str) -> None:
        """Say in the journal that the context was changed by hand just now."""
        now = self.clock.ticks()
        self.rows.append((Edit(self.machine.cursor), Edited(note), now, now, None))

    def continue_from(self, rows: Iterable[Row], machine: Machine) -> None:
        """Take over the rows of an earlier process, whose instants are in Unix ns; time goes on after them."""
        rows = list(rows)
        last = max((row[3] if row[3] is not None else row[2] for row in rows), default=0)
        self._anchor_ns = anchor = max(self.clock.anchor_ns, last - self.clock.ticks())
        self.rows = [
            (instruction, outcome, started - anchor, None if ended is None else ended - anchor, fault)
            for instruction, outcome, started, ended, fault in rows
        ]
        self.machine = machine

    def record(self, instruction: Instruction, outcome: Outcome, started: int, fault: str | None = None) -> None:
        """Append the row of an instruction that has just ended, and let the machine take it in."""
        self.rows.append((instruction, outcome, started, self.clock.ticks(), fault))
        self.flight = None
        self.machine.feed(outcome)

    def decide(self, decision: Decision) -> None:
        """Answer the halt that the run stands at, or stop it between two instructions.

        Raises:
            ProtocolError: the decision is no answer here; nothing was changed.
        """
        halt = halt_for(self.machine.cursor, decision)
        self.machine.feed(decision)
        now = self.clock.ticks()
        self.rows.append((halt, decision, now, now, None))

    def stop(self, instruction: Instruction | None, started: int) -> None:
        """Close the journal after an interrupt that may have landed anywhere, and stand where the journal says.

        `instruction` is what was being performed, if anything.
        """
        if instruction is not None and (not self.rows or self.rows[-1][0] is not instruction):
            self.rows.append((instruction, Signal.INTERRUPTED, started, self.clock.ticks(), None))
        self.flight = None
        self.deadline_ns = None
        self.machine = Machine.replay(self.shape.program, (row[1] for row in self.rows))


def _is_factory(given: object) -> bool:
    kinds = (type, types.FunctionType, types.MethodType, types.BuiltinFunctionType, functools.partial)
    return isinstance(given, kinds)
