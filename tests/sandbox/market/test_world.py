"""World files: what they may say, and how a mistake is named."""

import math
from datetime import date, timedelta
from pathlib import Path

import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import SettingsError
from aibuyer_kit.sandbox.market import Market

GOOD = """
preset = "hill"
history_days = 90
currency = "UAH"
time_zone = "America/New_York"
today_split = "as_is"

[[campaign]]
name = "Prospecting"
objective = "OUTCOME_LEADS"

  [[campaign.adset]]
  name = "Lookalike"
  daily_budget = 120.55

  [[campaign.adset]]
  name = "Broad"
  daily_budget = 80
"""


ONE_ARM = '[[campaign]]\nname = "C"\n[[campaign.adset]]\nname = "A"\ndaily_budget = 5\n'


def an_event(kind: str, factor: float) -> str:
    return f'[[event]]\nkind = "{kind}"\nday = 3\nfactor = {factor}\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "world.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_world_file_replaces_the_presets_campaigns(tmp_path: Path) -> None:
    """Currency, zone, history and arms are the file's; decimals are exact."""
    market = Market.open(written(tmp_path, GOOD), seed=1)
    account = market.account

    assert (account.currency, account.zone.key) == ("UAH", "America/New_York")
    assert (market.today - market.first_day).days == 90
    assert [adset.name for adset in account.adsets] == ["Lookalike", "Broad"]
    assert [market.setting(adset.id).daily_budget_minor for adset in account.adsets] == [12055, 8000]


def test_a_world_file_without_campaigns_keeps_the_presets(tmp_path: Path) -> None:
    """What is not said stays as the preset has it."""
    market = Market.open(str(written(tmp_path, "history_days = 7")), seed=1)

    assert len(market.account.adsets) == 20
    assert (market.today - market.first_day).days == 7


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("history_days", "history_day", "the key 'history_day'. Known: preset, history_days,"),
        ('objective = "OUTCOME_LEADS"', "goal = 1", r"\[\[campaign\]\] 1 uses the key 'goal'. Known: name, objective"),
        ("daily_budget = 80", "budget = 80", r"\[\[campaign.adset\]\] 2 uses the key 'budget'"),
        (
            "daily_budget = 80",
            "daily_budget = 80\n  audience_size = 10",
            "audience_size is 10; give a whole number from",
        ),
        ('today_split = "as_is"', "lift_tests = 400", "lift_tests is 400; give a whole number from 0 to 100"),
        ('today_split = "as_is"', "learning_loss = 0.1", "sets learning_loss; the preset 'hill' is a closed form"),
        (
            "daily_budget = 80",
            'daily_budget = 80\n  audience = "cold"',
            "audience is 'cold'. Known: interest, lookalike",
        ),
        ("daily_budget = 80", "daily_budget = 80\n  ads = 0", "ads is 0; give a whole number from 1 to 50"),
        ('"as_is"', '"even"', "today_split is 'even'. Known: as_is, equal, proportional_to_roas"),
        ('today_split = "as_is"', "daily_spend = 1", "daily_spend is 1; give a text"),
        ('"hill"', '"hil"', "preset is 'hil'. Known: .*hill"),
        ("history_days = 90", "history_days = 0", "from 1 to 1123"),
        ("history_days = 90", "history_days = true", "from 1 to 1123"),
        ('"UAH"', '"UA"', "Unknown currency 'UA'"),
        ('"America/New_York"', '"Kyiv"', "no time zone 'Kyiv'"),
        ("OUTCOME_LEADS", "OUTCOME_SALE", "Known: OUTCOME_SALES, OUTCOME_LEADS"),
        ("daily_budget = 80", "", r"\[\[campaign.adset\]\] 2: it has no budget"),
        (
            "daily_budget = 80",
            "daily_budget = 80\n  lifetime_budget = 900",
            "daily_budget or lifetime_budget, not both",
        ),
        ("daily_budget = 80", "lifetime_budget = 900", "lifetime_days is None"),
        ("daily_budget = 80", "lifetime_budget = 9\n  lifetime_days = 10", "lifetime_budget is 9; the least is 10 UAH"),
        ("daily_budget = 80", "daily_budget = 80\n  lifetime_days = 9", "lifetime_days goes with a lifetime_budget"),
        ('currency = "UAH"', "lift_tests = 3", "lift_tests is 3, but there are 2 ad sets"),
        ("daily_budget = 80", "daily_budget = 1e12", "daily_budget is 1E.12; the most is"),
        ('name = "Prospecting"', 'name = "P"\ndaily_budget = 9', "it has a budget, and so has its campaign"),
        ("daily_budget = 80", "daily_budget = nan", "not a finite amount"),
        ("daily_budget = 80", "daily_budget = 0.99", "the least is 1 UAH"),
        ("daily_budget = 80", "daily_budget = 80.005", "finer than the platform's smallest unit"),
        ('name = "Broad"', 'name = "Lookalike"', "two ad sets .* are called 'Lookalike'"),
        ('name = "Broad"', 'name = " "', "give a text"),
        ("[[campaign]]", "[campaign]", "cannot be read as TOML|needs at least one"),
        ("history_days = 90", "history_days = ", "cannot be read as TOML"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, before: str, after: str, message: str) -> None:
    """Nothing that is not understood is passed over."""
    path = written(tmp_path, GOOD.replace(before, after))
    with pytest.raises(SettingsError, match=message) as caught:
        Market.open(path, seed=1)

    assert str(path) in str(caught.value)


