"""A design makes a saga that runs simulated, just as it is drawn."""

import pickle
import subprocess
import sys

import pytest

from legend_lab import (
    Completed,
    Failed,
    Fault,
    FaultKind,
    Paused,
    SimulatedCrash,
    StepTimeoutError,
    StrictOutcomeError,
    VirtualClock,
    ledger,
    run,
)
from legend_lab.core.errors import DesignError
from legend_lab.lab.design.building import context_of, policy_of, saga_of
from legend_lab.lab.design.model import BlockDesign, ContextField, Design, EffectDesign, Retries, StepDesign
from legend_lab.lab.design.reading import design_of
from legend_lab.lab.design.templates import TEMPLATES


def play(design, **options):
    return run(saga_of(design).build(context_of(design), clock=VirtualClock(), **options).start())


def small(**settings):
    return Design(
        context=(ContextField(name="hold"), ContextField(name="count", type="int", initial=3)),
        effects=(EffectDesign(name="room", idempotent=True), EffectDesign(name="mail", irreversible=True)),
        parts=(StepDesign(name="first", **settings), StepDesign(name="last", duration_ms=5.0)),
    )


def test_steps_and_blocks_run_in_the_order_drawn():
    inner = BlockDesign(name="block", parts=(StepDesign(name="b"), StepDesign(name="c")))
    design = Design(name="Drawn", parts=(StepDesign(name="a"), inner, StepDesign(name="d")))
    result = play(design)
    assert isinstance(result, Completed)
    assert [timing.path for timing in result.step_timings] == ["a", "block.b", "block.c", "d"]
    assert saga_of(design).__class__.__name__ == "Drawn"


def test_what_a_step_writes_goes_back_to_what_the_context_starts_with():
    design = small(writes={"hold": "h1", "count": 9})
    assert (play(design).context.hold, play(design).context.count) == ("h1", 9)
    undone = play(design, faults=[Fault("last", kind=FaultKind.ERROR_BEFORE)])
    assert isinstance(undone, Failed)
    assert (undone.context.hold, undone.context.count) == (None, 3)


def test_each_run_starts_with_a_context_of_its_own():
    design = small(writes={"hold": "h1"})
    first = context_of(design)
    first.hold = "changed"
    assert context_of(design).hold is None


def test_what_happens_to_a_written_list_does_not_change_the_step():
    design = Design(
        context=(ContextField(name="groups", type="list[str]"),),
        parts=(StepDesign(name="a", writes={"groups": ["x"]}),),
    )
    saga = saga_of(design)
    for _ in range(2):
        result = run(saga.build(context_of(design), clock=VirtualClock()).start())
        assert result.context.groups == ["x"]
        result.context.groups.append("y")


def test_a_step_fails_in_as_many_attempts_as_it_says_and_then_gets_through():
    result = play(small(fails=2, error="ConnectionError", retries=Retries(max_retries=2, backoff_ms=7.0)))
    assert isinstance(result, Completed)
    assert [entry.kind for entry in result.journal] == ["execute", "wait", "execute", "wait", "execute", "execute"]
    assert [timing.duration_ms for timing in result.step_timings] == [10, 10, 10, 5]


def test_an_undo_fails_in_as_many_attempts_as_it_says():
    design = small(undo_fails=1, undo_duration_ms=2.0, undo_retries=Retries(max_retries=1))
    result = play(design, faults=[Fault("last", kind=FaultKind.ERROR_BEFORE)])
    assert isinstance(result, Failed)
    assert [entry.kind for entry in result.journal] == ["execute", "execute", "compensate", "compensate"]
    assert [timing.duration_ms for timing in result.step_timings if timing.is_compensation] == [2, 2]


def test_a_step_that_pauses_does_so_once_after_its_failures():
    design = small(pauses=True, fails=1, retries=Retries(max_retries=1), writes={"hold": "h1"})
    paused = play(design)
    assert isinstance(paused, Paused)
    assert paused.context.hold is None
    assert isinstance(run(paused.resume()), Completed)


