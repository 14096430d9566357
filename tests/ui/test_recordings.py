"""Owns the facts about runs that have happened elsewhere, opened in the workbench to be looked at."""

from __future__ import annotations

import asyncio
import json
from typing import ClassVar

import pytest
from pydantic import BaseModel

from legend_lab import (
    CompensationOutcome,
    ContextCopyError,
    CorruptRecordError,
    Fault,
    FaultKind,
    InMemoryStore,
    LegendError,
    ProtocolError,
    Recording,
    Saga,
    SagaMismatchError,
    SourceError,
    Step,
    StepOutcome,
    VirtualClock,
    effects,
    gantt,
    timings_frame,
)
from legend_lab.lab.breakpoints import Breakpoint
from legend_lab.lab.debugger import Debugger
from legend_lab.lab.recording import GONE_ON, NOT_KEPT
from legend_lab.ui.view import view_of
from legend_lab.ui.words import RECORDED
from legend_lab.ui.workbench import Workbench

effects.declare("recorded.hotel", idempotent=True)


class Travel(BaseModel):
    hotel: str | None = None
    flight: str | None = None


class LostError(Exception): ...


class Book(Step[Travel]):
    ran: ClassVar[list[str]] = []
    what: str

    async def execute(self, ctx):
        self.ran.append(f"do {self.what}")
        effects.open("recorded.hotel", self.what)
        setattr(ctx, self.what, f"{self.what}_1")
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        self.ran.append(f"undo {self.what}")
        effects.close("recorded.hotel", self.what)
        setattr(ctx, self.what, None)
        return CompensationOutcome.COMPLETED


class Trip(Saga[Travel, LostError]):
    hotel: Book


class Booking(Saga[Travel, LostError]):
    trip: Trip
    flight: Book


@pytest.fixture
def booking():
    Book.ran.clear()
    return Booking(trip=Trip(hotel=Book(what="hotel")), flight=Book(what="flight"))


def built(booking, *faults, **more):
    return booking.build(Travel(), faults=faults, clock=VirtualClock(), **more)


PAUSE = Fault("flight", kind=FaultKind.PAUSE)
LOST = Fault("flight", error=LostError("no seat"))
STUCK = Fault("trip.hotel", "compensate")


async def sent(bench, **command):
    bench._commands.receive(command)
    await asyncio.sleep(0)
    while bench._commands._task is not None:
        await asyncio.sleep(0)


def standing(bench):
    return bench.toolbar.standing["now"], bench.toolbar.standing["next"]


def enabled(bench):
    return {button["command"] for button in bench.toolbar.buttons if button["enabled"]}


# -- executions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("faults", "badge", "now"),
    [
        ((), "Completed", "All 2 steps are done."),
        ((LOST,), "Failed and undone: LostError", "The saga failed (LostError: no seat); what was done is undone."),
        ((PAUSE,), "Paused", "flight asks to wait."),
        ((LOST, STUCK), "Undo failed", "Rollback is over, but not undone: trip.hotel."),
    ],
)
async def test_every_typed_execution_opens_where_it_stands_and_says_that_it_is_a_recording(booking, faults, badge, now):
    bench = Workbench(await built(booking, *faults).start())
    assert bench.toolbar.badge["text"] == badge
    assert standing(bench) == (now, RECORDED)
    assert enabled(bench) == {"back"}
    assert {button["why"] for button in bench.toolbar.buttons if button["command"] in ("reset", "fork", "crash")} == {
        RECORDED
    }
    assert type(bench.result).__name__ == badge.split()[0].replace("Undo", "CompensationFailed")


async def test_a_new_execution_opens_too_with_its_context(booking):
    bench = Workbench(built(booking))
    after = f"The recording ends here; next it would execute trip.hotel, step 1 of 2. {RECORDED}"
    assert standing(bench) == ("Nothing has run yet.", after)
    assert [row["text"] for row in bench.context.rows] == ["None", "None"]
    assert enabled(bench) == set()


