"""Shows a part alone in an empty page, over a model that a test changes."""

from __future__ import annotations

import json

from playwright.sync_api import Page

from legend_lab.ui.parts import Part

RENDER = """async ([code, shown, height]) => {
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    const part = (await import(url)).default;
    const listeners = new Set();
    window.state = shown;
    window.sent = [];
    window.tell = (news) => {
        Object.assign(state, news);
        for (const listener of listeners) listener();
    };
    window.tellAtOnce = (news) => {
        tell(news);
        document.querySelector(".ll-part").dispatchEvent(new CustomEvent("ll-paint"));
    };
    const model = {
        get: (name) => state[name],
        on: (event, listener) => event === "change" && listeners.add(listener),
        off: (event, listener) => listeners.delete(listener),
        send: (command) => sent.push(command),
    };
    const el = document.body.appendChild(document.createElement("div"));
    el.style.height = `${height}px`;
    part.render({ model, el });
}"""


def show_alone(page: Page, part: Part, height: int = 300) -> None:
    """Show the part, `height` px high. In the page, `tell` changes what it shows, and `sent` is what it sends.

    What is told is painted a moment later, with `tellAtOnce` at once.
    """
    page.goto("about:blank")
    page.add_style_tag(content=part._css)
    shown = {"shortcuts": part.shortcuts, **part.shown}
    page.evaluate(RENDER, [part._esm, json.loads(json.dumps(shown)), height])