def test_an_undo_that_does_nothing_takes_no_time_and_leaves_what_was_written():
    design = small(no_undo_because="a mail stays", writes={"hold": "h1"}, effect="mail")
    result = play(design, faults=[Fault("last", kind=FaultKind.ERROR_BEFORE)])
    assert result.context.hold == "h1"
    assert result.step_timings[-1].duration_ms == 0


def test_effects_are_as_the_design_declares_them_whatever_else_was_declared():
    result = play(small(effect="room"), faults=[Fault("last", kind=FaultKind.ERROR_BEFORE)])
    assert [(item.action, item.idempotent) for entry in result.journal for item in entry.effects] == [
        ("open", True),
        ("close", True),
    ]
    assert not ledger(result).existing
    assert ledger(play(small(effect="mail"))).existing[0].name == "mail"


def test_a_step_over_its_limit_times_out_on_the_virtual_clock():
    result = play(small(timeout_s=0.004, undo_duration_ms=1.0))
    assert isinstance(result, Failed)
    assert isinstance(result.error, StepTimeoutError)


def test_settings_reach_the_program():
    retries = Retries(max_retries=2, backoff_ms=5.0, multiplier=3.0, max_backoff_ms=9.0, give_up_on=("ValueError",))
    spec = saga_of(small(retries=retries, uncertain_on=(), idempotent=True, compensate_on_failure=True)).build(
        context_of(small())
    )
    step = spec.program.steps[0]
    assert step.retry_policy == policy_of(retries)
    assert step.retry_policy.give_up_on == (ValueError,)
    assert (step.uncertain_on, step.idempotent, step.compensate_on_failure) == ((), True, True)


def test_an_empty_design_says_what_it_needs():
    with pytest.raises(DesignError, match="needs a step"):
        saga_of(Design())


def test_a_class_is_made_once_so_that_an_edit_makes_only_what_it_changed():
    one, other = small(), small(duration_ms=99.0)
    assert type(saga_of(one).last) is type(saga_of(other).last)


@pytest.mark.parametrize("title", TEMPLATES)
def test_every_template_runs_to_its_end_and_undoes_all_it_did_when_its_last_step_fails(title):
    design = TEMPLATES[title]
    result = play(design)
    while isinstance(result, Paused):
        result = run(result.resume())
    assert isinstance(result, Completed)
    last = list(design.steps)[-1]
    failed = play(design, faults=[Fault(last, attempt="every", kind=FaultKind.ERROR_BEFORE)])
    while isinstance(failed, Paused):
        failed = run(failed.resume())
    assert isinstance(failed, Failed)
    assert not isinstance(failed.error, StrictOutcomeError)
    assert not ledger(failed).existing


def test_a_design_goes_on_after_a_simulated_crash():
    design = small(writes={"hold": "h1"})
    begun = saga_of(design).build(
        context_of(design), clock=VirtualClock(), faults=[Fault("last", kind=FaultKind.CRASH_BEFORE)]
    )
    with pytest.raises(SimulatedCrash):
        run(begun.start())
    result = run(begun.recover().resume())
    assert isinstance(result, Completed)
    assert result.context.hold == "h1"


def test_what_a_design_says_of_itself_and_its_blocks_is_its_classes_docstring():
    block = BlockDesign(name="block", description="Both rooms", parts=(StepDesign(name="b"),))
    made = saga_of(Design(description="A trip", parts=(block, StepDesign(name="a"))))
    assert (type(made).__doc__, type(made.block).__doc__) == ("A trip", "Both rooms")
    assert type(saga_of(Design(parts=(StepDesign(name="a"),)))).__doc__ is None


def test_a_context_starts_with_just_the_value_drawn_and_with_none_that_is_equal():
    for initial in (0, False, 0.0, -0.0, 0):
        design = Design(context=(ContextField(name="n", type="object", initial=initial),))
        assert repr(context_of(design).n) == repr(initial)


