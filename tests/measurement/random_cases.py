"""Random accounts at their worst, of which every change has to add up bit for bit."""

import numpy as np
import pytest

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.measurement.why.chain import explained
from aibuyer_kit.measurement.why.decompose import decompose, value_of
from aibuyer_kit.measurement.why.factors import PeriodSums


def random_period(rng: np.random.Generator, count: int) -> PeriodSums:
    """Return what accounts hold at their worst: zeros at any place, results without clicks or spend, refunds."""
    spend = rng.integers(0, 10**10, count) * rng.choice([0, 1, 1, 1], count)
    impressions = spend // 5_000 + 5 * (rng.random(count) < 0.1)
    clicks = rng.binomial(impressions, 0.02) * rng.choice([0, 1, 1, 1], count)
    results = rng.binomial(clicks, 0.1) + 2 * (rng.random(count) < 0.2)
    revenue = results * rng.integers(0, 10**8, count) + 10**7 * rng.integers(-1, 2, count)
    measures = {
        "spend": spend,
        "impressions": impressions,
        "clicks": clicks,
        "link_clicks": clicks // 2,
        "results": results,
        "revenue": revenue,
        "revenue_assumed": revenue // 7,
        "gross_profit": revenue // 3,
        "profit": revenue // 3 - spend,
    }
    share = np.where(rng.random(count) < 0.1, np.nan, rng.uniform(0.2, 1.1, count))
    known = {name: values.astype(np.float64) for name, values in measures.items()}
    if rng.random() < 0.1:
        known["clicks"][rng.integers(count)] = np.nan
    return PeriodSums(known, share, int(rng.choice([7, 7, 9])))


def cases_told(cases: int, *, seed: int) -> int:
    """Explain random changes of every metric in turn and return how many could be: each adds up exactly.

    Bit for bit: forwards, backwards, by driver, by object, and together with what it was to what it became.
    """
    rng = np.random.default_rng(seed)
    metrics, told = explained(), 0
    for case in range(cases):
        count = int(rng.integers(1, 9))
        before, after = random_period(rng, count), random_period(rng, count)
        metric = metrics[case % len(metrics)]
        try:
            found = decompose(metric, before, after)
        except InputError:
            continue
        told += 1
        parts = found.parts.ravel().tolist()
        assert sum(parts) == sum(reversed(parts)) == found.change
        assert found.parts.sum(axis=0).sum() == found.parts.sum(axis=1).sum() == found.change
        assert found.before + sum(parts) == found.after
        size = abs(found.before) + abs(found.after) + float(np.abs(found.parts).sum())
        for value, period in ((found.before, before), (found.after, after)):
            assert value == pytest.approx(value_of(metric, period), abs=1e-15 * size)
    return told
