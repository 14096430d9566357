"""Owns how a module comes to say another design: patches of what the designer owns, to the byte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import libcst as cst

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.bodies import compensate_body, execute_body
from legend_lab.lab.design.changing import Change
from legend_lab.lab.design.class_body import heading, method_body, settings
from legend_lab.lab.design.classes import gone_classes, names_after, new_classes
from legend_lab.lab.design.constructing import construction
from legend_lab.lab.design.heading import context_patches, effect_patches
from legend_lab.lab.design.importing import with_imports
from legend_lab.lab.design.keeping import check_new_fields, check_new_steps, check_uses
from legend_lab.lab.design.model import BlockDesign, Design, StepDesign
from legend_lab.lab.design.outline import PartSource
from legend_lab.lab.design.parsing import Patch, assigned, body_of, patched
from legend_lab.lab.design.rearranging import Item, rearranged
from legend_lab.lab.design.understanding import Note, Understood

EXECUTE = ("duration_ms", "fails", "error", "pauses", "effect", "reads", "writes")
UNDO = ("undo_duration_ms", "undo_fails", "undo_error", "no_undo_because")


def rewritten(there: Understood, design: Design, moved: Mapping[str, str]) -> tuple[str, list[Note]]:
    """The text of a module that says this design, and what was left alone; `moved` as in `matched`.

    Raises:
        DesignError: it would change what a person wrote.
    """
    if not design.parts:
        raise DesignError("a design needs a step before it can be code; add one")
    change, source = Change(there, design, moved), there.source
    patches = [patch for patch in _Rewriting(change).patches() if patch.start != patch.end or patch.text]
    if not patches:
        return source.text, change.notes
    text = patched(source.text, [_with_newlines(patch, source.newline) for patch in patches])
    return with_imports(source.text, text), change.notes


class _Rewriting:
    """Writes one change."""

    def __init__(self, change: Change) -> None:
        self.change, self.source, self.outline = change, change.source, change.outline
        self.names = names_after(change)

    def patches(self) -> Iterator[Patch]:
        """Everything that changes."""
        change = self.change
        check_new_fields(change)
        check_new_steps(change)
        check_uses(change)
        yield from effect_patches(self.outline, change.old, change.new)
        yield from context_patches(self.outline, change.old, change.new, change.there.fixed)
        yield from self._saga(change.old, change.new, "", "")
        for path, origin in change.found.items():
            match change.before[origin], change.after[path]:
                case BlockDesign() as old, BlockDesign() as new:
                    yield from self._saga(old, new, path, origin)
                case StepDesign() as step, StepDesign() as other:
                    yield from self._step(step, other, path, origin)
        yield from new_classes(change, self.names)
        yield from gone_classes(change)
        yield from construction(self.outline, change.new, change.found, self.names)

    # -- steps -----------------------------------------------------------------------------------

    def _step(self, old: StepDesign, new: StepDesign, path: str, origin: str) -> Iterator[Patch]:
        change, node = self.change, self.outline.parts[origin].node
        changed = {name for name in type(new).model_fields if getattr(old, name) != getattr(new, name)}
        self._refuse(origin, changed - {"name", "class_name"}, node)
        if node is None:
            return
        yield from heading(self.source, node, old.description, new.description, self.names[path])
        yield from settings(self.source, node, old, new)
        for method, before, after in (
            ("execute", execute_body(old), execute_body(new)),
            ("compensate", compensate_body(old, change.were), compensate_body(new, change.will_be)),
        ):
            if before == after:
                continue
            if (origin, method) in change.there.written:
                change.note(node, f"{path}: {method} is written by hand, so it stays as it is")
                continue
            yield method_body(self.source, node, method, after)

    def _refuse(self, path: str, changed: set[str], node: cst.ClassDef | None) -> None:
        """Raise when a change would touch what a person wrote."""
        there = self.change.there
        if changed and node is None:
            raise DesignError(f"{path}: its class is not its own in this module; change it where it is")
        for name in sorted(changed):
            if (path, name) in there.fixed:
                raise DesignError(f"{there.fixed[path, name]}; change it in the code")
            for fields, method in ((EXECUTE, "execute"), (UNDO, "compensate")):
                if name in fields and (path, method) in there.written:
                    lines = [
                        self.source.line(item) for item in self.outline.parts[path].methods if item.name.value == method
                    ]
                    where = f"line {lines[-1]}" if lines else "in another class"
                    raise DesignError(
                        f"{path}: {name} cannot be changed, since {method} ({where}) stays as it is; "
                        "change it there, in the code, and open that again"
                    )

    # -- blocks and the saga -----------------------------------------------------------------------

    def _saga(self, old: Design | BlockDesign, new: Design | BlockDesign, path: str, origin: str) -> Iterator[Patch]:
        """The class of a block or the saga: its fields in their new order."""
        node, fixed = self.outline.saga_at(origin), self.change.there.fixed
        if old.description != new.description and (origin, "description") in fixed:
            raise DesignError(f"{fixed[origin, 'description']}; change it in the code")
        yield from heading(self.source, node, old.description, new.description, self.names[path])
        if not path:
            yield from self._on_failure(node)
        there = self.outline.inside(origin)
        prefix = f"{path}." if path else ""
        indent = self.source.indent(self.source.span(there[0].field)[0])
        items, at = [], self.source.region(there[0].field)[0]
        wanted: list[tuple[str | None, str]] = []
        inside = {part.path: part for part in there}
        for part in there:
            start, end = self.source.region(part.field)
            items.append(Item(part.path, self.source.data[at:start].decode(), self.source.data[start:end].decode()))
            at = end
        for item in new.parts:
            name, origin_of = self.names[prefix + item.name], self.change.found.get(prefix + item.name)
            source = inside.get(origin_of or "")
            if source is None:
                wanted.append((None, f"{indent}{item.name}: {name}\n"))
            else:
                wanted.append((source.path, self._field(source, item.name, name)))
        start = self.source.region(there[0].field)[0]
        text = rearranged(items, wanted)
        if text != self.source.data[start:at].decode():
            yield Patch(start, at, text)

    def _field(self, part: PartSource, name: str, class_name: str) -> str:
        """The line of a field, with another name or class."""
        start, end = self.source.region(part.field)
        patches = []
        if part.name != name:
            patches.append((self.source.span(part.annotation.target), name))
        if part.class_name not in (None, class_name):
            patches.append((self.source.span(part.annotation.annotation.annotation), class_name))
        data = self.source.data[start:end]
        for (first, last), text in reversed(patches):
            data = data[: first - start] + text.encode() + data[last - start :]
        return data.decode()

    def _on_failure(self, node: cst.ClassDef) -> Iterator[Patch]:
        change = self.change
        if change.old.on_compensation_failure == change.new.on_compensation_failure:
            return
        if ("", "on_compensation_failure") in change.there.fixed:
            raise DesignError(f"{change.there.fixed['', 'on_compensation_failure']}; change it in the code")
        said = f'"{change.new.on_compensation_failure}"'
        for line in body_of(node):
            found = assigned(line)
            if found is not None and found[0] == "on_compensation_failure":
                yield Patch(*self.source.span(found[1]), said)
                return
        first = self.outline.inside("")[0].field
        at = self.source.region(first)[0]
        indent = self.source.indent(self.source.span(first)[0])
        yield Patch(at, at, f"{indent}on_compensation_failure = {said}\n\n")


def _with_newlines(patch: Patch, newline: str) -> Patch:
    return (
        patch
        if newline == "\n"
        else Patch(patch.start, patch.end, patch.text.replace("\r\n", "\n").replace("\n", newline))
    )
