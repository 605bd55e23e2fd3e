"""Workbooks: values as they are shown, one sheet by choice, and nothing that a crafted archive could do."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from aibuyer_kit.connectors.csv_export import Choices, ImportedFile, Mapping, read_export
from aibuyer_kit.connectors.csv_export import workbook as workbook_module
from aibuyer_kit.core.errors import ImportFileError

HEAD = ("Day", "Campaign", "Cost", "Clicks")
ROW = (date(2026, 3, 1), "Boots", 10.5, 7)
MAPPING = Mapping.model_validate(
    {
        "account_id": "shop",
        "currency": "EUR",
        "level": "campaign",
        "columns": {"date": "Day", "campaign_name": "Campaign", "spend": "Cost", "clicks": "Clicks"},
    }
)


def filled(*rows: Sequence[object], book: Workbook | None = None, title: str = "Data") -> Worksheet:
    book = book or Workbook()
    sheet = book.active if book.active is not None and book.active.max_row == 1 else book.create_sheet()
    assert isinstance(sheet, Worksheet)
    sheet.title = title
    for row in rows:
        sheet.append(row)
    return sheet


def imported(tmp_path: Path, sheet: Worksheet, choices: Choices | None = None, **stated: object) -> ImportedFile:
    file = tmp_path / "shop.xlsx"
    assert sheet.parent is not None
    sheet.parent.save(file)
    return read_export(file, MAPPING.model_copy(update=stated), choices or Choices())


def rewritten(tmp_path: Path, sheet: Worksheet, part: str, change: Iterable[tuple[str, str]]) -> Path:
    """Save the workbook with one part changed as text."""
    content, file = io.BytesIO(), tmp_path / "shop.xlsx"
    assert sheet.parent is not None
    sheet.parent.save(content)
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name)
            if name == part:
                for before, after in change:
                    assert before.encode() in text, text
                    text = text.replace(before.encode(), after.encode())
            new.writestr(name, text)
    return file


def test_numbers_and_days_are_what_the_cells_hold(tmp_path: Path) -> None:
    """1.234 of a workbook is no thousand, 19.99 is no 19.989999999999998, and a date has no format to guess."""
    rows = [
        ROW,
        (datetime.combine(date(2026, 3, 2), time()), "Boots", 1.234, 3.0),
        (date(2026, 3, 3), "Boots", 19.99, None),
    ]
    result = imported(tmp_path, filled(HEAD, *rows))
    assert result.facts["date"].to_pylist() == [date(2026, 3, day) for day in (1, 2, 3)]
    assert result.facts["spend_micros"].to_pylist() == [10_500_000, 1_234_000, 19_990_000]
    assert result.facts["clicks"].to_pylist() == [7, 3, None]
    assert result.report.rounded_amounts == 0


def test_texts_in_a_workbook_are_read_like_those_of_a_csv_file(tmp_path: Path) -> None:
    """A spreadsheet that was pasted together holds numbers and texts in one column."""
    result = imported(
        tmp_path, filled(HEAD, ROW, ("02.03.2026", "Boots", "1 234,50 €", "1 000"), ("13.03.2026", "B", 5, 1))
    )
    assert result.facts["spend_micros"].to_pylist() == [10_500_000, 1_234_500_000, 5_000_000]
    assert result.facts["clicks"].to_pylist() == [7, 1000, 1]


def test_days_of_the_other_calendar_are_four_years_later(tmp_path: Path) -> None:
    """Old spreadsheets of a Macintosh count from 1904."""
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    sheet = filled(HEAD)
    assert sheet.parent is not None
    sheet.parent.epoch = CALENDAR_MAC_1904
    sheet.append(ROW)
    assert imported(tmp_path, sheet).facts["date"].to_pylist() == [date(2026, 3, 1)]


def test_a_formula_gives_the_result_stored_with_it(tmp_path: Path) -> None:
    """Nothing is calculated: the spreadsheet did that when it saved."""
    sheet = filled(HEAD, (date(2026, 3, 1), "Boots", "=5*2.1", 7))
    file = rewritten(tmp_path, sheet, "xl/worksheets/sheet1.xml", [("<f>5*2.1</f><v />", "<f>5*2.1</f><v>10.5</v>")])
    assert read_export(file, MAPPING).facts["spend_micros"].to_pylist() == [10_500_000]


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_formula_without_a_result_is_not_an_empty_cell(tmp_path: Path, place: int) -> None:
    """A program that writes formulas without calculating them leaves no value: the row is left out by name."""
    row = [*ROW]
    row[place] = "=1+1"
    report = imported(tmp_path, filled(HEAD, row, (date(2026, 3, 2), "Boots", 1, 1))).report
    assert [each.line for each in report.rejected] == [2]
    assert "a formula without" in report.rejected[0].reason


def test_an_id_kept_as_a_number_of_over_fifteen_digits_is_left_out(tmp_path: Path) -> None:
    """A spreadsheet keeps fifteen digits; text keeps all of them."""
    rows = [(date(2026, 3, 1), text, 1, 1) for text in (120212345678901234, "120212345678901234", 77)]
    columns = MAPPING.columns.model_copy(update={"campaign_id": "Campaign", "campaign_name": None})
    result = imported(tmp_path, filled(HEAD, *rows), columns=columns)
    assert result.facts["entity_id"].to_pylist() == ["120212345678901234", "77"]
    assert "keep it as text" in result.report.rejected[0].reason
    whole = filled(HEAD, (date(2026, 3, 1), 77, 1, 1), (date(2026, 3, 1), 78, 1, 1))
    file = rewritten(tmp_path, whole, "xl/worksheets/sheet1.xml", [("<v>77</v>", "<v>1202123456789012</v>")])
    read = read_export(file, MAPPING.model_copy(update={"columns": columns}))
    assert read.facts["entity_id"].to_pylist() == ["78"]


def test_shared_texts_are_looked_up(tmp_path: Path) -> None:
    """Most programs keep each text once; parts of different looks are one text, and a reading aid is none."""
    change = [('t="inlineStr"><is><t>Boots</t></is>', 't="s"><v>1</v>')]
    file = rewritten(tmp_path, filled(HEAD, ROW), "xl/worksheets/sheet1.xml", change)
    shared = "<sst><si><t>Socks</t></si><si><r><t>Бо</t></r><r><t>ти</t></r><rPh><t>aid</t></rPh></si></sst>"
    with zipfile.ZipFile(file) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(file, "w") as new:
        for name, content in (parts | {"xl/sharedStrings.xml": shared.encode()}).items():
            new.writestr(name, content)
    assert read_export(file, MAPPING).facts["entity_id"].to_pylist() == ["Боти"]


def test_percent_cells_are_compared_as_percent(tmp_path: Path) -> None:
    """A cell that shows 12.5% holds 0.125."""
    sheet = filled((*HEAD, "CTR"), (*ROW, 0.125), (date(2026, 3, 2), "Boots", 8, 1, 0.5))
    sheet["E2"].number_format = sheet["E3"].number_format = "0.0%"
    mapping = MAPPING.model_dump() | {"ratios": [{"column": "CTR", "of": "clicks", "per": "spend"}]}
    file = tmp_path / "shop.xlsx"
    assert sheet.parent is not None
    sheet.parent.save(file)
    report = read_export(file, Mapping.model_validate(mapping)).report
    assert [(each.line, each.stated, each.counted) for each in report.ratio_differences] == [
        (2, "12.5%", "66.7%"),
        (3, "50%", "13%"),
    ]


def test_cells_that_are_not_written_are_empty(tmp_path: Path) -> None:
    """A row may end early, leave places out, or not be written at all; lines are still counted right."""
    sheet = filled(HEAD)
    sheet["A5"], sheet["B5"], sheet["D5"] = ROW[0], ROW[1], 7
    sheet["A6"], sheet["B6"] = date(2026, 3, 2), "Boots"
    result = imported(tmp_path, sheet)
    assert result.facts["spend_micros"].to_pylist() == [None, None]
    assert result.facts["clicks"].to_pylist() == [7, None]
    sheet["A7"] = "soon"
    assert [row.line for row in imported(tmp_path, sheet).report.rejected] == [7]


def test_one_filled_visible_sheet_is_taken_by_itself(tmp_path: Path) -> None:
    """Hidden sheets and empty ones are no choice."""
    sheet = filled(HEAD, ROW)
    assert sheet.parent is not None
    sheet.parent.create_sheet("Empty")
    hidden = filled(HEAD, (date(2026, 3, 1), "Secret", 99, 9), book=sheet.parent, title="Hidden")
    hidden.sheet_state = "hidden"
    result = imported(tmp_path, sheet)
    assert result.facts["entity_id"].to_pylist() == ["Boots"]
    assert result.preview.source == "XLSX, sheet 'Data'"


def test_of_several_sheets_one_is_stated(tmp_path: Path) -> None:
    """The error names the visible ones, the key and the option; a hidden one may be stated too."""
    sheet = filled(HEAD, ROW, title="Formatted Report")
    filled(HEAD, (date(2026, 3, 1), "Raw", 5, 5), book=sheet.parent, title="Raw Data Report")
    filled(HEAD, (date(2026, 3, 1), "Secret", 9, 9), book=sheet.parent, title="Old").sheet_state = "veryHidden"
    with pytest.raises(ImportFileError) as caught:
        imported(tmp_path, sheet)
    for words in ("2 sheets: 'Formatted Report', 'Raw Data Report'", 'sheet = "Raw', "--sheet", "stated: 'Old'"):
        assert words in str(caught.value)
    for stated, name in (("Raw Data Report", "Raw"), ("Old", "Secret")):
        assert imported(tmp_path, sheet, Choices(sheet=stated)).facts["entity_id"].to_pylist() == [name]
    in_the_mapping = read_export(tmp_path / "shop.xlsx", MAPPING.model_copy(update={"sheet": "Old"}))
    assert in_the_mapping.facts["entity_id"].to_pylist() == ["Secret"]
    with pytest.raises(ImportFileError, match="there is no sheet 'New'"):
        imported(tmp_path, sheet, Choices(sheet="New"))


def test_merged_names_over_columns_are_part_of_their_names(tmp_path: Path) -> None:
    """A title over all columns is passed over; a name over two columns belongs to both."""
    sheet = filled(
        ("Report of March",),
        ("Day", "Campaign", "Facebook", None),
        (None, None, "Cost", "Clicks"),
        ROW,
    )
    for cells in ("A1:D1", "A2:A3", "B2:B3", "C2:D2"):
        sheet.merge_cells(cells)
    columns = MAPPING.columns.model_copy(update={"spend": "Facebook Cost", "clicks": "Facebook Clicks"})
    result = imported(tmp_path, sheet, columns=columns)
    assert [each.column for each in result.preview.columns] == ["Day", "Campaign", "Facebook Cost", "Facebook Clicks"]
    assert (result.facts["spend_micros"].to_pylist(), result.facts["clicks"].to_pylist()) == ([10_500_000], [7])


def test_a_header_below_notes_is_stated_by_its_line(tmp_path: Path) -> None:
    """Notes above a header look like one; the mapping says where the header stands."""
    sheet = filled(("Made by", "the agency"), (), HEAD, ROW)
    assert imported(tmp_path, sheet, header_row=3).report.rows_kept == 1
    with pytest.raises(ImportFileError, match="header_row is 9"):
        imported(tmp_path, sheet, header_row=9)


def test_an_archive_that_unpacks_to_too_much_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb of a few kilobytes: the declared size decides, and more than that is never unpacked."""
    file = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in range(7):
            with archive.open(f"xl/worksheets/sheet{part}.xml", "w") as sheet:
                for _ in range(100):
                    sheet.write(b"\0" * (1 << 20))
    assert file.stat().st_size < 1_000_000
    with pytest.raises(ImportFileError, match=r"unpacked, the workbook has 734,003,200 bytes in 7 parts; at most"):
        read_export(file, MAPPING)
    monkeypatch.setattr(workbook_module, "MOST_PARTS", 3)
    with pytest.raises(ImportFileError, match="in 3 are read"):
        imported(tmp_path, filled(HEAD, ROW))


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    """The size on the disk decides; the file has no content."""
    file = tmp_path / "large.csv"
    with file.open("wb") as empty:
        empty.truncate(200 * 1024 * 1024 + 1)
    with pytest.raises(ImportFileError, match="209,715,201 bytes; at most 209,715,200"):
        read_export(file, MAPPING)


