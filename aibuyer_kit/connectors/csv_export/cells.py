"""One cell becomes a whole count or an amount in micros; whatever leaves a doubt is rejected with its reason."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal

from aibuyer_kit.connectors.csv_export.signs import (
    LONGEST_NUMBER,
    PlainNumber,
    UnreadableNumberError,
    check_currency,
    undressed,
    why_no_number,
)
from aibuyer_kit.core.errors import MoneyError
from aibuyer_kit.core.money import micros_from_units, units_from_micros

# A count of 18 digits fits a BIGINT whatever its digits are.
_MOST_DIGITS = 18
_NO_DRIFT = Decimal(0)
_SHORT_AMOUNT = re.compile(r"(\d{1,12})(?:\.(\d{0,6}))?", re.ASCII)


class RejectedCellError(Exception):
    """A cell that cannot be taken as it is; the row that holds it is left out and the reason is reported."""

    def __init__(self, reason: str, column: str = "") -> None:
        super().__init__(reason)
        self.column = column


@dataclass(frozen=True)
class NumberFormat:
    """How a column writes numbers: its decimal mark, the mark between thousands, and the currency of its amounts.

    `in_micros` is how some platforms write amounts: 36150000 is 36.15.
    """

    decimal: str = "."
    thousands: str | None = None
    currency: str | None = None
    in_micros: bool = False

    @cached_property
    def shape(self) -> re.Pattern[str]:
        """The numbers that this format writes, without signs of currency."""
        mark, between = re.escape(self.decimal), re.escape(self.thousands or "")
        grouped = rf"|[1-9]\d{{0,2}}(?:{between}\d{{3}})+" if between else ""
        return re.compile(rf"[+-]?(?:(?:\d+{grouped})(?:{mark}\d*)?|{mark}\d+)(?:[eE][+-]?\d{{1,4}})?", re.ASCII)

    def number(self, text: str, *, money: bool = False) -> Decimal:
        """Return the exact number in `text`. Raises RejectedCellError with what is wrong about it."""
        if isinstance(text, PlainNumber):
            return Decimal(text[:-1]) / 100 if text.endswith("%") else Decimal(text)
        try:
            plain, sign = undressed(text)
            if sign:
                check_currency(text, sign, self.currency if money else None)
        except UnreadableNumberError as error:
            raise RejectedCellError(str(error)) from None
        if len(plain) > LONGEST_NUMBER or not self.shape.fullmatch(plain):
            raise RejectedCellError(why_no_number(text))
        return Decimal(plain.replace(self.thousands or "", "").replace(self.decimal, "."))

    def figure(self, kind: Literal["count", "spend", "money"], text: str) -> tuple[int | None, Decimal]:
        """Return a count or micros, and by how many units rounding moved it; None for an empty cell: not zero."""
        if kind == "count":
            return self.count(text), _NO_DRIFT
        return self.spend(text) if kind == "spend" else self.money(text)

    def count(self, text: str) -> int | None:
        """Return a whole number that is not negative; None for an empty cell."""
        if text.isdigit() and text.isascii() and len(text) <= _MOST_DIGITS:
            return int(text)
        if not text.strip():
            return None
        number = self.number(text)
        shown = repr(text.strip())
        if number < 0:
            raise RejectedCellError(f"{shown} is negative; a count is 0 or more")
        if number.adjusted() >= _MOST_DIGITS:
            raise RejectedCellError(f"{shown} is too large for a count")
        if number != number.to_integral_value():
            raise RejectedCellError(f"{shown} is not a whole number; a count has no fraction")
        return int(number)

    def money(self, text: str) -> tuple[int | None, Decimal]:
        """Return micros, rounded half-up, and by how many units the rounding moved the amount."""
        plain = not self.in_micros and (self.decimal == "." or isinstance(text, PlainNumber))
        if plain and (short := _SHORT_AMOUNT.fullmatch(text)):
            return int(short[1]) * 1_000_000 + int((short[2] or "").ljust(6, "0")), _NO_DRIFT
        if not text.strip():
            return None, _NO_DRIFT
        units = self.number(text, money=True)
        if self.in_micros:
            units = units.scaleb(-6)
        try:
            micros = micros_from_units(units)
        except MoneyError:
            raise RejectedCellError(f"{text.strip()!r} is out of the range of an amount of money") from None
        return micros, units_from_micros(micros) - units

    def spend(self, text: str) -> tuple[int | None, Decimal]:
        """Return what `money` returns, of an amount that is not negative."""
        micros, drift = self.money(text)
        if micros is not None and micros < 0:
            raise RejectedCellError(f"{text.strip()!r} is negative; an amount spent is 0 or more")
        return micros, drift
