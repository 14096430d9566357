"""A design as JSON comes back equal; what is no design is refused in words, and nothing in it runs."""

import json

import pytest

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.files import SCHEMA, from_json, json_schema, to_json
from legend_lab.lab.design.model import BlockDesign, Design, StepDesign
from legend_lab.lab.design.templates import TEMPLATES


@pytest.mark.parametrize("title", TEMPLATES)
def test_every_template_comes_back_equal(title):
    assert from_json(to_json(TEMPLATES[title])) == TEMPLATES[title]


def test_an_empty_design_comes_back_equal():
    assert from_json(to_json(Design())) == Design()


def test_only_what_differs_from_the_default_is_written():
    data = json.loads(to_json(Design(parts=(StepDesign(name="a", timeout_s=2.0),))))
    assert data == {"format": "legend_lab.design/1", "parts": [{"kind": "step", "name": "a", "timeout_s": 2.0}]}


def test_the_published_schema_is_the_models():
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json_schema()


DEEP = '{"format": "legend_lab.design/1", "parts": ' + '[{"kind": "block", "name": "b", "parts": ' * 60
NESTED = StepDesign(name="s")
for _ in range(21):
    NESTED = BlockDesign(name="b", parts=(NESTED,))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON"),
        ("[", "no JSON"),
        ("[" * 100_000, "nested more than 500 levels deep"),
        ("[]", "JSON object"),
        ("null", "JSON object"),
        ("{}", "format is"),
        ('{"format": "legend_lab.design/2"}', "format is"),
        ('{"format": "legend_lab.design/1", "colour": 3}', "colour"),
        ('{"format": "legend_lab.design/1", "name": "os.system"}', "no Python identifier"),
        ('{"format": "legend_lab.design/1", "parts": [{"kind": "step"}]}', r"parts\.0\.name"),
        ('{"format": "legend_lab.design/1", "parts": [{"kind": "block", "name": "b", "parts": []}]}', "parts"),
        ('{"format": "legend_lab.design/1", "parts": [{"kind": "shell", "name": "b"}]}', "parts"),
        (DEEP + "[]" + "}]" * 60 + "}", "deep"),
        (json.dumps({"format": "legend_lab.design/1", "parts": [NESTED.model_dump(mode="json")]}), "20 deep"),
        (b"\xff\xfe", "no JSON"),
        ('{"format": "legend_lab.design/1", "description": "\\ud800"}', "description|printable|JSON"),
        (3, "from text"),
        (None, "from text"),
    ],
)
def test_what_is_no_design_is_refused_in_words(text, words):
    with pytest.raises(DesignError, match=words):
        from_json(text)


def test_a_file_that_is_too_big_is_refused_unread():
    with pytest.raises(DesignError, match="at most"):
        from_json(" " * 20_000_001)
