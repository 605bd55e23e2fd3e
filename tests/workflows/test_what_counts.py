"""What counts: each objective's own result, its worth, money in one currency, and names as dimensions; by hand."""

import math
import warnings
from pathlib import Path

import pandas as pd
import pytest

from aibuyer_kit.core.errors import InputError, LeftOutWarning, MixedCurrencyError, RateError, UnknownMetricError
from aibuyer_kit.core.results import ResultKind
from aibuyer_kit.workflows.insights import read_insights

from .counting import DAYS, Campaign, load, reopened, write_client

SALES = Campaign("1", "OUTCOME_SALES", "Shoes", 30.0, {"purchase": 3, "omni_purchase": 3}, {"purchase": 90.0})
LEADS = Campaign("2", "OUTCOME_LEADS", "Forms", 20.0, {"lead": 4, "purchase": 1})
LEADS_SECTION = '[results.OUTCOME_LEADS]\naction_type = "lead"\n'


def only(frame: pd.DataFrame, **where: object) -> dict[str, object]:
    for name, wanted in where.items():
        frame = frame[frame[name] == wanted]
    assert len(frame) == 1, frame
    return {str(name): None if pd.isna(cell) else cell for name, cell in frame.iloc[0].items()}


def day(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["date"] == pd.Timestamp("2026-06-09")]


def test_each_objective_counts_its_own_result(tmp_path: Path) -> None:
    """A leads campaign is judged by leads, and its one purchase is not added to them."""
    shop = load(write_client(tmp_path, LEADS_SECTION), SALES, LEADS)
    frame = day(shop.insights("campaign", **DAYS))
    sales, leads = only(frame, entity_id="1"), only(frame, entity_id="2")
    assert (sales["results"], sales["cpa"], sales["result_type"]) == (3, 10.0, "purchase")
    assert (leads["results"], leads["cpa"], leads["result_type"]) == (4, 5.0, "lead")
    assert (sales["objective"], leads["objective"]) == ("OUTCOME_SALES", "OUTCOME_LEADS")


def test_without_a_section_every_campaign_counts_the_clients_result(tmp_path: Path) -> None:
    """As stated under [result]; nothing is guessed from the objective."""
    shop = load(write_client(tmp_path), SALES, LEADS)
    row = only(day(shop.insights("account", **DAYS)))
    assert (row["results"], row["cpa"], row["revenue"], row["result_type"]) == (4, 12.5, None, "purchase")


def test_results_of_two_kinds_are_not_added_up_and_money_is(tmp_path: Path) -> None:
    """Three purchases and four leads are not seven of anything; 50.00 were spent and 138.00 earned all the same."""
    shop = load(write_client(tmp_path, f"{LEADS_SECTION}value_per_result = 12.0\n"), SALES, LEADS)
    row = only(day(shop.insights("account", **DAYS)))
    assert [row[name] for name in ("results", "cpa", "cvr", "value_per_result", "result_type")] == [None] * 5
    assert (row["spend"], row["clicks"], row["revenue"], row["revenue_assumed"]) == (50.0, 40, 138.0, 48.0)
    assert row["roas"] == 2.76


def test_windows_of_one_action_type_are_two_kinds(tmp_path: Path) -> None:
    """Purchases by all attribution and purchases after a click within 7 days cannot be added up either."""
    section = '[results.OUTCOME_LEADS]\naction_type = "purchase"\nwindow = "7d_click"\n'
    shop = load(write_client(tmp_path, section), SALES, LEADS)
    assert only(day(shop.insights("account", **DAYS)))["results"] is None
    assert only(day(shop.insights("campaign", **DAYS)), entity_id="2")["results"] == 0


def test_a_value_per_result_counts_only_where_none_is_reported(tmp_path: Path) -> None:
    """Purchases keep their reported 90.00; four leads of 12.00 are 48.00, and are said to be assumed."""
    text = f"[result]\nvalue_per_result = 1000.0\n{LEADS_SECTION}value_per_result = 12.0\n"
    frame = day(load(write_client(tmp_path, text), SALES, LEADS).insights("campaign", **DAYS))
    sales, leads = only(frame, entity_id="1"), only(frame, entity_id="2")
    assert (sales["revenue"], sales["revenue_assumed"]) == (90.0, 0.0)
    assert (leads["revenue"], leads["revenue_assumed"], leads["roas"]) == (48.0, 48.0, 2.4)


