"""Owns the engine's budgets: CPU per step beside the floor, a bare `await` loop, in the same run.

Each figure is a median over rounds that take turns with their floor. A budget is held against the best round, which
noise can only make worse.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time

import pytest
from pydantic import BaseModel, ConfigDict, create_model

from legend_lab import CompensationOutcome, Completed, Failed, Saga, SimulatedStep, Step, StepOutcome, VirtualClock

pytestmark = pytest.mark.benchmark
ROUNDS = 21
STEPS_A_ROUND = 10_000


class Refused(Exception):  # noqa: N818 - a domain's word
    pass


class Do(Step[dict]):
    amount: int = 1

    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class Refuse(Do):
    async def execute(self, ctx):
        raise Refused


class Plain(BaseModel):
    model_config = ConfigDict(frozen=True)
    amount: int = 1

    async def execute(self, ctx):
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


class PlainRefuse(Plain):
    async def execute(self, ctx):
        raise Refused


async def bare_forward(steps, ctx):
    rows, now = [], time.perf_counter_ns
    for step in steps:
        began = now()
        outcome = await step.execute(ctx)
        rows.append((step, outcome, began, now()))
    return rows


async def bare_rollback(steps, refusing, ctx):
    rows, now = await bare_forward(steps, ctx), time.perf_counter_ns
    began = now()
    try:
        await refusing.execute(ctx)
    except Refused as error:
        rows.append((refusing, error, began, now()))
    for step in reversed(steps):
        began = now()
        outcome = await step.compensate(ctx)
        rows.append((step, outcome, began, now()))
    return rows


async def compared(floor, engine, times):
    """Best and median of the CPU ratio engine / floor over rounds that take turns."""
    ratios = []
    for _ in range(ROUNDS):
        start = time.process_time_ns()
        for _ in range(times):
            await floor()
        between = time.process_time_ns()
        for _ in range(times):
            await engine()
        ratios.append((time.process_time_ns() - between) / max(1, between - start))
    return min(ratios), statistics.median(ratios)


def saga_class(length, *, refusing=False):
    fields = {f"step{index}": (Do, ...) for index in range(length)}
    if refusing:
        fields["last"] = (Refuse, ...)
    return create_model(f"Saga{length}{refusing}", __base__=Saga[dict, Refused], **fields)


@pytest.mark.parametrize(("length", "budget"), [(100, 2.0), (5, 3.0)])
def test_forward_and_rollback_stay_within_their_multiple_of_a_bare_loop(length, budget):
    names = [f"step{index}" for index in range(length)]
    plain, refusing = [Plain() for _ in names], PlainRefuse()
    forward = saga_class(length)(**{name: Do() for name in names})
    backward = saga_class(length, refusing=True)(**{name: Do() for name in names}, last=Refuse())
    times = STEPS_A_ROUND // length

    async def measure():
        assert isinstance(await forward.build({}).start(), Completed)
        assert isinstance(await backward.build({}).start(), Failed)
        ahead = await compared(lambda: bare_forward(plain, {}), lambda: forward.build({}).start(), times)
        back = await compared(lambda: bare_rollback(plain, refusing, {}), lambda: backward.build({}).start(), times)
        return ahead, back

    ahead, back = asyncio.run(measure())
    print(f"\n{length} steps: forward {ahead[1]:.2f} x, with rollback {back[1]:.2f} x a bare loop (budget {budget} x)")
    assert ahead[0] <= budget
    assert back[0] <= budget


@pytest.mark.parametrize("length", [100, 5])
def test_a_fresh_saga_for_each_run_stays_within_its_multiple_of_making_plain_steps(length):
    names, cls = [f"step{index}" for index in range(length)], saga_class(length)

    def floor():
        return bare_forward([Plain(amount=3) for _ in names], {})

    def engine():
        return cls(**{name: Do(amount=3) for name in names}).build({}).start()

    best, median = asyncio.run(compared(floor, engine, STEPS_A_ROUND // length))
    print(f"\n{length} fresh steps: {median:.2f} x plain pydantic steps and a bare loop (budget 2.5 x)")
    assert best <= 2.5


def test_ten_thousand_steps_run_forward_and_back():
    saga = Saga.of(
        "Long", {f"step{index}": SimulatedStep(duration_ms=1) for index in range(10_000)} | {"last": Refuse()}
    )
    began = time.process_time()
    result = asyncio.run(saga.build({}, clock=VirtualClock()).start())
    print(f"\n10,000 steps and their undo: {time.process_time() - began:.2f} s of CPU, building included")
    assert isinstance(result, Failed)
    assert len(result.journal) == 20_001


def test_importing_the_package_loads_no_heavy_library():
    heavy = ("pandas", "plotly", "ipywidgets", "anywidget", "sqlalchemy", "nest_asyncio2")
    script = f"import sys, legend_lab; print([name for name in {heavy!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
