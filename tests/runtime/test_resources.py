"""Resources: handed in, asked for by type, neither copied nor stored."""

import copy
import functools

import pytest
from scripted import PAUSE, World

from legend_lab import (
    CompensationOutcome,
    Completed,
    Fault,
    FaultKind,
    ResourceError,
    Saga,
    SimulatedCrash,
    Step,
    StepOutcome,
    VirtualClock,
    resources,
)


class Database:
    def __deepcopy__(self, memo):
        raise AssertionError("copied")

    __copy__ = __reduce__ = __deepcopy__


class Replica(Database):
    pass


class Mailer:
    def __call__(self):
        raise AssertionError("called")


class Ask(Step[dict]):
    kind: type = Database

    async def execute(self, ctx):
        ctx.setdefault("got", []).append(resources(self.kind))
        return StepOutcome.CONTINUE

    async def compensate(self, ctx):
        return CompensationOutcome.COMPLETED


async def got(given, kind=Database, **options):
    saga = Saga.of("Asking", {"a": Ask(kind=kind), "b": Ask(kind=kind)})
    result = await saga.build({}, resources=given, **options).start()
    if not isinstance(result, Completed):
        raise result.error
    first, second = result.context["got"]
    assert first is second
    return first


async def test_a_step_gets_the_very_resource_that_was_handed_in():
    database = Database()
    assert await got(database) is database
    assert await got(database, clock=VirtualClock()) is database


async def test_a_tuple_hands_in_several_and_each_is_found_by_its_type():
    database, mailer = Database(), Mailer()
    assert await got((database, mailer), Mailer) is mailer
    assert await got((mailer, database), Database) is database


async def test_a_subclass_serves_for_its_base_and_the_first_that_fits_is_taken():
    replica, database = Replica(), Database()
    assert await got(replica, Database) is replica
    assert await got((replica, database), Database) is replica
    with pytest.raises(ResourceError):
        await got(database, Replica)


async def test_a_missing_resource_is_an_error_that_names_what_there_is():
    with pytest.raises(ResourceError, match=r"no Mailer was handed in \(there: Database, Replica\).*resources=Mailer"):
        await got((Replica(), Database()), Mailer)
    with pytest.raises(ResourceError, match=r"\(there: none\)"):
        await got(None)


@pytest.mark.parametrize("how", ["class", "function", "lambda", "partial", "method"])
async def test_a_callable_makes_fresh_ones_for_each_run_and_only_one_for_each(how):
    def make(*_):
        made.append(Database())
        return made[-1]

    class Counted(Database):
        def __init__(self):
            made.append(self)

    class Maker:
        def make(self):
            return make()

    made = []
    factory = {
        "class": Counted,
        "function": make,
        "lambda": lambda: make(),  # noqa: PLW0108 - a lambda is what is tried
        "partial": functools.partial(make, 1),
        "method": Maker().make,
    }[how]
    one, two = await got(factory), await got(factory)
    assert made == [one, two]
    assert one is not two


async def test_a_callable_may_make_several():
    database, mailer = Database(), Mailer()
    assert await got(lambda: (database, mailer), Mailer) is mailer


async def test_an_object_that_can_be_called_is_a_resource_and_no_factory():
    mailer = Mailer()
    assert await got(mailer, Mailer) is mailer


async def test_a_factory_is_not_called_before_somebody_asks():
    def never():
        raise AssertionError

    class Quiet(Ask):
        async def execute(self, ctx):
            return StepOutcome.CONTINUE

    assert isinstance(await Saga.of("Quiet", {"a": Quiet()}).build({}, resources=never).start(), Completed)


async def test_a_factory_that_raises_fails_the_attempt_that_asked():
    with pytest.raises(LookupError, match="no database"):
        await got(_no_database)


def _no_database():
    raise LookupError("no database")


async def test_resources_are_kept_over_a_pause_and_over_an_interrupt(way):
    world = World(do={"b": [PAUSE, KeyboardInterrupt]})
    paused = await way.start(world)
    with pytest.raises(KeyboardInterrupt):
        await paused.resume()
    assert isinstance(await paused.recover().resume(), Completed)
    assert world.count("do b") == 3


async def test_resources_are_neither_copied_nor_stored_when_a_run_crashes_and_goes_on():
    class Note(Step[dict]):
        async def execute(self, ctx):
            assert resources(Database) is database
            return StepOutcome.CONTINUE

        async def compensate(self, ctx):
            return CompensationOutcome.COMPLETED

    database = Database()
    new = Saga.of("Noting", {"a": Note()}).build({}, resources=database, faults=Fault("a", kind=FaultKind.CRASH_BEFORE))
    with pytest.raises(SimulatedCrash):
        await new.start()
    assert isinstance(await new.recover().resume(), Completed)


async def test_a_crash_has_the_factory_make_fresh_ones_as_a_new_process_would(way):
    made = []

    def make():
        made.append(World())
        return made[-1]

    new = way.build(make, options={"faults": Fault("b", kind=FaultKind.CRASH_AFTER)})
    with pytest.raises(SimulatedCrash):
        await new.start()
    await new.recover().resume()
    assert [world.calls for world in made] == [["do a", "do b"], ["do b", "do c"]]


def test_a_resource_of_this_file_refuses_to_be_copied():
    with pytest.raises(AssertionError):
        copy.deepcopy(Database())
