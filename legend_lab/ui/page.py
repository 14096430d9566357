"""Owns to_html: a run as one file that a browser opens without a kernel and without a network."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Final

from legend_lab.core.journal import Journal
from legend_lab.lab.moments import Moments
from legend_lab.lab.source import Source
from legend_lab.saga.writing import save_text
from legend_lab.ui.page_view import page_of
from legend_lab.ui.sources import SHARED, script, styles

_PARTS: Final = {"toolbar": "toolbar", "listing": "listing", "context": "context", "history": "history",
                 "events": "events", "timeline": "page_timeline"}  # fmt: skip
"""The module behind each part's name in `page.js`."""
_ESCAPED: Final = re.compile("[<\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""Characters written as escapes: what could end a script, what hides, and what no file in UTF-8 can hold."""


def to_html(source: Source | Journal, path: str | os.PathLike[str]) -> Path:
    """Write a run as one HTML file to keep, and return its path.

    The file needs no kernel and no network. It shows the program, the timeline, the events and the effects at every
    entry, with a strip to move along; made from a `Debugger`, also the context at each entry and what changed in it.
    A debugger's other branches are named. Of a long run the last 2,000 entries are shown; where the contexts are too
    large all together, the last ones; the page says so. A file that was there is replaced in one piece, or not at all.

    Args:
        source: a debugger, an execution in any state, or a journal.
        path: where to write it.

    Raises:
        SourceError: `source` is nothing that can be shown.
        LegendError: the file cannot be written.
    """
    return save_text(path, page_text(source), "the page")


def page_text(source: Source | Journal) -> str:
    """The page as text; the same run gives the same text.

    Raises:
        SourceError: `source` is nothing that can be shown.
    """
    data = json.dumps(page_of(Moments(source)), ensure_ascii=False, separators=(",", ":"))
    data = _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", data)
    code, style = _script(), styles("toolbar", "listing", "context", "history", "events", "page")
    allowed = (
        f"default-src 'none'; script-src {_hash(code)}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{allowed}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>legend_lab</title>
<style>{style}</style>
</head>
<body>
<div class="ll-page ll-workbench"></div>
<noscript>This page shows a run of a saga and needs JavaScript, all of which is in this file.</noscript>
<script type="application/json" id="ll-data">{data}</script>
<script type="module">{code}</script>
</body>
</html>
"""


def _script() -> str:
    """All modules as one: each part in a scope of its own, over what they share."""
    shared = [script(name).replace("export function", "function") for name in SHARED]
    parts = [f"const {name} = (() => {{\n{_body(module)}\n}})();" for name, module in _PARTS.items()]
    return "\n".join([*shared, *parts, script("page")])


def _body(module: str) -> str:
    return script(module).replace("export default { render };", "return { render };")


def _hash(text: str) -> str:
    """How a content security policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
