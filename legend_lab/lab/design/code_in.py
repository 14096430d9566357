"""Owns a module that a design was written to and a person may have edited: opened, compared, and changed with care."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.matching import NOTHING_MOVED, matched
from legend_lab.lab.design.model import Design
from legend_lab.lab.design.parsing import BYTE_ORDER_MARK
from legend_lab.lab.design.rewriting import rewritten
from legend_lab.lab.design.understanding import Understood, understood


@dataclass(frozen=True)
class CodeModule(Understood):
    """A module and the design that it says.

    Attributes:
        text: the module as it is, or would be.
        opened: the text before any change.
    """

    text: str
    opened: str

    def with_design(self, design: Design, moved: Mapping[str, str] = NOTHING_MOVED) -> CodeModule:
        """This module, saying another design: only what the designer owns is changed.

        Args:
            design: what it is to say.
            moved: path in this module of each part that was seen to be renamed or moved, by its path in the design;
                what nobody saw is found by what it says.

        Raises:
            DesignError: that would change what a person wrote; the message says what and where.
        """
        code, notes = rewritten(self, design, moved)
        mark = BYTE_ORDER_MARK if self.text.startswith(BYTE_ORDER_MARK) else ""
        changed = _read(mark + code, self.opened)
        return replace(changed, notes=(*changed.notes, *notes))

    def objections(self, design: Design, moved: Mapping[str, str] = NOTHING_MOVED) -> tuple[str, ...]:
        """What this module has against saying a design, a sentence each; nothing when it follows without more ado.

        Either why it cannot follow at all, or what would be left alone in it and should be looked at.
        """
        try:
            _, notes = rewritten(self, design, moved)
        except DesignError as error:
            return (f"The code that was opened cannot follow: {error}",)
        return tuple(map(str, notes))

    def written_in(self, design: Design, path: str, moved: Mapping[str, str] = NOTHING_MOVED) -> dict[str, list[str]]:
        """Which bodies a person wrote in the part of a design at `path` and in those inside it, by their path."""
        found = {
            at: [method for method in ("execute", "compensate") if (origin, method) in self.written]
            for at, origin in matched(self.design, design, moved).items()
            if f"{at}.".startswith(f"{path}.")
        }
        return {at: methods for at, methods in found.items() if methods}

    def diff(self) -> str:
        """What the changes so far do to the text, as a unified diff; empty when nothing."""
        before, after = self.opened.splitlines(keepends=True), self.text.splitlines(keepends=True)
        return "".join(difflib.unified_diff(before, after, "before", "after"))


def from_code(text: str) -> CodeModule:
    """The design that a module says, made by `to_code` and perhaps edited since; nothing of it runs.

    Raises:
        DesignError: it is no Python (line and column are said), or no saga is in it.
    """
    return _read(text, text)


def _read(text: str, opened: str) -> CodeModule:
    return CodeModule(**vars(understood(text)), text=text, opened=opened)