def test_results_without_any_value_have_an_unknown_return(tmp_path: Path) -> None:
    """A leads campaign does not return 0.00: nobody has said what a lead is worth."""
    leads = only(day(load(write_client(tmp_path, LEADS_SECTION), LEADS).insights("campaign", **DAYS)), entity_id="2")
    assert (leads["results"], leads["revenue"], leads["roas"]) == (4, None, None)


def test_no_results_have_earned_nothing(tmp_path: Path) -> None:
    """Zero results were worth zero, which is known."""
    quiet = Campaign("3", "OUTCOME_SALES", "Quiet")
    row = only(day(load(write_client(tmp_path), quiet).insights("campaign", **DAYS)))
    assert (row["results"], row["revenue"], row["roas"]) == (0, 0.0, 0.0)


def test_profit_is_margin_times_revenue_less_spend(tmp_path: Path) -> None:
    """42% of 90.00 is 37.80, less 30.00 is 7.80; leads have a margin of their own: all of 48.00, less 20.00."""
    text = f"[result]\ngross_margin = 0.42\n{LEADS_SECTION}value_per_result = 12.0\ngross_margin = 1\n"
    shop = load(write_client(tmp_path, text), SALES, LEADS)
    frame = day(shop.insights("campaign", **DAYS))
    sales, leads, both = only(frame, entity_id="1"), only(frame, entity_id="2"), day(shop.insights("account", **DAYS))
    assert (sales["gross_profit"], sales["profit"], sales["poas"]) == (37.8, 7.8, 1.26)
    assert (leads["gross_profit"], leads["profit"], leads["poas"]) == (48.0, 28.0, 2.4)
    assert (only(both)["profit"], only(both)["poas"]) == (35.8, 1.716)


def test_profit_without_a_margin_is_unknown(tmp_path: Path) -> None:
    """Revenue is not profit."""
    row = only(day(load(write_client(tmp_path), SALES).insights("campaign", **DAYS)))
    assert (row["gross_profit"], row["profit"], row["poas"]) == (None, None, None)


@pytest.mark.parametrize(
    ("value", "margin", "expected_micros"),
    [(100.000001, 0.333333, 33_333_300), (0.000001, 0.5, 1), (0.000003, 0.5, 2), (0.000001, 0.499999, 0)],
)
def test_a_margin_is_rounded_once_half_up(tmp_path: Path, value: float, margin: float, expected_micros: int) -> None:
    """100.000001 x 0.333333 is 33.333300333333: 33,333,300 micros; half a micro is one."""
    sale = Campaign("1", "OUTCOME_SALES", actions={"purchase": 1}, values={"purchase": value})
    shop = load(write_client(tmp_path, f"[result]\ngross_margin = {margin:.6f}\n"), sale)
    assert round(only(day(shop.insights("campaign", **DAYS)))["gross_profit"] * 1e6) == expected_micros  # type: ignore[operator]


def test_the_past_counts_by_the_objective_of_then(tmp_path: Path) -> None:
    """The campaign's objective was changed between two loads; each moment is counted by what it was."""
    context = write_client(tmp_path, LEADS_SECTION)
    load(context, Campaign("2", "OUTCOME_SALES", "Forms", 20.0, {"lead": 4, "purchase": 1}))
    shop = load(context, LEADS, known_at="2026-06-12T09:00+00:00")
    then, now = (only(day(shop.insights("campaign", **DAYS, as_of=load_id))) for load_id in (2, None))
    assert (then["result_type"], then["results"]) == ("purchase", 1)
    assert (now["result_type"], now["results"]) == ("lead", 4)


def test_a_campaign_that_is_gone_keeps_its_objective(tmp_path: Path) -> None:
    """What a deleted campaign has brought is still leads."""
    context = write_client(tmp_path, LEADS_SECTION)
    load(context, LEADS, SALES)
    shop = load(context, Campaign("1", "OUTCOME_SALES", days=("2026-06-11",)), known_at="2026-06-12T09:00+00:00")
    assert only(day(shop.insights("campaign", **DAYS)), entity_id="2")["results"] == 4


# The overview.


