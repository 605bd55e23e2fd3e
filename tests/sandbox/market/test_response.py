"""The closed form's corners."""

import pytest

from aibuyer_kit.sandbox.market.response import HillCurve, known_share, people_reached


def test_without_spend_there_are_no_results() -> None:
    """Zero stays zero for any steepness."""
    assert HillCurve(vmax=10, half_units=50, k=0.8).results(0) == 0


def test_more_spend_brings_more_results_but_never_more_than_vmax() -> None:
    """The curve rises and saturates."""
    curve = HillCurve(vmax=10, half_units=50, k=1.2)
    values = [curve.results(spend) for spend in (1, 10, 50, 100, 1000, 10**9)]

    assert values == sorted(set(values))
    assert values[2] == pytest.approx(5)
    assert values[-1] <= 10


def test_the_known_share_rises_to_one_at_28_days() -> None:
    """Half at once, all after 28 days."""
    shares = [known_share(age) for age in range(40)]

    assert shares[:28] == sorted(set(shares[:28]))
    assert (shares[0], shares[28], shares[39]) == (0.5, 1.0, 1.0)
    assert shares[27] < 1


@pytest.mark.parametrize("impressions", [1, 2, 1000, 10**7])
def test_reach_is_between_one_and_impressions_or_audience(impressions: int) -> None:
    """One impression reaches one person; many reach the audience at most."""
    assert 1 <= people_reached(5000, impressions) <= min(5000, impressions)
