"""Owns the facts about values and steps that misbehave: the workbench says so in words, and the session goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from legend_lab import CompensationOutcome, Saga, Step, StepOutcome, VirtualClock, Workbench
from legend_lab.lab.breakpoints import Breakpoint


class SilentError(Exception):
    def __str__(self) -> str:
        raise SystemExit("no text")


class Mute:
    def __repr__(self) -> str:
        raise SystemExit("no repr")


class Masked:
    @property
    def __class__(self) -> Any:
        raise ValueError("no class")


class Shut(dict[str, int]):
    def items(self) -> Any:
        raise RuntimeError("no items")


class Stubborn:
    def __reduce_ex__(self, protocol: Any) -> Any:
        raise SystemExit("no copy")


class Fatal(BaseException): ...


def raising(error: BaseException) -> Callable[[dict[str, Any]], None]:
    def act(_: dict[str, Any]) -> None:
        raise error

    return act


def putting(value: object) -> Callable[[dict[str, Any]], None]:
    return lambda ctx: ctx.update(x=value)


def tied(ctx: dict[str, Any]) -> None:
    ctx["me"] = ctx
    ctx["loop"] = [ctx]


def bench(act: Callable[[dict[str, Any]], Any]) -> Workbench:
    class Act(Step[dict[str, Any]]):
        async def execute(self, ctx: dict[str, Any]) -> StepOutcome:
            act(ctx)
            return StepOutcome.CONTINUE

        async def compensate(self, ctx: dict[str, Any]) -> CompensationOutcome:
            return CompensationOutcome.COMPLETED

    class Mark(Act):
        async def execute(self, ctx: dict[str, Any]) -> StepOutcome:
            ctx["later"] = True
            return StepOutcome.CONTINUE

    return Workbench(Saga.of("Odd", {"odd": Act(), "later": Mark()}), {}, clock=VirtualClock())


async def sent(shown: Workbench, **command: str) -> str:
    """Send a command as the browser does; return what the alert says then."""
    shown._commands.receive(command)
    await asyncio.sleep(0)
    while shown._commands._task is not None:
        await asyncio.sleep(0)
    return str(shown.toolbar.alert)


def values(shown: Workbench) -> dict[str, str]:
    return {row["key"]: row["text"] for row in shown.context.rows}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Mute(), "<Mute whose repr raises SystemExit>"),
        (Masked(), "Masked object"),
        (Shut(a=1), "{'a': 1}"),
        (Stubborn(), "Stubborn object"),
        (threading.Lock(), "_thread.lock"),
        (list(range(300_000)), "list of 300,000"),
        ("y" * 10_000_000, "(10,000,002 characters)"),
    ],
    ids=["repr", "class", "items", "copy", "lock", "many", "huge"],
)
async def test_a_value_that_misbehaves_is_shown_in_words_and_a_later_step_still_works(value, said):
    shown = bench(putting(value))
    assert await sent(shown, command="step") == ""
    assert said in values(shown)["x"]
    assert await sent(shown, command="step") == ""
    assert shown.toolbar.badge["text"] == "Completed"
    assert values(shown)["later"] == "True"
    assert await sent(shown, command="back") == ""
    assert shown.toolbar.standing["now"] == "After 1 of 2 entries, in the past."
    assert await sent(shown, command="reset") == ""
    assert shown.toolbar.badge["text"] == "Not started"


@pytest.mark.parametrize("value", [threading.Lock(), Stubborn()], ids=["lock", "copy"])
async def test_a_context_that_cannot_be_copied_is_shown_as_it_is_and_says_what_is_lost(value):
    shown = bench(putting(value))
    await sent(shown, command="step")
    await sent(shown, command="step")
    assert "cannot keep: context.x cannot be copied" in shown.context.trouble
    assert shown.context.summary == "what changed last is not known"
    await sent(shown, command="reset")
    assert shown.context.trouble == ""


async def test_a_cyclic_context_is_shown_to_where_it_comes_back():
    shown = bench(tied)
    assert await sent(shown, command="step") == ""
    assert values(shown) == {"me": "dict that it is inside of", "loop": "list of 1"}
    assert await sent(shown, command="step") == ""
    assert shown.toolbar.badge["text"] == "Completed"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SilentError(), "SilentError: (its text cannot be had: SystemExit)"),
        (ValueError("z" * 10_000_000), "ValueError: zzz"),
    ],
    ids=["silent", "huge"],
)
async def test_an_error_that_cannot_be_told_whole_is_told_as_far_as_it_goes(error, said):
    shown = bench(raising(error))
    await sent(shown, command="step")
    assert shown.toolbar.badge["text"].startswith("Failed and undone")
    assert said in shown.toolbar.standing["now"]
    assert len(shown.toolbar.standing["now"]) <= 600
    assert len(shown.events.lines[-1]["text"]) <= 2_000


@pytest.mark.parametrize("error", [Fatal("boom"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()], ids=repr)
async def test_what_is_no_exception_is_said_and_leaves_a_way_on(error):
    shown = bench(raising(error))
    await sent(shown, command="step")
    assert shown.toolbar.badge["text"] == "Stopped"
    assert [action["command"] for action in shown.toolbar.panel["actions"]] == ["resume"]
    assert shown.toolbar.panel["form"]["command"] == "abort"
    assert await sent(shown, command="abort", note="enough") == ""
    assert await sent(shown, command="step") == ""
    assert shown.toolbar.badge["text"].startswith("Failed and undone")


@pytest.mark.parametrize("error", [ValueError("no"), Fatal("boom")], ids=repr)
async def test_a_condition_that_raises_is_said_and_the_run_goes_on_without_it(error):
    shown = bench(lambda _: None)
    shown.debugger.breakpoints = [Breakpoint("later", condition=raising(error))]
    assert type(error).__name__ in await sent(shown, command="run")
    assert await sent(shown, command="step") == ""
    assert shown.toolbar.badge["text"] == "Completed"


async def test_half_a_surrogate_pair_is_written_out_before_it_is_sent():
    shown = bench(lambda ctx: ctx.update({"half\ud800": 1}))
    await sent(shown, command="step")
    (row,) = shown.context.get_state("rows")["rows"]
    assert row["key"] == "half\\ud800"
    assert "place" not in row  # an answer could not name it