async def test_travelling_in_a_recording_shows_every_entry_and_runs_nothing(booking):
    bench = Workbench(await built(booking, LOST).start())
    ran = list(Book.ran)
    await sent(bench, command="goto", branch="", position="1")
    assert bench.effects.summary == "1 open"
    assert standing(bench)[1] == "Step shows what came next; nothing is carried out."
    assert enabled(bench) == {"back", "step", "run_to_end"}
    await sent(bench, command="step")
    await sent(bench, command="run_to_end")
    assert bench.toolbar.badge["text"] == "Failed and undone: LostError"
    assert bench.effects.summary == "1 undone"
    await sent(bench, command="back")
    assert bench.listing.marks["flight"]["status"] == "failed"
    assert bench.toolbar.alert == ""
    assert ran == Book.ran


@pytest.mark.parametrize(
    "command",
    [
        {"command": "reset"},
        {"command": "fork"},
        {"command": "fork_as", "name": "x"},
        {"command": "crash"},
        {"command": "run"},
        {"command": "resume"},
        {"command": "abort", "note": ""},
        {"command": "remove_breakpoint", "text": "on error"},
        {"command": "clock"},
        {"command": "edit", "place": "hotel", "text": "x"},
        {"command": "toggle_breakpoint", "path": "flight"},
        {"command": "plan_fault", "path": "flight", "choice": "execute.timeout.1", "delay_ms": ""},
        {"command": "remove_fault", "id": "x"},
    ],
    ids=lambda command: command["command"],
)
async def test_what_would_change_a_recording_is_refused_in_words(booking, command):
    paused = await built(booking, PAUSE).start()
    bench = Workbench(paused)
    before, ran = view_of(bench.shown), list(Book.ran)
    await sent(bench, **command)
    assert RECORDED[1:] in bench.toolbar.alert
    assert view_of(bench.shown) == before
    assert ran == Book.ran
    assert (await paused.resume()).is_completed  # what was opened can still go on


async def test_only_the_last_context_is_known_and_the_pane_says_so(booking):
    bench = Workbench(await built(booking).start())
    assert [(row["key"], row["text"], row["change"]) for row in bench.context.rows] == [
        ("hotel", "'hotel_1'", "same"),
        ("flight", "'flight_1'", "same"),
    ]
    assert bench.context.summary == "what changed last is not known"
    assert not any("place" in row for row in bench.context.rows)  # nothing can be edited
    await sent(bench, command="back")
    assert (bench.context.rows, bench.context.trouble) == ([], NOT_KEPT)
    with pytest.raises(ContextCopyError, match="not kept"):
        _ = bench.shown.context


async def test_the_context_of_a_pause_that_has_gone_on_is_not_taken_for_its_own(booking):
    paused = await built(booking, PAUSE).start()
    await paused.resume()
    bench = Workbench(paused)
    assert bench.toolbar.badge["text"] == "Paused"
    assert bench.context.trouble == GONE_ON


async def test_a_recording_keeps_its_context_when_the_execution_goes_on(booking):
    paused = await built(booking, PAUSE).start()
    bench = Workbench(paused)
    await paused.resume()
    bench.refresh()
    assert bench.shown.context == Travel(hotel="hotel_1")
    assert bench.shown.length == 2


async def test_a_pause_says_why_it_stands_and_who_can_go_on(booking):
    panel = Workbench(await built(booking, PAUSE).start()).toolbar.panel
    assert panel["title"] == "flight has paused"
    assert panel["actions"] == []
    assert panel["form"] is None
    assert panel["text"].endswith("This is a recording: resume() or abort() goes on where the run itself is.")
    panel = Workbench(await built(booking, LOST, STUCK).start()).toolbar.panel
    assert panel["text"].endswith("retry() or resolve() goes on where the run itself is.")
    assert panel["form"] is None


async def test_a_halt_in_the_past_of_a_recording_is_told_too(booking):
    paused = await built(booking, PAUSE).start()
    bench = Workbench(await paused.resume())
    await sent(bench, command="goto", branch="", position="2")
    assert bench.toolbar.badge["text"] == "Paused"
    assert bench.toolbar.panel["title"] == "flight has paused"


async def test_the_faults_of_an_execution_are_shown_and_cannot_be_changed(booking):
    bench = Workbench(await built(booking, LOST).start())
    assert [(chip["text"], chip["note"]) for chip in bench.faults.chips] == [
        ("flight · execute #1 · LostError: no seat", "fired at entry 1")
    ]
    assert bench.faults.fixed == "No faults were planned."
    assert bench.listing.fixed == RECORDED
    assert bench.toolbar.clock["label"] == ""


