from __future__ import annotations

import asyncio
import functools
import importlib.util
import linecache
import sys
from typing import Any, TypedDict

import pytest

from legend_lab import CompensationOutcome, SimulatedStep, Step, StepOutcome, effects, lint, pass_time, simulate
from legend_lab.lab.lint.gathering import gather
from legend_lab.saga.saga import Saga

GO, DONE = StepOutcome.CONTINUE, CompensationOutcome.COMPLETED
EFFECT = "lint.looked.at"
effects.declare(EFFECT)


class Undone(Step[Any], abstract=True):
    async def compensate(self, ctx: Any) -> CompensationOutcome:
        return DONE


def look(cls: type[Step[Any]]):
    """The facts of its execute."""
    return gather(Saga.of("Looked", {"it": cls()})).steps[0].execute


def test_fields_of_the_context_are_read_written_and_changed_inside():
    class It(Undone):
        async def execute(self, ctx: Any) -> StepOutcome:
            ctx.total += ctx.price
            ctx.name: str = "x"
            ctx.items.append(1)
            ctx.where["a"] = 2
            ctx.person.age = 3
            del ctx.gone
            return GO

    facts = look(It)
    assert set(facts.reads) == {"total", "price", "items", "where", "person"}
    assert set(facts.writes) == {"total", "name", "gone"}
    assert facts.may_change == {"items", "where", "person"}
    assert facts.early == {"total", "name", "gone"}
    assert not facts.context_leaves
    assert facts.reaches_outside is False


def test_items_of_a_mapping_count_as_fields():
    class It(Undone):
        async def execute(self, ctx: Any) -> StepOutcome:
            ctx["a"] = ctx["b"]
            ctx.pop("c", None)
            ctx.setdefault("d", [])
            return GO if ctx.get("e") else StepOutcome.PAUSE

    facts = look(It)
    assert set(facts.reads) == {"b", "e"}
    assert set(facts.writes) == {"a", "c"}
    assert facts.guarded == {"c", "e"}
    assert facts.may_change == {"d"}
    assert facts.pauses is not None


@pytest.mark.parametrize(
    "use", ["print(ctx)", "other = ctx", "ctx[key()] = 1", "ctx.update(a=1)", "vars(ctx)['a'] = 1"]
)
def test_a_context_that_leaves_is_noticed(use, tmp_path):
    body = f"async def execute(self, ctx):\n        {use}\n        return StepOutcome.CONTINUE"
    assert look(from_source(tmp_path, body)).context_leaves


def from_source(folder, execute: str, name: str = "lint_made_here"):
    """A step class from a file with this text."""
    path = folder / f"{name}.py"
    path.write_text(
        "from typing import Any\n"
        "from legend_lab import CompensationOutcome, Step, StepOutcome\n"
        "class It(Step[Any]):\n"
        f"    {execute}\n"
        "    async def compensate(self, ctx):\n"
        "        return CompensationOutcome.COMPLETED\n"
    )
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module.It


def test_what_is_written_after_an_await_is_not_early():
    class It(Undone):
        async def execute(self, ctx: Any) -> StepOutcome:
            ctx.before = 1
            ctx.after = await asyncio.open_connection()
            return GO

    assert look(It).early == {"before"}


def test_waits_with_a_limit_of_their_own_are_told_from_those_without():
    class Limited(Undone):
        async def execute(self, ctx: Any) -> StepOutcome:
            async with asyncio.timeout(3):
                await asyncio.open_connection()
            await asyncio.wait_for(asyncio.open_connection(), 3)
            return GO

    class Unlimited(Undone):
        async def execute(self, ctx: Any) -> StepOutcome:
            async with asyncio.timeout(3):
                await asyncio.sleep(0)
            await asyncio.gather(asyncio.open_connection())
            return GO

    class Group(Undone):
        async def execute(self, ctx: Any) -> StepOutcome:
            async with asyncio.TaskGroup() as group:
                group.create_task(asyncio.sleep(1))
            return GO

    class StandsIn(Undone):
        async def execute(self, ctx: Any) -> StepOutcome:
            await pass_time(3)
            await asyncio.sleep(1)
            await simulate(ctx, ctx.read, duration_ms=3)
            return GO

    assert (look(Limited).waits, look(Limited).waits_limited) == (None, True)
    assert look(Unlimited).waits is not None
    assert look(Group).waits is not None
    stands_in = look(StandsIn)
    assert (stands_in.waits, stands_in.reaches_outside) == (None, None)
    assert set(stands_in.reads) == {"read"}
    assert not stands_in.context_leaves


def helper(things, context):
    context.helped = things
    effects.open(EFFECT)


class Above(Undone, abstract=True):
    async def execute(self, ctx: Any) -> StepOutcome:
        ctx.above = 1
        return GO


