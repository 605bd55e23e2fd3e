"""Cutting whole numbers into parts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.account import AdSet
from aibuyer_kit.sandbox.market.arrays import as_floats, as_ints
from aibuyer_kit.sandbox.market.people import AGE_GENDER, COUNTRY, ONE, PLACEMENT, Mixtures, cumulative, cut, mixtures
from aibuyer_kit.sandbox.market.sums import Cells, Span

WEIGHTS = st.lists(st.floats(min_value=0.001, max_value=1000), min_size=1, max_size=24)


@given(st.integers(0, 10**9), WEIGHTS, st.integers(0, ONE - 1))
def test_the_parts_are_whole_and_add_up(number: int, weights: list[float], phase: int) -> None:
    """None is negative, none is made or lost, and each is near its share."""
    (parts,) = cut(as_ints([number]), cumulative(as_floats([weights])), as_ints([phase])).tolist()

    assert sum(parts) == number
    assert min(parts) >= 0
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - number * weight / sum(weights)) < 1 + 2 * number / ONE


def test_ad_sets_have_mixtures_of_their_own(market: Market) -> None:
    """Drawn by the seed and the ad set; the people of cells that lie apart are the audience's."""
    adsets = market.account.adsets[:2]
    for family in (AGE_GENDER, COUNTRY, PLACEMENT):
        both = mixtures(adsets, family, 7)
        alone = mixtures(adsets[1:], family, 7)

        assert both.views[1].tolist() == alone.views[0].tolist() != both.views[0].tolist()
        assert len({str(one[0]) for one in (both.spend, both.views, both.clicks, both.results)}) == 4
        people, audience = both.audience[0].sum(), adsets[0].audience
        assert audience - len(family.cells) <= people <= audience


def test_a_mixture_is_the_same_whenever_it_is_drawn(market: Market) -> None:
    """Asked for alone, again, or behind others."""
    adsets = market.account.adsets
    ids = [adset.id for adset in adsets]
    kept = Mixtures(COUNTRY, 7)
    first = kept.of(as_ints([2]), ids, market.tree.adset).views.tolist()
    later = kept.of(as_ints([1, 2, 0, 2]), ids, market.tree.adset).views.tolist()

    assert first == [later[1]] == [later[3]]
    assert later[0] == mixtures(adsets[1:2], COUNTRY, 7).views[0].tolist()


def shown_by_age_and_gender(market: Market, adset: AdSet) -> list[int]:
    """Return the impressions of an ad set's first day by cell."""
    cells = Cells(AGE_GENDER, np.arange(len(AGE_GENDER.cells)), len(AGE_GENDER.cells))
    found: list[int] = market.sums([Span(market.places(adset.ads), 0, 0)], market.now_us, cells).impressions[0].tolist()
    return found


@pytest.mark.parametrize("world", ["hill", "low_volume"])
def test_a_forks_breakdowns_are_those_of_its_own_ad_sets(world: str) -> None:
    """A day that is over is told as before, whatever was asked first and whatever was made in either market."""
    market = Market.open(world, seed=3)
    adsets, campaign = market.account.adsets, market.account.campaigns[0]
    before = [shown_by_age_and_gender(market, adset) for adset in adsets]
    twin = market.fork()
    # The same id in both, under names of their own, in front of the ad sets of later campaigns.
    for one, name in ((twin, "Made in the fork"), (market, "Made later in the market")):
        made = one.create_adset(campaign.id, name, daily_budget_minor=9_000)
        one.create_ad(made.id, f"{name} ad", creative_id=market.account.ads[0].first_creative_id)
    asked_late = market.fork()

    for one in (twin, market, asked_late):
        assert [shown_by_age_and_gender(one, adset) for adset in adsets] == before
    for one in (twin, market):
        one.advance(days=3)
    shares = [
        one._mixture(AGE_GENDER, one.now_us, one.places(last.ads), one.places(last.ads))
        for one, last in ((one, one.account.campaigns[0].adsets[-1]) for one in (twin, market))
    ]
    assert shares[0].views.tolist() != shares[1].views.tolist()
