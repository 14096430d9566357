"""Owns which classes a changed module has: those that come, those that go, and what each is called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.bodies import step_class
from legend_lab.lab.design.changing import Change
from legend_lab.lab.design.code import saga_class
from legend_lab.lab.design.model import BlockDesign, StepDesign
from legend_lab.lab.design.naming import class_names
from legend_lab.lab.design.parsing import Patch, bound_by


def names_after(change: Change) -> dict[str, str]:
    """What every class will be called, by its path: as in the code, unless the design says another and only we use it.

    Raises:
        DesignError: a class would have to be renamed that a person uses, or a name is taken.
    """
    former = class_names(change.old)
    names = {path: _name_after(change, path, wanted, former) for path, wanted in class_names(change.new).items()}
    taken = _bound(change) - {_called(change, origin) for origin in ["", *change.found.values()]}
    for path, name in names.items():
        origin = change.found.get(path)
        if name in taken and not (origin is not None and _called(change, origin) == name):
            raise DesignError(f"the module has a {name} already; give {path or 'the saga'} another class name")
    return names


def _name_after(change: Change, path: str, wanted: str, former: Mapping[str, str]) -> str:
    origin = change.found.get(path) if path else ""
    if origin is None:
        return wanted
    current = _called(change, origin)
    if current is None:
        return wanted
    if current == wanted or former.get(origin) == wanted:
        return current
    if change.is_ours(origin, current):
        return wanted
    if path and change.after[path].class_name is None:
        change.note(change.outline.parts[origin].field, f"{current} keeps its name")
        return current
    lines = change.lines_elsewhere(origin, current)
    where = f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}" if lines else "more places"
    raise DesignError(
        f"the class {current} cannot become {wanted}: a person wrote code that names it ({where}); "
        "rename it in the code, everywhere, and open that again"
    )


def _called(change: Change, origin: str) -> str | None:
    return change.outline.parts[origin].class_name if origin else change.outline.root.name.value


def _bound(change: Change) -> set[str]:
    """Every name that the module still gives to something."""
    gone = {change.outline.parts[path].class_name for path in change.lost if change.is_untouched(path)}
    return {name for statement in change.tree.body for name in bound_by(statement)} - gone


def new_classes(change: Change, names: dict[str, str]) -> Iterator[Patch]:
    """The classes of new steps and blocks, each before the class that holds it."""
    for path in _inside_first(change.new.parts):
        if path in change.found:
            continue
        part, holder = change.after[path], path.rpartition(".")[0]
        while holder and holder not in change.found:
            holder = holder.rpartition(".")[0]
        at = change.source.above(change.outline.saga_at(change.found[holder] if holder else ""))
        if isinstance(part, BlockDesign):
            lines = saga_class(part, path, names, change.context)
        else:
            lines = step_class(part, names[path], change.context, change.will_be)
        yield Patch(at, at, "\n".join(lines) + "\n\n\n")


def gone_classes(change: Change) -> Iterator[Patch]:
    """The classes of deleted parts: generated ones go, the others stay and are said."""
    source = change.source
    for path in change.lost:
        part = change.outline.parts[path]
        if part.node is None:
            continue
        if not change.is_untouched(path):
            change.note(part.node, f"{part.class_name} is not used any more; it stays, since a person worked on it")
            continue
        start, end = source.region(part.node)
        while source.data[end : source.line_end(end)].strip() == b"" and end < len(source.data):
            end = source.line_end(end)
        yield Patch(start, end, "")


def _inside_first(parts: Iterable[StepDesign | BlockDesign], prefix: str = "") -> Iterator[str]:
    """Paths, what is in a block before the block."""
    for part in parts:
        if isinstance(part, BlockDesign):
            yield from _inside_first(part.parts, f"{prefix}{part.name}.")
        yield prefix + part.name
