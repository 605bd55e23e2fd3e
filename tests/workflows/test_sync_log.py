"""What is kept of each sync: bounded, added up over days, and worth nothing when it is damaged."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aibuyer_kit.connectors.service import Service
from aibuyer_kit.workflows.status import service_rows
from aibuyer_kit.workflows.sync_log import SyncLine, SyncLog

from .accounts import client

NOW = datetime(2026, 6, 1, 6, 30, tzinfo=UTC)


def served(good: int, bad: int = 0, *, seconds: float = 0.1, waited: float = 0.0) -> Service:
    service = Service()
    for number in range(good + bad):
        service.call_ended(seconds, ok=number < good)
        service.read_ended(seconds, ok=number < good, retries=1)
    service.waited(waited)
    return service


def test_the_last_sync_and_the_last_seven_days_are_told_apart(tmp_path: Path) -> None:
    """90 of 100 in the week, of which the last sync had 10 of 10; a sync of eight days ago counts in neither."""
    shop = client(tmp_path)
    for days, service in ((8, served(1000)), (6, served(80, 10, seconds=3.0, waited=60.0)), (0, served(10))):
        SyncLog(shop.sync_log).add(SyncLine(NOW - timedelta(days=days), service))
    last, week = service_rows(shop)
    assert (last["period"], last["reads"], last["reads_success_share"]) == ("last sync", 10, 1.0)
    assert (week["period"], week["reads"], week["reads_success_share"]) == ("last 7 days", 100, 0.9)
    assert last["reads_p95_seconds"] < 0.2
    assert 3.0 <= week["reads_p95_seconds"] < 4.0
    assert (week["reads_retries"], week["ordered_wait_seconds"]) == (100, 60.0)


def test_a_client_without_a_sync_has_no_row(tmp_path: Path) -> None:
    """Zero reads would look like a service."""
    assert list(service_rows(client(tmp_path))) == []


def test_the_file_stays_small(tmp_path: Path) -> None:
    """Lines of more than eight days are dropped, whichever way the clock jumped."""
    path = tmp_path / "syncs.jsonl"
    for days in (0, 1, 40, 41, 42):
        SyncLog(path).add(SyncLine(NOW + timedelta(days=days), served(1)))
    assert len(path.read_text(encoding="utf-8").splitlines()) == 3


def test_calls_and_refusals_are_remembered(tmp_path: Path) -> None:
    """The newest word counts about calls; refusals count from a moment on."""
    path = tmp_path / "syncs.jsonl"
    SyncLog(path).add(SyncLine(NOW, Service(), {"ads": 7, "days": 3}, {"dma": "RefusedError"}))
    SyncLog(path).add(SyncLine(NOW + timedelta(hours=1), Service(), {"ads": 9}))
    log = SyncLog(path)
    assert log.calls_taken() == {"ads": 9, "days": 3}
    assert log.given_up_since(NOW) == {"dma": "RefusedError"}
    assert log.given_up_since(NOW + timedelta(minutes=1)) == {}


@pytest.mark.parametrize("damage", ["junk\n", '{"ended_at": "2026-06-01T06:30:00"}\n', "null\n", '{"ended_at": 5'])
def test_a_damaged_line_costs_only_itself(tmp_path: Path, damage: str) -> None:
    """Those around it are read."""
    path = tmp_path / "syncs.jsonl"
    SyncLog(path).add(SyncLine(NOW, served(1)))
    path.write_text(damage + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert [line.service.reads.done for line in SyncLog(path).lines] == ([1] if damage.endswith("\n") else [])
