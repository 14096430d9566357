"""Breaks a copy of the package on purpose, in one place at a time, and wants a test to notice (`-m mutation`).

A mutant that survives says that a rule is not tested: strengthen the tests, do not drop the mutant.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.mutation

TABLE, MACHINE, LINKS = "core/test_table.py", "core/test_machine.py", "core/test_links.py"
JOURNAL, PROGRAM, MODEL = "core/test_journal.py", "core/test_program.py", "runtime/test_model.py"
FORWARD, RETRY, ROLLBACK, PAUSE = (f"runtime/test_{name}.py" for name in ("forward", "retry", "rollback", "pause"))
UNDO, REPAIR, ABORT, CANCEL = (f"runtime/test_{name}.py" for name in ("failed_undo", "repair", "abort", "cancellation"))
TIMEOUT, STATE, SURPRISE, FAULT = (
    f"runtime/test_{name}.py" for name in ("timeouts", "typestate", "unexpected", "faults")
)
RECORDS, ORDER = "runtime/test_contexts.py", "runtime/test_virtual_order.py"
WATCH, KEYS, GIVEN = (f"runtime/test_{name}.py" for name in ("observers", "idempotency", "resources"))

MUTANTS = [
    # core/moves.py
    (
        *("eager-step-never-attempted", "core/moves.py", MACHINE),
        "include = uncertain or (attempted and program.steps[index].compensate_on_failure)",
        "include = uncertain or program.steps[index].compensate_on_failure",
    ),
    (
        *("compensate-on-failure-ignored", "core/moves.py", ROLLBACK),
        "include = uncertain or (attempted and program.steps[index].compensate_on_failure)",
        "include = uncertain",
    ),
    (
        *("first-step-never-undone", "core/moves.py", ROLLBACK),
        "range(index if include else index - 1, -1, -1)",
        "range(index if include else index - 1, 0, -1)",
    ),
    (
        *("doubt-forgotten-by-the-next-attempt", "core/moves.py", ROLLBACK),
        "uncertain = at.uncertain or not isinstance(outcome, Failure) or outcome.uncertain",
        "uncertain = not isinstance(outcome, Failure) or outcome.uncertain",
    ),
    (
        *("pause-leaves-no-doubt", "core/moves.py", ROLLBACK),
        "uncertain = at.uncertain or not isinstance(outcome, Failure) or outcome.uncertain",
        "uncertain = at.uncertain or (isinstance(outcome, Failure) and outcome.uncertain)",
    ),
    (
        *("doubt-of-earlier-attempts-ignored", "core/moves.py", ROLLBACK),
        "uncertain=at.uncertain or failure.uncertain",
        "uncertain=failure.uncertain",
    ),
    (
        *("doubt-of-the-last-attempt-ignored", "core/moves.py", ROLLBACK),
        "uncertain=at.uncertain or failure.uncertain",
        "uncertain=at.uncertain",
    ),
    (
        *("retry-not-counted", "core/moves.py", RETRY),
        "    return _reissue(at, outcome, retries=at.cursor.retries + 1), at.rollback",
        "    return _reissue(at, outcome, retries=min(at.cursor.retries + 1, 1)), at.rollback",
    ),
    (
        *("pause-uses-up-a-retry", "core/moves.py", RETRY),
        "return Halt(_reissue(at, outcome, retries=at.cursor.retries), reason), at.rollback",
        "return Halt(_reissue(at, outcome, retries=at.cursor.retries + 1), reason), at.rollback",
    ),
    (
        *("interrupt-uses-up-a-retry", "core/moves.py", RETRY),
        "return Halt(_reissue(at, outcome, retries=at.cursor.retries), HaltReason.INTERRUPTED), at.rollback",
        "return Halt(_reissue(at, outcome, retries=at.cursor.retries + 1), HaltReason.INTERRUPTED), at.rollback",
    ),
    (
        *("attempts-eat-up-retries", "core/moves.py", RETRY),
        "not policy.should_retry(at.retries)",
        "not policy.should_retry(at.attempt - 1)",
    ),
    (
        *("give-up-ignored", "core/moves.py", RETRY),
        "if failure.gives_up or not policy",
        "if not policy",
    ),
    (
        *("interrupted-wait-not-waited-again", "core/moves.py", RETRY),
        "return Halt(_awaited(at.cursor), HaltReason.INTERRUPTED), at.rollback",
        "return Halt(getattr(at.cursor, 'then', at.cursor), HaltReason.INTERRUPTED), at.rollback",
    ),
    (
        *("wait-of-the-wrong-retry", "core/moves.py", RETRY),
        "_backoff_ns(_policy(at, then), then.retries)",
        "_backoff_ns(_policy(at, then), then.retries + 1)",
    ),
    (
        *("everything-pending-after-a-round", "core/moves.py", UNDO),
        "rollback._replace(queue=tuple(item.index for item in rollback.failures))",
        "rollback._replace(queue=tuple(rollback.queue))",
    ),
    (
        *("untried-undos-forgotten", "core/moves.py", UNDO),
        "queue = (*(item.index for item in rollback.failures), *untried)",
        "queue = tuple(item.index for item in rollback.failures)",
    ),
    (
        *("failed-undo-not-recorded", "core/moves.py", UNDO),
        "    return cursor, _with_failure(rollback, at.cursor, outcome)",
        "    return cursor, rollback",
    ),
    (
        *("errors-of-earlier-rounds-kept", "core/moves.py", REPAIR),
        "rollback = begun(at.rollback)._replace(failures=())",
        "rollback = begun(at.rollback)",
    ),
    (
        *("attempts-start-anew-in-a-repair", "core/moves.py", REPAIR),
        "rollback.attempts.get(index, 0) + 1",
        "1",
    ),
    (
        *("resolved-undo-loses-its-error", "core/moves.py", REPAIR),
        "rollback._replace(queue=tuple(index for index in rollback.queue if index != gone))",
        "rollback._replace(queue=tuple(i for i in rollback.queue if i != gone), failures=rollback.failures[1:])",
    ),
    (
        *("abort-undoes-what-was-never-tried", "core/moves.py", ABORT),
        "attempted=at.attempt > 1",
        "attempted=True",
    ),
    (
        *("reason-of-an-abort-lost", "core/moves.py", ABORT),
        'AbortedError(reason or "aborted")',
        'AbortedError("aborted")',
    ),
    # core/machine.py
    (
        *("undo-lowers-the-count", "core/machine.py", MACHINE),
        "executed = self.rollback.origin",
        "executed = self.cursor.index",
    ),
    (
        *("abort-during-rollback", "core/machine.py", ABORT),
        "case Abort() if self.rollback is None:",
        "case Abort():",
    ),
    (
        *("halt-never-halts", "core/machine.py", UNDO),
        'ends = is_last or self.program.on_compensation_failure == "halt"',
        "ends = is_last",
    ),
    (
        *("failed-undo-swallowed-at-the-end", "core/machine.py", PAUSE),
        "return Event.ROUND_DONE if rollback.failures else Event.LAST_UNDO_DONE",
        "return Event.LAST_UNDO_DONE",
    ),
    (
        *("undo-retried-by-the-steps-policy", "core/machine.py", RETRY),
        "self.program.steps[at.index].compensation_retry_policy, at",
        "self.program.steps[at.index].retry_policy, at",
    ),
    (
        *("resolve-of-anything", "core/machine.py", TABLE),
        "case Resolve(path=path) if path in self.pending:",
        "case Resolve(path=path) if path in self.program.index_of:",
    ),
    (
        *("refused-outcome-changes-the-machine", "core/machine.py", TABLE),
        "raise ProtocolError(self._refusal(outcome))",
        "self.cursor = self.program.executes[0]; raise ProtocolError(self._refusal(outcome))",
    ),
    # core/table.py, core/links.py
    (
        *("resume-skips-the-step", "core/table.py", PAUSE),
        "(_S.PAUSED, _E.RESUMED): Transition(_S.EXECUTING, _M.GO_ON)",
        "(_S.PAUSED, _E.RESUMED): Transition(_S.EXECUTING, _M.NEXT_STEP)",
    ),
    (
        *("interrupted-attempt-not-counted", "core/table.py", CANCEL),
        "(_S.EXECUTING, _E.INTERRUPTED): Transition(_S.PAUSED, _M.HALT_INTERRUPTED)",
        "(_S.EXECUTING, _E.INTERRUPTED): Transition(_S.PAUSED, _M.HALT_STOPPED)",
    ),
    (
        *("crash-looks-like-an-interrupt", "core/table.py", TABLE),
        "(_S.PAUSED, _E.RESTARTED): Transition(_S.PAUSED, _M.HALT_RESTARTED)",
        "(_S.PAUSED, _E.RESTARTED): Transition(_S.PAUSED, _M.HALT_STOPPED)",
    ),
    (
        *("undo-link-skips-one", "core/links.py", LINKS),
        "Move.NEXT_UNDO: -1}",
        "Move.NEXT_UNDO: -2}",
    ),
    # core/journal.py, core/program.py
    (
        *("undoes-the-first-attempt", "core/journal.py", JOURNAL),
        "return places[found - 1] if found else None",
        "return places[0] if found else None",
    ),
    (
        *("journal-of-the-past-grows", "core/journal.py", JOURNAL),
        "return len(self._rows) if self._length is None else self._length",
        "return len(self._rows)",
    ),
    (
        *("back-off-grows-too-early", "core/program.py", PROGRAM),
        "float(self.multiplier) ** (retry - 1)",
        "float(self.multiplier) ** retry",
    ),
    (
        *("back-off-without-limit", "core/program.py", PROGRAM),
        "return wait if self.max_backoff_ms is None else min(wait, self.max_backoff_ms)",
        "return wait",
    ),
    # runtime/driver.py
    (
        *("anything-a-swept-step-returns-is-fine", "runtime/driver.py", FORWARD),
        "return run.record(cursor, check(run.shape, cursor, answer), started)",
        "return run.record(cursor, success, started)",
    ),
    (
        *("interrupt-between-steps-begins-the-next", "runtime/driver.py", CANCEL),
        "            started = -1  # an interrupt from here on finds nothing begun\n",
        "",
    ),
    (
        *("crash-taken-for-an-interrupt", "runtime/driver.py", FAULT),
        "if error is run.crash:",
        "if False:",
    ),
    (
        *("retry-told-where-there-is-none", "runtime/driver.py", WATCH),
        "after.path == instruction.path and after.retries > instruction.retries",
        "after.path == instruction.path",
    ),
    (
        *("run-still-current-after-its-end", "runtime/driver.py", KEYS),
        "            CURRENT.reset(token)\n",
        "            pass\n",
    ),
    (
        *("interrupted-attempt-is-told-no-end", "runtime/driver.py", WATCH),
        "if run.options.observers and instruction is not None:",
        "if False:",
    ),
    # runtime/perform.py
    (
        *("any-outcome-will-do", "runtime/perform.py", FORWARD),
        "if isinstance(answer, wanted):",
        "if isinstance(answer, StepOutcome | CompensationOutcome):",
    ),
    (
        *("no-outcome-is-retried", "runtime/perform.py", FORWARD),
        "gives_up=strict or ",
        "gives_up=",
    ),
    (
        *("no-outcome-is-certain", "runtime/perform.py", FORWARD),
        "uncertain=strict or ",
        "uncertain=",
    ),
    (
        *("timeout-is-certain", "runtime/perform.py", TIMEOUT),
        "isinstance(error, StepTimeoutError) or _is_one_of(error, spec.uncertain_on)",
        "_is_one_of(error, spec.uncertain_on)",
    ),
    (
        *("nothing-is-unexpected", "runtime/perform.py", SURPRISE),
        "unexpected=not isinstance(error, shape.expected)",
        "unexpected=False",
    ),
    (
        *("groups-not-looked-into", "runtime/perform.py", ROLLBACK),
        "isinstance(error, ExceptionGroup) and error.subgroup",
        "isinstance(error, ZeroDivisionError) and error.subgroup",
    ),
    (
        *("late-answer-accepted", "runtime/perform.py", TIMEOUT),
        "    if limit.expired():  # the body swallowed",
        "    if False:  # the body swallowed",
    ),
    (
        *("late-effect-hides-that-the-step-timed-out", "runtime/perform.py", TIMEOUT),
        "if run.deadline_ns == EXPIRED:  # it timed out",
        "if False:  # it timed out",
    ),
    (
        *("the-limit-comes-before-what-ends-with-it", "runtime/virtual_loop.py", TIMEOUT),
        "loop.when(seconds, late=True)",
        "loop.when(seconds)",
    ),
    (
        *("time-jumps-without-a-last-look", "runtime/virtual_loop.py", ORDER),
        "if events := wait(0):",
        "if events := []:",
    ),
    (
        *("late-answer-accepted-without-a-loop", "runtime/perform.py", TIMEOUT),
        "        if run.deadline_ns == EXPIRED:\n            raise _too_long(path, limit_s)\n        return answer",
        "        return answer",
    ),
    (
        *("limit-ignored-on-the-fast-path", "runtime/shape.py", TIMEOUT),
        "tuple(None if limit else call for limit, call in",
        "tuple(call for limit, call in",
    ),
    (
        *("injected-timeout-runs-the-body", "runtime/perform.py", FAULT),
        "if fault.kind in (FaultKind.DELAY, FaultKind.ERROR_AFTER,",
        "if fault.kind in (FaultKind.TIMEOUT, FaultKind.DELAY, FaultKind.ERROR_AFTER,",
    ),
    (
        *("crash-after-runs-no-body", "runtime/perform.py", FAULT),
        "if fault.kind in (FaultKind.DELAY, FaultKind.ERROR_AFTER, FaultKind.CRASH_AFTER, FaultKind.LATE_EFFECT):",
        "if fault.kind in (FaultKind.DELAY, FaultKind.ERROR_AFTER, FaultKind.LATE_EFFECT):",
    ),
    # runtime/run.py, runtime/executions.py, runtime/current.py, runtime/faults.py, runtime/observers.py
    (
        *("interrupt-leaves-no-entry", "runtime/run.py", CANCEL),
        "if instruction is not None and (not self.rows",
        "if instruction is not None and started < 0 and (not self.rows",
    ),
    (
        *("factory-called-each-time", "runtime/run.py", GIVEN),
        "if self._resources is None:",
        "if True:",
    ),
    (
        *("nothing-is-consumed", "runtime/executions.py", STATE),
        '        if self._status != "ready":\n            raise ExecutionConsumedError(\n                f"this',
        '        if self._status == "recovered":\n            raise ExecutionConsumedError(\n                f"this',
    ),
    (
        *("recovered-twice", "runtime/executions.py", CANCEL),
        '        self._status = "recovered"\n',
        "",
    ),
    (
        *("recovered-while-running", "runtime/executions.py", CANCEL),
        'if self._status == "running":',
        "if False:",
    ),
    (
        *("undo-has-the-key-of-the-step", "runtime/current.py", KEYS),
        '(":undo" if kind == "compensate" else "")',
        '""',
    ),
    (
        *("every-goes-before-one", "runtime/faults.py", FAULT),
        'self._at.get((kind, path, instruction.attempt)) or self._at.get((kind, path, "every"))',
        'self._at.get((kind, path, "every")) or self._at.get((kind, path, instruction.attempt))',
    ),
    (
        *("observer-ends-the-run", "runtime/observers.py", WATCH),
        "        except Exception:  # noqa: BLE001 - whatever the user's observer raises\n",
        "        except ZeroDivisionError:\n",
    ),
    # runtime/codec.py, runtime/entries.py
    (
        *("crash-keeps-half-a-context", "runtime/codec.py", FAULT),
        'Standing("Running", instruction.path), journal, run.crash_context)',
        'Standing("Running", instruction.path), journal, run.shape.context.dump(run.context))',
    ),
    (
        *("verdicts-lost-in-the-record", "runtime/entries.py", MODEL),
        "failure = ReadFailure(error, bool(flags[0]), bool(flags[1]), bool(flags[2]))",
        "failure = ReadFailure(error, bool(flags[0]), False, bool(flags[2]))",
    ),
    (
        *("note-lost-in-the-record", "runtime/entries.py", MODEL),
        'return Resolve(str(entry.get("resolved")), note)',
        'return Resolve(str(entry.get("resolved")))',
    ),
    (
        *("fault-lost-in-the-record", "runtime/entries.py", MODEL),
        '        entry["fault"] = fault\n',
        "        pass\n",
    ),
    (
        *("declared-error-comes-back-as-a-stranger", "runtime/entries.py", RECORDS),
        "builtin.__new__(cls, *args)",
        "builtin.__new__(builtin, *args)",
    ),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of package and tests, in which mutants are tried one after the other."""
    target = tmp_path_factory.mktemp("mutants")
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("legend_lab", "tests"):
        shutil.copytree(ROOT / name, target / name, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", target)
    return target


def run_tests(copy, *files):
    """Run test files in the copy; returns the exit code (0 all passed, 1 some failed) and the output."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider"]
    done = subprocess.run(  # its own package comes first: the current directory, then PYTHONPATH
        [*command, *(f"tests/{file}" for file in files)],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "MUTANT": "yes"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, done.stdout[-4_000:] + done.stderr[-1_000:]


def test_the_copy_is_what_is_tested_and_without_a_mutant_its_tests_pass(copy):
    code = "import legend_lab, pathlib; print(pathlib.Path(legend_lab.__file__).parent.parent)"
    env = {**os.environ, "PYTHONPATH": str(copy)}
    found = subprocess.run([sys.executable, "-c", code], cwd=copy, env=env, capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()) == copy
    code, output = run_tests(copy, *sorted({mutant[2] for mutant in MUTANTS}))
    assert code == 0, output


def test_every_mutant_has_its_own_name_and_there_are_many():
    names = [mutant[0] for mutant in MUTANTS]
    assert len(set(names)) == len(names) >= 20


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant[0])
def test_a_mutant_is_killed(copy, mutant):
    _, file, tests, old, new = mutant
    path = copy / "legend_lab" / file
    original = path.read_text()
    assert original.count(old) == 1, f"{file} has no longer exactly one {old!r}"
    path.write_text(original.replace(old, new))
    try:
        code, output = run_tests(copy, tests)
    finally:
        path.write_text(original)
    assert code == 1, f"survived {tests}:\n{output}"
