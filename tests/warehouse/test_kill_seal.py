"""kill -9 at the steps of sealing and of bringing a month back: each row stays in exactly one place."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aibuyer_kit.warehouse.write import open_writer
from tests.killing import Nursery

from .killed_loads import load_in_january, seal_january
from .test_seal import APRIL, JANUARY, MARCH, day_read, every_state, seal, three_months

LOADS = 4
Work = Callable[[str], object]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery(seal_january.__module__) as running:
        yield running


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[Work, Path]:
    """The warehouse before each of the two works."""
    hot, sealed = (tmp_path_factory.mktemp(name) for name in ("hot", "sealed"))
    for folder in (hot, sealed):
        three_months(folder)
    seal(sealed)
    return {seal_january: hot, load_in_january: sealed}


def survives(nursery: Nursery, before: Path, folder: Path, work: Work, line: int) -> bool:
    """Kill the work at a line and check what is left; returns whether it was killed, or else came to its end."""
    shutil.copytree(before, folder, dirs_exist_ok=True)
    known = every_state(folder, LOADS)
    killed = nursery.run(work, folder, at_line=line).killed
    where = f"{work.__name__}, killed at line {line}"
    assert every_state(folder, LOADS)[: LOADS + 1] == known, where
    with open_writer(folder) as writer:
        assert (writer.recovered, writer.losses) == (None, ()), where
        repeated = day_read(writer, JANUARY, APRIL, a=10, c=30)
        assert day_read(writer, MARCH, APRIL, a=4).unchanged == 1, where
    if repeated.unchanged == 0:
        assert (repeated.inserted, repeated.restated, repeated.closed) == (1, 1, 1), where
    else:  # the victim had loaded it
        assert (work, repeated.unchanged, repeated.inserted) == (load_in_january, 2, 0), where
    assert every_state(folder, LOADS) == known, where
    seal(folder)
    assert every_state(folder, LOADS) == known, where
    assert not list(folder.rglob("*.partial")), where
    return killed


@pytest.mark.parametrize("work", [seal_january, load_in_january])
def test_a_kill_while_sealing_or_bringing_a_month_back_loses_nothing(
    nursery: Nursery, before: dict[Work, Path], tmp_path: Path, work: Work
) -> None:
    """A few of the lines here; all of them in the long tests."""
    lines = nursery.run(work, shutil.copytree(before[work], tmp_path / "counted"), at_line=0).lines
    for percent in (60, 75, 85, 97):
        assert survives(nursery, before[work], tmp_path / str(percent), work, lines * percent // 100)


@pytest.mark.soak
@pytest.mark.parametrize("work", [seal_january, load_in_january])
def test_a_kill_at_every_line_of_sealing_or_bringing_a_month_back_loses_nothing(
    nursery: Nursery, before: dict[Work, Path], tmp_path: Path, work: Work
) -> None:
    """From the first line of the warehouse's code to the last one that runs."""
    line = 1
    while survives(nursery, before[work], tmp_path / "life", work, line):
        shutil.rmtree(tmp_path / "life")
        line += 1
    assert line > 200
