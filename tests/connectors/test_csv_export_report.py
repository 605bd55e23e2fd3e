"""What a report and a preview tell: totals, empty days and cells, ratios that differ, how columns were understood."""

from datetime import date
from pathlib import Path

import pytest

from aibuyer_kit.connectors.csv_export import EmptyCells, ImportedFile, Mapping, RatioDifference, read_export
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import ImportFileError

COLUMNS = {"date": "Day", "campaign_name": "Campaign", "spend": "Cost", "impressions": "Shown", "clicks": "Clicks"}
HEADER = "Day;Campaign;Cost;Shown;Clicks;CTR;CPM"


def imported(tmp_path: Path, *rows: str, **stated: object) -> ImportedFile:
    file = tmp_path / "shop.csv"
    file.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    described = {"account_id": "shop", "currency": "EUR", "level": "campaign", "delimiter": ";", "columns": COLUMNS}
    return read_export(file, Mapping.model_validate(described | stated))


def day(number: int) -> DateRange:
    return DateRange(date(2026, 3, number), date(2026, 3, number))


@pytest.mark.parametrize(
    "total",
    ["Total;;90;9;9;;", "Усього:;;90;9;9;;", ";Grand total;90;9;9;;", ";РАЗОМ;90;9;9;;", "Total;Boots;9;9;9;;"],
)
def test_a_row_that_says_total_is_left_out_and_counted(tmp_path: Path, total: str) -> None:
    """In the day's place, or in a name's where there is no day."""
    report = imported(tmp_path, "2026-03-01;Boots;10;5;1;;", total).report
    assert (report.totals_rows, report.rejected_count, report.totals["spend"]) == (1, 0, 10)


def test_a_name_that_says_total_beside_a_day_asks_what_it_is(tmp_path: Path) -> None:
    """A sum of the day would count everything twice; a campaign of that name would be lost."""
    rows = ["2026-03-01;Boots;10;5;1;;", "2026-03-01;Total;10;5;1;;"]
    with pytest.raises(ImportFileError) as caught:
        imported(tmp_path, *rows)
    assert "line 3, column 'Campaign': 'Total' may be a total or a name" in str(caught.value)
    assert 'totals_row = { column = "Campaign", equals = "Total" }' in str(caught.value)
    assert imported(tmp_path, *rows, totals_row={"column": "Campaign", "equals": "Total"}).report.totals_rows == 1
    assert imported(tmp_path, *rows, totals_row={"column": "Campaign", "equals": "SUM"}).report.rows_kept == 2


def test_a_row_with_nothing_but_its_day_is_empty_and_named(tmp_path: Path) -> None:
    """The day is not missing from the file, and nothing is known of it."""
    report = imported(tmp_path, "2026-03-01;Boots;10;5;1;;", "2026-03-02;;;;;;", "2026-03-03;Boots;10;5;1;;").report
    assert (report.empty_rows, report.empty_days, report.missing_days) == (1, (day(2),), (day(2),))
    assert "1 rows with nothing but their day: 2026-03-02" in str(report)


def test_empty_cells_are_named_by_day_and_value(tmp_path: Path) -> None:
    """Of a column that is empty from top to bottom only that is said."""
    report = imported(
        tmp_path,
        "2026-03-01;Boots;10;5;;;",
        "2026-03-01;Socks;10;;;;",
        "2026-03-02;Boots;;;;;",
        "2026-03-03;Boots;1;1;;;",
    ).report
    assert report.empty_columns == ("clicks",)
    assert report.empty_cells == (
        EmptyCells(day(1), 1, ("impressions",)),
        EmptyCells(day(2), 1, ("spend", "impressions")),
    )
    assert "empty cells on 2026-03-02: 1 row without spend, impressions" in str(report)


def test_results_that_did_not_come_are_no_empty_cells(tmp_path: Path) -> None:
    """Where the mapping says that an empty action is none, it is known."""
    columns = {name: column for name, column in COLUMNS.items() if name != "clicks"}
    stated = {"columns": columns, "actions": {"lead": "Clicks"}}
    rows = ["2026-03-01;Boots;10;5;;;", "2026-03-02;Boots;10;5;3;;"]
    assert imported(tmp_path, *rows, **stated).report.empty_cells == (EmptyCells(day(1), 1, ("actions.lead",)),)
    assert imported(tmp_path, *rows, **stated, empty_actions="none").report.empty_cells == ()


def test_ratios_are_compared_with_the_counts_and_never_stored(tmp_path: Path) -> None:
    """The last digit shown is the room for rounding; the counts are kept."""
    ratios = [
        {"column": "CTR", "of": "clicks", "per": "impressions", "times": 100},
        {"column": "CPM", "of": "spend", "per": "impressions", "times": 1000},
    ]
    result = imported(
        tmp_path,
        "2026-03-01;Boots;12,5;1000;15;1,5 %;12,50 €",
        "2026-03-02;Boots;12,5;1000;15;1,5;12,5",
        "2026-03-03;Boots;12,5;1000;15;2,5%;99",
        "2026-03-04;Boots;12,5;0;15;2,5%;",
        "2026-03-05;Boots;12,5;1000;15;n/a;12,5",
        ratios=ratios,
    )
    assert result.report.ratios_checked == 7
    assert result.report.ratio_differences == (
        RatioDifference(4, "CTR", "2,5%", "1.5%"),
        RatioDifference(4, "CPM", "99", "13"),
    )
    assert "2 of 7 stated ratios differ" in str(result.report)
    assert result.report.is_complete
    assert result.facts["clicks"].to_pylist() == [15] * 5


def test_a_doubt_about_a_ratio_stops_no_import(tmp_path: Path) -> None:
    """Nothing of its column is stored; that it was not compared is told."""
    ratios = [{"column": "CTR", "of": "clicks", "per": "impressions", "times": 100}]
    report = imported(tmp_path, "2026-03-01;Boots;12,5;1000;15;1,234;", ratios=ratios).report
    assert (report.ratios_checked, report.ratios_left_open) == (0, ("CTR",))
    assert "ratios not compared, as their numbers may be read in two ways: CTR" in str(report)


def test_the_preview_says_how_every_column_was_understood(tmp_path: Path) -> None:
    """In the order of the file: what it is taken for, how it is written, and a cell with what was read."""
    preview = imported(tmp_path, "13/2/2026;Boots;(1);5;1;;", "1/2/2026;Boots;1.234,50 €;;1.234;2 %;").preview
    shown = {each.column: (each.taken_as, each.written, each.cell, each.read_as) for each in preview.columns}
    assert list(shown) == HEADER.split(";")
    assert shown["Day"] == ("day", "a day, d/m/y", "1/2/2026", "2026-02-01")
    assert shown["Campaign"] == ("campaign_name, the campaign's id", "text", "Boots", "Boots")
    assert shown["Cost"] == ("spend", "money in EUR; decimal ,, thousands .", "1.234,50 €", "1234.5")
    assert shown["Shown"][:2] == ("impressions", "a count")
    assert shown["Clicks"] == ("clicks", "a count", "1.234", "1234")
    assert shown["CTR"] == ("not read", "", "2 %", "")
    assert preview.source == 'CSV in UTF-8, separated by ";"'
    text = str(preview)
    assert "campaign rows of account shop (file), EUR, days of UTC; 1 of 2 rows would be kept" in text
    assert "1.234,50 €" in text
