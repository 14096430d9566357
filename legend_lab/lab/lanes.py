"""Owns the rows of a timeline: a lane for each step in display order, a heading above the steps of each block."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from legend_lab.core.text import visible
from legend_lab.lab.labels import LONGEST_LABEL
from legend_lab.lab.marks import FAINT

HEADING: float = 0.7
"""Height of a block's heading, where a step's lane has 1."""
_SPACE = "\u00a0"


@dataclass(slots=True)
class Band:
    """The rows of one block, from its heading to its last step."""

    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Lanes:
    """Where each step is drawn; y grows downwards.

    Attributes:
        y: middle of each step's lane, by step index.
        height: all lanes and headings together.
        ticks: where the labels of steps and headings are.
        labels: what they say, in plotly's markup.
        width: characters of the longest label.
        bands: where blocks are, outer ones first.
    """

    y: dict[int, float]
    height: float
    ticks: list[float]
    labels: list[str]
    width: int
    bands: list[Band]


def lay_out(paths: Mapping[int, str], tried: Iterable[int]) -> Lanes:
    """Give each step its lane; labels of steps (and of blocks) that were not `tried` are faint."""
    tried = set(tried)
    entered = {block for index in tried if index in paths for block in _blocks(paths[index])}
    y: dict[int, float] = {}
    rows: list[tuple[float, int, str, bool]] = []  # middle, depth, text, whether it is faint
    bands: list[Band] = []
    open_bands: list[Band] = []
    around: list[str] = []
    edge = 0.0
    for index, path in paths.items():
        *blocks, name = path.split(".")
        shared = _shared(around, blocks)
        for band in open_bands[shared:]:
            band.bottom = edge
        del open_bands[shared:]
        for depth in range(shared, len(blocks)):
            open_bands.append(Band(edge, edge))
            inside = ".".join(blocks[: depth + 1])
            rows.append((edge + HEADING / 2, depth, f"▾ {blocks[depth]}", inside not in entered))
            edge += HEADING
        bands += open_bands[shared:]
        around = blocks
        y[index] = edge + 0.5
        rows.append((edge + 0.5, len(blocks), name, index not in tried))
        edge += 1
    for band in open_bands:
        band.bottom = edge
    texts = [visible(2 * depth * _SPACE + text, LONGEST_LABEL) for _, depth, text, _ in rows]
    width = max(map(len, texts), default=0)
    labels = [
        _faint(label) if faint else label
        for label, (*_, faint) in zip((_padded(text, width) for text in texts), rows, strict=True)
    ]
    return Lanes(y, edge, [middle for middle, *_ in rows], labels, width, bands)


def _padded(text: str, width: int) -> str:
    """The label as wide as the widest: plotly aligns them at the axis, and so they align on the left too."""
    return html.escape(text.ljust(width, _SPACE), quote=False)


def _faint(label: str) -> str:
    return f'<span style="color:{FAINT}">{label}</span>'


def _blocks(path: str) -> list[str]:
    """The paths of all blocks around a step."""
    names = path.split(".")
    return [".".join(names[:depth]) for depth in range(1, len(names))]


def _shared(one: list[str], other: list[str]) -> int:
    """How many outer blocks two places have in common."""
    pairs = zip(one, other, strict=False)
    return next((depth for depth, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
