"""Waits that were ordered: kept for whoever asks next, in this process or in another one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aibuyer_kit.connectors.budget import CallBudget
from aibuyer_kit.connectors.holds import HoldFile

NOW = datetime(2026, 6, 1, 6, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=30)


def budget(folder: Path) -> CallBudget:
    return CallBudget(HoldFile(folder / "waits" / "app.json"), HoldFile(folder / "client.json"))


def test_a_wait_outlives_the_process_that_was_told(tmp_path: Path) -> None:
    """To the second, and not longer."""
    budget(tmp_path).hold("act_1", LATER, NOW)
    assert budget(tmp_path).held_seconds("act_1", NOW + timedelta(minutes=10)) == 1200
    assert budget(tmp_path).held_seconds("act_1", LATER) == 0
    assert budget(tmp_path).held_seconds("act_2", NOW) == 0


def test_the_wait_of_an_app_is_told_to_processes_that_run_already(tmp_path: Path) -> None:
    """Those of another client, whose own file says nothing."""
    running = CallBudget(HoldFile(tmp_path / "waits" / "app.json"), HoldFile(tmp_path / "other.json"))
    assert running.held_seconds("act_9", NOW) == 0
    budget(tmp_path).hold("", LATER, NOW)
    assert running.held_seconds("act_9", NOW) == 1800
    assert not (tmp_path / "client.json").exists()


def test_a_shorter_wait_takes_nothing_from_a_longer_one(tmp_path: Path) -> None:
    """Two limits may be reached at once."""
    held = budget(tmp_path)
    held.hold("act_1", LATER, NOW)
    held.hold("act_1", NOW + timedelta(minutes=1), NOW)
    assert held.held_seconds("act_1", NOW) == 1800


@pytest.mark.parametrize("text", ["", "[]", '{"act_1": 5}', '{"act_1": "2026-06-01T07:00:00"}', "\x00\x01"])
def test_a_file_that_says_nothing_holds_nothing(tmp_path: Path, text: str) -> None:
    """The platform would say it again; and a new wait can be kept."""
    (tmp_path / "client.json").write_text(text, encoding="utf-8")
    assert budget(tmp_path).held_seconds("act_1", NOW) == 0
    budget(tmp_path).hold("act_1", LATER, NOW)
    assert budget(tmp_path).held_seconds("act_1", NOW) == 1800


def test_a_wait_beyond_a_day_is_not_believed(tmp_path: Path) -> None:
    """It was written on a clock that jumped, or on a practice account's."""
    budget(tmp_path).hold("act_1", NOW + timedelta(days=400), NOW)
    assert budget(tmp_path).held_seconds("act_1", NOW) == 0
