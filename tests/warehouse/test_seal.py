"""Sealing: no answer changes, whatever is sealed, brought back, damaged or lost, and snapshots find their files."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InconsistentReadError, NotFoundError, WarehouseError
from aibuyer_kit.core.facts import reach_schema
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.core.unreadable import UnreadableRow
from aibuyer_kit.warehouse import schema
from aibuyer_kit.warehouse.coverage import Coverage, Extent
from aibuyer_kit.warehouse.files import WarehouseFiles
from aibuyer_kit.warehouse.load import LoadResult
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.sealed import DATED_TABLES
from aibuyer_kit.warehouse.write import Writer, open_writer

from .rows import coverage, insight, insight_page

RESULT = ResultSetting()
ZONE = ZoneInfo("Europe/Kyiv")
SPRING = DateRange(date(2026, 1, 1), date(2026, 5, 31))
JANUARY, FEBRUARY, MARCH = date(2026, 1, 5), date(2026, 2, 10), date(2026, 3, 20)
APRIL = date(2026, 4, 1)

# Ad and day to clicks: what a read returned, or what is known.
State = dict[tuple[str, date], int]


def read_in(writer: Writer, days: DateRange, returned: State, known_at: datetime) -> LoadResult:
    rows = [insight(ad, day, clicks=clicks) for (ad, day), clicks in returned.items()]
    return writer.load(coverage(days), [insight_page(rows)], known_at=lambda: known_at)


def day_read(writer: Writer, day: date, known_on: date, **clicks: int) -> LoadResult:
    """Load a complete read of one day, which became known at noon of another one."""
    known_at = datetime(known_on.year, known_on.month, known_on.day, 12, tzinfo=UTC)
    return read_in(writer, DateRange(day, day), {(ad, day): number for ad, number in clicks.items()}, known_at)


def three_months(folder: Path) -> None:
    """Loads 1 to 4: January, February and March are read in April, and March once more a day later."""
    with open_writer(folder) as writer:
        day_read(writer, JANUARY, APRIL, a=1, b=5)
        day_read(writer, FEBRUARY, APRIL, a=2)
        day_read(writer, MARCH, APRIL, a=3, b=7)
        day_read(writer, MARCH, APRIL + timedelta(days=1), a=4)


def seal(folder: Path, before: date = APRIL) -> list[str]:
    with open_writer(folder) as writer:
        return [each.file_name for each in writer.seal("meta", "act_1", ZONE, before=before)]


def seen(folder: Path, as_of: int | None = None) -> State:
    reader = Reader(folder)
    rows = reader.insights(Level.AD, SPRING, result=RESULT, as_of=as_of).rows()
    reader.close()
    return {(row["entity_id"], row["date"]): row["clicks"] for row in rows}


def hot(folder: Path, sql: str) -> list[tuple[object, ...]]:
    """Query the newest snapshot alone, without its sealed months."""
    with duckdb.connect(str(WarehouseFiles(folder).current()), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def sealed_path(folder: Path, month: str) -> Path:
    (path,) = (folder / "sealed").glob(f"insight_version-{month}-*.duckdb")
    return path


def test_sealing_changes_no_answer_at_any_load_and_empties_the_hot_file(tmp_path: Path) -> None:
    """Three months go into three files, and what was known after each of the four loads reads as before."""
    three_months(tmp_path)
    expected = [
        {},
        {("a", JANUARY): 1, ("b", JANUARY): 5},
        {("a", JANUARY): 1, ("b", JANUARY): 5, ("a", FEBRUARY): 2},
        {("a", JANUARY): 1, ("b", JANUARY): 5, ("a", FEBRUARY): 2, ("a", MARCH): 3, ("b", MARCH): 7},
        {("a", JANUARY): 1, ("b", JANUARY): 5, ("a", FEBRUARY): 2, ("a", MARCH): 4},
    ]
    names = [f"insight_version-2026-0{month}-{month}.duckdb" for month in (1, 2, 3)]
    assert seal(tmp_path) == names
    assert [seen(tmp_path, load_id) for load_id in range(5)] == expected
    assert hot(tmp_path, "SELECT count(*) FROM insight_version") == [(0,)]
    assert hot(tmp_path, "SELECT file_name, row_count FROM sealed_file ORDER BY ALL") == list(
        zip(names, (2, 1, 3), strict=True)
    )


def test_only_months_that_ended_before_the_day_are_sealed(tmp_path: Path) -> None:
    """A night still reads the last day of March."""
    three_months(tmp_path)
    assert [name[16:23] for name in seal(tmp_path, before=date(2026, 3, 31))] == ["2026-01", "2026-02"]
    assert seal(tmp_path, before=date(2026, 3, 31)) == []


def test_a_month_with_versions_that_may_still_be_thinned_stays(tmp_path: Path) -> None:
    """January was read twice within one day: a week later the first of the two goes, and then it is sealed."""
    with open_writer(tmp_path) as writer:
        day_read(writer, JANUARY, APRIL, a=1)
        day_read(writer, JANUARY, APRIL, a=2)
        day_read(writer, FEBRUARY, APRIL, a=2)
        sealed = writer.seal("meta", "act_1", ZONE, before=APRIL)
        assert [each.month for each in sealed] == [date(2026, 2, 1)]
        day_read(writer, MARCH, APRIL + timedelta(days=8), a=3)
        assert writer.thin("meta", "act_1", ZONE) == 1
        sealed = writer.seal("meta", "act_1", ZONE, before=APRIL)
    assert [each.month for each in sealed] == [date(2026, 1, 1), date(2026, 3, 1)]


def test_a_total_over_the_end_of_a_month_stays_hot(tmp_path: Path) -> None:
    """It begins in one month and ends in another; a total within one month goes with it."""
    with open_writer(tmp_path) as writer:
        for since, until in ((date(2026, 1, 20), date(2026, 2, 10)), (date(2026, 2, 11), date(2026, 2, 20))):
            rows = [insight("a", since, date_stop=until)]
            writer.load(coverage(DateRange(since, until)), [insight_page(rows)], known_at=lambda: datetime.now(UTC))
        (sealed,) = writer.seal("meta", "act_1", ZONE, before=APRIL)
    assert (sealed.month, sealed.row_count) == (date(2026, 2, 1), 1)


BAD_C = UnreadableRow("clicks", "is 'x'", "{}", "c", DateRange(JANUARY, JANUARY), "", DateRange(JANUARY, JANUARY))


@pytest.mark.parametrize(
    ("extent", "clicks", "rejected", "stays"),
    [
        ("complete", {"a": 1, "b": 5}, [], True),
        ("complete", {"a": 1, "b": 5}, [BAD_C], True),
        ("complete", {"a": 1}, [replace(BAD_C, entity_id="b")], True),
        ("partial", {"b": 5}, [], True),
        ("complete", {"a": 1}, [], False),
        ("complete", {"a": 1}, [BAD_C], False),
        ("complete", {"a": 1, "b": 6}, [], False),
        ("partial", {"c": 5}, [], False),
    ],
    ids=["same", "bad row", "bad row known before", "part", "gone", "gone beside a bad row", "restated", "new"],
)
def test_a_load_brings_a_sealed_month_back_only_for_what_it_changes(
    tmp_path: Path, extent: Extent, clicks: dict[str, int], rejected: list[UnreadableRow], stays: bool
) -> None:
    """The load is recorded either way, counts the same, and what is known afterwards is what an open month knows."""
    hot_one, sealed_one = tmp_path / "hot", tmp_path / "sealed"
    results, states, files = [], [], []
    for folder in (hot_one, sealed_one):
        three_months(folder)
        if folder is sealed_one:
            seal(folder)
        with open_writer(folder) as writer:
            page = insight_page([insight(ad, JANUARY, clicks=count) for ad, count in clicks.items()])
            asked = coverage(DateRange(JANUARY, JANUARY))
            result = writer.load(
                asked, [page], known_at=lambda: datetime(2026, 4, 3, tzinfo=UTC), extent=extent, rejected=rejected
            )
        results.append(result)
        states.append([seen(folder, load_id) for load_id in range(6)])
        files.append(hot(folder, "SELECT count(*) FROM sealed_file WHERE month = DATE '2026-01-01'"))
    assert results[0] == results[1]
    assert states[0] == states[1]
    assert files == [[(0,)], [(int(stays),)]]
    assert len(Reader(sealed_one).quarantine().rows()) == len(rejected)


@pytest.mark.parametrize("since", [JANUARY, FEBRUARY])
def test_what_an_open_month_has_lost_is_closed_beside_sealed_months_that_stay(tmp_path: Path, since: date) -> None:
    """One read over sealed months, of which nothing has changed, and an open one, of which the only row is gone."""
    three_months(tmp_path)
    seal(tmp_path, before=date(2026, 3, 1))
    state: State = {("a", JANUARY): 1, ("b", JANUARY): 5, ("a", FEBRUARY): 2}
    returned = {key: clicks for key, clicks in state.items() if key[1] >= since}
    with open_writer(tmp_path) as writer:
        done = read_in(writer, DateRange(since, MARCH), returned, datetime(2026, 4, 3, tzinfo=UTC))
    assert (done.inserted, done.restated, done.closed, done.unchanged) == (0, 0, 1, len(returned))
    assert seen(tmp_path) == state
    assert hot(tmp_path, "SELECT count(*) FROM sealed_file") == [(2,)]


def test_a_good_row_resolves_a_bad_one_of_a_sealed_month(tmp_path: Path) -> None:
    """Also when it says what was known before, so that nothing changes and the month stays where it is."""
    three_months(tmp_path)
    seal(tmp_path)
    with open_writer(tmp_path) as writer:
        for page, bad in (([], [replace(BAD_C, entity_id="b")]), ([insight("b", JANUARY, clicks=5)], [])):
            rows = insight_page([insight("a", JANUARY, clicks=1), *page])
            asked = coverage(DateRange(JANUARY, JANUARY))
            writer.load(asked, [rows], known_at=lambda: datetime(2026, 4, 3, tzinfo=UTC), rejected=bad)
    assert Reader(tmp_path).quarantine().rows() == []
    assert sealed_path(tmp_path, "2026-01").exists()
    assert hot(tmp_path, "SELECT count(*) FROM insight_version") == [(0,)]


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the package have one more migration, of this text."""

    def release(text: str) -> None:
        ours = shutil.copytree(schema._SQL, tmp_path / "sql", dirs_exist_ok=True)
        (ours / "migrations" / "9999_next.sql").write_text(text, encoding="utf-8")
        monkeypatch.setattr(schema, "_SQL", ours)

    return release


