"""kill -9 at the steps of loading and publishing: nothing is lost, doubled, or unopenable."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aibuyer_kit.core.entities import Level
from aibuyer_kit.warehouse.read import Reader, ResultSetting
from aibuyer_kit.warehouse.write import open_writer

from .rows import DAYS, at_noon, coverage, insight, insight_page

ROOT = str(Path(__file__).parents[2])

# Loads one read and publishes it; before the n-th line that runs in the warehouse's own code it kills itself.
VICTIM = """
import os, signal, sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from tests.warehouse.rows import *
from aibuyer_kit.warehouse.write import open_writer

left = int(sys.argv[2])

def lines(frame, event, argument):
    global left
    if event == "line":
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return lines

def calls(frame, event, argument):
    return lines if "aibuyer_kit/warehouse/" in frame.f_code.co_filename.replace(os.sep, "/") else None

sys.settrace(calls)
with open_writer(Path(sys.argv[1])) as writer:
    writer.load(coverage(), [insight_page([insight("a", clicks=2), insight("b")])], known_at=at_noon)
"""


def killed_at(folder: Path, step: int) -> bool:
    """Run the victim until its `step`-th line; returns whether it was killed, or else came to its end."""
    done = subprocess.run([sys.executable, "-c", VICTIM, str(folder), str(step), ROOT], check=False)
    assert done.returncode in (0, -signal.SIGKILL)
    return done.returncode != 0


def seen(folder: Path, as_of: int | None = None) -> dict[str, int]:
    reader = Reader(folder)
    rows = reader.insights(Level.AD, DAYS, result=ResultSetting(), as_of=as_of).rows()
    reader.close()
    return {row["entity_id"]: row["clicks"] for row in rows}


def survives(folder: Path, step: int) -> bool:
    """Publish a first read, kill the second one at a step, and check what is left; returns whether it was killed."""
    with open_writer(folder) as writer:
        writer.load(coverage(), [insight_page([insight("a", clicks=1)])], known_at=at_noon)
    was_killed = killed_at(folder, step)
    before, after = {"a": 1}, {"a": 2, "b": 20}
    assert seen(folder) in (before, after), f"killed at step {step}"
    with open_writer(folder) as writer:
        assert writer.recovered is None, f"killed at step {step}"
        result = writer.load(coverage(), [insight_page([insight("a", clicks=2), insight("b")])], known_at=at_noon)
    assert (result.inserted, result.restated, result.unchanged) in ((1, 1, 0), (0, 0, 2)), f"killed at step {step}"
    assert seen(folder) == after
    assert seen(folder, as_of=1) == before
    assert not list(folder.glob("*.partial*"))[1:], "at most one half-written file may be left"
    return was_killed


@pytest.mark.parametrize("step", range(5, 200, 13))
def test_a_kill_at_a_step_of_a_load_or_a_publication_loses_nothing(tmp_path: Path, step: int) -> None:
    """Every thirteenth step here; all of them in the long tests."""
    survives(tmp_path, step)


@pytest.mark.soak
def test_a_kill_at_every_step_loses_nothing(tmp_path: Path) -> None:
    """From the first line of the warehouse's code to the last one that runs."""
    step = 1
    while survives(tmp_path / str(step), step):
        step += 1
    assert step > 100
