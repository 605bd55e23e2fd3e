"""Truth, optimum and replay of a market of people and auctions."""

from collections.abc import Mapping

import numpy as np
import pytest

from aibuyer_kit.core.dates import DateRange, last_days
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.sandbox.market.emergent.rules import Rules
from aibuyer_kit.sandbox.market.replay import Change, Known, hold, replay
from aibuyer_kit.sandbox.market.settings_log import PAUSED

from .worlds import UNIT, arm, market

ARMS = (arm("A", 60, 80_000), arm("B", 90, 300_000), arm("C", 30, 30_000, audience="retargeting"))


def test_truth_counts_no_advertising_as_nothing() -> None:
    """Zero budgets bring zero, exactly: the same luck is taken away."""
    none = market(*ARMS, rules=Rules())
    brought = none.truth({adset.id: 0 for adset in none.account.adsets}, days=5)

    assert (brought.spend_micros, brought.results, brought.revenue_micros) == (0, 0, 0)


def test_truth_asks_for_no_luck_where_there_is_none() -> None:
    """In a calm market all runs are one, and what comes true is what was told."""
    calm = market(*ARMS)
    told = calm.truth({}, days=7)
    calm.advance(days=9)
    true = calm.true_sums(DateRange(calm.history_end.replace(day=2), calm.history_end.replace(day=8)))

    assert told.results_error == pytest.approx(0, abs=1e-9)
    assert told.spend_micros == pytest.approx(true.spend_micros, rel=1e-9)
    # The truth of days to come counts those who bought on the day before, too, among the ones who are missing.
    assert told.results == pytest.approx(true.results, rel=1e-6)


def test_a_mean_of_noisy_runs_is_the_truth_within_its_error() -> None:
    """Thousands of runs are in the long proofs."""
    noisy = market(*ARMS, rules=Rules())
    told, runs = noisy.truth({}, days=4), noisy.sample_results({}, days=4, runs=400)
    error = np.hypot(told.results_error, runs.std() / np.sqrt(len(runs)))

    assert abs(runs.mean() - told.results) < 4 * error
    assert runs.std() > np.sqrt(told.results)


def test_the_optimum_is_better_than_today_and_below_its_bound() -> None:
    """And it is a split of the total that was asked for."""
    found = market(*ARMS, rules=Rules(), days=10).optimum(total_micros=180 * UNIT, days=3)

    assert sum(found.budgets.values()) == pytest.approx(180 * UNIT, abs=3)
    assert found.today.revenue_micros < found.truth.revenue_micros <= found.bound_micros
    assert found.headroom > 0
    assert found.gap < 0.3


def test_no_random_split_is_above_the_bound() -> None:
    """Thousands of splits are in the long proofs."""
    of = market(*ARMS, rules=Rules(), days=10)
    bound = of.optimum(total_micros=180 * UNIT, days=2).bound_micros
    draw = np.random.default_rng(1)
    for _ in range(25):
        split = 180 * UNIT * draw.dirichlet(np.full(3, 0.7))
        budgets = {adset.id: float(part) for adset, part in zip(of.account.adsets, split, strict=True)}
        assert of.truth(budgets, days=2).revenue_micros <= bound


def test_what_cannot_be_asked_is_refused() -> None:
    """With what may be."""
    of = market(*ARMS, days=5)
    with pytest.raises(InputError, match="is no ad set of this market"):
        of.truth({"1": 5})
    with pytest.raises(InputError, match="days is 0; give 1 to 366"):
        of.truth({}, days=0)
    with pytest.raises(InputError, match="0 or more"):
        of.truth({of.account.adsets[0].id: -1})
    with pytest.raises(InputError, match="total above 0"):
        of.optimum(total_micros=0)
    with pytest.raises(InputError, match="not within"):
        of.true_sums(DateRange(of.today, of.today))


def stop_the_dearest(known: Known) -> Mapping[str, Change]:
    """Stop whatever has cost most a result, as reported, in the last week; keep two."""
    active = [adset for adset in known.adsets if known.setting(adset.id).status != PAUSED]
    if len(active) < 3:
        return {}
    week = last_days(7, today=known.today)
    cost = {}
    for adset in active:
        said = known.reported(adset.id, week)
        cost[adset.id] = said.spend_minor / max(1, said.actions.get("purchase", (0,))[0])
    return {max(cost, key=cost.__getitem__): Change(status=PAUSED)}


def test_policies_are_compared_from_the_same_moment() -> None:
    """The market itself stays as it was, and nobody sees beyond the day at hand."""
    of = market(*ARMS, rules=Rules())
    now = of.now
    kept, again, stopped = replay(of, hold, days=6), replay(of, hold, days=6), replay(of, stop_the_dearest, days=6)

    assert of.now == now
    assert kept == again
    assert (kept.changes, stopped.changes) == (0, 1)
    assert stopped.spend_micros < kept.spend_micros
    assert stopped.results < kept.results