def test_an_overview_of_two_kinds_tells_each_on_its_own(tmp_path: Path) -> None:
    """Three days: nine purchases at 10.00 against 8.00, twelve leads at 5.00 against 9.00, and one sum of money."""
    text = f"{LEADS_SECTION}targets = {{ cpa = 9.0 }}\n[targets]\ncpa = 8.0\nroas = 2.0\n"
    found = load(write_client(tmp_path, text), SALES, LEADS).overview(**DAYS)
    assert (found.totals["spend"], found.totals["results"], found.totals["cpa"]) == (150.0, None, None)
    told = {each.kind: (each.totals["results"], each.totals["cpa"], dict(each.targets)) for each in found.by_result}
    assert told == {
        ResultKind("purchase", "total"): (9, 10.0, {"cpa": 8.0, "roas": 2.0}),
        ResultKind("lead", "total"): (12, 5.0, {"cpa": 9.0}),
    }
    assert found.targets == {"roas": 2.0}
    assert [dict(each.targets) for each in found.campaigns] == [{"cpa": 8.0, "roas": 2.0}, {"cpa": 9.0}]
    assert "The campaigns bring different results (Purchases, Leads)" in found.warnings[1]
    assert "Leads: 12 at €5.00." in repr(found)


def test_the_return_of_the_whole_leaves_out_what_has_no_value(tmp_path: Path) -> None:
    """270.00 for the 90.00 spent on purchases; the reader is told that leads have no value."""
    found = load(write_client(tmp_path, LEADS_SECTION), SALES, LEADS).overview(**DAYS)
    assert (found.totals["revenue"], found.totals["roas"]) == (270.0, 3.0)
    assert [note for note in found.warnings if note.startswith("Leads: the platform reports no value")]
    assert not [note for note in found.warnings if "not reported for" in note]


def test_assumed_revenue_is_named_with_its_amount(tmp_path: Path) -> None:
    """Twelve leads of 12.00 each."""
    text = f"{LEADS_SECTION}value_per_result = 12.0\n"
    found = load(write_client(tmp_path, text), SALES, LEADS).overview(**DAYS)
    assert [note for note in found.warnings if note.startswith("€144.00 of the revenue was not reported")]


def test_a_client_of_leads_alone_is_judged_by_their_targets(tmp_path: Path) -> None:
    """The client's cost per purchase says nothing about them; its return still does."""
    text = f"{LEADS_SECTION}targets = {{ cpa = 9.0 }}\n[targets]\ncpa = 8.0\nroas = 2.0\n"
    found = load(write_client(tmp_path, text), LEADS).overview(**DAYS)
    assert (found.totals["results"], found.targets) == (12, {"roas": 2.0, "cpa": 9.0})


# Dimensions of names.

NAMING = '[naming]\nseparator = "_"\ncampaign = ["market", "funnel", "product"]\n'


def named(campaign_id: str, name: str, spend: float) -> Campaign:
    return Campaign(campaign_id, "OUTCOME_SALES", name, spend, {"purchase": 1}, {"purchase": 30.0})


def test_names_are_parsed_into_dimensions_and_the_others_listed(tmp_path: Path) -> None:
    """Two campaigns of UA are added up, one of PL stands alone, and a name of another form is not guessed at."""
    campaigns = (named("1", "UA_top_shoes", 10.0), named("2", "UA_low_bags", 5.0), named("3", "PL_top_shoes", 7.0))
    shop = load(write_client(tmp_path, NAMING), *campaigns, named("4", "UA_top", 3.0))
    with pytest.warns(LeftOutWarning, match=r"1 campaign name does not follow .* 'UA_top'"):
        frame = day(shop.insights(**DAYS, by=("market",)))
    markets = {None if pd.isna(row.market) else row.market: (row.spend, row.results) for row in frame.itertuples()}
    assert markets == {"UA": (15.0, 2), "PL": (7.0, 1), None: (3.0, 1)}
    assert only(frame, market="UA")["cpa"] == 7.5


def test_dimensions_and_the_objective_can_be_combined(tmp_path: Path) -> None:
    """Rows of one market and objective have one kind of result."""
    sales = named("1", "UA_top_shoes", 10.0)
    leads = Campaign("2", "OUTCOME_LEADS", "UA_top_forms", 4.0, {"lead": 2})
    context = write_client(tmp_path, LEADS_SECTION + NAMING)
    load(context, sales, leads)
    rows = read_insights(context, "campaign", ["results", "spend"], **DAYS, by=("market", "objective"))
    assert [(row["objective"], row["results"]) for row in rows[:2]] == [("OUTCOME_LEADS", 2), ("OUTCOME_SALES", 1)]
    whole = read_insights(context, "campaign", ["results", "spend"], **DAYS, by=("market",))
    assert [(row["market"], row["results"], row["spend"]) for row in whole[:1]] == [("UA", None, 14.0)]


