"""Owns the static look at a step's method: what it opens, closes, reads, writes and awaits, as its source says.

Calls of the step's own methods and of functions from the same package are followed; the rest of the world counts as
somebody else. Order is that of the source, whatever branch a run would take.
"""

from __future__ import annotations

import ast
import asyncio
import types
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from legend_lab.lab.lint.facts import PhaseFacts
from legend_lab.lab.lint.names import UNKNOWN, Names, is_a
from legend_lab.lab.lint.sources import Source, source_of, unwrapped
from legend_lab.runtime import effects
from legend_lab.runtime.current import idempotency_key, pass_time
from legend_lab.saga.bodies import does_nothing
from legend_lab.saga.services import SimulatedService
from legend_lab.saga.simulation import simulate

_STAND_INS: Final = (pass_time, simulate, asyncio.sleep)
"""What lets time pass in place of real work."""
_LIMITS: Final = (asyncio.timeout, asyncio.timeout_at)
_DEEPEST: Final = 5
"""Calls within calls that are followed."""
_CHANGES: Final = frozenset({"update", "clear", "popitem"})
"""Methods of a mapping that change keys which cannot be told."""


def look_at(function: Any, cls: type | None, *, is_method: bool) -> PhaseFacts:  # noqa: ANN401 - whatever a class has
    """What the source of a step's method says; of a `@step` function, whose first parameter is the context, too."""
    source = source_of(unwrapped(function))
    if source is None:
        return PhaseFacts()
    parameters = _parameters(source)
    me, ctx = (parameters[0], parameters[1]) if is_method else (None, parameters[0])
    found = _Found()
    try:
        _Look(source, found, me=me, ctx=ctx, cls=cls).body()
    except RecursionError:  # nested deeper than anybody writes
        return PhaseFacts()
    is_idle = does_nothing(unwrapped(function))
    return replace(found.facts(), file=source.file, line=source.line(source.node), does_nothing=is_idle)


@dataclass
class _Found:
    """What was found so far, in all functions that were followed; see `PhaseFacts`."""

    opens: dict[str, int] = field(default_factory=dict)
    closes: dict[str, int] = field(default_factory=dict)
    keyed: set[str] = field(default_factory=set)
    unclear_effects: bool = False
    reads: dict[str, int] = field(default_factory=dict)
    writes: dict[str, int] = field(default_factory=dict)
    may_change: set[str] = field(default_factory=set)
    early: set[str] = field(default_factory=set)
    guarded: set[str] = field(default_factory=set)
    context_leaves: bool = False
    waits: int | None = None
    waits_limited: bool = False
    stands_in: bool = False
    pauses: int | None = None
    decides: bool = False
    can_fail: bool = False

    def facts(self) -> PhaseFacts:
        """The same as nobody changes it any more."""
        found: dict[str, Any] = {
            name: frozenset(value) if isinstance(value, set) else value for name, value in vars(self).items()
        }
        del found["can_fail"]
        return PhaseFacts(known=True, **found)


