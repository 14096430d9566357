"""Owns the pieces of a drawing: texts that fit and are text, icons, and colours for light and for dark pages."""

from __future__ import annotations

import unicodedata
from typing import Final

from legend_lab.saga.facts import Kind

# Okabe and Ito's blue, vermillion and orange, darker or lighter where text needs it ("Color Universal Design", 2008).
_LIGHT: Final = {
    "card": "#ffffff", "edge": "#d5dae3", "ink": "#1d2433", "mute": "#5b6577", "block": "#f6f8fb", "hair": "#e1e5eb",
    "chip": "#eef1f6", "do": "#0072b2", "undo": "#8a5800", "line": "#c77700", "wash": "#fff7e8", "warn": "#b84a00",
    "pause": "#6540cf", "doubt": "#a02f6d", "on": "#ffffff",
}  # fmt: skip
_DARK: Final = {
    "card": "#171b22", "edge": "#3a424f", "ink": "#e3e7ee", "mute": "#a3acbb", "block": "#1d222b", "hair": "#333a45",
    "chip": "#262d38", "do": "#5cb8ee", "undo": "#f0c36d", "line": "#e69f00", "wash": "#2a2416", "warn": "#ff9a5a",
    "pause": "#b9a2ff", "doubt": "#f09bc6", "on": "#0d1a30",
}  # fmt: skip
_SANS: Final = 'ui-sans-serif,system-ui,"Segoe UI","Helvetica Neue",Arial,"DejaVu Sans",sans-serif'
_MONO: Final = 'ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace'

_ICONS: Final[dict[Kind, str]] = {
    "retry": "M10.2 6.2A4.2 4.2 0 1 1 8.9 3.2M9.4.9v2.6H6.8",
    "limit": "M6 1.3a4.7 4.7 0 1 0 0 9.4a4.7 4.7 0 1 0 0-9.4M6 3.4V6l1.9 1.3",
    "pause": "M4.2 2.6v6.8M7.8 2.6v6.8",
    "uncertain": "M3.8 4.1a2.2 2.2 0 1 1 3.3 1.9c-.8.5-1.1.9-1.1 1.7M6 9.9v.3",
    "opens": "M6 3.4a2.6 2.6 0 1 0 0 5.2a2.6 2.6 0 1 0 0-5.2",
    "closes": "M6 2.6a3.4 3.4 0 1 0 0 6.8a3.4 3.4 0 1 0 0-6.8",
    "stays": "M6 1.5 11 10.4H1ZM6 4.8v2.5M6 8.8v.2",
    "nothing": "M6 1.7a4.3 4.3 0 1 0 0 8.6a4.3 4.3 0 1 0 0-8.6M9 3 3 9",
    "open": "M2.4 6h.1M6 6h.1M9.6 6h.1",
    "always": "M2.4 4.6h5a2.6 2.6 0 0 1 0 5.2H5.2M4.6 2 2 4.6l2.6 2.6",
    "promise": "M2.6 4.4h6.8M2.6 7.6h6.8",
}
"""Outlines on a field of 12 by 12."""

_TONES: Final[dict[Kind, str]] = {
    "pause": "pause", "uncertain": "doubt", "opens": "do", "closes": "undo", "stays": "warn", "always": "undo",
}  # fmt: skip
"""Colours of icons; the others are as muted as their text."""


def style() -> str:
    """The style sheet: colours as classes, and again for dark pages; every selector starts at the drawing itself."""
    rules = [
        f".ll-dg text{{direction:ltr;font-family:{_SANS};font-size:11px}}",
        f".ll-dg .mono{{font-family:{_MONO}}}",
        ".ll-dg .f-none{fill:none}",
        ".ll-dg .icon{fill:none;stroke-width:1.4;stroke-linecap:round;stroke-linejoin:round}",
        ".ll-dg .rail{fill:none;stroke-width:2.5}",
        ".ll-dg .dash{stroke-dasharray:5 4}",
        ".ll-dg .dots{stroke-dasharray:1.5 4;stroke-linecap:round}",
        *_colours(_LIGHT),
        "@media (prefers-color-scheme:dark){",
        *_colours(_DARK),
        "}",
    ]
    return "<style>" + "\n".join(rules) + "</style>"


