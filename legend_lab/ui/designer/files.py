"""Owns the files of the Designer: what is opened from them, and what saving would change in them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.code import to_code
from legend_lab.lab.design.code_in import from_code
from legend_lab.lab.design.files import MOST_BYTES, from_json, to_json
from legend_lab.lab.design.model import Design
from legend_lab.lab.design.reading import Opened
from legend_lab.lab.writing import write_file
from legend_lab.ui.designer.state import DiffLine

CONTEXT_LINES = 2
"""Lines around a change that are shown."""
MOST_LINES = 2_000
"""Lines of a difference that are shown."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a file would hold, beside what it holds.

    Attributes:
        path: the file.
        before: its text as it is; None where there is none.
        after: its text as it would be.
    """

    path: Path
    before: str | None
    after: str

    @property
    def diff(self) -> list[DiffLine]:
        """What writing would change in a file that exists."""
        if self.before is None or self.before == self.after:
            return []
        return difference(self.before, self.after)

    def write(self) -> None:
        """The file holds it, in one piece.

        Raises:
            DesignError: the file has changed since it was looked at.
            OSError: it cannot be written.
        """
        if _text_of(self.path) != self.before:
            raise DesignError(f"{self.path} has changed meanwhile; save again to see what would change")
        write_file(self.path, self.after.encode())


def drafted(design: Design, file: str) -> Draft:
    """What saving `design` as `file` would write: Python for `.py`, JSON for `.json`.

    In a `.py` that exists only what the design owns changes: what a person wrote there stays.

    Raises:
        DesignError: the file is of neither kind, the design has no step yet, or what the file holds cannot be changed
            so, or cannot be read; the message says where.
    """
    path = _path_of(file)
    before = _text_of(path)
    if path.suffix == ".json":
        return Draft(path, before, to_json(design))
    return Draft(path, before, to_code(design) if before is None else from_code(before).with_design(design).text)


def opened(file: str) -> Opened:
    """The design in a file, a `.json` or a `.py` that a design was written to; nothing of it runs.

    Raises:
        DesignError: there is no design in it, or it cannot be read.
    """
    path = _path_of(file)
    text = _text_of(path)
    if text is None:
        raise DesignError(f"there is no file {file}; a path counts from {Path.cwd()}")
    if path.suffix == ".json":
        return Opened(from_json(text))
    module = from_code(text)
    return Opened(module.design, tuple(str(note) for note in module.notes))


def difference(before: str, after: str) -> list[DiffLine]:
    """The lines that differ, with a few around them."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=CONTEXT_LINES)
    shown: list[DiffLine] = []
    for line in list(lines)[2:]:
        sign = "@" if line.startswith("@@") else line[0]
        shown.append({"sign": sign, "text": "" if sign == "@" else line[1:]})  # type: ignore[typeddict-item] # -, + or blank
    return shown[:MOST_LINES]


def _path_of(file: str) -> Path:
    try:
        path = Path(file.strip()).expanduser()
    except (RuntimeError, ValueError) as error:
        raise DesignError(f"{file[:80]!r} is no path: {error}") from None
    if path.suffix not in (".py", ".json") or not file.isprintable():
        raise DesignError(f"a design is kept in a file that ends in .py or .json, not in {file[:80]!r}")
    return path


def _text_of(path: Path) -> str | None:
    """A file's text; None where there is no such file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise DesignError(f"{path} cannot be read: {why}") from None
    if len(data) > MOST_BYTES:
        raise DesignError(f"{path} is too big to hold a design")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise DesignError(f"{path} holds no text") from None
