"""Owns how the files of `static` become the one text that a part or a page loads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_STATIC: Final = Path(__file__).parent / "static"
_IMPORT: Final = re.compile(r'^import \{[^}]*\} from "\./\w+\.js";\n', re.MULTILINE)
SHARED: Final = ("dom", "lists")
"""Modules that every part stands on."""


def script(name: str) -> str:
    """A module without its imports: what it imports is to stand before it."""
    return _IMPORT.sub("", _text(f"{name}.js"))


def module(name: str, *imported: str) -> str:
    """A part's module as one text, since anywidget loads a single one: after what is shared, and what it imports."""
    return "\n".join(script(file) for file in (*SHARED, *imported, name))


def styles(*names: str) -> str:
    """The rules of all parts, and these."""
    return "\n".join(_text(f"{name}.css") for name in ("base", *names))


def _text(file: str) -> str:
    return (_STATIC / file).read_text(encoding="utf-8")
