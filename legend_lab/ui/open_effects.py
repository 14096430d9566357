"""Owns what the workbench says of effects: what exists outside at the position, what is undone, and who did it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from legend_lab.core.journal import Journal
from legend_lab.core.text import cut
from legend_lab.lab.ledger import Effect, EffectState
from legend_lab.lab.opening import Shown
from legend_lab.ui.view_state import EffectLook, EffectMove, EffectRow, EffectsState

MOST_EFFECTS: Final = 200
"""Rows that are sent; of more, the ones that exist come first."""
MOST_MOVES: Final = 4
"""Moves of one effect that are told; of more, the newest."""

LONGEST_NAME: Final = 300

_LOOKS: Final[dict[EffectState, EffectLook]] = {
    EffectState.OPEN: "open",
    EffectState.DOUBLED: "doubled",
    EffectState.UNDONE: "undone",
    EffectState.LATE: "late",
    EffectState.NEVER_OPENED: "never_opened",
}
_RANKS: Final = {EffectState.DOUBLED: 0, EffectState.OPEN: 0, EffectState.LATE: 1}
"""What exists comes first, then what is on its way, then what is gone."""


def effects_of(debugger: Shown) -> EffectsState:
    """The effects up to the position, with what the last instruction did to them."""
    found = sorted(debugger.effects, key=lambda effect: _RANKS.get(effect.state, 2))
    journal = debugger.journal
    return {
        "rows": [_row(effect, journal) for effect in found[:MOST_EFFECTS]],
        "more": max(0, len(found) - MOST_EFFECTS),
        "summary": summary_of_effects(found),
    }


def summary_of_effects(effects: Iterable[Effect]) -> str:
    """How many effects there are in each state, in words; empty where there is none."""
    states = Counter(effect.state for effect in effects)
    return " · ".join(f"{states[state]:,} {state.value}" for state in EffectState if states[state])


def _row(effect: Effect, journal: Journal) -> EffectRow:
    last = len(journal) - 1
    return {
        "name": cut(effect.name, LONGEST_NAME),
        "key": cut(effect.key, LONGEST_NAME),
        "look": _LOOKS[effect.state],
        "status": status_of(effect),
        "irreversible": effect.irreversible,
        "news": any(number == last for number in (*effect.opened_at, *effect.closed_at, *effect.ignored_at)),
        "moves": _moves(effect, journal)[-MOST_MOVES:],
    }


def status_of(effect: Effect) -> str:
    """What an effect is like now, in words."""
    if effect.state is EffectState.LATE:
        return "late: on its way"
    status = f"doubled: {effect.count} times" if effect.state is EffectState.DOUBLED else effect.state.value
    return f"{status}, {effect.pending} on the way" if effect.pending else status


def _moves(effect: Effect, journal: Journal) -> list[EffectMove]:
    """Who opened and closed it, in order; what landed late is its own step's, whatever was performed just before."""
    done = "undone" if effect.opened_at else "closed"
    told = [(number, _is_late(effect, journal, number, "open"), "opened") for number in effect.opened_at]
    told += [(number, _is_late(effect, journal, number, "close"), done) for number in effect.closed_at]
    told += [(number, number in effect.late_at, "nothing changed") for number in effect.ignored_at]
    moves: list[EffectMove] = []
    for number, late, word in sorted(told):
        by = f"late by {effect.path}, after" if late else f"by {journal[number].path},"
        moves.append({"text": f"{word} {by} entry {number:,}", "position": number + 1})
    return moves


def _is_late(effect: Effect, journal: Journal, number: int, action: str) -> bool:
    """Whether what happened to `effect` at entry `number` only landed then: the entry did no such thing itself."""
    return number in effect.late_at and not any(
        (done.action, done.name, done.key, done.late) == (action, effect.name, effect.key, False)
        for done in journal[number].effects
    )
