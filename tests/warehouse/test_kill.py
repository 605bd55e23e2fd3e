"""kill -9 at every line of loading and publishing; the quick tests kill whole syncs (`tests/workflows`)."""

import shutil
from pathlib import Path

import pytest

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer
from tests.killing import Nursery

from .killed_loads import load_again
from .rows import DAYS, at_noon, coverage, insight, insight_page

BEFORE, AFTER = {"a": 1}, {"a": 2, "b": 20}


def seen(folder: Path, as_of: int | None = None) -> dict[str, int]:
    reader = Reader(folder)
    rows = reader.insights(Level.AD, DAYS, result=ResultSetting(), as_of=as_of).rows()
    reader.close()
    return {row["entity_id"]: row["clicks"] for row in rows}


@pytest.mark.soak
def test_a_kill_at_every_line_of_a_load_and_its_publication_loses_nothing(tmp_path: Path) -> None:
    """From the first line of the warehouse's code to the last one that runs; what is known is kept each time."""
    with open_writer(tmp_path / "first") as writer:
        writer.load(coverage(), [insight_page([insight("a", clicks=1)])], known_at=at_noon)
    with Nursery(load_again.__module__) as nursery:
        line, killed = 0, True
        while killed:
            line += 1
            folder = shutil.copytree(tmp_path / "first", tmp_path / str(line))
            killed = nursery.run(load_again, folder, at_line=line).killed
            assert seen(folder) in (BEFORE, AFTER), f"killed at line {line}"
            counts = nursery.run(load_again, folder).result
            assert counts in ([1, 1, 0], [0, 0, 2]), f"killed at line {line}"
            assert (seen(folder), seen(folder, as_of=1)) == (AFTER, BEFORE), f"killed at line {line}"
            assert not [*folder.glob("*.partial*")], f"killed at line {line}: a half-written file is left"
            shutil.rmtree(folder)
    assert line > 100
