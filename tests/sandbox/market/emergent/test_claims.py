"""What the platform claims, by value: of what ads brought about, and of those who would have bought anyway."""

import math
from datetime import timedelta

import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.sandbox.market import Market

from .worlds import CALM, arm, market, with_section

# What falls into the windows of attribution of people who were on the site.
IN_WINDOW = 0.98
PEOPLE = 20_000


def claiming(**claims: float) -> Market:
    """Return a world whose every click is the same whatever is claimed: nothing is learnt."""
    rules = with_section(CALM, "claims", **claims).model_copy(update={"learning_loss": 0.0})
    return market(arm("A", 100, PEOPLE, audience="retargeting", ads=1), rules=rules, days=80)


def whole_days(of: Market) -> DateRange:
    """Return days whose results are final, behind those in which exposures had yet to add up."""
    return DateRange(of.first_day + timedelta(days=30), of.first_day + timedelta(days=49))


def claimed(of: Market) -> int:
    return of.totals(of.account.ads, whole_days(of)).actions["purchase"][0]


@pytest.mark.parametrize("tracked", [0.5, 0.85, 1.0])
def test_of_what_ads_bring_about_the_tracked_share_is_claimed(tracked: float) -> None:
    """Within the windows, and nothing else where no credit is given for others."""
    of = claiming(tracked=tracked, organic_credit=0)
    days = whole_days(of)

    assert claimed(of) == pytest.approx(
        tracked * IN_WINDOW * of.persuaded(of.account.adsets[0].id, days), abs=len(days)
    )


@pytest.mark.parametrize("credit", [1.0, 0.5])
def test_of_those_who_would_have_bought_anyway_the_ones_who_saw_an_ad_are_claimed(credit: float) -> None:
    """Of `x` impressions a person this week, `x / (1 + x)` saw one: with a credit of 1 each of these is claimed."""
    of, none = claiming(tracked=1, organic_credit=credit), claiming(tracked=1, organic_credit=0)
    adset = of.account.adsets[0]
    expected = 0.0
    for day in whole_days(of):
        before = [(ago, of.totals(adset.ads, (day - timedelta(days=ago),)).impressions) for ago in range(1, 31)]
        x = sum(shown * math.exp(-ago / 7) for ago, shown in before) / PEOPLE
        expected += credit * x / (1 + x) * of.true_lift(adset.id, DateRange(day, day))[1]

    assert expected > 50
    assert claimed(of) - claimed(none) == pytest.approx(expected, rel=0.06)
