"""What a script gives wrongly is refused in words, wherever it is given; the design stays as it was."""

import asyncio
import copy
import inspect
import json
import math
from contextlib import suppress

import pytest
from pydantic import ValidationError

from legend_lab import (
    CompensationOutcome,
    Design,
    Designer,
    DesignError,
    FaultPlanError,
    LegendError,
    OutsideRunError,
    RetryPolicy,
    Saga,
    SimulatedStep,
    Step,
    StepOutcome,
    VirtualClock,
    attempt,
    canvas,
    diagram,
    lint,
    simulate,
)
from legend_lab.lab.design import edits
from legend_lab.lab.design.edits import Edited
from legend_lab.lab.design.files import from_json, to_json
from legend_lab.lab.design.model import BlockDesign, ContextField, EffectDesign, Retries, StepDesign


class Unspeakable:
    """Neither compared nor written: both raise."""

    __hash__ = None

    def __eq__(self, other):
        raise RuntimeError("not to be compared")

    def __repr__(self):
        raise RuntimeError("not to be written")


WRONG = {
    "None": None,
    "text": "a",
    "no text": "",
    "odd text": "\0",
    "half a sign": "\ud800",
    "huge text": "x" * 100_000,
    "-1": -1,
    "2**70": 2**70,
    "10**5000": 10**5_000,
    "1.5": 1.5,
    "nan": math.nan,
    "inf": math.inf,
    "object": object(),
    "unspeakable": Unspeakable(),
    "bytes": b"",
    "list": [],
    "tuple": (),
    "numbered": {1: 2},
    "policy": RetryPolicy(),
    "policy inside": {"retries": RetryPolicy()},
    "text for retries": {"retries": "3"},
    "nan inside": {"timeout_s": math.nan, "initial": math.nan},
    "unspeakable inside": {"name": Unspeakable(), "writes": Unspeakable(), "initial": Unspeakable()},
    "class": int,
    "function": lambda design: design,
    "part": StepDesign(name="s"),
}
RIGHT = {
    "add_step": {"block": "b", "index": 0, "name": "new"},
    "duplicate": {"path": "s"},
    "delete": {"path": "s"},
    "rename": {"path": "s", "name": "room"},
    "change": {"path": "s", "settings": {"fails": 1}},
    "place": {"path": "s", "block": "b", "index": 0},
    "move": {"path": "s", "by": 1},
    "nest": {"path": "s"},
    "unnest": {"path": "b.t"},
    "set_field": {"name": "room_no", "data": {"description": "which"}},
    "remove_field": {"name": "room_no"},
    "set_effect": {"name": "booking", "data": {"idempotent": True}},
    "remove_effect": {"name": "booking"},
    "part_at": {"path": "s"},
}
PLACES = [(name, place) for name, right in RIGHT.items() for place in ("design", *right)]


def drawn():
    return Design(
        name="Trip",
        context=(ContextField(name="room_no"),),
        effects=(EffectDesign(name="booking"),),
        parts=(
            StepDesign(name="s", reads=("room_no",), writes={"room_no": "7"}, effect="booking"),
            BlockDesign(name="b", parts=(StepDesign(name="t"), StepDesign(name="u"))),
        ),
    )


def test_every_public_edit_is_tried_here():
    public = {name for name, item in inspect.getmembers(edits, inspect.isfunction) if item.__module__ == edits.__name__}
    assert {name for name in public if not name.startswith("_")} == set(RIGHT)
    for name, right in RIGHT.items():
        assert list(inspect.signature(getattr(edits, name)).parameters) == ["design", *right]
        getattr(edits, name)(drawn(), **right)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("name", "place"), PLACES)
