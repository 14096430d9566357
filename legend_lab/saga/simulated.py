"""Owns SimulatedStep: a ready step for demonstrations, designs and exploration."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, ClassVar

from pydantic import Field, JsonValue, field_validator

from legend_lab.core.instructions import CompensationOutcome, StepOutcome
from legend_lab.runtime.current import current_path, pass_time
from legend_lab.runtime.effects import known, record
from legend_lab.saga.step import Step


class SimulatedStep(Step[Any]):
    """Takes time on the run's clock, writes what it did into the context, and takes it back when undone.

    In a context that is a mapping, `key` is an item that is set and removed; in any other, an attribute that is set
    and goes back to None.
    """

    needs_loop: ClassVar[bool] = False

    duration_ms: float = Field(default=10.0, ge=0, le=1e12)
    """Time that `execute` takes, in ms."""
    undo_duration_ms: float | None = Field(default=None, ge=0, le=1e12)
    """Time that `compensate` takes, in ms; None for the same."""
    key: str | None = None
    """Where it writes; None for its own path, with `_` for each dot."""
    value: JsonValue = "done"
    """What it writes."""
    effect: str | None = None
    """Name of an effect that it opens, and closes when undone; one that is not declared is not idempotent."""

    @field_validator("effect")
    @classmethod
    def _is_an_effect(cls, name: str | None) -> str | None:
        return name if name is None else known(name).name

    async def execute(self, ctx: Any) -> StepOutcome:  # noqa: ANN401 - any context
        """Let the time pass, then open the effect and write `value`."""
        await pass_time(self.duration_ms)
        if self.effect is not None:
            record("open", known(self.effect))
        if isinstance(ctx, MutableMapping):
            ctx[self._key()] = self.value
        else:
            setattr(ctx, self._key(), self.value)
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: Any) -> CompensationOutcome:  # noqa: ANN401 - any context
        """Let the time pass, then close the effect (unless nothing can) and take the value back."""
        await pass_time(self.duration_ms if self.undo_duration_ms is None else self.undo_duration_ms)
        if self.effect is not None and not known(self.effect).irreversible:
            record("close", known(self.effect))
        if isinstance(ctx, MutableMapping):
            ctx.pop(self._key(), None)
        else:
            setattr(ctx, self._key(), None)
        return CompensationOutcome.COMPLETED

    def _key(self) -> str:
        return self.key if self.key is not None else current_path().replace(".", "_")
