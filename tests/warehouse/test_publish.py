"""Publishing: readers keep working, never block the writer, and the three traps of DuckDB files stay shut."""

import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import NotFoundError, WarehouseBusyError, WarehouseError
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.warehouse.files import WarehouseFiles
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer

from .rows import DAYS, at_noon, coverage, insight, insight_page

RESULT = ResultSetting("purchase")

# A reader in a process of its own: prints the clicks that it sees for each line that it is sent.
READER = """
import sys
from datetime import date
from pathlib import Path
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.core.results import ResultSetting
reader = Reader(Path(sys.argv[1]))
days = DateRange(date(2026, 3, 1), date(2026, 3, 3))
for _ in sys.stdin:
    print([row["clicks"] for row in reader.insights(Level.AD, days, result=ResultSetting()).rows()], flush=True)
"""


def publish(folder: Path, clicks: int) -> None:
    with open_writer(folder) as writer:
        writer.load(coverage(), [insight_page([insight(clicks=clicks)])], known_at=at_noon)


def clicks_seen(reader: Reader) -> list[int]:
    return [row["clicks"] for row in reader.insights(Level.AD, DAYS, result=RESULT).rows()]


def test_readers_here_and_elsewhere_see_each_of_twenty_publications_at_their_next_call(tmp_path: Path) -> None:
    """Two long-lived readers neither block twenty writers nor go on showing old data."""
    publish(tmp_path, 0)
    here = Reader(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as elsewhere:
        assert elsewhere.stdin
        assert elsewhere.stdout
        for clicks in range(1, 21):
            publish(tmp_path, clicks)
            assert clicks_seen(here) == [clicks]
            print("go", file=elsewhere.stdin, flush=True)
            assert elsewhere.stdout.readline().strip() == f"[{clicks}]"
        elsewhere.stdin.close()
    assert len(WarehouseFiles(tmp_path).snapshots()) == 2


def test_a_reading_that_has_begun_survives_publications(tmp_path: Path) -> None:
    """Rows are fetched after the snapshot that they come from has been removed."""
    publish(tmp_path, 1)
    answer = Reader(tmp_path).insights(Level.AD, DAYS, result=RESULT)
    for clicks in (2, 3, 4, 5):
        publish(tmp_path, clicks)
    assert [row["clicks"] for row in answer.rows()] == [1]


def test_a_file_replaced_under_one_name_would_show_old_data_so_snapshots_have_new_names(tmp_path: Path) -> None:
    """The trap is there in DuckDB itself, and a reader of ours does not fall into it."""
    name = tmp_path / "one-name.duckdb"
    held = _database_with(name, 1)
    _database_with(tmp_path / "next.duckdb", 2).close()
    (tmp_path / "next.duckdb").replace(name)
    assert duckdb.connect(str(name)).execute("SELECT n FROM t").fetchone() == (1,)
    held.close()

    publish(tmp_path, 1)
    reader = Reader(tmp_path)
    assert clicks_seen(reader) == [1]
    publish(tmp_path, 2)
    assert clicks_seen(reader) == [2]


def test_no_second_writer_gets_in_while_the_first_publishes(tmp_path: Path) -> None:
    """Copying an open file drops DuckDB's lock; ours is held over the whole block, published or not."""
    with open_writer(tmp_path) as writer:
        writer.load(coverage(), [insight_page([insight()])], known_at=at_noon)
        for _ in range(2):
            assert _second_writer(tmp_path) == "WarehouseBusyError"
            writer.publish()
    assert _second_writer(tmp_path) == "wrote"


def test_a_working_file_open_in_another_program_is_busy_and_is_not_taken_for_broken(tmp_path: Path) -> None:
    """A person who has opened the file by hand must not make the sync rebuild it."""
    publish(tmp_path, 1)
    code = "import duckdb, sys\nheld = duckdb.connect(sys.argv[1])\nprint('open', flush=True)\nsys.stdin.read()\n"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "working.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        assert other.stdout.readline().strip() == "open"
        with pytest.raises(WarehouseBusyError, match="open in another program"), open_writer(tmp_path):
            pass
        other.kill()
    assert not list(tmp_path.glob("broken-*"))


def test_a_working_file_that_does_not_open_is_set_aside_and_rebuilt_from_the_snapshot(tmp_path: Path) -> None:
    """What was published is kept, the broken file too, and the writer says so."""
    publish(tmp_path, 7)
    working = tmp_path / "working.duckdb"
    working.write_bytes(b"not a database" * 1000)
    with open_writer(tmp_path) as writer:
        recovered = writer.recovered
        result = writer.load(coverage(), [insight_page([insight(clicks=7)])], known_at=at_noon)
    assert recovered
    assert recovered.set_aside.read_bytes().startswith(b"not a database")
    assert recovered.restored_from
    assert (result.unchanged, result.load_id) == (1, 2)


def test_a_broken_newest_snapshot_is_passed_over_when_rebuilding(tmp_path: Path) -> None:
    """The snapshot before it is good, and the gap is one load."""
    publish(tmp_path, 1)
    publish(tmp_path, 2)
    files = WarehouseFiles(tmp_path)
    for broken in (files.working, files.current()):
        broken.write_bytes(b"not a database" * 1000)
    with open_writer(tmp_path) as writer:
        result = writer.load(coverage(), [insight_page([insight(clicks=1)])], known_at=at_noon)
    assert (result.unchanged, result.load_id) == (1, 2)
    assert clicks_seen(Reader(tmp_path)) == [1]


def test_a_first_sync_that_was_destroyed_starts_anew_and_says_so(tmp_path: Path) -> None:
    """Nothing had been published, so nothing can be restored."""
    tmp_path.joinpath("working.duckdb").write_bytes(b"not a database" * 1000)
    with open_writer(tmp_path) as writer:
        assert writer.recovered
        assert writer.recovered.restored_from is None
        assert writer.reads("meta", "act_1") == ()


def test_a_working_file_that_is_gone_is_rebuilt_and_nothing_published_is_lost(tmp_path: Path) -> None:
    """Someone deleted it, or a kill came in the middle of a rebuild: the history is in the snapshots."""
    publish(tmp_path, 1)
    publish(tmp_path, 2)
    (tmp_path / "working.duckdb").unlink()
    with open_writer(tmp_path) as writer:
        assert writer.recovered
        assert writer.recovered.set_aside is None
        assert writer.load(coverage(), [insight_page([insight(clicks=3)])], known_at=at_noon).load_id == 3
    seen = Reader(tmp_path).insights(Level.AD, DAYS, result=RESULT, as_of=1).rows()
    assert [row["clicks"] for row in seen] == [1]


def test_if_no_snapshot_opens_either_nothing_is_touched(tmp_path: Path) -> None:
    """An empty warehouse must not be published over a history that somebody could still restore."""
    publish(tmp_path, 1)
    files = WarehouseFiles(tmp_path)
    for path in (files.working, files.current()):
        path.write_bytes(b"not a database" * 1000)
    with pytest.raises(WarehouseError, match="from a backup"), open_writer(tmp_path):
        pass
    assert files.working.read_bytes().startswith(b"not a database")
    assert not list(tmp_path.glob("broken-*"))


@pytest.mark.parametrize("offset", [0, 4096, 4104, 8192, 12288, 12388])
def test_flipped_bytes_are_damage_and_not_a_lock(tmp_path: Path, offset: int) -> None:
    """DuckDB speaks of a checksum in a block; that word must not be read as a lock, even in a folder called so."""
    folder = tmp_path / "padlock"
    publish(folder, 1)
    working = folder / "working.duckdb"
    content = bytearray(working.read_bytes())
    for place in range(offset, offset + 64):
        content[place] ^= 0xFF
    working.write_bytes(content)
    try:
        publish(folder, 2)
    except WarehouseError as error:
        assert "damaged and has been rebuilt" in str(error)  # noqa: PT017 - found at the first load, not at opening
        publish(folder, 2)
    assert clicks_seen(Reader(folder)) == [2]
    assert list(folder.glob("broken-*"))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_that_lost_its_end_is_rebuilt(tmp_path: Path, share: float) -> None:
    """A copy that was cut off, or a disk that lied."""
    publish(tmp_path, 1)
    working = tmp_path / "working.duckdb"
    content = working.read_bytes()
    working.write_bytes(content[: int(len(content) * share)])
    with open_writer(tmp_path) as writer:
        assert writer.recovered
        assert writer.load(coverage(), [insight_page([insight(clicks=1)])], known_at=at_noon).unchanged == 1


def test_a_writer_killed_between_load_and_publication_is_published_by_the_next(tmp_path: Path) -> None:
    """After kill -9 nothing is lost: the loaded rows are there, and the next writer publishes them."""
    publish(tmp_path, 1)
    code = (
        "import os, signal, sys; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path\n"
        "from tests.warehouse.rows import *\n"
        "from aibuyer_kit.warehouse.write import open_writer\n"
        "with open_writer(Path(sys.argv[1])) as writer:\n"
        "    writer.load(coverage(), [insight_page([insight(clicks=2)])], known_at=at_noon)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = str(Path(__file__).parents[2])
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path), root], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert clicks_seen(Reader(tmp_path)) == [1]
    with open_writer(tmp_path):
        pass
    assert clicks_seen(Reader(tmp_path)) == [2]