def test_an_edit_refuses_what_it_cannot_take_in_words_and_changes_nothing(name, place, wrong):
    design, edit = drawn(), getattr(edits, name)
    before = to_json(design)
    try:
        if place == "design":
            came = edit(WRONG[wrong], **RIGHT[name])
        else:
            came = edit(design, **{**RIGHT[name], place: WRONG[wrong]})
    except DesignError as refused:
        said = str(refused)
    else:
        assert place != "design"
        after = came.design if isinstance(came, Edited) else design
        assert from_json(to_json(after)) == after
        said = "nothing"
    assert 0 < len(said) <= 1_000
    assert to_json(design) == before


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda d: edits.add_step(d, index="a"), "add_step: index: Input should be a valid integer"),
        (lambda d: edits.add_step(d, name=""), "name"),
        (lambda d: edits.place(d, "s", "b", None), "place: index: Input should be a valid integer"),
        (lambda d: edits.move(d, "s", "a"), "move: by: Input should be -1 or 1"),
        (lambda d: edits.move(d, "s", 0), "move: by: Input should be -1 or 1"),
        (lambda d: edits.change(d, "s", None), "change: settings: Input should be a valid dictionary"),
        (lambda d: edits.change(d, "s"), "change: settings: Missing required argument"),
        (lambda d: edits.change(d, "s", {}, fast=True), "change: fast: Unexpected keyword argument"),
        (lambda d: edits.set_field(d, None, None), "set_field: data: Input should be a valid dictionary"),
        (lambda d: edits.rename(d, None, "Journey"), "rename: path: Input should be a valid string"),
        (lambda d: edits.remove_effect(d, None), "remove_effect: name: Input should be a valid string"),
        (lambda d: edits.change(d, "s", {"retries": RetryPolicy()}), r"retries are written as in \{'max_retries': 3"),
        (lambda d: edits.change(d, "s", {"retries": 3}), "retries: Input should be an object"),
        (
            lambda d: edits.change(d, "s", {"retries": None}),
            r"an object, as in \{'max_retries': 3, 'backoff_ms': 100\}$",
        ),
        (lambda d: edits.rename(d, "s", "class"), "'class' cannot name a step: it is a keyword of Python$"),
        (
            lambda d: edits.change(d, "s", {"fails": object()}),
            "lists and dicts of them are, not an object",
        ),
        (lambda d: edits.change(d, "s", {"fails": {"max_retries": 1}}), "fails: Input should be a valid integer"),
    ],
)
def test_what_is_expected_is_said(edit, words):
    with pytest.raises(DesignError, match=words):
        edit(drawn())


@pytest.mark.parametrize("wrong", WRONG)
def test_a_function_that_is_no_edit_changes_nothing_in_a_designer(wrong):
    designer, gave = Designer(drawn()), WRONG[wrong]
    for made in (gave, drawn(), Edited(gave, "", "?")):
        with pytest.raises(DesignError, match="an edit gives back an Edited"):
            designer.edit(lambda _, made=made: made)
    if wrong != "no text":  # which is the path of the saga
        with pytest.raises(DesignError, match=r"an edit gives back an Edited|there is no step or block"):
            designer.edit(lambda design: Edited(design, gave, "?"))
    assert (designer.design, designer.selected) == (drawn(), "")


@pytest.mark.parametrize("wrong", WRONG)
def test_a_designer_refuses_wrong_arguments_in_words(wrong):
    value = WRONG[wrong]
    if value is not None:
        with pytest.raises(LegendError):
            Designer(value)
    if wrong not in ("None", "no text", "bytes", "list", "tuple"):
        with pytest.raises(FaultPlanError):
            Designer(drawn(), faults=value)
    designer = Designer(drawn())
    for ask in (designer.select, designer.to_test_code):
        with suppress(DesignError):
            ask(value)
    assert designer.design == drawn()


@pytest.mark.parametrize("wrong", WRONG)
def test_what_looks_at_a_design_refuses_wrong_arguments_in_words(wrong):
    value = WRONG[wrong]
    asks = [lint, canvas, diagram, lambda it: lint(drawn(), ignore=[it]), lambda it: lint(drawn(), beside=[it])]
    for ask in asks:
        with pytest.raises(LegendError) as refused:
            ask(value)
        assert len(str(refused.value)) < 1_000
    for named in ("ignore", "beside", "longest_s"):
        with suppress(LegendError):
            assert lint(drawn(), **{named: value}).saga == "Trip"


