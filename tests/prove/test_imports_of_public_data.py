"""Real exports are imported with exactly the figures that were published with them."""

from collections import Counter, defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from aibuyer_kit.connectors.csv_export import ImportedFile, read_export, read_mapping
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
