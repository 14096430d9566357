"""Owns the form in which code says a design: what a design need not say is left out of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from legend_lab.lab.design.model import BlockDesign, Design, StepDesign
from legend_lab.lab.design.naming import cap_words, class_names


def canonical(design: Design) -> Design:
    """A design as its code says it: without class names that say nothing, nor times of undos that do nothing."""
    return with_class_names(_each(design, _without_idle_undo), class_names(design))


def with_class_names(design: Design, names: Mapping[str, str | None]) -> Design:
    """The same design, which names those classes that would be called otherwise."""
    parts = design.all_parts
    said = {path: name for path, name in names.items() if path and name not in _usual_names(path, parts[path])}
    while True:
        made = _each(design, lambda _part, path: {"class_name": said.get(path)})
        wrong = {
            path: names[path] for path, name in class_names(made).items() if path and names.get(path, name) != name
        }
        if not wrong.items() - said.items():
            return Design(**dict(made))
        said.update(wrong)


def _usual_names(path: str, part: StepDesign | BlockDesign) -> set[str | None]:
    """What a class may be called without being told."""
    return {None, cap_words(part.name), "".join(map(cap_words, path.split(".")))}


def _each(design: Design, change: Any) -> Design:  # noqa: ANN401 - a function from part and path to changed values
    def within(parts: tuple[Any, ...], prefix: str) -> tuple[Any, ...]:
        made = []
        for part in parts:
            path = prefix + part.name
            values = change(part, path)
            if isinstance(part, BlockDesign):
                values = {**values, "parts": within(part.parts, f"{path}.")}
            made.append(part.model_copy(update=values) if values else part)
        return tuple(made)

    return design.model_copy(update={"parts": within(design.parts, "")})


def _without_idle_undo(part: StepDesign | BlockDesign, _path: str) -> dict[str, Any]:
    if isinstance(part, BlockDesign) or part.no_undo_because is None:
        return {}
    return {name: StepDesign.model_fields[name].default for name in ("undo_duration_ms", "undo_fails", "undo_error")}
