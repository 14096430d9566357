"""Owns the sentences of the workbench: where the run stands, why, and what comes next."""

from __future__ import annotations

from legend_lab.core.errors import UnexpectedError, error_name, error_text
from legend_lab.core.instructions import Compensate, Execute, Halt, HaltReason, Instruction, Wait
from legend_lab.core.moves import attempt_of
from legend_lab.core.story import duration, sentence
from legend_lab.lab.breakpoints import StopReason
from legend_lab.lab.opening import Shown
from legend_lab.lab.recording import Recording
from legend_lab.runtime.executions import CompensationFailed, Completed, Failed, Paused
from legend_lab.ui.marks import counted
from legend_lab.ui.menu_state import Button, Form
from legend_lab.ui.view_state import Badge, Panel, Standing

DEAD: Badge = {"tone": "failed", "glyph": "☠\ufe0e", "text": "Process dead"}
RECORDED = "This run is a recording: travel in it and look; nothing can be carried out."
OPEN = "Loading the record takes it up again, once nobody else runs it."
RESTART = "Restart takes the run up again, as a new process would: from the journal."


def count_of(debugger: Shown) -> str:
    """How far the run is."""
    journal = debugger.journal
    if not debugger.length:
        return "no entry yet"
    if not journal:
        return "0 ms"
    first, last = journal[0], journal[-1]
    end_ns = last.completed_ns if last.completed_ns is not None else last.started_ns
    took = duration((end_ns - first.started_ns) / 1e6)
    return (
        took if debugger.is_past else f"{counted(len(journal), 'entry', 'entries')} · {took}"
    )  # in the past the standing line says it


def badge_of(debugger: Shown) -> Badge:
    """The state of the run in two or three words."""
    if debugger.is_crashed and not debugger.is_past:
        return DEAD
    if _is_open(debugger):
        return {"tone": "uncertain", "glyph": "?", "text": "Not come back"}
    return badge_at(debugger.next_instruction, debugger.original_error, begun=bool(debugger.journal))


def badge_at(at: Instruction | None, error: BaseException | None, *, begun: bool) -> Badge:
    """The same, of a program's run with `at` as its next instruction, undone for `error`."""
    name = "" if error is None else error_name(cause_of(error))
    match at:
        case None if name:
            return {"tone": "undo", "glyph": "↩", "text": f"Failed and undone: {name}"}
        case None:
            return {"tone": "ok", "glyph": "✓", "text": "Completed"}
        case Halt(reason=HaltReason.COMPENSATION_FAILED):
            return {"tone": "failed", "glyph": "⊗", "text": "Undo failed"}
        case Halt(reason=HaltReason.RESTARTED):
            return {"tone": "uncertain", "glyph": "?", "text": "Restarted"}
        case Halt(reason=HaltReason.INTERRUPTED):
            return {"tone": "uncertain", "glyph": "■", "text": "Stopped"}
        case Halt():
            return {"tone": "paused", "glyph": "‖", "text": "Paused"}
    if name:
        return {"tone": "undo", "glyph": "↩", "text": f"Undoing: {name}"}
    if not begun:
        return {"tone": "plain", "glyph": "·", "text": "Not started"}
    return {"tone": "forward", "glyph": "▸", "text": "Going forward"}


