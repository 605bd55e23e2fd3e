"""One file becomes facts, entities, an account, coverage and a report, all of them explained by the README."""

import re
from dataclasses import FrozenInstanceError
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from aibuyer_kit.connectors import csv_export
from aibuyer_kit.connectors.csv_export import ImportedFile, Mapping, read_export, read_mapping
from aibuyer_kit.connectors.csv_export.ads_manager import EXAMPLE
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import ImportFileError
from aibuyer_kit.core.facts import entity_schema, insight_schema

README = (Path(csv_export.__file__).parent / "README.md").read_text(encoding="utf-8")


def example(language: str) -> str:
    match = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert match
    return match[1]


@pytest.fixture
def shoes(tmp_path: Path) -> ImportedFile:
    """Return the README's own example, imported."""
    (tmp_path / "shoes.csv").write_text(example("csv"), encoding="utf-8")
    (tmp_path / "shoes.toml").write_text(example("toml"), encoding="utf-8")
    return read_export(tmp_path / "shoes.csv", read_mapping(tmp_path / "shoes.toml"))


def mapping(**stated: object) -> Mapping:
    return Mapping.model_validate(
        {
            "account_id": "shop",
            "currency": "EUR",
            "level": "ad",
            "columns": {
                "date": "Day",
                "campaign_id": "C",
                "adset_name": "S",
                "ad_id": "A",
                "ad_name": "N",
                "reach": "R",
            },
            "attributes": {"age": "Age"},
        }
        | stated
    )


def imported(tmp_path: Path, *rows: str, **stated: object) -> ImportedFile:
    file = tmp_path / "shop.csv"
    file.write_text("\n".join(["Day,C,S,A,N,R,Age,Spare", *rows]), encoding="utf-8")
    return read_export(file, mapping(**stated))


def test_the_readme_example_gives_what_it_says(shoes: ImportedFile) -> None:
    """Three facts of one campaign under its breakdowns, money by its comma, results where there are any."""
    facts = shoes.facts.to_pylist()
    assert [fact["breakdown"] for fact in facts] == [
        f'{{"placement":"{place}"}}' for place in ("feed", "stories", "feed")
    ]
    assert [fact["date"] for fact in facts] == [date(2026, 2, 1), date(2026, 2, 1), date(2026, 2, 2)]
    assert [fact["spend_micros"] for fact in facts] == [1_234_500_000, 87_100_000, 1_100_000_000]
    assert [fact["actions"] and fact["actions"][0]["total"] for fact in facts] == [12, None, 9]
    assert (shoes.account.account_id, shoes.account.name, shoes.account.time_zone) == (
        "shoe-shop",
        "Shoe shop",
        "Europe/Kyiv",
    )


def test_the_report_sums_agree_with_the_totals_row_that_was_left_out(shoes: ImportedFile) -> None:
    """The README's totals row holds 2.421,60 and 42600, 652, 21, 960,00; it is counted, not loaded."""
    assert shoes.report.totals == {
        "spend": Decimal("2421.6"),
        "impressions": 42600,
        "clicks": 652,
        "actions.purchase": 21,
        "action_values.purchase": Decimal(960),
    }
    assert (shoes.report.rows_read, shoes.report.rows_kept, shoes.report.totals_rows) == (4, 3, 1)


def test_the_key_table_of_the_readme_names_every_key() -> None:
    """A key that is added to the mapping is documented."""
    documented = set(re.findall(r"^\| `\[?(\w+)\]?` \|", README, re.MULTILINE))
    assert documented == set(Mapping.model_fields)


def test_the_example_in_the_error_message_is_a_mapping(tmp_path: Path) -> None:
    """Who copies the example from the error gets a valid file."""
    (tmp_path / "example.toml").write_text(EXAMPLE, encoding="utf-8")
    assert read_mapping(tmp_path / "example.toml").columns.spend == "Cost"


def test_tables_have_the_schemas_of_the_house(shoes: ImportedFile) -> None:
    """The warehouse is given what it expects, column by column."""
    assert shoes.facts.schema == insight_schema()
    assert shoes.entities.schema == entity_schema()


