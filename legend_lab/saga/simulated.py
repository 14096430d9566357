"""Owns SimulatedStep: a ready step for demonstrations, designs and exploration."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, ClassVar

from pydantic import Field, JsonValue, field_validator

from legend_lab.core.instructions import CompensationOutcome, StepOutcome
from legend_lab.runtime.current import attempt, current_path
from legend_lab.runtime.effects import Declaration, known, record
from legend_lab.saga.simulation import SIMULATED_ERRORS, simulate
from legend_lab.saga.step import Step


class SimulatedStep(Step[Any]):
    """Takes time on the run's clock, writes what it did into the context, and takes it back when undone.

    In a context that is a mapping, `key` is an item that is set and removed; in any other, an attribute that is set
    and goes back to None.
    """

    needs_loop: ClassVar[bool] = False

    duration_ms: float = Field(default=10.0, ge=0, le=1e12)
    """Time that `execute` takes, in ms."""
    fails: int = Field(default=0, ge=0)
    """In the first so many attempts, `execute` fails and nothing has happened."""
    error: str = "InjectedError"
    """What it raises then: one of `SIMULATED_ERRORS`."""
    pauses: bool = False
    """Its first attempt that does not fail pauses the run instead, as one that waits for a person; the next goes on."""
    no_undo_because: str | None = Field(default=None, min_length=1)
    """Why its undo does nothing, on purpose; None when it undoes."""
    undo_duration_ms: float | None = Field(default=None, ge=0, le=1e12)
    """Time that `compensate` takes, in ms; None for the same."""
    undo_fails: int = Field(default=0, ge=0)
    """In the first so many attempts, `compensate` fails and nothing is undone."""
    undo_error: str = "InjectedError"
    """What it raises then."""
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

    @field_validator("error", "undo_error")
    @classmethod
    def _is_an_error(cls, name: str) -> str:
        if name not in SIMULATED_ERRORS:
            raise ValueError(f"an error that can be simulated is one of {', '.join(SIMULATED_ERRORS)}")
        return name

    async def execute(self, ctx: Any) -> StepOutcome:  # noqa: ANN401 - any context
        """Let the time pass, then open the effect and write."""
        await simulate(duration_ms=self.duration_ms, fails=self.fails, error=SIMULATED_ERRORS[self.error])
        if self.pauses and attempt() == self.fails + 1:
            return StepOutcome.PAUSE
        opened = self.declaration()
        if opened is not None:
            record("open", opened)
        self.write(ctx)
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: Any) -> CompensationOutcome:  # noqa: ANN401 - any context
        """Let the time pass, then close the effect (unless nothing can) and take back what was written."""
        if self.no_undo_because is not None:
            return CompensationOutcome.COMPLETED
        duration_ms = self.duration_ms if self.undo_duration_ms is None else self.undo_duration_ms
        await simulate(duration_ms=duration_ms, fails=self.undo_fails, error=SIMULATED_ERRORS[self.undo_error])
        opened = self.declaration()
        if opened is not None and not opened.irreversible:
            record("close", opened)
        self.take_back(ctx)
        return CompensationOutcome.COMPLETED

    def declaration(self) -> Declaration | None:
        """What is known of its effect; None when it has none."""
        return None if self.effect is None else known(self.effect)

    def write(self, ctx: Any) -> None:  # noqa: ANN401 - any context
        """Leave in the context what this step did."""
        if isinstance(ctx, MutableMapping):
            ctx[self._key()] = self.value
        else:
            setattr(ctx, self._key(), self.value)

    def take_back(self, ctx: Any) -> None:  # noqa: ANN401 - any context
        """Remove from the context what this step did."""
        if isinstance(ctx, MutableMapping):
            ctx.pop(self._key(), None)
        else:
            setattr(ctx, self._key(), None)

    def _key(self) -> str:
        return self.key if self.key is not None else current_path().replace(".", "_")
