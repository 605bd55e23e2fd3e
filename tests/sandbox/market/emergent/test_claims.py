"""What the platform claims, by value."""

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