@pytest.mark.parametrize("wrong", WRONG)
def test_a_simulated_step_is_checked_as_every_steps_inputs_are(wrong):
    for field in SimulatedStep.model_fields:
        try:
            made = SimulatedStep(**{field: WRONG[wrong]})
        except (ValidationError, LegendError):
            continue
        assert made.model_fields_set == {field}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("place", ["duration_ms", "fails", "error"])
async def test_simulate_refuses_wrong_arguments_in_words(place, wrong):
    class Try(Step[dict[str, int]]):
        async def execute(self, ctx):
            await simulate(**{"fails": 1, "error": LookupError, place: WRONG[wrong]})
            return StepOutcome.CONTINUE

        async def compensate(self, ctx):
            return CompensationOutcome.COMPLETED

    result = await Saga.of("Trial", {"it": Try()}).build({}, clock=VirtualClock()).start()
    assert isinstance(result.error, LegendError | LookupError)
    if not isinstance(result.error, LookupError):
        assert place.removesuffix("duration_ms") in str(result.error)


def test_outside_a_run_there_is_no_attempt_and_nothing_to_simulate():
    with pytest.raises(OutsideRunError):
        attempt()
    with pytest.raises(OutsideRunError):
        asyncio.run(simulate())


# -- JSON ------------------------------------------------------------------------------------------

HEAD = '{"format": "legend_lab.design/1", '
STEP = '"parts": [{"kind": "step", "name": "s", '


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'{HEAD}"name": "A", "name": "B"}}', "the same key twice: 'name'"),
        (f'{HEAD}{STEP}"fails": 1, "fails": 2}}]}}', "the same key twice: 'fails'"),
        (f'{HEAD}{STEP}"duration_ms": NaN}}]}}', "NaN"),
        (f'{HEAD}{STEP}"duration_ms": -Infinity}}]}}', "Infinity"),
        (f'{HEAD}{STEP}"duration_ms": 1e999}}]}}', "1e999|finite"),
        (f'{HEAD}{STEP}"fails": {"9" * 5_000}}}]}}', "digits"),
        (f'{HEAD}{STEP}"fails": {"9" * 4_000}}}]}}', "fails"),
        (f'{HEAD}{STEP}"timeout_s": 1e300}}]}}', "timeout_s"),
        (f'{HEAD}"parts": {"[" * 300}{"]" * 300}}}', "levels deep"),
        ("[" * 100_000, "^this is no design: the data is nested more than"),
        ('{"a":' * 100_000, "^this is no design: the data is nested more than"),
        (f'{HEAD}"parts": [{{"kind": "{"x" * 50_000}"}}]}}', "does not match any of the expected tags|tag"),
    ],
)
def test_json_that_says_too_much_is_refused_in_words(text, words):
    with pytest.raises(DesignError, match=words) as refused:
        from_json(text)
    assert len(str(refused.value)) < 1_000


@pytest.mark.parametrize("wrong", WRONG)
def test_json_with_a_wrong_value_anywhere_is_refused_in_words_or_brought_back(wrong):
    data = json.loads(to_json(drawn()))
    data["parts"][0] |= {"retries": {}}
    places = [(name,) for name in (*data, "extra")] + [("parts", 0), ("parts", 1)]
    places += [("parts", 0, name) for name in StepDesign.model_fields]
    places += [("parts", 0, "retries", name) for name in Retries.model_fields]
    places += [("context", 0, name) for name in ContextField.model_fields]
    places += [("effects", 0, name) for name in EffectDesign.model_fields]
    said = []
    for *way, last in places:
        spoiled = copy.deepcopy(data)
        holder = spoiled
        for name in way:
            holder = holder[name]
        holder[last] = WRONG[wrong]
        try:
            text = json.dumps(spoiled)
        except (TypeError, ValueError):
            continue  # none that JSON has
        try:
            design = from_json(text)
        except DesignError as refused:
            said.append(len(str(refused)))
        else:
            assert from_json(to_json(design)) == design
    assert all(0 < length < 1_500 for length in said)
