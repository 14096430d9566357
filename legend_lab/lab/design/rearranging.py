"""Owns how lines and arguments are put in another order, left out and added, with what a person wrote between them."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """Something in a sequence as it stands: what is before it (blanks, comments, other lines) and itself."""

    key: str
    before: str
    text: str


def rearranged(items: list[Item], wanted: list[tuple[str | None, str]]) -> str:
    """The items as wanted: by key with their new text, or new ones (None); what was before one that goes is kept."""
    kept, place = {key for key, _ in wanted if key is not None}, {item.key: at for at, item in enumerate(items)}
    left = [item for item in items if item.key not in kept]
    out: list[str] = []
    for key, text in wanted:
        if key is not None:
            at = place[key]
            out += [_remains(item) for item in left if place[item.key] < at]
            left = [item for item in left if place[item.key] > at]
            out.append(items[at].before)
        out.append(text)
    return "".join(out + [_remains(item) for item in left])


def _remains(item: Item) -> str:
    """What a person wrote before something that goes, and behind it on its line."""
    behind = re.search(r"^([ \t]*).*?(?<!\S)(#[^\n]*)$", item.text.rstrip("\r\n"), re.DOTALL)
    ending = "\r\n" if item.text.endswith("\r\n") else "\n"
    comment = behind[1] + behind[2].rstrip("\r") + ending if behind and "# fmt: skip" not in behind[2] else ""
    return (item.before if item.before.strip() else "") + comment
