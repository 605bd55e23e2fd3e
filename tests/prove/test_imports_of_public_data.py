"""Real exports are imported with exactly the figures that were published with them."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from aibuyer_kit.connectors.csv_export import ImportedFile, Mapping, read_export, read_mapping
from aibuyer_kit.core.dates import DateRange

pytestmark = pytest.mark.prove

# Impressions, clicks, spend, conversions, approved conversions: the data set's README.
KAG_BY_CAMPAIGN = {
    "916": (482_925, 113, "149.71", 58, 24),
    "936": (8_128_187, 1_984, "2893.37", 537, 183),
    "1178": (204_823_716, 36_068, "55662.15", 2_669, 872),
}


@pytest.fixture(scope="module")
def kag(public_data: Path, mappings: Path) -> ImportedFile:
    file = public_data / "kag_conversion" / "KAG_conversion_data.csv"
    return read_export(file, read_mapping(mappings / "kag_conversion.toml"))


@pytest.fixture(scope="module")
def multichannel(public_data: Path, mappings: Path) -> ImportedFile:
    file = public_data / "multichannel_daily" / "Marketing.csv"
    return read_export(file, read_mapping(mappings / "multichannel_daily.toml"))


def total_of(values: list[dict[str, Any]] | None, action_type: str) -> int:
    return sum(value["total"] for value in values or [] if value["action_type"] == action_type)


def cents(units: Decimal) -> Decimal:
    return units.quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_kag_totals_are_the_published_ones(kag: ImportedFile) -> None:
    """Impressions, clicks, spend to the cent, and both kinds of conversion."""
    totals = dict(kag.report.totals)
    assert cents(Decimal(str(totals.pop("spend")))) == Decimal("58705.23")
    assert totals == {
        "impressions": 213_434_828,
        "clicks": 38_165,
        "actions.lead": 3_264,
        "actions.purchase": 1_079,
    }


def test_kag_is_taken_whole(kag: ImportedFile) -> None:
    """All 1,143 ads are kept under the stated period, and every column is read."""
    report = kag.report
    assert (report.rows_read, report.rows_kept, report.rejected_count) == (1143, 1143, 0)
    assert (kag.coverage, report.unused_columns) == (DateRange(date(2017, 8, 1), date(2017, 8, 31)), ())


def test_kag_rounding_is_reported_and_tiny(kag: ImportedFile) -> None:
    """The file's own sum is 58,705.229958205; micros and the reported drift account for every digit of it."""
    spend = kag.report.totals["spend"]
    assert isinstance(spend, Decimal)
    assert spend - kag.report.rounding_drift_units == Decimal("58705.229958205")
    assert kag.report.rounded_amounts > 0
    assert abs(kag.report.rounding_drift_units) <= kag.report.rounded_amounts * Decimal("0.0000005")


def test_kag_sums_by_campaign_are_the_published_ones(kag: ImportedFile) -> None:
    """Each campaign's facts sum up to its row in the data set's README."""
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 5)
    for fact in kag.facts.to_pylist():
        leads, purchases = total_of(fact["actions"], "lead"), total_of(fact["actions"], "purchase")
        values = (fact["impressions"], fact["clicks"], fact["spend_micros"], leads, purchases)
        sums[fact["campaign_id"]] = [old + new for old, new in zip(sums[fact["campaign_id"]], values, strict=True)]
    shown = {
        campaign: (values[0], values[1], str(cents(Decimal(values[2]) / 10**6)), values[3], values[4])
        for campaign, values in sums.items()
    }
    assert shown == KAG_BY_CAMPAIGN


def test_kag_ads_stand_in_their_campaigns_with_their_targeting(kag: ImportedFile) -> None:
    """54, 464 and 625 ads; age, gender and interest describe the ad and do not split it."""
    ads = [row for row in kag.entities.to_pylist() if row["level"] == "ad"]
    assert Counter(row["campaign_id"] for row in ads) == {"916": 54, "936": 464, "1178": 625}
    assert ads[0]["attributes"] == '{"age":"30-34","fb_campaign_id":"103916","gender":"M","interest":"15"}'
    assert set(kag.facts["breakdown"].to_pylist()) == {""}


def test_multichannel_totals_are_the_file_s(multichannel: ImportedFile) -> None:
    """Spend and revenue of 28 days and 11 campaigns, exactly."""
    report = multichannel.report
    assert (report.totals["spend"], report.totals["action_values.purchase"]) == (Decimal("30590879.82"), 42_889_366)
    assert (report.rows_kept, report.rejected_count, report.rounded_amounts) == (308, 0, 0)
    assert multichannel.coverage == DateRange(date(2021, 2, 1), date(2021, 2, 28))
    assert report.missing_days == ()
    assert set(Counter(multichannel.facts["date"].to_pylist()).values()) == {11}
    assert set(Counter(multichannel.facts["entity_id"].to_pylist()).values()) == {28}


