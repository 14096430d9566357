"""Owns the files of a design: what is opened from them, what saving would change in them, and how it is saved."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

from legend_lab.core.errors import DesignError
from legend_lab.core.text import kind_of
from legend_lab.lab.design.code_in import from_code
from legend_lab.lab.design.files import MOST_BYTES, from_json, to_json
from legend_lab.lab.design.matching import NOTHING_MOVED
from legend_lab.lab.design.model import Design
from legend_lab.lab.design.opening import Opened, opened_code
from legend_lab.lab.design.tests_in import renewed_tests
from legend_lab.lab.design.tests_out import check_not_taken, to_test_code
from legend_lab.saga.writing import write_file

CONTEXT_LINES = 2
"""Lines around a change that a difference shows."""


@dataclass(frozen=True, slots=True)
class FileDraft:
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
    def diff(self) -> str:
        """What saving would change in a file that exists, as a unified diff; empty when nothing, or where none is."""
        if self.before is None or self.before == self.after:
            return ""
        name = str(self.path)
        before, after = self.before.splitlines(), self.after.splitlines()
        lines = difflib.unified_diff(before, after, name, name, lineterm="", n=CONTEXT_LINES)
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class Draft:
    """What saving a design would write; nothing is written before `save`.

    Attributes:
        files: each file, beside what it holds now.
        notes: what stays in them as a person wrote it although the design says otherwise, in words.
    """

    files: tuple[FileDraft, ...]
    notes: tuple[str, ...] = ()

    @property
    def diff(self) -> str:
        """What saving would change in files that exist, as a unified diff; empty when nothing."""
        return "".join(file.diff for file in self.files)

    def save(self) -> None:
        """Each file holds it: replaced in one piece or not at all, with the permissions it had.

        Raises:
            DesignError: a file has changed since the draft was made, so that nothing is written; or one cannot be
                written.
        """
        for file in self.files:
            if _text_of(file.path) != file.before:
                raise DesignError(f"{file.path} has changed meanwhile; save again to see what would change")
        for file in self.files:
            try:
                if file.after != file.before:
                    write_file(file.path, file.after.encode())
            except (OSError, ValueError) as error:
                raise DesignError(f"{file.path} cannot be written: {_why(error)}") from None


def draft(design: Design, path: str | os.PathLike[str], *, tests: bool = False, origin: Opened | None = None) -> Draft:
    """What saving `design` at `path` would write: code in a `.py`, the design itself in a `.json`.

    In a `.py` that exists only what the design owns changes: what a person wrote there stays. `diff` shows what would
    change, `save` writes it: `draft(design, "booking.py").save()`.

    Args:
        design: what is saved; of a Designer it is `designer.design`.
        path: the file, which may exist.
        tests: the tests of the code are written beside it, too: `test_booking.py`.
        origin: what the design was opened from; where that is code, a new file holds it as a person has left it, and
            its own file knows which step was renamed or moved.

    Raises:
        DesignError: the file is of neither kind, a new one would hide a module of Python, the design has no step
            yet, or what a file holds cannot be changed
            so, or cannot be read; the message says where.
    """
    if not isinstance(design, Design):
        raise DesignError(f"a design is saved, not {kind_of(design)}; that of a Designer is its .design")
    target = _path_of(path)
    if target.suffix == ".json":
        if tests:
            raise DesignError("tests are those of code; save a .py with them, or the .json alone")
        return Draft((FileDraft(target, _text_of(target), to_json(design)),))
    before = _text_of(target)
    notes: tuple[str, ...] = ()
    if before is None:
        check_not_taken(target.stem)
        after = (origin or Opened(design)).code(design)
    else:
        module = from_code(before)
        same = origin is not None and origin.path == target
        changed = module.with_design(design, origin.moved if origin is not None and same else NOTHING_MOVED)
        known = {note.words for note in module.notes}
        after, notes = changed.text, tuple(note.words for note in changed.notes if note.words not in known)
    made = Draft((FileDraft(target, before, after),), notes)
    if not tests:
        return made
    beside = draft_tests(design, file_of_tests(target), target.stem)
    return Draft((*made.files, *beside.files), made.notes)


def draft_tests(design: Design, path: str | os.PathLike[str], module: str) -> Draft:
    """What saving the tests of a design's code would write, which they import as `module`.

    In tests that exist only what they import and expect changes: what a person wrote there stays.

    Raises:
        DesignError: the file is no `.py` or holds something else, the design has no step yet, or `module` is no
            module's name.
    """
    target = _path_of(path)
    if target.suffix != ".py":
        raise DesignError(f"tests are kept in a file that ends in .py, not in {target.name[:80]!r}")
    before = _text_of(target)
    if before is None:
        return Draft((FileDraft(target, before, to_test_code(design, module)),))
    try:
        return Draft((FileDraft(target, before, renewed_tests(before, design, module)),))
    except DesignError as error:
        raise DesignError(f"{target}: {error}") from None


def file_of_tests(path: str | os.PathLike[str]) -> Path:
    """The file of the tests of the code at `path`: `test_booking.py` beside `booking.py`."""
    return Path(path).with_name(f"test_{Path(path).name}")


def open_design(path: str | os.PathLike[str]) -> Opened:
    """The design in a file, a `.json` or a `.py` that a design was written to; nothing of it runs.

    Raises:
        DesignError: there is no design in it, or it cannot be read.
    """
    target = _path_of(path)
    text = _text_of(target)
    if text is None:
        raise DesignError(f"there is no file {target}; a path counts from {Path.cwd()}")
    if target.suffix == ".json":
        return Opened(from_json(text), path=target)
    return opened_code(text, target)


def _path_of(path: str | os.PathLike[str]) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise DesignError(f"a path is a text such as 'booking.py', not {kind_of(path)}")
    file = str(path).strip()
    try:
        target = Path(file).expanduser()
    except (RuntimeError, ValueError) as error:
        raise DesignError(f"{file[:80]!r} is no path: {error}") from None
    if target.suffix not in (".py", ".json") or not file.isprintable():
        raise DesignError(f"a design is kept in a file that ends in .py or .json, not in {file[:80]!r}")
    return target


def _text_of(path: Path) -> str | None:
    """A file's text; None where there is no such file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DesignError(f"{path} cannot be read: {_why(error)}") from None
    if len(data) > MOST_BYTES:
        raise DesignError(f"{path} is too big to hold a design")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise DesignError(f"{path} holds no text in UTF-8; save it in that encoding") from None


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