def test_opening_for_writing_without_loading_publishes_nothing_new(tmp_path: Path) -> None:
    """A sync that found nothing to read leaves the snapshot as it is."""
    publish(tmp_path, 1)
    before = WarehouseFiles(tmp_path).current()
    with open_writer(tmp_path):
        pass
    assert WarehouseFiles(tmp_path).current() == before


def test_reading_before_the_first_load_says_what_to_do(tmp_path: Path) -> None:
    """An analyst who opens an empty client is told about sync and import."""
    with pytest.raises(NotFoundError, match="aibuyer sync"):
        clicks_seen(Reader(tmp_path))


def test_a_pointer_to_a_missing_snapshot_is_a_clear_error(tmp_path: Path) -> None:
    """Someone removed the files by hand."""
    publish(tmp_path, 1)
    WarehouseFiles(tmp_path).current().unlink()
    with pytest.raises(WarehouseError, match="is missing"):
        clicks_seen(Reader(tmp_path))


def test_a_warehouse_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """An old program must not write into a schema that it does not know."""
    publish(tmp_path, 1)
    with duckdb.connect(str(tmp_path / "working.duckdb")) as connection:
        connection.execute("INSERT INTO schema_migration VALUES ('9999_from_the_future')")
    with pytest.raises(WarehouseError, match="9999_from_the_future"), open_writer(tmp_path):
        pass


