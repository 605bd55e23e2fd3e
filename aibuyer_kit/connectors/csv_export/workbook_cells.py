"""Cells of a sheet as text: shared and inline texts, numbers, days by the style of their cell."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import IO, NamedTuple

from aibuyer_kit.connectors.csv_export.signs import NO_RESULT, PlainNumber
from aibuyer_kit.connectors.csv_export.xml_events import UnsafeXmlError, parse

_LAST_PLACE = 16_383
_DIGITS = "0123456789"
# Below this a serial number may belong to the leap day of 1900, which never was, or to a time without a day.
_FIRST_SERIAL = 61


class Styles(NamedTuple):
    """Which styles of cells show days and which percent; `first_day` is day 0 of the workbook's calendar."""

    days: frozenset[str]
    percents: frozenset[str]
    first_day: datetime


class RowHandlers:
    """The events of a sheet's part become rows; finished ones wait in `rows` until they are taken."""

    def __init__(self, styles: Styles, texts: list[str]) -> None:
        self.rows: list[tuple[int, list[str]]] = []
        self._styles = styles
        self._texts = texts
        self._numbers: dict[tuple[str, str], str] = {}
        self._places: dict[str, int] = {"": -1}
        self._cells: list[str] = []
        self._cell: dict[str, str] = {}
        self._parts: list[str] = []
        self._line = 0
        self._has_formula = self._reads = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._cell, self._parts, self._has_formula = attributes, [], False
        elif name == "v" or name == "t":
            self._reads = True
        elif name == "f":
            self._has_formula = True
        elif name == "row":
            self._line = int(attributes.get("r", self._line + 1))
            self._cells = []

    def text(self, text: str) -> None:
        if self._reads:
            self._parts.append(text)

    def end(self, name: str) -> None:
        if name == "v" or name == "t":
            self._reads = False
        elif name == "c":
            self._take_cell()
        elif name == "row":
            self.rows.append((self._line, self._cells))

    def _take_cell(self) -> None:
        cells, cell = self._cells, self._cell
        letters = cell.get("r", "").rstrip(_DIGITS)
        place = self._places.get(letters)
        if place is None:
            place = self._places[letters] = place_of(letters)
        if place != len(cells) and letters:
            self._skip_to(place)
        if not self._parts:
            cells.append(NO_RESULT if self._has_formula and cell.get("t") != "str" else "")
            return
        key = (cell.get("s", "0"), self._parts[0])
        if cell.get("t", "n") != "n":
            cells.append(self._text(cell["t"], "".join(self._parts)))
            return
        known = self._numbers.get(key)
        if known is None:
            known = self._numbers[key] = self._number(*key)
        cells.append(known)

    def _skip_to(self, place: int) -> None:
        if place > _LAST_PLACE or place < len(self._cells):
            raise UnsafeXmlError(f"the cell {self._cell.get('r')} is out of place")
        self._cells += [""] * (place - len(self._cells))

    def _text(self, kind: str, value: str) -> str:
        if kind == "s":
            return self._texts[int(value)]
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        return value

    def _number(self, style: str, value: str) -> str:
        number = float(value)
        if style in self._styles.days and number >= _FIRST_SERIAL:
            moment = self._styles.first_day + timedelta(seconds=round(number * 86_400))
            return str(moment).removesuffix(" 00:00:00")
        if style in self._styles.percents:
            return PlainNumber(f"{(Decimal(repr(number)) * 100).normalize():f}%")
        # A workbook keeps 19.99 as 19.989999999999998; repr is the shortest text that means the same.
        return PlainNumber(value if value.lstrip("-").isdigit() else repr(number).removesuffix(".0"))


def read_rows(source: IO[bytes], styles: Styles, texts: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a sheet's part, each with its line; cells that are not there before others are empty."""
    handlers = RowHandlers(styles, texts)
    for _ in parse(source, handlers.start, handlers.end, handlers.text):
        yield from handlers.rows
        handlers.rows.clear()


def read_shared_texts(source: IO[bytes]) -> list[str]:
    """Return the texts that cells refer to by their number; a reading aid for East Asian letters is left out."""
    texts: list[str] = []
    inside: list[str] = []

    def start(name: str, _: dict[str, str]) -> None:
        inside.append(name)
        if inside[-1] == "si":
            texts.append("")

    def text(part: str) -> None:
        if inside[-1:] == ["t"] and "rPh" not in inside:
            texts[-1] += part

    _run(source, start, inside, text)
    return texts


def read_styles(source: IO[bytes], *, is_1904: bool) -> Styles:
    """Return which styles show a day or percent, by the codes of their number formats."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

    formats = {str(number): code for number, code in BUILTIN_FORMATS.items()}
    shown: list[str] = []
    inside: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        inside.append(name)
        if inside[-1] == "numFmt" and "numFmtId" in attributes:
            formats[attributes["numFmtId"]] = attributes.get("formatCode", "General")
        elif inside[-2:] == ["cellXfs", "xf"]:
            shown.append(attributes.get("numFmtId", "0"))

    _run(source, start, inside, lambda _: None)
    codes = {str(style): formats.get(number, "General") for style, number in enumerate(shown)}
    days = frozenset(style for style, code in codes.items() if is_date_format(code))
    percents = frozenset(style for style, code in codes.items() if "%" in code)
    return Styles(days, percents, datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30))  # noqa: DTZ001


def place_of(letters: str) -> int:
    """Return the place of a column from 0.

    >>> place_of("AA")
    26
    """
    place = 0
    for letter in letters[:4]:
        place = place * 26 + ord(letter) - 64
    return place - 1


def _run(
    source: IO[bytes],
    start: Callable[[str, dict[str, str]], None],
    inside: list[str],
    text: Callable[[str], None],
) -> None:
    def end(_: str) -> None:
        inside.pop()

    if source.read(1):
        source.seek(0)
        for _ in parse(source, start, end, text):
            pass
