"""Owns EffectOperation: what a step or undo did to an effect in the outside world, as data in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

EffectAction = Literal["open", "close"]


@dataclass(frozen=True, slots=True)
class EffectOperation:
    """An effect was opened or closed during an instruction; what that means for the effect, the ledger says.

    Attributes:
        action: `"open"` or `"close"`.
        name: the effect's declared name.
        key: tells effects of one name apart.
        idempotent: whether the participant knows a key again; as declared then.
        irreversible: whether nothing can close the effect; as declared then.
        late: it happens outside only later: after the step's undo if there is one, else at the end (a `LATE_EFFECT`).
        details: what the step said about it, as JSON values.
    """

    action: EffectAction
    name: str
    key: str
    idempotent: bool = False
    irreversible: bool = False
    late: bool = False
    details: Mapping[str, Any] = field(default_factory=dict, hash=False)
