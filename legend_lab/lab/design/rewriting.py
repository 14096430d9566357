"""Owns how a module comes to say another design: patches of what the designer owns, to the byte."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import libcst as cst

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.bodies import (
    SETTINGS,
    Surroundings,
    changed_settings,
    compensate_body,
    execute_body,
    setting_node,
    setting_value,
    step_class,
    surroundings,
)
from legend_lab.lab.design.code import saga_class
from legend_lab.lab.design.constructing import construction
from legend_lab.lab.design.heading import context_patches, effect_patches, with_imports
from legend_lab.lab.design.literals import docstring, laid_out
from legend_lab.lab.design.matching import matched
from legend_lab.lab.design.model import BlockDesign, Design, StepDesign
from legend_lab.lab.design.naming import class_names
from legend_lab.lab.design.parsing import (
    Patch,
    assigned,
    body_of,
    bound_by,
    docstring_of,
    has_comments,
    names_in,
    patched,
    tree_of,
)
from legend_lab.lab.design.rearranging import Item, rearranged

if TYPE_CHECKING:
    from legend_lab.lab.design.code_in import CodeModule, Note

EXECUTE = ("duration_ms", "fails", "error", "pauses", "effect", "reads", "writes")
UNDO = ("undo_duration_ms", "undo_fails", "undo_error", "no_undo_because")


def rewritten(module: CodeModule, design: Design) -> tuple[str, list[Note]]:
    """The text of a module that says this design, and what was left alone.

    Raises:
        DesignError: it would change what a person wrote.
    """
    if not design.parts:
        raise DesignError("a design needs a step before it can be code; add one")
    job = _Rewriting(module, design)
    patches = [patch for patch in job.patches() if patch.start != patch.end or patch.text]
    if not patches:
        return module.text, job.notes
    text = patched(module.text, [_with_newlines(patch, module.outline.source.newline) for patch in patches])
    return with_imports(module.text, text), job.notes


class _Rewriting:
    """One change of one module."""

    def __init__(self, module: CodeModule, design: Design) -> None:
        self.module, self.old, self.new = module, module.design, design
        self.outline, self.source = module.outline, module.outline.source
        self.found = matched(self.old, design)
        self.before, self.after = self.old.all_parts, design.all_parts
        self.around: tuple[Surroundings, Surroundings] = surroundings(self.old), surroundings(design)
        self.notes: list[Note] = []
        self.context = self.outline.context_name or "Any"
        made = self.outline.construction
        self.module_tree = ast.parse(self.source.text)
        self.uses = names_in(self.module_tree)
        self.made = names_in(self.source.expression(made)) if made is not None else Counter[str]()
        self.names = self._class_names()

    def patches(self) -> Iterator[Patch]:
        """Everything that changes."""
        yield from effect_patches(self.outline, self.old, self.new)
        yield from context_patches(self.outline, self.old, self.new, self.module.fixed)
        yield from self._saga("", "")
        for path, part in self.after.items():
            origin = self.found.get(path)
            if origin is None:
                continue
            if isinstance(part, BlockDesign):
                yield from self._saga(path, origin)
            else:
                yield from self._step(path, origin)
        yield from self._new_classes()
        yield from self._gone()
        yield from construction(self.outline, self.new, self.found, self.names)

    # -- names -----------------------------------------------------------------------------------

    def _class_names(self) -> dict[str, str]:
        """What every class is called: as in the code, unless the design says another name and only we use it."""
        wanted, former, names = class_names(self.new), class_names(self.old), {}
        for path, name in wanted.items():
            origin = "" if not path else self.found.get(path)
            source = self.outline.parts.get(origin or "")
            current = self.outline.root.name.value if not path else source.class_name if source else None
            old_name = former.get(origin) if origin is not None else None
            names[path] = current if current is not None and old_name == name else name
            if current is None or names[path] == current:
                continue
            if not self._can_rename(origin or "", current):
                if path and self.after[path].class_name is None:
                    self._note(self.outline.saga_at("") if not origin else source.field, f"{current} keeps its name")  # type: ignore[union-attr]
                    names[path] = current
                else:
                    raise DesignError(f"{current} is used elsewhere in the module; rename the class in the code")
        taken = self._bound() - {self._called(origin) for origin in ["", *self.found.values()]}
        for path, name in names.items():
            if name in taken and not (path and self.found.get(path) and self._called(self.found[path]) == name):
                raise DesignError(f"the module has a {name} already; give {path or 'the saga'} another class name")
        return names

    def _called(self, origin: str) -> str | None:
        return self.outline.parts[origin].class_name if origin else self.outline.root.name.value

    def _can_rename(self, origin: str, name: str) -> bool:
        """Say whether a class is named only where the designer owns the name."""
        ours = self.made[name] + bool(origin)  # where the saga is made, and its field
        return self.outline.saga_at(origin) is not None and self.uses[name] == ours

    def _bound(self) -> set[str]:
        """Every name that the module gives to something."""
        gone = {self.outline.parts[path].class_name for path in self._lost() if self._is_untouched(path)}
        return {name for statement in self.module_tree.body for name in bound_by(statement)} - {
            name for name in gone if name
        }

    # -- steps -----------------------------------------------------------------------------------

    def _step(self, path: str, origin: str) -> Iterator[Patch]:
        old, new, node = self.before[origin], self.after[path], self.outline.parts[origin].node
        assert isinstance(old, StepDesign)  # noqa: S101 - for the type checker
        assert isinstance(new, StepDesign)  # noqa: S101 - for the type checker
        changed = {name for name in type(new).model_fields if getattr(old, name) != getattr(new, name)}
        changed -= {"name", "class_name"}
        self._refuse(origin, changed, node)
        if node is None:
            return
        yield from self._heading(node, old.description, new.description, self.names[path])
        yield from self._settings(node, old, new)
        for method, before, after in (
            ("execute", execute_body(old), execute_body(new)),
            ("compensate", compensate_body(old, self.around[0]), compensate_body(new, self.around[1])),
        ):
            if before == after:
                continue
            if (origin, method) in self.module.written:
                self._note(node, f"{path}: {method} is written by hand, so it stays as it is")
                continue
            yield self._body(node, method, after)

    def _refuse(self, path: str, changed: set[str], node: cst.ClassDef | None) -> None:
        """Raise when a change would touch what a person wrote."""
        if changed and node is None:
            raise DesignError(f"{path}: its class is not its own in this module; change it where it is")
        for name in sorted(changed):
            if (path, name) in self.module.fixed:
                raise DesignError(f"{self.module.fixed[path, name]}; change it in the code")
            for fields, method in ((EXECUTE, "execute"), (UNDO, "compensate")):
                if name in fields and (path, method) in self.module.written:
                    line = self.source.line(self.outline.parts[path].node)
                    raise DesignError(
                        f"{path}: {method} is written by hand (its class begins in line {line}), "
                        f"so {name} can only be changed there"
                    )

    def _heading(self, node: cst.ClassDef, old: str, new: str, name: str) -> Iterator[Patch]:
        """The name and docstring of a class."""
        if node.name.value != name:
            yield Patch(*self.source.span(node.name), name)
        said = docstring_of(node)
        if old == new:
            return
        if said is not None and new:
            yield Patch(*self.source.span(said), docstring(new))
        elif said is not None:
            line = body_of(node)[0]
            start, end = self.source.region(line)
            if has_comments(line) or len(body_of(node)) == 1:
                yield Patch(*self.source.span(said), '""""""')
            else:
                yield Patch(start, end, "")
        else:
            at, indent = self._first(node)
            yield Patch(at, at, f"{indent}{docstring(new)}\n\n")

    def _first(self, node: cst.ClassDef) -> tuple[int, str]:
        """Where the lines in a class begin, and how they are indented."""
        body = body_of(node)
        if not body:
            raise DesignError(f"{node.name.value} is on one line; give its body lines of its own first")
        start = self.source.region(body[0])[0]
        indent = self.source.indent(self.source.span(body[0])[0])
        return start, indent

    def _settings(self, node: cst.ClassDef, old: StepDesign, new: StepDesign) -> Iterator[Patch]:
        there = {found[0]: (line, found[1]) for line in body_of(node) if (found := assigned(line))}
        ours = [there[name][0] for name in SETTINGS if name in there]
        first, indent = self._first(node)
        at = first
        if ours:
            at = max(self.source.region(line)[1] for line in ours)
        elif docstring_of(node) is not None:
            at = self.source.region(body_of(node)[0])[1]
        added: list[str] = []
        for setting, name in SETTINGS.items():
            if getattr(old, name) == getattr(new, name):
                continue
            if setting not in there:
                added += _indented(laid_out(setting_node(new, setting), 4), indent)
                continue
            line, value = there[setting]
            if setting in changed_settings(new) or has_comments(line):
                lines = laid_out(setting_value(new, setting), 4)
                yield Patch(
                    self.source.span(value)[0],
                    self.source.span(line.body[0])[1],
                    "\n".join([lines[0].strip(), *_indented(lines[1:], indent)]),
                )
            else:
                yield Patch(*self.source.region(line), "")
        if not added:
            return
        text = "\n".join(added) + "\n"
        before = "\n" if not ours and at != first else ""
        yield Patch(at, at, before + text + ("" if ours or before else "\n"))

    def _body(self, node: cst.ClassDef, method: str, lines: list[str]) -> Patch:
        function = next(
            item for item in body_of(node) if isinstance(item, cst.FunctionDef) and item.name.value == method
        )
        inside = body_of(function)
        start, _ = self.source.region(inside[0])
        _, end = self.source.region(inside[-1])
        indent = self.source.indent(self.source.span(inside[0])[0])
        made = "\n".join(indent + line[8:] if line else "" for line in lines)
        return Patch(start, end, made + ("\n" if self.source.data[:end].endswith(b"\n") else ""))

    # -- blocks and the saga -----------------------------------------------------------------------

    def _saga(self, path: str, origin: str) -> Iterator[Patch]:
        """The class of a block or the saga: its fields in their new order."""
        node = self.outline.saga_at(origin)
        old: Any = self.before[origin] if origin else self.old
        new: Any = self.after[path] if path else self.new
        if old.description != new.description and (origin, "description") in self.module.fixed:
            raise DesignError(f"{self.module.fixed[origin, 'description']}; change it in the code")
        yield from self._heading(node, old.description, new.description, self.names[path])
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
            name, origin_of = self.names[prefix + item.name], self.found.get(prefix + item.name)
            source = inside.get(origin_of or "")
            if source is None:
                wanted.append((None, f"{indent}{item.name}: {name}\n"))
            else:
                wanted.append((source.path, self._field(source, item.name, name)))
        start = self.source.region(there[0].field)[0]
        text = rearranged(items, wanted)
        if text != self.source.data[start:at].decode():
            yield Patch(start, at, text)

    def _field(self, part: Any, name: str, class_name: str) -> str:  # noqa: ANN401 - a part
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
        if self.old.on_compensation_failure == self.new.on_compensation_failure:
            return
        if ("", "on_compensation_failure") in self.module.fixed:
            raise DesignError(self.module.fixed["", "on_compensation_failure"])
        said = f'"{self.new.on_compensation_failure}"'
        for line in body_of(node):
            found = assigned(line)
            if found is not None and found[0] == "on_compensation_failure":
                yield Patch(*self.source.span(found[1]), said)
                return
        first = self.outline.inside("")[0].field
        at = self.source.region(first)[0]
        indent = self.source.indent(self.source.span(first)[0])
        yield Patch(at, at, f"{indent}on_compensation_failure = {said}\n\n")

    # -- classes that come and go ------------------------------------------------------------------

    def _new_classes(self) -> Iterator[Patch]:
        """The classes of new steps and blocks, each before the class that holds it."""
        for path in _inside_first(self.after):
            if path in self.found:
                continue
            part, holder = self.after[path], path.rpartition(".")[0]
            while holder and holder not in self.found:
                holder = holder.rpartition(".")[0]
            node = self.outline.saga_at(self.found[holder] if holder else "")
            if isinstance(part, BlockDesign):
                lines = saga_class(part, path, self.names, self.context)
            else:
                lines = step_class(part, self.names[path], self.context, self.around[1])
            at = self._above(node)
            yield Patch(at, at, "\n".join(lines) + "\n\n\n")

    def _above(self, node: cst.ClassDef) -> int:
        """Where a class begins, with the comments just above it."""
        at = self.source.region(node)[0]
        while at and self.source.data[self.source.line_start(at - 1) : at].lstrip().startswith(b"#"):
            at = self.source.line_start(at - 1)
        return at

    def _lost(self) -> list[str]:
        kept = set(self.found.values())
        return [path for path in self.outline.parts if path not in kept]

    def _gone(self) -> Iterator[Patch]:
        """The classes of deleted parts: generated ones go, the others stay and are said."""
        for path in self._lost():
            part = self.outline.parts[path]
            if part.node is None:
                continue
            if not self._is_untouched(path):
                self._note(part.node, f"{part.class_name} is not used any more; it stays, since a person worked on it")
                continue
            start, end = self.source.region(part.node)
            while self.source.data[end : self.source.line_end(end)].strip() == b"" and end < len(self.source.data):
                end = self.source.line_end(end)
            yield Patch(start, end, "")

    def _is_untouched(self, path: str) -> bool:
        """Say whether a class is just as it was generated, and nothing else names it."""
        part = self.outline.parts[path]
        design, node = self.before[path], part.node
        if node is None or not self._can_rename(path, str(part.class_name)) or has_comments(node):
            return False
        if any((path, phase) in self.module.written for phase in ("execute", "compensate")):
            return False
        names = {path: str(part.class_name)}
        if isinstance(design, BlockDesign):
            names |= {item.path: str(item.class_name) for item in self.outline.inside(path)}
            lines = saga_class(design, path, names, self.context)
        else:
            lines = step_class(design, names[path], self.context, self.around[0])
        above = self._above(node) == self.source.region(node)[0]
        return above and tree_of("\n".join(lines)) == tree_of(self.source.code(node)) and not node.decorators

    def _note(self, node: cst.CSTNode, words: str) -> None:
        from legend_lab.lab.design.code_in import Note  # noqa: PLC0415 - it works on what is written here

        self.notes.append(Note(self.source.line(node), words))


def _inside_first(parts: dict[str, Any]) -> list[str]:
    """Paths, what is in a block before the block."""
    found: list[str] = []

    def add(level: Iterable[Any], prefix: str) -> None:
        for part in level:
            if isinstance(part, BlockDesign):
                add(part.parts, f"{prefix}{part.name}.")
            found.append(prefix + part.name)

    add((part for path, part in parts.items() if "." not in path), "")
    return found


def _indented(lines: list[str], indent: str) -> list[str]:
    return [indent + line[4:] for line in lines]


def _with_newlines(patch: Patch, newline: str) -> Patch:
    return (
        patch
        if newline == "\n"
        else Patch(patch.start, patch.end, patch.text.replace("\r\n", "\n").replace("\n", newline))
    )
