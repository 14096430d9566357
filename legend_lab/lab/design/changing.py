"""Owns what a change of a module is about: the code as it is, the design it is to say, and which part is which."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import libcst as cst

from legend_lab.lab.design.bodies import Surroundings, step_class, surroundings
from legend_lab.lab.design.code import saga_class
from legend_lab.lab.design.matching import matched
from legend_lab.lab.design.model import BlockDesign, Design, StepDesign
from legend_lab.lab.design.outline import Outline
from legend_lab.lab.design.parsing import Source, has_comments, names_in, tree_of
from legend_lab.lab.design.understanding import Note, Understood


@dataclass
class Change:
    """One change of one module.

    Attributes:
        there: the module as it is.
        new: the design that it is to say.
        moved: path in the module of each part that was seen to move, by its path in the new design.
        notes: what the change leaves alone.
    """

    there: Understood
    new: Design
    moved: Mapping[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    @property
    def old(self) -> Design:
        """The design that the module says."""
        return self.there.design

    @property
    def outline(self) -> Outline:
        """Where everything stands in the module."""
        return self.there.outline

    @property
    def source(self) -> Source:
        """The module's text and tree."""
        return self.there.source

    @property
    def context(self) -> str:
        """What the context's class is called."""
        return self.outline.context_name or "Any"

    @cached_property
    def found(self) -> dict[str, str]:
        """The path in the module of each part that stays, by its path in the new design."""
        return matched(self.old, self.new, self.moved)

    @cached_property
    def before(self) -> dict[str, StepDesign | BlockDesign]:
        """Every part of the design that the module says, by its path."""
        return self.old.all_parts

    @cached_property
    def after(self) -> dict[str, StepDesign | BlockDesign]:
        """Every part of the new design, by its path."""
        return self.new.all_parts

    @cached_property
    def were(self) -> Surroundings:
        """What the steps have around them in the module."""
        return surroundings(self.old)

    @cached_property
    def will_be(self) -> Surroundings:
        """What the steps are to have around them."""
        return surroundings(self.new)

    @cached_property
    def tree(self) -> ast.Module:
        """The module as the standard library's tree."""
        return ast.parse(self.source.text)

    @cached_property
    def lost(self) -> list[str]:
        """Paths in the module of the parts that do not stay."""
        kept = set(self.found.values())
        return [path for path in self.outline.parts if path not in kept]

    def note(self, node: cst.CSTNode, words: str) -> None:
        """Say of a place what is left alone there."""
        self.notes.append(Note(self.source.line(node), words))

    def is_ours(self, path: str, class_name: str) -> bool:
        """Say whether a part's class is named only where the designer owns the name."""
        ours = self._made[class_name] + bool(path)  # where the saga is made, and its field
        return self.outline.saga_at(path) is not None and self._uses[class_name] == ours

    def lines_elsewhere(self, path: str, class_name: str) -> list[int]:
        """The lines that name a part's class, but for its field and where the saga is made."""
        call = self.outline.construction
        ours = set() if call is None else set(self.source.lines(call))
        ours |= {self.source.line(self.outline.parts[path].field)} if path else set()
        said = {node.lineno for node in ast.walk(self.tree) if isinstance(node, ast.Name) and node.id == class_name}
        return sorted(said - ours)

    def is_untouched(self, path: str) -> bool:
        """Say whether the class of a part is just as it was generated, and nothing else names it."""
        part = self.outline.parts[path]
        design, node, name = self.before[path], part.node, str(part.class_name)
        if node is None or not self.is_ours(path, name) or has_comments(node) or node.decorators:
            return False
        if any((path, phase) in self.there.written for phase in ("execute", "compensate")):
            return False
        if isinstance(design, BlockDesign):
            inside = {item.path: str(item.class_name) for item in self.outline.inside(path)}
            lines = saga_class(design, path, {path: name, **inside}, self.context)
        else:
            lines = step_class(design, name, self.context, self.were)
        bare = self.source.above(node) == self.source.region(node)[0]
        return bare and tree_of("\n".join(lines)) == tree_of(self.source.code(node))

    @cached_property
    def _uses(self) -> Counter[str]:
        return names_in(self.tree)

    @cached_property
    def _made(self) -> Counter[str]:
        call = self.outline.construction
        return Counter() if call is None else names_in(self.source.expression(call))
