"""What is still to come, on triangles made by hand."""

from datetime import date, timedelta

import numpy as np
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.maturity import Observation
from aibuyer_kit.forecasting.nowcast import Triangle, nowcast, nowcast_parts, triangle_of
from aibuyer_kit.forecasting.nowcast_spread import together

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


def by_the_hour(finals: np.ndarray, hour: float) -> Triangle:
    """Return days of which an eighth comes every half day; read at midnights, and now at an hour of the day."""
    days, ages = np.arange(len(finals))[:, None], np.arange(29)[None, :]
    reached = len(finals) - days
    aged = np.where(ages < reached, ages + 1.0, np.where(ages == reached, ages + hour, np.nan))
    known = finals[:, None] * np.clip(aged / 4, 0, 1)
    return Triangle(date(2026, 3, 1), known, 1, np.full(len(finals), 10.0), aged)


@pytest.mark.parametrize("hour", [0.25, 0.5, 1.0])
def test_days_are_as_old_as_the_hour_at_which_they_were_read(hour: float) -> None:
    """In the morning less of yesterday is known than usually at its end: that is no fall."""
    found = nowcast(by_the_hour(np.full(80, 100.0), hour))
    assert found.days[-1].known == pytest.approx(100 * (1 + hour) / 4)
    assert [day.expected for day in found.days] == pytest.approx([100] * 7, rel=0.01)


def drawn_parts(draw: np.random.Generator, rates: np.ndarray, days: int = 110) -> tuple[list[Triangle], np.ndarray]:
    """Return objects whose results come by chance and arrive by chance, and what the last week came to in the end."""
    finals = draw.poisson(rates, (days, len(rates)))
    arrive = np.diff(SHARES[:5], prepend=0)
    came = np.stack([[draw.multinomial(final, arrive) for final in row] for row in finals]).cumsum(axis=2)
    known = np.concatenate([came, np.repeat(came[:, :, -1:], 24, axis=2)], axis=2).astype(float)
    reached = np.arange(days)[::-1][:, None] + 1
    seen = np.where((np.arange(29)[None, :] <= reached)[:, None, :], known, np.nan)
    parts = [Triangle(date(2026, 3, 1), seen[:, at], 1, np.full(days, float(rate))) for at, rate in enumerate(rates)]
    return parts, finals[-7:].sum(axis=0)


def test_intervals_of_few_results_hold_as_often_as_those_of_many() -> None:
    """From one result in five days to 30 a day: a count is anything within a half of it."""
    draw = np.random.default_rng(3)
    rates = np.array([0.2, 0.5, 1, 3, 10, 30])
    held = []
    for _ in range(25):
        parts, came = drawn_parts(draw, rates)
        told = [each.total for each in nowcast_parts(parts)]
        low = np.array([each.low if each.low > 0 else -0.5 for each in told])
        high = np.array([each.high for each in told])
        held.append(np.clip(np.minimum(high, came + 0.5) - np.maximum(low, came - 0.5), 0, 1))
    assert np.mean(held) == pytest.approx(0.8, abs=0.06)
    assert np.mean(held, axis=0).min() > 0.6


def test_objects_add_up_to_all_of_them() -> None:
    """On each day what is expected of objects is what is expected of them together."""
    parts, _ = drawn_parts(np.random.default_rng(5), np.array([1.0, 4.0, 20.0]))
    whole = Triangle(parts[0].since, sum(each.known for each in parts), 1, sum(each.exposure for each in parts))  # type: ignore[arg-type, misc]
    told, together = nowcast_parts(parts), nowcast(whole)
    for at, day in enumerate(together.days):
        assert sum(each.days[at].expected for each in told) == pytest.approx(day.expected)
    assert sum(each.total.expected for each in told) == pytest.approx(together.total.expected)


def test_revenue_is_as_uncertain_as_the_results_that_bring_it() -> None:
    """Each result brings 30.00, in micros: bounds are those of results, times as much."""
    (part,), _ = drawn_parts(np.random.default_rng(6), np.array([20.0]))
    paid = Triangle(part.since, part.known * 3e7, 1, part.exposure, unit=3e7)
    few, much = nowcast(part).total, nowcast(paid).total
    assert much.expected == pytest.approx(few.expected * 3e7)
    assert much.high - much.low == pytest.approx((few.high - few.low) * 3e7, rel=0.1)


def test_less_than_is_known_now_is_told_only_where_it_has_happened() -> None:
    """Refunds take a tenth back on the second day in one account, and nothing in the other."""
    draw = np.random.default_rng(7)
    finals = draw.poisson(50, 90).astype(float)
    ages, reached = np.arange(29)[None, :], np.arange(90)[::-1][:, None] + 1
    for back, below in ((0.9, True), (1.0, False)):
        shares = np.where(np.arange(29) < 2, 1.0, back)
        taken = draw.binomial(finals.astype(int), 1 - shares[-1])[:, None] * (ages >= 2)
        triangle = Triangle(date(2026, 3, 1), np.where(ages <= reached, finals[:, None] - taken, np.nan), 1)
        last = nowcast(triangle).days[-1]
        assert (last.low < last.known - 1) is below


def test_without_any_earlier_moment_the_interval_is_that_of_chance() -> None:
    """Eleven days tell how days grow, and nothing of how sure that is."""
    (part,), _ = drawn_parts(np.random.default_rng(8), np.array([40.0]), days=11)
    found = nowcast(part)
    assert found.moments == 0
    assert found.total.high - found.total.low > 2 * 1.28 * np.sqrt(found.total.expected - found.total.known)


def test_errors_that_came_together_count_as_one() -> None:
    """Equal errors are as one, of which nothing is known too; what had nothing to do with each other adds up less."""
    draw = np.random.default_rng(9)
    one, other = (dict(enumerate(draw.normal(0, 1, 120).tolist())) for _ in range(2))
    assert together([one, one], 7)[0, 1] == pytest.approx(1)
    assert together([one, {}], 7)[0, 1] == 1
    assert 0 <= together([one, other], 7)[0, 1] < 0.4
