"""Owns how a file is replaced: in one piece, or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from legend_lab.core.errors import LegendError


def write_file(path: str | os.PathLike[str], data: bytes) -> None:
    """Let the file at `path` hold `data`: in one piece, or as it was when that fails. Its permissions stay.

    Raises:
        OSError: it cannot be written; the error names `path`.
    """
    target = Path(path).resolve()
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with draft.open("xb") as file:
            with suppress(FileNotFoundError):
                draft.chmod(stat.S_IMODE(target.stat().st_mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None:
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
        raise


def save_text(path: str | os.PathLike[str], text: str, what: str, error: type[LegendError] = LegendError) -> Path:
    """The file at `path` holds `text`, in one piece, or is as it was; return its path.

    Args:
        path: where to write it.
        text: what to write, in UTF-8.
        what: what it is, as a message names it.
        error: what is raised.

    Raises:
        LegendError: it cannot be written; the message says where and why.
    """
    try:
        target = Path(path)
        write_file(target, text.encode())
    except (OSError, TypeError, ValueError) as broken:
        why = broken.strerror if isinstance(broken, OSError) and broken.strerror else str(broken)
        raise error(f"{what} cannot be written to {str(path)[:200]!r}: {why}") from broken
    return target
