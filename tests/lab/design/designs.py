"""Random designs, and what runs them: shared by the tests of code, of files and of the drawing."""

import sys
import types
from contextlib import contextmanager

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from legend_lab import ExecutionId, Fault, FaultKind, Paused, SimulatedCrash, VirtualClock, run
from legend_lab.lab.design.building import context_of, saga_of
from legend_lab.lab.design.checks import class_name, field_name, saga_field_name
from legend_lab.lab.design.model import BlockDesign, ContextField, Design, EffectDesign, Retries, StepDesign
from legend_lab.runtime import effects
from legend_lab.saga.simulation import SIMULATED_ERRORS

TEXTS = (
    'say "hi"',
    '"""',
    'a """ b',
    '"quoted"',
    "it's",
    """both ' and " here""",
    "back\\slash\\",
    "\\",
    "{braces} {0} %s %(x)s",
    "# noqa",
    "type: ignore",
    "fmt: off",
    "héllo wörld, 名前 🚀",
    "x" * 120,
    "名" * 100,
    "__import__('os').system('true')",
)
NAMES = (
    "a",
    "match",
    "type_",
    "case",
    "_".join("abcdefghij"),
    "n" * 60,
    "名" * 60,
    "naïve",
    "имя",
    "变量",
    "ª1".replace("ª", "a"),
    "reserve_funds",
    "X",
    "Hotel",
    "hotel",
    "InMemoryStore",
    "Fault",
    "Path",
    "asyncio",
    "legend_lab",
    "run",
    "pytest",
    "design",
)
LETTERS = st.characters(categories=["Lu", "Ll", "Lo", "Nd"], max_codepoint=0x4FFF) | st.just("_")


def accepted_by(check):
    def accepts(name):
        try:
            check(name)
        except ValueError:
            return False
        return True

    return (st.sampled_from(NAMES) | st.text(LETTERS, min_size=1, max_size=12)).filter(accepts)


part_names, field_names, called = map(accepted_by, (saga_field_name, field_name, class_name))
texts = st.sampled_from(TEXTS) | st.text(st.characters(codec="utf-8"), max_size=12).filter(
    lambda text: text.isprintable() and text == text.strip()
)
values_text = st.sampled_from([*TEXTS, "two\nlines\t\r\x00", " blank ", ""]) | st.text(
    st.characters(codec="utf-8"), max_size=8
)
said = st.just("") | texts
maybe_a_reason = st.none() | st.none() | texts.filter(bool)
effect_names_of_any_kind = st.just("hotel.booking") | texts.filter(bool)
maybe_called = st.none() | st.none() | called
errors = st.sampled_from(sorted(SIMULATED_ERRORS))
durations = st.sampled_from([0.0, 1.0, 5.0, 10.0, 12.5, 0.1, 40.0, 1e9]) | st.integers(0, 100_000).map(
    lambda microseconds: microseconds / 1_000
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | values_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(values_text, inner, max_size=3),
    max_leaves=4,
)
values = {
    "str": values_text,
    "int": st.integers(),
    "float": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-5, 5),
    "bool": st.booleans(),
    "list[str]": st.lists(values_text, max_size=2),
    "dict[str, str]": st.dictionaries(values_text, values_text, max_size=2),
    "object": json_values.filter(lambda value: value is not None),
}
SCALARS = ("str", "int", "float", "bool")


@st.composite
def retries(draw):
    return Retries(
        max_retries=draw(st.integers(0, 3)),
        backoff_ms=draw(durations.filter(lambda ms: ms <= 100)),
        multiplier=draw(st.sampled_from([1.0, 2.0, 0.5, 1.5])),
        max_backoff_ms=draw(st.none() | st.integers(0, 100).map(float)),
        give_up_on=tuple(draw(st.lists(errors, max_size=2))),
    )


any_retries = st.just(Retries()) | retries()
uncertain = st.just(("TimeoutError", "ConnectionError")) | st.lists(errors, max_size=3).map(tuple)


@st.composite
def context_fields(draw):
    kind = draw(st.sampled_from(sorted(values)))
    initial = values[kind] if kind in SCALARS else st.one_of(*(values[name] for name in SCALARS))
    return ContextField(
        name=draw(field_names),
        type=kind,
        initial=draw(st.none() | initial) if kind in (*SCALARS, "object") else None,
        description=draw(said),
    )


