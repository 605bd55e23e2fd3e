"""Cutting whole numbers into parts."""

from hypothesis import given
from hypothesis import strategies as st

from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.arrays import as_floats, as_ints
from aibuyer_kit.sandbox.market.people import AGE_GENDER, COUNTRY, ONE, PLACEMENT, Mixtures, cumulative, cut, mixtures

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
    kept = Mixtures(COUNTRY, 7)
    first = kept.of(as_ints([2]), lambda place: adsets[place]).views.tolist()
    later = kept.of(as_ints([1, 2, 0, 2]), lambda place: adsets[place]).views.tolist()

    assert first == [later[1]] == [later[3]]
    assert later[0] == mixtures(adsets[1:2], COUNTRY, 7).views[0].tolist()
