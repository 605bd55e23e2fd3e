"""Money shown in one currency: each row is converted on reading, at the rate of its own day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.exchange import ExchangeRates
from aibuyer_kit.warehouse.cursor import Cursor


@dataclass(frozen=True)
class Shown:
    """The currency in which money is shown, and the rates into it."""

    currency: str
    rates: ExchangeRates

    def parameters(self, needed: Iterable[tuple[str, date]]) -> dict[str, object]:
        """Return the rate of every currency and day, as lists. Raises RateError for the first that is missing."""
        pairs = list(needed)
        rates = [self.rates.rate(currency, self.currency, day) for currency, day in pairs]
        return {
            "shown_currency": self.currency,
            "rate_currencies": [currency for currency, _ in pairs],
            "rate_days": [day for _, day in pairs],
            "rate_numerators": [str(rate.numerator) for rate in rates],
            "rate_denominators": [str(rate.denominator) for rate in rates],
        }


def currency_days(cursor: Cursor, days: DateRange, load: int) -> list[tuple[str, date]]:
    """Return the currencies of the facts with the days at whose rates they count; a stated period's is its last."""
    found: list[tuple[str, date]] = cursor.execute(
        "SELECT DISTINCT currency, date_stop FROM insights_as_of($load)"
        " WHERE date >= $since AND date_stop <= $until ORDER BY ALL",
        {"load": load, "since": days.since, "until": days.until},
    ).fetchall()
    return found
