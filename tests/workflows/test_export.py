"""What leaves for a spreadsheet: no formula is live, in cells or headers, and numbers are exact."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.workflows.export import write_csv, write_xlsx

PAYLOADS = [
    *("=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "=cmd|' /C calc'!A0"),
    *('=HYPERLINK("http://127.0.0.1","x")', "-2+3+cmd|' /C calc'!A0", "@=1", "\t\t@a"),
]
NUMBERS = [-1234.5, -3, 0, 0.1, 1e-7, 123456.789012, 10**15 - 1, -0.000001]


def cells_of(file: Path) -> list[list[tuple[str, object]]]:
    """Return the type and value of every cell of a workbook."""
    return [[(cell.data_type, cell.value) for cell in row] for row in load_workbook(file).worksheets[0].iter_rows()]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_formula_is_live_in_a_workbook(tmp_path: Path, payload: str) -> None:
    """In a cell and in a header, of rows and of a frame."""
    for table in ([{payload: payload, "n": -5}], pd.DataFrame({payload: [payload], "n": [-5]})):
        assert write_xlsx(tmp_path / "out.xlsx", table) == 1
        head, row = cells_of(tmp_path / "out.xlsx")
        assert {kind for kind, _ in (*head, *row)} <= {"s", "n"}
        assert [str(head[0][1])[0], str(row[0][1])[0]] == ["'", "'"]
        assert row[1] == ("n", -5)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_formula_begins_a_cell_of_a_csv_file(tmp_path: Path, payload: str) -> None:
    """Read with commas, and read by a program whose lists are separated by semicolons or tabs."""
    write_csv(tmp_path / "out.csv", [{payload: f"a;{payload}", "n": -5, "b": f"x\t{payload}", "c": payload}])
    text = (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    for delimiter in ",;\t":
        for cell in (cell for row in csv.reader(text.splitlines(), delimiter=delimiter) for cell in row):
            assert cell == "-5" or not cell.lstrip(' "').startswith(("=", "+", "-", "@")), (delimiter, cell)


@given(st.text())
def test_any_text_becomes_a_text_of_a_workbook(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever a stranger calls a campaign."""
    file = tmp_path_factory.mktemp("any") / "out.xlsx"
    write_xlsx(file, [{"name": text or "x"}])
    assert cells_of(file)[1][0][0] == "s"


def test_numbers_come_back_exactly(tmp_path: Path) -> None:
    """Negative ones too; what a spreadsheet would cut is text."""
    rows = [{"number": number, "id": 120212345678901234, "exact": Decimal("-1.10")} for number in NUMBERS]
    write_xlsx(tmp_path / "out.xlsx", rows)
    write_csv(tmp_path / "out.csv", rows)
    body = cells_of(tmp_path / "out.xlsx")[1:]
    assert [row[0] for row in body] == [("n", number) for number in NUMBERS]
    assert body[0][1:] == [("s", "120212345678901234"), ("n", -1.1)]
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    assert [float(row["number"]) for row in found] == NUMBERS
    assert (found[0]["id"], found[0]["exact"]) == ("120212345678901234", "-1.10")


def test_days_and_unknown_values_keep_their_meaning(tmp_path: Path) -> None:
    """Days are days, a moment with its zone is text, and unknown is empty, in rows and in a frame of pandas."""
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    rows = [{"day": date(2026, 3, 1), "at": moment, "none": None, "nan": float("nan"), "yes": True}]
    frame = pd.DataFrame({"day": pd.to_datetime(["2026-03-01"]), "at": [moment], "nat": [pd.NaT], "na": [pd.NA]})
    for table in (rows, frame):
        write_xlsx(tmp_path / "out.xlsx", table)
        day, at, *unknown = cells_of(tmp_path / "out.xlsx")[1]
        assert (day[0], at) == ("d", ("s", "2026-03-01T12:00:00+00:00"))
        assert [value for _, value in unknown[:2]] == [None, None]
    write_csv(tmp_path / "out.csv", rows)
    assert (tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()[1] == (
        "2026-03-01,2026-03-01T12:00:00+00:00,,,True"
    )


def test_a_table_without_rows_is_written_with_its_header(tmp_path: Path) -> None:
    """An empty frame still names its columns."""
    assert write_csv(tmp_path / "out.csv", pd.DataFrame({"=a": []})) == 0
    assert (tmp_path / "out.csv").read_bytes() == b"\xef\xbb\xbf'=a\r\n"
    assert write_xlsx(tmp_path / "out.xlsx", []) == 0


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    """It appears whole or not at all, and nothing unfinished stays behind."""
    file = tmp_path / "out.xlsx"
    write_xlsx(file, [{"a": 1}])
    with pytest.raises(InputError, match="longer than a cell"):
        write_xlsx(file, [{"a": "x" * 40_000}])
    assert cells_of(file)[1] == [("n", 1)]
    assert [path.name for path in tmp_path.iterdir()] == ["out.xlsx"]
    with pytest.raises(InputError, match="cannot be written"):
        write_csv(tmp_path / "none" / "out.csv", [{"a": 1}])
