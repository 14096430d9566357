"""gantt: what the timeline shows, as facts about its data."""

import asyncio
import copy
import html
import json
import pickle
import re
from dataclasses import replace
from itertools import pairwise

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from legend_lab import (
    Debugger,
    Fault,
    FaultKind,
    Journal,
    Program,
    RetryPolicy,
    Saga,
    SimulatedCrash,
    SimulatedStep,
    SourceError,
    StepSpec,
    VirtualClock,
)
from legend_lab.core.instructions import FORWARD, Failure, StepOutcome
from legend_lab.core.state import ExecutionState
from legend_lab.core.text import visible as visible_text
from legend_lab.lab import labels, marks
from legend_lab.lab.charts import CONFIG, EDGE_PX, figure_data, gantt
from legend_lab.lab.traces import OUTLINE_PX, SHORT_PX
from legend_lab.lab.window import MOST_ENTRIES, MOST_STEPS


class Stubborn(SimulatedStep):
    retry_policy = RetryPolicy.retries_with_backoff(2, 40)
    compensation_retry_policy = RetryPolicy.retries_with_backoff(1, 20)


def booking(duration_ms=100.0):
    step = Stubborn(duration_ms=duration_ms)
    trip = Saga.of("Trip", {"hotel": step, "flight": step})
    return Saga.of("Booking", {"funds": step, "trip": trip, "charge": step, "confirm": step})


def run(*faults, saga=None, clock=None):
    return asyncio.run((saga or booking()).build({}, clock=clock or VirtualClock(), faults=faults).start())


def failing(path="charge"):
    return Fault(path, attempt="every", delay_ms=10)


def crashed():
    execution = booking().build({}, clock=VirtualClock(), faults=[Fault("trip.hotel", kind=FaultKind.CRASH_AFTER)])
    with pytest.raises(SimulatedCrash):
        asyncio.run(execution.start())
    return execution.recover()


def traces(source, **options):
    return {trace["name"]: trace for trace in figure_data(source, **options)["data"]}


def bars(source, **options):
    """Every bar as {entry number: (base, length, y, trace)}."""
    return {
        entry: (base, length, y, trace)
        for trace in figure_data(source, **options)["data"]
        if trace["type"] == "bar"
        for entry, base, length, y in zip(trace["customdata"], trace["base"], trace["x"], trace["y"], strict=True)
    }


def strokes(trace):
    """The separate strokes of a line trace, as ((x0, x1), y)."""
    ends = [at for at, x in enumerate(trace["x"]) if x is None]
    starts = [0, *(at + 1 for at in ends)]
    return [((trace["x"][a], trace["x"][b - 1]), trace["y"][a]) for a, b in zip(starts, ends, strict=False)]


def lane(source, path):
    """Where a step's lane is, found by its label."""
    axis = figure_data(source)["layout"]["yaxis"]
    found = [y for y, text in zip(axis["tickvals"], axis["ticktext"], strict=True) if shown(text) == path]
    assert len(found) == 1
    return found[0]


def shown(markup):
    """The text that a reader sees of a piece of plotly's markup."""
    return html.unescape(re.sub("<[^>]*>", "", markup)).strip("\u00a0")


def texts(figure):
    """Every text that plotly interprets."""
    layout = figure["layout"]
    yield from layout["yaxis"]["ticktext"]
    yield from (note["text"] for note in layout["annotations"])
    yield from (note["hovertext"] for note in layout["annotations"] if "hovertext" in note)
    yield layout.get("title", {}).get("text", "")
    for trace in figure["data"]:
        yield trace["name"]
        yield from trace.get("hovertext", ())
        yield from trace.get("text", ())


# -- lanes --------------------------------------------------------------------------------------


def test_lanes_stand_in_program_order_with_a_heading_for_each_block():
    axis = figure_data(run())["layout"]["yaxis"]
    assert [shown(text) for text in axis["ticktext"]] == ["funds", "▾ trip", "hotel", "flight", "charge", "confirm"]
    assert axis["tickvals"] == sorted(axis["tickvals"])
    low, high = axis["range"]
    assert low > high
    assert axis["fixedrange"]


def test_steps_of_a_block_are_indented_below_its_heading():
    labels_of = figure_data(run())["layout"]["yaxis"]["ticktext"]
    assert labels_of[2].startswith("\u00a0\u00a0hotel")
    assert not labels_of[0].startswith("\u00a0")