async def test_frames_and_charts_read_recordings(booking):
    done = await built(booking, LOST).start()
    recording = Recording.of(done)
    assert timings_frame(recording).equals(timings_frame(done))
    assert gantt(recording).to_json() == gantt(done).to_json()


# -- records ------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["path", "text path", "bytes", "text"])
async def test_a_record_opens_without_its_saga_from_a_file_or_its_data(booking, tmp_path, how):
    data = (await built(booking, PAUSE).start()).dump_json()
    path = tmp_path / "run.json"
    path.write_bytes(data)
    bench = Workbench({"path": path, "text path": str(path), "bytes": data, "text": data.decode()}[how])
    assert [row["path"] for row in bench.listing.program] == ["trip", "trip.hotel", "flight"]
    assert bench.listing.program[1]["input"] == "what='hotel'"
    assert [(row["key"], row["text"]) for row in bench.context.rows] == [("hotel", "'hotel_1'"), ("flight", "None")]
    assert bench.toolbar.saga == "Booking"
    assert bench.toolbar.panel["title"] == "flight has paused"
    assert bench.effects.summary == "1 open"
    chips = [(chip["text"], chip["note"]) for chip in bench.faults.chips]
    assert chips == [("flight · execute #1 · pause", "fired at entry 1")]
    json.dumps(view_of(bench.shown), allow_nan=False)


@pytest.mark.parametrize("of_class", [True, False])
async def test_with_its_saga_a_record_comes_back_as_what_it_was(booking, of_class):
    data = (await built(booking, LOST, STUCK).start()).dump_json()
    recording = Workbench(data, saga=Booking if of_class else booking).shown
    assert recording.context == Travel(hotel="hotel_1")
    assert isinstance(recording.original_error, LostError)
    assert recording.steps == (Book(what="hotel"), Book(what="flight"))
    with_nothing = Workbench(data).shown
    assert with_nothing.context == {"hotel": "hotel_1", "flight": None}
    assert with_nothing.standing.pending == ("trip.hotel",)


@pytest.mark.parametrize(("faults", "badge"), [((), "Completed"), ((LOST,), "Failed and undone: LostError")])
async def test_a_finished_record_of_a_store_opens(booking, faults, badge):
    store = InMemoryStore()
    done = await built(booking, *faults, checkpoint=store).start()
    record = await store.get(done.id)
    for source in (record, record.data):
        bench = Workbench(source)
        assert bench.toolbar.badge["text"] == badge
        assert [entry.outcome for entry in bench.shown.journal] == [entry.outcome for entry in done.journal]


async def test_the_record_of_a_run_that_died_says_that_nobody_knows_how_it_ended(booking):
    store = InMemoryStore()
    crashing = built(booking, Fault("flight", kind=FaultKind.CRASH_BEFORE), checkpoint=store)
    with pytest.raises(BaseException, match="crash"):
        await crashing.start()
    bench = Workbench((await store.get(crashing.id)).data)
    assert bench.toolbar.badge["text"] == "Not come back"
    assert bench.toolbar.panel["title"] == "flight had not come back when this was recorded"
    assert bench.toolbar.panel["actions"] == []
    await sent(bench, command="back")
    assert bench.toolbar.badge["text"] == "Going forward"


# -- sessions -----------------------------------------------------------------------------------


async def saved(booking, path):
    run = Debugger(booking, Travel(), faults=[LOST], clock=VirtualClock())
    run.breakpoints = [Breakpoint("flight")]
    await run.run_to_end()
    run.goto(1)
    run.fork("another day")
    run.edit("hotel", "suite")
    run.goto(1)
    run.save(path)
    return run


async def test_a_session_opens_without_its_saga_with_all_branches_and_contexts(booking, tmp_path):
    run = await saved(booking, tmp_path / "session.json")
    bench = Workbench(tmp_path / "session.json")
    assert isinstance(bench.shown, Recording)
    assert bench.shown.branch == "another day"
    assert bench.shown.position == 1
    await sent(bench, command="step")
    assert bench.shown.context == {"hotel": "suite", "flight": None}
    await sent(bench, command="switch", branch="main")
    for position in range(bench.shown.length + 1):
        bench.shown.goto(position)
        run.switch("main")
        run.goto(position)
        assert bench.shown.context == run.context.model_dump()
    assert bench.faults.chips[0]["text"].startswith("flight · execute #1 · ")


