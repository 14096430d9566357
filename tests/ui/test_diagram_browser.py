"""A saga as the last line of a cell in a real JupyterLab: its diagram, in both themes and at its own size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page

from legend_lab import Saga, SimulatedStep, diagram
from legend_lab.saga import svg

pytestmark = pytest.mark.browser

REPOSITORY = Path(__file__).parents[2]
ARTIFACTS = REPOSITORY / ".artifacts"
RICH = """
import legend_lab
from legend_lab import RetryPolicy, Saga, SimulatedStep, diagram, effects

effects.declare("mail", irreversible=True)

class Approve(SimulatedStep):
    "Ask the manager; the answer may take days."
    compensate_on_failure = True
    uncertain_on = (TimeoutError, ConnectionError, PermissionError)

class Charge(SimulatedStep):
    retry_policy = RetryPolicy(5, 100, 2.0, 1_000, give_up_on=(PermissionError,))
    compensation_retry_policy = RetryPolicy.retries_with_backoff(10, 500)
    timeout_s = 2.5
    idempotent = True

leave = Saga.of("Leave", {
    "hold": SimulatedStep(effect="bank.hold"),
    "decide": Saga.of("Decide", {
        "approve": Approve(pauses=True),
        "inner": Saga.of("Pay", {"charge": Charge(effect="bank.charge")}),
    }),
    "mail": SimulatedStep(effect="mail", no_undo_because="on purpose"),
    "log": SimulatedStep(no_undo_because="on purpose"),
})
"""


def travel_cells() -> list[str]:
    """The first notebook's cells up to the one that makes its saga."""
    notebook = nbformat.read(REPOSITORY / "notebooks/01_travel_booking.ipynb", as_version=4)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"][:3]


def background(page: Page, image: str) -> list[int]:
    """What the browser paints at the picture's upper edge, left of its title, as red, green, blue."""
    return page.locator(image).evaluate(
        """img => {
            const canvas = document.createElement('canvas');
            canvas.width = img.naturalWidth; canvas.height = img.naturalHeight;
            const pen = canvas.getContext('2d');
            pen.drawImage(img, 0, 0);
            return [...pen.getImageData(12, 20, 1, 1).data].slice(0, 3);
        }"""
    )


@pytest.mark.checkout
@pytest.mark.parametrize("theme", ["Light", "Dark"])
@pytest.mark.parametrize("name", ["travel", "rich"])
def test_a_saga_in_a_cell_shows_its_diagram_whole_and_unscaled(
    run_notebook: Callable[..., None], page: Page, name: str, theme: str
) -> None:
    cells = [*travel_cells(), "booking"] if name == "travel" else [RICH, "diagram(leave)"]
    run_notebook(f"diagram-{name}", *cells, theme=f"JupyterLab {theme}")
    image = ".jp-RenderedHTML img"
    page.wait_for_selector(image)
    page.wait_for_function("image => document.querySelector(image).naturalWidth > 0", arg=image)
    shown = page.locator(image).evaluate("img => [img.naturalWidth, img.getBoundingClientRect().width]")
    assert shown[0] == shown[1] <= 900
    assert background(page, image) == ([255, 255, 255] if theme == "Light" else [23, 27, 34])  # a card of its own
    page.locator(image).scroll_into_view_if_needed()
    ARTIFACTS.mkdir(exist_ok=True)
    page.locator(".jp-OutputArea-output").last.screenshot(path=ARTIFACTS / f"diagram-{name}-{theme.lower()}.png")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_on_a_narrow_page_neither_the_diagram_nor_the_canvas_is_cut(
    run_notebook: Callable[..., None], page: Page, theme: str
) -> None:
    page.set_viewport_size({"width": 700, "height": 900})
    run_notebook("narrow", RICH, "diagram(leave)", "legend_lab.canvas(leave)", theme=f"JupyterLab {theme}")
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    page.wait_for_selector("td >> text=on purpose")
    page.wait_for_function("document.querySelector('.jp-RenderedHTML img').getBoundingClientRect().width > 500")
    ARTIFACTS.mkdir(exist_ok=True)
    for name, shown in zip(["diagram", "canvas"], page.locator(".jp-RenderedHTML").all(), strict=True):
        shown.scroll_into_view_if_needed()
        page.screenshot(path=ARTIFACTS / f"narrow-{name}-{theme.lower()}.png")
        cut = shown.evaluate(
            """shown => [shown, ...shown.querySelectorAll('*')]
                .filter(each => each.clientWidth && each.scrollWidth > each.clientWidth + 1)
                .map(each => each.outerHTML.slice(0, 100))"""
        )
        assert cut == []
    shape, own = page.locator(".jp-RenderedHTML img").evaluate(
        "img => [img.width / img.height, img.naturalWidth / img.naturalHeight]"
    )
    assert shape == pytest.approx(own, rel=0.01)


def test_no_text_is_wider_than_it_was_taken_for(page: Page) -> None:
    class Wide(SimulatedStep):
        """WWW MMM @@@ %%% mmm www 000 &&& --- *** the quick brown fox jumps over the lazy dog, and back."""

    steps = {"W" * 40: Wide(effect="MWM&@%#{}" * 9), "m_w_" * 40: SimulatedStep(effect="0123456789" * 9)}
    page.set_content(diagram(Saga.of("WIDE", steps)).svg)
    found = page.evaluate(
        """() => [...document.querySelectorAll('.ll-dg text')].map(each => [
            each.textContent, parseFloat(getComputedStyle(each).fontSize), each.classList.contains('mono'),
            each.getComputedTextLength(), getComputedStyle(each).fontWeight])"""
    )
    assert len(found) > 15
    for words, size, mono, width, weight in found:
        bold = 1.1 if int(weight) > 400 and not mono else 1
        assert width <= svg.width_of(words, size, mono=mono) * bold + 2, words
