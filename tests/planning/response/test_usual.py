"""What is usual of arms as it is kept: read back, used in place of what would be learnt, and judged on later days."""

from datetime import timedelta

import numpy as np
import pytest

from aibuyer_kit.core.errors import ArtefactError, TooLittleError
from aibuyer_kit.features.trainable import Fold, json_file
from aibuyer_kit.planning.response.fit import ROOM, Usual
from aibuyer_kit.planning.response.learn import learn_response
from aibuyer_kit.planning.response.usual import UsualTrainable
from tests.planning.response.panels import drawn, hill, moving, panel

KIND = UsualTrainable()
SPEND = moving(200, 6, seed=3)
PANEL = panel(SPEND, drawn(hill(SPEND), seed=4))


def test_it_comes_back_from_its_files_and_whoever_is_given_it_learns_none() -> None:
    """Byte for byte; curves under what is given are those of it, and not of what the panel would tell."""
    model = KIND.fit(PANEL, {}, 7)
    again = KIND.load(model.files())
    assert again.files() == model.files()
    own = learn_response(PANEL, value_of="results", usual=again.usual).fitted
    assert own.usual.mean[ROOM:] == pytest.approx(model.usual[1].mean[ROOM:])
    other = Usual(mean=np.array([0.0, 2.5, 0.05, 0.1, 0.4, 0.1]))
    given = learn_response(PANEL, value_of="results", usual=(0.5, other)).fitted
    assert (given.carry, given.usual.mean[ROOM]) == (0.5, 2.5)
    assert {"figure", "mean", "spread"} == set(again.described()[0])


def test_curves_tell_later_results_better_than_what_is_in_proportion_to_spend() -> None:
    """Spend of these arms moves, and what it brings is a Hill curve of it."""
    fold = Fold(PANEL.until(PANEL.days.until - timedelta(days=14)), PANEL)
    judged = KIND.fit(fold.known, {}, 7).judge(fold)
    assert np.nansum(judged.loss) < np.nansum(judged.floor)
    assert np.nanmean(judged.covered) > 0.4


def test_what_nothing_was_seen_of_and_what_is_damaged_is_refused() -> None:
    with pytest.raises(TooLittleError, match="nothing has spent and brought enough"):
        KIND.fit(panel(SPEND[:6], drawn(hill(SPEND[:6]), seed=4)), {}, 7)
    whole = {"carry": 0.0, "mean": [0.0] * 6, "spread": [1.0] * 6, "between": 0.2, "drift": 0.1}
    KIND.load({"usual.json": json_file(whole)})
    for wrong in ({"carry": 1.0}, {"mean": [0.0]}, {"spread": [0.0] * 6}, {"drift": -1}, {"mean": "six"}):
        with pytest.raises(ArtefactError):
            KIND.load({"usual.json": json_file(whole | wrong)})
