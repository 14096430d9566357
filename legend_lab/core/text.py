"""Owns how a text or value of users is shown on one line: with nothing hidden in it, and cut where it is long."""

from __future__ import annotations

import re

_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_NEWLINE = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")


def visible(text: str, longest: int) -> str:
    r"""Return `text` on one line, cut to `longest` characters.

    What cannot be seen (control characters, marks that turn the direction of writing, lone surrogates, what is no
    character) is written out as `\u202e`.
    """
    text = _NEWLINE.sub(" ⏎ ", text[: 2 * longest])
    return cut(_UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text), longest)


def cut(text: str, longest: int) -> str:
    """Return `text`, with `…` for what is over `longest` characters."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def shown(value: object, longest: int = 80) -> str:
    """Return `value` as code would have it, on one line; where its class does not let that be had, what it is."""
    try:
        return visible(repr(value), longest)
    except Exception:  # noqa: BLE001 - the user's own __repr__, or a number too long for Python to write
        return kind_of(value)


def kind_of(value: object) -> str:
    """What a value is, as a sentence says it: `an int`, `a str`."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOaeiou' else 'a'} {name}"
