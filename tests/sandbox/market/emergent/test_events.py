"""What happens in a world, at a known time or by chance: each moves what it should, and only then."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.days import local_day
from aibuyer_kit.sandbox.market.emergent.conditions import Conditions
from aibuyer_kit.sandbox.market.emergent.rules import Event, Rules, Shocks

from .worlds import CALM, arm, market, with_section

ON = 20
KYIV = ZoneInfo("Europe/Kyiv")


def day_with(*events: Event) -> tuple[float, float, float, float]:
    """Return impressions, clicks a thousand, true results and reported ones of the day on which it happens."""
    of = market(arm("A", 3000, 9_000_000), rules=CALM.model_copy(update={"event": events}), days=60)
    day = of.first_day + timedelta(days=ON)
    totals, true = of.totals(of.account.ads, (day,)), of.true_sums(DateRange(day, day))
    results = totals.actions.get("purchase", (0,))[0]
    return totals.spend_minor / 100, totals.impressions, true.results, results


def event(kind: str, factor: float) -> Event:
    return Event.model_validate({"kind": kind, "day": ON, "hour": 0, "hours": 24, "factor": factor})


def test_a_dearer_market_shows_less_for_the_same_money() -> None:
    """Twice the price shows half as often; a competitor does the same."""
    spend, shown, *_ = day_with()
    for kind in ("price", "competitor"):
        dear_spend, dear_shown, *_ = day_with(event(kind, 2))
        assert dear_spend == pytest.approx(spend, rel=0.02)
        assert dear_shown == pytest.approx(shown / 2, rel=0.06)


def test_a_promotion_brings_people_and_a_stock_out_sells_nothing() -> None:
    """Demand comes into the market; without stock nobody buys on that day."""
    _, _, usual, _ = day_with()
    _, _, more, _ = day_with(event("promotion", 3))
    assert more > 1.05 * usual
    _, _, none, reported = day_with(event("stock_out", 0))
    assert reported == 0
    assert none < 0.1 * usual


def test_an_outage_of_tracking_hides_results_and_changes_none() -> None:
    """The platform hears of a tenth; what is true is the same."""
    spend, shown, usual, reported = day_with()
    outage = day_with(event("tracking", 0.1))
    assert outage[:3] == (spend, shown, pytest.approx(usual))
    assert outage[3] == pytest.approx(0.1 * reported, rel=0.1)


def test_on_other_days_nothing_is_different_before_it_happens() -> None:
    """What is to come moves nothing."""
    calm = market(arm("A", 100, 300_000), days=ON)
    warned = market(arm("A", 100, 300_000), days=ON, rules=CALM.model_copy(update={"event": (event("price", 4),)}))
    days = DateRange(calm.first_day, calm.today - timedelta(days=1))
    assert calm.totals(calm.account.ads, days) == warned.totals(warned.account.ads, days)


def conditions(rules: Rules, *runs: str, since: int = 0) -> Conditions:
    return Conditions(rules, 3, KYIV, runs or ("",), since=since)


def price_of(rules: Rules, day: date) -> float:
    """Return what multiplies the usual price on a day without luck."""
    found = conditions(rules)
    return float(found.day(local_day(day, KYIV), 0, found.at_rest()).price.mean())


def test_prices_rise_to_november_and_before_new_year_once_more() -> None:
    """The season by its cosine, the holidays by their multiple."""
    season = with_section(CALM, "auctions", season=0.2)
    assert price_of(season, date(2026, 11, 15)) == pytest.approx(1.2, rel=1e-3)
    assert price_of(season, date(2026, 5, 16)) == pytest.approx(0.8, rel=1e-3)
    holidays = with_section(CALM, "auctions", holidays=1.5)
    assert price_of(holidays, date(2026, 11, 19)) == pytest.approx(1.0)
    assert price_of(holidays, date(2026, 11, 20)) == pytest.approx(1.5)


def test_demand_grows_by_its_trend() -> None:
    """By half in a year."""
    found = conditions(with_section(CALM, "demand", trend=0.5))
    first, later = (
        found.day(local_day(date(2026, 6, 1) + timedelta(days=number), KYIV), number, found.at_rest()).demand.mean()
        for number in (0, 364)
    )
    assert later / first == pytest.approx(1.5 ** (364 / 365.25), rel=1e-3)


def test_an_hour_at_night_is_cheapest() -> None:
    """At four in the morning; the dearest is at eight in the evening."""
    found = conditions(with_section(CALM, "auctions", hourly=0.3))
    prices = [float(hour.price[0]) for hour in found.day(local_day(date(2026, 6, 1), KYIV), 0, found.at_rest()).hours]
    assert (int(np.argmin(prices)), int(np.argmax(prices))) == (4, 20)
    assert (min(prices), max(prices)) == (pytest.approx(0.7), pytest.approx(1.3))


SHOCKS = CALM.model_copy(update={"shocks": Shocks(price_a_month=8, tracking_a_month=4)})


def shocked(runs: tuple[str, ...], number: int, since: int = 0) -> np.ndarray:
    """Return the factor on the price by hour and run."""
    found = conditions(SHOCKS, *runs, since=since)
    hours = found.day(local_day(date(2026, 6, 1) + timedelta(days=number), KYIV), number, found.at_rest()).hours
    return np.stack([np.broadcast_to(hour.price, (len(runs),)) for hour in hours])


def test_each_luck_meets_shocks_of_its_own() -> None:
    """Nobody who looks ahead knows the dear hours that the market will have; opposites share theirs."""
    runs = ("", "luck 0", "luck 0-", "luck 1")
    prices = np.concatenate([shocked(runs, number) for number in range(30)])
    own, one, opposite, other = prices.T

    assert (one == opposite).all()
    assert not (own == one).all()
    assert not (one == other).all()
    assert {round(float(each), 6) == 1.0 or 3 <= each <= 25 for each in prices.ravel()} == {True}
    assert 4 <= sum((shocked(("",), number) > 1).any() for number in range(30)) <= 16


def test_what_has_begun_already_is_known_to_all() -> None:
    """Before the day on which lucks part, all of them are the market's own."""
    for number in range(30):
        own, one = shocked(("", "luck 0"), number, since=99).T
        assert (own == one).all()


def test_shocks_by_chance_hide_results_at_times() -> None:
    """In a world of outages the platform hears of less than in one without."""
    days = 28
    told = {}
    for name, rules in (("calm", CALM), ("shock", SHOCKS)):
        of: Market = market(arm("A", 300, 900_000), rules=rules, days=days + 30, seed=4)
        since = DateRange(of.first_day, of.first_day + timedelta(days=days - 1))
        told[name] = of.totals(of.account.ads, since).actions["purchase"][0] / of.true_sums(since).results
    assert told["shock"] < 0.99 * told["calm"]