def standing_of(debugger: Shown, stopped: StopReason | None = None) -> Standing:
    """Where the run stands and what comes next; `stopped` says why the last command stopped there."""
    now = sentence(debugger.journal[-1]) if debugger.journal else "Nothing has run yet."
    if stopped is not None and stopped.kind == "breakpoint":
        now = f"● {stopped.text}"
    if debugger.is_crashed and not debugger.is_past:
        return {
            "now": "The process died here. The journal is kept, what was in memory is lost.",
            "next": RECORDED if isinstance(debugger, Recording) else "Restart it below.",
        }
    if debugger.is_past:
        return {
            "now": f"{now} {where_of(debugger)}" if now[0] == "●" else where_of(debugger),
            "next": _past_next(debugger),
        }
    if stopped is not None and stopped.kind == "breakpoint":
        return {"now": now, "next": ""}
    comes = next_words(debugger)
    match debugger.standing:
        case Completed():
            now, after = f"All {len(debugger.program.steps):,} steps are done.", "Reset starts over."
        case Failed(error=error):
            now = f"The saga failed ({error_text(cause_of(error))}); what was done is undone."
            after = "Reset starts over."
        case CompensationFailed(pending=pending):
            now, after = f"Rollback is over, but not undone: {', '.join(pending)}.", "Decide below."
        case Paused():
            after = "Decide below how to go on."
        case _:
            after = f"Next: {comes}."
    if isinstance(debugger, Recording):
        after = f"The recording ends here; next it would {comes}. {RECORDED}" if comes else RECORDED
    return {"now": now, "next": after}


def where_of(debugger: Shown) -> str:
    """Where on its branch the position is; entries are counted here, since their numbers begin at 0."""
    branch = f" on {debugger.branch}" if len(debugger.branches) > 1 else ""
    if not debugger.length:
        return f"Nothing has run yet{branch}."
    if not debugger.is_past:
        return f"After {counted(debugger.length, 'entry', 'entries')}, the newest moment{branch}."
    if not debugger.position:
        return f"Before the first of {counted(debugger.length, 'entry', 'entries')}{branch}, in the past."
    return f"After {debugger.position:,} of {counted(debugger.length, 'entry', 'entries')}{branch}, in the past."


def _past_next(debugger: Shown) -> str:
    if isinstance(debugger, Recording):
        return "Step shows what came next; nothing is carried out."
    if debugger.is_crashed:
        return "The process died later, at the end of this branch. Restart it below."
    if not debugger.repeats:
        return f"The faults have changed here: Step starts a branch. Next: {next_words(debugger)}."
    return "Step replays it; change a fault or the context to branch."


def next_words(debugger: Shown) -> str:
    """What `step` would do, in words; empty at a halt or at the end."""
    return words_for(debugger.next_instruction, len(debugger.program.steps))


def words_for(at: Instruction | None, steps: int) -> str:
    """What an instruction of a program with so many steps asks for; empty at a halt or at the end."""
    if at is None or isinstance(at, Halt):
        return ""
    if isinstance(at, Wait):
        return f"wait {duration(at.delay_ns / 1e6)}, then {_do(at.then)}"
    place = f", step {at.index + 1} of {steps}" if isinstance(at, Execute) else ""
    return _do(at) + place


def panel_of(debugger: Shown) -> Panel | None:
    """Why the run stands still and what can be decided; None while it does not."""
    panel = _panel_of(debugger)
    if panel is None or not isinstance(debugger, Recording):
        return panel
    if _is_open(debugger):
        title = f"{debugger.journal[-1].path} had not come back when this was recorded"
        text = f"It may be running still, or its process has died. {OPEN}"
        return {**panel, "glyph": "?", "title": title, "text": text, "actions": [], "form": None}
    ways = " or ".join(f"{name}()" for name in debugger.choices)
    text = f"{panel['text']} This is a recording: {ways or 'a restart'} goes on where the run itself is."
    return {**panel, "text": text, "actions": [], "form": None}


def _panel_of(debugger: Shown) -> Panel | None:
    if debugger.is_crashed:
        return {
            "tone": "failed",
            "glyph": "☠\ufe0e",
            "title": "The process is dead",
            "text": RESTART,
            "items": [],
            "actions": [_action("restart", "Restart", why="Take the run up again, as a new process would")],
            "form": None,
        }
    match debugger.standing:
        case CompensationFailed() as failed:
            items = [
                {"path": item.path, "text": error_text(cause_of(item.error))} for item in failed.compensation_errors
            ]
            tried = {item["path"] for item in items}
            items += [{"path": path, "text": "not tried"} for path in failed.pending if path not in tried]
            return {
                "tone": "failed",
                "glyph": "⊗",
                "title": f"Not undone: {', '.join(failed.pending)}",
                "text": f"The saga failed with {error_text(cause_of(failed.original_error))}, and its undo failed, too."
                + _branches(debugger),
                "items": [{"path": item["path"], "text": item["text"]} for item in items],
                "actions": [_action("retry", "Retry", why="Run the pending undos again, with fresh retries")],
                "form": {
                    "command": "resolve",
                    "label": "Resolve",
                    "paths": list(failed.pending),
                    "hint": "how it was undone by hand, by whom",
                    "why": "Say that a person has undone it by hand",
                },
            }
        case Paused() as paused:
            return _paused_panel(debugger, paused.reason, paused.path)
    return None


