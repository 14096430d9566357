"""Owns what was opened as a design: the design, what it cannot hold, and the code that it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from legend_lab.lab.design.code import to_code
from legend_lab.lab.design.code_in import CodeModule, from_code
from legend_lab.lab.design.model import Design


@dataclass(frozen=True, slots=True)
class Opened:
    """Something that exists, as a design.

    Attributes:
        design: its shape, settings and simulation.
        notes: what a design cannot hold, in words; what was opened stays as it is.
        module: the code that it was read from; None when it came from elsewhere.
        path: the file that holds it; None when none does.
        moved: path in what was opened of each part that was renamed or moved since, by its path now.
    """

    design: Design
    notes: tuple[str, ...] = ()
    module: CodeModule | None = None
    path: Path | None = None
    moved: Mapping[str, str] = field(default_factory=dict)

    def is_of(self, other: Opened) -> bool:
        """Say whether both are what was opened once, whatever has moved since."""
        return self.module is other.module and self.notes is other.notes and self.path == other.path

    def objections(self, design: Design) -> tuple[str, ...]:
        """What the code has against saying another design, a sentence each."""
        return () if self.module is None else self.module.objections(design, self.moved)

    def written_in(self, design: Design, path: str) -> dict[str, list[str]]:
        """Which bodies a person wrote in the part of a design at `path` and in those inside it, by their path."""
        return {} if self.module is None else self.module.written_in(design, path, self.moved)

    def code(self, design: Design) -> str:
        """The code of a design: that which was opened, saying this one, or a new module where none was opened.

        Raises:
            DesignError: the code that was opened cannot follow, or the design has no step yet.
        """
        return to_code(design) if self.module is None else self.module.with_design(design, self.moved).text


def opened_code(text: str, path: Path | None = None) -> Opened:
    """The design that code says, which the file at `path` holds.

    Raises:
        DesignError: it is no Python, or no saga is in it.
    """
    module = from_code(text)
    return Opened(module.design, tuple(map(str, module.notes)), module, path)
