"""S16 Unexpected errors."""

import pytest
from scripted import UNDO_PAUSE, World, scripted

from legend_lab import Failed, LegendError, OutsideRunError, Saga, StepTimeoutError, UnexpectedError


class TravelError(Exception):
    pass


class HotelError(TravelError):
    pass


class FlightError(Exception):
    pass


async def error_of(way, raised, declared):
    result = await way.start(World(do={"b": [raised]}), error=declared)
    assert isinstance(result, Failed)
    assert result.context == {"done": []}
    return result.error


@pytest.mark.parametrize("raised", [TravelError("no room"), HotelError("no room")])
async def test_a_declared_error_and_its_subclasses_are_themselves(way, raised):
    assert await error_of(way, raised, TravelError) is raised


async def test_an_undeclared_error_rolls_back_and_is_wrapped_with_the_original_as_its_cause(way):
    raised = KeyError("seat")
    error = await error_of(way, raised, TravelError)
    assert type(error) is UnexpectedError
    assert error.__cause__ is raised
    assert str(error) == "KeyError: 'seat'"
    assert isinstance(error, LegendError)


async def test_our_own_errors_are_never_a_surprise(way):
    for raised in (OutsideRunError("x"), StepTimeoutError("x")):
        assert await error_of(way, raised, TravelError) is raised


async def test_a_saga_may_declare_any_exception(way):
    raised = KeyError("seat")
    assert await error_of(way, raised, Exception) is raised


async def test_a_saga_may_declare_several_errors():
    class Trip(Saga[dict, HotelError | FlightError]):
        a: scripted().__class__

    for raised, kept in ((HotelError(), True), (FlightError(), True), (TravelError(), False)):
        result = await Trip(a=scripted()).build({}, resources=World(do={"a": [raised]})).start()
        assert (result.error is raised) is kept


async def test_a_group_of_declared_errors_is_itself_undeclared(way):
    group = ExceptionGroup("all", [TravelError()])
    error = await error_of(way, group, TravelError)
    assert error.__cause__ is group


async def test_the_journal_shows_the_original(way):
    raised = KeyError("seat")
    result = await way.start(World(do={"b": [raised]}), error=TravelError)
    assert result.journal[1].error is raised
    assert result.timing_for_step(1).error is raised


async def test_the_error_is_the_same_each_time_it_is_asked_for(way):
    result = await way.start(World(do={"b": [KeyError]}), error=TravelError)
    assert result.error is result.error
    paused = await way.start(World(do={"b": [KeyError]}, undo={"a": [UNDO_PAUSE]}), error=TravelError)
    assert str(paused.original_error) == str((await paused.resume()).error)


async def test_an_error_whose_text_cannot_be_had_is_wrapped_all_the_same(way):
    class MuteError(Exception):
        def __str__(self):
            raise RuntimeError

    error = await error_of(way, MuteError(), TravelError)
    assert str(error) == "MuteError: (its text cannot be had: RuntimeError)"


async def test_the_errors_of_a_block_are_judged_by_the_outermost_saga(way):
    inner = Saga.of("Inner", {"x": way.step()}, error=KeyError)
    raised = KeyError("x")
    result = await way.start(World(do={"in_.x": [raised]}), {"in_": inner, "z": way.step()}, error=TravelError)
    assert result.error.__cause__ is raised
