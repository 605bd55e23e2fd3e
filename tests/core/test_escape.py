"""What a terminal is given: nothing that draws or breaks lines, and the spaces of amounts and days as spaces."""

from datetime import date

import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.escape import for_terminal
from aibuyer_kit.core.i18n import format_money, format_period


@pytest.mark.parametrize("hostile", ["\n", "\r", "\x1b", "\u202e", "\u2028", "\u2066", "\t", "\x00", "\u200b"])
def test_what_draws_or_turns_text_is_replaced(hostile: str) -> None:
    """Line breaks, escape codes, direction marks and what has no width."""
    assert for_terminal(f"a{hostile}b") == "a\N{REPLACEMENT CHARACTER}b"


def test_amounts_and_days_of_ukrainian_have_plain_spaces() -> None:
    """Those that CLDR writes with spaces which do not break, narrow ones among them."""
    day = format_period(DateRange(date(2026, 5, 27), date(2026, 5, 27)), "uk")
    assert for_terminal(format_money(-1234.5, "EUR", "uk")) == "−1 234,50 EUR"
    assert for_terminal(day) == "27 трав. 2026 р."
