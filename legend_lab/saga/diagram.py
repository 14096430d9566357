"""Owns the diagram: a saga as one SVG picture, forward down the left side and undone back up the right."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from itertools import pairwise
from os import PathLike
from typing import Any

from legend_lab.core.errors import LegendError
from legend_lab.core.text import visible
from legend_lab.saga import svg
from legend_lab.saga.definition import Block
from legend_lab.saga.excerpt import Box, Gap, Item, excerpt
from legend_lab.saga.facts import Fact, Kind, counted, facts_of_step, facts_of_undo, rules_of, size_of
from legend_lab.saga.outline import SagaOutline, StepOutline, outline
from legend_lab.saga.telling import tell, title_of
from legend_lab.saga.writing import save_text

WIDTH = 860
"""Of every diagram, in px: what a notebook's cell has room for."""
DEEPEST = 6
"""Levels of blocks that are drawn as boxes; what is deeper stands in the last of them with its path."""
LONGEST_TEXT = 400
"""Characters of one text of users that are looked at."""

_LEFT, _RIGHT = 42, WIDTH - 42
_INNER, _OUTER = 72, WIDTH - 72
_INSET = 10
_BETWEEN = 30
_UNDO_SHARE = 0.38
_SPACE = 10
_PAD = 10


@dataclass(frozen=True, slots=True)
class Diagram:
    """A picture of a saga; the last line of a cell shows it.

    Attributes:
        name: the saga's class.
        svg: the picture, a whole SVG document without scripts or references.
        text: the same told in plain lines.
    """

    name: str
    svg: str = field(repr=False)
    text: str = field(repr=False)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the picture to a `….svg` file, in one piece or not at all.

        Raises:
            LegendError: the name ends otherwise, or the file cannot be written.
        """
        if not str(path).endswith(".svg"):
            raise LegendError(f"a diagram is saved as .svg, not as {str(path)!r}"[:300])
        save_text(path, self.svg, "the diagram")

    def __str__(self) -> str:
        return self.text

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ANN401, ARG002 - IPython's protocol
        return {"text/html": self._image(), "image/svg+xml": self.svg, "text/plain": self.text}

    def _image(self) -> str:
        """The picture as HTML that a narrow page shows smaller, not cut: notebooks show a bare SVG at its own size."""
        data = base64.b64encode(self.svg.encode()).decode()
        name = svg.escape(f"Saga {visible(self.name, LONGEST_TEXT)}")
        return f'<img src="data:image/svg+xml;base64,{data}" alt="{name}" style="max-width: 100%; height: auto">'


def diagram(saga: Block | type[Block]) -> Diagram:
    """Draw a saga, or what its class tells of it: steps, undos, blocks, retries, limits, pauses, doubts, effects.

    Of a long saga the first and the last steps are drawn, and how many are left out is said. No step
    and no undo runs.

    Raises:
        SagaDefinitionError: it is no saga, or its class is wrong.
    """
    what = outline(saga)
    told = tell(what)
    return Diagram(what.class_name, _Drawing(what).document(told), told)


@dataclass(frozen=True, slots=True)
class _Stop:
    """Where the two paths pass a step (None for a gap): the middle of its row, and the edges of its two boxes."""

    y: float
    step: StepOutline | None
    left: float = 0
    right: float = 0


class _Drawing:
    """Draws from top to bottom; `y` is how far it has come."""

    def __init__(self, saga: SagaOutline) -> None:
        self._saga = saga
        self._out: list[str] = []
        self._stops: list[_Stop] = []
        self._y = 0.0

    def document(self, told: str) -> str:
        """The whole picture as SVG."""
        self._head()
        top = self._y
        self._y += 24 + _SPACE + 4
        self._items(excerpt(self._saga), _INNER, _OUTER, "", 0)
        bottom = self._y + 10
        self._y = bottom + 24
        self._foot()
        name = svg.escape(visible(self._saga.class_name, LONGEST_TEXT))
        size = f'width="{WIDTH}" height="{self._y:g}" viewBox="0 0 {WIDTH} {self._y:g}"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" class="ll-dg" role="img" {size}>',
                f"<title>Saga {name}</title>",
                f"<desc>{svg.escape(told)}</desc>",
                svg.style(),
                _HATCH,
                svg.rect(0.5, 0.5, WIDTH - 1, self._y - 1, "f-card s-edge", radius=10),
                *self._out,
                *_rails(self._stops, top, bottom),
                "</svg>",
            ]
        )

    def _head(self) -> None:
        size = size_of(self._saga)
        room = WIDTH - 2 * 24
        beside = room - svg.width_of(size, 12) - 16
        name = svg.fitted(visible(self._saga.class_name, LONGEST_TEXT), beside, 20)  # 18, and bold
        self._out.append(svg.text(24, 36, name, "ink", 18, more=' font-weight="650"'))
        self._out.append(svg.text(WIDTH - 24, 36, size, "mute", 12, more=' text-anchor="end"'))
        self._y = 46
        if self._saga.doc:
            self._lines(visible(self._saga.doc, LONGEST_TEXT), 24, room, "ink", 12.5)
        errors = "" if self._saga.error == "Exception" else self._saga.error  # which says nothing
        named = (("context", self._saga.context), ("errors", errors))
        if types := " · ".join(f"{what} {visible(it, LONGEST_TEXT)}" for what, it in named if it):
            self._lines(types, 24, room, "mute", 12)
        self._y += 16

    def _foot(self) -> None:
        self._y += 16
        self._out.append(svg.path(f"M24 {self._y:g}H{WIDTH - 24}", "s-hair"))
        self._y += 8
        for rule in rules_of(self._saga):
            self._lines(rule, 24, WIDTH - 48, "mute", 11.5)
        self._y += 14

    def _lines(self, content: str, x: float, room: float, tone: str, size: float) -> None:
        for line in svg.wrapped(content, room, size):
            self._y += size + 5
            self._out.append(svg.text(x, self._y, line, tone, size))

    def _items(self, items: tuple[Item, ...], left: float, right: float, prefix: str, depth: int) -> None:
        for item in items:
            if isinstance(item, Gap):
                self._gap(item, left, right)
            elif isinstance(item, StepOutline):
                self._step(item, left, right, prefix)
            elif depth < DEEPEST:
                self._box(item, left, right, prefix, depth)
            else:
                self._items(item.items, left, right, prefix, depth)

    def _box(self, box: Box, left: float, right: float, prefix: str, depth: int) -> None:
        place, top = len(self._out), self._y
        self._out.append("")  # its height is known later
        size = counted(box.count, "step")
        end = right - _PAD - svg.width_of(size) - 12
        self._names(_label(box.block.path, prefix), box.block.class_name, left + _PAD, top + 20, end)
        self._out.append(svg.text(right - _PAD, top + 20, size, "mute", more=' text-anchor="end"'))
        self._y += 28
        if box.block.doc:
            self._y -= 5
            self._lines(visible(box.block.doc, LONGEST_TEXT), left + _PAD, right - left - 2 * _PAD, "mute", 11.5)
            self._y += 10
        self._items(box.items, left + _INSET, right - _INSET, f"{box.block.path}.", depth + 1)
        look = "f-block s-edge" if depth % 2 == 0 else "f-card s-edge"
        self._out[place] = svg.rect(left, top, right - left, self._y - top, look, radius=8)
        self._y += _SPACE

    def _gap(self, gap: Gap, left: float, right: float) -> None:
        words = f"… {counted(gap.count, 'step')} of {len(self._saga.steps):,} not drawn …"
        self._stops.append(_Stop(self._y + 16, None))
        more = ' text-anchor="middle" font-style="italic"'
        self._out.append(svg.text((left + right) / 2, self._y + 20, words, "mute", 12, more=more))
        self._y += 32 + _SPACE

    def _step(self, step: StepOutline, left: float, right: float, prefix: str) -> None:
        top = self._y
        split = left + (right - left - _BETWEEN) * (1 - _UNDO_SHARE)
        start = split + _BETWEEN
        title = svg.escape("\n".join(title_of(step)))
        begin = len(self._out)
        done = self._doing(step, left, split, prefix)
        undone = self._undoing(step, start, right)
        height = max(done, undone) - top
        mid = top + 17
        self._out[begin:begin] = [
            f"<g><title>{title}</title>",
            svg.rect(left, top, split - left, height, "f-card s-edge"),
            svg.path(f"M{left + 1.5:g} {top + 4:g}v{height - 8:g}", "s-do", ' style="stroke-width:3"'),
            *_undo_box(step, start, top, right - start, undone - top),
            *_between(step, split, start, mid),
        ]
        self._out.append("</g>")
        self._stops.append(_Stop(mid, step, left, right))
        self._y = top + height + _SPACE

    def _doing(self, step: StepOutline, left: float, right: float, prefix: str) -> float:
        """Write the left box; return where it ends."""
        x, room, y = left + _PAD + 3, right - left - 2 * _PAD - 3, self._y
        self._names(_label(step.path, prefix), step.class_name, x, y + 21, right - _PAD)
        end = self._doc(step.doc, x, y + 34, room)
        return self._chips(facts_of_step(step), x, end, room, "f-chip")

    def _undoing(self, step: StepOutline, left: float, right: float) -> float:
        """Write the right box; return where it ends."""
        x, y = left + _PAD, self._y
        tone = "mute" if step.undo_does_nothing else "undo"
        self._out.append(svg.text(x, y + 21, "undo", tone, 12, more=' font-weight="600"'))
        facts, end = facts_of_undo(step), y + 34
        if facts and facts[0].kind == "nothing":
            after = x + svg.width_of("undo", 12) + 8
            self._out += [svg.icon("nothing", after, y + 11), svg.text(after + 16, y + 21, facts[0].text, "mute")]
            facts = facts[1:]
        end = self._doc(step.undo_doc, x, end, right - left - 2 * _PAD - 8)
        return self._chips(facts, x, end, right - left - 2 * _PAD - 8, "f-card s-hair")

    def _doc(self, doc: str, x: float, y: float, room: float) -> float:
        """Write a line of documentation, broken once if need be; return where it ends."""
        for line in svg.wrapped(visible(doc, LONGEST_TEXT), room, 11.5, lines=2) if doc else ():
            self._out.append(svg.text(x, y + 4, line, "mute", 11.5))
            y += 16
        return y

    def _names(self, name: str, class_name: str, x: float, y: float, end: float) -> None:
        """A name as code has it, and its class after it, which has at least a third of the room if it needs it."""
        name, kind = visible(name, LONGEST_TEXT), visible(class_name, LONGEST_TEXT)
        beside = min(8 + svg.width_of(kind, 12), (end - x) / 3)
        shown = svg.fitted(name, end - x - beside, 13, mono=True)
        self._out.append(svg.text(x, y, shown, "ink", 13, mono=True, more=' font-weight="600"'))
        x += svg.width_of(shown, 13, mono=True) + 8
        self._out.append(svg.text(x, y, svg.fitted(kind, end - x, 12), "mute", 12))

    def _chips(self, facts: list[Fact], left: float, y: float, room: float, look: str) -> float:
        """Facts side by side, in as many rows as they need; return where the box around them ends."""
        if not facts:
            return y
        x, tallest = left, 0.0
        for fact in facts:
            lines = svg.wrapped(visible(fact.text, LONGEST_TEXT), room - 30)
            width = min(room, max(svg.width_of(line) for line in lines) + 28)
            if x > left and x + width > left + room:
                x, y, tallest = left, y + tallest + 5, 0.0
            height = 5 + 14 * len(lines)
            self._out += [svg.rect(x, y, width, height, look, radius=9), svg.icon(fact.kind, x + 7, y + 3.5)]
            self._out += [svg.text(x + 22, y + 13.5 + 14 * n, line, "ink") for n, line in enumerate(lines)]
            x, tallest = x + width + 6, max(tallest, height)
        return y + tallest + 9


def _label(path: str, prefix: str) -> str:
    """A path as it is called inside the block it is drawn in."""
    return path[len(prefix) :]


def _undo_box(step: StepOutline, x: float, y: float, width: float, height: float) -> list[str]:
    if step.undo_does_nothing:
        return [svg.rect(x, y, width, height, "f-none s-edge dash")]
    strip = f' fill="url(#ll-dg-hatch)" transform="translate({x + width - 8:g} {y + 1:g})"'
    return [
        svg.rect(x, y, width, height, "f-wash s-line dash"),
        f'<path d="M0 0h3a4.5 4.5 0 0 1 4.5 4.5v{height - 11:g}a4.5 4.5 0 0 1-4.5 4.5h-3z"{strip}/>',
    ]


def _between(step: StepOutline, left: float, right: float, y: float) -> list[str]:
    """From a step to its own undo: an arrow where it is undone even if it failed for certain."""
    if not step.settings.compensate_on_failure:
        return [svg.path(f"M{left + 5:g} {y:g}H{right - 4:g}", "s-mute dots")]
    tip = right - 3
    return [
        svg.path(f"M{left + 2:g} {y:g}H{tip - 6:g}", "s-line dash", ' style="stroke-width:2"'),
        svg.path(f"M{tip:g} {y:g}l-8-4.5v9z", "f-line"),
    ]


def _rails(stops: list[_Stop], top: float, bottom: float) -> list[str]:
    """Both paths with their ends, the places where they pass the steps, and arrows for their directions."""
    out = [
        svg.path(f"M{_LEFT} {top + 24:g}V{bottom:g}", "rail s-do"),
        svg.path(f"M{_RIGHT} {bottom:g}V{top + 24:g}", "rail s-line dash"),
        *_pill("start", 18, top, "do", None),
        *_pill("failed, undone", WIDTH - 18, top, "undo", "always"),
        *_pill("completed", 18, bottom, "do", None),
        *_pill("a step fails for good", WIDTH - 18, bottom, "warn", None),
        svg.path(f"M{_LEFT} {bottom - 1:g}l-5-9h10z", "f-do"),
        svg.path(f"M{_RIGHT} {top + 25:g}l-5 9h10z", "f-line"),
    ]
    for before, after in pairwise(stops):
        y = (before.y + after.y) / 2
        out.append(svg.path(f"M{_LEFT} {y + 4:g}l-5-8h10z", "f-do"))
        out.append(svg.path(f"M{_RIGHT} {y - 4:g}l-5 8h10z", "f-line"))
    for stop in stops:
        out += _passed(stop)
    return out


def _passed(stop: _Stop) -> list[str]:
    """What the two paths have at one step."""
    y, step = stop.y, stop.step
    if step is None:
        return [svg.rect(x - 8, y - 10, 16, 20, "f-card", radius=0) for x in (_LEFT, _RIGHT)] + [
            svg.path(f"M{x} {y - 6:g}v13", f"rail s-{tone} dots") for x, tone in ((_LEFT, "do"), (_RIGHT, "line"))
        ]
    number = f"{step.index + 1}"
    size = {1: 11, 2: 11, 3: 10, 4: 8.5}.get(len(number), 7)  # five digits still stand in the circle
    circle = f'cy="{y:g}" r="11"'
    out = [
        svg.path(f"M{_LEFT + 11} {y:g}H{stop.left:g}", "s-do"),
        svg.path(f"M{stop.right:g} {y:g}H{_RIGHT - 11}", "s-line dash"),
        f'<circle cx="{_LEFT}" {circle} class="f-do"/>',
        svg.text(_LEFT, y + 4, number, "on", size, more=' text-anchor="middle" font-weight="650"'),
    ]
    if step.undo_does_nothing:
        look, mark = "f-card s-edge", svg.icon("nothing", _RIGHT - 6, y - 6)
    else:
        look, mark = "f-wash s-line", svg.icon("always", _RIGHT - 6, y - 6)
    if step.effect is not None and (step.effect.irreversible or step.undo_does_nothing):
        look, mark = "f-card s-warn", svg.icon("stays", _RIGHT - 6, y - 6.5)
    return [*out, f'<circle cx="{_RIGHT}" {circle} class="{look}"/>', mark]


def _pill(words: str, edge: float, y: float, tone: str, icon: Kind | None) -> list[str]:
    """An end of a path in words, at the left edge of the picture or at its right."""
    width = svg.width_of(words) + 20 + (16 if icon else 0)
    x = edge if edge < WIDTH / 2 else edge - width
    out = [svg.rect(x, y, width, 24, f"f-card s-{tone}", radius=12)]
    if icon:
        out.append(svg.icon(icon, x + 9, y + 6, tone))
    middle = x + width / 2 + (8 if icon else 0)
    return [*out, svg.text(middle, y + 16, words, tone, more=' text-anchor="middle" font-weight="600"')]


_HATCH = (
    '<defs><pattern id="ll-dg-hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path d="M0 0v5" class="s-line" style="stroke-width:3.5"/></pattern></defs>'
)
