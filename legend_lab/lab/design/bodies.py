"""Owns what a simulated step looks like in code: its settings and the bodies of its two methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from legend_lab.lab.design.literals import Group, Node, docstring, number, statement, text, value_node
from legend_lab.lab.design.model import ContextField, Design, Retries, StepDesign

INDENT = 4
BODY = 8
PAUSES_ONCE = "# pauses once, as if it waited for somebody"
NOTHING = "Does nothing, on purpose: "
"""What the docstring of an undo that does nothing begins with; the reason follows."""
CONTINUE = "return StepOutcome.CONTINUE"
COMPLETED = "return CompensationOutcome.COMPLETED"
UNCERTAIN = ("TimeoutError", "ConnectionError")
RETRIES = Retries()
DEFAULTS = StepDesign(name="defaults")
SETTINGS = {
    "retry_policy": "retries",
    "compensation_retry_policy": "undo_retries",
    "timeout_s": "timeout_s",
    "compensate_on_failure": "compensate_on_failure",
    "uncertain_on": "uncertain_on",
    "idempotent": "idempotent",
}
"""Settings of a step's class, in the order in which they are written, and what a design calls them."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the bodies need to know of the rest of the design."""

    initial: Mapping[str, str | int | float | bool | None]
    """What the fields of the context start with."""
    irreversible: frozenset[str]
    """Effects that nothing can close."""


def surroundings(design: Design) -> Surroundings:
    """What a design's steps have around them."""
    return Surroundings(
        {field.name: field.initial for field in design.context},
        frozenset(effect.name for effect in design.effects if effect.irreversible),
    )


def setting_node(step: StepDesign, setting: str) -> Node:
    """A setting of a step's class as an assignment."""
    return behind(f"{setting} = ", setting_value(step, setting))


def setting_value(step: StepDesign, setting: str) -> Node:
    """What a setting is set to."""
    value = getattr(step, SETTINGS[setting])
    if isinstance(value, Retries):
        return _policy(value)
    if isinstance(value, tuple):
        return Group("(", value, ")", is_tuple=True)
    return repr(value) if value is None or isinstance(value, bool) else number(value)


def changed_settings(step: StepDesign) -> list[str]:
    """The settings that are not as by default."""
    return [name for name, field in SETTINGS.items() if getattr(step, field) != getattr(DEFAULTS, field)]


def behind(prefix: str, node: Node) -> Node:
    """A node with something before it on its first line."""
    return prefix + node if isinstance(node, str) else Group(prefix + node.open, node.items, node.close, node.is_tuple)


def execute_body(step: StepDesign) -> list[str]:
    """The lines of `execute`, in its class."""
    reads = tuple(f"ctx.{name}" for name in step.reads)
    lines = _simulate(reads, step.duration_ms, step.fails, step.error)
    if step.pauses:
        lines += [
            f"        if attempt() == {step.fails + 1}:  {PAUSES_ONCE}",
            "            return StepOutcome.PAUSE",
        ]
    if step.effect is not None:
        lines += statement(Group("effects.open(", (text(step.effect),), ")"), BODY)
    for name, value in step.writes.items():
        lines += statement(value_node(value, f"ctx.{name} = "), BODY)
    return [*lines, f"        {CONTINUE}"]


def compensate_body(step: StepDesign, around: Surroundings) -> list[str]:
    """The lines of `compensate`, in its class."""
    if step.no_undo_because is not None:
        return [f"        {docstring(NOTHING + step.no_undo_because)}", f"        {COMPLETED}"]
    lines = _simulate((), step.undo_duration_ms, step.undo_fails, step.undo_error)
    if step.effect is not None and step.effect not in around.irreversible:
        lines += statement(Group("effects.close(", (text(step.effect),), ")"), BODY)
    for name in step.writes:
        lines += statement(value_node(around.initial[name], f"ctx.{name} = "), BODY)
    return [*lines, f"        {COMPLETED}"]


def step_class(step: StepDesign, name: str, context: str, around: Surroundings) -> list[str]:
    """The lines of a step's class."""
    lines = class_header(name, Group("Step[", (context,), "]"))
    if step.description:
        lines += [f"    {docstring(step.description)}", ""]
    settings = [line for setting in changed_settings(step) for line in statement(setting_node(step, setting), INDENT)]
    lines += [*settings, ""] if settings else []
    lines += _signature("execute", context, "StepOutcome") + execute_body(step) + [""]
    return lines + _signature("compensate", context, "CompensationOutcome") + compensate_body(step, around)


def class_header(name: str, base: Node) -> list[str]:
    """The line that begins a class."""
    return statement(Group(f"class {name}(", (base,), "):"), 0)


def field_lines(field: ContextField) -> list[str]:
    """A field of the context's class, with what is said of it."""
    said = [f"    {docstring(field.description)}"] if field.description else []
    return [*statement(field_statement(field), INDENT), *said]


def field_statement(field: ContextField) -> str:
    """A field of the context's class."""
    optional = " | None" if field.initial is None and field.type != "object" else ""
    value = value_node(field.initial)
    return f"{field.name}: {field.type}{optional} = {value}"


def declaration(effect: str, *, idempotent: bool, irreversible: bool) -> Node:
    """What says what an effect is like."""
    flags = {"idempotent": idempotent, "irreversible": irreversible}
    said = tuple(f"{flag}=True" for flag, is_set in flags.items() if is_set)
    return Group("effects.declare(", (text(effect), *said), ")")


def _signature(method: str, context: str, outcome: str) -> list[str]:
    return statement(Group(f"async def {method}(", ("self", f"ctx: {context}"), f") -> {outcome}:"), INDENT)


def _simulate(inputs: tuple[str, ...], duration_ms: float, fails: int, error: str) -> list[str]:
    said = [*inputs, f"duration_ms={number(duration_ms)}"]
    if fails:
        said.append(f"fails={fails}")
    if error != DEFAULTS.error:
        said.append(f"error={error}")
    return statement(Group("await simulate(", tuple(said), ")"), BODY)


def _policy(retries: Retries) -> Node:
    said: list[Node] = []
    for name, default in RETRIES:
        value = getattr(retries, name)
        if value == default:
            continue
        if isinstance(value, tuple):
            said.append(Group(f"{name}=(", value, ")", is_tuple=True))
        else:
            said.append(f"{name}={number(value)}")
    return Group("RetryPolicy(", tuple(said), ")")
