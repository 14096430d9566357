"""Whatever is asked of a debugger, it shows what plainly performing the same story from the start would show.

The model knows each branch as its story: what was done for real, in order. It performs that story with the engine
alone, and compares. Steps and conditions count their calls, so that travelling is seen to call nothing.
"""

import asyncio
import copy
import tempfile
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from legend_lab import (
    CompensationOutcome,
    Fault,
    FaultKind,
    FaultPlan,
    ProtocolError,
    RetryPolicy,
    Saga,
    SimulatedCrash,
    Step,
    StepOutcome,
    StoredError,
    VirtualClock,
    resources,
)
from legend_lab.core.instructions import Abort, Compensate, Execute, Halt, Resolve, Resume, Retry
from legend_lab.core.machine import Machine
from legend_lab.lab.breakpoints import Breakpoint
from legend_lab.lab.debugger import Debugger
from legend_lab.lab.tree import changes_in
from legend_lab.runtime.driver import drive
from legend_lab.runtime.executions import restarted


class Calls:
    """Counts what the steps of one world were asked to do."""

    count = 0


class Work(Step[dict]):
    async def execute(self, ctx):
        resources(Calls).count += 1
        ctx["log"].append(f"do {self.name()}")
        ctx["load"]["turns"] += 1
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        resources(Calls).count += 1
        ctx["log"].append(f"undo {self.name()}")
        return CompensationOutcome.COMPLETED

    def name(self):
        return type(self).__name__


class Stubborn(Work):
    retry_policy = RetryPolicy.retries_with_backoff(1, 20)
    compensation_retry_policy = RetryPolicy.retries(1)


class Moody(Work):
    """Does what the context says, so that edits make another story."""

    retry_policy = RetryPolicy.retries(1)
    compensate_on_failure = True

    async def execute(self, ctx):
        await super().execute(ctx)
        if ctx["mood"] == "bad":
            raise LookupError(f"after {len(ctx['log'])}")
        return StepOutcome.PAUSE if ctx["mood"] == "slow" else StepOutcome.CONTINUE

    async def compensate(self, ctx):
        await super().compensate(ctx)
        if ctx["mood"] == "grim":
            raise KeyError(len(ctx["log"]))
        return CompensationOutcome.COMPLETED


def saga(on_failure):
    block = Saga.of("Block", {"b": Moody(), "c": Stubborn()})
    steps = {"a": Stubborn(), "block": block, "d": Work()}
    return Saga.of("Story", steps, on_compensation_failure=on_failure)


PATHS = ("a", "block.b", "block.c", "d")
START = {"log": [], "mood": "good", "load": {"turns": 0}}

faults = st.builds(
    Fault,
    st.sampled_from(PATHS),
    st.sampled_from(["execute", "execute", "compensate"]),
    st.sampled_from([1, 1, 2]),
    st.sampled_from(FaultKind),
    delay_ms=st.just(5),
) | st.builds(
    Fault,
    st.sampled_from(PATHS),
    st.sampled_from(["execute", "compensate"]),
    st.just("every"),
    st.sampled_from([FaultKind.ERROR_BEFORE, FaultKind.ERROR_AFTER, FaultKind.TIMEOUT]),
)
plans = st.lists(faults, max_size=3, unique_by=lambda f: (f.phase, f.path, f.attempt)).map(FaultPlan)
decisions = st.sampled_from([Resume(), Abort("enough"), Retry(), *(Resolve(path, "by hand") for path in PATHS)])
edits = st.sampled_from(
    [("mood", "good"), ("mood", "bad"), ("mood", "slow"), ("mood", "grim"), ("load.turns", 100), ("log", ["new"])]
)
breakpoints = st.builds(
    Breakpoint,
    st.sampled_from([*PATHS, "block"]),
    st.sampled_from([None, "execute", "compensate"]),
    st.sampled_from(["before", "after"]),
    st.sampled_from([None, None, 1, 2]),
)


