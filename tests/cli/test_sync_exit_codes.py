"""What a scheduler is told by the exit code of `aibuyer sync`: all well, figures that need a look, or the error's."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import add_client
from aibuyer_kit.cli import main
from aibuyer_kit.sandbox.serve import start
from tests.workflows.practice_shop import PracticeShop

SETTINGS = """
[sync]
backfill_days = {days}
breakdowns = []
hourly = false
reach = false
"""
Sync = Callable[..., int]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PracticeShop]:
    """A workspace whose one client has one practice account with 60 days of history."""
    with start("hill", seed=11) as platform:
        account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
        context = add_client(tmp_path, "shop", ClientFile(name="Sample", clock="platform", accounts=(account,)))
        monkeypatch.setenv("AIBUYER_SHOP_META_ACCESS_TOKEN", platform.access_token)
        yield PracticeShop(context, [platform], [platform.access_token])


@pytest.fixture
def sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sync:
    """Sync as `aibuyer sync` does, and return its exit code."""

    def run(*arguments: str, days: int = 4) -> int:
        (tmp_path / "aibuyer.toml").write_text(SETTINGS.format(days=days), encoding="utf-8")
        monkeypatch.setattr(sys, "argv", ["aibuyer", "sync", "-w", str(tmp_path), *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return run


def test_an_alarm_is_code_3_until_the_figures_agree(shop: PracticeShop, sync: Sync) -> None:
    """The ads of one day are served in part; the next night reads them whole."""
    shop.fault("partial_day", match={"path": "insights", "query": "2026-05-29"})
    assert sync() == 3
    shop.platform.advance(86_400)
    assert sync("--all") == 0


def test_a_row_that_is_newly_set_aside_is_code_3_and_met_again_it_is_none(
    shop: PracticeShop, sync: Sync, capsys: pytest.CaptureFixture[str]
) -> None:
    """One campaign's budget cannot be read, by any sync."""
    shop.fault("bad_row", 1_000, match={"path": "/campaigns"}, options={"field": "daily_budget", "value": "1.5.1"})
    assert sync() == 3
    assert " of them new): aibuyer quarantine list" in capsys.readouterr().out
    assert sync() == 0
    assert "(all known before): aibuyer quarantine list" in capsys.readouterr().out


def test_a_lost_month_is_code_3(shop: PracticeShop, sync: Sync, capsys: pytest.CaptureFixture[str]) -> None:
    """It has gone by the time of the second sync, which reads its days again."""
    assert sync(days=70) == 0
    (april,) = (shop.context.warehouse / "sealed").glob("*.duckdb")
    april.unlink()
    assert sync(days=70) == 3
    assert "LOST" in capsys.readouterr().out


def test_a_refusal_is_its_own_code_and_being_put_off_for_it_is_none(
    shop: PracticeShop, sync: Sync, capsys: pytest.CaptureFixture[str]
) -> None:
    """A limit breaks the first sync off; the next ones know of it, and are in order."""
    shop.fault("throttle", match={"path": "insights"}, options={"minutes": 30, "code": 4})
    assert sync() == 6
    assert sync() == 0
    assert "put off to the first sync after" in capsys.readouterr().out
