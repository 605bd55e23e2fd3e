"""Days as files write them: ISO, with the month's name, or three numbers whose order a column must tell."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from aibuyer_kit.connectors.csv_export.cells import RejectedCellError

Order = Literal["dmy", "mdy", "ymd"]

ORDERS: tuple[Order, ...] = ("dmy", "mdy", "ymd")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# Spreadsheets and databases put midnight behind a day; another time would make it a moment.
_MIDNIGHT = re.compile(r"[T ]0?0:00(:00(\.0+)?)?$")
_NUMBERS = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})[ .-]{1,2}([^\W\d]+)[ .,-]{1,3}(\d{4}|\d{2})(?: ?р\.?)?")
_MONTH_FIRST = re.compile(r"([^\W\d]+)\.? (\d{1,2}),? (\d{4})")
_MONTHS = (
    ("jan", "січ"),
    ("feb", "лют"),
    ("mar", "бер"),
    ("apr", "кві"),
    ("may", "тра"),
    ("jun", "чер"),
    ("jul", "лип"),
    ("aug", "сер"),
    ("sep", "вер"),
    ("oct", "жов"),
    ("nov", "лис"),
    ("dec", "гру"),
)
_MONTH_OF = {start: number for number, starts in enumerate(_MONTHS, 1) for start in starts}


@dataclass(frozen=True)
class DayFormat:
    """How a column writes days: a stated strptime pattern, or the order of its numbers. Days read are remembered."""

    pattern: str | None = None
    order: Order | None = None
    _seen: dict[str, date] = field(default_factory=dict, repr=False, compare=False)

    def day(self, text: str) -> date:
        """Return the day in `text`. Raises RejectedCellError if it is empty or written in another way."""
        known = self._seen.get(text)
        if known is None:
            known = self._seen[text] = self._read(text.strip())
        return known

    def _read(self, text: str) -> date:
        if not text:
            raise RejectedCellError("the day is empty")
        if self.pattern:
            return _stated(text, self.pattern)
        readings = day_readings(text)
        # Without an order every value of the column means the same day in all of its orders.
        for order in (self.order,) if self.order else ORDERS:
            if order in readings:
                return readings[order]
        expected = f"a day in the order of its column ({'/'.join(self.order)})" if readings and self.order else ""
        raise RejectedCellError(f"{text[:40]!r} is not {expected or 'a day such as 2026-03-31'}")


def day_readings(text: str) -> dict[Order, date]:
    """Return the day that `text` means under each order of its numbers; empty if it is no day at all.

    >>> sorted(day_readings("13/2/2026"))
    ['dmy']
    """
    bare = _MIDNIGHT.sub("", text.strip().replace("\u00a0", " "))
    if certain := _certain(bare):
        return dict.fromkeys(ORDERS, certain)
    numbers = _NUMBERS.fullmatch(bare)
    return dict(_in_order(numbers[1], numbers[3], numbers[4])) if numbers else {}


def pattern_of(text: str, order: Order) -> str:
    """Return the strptime pattern under which `text` is read in `order`, for a message or a mapping."""
    numbers = _NUMBERS.fullmatch(_MIDNIGHT.sub("", text.strip()))
    mark = numbers[2] if numbers else "-"
    year = "%Y" if re.search(r"\d{4}", text) else "%y"
    return mark.join({"d": "%d", "m": "%m", "y": year}[part] for part in order)


def _stated(text: str, pattern: str) -> date:
    try:
        # A day of the account, not a moment: there is no zone to give.
        return datetime.strptime(text, pattern).date()  # noqa: DTZ007
    except ValueError:
        raise RejectedCellError(f"{text[:40]!r} is not a day written as {pattern}") from None


def _certain(text: str) -> date | None:
    """Return the day where the text leaves no order open: ISO, a year in front, or the name of a month."""
    with suppress(ValueError):
        if _ISO_DAY.fullmatch(text):
            return date.fromisoformat(text)
        if compact := _COMPACT.fullmatch(text):
            return date(int(compact[1]), int(compact[2]), int(compact[3]))
        if (named := _DAY_FIRST.fullmatch(text)) and (month := _month(named[2])):
            return date(_year(named[3]), month, int(named[1]))
        if (named := _MONTH_FIRST.fullmatch(text)) and (month := _month(named[1])):
            return date(int(named[3]), month, int(named[2]))
    return None


def _in_order(first: str, second: str, third: str) -> Iterator[tuple[Order, date]]:
    for order in ORDERS:
        parts = dict(zip(order, (first, second, third), strict=True))
        # A year of two digits stands last; in front it would be taken for a day.
        if len(parts["y"]) in ((4,) if order == "ymd" else (2, 4)) and max(len(parts["d"]), len(parts["m"])) <= 2:
            with suppress(ValueError):
                yield order, date(_year(parts["y"]), int(parts["m"]), int(parts["d"]))


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def _month(name: str) -> int | None:
    return _MONTH_OF.get(name[:3].casefold())