@dataclass
class Telling:
    """A story performed with the engine alone, and how things stood after each entry."""

    run: object
    contexts: list = field(default_factory=list)

    @classmethod
    def begin(cls, on_failure):
        run = saga(on_failure).build(copy.deepcopy(START), clock=VirtualClock(), resources=Calls())._run
        return cls(run, [copy.deepcopy(run.context)])

    async def perform(self, what):
        match what:
            case ("step", plan):
                self.run.options = replace(self.run.options, faults=plan)
                try:
                    await drive(self.run, limit=1)
                except SimulatedCrash:
                    self.run = restarted(self.run)
            case ("crash",):
                self.run = restarted(self.run)
            case ("decide", decision):
                self.run.decide(decision)
            case ("edit", place, value):
                *way, last = place.split(".")
                holder = self.run.context
                for name in way:
                    holder = holder[name]
                note = f"{place} = {value!r} (was {holder[last]!r})"
                holder[last] = copy.deepcopy(value)
                self.run.edit(note)
        while len(self.contexts) <= len(self.run.rows):
            self.contexts.append(copy.deepcopy(self.run.context))

    async def cut(self, length):
        """Forget all but the first entries."""
        self.run.rows = self.run.rows[:length]
        self.run.machine = self.machine_at(length)
        self.run.context = copy.deepcopy(self.contexts[length])
        del self.contexts[length + 1 :]

    def machine_at(self, position):
        return Machine.replay(self.run.shape.program, [row[1] for row in self.run.rows[:position]])

    def facts(self, position):
        return [
            (e.kind, e.path, e.attempt, e.outcome, text_of(e.error), e.note, e.undoes)
            for e in self.run.journal(position)
        ]


@dataclass
class Known:
    """What the model knows of a branch: its story, as pairs of (entries before, what was done), and its telling."""

    telling: Telling
    story: list = field(default_factory=list)
    plans: list = field(default_factory=list)

    def __len__(self):
        return len(self.telling.run.rows)


def text_of(error):
    if error is None or isinstance(error, StoredError):
        return error and f"{error.type}: {error.message}"
    return f"{type(error).__name__}: {error}"


