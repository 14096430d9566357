"""Owns how a design becomes what the Designer shows: plain data, worked out anew after each edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from legend_lab.lab.design.history import History
from legend_lab.lab.design.model import BlockDesign, Design, StepDesign
from legend_lab.lab.design.templates import TEMPLATES
from legend_lab.ui.designer.form import form_of
from legend_lab.ui.designer.state import (
    DesignerState,
    FieldState,
    NotesState,
    OutlineRow,
    PanelState,
    Refused,
    TableRow,
    TableState,
    Tag,
    TemplateState,
)
from legend_lab.ui.designer.values import SCALARS, flag_text, number_text, value_text
from legend_lab.ui.marks import counted

FIELD_TYPES = ("str", "int", "float", "bool", "list[str]", "dict[str, str]", "object")


@dataclass(slots=True)
class DesignAside:
    """What the Designer knows and its history does not.

    Attributes:
        said: what was done last, in words.
        panel: what is opened under the buttons.
        objections: what the code that was opened has against the design as it is now.
        opened: what a design does not hold of what was opened.
        saved: what saving left as a person wrote it.
        simulated: what a copy has simulated that a person wrote in its original.
        refused: for each part, what was typed there and refused, by its place.
    """

    said: str = ""
    panel: PanelState | None = None
    objections: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()
    simulated: tuple[str, ...] = ()
    refused: dict[str, dict[str, Refused]] = field(default_factory=dict)


def designer_view(history: History, aside: DesignAside, findings: Mapping[str, Sequence[str]]) -> DesignerState:
    """Everything that the Designer shows; `findings` are what the lint says, by path."""
    design = history.design
    templates = [] if design.parts else templates_shown()
    return {
        "bar": {
            "name": design.name,
            "count": size_of(design),
            "undo": history.undo_words or "",
            "redo": history.redo_words or "",
            "said": aside.said,
            "is_empty": not design.parts,
            "templates": templates_shown(),
            "panel": aside.panel,
            "notes": list(_notes(aside)),
            "objections": list(aside.objections),
        },
        "outline": {
            "rows": list(_rows(design, findings)),
            "selected": history.path,
            "summary": size_of(design),
            "templates": templates,
            "refused": aside.refused.get("outline", {}),
        },
        "settings": {
            "form": form_of(design, history.path, findings.get(history.path, ())),
            "refused": aside.refused.get("settings", {}),
        },
        "tables": {
            "tables": [_context_table(design), _effects_table(design)],
            "refused": aside.refused.get("tables", {}),
        },
    }


def _notes(aside: DesignAside) -> Iterator[NotesState]:
    if aside.opened:
        yield {"title": "Left out of the design", "lines": list(aside.opened)}
    if aside.saved:
        yield {"title": "Left in the file as it was", "lines": list(aside.saved)}
    if aside.simulated:
        yield {"title": "Not in the copy", "lines": list(aside.simulated)}


@cache
def templates_shown() -> list[TemplateState]:
    """The gallery."""
    return [
        {"title": title, "about": design.description, "size": size_of(design)} for title, design in TEMPLATES.items()
    ]


def size_of(design: Design) -> str:
    """How big a design is: `4 steps · 1 block`."""
    if not design.parts:
        return "no steps yet"
    blocks = len(design.all_parts) - len(design.steps)
    return counted(len(design.steps), "step") + (f" · {counted(blocks, 'block')}" if blocks else "")


# -- outline ---------------------------------------------------------------------------------------


def _rows(design: Design, findings: Mapping[str, Sequence[str]]) -> Iterator[OutlineRow]:
    yield {
        "path": "",
        "name": design.name,
        "depth": 0,
        "kind": "saga",
        "number": "",
        "about": design.description,
        "tags": [_tag("halt", "halts when an undo fails", "paused")]
        if design.on_compensation_failure == "halt"
        else [],
        "findings": list(findings.get("", ())),
    }
    number = 0
    for path, part in design.all_parts.items():
        is_step = isinstance(part, StepDesign)
        number += is_step
        yield {
            "path": path,
            "name": part.name,
            "depth": path.count(".") + 1,
            "kind": part.kind,
            "number": str(number) if is_step else "",
            "about": part.description,
            "tags": [] if isinstance(part, BlockDesign) else list(_tags(part)),
            "findings": list(findings.get(path, ())),
        }


def _tags(step: StepDesign) -> Iterator[Tag]:
    if step.fails:
        yield _tag(f"✗ {step.fails}", f"fails {counted(step.fails, 'time')} with {step.error}", "failed")
    if step.undo_fails:
        yield _tag(
            f"↩✗ {step.undo_fails}",
            f"its undo fails {counted(step.undo_fails, 'time')} with {step.undo_error}",
            "failed",
        )
    if step.pauses:
        yield _tag("‖", "pauses until somebody resumes", "paused")
    if step.no_undo_because is not None:
        yield _tag("no undo", f"its undo does nothing: {step.no_undo_because}", "undo")
    if step.retries.max_retries:
        yield _tag(f"↻ {step.retries.max_retries}", f"retried {counted(step.retries.max_retries, 'time')}", "plain")
    if step.timeout_s is not None:
        yield _tag(f"≤ {number_text(step.timeout_s)} s", "timeout of each attempt", "plain")


def _tag(text: str, title: str, tone: str) -> Tag:
    return {"text": text, "title": title, "tone": tone}  # type: ignore[typeddict-item] # written above


# -- tables ----------------------------------------------------------------------------------------


def _context_table(design: Design) -> TableState:
    rows: list[TableRow] = []
    for item in design.context:
        initial = _cell("text", "initial", f"{item.name} starts with", value_text(item.initial), "nothing")
        if item.type not in SCALARS:
            initial["hint"] = "nothing"
        kind = _cell("choice", "type", f"Type of {item.name}", item.type)
        kind["choices"] = [(name, name) for name in FIELD_TYPES]
        about = _cell("text", "description", f"Description of {item.name}", item.description, "what it is")
        about["code"] = False
        rows.append(
            {
                "key": item.name,
                "fields": [
                    _cell("text", "name", f"Name of {item.name}", item.name),
                    kind,
                    initial,
                    about,
                    _cell("remove", "remove", f"Remove {item.name} from the context", ""),
                ],
            }
        )
    rows.append({"key": "", "fields": [_cell("text", "name", "Name of a new field", "", "+ field")]})
    return {
        "command": "field",
        "title": "Context",
        "columns": ["name", "type", "starts with"],
        "empty": "",
        "rows": rows,
    }


def _effects_table(design: Design) -> TableState:
    rows: list[TableRow] = [
        {
            "key": effect.name,
            "fields": [
                _cell("text", "name", f"Name of {effect.name}", effect.name),
                _cell("check", "idempotent", f"{effect.name} is idempotent", flag_text(effect.idempotent)),
                _cell("check", "irreversible", f"{effect.name} is irreversible", flag_text(effect.irreversible)),
                _cell("remove", "remove", f"Remove the effect {effect.name}", ""),
            ],
        }
        for effect in design.effects
    ]
    rows.append({"key": "", "fields": [_cell("text", "name", "Name of a new effect", "", "+ effect")]})
    return {
        "command": "effect",
        "title": "Effects",
        "columns": ["name", "idempotent", "irreversible"],
        "empty": "",
        "rows": rows,
    }


def _cell(kind: str, place: str, label: str, value: str, hint: str = "") -> FieldState:
    return {"kind": kind, "place": place, "label": label, "value": value, "hint": hint, "code": kind != "check"}  # type: ignore[typeddict-item] # written above