def test_a_pattern_names_the_dimensions(tmp_path: Path) -> None:
    """Named groups of a regular expression over the whole name."""
    text = "[naming]\ncampaign = { pattern = '(?P<market>[A-Z]{2}) - (?P<product>.+)' }\n"
    shop = load(write_client(tmp_path, text), named("1", "UA - red shoes", 10.0))
    assert set(shop.insights(**DAYS, by=("product",))["product"]) == {"red shoes"}


def test_a_hostile_pattern_costs_nothing(tmp_path: Path) -> None:
    """Nested repetition over a long name would take an engine that backtracks until the end of the world."""
    text = "[naming]\ncampaign = { pattern = '(?P<market>(a+)+)b' }\n"
    shop = load(write_client(tmp_path, text), named("1", "a" * 900, 10.0))
    with pytest.warns(LeftOutWarning, match="1 campaign name does not follow"):
        assert shop.insights(**DAYS, by=("market",))["market"].isna().all()


def test_a_wrong_pattern_or_an_unknown_dimension_is_told(tmp_path: Path) -> None:
    """Where it stands, and what there is."""
    context = write_client(tmp_path, "[naming]\ncampaign = { pattern = '(?P<market>a' }\n")
    with pytest.raises(InputError, match=r"naming\.campaign: the pattern is not a regular expression"):
        load(context, SALES).insights(**DAYS, by=("market",))
    with pytest.raises(InputError, match=r"no dimension 'funnel'\. Known: objective, market"):
        reopened(context).insights(**DAYS, by=("funnel",))


# Money.

MONEY = '[money]\ncurrency = "EUR"\nrates = "rates.csv"\n'
RATES = """date,from,to,rate
2026-06-05,UAH,EUR,0.0225
2026-06-09,UAH,EUR,0.021
2026-06-01,EUR,JPY,165.5
2026-06-08,KWD,EUR,2.875123
"""


def in_currencies(*codes: str, spend: float = 1000.0) -> tuple[Campaign, ...]:
    return tuple(
        Campaign(str(at), "OUTCOME_SALES", spend=spend, currency=code, account_id=f"act_{at}")
        for at, code in enumerate(codes, 1)
    )


def test_money_is_converted_at_the_rate_of_each_rows_day(tmp_path: Path) -> None:
    """1,000 UAH: 22.50 by the rate of the 5th, 21.00 from the 9th on; euros stay what they are."""
    context = write_client(tmp_path, MONEY)
    (context.folder / "rates.csv").write_text(RATES, encoding="utf-8")
    shop = load(context, *in_currencies("EUR", "UAH"))
    spends = shop.insights("account", **DAYS).pivot_table(index="date", columns="account_id", values="spend")
    assert spends["act_2"].tolist() == [22.5, 21.0, 21.0]
    assert set(shop.insights("account", **DAYS)["currency"]) == {"EUR"}
    found = shop.overview(**DAYS)
    assert (found.currency, found.totals["spend"]) == ("EUR", 3064.5)


@pytest.mark.parametrize(
    ("currency", "spend", "expected_micros"),
    [
        # 1,234.567891 KWD x 2.875123 = 3,549.382686625 + 0.151851850593 = 3,549.534538475593
        ("KWD", 1234.567891, 3_549_534_538),
        # A pair that is stated only the other way round: 1,000 JPY / 165.5 = 6.042296072507...
        ("JPY", 1000.0, 6_042_296),
        # 0.000200 UAH x 0.0225 = 0.0000045: half a micro is rounded up.
        ("UAH", 0.0002, 5),
    ],
)
def test_a_conversion_is_rounded_once_to_a_micro(
    tmp_path: Path, currency: str, spend: float, expected_micros: int
) -> None:
    """Exact fractions, half up."""
    context = write_client(tmp_path, MONEY)
    (context.folder / "rates.csv").write_text(RATES, encoding="utf-8")
    frame = load(context, *in_currencies(currency, spend=spend)).insights(
        "account", since="2026-06-08", until="2026-06-08"
    )
    assert round(only(frame)["spend"] * 1e6) == expected_micros  # type: ignore[operator]


def test_a_missing_rate_names_the_day_and_the_pair(tmp_path: Path) -> None:
    """Nothing is taken as 1.0; a rate that is too old is missing too."""
    context = write_client(tmp_path, MONEY + "longest_age_days = 2\n")
    (context.folder / "rates.csv").write_text(RATES, encoding="utf-8")
    shop = load(context, *in_currencies("EUR", "UAH"))
    with pytest.raises(RateError, match=r"no rate from UAH to EUR for 2026-06-08: the newest .* 2026-06-05"):
        shop.insights("account", **DAYS)
    assert shop.insights("account", since="2026-06-09", until="2026-06-10")["spend"].notna().all()


