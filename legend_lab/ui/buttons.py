"""Owns the toolbar's buttons: each can be used, or says why it cannot."""

from __future__ import annotations

from typing import Any

from legend_lab.lab.opening import Shown
from legend_lab.lab.recording import Recording
from legend_lab.ui.menu_state import Button
from legend_lab.ui.words import RECORDED


def buttons_of(debugger: Shown, *, running: bool) -> list[Button]:
    """The toolbar's buttons in the order shown."""
    if isinstance(debugger, Recording):
        return _to_look(_live_buttons(debugger, running=running), debugger)
    return _live_buttons(debugger, running=running)


def _to_look(buttons: list[Button], recording: Recording[Any, Any]) -> list[Button]:
    """The buttons as they are for a recording: those that only move work, all others say why not."""
    past, began = recording.is_past, recording.position > 0
    moves = {
        "back": ("Go one entry back" if began else "Nothing happened before", began),
        "step": ("Go one entry on" if past else "This is the end of the recording", past),
        "run_to_end": ("Go to the last entry" if past else "This is the end of the recording", past),
    }
    shown: list[Button] = []
    for button in buttons:
        why, enabled = moves.get(button["command"], (RECORDED, False))
        shown.append({**button, "why": why, "enabled": enabled, "primary": enabled and button["command"] == "step"})
    return shown


def _live_buttons(debugger: Shown, *, running: bool) -> list[Button]:
    performing = "A command is being carried out" if running else ""
    busy = performing or ("The process is dead: restart it first" if debugger.is_crashed else "")
    repeats = debugger.repeats and not running  # moving about needs no living process
    stuck = busy or _stuck(debugger)
    goes = not stuck
    ended = not busy and not debugger.is_past and debugger.next_instruction is None
    position = debugger.position
    has_begun = debugger.length > 0 or len(debugger.branches) > 1
    step = "Go one entry on; nothing is carried out" if repeats else "Carry out the next instruction"
    to_break = "Go on until a breakpoint, a halt or the end"
    if not any(item.enabled for item in debugger.breakpoints):
        to_break += " (there is no breakpoint)"
    back_why = performing or ("Go one entry back; nothing is carried out" if position else "Nothing happened before")
    reset_why = "Start over with a fresh context" if has_begun else "Nothing has run yet"
    end_why = "Go on until the end or a halt, past all breakpoints"
    fork_why = f"Start a branch here, after {position:,} of {debugger.length:,} entries"
    crash_why = "Let the process die here and now" if not ended else "The run has ended: there is nothing to lose"
    return [
        _button("back", "Back", "◂", "b", back_why, enabled=not running and position > 0),
        _button("step", "Step", "▸", "n", step if repeats else stuck or step, enabled=goes or repeats, primary=goes),
        _button("over", "Over", "↷", "o", stuck or "Go on until the block that comes next is left", enabled=goes),
        _button("run", "Run to breakpoint", "", "c", stuck or to_break, enabled=goes),
        _button("run_to_end", "Run to end", "", "e", stuck or end_why, enabled=goes),
        _button("stop", "Stop", "■", "s", "Stop what is running" if running else "Nothing is running", enabled=running),
        _button("reset", "Reset", "⟲", "⇧R", reset_why, enabled=has_begun and not running, primary=ended, short=True),
        _button("fork", "Fork", "⑂", "k", busy or fork_why, enabled=not busy, short=True),
        _button("crash", "Crash", "☠\ufe0e", "⇧X", busy or crash_why, enabled=not busy and not ended, short=True),
    ]


NO_CLOCK: Button = {
    "command": "clock",
    "label": "",
    "glyph": "",
    "key": "",
    "enabled": False,
    "primary": False,
    "why": "",
    "pressed": False,
}
"""Where no time passes there is no switch to show."""


def clock_button(*, virtual: bool, wanted: bool) -> Button:
    """The switch of the clock; `wanted` says which it will be after the next reset."""
    if virtual != wanted:
        text = f"{_time(virtual=virtual)}, {'virtual' if wanted else 'real'} after reset"
        why = "A run has one clock: the other one counts from the next reset. Click to leave it as it is"
    else:
        text = _time(virtual=virtual)
        why = "Waiting takes no real time" if virtual else "Waiting takes the time it says"
        why += f"; click for {_time(virtual=not virtual)}"
    return {**_button("clock", text, "◷", "", why, enabled=True), "pressed": wanted}


def _time(*, virtual: bool) -> str:
    return "virtual time" if virtual else "real time"


def _stuck(debugger: Shown) -> str:
    """Why nothing can go on, or empty."""
    if debugger.repeats:
        return ""
    if debugger.choices:
        return "The run stands still: decide below first"
    return "The run has ended: reset starts over" if debugger.next_instruction is None else ""


def _button(
    command: str,
    label: str,
    glyph: str,
    key: str,
    why: str,
    *,
    enabled: bool,
    primary: bool = False,
    short: bool = False,
) -> Button:
    button: Button = {
        "command": command,
        "label": label,
        "glyph": glyph,
        "key": key,
        "enabled": enabled,
        "primary": primary,
        "why": why,
    }
    if short:
        button["short"] = True
    return button