def test_readers_cannot_write_or_reach_files(tmp_path: Path) -> None:
    """The snapshot is opened read-only, with the file system shut."""
    publish(tmp_path, 1)
    cursor = Reader(tmp_path)._cursor()
    with pytest.raises(duckdb.Error):
        cursor.execute("DELETE FROM load")
    with pytest.raises(duckdb.Error):
        cursor.execute("SELECT * FROM read_csv('/etc/passwd')")
    with pytest.raises(duckdb.Error):
        cursor.execute("SET enable_external_access = true")


def _database_with(path: Path, number: int) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(path))
    connection.execute("CREATE TABLE t AS SELECT ? AS n", [number])
    connection.execute("CHECKPOINT")
    return connection


def _second_writer(folder: Path) -> str:
    code = (
        "import sys; from pathlib import Path\n"
        "from aibuyer_kit.warehouse.write import open_writer\n"
        "try:\n"
        "    with open_writer(Path(sys.argv[1])): print('wrote')\n"
        "except Exception as error: print(type(error).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_what_a_killed_compaction_left_goes_with_the_next_writer(tmp_path: Path) -> None:
    """It would lie there until the next month is sealed."""
    with open_writer(tmp_path) as writer:
        writer.load(coverage(), [insight_page([insight("a")])], known_at=at_noon)
    left = [tmp_path / name for name in ("compact.partial", "compact.partial.wal")]
    for each in left:
        each.write_bytes(b"half a copy")
    with open_writer(tmp_path):
        assert not any(each.exists() for each in left)