def test_a_world_that_is_not_there_names_the_presets() -> None:
    """Neither preset nor file."""
    with pytest.raises(SettingsError, match="Presets: steady, seasonal"):
        Market.open("stormy", seed=1)


def test_the_rule_of_learning_can_be_set(tmp_path: Path) -> None:
    """What is not named keeps its usual value; nonsense is refused."""
    path = written(tmp_path, GOOD.replace("[[campaign]]", "[learning]\nbudget_change_share = 0.5\n\n[[campaign]]", 1))
    rule = Market.open(path).learning

    assert (rule.results, rule.days, rule.budget_change_share) == (50, 7, 0.5)
    with pytest.raises(SettingsError, match="days is 0"):
        Market.open(written(tmp_path, "[learning]\ndays = 0"))
    with pytest.raises(SettingsError, match="'weeks'"):
        Market.open(written(tmp_path, "[learning]\nweeks = 1"))


def test_a_campaigns_budget_is_shared_by_its_ad_sets(tmp_path: Path) -> None:
    """Each day its ad sets spend the campaign's budget together."""
    text = GOOD.replace('name = "Prospecting"', 'name = "P"\ndaily_budget = 100').replace("daily_budget = 120.55", "")
    market = Market.open(written(tmp_path, text.replace("daily_budget = 80", "")), seed=1)
    (campaign,) = market.account.campaigns
    spends = [market.spend_minor(one.ads, (date(2026, 5, 20),), market.now_us) for one in campaign.adsets]

    assert spends == [5000, 5000]
    assert not any(market.setting(adset.id).has_budget for adset in campaign.adsets)


def test_a_lifetime_budget_is_spent_within_its_days(tmp_path: Path) -> None:
    """From the first day on, evenly, and then no more."""
    text = GOOD.replace("daily_budget = 80", "lifetime_budget = 900\n  lifetime_days = 10")
    text = text.replace("history_days = 90", "history_days = 30")
    market = Market.open(written(tmp_path, text), seed=1)
    adset = market.account.adsets[1]
    days = [market.first_day + timedelta(days=number) for number in range(12)]
    spends = [market.spend_minor(adset.ads, (day,), market.now_us) for day in days]

    assert spends[4] == 9000
    assert spends[10:] == [0, 0]
    assert 90_000 - 10 <= sum(spends) <= 90_000


def test_an_audience_has_the_size_that_the_file_says(tmp_path: Path) -> None:
    """So that few people see much."""
    text = GOOD.replace("daily_budget = 80", "daily_budget = 80\n  audience_size = 1000")
    market = Market.open(written(tmp_path, text), seed=1)
    month = [market.first_day + timedelta(days=number) for number in range(30)]
    totals = market.totals(market.account.adsets[1].ads, month)

    assert 900 < totals.reach <= 1000 < totals.impressions


