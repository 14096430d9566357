"""Owns the facts about `to_html` that need no browser: what is in the file, how big it is, and how it is written."""

from __future__ import annotations

import asyncio
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import hostile
import page_samples as samples
import pytest
from hypothesis import given
from hypothesis import strategies as st

from legend_lab import (
    CompensationFailed,
    Fault,
    FaultKind,
    FaultPlan,
    Journal,
    LegendError,
    Paused,
    SourceError,
    VirtualClock,
    to_html,
)
from legend_lab.lab.moments import MOST_MOMENTS, NOT_KEPT, ONLY_LAST
from legend_lab.lab.recording import GONE_ON
from legend_lab.ui.deltas import Reel, applied, delta
from legend_lab.ui.page import page_text

JSON = st.recursive(
    st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


class Elements(HTMLParser):
    """Every element of a page, and the text of its data."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.data, self.inside = [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.inside = dict(attrs).get("id") == "ll-data"

    def handle_data(self, data):
        if self.inside:
            self.data += data

    def handle_endtag(self, tag):
        self.inside = False


ELEMENTS = ["html", "head", "meta", "meta", "meta", "title", "style", "body", "div", "noscript", "script", "script"]


def shown(text):
    return json.loads(Elements(text).data)


def states(reel):
    values = reel[:1]
    for change in reel[1:]:
        values.append(applied(values[-1], change))
    return values


def texts(rows):
    return [(row["key"], row["text"], row["change"], texts(row.get("children", []))) for row in rows]


def node_texts(nodes):
    return [(node.key, node.text, node.change, node_texts(node.children)) for node in nodes]


@given(JSON, JSON)
def test_a_delta_turns_one_value_into_the_other(before, after):
    assert applied(before, delta(before, after)) == after


@given(st.lists(JSON, min_size=1, max_size=6), st.integers(0, 200))
def test_a_reel_that_was_shortened_ends_with_the_same_values(values, room):
    reel = Reel()
    for value in values:
        reel.append(value)
        reel.shorten(room)
    assert states(reel.states) == values[reel.gone :]
    assert len(json.dumps(reel.states)) <= room + 4 * len(values)


def test_a_page_has_the_context_of_every_moment_and_what_changed_in_it():
    debugger = samples.failing_booking()
    page = shown(page_text(debugger))
    contexts = states(page["contexts"]["states"])
    assert len(contexts) == debugger.length + 1 == 12
    for position, context in enumerate(contexts):
        assert texts(context["rows"]) == node_texts(debugger.diff(max(0, position - 1), position))


def test_a_page_says_at_each_moment_where_the_run_stands_and_what_became_of_each_step_and_effect():
    page = shown(page_text(samples.failing_booking()))
    moments = states(page["moments"])
    assert moments[0]["now"] == "Nothing has run yet."
    assert moments[0]["next"] == "Next: execute reserve_funds, step 1 of 5."
    assert moments[9]["badge"]["text"] == "Undoing: SeatUnavailableError"
    assert moments[9]["next"] == "Next: undo trip.hotel."
    assert {path: mark["status"] for path, mark in moments[9]["marks"].items()} == {
        "reserve_funds": "done, 2 of 4",
        "trip.hotel": "done · next: undo",
        "trip.flight": "failed 3 of 3",
    }
    assert [(effect["name"], effect["state"]) for effect in moments[10]["effects"]] == [
        ("bank.hold", "open"),
        ("hotel.booking", "undone"),
    ]
    assert moments[10]["effects_summary"] == "1 open · 1 undone"
    assert moments[11]["next"].startswith("The saga failed (SeatUnavailableError: UA123)")
    assert len(page["events"]) == 11
    assert page["events"][3]["text"] == "trip.hotel is done."


def test_a_page_stands_where_its_debugger_stands_and_leaves_it_there():
    debugger = samples.failing_booking()
    debugger.goto(4)
    assert shown(page_text(debugger))["position"] == 4
    assert (debugger.position, debugger.length) == (4, 11)


def test_a_page_is_of_one_branch_and_names_the_others():
    debugger = samples.failing_booking()
    debugger.goto(3)
    debugger.fork("other seat")
    page = shown(page_text(debugger))
    assert page["count"] == 3
    assert "Branch other seat; not on this page: main." in page["about"]
    debugger.switch("main")
    assert "not on this page: other seat (left main at position 3)" in shown(page_text(debugger))["about"]


def test_a_source_without_contexts_says_so():
    result = asyncio.run(samples.booking().build(samples.Travel(), clock=VirtualClock()).start())
    contexts = states(shown(page_text(result))["contexts"]["states"])
    assert {context["trouble"] for context in contexts[:-1]} == {ONLY_LAST}
    assert ("cancelled", "1", "same", []) in texts(contexts[-1]["rows"])
    of_journal = shown(page_text(result.journal))
    assert {context["trouble"] for context in states(of_journal["contexts"]["states"])} == {NOT_KEPT}
    assert [row["path"] for row in of_journal["listing"]["program"]] == [
        "reserve_funds", "trip", "trip.hotel", "trip.flight",
    ]  # fmt: skip


def test_an_execution_of_any_kind_shows_its_context_as_it_stands_and_claims_no_changes():
    clock = VirtualClock()
    new = samples.booking().build(samples.Travel(), clock=clock)
    [context] = states(shown(page_text(new))["contexts"]["states"])
    assert (context["rows"][0]["key"], context["summary"]) == ("hold_id", "as given")
    stands = {"paused": Fault("trip.hotel", kind=FaultKind.PAUSE), "undo failed": Fault("reserve_funds", "compensate")}
    for fault in stands.values():
        result = asyncio.run(samples.booking().build(samples.Travel(), clock=clock, faults=FaultPlan([fault])).start())
        assert isinstance(result, Paused | CompensationFailed)
        context = states(shown(page_text(result))["contexts"]["states"])[-1]
        assert ("hold_id", "'hold_89900'", "same", []) in texts(context["rows"])
        assert context["summary"] == "what changed last is not known"


def test_an_execution_that_has_gone_on_since_says_why_its_context_is_not_there():
    new = samples.booking().build(samples.Travel(), clock=VirtualClock())
    asyncio.run(new.start())
    [context] = states(shown(page_text(new))["contexts"]["states"])
    assert (context["rows"], context["trouble"]) == ([], GONE_ON)


def test_the_beginning_counts_entries_in_good_english():
    debugger = samples.stepped(samples.booking(), samples.Travel(), 1)
    assert states(shown(page_text(debugger))["moments"])[0]["where"] == "Before the first of 1 entry."


@pytest.mark.parametrize("source", [Journal([], 0), samples.stepped(samples.booking(), samples.Travel(), 0)])
def test_a_run_that_has_not_begun_makes_a_page(source):
    page = shown(page_text(source))
    assert page["count"] == 0
    assert states(page["moments"])[0]["now"] == "Nothing has run yet."


@pytest.mark.parametrize(("size", "share"), [(20, 3), (100, 10)], ids=["2 KB, usual", "10 KB, a tenth changes"])
def test_two_hundred_entries_take_less_than_a_megabyte_with_all_their_contexts(tmp_path, size, share):
    path = to_html(samples.growing(200, size, share), tmp_path / "page.html")
    assert path.stat().st_size < 1_000_000
    assert shown(path.read_text("utf-8"))["contexts"]["from"] == 0


def test_what_is_too_large_is_cut_and_the_page_says_so(tmp_path):
    path = to_html(samples.growing(200, 1_000), tmp_path / "page.html")
    contexts = shown(path.read_text("utf-8"))["contexts"]
    assert path.stat().st_size < 1_000_000
    assert 0 < contexts["from"] <= 200
    assert contexts["why"] == (
        f"The contexts before entry {contexts['from']:,} are not on this page: all together they are too large."
    )


def test_a_run_that_is_too_long_shows_its_end_and_the_page_says_so():
    debugger = samples.growing(MOST_MOMENTS + 5, 1, 1)
    page = shown(page_text(debugger))
    assert (page["first"], page["count"], len(page["events"])) == (5, MOST_MOMENTS, MOST_MOMENTS)
    assert "The last 2,000 of 2,005 entries." in page["about"]
    assert states(page["moments"])[0]["now"] == "step_4 is done."


def test_the_same_run_makes_the_same_page():
    debugger = samples.failing_booking()
    assert page_text(debugger) == page_text(debugger)


def test_no_text_of_a_user_makes_an_element_or_an_unseen_character():
    text = page_text(samples.hostile_run())
    assert Elements(text).tags == ELEMENTS
    assert not re.search("[\x00-\x08\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]", text)
    rows = states(shown(text)["contexts"]["states"])[0]["rows"]
    assert [row["key"] for row in rows] == list(hostile.TEXTS.values())


def test_a_page_may_ask_for_nothing_and_runs_only_its_own_script():
    text = page_text(samples.failing_booking())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy[1]
    assert "http" not in re.sub(r"http-equiv|http://www\.w3\.org/2000/svg", "", text)


@pytest.mark.parametrize("source", [None, 3, samples.booking(), samples.TravelBooking])
def test_what_cannot_be_shown_is_refused_before_anything_is_written(tmp_path, source):
    with pytest.raises(SourceError, match="can be shown"):
        to_html(source, tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_a_page_replaces_a_file_in_one_piece_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    path.write_text("before")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(LegendError, match=r"cannot be written to .*No space left"):
            to_html(Journal([], 0), path)
    assert path.read_text() == "before"
    assert to_html(Journal([], 0), str(path)) == Path(path)
    assert path.read_text().startswith("<!DOCTYPE html>")
    assert [item.name for item in tmp_path.iterdir()] == ["page.html"]


@pytest.mark.parametrize("path", ["no/such/folder/page.html", ".", "a\x00b", 3, None])
def test_a_path_that_cannot_be_written_is_a_clear_error(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LegendError, match="the page cannot be written to"):
        to_html(Journal([], 0), path)
