"""Maturity learnt from a practice account, beside the curve by which that account really restates."""

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import add_client
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.facts import WINDOWS
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.sandbox.market.response import known_share
from aibuyer_kit.sandbox.serve import RunningSandbox, start
from aibuyer_kit.settings.workspace_settings import MetaSection, SyncSection
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.connect import client_connectors
from aibuyer_kit.workflows.maturity import client_maturity, immature_days
from aibuyer_kit.workflows.sync import sync_client

_SYNCS = 8
KYIV = ZoneInfo("Europe/Kyiv")
QUIET = SyncSection(backfill_days=35, breakdowns=[], hourly=False, reach=False)
# The platform's day is 9.5 hours old when the account is read each morning.
_MORNING = 9.5 / 24


def test_the_learnt_curve_is_the_platforms_own_and_was_unknown_before_it_could_be_learnt(tmp_path: Path) -> None:
    """Eight daily syncs over 35 days show each age several times; after the first one nothing is known."""
    with start("hill", seed=3) as platform:
        account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
        context = add_client(tmp_path, "shop", ClientFile(name="Sample", clock="platform", accounts=(account,)))
        connectors = client_connectors(context, MetaSection(), access_token=SecretStr(platform.access_token))
        loads = []
        for _ in range(_SYNCS):
            loads.append(sync_client(context, connectors, QUIET).loads[-1].load_id)
            platform.advance(86_400)
    reader = Reader(context.warehouse)
    (curve,) = client_maturity(context, reader).values()
    expected = [known_share(age + _MORNING) for age in range(1, 29)]
    assert [point.share_known for point in curve[1:]] == pytest.approx(expected, abs=0.02)
    (clicks,) = client_maturity(context, reader, action_type="link_click").values()
    assert {point.share_known for point in clicks[1:]} == {1.0}, "nobody waits for a click once its day is over"
    (lately,) = client_maturity(context, reader, days=10).values()
    assert sum(point.days_compared for point in lately) < sum(point.days_compared for point in curve)
    (first,) = client_maturity(context, reader, as_of=loads[0]).values()
    assert {point.share_known for point in first} == {None, 1.0}


def served(platform: RunningSandbox, window: str) -> dict[date, int]:
    """Return each day's purchases in a window as the platform itself tells them for the account at this moment."""
    asked = {
        "access_token": platform.access_token,
        "fields": "actions",
        "time_increment": "1",
        "time_range": '{"since":"2026-05-20","until":"2026-06-10"}',
        "action_attribution_windows": '["1d_click","7d_click","28d_click","1d_view"]',
        "limit": "100",
    }
    answer = httpx.get(f"{platform.graph_url}/v26.0/{platform.account_id}/insights", params=asked).raise_for_status()
    return {
        date.fromisoformat(row["date_start"]): int(action.get(window, 0))
        for row in answer.json()["data"]
        for action in row["actions"]
        if action["action_type"] == "purchase"
    }


NAMES = {
    "total": "value",
    "click_1d": "1d_click",
    "click_7d": "7d_click",
    "click_28d": "28d_click",
    "view_1d": "1d_view",
}


def test_each_window_develops_as_the_platform_told_it_at_every_moment(tmp_path: Path) -> None:
    """Four syncs on four days: the results of each day at each age, by window, now and as known after the second."""
    told: dict[str, list[tuple[date, int, int]]] = {window: [] for window in WINDOWS}
    with start("hill", seed=3) as platform:
        account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
        context = add_client(tmp_path, "shop", ClientFile(name="Sample", clock="platform", accounts=(account,)))
        connectors = client_connectors(context, MetaSection(), access_token=SecretStr(platform.access_token))
        loads, lengths = [], []
        for number in range(4):
            report = sync_client(context, connectors, QUIET.model_copy(update={"backfill_days": 6}))
            loads.append(report.loads[-1].load_id)
            today, first = date(2026, 6, 1 + number), date(2026, 5, 27)
            for window in WINDOWS:
                found = served(platform, NAMES[window])
                told[window] += [(day, (today - day).days, found[day]) for day in found if first <= day <= today]
            lengths.append(len(told["total"]))
            platform.advance(86_400)
    reader = Reader(context.warehouse)
    for window in WINDOWS:
        for as_of, length in ((None, lengths[-1]), (loads[1], lengths[1])):
            result = ResultSetting("purchase", window)
            rows = reader.development(account.id, KYIV, result=result, as_of=as_of).rows()
            known = sorted((row["date"], row["age_days"], row["results"]) for row in rows)
            assert known == sorted(told[window][:length])
    assert len({str(each) for each in told.values()}) == len(WINDOWS)


def test_days_that_are_not_final_are_named_with_the_share_that_is_known(tmp_path: Path) -> None:
    """First the last 28 days all count as open; later the newest is known by half, the oldest as good as whole."""
    with start("hill", seed=3) as platform:
        account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
        context = add_client(tmp_path, "shop", ClientFile(name="Sample", clock="platform", accounts=(account,)))
        connectors = client_connectors(context, MetaSection(), access_token=SecretStr(platform.access_token))
        for _ in range(3):
            last = sync_client(context, connectors, QUIET).loads[-1].load_id
            platform.advance(86_400)
    reader = Reader(context.warehouse)
    days = DateRange(date(2026, 5, 6), date(2026, 6, 2))
    found = immature_days(context, reader, days)
    assert found
    assert found[-1].day == days.until
    for each in found:
        age = (date(2026, 6, 3) - each.day).days + _MORNING
        assert (each.least, each.most) == (pytest.approx(known_share(age), abs=0.06),) * 2
    assert all(known_share((date(2026, 6, 3) - day).days) > 0.92 for day in days if day < found[0].day)
    assert immature_days(context, reader, days, as_of=1) == ()
    first_day = immature_days(context, reader, DateRange(date(2026, 4, 30), date(2026, 5, 31)), as_of=last // 3)
    assert (first_day[0].day, len(first_day)) == (date(2026, 5, 5), 27)
    assert {(each.least, each.most) for each in first_day} == {(None, None)}
