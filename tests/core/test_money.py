"""Money: exact integers, the platform's own minor units, and nothing guessed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibuyer_kit.core.errors import MoneyError
from aibuyer_kit.core.money import (
    CURRENCIES,
    meta_minor_per_unit,
    micros_from_minor,
    micros_from_units,
    minor_from_micros,
    units_from_micros,
)


@pytest.mark.parametrize(
    ("currency", "expected"),
    [("EUR", 100), ("UAH", 100), ("JPY", 1), ("KRW", 1), ("HUF", 1), ("KWD", 100), ("BHD", 100), ("JOD", 100)],
)
def test_minor_units_follow_the_platforms_table_and_not_iso(currency: str, expected: int) -> None:
    """Three-decimal currencies have an offset of 100 on Meta, and the forint has none."""
    assert meta_minor_per_unit(currency) == expected


def test_exactly_eleven_currencies_have_no_minor_units_on_meta() -> None:
    """The whole offset table, counted."""
    without = {code for code in CURRENCIES if meta_minor_per_unit(code) == 1}
    assert without == {"CLP", "COP", "CRC", "HUF", "ISK", "IDR", "JPY", "KRW", "PYG", "TWD", "VND"}


@pytest.mark.parametrize("code", ["", "eur", "XXX", "EURO", "€"])
def test_an_unknown_currency_is_refused(code: str) -> None:
    """A guessed offset is a budget a hundred times too high."""
    with pytest.raises(MoneyError, match="Unknown currency"):
        meta_minor_per_unit(code)


@pytest.mark.parametrize(
    ("text", "expected_micros"),
    [
        ("1.429999948", 1_430_000),
        ("0.0000005", 1),
        ("0.0000004", 0),
        ("0.00000049999999999999999999999999999999", 0),
        ("-0.0000005", -1),
        ("1234.50", 1_234_500_000),
        (" 7 ", 7_000_000),
    ],
)
def test_amounts_are_rounded_half_up_at_the_sixth_decimal(text: str, expected_micros: int) -> None:
    """Half a micro goes away from zero."""
    assert micros_from_units(text) == expected_micros


@pytest.mark.parametrize("amount", ["", "1,234.50", "12 €", "nan", "inf", "1e999", 1.5, True, None])
def test_what_is_not_an_exact_amount_is_refused(amount: object) -> None:
    """No float, no NaN, no guessing at separators."""
    with pytest.raises(MoneyError):
        micros_from_units(amount)  # type: ignore[arg-type]


@given(minor=st.integers(-(10**12), 10**12), currency=st.sampled_from(sorted(CURRENCIES)))
def test_minor_units_survive_the_way_to_micros_and_back(minor: int, currency: str) -> None:
    """Every currency, both ways, exactly."""
    offset = meta_minor_per_unit(currency)
    assert minor_from_micros(micros_from_minor(str(minor), offset), offset) == minor


def test_an_amount_finer_than_the_platforms_unit_is_refused() -> None:
    """Half a yen cannot be sent, and must not be rounded behind one's back."""
    with pytest.raises(MoneyError, match="finer"):
        minor_from_micros(500_000, 1)


def test_micros_become_exact_decimals() -> None:
    """For printing and for files."""
    assert units_from_micros(-1_430_001) == Decimal("-1.430001")
