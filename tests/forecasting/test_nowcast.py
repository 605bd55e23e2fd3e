"""What is still to come, on triangles made by hand."""

from datetime import date, timedelta

import numpy as np
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.maturity import Observation
from aibuyer_kit.forecasting.nowcast import Triangle, nowcast, triangle_of

SHARES = np.concatenate([[0.25, 0.5, 0.8, 0.9], np.ones(25)])


def grown(finals: np.ndarray) -> Triangle:
    """Return days of which exactly these shares are known at each age; the last day was yesterday."""
    known = finals[:, None] * SHARES[None, :]
    ages = np.arange(29)[None, :]
    reached = np.arange(len(finals))[::-1][:, None] + 1
    return Triangle(date(2026, 3, 1), np.where(ages <= reached, known, np.nan), 1, np.full(len(finals), 10.0))


def test_days_that_always_grow_alike_are_told_exactly() -> None:
    """Half of yesterday is known, 80% of the day before, and 90% of the one before that."""
    found = nowcast(grown(np.full(80, 100.0)))
    assert [day.known for day in found.days[-3:]] == pytest.approx([90, 80, 50])
    assert [day.expected for day in found.days] == pytest.approx([100] * 7)
    assert found.total.expected == pytest.approx(700)
    assert found.total.low == pytest.approx(700, abs=0.7)  # any value within a half of a count is that count
    assert found.total.high == pytest.approx(700, abs=0.7)


def test_the_interval_is_as_wide_as_earlier_errors_were() -> None:
    """Days whose shares vary by chance: the final sum lies in the interval about four times in five."""
    draw = np.random.default_rng(1)
    inside = []
    for _ in range(60):
        finals = draw.poisson(60, 110)
        arrivals = np.stack([draw.multinomial(final, np.diff(SHARES[:5], prepend=0)) for final in finals])
        known = np.concatenate([arrivals.cumsum(axis=1), np.repeat(finals[:, None], 24, axis=1)], axis=1).astype(float)
        reached = np.arange(110)[::-1][:, None] + 1
        triangle = Triangle(date(2026, 3, 1), np.where(np.arange(29)[None, :] <= reached, known, np.nan), 1)
        total = nowcast(triangle).total
        inside.append(total.low <= finals[-7:].sum() <= total.high)
    assert np.mean(inside) == pytest.approx(0.8, abs=0.12)


def test_a_day_of_which_nothing_is_known_is_told_by_its_spend() -> None:
    """Twice the spend brings twice the results."""
    triangle = grown(np.full(60, 100.0))
    known, exposure = triangle.known.copy(), np.full(60, 10.0)
    known[-1], exposure[-1] = np.nan, 20.0
    found = nowcast(Triangle(triangle.since, known, 1, exposure))
    assert found.days[-1].expected == pytest.approx(200, rel=0.02)


def test_observations_become_a_triangle() -> None:
    """A day that was not looked at on some age is as it was seen last; ages that lie ahead are not known."""
    days = DateRange(date(2026, 3, 1), date(2026, 3, 3))
    seen = [Observation(days.since, 1, 5), Observation(days.since, 3, 8), Observation(days.until, 1, 4)]
    triangle = triangle_of(seen, days, days.until + timedelta(days=1))
    assert triangle.known[0, :5] == pytest.approx([np.nan, 5, 5, 8, np.nan], nan_ok=True)
    assert triangle.known[2, 1] == 4


def test_nothing_is_invented_where_no_day_was_seen_twice() -> None:
    """The first sync tells nothing of growth."""
    known = np.full((10, 29), np.nan)
    known[np.arange(10), np.arange(10, 0, -1)] = 7.0
    with pytest.raises(InputError, match="not known yet"):
        nowcast(Triangle(date(2026, 3, 1), known, 1))
