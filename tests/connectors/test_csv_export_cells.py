"""Numbers and days: exact, or rejected with the reason."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibuyer_kit.connectors.csv_export import ImportedFile, Mapping, read_export
from aibuyer_kit.connectors.csv_export.cells import NumberFormat, RejectedCellError

MAPPING = Mapping.model_validate(
    {
        "account_id": "shop",
        "currency": "EUR",
        "level": "campaign",
        "delimiter": ";",
        "columns": {"date": "Day", "campaign_name": "Campaign", "spend": "Cost", "clicks": "Clicks"},
        "action_values": {"purchase": "Revenue"},
    }
)
GOOD = "2026-03-31;Good;1;1;1"


def imported(tmp_path: Path, *rows: str, **stated: object) -> ImportedFile:
    file = tmp_path / "shop.csv"
    file.write_text("\n".join(["Day;Campaign;Cost;Clicks;Revenue", *rows]), encoding="utf-8")
    return read_export(file, MAPPING.model_copy(update=stated))


def test_money_keeps_six_decimals_and_rounds_the_rest_half_up(tmp_path: Path) -> None:
    """The report counts what was rounded and sums up, exactly, by how much."""
    result = imported(
        tmp_path, "2026-03-01;A;1.429999948;1;", "2026-03-02;A;0.0000005;1;", "2026-03-03;A;1234.50;1;", GOOD
    )
    assert result.facts["spend_micros"].to_pylist() == [1_430_000, 1, 1_234_500_000, 1_000_000]
    assert result.report.rounded_amounts == 2
    assert str(result.report.rounding_drift_units) == "5.52E-7"


def test_negative_revenue_is_kept(tmp_path: Path) -> None:
    """A refund is a fact."""
    values = imported(tmp_path, "2026-03-01;A;1;1;-20.5").facts["action_values"].to_pylist()
    assert [(value["action_type"], value["total"]) for value in values[0]] == [("purchase", -20_500_000)]


def test_an_empty_cell_is_null_and_a_zero_is_zero(tmp_path: Path) -> None:
    """Absent is not zero, in measures and in lists of actions."""
    facts = imported(tmp_path, "2026-03-01;A;;;", "2026-03-02;A;0;0;0").facts
    assert facts["spend_micros"].to_pylist() == [None, 0]
    assert facts["clicks"].to_pylist() == [None, 0]
    values = facts["action_values"].to_pylist()
    assert values[0] is None
    assert values[1][0]["total"] == 0
    assert facts["reach"].to_pylist() == [None, None]


def test_a_whole_count_may_be_written_with_zeros_behind_the_point(tmp_path: Path) -> None:
    """Spreadsheets write 3 as 3.0 where a column has an empty cell."""
    assert imported(tmp_path, "2026-03-01;A;1;3.0;").facts["clicks"].to_pylist() == [3]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2026-03-01;A;$5;1;1", ["column 'Cost'", "'$5'", "another currency than EUR"]),
        ("2026-03-01;A;1;€5;1", ["column 'Clicks'", "a count has none"]),
        ("2026-03-01;A;(-5);1;1", ["column 'Cost'", "more than one sign"]),
        ("2026-03-01;A;5%;1;1", ["column 'Cost'", "percent sign"]),
        ("2026-03-01;A;NaN;1;1", ["column 'Cost'", "leave the cell empty"]),
        ("2026-03-01;A;-inf;1;1", ["column 'Cost'", "leave the cell empty"]),
        ("2026-03-01;A;1e999;1;1", ["column 'Cost'", "out of the range"]),
        ("2026-03-01;A;1e99999999;1;1", ["column 'Cost'", "not a number"]),
        (f"2026-03-01;A;{'9' * 5000};1;1", ["column 'Cost'", "not a number"]),
        ("2026-03-01;A;-0.01;1;1", ["column 'Cost'", "'-0.01' is negative"]),
        ("2026-03-01;A;1,23,4;1;1", ["column 'Cost'", "state decimal and thousands"]),
        ("2026-03-01;A;(1.50);1;1", ["column 'Cost'", "'(1.50)' is negative"]),
        ("2026-03-01;A;1_000;1;1", ["column 'Cost'", "not a number"]),
        ("2026-03-01;A;١٢;1;1", ["column 'Cost'", "not a number"]),
        ("2026-03-01;A;1;1.5;1", ["column 'Clicks'", "not a whole number"]),
        ("2026-03-01;A;1;-1;1", ["column 'Clicks'", "'-1' is negative"]),
        ("2026-03-01;A;1;1e999;1", ["column 'Clicks'", "too large"]),
        ("2026-03-01;A;1;9999999999999999999;1", ["column 'Clicks'", "too large"]),
        ("2026-03-01;A;1;1;--", ["column 'Revenue'", "not a number"]),
        ("2026-03-01;A;1;1", ["4 cells", "the header has 5"]),
        ("2026-03-01;A;1;1;1;1", ["6 cells", "the header has 5"]),
        ("2026-03-01; ;1;1;1", ["column 'Campaign'", "the campaign is empty"]),
        (";A;1;1;1", ["column 'Day'", "the day is empty"]),
        ("2026-02-30;A;1;1;1", ["column 'Day'", "'2026-02-30' is not a day such as 2026-03-31"]),
        ("soon;A;1;1;1", ["column 'Day'", "'soon' is not a day"]),
    ],
)
def test_a_row_that_cannot_be_taken_is_left_out_whole(tmp_path: Path, row: str, words: list[str]) -> None:
    """The reason names the column and the cell, and nothing of the row is loaded."""
    result = imported(tmp_path, row, GOOD)
    assert result.facts["entity_id"].to_pylist() == ["Good"]
    assert result.entities["entity_id"].to_pylist() == ["shop", "Good"]
    assert result.report.rejected_count == 1
    assert not result.report.is_complete
    assert result.report.rejected[0].line == 2
    assert all(word in result.report.rejected[0].reason for word in words), result.report.rejected[0].reason


@pytest.mark.parametrize(
    ("stated", "text", "micros"),
    [
        ({"decimal": ","}, "1234,50", 1_234_500_000),
        ({"decimal": ",", "thousands": "."}, "1.234.567,50", 1_234_567_500_000),
        ({"decimal": ",", "thousands": " "}, "1\u202f234,50", 1_234_500_000),
        ({"thousands": ","}, "1,234.50", 1_234_500_000),
        ({"thousands": ","}, "1234.50", 1_234_500_000),
        ({"thousands": "'"}, "1'234", 1_234_000_000),
    ],
)
def test_stated_marks_are_understood(tmp_path: Path, stated: dict[str, str], text: str, micros: int) -> None:
    """Decimal comma and separators of thousands are read where the mapping states them."""
    assert imported(tmp_path, f"2026-03-01;A;{text};1;", **stated).facts["spend_micros"].to_pylist() == [micros]


@pytest.mark.parametrize("text", ["12,34", "1,2345", ",123", "1,234,56", "1.234,5"])
def test_separators_in_odd_places_are_no_number(tmp_path: Path, text: str) -> None:
    """A mark of thousands stands before three digits, or it means something else."""
    assert imported(tmp_path, f"2026-03-01;A;{text};1;", GOOD, thousands=",").report.rejected_count == 1


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_rejected(text: str) -> None:
    """No cell, whatever it holds, ends in another error."""
    for numbers in (NumberFormat(), NumberFormat(",", "."), NumberFormat(".", " ")):
        for kind in ("count", "spend"):
            try:
                figure, _ = numbers.figure(kind, text)
            except RejectedCellError:
                continue
            assert (figure is None) == (not text.strip())
            assert figure is None or figure >= 0


@given(st.integers(min_value=-(10**17), max_value=10**17))
def test_every_amount_of_micros_is_read_back(micros: int) -> None:
    """Six decimals pass without loss."""
    sign, rest = "-" if micros < 0 else "", abs(micros)
    figure = NumberFormat().figure("money", f"{sign}{rest // 10**6}.{rest % 10**6:06}")
    assert figure == (micros, 0)


def test_a_stated_format_is_the_only_one(tmp_path: Path) -> None:
    """Day before month is read; another way to write a day is rejected."""
    result = imported(tmp_path, "1/02/2021;A;1;1;1", "2021-02-02;A;1;1;1", date_format="%d/%m/%Y")
    assert result.facts["date"].to_pylist() == [date(2021, 2, 1)]
    assert "a day written as %d/%m/%Y" in result.report.rejected[0].reason


def test_amounts_in_micros_are_read_as_such_column_by_column(tmp_path: Path) -> None:
    """Google gives cost in millionths and the value of conversions in units."""
    result = imported(
        tmp_path, "2026-03-01;A;36150000;1;30", "2026-03-02;A;2250000.5;1;0.02", GOOD, money_in_micros=["Cost"]
    )
    assert result.facts["spend_micros"].to_pylist() == [36_150_000, 2_250_001, 1]
    totals = [values[0]["total"] for values in result.facts["action_values"].to_pylist()]
    assert totals == [30_000_000, 20_000, 1_000_000]
    assert "money in micros of EUR" in str(result.preview)


def test_micros_of_a_column_that_is_no_amount_are_refused() -> None:
    """A misspelt name would leave amounts a million times too large."""
    with pytest.raises(ValueError, match="'cost_micro', which is not mapped as an amount"):
        Mapping.model_validate({**MAPPING.model_dump(exclude_none=True), "money_in_micros": ["cost_micro"]})
