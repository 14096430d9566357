from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import ipywidgets
import pytest
import workbench_samples as samples
from traitlets import TraitError

from legend_lab.ui import lifetime
from legend_lab.ui.commands import COMMANDS, MAX_TEXT, MAX_WAITING, Commands, UnknownCommandError, parse
from legend_lab.ui.keys import KEYS
from legend_lab.ui.layout import WorkbenchLayout
from legend_lab.ui.parts import Context, Effects, Events, Faults, History, Listing, Part, Timeline, Toolbar
from legend_lab.ui.view_state import ViewState

PARTS = [Toolbar, Listing, Timeline, Context, Effects, History, Faults, Events]
STATIC = Path(lifetime.__file__).parent / "static"


# -- parts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_one_module_that_imports_nothing(part: type[Part]) -> None:
    module = part()._esm
    assert "import " not in module.replace("important", "")
    assert module.count("export default { render };") == 1


@pytest.mark.parametrize("file", sorted(STATIC.glob("*.js")), ids=lambda file: file.name)
def test_no_part_can_turn_text_into_markup(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "DOMParser", "document.write", "setHTML", "eval("):
        assert way not in text


@pytest.mark.parametrize("part", PARTS)
def test_a_part_refuses_what_it_cannot_show(part: type[Part]) -> None:
    with pytest.raises(TypeError, match=f"{part.__name__} shows no 'colour'"):
        part(colour="red")
    with pytest.raises(TypeError, match="shows no 'colour'"):
        part().show({"colour": "red"})


def test_a_part_refuses_a_value_of_the_wrong_type() -> None:
    with pytest.raises(TraitError):
        Listing().show({"program": 3})


def test_the_view_states_name_exactly_the_traits_that_the_parts_show() -> None:
    kept = {
        "shortcuts",
        "help",
        "menu",
        "config",
        "unheeded",
        "alert",
        "pictures",
    }  # the same for all, told by `Commands`, or counted
    layout = WorkbenchLayout()
    for name, state in ViewState.__annotations__.items():
        assert set(layout.parts[name].shown) - kept == set(_fields(state)), name


def _fields(annotation: object) -> dict[str, object]:
    import legend_lab.ui.view_state as module  # noqa: PLC0415 - to resolve a forward reference

    return getattr(module, annotation.__forward_arg__).__annotations__


def test_showing_the_same_view_again_sends_nothing() -> None:
    layout = WorkbenchLayout()
    layout.show(samples.undoing().items())
    with patch.object(ipywidgets.Widget, "_send") as send:
        layout.show(samples.undoing().items())
        assert not send.called


def test_the_toolbar_comes_last_as_the_page_paints_all_parts_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    layout = WorkbenchLayout()
    told: list[tuple[str, set[str]]] = []
    monkeypatch.setattr(
        ipywidgets.Widget, "_send", lambda self, message, **_: told.append((type(self).__name__, set(message["state"])))
    )
    layout.show(samples.undoing().items())
    assert [name for name, _ in told].index("Toolbar") == len(told) - 1 > 0
    assert "pictures" in told.pop()[1]
    told.clear()
    view = samples.undoing() | {"faults": {"chips": [], "code": "", "fixed": ""}}
    layout.show(view.items())
    assert told == [("Faults", {"chips", "code"}), ("Toolbar", {"pictures"})]


def test_a_part_s_changes_go_in_one_message() -> None:
    layout = WorkbenchLayout()
    layout.show(samples.undoing().items())
    with patch.object(ipywidgets.Widget, "_send") as send:
        layout.listing.show(samples.paused()["listing"])
        assert send.call_count == 1


def test_a_timeline_hands_out_plotly_when_asked_and_hears_nothing_else() -> None:
    timeline = Timeline()
    with patch.object(timeline, "send") as send:
        for message in ({"command": "step"}, {"kind": "passwords?"}, [], None, "plotly.js?"):
            timeline._handle_custom_msg(message, [])
        assert not send.called
        timeline._handle_custom_msg({"kind": "plotly.js?"}, [])
        (content,), buffers = send.call_args.args, send.call_args.kwargs["buffers"]
        assert content == {"kind": "plotly.js"}
        assert len(buffers[0]) > 1_000_000


# -- what a message may say ---------------------------------------------------------------------


def test_keys_only_ask_for_what_exists() -> None:
    assert set(KEYS.values()) <= {name for name, arguments in COMMANDS.items() if not arguments}


