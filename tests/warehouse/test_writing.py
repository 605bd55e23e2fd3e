"""How the working file is written: pieces at once while a load goes on, in files of any age, by one writer."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import WarehouseBusyError
from aibuyer_kit.warehouse.connection import alone, open_to_write
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.schema import migrate
from aibuyer_kit.warehouse.write import open_writer

from .rows import DAYS, at_noon, coverage, insight, insight_page

ROWS = "SELECT n AS id, hash(n) AS text FROM range({first}, {last}) AS r(n)"

# Loads more than one row group of another account, says so, and never comes to an end.
ENDLESS = """
import sys, time; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from aibuyer_kit.warehouse.write import open_writer
from tests.warehouse.rows import at_noon, coverage, insight, insight_page

def pages():
    for number in range(4):
        yield insight_page([insight(f"{number}-{each}", account_id="act_2") for each in range(10_000)])
    print("came", flush=True)
    time.sleep(60)

with open_writer(Path(sys.argv[2])) as writer:
    writer.load(coverage(account_id="act_2"), pages(), known_at=at_noon)
"""


def count(path: Path) -> tuple[int, int]:
    """Return how many rows there are and the sum of their numbers, as a program of its own reads them."""
    with duckdb.connect(str(path), read_only=True) as connection:
        found: list[tuple[int, int]] = connection.execute("SELECT count(*), sum(id)::BIGINT FROM kept").fetchall()
    return found[0]


def test_what_came_is_written_before_all_of_it_is_there(tmp_path: Path) -> None:
    """Else all of a read would be compressed when it has ended, and nothing else could be done meanwhile."""
    path = tmp_path / "working.duckdb"
    with open_to_write(path) as connection:
        connection.execute("CREATE TABLE kept (id BIGINT, text UBIGINT)")
        connection.execute("CHECKPOINT")
        before = path.stat().st_size
        connection.execute("BEGIN")
        with alone(connection):
            for first in range(0, 100_000, 10_000):
                connection.execute(f"INSERT INTO kept {ROWS.format(first=first, last=first + 10_000)}")
        assert path.stat().st_size > before + 500_000
        connection.execute("ROLLBACK")
        assert connection.execute("SELECT count(*) FROM kept").fetchall() == [(0,)]
    assert count(path) == (0, None)


def test_a_kill_after_a_piece_was_written_leaves_nothing_of_it(tmp_path: Path) -> None:
    """The file opens as it was before the load, nothing is rebuilt, and the next load has the room."""
    with open_writer(tmp_path) as writer:
        writer.load(coverage(), [insight_page([insight("a")])], known_at=at_noon)
    working = tmp_path / "working.duckdb"
    before = working.stat().st_size
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS, root, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        assert child.stdout.readline().strip() == "came"
        assert working.stat().st_size > before
        child.kill()
    with open_writer(tmp_path) as writer:
        assert writer.recovered is None
        done = writer.load(coverage(), [insight_page([insight("a", clicks=7), insight("b")])], known_at=at_noon)
    assert (done.load_id, done.inserted, done.restated) == (2, 1, 1)


def test_a_file_that_was_written_in_larger_pieces_is_gone_on_with(tmp_path: Path) -> None:
    """As all were before: row groups of both sizes are appended to, changed, thinned, and read by any program."""
    path = tmp_path / "working.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE kept AS {ROWS.format(first=0, last=200_000)}")
    for turn in range(2):
        with open_to_write(path) as connection:
            first = 200_000 + turn * 50_000
            connection.execute(f"INSERT INTO kept {ROWS.format(first=first, last=first + 50_000)}")
            connection.execute("UPDATE kept SET id = -id WHERE id % 10 = ?", [turn + 1])
            connection.execute("DELETE FROM kept WHERE id % 10 = ?", [turn + 5])
    expected = []
    for turn in range(2):
        expected += range(200_000 + turn * 50_000, 250_000 + turn * 50_000) if turn else range(250_000)
        expected = [-each if each > 0 and each % 10 == turn + 1 else each for each in expected]
        expected = [each for each in expected if each < 0 or each % 10 != turn + 5]
    assert count(path) == (len(expected), sum(expected))


def test_a_warehouse_whose_file_was_made_by_a_plain_connection_takes_loads_and_is_read(tmp_path: Path) -> None:
    """Files of earlier versions were connected to, not attached; the views in them name no database."""
    with duckdb.connect(str(tmp_path / "working.duckdb")) as connection:
        migrate(connection)
    with open_writer(tmp_path) as writer:
        writer.load(coverage(), [insight_page([insight("a"), insight("b")])], known_at=at_noon)
        later = DateRange(DAYS.since, DAYS.until + timedelta(days=1))
        done = writer.load(coverage(later), [insight_page([insight("a", clicks=7)])], known_at=at_noon)
    assert (done.restated, done.closed) == (1, 1)
    (snapshot,) = tmp_path.glob("snapshot-*.duckdb")
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        assert connection.execute("SELECT entity_id, clicks FROM insights").fetchall() == [("a", 7)]
        assert connection.execute("SELECT count(*) FROM insights_as_of(1)").fetchall() == [(2,)]
    assert len(Reader(tmp_path).loads().rows()) == 2


def test_a_working_file_open_in_the_same_process_is_busy(tmp_path: Path) -> None:
    """A notebook that has opened it by hand is told so, and the file is not taken for broken."""
    path = tmp_path / "working.duckdb"
    with duckdb.connect(str(path)), pytest.raises(WarehouseBusyError, match="open in another"), open_writer(tmp_path):
        pass
    assert [each.name for each in tmp_path.glob("*.duckdb")] == ["working.duckdb"]


def test_spilled_rows_go_beside_the_file(tmp_path: Path) -> None:
    """A database in memory would put them into the folder where the command was started."""
    with open_to_write(tmp_path / "working.duckdb") as connection:
        told = connection.execute("SELECT current_setting('temp_directory')").fetchall()
    assert told == [(f"{tmp_path / 'working.duckdb'}.tmp",)]


def test_after_a_read_that_failed_all_threads_work_again(tmp_path: Path) -> None:
    """Only pages are taken by one."""
    with open_to_write(tmp_path / "working.duckdb") as connection:
        threads = "SELECT current_setting('threads')"
        (before,) = connection.execute(threads).fetchall()
        with alone(connection):
            assert connection.execute(threads).fetchall() == [(1,)]
        with pytest.raises(duckdb.CatalogException), alone(connection):
            connection.execute("FROM nothing")
        assert connection.execute(threads).fetchall() == [before]