class _Look(ast.NodeVisitor):
    """Visits one function, in the order in which it would run, and those that it calls."""

    def __init__(
        self,
        source: Source,
        found: _Found,
        *,
        me: str | None,
        ctx: str | None,
        cls: type | None,
        called_at: tuple[int, ...] = (),
        stack: tuple[types.FunctionType, ...] = (),
    ) -> None:
        self._source, self._found = source, found
        self._names = Names(source, me, cls)
        self._me, self._ctx, self._cls = me, ctx, cls
        self._called_at = called_at
        self._stack = (*stack, source.function)
        self._limits = self._tests = 0

    def body(self) -> None:
        for statement in self._source.node.body:
            self.visit(statement)

    def _line(self, node: ast.AST) -> int:
        """Where it is in the method itself: for what a followed function does, where that is called."""
        return self._called_at[0] if self._called_at else self._source.line(node)

    # statements ---------------------------------------------------------------------------------------------------

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        name = self._field(node.target)
        if name is not None:
            self._read(name, node)
        self.visit(node.value)
        self.visit(node.target)

    def visit_If(self, node: ast.If | ast.While | ast.IfExp) -> None:
        self._found.decides = True
        self._test(node.test)
        for part in (node.body, node.orelse):
            for item in part if isinstance(part, list) else [part]:
                self.visit(item)

    visit_While = visit_If  # noqa: N815 - the visitor's own spelling
    visit_IfExp = visit_If  # noqa: N815 - as above

    def visit_Match(self, node: ast.Match) -> None:
        self._found.decides = True
        self._test(node.subject)
        for case in node.cases:
            self.visit(case)

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        self._found.decides = True
        self._tests += 1  # what fails here is caught
        for statement in node.body:
            self.visit(statement)
        self._tests -= 1
        for after in (*node.handlers, *node.orelse, *node.finalbody):
            self.visit(after)

    visit_TryStar = visit_Try  # noqa: N815 - as above

    def visit_AsyncFor(self, node: ast.AsyncFor) -> None:
        self._wait(node)
        self.generic_visit(node)

    def visit_AsyncWith(self, node: ast.AsyncWith) -> None:
        calls = [item.context_expr for item in node.items]
        limits = [call for call in calls if isinstance(call, ast.Call) and _is_one_of(self._value(call.func), _LIMITS)]
        for call in calls:
            self.visit(call)
        self._limits += len(limits)
        if len(limits) < len(calls):
            self._wait(node)
        for item in node.items:
            if item.optional_vars is not None:
                self.visit(item.optional_vars)
        for statement in node.body:
            self.visit(statement)
        self._limits -= len(limits)

    # expressions --------------------------------------------------------------------------------------------------

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self._test(node.values[0])
        for value in node.values[1:]:
            self.visit(value)

    def visit_Compare(self, node: ast.Compare) -> None:
        self._test(node.left, *node.comparators)

    def visit_Await(self, node: ast.Await) -> None:
        self._found.can_fail = self._found.can_fail or not self._is_followed(node.value)
        value = self._value(node.value.func) if isinstance(node.value, ast.Call) else UNKNOWN
        if value is asyncio.wait_for:
            self._limits += 1
            self._wait(node)
            self._limits -= 1
        elif _is_one_of(value, _STAND_INS):
            self._found.stands_in = True
        elif not self._is_followed(node.value):
            self._wait(node)
        self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        value = self._value(node.func)
        if value is simulate:  # it only names its inputs
            for argument in node.args:
                if not self._is_context(argument):
                    self.visit(argument)
            return
        if value is effects.open or value is effects.close:
            self._effect("open" if value is effects.open else "close", node)
        elif isinstance(node.func, ast.Attribute) and node.func.attr in ("open", "close"):
            self._service(node.func, node)
        if self._is_followed(node):
            self._follow(value, node)
        elif isinstance(node.func, ast.Attribute) and self._is_context(node.func.value):
            self._method_of_context(node.func.attr, node)
        else:
            changed = self._field(node.func.value) if isinstance(node.func, ast.Attribute) else None
            if changed is not None:
                self._found.may_change.add(changed)
            self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr == "PAUSE":
            self._found.can_fail = True
            self._found.pauses = self._found.pauses or self._line(node)
        if self._is_context(node.value):
            self._use(node.attr, node)
            return
        self._change_inside(node)
        self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if self._is_context(node.value):
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                self._use(node.slice.value, node)
            else:
                self._found.context_leaves = True
            self.visit(node.slice)
            return
        self._change_inside(node)
        self.visit(node.value)
        self.visit(node.slice)

    def visit_Name(self, node: ast.Name) -> None:
        if self._is_context(node):
            self._found.context_leaves = True

    # what is found ------------------------------------------------------------------------------------------------

    def _value(self, node: ast.expr) -> Any:  # noqa: ANN401 - anything can have a name
        return self._names.value(node)

    def _is_context(self, node: ast.expr) -> bool:
        return self._ctx is not None and isinstance(node, ast.Name) and node.id == self._ctx

    def _field(self, node: ast.expr) -> str | None:
        """The field of the context that an expression is, or is inside of."""
        while isinstance(node, ast.Attribute | ast.Subscript):
            if self._is_context(node.value):
                if isinstance(node, ast.Attribute):
                    return node.attr
                key = node.slice
                return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None
            node = node.value
        return None

    def _use(self, name: str, node: ast.Attribute | ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Load):
            self._read(name, node)
        else:
            self._write(name, node)

    def _change_inside(self, node: ast.Attribute | ast.Subscript) -> None:
        """A field's value is changed when something inside of it is set."""
        name = None if isinstance(node.ctx, ast.Load) else self._field(node)
        if name is not None:
            self._found.may_change.add(name)

    def _read(self, name: str, node: ast.AST) -> None:
        self._found.reads.setdefault(name, self._line(node))
        if self._tests:
            self._found.guarded.add(name)

    def _write(self, name: str, node: ast.AST) -> None:
        self._found.writes.setdefault(name, self._line(node))
        if not self._found.can_fail:
            self._found.early.add(name)

    def _test(self, *nodes: ast.expr) -> None:
        self._tests += 1
        for node in nodes:
            self.visit(node)
        self._tests -= 1

    def _wait(self, node: ast.AST) -> None:
        self._found.can_fail = True
        if self._limits:
            self._found.waits_limited = True
        elif self._found.waits is None:
            self._found.waits = self._line(node)

    def _method_of_context(self, method: str, node: ast.Call) -> None:
        key = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if method in ("get", "pop", "setdefault") and isinstance(key, str):
            if method == "pop":
                self._write(key, node)
            elif method == "setdefault":
                self._found.may_change.add(key)
            else:
                self._read(key, node)
            if method == "get" or (method == "pop" and len(node.args) > 1):
                self._found.guarded.add(key)
        else:
            self._found.context_leaves = True
        for argument in (*node.args, *(item.value for item in node.keywords)):
            self.visit(argument)

    def _effect(self, action: str, node: ast.Call) -> None:
        name = self._text(node.args[0]) if node.args else None
        if name is None:
            self._found.unclear_effects = True
            return
        self._note_effect(action, name, node, [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "key")])

    def _service(self, function: ast.Attribute, node: ast.Call) -> None:
        service = self._value(function.value)
        if service is UNKNOWN:
            self._found.unclear_effects = True  # it may well be a participant that was handed in
        elif is_a(service, SimulatedService):
            self._note_effect(function.attr, service.declaration.name, node, node.args[:1])

    def _note_effect(self, action: str, name: str, node: ast.Call, keys: Sequence[ast.expr]) -> None:
        if action == "close":
            self._found.closes.setdefault(name, self._line(node))
            return
        self._found.opens.setdefault(name, self._line(node))
        own = [key for key in keys if any(self._is_own_key(part) for part in ast.walk(key))]
        if len(own) < len(keys):
            self._found.keyed.add(name)

    def _is_own_key(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and self._value(node.func) is idempotency_key

    def _text(self, node: ast.expr) -> str | None:
        value = node.value if isinstance(node, ast.Constant) else self._value(node)
        return value if is_a(value, str) else None

    # calls --------------------------------------------------------------------------------------------------------

    def _is_followed(self, node: ast.expr) -> bool:
        """Whether it is a call of a function that belongs to the step and whose source is at hand."""
        value = self._value(node.func) if isinstance(node, ast.Call) else UNKNOWN
        if not is_a(value, types.FunctionType) or len(self._stack) > _DEEPEST or _is_one_of(value, self._stack):
            return False
        return _package(value) == _package(self._stack[0]) and source_of(unwrapped(value)) is not None

    def _follow(self, value: types.FunctionType, node: ast.Call) -> None:
        source = source_of(unwrapped(value))
        if source is None:
            return
        is_method = self._names.is_method(node.func)
        parameters = _parameters(source)
        me = parameters[0] if is_method and parameters else None
        ctx = self._context_parameter(node, parameters[1:] if is_method else parameters)
        for argument in (*node.args, *(item.value for item in node.keywords)):
            if not (ctx is not None and self._is_context(argument)):
                self.visit(argument)
        called_at = (*self._called_at, self._line(node))
        inner = _Look(source, self._found, me=me, ctx=ctx, cls=self._cls, called_at=called_at, stack=self._stack)
        inner._limits, inner._tests = self._limits, self._tests
        inner.body()

    def _context_parameter(self, node: ast.Call, parameters: Sequence[str]) -> str | None:
        """What the called function calls the context that it is handed."""
        for argument, name in zip(node.args, parameters, strict=False):
            if self._is_context(argument):
                return name
        return next((item.arg for item in node.keywords if self._is_context(item.value)), None)


def _is_one_of(value: object, known: tuple[object, ...]) -> bool:
    """Whether it is one of these very objects; an `==` of somebody's own is not asked."""
    return any(value is item for item in known)


def _parameters(source: Source) -> list[str]:
    arguments = source.node.args
    return [item.arg for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _package(function: types.FunctionType) -> str:
    return str(function.__module__ or "").partition(".")[0]
