"""Owns SimulatedService: a participant for demonstrations, designs and exploration, where no real one is at hand."""

from __future__ import annotations

import inspect
from typing import Literal

from legend_lab.core.effects import EffectAction
from legend_lab.core.errors import EffectError, InjectedConnectionError, InjectedError
from legend_lab.core.program import is_number
from legend_lab.runtime.current import current_run, pass_time
from legend_lab.runtime.effects import Declaration, keep, known, record


class SimulatedService:
    """Opens and closes effects of one name, takes time for it on the run's clock, and fails as it was told.

    Used directly or handed in with `resources=`. It remembers nothing: how an attempt goes depends on its number
    alone, so it goes the same on every branch, after a restart and in every process.

    Attributes:
        declaration: what its effects are like.
        latency_ms: time that each call takes.
        open_fails: in each step's first so many attempts, `open` fails and nothing has happened.
        open_loses: in so many attempts after those, the effect is opened and the answer is lost.
        close_fails, close_loses: the same for `close`, by the attempts of each undo.
        error: what a call raises that fails; a lost answer is an `InjectedConnectionError`, hence uncertain.
    """

    def __init__(
        self,
        effect: str,
        *,
        idempotent: bool | None = None,
        irreversible: bool | None = None,
        latency_ms: float = 10.0,
        open_fails: int = 0,
        open_loses: int = 0,
        close_fails: int = 0,
        close_loses: int = 0,
        error: type[Exception] = InjectedError,
    ) -> None:
        """Make a participant; it declares `effect`, whose flags need not be said again where that was done.

        Raises:
            EffectError: the effect is declared otherwise, or a setting has no such value.
        """
        former = known(effect)
        self.declaration = Declaration(
            effect,
            former.idempotent if idempotent is None else idempotent,
            former.irreversible if irreversible is None else irreversible,
        )
        self.latency_ms = latency_ms
        self.open_fails, self.open_loses = open_fails, open_loses
        self.close_fails, self.close_loses = close_fails, close_loses
        self.error = error
        self._check()
        keep(self.declaration, inspect.currentframe())

    async def open(self, key: str | None = None, /, **details: object) -> str:
        """Open an effect, as `effects.open` does, and return its key.

        Raises:
            Exception: `error`, when it is to fail, or that the answer is lost.
        """
        return await self._call("open", key, details)

    async def close(self, key: str | None = None, /) -> str:
        """Close an effect, as `effects.close` does, and return its key.

        Raises:
            Exception: `error`, when it is to fail, or that the answer is lost.
        """
        return await self._call("close", key, {})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.declaration.name!r}>"

    async def _call(self, action: EffectAction, key: str | None, details: dict[str, object]) -> str:
        name = self.declaration.name
        attempt = current_run(f"the {name!r} service").machine.cursor.attempt
        fails, loses = self._plan(action)
        await pass_time(self.latency_ms)
        if attempt <= fails:
            raise self.error(f"{name}: the service refused to {action} (simulated)")
        kept = record(action, self.declaration, key, details)
        if attempt <= fails + loses:
            raise InjectedConnectionError(f"{name}: {action} happened, but its answer was lost (simulated)")
        return kept

    def _plan(self, action: Literal["open", "close"]) -> tuple[int, int]:
        return (self.open_fails, self.open_loses) if action == "open" else (self.close_fails, self.close_loses)

    def _check(self) -> None:
        name = self.declaration.name
        if not is_number(self.latency_ms) or self.latency_ms < 0:
            raise EffectError(f"service {name!r}: latency_ms is a number from 0, not {self.latency_ms!r}"[:200])
        for setting in ("open_fails", "open_loses", "close_fails", "close_loses"):
            count = getattr(self, setting)
            if type(count) is not int or count < 0:
                raise EffectError(f"service {name!r}: {setting} is a whole number from 0, not {count!r}"[:200])
        if not _is_error(self.error):
            raise EffectError(f"service {name!r}: error is a class of exceptions, not {self.error!r}"[:200])


def _is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Exception)
