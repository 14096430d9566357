"""Owns `simulate`: what stands in a step's body until the real work does."""

from __future__ import annotations

from collections.abc import Mapping

from legend_lab.core.errors import InjectedConnectionError, InjectedError, SagaDefinitionError
from legend_lab.core.text import shown
from legend_lab.runtime.current import attempt, current_path, pass_time

SIMULATED_ERRORS: Mapping[str, type[Exception]] = {
    error.__name__: error
    for error in (
        InjectedError,
        InjectedConnectionError,
        ConnectionError,
        TimeoutError,
        PermissionError,
        LookupError,
        ValueError,
        RuntimeError,
    )
}
"""Errors that a simulation can raise, by the name that data gives them."""


async def simulate(
    *_inputs: object, duration_ms: float = 10.0, fails: int = 0, error: type[Exception] = InjectedError
) -> None:
    """Let `duration_ms` pass on the run's clock, then fail if this is one of the first `fails` attempts.

    For the body of a step or undo that is not written yet. The inputs, values of the context as a rule, are only
    named: so the code says what the real work will need.

    Raises:
        OutsideRunError: no saga runs here.
        SagaDefinitionError: `fails` or `error` can be none.
        ClockError: the duration is no number from 0 to 1e12.
        Exception: `error`, in the first `fails` attempts.
    """
    if type(fails) is not int or fails < 0:
        raise SagaDefinitionError(f"simulate: fails is a whole number from 0, not {shown(fails)}")
    raised: object = error
    if not (isinstance(raised, type) and issubclass(raised, Exception)):
        raise SagaDefinitionError(f"simulate: error is a class of exceptions, not {shown(error)}")
    await pass_time(duration_ms)
    number = attempt()
    if number <= fails:
        raise error(f"{current_path()}: attempt {number} failed (simulated)")
