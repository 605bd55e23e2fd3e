"""Maturity curves: worked by hand, recovered from a planted curve, and unknown where nothing tells."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibuyer_kit.features.maturity import Observation, maturity_curve

DAY = date(2026, 3, 1)


def shares(*observations: Observation, mature_days: int = 2) -> list[float | None]:
    return [point.share_known for point in maturity_curve(observations, mature_days=mature_days)]


def test_days_that_still_grow_count_as_far_as_they_have_been_seen() -> None:
    """From 0 to 1: 50+30 became 80+40, a factor of 1.5. From 1 to 2: 80 became 100. 1/1.25 = .8; .8/1.5 = .5333."""
    younger = DAY + timedelta(days=1)
    found = shares(
        Observation(DAY, 0, 50),
        Observation(DAY, 1, 80),
        Observation(DAY, 2, 100),
        Observation(younger, 0, 30),
        Observation(younger, 1, 40),
    )
    assert found == [pytest.approx(0.8 / 1.5), 0.8, 1.0]


def test_results_that_are_taken_back_give_a_share_above_one() -> None:
    """Refunds and de-duplication restate downwards: 120 known of 100 final."""
    assert shares(Observation(DAY, 0, 120), Observation(DAY, 1, 120), Observation(DAY, 2, 100)) == [1.2, 1.2, 1.0]


@pytest.mark.parametrize(
    ("observations", "expected"),
    [
        pytest.param([], [None, None, 1.0], id="nothing-seen"),
        pytest.param([Observation(DAY, 0, 5), Observation(DAY, 2, 10)], [None, None, 1.0], id="a-gap"),
        pytest.param([Observation(DAY, age, 0) for age in range(3)], [None, None, 1.0], id="no-results-at-all"),
        pytest.param([Observation(DAY, 1, 5), Observation(DAY, 2, 10)], [None, 0.5, 1.0], id="first-seen-late"),
    ],
)
def test_what_was_not_seen_is_unknown(observations: list[Observation], expected: list[float | None]) -> None:
    """Neither a missing age nor days without results are guessed over."""
    assert shares(*observations) == expected


@given(
    growth=st.lists(st.sampled_from([1.0, 1.25, 1.5, 2.0]), min_size=1, max_size=6),
    days=st.lists(st.integers(1, 50), min_size=1, max_size=8),
)
def test_a_planted_curve_is_recovered(growth: list[float], days: list[int]) -> None:
    """Days of any size that all grow by the same factors give exactly the product of those factors."""
    seen = []
    for place, size in enumerate(days):
        total = float(size * 4**7)
        for age in range(len(growth) + 1):
            seen.append(Observation(DAY + timedelta(days=place), age, int(total)))
            total *= growth[age] if age < len(growth) else 1.0
    expected = [1.0]
    for factor in reversed(growth):
        expected.insert(0, expected[0] / factor)
    assert shares(*seen, mature_days=len(growth)) == pytest.approx(expected, rel=1e-6)
