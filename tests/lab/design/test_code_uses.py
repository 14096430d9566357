"""A field or effect that code of a person uses is not taken away from it: refused where sure, said where perhaps."""

import pytest
from test_code_in import EDITED, GENERATED

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.code_in import from_code
from legend_lab.lab.design.edits import change, remove_effect, remove_field, set_effect, set_field

RENAMED = [set_field, "room", {"name": "suite"}]
REMOVED = [remove_field, "room"]
FIRST = "class Reserve(Step"
SURE = {
    "an attribute of an annotated parameter": "def label(it: TripContext):\n    return it.room",
    "an attribute of a parameter annotated in quotes": "def label(it: 'TripContext | None'):\n    return it.room",
    "an attribute of what is called ctx": "def label(ctx):\n    return f'room {ctx.room}'",
    "an attribute that is set": "def label(ctx):\n    ctx.room = '12'",
    "an attribute of a context made there": "def label():\n    it = TripContext()\n    return it.room",
    "an attribute of a copy": "from copy import copy\ndef label(it: TripContext):\n    return copy(it).room",
    "a lambda": "label = lambda ctx: ctx.room",
    "a constant": "ROOM = TripContext().room",
    "a constant of a constant": "EMPTY = TripContext()\nROOM = EMPTY.room",
    "a decorator": "def by(what):\n    return lambda cls: cls\n@by(lambda ctx: ctx.room)\nclass Other: ...",
    "another class": "class Other:\n    def price(self, ctx: TripContext):\n        return ctx.room",
    "a class derived of the context": "class Better(TripContext):\n    def price(self):\n        return self.room",
    "a field of a class derived of it": "class Better(TripContext):\n    room: str = 'best'",
    "a name in the body of one": "class Better(TripContext):\n    __match_args__ = ('room',)",
    "a keyword argument": "EMPTY = TripContext(room='12')",
    "a keyword argument of a partial": "from functools import partial\nmake = partial(TripContext, room='12')",
    "a keyword argument of a replacement": "from dataclasses import replace\nnew = lambda ctx: replace(ctx, room='12')",
    "a subscript": "def label(ctx):\n    return ctx['room']",
    "a subscript of its dictionary": "def label(it: TripContext):\n    return vars(it)['room']",
    "a key that is looked up": "def label(ctx):\n    return ctx.get('room')",
    "a key that is asked for": "def label(ctx):\n    return 'room' in ctx",
    "a dictionary that is a context": "EMPTY: TripContext = {'room': None}",
    "a dictionary that becomes one": "EMPTY = TripContext(**{'room': None})",
    "a change of a copy": "def label(ctx):\n    return ctx.model_copy(update={'room': None})",
    "what is left out": "def label(ctx):\n    return ctx.model_dump(exclude={'room'})",
    "getattr": "def label(it: TripContext):\n    return getattr(it, 'room', None)",
    "setattr": "def label(ctx):\n    setattr(ctx, 'room', '12')",
    "a pattern": "def label(it):\n    match it:\n        case TripContext(room=number):\n            return number",
    "a validator of the context": "class Better(TripContext):\n    @checks('room')\n    def price(self): ...",
}
PERHAPS = {
    "an attribute of anything": "def label(response):\n    return response.room",
    "a subscript of anything": "def label(response):\n    return response['room']",
    "getattr in a loop": "def label(ctx):\n    return [getattr(ctx, name) for name in ('room', 'amount')]",
    "getattr of anything": "def label(it):\n    return getattr(it, 'room')",
    "a keyword argument of anything": "def make(**fields):\n    return TripContext(**fields)\nEMPTY = make(room='12')",
    "a text in a call with a context": "def label(ctx):\n    return getattr(ctx, 'seat', 'room')",
    "a text that a context is made with": "EMPTY = TripContext(1, 'room')",
    "a local name that is a context elsewhere": (
        "def one():\n    it = TripContext()\ndef label():\n    it = ask()\n    return it.room"
    ),
    "a text in a method of the context": "def label(ctx):\n    return ctx.text_of('room')",
    "a table": "LABELS = {'room': 'Room'}",
    "a stand-in for the context": (
        "from typing import Protocol\nclass HasRoom(Protocol):\n    room: str\n"
        "def label(it: HasRoom):\n    return it.room"
    ),
}
NOT = {
    "a comment": "# ctx.room is a room",
    "a docstring": 'def label():\n    """room"""\n\n\nclass Other:\n    """ctx.room, TripContext(room=1)"""',
    "a text": "TEXT = 'the room', f'room{1}', 'ctx.room'",
    "a field of another class": (
        "class Answer:\n    room: str = '1'\n    def number(self):\n        return self.room\n"
        "def label(answer: Answer):\n    return answer.room, Answer(room='2')"
    ),
    "a parameter and a variable": "def book(room):\n    number = room\n    return number\nbook(room='12')",
    "an attribute of a module": "import os\nROOM = os.room",
    "a function of that name": "def room():\n    return room",
}


def with_code(code, before=FIRST):
    """The module with a person's code before one of its classes, and that code's first line."""
    text = GENERATED.replace(before, f"{code}\n\n\n{before}", 1)
    return from_code(text), text[: text.index(code)].count("\n") + 1


def against(module, design):
    """Why the module cannot say the design."""
    (why,) = module.objections(design) or ("",)
    assert not why or why.startswith("The code that was opened cannot follow: ")
    return why


def cases(table):
    return pytest.mark.parametrize("code", table.values(), ids=table)


