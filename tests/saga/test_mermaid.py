"""The Mermaid text says what the diagram says, and no text of users becomes anything but a text in it.

Mermaid's own parser is not here; it accepts and shows letter by letter what these rules of its language leave.
"""

import html
import re

import pytest

from legend_lab import RetryPolicy, Saga, SagaDefinitionError, SimulatedStep, effects, to_mermaid
from legend_lab.saga.mermaid import LONGEST_TEXT

NODE = re.compile(r' *(\w+)(?:\["(.*)"\]|\("(.*)"\)|\(\["(.*)"\]\)):::(do|undo|idle|stays)')
SUBGRAPH = re.compile(r' *subgraph b\d+\["(.*)"\]')
EDGE = re.compile(r"  (\w+) (-->|-\.->|-\. done \.->|-\. done or failed \.->) (\w+)")
CLASS = re.compile(r"  classDef \w+ [\w:#,\- ]+")
LABEL = re.compile(r"(?:[\w ,.]|[^\x00-\x7f]|#\d+;|<br/>)*", re.ASCII)


class Charge(SimulatedStep):
    retry_policy = RetryPolicy.retries_with_backoff(3, 100)
    compensate_on_failure = True


def travel():
    effects.declare("mermaid.mail", irreversible=True)
    return Saga.of(
        "Travel",
        {
            "hold": SimulatedStep(),
            "trip": Saga.of("Trip", {"charge": Charge(effect="bank.charge")}),
            "mail": SimulatedStep(effect="mermaid.mail"),
            "log": SimulatedStep(no_undo_because="on purpose"),
        },
    )


def labels(text):
    """What stands between the quotes of nodes and blocks, in order."""
    lines = [line for line in text.splitlines() if NODE.fullmatch(line) or SUBGRAPH.fullmatch(line)]
    return [line[line.index('"') + 1 : line.rindex('"')] for line in lines]


def shown(label):
    """A label as mermaid shows it."""
    return html.unescape(re.sub(r"#(\d+);", r"&#\1;", label)).replace("\u2060", "")


def edges(text):
    return [(match[1], match[2], match[3]) for line in text.splitlines() if (match := EDGE.fullmatch(line))]


def test_it_is_a_flowchart_of_steps_undos_and_blocks():
    assert to_mermaid(travel()).splitlines()[:14] == [
        "flowchart TD",
        '  start(["▶ Travel"]):::do',
        '  s0["1 hold · SimulatedStep"]:::do',
        '  u0("undo hold"):::undo',
        '  subgraph b1["trip · Trip"]',
        '    s1["2 charge · Charge<br/>↻ 3 retries, 100 ms apart<br/>● opens bank.charge"]:::do',
        '    u1("undo charge<br/>○ closes bank.charge<br/>↩ also when the step itself failed"):::undo',
        "  end",
        '  s2["3 mail · SimulatedStep<br/>● opens mermaid.mail"]:::do',
        '  u2("undo mail<br/>⚠ mermaid.mail is irreversible"):::stays',
        '  s3["4 log · SimulatedStep"]:::do',
        '  u3("undo log<br/>∅ does nothing"):::idle',
        '  completed(["✓ completed"]):::do',
        '  failed(["↩ failed, undone"]):::undo',
    ]


def test_the_arrows_go_forward_to_each_undo_and_back_newest_first():
    assert edges(to_mermaid(travel())) == [
        ("start", "-->", "s0"), ("s0", "-->", "s1"), ("s1", "-->", "s2"), ("s2", "-->", "s3"),
        ("s3", "-->", "completed"),
        ("s0", "-. done .->", "u0"), ("s1", "-. done or failed .->", "u1"), ("s2", "-. done .->", "u2"),
        ("s3", "-. done .->", "u3"),
        ("u3", "-.->", "u2"), ("u2", "-.->", "u1"), ("u1", "-.->", "u0"), ("u0", "-.->", "failed"),
    ]  # fmt: skip


def test_a_class_can_be_written_as_well():
    class Small(Saga[dict, Exception]):
        end: Charge

    assert '  s0["1 end · Charge<br/>↻ 3 retries, 100 ms apart"]:::do' in to_mermaid(Small).splitlines()


def test_hostile_texts_leave_every_line_what_it_is(hostile):
    text = to_mermaid(hostile.saga)
    first, *lines = text.splitlines()
    assert first == "flowchart TD"
    for line in lines:
        assert any(kind.fullmatch(line) for kind in (NODE, SUBGRAPH, EDGE, CLASS)) or line.strip() == "end", line
    assert len([line for line in lines if line.strip() == "end"]) == 1
    assert len(labels(text)) == 1 + 4 + 1 + 2


def test_hostile_texts_have_in_labels_no_sign_that_mermaid_reads(hostile):
    for label in labels(to_mermaid(hostile.saga)):
        assert LABEL.fullmatch(label), label
        for stand_in in ("ﬂ°", "¶ß"):
            assert stand_in not in label
        assert not re.search("[\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]", label)


def test_hostile_texts_are_shown_letter_by_letter(hostile):
    if 0 < len(hostile.text) < 30 and hostile.text.isprintable():
        said = [shown(label) for label in labels(to_mermaid(hostile.saga))]
        assert said[0] == f"▶ {hostile.text}"
        assert f"block · {hostile.text}" in said


@pytest.mark.parametrize("text", ["$$x$$", "\\n", "fa:fa-car", "ﬂ°°35¶ß"])
def test_what_mermaid_reads_even_from_entities_is_kept_apart(text):
    class Odd(Saga[dict, Exception]):
        only: SimulatedStep

    Odd.__legend_tag__ = text
    label = labels(to_mermaid(Odd))[0].removeprefix("▶ ")
    assert "#8288;" in label
    assert shown(label) == text


def test_a_very_long_saga_is_cut_and_says_so():
    text = to_mermaid(Saga.of("Long", {f"s{number}": SimulatedStep() for number in range(10_000)}))
    assert "9,880 steps not drawn" in text
    assert "10000 s9999" in text
    assert len(edges(text)) < 500  # mermaid refuses more
    gap = next(match[1] for line in text.splitlines() if (match := NODE.fullmatch(line)) and "not drawn" in line)
    number = int(gap[1:])
    assert (f"u{number + 1}", "-.->", gap) in edges(text)
    assert (gap, "-.->", f"u{number - 1}") in edges(text)


def test_a_saga_with_much_to_say_is_cut_until_mermaid_takes_it():
    class Wordy(SimulatedStep): ...

    Wordy.__legend_tag__ = '"#`' * 50
    text = to_mermaid(Saga.of("Long", {f"s{n}": Wordy(effect='"' * 60) for n in range(120)}))
    assert len(text) <= LONGEST_TEXT
    assert "not drawn" in text


def test_what_is_no_saga_is_refused():
    with pytest.raises(SagaDefinitionError):
        to_mermaid(SimulatedStep())
