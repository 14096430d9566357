"""Owns the call that makes the saga: its arguments follow the design, and what a person wrote in them stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import libcst as cst

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.bodies import behind
from legend_lab.lab.design.code import made
from legend_lab.lab.design.literals import fits_on_line, flat, laid_out
from legend_lab.lab.design.model import BlockDesign, Design
from legend_lab.lab.design.outline import Outline
from legend_lab.lab.design.parsing import Patch, has_comments
from legend_lab.lab.design.rearranging import Item, rearranged


def construction(outline: Outline, design: Design, found: dict[str, str], names: dict[str, str]) -> Iterator[Patch]:
    """What changes where the saga is made.

    Raises:
        DesignError: it is made in a way that only the code can change.
    """
    call = outline.construction
    if call is None:
        return
    text = _Making(outline, design, found, names).call(call, "", "")
    if text != outline.source.code(call):
        yield Patch(*outline.source.span(call), text)


NEWLINE = "\n"


class _Making:
    """Writes one call, and the calls in it."""

    def __init__(self, outline: Outline, design: Design, found: dict[str, str], names: dict[str, str]) -> None:
        self.outline, self.source = outline, outline.source
        self.design, self.found, self.names = design, found, names

    def call(self, call: cst.Call, path: str, origin: str) -> str:
        """The text of a call that makes the saga or a block."""
        there = {part.path: part for part in self.outline.inside(origin)}
        holder: Any = self.design.all_parts[path] if path else self.design
        prefix = f"{path}." if path else ""
        wanted = [(self.found.get(prefix + part.name), part) for part in holder.parts]
        former = [(part.path, part.name) for part in there.values()]
        same = [(origin_of, part.name) for origin_of, part in wanted] == former
        given = {
            f"{origin}.{arg.keyword.value}" if origin else arg.keyword.value: arg for arg in call.args if arg.keyword
        }
        if not same and (len(given) != len(call.args) or not given.keys() <= there.keys()):
            raise DesignError(
                f"line {self.source.line(call)}: {path or 'the saga'} is made without names; change it there"
            )
        values: list[tuple[str | None, str]] = []
        for origin_of, part in wanted:
            inner = prefix + part.name
            if origin_of is not None and origin_of in given:
                values.append((origin_of, f"{part.name}={self._value(given[origin_of].value, inner, origin_of)}"))
            elif origin_of not in there:
                values.append((None, flat(behind(f"{part.name}=", made(part, inner, self.names)))))
        head = self._called(call, path)
        if same:
            return self._patched(call, head, values, given)
        return self._laid_out(call, head, values, given)

    def _called(self, call: cst.Call, path: str) -> str:
        return self.names[path] if isinstance(call.func, cst.Name) else self.source.code(call.func)

    def _value(self, node: cst.BaseExpression, path: str, origin: str) -> str:
        part = self.outline.parts[origin]
        if not isinstance(node, cst.Call) or self.source.code(node.func) != part.class_name:
            if part.is_block and self._differs(path, origin):
                raise DesignError(f"line {self.source.line(node)}: {path} is made elsewhere; change it there")
            return self.source.code(node)
        if part.is_block:
            return self.call(node, path, origin)
        start, end = self.source.span(node)
        return self.names[path] + self.source.data[self.source.span(node.func)[1] : end].decode() if end > start else ""

    def _differs(self, path: str, origin: str) -> bool:
        block = self.design.all_parts[path]
        inside = (
            [self.found.get(f"{path}.{part.name}") for part in block.parts] if isinstance(block, BlockDesign) else []
        )
        return inside != [part.path for part in self.outline.inside(origin)]

    def _patched(
        self, call: cst.Call, head: str, values: list[tuple[str | None, str]], given: dict[str, cst.Arg]
    ) -> str:
        """The call with each argument in its place."""
        start, _ = self.source.span(call)
        patches = [Patch(0, self.source.span(call.func)[1] - start, head)]
        for key, text in values:
            first, last = self._argument(given[str(key)])
            patches.append(Patch(first - start, last - start, text))
        data, at, out = self.source.code(call).encode(), 0, []
        for patch in sorted(patches, key=lambda patch: patch.start):
            out += [data[at : patch.start], patch.text.encode()]
            at = patch.end
        return b"".join([*out, data[at:]]).decode()

    def _argument(self, arg: cst.Arg) -> tuple[int, int]:
        """From an argument's name to the end of its value."""
        return self.source.span(arg.keyword or arg.value)[0], self.source.span(arg.value)[1]

    def _laid_out(
        self, call: cst.Call, head: str, values: list[tuple[str | None, str]], given: dict[str, cst.Arg]
    ) -> str:
        """The call with other arguments than before."""
        start, end = self.source.span(call)
        opening = self.source.span(call.func)[1]
        indent = self.source.indent(start)
        text = self.source.code(call)
        if "\n" not in text and not has_comments(call):
            flat_text = f"{head}({', '.join(value for _, value in values)})"
            before = self.source.data[self.source.line_start(start) : start].decode()
            if fits_on_line(before + flat_text, 0):
                return flat_text
            return "\n".join([f"{head}(", *(f"{indent}    {value}," for _, value in values), f"{indent})"])
        items, at = [], opening + 1
        for key, arg in given.items():
            first, last = self._argument(arg)
            after = last + self._tail(last)
            items.append(Item(key, self.source.data[at:first].decode(), self.source.data[first:after].decode()))
            at = after
        inner = items[0].before.rpartition("\n")[2] if items else f"{indent}    "
        inner = inner if not inner.strip() and inner else f"{indent}    "
        chosen: list[tuple[str | None, str]] = []
        texts = {item.key: item.text for item in items}
        for origin_of, value in values:
            if origin_of is None:
                lines = laid_out(value, 0, ",")
                chosen.append((None, f"\n{inner}" + "\n".join(lines)))
            else:
                first, last = self._argument(given[origin_of])
                behind_it = texts[origin_of].encode()[last - first :].decode()
                chosen.append(
                    (origin_of, value + (behind_it if behind_it.lstrip().startswith(",") else "," + behind_it))
                )
        rest = self.source.data[at:end].decode()
        made_text = rearranged(items, chosen)
        return f"{head}({made_text}{rest if NEWLINE in rest else f'{NEWLINE}{indent}{rest.strip()}'}"

    def _tail(self, last: int) -> int:
        """Bytes behind a value up to its comma, and a comment on the same line."""
        found = re.match(rb"\s*,([ \t]*#[^\r\n]*)?|([ \t]*#[^\r\n]*)?", self.source.data[last:])
        return found.end() if found else 0
