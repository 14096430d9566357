"""Owns where the Designer meets the cells of a notebook: what a cell calls it, and the code in a cell of its own."""

from __future__ import annotations

from typing import Any

from IPython.core.getipython import get_ipython

from legend_lab.core.errors import DesignError


def called(owner: object) -> str:
    """How a cell can name `owner`: its variable, else the output that holds it, else `designer`."""
    shell: Any = get_ipython()
    names: dict[str, Any] = getattr(shell, "user_ns", {})
    for name, value in list(names.items()):
        if value is owner and not name.startswith("_"):
            return name
    outputs = names.get("Out", {})
    return next((f"Out[{number}]" for number, value in list(outputs.items()) if value is owner), "designer")


def insert_below(code: str) -> None:
    """The code comes into a new cell below the one that runs.

    Raises:
        DesignError: there are no cells here.
    """
    shell: Any = get_ipython()
    if shell is None:
        raise DesignError("there are no cells here; to_code() gives the code")
    shell.set_next_input(code)