@pytest.mark.parametrize(
    ("text", "clicks", "months"),
    [
        ("UPDATE insight_version SET clicks = clicks + 100\nWHERE date < '2026-03-01';", {101, 105, 102, 4}, []),
        ("ALTER TABLE insight_version ADD COLUMN seen BIGINT; -- by whom", {1, 5, 2, 4}, [(3,)]),
    ],
    ids=["changes rows", "adds a column"],
)
def test_a_migration_finds_the_rows_of_sealed_months(
    tmp_path: Path, next_version: Callable[[str], None], text: str, clicks: set[int], months: list[tuple[int]]
) -> None:
    """One that changes rows changes them all, wherever they lie; a new column leaves the months where they are."""
    folder = tmp_path / "warehouse"
    three_months(folder)
    seal(folder)
    next_version(text)
    with open_writer(folder):
        pass
    assert set(seen(folder).values()) == clicks
    counted = "SELECT count(*) FROM sealed_file HAVING count(*) > 0"
    assert hot(folder, counted) == months


def test_which_migrations_change_rows_is_told_by_their_text() -> None:
    """Of those there are, only the one that mended what thinning had done."""
    changing = [name for name in schema.migrations() if schema.changes_rows(name, DATED_TABLES)]
    assert changing == ["0003_end_replaced_versions"]


