"""One page of Graph rows, read column by column; whatever is not as documented is an error that names its place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from aibuyer_kit.core.errors import MoneyError, SchemaDriftError

Row = Mapping[str, Any]
Parsed = TypeVar("Parsed")
# What reading a value may end in; a time in the year 1 overflows on its way to UTC.
_UNREADABLE = (ValueError, TypeError, OverflowError, MoneyError)


class ColumnProblem(Exception):  # noqa: N818 # it is always caught and given its place
    """A value of a column that does not parse: which one, and why."""

    def __init__(self, index: int, value: object, reason: str) -> None:
        super().__init__(f"is {shown(value)}: {reason}")
        self.index = index


class UnreadableRowError(SchemaDriftError):
    """A row that is not as documented: its place in the page, the field, and what is wrong with it."""

    def __init__(self, what: str, number: int, row: Row, field: str, complaint: str) -> None:
        known = [f"{name} {shown(row[name])}" for name in ("id", "ad_id", "date_start") if row.get(name)]
        name = f" ({', '.join(known)})" if known else ""
        super().__init__(
            f"Meta {what}, row {number + 1} of a page{name}: {field} {complaint}. "
            "The read is incomplete; the platform's format may have changed, so check the API version in the settings."
        )
        self.field = field.strip("'")
        self.complaint = complaint


def parsed(values: Sequence[object], parse: Callable[[object], Parsed | None]) -> list[Parsed | None]:
    """Return a column parsed, each different value once; None stays None. Raises ColumnProblem for the first bad one.

    Figures repeat so often that parsing each one would take most of a page's time.
    """
    try:
        known = {value: None if value is None else parse(value) for value in set(values)}
    except _UNREADABLE:
        return _one_by_one(values, parse)
    return [known[value] for value in values]


def _one_by_one(values: Sequence[object], parse: Callable[[object], Parsed | None]) -> list[Parsed | None]:
    """Return the column where a value is bad, or cannot be in a set. Raises ColumnProblem for the first bad one."""
    found: list[Parsed | None] = []
    for index, value in enumerate(values):
        try:
            found.append(None if value is None else parse(value))
        except _UNREADABLE as error:
            raise ColumnProblem(index, value, str(error)) from None
    return found


@dataclass(frozen=True)
class Page:
    """The rows of one page; `what` they are is for messages."""

    what: str
    rows: Sequence[Row]

    @classmethod
    def checked(cls, what: str, rows: Sequence[object]) -> "Page":
        """Return the page. Raises SchemaDriftError if a row is not an object."""
        page = cls(what, [row if isinstance(row, dict) else {} for row in rows])
        for number, row in enumerate(rows):
            if not isinstance(row, dict):
                raise page.problem(number, "the row", f"is {type(row).__name__}, not an object")
        return page

    def __len__(self) -> int:
        return len(self.rows)

    def required(self, field: str, parse: Callable[[object], Parsed]) -> list[Parsed]:
        """Return one value per row. Raises SchemaDriftError where it is missing or does not parse."""
        values = [value for value in self.optional(field, parse) if value is not None]
        if len(values) < len(self):
            missing = next(number for number, row in enumerate(self.rows) if row.get(field) is None)
            raise self.problem(missing, repr(field), "is missing")
        return values

    def optional(self, field: str, parse: Callable[[object], Parsed | None]) -> list[Parsed | None]:
        """Return one value per row, None where the key is absent. Raises SchemaDriftError where it does not parse."""
        try:
            return parsed([row.get(field) for row in self.rows], parse)
        except ColumnProblem as problem:
            raise self.problem(problem.index, repr(field), str(problem)) from None

    def problem(self, number: int, place: str, complaint: str) -> UnreadableRowError:
        """Return the error about one row, to be raised."""
        return UnreadableRowError(self.what, number, self.rows[number], place, complaint)


def shown(value: object) -> str:
    """Return a value fit for a message: quoted, on one line, not too long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
