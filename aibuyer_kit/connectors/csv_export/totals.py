"""Rows that sum up others: by the mapping's rule, or by a word for 'total' where a day or a name should stand."""

from functools import lru_cache

from aibuyer_kit.connectors.csv_export.cells import RejectedCellError
from aibuyer_kit.connectors.csv_export.mapping import Mapping
from aibuyer_kit.connectors.csv_export.rows import RowReader
from aibuyer_kit.connectors.csv_export.sheet import Sheet
from aibuyer_kit.core.errors import ImportFileError

_WORDS = frozenset(
    {"total", "totals", "grand total", "усього", "всього", "разом", "підсумок", "загалом", "итого", "всего"}
)


class TotalsRule:
    """Tells the totals rows of one sheet."""

    def __init__(self, sheet: Sheet, mapping: Mapping, reader: RowReader) -> None:
        self._sheet = sheet
        self._reader = reader
        self._rule = mapping.totals_row
        self._place = sheet.places[mapping.totals_row.column] if mapping.totals_row else 0
        self._day_places = [day.place for day in reader.days] if isinstance(reader.days, tuple) else []
        self._name_places = [identity.place for identity in reader.identities.values()]

    def is_total(self, line: int, cells: list[str]) -> bool:
        """Return whether the record is a total. Raises ImportFileError if its name says so and its day does not."""
        if len(cells) != len(self._sheet.header):
            return False
        if self._rule and cells[self._place].strip() == self._rule.equals.strip():
            return True
        if any(_says_total(cells[place]) for place in self._day_places):
            return True
        named = next((place for place in self._name_places if _says_total(cells[place])), None)
        if named is None:
            return False
        if self._day_places and not self._has_day(cells):
            return True
        if self._rule is None:
            raise self._doubt(line, named, cells[named])
        return False

    def _has_day(self, cells: list[str]) -> bool:
        try:
            self._reader.days_of(cells)
        except RejectedCellError:
            return False
        return True

    def _doubt(self, line: int, place: int, text: str) -> ImportFileError:
        column, word = self._sheet.header[place], text.strip()
        return ImportFileError(
            f"{self._sheet.path}: line {line}, column {column!r}: {word!r} may be a total or a name. State in "
            f'a mapping how totals rows are told: totals_row = {{ column = "{column}", equals = "{word}" }}, or with '
            "another text in equals if this is a name."
        )


@lru_cache(maxsize=65_536)
def _says_total(text: str) -> bool:
    return text.strip(" :.*").casefold() in _WORDS
