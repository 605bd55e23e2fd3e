"""Every preset through the served platform: a page is read, something is paused, time passes, it is read again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from aibuyer_kit.sandbox.market.presets import PRESETS
from aibuyer_kit.sandbox.serve import RunningSandbox, start
from tests.sandbox.conftest import NO_CERTIFICATES

DAY_SECONDS = 86_400


@contextmanager
def served(world: str | Path) -> Iterator[tuple[RunningSandbox, httpx.Client]]:
    with start(world, seed=7) as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.access_token}"}
        with httpx.Client(base_url=f"{sandbox.graph_url}/v26.0/", headers=headers, verify=NO_CERTIFICATES) as graph:
            yield sandbox, graph


def page(sandbox: RunningSandbox, graph: httpx.Client, since: date, until: date, **params: str) -> dict[str, Any]:
    asked = {
        "level": "ad",
        "time_increment": "1",
        "limit": "500",
        "fields": "ad_id,adset_id,spend,impressions,reach,actions",
        "time_range": json.dumps({"since": since.isoformat(), "until": until.isoformat()}),
        **params,
    }
    answer = graph.get(f"{sandbox.account_id}/insights", params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def spend_minor(rows: list[dict[str, Any]], day: date, adset_id: str = "") -> int:
    """Return what rows of a day say of all ad sets, or of one."""
    some = [row for row in rows if row["date_start"] == day.isoformat() and adset_id in ("", row["adset_id"])]
    return sum(round(float(row["spend"]) * 100) for row in some)


@pytest.mark.parametrize("preset", [name for name in PRESETS if name != "large"])
def test_a_preset_is_read_paused_and_read_again(preset: str) -> None:
    """What is paused spends no more from then on, all else goes on, and what was spent before stays."""
    with served(preset) as (sandbox, graph):
        market = sandbox.market
        today, adsets = market.today, market.account.adsets
        yesterday, tomorrow = today - timedelta(days=1), today + timedelta(days=1)
        before = page(sandbox, graph, yesterday, today)["data"]
        paused = max(adsets, key=lambda adset: spend_minor(before, today, adset.id))
        assert graph.post(paused.id, data={"status": "PAUSED"}).json() == {"success": True}
        with httpx.Client(base_url=sandbox.control_url, verify=NO_CERTIFICATES) as control:
            assert control.post("/clock", json={"advance_seconds": 2 * DAY_SECONDS}).status_code == 200
        after = page(sandbox, graph, yesterday, tomorrow)["data"]
        kept_on = [adset.id for adset in adsets if adset.id != paused.id]
        true_minor = market.spend_minor(market.account.ads, (yesterday,), market.now_us)

    assert spend_minor(before, yesterday) == spend_minor(after, yesterday) == true_minor > 0
    assert spend_minor(after, today, paused.id) == spend_minor(before, today, paused.id) > 0
    assert spend_minor(after, tomorrow, paused.id) == 0
    assert all(spend_minor(after, tomorrow, adset_id) > 0 for adset_id in kept_on)
    assert any("actions" in row for row in after)


@pytest.mark.prove
def test_a_page_of_500_rows_of_the_large_preset_has_the_platforms_shape(tmp_path: Path) -> None:
    """Of 30,000 ads on a shortened history: whole figures, cursors, and a next page without a row of this one."""
    world = tmp_path / "large.toml"
    world.write_text('preset = "large"\nhistory_days = 1\n', encoding="utf-8")
    with served(world) as (sandbox, graph):
        market = sandbox.market
        yesterday = market.today - timedelta(days=1)
        first = page(sandbox, graph, yesterday, yesterday)
        after = first["paging"]["cursors"]["after"]
        second = page(sandbox, graph, yesterday, yesterday, after=after)
    rows = first["data"]

    assert len(market.account.ads) == 30_000
    assert len(rows) == len(second["data"]) == 500
    assert not {row["ad_id"] for row in rows} & {row["ad_id"] for row in second["data"]}
    assert len({row["ad_id"] for row in rows}) == 500
    assert "next" in first["paging"]
    assert "previous" not in first["paging"]
    assert set(first["paging"]["cursors"]) == {"before", "after"}
    for row in rows:
        assert set(row) - {"actions"} == {
            *("ad_id", "adset_id", "spend", "impressions", "reach", "date_start", "date_stop"),
        }
        assert all(isinstance(value, str) for key, value in row.items() if key != "actions")
        assert row["date_start"] == row["date_stop"] == yesterday.isoformat()
        assert 0 < int(row["reach"]) <= int(row["impressions"])
    assert {row["ad_id"] for row in rows} <= {ad.id for ad in market.account.ads}
    for row in rows[::25]:
        true_minor = market.spend_minor((market.tree.ad(row["ad_id"]),), (yesterday,), market.now_us)
        assert round(float(row["spend"]) * 100) == true_minor > 0
