"""Owns what the Designer's buttons, keys and fields may ask for."""

from __future__ import annotations

DESIGN_COMMANDS: dict[str, tuple[str, ...]] = {
    "select": ("path",),
    "add": (),
    "rename": ("path", "text"),
    "duplicate": ("path",),
    "delete": ("path",),
    "move": ("path", "by"),
    "nest": ("path",),
    "unnest": ("path",),
    "place": ("path", "block", "index"),
    "set": ("path", "place", "text"),
    "field": ("name", "place", "text"),
    "effect": ("name", "place", "text"),
    "undo": (),
    "redo": (),
    "template": ("title",),
    "panel": ("kind",),
    "open": ("file",),
    "save": ("file",),
    "write": ("file",),
}
"""Every command, with the names of its arguments. All arguments are texts."""

LONGEST_TEXT = 20_000
"""Longest text that an argument may be; what is longer than a name may be is refused beside its field, in words."""

DESIGN_KEYS: dict[str, str] = {}
"""A letter is no command by itself where so much is typed; the outline has keys of its own."""
