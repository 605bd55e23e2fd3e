"""What ads bring by what is reported, from lift tests."""

import numpy as np

from aibuyer_kit.planning.response import experiments
from aibuyer_kit.planning.response.learn import learn_response
from aibuyer_kit.planning.response.share import incremental_share, traits_of
from tests.market_panels import Floats
from tests.planning.response.panels import drawn, hill, moving, panel

ARMS = 21
CAMPAIGNS = np.arange(ARMS) // 7


def shares(truth: Floats, error: float, seed: int) -> Floats:
    """Return draws of logarithms, from tests of all arms but the last, each off by `error` of what is reported."""
    rng = np.random.default_rng(seed)
    lifts = (truth[:-1] + error * rng.standard_normal(ARMS - 1)) * 100
    tests = [experiments.Tested(place, 100.0, lift, error * 100) for place, lift in enumerate(lifts.tolist())]
    return np.log(incremental_share(tests, CAMPAIGNS, np.zeros((ARMS, 3)), 100, rng))


def test_tests_that_agree_tell_arms_that_were_never_tested() -> None:
    """Twenty tests, each off by a quarter, of reports that are true: together they are off by a twentieth."""
    logs = shares(np.ones(ARMS), 0.25, 1)
    assert np.abs(np.median(logs, axis=0)).max() < 0.2
    assert logs[:, -1].std() < 0.2


def test_tests_that_differ_leave_others_open() -> None:
    """Shares from .25 to 1.2, each known to a twentieth: those tested are known, the one that was not is not."""
    truth = np.exp(np.linspace(np.log(0.25), np.log(1.2), ARMS))[np.random.default_rng(2).permutation(ARMS)]
    logs = shares(truth, 0.05, 3)
    assert np.median(np.abs(np.median(logs, axis=0) - np.log(truth))[:-1]) < 0.15
    assert logs[:, -1].std() > 0.3
    assert logs[:, -1].std() > 2 * logs[:, :-1].std(axis=0).mean()


def test_traits_are_told_apart_from_what_is_usual() -> None:
    """Twice as dear as the median is log 2; what has no impressions has none; leads are beside other leads."""
    spend = moving(60, 4, seed=4)
    objects = [{"campaign_id": "c", "result_type": kind} for kind in ("lead", "lead", "lead", "purchase")]
    one = panel(spend, drawn(hill(spend), seed=5), objects=objects)
    one.measures["impressions"] = spend * np.array([100.0, 100.0, 50.0, 0.0])
    learnt = learn_response(one)
    found = traits_of(one, learnt.series, np.array([0.5, 0.5, 0.5, 0.9]))
    np.testing.assert_allclose(found[:, 0], [0.0, 0.0, 0.0, 0.4], atol=1e-9)
    np.testing.assert_allclose(found[:, 1], [0.0, 0.0, np.log(2), 0.0], atol=1e-9)
    assert found[3, 2] == 0.0
    assert np.abs(found).max() <= 1.0
