"""Ctrl-C while the database works: what was loaded before is published, and the interrupt stays an interrupt."""

import signal
from pathlib import Path

import pytest

from aibuyer_kit.core.entities import Level
from aibuyer_kit.warehouse.read import Reader, ResultSetting
from aibuyer_kit.warehouse.write import open_writer

from .rows import DAYS, at_noon, coverage, insight, insight_page

# Less than a second: DuckDB lets the part of a query that is being worked on come to its end.
LONG = "SELECT count(*) FROM range(8_000) AS a (x) JOIN range(20_000) AS b (y) ON a.x * b.y % 7 = 3"


def press_ctrl_c(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def interrupted_load(folder: Path) -> None:
    """Load one row, and press Ctrl-C while the database works on something else."""
    with open_writer(folder) as writer:
        writer.load(coverage(), [insight_page([insight("a")])], known_at=at_noon)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        writer._open().execute(LONG)


def test_an_interrupt_in_a_query_is_an_interrupt_and_loses_no_load(tmp_path: Path) -> None:
    """DuckDB itself raises a RuntimeError, which nobody takes for the user's wish."""
    before = signal.signal(signal.SIGALRM, press_ctrl_c)
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted_load(tmp_path)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    (row,) = Reader(tmp_path).insights(Level.AD, DAYS, result=ResultSetting()).rows()
    assert row["entity_id"] == "a"
