"""Owns what a step's docstring says for the lint: who answers for it, and which records it shares with other sagas.

Code cannot tell the lint whose a step is, nor that two services keep the same record. So a person may write it, a line
each, where other people look for it as well:

    Owner: payments
    Reads: account.balance
    Writes: account.balance
    Adds to: account.movements
    Locks: account

`Writes` sets a value, `Adds to` is a change whose order does not matter, `Locks` marks the record as being worked on
(a semantic lock) until the saga has ended. In a one-line docstring they may follow one another after full stops.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_LINE = re.compile(
    r"(?:^|(?<=\. ))[ \t]*(Owner|Reads|Writes|Adds to|Locks):[ \t]*([^\n]*?)(?=\.?[ \t]*$|\. )", re.MULTILINE
)
_MOST_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Records:
    """The records that a step shares with other sagas, as its docstring names them."""

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    adds_to: frozenset[str] = frozenset()
    locks: frozenset[str] = frozenset()

    @property
    def changes(self) -> frozenset[str]:
        """What it writes or adds to."""
        return self.writes | self.adds_to


@lru_cache(maxsize=1_024)
def read_docstring(text: str | None) -> tuple[str, Records]:
    """The owner (empty when none is named) and the records that a docstring names."""
    said: dict[str, list[str]] = {}
    for word, names in _LINE.findall((text or "")[:_MOST_CHARACTERS]):
        said.setdefault(word, []).append(names.strip())
    kinds = {
        word: frozenset(name for line in lines for part in line.split(",") if (name := part.strip()))
        for word, lines in said.items()
    }
    none: frozenset[str] = frozenset()
    records = Records(*(kinds.get(word, none) for word in ("Reads", "Writes", "Adds to", "Locks")))
    return ", ".join(said.get("Owner", ())), records


def first_line(text: str | None) -> str:
    """What a docstring says first, without the lines for the lint."""
    first = (text or "").strip().partition("\n")[0][:_MOST_CHARACTERS]
    return _LINE.sub("", first).strip()
