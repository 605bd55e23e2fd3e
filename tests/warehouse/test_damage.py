"""Flipped bytes anywhere in a warehouse: found before they are used or published, mended from what is whole."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from aibuyer_kit.core.errors import WarehouseError
from aibuyer_kit.warehouse.connection import is_whole
from aibuyer_kit.warehouse.files import WarehouseFiles
from aibuyer_kit.warehouse.write import damaged_files, open_writer
from tests.killing import Nursery

from .hurt_loads import clicks, expected, load_and_die, load_number
from .rows import at_noon, coverage, insight, insight_page


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of three reads, each published."""
    folder = tmp_path_factory.mktemp("known")
    for number in (1, 2, 3):
        load_number(folder, number)
    return folder


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery("tests.warehouse.hurt_loads") as running:
        yield running


def flip(path: Path, draw: random.Random) -> int:
    """Change 1 to 64 bytes somewhere, in the headers as often as anywhere else, and return where."""
    content = bytearray(path.read_bytes())
    place = draw.randrange(min(len(content), draw.choice((12_288, len(content)))))
    for each in range(place, min(place + draw.choice((1, 1, 8, 64)), len(content))):
        content[each] ^= draw.randrange(1, 256)
    path.write_bytes(content)
    return place


def told_or_true(folder: Path) -> str:
    """Read everything: what a reader is told is true, or else an error that names the cure."""
    try:
        assert (clicks(folder), clicks(folder, as_of=1)) == (expected(3), expected(1))
    except WarehouseError as error:
        assert "aibuyer sync" in str(error)  # noqa: PT017 - either is well
        return "told"
    return "true"


@pytest.mark.parametrize("name", ["working.duckdb", "snapshot-3.duckdb", "snapshot-2.duckdb", "current"])
def test_flipped_bytes_are_never_read_or_published_and_the_next_write_mends_them(
    tmp_path: Path, known: Path, name: str
) -> None:
    """A few random places in each file; reading, as-of and the next load come out as if nothing had happened."""
    flip_and_mend(tmp_path, known, name, times=3)


@pytest.mark.soak
@pytest.mark.parametrize("name", ["working.duckdb", "snapshot-3.duckdb", "snapshot-2.duckdb", "current"])
def test_bytes_flipped_in_a_hundred_places_are_never_read_or_published(tmp_path: Path, known: Path, name: str) -> None:
    """The same for a hundred places in each file."""
    flip_and_mend(tmp_path, known, name, times=100)


def flip_and_mend(tmp_path: Path, known: Path, name: str, *, times: int) -> None:
    draw = random.Random(name)  # noqa: S311
    outcomes = set()
    for number in range(times):
        folder = shutil.copytree(known, tmp_path / str(number))
        where = f"{name} at {flip(folder / name, draw)}"
        outcomes.add(told_or_true(folder))
        was_whole = name == "current" or is_whole(folder / name)
        load_number(folder, 4)
        assert clicks(folder) == expected(4), where
        assert [clicks(folder, as_of=load) for load in (1, 2, 3)] == [expected(load) for load in (1, 2, 3)], where
        assert bool([*folder.glob("broken-*")]) == (name == "working.duckdb" and not was_whole), where
        assert is_whole(WarehouseFiles(folder).current()), where
        shutil.rmtree(folder)
    # Only what readers open can be told by them.
    assert outcomes == {"true"} or ("told" in outcomes and name in ("snapshot-3.duckdb", "current"))


def test_damage_to_working_file_and_newest_snapshot_falls_back_to_the_one_before(tmp_path: Path, known: Path) -> None:
    """Whatever byte it is in both: what is published afterwards is whole, and the gap is one load."""
    draw = random.Random(5)  # noqa: S311
    folder = shutil.copytree(known, tmp_path / "both")
    for name in ("working.duckdb", "snapshot-3.duckdb"):
        while is_whole(folder / name):
            flip(folder / name, draw)
    with open_writer(folder) as writer:
        assert writer.recovered
        assert writer.recovered.restored_from == folder / "snapshot-2.duckdb"
    assert clicks(folder) == expected(2)


def test_a_block_that_is_damaged_while_the_writer_is_at_work_is_not_published(tmp_path: Path, known: Path) -> None:
    """Nothing touches the block before publishing, so that only reading the whole copy can tell."""
    folder = shutil.copytree(known, tmp_path / "busy")
    with pytest.raises(WarehouseError, match="damaged and has been rebuilt"):
        load_while_blocks_go_bad(folder)
    assert clicks(folder) == expected(3)
    assert is_whole(WarehouseFiles(folder).current())
    load_number(folder, 4)
    assert (clicks(folder), clicks(folder, as_of=3)) == (expected(4), expected(3))


def load_while_blocks_go_bad(folder: Path) -> None:
    working = folder / "working.duckdb"
    with open_writer(folder) as writer:
        writer.load(coverage(), [insight_page([insight("ad-7")])], known_at=at_noon, extent="partial")
        with working.open("r+b") as file:
            for place in range(12_288 + 1000, working.stat().st_size, 262_144):
                file.seek(place)
                file.write(b"damage")


def test_an_old_copy_in_place_of_the_working_file_does_not_number_loads_anew(tmp_path: Path, known: Path) -> None:
    """Somebody restored one file only: what was published since then stays known."""
    folder = shutil.copytree(known, tmp_path / "old")
    shutil.copyfile(folder / "snapshot-2.duckdb", folder / "working.duckdb")
    load_number(folder, 4)
    assert [clicks(folder, as_of=load) for load in (2, 3, 4)] == [expected(load) for load in (2, 3, 4)]


def test_a_damaged_log_of_a_killed_writer_costs_at_most_what_was_not_published(
    tmp_path: Path, known: Path, nursery: Nursery
) -> None:
    """Random places in the write-ahead log, its first bytes too; the next read makes it good."""
    killed = shutil.copytree(known, tmp_path / "killed")
    assert nursery.run(load_and_die, killed, 4).killed
    log = "working.duckdb.wal"
    assert (killed / log).stat().st_size > 1000
    draw = random.Random(6)  # noqa: S311
    for number in range(4):
        folder = shutil.copytree(killed, tmp_path / str(number))
        where = flip(folder / log, draw) if number else flip_size_of_first_entry(folder / log)
        assert clicks(folder) == expected(3)
        load_number(folder, 4)
        assert (clicks(folder), clicks(folder, as_of=3)) == (expected(4), expected(3)), f"log at {where}"
        load_number(folder, 5)
        assert clicks(folder) == expected(5), f"log at {where}"
        shutil.rmtree(folder)


def flip_size_of_first_entry(log: Path) -> int:
    """Make DuckDB take the first entry for the torn end of the log."""
    content = bytearray(log.read_bytes())
    content[6] ^= 0x40
    log.write_bytes(content)
    return 6


def test_every_damaged_file_is_found_without_being_used(tmp_path: Path, known: Path) -> None:
    """The block that nobody reads for months is found when one looks for it."""
    folder = shutil.copytree(known, tmp_path / "looked-at")
    assert damaged_files(folder) == ()
    draw = random.Random(7)  # noqa: S311
    for name in ("snapshot-2.duckdb", "working.duckdb"):
        while is_whole(folder / name):
            flip(folder / name, draw)
    assert {path.name for path in damaged_files(folder)} == {"snapshot-2.duckdb", "working.duckdb"}
