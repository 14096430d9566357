"""Owns the form of what is selected in the Designer: its settings as fields, for people who never saw the model."""

from __future__ import annotations

from collections.abc import Sequence

from legend_lab.lab.design.edits import part_at
from legend_lab.lab.design.model import BlockDesign, Design, Retries, StepDesign
from legend_lab.lab.design.naming import class_names
from legend_lab.saga.simulation import SIMULATED_ERRORS
from legend_lab.ui.designer.state import FieldKind, FieldState, FormGroup, FormLine, FormState
from legend_lab.ui.designer.values import flag_text, number_text, value_text

ERRORS: list[tuple[str, str]] = [(name, name) for name in SIMULATED_ERRORS]
UNDOES: list[tuple[str, str]] = [("undoes", "takes back what the step did"), ("nothing", "does nothing, on purpose")]
IDEMPOTENT: list[tuple[str, str]] = [("", "not said"), ("true", "yes: again is as once"), ("false", "no")]
ON_FAILED_UNDO: list[tuple[str, str]] = [
    ("continue", "go on with the other undos"),
    ("halt", "halt, so that a person looks"),
]


def form_of(design: Design, path: str, findings: Sequence[str] = ()) -> FormState:
    """The form of the step or block at `path`, or of the saga at "", with what the lint says of it."""
    said = list(findings)
    if not path:
        return {"path": "", "kind": "saga", "name": design.name, "groups": [_saga(design)], "findings": said}
    part = part_at(design, path)
    called = class_names(design)[path]
    groups = [_about("Block", part, called)] if isinstance(part, BlockDesign) else _step(design, part, called)
    return {"path": path, "kind": part.kind, "name": part.name, "groups": groups, "findings": said}


def _saga(design: Design) -> FormGroup:
    return _group(
        "Saga",
        _line("Name", "a class name, in CapWords", _text("name", "Name", design.name, code=True)),
        _line("Description", "what it is for", _text("description", "Description", design.description)),
        _line(
            "If an undo fails",
            "the outermost saga decides for all its blocks",
            _choice("on_compensation_failure", "If an undo fails", design.on_compensation_failure, ON_FAILED_UNDO),
        ),
    )


def _about(title: str, part: StepDesign | BlockDesign, called: str) -> FormGroup:
    name = _text("name", "Name", part.name, code=True)
    class_name = _text("class_name", "Class name in code", part.class_name or "", hint=called, code=True)
    class_name["before"] = "class"
    return _group(
        title,
        _line("Name", "small letters, digits and _, as a field of the saga's class", name, class_name),
        _line("Description", "one line", _text("description", "Description", part.description)),
    )


def _step(design: Design, step: StepDesign, called: str) -> list[FormGroup]:
    does_nothing = step.no_undo_because is not None
    undo = [_line("Undo", "", _choice("undo", "Undo", "nothing" if does_nothing else "undoes", UNDOES))]
    if does_nothing:
        reason = _text("no_undo_because", "Why the undo does nothing", step.no_undo_because or "")
        undo.append(_line("Because", "why nothing needs to be taken back", reason))
    undo.append(_retries("undo_retries", step.undo_retries, "undo"))
    undo.append(
        _line(
            "Also undo it",
            "for a step that leaves something behind even when it fails",
            _check("compensate_on_failure", "when the step itself has failed", step.compensate_on_failure),
        )
    )
    failing = _group(
        "When it fails",
        _retries("retries", step.retries, "step"),
        _line("Give up at", "errors after which trying again is useless", *_errors(step.retries.give_up_on)),
        _line(
            "Timeout",
            "of each attempt; empty for none",
            _number("timeout_s", "Timeout in seconds", step.timeout_s, "s"),
        ),
        _line("Uncertain after", "errors after which nobody knows whether it happened", *_uncertain(step)),
        _line(
            "Idempotent",
            "done twice under one key is as done once",
            _choice("idempotent", "Idempotent", flag_text(step.idempotent), IDEMPOTENT),
        ),
    )
    outside = _group("What it touches", _effect(design, step), *_fields(design, step))
    return [_about("Step", step, called), _group("Undo", *undo), failing, outside, _simulation(step)]