def test_a_pair_without_any_rate_is_told_with_the_file_to_mend(tmp_path: Path) -> None:
    """In the overview as in the rows."""
    context = write_client(tmp_path, MONEY)
    (context.folder / "rates.csv").write_text(RATES, encoding="utf-8")
    with pytest.raises(RateError, match=r"no rate from USD to EUR for 2026-06-08\. Add it to .*rates\.csv"):
        load(context, *in_currencies("USD", "EUR")).overview(**DAYS)


def test_a_period_before_without_rates_is_not_compared_with(tmp_path: Path) -> None:
    """The period itself is shown all the same."""
    context = write_client(tmp_path, MONEY)
    (context.folder / "rates.csv").write_text(RATES, encoding="utf-8")
    days = tuple(f"2026-06-{number:02d}" for number in range(1, 11))
    campaigns = [Campaign("1", "OUTCOME_SALES", spend=1000.0, currency="UAH", days=days)]
    found = load(context, *campaigns).overview(since="2026-06-06", until="2026-06-10")
    assert found.totals["spend"] == 22.5 * 3 + 21.0 * 2
    assert "There are no exchange rates for the period before, so there is no comparison with it." in found.warnings


def test_one_value_per_result_is_not_counted_in_two_currencies(tmp_path: Path) -> None:
    """35 euros and 35 hryvnias are not the same worth."""
    shop = load(write_client(tmp_path, "[result]\nvalue_per_result = 35.0\n"), *in_currencies("EUR", "UAH"))
    with pytest.raises(MixedCurrencyError, match=r"EUR, UAH alike. Say under \[money\]"):
        shop.insights("account", **DAYS)


# What is reported, and what must not be added up.


def test_what_the_account_reports_is_listed_by_type_and_window(tmp_path: Path) -> None:
    """A buyer sees what there is to choose, and that two names tell of one event."""
    shop = load(write_client(tmp_path, LEADS_SECTION), SALES, LEADS)
    frame = shop.actions(**DAYS)
    omni = only(frame, action_type="omni_purchase")
    assert (omni["event"], omni["total"], omni["click_7d"], omni["counts_in"]) == ("purchase", 9, 6, None)
    bought = only(frame, action_type="purchase", objective="OUTCOME_SALES")
    assert (bought["counts_in"], bought["rows"], bought["valued_rows"]) == ("total", 3, 3)
    lead = only(frame, action_type="lead")
    assert (lead["objective"], lead["counts_in"], lead["valued_rows"]) == ("OUTCOME_LEADS", "total", 0)


@pytest.mark.parametrize("name", ["omni_purchase", "purchase", "offsite_conversion.fb_pixel_lead"])
def test_an_action_type_asked_for_as_a_metric_is_explained(tmp_path: Path, name: str) -> None:
    """The way to sum overlapping types does not exist, and the reader is told why."""
    context = write_client(tmp_path)
    load(context, SALES)
    with pytest.raises(UnknownMetricError, match=r"is an action type, not a metric\. Several"):
        read_insights(context, "campaign", ["spend", name], **DAYS)


def test_plain_insights_warn_of_nothing(tmp_path: Path) -> None:
    """Names are looked at only where they are asked for."""
    shop = load(write_client(tmp_path, NAMING), SALES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not math.isnan(shop.insights(**DAYS)["spend"].sum())


def test_what_is_spent_on_campaigns_that_never_bring_the_result_is_told_on_pages(tmp_path: Path) -> None:
    """Three days of 20.00 for leads, while purchases count: told with the amount until a section says what counts."""
    context = write_client(tmp_path)
    shop = load(context, SALES, Campaign("2", "OUTCOME_LEADS", "Forms", 20.0, {"lead": 4}))
    note = (
        "€60.00 was spent on campaigns (OUTCOME_LEADS) that never report what is counted for them (Purchases). It"
        " weighs on the cost per result. They report: Leads."
    )
    assert note in shop.overview(**DAYS).warnings
    with (context.folder / "client.toml").open("a", encoding="utf-8") as file:
        file.write(LEADS_SECTION)
    assert not any("never report" in each for each in reopened(context).overview(**DAYS).warnings)
