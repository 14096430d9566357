"""Owns what can be done to a design: each edit makes another design, or says why it cannot and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from legend_lab.core.errors import DesignError
from legend_lab.core.text import shown
from legend_lab.lab.design.arguments import refusing
from legend_lab.lab.design.checks import LONGEST_NAME
from legend_lab.lab.design.files import checked, design_error
from legend_lab.lab.design.model import BlockDesign, ContextField, Design, EffectDesign, StepDesign

AnyPart = StepDesign | BlockDesign
_Parts = tuple[AnyPart, ...]


@dataclass(frozen=True, slots=True)
class Edited:
    """What came of an edit.

    Attributes:
        design: the design after it.
        path: the step or block that was edited; after a deletion the one now in its place; "" for the saga.
        words: what was done, as one says it: `"add step hotel"`.
        copied: the step or block, as it was before, that what is at `path` is a copy of; empty when it is none.
    """

    design: Design
    path: str
    words: str
    copied: str = ""


@refusing
def add_step(design: Design, *, block: str = "", index: int | None = None, name: str | None = None) -> Edited:
    """Put a new step at `index` of a block (the saga's own level is ""), at its end by default.

    Raises:
        DesignError: there is no such block, or the name cannot be a step's.
    """
    inside = _level(design, block)
    step = checked(StepDesign, {"name": _free_name(design, "step", inside) if name is None else name})
    return Edited(_inserted(design, block, index, step), _join(block, step.name), f"add step {step.name}")


@refusing
def duplicate(design: Design, path: str) -> Edited:
    """Put a copy of a step or block behind it, under a name that is free.

    Raises:
        DesignError: there is no such step or block.
    """
    part, (block, index) = part_at(design, path), _place(design, path)
    name = _free_name(design, part.name, _level(design, block))
    copy = _renamed_classes(part).model_copy(update={"name": name})
    return Edited(_inserted(design, block, index + 1, copy), _join(block, name), f"duplicate {part.name}", path)


@refusing
def delete(design: Design, path: str) -> Edited:
    """Take a step or block out; a block that would be empty goes with its last step.

    Raises:
        DesignError: there is no such step or block.
    """
    part, (block, index) = part_at(design, path), _place(design, path)
    while block and len(_level(design, block)) == 1:
        path, (block, index) = block, _place(design, block)
    after = _without(design, path)
    left = _level(after, block)
    chosen = _join(block, left[min(index, len(left) - 1)].name) if left else ""
    return Edited(after, chosen, f"delete {part.name}")


@refusing
def rename(design: Design, path: str, name: str) -> Edited:
    """Give a step, a block or (at the path "") the saga another name.

    Raises:
        DesignError: the name cannot be one, or is taken in that block.
    """
    if not path:
        return Edited(_with(design, name=name), "", f"rename the saga {name}")
    part, block = part_at(design, path), path.rpartition(".")[0]
    renamed = checked(type(part), {**part.model_dump(mode="json"), "name": name})
    return Edited(_replaced(design, path, (renamed,)), _join(block, name), f"rename {part.name} {name}")


@refusing
def change(design: Design, path: str, settings: dict[str, Any]) -> Edited:
    """Change settings of a step, a block or (at the path "") the saga; values as in JSON.

    Raises:
        DesignError: a setting does not exist or cannot have that value.
    """
    if "kind" in settings or "parts" in settings:
        raise DesignError("kind and parts are no settings; add, move or delete steps instead")
    if "name" in settings:
        raise DesignError("rename gives another name")
    words = f"change {', '.join(map(str, settings)) or 'nothing'} of {path or 'the saga'}"
    if not path:
        unknown = sorted(map(repr, settings.keys() - {"description", "on_compensation_failure"}))
        if unknown:
            raise DesignError(f"a saga has no setting {unknown[0][:60]}")
        return Edited(_with(design, **settings), "", words)
    part = part_at(design, path)
    return Edited(
        _replaced(design, path, (checked(type(part), {**part.model_dump(mode="json"), **settings}),)), path, words
    )


@refusing
def place(design: Design, path: str, block: str, index: int) -> Edited:
    """Move a step or block to `index` of a block, counted before it is taken from where it is.

    A block that would be empty goes, and leaves its name to what was in it.

    Raises:
        DesignError: it would be put into itself, beside one of its name, or where nothing is.
    """
    part = part_at(design, path)
    if block == path or block.startswith(f"{path}."):
        raise DesignError(f"{path} cannot be put into itself")
    _check_place(design, block, index)
    going = _emptied(design, path, block)
    old, at = _place(design, going)
    if block == old:
        index -= index > at
    moved = _inserted(_without(design, going), block, index, part)
    return Edited(moved, _join(block, part.name), f"move {part.name}")


@refusing
def move(design: Design, path: str, by: Literal[-1, 1]) -> Edited:
    """Move a step or block one place up (-1) or down (1); from the edge of its block, out of it.

    Raises:
        DesignError: it is the first or last already.
    """
    block, index = _place(design, path)
    to = index - 1 if by < 0 else index + 2
    if 0 <= to <= len(_level(design, block)):
        return place(design, path, block, to)
    if not block:
        raise DesignError(f"{path} is {'first' if by < 0 else 'last'} already")
    outer, at = _place(design, block)
    return place(design, path, outer, at if by < 0 else at + 1)


@refusing
def nest(design: Design, path: str) -> Edited:
    """Put a step or block into the block just above it, at its end; where there is none, into a new one of its own.

    Raises:
        DesignError: there is no such step or block, or the name is taken there.
    """
    part, (block, index) = part_at(design, path), _place(design, path)
    level = _level(design, block)
    above = level[index - 1] if index else None
    if isinstance(above, BlockDesign):
        return place(design, path, _join(block, above.name), len(above.parts))
    name = _free_name(design, "block", level)
    made = BlockDesign(name=name, parts=(part,))
    return Edited(_replaced(design, path, (made,)), f"{_join(block, name)}.{part.name}", f"nest {part.name}")


@refusing
def unnest(design: Design, path: str) -> Edited:
    """Take a step or block out of its block, to just behind it.

    Raises:
        DesignError: it is in no block, or the name is taken there.
    """
    block, _ = _place(design, path)
    if not block:
        raise DesignError(f"{path} is in no block")
    outer, at = _place(design, block)
    return place(design, path, outer, at + 1)


# -- context and effects -------------------------------------------------------------------------


@refusing
def set_field(design: Design, name: str | None, data: dict[str, Any]) -> Edited:
    """Change the context's field `name`, or add one (None); steps follow a field that is renamed.

    Raises:
        DesignError: it cannot be like that; a step that writes it may say otherwise.
    """
    fields = list(design.context)
    index = _index_of(fields, name, "the context has no field")
    former = {} if name is None else fields[index].model_dump(mode="json")
    field = checked(ContextField, {**former, **data})
    fields[index : index + 1] = [field]
    words = f"add field {field.name}" if name is None else f"change field {field.name}"

    def follow(step: StepDesign) -> dict[str, Any]:
        reads = tuple(field.name if item == name else item for item in step.reads)
        writes = {field.name if item == name else item: value for item, value in step.writes.items()}
        return {"reads": reads, "writes": writes}

    follows = name not in (None, field.name)
    parts = _each_step(design.parts, follow) if follows else design.parts
    return Edited(_with(design, context=tuple(fields), parts=parts), "", words)


@refusing
def remove_field(design: Design, name: str) -> Edited:
    """Take a field out of the context, and out of the steps that read or write it.

    Raises:
        DesignError: there is no such field.
    """
    fields = list(design.context)
    del fields[_index_of(fields, name, "the context has no field")]

    def forget(step: StepDesign) -> dict[str, Any]:
        return {
            "reads": tuple(item for item in step.reads if item != name),
            "writes": {item: value for item, value in step.writes.items() if item != name},
        }

    return Edited(_with(design, context=tuple(fields), parts=_each_step(design.parts, forget)), "", f"remove {name}")


@refusing
def set_effect(design: Design, name: str | None, data: dict[str, Any]) -> Edited:
    """Change the effect `name`, or add one (None); steps follow an effect that is renamed.

    Raises:
        DesignError: it cannot be like that.
    """
    effects = list(design.effects)
    index = _index_of(effects, name, "there is no effect")
    former = {} if name is None else effects[index].model_dump(mode="json")
    effect = checked(EffectDesign, {**former, **data})
    effects[index : index + 1] = [effect]
    follows = name not in (None, effect.name)
    parts = (
        _each_step(design.parts, lambda step: {"effect": effect.name if step.effect == name else step.effect})
        if follows
        else design.parts
    )
    words = f"add effect {effect.name}" if name is None else f"change effect {effect.name}"
    return Edited(_with(design, effects=tuple(effects), parts=parts), "", words)


@refusing
def remove_effect(design: Design, name: str) -> Edited:
    """Take an effect out of the design, and from the steps that open it.

    Raises:
        DesignError: there is no such effect.
    """
    effects = list(design.effects)
    del effects[_index_of(effects, name, "there is no effect")]
    parts = _each_step(design.parts, lambda step: {"effect": None if step.effect == name else step.effect})
    return Edited(_with(design, effects=tuple(effects), parts=parts), "", f"remove effect {name}")


# -- the tree ------------------------------------------------------------------------------------


@refusing
def part_at(design: Design, path: str) -> AnyPart:
    """The step or block at a path.

    Raises:
        DesignError: there is none.
    """
    parts: _Parts = design.parts
    found: AnyPart | None = None
    for name in path.split("."):
        found = next((part for part in parts if part.name == name), None)
        if found is None:
            break
        parts = found.parts if isinstance(found, BlockDesign) else ()
    if found is None:
        raise DesignError(f"there is no step or block {path!r}"[:120])
    return found


def _free_name(design: Design, wanted: str, beside: Iterable[AnyPart]) -> str:
    """`wanted`, or with the first number that makes it free: no part beside it has it, nor a class of the design."""
    taken = {design.name, *(part.name for part in beside), *(part.class_name for part in design.all_parts.values())}
    stem = wanted.rstrip("0123456789").rstrip("_")[: LONGEST_NAME - 8] or "step"
    name, number = wanted, 1 if wanted in ("step", "block") else 2
    while name in taken or name in ("step", "block"):
        name, number = f"{stem}_{number}", number + 1
    return name


def _with(design: Design, **values: Any) -> Design:  # noqa: ANN401 - fields of Design
    try:
        return Design(**{**dict(design), **values})
    except ValidationError as error:
        raise design_error(error) from None


def _level(design: Design, block: str) -> _Parts:
    if not block:
        return design.parts
    part = part_at(design, block)
    if not isinstance(part, BlockDesign):
        raise DesignError(f"{block} is a step, not a block"[:120])
    return part.parts


def _place(design: Design, path: str) -> tuple[str, int]:
    """Block and index of what is at a path."""
    part_at(design, path)
    block, _, name = path.rpartition(".")
    return block, next(index for index, part in enumerate(_level(design, block)) if part.name == name)


def _with_level(design: Design, block: str, parts: _Parts) -> Design:
    if not block:
        return _with(design, parts=parts)
    changed = part_at(design, block).model_copy(update={"parts": parts})
    return _replaced(design, block, (changed,))


def _inserted(design: Design, block: str, index: int | None, part: AnyPart) -> Design:
    level = _level(design, block)
    at = len(level) if index is None else index
    _check_place(design, block, at)
    if any(other.name == part.name for other in level):
        raise DesignError(f"{block or 'the saga'} has a step or block {part.name} already; rename one of them")
    return _with_level(design, block, (*level[:at], part, *level[at:]))


def _check_place(design: Design, block: str, index: int) -> None:
    most = len(_level(design, block))
    if not 0 <= index <= most:
        raise DesignError(f"{block or 'the saga'} has places 0 to {most}, not {shown(index)}")


def _without(design: Design, path: str) -> Design:
    return _replaced(design, path, ())


def _emptied(design: Design, path: str, to: str) -> str:
    """What goes when the part at `path` is moved to the block `to`: it, or the outermost block that is empty then."""
    block = path.rpartition(".")[0]
    while block and len(_level(design, block)) == 1 and not f"{to}.".startswith(f"{block}."):
        path, block = block, block.rpartition(".")[0]
    return path


def _replaced(design: Design, path: str, by: _Parts) -> Design:
    return _with(design, parts=_rebuilt(design.parts, path.split("."), by))


def _rebuilt(parts: _Parts, names: list[str], by: _Parts) -> _Parts:
    made: list[AnyPart] = []
    for part in parts:
        if part.name != names[0]:
            made.append(part)
        elif len(names) == 1:
            made.extend(by)
        else:
            inner = _rebuilt(part.parts if isinstance(part, BlockDesign) else (), names[1:], by)
            made.append(part.model_copy(update={"parts": inner}))
    return tuple(made)


def _each_step(parts: _Parts, values: Callable[[StepDesign], dict[str, Any]]) -> _Parts:
    return tuple(
        part.model_copy(
            update=values(part) if isinstance(part, StepDesign) else {"parts": _each_step(part.parts, values)}
        )
        for part in parts
    )


def _renamed_classes(part: AnyPart) -> AnyPart:
    """A copy whose classes are named anew, since no two can have one name."""
    if isinstance(part, StepDesign):
        return part.model_copy(update={"class_name": None})
    return part.model_copy(update={"class_name": None, "parts": tuple(map(_renamed_classes, part.parts))})


def _index_of(items: list[Any], name: str | None, missing: str) -> int:
    if name is None:
        return len(items)
    for index, item in enumerate(items):
        if item.name == name:
            return index
    raise DesignError(f"{missing} {name!r}"[:120])


def _join(block: str, name: str) -> str:
    return f"{block}.{name}" if block else name
