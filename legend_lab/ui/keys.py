"""Owns the keys of the workbench: the command behind each, and the help that `?` shows."""

from __future__ import annotations

from legend_lab.ui.menu_state import KeyHelp

KEYS: dict[str, str] = {
    "b": "back",
    "n": "step",
    "o": "over",
    "c": "run",
    "e": "run_to_end",
    "s": "stop",
    "Escape": "stop",
    "k": "fork",
    "R": "reset",
    "X": "crash",
}
"""The command behind each key. Reset and crash take a capital letter, since they end what runs."""

KEY_HELP: list[KeyHelp] = [
    {"keys": ["n"], "text": "step: carry out the next instruction; in the past: go one entry on"},
    {"keys": ["b"], "text": "back: go one entry back; nothing is carried out"},
    {"keys": ["o"], "text": "step over: go on until the block that comes next is left"},
    {"keys": ["c"], "text": "run to a breakpoint, a halt or the end"},
    {"keys": ["e"], "text": "run to the end or a halt, past all breakpoints"},
    {"keys": ["s", "Esc"], "text": "stop what is running"},
    {"keys": ["k"], "text": "fork: start a branch here"},
    {"keys": ["Shift", "R"], "text": "reset: start over with a fresh context"},
    {"keys": ["Shift", "X"], "text": "crash: the process dies here and now"},
    {"keys": ["↑", "↓"], "text": "move through the rows; in the history: go to another branch"},
    {
        "keys": ["←", "→"],
        "text": "close or open a block, a value, a step's inputs; in the history: travel (Home, End: all the way)",
    },
    {"keys": ["Space"], "text": "breakpoint before the row's step or block; on a value: show all of it"},
    {"keys": ["f", "Enter"], "text": "fault menu of the row"},
    {"keys": ["F2", "Enter"], "text": "edit the value of the context"},
    {"keys": ["←", "→"], "text": "on an effect: go to where it was touched first, or last"},
    {"keys": ["?"], "text": "show or hide this help"},
]
"""The key help, as shown by `?`."""

PAGE_KEYS: dict[str, str] = {
    "ArrowLeft": "back",
    "ArrowRight": "next",
    "b": "back",
    "n": "next",
    "Home": "first",
    "End": "last",
}
"""The same for a page that is kept: nothing can be carried out there."""

PAGE_KEY_HELP: list[KeyHelp] = [
    {"keys": ["←", "→"], "text": "go one entry back or on; b and n do the same"},
    {"keys": ["Home", "End"], "text": "go to the beginning or to the end"},
    {"keys": ["PgUp", "PgDn"], "text": "in the history: go ten entries on or back"},
    {"keys": ["↑", "↓"], "text": "move through the rows of the program or of the context"},
    {"keys": ["Space"], "text": "on a value: open or close it, or show all of it"},
    {"keys": ["←", "→"], "text": "on a step of the program: close or show all of its inputs"},
    {"keys": ["?"], "text": "show or hide this help"},
]
"""The key help of such a page."""
