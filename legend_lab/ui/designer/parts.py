"""Owns the Python side of the Designer's parts: what each one shows, as synced traits."""

from __future__ import annotations

from typing import Any

import traitlets

from legend_lab.ui.parts import Closing, Part
from legend_lab.ui.sources import module, styles


class DesignPart(Part):
    """A piece of the Designer."""

    shortcuts = traitlets.Dict().tag(sync=True)
    """No letter is a command by itself where so much is typed; the outline has keys of its own."""


class DesignBar(DesignPart, Closing):
    """The saga's name, undo and redo, code and files, and what went wrong."""

    _esm = module("designbar", "designing")
    _css = styles("designbar", "designer")

    name = traitlets.Unicode().tag(sync=True)
    """Name of the saga."""
    count = traitlets.Unicode().tag(sync=True)
    """How big it is."""
    undo = traitlets.Unicode().tag(sync=True)
    """What undo takes back, or empty."""
    redo = traitlets.Unicode().tag(sync=True)
    """What redo does again, or empty."""
    said = traitlets.Unicode().tag(sync=True)
    """What was done last."""
    is_empty = traitlets.Bool().tag(sync=True)
    """Nothing is drawn yet."""
    templates: Any = traitlets.List().tag(sync=True)
    """Designs to start from, a `TemplateState` each."""
    panel = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    """What is opened under the buttons: a `PanelState`, or None."""
    notes: Any = traitlets.List().tag(sync=True)
    """What a design does not hold, or does not change, until it is read: a `NotesState` each."""
    objections: Any = traitlets.List().tag(sync=True)
    """What the code that was opened has against the design as it is now, a sentence each."""
    alert = traitlets.Unicode().tag(sync=True)
    """What went wrong, or empty. Read out at once by a screen reader."""
    view = traitlets.Unicode().tag(sync=True)
    """Id of the widget that this is a part of, by which the page finds its cell."""


class Outline(DesignPart):
    """The saga as a tree of steps and blocks."""

    _esm = module("outline", "designing")
    _css = styles("outline")

    rows: Any = traitlets.List().tag(sync=True)
    """The saga, then each block and step, an `OutlineRow` each."""
    selected = traitlets.Unicode().tag(sync=True)
    """Path of the row that is selected."""
    summary = traitlets.Unicode().tag(sync=True)
    """How big it is."""
    templates: Any = traitlets.List().tag(sync=True)
    """Designs to start from, while nothing is drawn."""
    refused = traitlets.Dict().tag(sync=True)
    """A `Refused` by path, for a name that cannot be."""


class Settings(DesignPart):
    """The settings of what is selected."""

    _esm = module("settings", "designing", "fields")
    _css = styles("fields", "settings")

    form = traitlets.Dict({"path": "", "kind": "saga", "name": "", "groups": [], "findings": []}).tag(sync=True)
    """A `FormState`."""
    refused = traitlets.Dict().tag(sync=True)
    """A `Refused` by place."""


class Tables(DesignPart):
    """The context's fields and the effects."""

    _esm = module("tables", "designing", "fields")
    _css = styles("fields", "tables")

    tables: Any = traitlets.List().tag(sync=True)
    """A `TableState` each."""
    refused = traitlets.Dict().tag(sync=True)
    """A `Refused` by `command/key/place`."""
