"""A read that breaks off: what was read is kept and not read again, and what is left comes once, without a gap."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import AuthorisationError, TransientError
from aibuyer_kit.warehouse.read import Reader

from .practice_shop import PLAIN, PracticeShop, practice_shop

FEW_DAYS = PLAIN.model_copy(update={"backfill_days": 6, "restated_days": 3})


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[PracticeShop]:
    with practice_shop(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def untroubled(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, date], tuple[object, ...]]:
    """What the same account is known as when nothing goes wrong."""
    with practice_shop(tmp_path_factory.mktemp("untroubled")) as twin:
        assert twin.sync().failures == ()
        return twin.known()


# The third week of the 30 days that the first night reads as one stream, at its second page.
THIRD_WEEK = {"path": "insights", "query": "level=ad&.*2026-05-12.*after="}


def answered(calls: list[dict[str, Any]]) -> Counter[str]:
    """Count each page of insights that was given, by what was asked."""
    good = [call for call in calls if call["status"] == 200 and call["path"].endswith("insights")]
    return Counter(json.dumps(call["query"], sort_keys=True) for call in good)


def days_of_loads(shop: PracticeShop, extent: str) -> list[str]:
    """Return the days of each load of ad insights."""
    loads = Reader(shop.context.warehouse).loads().rows()
    return [
        f"{load['since']:%m-%d}..{load['until']:%m-%d}"
        for load in loads
        if (load["facts"], load["level"], load["extent"]) == ("insights", "ad", extent)
    ]


def test_a_stream_that_breaks_off_goes_on_within_the_same_sync(
    shop: PracticeShop, untroubled: dict[tuple[str, date], tuple[object, ...]]
) -> None:
    """Five refusals in a row end the patience with one page; the read goes on there, and no page is had twice."""
    shop.fault("temporary", 5, match=THIRD_WEEK)
    report = shop.sync()
    assert report.failures == ()
    assert sum(call["fault"] == "temporary" for call in shop.calls()) == 5
    assert set(answered(shop.calls()).values()) == {1}
    assert days_of_loads(shop, "broken") == []
    assert {key: row for key, row in shop.known().items() if key[1] < date(2026, 5, 31)} == {
        key: row for key, row in untroubled.items() if key[1] < date(2026, 5, 31)
    }


def test_a_read_that_gets_no_further_is_given_up_at_once(shop: PracticeShop) -> None:
    """A platform that is down is asked five times for a page and not for ever."""
    shop.fault("temporary", 10_000, match={"path": "insights"})
    report = shop.sync(FEW_DAYS)
    assert {type(failure.error) for failure in report.failures} == {TransientError}
    assert sum(call["fault"] == "temporary" for call in shop.calls()) == 5 * len(report.failures)


def test_a_token_that_ends_in_mid_page_costs_one_alert_and_no_row(
    shop: PracticeShop, untroubled: dict[tuple[str, date], tuple[object, ...]]
) -> None:
    """Finished weeks stay; with new credentials another process reads what is left, without a gap or a duplicate."""
    shop.fault("token_revoked", match=THIRD_WEEK, options={"subcode": 463})
    broken = shop.sync()
    assert [type(failure.error) for failure in broken.failures] == [AuthorisationError]
    assert broken.summary().count("FAILED") == 1
    assert "whole up to 2026-05-11; the next sync goes on from there" in broken.summary()
    assert "04-28..05-11" in days_of_loads(shop, "complete")
    assert "05-12..05-27" in days_of_loads(shop, "broken")
    calls = shop.calls()
    assert [call["status"] for call in calls].index(401) == len(calls) - 1

    made = httpx.post(f"{shop.platform.control_url}/tokens", json={}).raise_for_status().json()
    shop.tokens = [made["access_token"]]
    healed = shop.sync()
    assert healed.failures == ()
    later = answered(shop.calls(since=len(calls)))
    assert not any("2026-04-28" in asked or "2026-05-05" in asked for asked in later if '"ad"' in asked)
    assert shop.known() == untroubled
    assert healed.disagreements == ()


def test_a_token_that_ends_is_told_once_for_all_accounts_that_it_opens(tmp_path: Path) -> None:
    """The second account is not even asked."""
    with practice_shop(tmp_path, accounts=2) as shop:
        shop.fault("token_expired", match={"path": "act_"})
        report = shop.sync(FEW_DAYS)
        assert [type(failure.error) for failure in report.failures] == [AuthorisationError]
        assert (len(shop.calls(at=0)), shop.calls(at=1)) == (1, [])


def test_a_missing_permission_ends_its_own_account_alone(tmp_path: Path) -> None:
    """The token may well be good for the other one."""
    with practice_shop(tmp_path, accounts=2) as shop:
        shop.fault("permission", 100, match={"path": "act_"})
        report = shop.sync(FEW_DAYS)
        assert [type(failure.error) for failure in report.failures] == [AuthorisationError]
        assert {load.coverage.account_id for load in report.loads} == {shop.platforms[1].account_id}


def test_only_what_is_left_of_a_night_is_read_by_the_next_sync(shop: PracticeShop) -> None:
    """One stream failed; those that were whole are not read again on the same day of the account."""
    shop.fault("temporary", 5, match={"path": "adcreatives"})
    assert [failure.stream.split(" ", 1)[1] for failure in shop.sync(FEW_DAYS).failures] == ["creatives"]
    seen = len(shop.calls())
    assert shop.sync(FEW_DAYS).failures == ()
    asked = [call["path"].rsplit("/", 1)[-1] for call in shop.calls(since=seen)]
    assert asked.count("adcreatives") == 1
    assert {
        json.loads(each["query"]["time_range"])["since"]
        for each in shop.calls(since=seen)
        if "time_range" in each["query"]
    } == {"2026-05-31"}


def test_a_breakdown_that_is_refused_is_told_once_a_day_and_stops_nothing(shop: PracticeShop) -> None:
    """The others are read, and the next sync of the same day does not ask for it again."""
    settings = FEW_DAYS.model_copy(update={"breakdowns": ["dma", "country"]})
    report = shop.sync(settings)
    assert [failure.stream.split(" ", 1)[1] for failure in report.failures] == [
        "ad insights by dma 2026-05-29 to 2026-06-01"
    ]
    assert any("'dma'" in notice for notice in report.notices)
    assert any(load.coverage.breakdowns == ("country",) for load in report.loads)
    again = shop.sync(settings)
    assert again.failures == ()
    shop.platform.advance(86_400)
    assert len(shop.sync(settings).failures) == 1


@pytest.mark.soak
def test_a_backfill_of_37_months_asks_for_each_day_once(shop: PracticeShop) -> None:
    """As far back as the platform goes, without one refusal."""
    report = shop.sync(PLAIN.model_copy(update={"backfill_days": 1123}))
    assert report.failures == ()
    assert report.disagreements == ()
    calls = [call for call in shop.calls() if call["path"].endswith("insights") and call["query"]["level"] == "ad"]
    assert {call["status"] for call in calls} == {200}
    ranges = [json.loads(call["query"]["time_range"]) for call in calls if "after" not in call["query"]]
    days = [day for each in ranges for day in DateRange(*map(date.fromisoformat, (each["since"], each["until"])))]
    assert sorted(days) == list(DateRange(date(2023, 5, 6), date(2026, 6, 1)))
    seen = len(shop.calls())
    assert shop.sync(PLAIN.model_copy(update={"backfill_days": 1123})).failures == ()
    assert len(shop.calls(since=seen)) < 12


def test_a_night_that_breaks_off_between_its_kinds_of_read_goes_on_with_the_same_days(tmp_path: Path) -> None:
    """Breakdowns fail after the daily figures have been read: the day that these settle is read broken down, too."""
    settings = PLAIN.model_copy(update={"backfill_days": 6, "restated_days": 3, "breakdowns": ["country"]})
    with practice_shop(tmp_path) as shop:
        shop.sync(settings)
        shop.platform.advance(86_400)
        shop.fault("http_500", 1_000, match={"path": "insights", "query": "breakdowns=country"})
        assert len(shop.sync(settings).failures) == 1
        shop.clear()
        (days,) = (load.coverage.days for load in shop.sync(settings).loads if load.coverage.breakdowns)
    assert str(days) == "2026-05-30 to 2026-06-02"


def test_a_night_that_nobody_went_on_with_before_midnight_leaves_no_day_without_its_last_reading(
    tmp_path: Path,
) -> None:
    """Breakdowns and the levels between failed on the last night of a day: the next night reads that day, too."""
    settings = PLAIN.model_copy(update={"backfill_days": 6, "restated_days": 3, "breakdowns": ["country"]})
    with practice_shop(tmp_path) as shop:
        shop.sync(settings)
        shop.platform.advance(86_400)
        shop.fault("http_500", 1_000, match={"path": "insights", "query": "breakdowns=country"})
        shop.fault("http_500", 1_000, match={"path": "insights", "query": "level=campaign"})
        assert len(shop.sync(settings).failures) == 2
        shop.clear()
        shop.platform.advance(86_400)
        loads = shop.sync(settings).loads
        again = shop.sync(settings).loads
    late = [
        load.coverage.title for load in loads if load.coverage.days and load.coverage.days.until == date(2026, 5, 30)
    ]

    assert late == ["campaign insights 2026-05-30", "ad insights by country 2026-05-30"]
    assert not any(load.coverage.breakdowns for load in again)