def test_a_block_is_a_band_from_its_heading_to_its_last_step():
    figure = figure_data(run())
    (band,) = [shape for shape in figure["layout"]["shapes"] if shape["type"] == "rect"]
    inside = [shown(text) for y, text in ticks(figure) if band["y0"] < y < band["y1"]]
    assert inside == ["▾ trip", "hotel", "flight"]


def ticks(figure):
    axis = figure["layout"]["yaxis"]
    return zip(axis["tickvals"], axis["ticktext"], strict=True)


def test_nested_blocks_have_nested_bands():
    inner = Saga.of("Inner", {"c": SimulatedStep()})
    outer = Saga.of("Outer", {"b": inner, "d": SimulatedStep()})
    figure = figure_data(run(saga=Saga.of("Deep", {"a": outer, "e": SimulatedStep()})))
    assert [shown(text) for _, text in ticks(figure)] == ["▾ a", "▾ b", "c", "d", "e"]
    outer_band, inner_band = figure["layout"]["shapes"]
    assert outer_band["y0"] < inner_band["y0"] < inner_band["y1"] < outer_band["y1"]


def test_steps_not_run_are_faint_labels_without_bars():
    source = run(failing())
    for y, text in ticks(figure_data(source)):
        tried = shown(text) != "confirm"
        assert (marks.FAINT in text) is not tried
        if not tried:
            assert y not in {bar[2] for bar in bars(source).values()}


def test_a_long_name_is_cut():
    source = run(saga=Saga.of("Long", {"x" * 150: SimulatedStep()}))
    (text,) = figure_data(source)["layout"]["yaxis"]["ticktext"]
    assert text == "x" * (labels.LONGEST_LABEL - 1) + "…"


def test_a_bare_journal_is_drawn_in_order_of_first_appearance():
    assert [shown(text) for _, text in ticks(figure_data(run(failing("trip.flight")).journal))] == [
        "funds",
        "▾ trip",
        "hotel",
        "flight",
    ]


# -- bars ---------------------------------------------------------------------------------------


def test_each_attempt_is_one_bar_at_its_own_time_in_its_own_lane():
    source = run(Fault("trip.hotel", delay_ms=10), failing())
    drawn = bars(source)
    attempts = [entry for entry in source.journal if entry.kind in ("execute", "compensate")]
    assert sorted(drawn) == [entry.number for entry in attempts]
    origin_ns = source.journal[0].started_ns
    for entry in attempts:
        base, length, y, _ = drawn[entry.number]
        assert base == (entry.started_ns - origin_ns) / 1e6
        assert length == pytest.approx(entry.duration_ms)
        assert y == lane(source, entry.path.rpartition(".")[2])


def test_outcomes_differ_in_glyph_or_pattern_and_not_in_colour_alone():
    looks = [(mark.glyph, mark.pattern) for mark in marks.MARKS]
    assert len(set(looks)) == len(looks)
    assert all(mark.pattern for mark in (marks.UNDONE, marks.UNDO_FAILED, marks.UNDO_PAUSED, marks.UNDO_INTERRUPTED))


def test_undo_is_hatched_and_what_went_forward_is_not():
    source = run(failing())
    for number, (*_, trace) in bars(source).items():
        assert ("pattern" in trace["marker"]) is (source.journal[number].kind == "compensate")


def test_a_bar_of_no_length_is_still_visible():
    source = run(
        saga=Saga.of("Quick", {"zero": SimulatedStep(duration_ms=0), "micro": SimulatedStep(duration_ms=1e-3)})
    )
    zero, micro = (bars(source)[number] for number in (0, 1))
    assert zero[1] == 0
    assert micro[1] == pytest.approx(1e-3)
    assert zero[3]["marker"]["line"]["width"] == [SHORT_PX, OUTLINE_PX]  # the second fills the chart
    assert "took 0 ms" in zero[3]["hovertext"][0]


def test_a_glyph_stands_beside_a_bar_that_is_too_short_for_it():
    saga = Saga.of("Mixed", {"quick": SimulatedStep(duration_ms=0.01), "slow": SimulatedStep(duration_ms=500)})
    (trace,) = (trace for trace in figure_data(run(saga=saga))["data"] if trace["type"] == "bar")
    assert trace["text"] == ["✓", "✓"]
    assert trace["textposition"] == ["outside", "inside"]


