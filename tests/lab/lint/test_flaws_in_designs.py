from __future__ import annotations

import pytest

from legend_lab import lint
from legend_lab.lab.design.model import ContextField, Design, EffectDesign, Retries, StepDesign
from legend_lab.lab.lint.linting import RULES

AGAIN = Retries(max_retries=3, backoff_ms=100.0)
HOTEL = EffectDesign(name="hotel", idempotent=True)
PAYMENT = EffectDesign(name="payment", idempotent=True)
MAIL = EffectDesign(name="mail", idempotent=True, irreversible=True)
PLAIN = EffectDesign(name="hotel")


def book(**other) -> StepDesign:
    """A step as it should be."""
    sound = {"name": "book", "retries": AGAIN, "undo_retries": AGAIN, "timeout_s": 5.0, "idempotent": True}
    return StepDesign(**{**sound, "effect": "hotel", **other})


def pay(**other) -> StepDesign:
    return book(**{"name": "pay", "effect": "payment", "retries": Retries(), **other})


def mail(**other) -> StepDesign:
    return book(**{"name": "mail", "effect": "mail", "no_undo_because": "a mail is out", **other})


def wait(**other) -> StepDesign:
    sound = {"name": "wait", "pauses": True, "idempotent": True, "no_undo_because": "it only waits"}
    return StepDesign(**{**sound, **other})


def design(*parts, effects=(HOTEL, PAYMENT, MAIL), context=()) -> Design:
    return Design(name="Planted", parts=parts, effects=effects, context=context)


ROOM = ContextField(name="room")
GIVEN = ContextField(name="price", type="int", initial=3)

FLAWS = {
    "effect-left-open": (
        design(book(no_undo_because="we will see"), pay()),
        design(book(), pay()),
        "book",
    ),
    "retry-not-idempotent": (
        design(book(effect=None, idempotent=None)),
        design(book(effect=None, idempotent=True)),
        "book",
    ),
    "retry-not-idempotent, as it says itself": (
        design(book(idempotent=False)),
        design(book(idempotent=False, retries=Retries())),
        "book",
    ),
    "undo-of-nothing": (
        design(book(), pay(), effects=(PLAIN, PAYMENT)),
        design(book(), pay(), effects=(HOTEL, PAYMENT)),
        "book",
    ),
    "no-way-back": (
        design(book(), mail(), pay()),
        design(book(), pay(), mail()),
        "mail",
    ),
    "no-way-back, when somebody may still say no": (
        design(mail(), book(retries=Retries(max_retries=9, give_up_on=("PermissionError",)))),
        design(mail(), book(retries=Retries(max_retries=9))),
        "mail",
    ),
    "undo-not-retried": (
        design(book(undo_retries=Retries())),
        design(book(undo_retries=AGAIN)),
        "book",
    ),
    "no-timeout": (
        design(book(timeout_s=None), pay()),
        design(book(timeout_s=30.0), pay()),
        "book",
    ),
    "pause-under-timeout": (
        design(book(), wait(timeout_s=5.0)),
        design(book(), wait(timeout_s=None)),
        "wait",
    ),
    "long-run": (
        design(book(retries=Retries(max_retries=100, backoff_ms=60_000.0))),
        design(book(retries=Retries(max_retries=10, backoff_ms=60_000.0))),
        "",
    ),
    "context-never-written": (
        design(book(), pay(reads=("room",)), context=(ROOM,)),
        design(book(writes={"room": "12"}), pay(reads=("room",)), context=(ROOM,)),
        "pay",
    ),
    "context-never-read": (
        design(book(), context=(GIVEN,)),
        design(book(reads=("price",)), context=(GIVEN,)),
        "",
    ),
    "context-read-too-early": (
        design(pay(reads=("room",)), book(writes={"room": "12"}), context=(ROOM,)),
        design(book(writes={"room": "12"}), pay(reads=("room",)), context=(ROOM,)),
        "pay",
    ),
    "lost-update": (
        design(book(description="Look. Reads: stock"), pay(description="Set what is left. Writes: stock.")),
        design(book(description="Look. Reads: stock"), pay(description="Set. Reads: stock. Writes: stock.")),
        "pay",
    ),
    "lost-update, mended by a lock": (
        design(book(description="Look. Reads: stock"), pay(description="Set what is left. Writes: stock")),
        design(book(description="Look. Reads: stock. Locks: stock"), pay(description="Set. Writes: stock")),
        "pay",
    ),
    "lost-update, mended by a commutative update": (
        design(book(description="Look. Reads: stock"), pay(description="Set what is left. Writes: stock")),
        design(book(description="Look. Reads: stock"), pay(description="Take two off. Adds to: stock")),
        "pay",
    ),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_planted_flaw_is_found_and_nothing_else(flaw):
    flawed, _, path = FLAWS[flaw]
    assert [(item.rule, item.path) for item in lint(flawed)] == [(flaw.partition(",")[0], path)]


@pytest.mark.parametrize("flaw", FLAWS)
def test_its_mended_twin_is_silent(flaw):
    found = lint(FLAWS[flaw][1])
    assert found == []
    assert found.notes == ()


READS = design(book(description="Decide on what is there. Reads: stock"))
CHANGES = design(book(description="Take it. Adds to: stock"), pay())
LOCKS = design(book(description="Take it. Locks: stock. Adds to: stock"), pay())
LAST = design(book(), book(name="take", description="Take it. Adds to: stock"))


@pytest.mark.parametrize("mended", [LOCKS, LAST], ids=["semantic lock", "pessimistic view"])
def test_a_dirty_read_between_two_sagas_is_found_on_both_sides(mended):
    for one, other in ((READS, CHANGES), (CHANGES, READS)):
        assert [item.rule for item in lint(one, beside=[other])] == ["dirty-read"]
    for one, other in ((READS, mended), (mended, READS)):
        assert lint(one, beside=[other]) == []


def test_a_lost_update_names_the_saga_that_changes_the_record_too():
    flawed = FLAWS["lost-update"][0]
    (alone,) = lint(flawed)
    assert "another run of this saga" in alone.message
    other = CHANGES.model_copy(update={"name": "Restocking"})
    assert any("Restocking may have changed it" in item.message for item in lint(flawed, beside=[other]))


def test_a_lock_that_comes_after_the_read_is_too_late():
    reads, writes = book(description="Look. Reads: stock"), pay(description="Set. Locks: stock. Writes: stock")
    assert [item.rule for item in lint(design(reads, writes))] == ["lost-update"]


def test_a_run_longer_than_asked_for_is_a_warning_with_the_numbers():
    (found,) = lint(design(book()), longest_s=30)
    assert (found.rule, found.severity) == ("long-run", "warning")
    assert found.message == (
        "may take 20.3 s forward and 20.3 s back (600 ms of it back-off), more than 30 s; most: book 40.6 s"
    )
    assert lint(design(book()), longest_s=41) == []


def test_a_run_without_any_limit_is_longer_than_every_limit():
    found = lint(design(book(timeout_s=None)), longest_s=1e9)
    assert {item.rule for item in found} == {"long-run", "no-timeout"}
    assert any("no limit forward" in item.message for item in found)


def test_every_rule_has_a_planted_flaw_somewhere_in_these_tests():
    planted = {flaw.partition(",")[0] for flaw in FLAWS}
    assert set(RULES) - planted == {"dirty-read", "undo-reads-unwritten"}  # above, and in test_flaws_in_code
