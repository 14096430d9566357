"""How long something took, as a person reads it."""

import pytest

from legend_lab.core.story import duration


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (0, "0 ms"),
        (0.0004, "0.4 µs"),
        (12.345, "12.3 ms"),
        (1_550, "1.55 s"),
        (61_000, "1 min 01 s"),
        (7_500_000, "2 h 05 min"),
        (86_399_000, "23 h 59 min"),
        (90_000_000, "1 d 01 h"),
        (1e12, "11,574 d 01 h"),
    ],
)
def test_a_duration_is_said_in_the_two_units_that_fit(ms, words):
    assert duration(ms) == words