class Travels(RuleBasedStateMachine):
    """Commands to a debugger, followed by a model that only knows stories."""

    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()

    def teardown(self):
        try:
            if hasattr(self, "known"):
                self.check_every_branch_from_the_start()
        finally:
            self.runner.close()
            self.folder.cleanup()

    @initialize(plan=plans, on_failure=st.sampled_from(["continue", "halt"]))
    def begin(self, plan, on_failure):
        self.on_failure, self.plan = on_failure, plan
        self.calls, self.conditions = Calls(), 0
        self.debugger = Debugger(saga(on_failure), START, faults=plan, clock=VirtualClock(), resources=self.calls)
        self.forget()

    def forget(self):
        self.known = {"main": Known(Telling.begin(self.on_failure))}
        self.branch, self.position = "main", 0

    # -- what the model knows ---------------------------------------------------------------------

    @property
    def here(self):
        return self.known[self.branch]

    @property
    def is_past(self):
        return self.position < len(self.here)

    @property
    def machine(self):
        return self.here.telling.machine_at(self.position)

    @property
    def stands(self):
        return self.machine.finished or isinstance(self.machine.cursor, Halt)

    def would_repeat(self):
        at = self.here.telling.run.rows[self.position][0]
        then = self.here.plans[self.position]
        return not isinstance(at, Execute | Compensate) or then.at(at) == self.plan.at(at)

    def fork(self, name):
        self.known[name] = self.run(self.told(self.here.story, self.position))
        self.branch = name

    async def told(self, story, length):
        """Perform a story from the start, as far as its first `length` entries."""
        known = Known(Telling.begin(self.on_failure))
        for before, what in story:
            if before >= length and what[0] != "cut":  # which belongs to the entry before it
                break
            await self.perform(known, what)
        if len(known) > length:
            await known.telling.cut(length)
            del known.plans[length:]
            known.story.append((length, ("cut", length)))
        return known

    async def perform(self, known, what):
        known.story.append((len(known), what))
        if what[0] == "cut":
            await known.telling.cut(what[1])
            del known.plans[what[1] :]
        else:
            await known.telling.perform(what)
            known.plans += [what[1] if what[0] == "step" else None] * (len(known) - len(known.plans))

    def do(self, *what):
        """Let it happen in the model where the position is; in the past, on a new branch."""
        if self.is_past:
            self.fork(f"branch {len(self.known) + 1}" if self.next_name is None else self.next_name)
        self.run(self.perform(self.here, what))
        self.position = len(self.here)

    next_name = None

    def run(self, coroutine):
        return self.runner.run(coroutine)

    def free_name(self):
        number = len(self.known) + 1
        while f"branch {number}" in self.known:
            number += 1
        return f"branch {number}"

    def calling_nothing(self, command, *arguments):
        before = self.calls.count, self.conditions
        answer = command(*arguments)
        assert (self.calls.count, self.conditions) == before
        return answer

    def refused(self, command, *arguments):
        with pytest.raises(ProtocolError):
            self.calling_nothing(command, *arguments)

    # -- commands ---------------------------------------------------------------------------------

    @rule()
    def step(self):
        self.next_name = self.free_name()
        step = self.debugger.step
        if self.is_past and self.would_repeat():
            self.calling_nothing(self.run, step())
            self.position += 1
        elif self.stands:
            self.refused(lambda: self.run(step()))
        else:
            entry = self.run(step())
            number = self.position
            self.do("step", self.plan)
            assert entry.number == number

    @rule()
    def back(self):
        if self.position:
            self.calling_nothing(self.debugger.back)
            self.position -= 1
        else:
            self.refused(self.debugger.back)

    @rule(data=st.data())
    def goto(self, data):
        length = len(self.here)
        to = data.draw(st.integers(-length - 2, length + 1))
        place = to if to >= 0 else length + 1 + to
        if 0 <= place <= length:
            self.calling_nothing(self.debugger.goto, to)
            self.position = place
        else:
            self.refused(self.debugger.goto, to)

    @rule(decision=decisions)
    def decide(self, decision):
        self.next_name = self.free_name()
        match decision:
            case Resume():
                command = self.debugger.resume, ()
            case Abort(reason):
                command = self.debugger.abort, (reason,)
            case Retry():
                command = self.debugger.retry, ()
            case Resolve(path, note):
                command = self.debugger.resolve, (path, note)
        machine = self.machine
        try:
            if not isinstance(machine.cursor, Halt):
                raise ProtocolError
            machine.feed(decision)
        except ProtocolError:
            self.refused(command[0], *command[1])
            return
        self.calling_nothing(command[0], *command[1])
        if self.is_past and self.here.telling.run.rows[self.position][1] == decision:
            self.position += 1
        else:
            self.do("decide", decision)

    @rule(edit=edits)
    def edit(self, edit):
        self.next_name = self.free_name()
        if self.machine.finished:
            self.refused(self.debugger.edit, *edit)
        else:
            self.calling_nothing(self.debugger.edit, *edit)
            self.do("edit", *edit)

    @rule()
    def crash_and_restart(self):
        self.next_name = self.free_name()
        if self.machine.finished:
            self.refused(self.debugger.crash)
            return
        was = self.position
        self.calling_nothing(self.debugger.crash)
        assert self.debugger.is_crashed
        self.refused(self.debugger.crash)
        self.refused(self.debugger.fork)
        self.refused(lambda: self.run(self.debugger.step()))
        self.calling_nothing(self.debugger.restart)
        self.refused(self.debugger.restart)
        self.do("crash")
        assert self.position - was in (0, 1)

    @rule(name=st.sampled_from(["one", "two", None]))
    def fork_here(self, name):
        if name in self.known:
            self.refused(self.debugger.fork, name)
            return
        expected = name or self.free_name()
        assert self.calling_nothing(self.debugger.fork, name) == expected
        self.fork(expected)

    @rule(data=st.data())
    def switch(self, data):
        name = data.draw(st.sampled_from([*self.known, "nowhere"]))
        if name not in self.known:
            self.refused(self.debugger.switch, name)
            return
        self.calling_nothing(self.debugger.switch, name)
        self.branch, self.position = name, len(self.known[name])

    @rule(plan=plans)
    def other_faults(self, plan):
        self.debugger.faults = self.plan = plan

    @precondition(lambda self: len(self.known) > 3)
    @rule()
    def reset(self):
        self.calling_nothing(self.debugger.reset)
        self.forget()

    @rule()
    def save_and_load(self):
        self.debugger.breakpoints = [point for point in self.debugger.breakpoints if point.condition is None]
        path = Path(self.folder.name) / "session.json"
        self.calling_nothing(self.debugger.save, path)
        branches = [(branch.name, branch.parent, branch.forked_at) for branch in self.debugger.branches]

        def load():
            return Debugger.load(path, saga(self.on_failure), clock=VirtualClock(), resources=self.calls)

        again = self.calling_nothing(load)
        assert [(branch.name, branch.parent, branch.forked_at) for branch in again.branches] == branches
        assert again.breakpoints == self.debugger.breakpoints
        assert again.faults == self.debugger.faults
        assert again.reset() is None
        assert again.context == START
        self.debugger = load()

    @rule(points=st.lists(breakpoints, max_size=2), tested=st.lists(st.sampled_from(["before", "after"]), max_size=2))
    def go_on(self, points, tested):
        def watched(ctx):
            self.conditions += 1
            assert not self.debugger.is_past
            return ctx["load"]["turns"] > 2

        self.debugger.breakpoints = [*points, *(Breakpoint(condition=watched, when=when) for when in tested)]
        self.follow(self.debugger.run, None)

    @rule(path=st.sampled_from([*PATHS, "block"]))
    def go_on_to(self, path):
        self.follow(self.debugger.run_to, path)

    @rule()
    def go_on_to_the_end(self):
        self.debugger.breakpoints = []
        self.follow(self.debugger.run_to_end, None)

    def follow(self, command, target):
        """Let the debugger run, then the model step by step; it must come to the same reason at the same place."""
        calls = self.calls.count
        arguments = () if target is None else (target,)
        if self.stands and not (self.is_past and self.would_repeat()):
            self.refused(lambda: self.run(command(*arguments)))
            return
        reason = self.run(command(*arguments))
        performed = 0
        while True:
            self.next_name = self.free_name()
            only_moves = self.is_past and self.would_repeat()
            if only_moves:
                self.position += 1
            else:
                self.do("step", self.plan)
                performed += 1
            expected = self.reason(target, only_moved=only_moves)
            if command == self.debugger.run_to_end:
                expected = "stands" if not self.is_past and self.stands else None
            if expected:
                break
            assert len(self.here) < 200
        if not performed:
            assert self.calls.count == calls
        if command != self.debugger.run_to_end:
            assert reason.kind == expected

    def reason(self, target, *, only_moved):
        after, at = self.here.telling.run.rows[self.position - 1][0], self.machine.next_instruction()
        if at is None:
            return "ended"
        if isinstance(at, Halt) and not self.is_past:
            return "halt"
        holds = self.here.telling.run.context["load"]["turns"] > 2
        points = [p for p in self.debugger.breakpoints if p.condition is None or (holds and not only_moved)]
        if any(p.when == "after" and matches(p, after) for p in points):
            return "breakpoint"
        if target is not None and (at.path == target or at.path.startswith(target + ".")):
            return "target"
        points = [p for p in self.debugger.breakpoints if p.condition is None or (holds and not self.is_past)]
        if any(p.when == "before" and matches(p, at) for p in points):
            return "breakpoint"
        return None

    # -- what must be true at every moment --------------------------------------------------------

    @invariant()
    def it_shows_what_the_story_says(self):
        self.calling_nothing(self.compare)

    def compare(self):
        debugger, telling = self.debugger, self.here.telling
        assert (debugger.branch, debugger.position, debugger.length) == (self.branch, self.position, len(self.here))
        assert [branch.name for branch in debugger.branches] == list(self.known)
        assert debugger.context == telling.contexts[self.position]
        assert facts(debugger.journal) == telling.facts(self.position)
        machine = telling.machine_at(self.position)
        assert debugger.state == machine.execution_state()
        assert debugger.next_instruction == machine.next_instruction()
        assert debugger.pending == machine.pending
        assert (debugger.result is None) == (not self.stands)
        instants = [(e.started_ns, e.completed_ns) for e in debugger.future]
        assert all(ended is None or began <= ended for began, ended in instants)
        assert all((ended or began) <= after for (began, ended), (after, _) in pairwise(instants))
        if self.position:
            before = telling.contexts[self.position - 1]
            assert bool(changes_in(debugger.diff())) == (before != telling.contexts[self.position])

    def check_every_branch_from_the_start(self):
        calls = self.calls.count
        for name, known in self.known.items():
            again = self.run(self.told(known.story, len(known)))
            self.debugger.switch(name)
            for position in range(len(known) + 1):
                self.debugger.goto(position)
                assert self.debugger.context == again.telling.contexts[position]
                assert facts(self.debugger.journal) == again.telling.facts(position)
                assert self.debugger.state == again.telling.machine_at(position).execution_state()
            parent = next(branch for branch in self.debugger.branches if branch.name == name).parent
            assert (parent is None) == (name == "main")
        assert self.calls.count == calls


def facts(journal):
    return [(e.kind, e.path, e.attempt, e.outcome, text_of(e.error), e.note, e.undoes) for e in journal]


def matches(point, at):
    return (
        at.kind in ("execute", "compensate")
        and point.phase in (None, at.kind)
        and point.attempt in (None, at.attempt)
        and (point.path is None or at.path == point.path or at.path.startswith(point.path + "."))
    )


TestTravels = Travels.TestCase
TestTravels.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
