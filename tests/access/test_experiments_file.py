"""`experiments.csv`: what is read, and what is refused with its line."""

from datetime import date
from pathlib import Path

import pytest

from aibuyer_kit.access.clients import open_client
from aibuyer_kit.access.experiments_file import ExperimentRow, client_experiments
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import ExperimentError

HEADER = "object_id,since,until,spend,results,standard_error"
MARCH = DateRange(date(2026, 3, 1), date(2026, 3, 14))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A client without anything."""
    client = tmp_path / "clients" / "shop"
    client.mkdir(parents=True)
    (client / "client.toml").write_text('name = "Shop"\n', encoding="utf-8")
    return tmp_path


def read(folder: Path, text: str) -> tuple[ExperimentRow, ...]:
    (folder / "clients/shop/experiments.csv").write_text(text, encoding="utf-8")
    return client_experiments(open_client(folder, "shop"))


def test_a_client_without_the_file_has_no_experiments(folder: Path) -> None:
    """Nothing has to be there."""
    assert client_experiments(open_client(folder, "shop")) == ()


def test_each_row_is_one_test(folder: Path) -> None:
    """Columns in any order, empty lines do not count, a lift may be below zero; a byte order mark is no matter."""
    first = f"\ufeff{HEADER}\n120210,2026-03-01,2026-03-14,840.00,62,17.8\n\n120211,2026-03-01,2026-03-14,0,-3,9\n"
    assert read(folder, first) == (
        ExperimentRow("120210", MARCH, 840.0, 62.0, 17.8),
        ExperimentRow("120211", MARCH, 0.0, -3.0, 9.0),
    )
    turned = "results,object_id,until,since,standard_error,spend\n62,120210,2026-03-14,2026-03-01,17.8,840\n"
    assert read(folder, turned) == (ExperimentRow("120210", MARCH, 840.0, 62.0, 17.8),)


def test_the_day_on_which_a_result_was_known_may_be_told(folder: Path) -> None:
    """In a column of its own, empty where nobody knows."""
    rows = "120210,2026-03-01,2026-03-14,840,62,17,2026-04-02\n120211,2026-03-01,2026-03-14,840,62,17,\n"
    assert [row.known_on for row in read(folder, f"{HEADER},known_on\n{rows}")] == [date(2026, 4, 2), None]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("object,since\n", "first line"),
        (f"{HEADER}\n1,2026-03-01,2026-03-14,840,62\n", "line 2: it has 5 values"),
        (f"{HEADER}\n,2026-03-01,2026-03-14,840,62,17\n", "line 2: object_id is empty"),
        (f"{HEADER}\n1,01.03.2026,2026-03-14,840,62,17\n", "line 2: since is '01.03.2026'"),
        (f"{HEADER}\n1,2026-03-14,2026-03-01,840,62,17\n", "line 2: The period ends"),
        (f"{HEADER}\n1,2026-03-01,2026-03-14,-1,62,17\n", "line 2: spend is '-1'"),
        (f"{HEADER}\n1,2026-03-01,2026-03-14,840,nan,17\n", "line 2: results is 'nan'"),
        (f'{HEADER}\n1,2026-03-01,2026-03-14,"840,5",62,17\n', "line 2: spend is '840,5'"),
        (f"{HEADER}\n1,2026-03-01,2026-03-14,840,62,0\n", "line 2: standard_error is '0'"),
        (
            f"{HEADER},known_on\n1,2026-03-01,2026-03-14,840,62,17,2026-03-13\n",
            "known_on is 2026-03-13, before",
        ),
        (f"{HEADER},{HEADER}\n", "first line"),
        (f"{HEADER}\n" + "1,2026-03-01,2026-03-14,840,62,17\n" * 2, "line 3: the same object and days stand on line 2"),
    ],
    ids=[
        "header",
        "too few",
        "no id",
        "day",
        "order",
        "negative spend",
        "nan",
        "comma",
        "no error",
        "known early",
        "named twice",
        "twice",
    ],
)
def test_what_is_wrong_is_told_with_its_line(folder: Path, rows: str, told: str) -> None:
    """Nothing is mended."""
    with pytest.raises(ExperimentError, match=told):
        read(folder, rows)


def test_a_link_that_leads_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    """One client's tests are read from its own folder only."""
    outside = tmp_path / "outside.csv"
    outside.write_text(HEADER + "\n", encoding="utf-8")
    (folder / "clients/shop/experiments.csv").symlink_to(outside)
    with pytest.raises(ExperimentError, match="link"):
        client_experiments(open_client(folder, "shop"))