def test_an_open_attempt_is_marked_as_such():
    (trace,) = (trace for *_, trace in bars(crashed()).values() if trace["name"] != "✓ done")
    assert trace["name"] == "? open"
    assert "nobody saw it end" in trace["hovertext"][0]


def test_an_open_attempt_reaches_to_what_came_next():
    source = crashed()
    _, opened, halt = source.journal
    base, length, *_ = bars(source)[opened.number]
    assert base + length == pytest.approx((halt.started_ns - source.journal[0].started_ns) / 1e6)


def test_an_open_attempt_at_the_very_end_still_has_a_length():
    source = crashed()
    opened = Journal(list(source.journal.rows)[:2], source.journal.anchor_ns)
    assert bars(opened)[1][1] > 0


# -- lines --------------------------------------------------------------------------------------


def test_back_off_is_a_line_between_its_attempts():
    source = run(Fault("trip.hotel", delay_ms=10))
    (((start, end), y),) = strokes(traces(source)["back-off"])
    drawn = bars(source)
    assert start == pytest.approx(drawn[1][0] + drawn[1][1])
    assert end == pytest.approx(drawn[3][0])
    assert y == drawn[1][2]


def test_each_undo_is_linked_to_what_it_takes_back():
    source = run(failing())
    drawn = bars(source)
    undos = [entry for entry in source.journal if entry.kind == "compensate"]
    links = strokes(traces(source)["takes back"])
    assert len(links) == len(undos) == 3
    for undo, ((start, end), y) in zip(undos, links, strict=True):
        undone, bar = drawn[undo.undoes], drawn[undo.number]
        assert (start, end, y) == (undone[0] + undone[1], bar[0], bar[2])


def test_a_retried_undo_is_linked_once_and_its_back_off_links_the_rest():
    source = run(failing(), Fault("trip.hotel", "compensate", delay_ms=5))
    assert len(strokes(traces(source)["takes back"])) == 3
    assert len(strokes(traces(source)["back-off"])) == 2 + 1


def test_an_undo_of_a_later_round_is_linked_to_its_last_attempt():
    failed = run(failing(), Fault("funds", "compensate", 1, delay_ms=5), Fault("funds", "compensate", 2, delay_ms=5))
    source = asyncio.run(failed.retry())
    drawn, last = bars(source), source.journal[-1]
    (start, end), _ = strokes(traces(source)["takes back"])[-1]
    former = max(number for number in drawn if number < last.number)
    assert (start, end) == (drawn[former][0] + drawn[former][1], drawn[last.number][0])


# -- point of failure, halts, what is next ----------------------------------------------------------


def failure_line(source):
    return [shape for shape in figure_data(source)["layout"]["shapes"] if shape["type"] == "line"]


def notes(source):
    return [note["text"] for note in figure_data(source)["layout"]["annotations"]]


def test_the_point_of_failure_is_where_the_last_attempt_forward_ended():
    source = run(failing())
    (line,) = failure_line(source)
    last = max((entry for entry in source.journal if entry.kind == "execute"), key=lambda entry: entry.number)
    base, length, *_ = bars(source)[last.number]
    assert line["x0"] == line["x1"] == pytest.approx(base + length)
    assert "point of failure" in notes(source)


def test_a_failure_with_nothing_to_undo_has_its_line_too():
    assert len(failure_line(run(failing("funds")))) == 1


def test_an_abort_is_the_point_of_failure():
    paused = run(Fault("trip.hotel", kind=FaultKind.PAUSE))
    source = asyncio.run(paused.abort("no"))
    assert len(failure_line(source)) == 1
    decisions = traces(source)["◆ decision"]
    assert decisions["text"] == ["■ aborted"]
    assert decisions["x"] == [failure_line(source)[0]["x0"]]


def test_a_run_that_goes_well_has_no_point_of_failure():
    source = run(Fault("trip.hotel"))
    assert failure_line(source) == []
    assert notes(source) == []


def test_decisions_are_marked_in_the_lane_where_the_run_stood():
    source = asyncio.run(run(Fault("trip.hotel", kind=FaultKind.PAUSE)).resume())
    decisions = traces(source)["◆ decision"]
    assert decisions["text"] == ["▶ resumed"]
    assert decisions["y"] == [lane(source, "hotel") - 0.26]  # on the upper edge of the bars


