"""The diagram is one sound picture that says what a saga is, whatever its texts are and however long it is."""

import base64
import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest
from IPython.core.formatters import DisplayFormatter

from legend_lab import (
    CompensationOutcome,
    Diagram,
    LegendError,
    RetryPolicy,
    Saga,
    SagaDefinitionError,
    SimulatedStep,
    Step,
    diagram,
    effects,
)
from legend_lab.saga import svg
from legend_lab.saga.diagram import DEEPEST, WIDTH
from legend_lab.saga.excerpt import LONGEST

SVG = "{http://www.w3.org/2000/svg}"
HARMLESS = {f"{SVG}{name}" for name in (
    "svg", "title", "desc", "style", "defs", "pattern", "g", "path", "rect", "circle", "text",
)}  # fmt: skip


class Charge(SimulatedStep):
    """Take the money."""

    retry_policy = RetryPolicy(5, 100, 2.0, 1_000, give_up_on=(PermissionError,))
    compensation_retry_policy = RetryPolicy.retries_with_backoff(7, 250)
    timeout_s = 2.5
    compensate_on_failure = True
    uncertain_on = (LookupError,)
    idempotent = True


def parsed(document):
    return ET.fromstring(document)  # noqa: S314 - our own


def picture(saga):
    return parsed(diagram(saga).svg)


def texts(saga):
    return [found.text or "" for found in picture(saga).iter(f"{SVG}text")]


def long_saga(count):
    return Saga.of("Long", {f"s{number}": SimulatedStep() for number in range(count)})


def nested(depth):
    inner = {"before": SimulatedStep(), "after": SimulatedStep()}
    for level in range(depth):
        inner = {"before": SimulatedStep(), f"block{level}": Saga.of(f"Block{level}", inner)}
    return Saga.of("Nested", inner)


def boxes(saga):
    """Every rectangle and circle as left, top, right, bottom."""
    found = picture(saga)
    for rect in found.iter(f"{SVG}rect"):
        x, y, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
        yield x, y, x + width, y + height
    for circle in found.iter(f"{SVG}circle"):
        x, y, r = (float(circle.get(name)) for name in ("cx", "cy", "r"))
        yield x - r, y - r, x + r, y + r


def test_it_says_all_that_is_unusual_of_a_step_and_of_its_undo():
    effects.declare("diagram.charge", idempotent=True)
    said = texts(Saga.of("Pay", {"charge": Charge(effect="diagram.charge", pauses=True)}))
    for words in (
        "Pay", "charge", "Charge", "Take the money.", "5 retries, 100 ms to 1 s apart, never after PermissionError",
        "may pause", "uncertain after LookupError", "idempotent", "opens diagram.charge", "closes diagram.charge",
        "also when the step itself failed", "7 retries, 250 ms apart",
    ):  # fmt: skip
        assert words in said
    assert said.count("limit 2.5 s") == 2  # it holds for the undo as well


def test_it_says_nothing_of_what_is_usual():
    said = texts(long_saga(1))
    rules = [words for words in said if words.endswith(".") or words.startswith(("ConnectionError", "Its own"))]
    assert sorted(set(said) - set(rules)) == sorted(
        ["Long", "1 step", "s0", "SimulatedStep", "undo", "1", "start", "failed, undone", "completed",
         "a step fails for good"]
    )  # fmt: skip


def test_it_says_what_cannot_be_undone():
    effects.declare("diagram.mail", irreversible=True)
    said = texts(
        Saga.of(
            "Mails",
            {
                "mail": SimulatedStep(effect="diagram.mail"),
                "note": SimulatedStep(no_undo_because="a note stays"),
                "hold": SimulatedStep(effect="diagram.hold", no_undo_because="on purpose"),
            },
        )
    )
    assert "diagram.mail is irreversible" in said
    assert said.count("does nothing") == 2
    assert "diagram.hold stays open" in said


def test_it_says_why_an_undo_does_nothing_where_its_docstring_does():
    class Tell(SimulatedStep):
        async def compensate(self, ctx):
            """Nobody can call a mail back."""
            return CompensationOutcome.COMPLETED

    saga = Saga.of("Mails", {"tell": Tell()})
    assert "Nobody can call a mail back." in texts(saga)
    assert "undo: does nothing; Nobody can call a mail back." in picture(saga).find(f".//{SVG}g/{SVG}title").text


def test_it_says_what_happens_when_an_undo_fails():
    halting = Saga.of("Halting", {"a": SimulatedStep()}, on_compensation_failure="halt")
    assert any("stops the rollback" in words for words in texts(halting))
    assert any("the earlier ones still run" in words for words in texts(long_saga(1)))


