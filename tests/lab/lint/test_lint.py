from __future__ import annotations

import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legend_lab import (
    CompensationOutcome,
    EmptySagaError,
    LegendError,
    LintError,
    LintFinding,
    RetryPolicy,
    Saga,
    SagaDefinitionError,
    SimulatedStep,
    Step,
    StepOutcome,
    canvas,
    effects,
    lint,
)
from legend_lab.lab.design.model import Design
from legend_lab.lab.design.templates import TEMPLATES
from legend_lab.lab.lint.times import total_backoff


class Booked(SimulatedStep):
    """Book <b>it</b>."""


def saga(**steps: Step[Any]) -> Saga[Any, Exception]:
    return Saga.of("Sloppy", steps)


SLOPPY = saga(one=Booked(effect="<img src=x onerror=alert(1)>"), two=Booked(effect="plain"))


def test_findings_are_a_list_of_frozen_data_gravest_first():
    found = lint(TEMPLATES["Order fulfilment with payment"].model_copy(update={"name": "Fine"}))
    assert found == []
    found = lint(SLOPPY)
    assert isinstance(found, list)
    assert all(isinstance(item, LintFinding) for item in found)
    assert [item.path for item in found][:2] == ["one", "one"]
    with pytest.raises(AttributeError):
        found[0].rule = "other"
    for item in found:
        assert item.message
        assert item.why
        assert item.mend
        assert any(sign.isdigit() for sign in item.source), item.source


def test_text_and_html_show_every_finding_and_escape_what_users_wrote():
    found = lint(SLOPPY)
    assert found.summary == "Sloppy: 6 warnings."
    assert str(found) == found.text
    assert found.text.count("why:") == found.text.count("mend:") == len(found) == 6
    shown = found._repr_html_()
    assert "<img" not in shown
    assert "&lt;img" in shown
    assert shown.count("<details") == len(found)
    assert "nothing to object to" in lint(TEMPLATES["Money transfer"]).text


def test_a_thousand_findings_are_cut_on_the_page_and_whole_as_data():
    found = lint(saga(**{f"s{index}": Booked(effect="plain") for index in range(200)}))
    assert len(found) == len(found.to_data()["findings"]) == 600
    assert "… and 100 more" in found._repr_html_()


def test_what_is_ignored_is_left_out_everywhere_at_one_step_or_in_one_block():
    block = Saga.of("Inner", {"a": Booked(effect="plain"), "ab": Booked(effect="plain")})
    whole = Saga.of("Outer", {"trip": block, "trips": Booked(effect="plain")})
    paths = lambda *ignore: [item.path for item in lint(whole, ignore=ignore) if item.rule == "no-timeout"]  # noqa: E731
    assert paths() == ["trip.a", "trip.ab", "trips"]
    assert paths("no-timeout") == []
    assert paths("no-timeout:trip.a") == ["trip.ab", "trips"]
    assert paths("no-timeout:trip") == ["trips"]


@pytest.mark.parametrize(
    ("ignore", "says"),
    [
        (["no-such-rule"], "there is no rule 'no-such-rule'"),
        (["no-timeout:three"], "no step or block 'three'"),
        ("no-timeout", "ignore is a list"),
        ([3], "takes texts"),
        (None, "ignore is a list"),
    ],
)
def test_a_wrong_ignore_is_refused_so_that_it_cannot_rot(ignore, says):
    with pytest.raises(LintError, match=says):
        lint(SLOPPY, ignore=ignore)


@pytest.mark.parametrize("value", [3, None, "shop:saga", [], object(), Booked(), math, lambda: None])
@pytest.mark.parametrize("ask", [lint, canvas])
def test_what_is_no_saga_is_refused_in_words(ask, value):
    with pytest.raises(LintError, match="the lint looks at a saga, a saga class or a design, not at "):
        ask(value)


@pytest.mark.parametrize("value", [int, Saga, Step, Booked])
def test_a_class_that_is_no_saga_with_steps_is_refused(value):
    with pytest.raises(LintError, match="the lint looks at a saga class with steps"):
        lint(value)


def test_an_execution_is_looked_at_as_the_saga_that_it_was_built_from():
    assert lint(SLOPPY.build({})) == lint(SLOPPY)


def test_a_wrong_limit_and_a_wrong_neighbour_are_refused():
    for wrong in (0, -1, math.nan, "3", True):
        with pytest.raises(LintError, match="longest_s is a positive number"):
            lint(SLOPPY, longest_s=wrong)
    with pytest.raises(LintError, match="not at an int"):
        lint(SLOPPY, beside=[3])
    with pytest.raises(LintError, match="beside is a list"):
        lint(SLOPPY, beside=SLOPPY)


def test_what_is_wrong_with_the_saga_itself_is_said_as_ever():
    with pytest.raises(LegendError, match="needs a step"):
        lint(Design(name="Empty"))
    with pytest.raises(EmptySagaError):
        Saga.of("Empty", {})
    with pytest.raises(SagaDefinitionError):
        lint(SLOPPY.model_copy(update={"one": 3}))


class Bomb:
    """Whatever is done with it goes off, once it is armed (the test's own tools look at it, too)."""

    armed = False

    def __eq__(self, other):
        raise AssertionError("compared")

    __hash__ = None

    def __getattribute__(self, name):
        if Bomb.armed:
            raise AssertionError(f"asked for {name}")
        return object.__getattribute__(self, name)

    def __call__(self, *args):
        raise AssertionError("called")


bomb = Bomb()
effects.declare("lint.bombed")


