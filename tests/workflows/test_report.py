"""The overview: figures by hand, the right days, and a word about whatever is missing."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import MixedCurrencyError, PeriodError
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.report import Overview, client_overview
from tests.warehouse.rows import insight, insight_page

from .accounts import add_account, client, load_days

JUNE = {f"2026-06-{day:02d}": 10.0 for day in range(1, 11)}


def overview(context: object, **period: object) -> Overview:
    return client_overview(context, Reader(context.warehouse), **period)  # type: ignore[attr-defined,arg-type]


def test_the_period_is_set_beside_the_one_before_it(tmp_path: Path) -> None:
    """Three days of 20.00 with one purchase of 30.00 each, after three days of 10.00."""
    shop = client(tmp_path, targets={"cpa": 15.0})
    spends = JUNE | {f"2026-06-{day:02d}": 20.0 for day in (8, 9, 10)}
    load_days(shop, spends, known_at="2026-06-11T09:00+00:00")
    found = overview(shop, days=3)
    assert str(found.period) == "2026-06-08 to 2026-06-10"
    assert (found.totals["spend"], found.totals["results"], found.totals["cpa"]) == (60.0, 3, 20.0)
    assert (found.previous_totals["spend"], found.previous_totals["roas"]) == (30.0, 3.0)
    assert (found.targets, found.currency, found.warnings) == ({"cpa": 15.0}, "EUR", ())


@pytest.mark.parametrize(
    ("zone", "expected"), [("UTC", "2026-06-10"), ("Europe/Kyiv", "2026-06-11"), ("America/New_York", "2026-06-10")]
)
def test_yesterday_is_the_accounts_own(tmp_path: Path, zone: str, expected: str) -> None:
    """At 22:30 UTC on 11 June it is 12 June in Kyiv."""
    shop = client(tmp_path)
    add_account(shop, "act_1", zone, "EUR", "2026-06-11T22:00+00:00")
    load_days(shop, JUNE, known_at="2026-06-11T22:30+00:00", days=("2026-06-01", "2026-06-11"))
    assert str(overview(shop, days=1).period) == expected


def test_of_several_zones_the_day_counts_that_has_ended_in_all(tmp_path: Path) -> None:
    """Kyiv is already a day further than New York."""
    shop = client(tmp_path)
    for account_id, zone in (("act_1", "Europe/Kyiv"), ("act_2", "America/New_York")):
        add_account(shop, account_id, zone, "EUR", "2026-06-11T22:00+00:00")
        load_days(shop, JUNE, known_at="2026-06-11T22:30+00:00", account_id=account_id)
    assert str(overview(shop, days=1).period) == "2026-06-10"


def test_days_that_only_the_account_tells_count_in_the_totals(tmp_path: Path) -> None:
    """The ads of 9 and 10 June could not be read; the account says 25.00 a day, the ads 10.00 on the 8th."""
    shop = client(tmp_path)
    load_days(shop, {"2026-06-08": 10.0}, known_at="2026-06-11T09:00+00:00")
    account = {"level": "account", "entity_id": "act_1", "campaign_id": None, "adset_id": None}
    pages = [
        insight_page([insight(day=date(2026, 6, day), spend_micros=micros, **account)])
        for day, micros in ((8, 10_000_000), (9, 25_000_000), (10, 25_000_000))
    ]
    days = DateRange(date(2026, 6, 8), date(2026, 6, 10))
    with open_writer(shop.warehouse) as writer:
        coverage = Coverage("insights", "meta", "act_1", Level.ACCOUNT, days=days, attribution="default")
        writer.load(coverage, pages, known_at=lambda: datetime(2026, 6, 11, 9, tzinfo=UTC))
    found = overview(shop, days=3)
    assert found.totals["spend"] == 60.0
    assert [values["spend"] for _, values in found.daily] == [10.0, 25.0, 25.0]
    assert {each.entity_id: each.values["spend"] for each in found.campaigns}["act_1"] == 50.0
    assert "2 days are known only for the whole account (Jun 9, 2026, Jun 10, 2026)" in found.warnings[0]


def test_currencies_are_not_added_up(tmp_path: Path) -> None:
    """10 euros and 10 hryvnias are not 20 of anything."""
    shop = client(tmp_path)
    for account_id, currency in (("act_1", "EUR"), ("act_2", "UAH")):
        load_days(shop, JUNE, known_at="2026-06-11T09:00+00:00", account_id=account_id, currency=currency)
    with pytest.raises(MixedCurrencyError, match="EUR, UAH"):
        overview(shop, days=3)


def test_a_day_that_was_read_before_it_ended_is_named(tmp_path: Path) -> None:
    """The morning of 10 June is not 10 June."""
    shop = client(tmp_path, clock="platform")
    load_days(shop, JUNE, known_at="2026-06-10T09:00+00:00")
    add_account(shop, "act_1", "UTC", "EUR", "2026-06-11T09:00+00:00")
    found = overview(shop, since="2026-06-08", until="2026-06-10")
    assert [note for note in found.warnings if "Jun 10, 2026" in note and "incomplete" in note]


def test_a_period_before_that_was_read_in_part_is_not_compared_with(tmp_path: Path) -> None:
    """Eleven of twenty-eight days would make this month look like a boom."""
    shop = client(tmp_path)
    load_days(shop, JUNE, known_at="2026-06-11T09:00+00:00")
    found = overview(shop, days=7)
    assert found.totals["spend"] == 70.0
    assert set(found.previous_totals.values()) == {None}
    assert found.warnings == ("The period before was not read whole, so there is no comparison with it.",)


def test_days_without_reported_results_are_named_in_the_clients_language(tmp_path: Path) -> None:
    """Ratios leave them out, and the reader is told in Ukrainian."""
    shop = client(tmp_path, locale="uk")
    load_days(shop, {"2026-06-08": 10.0, "2026-06-10": 10.0}, known_at="2026-06-11T09:00+00:00")
    load_days(shop, {"2026-06-09": 40.0}, known_at="2026-06-11T09:30+00:00", results=None)
    found = overview(shop, since="2026-06-08", until="2026-06-10")
    assert (found.totals["spend"], found.totals["cpa"]) == (60.0, 10.0)
    assert any(note.startswith("Результати: немає даних за 1 день із витратами") for note in found.warnings)


def test_the_past_is_told_as_it_was_known(tmp_path: Path) -> None:
    """As of the first load: its figures, its days, its freshness."""
    shop = client(tmp_path)
    load_days(shop, JUNE, known_at="2026-06-11T09:00+00:00")
    add_account(shop, "act_1", "UTC", "EUR", "2026-06-11T09:00+00:00")
    load_days(shop, dict.fromkeys(JUNE, 99.0), known_at="2026-06-14T09:00+00:00")
    then, now = overview(shop, days=3, as_of=1), overview(shop, days=3)
    assert (str(then.period), then.totals["spend"], then.load_id) == ("2026-06-08 to 2026-06-10", 30.0, 1)
    assert str(now.period) == "2026-06-11 to 2026-06-13"
    assert "There are no facts in Jun 11, 2026 to Jun 13, 2026" in now.warnings[0]


def test_two_ways_of_naming_a_period_are_not_mixed(tmp_path: Path) -> None:
    """days with since would leave one of them ignored."""
    shop = client(tmp_path)
    load_days(shop, JUNE, known_at="2026-06-11T09:00+00:00")
    with pytest.raises(PeriodError, match="not both"):
        overview(shop, days=3, since="2026-06-01", until="2026-06-02")
