"""A disk that is full or read-only: an error with its cure, nothing half-published, and the next run goes on."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.killing import ROOT, Nursery

from .hurt_loads import clicks, clicks_as_nobody, expected, load_as_nobody, load_number, load_with_largest_file


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery("tests.warehouse.hurt_loads") as running:
        yield running


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with one published read, to which other users have a way too."""
    top = Path(tempfile.mkdtemp())
    top.chmod(0o755)
    made = top / "warehouse"
    load_number(made, 1)
    yield made
    for path in (made, *made.iterdir()):
        path.chmod(0o755)
    shutil.rmtree(top)


def test_a_disk_that_is_full_at_any_point_is_told_and_the_next_run_goes_on(nursery: Nursery, folder: Path) -> None:
    """No file may grow beyond a size: too little for the log, for the tables, for the copy, and at last enough."""
    complete = folder.with_name("complete")
    shutil.copytree(folder, complete)
    load_number(complete, 2)
    size = (complete / "working.duckdb").stat().st_size
    outcomes = []
    for most_bytes in (0, 65_536, 300_000, size - 600_000, size - 1, size):
        trial = shutil.copytree(folder, folder.with_name("trial"))
        error = nursery.run(load_with_largest_file, trial, 2, most_bytes).result
        outcomes.append(error)
        assert not error or ("free some space" in error.lower() and str(trial) in error), (most_bytes, error)
        assert clicks(trial) == expected(1 if error else 2), most_bytes
        assert not [*trial.glob("*.partial")], most_bytes
        load_number(trial, 2)
        assert (clicks(trial), clicks(trial, as_of=1)) == (expected(2), expected(1)), most_bytes
        assert not [*trial.glob("broken-*")], most_bytes
        shutil.rmtree(trial)
    assert outcomes[0]
    assert not outcomes[-1]


# Fills a small file system to its last bytes, loads, makes room, and loads again.
FULL = """
import sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from tests.warehouse.hurt_loads import *
from tests.warehouse.hurt_loads import _error_of
top = Path(sys.argv[2]); folder = top / "warehouse"
load_number(folder, 1)
free = int(sys.argv[3])
ballast = (top / "ballast").open("wb", buffering=0)
stat = os.statvfs(top)
ballast.write(bytes(max(0, stat.f_bavail * stat.f_frsize - free)))
error = _error_of(folder, 2)
assert not error or "free some space" in error.lower(), error
assert clicks(folder) == expected(1 if error else 2), "half-published"
(top / "ballast").unlink(); ballast.close()
load_number(folder, 2)
assert (clicks(folder), clicks(folder, as_of=1)) == (expected(2), expected(1))
print("full" if error else "enough")
"""


@pytest.mark.soak
def test_a_file_system_without_space_is_told_and_the_next_run_goes_on(tmp_path: Path) -> None:
    """A file system of 16 MB in a mount namespace of its own, with 0 to 8 MB left."""
    unshare = ["unshare", "-m" if os.geteuid() == 0 else "-rm"]
    mounted = 'mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"'
    said = []
    for free in (0, 4096, 100_000, 500_000, 1_000_000, 2_000_000, 3_000_000, 8_000_000):
        story = [sys.executable, "-W", "ignore", "-c", FULL, ROOT, str(tmp_path), str(free)]
        command = [*unshare, "sh", "-c", mounted, str(tmp_path), *story]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, (free, done.stderr)
        said.append(done.stdout.strip())
    assert (said[0], said[-1]) == ("full", "enough")


@pytest.mark.parametrize("locked", ["folder and files", "folder", "working file"])
def test_a_read_only_warehouse_is_told_and_can_still_be_read(nursery: Nursery, folder: Path, locked: str) -> None:
    """As a user whom mode bits hold; once they are mended, the same load goes through."""
    files = [*folder.iterdir()]
    for path in files:
        path.chmod(
            0o444 if locked == "folder and files" or (locked, path.name) == (locked, "working.duckdb") else 0o666
        )
    folder.chmod(0o777 if locked == "working file" else 0o555)
    error = nursery.run(load_as_nobody, folder, 2).result
    assert str(folder) in error
    assert "Check" in error
    assert nursery.run(clicks_as_nobody, folder).result == expected(1)
    folder.chmod(0o777)
    for path in folder.iterdir():
        path.chmod(0o666)
    assert nursery.run(load_as_nobody, folder, 2).result == ""
    assert (clicks(folder), clicks(folder, as_of=1)) == (expected(2), expected(1))
