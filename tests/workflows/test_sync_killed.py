"""kill -9 at any moment of a sync over a real socket: nothing is lost, doubled or shown half, and a re-run is clean."""

from pathlib import Path

import pytest

from .killed_syncs import Tally, killed_syncs


def lives(folder: Path, seed: int, kills: int, *, reach: bool = False) -> Tally:
    """Live until that many syncs have been killed; half of them while something had been published before."""
    with killed_syncs(folder, seed, reach=reach) as syncs:
        while syncs.tally.kills < kills:
            syncs.live()
    assert syncs.tally.readings >= kills
    # DuckDB itself leaves, rarely, a file that does not open when it is killed at a checkpoint.
    assert syncs.tally.recoveries <= 1 + kills // 100
    return syncs.tally


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_sync_that_was_killed_is_made_good_by_the_next(tmp_path: Path, seed: int) -> None:
    """Four times fifty kills while fetching, loading, thinning, rebuilding and publishing."""
    lives(tmp_path, seed, kills=50)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [11, 12, 13, 14])
def test_a_thousand_kills_lose_nothing(tmp_path: Path, seed: int) -> None:
    """Four times 250, with the streams of reach too."""
    lives(tmp_path, seed, kills=250, reach=True)
