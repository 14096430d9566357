"""A second, plain interpreter of the rules S1 to S12 and S15, to compare the engine with.

It is written from the contract as nested loops, one generator that yields wherever a saga stands still, and knows
nothing of the engine's machine, moves or table. Time is counted in ms.

What an attempt does is one word of its script (attempt n does word n; after the script's end, `ok`):

    ok, pause             it returns an outcome
    error, unsure, final  it raises: nothing happened; nobody knows; nothing happened and never try again
    junk                  it returns no outcome
    slow                  it takes SLOW ms, or its limit
    stop                  it is interrupted
    f:...                 an injected fault of that kind; the body, where it runs at all, works
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

SLOW, DELAY = 5_000, 70
EFFECTS = {
    "ok": (True, "done", "done", ""),
    "pause": (True, "half", "pause", ""),
    "error": (True, "half", "failed", "ValueError"),
    "unsure": (True, "half", "failed", "ConnectionError"),
    "final": (True, "half", "failed", "KeyError"),
    "junk": (True, "half", "failed", "StrictOutcomeError"),
    "slow": (True, "done", "done", ""),
    "too slow": (True, "", "failed", "StepTimeoutError"),
    "stop": (True, "half", "interrupted", ""),
    "f:error_before": (False, "", "failed", "InjectedError"),
    "f:error_after": (True, "done", "failed", "InjectedConnectionError"),
    "f:timeout": (False, "", "failed", "StepTimeoutError"),
    "f:late_effect": (True, "", "failed", "StepTimeoutError"),  # its body works on a copy
    "f:delay": (True, "done", "done", ""),
    "f:pause": (False, "", "pause", ""),
    "f:crash_before": (False, "", "crashed", ""),
    "f:crash_after": (True, "", "crashed", ""),  # what the half-run attempt had changed is lost
}
"""For each word: whether the body runs, what it leaves in the context (done, half done, nothing), outcome, error."""
WORDS = {
    "execute": {"done": "continue"},
    "compensate": {"done": "compensated", "failed": "compensation_failed"},
}
DOUBTFUL = {"ConnectionError", "StrictOutcomeError", "StepTimeoutError", "InjectedConnectionError"}
GIVES_UP = {"KeyError", "StrictOutcomeError"}


@dataclass
class ModelStep:
    """A step with its settings and its scripts."""

    path: str
    retries: int = 0
    waits: tuple[int, ...] = ()  # before retry 1, 2, …; the last one repeats; empty for none
    undo_retries: int = 0
    undo_waits: tuple[int, ...] = ()
    limit: int | None = None
    eager: bool = False
    do: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()


@dataclass
class Standing:
    """Where a saga stands still: as what, at which undone or unfinished attempt, why."""

    kind: str
    index: int
    attempt: int
    retries: int
    reason: str = ""


@dataclass
class Model:
    """One run of a saga.

    `cuts` says of each wait, in order, whether it is cut short; `stops` after how many finished attempts something
    from outside stops the run between two instructions.
    """

    steps: list[ModelStep]
    on_failure: str = "continue"
    cuts: tuple[bool, ...] = ()
    stops: frozenset[int] = frozenset()

    journal: list[tuple] = field(default_factory=list)  # kind, path, attempt, outcome, ms, error, fault or note
    log: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    standing: Standing | None = None
    result: str = ""
    error: str = ""
    errors: list[tuple] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    compensating: bool = False
    executed: int = 0
    last: tuple = ()
    waited: int = 0
    ends: int = 0
    stop_due: bool = False
    script: Iterator | None = None

    def start(self):
        self.script = self._saga()
        self._advance(None)

    def decide(self, *decision):
        """Answer where it stands: resumed, aborted (because "enough"), retried, or resolved with a path ("by hand")."""
        self._advance(decision)

    @property
    def may_abort(self):
        return self.standing is not None and self.standing.kind == "Paused" and not self.compensating

    def _advance(self, decision):
        self.standing = None
        try:
            self.standing = next(self.script) if decision is None else self.script.send(decision)
            self.result = self.standing.kind
        except StopIteration:
            self.stop_due = False

    # -- the rules ---------------------------------------------------------------------------------

    def _saga(self):
        for index, step in enumerate(self.steps):  # S2
            error = yield from self._do(index, step)
            if error:
                yield from self._roll_back(index, *error)
                return
            self.executed = index + 1
        self.result = "Completed"

    def _do(self, index, step):
        """Try one step until it is done (None) or has ended the saga (error, whether it is undone itself)."""
        attempt, retries, doubt = 1, 0, False
        while True:
            stopped = yield from self._between(index, attempt, retries)
            if stopped == "aborted":
                return self._abort(index, attempt, retries, doubt or (attempt > 1 and step.eager))
            self.last = (index, attempt, retries)
            outcome, error = self._attempt("execute", step, attempt, step.do)
            attempt += 1
            if outcome == "continue":
                return None
            if outcome == "failed":
                doubt = doubt or error in DOUBTFUL  # S5
                if error in GIVES_UP or retries == step.retries:  # S3
                    return error, doubt or step.eager
                retries += 1
                answer = yield from self._wait(index, attempt, retries, step.waits)
            else:
                doubt = True  # S5: paused, interrupted or cut off by a crash
                answer = yield from self._stand("Paused", index, attempt, retries, self._reason(outcome, "step paused"))
            if answer == "aborted":
                return self._abort(index, attempt, retries, doubt or step.eager)

    def _abort(self, index, attempt, retries, include):
        self.last = (index, attempt, retries)
        return "AbortedError", include

    def _roll_back(self, origin, error, include):  # S4
        self.compensating, self.executed, self.error = True, origin, error
        tried = {}
        queue = list(range(origin if include else origin - 1, -1, -1))
        while queue:
            failed, untried = [], []
            for place, index in enumerate(queue):
                error = yield from self._undo(index, self.steps[index], tried)
                if error:
                    failed.append((index, self.steps[index].path, error))
                    if self.on_failure == "halt":  # S7
                        untried = queue[place + 1 :]
                        break
            queue = [index for index, _, _ in failed] + untried
            if failed:
                self.errors = failed
                queue = yield from self._repair(queue, tried)
        self.pending = []
        self.result = "Failed"

    def _repair(self, queue, tried):  # S8
        while queue:
            self.pending = [self.steps[index].path for index in queue]
            first = queue[0], tried.get(queue[0], 0) + 1, 0
            verb, *path = yield from self._stand("CompensationFailed", *first, whole=True)
            if verb == "retried":
                return queue
            self.last = first
            queue = [index for index in queue if self.steps[index].path != path[0]]
        return queue

    def _undo(self, index, step, tried):
        """Try one undo until it works (None) or has failed for good (the error)."""
        attempt, retries = tried.get(index, 0) + 1, 0
        while True:
            yield from self._between(index, attempt, retries)
            self.last = (index, attempt, retries)
            outcome, error = self._attempt("compensate", step, attempt, step.undo)
            tried[index] = attempt
            attempt += 1
            if outcome == "compensated":
                return None
            if outcome == "compensation_failed":
                if error in GIVES_UP or retries == step.undo_retries:
                    return error
                retries += 1
                yield from self._wait(index, attempt, retries, step.undo_waits)
            else:
                yield from self._stand("Paused", index, attempt, retries, self._reason(outcome, "undo paused"))

    def _wait(self, index, attempt, retries, waits):
        """Wait before a retry; a wait that is cut short is waited again in full (S3)."""
        if not waits:
            return None
        length, path = waits[min(retries, len(waits)) - 1], self.steps[index].path
        while True:
            answer = yield from self._between(index, attempt, retries)
            if answer == "aborted":
                return answer
            number, self.waited = self.waited, self.waited + 1
            if number >= len(self.cuts) or not self.cuts[number]:
                self.journal.append(("wait", path, attempt, "elapsed", length, "", ""))
                return None
            self.journal.append(("wait", path, attempt, "interrupted", 0, "", ""))
            answer = yield from self._stand("Paused", index, attempt, retries, "interrupted")
            if answer == "aborted":
                return answer

    # -- standing still ----------------------------------------------------------------------------

    def _between(self, index, attempt, retries):
        """Stand still before the next instruction when something outside has stopped the run (S10)."""
        if not self.stop_due:
            return None
        self.journal.append(("halt", self.steps[index].path, attempt, "stopped", 0, "", ""))
        return (yield from self._stand("Paused", index, attempt, retries, "interrupted"))

    def _stand(self, kind, index, attempt, retries, reason="", *, whole=False):
        self.stop_due = False  # whatever stops it now finds it standing
        if reason == "restarted":
            self.journal.append(("halt", self.steps[index].path, attempt, "restarted", 0, "", ""))
        decision = yield Standing(kind, index, attempt, retries, reason)
        note = {"aborted": "enough", "resolved": f"{decision[-1]}: by hand"}.get(decision[0], "")
        self.journal.append(("halt", self.steps[index].path, attempt, decision[0], 0, "", note))
        return decision if whole else decision[0]

    @staticmethod
    def _reason(outcome, paused):
        return {"pause": paused, "interrupted": "interrupted", "crashed": "restarted"}[outcome]

    # -- one attempt -------------------------------------------------------------------------------

    def _attempt(self, kind, step, attempt, script):
        """Do what the script says; returns the outcome (`crashed` for a crash) and the name of the error."""
        word = script[attempt - 1] if attempt <= len(script) else "ok"
        took = {"slow": SLOW, "f:delay": DELAY}.get(word, 0)
        if word == "slow" and step.limit is not None:
            word, took = "too slow", step.limit
        runs, leaves, outcome, error = EFFECTS[word]
        sign = "+" if kind == "execute" else "-"
        if runs:
            self.calls.append(f"{sign}{step.path}")
        if leaves:
            self.log.append(f"{sign if leaves == 'done' else '?'}{step.path}")
        outcome = WORDS[kind].get(outcome, outcome)
        fault = f"{kind}:{step.path}#{attempt}:{word[2:]}" if word.startswith("f:") else ""
        if outcome == "crashed":
            self.journal.append((kind, step.path, attempt, "interrupted", None, "", fault))
            return outcome, ""
        self.journal.append((kind, step.path, attempt, outcome, took, error, fault))
        if outcome != "interrupted":
            self.ends += 1
            self.stop_due = self.ends in self.stops
        return outcome, error

    # -- what it says of itself --------------------------------------------------------------------

    @property
    def state(self):
        """Index, steps done, attempt, retries, phase."""
        at = self.standing
        index, attempt, retries = (at.index, at.attempt, at.retries) if at else self.last
        return index, self.executed, attempt, retries, "compensating" if self.compensating else "forward"