def _effect(design: Design, step: StepDesign) -> FormLine:
    known = [(effect.name, effect.name) for effect in design.effects]
    effect: FieldState = _field("combo", "effect", "Effect", step.effect or "")
    effect |= {"choices": known, "hint": "none", "code": True}
    return _line("Effect", "opened in the outside world, closed by the undo; a new name makes a new one", effect)


def _fields(design: Design, step: StepDesign) -> list[FormLine]:
    lines = []
    for field in design.context:
        writes = _text(
            f"writes.{field.name}", f"{step.name} writes {field.name}", value_text(step.writes.get(field.name))
        )
        writes |= {"before": "writes", "hint": "no", "code": True}
        reads = _check(f"reads.{field.name}", "reads", field.name in step.reads)
        lines.append(_line(field.name, f"{field.name}: {field.type}", reads, writes))
    return lines


def _simulation(step: StepDesign) -> FormGroup:
    return _group(
        "Simulation",
        _line("Takes", "time on the run's clock", _number("duration_ms", "Duration in ms", step.duration_ms, "ms")),
        _line(
            "Fails",
            "in its first attempts, and then nothing has happened",
            _first(_number("fails", "Attempts that fail", step.fails)),
            _choice("error", "Error of the step", step.error, ERRORS),
        ),
        _line(
            "Pauses", "as a step that waits for a person", _check("pauses", "once, until somebody resumes", step.pauses)
        ),
        _line(
            "Undo takes",
            "time on the run's clock",
            _number("undo_duration_ms", "Duration of the undo in ms", step.undo_duration_ms, "ms"),
        ),
        _line(
            "Undo fails",
            "in its first attempts, and then nothing is undone",
            _first(_number("undo_fails", "Attempts of the undo that fail", step.undo_fails)),
            _choice("undo_error", "Error of the undo", step.undo_error, ERRORS),
        ),
    )


def _first(number: FieldState) -> FieldState:
    return {**number, "before": "the first", "after": "times with"}


def _retries(place: str, retries: Retries, what: str) -> FormLine:
    def number(name: str, label: str, value: float | None, before: str, after: str = "") -> FieldState:
        made = _number(f"{place}.{name}", f"{label} of the {what}", value, after)
        return {**made, "before": before}

    again = _number(f"{place}.max_retries", f"Retries of the {what}", retries.max_retries, "times")
    fields = [again]
    if retries.max_retries:
        most = number("max_backoff_ms", "Longest back-off", retries.max_backoff_ms, "at most", "ms")
        most["hint"] = "∞"
        fields += [
            number("backoff_ms", "Back-off", retries.backoff_ms, "after", "ms"),
            number("multiplier", "Multiplier of the back-off", retries.multiplier, "then ×"),  # noqa: RUF001 - times
            most,
        ]
    return _line("Retried", "times after the first attempt, and how long it waits before each", *fields)


def _errors(chosen: tuple[str, ...]) -> list[FieldState]:
    return [_check(f"retries.give_up_on.{name}", name, name in chosen) for name in SIMULATED_ERRORS]


def _uncertain(step: StepDesign) -> list[FieldState]:
    return [_check(f"uncertain_on.{name}", name, name in step.uncertain_on) for name in SIMULATED_ERRORS]


# -- fields ----------------------------------------------------------------------------------------


def _group(title: str, *lines: FormLine) -> FormGroup:
    return {"title": title, "lines": list(lines)}


def _line(label: str, help: str, *fields: FieldState) -> FormLine:
    return {"label": label, "help": help, "fields": list(fields)}


def _field(kind: FieldKind, place: str, label: str, value: str) -> FieldState:
    return {"kind": kind, "place": place, "label": label, "value": value}


def _text(place: str, label: str, value: str, *, hint: str = "", code: bool = False) -> FieldState:
    return {**_field("text", place, label, value), "hint": hint, "code": code}


def _number(place: str, label: str, value: float | None, after: str = "") -> FieldState:
    return {**_field("number", place, label, number_text(value)), "after": after, "size": "short"}


def _choice(place: str, label: str, value: str, choices: list[tuple[str, str]]) -> FieldState:
    return {**_field("choice", place, label, value), "choices": choices}


def _check(place: str, label: str, value: bool) -> FieldState:  # noqa: FBT001 - what is shown is a flag
    return _field("check", place, label, flag_text(value))
