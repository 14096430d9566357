"""Owns the shapes of what the workbench shows: plain JSON, worked out in Python and only shown by JavaScript.

Every text in here is shown as text, never as markup, so nothing needs escaping. Texts may be long: the parts cut
what does not fit and show the whole on demand. Keep single values below some 10,000 characters all the same.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

Tone = Literal["plain", "forward", "ok", "failed", "undo", "paused", "uncertain"]
"""Which colour a text gets. The colour repeats what the text says, it never says anything alone."""

RowState = Literal["pending", "current", "done", "failed", "undone", "undo_failed", "paused", "uncertain"]
"""What became of a step, as a glyph: `current` is the step in flight, or next and not run before."""

Phase = Literal["execute", "compensate"]

FaultName = Literal["error_before", "error_after", "timeout", "late_effect", "pause", "crash_before", "crash_after"]
"""The kinds of fault that the menu offers, by the lower-case name of their `FaultKind`."""


# -- toolbar ------------------------------------------------------------------------------------


class Button(TypedDict):
    """A command that can be clicked."""

    command: str
    """What is sent when it is clicked; a name of `commands.COMMANDS` that takes no arguments."""
    label: str
    glyph: str
    """One character before the label, or empty."""
    key: str
    """The key to show as a hint (such as `n`), or empty. `Part.shortcuts` decides what the key does."""
    enabled: bool
    primary: bool
    """The one thing to do next; at most one button of a row."""
    why: str
    """Shown when pointed at: what it does, or why it cannot be used now."""


class Badge(TypedDict):
    """The state of the run in two or three words."""

    tone: Tone
    glyph: str
    text: str


class Standing(TypedDict):
    """Where the run stands and what comes next, one plain sentence each."""

    now: str
    next: str
    """Empty when nothing comes next."""


class PanelItem(TypedDict):
    """One thing that a panel lists, such as an undo that failed."""

    path: str
    text: str


class Panel(TypedDict):
    """Why the run stands still, and what a person can do about it."""

    tone: Tone
    glyph: str
    title: str
    text: str
    items: list[PanelItem]
    actions: list[Button]


class KeyHelp(TypedDict):
    """One line of the key help."""

    keys: list[str]
    text: str


class ToolbarState(TypedDict):
    """Traits of `Toolbar`, without `alert` and `running`: `Commands` tells these as they change."""

    saga: str
    count: str
    """How far the run is, such as `entry 10 · 1.55 s`."""
    badge: Badge
    standing: Standing
    buttons: list[Button]
    panel: Panel | None


# -- listing ------------------------------------------------------------------------------------


class ProgramRow(TypedDict):
    """What a row of the listing is; it stays the same for the whole run."""

    path: str
    name: str
    """The last part of the path."""
    depth: int
    """Number of blocks around it."""
    kind: Literal["step", "block"]
    input: str
    """The step's input in short, or empty."""


class RowMark(TypedDict):
    """What has become of a row so far. A row without a mark is pending and has no faults."""

    state: RowState
    status: str
    """In words, such as `failed 3 of 3`."""
    faults: list[str]
    """Ids of the `FaultChoice`s that are set for this step."""


class FaultChoice(TypedDict):
    """One fault that can be switched on and off for a step."""

    id: str
    """`phase.kind.attempt`, such as `execute.error_before.every`."""
    attempt: Literal["first", "every"]
    label: str
    """The whole of it in words."""


class FaultLine(TypedDict):
    """A kind of fault in the menu, with its one or two choices."""

    label: str
    why: str
    """What it means, shown when pointed at."""
    choices: list[FaultChoice]


class FaultGroup(TypedDict):
    """The faults of one phase in the menu."""

    label: str
    lines: list[FaultLine]


class ListingState(TypedDict):
    """Traits of `Listing`."""

    program: list[ProgramRow]
    marks: dict[str, RowMark]
    """By path."""
    current: str
    """Path of the step that the next instruction is about (of the one in flight while running), or empty."""
    undoing: bool
    """The next instruction is an undo."""
    summary: str
    """Such as `5 steps · 1 block`."""


# -- timeline -----------------------------------------------------------------------------------


class TimelineState(TypedDict):
    """Traits of `Timeline`."""

    figure: dict[str, Any]
    """`{"data": […], "layout": {…}}` of a plotly Figure; `parts.plain_figure` makes it."""
    legend: str
    """What the glyphs in the chart mean."""


# -- context ------------------------------------------------------------------------------------


