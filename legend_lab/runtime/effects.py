"""Owns the effects port: what steps open and close in the outside world, said to the journal of the run.

Used as `from legend_lab import effects`: declare an effect once, `open` it in a step, `close` it in the undo. The port
only records; the ledger in the lab says what came of it.
"""

from __future__ import annotations

import inspect
import json
from contextvars import ContextVar
from dataclasses import dataclass
from types import FrameType

from legend_lab.core.effects import EffectAction, EffectOperation
from legend_lab.core.errors import EffectError, OutsideRunError
from legend_lab.core.text import kind_of
from legend_lab.runtime.current import current_run, idempotency_key
from legend_lab.runtime.record import is_deeper

DEEPEST_DETAILS = 50
"""Levels of lists and objects that an operation's details may have."""

LATE: ContextVar[bool] = ContextVar("legend_lab_late_effect", default=False)
"""Whether what is done now lands only later, because a `LATE_EFFECT` was injected."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is known of all effects of one name.

    Attributes:
        name: what steps call it.
        idempotent: the participant knows a key again: the same `open` is the same effect, and `close` ends the key.
        irreversible: nothing can close it.
    """

    name: str
    idempotent: bool = False
    irreversible: bool = False

    def __post_init__(self) -> None:
        if not _is_name(self.name):
            raise EffectError(f"an effect's name is a text such as 'hotel.booking', not {self.name!r}"[:200])
        for flag in ("idempotent", "irreversible"):
            if type(getattr(self, flag)) is not bool:
                raise EffectError(f"effect {self.name!r}: {flag} is True or False, not {getattr(self, flag)!r}"[:200])

    def __str__(self) -> str:
        said = ", ".join(f"{flag}={getattr(self, flag)}" for flag in ("idempotent", "irreversible"))
        return f"declare({self.name!r}, {said})"


_Place = tuple[str, str]
"""Module and file in which a declaration was made."""

_declared: dict[str, tuple[Declaration, _Place]] = {}


def declare(name: str, *, idempotent: bool = False, irreversible: bool = False) -> None:
    """Say what effects of this name are like, once, where the steps are defined.

    The same again is fine. In a notebook, a cell that is run again after a change replaces what it said before.

    Raises:
        EffectError: another declaration says otherwise, or a value is none that can be declared.
    """
    keep(Declaration(name, idempotent, irreversible), inspect.currentframe())


def declared(name: str) -> Declaration:
    """What was declared of this name.

    Raises:
        EffectError: nothing was.
    """
    found = _declared.get(name) if _is_name(name) else None
    if found is None:
        known = ", ".join(map(repr, sorted(_declared)[:12])) or "none"
        raise EffectError(
            f"no effect {name!r} is declared (there: {known}); say effects.declare({name!r}) where the step is defined"
        )
    return found[0]


def known(name: str) -> Declaration:
    """What was declared of this name; where nothing was, what `declare(name)` would say.

    Raises:
        EffectError: it is no name.
    """
    return _declared[name][0] if _is_name(name) and name in _declared else Declaration(name)


def declarations() -> tuple[Declaration, ...]:
    """All that was declared, in order; another process declares the same to know the same."""
    return tuple(declaration for declaration, _ in _declared.values())


def open(name: str, /, key: str | None = None, **details: object) -> str:  # noqa: A001 - the word of the domain
    """Record that this step (or undo) has opened an effect; return its key.

    `key` tells effects of one name apart; by default it is the step's own `idempotency_key(of="execute")`, in its undo
    too. `details` (JSON values) are kept with it for whoever looks.

    Raises:
        OutsideRunError: no saga runs here.
        EffectError: the name is not declared, or the key or a detail is none that can be kept.
    """
    return record("open", declared(name), key, details)


def close(name: str, /, key: str | None = None) -> str:
    """Record that this undo (or step) has closed an effect; return its key, which defaults as in `open`.

    Raises:
        OutsideRunError: no saga runs here.
        EffectError: the name is not declared, or declared irreversible.
    """
    return record("close", declared(name), key)


def record(
    action: EffectAction, declaration: Declaration, key: str | None = None, details: dict[str, object] | None = None
) -> str:
    """Record an operation on an effect of which the caller knows what it is like; return its key.

    Raises:
        OutsideRunError: no saga runs here.
        EffectError: an irreversible effect cannot be closed; a key is a text; details are JSON values.
    """
    name = declaration.name
    run = current_run(f"effects.{action}({name!r})")
    if run.stands:
        raise OutsideRunError(f"effects.{action}({name!r}) came when its step had ended and the run stood still")
    if action == "close" and declaration.irreversible:
        raise EffectError(f"effect {name!r} is declared irreversible, so nothing can close it")
    if key is None:
        key = idempotency_key(of="execute")
    if not _is_key(key):
        raise EffectError(f"the key of effect {name!r} is a text, not {key!r}"[:200])
    kept = _copied(name, details) if details else {}
    run.keep_effect(
        EffectOperation(action, name, key, declaration.idempotent, declaration.irreversible, LATE.get(), kept)
    )
    return key


def keep(declaration: Declaration, declarer: FrameType | None) -> None:
    """Register a declaration made by the code that called the frame `declarer`.

    Raises:
        EffectError: another declaration says otherwise.
    """
    caller = declarer.f_back if declarer is not None else None
    place = ("", "") if caller is None else (str(caller.f_globals.get("__name__")), caller.f_code.co_filename)
    former, made_at = _declared.get(declaration.name, (declaration, place))
    is_cell_again = place[0] == made_at[0] == "__main__" and place[1] != made_at[1]
    if former != declaration and not is_cell_again:
        raise EffectError(f"{declaration} contradicts {former}, made in {made_at[0]}; one name is one kind of effect")
    _declared[declaration.name] = (declaration, place)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value) and value == value.strip() and value.isprintable()


def _is_key(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _copied(name: str, details: dict[str, object]) -> dict[str, object]:
    """The details as they are now, whatever becomes of the originals."""
    for field, value in details.items():
        try:
            copied = json.loads(json.dumps(value, allow_nan=False))
            same = bool(copied == value) and not is_deeper(copied, DEEPEST_DETAILS)
        except (TypeError, ValueError, RecursionError):
            same = False
        if not same:
            raise EffectError(f"effect {name!r}: {field}= is {kind_of(value)} that JSON does not keep")
    kept: dict[str, object] = json.loads(json.dumps(details))
    return kept