class Mined(Step[Any]):
    """Every name in it is a trap."""

    async def execute(self, ctx: Any) -> StepOutcome:
        effects.open(bomb)
        bomb.open("x")
        effects.open("lint.bombed", key=bomb(ctx))
        async with bomb:
            await bomb(ctx)
        bomb.call(ctx).more[bomb].open(bomb)
        return StepOutcome.CONTINUE

    async def compensate(self, ctx: Any) -> CompensationOutcome:
        await bomb.close(ctx)
        return CompensationOutcome.COMPLETED


def test_no_code_of_the_user_runs_not_even_a_comparison(monkeypatch):
    monkeypatch.setattr(Bomb, "armed", True)
    assert {item.rule for item in lint(saga(mined=Mined()))} == {"no-timeout", "undo-not-retried"}
    assert canvas(saga(mined=Mined())).rows[0].path == "mined"


HOSTILE = [
    '"""',
    "</td></table><script>alert(1)</script>",
    "\u202eevil\u202c",
    "{0.__class__} %s %(x)s",
    "Owner: <b>me</b>\nReads: <i>all</i>",
    "a" * 10_000,
    "\x00\x1b[31m",
    "\ud800",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_docstrings_show_as_text(text):
    made = type("Made", (SimulatedStep,), {"__module__": __name__})
    made.__doc__ = text
    page = canvas(saga(step=made(effect="plain")))
    for shown in (page.html, page._repr_html_(), page.text, lint(saga(step=made(effect="plain"))).text):
        shown.encode()
        assert "\u202e" not in shown
        assert "\x1b" not in shown
        assert len(shown) < 20_000
    assert "<script" not in page.html
    assert "<b>" not in page.html
    assert "<i>all" not in page.html


def test_endless_names_are_cut():
    long = "a" * 10_000
    whole = saga(step=Booked(effect=f"{long} <b>"), other=Booked(effect=f"<b>{long}"))
    page = canvas(whole)
    for shown in (page.html, page.text, lint(whole).text, lint(whole)._repr_html_()):
        assert len(shown) < 20_000
        assert "aaa" in shown
    assert "<b>a" not in page.html
    assert "<b>a" not in lint(whole)._repr_html_()
    assert lint(whole)[0].message.count("a") > len(long)  # as data it is whole


def test_the_canvas_is_one_page_that_opens_offline(tmp_path):
    page = canvas(TEMPLATES["Order fulfilment with payment"])
    assert [row.path for row in page.rows] == ["create_order", "reserve_stock", "take_payment", "ship", "tell_customer"]
    assert page.rows[-1].undo == "does nothing: a mail cannot be called back, and no step comes after it"
    assert page.rows[-1].effect == "mail (idempotent, irreversible)"
    assert page.longest == "Longest run without pauses: 3 min 14 s forward, 5 min 7 s back."
    assert page.save(tmp_path / "a.html").read_text(encoding="utf-8") == page.html
    assert page.save(str(tmp_path / "a.txt")).read_text(encoding="utf-8") == page.text
    assert "default-src 'none'" in page.html
    assert "http://" not in page.html
    assert "https://" not in page.html
    assert page.html.count("<tr>") == 6
    for row in page.rows:
        assert row.path in page.text
    with pytest.raises(LintError, match=r"saved as \.html or \.txt"):
        page.save(tmp_path / "a.pdf")
    with pytest.raises(LintError, match="cannot be written"):
        page.save(tmp_path / "no" / "a.html")


def test_risks_stand_at_their_steps_and_those_of_the_whole_at_the_top():
    page = canvas(SLOPPY)
    assert [len(row.risks) for row in page.rows] == [3, 3]
    assert all(risk.startswith("warning: ") for row in page.rows for risk in row.risks)
    slow = RetryPolicy.retries_with_backoff(100, 60_000)
    made = type("Slow", (Booked,), {"retry_policy": slow, "timeout_s": 1, "idempotent": True, "__module__": __name__})
    assert "long-run" in canvas(saga(step=made())).risks[0]


policies = st.builds(
    RetryPolicy,
    max_retries=st.integers(0, 28),
    backoff_ms=st.sampled_from([0, 0.5, 1, 100, 3_000]),
    multiplier=st.sampled_from([0, 0.25, 0.5, 0.9, 1, 1.1, 1.5, 2]),
    max_backoff_ms=st.sampled_from([None, 0, 0.5, 1, 7, 100, 200, 1e6]),
)


@given(policies)
def test_back_off_adds_up_to_what_the_engine_would_wait(policy):
    waited = math.fsum(policy.backoff_for(retry) for retry in range(1, policy.max_retries + 1))
    assert total_backoff(policy) == pytest.approx(waited, rel=1e-9, abs=1e-9)


def test_a_million_retries_are_added_up_at_once():
    policy = RetryPolicy(max_retries=1_000_000, backoff_ms=1, multiplier=2, max_backoff_ms=1_000)
    assert total_backoff(policy) == 1_023 + (1_000_000 - 10) * 1_000


def test_a_saga_of_a_thousand_steps_is_looked_at_step_by_step_and_not_step_by_all():
    class Read(Step[Any]):
        async def execute(self, ctx: Any) -> StepOutcome:
            ctx.a = ctx.b
            return StepOutcome.CONTINUE

        async def compensate(self, ctx: Any) -> CompensationOutcome:
            return CompensationOutcome.COMPLETED

    steps = {f"s{index}": Read() if index % 2 else Booked(effect="plain") for index in range(1_000)}
    began = time.process_time()
    found = lint(saga(**steps))
    print(f"1,000 steps: {len(found):,} findings in {time.process_time() - began:.2f} s")  # noqa: T201 - a figure
    assert len(found) == 1_500
