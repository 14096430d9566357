"""Instants of a virtual loop: whole nanoseconds, in the order in which things are due."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legend_lab.runtime.instants import NS_PER_S, RESOLUTION, Instant, to_instant

NS = st.integers(0, 10**21)
"""Up to some ten thousand years."""
INSTANTS = st.builds(Instant, NS, late=st.booleans())
DELAYS_NS = st.integers(0, 10**14)


@given(NS, DELAYS_NS)
def test_sums_and_differences_are_exact_however_late_it_is(ns, delay_ns):
    later = Instant(ns) + delay_ns / NS_PER_S
    assert (later.ns, later.late) == (ns + delay_ns, False)
    assert later - Instant(ns) == delay_ns / NS_PER_S
    assert (later - delay_ns / NS_PER_S).ns == ns
    assert delay_ns / NS_PER_S + Instant(ns) == later


@given(INSTANTS, INSTANTS)
def test_instants_are_ordered_by_nanosecond_and_then_by_being_late(one, other):
    a, b = (one.ns, one.late), (other.ns, other.late)
    assert [one < other, one <= other, one > other, one >= other, one == other, one != other] == [
        *(a < b, a <= b, a > b, a >= b, a == b, a != b)
    ]
    assert hash(one) == hash(Instant(one.ns, late=one.late))
    assert (one - other > 0) == (a > b)


@given(INSTANTS)
def test_what_happens_now_ends_before_what_is_late_until_all_else_is_done(now):
    end = now + RESOLUTION
    due = [Instant(now.ns), Instant(now.ns, late=True), Instant(now.ns + 1)]
    assert [when < end for when in due] == [True, now.late, False]


def test_plain_numbers_are_instants_unless_they_are_no_time():
    assert to_instant(1.5) == Instant(1_500_000_000)
    assert isinstance(to_instant(3), Instant)
    assert to_instant(math.inf) == math.inf
    assert Instant(5) + math.inf == math.inf
    assert Instant(1_500_000_000) == 1.5
    assert Instant(1_500_000_000) > 1
    assert Instant(0) < 0.5 <= Instant(500_000_000)
    assert Instant(0) != "0"
    with pytest.raises(TypeError):
        Instant(0) < "0"  # noqa: B015 - what it raises is the point
