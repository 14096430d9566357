"""Owns a saga whose every text of users is hostile, for whatever writes sagas into another language."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from legend_lab import EffectError, RetryPolicy, Saga, SimulatedStep

TEXTS = [
    '"', "'", "`x`", '"`**b**`"', "<script>alert(1)</script>", "<b>x</b> & y", "a]b", "])", "}}", "end", "subgraph",
    "x\nend\ny", '%%{init: {"theme":"dark"}}%%', "%% c", "#quot;", "#35;", "&lt;", "&#60;", "ﬂ°°35¶ß", "style a:b#c;",
    "classDef x:#f00;", "click a call b()", "a-->b", "a;b", "]]>", "<![CDATA[x", "<!--", "<?xml?>", "<!DOCTYPE x>",
    "\u202eevil", "\x00\x01\x1b[31m", "日本語", "\U0001d518 😀", "ﷺ", "\ud800", "\ufffe\uffff", "\U000e0041", "{{x}}",
    "{}%s", 'onload="alert(1)"', 'href="javascript:alert(1)"', "url(http://a.b/c)", "@import 'x'", "</style>", "</svg>",
    "</title></desc>", "$$x^2$$", "graph TD", "---", "@{shape: x}", "~~~", "|x|", ":::do", "_a_ *b*", "1. list",
    "http://a.b/c", "\\n", "fa:fa-car", "x" * 10_000, "x y " * 2_500, "\t", "",
]  # fmt: skip


@pytest.fixture(params=TEXTS, ids=lambda text: ascii(text)[:24])
def hostile(request: pytest.FixtureRequest) -> SimpleNamespace:
    """A `text`, and a `saga` whose classes, docstrings and effect are called so."""
    text = request.param

    class Inner(SimulatedStep):
        timeout_s = 1
        retry_policy = RetryPolicy.retries(2)

    class Nested(Saga[dict, Exception]):
        step: Inner

    class Outer(Saga[dict, Exception]):
        block: Nested
        end: Inner

    for cls in (Inner, Nested, Outer):
        cls.__legend_tag__ = text or None
        cls.__doc__ = text
    try:
        step = Inner(effect=text)
    except (EffectError, ValueError):
        step = Inner()
    return SimpleNamespace(text=text, saga=Outer(block=Nested(step=step), end=step))
