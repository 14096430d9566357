"""Owns what the Designer's buttons, keys and fields may ask for, and what each of it does to the desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from inspect import signature

from legend_lab.core.errors import DesignError
from legend_lab.lab.design import edits
from legend_lab.lab.design.edits import Edited
from legend_lab.lab.design.history import Follow
from legend_lab.lab.design.templates import TEMPLATES
from legend_lab.ui.designer.desk import Desk
from legend_lab.ui.designer.settings import added, index_of, set_context, set_effect, set_part
from legend_lab.ui.designer.values import flag_of

LONGEST_TEXT = 20_000
"""Longest text that an argument may be; what is longer than a name may be is refused beside its field, in words."""


def carry_out(desk: Desk, command: dict[str, str]) -> Follow | None:
    """Do what a command asks for; where the design's paths have gone, or None when it is as it was.

    Raises:
        DesignError: it cannot be done, or there is no such command.
    """
    arguments = dict(command)
    name = arguments.pop("command")
    if name not in _COMMANDS:
        raise DesignError(f"there is no command {name[:60]!r}")
    return _COMMANDS[name](desk, **arguments)


# -- fields: what is refused is said beside them ---------------------------------------------------


def _set(desk: Desk, path: str, place: str, text: str) -> Follow | None:
    return desk.try_field("settings", place, text, lambda: desk.keep(set_part(desk.design, path, place, text), path))


def _rename(desk: Desk, path: str, text: str) -> Follow | None:
    return desk.try_field("outline", path, text, lambda: desk.keep(set_part(desk.design, path, "name", text), path))


def _field(desk: Desk, name: str, place: str, text: str) -> Follow | None:
    key = f"field/{name}/{place}"
    return desk.try_field("tables", key, text, lambda: _beside(desk, set_context(desk.design, name, place, text)))


def _effect(desk: Desk, name: str, place: str, text: str) -> Follow | None:
    key = f"effect/{name}/{place}"
    return desk.try_field("tables", key, text, lambda: _beside(desk, set_effect(desk.design, name, place, text)))


def _beside(desk: Desk, edited: Edited) -> Follow | None:
    """Keep an edit of the context or of an effect: what is selected stays selected."""
    return desk.keep(replace(edited, path=desk.selected), desk.selected)


# -- steps and blocks ------------------------------------------------------------------------------


def _select(desk: Desk, path: str) -> None:
    desk.select(path)


def _add(desk: Desk) -> Follow | None:
    return desk.keep(added(desk.design, desk.selected))


def _duplicate(desk: Desk, path: str) -> Follow | None:
    return desk.keep(edits.duplicate(desk.design, path), path)


def _delete(desk: Desk, path: str) -> Follow | None:
    return desk.keep(edits.delete(desk.design, path), path)


def _move(desk: Desk, path: str, by: str) -> Follow | None:
    return desk.keep(edits.move(desk.design, path, -1 if by == "-1" else 1), path)


def _nest(desk: Desk, path: str) -> Follow | None:
    return desk.keep(edits.nest(desk.design, path), path)


def _unnest(desk: Desk, path: str) -> Follow | None:
    return desk.keep(edits.unnest(desk.design, path), path)


def _place(desk: Desk, path: str, block: str, index: str) -> Follow | None:
    return desk.keep(edits.place(desk.design, path, block, index_of(index)), path)


# -- the design as a whole -------------------------------------------------------------------------


def _template(desk: Desk, title: str) -> Follow | None:
    if title not in TEMPLATES:
        raise DesignError(f"there is no template {title[:60]!r}")
    return desk.start_from(TEMPLATES[title])


def _panel(desk: Desk, kind: str) -> None:
    desk.panel.show(kind)


def _save(desk: Desk, file: str, tests: str) -> None:
    desk.save(file, tests=bool(flag_of(tests)))


_COMMANDS: dict[str, Callable[..., Follow | None]] = {
    "set": _set,
    "rename": _rename,
    "field": _field,
    "effect": _effect,
    "select": _select,
    "add": _add,
    "duplicate": _duplicate,
    "delete": _delete,
    "move": _move,
    "nest": _nest,
    "unnest": _unnest,
    "place": _place,
    "undo": Desk.undo,
    "redo": Desk.redo,
    "template": _template,
    "panel": _panel,
    "open": Desk.open,
    "save": _save,
    "write": Desk.write,
    "dismiss": Desk.dismiss,
}

DESIGN_COMMANDS: dict[str, tuple[str, ...]] = {
    name: tuple(signature(do).parameters)[1:] for name, do in _COMMANDS.items()
}
"""Every command, with the names of its arguments. All arguments are texts."""
