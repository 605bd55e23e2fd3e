"""Old rows that stay unreadable: each gets its turn, less and less often, and costs its month nothing."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.workflows.quarantine import MOST_READ_AGAIN, quarantine_list, streams_to_read_again

from .practice_shop import PLAIN, PracticeShop, practice_shop

TODAY = date(2026, 6, 1)
NIGHTS = {level: DateRange(date(2026, 5, 4), TODAY) for level in Level}
# On 2026-06-01 four days of April are read, and sealed at once: a day is settled after two.
SETTINGS = PLAIN.model_copy(update={"backfill_days": 36, "restated_days": 2})


def waiting(day: date, *, tries: int = 0, tried_on: date | None = None, until: date | None = None) -> dict[str, Any]:
    """Return an open row of daily figures that was last met on April 1."""
    days = {"date": None, "date_stop": None, "since": day, "until": until} if until else {"date": day, "date_stop": day}
    met = datetime(2026, 4, 1, 12, tzinfo=UTC)
    return {
        "level": "ad",
        "since": day,
        "until": day,
        "tries": tries,
        "tried_on": tried_on,
        "last_met_at_utc": met,
    } | days


def asked(*rows: Mapping[str, Any], today: date = TODAY) -> list[str]:
    nights = {level: DateRange(days.since, today) for level, days in NIGHTS.items()}
    return [str(stream.days) for stream in streams_to_read_again(rows, nights)]


def test_no_row_waits_longer_than_all_others_need_for_their_turn() -> None:
    """Sixty-five days that stay unreadable: all have been tried after three nights, thirty a night."""
    rows = {day: waiting(day) for day in DateRange(date(2026, 2, 1), date(2026, 4, 6))}
    tried: dict[date, int] = dict.fromkeys(rows, 0)
    for night in DateRange(TODAY, TODAY + timedelta(days=2)):
        due = [date.fromisoformat(text) for text in asked(*rows.values(), today=night)]
        assert len(due) == MOST_READ_AGAIN
        for day in due:
            tried[day] += 1
            rows[day] |= {"tries": tried[day], "tried_on": night}
    assert min(tried.values()) >= 1


def test_the_pauses_between_tries_of_a_row_grow_to_four_weeks() -> None:
    """Counted in nights after the first try: 1, 2, 4, 8, 16 and then 28."""
    row, nights = waiting(date(2026, 4, 1)), []
    for night in DateRange(TODAY, TODAY + timedelta(days=90)):
        if asked(row, today=night):
            nights.append((night - TODAY).days)
            row |= {"tries": row["tries"] + 1, "tried_on": night}
    assert nights == [0, 1, 3, 7, 15, 31, 59, 87]


def test_what_the_platform_no_longer_tells_is_not_asked_for() -> None:
    """It keeps 37 months, at least 1,123 days; of a row without its day the rest of its range is asked for."""
    oldest = TODAY - timedelta(days=1_122)
    assert asked(waiting(oldest - timedelta(days=1))) == []
    assert asked(waiting(oldest - timedelta(days=9), until=oldest)) == [str(DateRange(oldest, oldest))]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[PracticeShop]:
    with practice_shop(tmp_path) as made:
        yield made


def sealed(shop: PracticeShop) -> list[str]:
    return sorted(path.name for path in (shop.context.warehouse / "sealed").glob("*-2026-04-*"))


def night(shop: PracticeShop) -> list[str]:
    """Live through a day and a night, and return the reads of April that it took."""
    shop.platform.advance(86_400)
    report = shop.sync(SETTINGS, page_rows=500)
    assert report.failures == ()
    return [
        str(each.coverage.days)
        for each in report.loads
        if each.coverage.days and each.coverage.days.since < date(2026, 5, 1)
    ]


def test_a_row_that_stays_unreadable_leaves_its_month_sealed_and_the_list_tells_the_next_try(
    shop: PracticeShop,
) -> None:
    """A day of April comes with a bad row each time: one read is made for it, then a night without, and so on."""
    shop.fault(
        "bad_row",
        1_000,
        match={"path": "insights", "query": "level=ad&.*since[^,]*2026-04-27"},
        options={"field": "spend"},
    )
    shop.sync(SETTINGS, page_rows=500)
    april = sealed(shop)
    assert len(april) == 1
    (listed,) = quarantine_list(shop.context)
    assert (listed["date"], listed["next_try"]) == (date(2026, 4, 27), "the next night")
    only = str(DateRange(date(2026, 4, 27), date(2026, 4, 27)))
    assert [night(shop) for _ in range(3)] == [[only], [only], []]
    assert sealed(shop) == april
    (listed,) = quarantine_list(shop.context)
    assert listed["next_try"] == "2026-06-05"

    shop.clear()
    assert night(shop) == [only]
    assert quarantine_list(shop.context) == []
    (listed,) = quarantine_list(shop.context, resolved=True)
    assert listed["next_try"] == ""


def test_a_try_that_fails_is_a_try(shop: PracticeShop) -> None:
    """The platform answers 500 to that day alone; other rows would else wait behind it for ever."""
    query = "level=ad&.*since[^,]*2026-04-27"
    shop.fault("bad_row", match={"path": "insights", "query": query}, options={"field": "spend"})
    shop.sync(SETTINGS, page_rows=500)
    shop.fault("http_500", 1_000, match={"path": "insights", "query": query})
    shop.platform.advance(86_400)
    assert len(shop.sync(SETTINGS, page_rows=500).failures) == 1
    assert quarantine_list(shop.context)[0]["next_try"] == "2026-06-03"
    assert shop.sync(SETTINGS, page_rows=500).failures == ()
