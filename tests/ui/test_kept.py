"""What is worked out once for many pictures: it serves as long as what it is made of is the same, and no longer."""

from __future__ import annotations

from legend_lab import Debugger, Fault, SimulatedStep, VirtualClock
from legend_lab.saga.saga import Saga
from legend_lab.ui.kept import Kept
from legend_lab.ui.view import Aside, view_of

CHAIN = Saga.of("Chain", {name: SimulatedStep(duration_ms=5) for name in ("one", "two", "three")})


def test_a_thing_is_made_once_of_the_same_objects_and_equal_numbers() -> None:
    kept, one, other = Kept(), ["rows"], ["rows"]
    made: list[str] = []

    def make(name: str) -> str:
        made.append(name)
        return name

    assert kept.get("chart", (one, 1_000, True), lambda: make("first")) == "first"
    assert kept.get("chart", (one, int("1000"), True), lambda: make("again")) == "first"
    assert (
        kept.get("chart", (other, 1_000, True), lambda: make("equal, but another object"))
        == "equal, but another object"
    )
    assert kept.get("chart", (other, 1_001, True), lambda: make("longer")) == "longer"
    assert kept.get("chart", (other, 1_001), lambda: make("of less")) == "of less"
    assert kept.get("listing", (other, 1_001), lambda: make("by another name")) == "by another name"
    assert made == ["first", "equal, but another object", "longer", "of less", "by another name"]


async def test_to_travel_draws_no_new_chart_and_lists_no_new_rows() -> None:
    debugger, aside = Debugger(CHAIN, {}, clock=VirtualClock()), Aside()
    await debugger.run()
    end = view_of(debugger, aside)
    debugger.back()
    past = view_of(debugger, aside)
    assert past["timeline"]["figure"] is end["timeline"]["figure"]
    assert past["listing"]["program"] is end["listing"]["program"]
    assert past["timeline"]["position"] == end["timeline"]["position"] - 1


async def test_what_is_kept_never_shows_another_run() -> None:
    debugger, aside = Debugger(CHAIN, {}, clock=VirtualClock()), Aside()
    await debugger.step()
    await debugger.step()
    debugger.back()
    debugger.faults = Fault("two")
    await debugger.step()  # another branch, as long as the first one
    shown = view_of(debugger, aside)
    assert shown == view_of(debugger)
    for name in ("main", debugger.branch):
        debugger.switch(name)
        assert view_of(debugger, aside) == view_of(debugger)
    former = view_of(debugger, aside)["timeline"]["figure"]
    debugger.faults = None
    debugger.reset()
    await debugger.step()
    await debugger.step()  # as long again
    assert view_of(debugger, aside)["timeline"]["figure"] != former
    assert view_of(debugger, aside) == view_of(debugger)