def test_multichannel_sums_by_campaign_are_the_published_ones(multichannel: ImportedFile) -> None:
    """Youtube turned 4.06 M into 15.31 M; Facebook 544756 turned 2.64 M into 0.30 M."""
    spend: Counter[str] = Counter()
    revenue: Counter[str] = Counter()
    for fact in multichannel.facts.to_pylist():
        spend[fact["entity_id"]] += fact["spend_micros"]
        revenue[fact["entity_id"]] += total_of(fact["action_values"], "purchase")
    names = {row["entity_id"]: row["name"] for row in multichannel.entities.to_pylist()}
    youtube = next(campaign for campaign, name in names.items() if name == "Youtube")
    assert (spend[youtube], revenue[youtube]) == (4_057_936_510_000, 15_311_433_000_000)
    assert (spend["544756"], revenue["544756"]) == (2_641_939_240_000, 300_233_000_000)


def rows_of(file: Path) -> list[dict[str, str]]:
    """Return a file's rows as plain text, read by nothing of ours."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def sum_of(rows: Iterable[dict[str, str]], column: str) -> Decimal:
    return sum((Decimal(row[column].lstrip("$")) for row in rows if row[column]), Decimal(0))


@pytest.mark.parametrize(
    ("mapping", "name", "cost"),
    [
        ("fb_vs_adwords_facebook", "Facebook Ad", "Cost per Facebook Ad"),
        ("fb_vs_adwords_adwords", "AdWords Ad", "Cost per AdWords Ad"),
    ],
)
def test_each_platform_of_a_wide_file_has_its_own_totals(
    public_data: Path, mappings: Path, mapping: str, name: str, cost: str
) -> None:
    """A year of days written 1/13/2019 and money written $126, equal to the file's own sums for either platform."""
    file = public_data / "fb_vs_adwords_daily" / "marketing_campaign.csv"
    result, rows = read_export(file, read_mapping(mappings / f"{mapping}.toml")), rows_of(file)
    assert dict(result.report.totals) == {
        "spend": sum_of(rows, cost),
        "impressions": sum_of(rows, f"{name} Views"),
        "clicks": sum_of(rows, f"{name} Clicks"),
        "actions.conversion": sum_of(rows, f"{name} Conversions"),
    }
    assert (result.report.rows_kept, result.report.rejected_count, result.report.missing_days) == (365, 0, ())
    assert result.coverage == DateRange(date(2019, 1, 1), date(2019, 12, 31))
    assert set(result.facts["entity_id"].to_pylist()) == {row[f"{name} Campaign"] for row in rows}
    assert result.report.ratios_checked == 3 * 365


def test_stated_ratios_of_the_wide_file_differ_from_its_counts(public_data: Path, mappings: Path) -> None:
    """Its percentages were made up apart from its counts: 18 of 2,116 are 0.85%, not 0.83%; the counts are kept."""
    file = public_data / "fb_vs_adwords_daily" / "marketing_campaign.csv"
    report = read_export(file, read_mapping(mappings / "fb_vs_adwords_facebook.toml")).report
    first = report.ratio_differences[0]
    assert (first.line, first.stated, first.counted) == (2, "0.83%", "0.85%")
    step = Decimal("0.01")
    expected = sum(
        abs(Decimal(row[column].strip("%$")) - factor * Decimal(row[of].strip("$")) / Decimal(row[per])) >= step
        for row in rows_of(file)
        for column, of, per, factor in (
            ("Facebook Click-Through Rate (Clicks / View)", "Facebook Ad Clicks", "Facebook Ad Views", 100),
            ("Facebook Conversion Rate (Conversions / Clicks)", "Facebook Ad Conversions", "Facebook Ad Clicks", 100),
            ("Facebook Cost per Click (Ad Cost / Clicks)", "Cost per Facebook Ad", "Facebook Ad Clicks", 1),
        )
    )
    assert report.ratio_difference_count == expected > 0