def test_entities_of_a_document_type_are_refused(tmp_path: Path) -> None:
    """A few lines of them can grow to gigabytes, or read a file of this machine."""
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]><worksheet '
    file = rewritten(tmp_path, filled(HEAD, ROW), "xl/worksheets/sheet1.xml", [("<worksheet ", bomb)])
    with pytest.raises(ImportFileError, match="a document type is not allowed"):
        read_export(file, MAPPING)


@pytest.mark.parametrize(
    ("part", "before", "after"),
    [
        ("xl/worksheets/sheet1.xml", 'r="C2"', 'r="XXXXXX2"'),
        ("xl/worksheets/sheet1.xml", 'r="C2"', 'r="A2"'),
        ("xl/worksheets/sheet1.xml", "</sheetData>", ""),
        ("xl/worksheets/sheet1.xml", "<v>10.5</v>", "<v>1e999999x</v>"),
        ("xl/worksheets/sheet1.xml", 't="inlineStr"><is><t>Boots</t></is>', 't="s"><v>4000</v>'),
        ("xl/_rels/workbook.xml.rels", 'Target="/xl/worksheets/sheet1.xml"', 'Target="/xl/nothing.xml"'),
        ("xl/workbook.xml", 'id="rId1"', 'id="rId99"'),
    ],
)
def test_a_broken_workbook_is_one_error(tmp_path: Path, part: str, before: str, after: str) -> None:
    """Cells out of place, broken XML, and references to what is not there."""
    file = rewritten(tmp_path, filled(HEAD, ROW), part, [(before, after)])
    with pytest.raises(ImportFileError, match=r"shop\.xlsx: .*(cannot be read|holds anything)"):
        read_export(file, MAPPING)