@st.composite
def steps(draw, fields, effect_names):
    written = draw(st.lists(st.sampled_from(fields), unique=True, max_size=3)) if fields else []
    no_undo = draw(maybe_a_reason)
    undo = {
        "undo_duration_ms": draw(durations),
        "undo_fails": draw(st.integers(0, 2)),
        "undo_error": draw(errors),
    }
    return StepDesign(
        name=draw(part_names),
        class_name=draw(maybe_called),
        description=draw(said),
        retries=draw(any_retries),
        undo_retries=draw(any_retries),
        timeout_s=draw(st.none() | st.sampled_from([0.01, 0.004, 0.0050003, 1.0000001, 1e6, 1e9])),
        compensate_on_failure=draw(st.booleans()),
        uncertain_on=draw(uncertain),
        idempotent=draw(st.sampled_from([None, True, False])),
        effect=draw(st.sampled_from([None, *effect_names])),
        reads=tuple(field.name for field in draw(st.lists(st.sampled_from(fields), unique=True, max_size=3)))
        if fields
        else (),
        writes={field.name: draw(values[field.type]) for field in written},
        no_undo_because=no_undo,
        duration_ms=draw(durations),
        fails=draw(st.integers(0, 2)),
        error=draw(errors),
        pauses=draw(st.booleans()),
        **({} if no_undo else undo),
    )


@st.composite
def parts(draw, fields, effect_names, depth=0):
    one = steps(fields, effect_names)
    if depth < 2:
        one |= blocks(fields, effect_names, depth)
    size = draw(st.sampled_from([3, 2, 1, 4]))
    return tuple(draw(st.lists(one, min_size=size, max_size=size, unique_by=lambda part: part.name)))


@st.composite
def blocks(draw, fields, effect_names, depth):
    return BlockDesign(
        name=draw(part_names),
        class_name=draw(maybe_called),
        description=draw(said),
        parts=draw(parts(fields, effect_names, depth + 1)),
    )


@st.composite
def _fields_of_a_design(draw):
    size = draw(st.integers(0, 4))
    fields = draw(st.lists(context_fields(), min_size=size, max_size=size, unique_by=lambda field: field.name))
    declared = draw(
        st.lists(
            st.builds(
                EffectDesign,
                name=effect_names_of_any_kind,
                idempotent=st.booleans(),
                irreversible=st.booleans(),
            ),
            max_size=3,
            unique_by=lambda effect: effect.name,
        )
    )
    return {
        "name": draw(st.sampled_from(["Trip", "Order", "Ähnlich", "C" * 50]) | called),
        "description": draw(said),
        "on_compensation_failure": draw(st.sampled_from(["continue", "halt"])),
        "context": tuple(fields),
        "effects": tuple(declared),
        "parts": draw(parts(fields, [effect.name for effect in declared])),
    }


def _sound(data):
    try:
        return Design(**data)
    except ValueError:
        return None


designs = _fields_of_a_design().map(_sound).filter(lambda design: design is not None)
"""Any design with at least one step that the model accepts."""


@st.composite
def fault_plans(draw, design):
    one = st.builds(
        Fault,
        path=st.sampled_from(list(design.steps)),
        phase=st.sampled_from(["execute", "compensate"]),
        attempt=st.integers(1, 3),
        kind=st.sampled_from(list(FaultKind)),
        delay_ms=st.sampled_from([0, 3, 20]),
    )
    return draw(st.lists(one, max_size=4, unique_by=lambda fault: (fault.path, fault.phase, fault.attempt)))


def examples(strategy, count):
    """The same `count` examples each time."""
    found = []

    @settings(max_examples=count, derandomize=True, database=None, phases=[Phase.generate], deadline=None)
    @given(strategy)
    def collect(example):
        found.append(example)

    collect()
    return found


@contextmanager
def opened(text, name="generated_saga"):
    """The module that a text makes, with effects declared as only it does."""
    kept = dict(effects._declared)
    effects._declared.clear()
    module = types.ModuleType(name)
    sys.modules[name] = module
    try:
        exec(compile(text, f"{name}.py", "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - what was generated
        yield module
    finally:
        del sys.modules[name]
        effects._declared.clear()
        effects._declared.update(kept)


ID = ExecutionId.parse("00000000-0000-4000-8000-000000000001")


def story(saga, ctx, faults=(), most=20):
    """All that a run's journal says, and what is in the context at its end; pauses are resumed, crashes recovered."""
    standing = saga.build(ctx, id=ID, clock=VirtualClock(), faults=list(faults))
    go = standing.start()
    for _ in range(most):
        try:
            result = run(go)
        except SimulatedCrash:
            result = standing.recover()
        if not isinstance(result, Paused):
            break
        standing, go = result, result.resume()
    else:
        go.close()
    rows = [
        (
            entry.instruction,
            entry.outcome,
            entry.started_ns,
            entry.completed_ns,
            type(entry.error),
            str(entry.error),
            entry.fault,
            entry.effects,
        )
        for entry in result.journal
    ]
    return type(result).__name__, rows, vars(result.context)


def drawn_story(design, faults=()):
    """The story of a design itself."""
    return story(saga_of(design), context_of(design), faults)