both = pytest.mark.parametrize("edit", [RENAMED, REMOVED], ids=["renamed", "removed"])


@both
@cases(SURE)
def test_a_field_that_human_code_uses_stays_and_line_and_place_are_said(code, edit):
    module, first = with_code(code)
    make, *settings = edit
    why = against(module, make(module.design, *settings).design)
    line = first + next(at for at, said in enumerate(code.split("\n")) if "room" in said and "class" not in said)
    assert f"line {line}" in why
    assert "the field room cannot " + ("become suite" if edit is RENAMED else "be removed") in why
    assert ("rename it there and in TripContext" if edit is RENAMED else "take it out there first") in why
    with pytest.raises(DesignError, match="a person wrote code that needs it"):
        module.with_design(make(module.design, *settings).design)


@both
@cases(PERHAPS)
def test_where_it_is_not_sure_that_the_field_is_meant_a_note_says_the_line(code, edit):
    module, first = with_code(code)
    make, *settings = edit
    changed = module.with_design(make(module.design, *settings).design)
    lines = {note.line - first for note in changed.notes if "see whether it means the field room" in note.words}
    assert lines == {len(code.split("\n")) - 1}
    assert code in changed.text


@both
@cases(NOT)
def test_what_only_looks_like_the_field_is_no_matter(code, edit):
    module, _ = with_code(code)
    make, *settings = edit
    changed = module.with_design(make(module.design, *settings).design)
    assert code in changed.text
    assert changed.notes == ()


def test_what_was_drawn_may_say_the_name_of_a_field_as_a_text():
    drawn = set_field(from_code(GENERATED).design, "hold_id", {"initial": "room"}).design
    module = from_code(GENERATED).with_design(change(drawn, "stay.hotel", {"writes": {"hold_id": "room"}}).design)
    assert module.objections(remove_field(module.design, "room").design) == ()


def test_the_place_is_named_and_of_many_only_the_first():
    module, first = with_code("class Other:\n    def price(self, ctx):\n" + "        ctx.room\n" * 5)
    why = against(module, remove_field(module.design, "room").design)
    assert f"line {first + 2}, in Other.price, says ctx.room" in why
    assert why.count("ctx.room") == 3
    assert "and 2 more" in why


def test_what_is_given_by_position_keeps_its_field_though_it_may_be_called_otherwise():
    for code in ("EMPTY = TripContext(1, None, '12')", "EMPTY = TripContext(*values)"):
        module, first = with_code(code)
        assert f"line {first}" in against(module, remove_field(module.design, "room").design)
        assert not against(module, set_field(module.design, "room", {"name": "suite"}).design)
    module, _ = with_code("EMPTY = TripContext(1, None)")
    assert not against(module, remove_field(module.design, "room").design)


@pytest.mark.parametrize("body", ["ctx.room = response['id']", "return await book(ctx.room)", "del ctx.room"])
@pytest.mark.parametrize("method", ["execute", "compensate"])
def test_a_body_written_by_hand_counts_whatever_it_does_with_the_field(method, body):
    start = GENERATED.index(f"async def {method}", GENERATED.index("class Breakfast"))
    end = GENERATED.index("\n", start)
    module = from_code(f"{GENERATED[:end]}\n        {body}{GENERATED[end:]}")
    why = against(module, set_field(module.design, "room", {"name": "suite"}).design)
    assert f", in Breakfast.{method}, says" in why
    assert "reads" not in why


def test_a_typed_dictionary_as_context_is_followed_by_its_subscripts():
    text = GENERATED.replace("@dataclass\nclass TripContext:", "class TripContext(TypedDict):").replace(
        FIRST, f"def label(it: TripContext):\n    return it['room']\n\n\n{FIRST}"
    )
    module = from_code(text)
    assert "says it['room']" in against(module, remove_field(module.design, "room").design)


def test_a_protocol_that_a_step_names_as_its_context_is_one():
    code = "class HasRoom(Protocol):\n    room: str | None"
    module = from_code(with_code(code)[0].text.replace("class Hotel(Step[TripContext])", "class Hotel(Step[HasRoom])"))
    assert ", in HasRoom, says room" in against(module, remove_field(module.design, "room").design)


@pytest.mark.parametrize("edit", [[set_effect, "hotel.booking", {"name": "booking"}], [remove_effect, "hotel.booking"]])
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def undo():\n    effects.close('hotel.booking')", "says 'hotel.booking'"),
        ("KINDS = ('hotel.booking', 'card.hold')", None),
        ("# hotel.booking", ""),
    ],
)
def test_effects_are_kept_as_fields_are(edit, code, words):
    module, first = with_code(code)
    make, *settings = edit
    if words:
        why = against(module, make(module.design, *settings).design)
        assert words in why
        assert "the effect hotel.booking cannot" in why
        assert f"line {first + 1}, in undo," in why
        return
    notes = module.with_design(make(module.design, *settings).design).notes
    assert ["the effect hotel.booking" in note.words for note in notes] == ([True] if words is None else [])


def test_the_field_of_a_step_that_is_written_by_hand_is_asked_for_in_words():
    module = from_code(EDITED["human_body"])
    why = against(module, set_field(module.design, "amount", {"name": "cents"}).design)
    assert why == (
        "The code that was opened cannot follow: the field amount cannot become cents: a person wrote code that "
        "needs it (line 52, in Hotel.execute, says ctx.amount); rename it there and in TripContext, in the code, "
        "and open that again"
    )
