"""Owns what a diagram leaves out of a saga that is too long to look at: the steps in the middle."""

from __future__ import annotations

from dataclasses import dataclass

from legend_lab.saga.outline import BlockOutline, SagaOutline, StepOutline

LONGEST = 120
"""Steps that are drawn of one saga; more would be no picture."""


@dataclass(frozen=True, slots=True)
class Gap:
    """So many steps that are not drawn."""

    count: int


@dataclass(frozen=True, slots=True)
class Box:
    """A block as it is drawn; `count` says how many steps it really has."""

    block: BlockOutline
    count: int
    items: tuple[Item, ...]


Item = StepOutline | Box | Gap


def excerpt(saga: SagaOutline, longest: int = LONGEST) -> tuple[Item, ...]:
    """All parts of a saga, or (of over `longest` steps) its first and its last with one `Gap` in between."""
    total, tail = len(saga.steps), longest // 6
    first, last = (total, total) if total <= longest else (longest - tail, total - tail)
    return _Cut(first, last).items(saga.parts)


class _Cut:
    """Leaves out the steps from `first` up to, not including, `last`; empty when those are equal."""

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        self.last = last
        self._said = first == last

    def items(self, parts: tuple[StepOutline | BlockOutline, ...]) -> tuple[Item, ...]:
        found: list[Item] = []
        for part in parts:
            if isinstance(part, StepOutline):
                item: Item | None = part if self._keeps(part) else self._gap()
            else:
                item = self._box(part)
            if item is not None:
                found.append(item)
        return tuple(found)

    def _keeps(self, step: StepOutline) -> bool:
        return not self.first <= step.index < self.last

    def _gap(self) -> Gap | None:
        """The gap, at the first step that is left out."""
        if self._said:
            return None
        self._said = True
        return Gap(self.last - self.first)

    def _box(self, block: BlockOutline) -> Item | None:
        """The block with what is left of it; only the gap when that is all."""
        items = self.items(block.parts)
        if all(isinstance(item, Gap) for item in items):
            return items[0] if items else None
        return Box(block, steps_in(block), items)


def steps_in(block: BlockOutline) -> int:
    """How many steps are in a block, at any depth."""
    return sum(1 if isinstance(part, StepOutline) else steps_in(part) for part in block.parts)