def test_a_load_that_touches_a_sealed_month_brings_it_back_first(tmp_path: Path) -> None:
    """One ad is restated, one is gone, one is new; the past of the month stays, and it can be sealed again."""
    three_months(tmp_path)
    before = [*seal(tmp_path), *(seen(tmp_path, load_id) for load_id in range(5))]
    with open_writer(tmp_path) as writer:
        done = day_read(writer, JANUARY, APRIL + timedelta(days=2), a=10, c=30)
    assert (done.inserted, done.restated, done.closed) == (1, 1, 1)
    assert hot(tmp_path, "SELECT month::VARCHAR FROM sealed_file ORDER BY ALL") == [("2026-02-01",), ("2026-03-01",)]
    now = {("a", JANUARY): 10, ("c", JANUARY): 30, ("a", FEBRUARY): 2, ("a", MARCH): 4}
    assert [seen(tmp_path, load_id) for load_id in range(6)] == [*before[3:], now]
    assert seal(tmp_path) == ["insight_version-2026-01-4.duckdb"]
    assert [seen(tmp_path, load_id) for load_id in range(6)] == [*before[3:], now]


def test_a_load_of_other_days_leaves_sealed_months_alone(tmp_path: Path) -> None:
    """April is read; the files of January to March stay as they are."""
    three_months(tmp_path)
    names = seal(tmp_path)
    with open_writer(tmp_path) as writer:
        day_read(writer, APRIL, APRIL, a=9)
    assert [row[0] for row in hot(tmp_path, "SELECT file_name FROM sealed_file ORDER BY ALL")] == names


