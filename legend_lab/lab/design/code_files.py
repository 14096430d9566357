"""Owns a design's module on disk: made new, or changed where the designer owns it; all of it or nothing is written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.code import to_code
from legend_lab.lab.design.code_in import CodeModule, from_code
from legend_lab.lab.design.model import Design


def open_code(path: str | Path) -> CodeModule:
    """The design that a file of code says; nothing of it runs.

    Raises:
        DesignError: it cannot be read, or no saga is in it.
    """
    try:
        return from_code(Path(path).read_bytes().decode())
    except (OSError, UnicodeDecodeError) as error:
        raise DesignError(f"{path} cannot be read: {error}"[:300]) from None


def save_code(path: str | Path, design: Design, opened: CodeModule | None = None) -> CodeModule:
    """Write a design to a file of code, and return what is there now.

    A file that exists keeps every line that a person wrote: only what the designer owns changes. `opened` is what the
    design was opened from (or what `save_code` returned last); a file that says something else by now is refused.

    Raises:
        DesignError: the file is no saga's code, was changed meanwhile, would lose what a person wrote, or cannot be
            written; it is as it was.
    """
    target = Path(path)
    if not target.exists():
        if opened is not None and opened.opened:
            raise DesignError(f"{target} is gone since it was opened")
        module = from_code(to_code(design))
        _write(target, module.text, expected=None)
        return module
    there = open_code(target)
    if opened is not None and there.text not in (opened.text, opened.opened):
        raise DesignError(f"{target} was changed since it was opened; open it again")
    changed = there.with_design(design)
    if changed.text != there.text:
        _write(target, changed.text, expected=there.text)
    return from_code(changed.text)


def _write(target: Path, text: str, expected: str | None) -> None:
    """Put a text in a file's place at once, unless the file is not as expected."""
    name = ""
    try:
        with tempfile.NamedTemporaryFile(
            "wb", dir=target.parent, prefix=f".{target.name}.", suffix=".tmp", delete=False
        ) as made:
            name = made.name
            made.write(text.encode())
            made.flush()
            os.fsync(made.fileno())
        if expected is None:
            Path(name).chmod(0o666 & ~_umask())
            os.link(name, target)  # fails when there is one by now
            return
        if target.read_bytes() != expected.encode():
            raise DesignError(f"{target} was changed while it was written; nothing was saved")
        Path(name).chmod(target.stat().st_mode & 0o7777)
        Path(name).replace(target)
    except FileExistsError:
        raise DesignError(f"{target} came into being while it was written; nothing was saved") from None
    except OSError as error:
        raise DesignError(f"{target} cannot be written: {error}"[:300]) from None
    finally:
        if name and Path(name).exists():
            Path(name).unlink()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
