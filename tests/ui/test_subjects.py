"""What has a saga can be given where a saga is drawn or looked at; elsewhere words say what to give."""

import pytest

from legend_lab import (
    Debugger,
    Design,
    Designer,
    DesignError,
    LegendError,
    LintError,
    Saga,
    SagaDefinitionError,
    SourceError,
    Workbench,
    canvas,
    diagram,
    lint,
    to_html,
    to_mermaid,
)
from legend_lab.lab.design.building import context_of, saga_of
from legend_lab.lab.design.model import StepDesign

DESIGN = Design(name="Trip", description="Books a trip.", parts=(StepDesign(name="hotel", retries={"max_retries": 2}),))
HOLDERS = {
    "saga": lambda: saga_of(DESIGN),
    "class": lambda: type(saga_of(DESIGN)),
    "design": lambda: DESIGN,
    "Designer": lambda: Designer(DESIGN),
    "Debugger": lambda: Debugger(saga_of(DESIGN), context_of(DESIGN)),
    "Workbench": lambda: Workbench(saga_of(DESIGN), context_of(DESIGN)),
    "execution": lambda: saga_of(DESIGN).build(context_of(DESIGN)),
}
NONE = [None, "Trip", 3, DESIGN.parts[0], object(), Design, int]
ASKS = {diagram: SagaDefinitionError, to_mermaid: SagaDefinitionError, lint: LintError, canvas: LintError}


@pytest.mark.parametrize("holder", HOLDERS)
def test_whatever_has_a_saga_can_be_drawn_and_looked_at(holder):
    given = HOLDERS[holder]()
    assert "<title>Saga Trip</title>" in diagram(given).svg
    assert "hotel · Hotel" in to_mermaid(given).replace("#183;", "·")
    assert lint(given).saga == canvas(given).name == "Trip"


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_designer_opens_whatever_has_a_saga(holder):
    opened = Designer(HOLDERS[holder]()).design
    assert (opened.name, [part.name for part in opened.parts]) == ("Trip", ["hotel"])


def test_a_designer_gives_its_design_with_what_only_a_design_says():
    designer = Designer(DESIGN)
    assert Designer(designer).design == designer.design
    assert canvas(designer).does == "Books a trip."


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask.__name__)
@pytest.mark.parametrize("value", NONE, ids=repr)
def test_what_has_no_saga_is_refused_in_words(ask, value):
    with pytest.raises(ASKS[ask], match="saga") as refused:
        ask(value)
    assert len(str(refused.value)) <= 300


@pytest.mark.parametrize("ask", [*ASKS], ids=lambda ask: ask.__name__)
@pytest.mark.parametrize("given", [Design, Designer], ids=["design", "Designer"])
def test_a_design_without_a_step_is_refused_in_words(ask, given):
    with pytest.raises(DesignError, match="a design needs a step"):
        ask(given())


def test_a_saga_without_steps_is_refused_in_words():
    with pytest.raises(LegendError, match="has no steps"):
        diagram(Saga)


@pytest.mark.parametrize(
    ("holder", "words"),
    [("design", r"Designer\(design\)\.saga"), ("Designer", r"Designer\(design\)\.saga")]
    + [(name, "give the saga that it has") for name in ("Debugger", "Workbench", "execution")]
    + [("class", "make one first")],
)
def test_a_debugger_says_what_to_give(holder, words):
    with pytest.raises(SagaDefinitionError, match=words):
        Debugger(HOLDERS[holder](), {})


@pytest.mark.parametrize(
    ("holder", "words"),
    [("saga", "build it first"), ("class", "not the class Trip"), ("Workbench", r"give what it shows: \.shown")]
    + [(name, r"Designer\(design\)\.workbench\.debugger") for name in ("design", "Designer")],
)
def test_a_page_of_a_run_says_what_to_give(holder, words, tmp_path):
    with pytest.raises(SourceError, match=words):
        to_html(HOLDERS[holder](), tmp_path / "run.html")
    assert not list(tmp_path.iterdir())


def test_what_the_words_say_to_give_can_be_shown(tmp_path):
    assert to_html(HOLDERS["Workbench"]().shown, tmp_path / "a.html").exists()
    assert to_html(Designer(DESIGN).workbench.debugger, tmp_path / "b.html").exists()
    assert Debugger(Designer(DESIGN).saga, context_of(DESIGN)).length == 0


@pytest.mark.parametrize("name", ["no/such/dir/x", "", "a\0b"])
def test_a_picture_or_page_that_cannot_be_written_is_refused_in_words(name, tmp_path):
    for save, suffix in ((diagram(DESIGN).save, ".svg"), (canvas(DESIGN).save, ".txt")):
        where = f"{tmp_path}/{name}{suffix}" if name else tmp_path if suffix == ".svg" else None
        with pytest.raises(LegendError, match=r"cannot be written to|is saved as"):
            save(where)
    assert not list(tmp_path.iterdir())
    diagram(DESIGN).save(tmp_path / "x.svg")
    assert (tmp_path / "x.svg").read_text().startswith("<svg")