def test_a_total_that_shares_days_with_a_sealed_month_is_refused(tmp_path: Path) -> None:
    """They would count twice, wherever they lie."""
    three_months(tmp_path)
    seal(tmp_path)
    days = DateRange(date(2026, 2, 1), date(2026, 2, 28))
    row = insight("a", days.since, date_stop=days.until)
    with open_writer(tmp_path) as writer, pytest.raises(InconsistentReadError, match="count twice"):
        writer.load(coverage(days), [insight_page([row])], known_at=lambda: datetime.now(UTC), extent="partial")
    assert seen(tmp_path)["a", FEBRUARY] == 2


def test_the_months_of_another_account_stay_hot(tmp_path: Path) -> None:
    """Each account settles at its own time."""
    three_months(tmp_path)
    with open_writer(tmp_path) as writer:
        rows = [insight("z", JANUARY, account_id="act_2", clicks=99)]
        other = coverage(DateRange(JANUARY, JANUARY), account_id="act_2")
        writer.load(other, [insight_page(rows)], known_at=lambda: datetime.now(UTC))
    seal(tmp_path)
    assert hot(tmp_path, "SELECT DISTINCT account_id FROM insight_version") == [("act_2",)]
    assert seen(tmp_path)["z", JANUARY] == 99


def test_reach_is_sealed_by_the_last_day_of_its_windows(tmp_path: Path) -> None:
    """A window of 28 days that ends in March belongs to March."""
    ends = DateRange(date(2026, 3, 2), date(2026, 3, 2))
    row = {
        "platform": "meta", "account_id": "act_1", "level": "ad", "entity_id": "a", "window_days": 28,
        "date_stop": ends.until, "attribution": "default", "campaign_id": "c", "adset_id": "s",
        "reach": 500, "impressions": 900,
    }  # fmt: skip
    asked = Coverage("reach", "meta", "act_1", Level.AD, days=ends, attribution="default", window_days=28)
    with open_writer(tmp_path) as writer:
        page = pa.Table.from_pylist([row], schema=reach_schema())
        writer.load(asked, [page], known_at=lambda: datetime.now(UTC))
        (sealed,) = writer.seal("meta", "act_1", ZONE, before=APRIL)
    assert sealed.file_name == "reach_version-2026-03-1.duckdb"
    assert [each["reach"] for each in Reader(tmp_path).reach(Level.AD, 28, ends).rows()] == [500]
    with open_writer(tmp_path) as writer:
        assert writer.load(asked, [page], known_at=lambda: datetime.now(UTC)).unchanged == 1