@pytest.mark.parametrize("split", ["equal", "proportional_to_roas"])
@pytest.mark.parametrize("currency", ["EUR", "JPY"])
def test_todays_budgets_can_be_split_anew(tmp_path: Path, split: str, currency: str) -> None:
    """Their sum stays to the unit: evenly, or more for what earns more."""
    budgets = [120, 900, 4000]
    adsets = "".join(f'[[campaign.adset]]\nname = "Set {each}"\ndaily_budget = {each}\n' for each in budgets)
    text = f'today_split = "{split}"\ncurrency = "{currency}"\n[[campaign]]\nname = "C"\n{adsets}'
    market = Market.open(written(tmp_path, text), seed=1)
    found = [market.setting(adset.id).daily_budget_minor for adset in market.account.adsets]

    assert sum(found) == sum(budgets) * market.account.minor_per_unit
    if split == "equal":
        assert max(found) - min(found) <= 1
    else:
        assert found == sorted(found, reverse=True)


def test_uneven_spending_keeps_to_the_platforms_bounds(tmp_path: Path) -> None:
    """At most 1.75 times the budget on a day, 7 times from Sunday to Saturday."""
    market = Market.open(written(tmp_path, GOOD.replace('today_split = "as_is"', 'daily_spend = "uneven"')), seed=1)
    adset = market.account.adsets[1]
    sundays = [date(2026, 4, 5) + timedelta(days=7 * week) for week in range(6)]
    weeks = [
        [market.spend_minor(adset.ads, (sunday + timedelta(days=day),), market.now_us) for day in range(7)]
        for sunday in sundays
    ]

    assert [sum(week) for week in weeks] == [7 * 8000] * 6
    assert {max(week) for week in weeks} == {14_000}
    assert len({tuple(week) for week in weeks}) > 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[people]\noverlap = 3", r"\[people\] overlap is .*3.*: input should be less than or equal to 0.8"),
        ("[people]\nfriends = 3", r"\[people\] uses the key 'friends'. Known: overlap, traffic"),
        ("margin = 0", "margin is 0: input should be greater than 0"),
        ('[[event]]\nkind = "war"\nday = 3\nfactor = 2', r"\[event.0\] kind is 'war': input should be 'price'"),
        ("[[event]]\nday = 3\nfactor = 2", r"\[event.0\] kind: field required"),
        ("people = 3", r"people is 3; write it as a table: \[people\]"),
        ("[[people]]\noverlap = 0.1", r"people is a list; write it as a table: \[people\]"),
        ('[event]\nkind = "price"\nday = 3\nfactor = 2', r"event is a table; write .* of its own: \[\[event\]\]"),
        ("learning_loss = {a = 1}", "learning_loss is a table: input should be a valid number"),
        ('[auctions]\ncpm = "9.5"', r"\[auctions\] cpm is '9.5': input should be a valid number"),
        ("[auctions]\ncpm = true", r"\[auctions\] cpm is True: input should be a valid number"),
        ("[auctions]\ncpm = nan", r"\[auctions\] cpm is nan: input should be a finite number"),
        ("[demand]\ntrend = 1e999", r"\[demand\] trend is inf: input should be a finite number"),
        ("[claims]\ncounts = 1", r"\[claims\] counts is 1: input should be 'drawn' or 'expected'"),
        ('[[event]]\nkind = "price"\nday = 3.5\nfactor = 2', r"\[event.0\] day is 3.5: input should be a valid int"),
        (an_event("price", 0), r"\[event.0\]: a price has a factor from 0.01 to 20, not 0"),
        (an_event("competitor", 0), r"\[event.0\]: a competitor has a factor from 0.01 to 20, not 0"),
        (an_event("tracking", 20), r"\[event.0\]: a tracking has a factor from 0 to 1, not 20"),
        (an_event("stock_out", 1.01), r"\[event.0\]: a stock_out has a factor from 0 to 1, not 1.01"),
        (an_event("promotion", 21), r"\[event.0\] factor is 21: input should be less than or equal to 20"),
        ("[people]\nin_market = 10\n" + an_event("promotion", 20), "people.in_market, .* at most 60"),
        (
            "[demand]\nseason = 0.8\n" + an_event("promotion", 6) * 2,
            "promotions at once come to 65 times .* at most 60",
        ),
        ("[learning]\nresults = 0.5", r"\[learning\]: results is 0.5; give a whole number from 1"),
        ("[learning]\ndays = 49.9", r"\[learning\]: days is 49.9; give a whole number from 1"),
        ("[learning]\nresults = nan", r"\[learning\]: results is NaN; give a whole number from 1"),
        ("[learning]\nbudget_change_share = nan", "budget_change_share is NaN; give a number above 0, at most 100"),
        ("[learning]\nbudget_change_share = inf", "budget_change_share is Infinity; give a number above 0"),
        ("[learning]\nbudget_change_share = true", "budget_change_share is True; give a number above 0"),
        ("[learning]\nbudget_change_share = 0", "budget_change_share is 0; give a number above 0"),
        ("[people]\nmargin = 0.5", "'margin'. Known: .* margin stands above all tables of the file"),
        ("[people]\ncpm = 5", r"'cpm'. Known: .* cpm belongs to \[auctions\]"),
        ("[people.auctions]\ncpm = 5", r"'auctions'. Known: .* auctions is a table of its own: \[auctions\]"),
        ('[[adset]]\nname = "A"', r"'adset'. Known: .* adset is a table of its own: \[\[campaign.adset\]\]"),
        (
            ONE_ARM + "[learning]\ndays = 3\nlift_tests = 1",
            "'lift_tests'. Known: .* stands above all tables of the file",
        ),
        ('daily_spend = "uneven"', r"daily_spend is 'uneven', which only a closed form has; .* \[pacing\] says"),
        ("lift_tests = 4\nhistory_days = 27", "lift_tests is 4 and history_days is 27: .* history_days of 28 or more"),
        ("lift_tests = 2\n" + ONE_ARM, "lift_tests is 2, but there are 1 ad sets"),
        (
            'today_split = "equal"\n' + ONE_ARM.replace('"C"', '"C"\ndaily_budget = 9').replace("daily_budget = 5", ""),
            "today_split is 'equal', but no ad set has a daily_budget of its own",
        ),
        (
            ONE_ARM.replace("budget = 5", "budget = 10000000.01"),
            "daily_budget is 10000000.01; the most is 10000000 EUR",
        ),
        (
            "[people]\ntraffic = 50\n" + ONE_ARM.replace("= 5", "= 5\naudience_size = 40000001"),
            "audience_size is 40000001 and .* traffic is 50: .* more than 2,000,000,000 auctions a day",
        ),
    ],
)
def test_a_mistake_in_a_market_of_people_is_named_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    """Each key has bounds and one type, and the error says which, or where the key belongs."""
    path = written(tmp_path, f'preset = "steady"\n{text}\n')

    with pytest.raises(SettingsError, match=message) as caught:
        Market.open(path, seed=1)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(("kind", "factor"), [("price", 0.01), ("tracking", 0), ("stock_out", 1), ("promotion", 20)])
