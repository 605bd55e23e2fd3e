"""An XLSX workbook as records of one sheet. Nothing in it is run or followed: no macros, formulas or external links."""

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from aibuyer_kit.connectors.csv_export.table import Merge, Table
from aibuyer_kit.connectors.csv_export.workbook_cells import Styles, place_of, read_rows, read_shared_texts, read_styles
from aibuyer_kit.connectors.csv_export.xml_events import UnsafeXmlError, attributes_of
from aibuyer_kit.core.errors import ImportFileError

# A year of a large account is a tenth of it; a crafted archive of 1 MB can unpack to gigabytes.
LARGEST_UNPACKED_BYTES = 600 * 1024 * 1024
MOST_PARTS = 2_000
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, UnsafeXmlError),
    *(ValueError, LookupError, ArithmeticError, EOFError),
)
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')


@dataclass(frozen=True)
class _SheetPart:
    name: str
    part: str
    is_visible: bool


def is_workbook(content: bytes) -> bool:
    """Whether the bytes are a ZIP archive, as an XLSX file is, or the older XLS, which is told apart on reading."""
    return content.startswith((b"PK\x03\x04", _OLD_WORKBOOK))


def read_workbook(path: Path, content: bytes, sheet: str | None) -> Table:
    """Return the records of the stated sheet, or of the only visible one that holds anything.

    Dates become ISO days, numbers `PlainNumber`, formulas the values stored with them. Raises ImportFileError for an
    archive that is too large or broken, for an unknown sheet, and if there are several to choose from.
    """
    if content.startswith(_OLD_WORKBOOK):
        raise ImportFileError(f"{path}: this is an XLS or an encrypted workbook. Save it as .xlsx without a password.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_size(path, archive)
            return _read(path, archive, sheet)
    except _BROKEN as error:
        raise ImportFileError(
            f"{path}: the workbook cannot be read ({error}). Open it in a spreadsheet and save it again as .xlsx."
        ) from None


def _read(path: Path, archive: zipfile.ZipFile, sheet: str | None) -> Table:
    with _part(archive, "xl/styles.xml") as part:
        styles = read_styles(part, is_1904=_is_1904(archive))
    with _part(archive, "xl/sharedStrings.xml") as part:
        texts = read_shared_texts(part)
    chosen = _chosen(path, archive, sheet, styles, texts)
    with archive.open(chosen.part) as part:
        records = list(read_rows(part, styles, texts))
    width = max((len(cells) for _, cells in records), default=0)
    for _, cells in records:
        cells.extend([""] * (width - len(cells)))
    return Table(records, f"XLSX, sheet {chosen.name!r}", _merges(archive, chosen.part))


def _check_size(path: Path, archive: zipfile.ZipFile) -> None:
    # What is read of a part never exceeds the size that the archive declares for it.
    unpacked, parts = sum(part.file_size for part in archive.infolist()), len(archive.infolist())
    if unpacked > LARGEST_UNPACKED_BYTES or parts > MOST_PARTS:
        raise ImportFileError(
            f"{path}: unpacked, the workbook has {unpacked:,} bytes in {parts:,} parts; at most "
            f"{LARGEST_UNPACKED_BYTES:,} in {MOST_PARTS:,} are read. Export a shorter period, or CSV."
        )


def _part(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    return archive.open(name) if name in archive.namelist() else io.BytesIO(b"")


def _is_1904(archive: zipfile.ZipFile) -> bool:
    with archive.open("xl/workbook.xml") as part:
        properties = next(attributes_of(part, "workbookPr"), {})
    return properties.get("date1904") in ("1", "true")


def _sheets(archive: zipfile.ZipFile) -> Iterator[_SheetPart]:
    with archive.open("xl/_rels/workbook.xml.rels") as part:
        relations = {each["Id"]: each for each in attributes_of(part, "Relationship")}
    with archive.open("xl/workbook.xml") as part:
        for each in attributes_of(part, "sheet"):
            relation = relations[each["id"]]
            # A chart on a sheet of its own has no rows, and an external target is never followed.
            if relation["Type"].endswith("/worksheet") and relation.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/xl", relation["Target"])).lstrip("/")
                yield _SheetPart(each["name"], target, each.get("state", "visible") == "visible")


def _chosen(path: Path, archive: zipfile.ZipFile, stated: str | None, styles: Styles, texts: list[str]) -> _SheetPart:
    sheets = list(_sheets(archive))
    if stated is not None:
        found = next((each for each in sheets if each.name == stated), None)
        if found is None:
            names = ", ".join(repr(each.name) for each in sheets)
            raise ImportFileError(f"{path}: there is no sheet {stated!r}. Sheets: {names}.")
        return found
    filled = [each for each in sheets if each.is_visible and _holds_anything(archive, each.part, styles, texts)]
    if len(filled) == 1:
        return filled[0]
    hidden = ", ".join(repr(each.name) for each in sheets if not each.is_visible)
    aside = f" Hidden sheets are not read unless they are stated: {hidden}." if hidden else ""
    if not filled:
        raise ImportFileError(f"{path}: no visible sheet holds anything: the file is empty.{aside}")
    names = ", ".join(repr(each.name) for each in filled)
    raise ImportFileError(
        f"{path}: the workbook has {len(filled)} sheets: {names}. State one: sheet = {_quoted(filled[-1].name)} in a "
        f"mapping, or --sheet {_quoted(filled[-1].name)} on the command line.{aside}"
    )


def _quoted(name: str) -> str:
    return f'"{name}"'


def _holds_anything(archive: zipfile.ZipFile, part: str, styles: Styles, texts: list[str]) -> bool:
    with archive.open(part) as source:
        return any(any(cells) for _, cells in read_rows(source, styles, texts))


def _merges(archive: zipfile.ZipFile, part: str) -> list[Merge]:
    """Return the merged cells, which stand behind the rows in a sheet's part."""
    with archive.open(part) as source:
        tail = b""
        while chunk := source.read(1 << 20):
            at = chunk.rfind(b"sheetData>")
            tail = chunk[at:] if at >= 0 else (tail + chunk if tail else chunk[-16:])
    return [
        Merge(int(first_line), int(last_line), place_of(first.decode()), place_of(last.decode()))
        for first, first_line, last, last_line in _MERGE.findall(tail)
    ]