def test_a_whole_number_in_a_float_field_is_a_float_so_that_a_record_brings_it_back():
    design = Design(
        context=(ContextField(name="rate", type="float", initial=3),),
        parts=(BlockDesign(name="block", parts=(StepDesign(name="set", writes={"rate": 4}),)),),
    )
    assert type(context_of(design).rate) is float
    assert type(play(design).context.rate) is float
    with pytest.raises(ValueError, match="is no float"):
        Design(context=(ContextField(name="rate", type="float", initial=2**53 + 1),))


def test_a_saga_and_its_context_are_pickled_as_what_they_were_made_of():
    design = TEMPLATES["Order fulfilment with payment"]
    saga, context = saga_of(design), context_of(design)
    again, shared = pickle.loads(pickle.dumps((saga, context)))  # noqa: S301 - made here
    assert (type(shared), shared) == (type(context), context)
    assert type(again).__doc__ == design.description
    assert dict(again) == dict(saga)
    assert design_of(again, shared).design == design_of(saga, context).design
    changed = saga.model_copy(update={"ship": saga.ship.model_copy(update={"fails": 3})})
    assert pickle.loads(pickle.dumps(changed)).ship.fails == 3  # noqa: S301 - made here
    assert run(again.build(shared, clock=VirtualClock()).start()).is_completed


def test_another_process_takes_up_a_pickled_saga(tmp_path):
    nested = Design(
        name="Trip",
        description="Books a trip.",
        context=(ContextField(name="room"),),
        parts=(BlockDesign(name="b", description="Both.", parts=(StepDesign(name="s", writes={"room": "7"}),)),),
    )
    path = tmp_path / "saga.pickle"
    path.write_bytes(pickle.dumps((saga_of(nested), context_of(nested))))
    script = (
        "import pickle, sys; from legend_lab import VirtualClock, run\n"
        "saga, context = pickle.load(open(sys.argv[1], 'rb'))\n"
        "ended = run(saga.build(context, clock=VirtualClock()).start())\n"
        "print(ended.is_completed, context.room, type(saga).__doc__, type(saga.b).__doc__)"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    assert done.stdout == "True 7 Books a trip. Both.\n"


def in_blocks(number, duration_ms=1.0):
    block = BlockDesign(name="b", parts=(StepDesign(name="s", duration_ms=duration_ms),))
    return Design(name="Blocks", parts=tuple(block.model_copy(update={"name": f"b{n}"}) for n in range(number)))


@pytest.mark.parametrize("blocks", [1, 40])
def test_a_saga_whose_classes_are_the_same_has_the_same_classes(blocks):
    first, second = saga_of(in_blocks(blocks)), saga_of(in_blocks(blocks, 2.0))
    assert type(first) is type(second)
    assert {type(value) for _, value in first} == {type(value) for _, value in second}
    assert [value.s.duration_ms for _, value in second] == [2.0] * blocks


A, B = StepDesign(name="a"), StepDesign(name="b")


def an_x(initial):
    return {"context": (ContextField(name="x", type="object", initial=initial),)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"name": "One"}, {"name": "Other"}),
        ({"description": "this"}, {"description": "that"}),
        ({"on_compensation_failure": "continue"}, {"on_compensation_failure": "halt"}),
        ({"parts": (A, B)}, {"parts": (B, A)}),
        ({"parts": (A,)}, {"parts": (StepDesign(name="a", timeout_s=1.0),)}),
        (an_x(0), an_x(False)),
        (an_x(0), an_x(0.0)),
        (an_x(1), an_x(True)),
    ],
)
def test_a_saga_never_has_the_class_of_another_design(one, other):
    first, second = (saga_of(Design(**({"parts": (A,)} | settings))) for settings in (one, other))
    assert type(first) is not type(second)
    assert type(saga_of(Design(**({"parts": (A,)} | one)))) is type(first)
