"""Dated exchange rates: exact fractions, the newest rate on or before a day, and never a guess.

Text form: CSV with the header `date,from,to,rate`; one unit of `from` is worth `rate` units of `to`.
"""

import csv
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from aibuyer_kit.core.errors import MoneyError, RateError
from aibuyer_kit.core.money import known_currency

_HEADER = ("date", "from", "to", "rate")
# Sums of micros times a rate must fit 128 bits.
_MOST_DIGITS = 18

Pair = tuple[str, str]


@dataclass(frozen=True)
class ExchangeRates:
    """Rates by pair of currencies, each a sorted list of days with their rates.

    A rate holds for its own day and at most `longest_age_days` more.
    """

    by_pair: Mapping[Pair, tuple[tuple[date, ...], tuple[Fraction, ...]]]
    longest_age_days: int

    def rate(self, currency: str, into: str, day: date) -> Fraction:
        """Return how many units of `into` one unit of `currency` is worth on `day`.

        A pair that is stated only the other way round is turned. Raises RateError that names the day and the pair.
        """
        if currency == into:
            return Fraction(1)
        direct, turned = self._newest((currency, into), day), self._newest((into, currency), day)
        if direct is not None:
            return direct
        if turned is not None:
            return 1 / turned
        raise RateError(f"There is no rate from {currency} to {into} for {day}{self._last_words(currency, into, day)}.")

    def _newest(self, pair: Pair, day: date) -> Fraction | None:
        days, rates = self.by_pair.get(pair, ((), ()))
        at = bisect_right(days, day) - 1
        return rates[at] if at >= 0 and (day - days[at]).days <= self.longest_age_days else None

    def _last_words(self, currency: str, into: str, day: date) -> str:
        known = [each for pair in ((currency, into), (into, currency)) for each in self.by_pair.get(pair, ((), ()))[0]]
        earlier = [each for each in known if each <= day]
        if not earlier:
            return " or before" if known else ""
        return f": the newest before it is of {max(earlier)}, more than {self.longest_age_days} days older"


def parse_rates(lines: Iterable[str], *, longest_age_days: int) -> ExchangeRates:
    """Return the rates in the lines of a CSV text.

    Raises RateError that names the line: a wrong header, day, currency or rate, or a day and pair that stand twice.
    """
    found: dict[Pair, dict[date, Fraction]] = {}
    for number, pair, day, rate in _records(lines):
        known = found.setdefault(pair, {})
        if known.setdefault(day, rate) != rate:
            raise RateError(f"line {number}: {pair[0]} to {pair[1]} has two rates on {day}. Leave one.")
    sorted_days = {pair: sorted(rates.items()) for pair, rates in found.items()}
    return ExchangeRates(
        {
            pair: (tuple(day for day, _ in rates), tuple(rate for _, rate in rates))
            for pair, rates in sorted_days.items()
        },
        longest_age_days,
    )


def _records(lines: Iterable[str]) -> Iterator[tuple[int, Pair, date, Fraction]]:
    reader = csv.reader(lines, strict=True)
    try:
        header = tuple(cell.strip().lower() for cell in next(reader, ()))
        if header != _HEADER:
            raise RateError(f"line 1: the header is {','.join(header)!r}; write {','.join(_HEADER)}.")
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, *_record(cells, reader.line_num)
    except csv.Error as error:
        raise RateError(f"line {reader.line_num}: {error}.") from None


def _record(cells: list[str], number: int) -> tuple[Pair, date, Fraction]:
    if len(cells) != len(_HEADER):
        raise RateError(f"line {number}: {len(cells)} cells instead of {len(_HEADER)} ({','.join(_HEADER)}).")
    day, currency, into, rate = (cell.strip() for cell in cells)
    try:
        pair = known_currency(currency), known_currency(into)
        parsed = date.fromisoformat(day)
    except MoneyError as error:
        raise RateError(f"line {number}: {error}") from None
    except ValueError:
        raise RateError(f"line {number}: the day is {day!r}; write it as 2026-03-31.") from None
    if pair[0] == pair[1]:
        raise RateError(f"line {number}: {currency} has no rate to itself. Leave the line out.")
    return pair, parsed, _exact_rate(rate, number)


def _exact_rate(text: str, number: int) -> Fraction:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        rate = Decimal("NaN")
    if not rate.is_finite() or rate <= 0:
        raise RateError(f"line {number}: the rate is {text!r}; write a number above zero, such as 0.0225.")
    exact = Fraction(rate) if abs(rate.adjusted()) <= _MOST_DIGITS else Fraction(10**_MOST_DIGITS)
    if max(exact.numerator, exact.denominator) >= 10**_MOST_DIGITS:
        raise RateError(f"line {number}: the rate {text} has more than {_MOST_DIGITS} digits. Round it.")
    return exact
