"""Actions in long form, by attribution window: in a file beside the export, or as the export itself."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from aibuyer_kit.connectors.csv_export import ImportedFile, Mapping, read_export
from aibuyer_kit.core.errors import ImportFileError

ADS = "ad,day,shown,spent\n1,2026-03-01,100,5.5\n2,2026-03-01,200,7\n"
ACTIONS = """\
ad,day,type,all,click,view
1,2026-03-01,purchase,3.0,2.0,1.0
1,2026-03-01,lead,4,4,
9,2026-03-02,purchase,1,1,
"""
LIST = {"kind": "actions", "action_type": "type", "total": "all", "click_7d": "click", "view_1d": "view"}
COLUMNS = {"date": "day", "ad_id": "ad", "impressions": "shown", "spend": "spent"}


def imported(tmp_path: Path, main: str = ADS, actions: str = ACTIONS, **stated: object) -> ImportedFile:
    (tmp_path / "ads.csv").write_text(main, encoding="utf-8")
    (tmp_path / "actions.csv").write_text(actions, encoding="utf-8")
    described = {"account_id": "7", "currency": "USD", "level": "ad", "columns": COLUMNS}
    lists = {"long_actions": [LIST | {"file": "actions.csv"}]}
    return read_export(tmp_path / "ads.csv", Mapping.model_validate(described | lists | stated))


def windows(**known: int) -> dict[str, int | None]:
    return dict.fromkeys(["total", "click_1d", "click_7d", "click_28d", "view_1d"]) | known


def test_a_list_beside_the_export_gives_its_ads_their_actions(tmp_path: Path) -> None:
    """By ad and day; an ad that only the list names is a fact whose other figures are unknown."""
    result = imported(tmp_path)
    facts = {fact["entity_id"]: fact for fact in result.facts.to_pylist()}
    assert facts["1"]["actions"] == [
        {"action_type": "purchase"} | windows(total=3, click_7d=2, view_1d=1),
        {"action_type": "lead"} | windows(total=4, click_7d=4),
    ]
    assert (facts["1"]["spend_micros"], facts["2"]["actions"], facts["9"]["spend_micros"]) == (5_500_000, None, None)
    assert (facts["9"]["date"], facts["9"]["actions"][0]["total"]) == (date(2026, 3, 2), 1)
    assert [row["entity_id"] for row in result.entities.to_pylist()] == ["7", "1", "2", "9"]
    assert result.report.totals == {
        "spend": Decimal("12.5"),
        "impressions": 300,
        "actions.purchase": 4,
        "actions.lead": 4,
    }
    assert [(file.name, file.rows_read, file.rows_kept) for file in result.report.second_files] == [
        ("actions.csv", 3, 3)
    ]


def test_an_ad_without_a_row_in_the_list_had_none_if_the_mapping_says_so(tmp_path: Path) -> None:
    """Absent is unknown unless it is stated."""
    facts = imported(tmp_path, empty_actions="none").facts.to_pylist()
    assert facts[1]["actions"] == []


def test_values_of_a_list_are_money(tmp_path: Path) -> None:
    """In micros; a refund is negative."""
    text = "ad,day,type,all\n1,2026-03-01,purchase,$99.50\n1,2026-03-01,refund,-5\n"
    values = {"kind": "action_values", "file": "actions.csv", "action_type": "type", "total": "all"}
    result = imported(tmp_path, actions=text, long_actions=[values])
    totals = [each["total"] for each in result.facts["action_values"].to_pylist()[0]]
    assert totals == [99_500_000, -5_000_000]
    assert result.report.totals["action_values.refund"] == -5
    assert result.facts["actions"].to_pylist() == [None, None]


def test_an_export_may_be_the_list_itself(tmp_path: Path) -> None:
    """Rows of one ad and day become one fact; a row that cannot be read is left out and told."""
    text = ACTIONS + "2,2026-03-02,lead,many,,\n2,2026-03-02,,1,,\nTotal,,,9,,\n"
    result = imported(tmp_path, main=text, columns={"date": "day", "ad_id": "ad"}, long_actions=[LIST])
    facts = [(fact["entity_id"], len(fact["actions"])) for fact in result.facts.to_pylist()]
    assert facts == [("1", 2), ("9", 1)]
    report = result.report
    assert (report.rows_read, report.rows_kept, report.totals_rows, report.rejected_count) == (6, 3, 1, 2)
    assert "'many' is not a number" in report.rejected[0].reason
    assert "the action type is empty" in report.rejected[1].reason


def test_an_action_named_twice_is_refused(tmp_path: Path) -> None:
    """A sum would count it twice."""
    with pytest.raises(ImportFileError, match=r"actions\.csv: line 5 names the action 'lead' of the ad '1'"):
        imported(tmp_path, actions=ACTIONS + "1,2026-03-01,lead,1,,\n")


def test_rows_of_the_second_file_that_cannot_be_read_are_told_with_its_name(tmp_path: Path) -> None:
    """The import is then not complete, though every row of the export was kept."""
    report = imported(tmp_path, actions=ACTIONS + "1,soon,lead,1,,\n").report
    assert (report.rejected_count, report.is_complete) == (0, False)
    assert "actions.csv: column 'day': 'soon' is not a day" in report.second_files[0].rejected[0].reason
    assert "actions.csv: 3 of 4 rows kept" in str(report)


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ({"file": "../actions.csv"}, "a file in the same folder"),
        ({"file": "none.csv"}, "cannot be read"),
        ({"file": "actions.csv", "total": "sum"}, "long_actions.total is the column 'sum'"),
    ],
)
def test_a_list_that_is_not_there_is_named(tmp_path: Path, stated: dict[str, str], words: str) -> None:
    """The file beside the export and its columns are checked before anything is read."""
    with pytest.raises(ImportFileError, match=words):
        imported(tmp_path, long_actions=[LIST | stated])
