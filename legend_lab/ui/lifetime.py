"""Owns how long widgets live: until the cell that made them runs again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import ipywidgets
from IPython.core.getipython import get_ipython

_made: dict[str, tuple[str, list[Callable[[], None]]]] = {}
"""For each cell: the request that ran it last, and how to close what it made then."""
_has_owner: ContextVar[bool] = ContextVar("has_owner", default=False)


@contextmanager
def owned() -> Iterator[None]:
    """What is made in here ends with its owner, and not when some cell runs again."""
    token = _has_owner.set(True)
    try:
        yield
    finally:
        _has_owner.reset(token)


def _running_cell() -> tuple[str, str] | None:
    """Id of the cell that runs now and of the request that runs it, or None where there are no cells."""
    shell: Any = get_ipython()
    parent = shell.get_parent() if hasattr(shell, "get_parent") else None
    if not isinstance(parent, dict):
        return None
    cell = parent.get("metadata", {}).get("cellId")
    request = parent.get("header", {}).get("msg_id")
    return (cell, request) if isinstance(cell, str) and isinstance(request, str) else None


def close_on_rerun(close: Callable[[], None]) -> None:
    """`close` is called when the cell that runs now runs again; what its former run made is closed first.

    One run may make several widgets: they live and end together. Outside a notebook nothing happens.
    """
    running = _running_cell()
    if running is None or _has_owner.get():
        return
    cell, request = running
    former_request, closers = _made.get(cell, ("", []))
    if former_request != request:
        for close_former in closers:
            close_former()
        closers = []
    _made[cell] = (request, [*closers, close])


def close_tree(widget: ipywidgets.Widget) -> None:
    """The widget, its children and its layout and style are closed, in the kernel and in the page.

    Closing a box alone leaves all of these behind in both. `Out` may keep the widget itself, so it lets go of its
    children.
    """
    for child in getattr(widget, "children", ()):
        close_tree(child)
    if hasattr(widget, "children"):
        widget.children = ()
    for name in ("layout", "style"):
        part = getattr(widget, name, None)
        if isinstance(part, ipywidgets.Widget):
            part.close()
    widget.close()
