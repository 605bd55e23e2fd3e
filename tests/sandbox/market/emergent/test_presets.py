"""What emerges in the presets themselves, measured by experiment, and gone when its cause is switched off."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.sandbox.market import Market
from aibuyer_kit.sandbox.market.emergent.rules import Rules
from aibuyer_kit.sandbox.market.presets import PRESETS

from .worlds import UNIT, with_section

MAIN = ("steady", "seasonal", "fatigue", "low_volume", "shock")
WEEK = 7


def opened(preset: str, **sections: dict[str, float]) -> Market:
    """Return a preset after eight weeks, some of its rules changed: a table of keys, or one key that has no table."""
    world = PRESETS[preset]
    rules = world.rules or Rules()
    for name, changes in sections.items():
        rules = with_section(rules, name, **changes) if isinstance(changes, dict) else changed(rules, name, changes)
    return Market(replace(world, history_days=56, rules=rules), 1)


def changed(rules: Rules, name: str, value: float) -> Rules:
    return rules.model_copy(update={name: value})


def dearest(of: Market) -> tuple[str, int]:
    """Return the ad set with the largest daily budget, and that in micros."""
    budgets = {adset.id: of.setting(adset.id).daily_budget_minor * UNIT // 100 for adset in of.account.adsets}
    return max(budgets.items(), key=lambda each: each[1])


def revenue_of(of: Market, adset_id: str, micros: float) -> float:
    """Return what a budget of one ad set brings in a week beyond nothing, beside the others."""
    return of.truth({adset_id: micros}, days=WEEK).revenue_micros - of.truth({adset_id: 0}, days=WEEK).revenue_micros


@pytest.mark.parametrize("preset", MAIN)
def test_the_second_half_of_a_budget_brings_less_than_the_first(preset: str) -> None:
    """Where neither auctions nor people run out, and nobody tires, both bring the same."""
    plenty = {
        "people": {"traffic": 50, "interest_days": 0.6, "overlap": 0},
        "attention": {"tolerance": 1e6, "wear_out": 1e6, "persuasion": 0.01},
    }
    ratios = {}
    for name, sections in (("as it is", {}), ("plenty", plenty)):
        of = opened(preset, learning_loss=0.0, **sections)
        adset_id, micros = dearest(of)
        ratios[name] = revenue_of(of, adset_id, micros) / revenue_of(of, adset_id, micros / 2)

    assert ratios["as it is"] < 1.9
    assert ratios["plenty"] > 1.93


@pytest.mark.parametrize("preset", MAIN)
def test_ad_sets_that_share_people_bring_less_together_than_one_by_one(preset: str) -> None:
    """Without overlap the sum is the whole."""
    ratios = {}
    for overlap in (0.4, 0.0):
        of = opened(preset, people={"overlap": overlap}, learning_loss=0.0)
        ids = [adset.id for adset in of.account.adsets]
        budgets = np.array([of.setting(adset_id).daily_budget_minor * UNIT / 100 for adset_id in ids])
        together, *alone = of.revenues(ids, np.concatenate([[budgets], np.diag(budgets)]), days=3)
        ratios[overlap] = together / sum(alone)

    assert ratios[0.4] < 0.996
    assert ratios[0.0] == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize("preset", MAIN)
def test_an_edit_costs_results_until_it_has_been_learnt_anew(preset: str) -> None:
    """Another targeting changes nothing else here; without a learning phase it costs nothing."""
    kept = {}
    for loss in (0.3, 0.0):
        of = opened(preset, learning_loss=loss)
        adset_id, _ = dearest(of)
        results = []
        for edits in (False, True):
            future = of.fork()
            if edits:
                future.change(adset_id, targeting='{"age_min": 21}')
            first = future.today + timedelta(days=1)
            future.advance(days=WEEK + 1)
            results.append(future.persuaded(adset_id, DateRange(first, first + timedelta(days=WEEK - 1))))
        kept[loss] = results[1] / results[0]

    assert kept[0.3] < 0.97
    assert kept[0.0] == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("preset", MAIN)
def test_a_rested_audience_buys_more(preset: str) -> None:
    """After three silent weeks; more so than because more people have come into the market, which has another cause."""
    gains = {}
    for name, sections in (("as it is", {}), ("tireless", {"attention": {"tolerance": 1e6, "wear_out": 1e6}})):
        of = opened(preset, learning_loss=0.0, auctions={"noise": 0}, demand={"noise": 0, "season": 0}, **sections)
        adset_id, micros = dearest(of)
        results = []
        for rests in (False, True):
            future = of.fork()
            if rests:
                for adset in of.account.adsets:
                    future.set_daily_budget(adset.id, 1 * UNIT)
            future.advance(days=21)
            results.append(revenue_of(future, adset_id, micros))
        gains[name] = results[1] / results[0]

    assert gains["as it is"] > 1.05 * gains["tireless"]