@pytest.mark.parametrize(
    "message",
    [
        {"command": "step"},
        {"command": "toggle_fault", "path": "trip.flight", "choice": "execute.error_before.1", "delay_ms": ""},
        {"command": "goto", "branch": samples.HOSTILE, "position": "17"},
        {"command": "edit", "place": "hold_id", "text": "null"},
        {"command": "remove_fault", "id": samples.HOSTILE},
    ],
)
def test_what_the_parts_send_is_understood(message: dict[str, str]) -> None:
    assert parse(message) == message


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (None, "an object with a name, not None"),
        ("step", "an object with a name"),
        ([{"command": "step"}], "an object with a name"),
        ({}, "no command None"),
        ({"command": ["step"]}, r"no command \['step'\]"),
        ({"command": "__class__"}, "no command '__class__'"),
        ({"command": "x" * 1_000_000}, "no command 'xxx"),
        ({"command": "step", "times": 1_000}, "step takes no arguments; missing or too many: 'times'"),
        ({"command": "step", 3: "x"}, "missing or too many: 3"),
        ({"command": "remove_fault"}, "remove_fault takes id; missing or too many: 'id'"),
        ({"command": "remove_fault", "id": 3}, "id of remove_fault is a text, not 3"),
        ({"command": "remove_fault", "id": {"$ne": ""}}, "id of remove_fault is a text"),
        ({"command": "remove_fault", "id": "x" * (MAX_TEXT + 1)}, "2001 characters; 2000 are the most"),
        ({"command": "toggle_fault", "path": "a", "choice": "execute.crash.1", "delay_ms": ""}, "menu has no choice"),
        (
            {"command": "plan_fault", "path": "a", "choice": "execute.delay.1", "delay_ms": "soon"},
            "milliseconds above 0",
        ),
        ({"command": "goto", "branch": "main", "position": "-1"}, "a position is a number, not '-1'"),
    ],
)
def test_what_no_part_can_send_is_refused_with_a_reason(message: object, why: str) -> None:
    with pytest.raises(UnknownCommandError, match=why) as refused:
        parse(message)
    assert len(str(refused.value)) < 250


# -- carrying out -------------------------------------------------------------------------------