def test_the_word_at_what_comes_next_takes_no_width_where_its_lane_has_room():
    class Again(SimulatedStep):
        retry_policy = RetryPolicy.retries(1)

    def where(fails):
        steps = {"a": Again(fails=fails), "b": SimulatedStep()}
        debugger = Debugger(Saga.of("Two", steps), {}, clock=VirtualClock())
        asyncio.run(debugger.step())
        layout = figure_data(debugger)["layout"]
        return layout["annotations"][0]["xanchor"], layout["margin"]["r"]

    assert where(0) == ("right", 16)
    anchor, margin = where(1)  # its lane is full to the right edge
    assert (anchor, margin > 16) == ("left", True)


def test_what_comes_next_is_outlined():
    new = booking().build({})
    assert notes(new) == ["next"]
    paused = run(Fault("trip.hotel", kind=FaultKind.PAUSE))
    assert notes(paused) == ["‖ step paused"]
    stuck = run(Fault("charge", attempt="every"), Fault("trip.hotel", "compensate", attempt="every"))
    assert "⊗ undo failed" in notes(stuck)
    assert min(traces(paused)["next"]["y"]) < lane(paused, "hotel") < max(traces(paused)["next"]["y"])


def test_a_finished_run_has_no_next():
    assert "next" not in traces(run())
    assert "next" not in traces(run(failing()))


def in_no_time(*faults, **settings):
    steps = {name: SimulatedStep(duration_ms=0) for name in ("hotel", "flight", "charge")}

    class Card(SimulatedStep):
        retry_policy = RetryPolicy.retries(1)

    saga = Saga.of("Instant", {**steps, "charge": Card(duration_ms=0, **settings)})
    return asyncio.run(saga.build({}, clock=VirtualClock(), faults=faults).start())


def test_attempts_that_took_no_time_are_drawn_in_their_turn_and_the_chart_says_so():
    source = in_no_time(fails=2)
    turns = {number: (start, start + length) for number, (start, length, *_) in sorted(bars(source).items())}
    assert turns == {number: (number, number + 1) for number in range(6)}
    assert notes(source) == ["point of failure", "in order: no attempt took any time"]
    layout = figure_data(source)["layout"]
    assert layout["annotations"][-1]["xshift"] + layout["margin"]["l"] == EDGE_PX, "words use the room below the names"
    axis = layout["xaxis"]
    assert (axis["showticklabels"], axis["showgrid"]) == (False, False)
    hovers = {
        n: text
        for bar in bars(source).values()
        for n, text in zip(bar[3]["customdata"], bar[3]["hovertext"], strict=True)
    }
    assert "at 0 ms, took 0 ms" in hovers[4]
    (line,) = (shape for shape in figure_data(source)["layout"]["shapes"] if shape["type"] == "line")
    assert line["x0"] == 4
    assert "at 0 ms" in figure_data(source)["layout"]["annotations"][0]["hovertext"]


def test_an_attempt_that_nobody_saw_end_has_its_turn_too():
    steps = {name: SimulatedStep(duration_ms=0) for name in "ab"}
    debugger = Debugger(
        Saga.of("Crash", steps), {}, clock=VirtualClock(), faults=Fault("b", kind=FaultKind.CRASH_AFTER)
    )

    async def crash_and_abort():
        await debugger.run_to_end()
        debugger.abort("enough")
        await debugger.run_to_end()

    asyncio.run(crash_and_abort())
    turns = {number: (start, start + length) for number, (start, length, *_) in sorted(bars(debugger).items())}
    assert list(turns.values()) == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert "in order: no attempt is known to have taken any time" in notes(debugger)
    assert [start for _, (start, *_) in sorted(bars(debugger, entries=range(1, 2)).items())] == [0]


def test_back_off_between_turns_is_wider_the_longer_it_was():
    class Patient(SimulatedStep):
        retry_policy = RetryPolicy(3, 100, multiplier=3)

    saga = Saga.of("Waits", {"a": Patient(duration_ms=0, fails=3)})
    source = asyncio.run(saga.build({}, clock=VirtualClock()).start())
    turns = [(start, start + length) for _, (start, length, *_) in sorted(bars(source).items())]
    assert [end - start for start, end in turns] == pytest.approx([1, 1, 1, 1])
    waits = [after[0] - before[1] for before, after in pairwise(turns)]
    assert waits == sorted(waits)
    assert [wait - 0.5 for wait in waits] == pytest.approx([2 / 9, 2 / 3, 2])


def test_a_zoom_ends_where_turns_become_times():
    in_turns, in_ms = in_no_time(), in_no_time(Fault("charge", kind=FaultKind.DELAY, delay_ms=5))
    revisions = [figure_data(source)["layout"]["uirevision"] for source in (in_turns, in_ms)]
    assert revisions[0] != revisions[1]