def test_the_result_cannot_be_changed(shoes: ImportedFile) -> None:
    """A report that was given stays as it was."""
    with pytest.raises(FrozenInstanceError):
        shoes.report.rows_read = 9  # type: ignore[misc]
    with pytest.raises(TypeError):
        shoes.report.totals["spend"] = 1  # type: ignore[index]


def test_every_level_that_a_row_names_becomes_an_entity(tmp_path: Path) -> None:
    """The account, a campaign without a name, an ad set whose name is its id, and two ads with their ages."""
    entities = imported(tmp_path, "2026-03-01,7,Set,1,Ad,5,18-24,", "2026-03-01,7,Set,2,Ad,5,,").entities.to_pylist()
    kept = [
        (row["level"], row["entity_id"], row["campaign_id"], row["adset_id"], row["name"], row["attributes"])
        for row in entities
    ]
    assert kept == [
        ("account", "shop", None, None, "shop", ""),
        ("campaign", "7", None, None, None, ""),
        ("adset", "Set", "7", None, "Set", ""),
        ("ad", "1", "7", "Set", "Ad", '{"age":"18-24"}'),
        ("ad", "2", "7", "Set", "Ad", ""),
    ]


@pytest.mark.parametrize(
    ("stated", "lists"),
    [
        ({}, [[("lead", 4), ("purchase", None)], None, [("lead", 0), ("purchase", 2)]]),
        ({"empty_actions": "none"}, [[("lead", 4)], [], [("lead", 0), ("purchase", 2)]]),
    ],
    ids=["unknown", "none"],
)
def test_an_empty_action_is_unknown_unless_the_mapping_says_none_came(
    tmp_path: Path, stated: dict[str, str], lists: list[list[tuple[str, int | None]] | None]
) -> None:
    """Absent is not zero: of an unknown action the total is null, and a row that tells of none has no list."""
    rows = ["2026-03-01,7,S,1,A,4,,", "2026-03-02,7,S,1,A,,,", "2026-03-03,7,S,1,A,0,,2"]
    result = imported(tmp_path, *rows, actions={"lead": "R", "purchase": "Spare"}, **stated)
    found = [
        actions if actions is None else [(action["action_type"], action["total"]) for action in actions]
        for actions in result.facts["actions"].to_pylist()
    ]
    assert found == lists
    assert result.facts["action_values"].to_pylist() == [None, None, None]


def test_a_renamed_ad_keeps_the_name_of_its_newest_day_and_is_reported(tmp_path: Path) -> None:
    """The order of the lines does not matter, the day does."""
    result = imported(tmp_path, "2026-03-02,7,S,1,New,5,,", "2026-03-01,7,S,1,Old,5,,")
    assert result.entities.to_pylist()[-1]["name"] == "New"
    assert result.report.entity_change_count == 1
    change = result.report.entity_changes[0]
    assert (change.line, change.entity_id, change.field, change.before, change.after) == (2, "1", "name", "Old", "New")


def test_rows_are_all_accounted_for(tmp_path: Path) -> None:
    """Kept, totals, empty and rejected rows make up the rows read; kept rows without a value are counted too."""
    rows = ["2026-03-01,7,S,1,A,5,,", "2026-03-02,7,S,1,A,,,", "", ",,,,,,,", "Total,,,,,9,,", "2026-03-03,,S,1,A,1,,"]
    result = imported(tmp_path, *rows, totals_row={"column": "Day", "equals": "Total"})
    report = result.report
    assert (report.rows_read, report.rows_kept) == (6, 2)
    assert (report.totals_rows, report.empty_rows, report.rejected_count) == (1, 2, 1)
    assert report.rows_without_values == 1
    assert report.unused_columns == ("Spare",)
    assert "2 of 6 rows kept: 1 totals, 2 empty and 1 rejected rows left out" in str(report)


def test_reach_is_not_summed(tmp_path: Path) -> None:
    """People are not new again on the next day, so no total of reach is offered."""
    result = imported(tmp_path, "2026-03-01,7,S,1,A,5,,", "2026-03-02,7,S,1,A,5,,")
    assert result.facts["reach"].to_pylist() == [5, 5]
    assert dict(result.report.totals) == {}


