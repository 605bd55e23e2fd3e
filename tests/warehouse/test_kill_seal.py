"""kill -9 at the steps of sealing and of bringing a month back: each row stays in exactly one place."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aibuyer_kit.warehouse.write import open_writer

from .test_seal import APRIL, JANUARY, MARCH, day_read, every_state, seal, three_months

ROOT = str(Path(__file__).parents[2])
LOADS = 4

# Seals January, or loads a day of a sealed one; before the n-th line of the warehouse's own code it kills itself.
VICTIM = """
import os, signal, sys
sys.path.insert(0, sys.argv[4])
from datetime import date, timedelta
from pathlib import Path
from tests.warehouse.test_seal import APRIL, JANUARY, ZONE, day_read
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
    if sys.argv[3] == "seal":
        writer.seal("meta", "act_1", ZONE, before=date(2026, 2, 1))
    else:
        day_read(writer, JANUARY, APRIL + timedelta(days=2), a=10, c=30)
"""


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The warehouse before each of the two works."""
    hot, sealed = (tmp_path_factory.mktemp(name) for name in ("hot", "sealed"))
    for folder in (hot, sealed):
        three_months(folder)
    seal(sealed)
    return {"seal": hot, "load": sealed}


def survives(before: Path, folder: Path, work: str, step: int) -> bool:
    """Kill the work at a step and check what is left; returns whether it was killed, or else came to its end."""
    shutil.copytree(before, folder, dirs_exist_ok=True)
    known = every_state(folder, LOADS)
    done = subprocess.run([sys.executable, "-c", VICTIM, str(folder), str(step), work, ROOT], check=False)
    assert done.returncode in (0, -signal.SIGKILL)
    where = f"{work}, killed at step {step}"
    assert every_state(folder, LOADS)[: LOADS + 1] == known, where
    with open_writer(folder) as writer:
        assert (writer.recovered, writer.losses) == (None, ()), where
        repeated = day_read(writer, JANUARY, APRIL, a=10, c=30)
        assert day_read(writer, MARCH, APRIL, a=4).unchanged == 1, where
    if repeated.unchanged == 0:
        assert (repeated.inserted, repeated.restated, repeated.closed) == (1, 1, 1), where
    else:  # the victim had loaded it
        assert (work, repeated.unchanged, repeated.inserted) == ("load", 2, 0), where
    assert every_state(folder, LOADS) == known, where
    seal(folder)
    assert every_state(folder, LOADS) == known, where
    assert not list(folder.rglob("*.partial")), where
    return done.returncode != 0


@pytest.mark.parametrize(
    ("work", "step"),
    [*(("seal", step) for step in (280, 315, 340, 365, 400)), *(("load", step) for step in (320, 330, 600))],
)
def test_a_kill_at_a_step_of_sealing_loses_nothing(
    before: dict[str, Path], tmp_path: Path, work: str, step: int
) -> None:
    """A few of the steps here; all of them in the long tests."""
    assert survives(before[work], tmp_path, work, step)


@pytest.mark.soak
@pytest.mark.parametrize("work", ["seal", "load"])
def test_a_kill_at_every_step_of_sealing_loses_nothing(before: dict[str, Path], tmp_path: Path, work: str) -> None:
    """From the first line of the warehouse's code to the last one that runs."""
    step = 1
    while survives(before[work], tmp_path / str(step), work, step):
        step += 1
    assert step > 200