@pytest.mark.parametrize(
    ("group", "spend", "purchases"), [("control", 68_653, 15_161), ("test", 76_892, 15_637)], ids=["control", "test"]
)
def test_the_ab_test_has_its_published_sums(
    public_data: Path, mappings: Path, group: str, spend: int, purchases: int
) -> None:
    """Thirty days each; every other value is the file's own sum as well."""
    file = public_data / "fb_ab_control_test" / f"{group}_group.csv"
    result, rows = read_export(file, read_mapping(mappings / "fb_ab_control_test.toml")), rows_of(file)
    totals = result.report.totals
    assert (totals["spend"], totals["actions.purchase"]) == (spend, purchases)
    assert totals["impressions"] == sum_of(rows, "# of Impressions")
    assert totals["actions.add_to_cart"] == sum_of(rows, "# of Add to Cart")
    assert result.coverage == DateRange(date(2019, 8, 1), date(2019, 8, 30))
    assert (result.report.rows_kept, result.report.rejected_count, result.report.missing_days) == (30, 0, ())


def test_the_empty_day_of_the_control_group_is_named(public_data: Path, mappings: Path) -> None:
    """On 5 August 2019 nothing but the spend is known: unknown is not zero, and the test group has no such day."""
    mapping = read_mapping(mappings / "fb_ab_control_test.toml")
    control = read_export(public_data / "fb_ab_control_test" / "control_group.csv", mapping)
    (empty,) = control.report.empty_cells
    assert (empty.days, empty.rows, len(empty.values)) == (DateRange(date(2019, 8, 5), date(2019, 8, 5)), 1, 7)
    assert "spend" not in empty.values
    assert "empty cells on 2019-08-05: 1 row without impressions" in str(control.report)
    fact = next(fact for fact in control.facts.to_pylist() if fact["date"] == date(2019, 8, 5))
    assert (fact["spend_micros"], fact["impressions"], fact["actions"]) == (1_835_000_000, None, None)
    assert read_export(public_data / "fb_ab_control_test" / "test_group.csv", mapping).report.empty_cells == ()


@pytest.mark.parametrize("package", ["dbt_facebook_ads", "dbt_ad_reporting"])
def test_the_facebook_seeds_have_their_totals_by_attribution_window(
    public_data: Path, mappings: Path, tmp_path: Path, package: str
) -> None:
    """Three tables become one set of facts; spend, counts, and every action's windows are the files' own sums."""
    folder = public_data / "fivetran_seeds" / package
    parts = ("", "_actions", "_action_values")
    tables = {part: rows_of(folder / f"facebook_ads_basic_ad{part}_data.csv") for part in parts}
    result = read_export(folder / "facebook_ads_basic_ad_data.csv", seed_mapping(mappings, tmp_path, tables[""]))
    assert result.report.totals["spend"] == sum_of(tables[""], "spend")
    assert result.report.totals["impressions"] == sum_of(tables[""], "impressions")
    assert result.report.totals["link_clicks"] == sum_of(tables[""], "inline_link_clicks")
    assert result.report.is_complete
    assert actions_of(result, "actions", 1) == windows_of(tables["_actions"], ("value", "_7_d_click", "_1_d_view"))
    assert actions_of(result, "action_values", 10**6) == windows_of(tables["_action_values"], ("value", "_7_d_click"))
    keys = {(row["ad_id"], row["date"]) for rows in tables.values() for row in rows}
    assert {(fact["entity_id"], str(fact["date"])) for fact in result.facts.to_pylist()} == keys
    assert result.facts.num_rows == len(keys)


def seed_mapping(mappings: Path, tmp_path: Path, rows: list[dict[str, str]]) -> Mapping:
    """Return the mapping of the seeds; the older table has no column of reach, and its mapping has none either."""
    text = (mappings / "fivetran_facebook.toml").read_text(encoding="utf-8")
    if "reach" not in rows[0]:
        text = text.replace('reach = "reach"\n', "")
    (tmp_path / "seeds.toml").write_text(text, encoding="utf-8")
    return read_mapping(tmp_path / "seeds.toml")


_WINDOWS = {"value": "total", "_7_d_click": "click_7d", "_1_d_view": "view_1d"}


def windows_of(rows: list[dict[str, str]], columns: tuple[str, ...]) -> dict[tuple[str, str], Decimal]:
    found = {(row["action_type"], column) for row in rows for column in columns if row[column]}
    return {
        (action_type, _WINDOWS[column]): sum_of((row for row in rows if row["action_type"] == action_type), column)
        for action_type, column in found
    }


def actions_of(result: ImportedFile, kind: str, unit: int) -> dict[tuple[str, str], Decimal]:
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for action in (each for listed in result.facts[kind].to_pylist() for each in listed or []):
        for window in (name for name, value in action.items() if name != "action_type" and value is not None):
            sums[action["action_type"], window] += Decimal(action[window]) / unit
    return dict(sums)