def test_an_event_may_be_as_strong_as_its_bounds(tmp_path: Path, kind: str, factor: float) -> None:
    """What is lived through under it, and the truth, are finite."""
    market = Market.open(
        written(tmp_path, f'preset = "low_volume"\nhistory_days = 5\n{an_event(kind, factor)}'), seed=1
    )
    true = market.true_sums(DateRange(market.first_day, market.today - timedelta(days=1)))

    assert true.spend_micros > 0
    assert math.isfinite(true.results)


def test_the_greatest_budget_is_spent_and_told_as_it_is(tmp_path: Path) -> None:
    """Ten millions a day on one ad do not wrap round."""
    arm = ONE_ARM.replace("= 5", "= 10_000_000\naudience_size = 1_000_000_000\nads = 1")
    text = f'preset = "steady"\nhistory_days = 3\n{arm}[auctions]\ncpm = 1000\n'
    market = Market.open(written(tmp_path, text), seed=1)
    days = DateRange(market.first_day, market.today - timedelta(days=1))
    reported = market.totals(market.account.ads, days).spend_minor

    assert reported == pytest.approx(market.true_sums(days).spend_micros / 10_000, abs=3)
    assert reported > 10**9


def test_a_world_file_sets_one_key_of_a_market_and_keeps_the_others(tmp_path: Path) -> None:
    """A section is laid over the preset's, not put in its place."""
    steady = Market.open("steady", seed=1).world.rules
    market = Market.open(written(tmp_path, 'preset = "steady"\n[people]\noverlap = 0.1'), seed=1)

    assert market.world.rules
    assert steady
    assert market.world.rules.people.overlap == 0.1
    assert market.world.rules.people.traffic == steady.people.traffic
    assert market.world.rules.auctions == steady.auctions
