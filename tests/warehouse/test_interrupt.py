"""Ctrl-C while the database works: what was loaded before is published, and the interrupt stays an interrupt."""

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer

from .rows import DAYS, at_noon, coverage, insight, insight_page

LAST = DateRange(DAYS.until, DAYS.until)
OWN_FILES = ("warehouse/write.py", "warehouse/load.py", "warehouse/straight.py")
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


def loaded_twice(folder: Path, at_line: int) -> int:
    """Load a row of ad b after one of ad a, pressing Ctrl-C before a line of that; return how many lines there were."""
    lines = 0

    def local(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal lines
        if event == "line":
            lines += 1
            if lines == at_line:
                sys.settrace(None)
                raise KeyboardInterrupt
        return local

    def watch(frame: FrameType, _event: str, _argument: object) -> Any:
        return local if frame.f_code.co_filename.endswith(OWN_FILES) else None

    def pages() -> Any:
        yield insight_page([insight("b", DAYS.until)])

    with open_writer(folder) as writer:
        writer.load(coverage(), [insight_page([insight("a")])], known_at=at_noon)
        sys.settrace(watch)
        try:
            writer.load(coverage(days=LAST), pages(), known_at=at_noon)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
    return lines


@pytest.mark.parametrize("third", [0, 1, 2])
def test_an_interrupt_at_any_line_of_a_load_keeps_only_what_was_read(tmp_path: Path, third: int) -> None:
    """Ad a stays as it was, ad b is there or not, and no load claims the rows of another."""
    lines = loaded_twice(tmp_path / "whole", 0)
    for at_line in range(1 + third, lines + 1, 3):
        folder = tmp_path / str(at_line)
        loaded_twice(folder, at_line)
        rows = Reader(folder).insights(Level.AD, DAYS, result=ResultSetting()).rows()
        known = {(row["entity_id"], row["date"]) for row in rows}
        assert known - {("b", DAYS.until)} == {("a", DAYS.since)}
        kept = {(row["since"], row["inserted"]) for row in Reader(folder).loads().rows()}
        assert kept <= {(DAYS.since, 1), (DAYS.until, 1)}, at_line
