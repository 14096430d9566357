from __future__ import annotations

import pytest

from legend_lab import Fault, FaultKind, Saga, SimulatedStep, VirtualClock
from legend_lab.core.errors import SourceError
from legend_lab.lab.comparison import compare


def trip():
    return Saga.of("Trip", {"hotel": SimulatedStep(), "flight": SimulatedStep(), "car": SimulatedStep()})


async def finished(*faults):
    return await trip().build({}, faults=faults, clock=VirtualClock()).start()


async def test_runs_that_tell_the_same_story_do_not_part():
    found = compare(await finished(), await finished())
    assert found.divergence is None
    assert found.frame["same"].all()
    assert "same story, in 3 entries" in found.text


async def test_the_first_entry_that_differs_is_found_in_frame_and_words():
    found = compare(await finished(), await finished(Fault("flight")), names=("fine", "no seat"))
    assert found.divergence == 1
    assert list(found.frame["same"]) == [True, False, False]
    assert found.text == (
        "They part at entry 1. fine: flight is done. "
        "no seat: flight failed: InjectedError: flight: error before the effect (injected)."
    )


async def test_one_run_that_ends_before_the_other_parts_at_its_end():
    paused = await finished(Fault("car", kind=FaultKind.PAUSE))
    found = compare(paused, await finished(Fault("car", kind=FaultKind.PAUSE), Fault("hotel", attempt=2)))
    assert found.divergence is None
    longer = compare(await finished(Fault("flight")), await finished(Fault("flight"), Fault("hotel", "compensate")))
    assert longer.divergence == 2


async def test_an_empty_run_can_be_compared():
    new = trip().build({}, clock=VirtualClock())
    assert compare(new, new).divergence is None
    assert compare(new, await finished()).divergence == 0


async def test_a_run_that_is_not_over_yet_is_not_said_to_have_ended():
    new = trip().build({}, clock=VirtualClock())
    assert compare(new, await finished()).text.startswith("They part at entry 0. a: nothing more has happened. b: ")


async def test_both_timelines_are_drawn_and_the_divergence_is_marked_in_each():
    figure = compare(await finished(), await finished(Fault("flight"))).figure
    axes = {trace.yaxis or "y" for trace in figure.data}
    assert axes == {"y", "y2"}
    marks = [shape for shape in figure.layout.shapes if shape.label.text == "they part here"]
    assert [mark.x0 for mark in marks] == [10.0, 10.0]


async def test_names_are_text():
    figure = compare(await finished(), await finished(), names=("<b>a</b>", "b")).figure
    assert any("&lt;b&gt;" in note.text for note in figure.layout.annotations)


async def test_what_cannot_be_shown_is_refused():
    with pytest.raises(SourceError):
        compare(await finished(), 3)


@pytest.mark.parametrize("names", [("x",), None, (1, 2), "ab", "before", 5])
async def test_names_that_are_not_two_texts_are_refused(names):
    run = await finished()
    with pytest.raises(SourceError, match=r"^names is two texts, for the first run and the second, not "):
        compare(run, run, names=names)


async def test_a_comparison_is_written_as_its_sentence():
    run = await finished()
    assert repr(compare(run, run)) == "<Comparison: Both tell the same story, in 3 entries.>"


class LongError(RuntimeError):
    """Its text has more lines than one, of which one looks like an entry."""


async def test_a_story_has_a_line_an_entry_whatever_an_error_says():
    saga = Saga.of("Trip", {"hotel": SimulatedStep(), "flight": SimulatedStep()})
    fault = Fault("flight", error=LongError("HTTP 502\n     0 ms  hotel is undone.\x1b[31m" + "y" * 5_000))
    result = await saga.build({}, faults=fault, clock=VirtualClock()).start()
    lines = result.journal.to_text().split("\n")
    assert len(lines) == len(result.journal) == 3
    assert "HTTP 502 ⏎      0 ms  hotel is undone.\\u001b[31my" in lines[1]
    assert max(map(len, lines)) < 2_200
