"""Experiments that a world supplies: what they tell, and what they do not."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.emergent.rules import People, Rules
from aibuyer_kit.sandbox.market.lift_tests import LiftTest, lift_tests
from aibuyer_kit.sandbox.market.world import AdSetPlan, CampaignPlan, World

UNIT = 1_000_000
ARMS = (
    AdSetPlan("A", 60 * UNIT, audience_size=90_000),
    AdSetPlan("B", 40 * UNIT, audience_size=200_000),
    AdSetPlan("C", 30 * UNIT, audience_size=20_000, audience="retargeting"),
)


def trial(seed: int, rules: Rules | None, *, arms: tuple[AdSetPlan, ...] = ARMS, days: int = 34) -> Market:
    preset = "steady" if rules else "hill"
    campaign = CampaignPlan("Sample", "OUTCOME_SALES", arms)
    return Market(World(preset, (campaign,), history_days=days, rules=rules, lift_tests=len(arms)), seed)


def with_truth(seeds: range, rules: Rules | None) -> Iterator[tuple[LiftTest, float, float]]:
    for seed in seeds:
        market = trial(seed, rules)
        for test in lift_tests(market):
            yield (test, *market.true_lift(test.adset_id, test.days))


def check_errors(told: list[tuple[LiftTest, float, float]]) -> None:
    """The tests are right on average, and as far off as their errors say; each bound is four of its own errors."""
    misses = np.array([(test.results - lift) / test.standard_error for test, lift, _ in told])
    count = len(misses)

    assert abs(misses.mean()) < 4 / math.sqrt(count) + 0.05
    assert abs(misses.std() - 1) < 4 / math.sqrt(2 * count) + 0.05


@pytest.mark.parametrize("rules", [Rules(), None], ids=["people", "closed form"])
def test_reported_errors_are_as_large_as_misses(rules: Rules | None) -> None:
    """Thousands of tests are in the long proofs."""
    check_errors(list(with_truth(range(8 if rules else 80), rules)))


@pytest.mark.parametrize("rules", [Rules(people=People(organic=0)), None], ids=["nobody buys anyway", "closed form"])
def test_nothing_of_a_test_gives_the_truth_away(rules: Rules | None) -> None:
    """Both figures come from two whole counts, of which the true lift is no function."""
    for test, lift, _ in with_truth(range(4), rules):
        shown_less_held_back, both = test.results / 2, (test.standard_error / 2) ** 2
        assert shown_less_held_back == round(shown_less_held_back)
        assert both == pytest.approx(round(both), abs=1e-9)
        assert abs(lift - round(lift)) > 1e-6
        assert test.standard_error**2 / 2 != pytest.approx(lift, rel=1e-3)


def test_a_test_in_which_nobody_bought_has_an_error() -> None:
    """Of one buyer more or less."""
    campaign = CampaignPlan("Sample", "OUTCOME_SALES", (AdSetPlan("A", UNIT, audience_size=1000),))
    quiet = Rules(people=People(in_market=0.001))
    world = World("steady", (campaign,), history_days=28, rules=quiet, lift_tests=1)
    (test,) = lift_tests(Market(world, 1))

    assert (test.results, test.standard_error) == (0, 2)


def test_tests_are_the_same_by_seed_and_ad_set() -> None:
    """Another ad set in the world, in front, moves none of the others; another seed moves all."""
    few = lift_tests(trial(5, None))
    more = trial(5, None, arms=(AdSetPlan("New", 20 * UNIT), *ARMS))
    figures = {one.spend_micros: (one.results, one.standard_error) for one in lift_tests(more)}

    assert few == lift_tests(trial(5, None))
    assert [figures[one.spend_micros] for one in few] == [(one.results, one.standard_error) for one in few]
    assert few != lift_tests(trial(6, None))


def test_a_test_of_a_history_of_28_days_is_of_its_first_day() -> None:
    """Shorter ones leave none, and are refused when a world is opened."""
    market = trial(1, None, days=28)

    assert {one.days.since for one in lift_tests(market)} == {one.days.until for one in lift_tests(market)}
    assert lift_tests(market)[0].days.since == market.first_day
    assert lift_tests(Market(replace(market.world, lift_tests=0), 1)) == ()
