"""Owns what a setting that was typed in the Designer means for the design: each is one edit, or is refused in words."""

from __future__ import annotations

from typing import Any

from legend_lab.core.errors import DesignError
from legend_lab.lab.design import edits
from legend_lab.lab.design.edits import Edited
from legend_lab.lab.design.model import BlockDesign, ContextField, Design, StepDesign
from legend_lab.ui.designer.values import flag_of, number_of, typed_value, value_text

NO_REASON_YET = "on purpose"
"""Stands as the reason of an undo that does nothing until somebody writes a better one."""
FLAGS = frozenset({"compensate_on_failure", "pauses"})
NUMBERS = frozenset({"duration_ms", "fails", "undo_duration_ms", "undo_fails"})
TEXTS = frozenset({"description", "error", "undo_error", "on_compensation_failure"})
RETRIES = frozenset({"retries", "undo_retries"})


def set_part(design: Design, path: str, place: str, text: str) -> Edited:
    """What is at `path` (the saga at "") has the setting `place` as it was typed.

    Raises:
        DesignError: there is no such setting, or it cannot be so.
    """
    if place == "name":
        return edits.rename(design, path, text.strip())
    if place == "effect":
        return _set_effect_of(design, path, text.strip())
    part = edits.part_at(design, path) if path else None
    return edits.change(design, path, _settings(design, part, place, text))


def _settings(design: Design, part: Any, place: str, text: str) -> dict[str, Any]:  # noqa: ANN401 - a step, block or None
    head, _, rest = place.partition(".")
    if head in FLAGS:
        return {head: flag_of(text)}
    if head in NUMBERS:
        return {head: _needed(number_of(text))}
    if head in TEXTS:
        return {head: text.strip()}
    match head:
        case "class_name":
            return {head: text.strip() or None}
        case "timeout_s":
            return {head: number_of(text)}
        case "idempotent":
            return {head: flag_of(text)}
        case "undo":
            return {"no_undo_because": NO_REASON_YET if text == "nothing" else None}
        case "no_undo_because":
            return {head: _reason(text)}
    if isinstance(part, StepDesign):
        return _of_step(design, part, head, rest, text)
    raise DesignError(f"there is no setting {place[:60]!r} here")


def _reason(text: str) -> str:
    if not text.strip():
        raise DesignError("say why nothing needs to be taken back, or let the undo take back what the step did")
    return text.strip()


def _of_step(design: Design, step: StepDesign, head: str, rest: str, text: str) -> dict[str, Any]:
    if head in RETRIES:
        return {head: _retries(step.model_dump(mode="json")[head], rest, text)}
    match head:
        case "uncertain_on":
            return {head: _ticked(step.uncertain_on, rest, text)}
        case "reads":
            return {head: _ticked(step.reads, rest, text)}
        case "writes":
            value = typed_value(text, _field(design, rest).type)
            kept = {name: old for name, old in step.writes.items() if name != rest}
            return {head: kept if value is None else {**kept, rest: value}}
    raise DesignError(f"a step has no setting {head[:60]!r}")


def _retries(retries: dict[str, Any], name: str, text: str) -> dict[str, Any]:
    name, _, error = name.partition(".")
    if name == "give_up_on":
        return {**retries, name: _ticked(retries[name], error, text)}
    number = number_of(text)
    return {**retries, name: number if name == "max_backoff_ms" else _needed(number)}


def _ticked(chosen: tuple[str, ...], name: str, text: str) -> list[str]:
    if flag_of(text):
        return [*chosen, name] if name not in chosen else list(chosen)
    return [other for other in chosen if other != name]


def _needed(number: float | None) -> float:
    return 0 if number is None else number


def _set_effect_of(design: Design, path: str, name: str) -> Edited:
    """The step opens the effect, which is made when there is none of that name."""
    edits.part_at(design, path)
    known = {effect.name for effect in design.effects}
    with_it = design if not name or name in known else edits.set_effect(design, None, {"name": name}).design
    changed = edits.change(with_it, path, {"effect": name or None})
    words = changed.words if with_it is design else f"add effect {name} to {path}"
    return Edited(changed.design, path, words)


# -- steps -----------------------------------------------------------------------------------------


def added(design: Design, selected: str) -> Edited:
    """A new step stands behind the step that is selected, or at the end of the block or saga that is."""
    if not selected or isinstance(edits.part_at(design, selected), BlockDesign):
        return edits.add_step(design, block=selected)
    block = selected.rpartition(".")[0]
    level = design.parts if not block else edits.part_at(design, block).parts  # type: ignore[union-attr] # a block
    index = next(at for at, part in enumerate(level) if part.name == selected.rpartition(".")[2])
    return edits.add_step(design, block=block, index=index + 1)


def index_of(text: str) -> int:
    """The place that a text says.

    Raises:
        DesignError: it says none.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 6):  # noqa: PLR2004 - MOST_STEPS has five digits
        raise DesignError(f"{text[:40]!r} is no place in a block")
    return int(text)


def said(error: DesignError, place: str) -> str:
    """Why something is refused, for beside its field: without the field's name, as a sentence that begins."""
    text = str(error).removeprefix(f"{place}: ")
    return text[:1].upper() + text[1:]


# -- context and effects ---------------------------------------------------------------------------


def set_context(design: Design, name: str, place: str, text: str) -> Edited:
    """The context's field `name` has `place` as it was typed; "" makes a new one; `place` "remove" takes it out.

    Raises:
        DesignError: it cannot be so.
    """
    if place == "remove":
        return edits.remove_field(design, name)
    if not name:
        return edits.set_field(design, None, {"name": text.strip()})
    field = _field(design, name)
    match place:
        case "type":
            initial = typed_value(value_text(field.initial), text)  # type: ignore[arg-type] # checked by the edit
            return edits.set_field(design, name, {"type": text, "initial": initial})
        case "initial":
            return edits.set_field(design, name, {"initial": typed_value(text, field.type)})
        case "name" | "description":
            return edits.set_field(design, name, {place: text.strip()})
    raise DesignError(f"a field of the context has no {place[:60]!r}")


def set_effect(design: Design, name: str, place: str, text: str) -> Edited:
    """The effect `name` has `place` as it was typed; "" makes a new one; `place` "remove" takes it out.

    Raises:
        DesignError: it cannot be so.
    """
    if place == "remove":
        return edits.remove_effect(design, name)
    if not name:
        return edits.set_effect(design, None, {"name": text.strip()})
    match place:
        case "idempotent" | "irreversible":
            return edits.set_effect(design, name, {place: flag_of(text)})
        case "name":
            return edits.set_effect(design, name, {place: text.strip()})
    raise DesignError(f"an effect has no {place[:60]!r}")


def _field(design: Design, name: str) -> ContextField:
    found = next((field for field in design.context if field.name == name), None)
    if found is None:
        raise DesignError(f"the context has no field {name[:60]!r}")
    return found
