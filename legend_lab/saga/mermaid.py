"""Owns `to_mermaid`: a saga as the text of a Mermaid flowchart, for READMEs, wikis and pull requests."""

from __future__ import annotations

from itertools import pairwise

from legend_lab.core.text import visible
from legend_lab.saga.definition import Block
from legend_lab.saga.excerpt import LONGEST, Box, Gap, Item, excerpt
from legend_lab.saga.facts import GLYPHS, Fact, counted, facts_of_step, facts_of_undo
from legend_lab.saga.outline import SagaOutline, StepOutline, outline

LONGEST_LABEL = 60
"""Characters of one line of a label."""
LONGEST_TEXT = 48_000
"""Characters of a flowchart: mermaid refuses those over 50,000."""
FEWEST = 4
"""Steps that are written even if that is over `LONGEST_TEXT`."""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _.,")
_APART = frozenset("$\\:ﬂ¶")
"""Each begins what mermaid would still read: `$$` formulas, `\\n`, `fa:` icons, its own stand-ins for entities."""
_JOINER = "#8288;"
"""A word joiner: it has no width, and keeps apart what must not be read together."""

_CLASSES = (
    "classDef do fill:#e6f2fa,stroke:#0072b2,color:#1d2433",
    "classDef undo fill:#fff3dc,stroke:#c77700,color:#3d2400,stroke-dasharray:5 4",
    "classDef idle fill:#f1f3f6,stroke:#8a93a3,color:#5b6577,stroke-dasharray:2 3",
    "classDef stays fill:#fbe6da,stroke:#d55e00,color:#4a1a00",
)


def to_mermaid(saga: Block | type[Block]) -> str:
    """Write a saga, or what its class tells of it, as a Mermaid flowchart.

    Solid arrows go forward, dotted ones undo, newest first; blocks are subgraphs. Every text of users is written so
    that it stays text. Of a long saga the middle is left out, as in `diagram`.

    Raises:
        SagaDefinitionError: it is no saga, or its class is wrong.
    """
    what = outline(saga)
    shown = LONGEST
    while len(text := _written(what, excerpt(what, shown))) > LONGEST_TEXT and shown > FEWEST:
        shown //= 2
    return text


def _written(what: SagaOutline, items: tuple[Item, ...]) -> str:
    writer = _Writer()
    writer.node("start", [f"▶ {what.class_name}"], "do", "([])")
    writer.items(items, "  ")
    writer.node("completed", ["✓ completed"], "do", "([])")
    writer.node("failed", ["↩ failed, undone"], "undo", "([])")
    return "\n".join(["flowchart TD", *writer.lines, *writer.edges(), *(f"  {line}" for line in _CLASSES), ""])


class _Writer:
    """Collects nodes in order, then joins them."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._stops: list[StepOutline | Gap] = []
        self._blocks = 0

    def node(self, id: str, texts: list[str], kind: str, shape: str = "[]", indent: str = "  ") -> None:
        label = "<br/>".join(_text(text) for text in texts)
        half = len(shape) // 2
        self.lines.append(f'{indent}{id}{shape[:half]}"{label}"{shape[half:]}:::{kind}')

    def items(self, items: tuple[Item, ...], indent: str) -> None:
        for item in items:
            if isinstance(item, Box):
                self._blocks += 1
                label = _text(f"{item.block.name} · {item.block.class_name}")
                self.lines.append(f'{indent}subgraph b{self._blocks}["{label}"]')
                self.items(item.items, indent + "  ")
                self.lines.append(f"{indent}end")
                continue
            number = len(self._stops)
            self._stops.append(item)
            if isinstance(item, Gap):
                self.node(f"s{number}", [f"… {counted(item.count, 'step')} not drawn …"], "idle", indent=indent)
            else:
                self._step(item, number, indent)

    def edges(self) -> list[str]:
        """Forward through all steps, from each to its own undo, and back through the undos."""
        steps = [f"s{number}" for number in range(len(self._stops))]
        undos = [f"{'s' if isinstance(stop, Gap) else 'u'}{number}" for number, stop in enumerate(self._stops)]
        return [
            *_joined(["start", *steps, "completed"], "-->"),
            *(f"  s{number} -. {_word(stop)} .-> u{number}" for number, stop in enumerate(self._stops) if _word(stop)),
            *_joined([*reversed(undos), "failed"], "-.->"),
        ]

    def _step(self, step: StepOutline, number: int, indent: str) -> None:
        named = f"{step.index + 1} {step.name} · {step.class_name}"
        self.node(f"s{number}", [named, *_lines(facts_of_step(step))], "do", indent=indent)
        undo = facts_of_undo(step)
        kind = "undo"
        if step.undo_does_nothing:
            kind = "idle"
        if any(fact.kind == "stays" for fact in undo):
            kind = "stays"
        self.node(f"u{number}", [f"undo {step.name}", *_lines(undo)], kind, "()", indent)


def _joined(names: list[str], arrow: str) -> list[str]:
    return [f"  {before} {arrow} {after}" for before, after in pairwise(names)]


def _word(stop: StepOutline | Gap) -> str:
    """When a step's own undo runs; empty where a gap is."""
    if isinstance(stop, Gap):
        return ""
    return "done or failed" if stop.settings.compensate_on_failure else "done"


def _lines(facts: list[Fact]) -> list[str]:
    return [f"{GLYPHS[fact.kind]} {fact.text}" for fact in facts]


def _text(text: str) -> str:
    """`text` inside the quotes of a label, where mermaid reads entities, markdown, HTML and directives."""
    return "".join(map(_char, visible(text, LONGEST_LABEL)))


def _char(char: str) -> str:
    written = char if char in _PLAIN or not char.isascii() else f"#{ord(char)};"
    return written + _JOINER if char in _APART else written
