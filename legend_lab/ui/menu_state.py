"""Owns the shapes of what a person can choose: buttons, forms, the fault menu and the key help, as plain JSON."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class Button(TypedDict):
    """A command that can be clicked."""

    command: str
    """What is sent when it is clicked; a name of `commands.COMMANDS` that takes no arguments."""
    label: str
    glyph: str
    """One character before the label, or empty."""
    key: str
    """The key to show as a hint (such as `n`), or empty. `Part.shortcuts` decides what the key does."""
    enabled: bool
    primary: bool
    """The one thing to do next; at most one button of a row."""
    why: str
    """Shown when pointed at: what it does, or why it cannot be used now."""
    short: NotRequired[bool]
    """Its glyph says enough where there is little room."""
    pressed: NotRequired[bool]
    """Of a switch: whether it is on."""


class Form(TypedDict):
    """A decision that takes a note, and perhaps a choice."""

    command: str
    """What is sent, with the arguments `note` and, where there is a choice, `path`."""
    label: str
    paths: list[str]
    """What to choose from, or empty."""
    hint: str
    """Shown in the empty field of the note."""
    why: str


class KeyHelp(TypedDict):
    """One line of the key help."""

    keys: list[str]
    text: str


class FaultLine(TypedDict):
    """A kind of fault in the menu; it can be planned for one attempt."""

    kind: str
    label: str
    why: str
    """What it means, shown when pointed at."""
    every: bool
    """It can be planned for every attempt, too."""
    delay: bool
    """It takes a number of milliseconds."""


class FaultGroup(TypedDict):
    """The faults of one phase in the menu."""

    phase: str
    doing: str
    """The phase in a word."""
    label: str
    lines: list[FaultLine]