def test_one_attempt_that_took_time_and_the_chart_is_one_of_time():
    source = in_no_time(Fault("charge", kind=FaultKind.DELAY, delay_ms=5))
    assert [start for _, (start, *_) in sorted(bars(source).items())] == [0, 0, 0]
    assert notes(source) == []


# -- hover and text -----------------------------------------------------------------------------


def test_hover_tells_path_attempt_outcome_error_start_duration_and_fault():
    source = run(Fault("trip.hotel", error=ValueError("no room"), delay_ms=1.234567))
    (hover,) = traces(source)["✗ failed"]["hovertext"]
    assert shown(hover.replace("<br>", "\n")).splitlines() == [
        "trip.hotel · attempt 1",
        "✗ failed",
        "ValueError: no room",
        "at 100 ms, took 1.235 ms",
        "⚡ injected: trip.hotel · execute #1 · error before effect",
        "entry 1",
    ]


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "<b>bold</b>",
    "&lt;b&gt;",
    "<a href='javascript:alert(1)'>here</a>",
    "two\nlines\r\nand\u2028more",
    "\u202eright to left",
    "\x00\x07\x1b[31m",
    "%{x} %{customdata}",
    "$\\href{javascript:alert(1)}{x}$",
    "lone \ud800 surrogate",
    "é" * 10_240,
]


def tags(markup):
    return set(re.findall(r"</?([a-zA-Z]\w*)", markup))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_and_never_interpreted(text):
    program = Program("P", (StepSpec(text, retry_policy=RetryPolicy.retries(1)), StepSpec(f"block.{text}2")))
    at, after = program.executes
    rows = [
        (at, Failure(ValueError(text)), 0, 1_000, text),
        (replace(at, attempt=2), StepOutcome.CONTINUE, 2_000, 3_000, None),
        (after, StepOutcome.CONTINUE, 3_000, 4_000, None),
    ]

    class Source:
        journal = Journal(rows, 0)
        state = ExecutionState(0, 2, 1, 0, FORWARD)

    Source.program = program
    figure = figure_data(Source(), title=text)
    for markup in texts(figure):
        assert tags(markup) <= {"b", "br", "span"}, markup
        assert not re.search(r"&(?!(amp|lt|gt);)", markup)
        assert not re.search("[\x00-\x1f\u202a-\u202e\u2028\ud800-\udfff]", markup)
        assert len(shown(markup)) < 1_200
    visible = shown(figure["layout"]["title"]["text"])
    assert visible == visible_text(text, labels.LONGEST_HOVER)
    json.dumps(figure).encode()
    page = gantt(Source(), title=text).to_html(include_plotlyjs=False)
    assert "<img" not in page
    assert "<script>alert" not in page


@given(st.text())
def test_escaped_text_reads_as_it_was_written(text):
    assert html.unescape(labels.plain(text)) == visible_text(text, labels.LONGEST_HOVER)
    assert not set(labels.plain(text)) & set("<>\n\r")


@pytest.mark.parametrize(
    ("ms", "said"),
    [(0, "0"), (0.25, "0.25 ms"), (400, "400 ms"), (1_200, "1.2 s"), (90_000, "1 min 30 s"), (7_200_000, "2 h")],
)
def test_ticks_are_in_units_that_people_read(ms, said):
    assert labels.human(ms) == said


def test_the_axis_calls_seconds_seconds():
    names = labels.tick_texts(0, 1_600)
    assert names["0 ms"] == "0"
    assert names["1200 ms"] == "1.2 s"
    assert names["1300 ms"] == "1.3 s"
    assert "400 ms" not in names


def test_times_in_hovers_have_microseconds():
    assert labels.milliseconds(1_322.004_4) == "1,322.004 ms"
    assert labels.milliseconds(0.0004) == "0.0004 ms"


# -- long runs ----------------------------------------------------------------------------------


def test_a_long_run_shows_its_end_and_says_so():
    program = Program("Long", tuple(StepSpec(f"s{index}") for index in range(3)))
    rows = [(program.executes[number % 3], StepOutcome.CONTINUE, number, number + 1, None) for number in range(5_000)]
    journal = Journal(rows, 0)
    assert sorted(bars(journal)) == list(range(5_000 - MOST_ENTRIES, 5_000))
    assert notes(journal) == ["shown: entries 3,000 to 4,999 of 5,000"]


