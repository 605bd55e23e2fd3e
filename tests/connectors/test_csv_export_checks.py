"""A file that would count something twice is refused, with the lines and the column that tells them apart."""

from pathlib import Path

import pytest

from aibuyer_kit.connectors.csv_export import Mapping, read_export
from aibuyer_kit.core.errors import ImportFileError


def read(tmp_path: Path, *rows: str, **columns: str) -> int:
    file = tmp_path / "shop.csv"
    file.write_text("\n".join(["Day,End,Campaign,Id,Device,Cost", *rows]), encoding="utf-8")
    named = {"date": "Day", "date_stop": "End", "campaign_name": "Campaign", "spend": "Cost"} | columns
    mapping = {"account_id": "shop", "currency": "EUR", "level": "ad" if "ad_name" in columns else "campaign"}
    return read_export(file, Mapping.model_validate(mapping | {"columns": named})).report.rows_kept


def refusal(tmp_path: Path, *rows: str, **columns: str) -> str:
    with pytest.raises(ImportFileError) as caught:
        read(tmp_path, *rows, **columns)
    return str(caught.value)


def test_two_rows_of_one_key_are_refused_with_the_column_that_differs(tmp_path: Path) -> None:
    """Summing them would be silent mending; a device is a breakdown that the mapping forgot."""
    message = refusal(
        tmp_path,
        "2026-03-01,2026-03-01,Boots,1,mobile,5",
        "2026-03-02,2026-03-02,Boots,1,mobile,5",
        "2026-03-01,2026-03-01,Boots,1,desktop,7",
    )
    assert "lines 2 and 4 are both about the campaign 'Boots' on 2026-03-01" in message
    assert "tell them apart: Device." in message
    assert "[breakdowns]" in message


def test_an_id_that_was_not_mapped_is_offered(tmp_path: Path) -> None:
    """Two campaigns of one name are told apart by their ids."""
    rows = ["2026-03-01,2026-03-01,Boots,1,,5", "2026-03-01,2026-03-01,Boots,2,,5"]
    assert "tell them apart: Id." in refusal(tmp_path, *rows)
    assert read(tmp_path, *rows, campaign_id="Id") == 2


def test_a_row_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    """An export that was pasted together with itself is not loaded, and no column can help."""
    row = "2026-03-01,2026-03-01,Boots,1,mobile,5"
    assert "Nothing but the figures tells them apart" in refusal(tmp_path, row, row)


def test_a_total_beside_its_days_is_refused(tmp_path: Path) -> None:
    """A month and one of its days share that day."""
    message = refusal(tmp_path, "2026-03-05,2026-03-05,Boots,1,mobile,5", "2026-03-01,2026-03-31,Boots,1,mobile,90")
    assert "lines 2 and 3" in message
    assert "2026-03-05 and 2026-03-01 to 2026-03-31" in message


def test_neighbouring_periods_and_other_campaigns_pass(tmp_path: Path) -> None:
    """Only a shared day of one entity is counted twice."""
    kept = read(
        tmp_path,
        "2026-03-01,2026-03-07,Boots,1,,5",
        "2026-03-08,2026-03-14,Boots,1,,5",
        "2026-03-01,2026-03-14,Socks,2,,5",
    )
    assert kept == 3


def test_an_ad_of_one_name_in_two_campaigns_is_refused(tmp_path: Path) -> None:
    """Without ids two ads of one name would become one."""
    rows = ["2026-03-01,2026-03-01,Boots,Video,,5", "2026-03-02,2026-03-02,Socks,Video,,5"]
    message = refusal(tmp_path, *rows, ad_name="Id")
    assert "the ad 'Video' is in the campaign 'Boots' on line 2 and in 'Socks' on line 3" in message
    assert "columns.ad_id" in message