def test_helpers_own_methods_and_super_are_followed():
    class It(Above):
        async def execute(self, ctx: Any) -> StepOutcome:
            helper(ctx.things, context=ctx)
            await self._mine(ctx)
            return await super().execute(ctx)

        async def _mine(self, shared):
            shared.mine = 1
            await self._mine(shared)

    facts = look(It)
    assert set(facts.writes) == {"helped", "mine", "above"}
    assert set(facts.opens) == {EFFECT}
    assert not facts.context_leaves or "mine" in facts.writes


def test_an_effect_whose_name_cannot_be_told_is_unclear_and_raises_no_finding():
    class It(Step[Any]):
        service: Any = None

        async def execute(self, ctx: Any) -> StepOutcome:
            effects.open(EFFECT)
            return GO

        async def compensate(self, ctx: Any) -> CompensationOutcome:
            await self.service.close()
            return DONE

    assert "effect-left-open" not in {item.rule for item in lint(Saga.of("Unclear", {"it": It()}))}


def test_a_decorator_that_wraps_is_looked_through_and_another_is_not():
    def wrapping(function):
        @functools.wraps(function)
        async def around(*args):
            return await function(*args)

        return around

    def hiding(function):
        async def around(self, ctx):
            return await function(self, ctx)

        return around

    class Wrapped(Undone):
        @wrapping
        async def execute(self, ctx: Any) -> StepOutcome:
            ctx.seen = 1
            return GO

    class Hidden(Undone):
        @hiding
        async def execute(self, ctx: Any) -> StepOutcome:
            ctx.seen = 1
            return GO

    assert set(look(Wrapped).writes) == {"seen"}
    hidden = look(Hidden)  # what hides it is followed, for it is from the same package
    assert set(hidden.writes) == {"seen"} or hidden.context_leaves


def test_text_that_is_not_indented_does_not_hide_a_method(tmp_path):
    facts = look(
        from_source(tmp_path, 'async def execute(self, ctx):\n        """\nflat\n"""\n        ctx.a = """\n x"""\n')
    )
    assert set(facts.writes) == {"a"}


def test_a_file_that_has_changed_since_is_not_believed(tmp_path):
    cls = from_source(tmp_path, "async def execute(self, ctx):\n        ctx.a = 1\n", "lint_changed")
    assert look(cls).known
    path = tmp_path / "lint_changed.py"
    path.write_text("\n\n# something else by now\n" + "def f(): pass\n" * 30)
    linecache.checkcache(str(path))
    assert not look(cls).known
    path.unlink()
    assert not look(cls).known


def test_code_without_source_is_left_alone_and_the_notes_say_so():
    names = {"Step": Step, "Any": Any, "GO": GO, "DONE": DONE, "__name__": __name__}
    exec(  # noqa: S102 - that is the point
        "class Made(Step[Any]):\n"
        "    async def execute(self, ctx): return await nobody.knows(ctx)\n"
        "    async def compensate(self, ctx): return DONE\n",
        names,
    )
    found = lint(Saga.of("Blind", {"made": names["Made"](), "known": SimulatedStep()}))
    assert found == []
    assert found.notes == ("the code of made (no source at hand)",)


def test_a_class_of_simulated_steps_tells_only_its_settings():
    class Blind(Saga[Any, Exception]):
        one: SimulatedStep

    assert lint(Blind).notes == ("the code of one (no source at hand)",)
    assert lint(Blind(one=SimulatedStep())).notes == ()


def test_in_a_plain_dict_an_undo_that_reads_what_is_written_last_is_a_warning():
    class It(Step[dict]):
        timeout_s = 3.0

        async def execute(self, ctx: dict) -> StepOutcome:
            ctx["before"] = 1
            ctx["count"] += 1
            ctx["room"] = await asyncio.open_connection(ctx["host"])
            return GO

        async def compensate(self, ctx: dict) -> CompensationOutcome:
            ctx["count"] = ctx["count"] - ctx["before"]
            del ctx["room"]
            return DONE if ctx["host"] else ctx["room"]

    (found,) = lint(Saga.of("OfADict", {"it": It()}))
    assert (found.rule, found.severity, found.message[:12]) == ("undo-reads-unwritten", "warning", "reads 'room'")


class Blocks(Saga[Any, Exception], abstract=True):
    """Only a base for others."""


def test_a_class_whose_fields_name_only_bases_is_looked_at_as_far_as_that_goes():
    class Open(Saga[Any, Exception]):
        any_step: Step[Any]
        any_block: Blocks

    found = lint(Open)
    assert found == []
    assert found.notes == ("the code of any_step, any_block (no source at hand)",)


class Typed(TypedDict, total=False):
    found: str


def test_the_fields_of_a_typed_dict_are_known():
    class It(Step[Typed]):
        async def execute(self, ctx: Typed) -> StepOutcome:
            return GO if ctx["found"] else StepOutcome.PAUSE

        async def compensate(self, ctx: Typed) -> CompensationOutcome:
            return DONE

    (found,) = lint(Saga.of("OfADict", {"it": It()}))
    assert (found.rule, found.path) == ("context-never-written", "it")
