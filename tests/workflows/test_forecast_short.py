"""Forecasts where little can be asked or is known yet: a dead store of models, days that nobody has seen ripen."""

import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.forecast import client_forecast
from tests.workflows.accounts import add_account, client, load_days

SINCE = date(2026, 3, 1)


def shop_of(folder: Path, days: int) -> ClientContext:
    """Return a client whose only sync found ten purchases a day for 100.00."""
    shop = client(folder)
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
    began = time.monotonic()
    found = client_forecast(shop, Reader(shop.warehouse), "cpa", horizon_days=3)
    assert time.monotonic() - began < 40
    assert found.totals[0].expected == pytest.approx(10, rel=0.05)
    assert sum("forecast-results cannot be used" in note for note in found.notes) == 1