def test_a_wide_run_shows_only_the_steps_of_its_last_entries():
    saga = Saga.of("Wide", {f"s{index}": SimulatedStep() for index in range(MOST_STEPS + 50)})
    source = run(failing(f"s{MOST_STEPS + 49}"), saga=saga)
    figure = figure_data(source)
    assert len(figure["layout"]["yaxis"]["ticktext"]) == MOST_STEPS
    (notice,) = notes(source)
    assert "120 of 170 steps" in notice
    assert "point of failure: entry 169" in notice


def test_any_part_of_a_run_can_be_asked_for():
    source = run(failing())
    assert sorted(bars(source, entries=range(1, 3))) == [1, 2]
    assert "next" not in traces(source, entries=range(1, 3))


def test_an_empty_part_is_drawn_empty():
    assert bars(run(), entries=range(9, 20)) == {}


# -- idle times -------------------------------------------------------------------------------------


def test_a_pause_of_a_day_does_not_hide_the_run():
    clock = VirtualClock()
    paused = run(Fault("trip.hotel", kind=FaultKind.PAUSE), clock=clock)
    clock.advance(86_400)
    source = asyncio.run(paused.resume())
    assert figure_data(source)["layout"]["xaxis"]["range"][1] < 1_000
    assert traces(source)["⫽ idle"]["text"] == ["", "⫽ 1 d", ""]
    assert "at 86,400,100 ms" in traces(source)["✓ done"]["hovertext"][1]
    assert max(bar[0] for bar in bars(source, cut_idle=False).values()) > 86_400_000


def test_short_idle_times_are_not_cut():
    clock = VirtualClock()
    paused = run(Fault("trip.hotel", kind=FaultKind.PAUSE), clock=clock)
    clock.advance(0.2)
    assert "⫽ idle" not in traces(asyncio.run(paused.resume()))


# -- the figure -----------------------------------------------------------------------------------


def test_the_figure_is_made_of_plain_json():
    figure = figure_data(run(failing()))
    assert json.loads(json.dumps(figure, allow_nan=False)) == figure


@pytest.mark.parametrize("source", [run(), run(failing()), crashed(), booking().build({}), Journal([], 0)], ids=str)
def test_every_source_makes_a_figure_that_plotly_accepts(source):
    figure = gantt(source, title="A run")
    assert isinstance(figure, go.Figure)
    assert figure.layout.barmode == "overlay"
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert not figure.layout.template.to_plotly_json().get("layout")


def test_nothing_invites_to_share_the_chart(monkeypatch):
    figure = gantt(run())
    monkeypatch.setattr("plotly.io.renderers.default", "plotly_mimetype+notebook_connected")
    (bundle,) = {json.dumps(figure._repr_mimebundle_()["application/vnd.plotly.v1+json"]["config"])}
    for text in (bundle, figure.to_html(include_plotlyjs=False), figure._repr_html_()):
        assert re.search(r'"showSendToCloud": ?false', text)
        assert re.search(r'"displaylogo": ?false', text)


def test_a_given_config_goes_before_the_timelines_own():
    text = gantt(run()).to_html(include_plotlyjs=False, config={"displaylogo": True, "scrollZoom": True})
    assert re.search(r'"displaylogo": ?true', text)
    assert re.search(r'"scrollZoom": ?true', text)
    assert re.search(r'"showSendToCloud": ?false', text)


def test_a_zoom_stays_while_a_run_goes_on_and_ends_with_it():
    new, over = booking().build({}), run()
    assert figure_data(over)["layout"]["uirevision"] == "Booking in ms" != figure_data(new)["layout"]["uirevision"]


def test_the_figure_can_be_written_for_use_without_a_network(tmp_path):
    gantt(run()).write_html(tmp_path / "run.html", include_plotlyjs="directory")
    assert (tmp_path / "plotly.min.js").exists()
    written = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert not re.search(r"<(script|link)[^>]+https?:", written)
    assert all(re.search(rf'"{name}"', written) for name in CONFIG)


def test_the_figure_can_be_copied_and_pickled():
    figure = gantt(run())
    assert copy.deepcopy(figure) == figure
    assert pickle.loads(pickle.dumps(figure)) == figure  # noqa: S301 - our own bytes


def test_what_has_no_journal_is_refused():
    with pytest.raises(SourceError):
        gantt("a run")