def test_an_external_sheet_is_never_followed(tmp_path: Path) -> None:
    """A sheet that lies elsewhere is no sheet."""
    change = [('Target="/xl/worksheets/sheet1.xml"', 'Target="http://127.0.0.1:9/sheet1.xml" TargetMode="External"')]
    file = rewritten(tmp_path, filled(HEAD, ROW), "xl/_rels/workbook.xml.rels", change)
    with pytest.raises(ImportFileError, match="no visible sheet holds anything"):
        read_export(file, MAPPING)


def test_prefixes_in_the_xml_change_nothing(tmp_path: Path) -> None:
    """Some programs write <x:c> instead of <c>."""
    file = rewritten(tmp_path, filled(HEAD, ROW), "xl/worksheets/sheet1.xml", [])
    with zipfile.ZipFile(file) as old:
        parts = {name: old.read(name).decode() for name in old.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    sheet = sheet.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:").replace("xmlns=", "xmlns:x=")
    with zipfile.ZipFile(file, "w") as new:
        for name, text in (parts | {"xl/worksheets/sheet1.xml": sheet}).items():
            new.writestr(name, text)
    assert read_export(file, MAPPING).facts["spend_micros"].to_pylist() == [10_500_000]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\xd0\xcf\x11\xe0" + b"\0" * 512, "XLS or an encrypted"), (b"PK\x03\x04" + b"\0" * 64, "cannot be read")],
    ids=["xls", "cut-zip"],
)
def test_other_containers_say_what_to_do(tmp_path: Path, content: bytes, words: str) -> None:
    """An old or encrypted workbook, and an archive that is cut off."""
    file = tmp_path / "old.xlsx"
    file.write_bytes(content)
    with pytest.raises(ImportFileError, match=words):
        read_export(file, MAPPING)


def test_a_csv_file_has_no_sheet(tmp_path: Path) -> None:
    """A stated sheet of a file without sheets is a mistake."""
    file = tmp_path / "shop.csv"
    file.write_text("Day,Campaign,Cost,Clicks\n2026-03-01,Boots,1,1\n", encoding="utf-8")
    with pytest.raises(ImportFileError, match="this is no workbook"):
        read_export(file, MAPPING, Choices(sheet="Data"))
