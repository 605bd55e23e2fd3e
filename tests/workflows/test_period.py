"""Periods that people choose: only those that the warehouse holds, and in their language what is wrong with others."""

from datetime import date
from pathlib import Path

import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import PeriodError
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.period import held_period

from .accounts import add_account, client, load_days


def june(day: int) -> date:
    return date(2026, 6, day)


@pytest.mark.parametrize(
    ("since", "until", "locale", "why"),
    [
        (june(9), june(3), "en", "The period ends (Jun 3, 2026) before it begins (Jun 9, 2026). Swap the two days."),
        (june(3), june(30), "en", "Jun 30, 2026 lies ahead; today is Jun 11, 2026. Choose days that have been."),
        (june(1), june(9), "en", "Only Jun 2, 2026 – Jun 10, 2026 is held. Choose days within it."),
        (june(3), june(11), "en", "Only Jun 2, 2026 – Jun 10, 2026 is held. Choose days within it."),
        (date.min, date.max, "en", "Dec 31, 9999 lies ahead; today is Jun 11, 2026. Choose days that have been."),
        (None, june(9), "en", "Choose both days: from and to."),
        (
            june(3),
            june(30),
            "uk",
            "30 черв. 2026 р. ще попереду (сьогодні 11 черв. 2026 р.). Оберіть дні, що вже минули.",
        ),
    ],
)
def test_a_period_that_cannot_be_shown_is_refused_with_its_reason(
    tmp_path: Path, since: date | None, until: date | None, locale: str, why: str
) -> None:
    """Days 2 to 10 are held, and it is the 11th."""
    shop = client(tmp_path, locale=locale)
    add_account(shop, "act_1", "UTC", "EUR", "2026-06-11T08:00+00:00")
    load_days(shop, {"2026-06-02": 1.0, "2026-06-10": 1.0}, known_at="2026-06-11T09:00+00:00")
    reader = Reader(shop.warehouse)
    with pytest.raises(PeriodError) as refused:
        held_period(shop, reader, since, until)
    assert str(refused.value).replace("\xa0", " ").replace("\u202f", " ") == why
    assert held_period(shop, reader, june(2), june(10)) == DateRange(june(2), june(10))
