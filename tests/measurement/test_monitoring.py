"""Models in force that are watched: what has moved, and what does not hold any more."""

import numpy as np

from aibuyer_kit.measurement.backtest import Backtest
from aibuyer_kit.measurement.monitoring import failing, moved, population_stability


def test_the_index_is_that_of_the_definition() -> None:
    """Two halves of .5 and .5 that become .2 and .8: .3 ln(.8/.5) + .3 ln(.5/.2) = .4159."""
    before, now = np.repeat([0.0, 1.0], [500, 500]), np.repeat([0.0, 1.0], [200, 800])
    assert round(population_stability(before, now, bins=2), 4) == 0.4159
    assert population_stability(before, before) == 0.0


def test_missing_figures_are_a_population_of_their_own() -> None:
    before = np.arange(100.0)
    now = np.where(before < 40, np.nan, before)
    assert population_stability(before, now) > 1


def test_few_objects_do_not_move_by_chance() -> None:
    """Of 20 objects the index is mostly above .25 though nothing has moved; that is not told."""
    told, above = 0, 0
    for seed in range(200):
        before, now = np.random.default_rng(seed).normal(size=(2, 20, 1))
        above += population_stability(before[:, 0], now[:, 0]) > 0.25
        told += bool(list(moved(["cpm"], before, now)))
    assert above > 150
    assert told <= 2


def test_a_feature_that_moved_is_named() -> None:
    rng = np.random.default_rng(1)
    before, now = rng.normal(size=(2, 60, 2))
    now[:, 1] += 2
    assert next(str(each) for each in moved(["ctr", "cpm"], before, now)).startswith("cpm is distributed otherwise")


def test_intervals_that_do_not_hold_and_errors_above_the_floor_are_told() -> None:
    ids = tuple(map(str, range(30)))
    well = Backtest(ids, np.full((4, 30), 1.0), np.full((4, 30), 1.1), np.tile(np.arange(30) % 5 > 0, (4, 1)) * 1.0)
    assert list(failing(well)) == []
    narrow = Backtest(ids, well.loss, well.floor, np.tile(np.arange(30) % 2 > 0, (4, 1)) * 1.0)
    assert [each.kind for each in failing(narrow)] == ["coverage"]
    worse = Backtest(ids, well.loss * 1.3, well.floor, well.covered)
    assert [str(each) for each in failing(worse)] == ["its error is 1.18 times that of the floor"]
