"""The quarantine: what a read could not take closes nothing that it may be about, and is open until it is read."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import TransientError
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.core.unreadable import MOST_CHARACTERS, UnreadableRow, raw_json
from aibuyer_kit.warehouse.coverage import Coverage, Extent
from aibuyer_kit.warehouse.files import WarehouseFiles
from aibuyer_kit.warehouse.load import LoadResult
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import Writer, open_writer

from .rows import DAYS, at_noon, coverage, entity_page, insight, insight_page

FIRST, SECOND, THIRD = DAYS
PURCHASES = ResultSetting("purchase")


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    with open_writer(tmp_path) as opened:
        yield opened


def unreadable(entity_id: str | None = "b", day: date | None = FIRST, raw: str = "{}") -> UnreadableRow:
    days = DateRange(day, day) if day else None
    return UnreadableRow("spend", "is 'abc': no amount", raw, entity_id, days, "", asked=DAYS)


def load(
    writer: Writer,
    *rows: dict[str, object],
    rejected: tuple[UnreadableRow, ...] = (),
    days: DateRange = DAYS,
    extent: Extent = "complete",
) -> LoadResult:
    return writer.load(coverage(days), [insight_page(rows)], known_at=at_noon, extent=extent, rejected=rejected)


def known(folder: Path) -> set[tuple[str, date]]:
    rows = Reader(folder).insights(Level.AD, DAYS, result=PURCHASES).rows()
    return {(row["entity_id"], row["date"]) for row in rows}


def entries(folder: Path, *, resolved: bool = True, as_of: int | None = None) -> list[dict[str, object]]:
    return Reader(folder).quarantine(resolved=resolved, as_of=as_of).rows()


@pytest.mark.parametrize(
    ("bad", "kept"),
    [
        pytest.param(unreadable("b", FIRST), {("b", FIRST)}, id="one-key"),
        pytest.param(unreadable(None, FIRST), {("a", FIRST), ("b", FIRST)}, id="some-ad-of-one-day"),
        pytest.param(unreadable("b", None), {("b", FIRST), ("b", SECOND)}, id="some-day-of-one-ad"),
        pytest.param(unreadable(None, None), {(ad, day) for ad in "ab" for day in (FIRST, SECOND)}, id="anything"),
        pytest.param(unreadable("c", FIRST), set(), id="another-ad"),
    ],
)
def test_what_a_bad_row_may_be_about_is_not_closed_and_everything_else_is(
    writer: Writer, tmp_path: Path, bad: UnreadableRow, kept: set[tuple[str, date]]
) -> None:
    """Two ads on two days were known; a complete read returns none of them, and one row that cannot be read."""
    load(writer, *(insight(ad, day) for ad in "ab" for day in (FIRST, SECOND)))
    result = load(writer, rejected=(bad,))
    writer.publish()
    assert (result.closed, result.rejected) == (4 - len(kept), 1)
    assert known(tmp_path) == kept


def test_a_good_row_of_its_key_resolves_it(writer: Writer, tmp_path: Path) -> None:
    """It stays on record, with the load that resolved it; as of the load before it is still open."""
    load(writer, rejected=(unreadable("b", FIRST),))
    load(writer, insight("b", SECOND), extent="partial")
    load(writer, insight("b", FIRST), extent="partial")
    writer.publish()
    (entry,) = entries(tmp_path)
    assert (entry["load_id"], entry["resolved_by"], entry["resolved_at_utc"]) == (1, 3, entry["met_at_utc"])
    assert entries(tmp_path, resolved=False) == []
    (then,) = entries(tmp_path, resolved=False, as_of=2)
    assert (then["entity_id"], then["date"], then["resolved_by"]) == ("b", FIRST, None)


@pytest.mark.parametrize(
    ("bad", "days", "extent", "expected"),
    [
        pytest.param(unreadable(None, SECOND), DateRange(SECOND, THIRD), "complete", 2, id="its-day-was-read"),
        pytest.param(unreadable(None, None), DAYS, "complete", 2, id="all-its-days-were-read"),
        pytest.param(unreadable(None, None), DateRange(SECOND, THIRD), "complete", None, id="one-day-is-left"),
        pytest.param(unreadable(None, FIRST), DateRange(SECOND, THIRD), "complete", None, id="another-day"),
        pytest.param(unreadable(None, SECOND), DAYS, "partial", None, id="a-file-tells-only-a-part"),
    ],
)
def test_a_complete_read_of_its_days_without_it_resolves_it(
    writer: Writer, tmp_path: Path, bad: UnreadableRow, days: DateRange, extent: Extent, expected: int | None
) -> None:
    """The only way for a row whose key is not known."""
    load(writer, rejected=(bad,))
    load(writer, days=days, extent=extent)
    writer.publish()
    assert [entry["resolved_by"] for entry in entries(tmp_path)] == [expected]


def test_a_row_without_a_day_is_resolved_when_its_days_have_been_read_one_after_the_other(
    writer: Writer, tmp_path: Path
) -> None:
    """Nights read a month in pieces: after each the rest is in doubt, and nothing is left after the last."""
    load(writer, rejected=(unreadable(None, None),))
    load(writer, days=DateRange(THIRD, THIRD))
    writer.publish()
    (entry,) = entries(tmp_path)
    assert (entry["since"], entry["until"], entry["resolved_by"]) == (FIRST, SECOND, None)
    load(writer, days=DateRange(FIRST, SECOND))
    writer.publish()
    assert [entry["resolved_by"] for entry in entries(tmp_path)] == [3]


def test_of_a_read_that_broke_off_the_finished_days_are_whole_but_for_their_bad_rows(
    writer: Writer, tmp_path: Path
) -> None:
    """The first of March is over: its bad row keeps its key from being closed; that of the third came too late."""
    load(writer, *(insight(ad, day) for ad in "ab" for day in (FIRST, SECOND)))
    rejected: list[UnreadableRow] = []

    def broken() -> Iterator[pa.Table]:
        rejected.append(unreadable("b", FIRST))
        yield insight_page([insight("a", FIRST)])
        rejected.append(unreadable("c", THIRD))
        raise TransientError("the connection was lost")

    with pytest.raises(TransientError):
        writer.load(coverage(), broken(), known_at=at_noon, finished=lambda: SECOND, rejected=rejected)
    writer.publish()
    assert known(tmp_path) == {("a", FIRST), ("b", FIRST)}
    loads = [(row["extent"], row["rejected"]) for row in Reader(tmp_path).loads().rows()]
    assert loads == [("complete", 0), ("doubtful", 1), ("broken", 1)]


def test_a_row_that_stays_bad_is_one_entry_as_it_came_last(writer: Writer, tmp_path: Path) -> None:
    """Each quarter of an hour brings it anew; the first and the last load that met it are known."""
    for spend in ("abc", "abd", "abe"):
        load(writer, rejected=(replace(unreadable(), raw=raw_json({"spend": spend})),))
    writer.publish()
    (entry,) = entries(tmp_path)
    assert (entry["load_id"], entry["last_load_id"], entry["resolved_by"]) == (1, 3, None)
    assert entry["raw"] == '{"spend":"abe"}'


def test_rows_without_a_key_stand_each_for_itself(writer: Writer, tmp_path: Path) -> None:
    """Two rows without an id are two rows."""
    load(writer, rejected=tuple(unreadable(None, FIRST, raw) for raw in ('{"n":1}', '{"n":2}', '{"n":2}')))
    writer.publish()
    assert [entry["raw"] for entry in entries(tmp_path)] == ['{"n":1}', '{"n":2}']


def test_another_stream_resolves_nothing(writer: Writer, tmp_path: Path) -> None:
    """The same days of the same ad, broken down or at another level, are other facts."""
    load(writer, rejected=(unreadable(),))
    own = insight("act_1", level="account", campaign_id=None, adset_id=None)
    writer.load(coverage(level=Level.ACCOUNT), [insight_page([own])], known_at=at_noon)
    by_age = replace(coverage(), breakdowns=("age",))
    writer.load(by_age, [insight_page([insight("b", breakdown='{"age":"18-24"}')])], known_at=at_noon)
    writer.publish()
    assert [entry["resolved_by"] for entry in entries(tmp_path)] == [None]


def test_a_read_that_broke_off_keeps_what_it_could_not_take(writer: Writer, tmp_path: Path) -> None:
    """Even where not one row was good; nothing is closed."""
    load(writer, insight("a"))
    rejected: list[UnreadableRow] = []

    def broken() -> Iterator[pa.Table]:
        rejected.append(unreadable())
        yield from ()
        raise TransientError("the connection was lost")

    with pytest.raises(TransientError):
        writer.load(coverage(), broken(), known_at=at_noon, rejected=rejected)
    writer.publish()
    assert [entry["load_id"] for entry in entries(tmp_path)] == [2]
    assert known(tmp_path) == {("a", FIRST)}


def test_an_object_that_cannot_be_read_stays_as_it_was_known(writer: Writer, tmp_path: Path) -> None:
    """A campaign with a bad budget is not gone."""
    key = {"platform": "meta", "account_id": "act_1", "level": "campaign"}
    objects = Coverage("entities", "meta", "act_1", Level.CAMPAIGN)
    one, two = (entity_page([key | {"entity_id": name, "name": name}]) for name in ("1", "2"))
    writer.load(objects, [one, two], known_at=at_noon)
    bad = UnreadableRow("daily_budget", "is '-1'", "{}", "2", breakdown="")
    assert writer.load(objects, [one], known_at=at_noon, rejected=[bad]).closed == 0
    assert writer.load(objects, [one], known_at=at_noon).closed == 1
    writer.publish()
    assert [entry["resolved_by"] for entry in entries(tmp_path)] == [3]


@pytest.mark.parametrize("make", [lambda n: {"a": "x" * n}, lambda n: {"a": '"' * n}, lambda n: ["\x01" * n]])
def test_a_raw_row_is_bounded_json(make: Callable[[int], object]) -> None:
    """Whatever it holds."""
    import json

    text = raw_json(make(100_000))
    assert len(text) <= MOST_CHARACTERS
    assert json.loads(text)["characters"] > 100_000


def test_a_warehouse_of_the_version_before_is_read_as_it_is_and_upgraded_by_the_next_load(tmp_path: Path) -> None:
    """Its snapshot has no columns for tries and for what was taken back."""
    with open_writer(tmp_path) as writer:
        load(writer, insight("a"), rejected=(unreadable(),))
    for path in (tmp_path / "working.duckdb", WarehouseFiles(tmp_path).current()):
        with duckdb.connect(str(path)) as connection:
            connection.execute("ALTER TABLE quarantine DROP COLUMN tries")
            connection.execute("ALTER TABLE quarantine DROP COLUMN tried_on")
            connection.execute("ALTER TABLE load DROP COLUMN undoes")
            connection.execute("DELETE FROM schema_migration WHERE name >= '0006'")
    reader = Reader(tmp_path)
    assert reader.freshness().last_day == DAYS.until
    assert [(row["tries"], row["tried_on"]) for row in entries(tmp_path)] == [(0, None)]
    with open_writer(tmp_path) as writer:
        writer.note_try(coverage(DAYS), SECOND)
        load(writer, insight("a"), rejected=(unreadable(),))
    assert [(row["tries"], row["tried_on"]) for row in entries(tmp_path)] == [(1, SECOND)]


def test_a_row_that_comes_otherwise_is_tried_anew(tmp_path: Path) -> None:
    """What moves may be whole soon."""
    with open_writer(tmp_path) as writer:
        load(writer, rejected=(unreadable(),))
        writer.note_try(coverage(DAYS), SECOND)
        writer.note_try(coverage(DAYS), THIRD)
        load(writer, rejected=(unreadable(raw='{"spend":"abd"}'),))
    assert [(row["tries"], row["tried_on"]) for row in entries(tmp_path)] == [(0, THIRD)]
