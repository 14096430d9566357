"""Owns how a failure is shown to the user: as an error of the types that the results promise."""

from __future__ import annotations

from legend_lab.core.errors import UnexpectedError, error_text
from legend_lab.core.instructions import Failure


def public_error(failure: Failure) -> BaseException:
    """The error itself, or an `UnexpectedError` around one that the saga does not declare (S16)."""
    if not failure.unexpected:
        return failure.error
    wrapped = UnexpectedError(error_text(failure.error))
    wrapped.__cause__ = failure.error
    return wrapped
