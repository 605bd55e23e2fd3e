"""One cell becomes a whole count, an amount in micros or a day; whatever leaves a doubt is rejected with its reason."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Literal

from aibuyer_kit.core.errors import MoneyError
from aibuyer_kit.core.money import micros_from_units, units_from_micros

_LONGEST_NUMBER = 64
# A count of 18 digits fits a BIGINT whatever its digits are.
_MOST_DIGITS = 18
_NO_DRIFT = Decimal(0)
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_BLANKS = "\u00a0\u202f"


class RejectedCellError(Exception):
    """A cell that cannot be taken as it is; the row that holds it is left out and the reason is reported."""


@dataclass(frozen=True)
class NumberFormat:
    """How a file writes numbers: its decimal mark, and the mark between thousands if the mapping states one."""

    decimal: str = "."
    thousands: str | None = None

    @cached_property
    def _shape(self) -> re.Pattern[str]:
        mark, between = re.escape(self.decimal), re.escape(self.thousands or "")
        grouped = rf"|\d{{1,3}}(?:{between}\d{{3}})+" if between else ""
        return re.compile(rf"[+-]?(?:(?:\d+{grouped})(?:{mark}\d*)?|{mark}\d+)(?:[eE][+-]?\d{{1,4}})?", re.ASCII)

    def number(self, text: str) -> Decimal:
        """Return the exact number in `text`. Raises RejectedCellError with what is wrong about it."""
        if self.thousands == " ":
            text = text.translate(dict.fromkeys(map(ord, _BLANKS), " "))
        if len(text) > _LONGEST_NUMBER or not self._shape.fullmatch(text):
            raise RejectedCellError(_why_no_number(text))
        return Decimal(text.replace(self.thousands or "", "").replace(self.decimal, "."))

    def figure(self, kind: Literal["count", "spend", "money"], text: str) -> tuple[int | None, Decimal]:
        """Return a count or micros, and by how many units rounding moved it; None for an empty cell: not zero."""
        if kind == "count":
            return self.count(text), _NO_DRIFT
        return self.spend(text) if kind == "spend" else self.money(text)

    def count(self, text: str) -> int | None:
        """Return a whole number that is not negative; None for an empty cell."""
        text = text.strip()
        if not text:
            return None
        if text.isdigit() and text.isascii() and len(text) <= _MOST_DIGITS:
            return int(text)
        number = self.number(text)
        if number < 0:
            raise RejectedCellError(f"{text!r} is negative; a count is 0 or more")
        if number.adjusted() >= _MOST_DIGITS:
            raise RejectedCellError(f"{text!r} is too large for a count")
        if number != number.to_integral_value():
            raise RejectedCellError(f"{text!r} is not a whole number; a count has no fraction")
        return int(number)

    def money(self, text: str) -> tuple[int | None, Decimal]:
        """Return micros, rounded half-up, and by how many units the rounding moved the amount."""
        text = text.strip()
        if not text:
            return None, _NO_DRIFT
        units = self.number(text)
        try:
            micros = micros_from_units(units)
        except MoneyError:
            raise RejectedCellError(f"{text!r} is out of the range of an amount of money") from None
        return micros, units_from_micros(micros) - units

    def spend(self, text: str) -> tuple[int | None, Decimal]:
        """Return what `money` returns, of an amount that is not negative."""
        micros, drift = self.money(text)
        if micros is not None and micros < 0:
            raise RejectedCellError(f"{text.strip()!r} is negative; an amount spent is 0 or more")
        return micros, drift


@dataclass(frozen=True)
class DayFormat:
    """How a file writes days: a strptime pattern, or ISO without one. Days that were read are remembered."""

    pattern: str | None = None
    _seen: dict[str, date] = field(default_factory=dict, repr=False, compare=False)

    def day(self, text: str) -> date:
        """Return the day in `text`. Raises RejectedCellError if it is empty or written in another way."""
        if text not in self._seen:
            self._seen[text] = self._read(text.strip())
        return self._seen[text]

    def _read(self, text: str) -> date:
        if not text:
            raise RejectedCellError("the day is empty")
        try:
            if self.pattern is None and _ISO_DAY.fullmatch(text):
                return date.fromisoformat(text)
            # A day of the account, not a moment: there is no zone to give.
            return datetime.strptime(text, self.pattern or "").date()  # noqa: DTZ007
        except ValueError:
            expected = f"a day written as {self.pattern}" if self.pattern else "a day such as 2026-03-31"
            raise RejectedCellError(f"{text[:40]!r} is not {expected}") from None


def is_iso_day(text: str) -> bool:
    """Return whether `text` is written as YYYY-MM-DD, which needs no stated format."""
    return bool(_ISO_DAY.fullmatch(text))


def _why_no_number(text: str) -> str:
    shown = repr(text[:40])
    if "%" in text:
        return f"{shown} holds a percent sign; a plain number is needed, such as 1234.50"
    if any(unicodedata.category(sign) == "Sc" for sign in text):
        return f"{shown} holds a currency sign; a plain number is needed, such as 1234.50"
    if text.lower().lstrip("+-") in {"nan", "inf", "infinity", "null", "none", "n/a", "#n/a"}:
        return f"{shown} is not a number; leave the cell empty where nothing is known"
    if re.fullmatch(rf"[+-]?[\d.,' {_BLANKS}]+", text, re.ASCII) and len(text) <= _LONGEST_NUMBER:
        return f"{shown} is no number under the stated marks; state decimal and thousands in the mapping"
    return f"{shown} is not a number"
