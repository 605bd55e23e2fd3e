"""A read that broke off: the days that were over are a complete load, and nothing is said of the others."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import TransientError
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer

from .rows import DAYS, at_noon, coverage, insight, insight_page

FIRST, SECOND, THIRD = DAYS


def broken_off(*pages: pa.Table) -> Iterator[pa.Table]:
    yield from pages
    raise TransientError("the connection broke off")


def known(folder: Path) -> dict[tuple[str, date], float]:
    rows = Reader(folder).insights(Level.AD, DAYS, result=ResultSetting("purchase")).rows()
    return {(row["entity_id"], row["date"]): row["spend"] for row in rows}


def page(spend: int, *keys: tuple[str, date]) -> pa.Table:
    return insight_page([insight(ad, day, spend_micros=spend * 1_000_000) for ad, day in keys])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two ads on three days, 1.00 each."""
    with open_writer(tmp_path) as writer:
        rows = page(1, *((ad, day) for ad in ("ad-1", "ad-2") for day in DAYS))
        writer.load(coverage(), [rows], known_at=at_noon)
    return tmp_path


def load_until(folder: Path, finished: date | None, *pages: pa.Table) -> None:
    with open_writer(folder) as writer, pytest.raises(TransientError):
        writer.load(coverage(), broken_off(*pages), known_at=at_noon, finished=lambda: finished)


def test_days_that_were_over_are_complete_and_later_ones_only_gain(folder: Path) -> None:
    """Ad 2 is gone from the two days that were over; on the third, half a page says nothing about it."""
    load_until(folder, SECOND, page(2, ("ad-1", FIRST), ("ad-1", SECOND)), page(2, ("ad-1", THIRD)))
    assert known(folder) == {
        ("ad-1", FIRST): 2.0,
        ("ad-1", SECOND): 2.0,
        ("ad-1", THIRD): 2.0,
        ("ad-2", THIRD): 1.0,
    }
    loads = [(row["since"], row["until"], row["extent"]) for row in Reader(folder).loads().rows()]
    assert sorted(loads) == [(FIRST, SECOND, "complete"), (FIRST, THIRD, "complete"), (THIRD, THIRD, "broken")]


def test_days_that_were_over_and_empty_are_known_to_be_empty(folder: Path) -> None:
    """Nothing was returned of them, and they had been read whole."""
    load_until(folder, SECOND)
    assert set(known(folder)) == {("ad-1", THIRD), ("ad-2", THIRD)}


@pytest.mark.parametrize("finished", [None, date(2026, 2, 28)], ids=["nothing known", "not even the first day"])
def test_without_a_day_that_was_over_nothing_is_closed(folder: Path, finished: date | None) -> None:
    """What came is kept all the same."""
    load_until(folder, finished, page(2, ("ad-1", FIRST)))
    assert len(known(folder)) == 6
    assert known(folder)["ad-1", FIRST] == 2.0
    with open_writer(folder) as writer:
        assert [read.days for read in writer.reads("meta", "act_1")] == [DateRange(FIRST, THIRD)]