def test_the_hot_file_gives_the_space_back_and_keeps_its_schema(tmp_path: Path) -> None:
    """120,000 rows of January leave for a file of their own; types, constraints, views and macros stay the same."""
    schema = (
        "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() WHERE NOT internal ORDER BY ALL"
    )
    functions = "SELECT function_name, parameters FROM duckdb_functions() WHERE NOT internal ORDER BY ALL"
    row = insight_page([insight("a", JANUARY)])  # noqa: F841 - the query names it
    many = duckdb.sql("SELECT row.* REPLACE (md5(n::VARCHAR) AS entity_id) FROM row, range(120_000) AS r(n)")
    with open_writer(tmp_path) as writer:
        days = DateRange(JANUARY, JANUARY)
        writer.load(coverage(days), [many.to_arrow_table()], known_at=lambda: datetime.now(UTC))
    with open_writer(tmp_path) as writer:
        day_read(writer, APRIL, APRIL, a=1)
    before = hot(tmp_path, schema), hot(tmp_path, functions)
    size = WarehouseFiles(tmp_path).current().stat().st_size
    seal(tmp_path)
    assert (hot(tmp_path, schema), hot(tmp_path, functions)) == before
    assert WarehouseFiles(tmp_path).current().stat().st_size < size / 2
    with open_writer(tmp_path) as writer, pytest.raises(duckdb.ConstraintException):
        writer._open().execute("INSERT INTO load (load_id) VALUES (NULL)")


def test_a_file_stays_as_long_as_a_snapshot_names_it(tmp_path: Path) -> None:
    """January comes back: the snapshot before that names its file until two more are there, and a writer looks."""
    three_months(tmp_path)
    seal(tmp_path)
    path = sealed_path(tmp_path, "2026-01")
    for clicks, there in ((10, True), (11, True), (12, False)):
        with open_writer(tmp_path) as writer:
            day_read(writer, JANUARY, APRIL + timedelta(days=clicks), a=clicks)
        assert path.exists() is there


def test_what_nothing_names_is_removed_at_the_next_opening(tmp_path: Path) -> None:
    """A kill can leave an unfinished file, or a finished one without a manifest; what was set aside stays."""
    three_months(tmp_path)
    seal(tmp_path)
    names = {path.name for path in (tmp_path / "sealed").iterdir()}
    for name in ("insight_version-2026-01-9.partial", "insight_version-2026-01-9.duckdb", "broken-x.duckdb"):
        (tmp_path / "sealed" / name).write_bytes(b"left behind")
    with open_writer(tmp_path):
        pass
    assert {path.name for path in (tmp_path / "sealed").iterdir()} == names | {"broken-x.duckdb"}


def test_a_rebuilt_working_file_finds_the_sealed_months_of_its_snapshot(tmp_path: Path) -> None:
    """The newest snapshot was published after January came back; the one before it still names the sealed January."""
    three_months(tmp_path)
    seal(tmp_path)
    with open_writer(tmp_path) as writer:
        day_read(writer, JANUARY, APRIL + timedelta(days=2), a=10)
    files = WarehouseFiles(tmp_path)
    for broken in (files.working, files.current()):
        broken.write_bytes(b"not a database" * 1000)
    with open_writer(tmp_path) as writer:
        assert writer.recovered
        assert writer.losses == ()
    assert seen(tmp_path) == {("a", JANUARY): 1, ("b", JANUARY): 5, ("a", FEBRUARY): 2, ("a", MARCH): 4}


def flipped(path: Path) -> None:
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    place = len(content) - 2000
    content[place] ^= 0xFF
    path.write_bytes(content)


def header_flipped(path: Path) -> None:
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    for place in range(4096, 4160):
        content[place] ^= 0xFF
    content[8192:8256] = content[4096:4160]
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-4096])


