"""Owns the data that the Designer's parts show: plain JSON, a TypedDict a thing."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

FieldKind = Literal["text", "number", "choice", "check", "combo", "remove"]


class FieldState(TypedDict):
    """One thing that can be typed, chosen or ticked. `place` says which setting it is."""

    place: str
    kind: FieldKind
    label: str
    """What it is called where nothing else says so: for screen readers, and beside a box to tick."""
    value: str
    """As it is shown; of a box `"true"` or `"false"`."""
    size: NotRequired[Literal["short", "wide"]]
    before: NotRequired[str]
    """Words in front of it."""
    after: NotRequired[str]
    """Words behind it, such as a unit."""
    hint: NotRequired[str]
    """Shown while it is empty."""
    choices: NotRequired[list[tuple[str, str]]]
    """Each value that can be chosen, with its words."""
    code: NotRequired[bool]
    """It is shown as code."""


class FormLine(TypedDict):
    """Fields that say one thing together."""

    label: str
    help: str
    fields: list[FieldState]


class FormGroup(TypedDict):
    """Lines under a heading."""

    title: str
    lines: list[FormLine]


class FormState(TypedDict):
    """The settings of what is selected."""

    path: str
    kind: Literal["saga", "block", "step"]
    name: str
    groups: list[FormGroup]
    findings: list[str]
    """What the lint says of it, a sentence each."""


class Refused(TypedDict):
    """What was typed and cannot be, and why."""

    text: str
    why: str


class Tag(TypedDict):
    """A setting of a step that is worth seeing at a glance."""

    text: str
    title: str
    tone: Literal["plain", "ok", "failed", "undo", "paused", "uncertain"]


class OutlineRow(TypedDict):
    """The saga (at the path ""), a block or a step."""

    path: str
    name: str
    depth: int
    kind: Literal["saga", "block", "step"]
    number: str
    """Place of a step in the flat order, from 1; empty of blocks."""
    about: str
    tags: list[Tag]
    findings: list[str]
    """What the lint says of it, a sentence each."""


class TableRow(TypedDict):
    """A row of fields; `key` is what it is known by, "" the row where a new one is typed."""

    key: str
    fields: list[FieldState]


class TableState(TypedDict):
    """The context's fields, or the effects."""

    command: Literal["field", "effect"]
    title: str
    columns: list[str]
    empty: str
    rows: list[TableRow]


class TemplateState(TypedDict):
    """A design to start from."""

    title: str
    about: str
    size: str


class DiffLine(TypedDict):
    """A line of a file, as it was (`-`), as it will be (`+`), as it stays (" ") or between two places (`@`)."""

    sign: Literal["-", "+", " ", "@"]
    text: str


PanelKind = Literal["py", "tests", "json", "open"]


class NotesState(TypedDict):
    """What a person should know of something that was left out or alone."""

    title: str
    lines: list[str]


class PanelState(TypedDict):
    """What is opened under the buttons: code, tests or JSON of the design with a file for it, or files to open."""

    kind: PanelKind
    text: str
    file: str
    """Path of the file that is offered, or was typed."""
    diff: list[DiffLine]
    """What saving would change in the file that exists; empty when it may be written."""
    said: str
    """What came of the last thing done here."""
    why: str
    """Why it could not be done, or empty."""
    tests: bool
    """Its tests can be saved beside the code."""
    below: str
    """How to put the code into a new cell where the page cannot."""


class BarState(TypedDict):
    """Traits of `DesignBar`, without `alert`."""

    name: str
    count: str
    undo: str
    """What undo takes back, or empty."""
    redo: str
    said: str
    """What was done last."""
    is_empty: bool
    templates: list[TemplateState]
    panel: PanelState | None
    notes: list[NotesState]
    """What a design does not hold, or does not change, until it is read."""
    objections: list[str]
    """What the code that was opened has against the design as it is now, a sentence each."""


class OutlineState(TypedDict):
    """Traits of `Outline`."""

    rows: list[OutlineRow]
    selected: str
    summary: str
    templates: list[TemplateState]
    """Shown while nothing is drawn."""
    refused: dict[str, Refused]


class SettingsState(TypedDict):
    """Traits of `Settings`."""

    form: FormState
    refused: dict[str, Refused]


class TablesState(TypedDict):
    """Traits of `Tables`."""

    tables: list[TableState]
    refused: dict[str, Refused]


class DesignerState(TypedDict):
    """All that the Designer shows, by the area of each part; the workbench apart."""

    bar: BarState
    outline: OutlineState
    settings: SettingsState
    tables: TablesState
