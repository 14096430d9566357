"""Owns what tests of the Designer share: a design, and commands as the browser sends them."""

from __future__ import annotations

from legend_lab import Design
from legend_lab.lab.design import edits
from legend_lab.lab.design.code import to_code
from legend_lab.lab.design.templates import TEMPLATES
from legend_lab.ui.designer.commands import DESIGN_COMMANDS

TRAVEL = TEMPLATES["Travel booking"]
TRAVEL_CODE = to_code(TRAVEL)


def tell(designer, command, **arguments):
    """Send a command as the browser does."""
    if command == "save":
        arguments.setdefault("tests", "false")
    assert set(arguments) == set(DESIGN_COMMANDS[command])
    designer._commands.receive({"command": command, **arguments})


def long_design(steps):
    """A design of so many steps."""
    return Design(parts=tuple(edits.add_step(Design(), name=f"step_{at:03}").design.parts[0] for at in range(steps)))
