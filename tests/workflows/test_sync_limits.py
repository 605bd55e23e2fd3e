"""A sync within the platform's limits: no call before a reset, by any process, and what does not fit comes later."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from aibuyer_kit.connectors.budget import Usage
from aibuyer_kit.connectors.service import Service
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import RateLimitError
from aibuyer_kit.workflows.cadence import Depth
from aibuyer_kit.workflows.sync import SyncReport, sync_client
from aibuyer_kit.workflows.sync_log import SyncLine, SyncLog

from .practice_shop import PLAIN, PracticeShop, practice_shop

FEW_DAYS = PLAIN.model_copy(update={"backfill_days": 6})


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[PracticeShop]:
    with practice_shop(tmp_path) as made:
        yield made


@pytest.fixture
def two_accounts(tmp_path: Path) -> Iterator[PracticeShop]:
    with practice_shop(tmp_path, accounts=2) as made:
        yield made


def moments(calls: list[dict[str, Any]]) -> list[datetime]:
    return [datetime.fromisoformat(call["time"]) for call in calls]


@pytest.mark.parametrize("code", [4, 80000, *(pytest.param(code, marks=pytest.mark.soak) for code in (17, 613, 80004))])
def test_half_an_hour_of_limits_sees_no_call_before_the_reset(shop: PracticeShop, code: int) -> None:
    """Every ten minutes another process with four threads tries; all of them keep to what the first was told."""
    shop.fault("throttle", match={"path": "insights"}, options={"minutes": 30, "code": code})
    reports = []
    for _ in range(4):
        connectors = shop.connectors(page_rows=25)
        for connector in connectors:
            connector.slow_call_seconds = 0.0
        reports.append(sync_client(shop.context, connectors, FEW_DAYS))
        shop.platform.advance(600)
    calls = shop.calls()
    (refused_at, *_), reset = moments([call for call in calls if call["status"] == 400]), timedelta(minutes=30)
    assert [each for each in moments(calls) if refused_at < each < refused_at + reset] == []
    assert isinstance(reports[0].failures[0].error, RateLimitError)
    assert [len(report.failures) for report in reports] == [1, 0, 0, 0]
    assert "put off to the first sync after 2026-06-01 07:00:0" in reports[1].summary()
    assert reports[-1].disagreements == ()
    assert len({day for _, day in shop.known()}) == 6


def test_the_limit_of_an_app_holds_back_its_other_accounts(two_accounts: PracticeShop) -> None:
    """One account is refused with code 4, and no thread or process asks for the other one before the reset."""
    two_accounts.fault("throttle", at=1, match={"path": "campaigns"}, options={"minutes": 30, "code": 4})
    for _ in range(4):
        two_accounts.sync(FEW_DAYS)
        two_accounts.clock.sleep(600)
    refused_at = next(
        datetime.fromisoformat(call["time"]) for call in two_accounts.calls(at=1) if call["status"] == 400
    )
    for account in range(2):
        until = refused_at + timedelta(minutes=30)
        assert not [each for each in moments(two_accounts.calls(at=account)) if refused_at < each < until]
    assert len(two_accounts.known(Level.ACCOUNT)) == 2 * 6


def test_the_limit_of_an_account_leaves_the_others_alone(two_accounts: PracticeShop) -> None:
    """The score is the account's own."""
    two_accounts.fault("throttle", at=0, match={"path": "campaigns"}, options={"minutes": 30, "code": 17})
    report = two_accounts.sync(FEW_DAYS)
    first, second = (platform.account_id for platform in two_accounts.platforms)
    assert {load.coverage.account_id for load in report.loads if load.coverage.level is Level.AD} == {second}
    assert [notice.split(":")[0] for notice in put_off(report)] == [first]


def test_a_small_app_reads_all_without_one_refusal(shop: PracticeShop) -> None:
    """104 pages of objects where 60 points are allowed: the headers say so in time, and the sync slows down."""
    settings = {"tier": "development_access"}
    httpx.post(f"{shop.platform.control_url}/settings", json=settings).raise_for_status()
    before = shop.platform.market.now
    reports = [shop.sync(FEW_DAYS, page_rows=1, depth=Depth.QUICK)]
    assert [call["status"] for call in shop.calls() if call["status"] != 200] == []
    assert reports[0].failures == ()
    assert shop.platform.market.now - before > timedelta(minutes=1)
    assert reports[0].service.ordered_wait_seconds >= 60


def put_off(report: SyncReport) -> list[str]:
    """Return what is said of reads that wait, and not what the first sync says of what counts."""
    return [notice for notice in report.notices if "put off" in notice]


def order(report: SyncReport) -> list[tuple[str, str]]:
    return [(load.coverage.account_id, load.coverage.title) for load in report.loads]


def test_the_newest_figures_of_all_accounts_come_before_the_breadth_of_any(two_accounts: PracticeShop) -> None:
    """And within a turn the accounts alternate."""
    report = two_accounts.sync(FEW_DAYS)
    first, second = (platform.account_id for platform in two_accounts.platforms)
    accounts, titles = zip(*order(report), strict=True)
    assert accounts == (first, second) * (len(accounts) // 2)
    newest = max(place for place, title in enumerate(titles) if "2026-05-31 to 2026-06-01" in title)
    breadth = min(place for place, title in enumerate(titles) if "2026-05-27" in title or title == "creatives")
    assert newest < breadth


def test_a_read_that_does_not_fit_is_put_off_and_said_so(shop: PracticeShop) -> None:
    """30 calls are left; last night's figures took 60, creatives 5. An hour later there is room for all."""
    account_id, now = shop.platform.account_id, shop.clock.now()
    taken = {f"{account_id} nightly ad insights": 60, f"{account_id} nightly  creatives": 5}
    SyncLog(shop.context.sync_log).add(SyncLine(now - timedelta(days=1), Service(), taken))
    (connector,) = connectors = shop.connectors()
    for call in range(41):  # 40 calls move the limit from 20% to 60%, so that 30 more reach 90%
        connector.budget.note(account_id, {"calls": Usage(20 + call, reset_seconds=3600)}, now)
    short = sync_client(shop.context, connectors, FEW_DAYS)
    assert ("creatives" in [title for _, title in order(short)], short.failures) == (True, ())
    (note,) = put_off(short)
    assert note.startswith(f"{account_id}: put off to the next sync, for the platform's limit: ad insights 2026-05-27")
    assert "ad insights 2026-05-27 to 2026-05-29" not in [title for _, title in order(short)]
    assert "ad insights 2026-05-31 to 2026-06-01" in [title for _, title in order(short)]
    shop.platform.advance(3_600)
    later = shop.sync(FEW_DAYS)
    assert later.notices == ()
    assert {day for _, day in shop.known()} == {day for _, day in shop.known(Level.ACCOUNT)}


def test_while_a_limit_is_nearly_used_up_breadth_waits_only_so_long(shop: PracticeShop) -> None:
    """92% in each answer: today's figures are read with pauses, the rest is put off after a quarter of an hour."""
    shop.fault("high_usage", 10_000, options={"percent": 92})
    report = shop.sync(FEW_DAYS.model_copy(update={"backfill_days": 1100}))
    assert "ad insights 2026-05-31 to 2026-06-01" in [title for _, title in order(report)]
    assert report.failures == ()
    (note,) = put_off(report)
    assert "put off to the first sync after" in note
