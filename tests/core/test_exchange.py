"""Exchange rates: exact, dated, and never guessed."""

from datetime import date
from fractions import Fraction

import pytest

from aibuyer_kit.core.errors import RateError
from aibuyer_kit.core.exchange import ExchangeRates, parse_rates

LINES = ["date,from,to,rate", "2026-06-01,EUR,UAH,45.1", "2026-06-08,EUR,UAH,46", "", "2026-06-08,UAH,EUR,0.0217"]


def rates(longest_age_days: int = 7) -> ExchangeRates:
    return parse_rates(LINES, longest_age_days=longest_age_days)


@pytest.mark.parametrize(
    ("pair", "day", "expected"),
    [
        (("EUR", "UAH"), 7, Fraction(451, 10)),
        (("EUR", "UAH"), 8, Fraction(46)),
        (("EUR", "UAH"), 15, Fraction(46)),
        # Stated one way only: turned, as an exact fraction.
        (("UAH", "EUR"), 5, Fraction(10, 451)),
        # Stated for this way too: that goes before the other one turned.
        (("UAH", "EUR"), 9, Fraction(217, 10_000)),
        (("JPY", "JPY"), 1, Fraction(1)),
    ],
)
def test_the_newest_rate_on_or_before_the_day_counts(pair: tuple[str, str], day: int, expected: Fraction) -> None:
    """For as long as it may hold."""
    assert rates().rate(*pair, date(2026, 6, day)) == expected


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 5, 31), "2026-05-31 or before"),
        (date(2026, 6, 16), "2026-06-16: the newest before it is of 2026-06-08"),
    ],
)
def test_a_missing_rate_says_which_day_and_pair(day: date, words: str) -> None:
    """Too early, or too long after the last one."""
    with pytest.raises(RateError, match=f"from EUR to UAH for {words}"):
        rates().rate("EUR", "UAH", day)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("2026-06-09,EUR,UAH,0", "line 6: the rate is '0'"),
        ("2026-06-09,EUR,UAH,-1", "the rate is '-1'"),
        ("2026-06-09,EUR,UAH,nan", "the rate is 'nan'"),
        ('2026-06-09,EUR,UAH,"45,1"', "the rate is '45,1'"),
        ("2026-06-09,EUR,UAH,1e400", "digits"),
        ("2026-06-09,EUR,UAH,45.12345678901234567890", "digits"),
        ("09.06.2026,EUR,UAH,45", "the day is '09.06.2026'"),
        ("2026-06-09,EUR,UAHH,45", "UAHH"),
        ("2026-06-09,EUR,EUR,1", "no rate to itself"),
        ("2026-06-09,EUR,UAH", "3 cells instead of 4"),
        ("2026-06-08,EUR,UAH,47", "two rates on 2026-06-08"),
    ],
)
def test_a_wrong_line_is_named(line: str, words: str) -> None:
    """With its number."""
    with pytest.raises(RateError, match=words):
        parse_rates([*LINES, line], longest_age_days=7)


def test_a_wrong_header_is_told_what_it_should_be() -> None:
    """A column in another place would turn every rate."""
    with pytest.raises(RateError, match=r"line 1: .* write date,from,to,rate"):
        parse_rates(["date,to,from,rate"], longest_age_days=7)