@pytest.mark.parametrize("of_class", [True, False])
async def test_with_its_saga_a_session_goes_on_where_it_was_saved(booking, tmp_path, of_class):
    await saved(booking, tmp_path / "session.json")
    bench = Workbench(str(tmp_path / "session.json"), saga=Booking if of_class else booking, clock=VirtualClock())
    assert bench.debugger.branch == "another day"
    assert bench.debugger.position == 1
    assert [str(item) for item in bench.debugger.breakpoints] == ["before flight"]
    assert bench.toolbar.clock["label"] == "virtual time"
    await sent(bench, command="run_to_end")
    assert bench.toolbar.badge["text"] == "Failed and undone: LostError"


def test_a_debugger_opens_as_it_stands(booking):
    run = Debugger(booking, Travel())
    assert Workbench(run).debugger is run


# -- what cannot be opened ----------------------------------------------------------------------


async def test_what_cannot_be_opened_is_said_in_words(booking, tmp_path):
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "other.json").write_text('{"format": "recipe"}')
    paused = await built(booking, PAUSE).start()
    record = paused.dump_json()
    refused = [
        ((tmp_path / "no.json",), {}, SourceError, "no.json' cannot be read: No such file"),
        ((tmp_path,), {}, SourceError, "cannot be read: Is a directory"),
        (("a\0b",), {}, SourceError, "cannot be read: "),
        ((tmp_path / "bad.json",), {}, CorruptRecordError, "no JSON that this project writes"),
        ((tmp_path / "other.json",), {}, CorruptRecordError, "neither an execution's record nor a debugger's session"),
        ((b"[]",), {}, CorruptRecordError, "neither"),
        ((record.replace(b"hotel_1", b"hotel_2"),), {}, CorruptRecordError, "damaged"),
        ((record,), {"saga": Trip}, SagaMismatchError, "saga 'Booking', not of 'Trip'"),
        ((record,), {"saga": 3}, SourceError, "saga= is a saga or its class, not an int"),
        ((paused,), {"saga": Booking}, SourceError, "a Paused knows its saga"),
        ((3,), {}, SourceError, "not an int"),
        ((Booking,), {}, LegendError, "not Booking .the class.; make one first"),
        ((booking,), {}, LegendError, "with a context"),
        ((booking, Travel()), {"saga": Booking}, LegendError, "the saga to run comes first"),
        ((paused, Travel()), {}, LegendError, "what has run is shown without one"),
        ((paused,), {"faults": [LOST]}, LegendError, "faults= is for a saga that is to run"),
    ]
    for arguments, more, error, words in refused:
        with pytest.raises(error, match=words):
            Workbench(*arguments, **more)


def test_something_still_to_be_awaited_is_said_to_be(booking):
    waiting = built(booking).start()
    with pytest.raises(SourceError, match="await it first"):
        Workbench(waiting)
    waiting.close()


async def test_a_recording_ends_at_its_end_and_its_debugger_is_none(booking):
    bench = Workbench(await built(booking).start())
    with pytest.raises(ProtocolError, match="end of what was recorded"):
        bench.shown.forward()
    with pytest.raises(LegendError, match="nothing runs"):
        _ = bench.debugger


@pytest.mark.parametrize(
    "inputs",
    [
        {"tag": "X", "fields": {}},
        {"tag": "X", "fields": {"a.b": {"tag": "S", "input": {}}}},
        {"tag": "X", "fields": {"a": 3}},
        {"tag": "X", "fields": []},
        None,
    ],
)
async def test_a_record_whose_inputs_make_no_saga_is_refused(booking, inputs):
    from legend_lab.runtime.record import read_head, seal  # noqa: PLC0415 - to damage one so that the digest fits

    head = read_head((await built(booking, PAUSE).start()).dump_json())
    head["saga"]["inputs"] = inputs
    with pytest.raises(CorruptRecordError):
        Workbench(seal(head))


@pytest.mark.parametrize("given", ["run.json", b"{}", None, 3, [1]])
def test_a_recording_of_something_else_says_how_one_is_made(given):
    with pytest.raises(SourceError, match=r"use Recording.of\(execution\), Recording.read\(data\)"):
        Recording(given)
