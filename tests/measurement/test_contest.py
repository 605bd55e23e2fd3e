"""A contest of two models, by tables of losses: who wins, and when nobody does."""

import numpy as np
import pytest

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.measurement.contest import contest


def drawn(seed: int, better_by: float, folds: int = 12, objects: int = 30) -> tuple[Floats, Floats]:
    """Return losses of two models: of one object and week they go together, and each week favours one of them."""
    rng = np.random.default_rng(seed)
    champion = rng.gamma(2, 1, (1, objects)) * rng.gamma(4, 0.25, (folds, objects))
    difference = -better_by + 0.02 * rng.normal(size=(folds, 1)) + 0.2 * rng.standard_t(5, (folds, objects))
    return champion, champion * (1 + difference)


def test_a_model_that_is_clearly_better_wins() -> None:
    found = contest(*drawn(1, 0.2))
    assert found.is_won
    assert (found.folds, found.objects) == (12, 30)
    assert found.gain == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize("better_by", [0.0, -0.02, -0.2])
def test_one_that_is_not_better_does_not(better_by: float) -> None:
    assert not any(contest(*drawn(seed, better_by)).is_won for seed in range(200))


def test_the_same_model_does_not_replace_itself() -> None:
    champion, _ = drawn(1, 0)
    assert contest(champion, champion).reason == "no_better"
    assert contest(champion, champion * 1.0001).reason == "no_better"
    assert contest(champion, champion * 1.01).reason == "worse"


def test_one_good_week_is_not_enough() -> None:
    """A gain that comes from one fold alone may be that fold's luck."""
    champion, challenger = np.ones((10, 50)), np.ones((10, 50))
    challenger[7] = 0.1
    found = contest(champion, challenger)
    assert found.gain == pytest.approx(0.09)
    assert found.reason == "not_surely"


def test_a_gain_of_long_ago_is_not_enough() -> None:
    champion, challenger = drawn(3, 0.4)
    challenger[6:] = champion[6:] * 1.01
    assert contest(champion, challenger).reason in ("late", "not_surely")


def test_too_few_weeks_or_nothing_in_common_decide_nothing() -> None:
    champion, challenger = drawn(1, 0.5)
    assert contest(champion[:5], challenger[:5]).reason == "too_short"
    assert contest(champion, np.full_like(champion, np.nan)).reason == "untold"
    assert contest(champion[:1, :1], challenger[:1, :1]).reason == "too_short"
    with pytest.raises(InputError):
        contest(champion, challenger[:, :3])


def test_what_one_of_them_does_not_know_counts_for_neither() -> None:
    """A model that gives no estimate where it is hard gains nothing by it."""
    champion, challenger = drawn(1, -0.1)
    hard = champion > np.quantile(champion, 0.5)
    assert not contest(champion, np.where(hard, np.nan, challenger)).is_won