def test_what_is_left_open_by_a_class_is_said():
    class Open(Saga[dict, Exception]):
        later: Step[dict]
        known: SimulatedStep

    assert texts(Open).count("which step this is, each saga object says") == 1


def test_the_steps_stand_in_their_order_with_their_numbers():
    said = texts(nested(2))
    assert [words for words in said if words.isdigit()] == ["1", "2", "3", "4"]
    heights = [float(circle.get("cy")) for circle in picture(nested(2)).iter(f"{SVG}circle")]
    forward = heights[::2]
    assert forward == sorted(forward)
    assert heights[1::2] == forward  # the way back passes the same steps


def test_blocks_are_boxes_around_their_steps():
    outer, inner = [], []
    for left, top, right, bottom in boxes(nested(3)):
        (outer if right - left > 650 else inner).append((left, top, right, bottom))
    assert len(outer) == 1 + 3  # the card, and three blocks one in another
    for around, within in pairwise(outer):
        assert around[0] < within[0] < within[2] < around[2]
        assert around[1] < within[1] < within[3] < around[3]


@pytest.mark.parametrize("saga", [long_saga(100), nested(5), nested(40)], ids=["100 steps", "5 levels", "40 levels"])
def test_it_fits_a_notebook_s_cell_and_nothing_leaves_the_picture(saga):
    found = picture(saga)
    width, height = float(found.get("width")), float(found.get("height"))
    assert width == WIDTH <= 900
    for left, top, right, bottom in boxes(saga):
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
    for each in found.iter(f"{SVG}text"):
        assert 0 < float(each.get("y")) < height


def test_texts_that_start_at_a_place_end_before_the_picture_does(hostile):
    for each in picture(hostile.saga).iter(f"{SVG}text"):
        size = float(re.search(r"font-size:([\d.]+)", each.get("style", "font-size:11px"))[1])
        mono = "mono" in each.get("class")
        if each.get("text-anchor") is None:
            assert float(each.get("x")) + svg.width_of(each.text or "", size, mono=mono) < WIDTH


def test_blocks_deeper_than_is_drawn_stand_in_their_steps_names():
    said = texts(nested(DEEPEST + 2))
    assert [words for words in said if words.startswith("block")] == [
        *(f"block{level}" for level in range(DEEPEST + 1, 1, -1)), "block1.before", "block1.block0.before",
        "block1.block0.after",
    ]  # fmt: skip


def test_a_hundred_steps_are_all_drawn():
    said = texts(long_saga(100))
    assert [words for words in said if re.fullmatch(r"s\d+", words)] == [f"s{number}" for number in range(100)]
    assert not any("not drawn" in words for words in said)


def test_a_very_long_saga_is_cut_and_says_so():
    drawn = diagram(long_saga(10_000))
    said = texts(long_saga(10_000))
    names = [words for words in said if re.fullmatch(r"s\d+", words)]
    assert len(names) == LONGEST
    assert (names[0], names[-1]) == ("s0", "s9999")
    assert f"… {10_000 - LONGEST:,} steps of 10,000 not drawn …" in said
    assert "10,000 steps" in said
    assert "not shown" in drawn.text
    assert len(drawn.svg) < 300_000


def test_a_long_saga_of_blocks_is_cut_once_and_keeps_the_blocks_of_what_is_drawn():
    blocks = {f"b{n}": Saga.of(f"B{n}", {f"s{m}": SimulatedStep() for m in range(30)}) for n in range(10)}
    said = texts(Saga.of("Blocks", blocks))
    assert [words for words in said if re.fullmatch(r"b\d", words)] == ["b0", "b1", "b2", "b3", "b9"]
    assert said.count("30 steps") == 5  # as many as they have, not as are drawn
    assert sum("not drawn" in words for words in said) == 1


def test_hostile_texts_make_no_markup_no_script_and_no_reference(hostile):
    drawn = diagram(hostile.saga)
    found = parsed(drawn.svg)
    plain = picture(long_saga(2))
    for each in found.iter():
        assert each.tag in HARMLESS
        assert not [name for name in each.attrib if name.lower().startswith("on") or "href" in name.lower()]
        assert "http" not in "".join(each.attrib.values())
        for address in re.findall(r"url\(([^)]*)\)", "".join(each.attrib.values())):
            assert address == "#ll-dg-hatch"
    assert [each.text for each in found.iter(f"{SVG}style")] == [each.text for each in plain.iter(f"{SVG}style")]
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", drawn.svg)


