"""The panel as it is read: beside what a person reads of the same facts, and as of each load."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError, MixedCurrencyError, NotFoundError
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.features import client_features, country_of
from aibuyer_kit.workflows.maturity import known_shares
from aibuyer_kit.workflows.panel import read_panel
from aibuyer_kit.workflows.workspaces import init_workspace
from aibuyer_kit.workspace import Client, open_workspace

from . import accounts
from .counting import KNOWN_AT, Campaign, load, write_client
from .practice_shop import PLAIN, PracticeShop, practice_shop

JUNE = DateRange(date(2026, 6, 8), date(2026, 6, 10))
SALES = Campaign("1", "OUTCOME_SALES", "Shoes", 30.0, {"purchase": 3}, {"purchase": 90.0})
LEADS = Campaign("2", "OUTCOME_LEADS", "Forms", 20.0, {"lead": 4, "purchase": 1})
LEADS_SECTION = '[results.OUTCOME_LEADS]\naction_type = "lead"\n'


def panel_of(client: Client, level: Level = Level.CAMPAIGN, days: DateRange = JUNE, **more: object) -> DailyPanel:
    context = client._context
    return read_panel(context, Reader(context.warehouse), level, days, **more)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Lived:
    """A shop synced on two days; before the second, the budget of its first ad set was raised by half."""

    shop: PracticeShop
    client: Client
    first_load: int
    raised: str
    budget: int
    today: date


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    folder = init_workspace(tmp_path_factory.mktemp("panel") / "workspace")
    settings = PLAIN.model_copy(update={"reach": True, "breakdowns": ["age,gender"], "backfill_days": 12})
    with practice_shop(folder) as shop:
        first = shop.sync(settings).loads[-1].load_id
        market = shop.platform.market
        adset = market.account.adsets[0]
        budget = market.setting(adset.id, market.now_us).daily_budget_minor * 10_000
        shop.platform.advance(86_400)
        market.set_daily_budget(adset.id, budget * 3 // 2)
        shop.sync(settings)
        client = open_workspace(folder).client("shop")
        yield Lived(shop, client, first, adset.id, budget, market.today)


def last(days: int, today: date) -> DateRange:
    return DateRange(today - timedelta(days=days), today - timedelta(days=1))


@pytest.mark.parametrize("level", [Level.CAMPAIGN, Level.AD])
def test_a_panel_holds_what_a_person_reads(lived: Lived, level: Level) -> None:
    """Every object, day and measure as `client.insights` tells it; a day without a row counts nothing."""
    days = last(10, lived.today)
    found = panel_of(lived.client, level, days)
    told = lived.client.insights(str(level), since=days.since, until=days.until)
    assert {each.id for each in found.objects} == set(told["entity_id"])
    for name in ("spend", "impressions", "clicks", "results", "revenue"):
        scale = 1e6 if name in ("spend", "revenue") else 1
        wide = told.pivot_table(index="date", columns="entity_id", values=name, aggfunc="sum", observed=False)
        expected = wide[[each.id for each in found.objects]].fillna(0).to_numpy(dtype=float) * scale
        assert np.allclose(found.measure(name), expected, rtol=0, atol=0.5), name


def test_as_of_a_load_nothing_is_there_of_what_came_later(lived: Lived) -> None:
    """The day that was not over, what was restated since, and the budget that was raised since."""
    days = DateRange(lived.today - timedelta(days=10), lived.today)
    now = panel_of(lived.client, Level.ADSET, days)
    then = panel_of(lived.client, Level.ADSET, days, as_of=lived.first_load)
    assert then.known_at < now.known_at
    assert np.isnan(then.measure("spend")[-1]).all(), "today was a day to come"
    assert np.nansum(then.measure("results")) < np.nansum(now.measure("results"))
    assert (then.known_at.date(), then.load_id) == (lived.today - timedelta(days=1), lived.first_load)
    before, after = ({each.id: each.daily_budget_micros for each in panel.objects} for panel in (then, now))
    assert (before[lived.raised], after[lived.raised]) == (lived.budget, lived.budget * 3 // 2)


def test_the_panel_of_a_moment_is_that_of_its_load(lived: Lived) -> None:
    """Asked by the moment at which a load was known."""
    days = last(5, lived.today)
    by_load = panel_of(lived.client, days=days, as_of=lived.first_load)
    by_moment = panel_of(lived.client, days=days, as_of=by_load.known_at)
    assert by_moment.load_id <= lived.first_load
    assert np.array_equal(by_load.measure("results"), by_moment.measure("results"))


def test_shares_are_those_of_the_age_of_days(lived: Lived) -> None:
    """Yesterday is one day old; nobody has seen days grow until they are final here, so that no share is known."""
    found = panel_of(lived.client, days=last(12, lived.today))
    (kind,) = {each.kind for each in lived.client._context.settings.rules.settings()}
    (curve,) = known_shares(Reader(lived.client._context.warehouse), kind, as_of=found.load_id).values()
    by_age = np.array([np.nan if share is None else share for share in curve])
    assert np.isnan(by_age[1:12]).all()
    assert np.array_equal(found.known_share[:, 0], by_age[12:0:-1], equal_nan=True)


def test_budgets_are_known_from_the_read_that_told_them(lived: Lived) -> None:
    """Yesterday's is what the first sync found; of the days before it nobody knows."""
    found = panel_of(lived.client, Level.ADSET, DateRange(lived.today - timedelta(days=3), lived.today), besides=True)
    assert found.budgets is not None
    place = [each.id for each in found.objects].index(lived.raised)
    told = found.budgets[:, place]
    assert np.isnan(told[:2]).all()
    assert told[2:].tolist() == [lived.budget, lived.budget * 3 // 2]
    assert found.objects[place].holder_id == lived.raised
    ads = panel_of(lived.client, Level.AD, DateRange(lived.today, lived.today), besides=True)
    assert {each.holder_budget_micros for each in ads.objects if each.adset_id == lived.raised} == {
        lived.budget * 3 // 2
    }


def test_people_and_breakdowns_are_read_besides(lived: Lived) -> None:
    """Reach as the platform counted it, impressions by age and gender that add up to the whole."""
    days = last(10, lived.today)
    found = panel_of(lived.client, Level.AD, days, besides=True)
    reach = lived.client.reach("ad", window_days=7, ends=days.until)
    told = dict(zip(reach["entity_id"], reach["reach"], strict=True))
    assert {each.id: found.reach[7][-1, place] for place, each in enumerate(found.objects) if each.id in told} == told
    split = found.splits[("age", "gender")]
    assert ("25-34", "female") in split.parts
    assert np.allclose(split.impressions.sum(axis=2), found.measure("impressions"))
    assert not panel_of(lived.client, Level.AD, days).splits, "only where it is asked for"


def test_ads_know_what_they_show(lived: Lived) -> None:
    """The creative's own columns; of ad sets nothing of the kind is told."""
    ads = panel_of(lived.client, Level.AD, last(5, lived.today), besides=True)
    assert all(each.creative["call_to_action"] for each in ads.objects)
    assert {each.creative["creative_id"] for each in ads.objects} == {each.creative_id for each in ads.objects}
    assert not any(
        each.creative for each in panel_of(lived.client, Level.ADSET, last(5, lived.today), besides=True).objects
    )


def test_features_of_a_client_are_made_of_its_panel(lived: Lived) -> None:
    """The day after the last is the decision; holidays are those of the accounts' time zone."""
    context = lived.client._context
    view, made = client_features(
        context, Reader(context.warehouse), Level.ADSET, last(8, lived.today), names=["spend_lag_1", "is_holiday"]
    )
    assert view.country == "UA"
    assert np.allclose(made["spend_lag_1"][-1] * 1e6, view.panel.measure("spend")[-1])
    frame = lived.client.features("adset", ["spend_lag_1"], days=3)
    assert list(frame.columns) == ["date", "entity_id", "name", "spend_lag_1"]
    assert len(frame) == 4 * len(view.panel.objects)
    stated = replace(context, settings=context.settings.model_copy(update={"country": "PL"}))
    assert country_of(stated, view.panel) == "PL"


def test_days_that_no_read_covered_are_not_zero(tmp_path: Path) -> None:
    """Of two accounts each was read on a day of its own; what is not known of the other is NaN."""
    first = replace(SALES, days=("2026-06-08", "2026-06-09"))
    other = replace(LEADS, days=("2026-06-10",), account_id="act_2")
    found = panel_of(load(write_client(tmp_path), first, other))
    assert np.array_equal(found.measure("spend"), [[30e6, np.nan], [30e6, np.nan], [np.nan, 20e6]], equal_nan=True)
    # A campaign that was made later has rows on one day only, in an account that was read on all.
    late = replace(LEADS, id="3", days=("2026-06-10",))
    found = panel_of(load(write_client(tmp_path / "late"), SALES, late))
    assert found.measure("spend")[:, 1].tolist() == [0, 0, 20e6]


def test_each_object_counts_its_own_kind_and_a_mixture_is_unknown(tmp_path: Path) -> None:
    """Purchases and leads by campaign; the account's are not added up, its money is."""
    shop = load(write_client(tmp_path, LEADS_SECTION), SALES, LEADS)
    campaigns = panel_of(shop)
    assert [(each.name, each.objective, each.result_type) for each in campaigns.objects] == [
        ("Shoes", "OUTCOME_SALES", "purchase"),
        ("Forms", "OUTCOME_LEADS", "lead"),
    ]
    assert campaigns.measure("results")[0].tolist() == [3, 4]
    account = panel_of(shop, Level.ACCOUNT)
    assert account.objects[0].result_type is None
    assert np.isnan(account.measure("results")).all()
    assert account.measure("spend")[:, 0].tolist() == [50e6] * 3


def test_figures_that_were_not_reported_are_unknown(tmp_path: Path) -> None:
    """Leads without a value have an unknown revenue; nobody has said what they are worth."""
    found = panel_of(load(write_client(tmp_path, LEADS_SECTION), LEADS))
    assert np.isnan(found.measure("revenue")).all()
    assert np.isnan(found.measure("profit")).all()


def test_two_currencies_are_refused_or_converted_by_each_day(tmp_path: Path) -> None:
    """30.00 EUR and 20.00 USD; with rates of .9 and .8 the dollars are 18.00 and 16.00."""
    dollars = replace(LEADS, currency="USD", account_id="act_2")
    with pytest.raises(MixedCurrencyError, match=r"under \[money\]"):
        panel_of(load(write_client(tmp_path), SALES, dollars))
    context = write_client(tmp_path / "rates", '[money]\ncurrency = "EUR"\nrates = "rates.csv"\n')
    rates = "date,from,to,rate\n2026-06-08,USD,EUR,0.9\n2026-06-09,USD,EUR,0.8\n"
    (context.folder / "rates.csv").write_text(rates, encoding="utf-8")
    found = panel_of(load(context, SALES, dollars))
    assert found.currency == "EUR"
    assert found.measure("spend").tolist() == [[30e6, 18e6], [30e6, 16e6], [30e6, 16e6]]


def test_days_of_which_nothing_is_known_are_refused(tmp_path: Path) -> None:
    """With the way to find out what is."""
    shop = load(write_client(tmp_path), SALES)
    with pytest.raises(NotFoundError, match="aibuyer status"):
        panel_of(shop, days=DateRange(date(2025, 1, 1), date(2025, 1, 2)))
    with pytest.raises(InputError, match="There is no feature 'spend_lag1'"):
        shop.features("campaign", ["spend_lag1"], since="2026-06-08", until="2026-06-10")


def test_results_lie_in_time_as_the_load_knew_them(tmp_path: Path) -> None:
    """A restatement moves the newest panel and leaves the earlier one as it was."""
    context = write_client(tmp_path)
    load(context, SALES)
    first = Reader(context.warehouse).freshness().load_id
    shop = load(context, replace(SALES, actions={"purchase": 5}), known_at="2026-06-12T09:00+00:00")
    assert panel_of(shop, as_of=first).measure("results")[:, 0].tolist() == [3, 3, 3]
    assert panel_of(shop).measure("results")[:, 0].tolist() == [5, 5, 5]
    assert panel_of(shop, as_of=first).known_at == datetime.fromisoformat(KNOWN_AT)


def test_a_day_that_was_read_and_told_nothing_is_a_day_without_spend(tmp_path: Path) -> None:
    """The account was read to the tenth, its last ad spent on the eighth; of the eleventh nobody knows."""
    context = accounts.client(init_workspace(tmp_path / "workspace"))
    accounts.add_account(context, "act_1", "UTC", "EUR", KNOWN_AT)
    read = ("2026-06-08", "2026-06-10")
    accounts.load_days(context, {"2026-06-08": 10.0}, known_at=KNOWN_AT, days=read)
    days = DateRange(date(2026, 6, 8), date(2026, 6, 11))
    told = read_panel(context, Reader(context.warehouse), Level.AD, days).measure("spend")
    assert np.array_equal(told[:, 0], [10e6, 0.0, 0.0, np.nan], equal_nan=True)
