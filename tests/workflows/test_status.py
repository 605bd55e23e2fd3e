"""The state of a client's data, by hand and on a clock that stands still."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import add_client
from aibuyer_kit.workflows.doctor import examine
from aibuyer_kit.workflows.status import client_status, workspace_status

from .accounts import add_account, client, load_days

COLUMNS = (
    "data_as_of",
    "age_minutes",
    "first_day",
    "last_day",
    "loads",
    "broken_loads",
    "quarantined",
    "reconciliation",
    "in_doubt",
    "models",
)


def test_the_row_tells_how_fresh_the_data_is_and_which_reads_broke_off(tmp_path: Path) -> None:
    """Time stands at the last whole read, 07:40 UTC: 10:40 in Kyiv in summer, and of no age."""
    shop = client(tmp_path)
    add_account(shop, "act_1", "Europe/Kyiv", "EUR", "2026-06-01T07:30+00:00")
    load_days(shop, {"2026-05-30": 1.0, "2026-05-31": 2.0}, known_at="2026-06-01T07:40+00:00")
    load_days(shop, {"2026-06-01": 3.0}, known_at="2026-06-01T09:00+00:00", extent="broken")
    assert client_status(shop) == {
        "client": "shop",
        "data_as_of": "2026-06-01T10:40+03:00",
        "age_minutes": 0,
        "first_day": date(2026, 5, 30),
        "last_day": date(2026, 5, 31),
        "loads": 3,
        "broken_loads": 1,
        "quarantined": 0,
        "reconciliation": "not yet compared",
        "in_doubt": 0,
        "models": None,
    }


def test_of_two_accounts_the_stalest_tells_the_age(tmp_path: Path) -> None:
    """One was read at 06:00 and the other at 09:00, on a clock that the platform's last word has stopped."""
    shop = client(tmp_path)
    load_days(shop, {"2026-05-31": 1.0}, known_at="2026-06-01T06:00+00:00")
    load_days(shop, {"2026-06-01": 1.0}, known_at="2026-06-01T09:00+00:00", account_id="act_2")
    row = client_status(shop)
    assert (row["data_as_of"], row["age_minutes"]) == ("2026-06-01T06:00+00:00", 0)
    assert (row["first_day"], row["last_day"]) == (date(2026, 5, 31), date(2026, 6, 1))


def test_on_the_machines_clock_the_age_is_counted_from_now(tmp_path: Path) -> None:
    """A read that ended an hour and a half ago; the test itself may take a minute."""
    shop = client(tmp_path, clock="system")
    read_at = datetime.now(UTC) - timedelta(minutes=90, seconds=1)
    load_days(shop, {"2026-05-31": 1.0}, known_at=read_at.isoformat())
    assert client_status(shop)["age_minutes"] in (90, 91)


def test_a_client_without_data_is_a_row_without_figures(tmp_path: Path) -> None:
    """It is listed among the others, and it is not an error."""
    assert client_status(client(tmp_path)) == {"client": "shop"} | dict.fromkeys(COLUMNS)


def test_a_broken_client_hides_no_other(tmp_path: Path) -> None:
    """A client file and a snapshot that cannot be read are told in their own rows."""
    for client_id in ("bad-file", "bad-snapshot", "tea"):
        shop = add_client(tmp_path, client_id, ClientFile(name="Sample", clock="platform"))
        load_days(shop, {"2026-05-31": 1.0}, known_at="2026-06-01T06:00+00:00")
    (tmp_path / "clients" / "bad-file" / "client.toml").write_text("name = 1\n", encoding="utf-8")
    (snapshot,) = (tmp_path / "clients" / "bad-snapshot" / "warehouse").glob("snapshot-*.duckdb")
    snapshot.write_bytes(b"not a database")
    file, damaged, well = workspace_status(tmp_path)
    assert "client.toml: name" in file["problem"]
    assert "snapshot-1.duckdb" in damaged["problem"]
    assert "is damaged" in damaged["problem"]
    assert (well["client"], well["loads"], well["problem"]) == ("tea", 1, None)


@pytest.mark.parametrize(
    "content", ["{", '{"models": {}, "parameters": {"rate": 7}}', '{"models": [], "parameters": {}}']
)
def test_a_damaged_file_of_the_models_hides_no_other_column(tmp_path: Path, content: str) -> None:
    """What is known of the data stands beside what is wrong, with what to do and what it costs."""
    shop = client(tmp_path)
    load_days(shop, {"2026-05-31": 1.0}, known_at="2026-06-01T06:00+00:00")
    shop.models.mkdir(parents=True)
    (shop.models / "upkeep.json").write_text(content, encoding="utf-8")
    row = client_status(shop)
    assert (row["loads"], row["last_day"]) == (1, date(2026, 5, 31))
    assert "upkeep.json is damaged. Remove it" in row["models"]
    assert "parameters that were tuned" in row["models"]


def test_doctor_and_status_tell_the_time_on_the_accounts_clock(example_workspace: Path) -> None:
    """09:30 in Kyiv is not 06:30 in one of the two."""
    (row,) = workspace_status(example_workspace)
    (found,) = (each for each in examine(example_workspace) if each.check == "sample-shop: warehouse")
    assert row["data_as_of"] == "2026-06-03T09:30+03:00"
    assert f"data as of {row['data_as_of']} (account time)" in found.detail