class ContextRow(TypedDict):
    """A value of the context, with what the last instruction did to it."""

    key: str
    text: str
    """The value in short; of a removed one, what it was."""
    change: Literal["same", "inside", "added", "removed", "changed"]
    """`inside` says that something below it changed; such a row is shown opened."""
    before: NotRequired[str]
    """What a changed value was; a row with `changed` must have it."""
    children: NotRequired[list[ContextRow]]
    """The values inside; a row that has them can be opened."""


class ContextState(TypedDict):
    """Traits of `Context`."""

    rows: list[ContextRow]
    summary: str
    """Such as `2 changes by trip.hotel`."""


# -- fault chips and events ---------------------------------------------------------------------


class Chip(TypedDict):
    """A fault of the plan."""

    id: str
    """What `remove_fault` sends back."""
    text: str
    note: str
    """Whether it has fired, such as `fired at entry 3`, or empty."""


class FaultsState(TypedDict):
    """Traits of `Faults`."""

    chips: list[Chip]


class EventLine(TypedDict):
    """An event of the run."""

    at: str
    event: str
    """Name of the event, such as `step.end`."""
    text: str
    tone: Tone


class EventsState(TypedDict):
    """Traits of `Events`. Only the newest lines need be given: each step sends them again."""

    lines: list[EventLine]
    earlier: int
    """How many older lines are not among `lines`."""
    next: str
    """What comes next, or empty."""


# -- everything ---------------------------------------------------------------------------------


class ViewState(TypedDict):
    """Everything the workbench shows."""

    toolbar: ToolbarState
    listing: ListingState
    timeline: TimelineState
    context: ContextState
    faults: FaultsState
    events: EventsState


# -- what stays the same ------------------------------------------------------------------------

_KINDS: dict[FaultName, tuple[str, str]] = {
    "error_before": ("Error before the effect", "it raises and has done nothing"),
    "error_after": ("Error after the effect", "it has done its work, but the answer is lost"),
    "timeout": ("Timeout", "it takes longer than allowed; nobody knows what it did"),
    "late_effect": ("Effect lands late", "it times out; what it did arrives later, after its undo or at the end"),
    "pause": ("Pause", "it asks to stand still until somebody resumes or aborts"),
    "crash_before": ("Crash before the effect", "the process dies before anything has happened"),
    "crash_after": ("Crash after the effect", "the process dies when its work is done, before it is written down"),
}
_ONLY_ONCE: frozenset[FaultName] = frozenset({"pause", "crash_before", "crash_after"})
"""At every attempt they would never let the run go on."""


def choice_id(phase: Phase, kind: FaultName, attempt: Literal["first", "every"]) -> str:
    """The id under which the menu, the marks and `toggle_fault` name a fault."""
    return f"{phase}.{kind}.{attempt}"


def _line(phase: Phase, kind: FaultName) -> FaultLine:
    label, why = _KINDS[kind]
    attempts: tuple[Literal["first", "every"], ...] = ("first",) if kind in _ONLY_ONCE else ("first", "every")
    doing = "execute" if phase == "execute" else "undo"
    return {
        "label": label,
        "why": why,
        "choices": [
            {
                "id": choice_id(phase, kind, attempt),
                "attempt": attempt,
                "label": f"{doing}: {label.lower()}, {attempt} attempt",
            }
            for attempt in attempts
        ],
    }


FAULT_MENU: list[FaultGroup] = [
    {"label": "When it executes", "lines": [_line("execute", kind) for kind in _KINDS]},
    {"label": "When it is undone", "lines": [_line("compensate", kind) for kind in _KINDS]},
]
"""The fault menu of every step."""

FAULT_CHOICES: dict[str, tuple[Phase, FaultName, Literal["first", "every"]]] = {
    choice_id(phase, kind, attempt): (phase, kind, attempt)
    for phase in ("execute", "compensate")
    for kind in _KINDS
    for attempt in ("first", "every")
    if attempt == "first" or kind not in _ONLY_ONCE
}
"""What each choice of the fault menu means."""

KEYS: dict[str, str] = {"n": "step", "e": "run", "R": "reset", "s": "stop", "Escape": "stop"}
"""The command behind each key. Reset takes a capital letter, since it throws the run away."""

KEY_HELP: list[KeyHelp] = [
    {"keys": ["n"], "text": "step: carry out the next instruction"},
    {"keys": ["e"], "text": "run until the end or a halt"},
    {"keys": ["Shift", "R"], "text": "reset: start over with a fresh context"},
    {"keys": ["s", "Esc"], "text": "stop what is running"},
    {"keys": ["↑", "↓"], "text": "move through the rows"},
    {"keys": ["←", "→"], "text": "close or open a block or a value"},
    {"keys": ["f", "Enter"], "text": "fault menu of the row"},
    {"keys": ["?"], "text": "show or hide this help"},
]
"""The key help, as shown by `?`."""