def _colours(palette: dict[str, str]) -> list[str]:
    return [f".ll-dg .f-{name}{{fill:{it}}}.ll-dg .s-{name}{{stroke:{it}}}" for name, it in palette.items()]


def escape(text: str) -> str:
    """Text as XML has it; `text` must be free of what XML cannot have (see `visible`)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def text(x: float, y: float, content: str, tone: str, size: float = 11, *, mono: bool = False, more: str = "") -> str:
    """A line of text with its baseline at `y`."""
    kind = f"f-{tone} mono" if mono else f"f-{tone}"
    sized = f' style="font-size:{size:g}px"' if size != 11 else ""  # noqa: PLR2004 - what the style sheet says
    return f'<text x="{x:g}" y="{y:g}" class="{kind}"{sized}{more}>{escape(content)}</text>'


def rect(x: float, y: float, width: float, height: float, look: str, *, radius: float = 6) -> str:
    """A rounded rectangle; `look` names classes of the style sheet."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" class="{look}"/>'


def path(outline: str, look: str, more: str = "") -> str:
    """A path; `look` names classes of the style sheet."""
    return f'<path d="{outline}" class="{look}"{more}/>'


def icon(kind: Kind, x: float, y: float, tone: str | None = None) -> str:
    """The icon of a kind of fact, 12 wide and high, with its upper left corner here."""
    tone = tone or _TONES.get(kind, "mute")
    heavy = ' style="stroke-width:2"' if kind in ("pause", "open", "promise") else ""
    look = f"f-{tone} s-{tone}" if kind == "opens" else f"icon s-{tone}"
    return path(_ICONS[kind], look, f' transform="translate({x:g} {y:g})"{heavy}')


class _Ems(dict[str, float]):
    """Widths of characters in units of the text's size; of those beyond ASCII a generous guess."""

    def __missing__(self, char: str) -> float:
        return self.setdefault(char, 1.1 if unicodedata.east_asian_width(char) in "WF" else 0.85)


_ASCII: Final = [chr(code) for code in range(32, 127)]
_MONO_EMS: Final = _Ems(dict.fromkeys(_ASCII, 0.62))
_SANS_EMS: Final = _Ems(dict.fromkeys(_ASCII, 0.65))
"""About those of DejaVu Sans, the widest of the usual fonts."""
for _width, _chars in {
    0.34: "ijlI.,:;'|! ",
    0.42: "()[]frt-/",
    0.6: "?_sczkvxyJL",
    0.76: "ABCDEFGHKNPRSTUVXYZw",
    1.0: "MOQWm@%&+=<>~",
}.items():
    _SANS_EMS.update(dict.fromkeys(_chars, _width))


def width_of(content: str, size: float = 11, *, mono: bool = False) -> float:
    """A width in px that `content` hardly exceeds in any of the fonts asked for."""
    return size * sum(map((_MONO_EMS if mono else _SANS_EMS).__getitem__, content))


def fitted(content: str, room: float, size: float = 11, *, mono: bool = False) -> str:
    """`content`, with an ellipsis for what does not fit into `room` px."""
    if width_of(content, size, mono=mono) <= room:
        return content
    left, kept = room - width_of("…", size, mono=mono), 0
    for char in content:
        left -= width_of(char, size, mono=mono)
        if left < 0:
            break
        kept += 1
    return content[:kept] + "…"


def wrapped(content: str, room: float, size: float = 11, lines: int = 3) -> list[str]:
    """`content` broken at spaces into at most `lines` lines of `room` px; the last ends in an ellipsis if need be."""
    found: list[str] = []
    line = ""
    words = content.split(" ")
    for place, word in enumerate(words):
        longer = f"{line} {word}" if line else word
        if not line or width_of(longer, size) <= room:
            line = longer
        elif len(found) == lines - 1:
            line = " ".join([line, *words[place:]])
            break
        else:
            found.append(line)
            line = word
    return [fitted(each, room, size) for each in (*found, line)]
