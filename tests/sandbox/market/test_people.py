"""Cutting whole numbers into parts."""

from hypothesis import given
from hypothesis import strategies as st

from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.people import AGE_GENDER, COUNTRY, ONE, PLACEMENT, cumulative, cut, mixture

WEIGHTS = st.lists(st.floats(min_value=0.001, max_value=1000), min_size=1, max_size=24)


@given(st.integers(0, 10**9), WEIGHTS, st.integers(0, ONE - 1))
def test_the_parts_are_whole_and_add_up(number: int, weights: list[float], phase: int) -> None:
    """None is negative, none is made or lost, and each is near its share."""
    parts = cut(number, cumulative(weights), phase)

    assert sum(parts) == number
    assert min(parts) >= 0
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - number * weight / sum(weights)) < 1 + 2 * number / ONE


def test_ad_sets_have_mixtures_of_their_own(market: Market) -> None:
    """Drawn by the seed and the ad set; the people of cells that lie apart are the audience's."""
    first, second = market.account.adsets[:2]
    for family in (AGE_GENDER, COUNTRY, PLACEMENT):
        one = mixture(first, family, 7)

        assert one == mixture(first, family, 7)
        assert one.views != mixture(second, family, 7).views
        assert len({one.spend, one.views, one.clicks, one.results}) == 4
        assert first.audience - len(family.cells) <= sum(one.audience) <= first.audience