def test_days_without_a_row_are_named(tmp_path: Path) -> None:
    """Gaps between the first and the last day, whatever the order of the lines."""
    days = ["2026-03-09", "2026-03-01", "2026-03-02", "2026-03-05"]
    report = imported(tmp_path, *(f"{day},7,S,1,A,5,," for day in days)).report
    assert report.missing_days == (
        DateRange(date(2026, 3, 3), date(2026, 3, 4)),
        DateRange(date(2026, 3, 6), date(2026, 3, 8)),
    )
    assert report.missing_day_count == 5


def test_a_day_inside_another_row_s_period_is_not_missing(tmp_path: Path) -> None:
    """A short row within a long one ends nothing."""
    columns = {"date": "Day", "date_stop": "Spare", "ad_id": "A", "reach": "R"}
    rows = ["2026-03-01,7,S,1,A,5,,2026-03-09", "2026-03-02,7,S,2,A,5,,2026-03-02", "2026-03-10,7,S,2,A,5,,2026-03-10"]
    assert imported(tmp_path, *rows, columns=columns).report.missing_days == ()


def test_a_long_list_of_rejected_rows_is_cut_and_counted(tmp_path: Path) -> None:
    """The report stays small; the count does not."""
    report = imported(tmp_path, "2026-03-01,7,S,1,A,5,,", *["2026-03-01,7,S,1,A,x,,"] * 250).report
    assert (len(report.rejected), report.rejected_count) == (100, 250)


def test_a_file_of_which_nothing_is_left_is_an_error(tmp_path: Path) -> None:
    """An import of nothing is not a success; the first reason is told."""
    with pytest.raises(ImportFileError, match=r"none of the rows can be used: 2 rejected, the first on line 2: .*'x'"):
        imported(tmp_path, "2026-03-01,7,S,1,A,x,,", "2026-03-01,7,S,1,A,y,,")
    with pytest.raises(ImportFileError, match=r"only totals rows \(1\)"):
        imported(tmp_path, "Total,,,,,9,,", totals_row={"column": "Day", "equals": "Total"})


def test_an_id_that_a_spreadsheet_shortened_is_rejected(tmp_path: Path) -> None:
    """Many ads would become one; a name of that shape is only a name."""
    report = imported(tmp_path, "2026-03-01,7,1.5E+9,1.20212E+17,A,5,,", "2026-03-01,7,1.5E+9,2,A,5,,").report
    assert report.rows_kept == 1
    assert "spreadsheet shortened" in report.rejected[0].reason


def test_a_row_that_ends_before_it_begins_is_rejected(tmp_path: Path) -> None:
    """A period runs forwards."""
    columns = {"date": "Day", "date_stop": "Spare", "ad_id": "A", "reach": "R"}
    report = imported(
        tmp_path, "2026-03-02,7,S,1,A,5,,2026-03-01", "2026-03-01,7,S,1,A,5,,2026-03-01", columns=columns
    ).report
    assert [row.reason for row in report.rejected] == [
        "column 'Spare': the row ends (2026-03-01) before it begins (2026-03-02)"
    ]


def test_totals_without_dates_stand_for_the_stated_period(tmp_path: Path) -> None:
    """Each row covers all of the period, and no day of it is missing."""
    columns = {"ad_id": "A", "reach": "R"}
    period = {"since": date(2017, 8, 1), "until": date(2017, 8, 31)}
    result = imported(tmp_path, ",7,S,1,A,5,,", columns=columns, period=period)
    assert result.coverage == DateRange(date(2017, 8, 1), date(2017, 8, 31))
    assert (result.facts["date"].to_pylist(), result.facts["date_stop"].to_pylist()) == (
        [date(2017, 8, 1)],
        [date(2017, 8, 31)],
    )
    assert result.report.missing_day_count == 0


def test_an_account_level_file_needs_no_ids(tmp_path: Path) -> None:
    """A row is about the account itself."""
    result = imported(
        tmp_path, "2026-03-01,7,S,1,A,5,,", level="account", columns={"date": "Day", "clicks": "R"}, attributes={}
    )
    assert result.facts["entity_id"].to_pylist() == ["shop"]
    assert result.entities["level"].to_pylist() == ["account"]
