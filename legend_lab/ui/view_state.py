"""Owns the shapes of what the workbench shows: plain JSON, worked out in Python and only shown by JavaScript.

Every text in here is shown as text, never as markup, so nothing needs escaping. Texts may be long: the parts cut
what does not fit and show the whole on demand. Keep single values below some 10,000 characters all the same.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from legend_lab.ui.menu_state import Button, Form

Tone = Literal["plain", "forward", "ok", "failed", "undo", "paused", "uncertain"]
"""Which colour a text gets. The colour repeats what the text says, it never says anything alone."""

RowState = Literal["pending", "current", "done", "failed", "undone", "undo_failed", "paused", "uncertain"]
"""What became of a step, as a glyph: `current` is the step in flight, or next and not run before."""

Look = Literal["done", "failed", "undone", "undo_failed", "paused", "uncertain", "wait", "decision", "edit"]
"""How an entry is drawn in the history: a colour and a shape."""


# -- toolbar ------------------------------------------------------------------------------------


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
    form: Form | None


class ToolbarState(TypedDict):
    """Traits of `Toolbar`, without `alert`: `Commands` tells it as it changes."""

    saga: str
    count: str
    """How far the run is, such as `10 entries · 1.55 s`."""
    badge: Badge
    standing: Standing
    past: bool
    """The moment that is shown has entries after it."""
    buttons: list[Button]
    running: bool
    """A command is being carried out."""
    slow: NotRequired[bool]
    """It takes so long that it is said; `Workbench` takes it back when the command ends."""
    clock: Button
    """The switch of the clock."""
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
    """The choices of the menu that are set for this step: `phase.kind.attempt`, such as `execute.timeout.every`."""
    delays: NotRequired[dict[str, float]]
    """Milliseconds by choice, of those that are delays."""


class BreakpointMark(TypedDict):
    """The breakpoints at a row."""

    glyph: str
    on: bool
    text: str
    """In words, such as `before trip.flight`."""


class BreakpointChip(TypedDict):
    """A breakpoint that is at no row."""

    text: str
    """In words, such as `on error`; commands name it by them."""
    on: bool


class ListingState(TypedDict):
    """Traits of `Listing`."""

    program: list[ProgramRow]
    marks: dict[str, RowMark]
    """By path."""
    breakpoints: dict[str, BreakpointMark]
    """By path, of steps and blocks."""
    anywhere: list[BreakpointChip]
    """The breakpoints without a path."""
    current: str
    """Path of the step that the next instruction is about (of the one in flight while running), or empty."""
    undoing: bool
    """The next instruction is an undo."""
    fixed: str
    """Why no breakpoint and no fault can be set, or empty."""
    summary: str
    """Such as `5 steps · 1 block`."""


# -- timeline -----------------------------------------------------------------------------------


class TimelineState(TypedDict):
    """Traits of `Timeline`."""

    figure: dict[str, Any]
    """`{"data": […], "layout": {…}}` of a plotly Figure; `charts.figure_data` makes it."""
    position: int
    """Entries before the moment that is shown; the lane of the last of them is kept in view."""
    here: float | None
    """Where on the time axis that moment is, in ms, when there are entries after it: these are pale."""
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
    place: NotRequired[str]
    """Its dotted place, when it can be edited."""
    children: NotRequired[list[ContextRow]]
    """The values inside; a row that has them can be opened."""


class Refusal(TypedDict):
    """A text that a value of the context did not take."""

    place: str
    text: str
    why: str


class ContextState(TypedDict):
    """Traits of `Context`."""

    rows: list[ContextRow]
    refused: Refusal | None
    """The last edit, if it was refused."""
    summary: str
    """Such as `2 changes by trip.hotel`."""
    trouble: str
    """Why the context cannot be shown as it should be, or empty."""


# -- effects ------------------------------------------------------------------------------------


EffectLook = Literal["open", "doubled", "undone", "late", "never_opened"]
"""What an effect is like, as a glyph."""


class EffectMove(TypedDict):
    """Something that was done to an effect."""

    text: str
    """What, by which step and at which entry."""
    position: int
    """Going there shows the moment after it."""


class EffectRow(TypedDict):
    """An effect at the moment that is shown."""

    name: str
    key: str
    look: EffectLook
    status: str
    """In words, such as `open` or `doubled: 2 times`."""
    irreversible: bool
    news: bool
    """The last instruction touched it."""
    moves: list[EffectMove]
    """The newest last."""


class EffectsState(TypedDict):
    """Traits of `Effects`."""

    rows: list[EffectRow]
    """What exists first, then what is on its way, then what is gone."""
    more: int
    """How many are not among `rows`."""
    summary: str
    """Such as `1 open · 2 undone`."""


# -- history ------------------------------------------------------------------------------------


class Dot(TypedDict):
    """An entry in the history, or several in a row where there are many."""

    first: int
    """The position after its first entry."""
    last: int
    """The position after its last entry; going there shows that moment."""
    look: Look
    glyph: str
    text: str


class Lane(TypedDict):
    """A branch in the history, from where it left another."""

    name: str
    row: int
    parent: int
    """Row of the branch that it leaves."""
    first: int
    """The position at which it leaves."""
    end: int
    lit: int
    """Up to this position it is part of what is shown; 0 when nothing of it is."""
    current: bool
    ended: bool
    """Nothing comes after its end."""
    text: str
    """What it is, in words."""
    dots: list[Dot]


class HistoryState(TypedDict):
    """Traits of `History`."""

    lanes: list[Lane]
    position: int
    length: int
    """Entries of the branch that is shown."""
    span: int
    """Positions that the width must hold."""
    size: int
    """Entries that a dot stands for."""
    where: str
    """Where the position is, in words."""
    forks: bool
    """A branch can begin here."""
    summary: str


# -- fault chips and events ---------------------------------------------------------------------


class Chip(TypedDict):
    """A fault of the plan."""

    id: str
    """What `remove_fault` sends back."""
    text: str
    note: str
    """Whether it has fired, such as `fired at entry 3`, or empty."""
    on: bool
    """Whether it counts."""


class FaultsState(TypedDict):
    """Traits of `Faults`."""

    chips: list[Chip]
    code: str
    """The plan as Python, or empty where it is not known."""
    fixed: str
    """What is said in place of no chips where none can be planned; empty where they can."""


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
    later: int
    """How many of the last lines come after the moment that is shown."""
    next: str
    """What comes next, or empty."""


# -- everything ---------------------------------------------------------------------------------


class ViewState(TypedDict):
    """Everything the workbench shows."""

    toolbar: ToolbarState
    listing: ListingState
    timeline: TimelineState
    context: ContextState
    effects: EffectsState
    history: HistoryState
    faults: FaultsState
    events: EventsState
