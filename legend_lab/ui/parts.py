"""Owns the Python side of the workbench's parts: what each one shows, as synced traits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import anywidget
import plotly.offline
import traitlets

from legend_lab.lab.charts import CONFIG
from legend_lab.ui.fault_menu import FAULT_MENU
from legend_lab.ui.keys import KEY_HELP, KEYS
from legend_lab.ui.sources import module, styles


def _sendable(value: Any) -> Any:  # noqa: ANN401 - whatever a trait holds
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case list() | tuple():
            return [_sendable(item) for item in value]
        case dict():
            return {_sendable(key): _sendable(item) for key, item in value.items()}
    return value


class Part(anywidget.AnyWidget):
    """A piece of the workbench that shows what it is told and sends commands back as messages.

    Nothing in the browser writes a trait: what is shown is always what Python said.
    """

    shortcuts = traitlets.Dict(KEYS).tag(sync=True)
    """The command behind each key, wherever in the workbench the focus is."""

    def __init__(self, **traits: Any) -> None:  # noqa: ANN401 - any trait
        self._refuse_unknown(traits)
        super().__init__(**traits)

    @property
    def shown(self) -> dict[str, Any]:
        """What it shows now, by trait: all that its module reads."""
        own = (name for name, trait in self.traits(sync=True).items() if issubclass(trait.this_class, Part))
        return {name: getattr(self, name) for name in own if not name.startswith("_")}

    def _refuse_unknown(self, traits: Mapping[str, Any]) -> None:
        for name in traits:
            if not self.has_trait(name):
                raise TypeError(f"{type(self).__name__} shows no {name!r}")

    def show(self, state: Mapping[str, Any]) -> bool:
        """All of `state` is shown, in one message; what is equal to what is shown already is not sent.

        Returns:
            Whether anything of it was new.
        """
        self._refuse_unknown(state)
        with self.hold_sync():
            for name, value in state.items():
                setattr(self, name, value)
            return bool(self._states_to_send)

    def send_state(self, key: Any = None) -> None:  # noqa: ANN401 - as ipywidgets has it
        """The traits go to every page as they are: none holds bytes, which ipywidgets would look for in each value."""
        state = self.get_state(key=key)
        if state:
            self._send({"method": "update", "state": state, "buffer_paths": []})

    def get_state(self, *args: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as ipywidgets has it
        """The traits as they are sent: half a surrogate pair, which no message can carry, is written out."""
        state: dict[str, Any] = super().get_state(*args, **more)
        try:
            json.dumps(state, ensure_ascii=False, default=str).encode()
        except UnicodeEncodeError:
            return {name: _sendable(value) for name, value in state.items()}
        return state

    def close(self) -> None:
        """The part is gone from every page, and what it showed is let go."""
        super().close()
        for name in self.shown:
            setattr(self, name, self.traits()[name].default(self))


class Closing(Part):
    """A part that comes last of those beside it: with it, the page paints them all, and is laid out and drawn once."""

    pictures: Any = traitlets.Int().tag(sync=True)
    """How often anything of them all was new."""

    def show_all(self, states: Iterable[tuple[Part, Mapping[str, Any]]]) -> None:
        """Each part shows its state, sent as soon as it is known; then comes this one, if anything was new."""
        with self.hold_sync():
            news = [part.show(state) for part, state in states]
            self.pictures += any(news)


class Toolbar(Closing):
    """The buttons, where the run stands, why it stands still, and what went wrong."""

    _esm = module("toolbar")
    _css = styles("toolbar", "layout")

    saga = traitlets.Unicode().tag(sync=True)
    """Name of the saga."""
    count = traitlets.Unicode().tag(sync=True)
    """How far the run is, such as `10 entries · 1.55 s`."""
    badge = traitlets.Dict({"tone": "plain", "glyph": "", "text": ""}).tag(sync=True)
    """The state of the run in two or three words: a `Badge`."""
    standing = traitlets.Dict({"now": "", "next": ""}).tag(sync=True)
    """Where the run stands and what comes next: a `Standing`."""
    past = traitlets.Bool().tag(sync=True)
    """The moment that is shown has entries after it."""
    clock = traitlets.Dict().tag(sync=True)
    """The switch of the clock: a `Button` that is pressed or not."""
    buttons: Any = traitlets.List().tag(sync=True)
    """The commands, a `Button` each, in the order shown."""
    panel = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    """Why the run stands still and what can be done: a `Panel`, or None while nothing needs a decision."""
    running = traitlets.Bool().tag(sync=True)
    """A command is being carried out."""
    slow = traitlets.Bool().tag(sync=True)
    """It takes so long that it is said."""
    alert = traitlets.Unicode().tag(sync=True)
    """What went wrong, or empty. Read out at once by a screen reader."""
    unheeded = traitlets.Dict(
        {
            "after_ms": 2_000,
            "text": "Not stopped yet. A step can only be stopped where it awaits something: one that computes or waits "
            "without await has to end by itself. Interrupt the kernel to break it off.",
        }
    ).tag(sync=True)
    """What is said when `running` still holds some time after a stop was sent. The page says it by itself: a step that
    never awaits keeps the kernel from hearing of the stop."""
    help = traitlets.List(KEY_HELP).tag(sync=True)
    """The key help, a `KeyHelp` a line."""


class Listing(Part):
    """The program, one row a step, with what became of each and a fault menu."""

    _esm = module("listing")
    _css = styles("listing")

    program: Any = traitlets.List().tag(sync=True)
    """A `ProgramRow` for each step and block, in program order."""
    marks = traitlets.Dict().tag(sync=True)
    """A `RowMark` by path, for every row that something happened to or is planned for."""
    breakpoints = traitlets.Dict().tag(sync=True)
    """A `BreakpointMark` by path, of steps and blocks."""
    anywhere: Any = traitlets.List().tag(sync=True)
    """The breakpoints without a path, a `BreakpointChip` each."""
    current = traitlets.Unicode().tag(sync=True)
    """Path of the step that the next instruction is about, or empty."""
    undoing = traitlets.Bool().tag(sync=True)
    """The next instruction is an undo."""
    fixed = traitlets.Unicode().tag(sync=True)
    """Why no breakpoint and no fault can be set, or empty."""
    summary = traitlets.Unicode().tag(sync=True)
    """How big the program is, such as `5 steps · 1 block`."""
    menu = traitlets.List(FAULT_MENU).tag(sync=True)
    """What the fault menu offers: a `FaultGroup` for each phase."""


class Context(Part):
    """The context, with what the last instruction changed."""

    _esm = module("context")
    _css = styles("context")

    rows: Any = traitlets.List().tag(sync=True)
    """The values, a `ContextRow` each."""
    summary = traitlets.Unicode().tag(sync=True)
    """What changed, in short."""
    refused = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    """The last edit, if it was refused: a `Refusal`."""
    trouble = traitlets.Unicode().tag(sync=True)
    """Why the context cannot be shown as it should be, or empty."""


class Effects(Part):
    """What the saga has done in the outside world: open, doubled, undone, on its way."""

    _esm = module("effects")
    _css = styles("effects")

    rows: Any = traitlets.List().tag(sync=True)
    """The effects, an `EffectRow` each."""
    more = traitlets.Int().tag(sync=True)
    """How many are not among `rows`."""
    summary = traitlets.Unicode().tag(sync=True)
    """How many are open, doubled, undone."""


class History(Part):
    """Everything that happened, a dot an entry and a lane a branch, to travel on."""

    _esm = module("history")
    _css = styles("history")

    lanes: Any = traitlets.List().tag(sync=True)
    """A `Lane` for each branch, in the order in which they began."""
    position = traitlets.Int().tag(sync=True)
    """Entries before the moment that is shown."""
    length = traitlets.Int().tag(sync=True)
    """Entries of the branch that is shown."""
    span = traitlets.Int(1).tag(sync=True)
    """Positions that the width must hold."""
    size = traitlets.Int(1).tag(sync=True)
    """Entries that a dot stands for."""
    where = traitlets.Unicode().tag(sync=True)
    """Where the position is, in words."""
    forks = traitlets.Bool().tag(sync=True)
    """A branch can begin here."""
    summary = traitlets.Unicode().tag(sync=True)
    """How much there is."""


class Faults(Part):
    """The fault plan, a chip a fault."""

    _esm = module("faults")
    _css = styles("faults")

    chips: Any = traitlets.List().tag(sync=True)
    """The planned faults, a `Chip` each."""
    code = traitlets.Unicode().tag(sync=True)
    """The plan as Python, to copy; empty where it is not known."""
    fixed = traitlets.Unicode().tag(sync=True)
    """What is said in place of no chips where none can be planned; empty where they can."""


class Events(Part):
    """What happened, a line an event, the newest last."""

    _esm = module("events")
    _css = styles("events")

    lines: Any = traitlets.List().tag(sync=True)
    """The newest events, a `EventLine` each."""
    earlier = traitlets.Int().tag(sync=True)
    """How many older events are not among `lines`."""
    later = traitlets.Int().tag(sync=True)
    """How many of the last lines come after the moment that is shown."""
    next = traitlets.Unicode().tag(sync=True)
    """What comes next, or empty."""


class Timeline(Part):
    """A plotly Figure that is updated in place and follows the page's theme.

    plotly.js (5 MB) goes to a page once, over the kernel's own connection, when the page's first timeline asks for it.
    """

    _esm = module("timeline", "lanes")
    _css = styles("timeline")

    figure: Any = traitlets.Dict({"data": [], "layout": {}}).tag(sync=True)
    """Data and layout of the Figure, as plain JSON."""
    position: Any = traitlets.Int().tag(sync=True)
    """Entries before the moment that is shown; the lane of the last of them is kept in view."""
    here: Any = traitlets.Float(None, allow_none=True).tag(sync=True)
    """Where on the time axis that moment is, in ms, when there are entries after it: these are pale."""
    config = traitlets.Dict({**CONFIG, "displayModeBar": False, "responsive": False}).tag(sync=True)
    """plotly's own settings; its offer to send the chart elsewhere is off."""
    legend = traitlets.Unicode().tag(sync=True)
    """What the glyphs in the chart mean."""

    def __init__(self, **traits: Any) -> None:  # noqa: ANN401 - any trait
        super().__init__(**traits)
        self.on_msg(self._answer)

    def _answer(self, _widget: object, message: object, _buffers: object) -> None:
        if isinstance(message, dict) and message.get("kind") == "plotly.js?":
            self.send({"kind": "plotly.js"}, buffers=[plotly.offline.get_plotlyjs().encode()])