def test_hostile_texts_are_shown_as_they_are(hostile):
    said = texts(hostile.saga)
    if 0 < len(hostile.text) < 20 and hostile.text.isprintable():
        assert hostile.text in said
        assert hostile.text in picture(hostile.saga).find(f"{SVG}title").text
    if len(hostile.text) > 1_000:
        assert any(words.endswith("…") for words in said)


def test_it_has_a_name_and_a_description_for_those_who_listen():
    drawn = diagram(nested(1))
    found = parsed(drawn.svg)
    assert found.get("role") == "img"
    assert [child.tag for child in found][:2] == [f"{SVG}title", f"{SVG}desc"]
    assert found.find(f"{SVG}title").text == "Saga Nested"
    assert found.find(f"{SVG}desc").text == drawn.text == str(drawn)
    first, *lines = drawn.text.splitlines()
    assert first == "Nested: 3 steps, 1 block"
    assert lines[:4] == ["  1 before (SimulatedStep)", "  block0 (Block0)", "    2 before (SimulatedStep)",
                         "    3 after (SimulatedStep)"]  # fmt: skip
    assert [line.split()[0] for line in lines[4:]] == ["When", "Its", "An"]


def test_every_step_tells_all_of_itself_where_the_mouse_is():
    titles = [found.text for found in picture(nested(1)).iter(f"{SVG}title")]
    assert titles[1:] == ["1. before (SimulatedStep)", "2. block0.before (SimulatedStep)",
                          "3. block0.after (SimulatedStep)"]  # fmt: skip


def test_colours_are_given_for_light_pages_and_again_for_dark_ones():
    style = picture(long_saga(1)).find(f"{SVG}style").text
    light, _, dark = style.partition("@media (prefers-color-scheme:dark){")
    classes = {name for each in picture(long_saga(1)).iter() for name in each.get("class", "").split()}
    for name in classes:
        if re.fullmatch("[fs]-(?!none).*", name):
            assert f".{name}{{" in light
            assert f".{name}{{" in dark
    assert all(selector.startswith(".ll-dg") for selector in re.findall(r"(?m)^([^@{}]+)\{", style))


def test_a_diagram_and_a_saga_are_pictures_in_a_notebook():
    saga = long_saga(3)
    for shown in (saga, diagram(saga)):
        data, _ = DisplayFormatter().format(shown)
        assert data["image/svg+xml"] == diagram(saga).svg
        assert base64.b64encode(diagram(saga).svg.encode()).decode() in data["text/html"]
    assert DisplayFormatter().format(saga)[0]["text/plain"] == repr(saga)
    assert diagram(saga)._repr_svg_() == diagram(saga).svg


def test_a_broken_saga_shows_its_text_and_why_there_is_no_picture():
    broken = type(long_saga(1)).model_construct(other=1)
    bundle = broken._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert "no diagram: Long was made with other fields" in bundle["text/plain"]


def test_it_is_saved_as_a_file_of_its_own(tmp_path):
    drawn = diagram(long_saga(2))
    for path in (tmp_path / "saga.svg", str(tmp_path / "again.svg")):
        drawn.save(path)
        assert Path(path).read_text(encoding="utf-8") == drawn.svg


def test_a_diagram_is_saved_as_svg_alone(tmp_path):
    with pytest.raises(LegendError, match=r"^a diagram is saved as \.svg, not as "):
        diagram(long_saga(2)).save(tmp_path / "saga.png")
    assert list(tmp_path.iterdir()) == []


def test_the_same_saga_gives_the_same_picture_and_its_repr_is_short():
    assert diagram(long_saga(2)) == diagram(long_saga(2))
    assert repr(diagram(long_saga(2))) == "Diagram(name='Long')"
    assert isinstance(diagram(long_saga(2)), Diagram)


def test_what_is_no_saga_is_refused():
    with pytest.raises(SagaDefinitionError):
        diagram(SimulatedStep())


@pytest.mark.parametrize("room", [20, 60, 200])
def test_lines_and_cut_texts_keep_to_their_room(room, hostile):
    shown = hostile.text[:2_000]
    assert svg.width_of(svg.fitted(shown, room)) <= room
    lines = svg.wrapped(shown, room)
    assert 1 <= len(lines) <= 3
    assert all(svg.width_of(line) <= room for line in lines)


def test_lines_lose_no_word_where_there_is_room():
    words = "uncertain after TimeoutError, ConnectionError or PermissionError"
    assert " ".join(svg.wrapped(words, 200)) == words
    assert len(svg.wrapped(words, 200)) > 1
