"""Owns the hostile texts: what a person, a service or an attacker may put where the workbench or a page shows it.

Tests import it, and so do the kernels they start.
"""

from __future__ import annotations

import unicodedata
from typing import Any, ClassVar

from legend_lab import CompensationOutcome, RetryPolicy, Saga, Step, StepOutcome, VirtualClock, Workbench
from legend_lab.lab.breakpoints import Breakpoint
from legend_lab.runtime.faults import Fault

TEXTS: dict[str, str] = {
    "image": '<img src=x onerror="globalThis.pwned=1">',
    "script": "<script>globalThis.pwned=2</script>",
    "svg": "<svg/onload=globalThis.pwned=3>",
    "handler": '" onmouseover="globalThis.pwned=4" x="',
    "closing script": "</script></style></textarea></title><i>out</i>",
    "comment": "<!-- <!--> --!> ]]> <![CDATA[ x",
    "entities": "&lt;u&gt; &amp;amp; &#60;u&#62; &nbsp;|",
    "plotly markup": '<b>bold</b><br><sub>low</sub><a href="javascript:globalThis.pwned=5">link</a>',
    "override": "user\u202etxt.exe\u202c end",
    "isolates": "\u2067one\u2066two\u2069three",
    "no width": "pay\u200bpal\u2060\ufeff\u00ad",
    "controls": "nul\x00bell\x07esc\x1b[31mred\x7f\x9b",
    "separators": "line\u2028paragraph\u2029end",
    "surrogate": "half\ud800pair\udfff",
    "zalgo": "z" + "\u0300\u0301\u0302\u0316\u0317\u0334" * 12 + "algo",
    "long": "long " * 2_048,
    "emoji": "family \U0001f468\u200d\U0001f469\u200d\U0001f467 flag \U0001f3f4\U000e0067\U000e0062\U000e007f",
    "template": "{{7*7}} ${7*7} #{7*7} %s %(x)s {0.__class__}",
    "windows path": "C:\\new\\table\\u0041\\..\\x",
    "quotes": "'single' \"double\" `tick` \u201ccurly\u201d \\'",
    "style": "background:url(javascript:globalThis.pwned=6);}*{display:none",
    "markdown": "[click](javascript:globalThis.pwned=7) ![x](http://127.0.0.1:9/x) **b** $x^2$",
    "link": "javascript:globalThis.pwned=8//http://127.0.0.1:9/",
    "lines": "first\nsecond\tthird\r\nfourth",
    "right to left": "\u05e9\u05dc\u05d5\u05dd 123 \u0645\u0631\u062d\u0628\u0627 (end)",
    "constructor": "constructor",
    "prototype": "__proto__",
    "script in script": "</script><script>globalThis.pwned=9</script>",
    "comment in script": "--><!-- <script>",
    "style in style": "</style><style>*{display:none}",
    "frame": "<iframe srcdoc='<script>parent.pwned=10</script>'>",
    "end of text": "';globalThis.pwned=11;//",
    "end of attribute": '"><svg onload=globalThis.pwned=12>',
    "end of template": "${globalThis.pwned=13}`",
    "escaped": "\\u003cscript>",
    "slash": "a/b//c",
    "blank": "   ",
}
"""At least one text of each kind that has ever broken a user interface."""

SHORT = {name: text for name, text in TEXTS.items() if name != "long"}
ALL_SHORT = " ¦ ".join(SHORT.values())
MOST_MARKS = 4
"""Marks on one letter that are shown as such."""


def seen(text: str) -> str:
    """What a person sees of a text: what has no look of its own is written out."""
    found, marks = "", 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Mc", "Me"} else 0
        unseen = category in {"Cc", "Cf", "Cs", "Zl", "Zp"} and char not in "\n\t"
        found += f"\\u{ord(char):04x}" if unseen or marks > MOST_MARKS else char
    return found


class Raw:
    """Its `repr` is a text as it is, without quotes or escapes."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Raw) and other.text == self.text

    __hash__: ClassVar[None] = None  # type: ignore[assignment] # as every value that can be changed

    def __repr__(self) -> str:
        return self.text


class Keep(Step[dict[str, Any]]):
    """Writes a text into the context, as key and as value."""

    retry_policy = RetryPolicy.retries(1)
    text: str

    async def execute(self, ctx: dict[str, Any]) -> StepOutcome:
        ctx[self.text] = [self.text, {self.text: Raw(self.text)}]
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: dict[str, Any]) -> CompensationOutcome:
        ctx["undo of " + self.text] = self.text
        raise ValueError(self.text)


class Refuse(Step[dict[str, Any]]):
    async def execute(self, ctx: dict[str, Any]) -> StepOutcome:
        raise type("<b>Rude</b>", (Exception,), {})(ALL_SHORT)

    async def compensate(self, ctx: dict[str, Any]) -> CompensationOutcome:
        return CompensationOutcome.COMPLETED


def never(text: str) -> Any:
    """A condition that never holds, whose name is `text`."""

    def condition(_: object) -> bool:
        return False

    condition.__name__ = text
    return condition


def saga() -> Saga[Any, Any]:
    """A step for each text, and one that fails with all of them; one of the names means something to JavaScript."""
    names = ["constructor", "hasOwnProperty", "\u05e9\u05dc\u05d5\u05dd", *(f"s{n}" for n in range(3, len(TEXTS)))]
    steps: dict[str, Any] = {name: Keep(text=text) for name, text in zip(names, TEXTS.values(), strict=True)}
    return Saga.of("Hostile", {**steps, "refuse": Refuse()})


def workbench() -> Workbench:
    """Every text as key, value, input, error of a step, of its undo and of a fault, and as a breakpoint's condition."""
    made = saga()
    paths = list(type(made).model_fields)[: len(TEXTS)]
    planned = [Fault(path, error=ValueError(text)) for path, text in zip(paths, TEXTS.values(), strict=True)]
    bench = Workbench(made, {"given": [Raw(text) for text in TEXTS.values()]}, faults=planned, clock=VirtualClock())
    bench.debugger.breakpoints = tuple(
        Breakpoint(path, condition=never(text)) for path, text in zip(paths, TEXTS.values(), strict=True)
    )
    return bench