def _paused_panel(debugger: Shown, reason: str, path: str) -> Panel:
    undoing = debugger.original_error is not None
    what = f"the undo of {path}" if undoing else path
    unknown = f"Nobody knows whether {what} happened. " if _is_uncertain(debugger) else ""
    if debugger.state.attempt == 1:
        unknown = f"{what[:1].upper()}{what[1:]} has not run. "
    texts = {
        HaltReason.STEP_PAUSED.value: (f"{path} has paused", f"Resume enters {path} again; "),
        HaltReason.UNDO_PAUSED.value: (f"The undo of {path} has paused", f"Resume enters {what} again. "),
        HaltReason.INTERRUPTED.value: (f"Stopped at {what}", f"{unknown}Resume goes on with it; "),
        HaltReason.RESTARTED.value: (f"Restarted after a crash at {what}", f"{unknown}Resume tries it again; "),
    }
    title, text = texts.get(reason, (f"Paused at {what}", "Resume goes on; "))
    form: Form | None = None
    if not undoing:
        form = {
            "command": "abort",
            "label": "Abort",
            "paths": [],
            "hint": "reason to abort (may be empty)",
            "why": "Give up the saga and undo what was done",
        }
        text += "abort undoes what was done so far."
    else:
        text = text.rstrip("; ").rstrip() + ("" if text.rstrip().endswith(".") else ".")
    text += _branches(debugger)
    known = reason in (HaltReason.STEP_PAUSED.value, HaltReason.UNDO_PAUSED.value)
    return {
        "tone": "paused" if known else "uncertain",
        "glyph": "‖" if known else "?",
        "title": title,
        "text": text,
        "items": [],
        "actions": [_action("resume", "Resume", why=f"Go on with {what}")],
        "form": form,
    }


def _is_uncertain(debugger: Shown) -> bool:
    """Whether what it stands at may have happened: the machine's word for a step, the last entry's for an undo."""
    at = debugger.next_instruction
    if at is None or debugger.original_error is not None:
        cut_short = [entry for entry in debugger.journal[-3:] if entry.kind == "compensate"]
        return bool(cut_short) and cut_short[-1].outcome == "interrupted"
    return attempt_of(at).uncertain


def _is_open(debugger: Shown) -> bool:
    """Whether a recording ends with an instruction of which nobody has recorded the end."""
    if not isinstance(debugger, Recording) or debugger.is_past or not debugger.journal:
        return False
    return debugger.journal[-1].completed_ns is None


def _branches(debugger: Shown) -> str:
    if not debugger.is_past or isinstance(debugger, Recording):
        return ""
    return " This is in the past: another decision than then starts a branch."


def _action(command: str, label: str, *, why: str) -> Button:
    return {"command": command, "label": label, "glyph": "", "key": "", "enabled": True, "primary": True, "why": why}


def _do(at: Execute | Compensate) -> str:
    attempt = f" (attempt {at.attempt})" if at.attempt > 1 else ""
    return f"{'execute' if isinstance(at, Execute) else 'undo'} {at.path}{attempt}"


def cause_of(error: BaseException) -> BaseException:
    """The error that a person recognises: what an `UnexpectedError` wraps, else itself."""
    return error.__cause__ if isinstance(error, UnexpectedError) and error.__cause__ is not None else error