class Record:
    """What commands did: which began, which ended and how, what was reported."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.reports: list[str] = []
        self.busy: list[bool] = []
        self.go = asyncio.Event()

    async def handle(self, command: dict[str, str]) -> None:
        name = command["command"]
        self.events.append(f"{name} begins")
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.events.append(f"{name} is stopped")
            raise
        self.events.append(f"{name} ends")

    def commands(self, handler: Callable[[dict[str, str]], Awaitable[None]] | None = None) -> Commands:
        return Commands(handler or self.handle, self.reports.append, busy=self.busy.append)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0)


async def test_commands_are_carried_out_one_after_the_other() -> None:
    record = Record()
    commands = record.commands()
    for name in ("step", "run", "reset"):
        commands.receive({"command": name})
    await until(lambda: record.events == ["step begins"])
    record.go.set()
    await until(lambda: len(record.events) == 6)
    assert record.events == [f"{name} {what}" for name in ("step", "run", "reset") for what in ("begins", "ends")]
    assert record.busy == [True, False] * 3
    assert record.reports == ["", "", ""]


async def test_stop_cancels_at_once_and_forgets_what_waits() -> None:
    record = Record()
    commands = record.commands()
    commands.receive({"command": "run"})
    commands.receive({"command": "step"})
    await until(lambda: record.events == ["run begins"])
    commands.receive({"command": "stop"})
    await until(lambda: record.busy == [True, False])
    assert record.events == ["run begins", "run is stopped"]
    record.go.set()
    commands.receive({"command": "step"})
    await until(lambda: record.events[-1] == "step ends")


async def test_stop_when_nothing_runs_says_nothing() -> None:
    record = Record()
    record.commands().receive({"command": "stop"})
    await asyncio.sleep(0)
    assert record.reports == []


@pytest.mark.parametrize("error", [ValueError(samples.HOSTILE), KeyboardInterrupt(), SystemExit(3)])
async def test_whatever_a_handler_raises_is_reported_and_the_next_command_works(error: BaseException) -> None:
    record = Record()

    async def handle(command: dict[str, str]) -> None:
        if command["command"] == "step":
            raise error
        await record.handle(command)

    record.go.set()
    commands = record.commands(handle)
    commands.receive({"command": "step"})
    commands.receive({"command": "run"})
    await until(lambda: record.events == ["run begins", "run ends"])
    assert record.reports[1].startswith(f"Step failed: {type(error).__name__}")
    assert record.reports[2] == ""


async def test_a_hostile_message_is_reported_and_nothing_runs() -> None:
    record = Record()
    commands = record.commands()
    for message in (None, {"command": "__import__('os')"}, {"command": "step", "x": 1}):
        commands.receive(message)
    await asyncio.sleep(0)
    assert record.events == []
    assert all(text.startswith("Ignored: ") for text in record.reports)
    assert len(record.reports) == 3


async def test_too_many_waiting_commands_are_refused() -> None:
    record = Record()
    commands = record.commands()
    for _ in range(MAX_WAITING + 2):
        commands.receive({"command": "step"})
    await until(lambda: len(record.reports) == 2)
    assert record.reports == ["Ignored: step. 200 commands wait already; stop, or let them finish.", ""]
    commands.receive({"command": "stop"})
    await until(lambda: record.busy == [True, False])


async def test_messages_from_other_threads_run_on_the_loop_that_the_commands_were_made_on() -> None:
    record = Record()
    record.go.set()
    main = asyncio.get_running_loop()
    ran_on: list[asyncio.AbstractEventLoop] = []

    async def handle(command: dict[str, str]) -> None:
        ran_on.append(asyncio.get_running_loop())

    commands = record.commands(handle)

    async def on_another_loop() -> None:
        commands.receive({"command": "step"})

    await asyncio.to_thread(asyncio.run, on_another_loop())
    await until(lambda: ran_on == [main])


def test_without_a_loop_a_command_is_carried_out_at_once() -> None:
    events: list[str] = []

    async def handle(command: dict[str, str]) -> None:
        await asyncio.sleep(0)
        events.append(command["command"])
        if command["command"] == "run":
            raise ValueError("no")

    commands = Commands(handle, events.append)
    for name in ("step", "stop", "run"):
        commands.receive({"command": name})
    assert events == ["", "step", "", "run", "Run failed: ValueError: no"]


def test_a_loop_that_has_ended_is_reported() -> None:
    reports: list[str] = []

    async def make() -> Commands:
        return Commands(Record().handle, reports.append)

    asyncio.run(make()).receive({"command": "step"})
    assert reports == ["The kernel's loop has ended, so nothing can run. Run the cell again."]


async def test_every_part_s_messages_reach_the_commands() -> None:
    demo = samples.Demo()
    for part in demo.layout.parts.values():
        part._handle_custom_msg({"command": "step"}, [])
    await until(lambda: demo.at == len(demo.layout.parts) % len(demo.views))
    demo.layout.timeline._handle_custom_msg({"kind": "plotly.js?"}, [])
    assert demo.layout.toolbar.alert == ""


# -- lifetime -----------------------------------------------------------------------------------


def _cell(monkeypatch: pytest.MonkeyPatch, cell: str | None, request: str) -> None:
    parent = {"metadata": {"cellId": cell} if cell else {}, "header": {"msg_id": request}}
    monkeypatch.setattr(lifetime, "get_ipython", lambda: SimpleNamespace(get_parent=lambda: parent))


def test_running_a_cell_again_closes_what_it_had_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifetime, "_made", {})
    closed: list[str] = []
    for cell, request, name in [
        ("one", "r1", "a"),
        ("one", "r1", "b"),  # two in one run live together
        ("two", "r2", "c"),
        ("one", "r3", "d"),
        (None, "r4", "e"),
    ]:
        _cell(monkeypatch, cell, request)
        lifetime.close_on_rerun(lambda name=name: closed.append(name))
        if request == "r2":
            assert closed == []
    assert closed == ["a", "b"]


def test_outside_a_notebook_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifetime, "_made", {})
    lifetime.close_on_rerun(lambda: pytest.fail("closed"))
    lifetime.close_on_rerun(lambda: pytest.fail("closed"))
    assert lifetime._made == {}


def test_a_disposed_workbench_leaves_no_widget_and_no_state() -> None:
    gc.collect()
    before = set(ipywidgets.widgets.widget._instances)
    layout = WorkbenchLayout()
    layout.show(samples.undoing().items())
    assert len(set(ipywidgets.widgets.widget._instances) - before) > 10
    layout.dispose()
    assert set(ipywidgets.widgets.widget._instances) == before
    assert (layout.listing.program, layout.timeline.figure["data"], layout.context.rows) == ([], [], [])
