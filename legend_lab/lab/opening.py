"""Owns what can be opened to be looked at, and how: live where that is meant, as a recording otherwise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from legend_lab.core.errors import SourceError
from legend_lab.core.text import kind_of
from legend_lab.lab.debugger import Debugger
from legend_lab.lab.recording import Recording, is_session
from legend_lab.lab.source import instead
from legend_lab.runtime.clocks import Clock
from legend_lab.runtime.execution import Execution
from legend_lab.runtime.run import SYSTEM_CLOCK
from legend_lab.runtime.store import PausedRecord
from legend_lab.saga.saga import Saga

Shown = Debugger[Any, Any] | Recording[Any, Any]
"""What can be travelled in: live, or recorded."""


def opened(
    source: object,
    *,
    saga: Any = None,  # noqa: ANN401 - what is no saga is refused in words
    clock: Clock = SYSTEM_CLOCK,
    resources: Any = None,  # noqa: ANN401 - whatever the user's steps ask for
) -> Shown:
    """An execution, a record or a session, to travel in; a debugger or a recording is itself.

    A session whose `saga` is given stands as a live debugger where it was saved (with `clock` and `resources`); all
    else is a recording. Records and sessions may be given as the path of their file or as their data.

    Raises:
        SourceError: it is none of these, or its file cannot be read.
        RecordError: the data is no record or session, is damaged, or does not fit the saga.
    """
    if saga is not None and not isinstance(saga, Saga) and not (isinstance(saga, type) and issubclass(saga, Saga)):
        raise SourceError(f"saga= is a saga or its class, not {_named(saga)}")
    if isinstance(source, Debugger | Recording | Execution):
        if saga is not None:
            raise SourceError(f"saga= is for records and sessions; {_named(source)} knows its saga")
        return Recording.of(source) if isinstance(source, Execution) else source
    data = source.data if isinstance(source, PausedRecord) else source
    if isinstance(data, os.PathLike) or (isinstance(data, str) and not data.lstrip().startswith("{")):
        data = _read_file(data)
    if not isinstance(data, bytes | str):
        raise SourceError(
            "an execution (New, Paused, Completed, Failed, CompensationFailed), a debugger, a record or a session (its "
            f"path or its data) can be opened, {instead(source)}"
        )
    if saga is not None and is_session(data):
        return Debugger.load(data if isinstance(data, bytes) else data.encode(), saga, clock=clock, resources=resources)
    return Recording.read(data, saga)


def _read_file(path: str | os.PathLike[str]) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceError(f"the file {os.fspath(path)!r} cannot be read: {why}") from None


def _named(value: object) -> str:
    return f"the class {value.__qualname__}" if isinstance(value, type) else kind_of(value)