def gone(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("damage", [header_flipped, cut, gone])
def test_a_damaged_month_is_named_and_the_next_writer_goes_on_without_it(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """Readers say which file; the writer sets it aside, says what is lost, and the other months stay."""
    three_months(tmp_path)
    seal(tmp_path)
    path = sealed_path(tmp_path, "2026-02")
    damage(path)
    with pytest.raises(WarehouseError, match=rf"{path.name}.*aibuyer sync"):
        seen(tmp_path)
    with open_writer(tmp_path) as writer:
        (lost,) = writer.losses
        assert "insights of act_1 in 2026-02 (1 versions) is lost" in str(lost)
        days = DateRange(date(2026, 2, 1), date(2026, 2, 28))
        assert writer.lost_days(coverage()) == tuple(days)
        done = read_in(writer, days, {("a", FEBRUARY): 2}, datetime.now(UTC))
        assert done.inserted == 1
        assert writer.lost_days(coverage()) == ()
    assert seen(tmp_path) == {("a", JANUARY): 1, ("b", JANUARY): 5, ("a", FEBRUARY): 2, ("a", MARCH): 4}
    assert ("a", FEBRUARY) not in seen(tmp_path, 4)
    assert (tmp_path / "sealed" / f"broken-{path.name}").exists() is (damage is not gone)
    with open_writer(tmp_path) as writer:
        assert writer.losses == ()


def test_a_flipped_byte_is_found_by_the_thorough_look_and_before_the_month_is_brought_back(tmp_path: Path) -> None:
    """Opening looks at names, sizes and headers; a night, and whoever brings a month back, at every byte."""
    three_months(tmp_path)
    seal(tmp_path)
    flipped(sealed_path(tmp_path, "2026-01"))
    flipped(sealed_path(tmp_path, "2026-02"))
    with open_writer(tmp_path) as writer:
        assert writer.losses == ()
        done = day_read(writer, JANUARY, APRIL + timedelta(days=2), a=1)
        assert (done.inserted, [each.sealed.month for each in writer.losses]) == (1, [date(2026, 1, 1)])
        assert [each.sealed.month for each in writer.check_sealed()] == [date(2026, 2, 1)]
    assert seen(tmp_path) == {("a", JANUARY): 1, ("a", MARCH): 4}


def test_lost_days_wait_for_whole_reads_of_each_kind_and_bad_rows_are_left_to_the_quarantine(tmp_path: Path) -> None:
    """A read that set a row aside has covered its days; what is read of another level has not."""
    three_months(tmp_path)
    seal(tmp_path)
    sealed_path(tmp_path, "2026-01").unlink()
    month = DateRange(date(2026, 1, 1), date(2026, 1, 31))
    bad = UnreadableRow("spend", "is no number", "{}", "b", DateRange(JANUARY, JANUARY), "", month)
    with open_writer(tmp_path) as writer:
        done = writer.load(coverage(month), [insight_page([])], known_at=lambda: datetime.now(UTC), rejected=[bad])
        assert done.extent == "doubtful"
        assert writer.lost_days(coverage()) == ()
        assert writer.lost_days(coverage(level=Level.ACCOUNT)) == tuple(month)


def test_without_the_whole_folder_nothing_is_given_up(tmp_path: Path) -> None:
    """Someone has moved it: the error says how to go on, and nothing has changed when it is back."""
    three_months(tmp_path)
    seal(tmp_path)
    expected = seen(tmp_path)
    shutil.move(tmp_path / "sealed", tmp_path / "elsewhere")
    with pytest.raises(WarehouseError, match="make an empty folder"), open_writer(tmp_path):
        pass
    shutil.move(tmp_path / "elsewhere", tmp_path / "sealed")
    with open_writer(tmp_path) as writer:
        assert writer.losses == ()
    assert seen(tmp_path) == expected


def test_a_snapshot_from_before_there_were_sealed_months_can_be_read(tmp_path: Path) -> None:
    """The package was upgraded, and no sync has been run since."""
    three_months(tmp_path)
    current = WarehouseFiles(tmp_path).current()
    with duckdb.connect(str(current)) as connection:
        connection.execute("DROP TABLE sealed_file; DROP TABLE sealed_loss")
    assert seen(tmp_path)["a", MARCH] == 4


def test_a_month_that_was_sealed_before_a_column_came_is_read_and_brought_back_without_it(tmp_path: Path) -> None:
    """A later version of the package stores more; what had been sealed knows nothing of that."""
    three_months(tmp_path)
    seal(tmp_path)
    with duckdb.connect(str(WarehouseFiles(tmp_path).working)) as connection:
        connection.execute("ALTER TABLE insight_version ADD COLUMN saves BIGINT")
    with open_writer(tmp_path) as writer:
        day_read(writer, JANUARY, APRIL + timedelta(days=2), a=1, b=5)
    cursor = Reader(tmp_path)._cursor()
    known = cursor.execute("SELECT entity_id, date, clicks, saves FROM insights ORDER BY date, entity_id").fetchall()
    assert known == [("a", JANUARY, 1, None), ("b", JANUARY, 5, None), ("a", FEBRUARY, 2, None), ("a", MARCH, 4, None)]


def test_a_manifest_cannot_lead_out_of_its_folder(tmp_path: Path) -> None:
    """A warehouse from elsewhere may name anything."""
    three_months(tmp_path)
    seal(tmp_path)
    with duckdb.connect(str(WarehouseFiles(tmp_path).current())) as connection:
        connection.execute("UPDATE sealed_file SET file_name = '../../other/warehouse/' || file_name")
    with pytest.raises(WarehouseError, match="no sealed month"):
        seen(tmp_path)


def test_readers_of_sealed_months_cannot_write_or_reach_files(tmp_path: Path) -> None:
    """What is attached is read-only, and nothing else can be attached or written."""
    three_months(tmp_path)
    seal(tmp_path)
    path = sealed_path(tmp_path, "2026-01")
    (tmp_path / "other.duckdb").write_bytes(path.read_bytes())
    cursor = Reader(tmp_path)._cursor()
    for statement in (
        f'DELETE FROM "{path.stem}".insight_version',  # noqa: S608
        f"COPY (SELECT 1) TO '{path}'",
        f"COPY (SELECT 1) TO '{path}' (USE_TMP_FILE false, FORMAT csv)",
        f"COPY (SELECT 1) TO '{WarehouseFiles(tmp_path).current()}' (USE_TMP_FILE false, FORMAT csv)",
        f"COPY (SELECT 1) TO '{tmp_path / 'sealed' / 'new.csv'}'",
        f"SELECT size FROM read_blob('{path}')",  # noqa: S608
        f"ATTACH '{tmp_path / 'other.duckdb'}' AS other",
        "SET enable_external_access = true",
    ):
        with pytest.raises(duckdb.Error):
            cursor.execute(statement)


def test_days_that_may_still_change_are_those_in_front_of_which_all_is_sealed(tmp_path: Path) -> None:
    """Syncs compare levels from there on; before anything is sealed that is the first day."""
    three_months(tmp_path)
    assert Reader(tmp_path).first_open_day() == JANUARY
    seal(tmp_path, before=MARCH.replace(day=1))
    assert Reader(tmp_path).first_open_day() == MARCH


def test_an_empty_client_has_nothing_to_seal(tmp_path: Path) -> None:
    """Before the first load there is no day and no file."""
    assert seal(tmp_path) == []
    with pytest.raises(NotFoundError):
        Reader(tmp_path).freshness()


DAYS_READ = st.sampled_from([JANUARY, FEBRUARY, MARCH])
STEPS = st.lists(
    st.one_of(
        st.tuples(DAYS_READ, st.dictionaries(st.sampled_from("ab"), st.integers(0, 2))),
        st.sampled_from([FEBRUARY, date(2026, 3, 15), APRIL]),
    ),
    min_size=2,
    max_size=9,
)


@settings(max_examples=8, deadline=None)
@given(steps=STEPS)
def test_a_warehouse_that_seals_answers_like_one_that_never_does(
    tmp_path_factory: pytest.TempPathFactory, steps: list[date | tuple[date, dict[str, int]]]
) -> None:
    """Reads of sealed and hot months in any order, sealing in between: at every load both know the same."""
    known = []
    for seals in (False, True):
        folder = tmp_path_factory.mktemp("warehouse")
        with open_writer(folder) as writer:
            day_read(writer, JANUARY, APRIL, a=1)
            for place, step in enumerate(steps, start=1):
                if isinstance(step, tuple):
                    day_read(writer, step[0], APRIL + timedelta(days=place), **step[1])
                elif seals:
                    writer.seal("meta", "act_1", ZONE, before=step)
        loads = 1 + sum(isinstance(step, tuple) for step in steps)
        known.append(every_state(folder, loads))
    assert known[0] == known[1]


def every_state(folder: Path, loads: int) -> list[list[tuple[object, ...]]]:
    cursor = Reader(folder)._cursor()
    sql = "SELECT entity_id, date, clicks FROM insights_as_of(?) ORDER BY ALL"
    return [cursor.execute(sql, [load_id]).fetchall() for load_id in range(loads + 1)]
