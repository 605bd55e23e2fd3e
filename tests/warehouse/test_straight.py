"""A first read goes straight into the table of versions: what holds for any other read holds for it."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import AibuyerError, InconsistentReadError, PlatformError, TransientError
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import Writer, open_writer

from .rows import DAYS, at_noon, coverage, insight, insight_page

FIRST, SECOND, THIRD = DAYS
Key = tuple[str, date]


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    with open_writer(tmp_path) as opened:
        yield opened


def page(*keys: Key, clicks: int = 1) -> pa.Table:
    return insight_page([insight(ad, day, clicks=clicks) for ad, day in keys])


def broken_off(error: BaseException, *pages: pa.Table) -> Iterator[pa.Table]:
    yield from pages
    raise error


def known(folder: Path) -> dict[Key, int]:
    rows = Reader(folder).insights(Level.AD, DAYS, result=ResultSetting()).rows()
    return {(row["entity_id"], row["date"]): row["clicks"] for row in rows}


def extents(folder: Path) -> list[tuple[date, date, str, int, int]]:
    names = ("since", "until", "extent", "inserted", "repeated")
    return sorted(tuple(row[name] for name in names) for row in Reader(folder).loads().rows())


def test_rows_that_came_twice_are_kept_once(tmp_path: Path, writer: Writer) -> None:
    """On two pages, and each time the same."""
    done = writer.load(coverage(), [page(("a", FIRST), ("b", FIRST)), page(("a", FIRST))], known_at=at_noon)
    assert (done.inserted, done.repeated) == (2, 1)
    writer.publish()
    assert known(tmp_path) == {("a", FIRST): 1, ("b", FIRST): 1}


@pytest.mark.parametrize(
    ("pages", "complaint"),
    [
        pytest.param([page(("a", FIRST)), page(("a", FIRST), clicks=2)], "two different rows", id="two contents"),
        pytest.param([page(("a", FIRST)), page(("a", THIRD + timedelta(days=1)))], "outside", id="another day"),
    ],
)
def test_a_read_that_contradicts_itself_loads_nothing(
    tmp_path: Path, writer: Writer, pages: list[pa.Table], complaint: str
) -> None:
    """And the next read goes on as if it had not been."""
    with pytest.raises(InconsistentReadError, match=complaint):
        writer.load(coverage(), pages, known_at=at_noon)
    writer.load(coverage(), [page(("b", SECOND))], known_at=at_noon)
    writer.publish()
    assert known(tmp_path) == {("b", SECOND): 1}
    assert extents(tmp_path) == [(FIRST, THIRD, "complete", 1, 0)]


@pytest.mark.parametrize("error", [TransientError("the connection broke off"), KeyboardInterrupt()], ids=repr)
def test_of_a_read_that_broke_off_the_days_that_were_over_are_complete(
    tmp_path: Path, writer: Writer, error: BaseException
) -> None:
    """What came of the later day is a broken load."""
    pages = broken_off(error, page(("a", FIRST), ("a", SECOND)), page(("a", THIRD)))
    with pytest.raises(type(error)):
        writer.load(coverage(), pages, known_at=at_noon, finished=lambda: SECOND)
    writer.publish()
    assert known(tmp_path) == {("a", FIRST): 1, ("a", SECOND): 1, ("a", THIRD): 1}
    assert extents(tmp_path) == [(FIRST, SECOND, "complete", 2, 0), (THIRD, THIRD, "broken", 1, 0)]


def test_where_the_platforms_time_is_unknown_nothing_is_loaded(tmp_path: Path, writer: Writer) -> None:
    """It is asked when all pages are in; the next read is not hindered."""

    def no_clock() -> datetime:
        raise PlatformError("no 'Date' header")

    with pytest.raises(PlatformError):
        writer.load(coverage(), [page(("a", FIRST))], known_at=no_clock)
    writer.load(coverage(DateRange(SECOND, SECOND)), [page(("b", SECOND))], known_at=at_noon)
    writer.publish()
    assert known(tmp_path) == {("b", SECOND): 1}


def test_a_page_of_another_form_ends_the_read(tmp_path: Path, writer: Writer) -> None:
    """The pages before it are kept as what they are: a part."""
    pages = [page(("a", FIRST)), page(("b", FIRST)).drop_columns(["clicks"])]
    with pytest.raises(AibuyerError, match="columns"):
        writer.load(coverage(), pages, known_at=at_noon)
    writer.publish()
    assert extents(tmp_path) == [(FIRST, THIRD, "broken", 1, 0)]


def test_pages_do_not_stay_in_memory(writer: Writer) -> None:
    """A database that keeps each page until the end of the transaction would take all of a long read."""
    held = []

    def pages() -> Iterator[pa.Table]:
        for number in range(30):
            held.append(pa.total_allocated_bytes())
            yield page(*((f"{number}-{ad}", FIRST) for ad in range(300)))

    writer.load(coverage(), pages(), known_at=at_noon)
    size = page(*((f"0-{ad}", FIRST) for ad in range(300))).nbytes
    assert held[-1] - held[3] < 5 * size
