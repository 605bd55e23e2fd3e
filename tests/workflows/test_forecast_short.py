"""Forecasts where little can be asked or is known yet: a dead store of models, days that nobody has seen ripen."""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.access.result_sections import ResultSection
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.forecast import client_forecast
from tests.warehouse.rows import action, insight, insight_page
from tests.workflows.accounts import add_account, client, load_days

SINCE = date(2026, 3, 1)


def shop_of(folder: Path, days: int, **settings: Any) -> ClientContext:
    """Return a client whose only sync found ten purchases a day for 100.00."""
    shop = client(folder, **settings)
    add_account(shop, "act_1", "UTC", "EUR", f"{SINCE}T00:00+00:00")
    told = {str(SINCE + timedelta(days=at)): 100.0 for at in range(days)}
    load_days(shop, told, known_at=f"{SINCE + timedelta(days=days)}T06:00+00:00", results=10)
    return shop


def test_a_forecast_is_made_without_the_server_of_models_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within seconds, and its notes say so."""
    monkeypatch.setenv("AIBUYER_MODELS__TRACKING_URI", "http://127.0.0.1:9")
    shop = shop_of(tmp_path, 60)
    began = monotonic()
    found = client_forecast(shop, Reader(shop.warehouse), "cpa", horizon_days=3)
    assert monotonic() - began < 40
    assert found.totals[0].expected == pytest.approx(10, rel=0.05)
    assert sum("forecast-results cannot be used" in note for note in found.notes) == 1


def grown(folder: Path, days: int) -> ClientContext:
    """Return a client that was synced daily: of 40 purchases a tenth is known at once, then 1/2, 4/5 and all."""
    shop = client(folder)
    add_account(shop, "act_1", "UTC", "EUR", f"{SINCE}T00:00+00:00")
    with open_writer(shop.warehouse) as writer:
        for at in range(days + 1):
            read = DateRange(SINCE, SINCE + timedelta(days=at))
            came = [(4, 20, 32, 40)[min((read.until - day).days, 3)] for day in read]
            rows = [
                insight(day=day, account_id="act_1", spend_micros=10**8, actions=[action("purchase", some)])
                for day, some in zip(read, came, strict=True)
            ]
            coverage = Coverage("insights", "meta", "act_1", Level.AD, days=read, attribution="default")
            moment = datetime.combine(read.until, time(12), UTC)
            writer.load(coverage, [insight_page(rows)], known_at=partial(datetime.fromisoformat, str(moment)))
    return shop


def test_a_young_client_learns_from_how_far_days_were_seen_to_grow(tmp_path: Path) -> None:
    """Of 19 days none is four weeks old: they have come to 40 each, the newest two as far as earlier ones tell."""
    shop = grown(tmp_path, 19)
    found = client_forecast(shop, Reader(shop.warehouse), "results", horizon_days=3)
    assert found.totals[0].expected == pytest.approx(3 * 40, rel=0.05)
    assert found.history[-2:] == pytest.approx([40, 40])
    assert any("a day counts as whole once it is 19 days old" in note for note in found.notes)


def test_where_nobody_saw_days_grow_the_attribution_window_tells_when_they_are_whole(tmp_path: Path) -> None:
    """Nineteen days of one sync: those of more than a week count where a click of a week does, else it is refused."""
    shop = shop_of(tmp_path, 19)
    with pytest.raises(InputError, match=r"only 19 days are known.* from 2026-03-30 on"):
        client_forecast(shop, Reader(shop.warehouse), "cpa", horizon_days=3)
    assert client_forecast(shop, Reader(shop.warehouse), "spend", horizon_days=3).totals[0].expected > 0
    purchases = ResultSection(action_type="purchase", window="click_7d")
    weekly = shop_of(tmp_path / "weekly", 19, result=purchases)
    found = client_forecast(weekly, Reader(weekly.warehouse), "results", horizon_days=3)
    assert np.isfinite(found.totals[0].expected)
