"""The ledger of days: quicker than working out each day, and never other than that."""

import random
from datetime import timedelta
from pathlib import Path

import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.days import local_day
from aibuyer_kit.sandbox.market.delivery import deliver

WORLD = """
preset = "hill"
history_days = 30
time_zone = "Europe/Kyiv"
daily_spend = "{spend}"
[[campaign]]
name = "Own budgets"
  [[campaign.adset]]
  name = "Daily"
  daily_budget = 37.11
  [[campaign.adset]]
  name = "Lifetime"
  lifetime_budget = 977
  lifetime_days = 45
[[campaign]]
name = "Shared budget"
daily_budget = 61
  [[campaign.adset]]
  name = "First"
  [[campaign.adset]]
  name = "Second"
"""


def opened(folder: Path, spend: str = "exact") -> Market:
    path = folder / "world.toml"
    path.write_text(WORLD.format(spend=spend), encoding="utf-8")
    return Market.open(path, seed=5)


def live(market: Market, seed: int, *, asks: bool) -> None:
    """Change something at odd and at even moments for two months; with `asks`, read the account all the while."""
    chance = random.Random(seed)  # noqa: S311 # a story, not a secret
    for step in range(60):
        node = chance.choice(market.account.below)
        match chance.randrange(4):
            case 0:
                market.set_status(node.id, chance.choice(["ACTIVE", "PAUSED"]))
            case 1 if market.setting(node.id).daily_budget_minor:
                market.change(node.id, daily_budget_minor=chance.randrange(500, 9000))
            case 2 if step % 20 == 7:
                market.create_ad(market.account.adsets[step % 4].id, f"New {step}", creative_id="1")
            case 3 if market.setting(node.id).lifetime_budget_minor:
                market.change(node.id, lifetime_budget_minor=chance.randrange(90_000, 200_000))
        if chance.random() < 0.3:
            # To a midnight of the account.
            market.advance(seconds=(local_day(market.today, market.zone).end_us - market.now_us) / 1_000_000)
        market.advance(days=chance.random() * 2)
        if asks:
            market.spent_ever_minor(market.account.below[step % 7], market.now_us)
            market.settle()


@pytest.mark.parametrize("spend", ["exact", "uneven"])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_day_is_what_its_settings_make_of_it(tmp_path: Path, seed: int, spend: str) -> None:
    """Of all ads, each day is the one that is worked out for it alone."""
    market = opened(tmp_path, spend)
    live(market, seed, asks=False)
    for campaign in market.account.campaigns:
        for adset in campaign.adsets:
            for day in DateRange(market.first_day, market.today):
                bounds = local_day(day, market.zone)
                alone = deliver(adset, campaign.adsets, market.log, bounds, market.now_us, 100)
                found = market.ad_days(adset.ads, (day,))

                assert [one.spend_minor for one in alone] == [row.spend_minor if row else 0 for row in found]
                assert [one.clicks for one in alone] == [row.clicks if row else 0 for row in found]


def test_it_does_not_matter_when_a_day_is_first_asked_for(tmp_path: Path) -> None:
    """Read all along, or only at the end: the same account."""
    late, early = opened(tmp_path), opened(tmp_path)
    live(late, 3, asks=False)
    live(early, 3, asks=True)
    days = DateRange(late.first_day, late.today)

    assert late.ad_days(late.account.ads, days) == early.ad_days(early.account.ads, days)


def test_days_before_and_after_what_is_known_are_empty(tmp_path: Path) -> None:
    """The day before the first, and tomorrow."""
    market = opened(tmp_path)

    for day in (market.first_day - timedelta(days=1), market.today + timedelta(days=1)):
        assert not market.spend_minor(market.account.ads, (day,), market.now_us)
    with pytest.raises(InputError):
        market.set_status(market.account.ads[0].id, "GONE")
