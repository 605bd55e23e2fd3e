"""Fitting all arms at once: results by spend, season, weariness, price and a level that drifts.

For arm i and day t, with x the (adstocked) spend as a multiple of the arm's centre:

```
log E[results] = log known + common(t) + level + drift(t) + log hill(x) - tired * log slow(t) - dear * price(t)
hill(x) = x**slope / (x**slope + exp(room))         results vary by `noise` times their mean (quasi-Poisson)
```

`room` is the logarithm of what is left to the ceiling by what is reached at the centre: there, results grow by
``slope * share_left`` per cent with each per cent of spend. `drift` is a random walk with a knot a fortnight, so that
what moves as slowly as the level might is not taken for an effect of spend. Parameters are normal around what is usual
of the campaign and the account; means and spreads of these are learnt from all arms (empirical Bayes by EM), and each
arm's posterior is normal around its mode (Laplace).
"""

from dataclasses import dataclass, field

import numpy as np

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.response.series import Ints, Series

LEVEL, ROOM, SLOPE, TIRED, DEAR, LEARN = range(6)
SHAPES = 6
KNOT_DAYS = 14
_ROUNDS = 14
_CHUNK = 128
_SLOW_HALF_LIFE_DAYS = 14.0


@dataclass
class Hyper:
    """What is usual of arms: means and spreads by parameter, and how far the level drifts in a fortnight."""

    mean: Floats = field(default_factory=lambda: np.array([0.0, 0.8, 0.05, 0.1, 0.4, 0.1]))
    spread: Floats = field(default_factory=lambda: np.array([3.0, 0.8, 0.18, 0.12, 0.4, 0.05]))
    drift: float = 0.08


# How sure the starting values are, in arms.
_PRIOR_ARMS = np.array([0.0, 4.0, 40.0, 3.0, 3.0, 3.0])


@dataclass
class Fitted:
    """Posterior of each arm: `mode` (arms, shapes), `cover` (arms, shapes, shapes) with the drift of late in LEVEL.

    `common` (days,) is what all arms share, `noise` (arms,) the variance of results by their mean; `expected`
    (days, arms) what the fit expects of final results.
    """

    mode: Floats
    cover: Floats
    common: Floats
    common_late: float
    common_error: float
    noise: Floats
    hyper: Hyper
    expected: Floats


def slow_spend(series: Series) -> Floats:
    """Return spend as remembered: an exponential mean of the days before, as a multiple of the centre."""
    keep = 0.5 ** (1 / _SLOW_HALF_LIFE_DAYS)
    found = np.empty_like(series.spend)
    held = series.spend[: int(min(14, series.days))].mean(axis=0)
    held = np.where(held > 0, held, series.centre)
    for day in range(series.days):
        found[day] = held
        held = keep * held + (1 - keep) * series.spend[day]
    return np.asarray(np.maximum(found, 0.02 * series.centre) / series.centre)


def fit(series: Series, groups: Ints, carry: float = 0.0) -> Fitted:
    """Return the posterior of all arms; `groups` (arms,) are their campaigns."""
    problem = _Problem(series, groups, carry)
    for number in range(_ROUNDS):
        problem.newton(steps=4 if number == 0 else 2)
        problem.learn_noise()
        problem.learn_usual()
        problem.learn_common()
    problem.newton(steps=4)
    return problem.outcome()


class _Problem:
    def __init__(self, series: Series, groups: Ints, carry: float) -> None:
        self.series, self.groups = series, groups
        days, arms = series.days, series.arms
        self.knots = max(2, -(-days // KNOT_DAYS) + 1)
        place = np.arange(days) / KNOT_DAYS
        self.tent: Floats = np.maximum(0.0, 1 - np.abs(place[:, None] - np.arange(self.knots)))
        self.hyper = Hyper()
        self.usual = np.tile(self.hyper.mean, (arms, 1))
        spend = _carried(series.spend, carry)
        self.log_x = np.log(np.where(series.used, np.maximum(spend, 1e-9) / series.centre, 1.0))
        self.log_slow = np.log(slow_spend(series))
        self.fresh = _fresh(series)
        self.weight = series.used.astype(np.float64)
        self.common = np.zeros(days)
        self.noise = np.ones(arms)
        total = (series.results * self.weight).sum(axis=0)
        self.theta = self.usual.copy()
        started = np.maximum(total, 0.5) / np.maximum(1.0, (series.known * self.weight).sum(axis=0))
        self.theta[:, LEVEL] = np.log(started)
        self.usual[:, LEVEL] = self.theta[:, LEVEL]
        self.drift = np.zeros((arms, self.knots))
        self.cover = np.zeros((arms, SHAPES, SHAPES))
        self.step_variance = np.zeros(arms)
        self.rising = 0.05
        self.between = 0.25**2

    def _shape(self, part: slice) -> tuple[Floats, Floats]:
        """Return log mean (days, arms) and its derivatives (days, arms, shapes)."""
        room, slope = self.theta[part, ROOM], np.exp(self.theta[part, SLOPE])
        q = slope * self.log_x[:, part] - room
        share, start = _sigmoid(q), _sigmoid(-room)
        log_hill = -np.logaddexp(0, -q) + np.logaddexp(0, room)
        gradient = np.empty((*q.shape, SHAPES))
        gradient[..., LEVEL] = 1.0
        gradient[..., ROOM] = share - start
        gradient[..., SLOPE] = slope * self.log_x[:, part] * (1 - share)
        gradient[..., TIRED] = -self.log_slow[:, part]
        gradient[..., DEAR] = -self.series.price[:, part]
        gradient[..., LEARN] = -self.fresh[:, part]
        linear = np.einsum("tnk,nk->tn", gradient[..., TIRED:], self.theta[part, TIRED:])
        eta = np.log(self.series.known[:, part]) + self.common[:, None] + self.theta[part, LEVEL] + log_hill + linear
        return eta + self.tent @ self.drift[part].T, gradient

    def newton(self, steps: int) -> None:
        arms = self.series.arms
        for first in range(0, arms, _CHUNK):
            part = slice(first, min(arms, first + _CHUNK))
            for _ in range(steps):
                self._step(part)

    def _step(self, part: slice) -> None:
        eta, gradient = self._shape(part)
        mean = np.exp(np.clip(eta, -20, 20))
        count, size = gradient.shape[1], SHAPES + self.knots
        design = np.empty((count, self.series.days, size))
        design[..., :SHAPES] = gradient.transpose(1, 0, 2)
        design[..., SHAPES:] = self.tent
        weight = (mean * self.weight[:, part] / self.noise[part]).T
        push = ((self.series.results[:, part] - mean) * self.weight[:, part] / self.noise[part]).T
        pull, prior = self._prior(part)
        hessian = np.matmul((design * weight[..., None]).transpose(0, 2, 1), design) + prior
        score = np.einsum("ntk,nt->nk", design, push) + pull
        step = np.linalg.solve(hessian, score[..., None])[..., 0]
        step *= np.minimum(1.0, 1.5 / np.maximum(1e-12, np.abs(step[:, :SHAPES]).max(axis=1)))[:, None]
        self.theta[part] += step[:, :SHAPES]
        self.theta[part, ROOM] = np.clip(self.theta[part, ROOM], -4.0, 5.0)
        self.theta[part, SLOPE] = np.clip(self.theta[part, SLOPE], -1.2, 1.2)
        self.drift[part] += step[:, SHAPES:]
        cover = np.linalg.inv(hessian)
        self._keep(part, cover)

    def _prior(self, part: slice) -> tuple[Floats, Floats]:
        precision = np.zeros((SHAPES + self.knots, SHAPES + self.knots))
        precision[:SHAPES, :SHAPES] = np.diag(self.hyper.spread**-2.0)
        walk = np.diff(np.eye(self.knots), axis=0)
        # The first knot is near 0, so that the level is told from the drift.
        precision[SHAPES:, SHAPES:] = walk.T @ walk / self.hyper.drift**2 + np.eye(self.knots) * 0.04 / self.hyper.drift**2
        away = np.concatenate([self.theta[part] - self.usual[part], self.drift[part]], axis=1)
        return -away @ precision, precision

    def _keep(self, part: slice, cover: Floats) -> None:
        """Keep the covariance of the shapes, with the level as it is of late, and of the steps of the drift."""
        late = self.tent[-KNOT_DAYS:].mean(axis=0)
        turn = np.zeros((SHAPES, cover.shape[1]))
        turn[:, :SHAPES] = np.eye(SHAPES)
        turn[LEVEL, SHAPES:] = late
        self.cover[part] = turn @ cover @ turn.T
        walk = np.zeros((self.knots - 1, cover.shape[1]))
        walk[:, SHAPES:] = np.diff(np.eye(self.knots), axis=0)
        variance = np.einsum("ij,njk,ik->ni", walk, cover, walk)
        moved = np.diff(self.drift[part], axis=1)
        self.step_variance[part] = (moved**2 + variance).mean(axis=1)
        self._own = getattr(self, "_own", np.zeros((self.series.arms, SHAPES)))
        self._own[part] = np.diagonal(cover[:, :SHAPES, :SHAPES], axis1=1, axis2=2)

    def expected(self) -> Floats:
        return np.exp(np.clip(self._shape(slice(None))[0], -20, 20))

    def learn_noise(self) -> None:
        """Take the variance of results by their mean from what is left, shrunk to what is usual."""
        mean = self.expected()
        left = (self.series.results - mean) ** 2 / np.maximum(mean, 1e-9) * self.weight
        # Small means make single squares wild.
        count = self.weight.sum(axis=0)
        freedom = np.maximum(1.0, count - 6 - 0.5 * self.knots)
        fitted = count >= 14
        pooled = left[:, fitted].sum() / max(1.0, freedom[fitted].sum()) if fitted.any() else 1.0
        self.noise = np.maximum(0.02, (left.sum(axis=0) + 30 * pooled) / (freedom + 30))

    def learn_usual(self) -> None:
        fitted = np.flatnonzero(self.series.is_fitted)
        if not len(fitted):
            return
        start = Hyper()
        count = len(fitted)
        theta, own = self.theta[fitted], self._own[fitted]
        spread = self.hyper.spread.copy()
        for place in range(ROOM, SHAPES):
            # The mode is shrunk already: by EM its mean is the new mean.
            known = _PRIOR_ARMS[place]
            mean = (theta[:, place].sum() + known * start.mean[place]) / (count + known)
            variance = ((theta[:, place] - self.usual[fitted, place]) ** 2 + own[:, place]).sum()
            spread[place] = np.sqrt((variance + known * start.spread[place] ** 2) / (count + known))
            self.hyper.mean[place] = mean
            self.usual[:, place] = mean
        self.hyper.spread = spread
        self._learn_campaigns(fitted)
        steps = self.step_variance[fitted]
        self.hyper.drift = float(np.clip(np.sqrt((steps.sum() + 2 * start.drift**2) / (count + 2)), 0.004, 0.5))
        self.usual[:, LEVEL] = np.median(self.theta[fitted, LEVEL])

    def _learn_campaigns(self, fitted: Ints) -> None:
        """Take what is usual of the room by campaign; `between` is how far campaigns differ."""
        within, mean = self.hyper.spread[ROOM] ** 2, self.hyper.mean[ROOM]
        groups, count = self.groups, int(self.groups.max()) + 1
        sizes = np.bincount(groups[fitted], minlength=count)
        sums = np.bincount(groups[fitted], self.theta[fitted, ROOM] - mean, minlength=count)
        precision = sizes / within + 1 / self.between
        away = sums / within / precision
        self.between = float(((away**2 + 1 / precision).sum() + 2 * 0.25**2) / (count + 2))
        self.usual[:, ROOM] = mean + away[groups]

    def learn_common(self) -> None:
        """Take what all arms share, by weekday and by day, from what they leave."""
        series = self.series
        if series.arms < 2:
            return
        mean = self.expected()
        info = mean * self.weight / self.noise
        excess = (series.results - mean) * self.weight / self.noise
        step = np.zeros(series.days)
        for day in range(7):
            rows = series.weekday == day
            step[rows] = excess[rows].sum() / (info[rows].sum() + 10.0)
        gradient, weight = excess.sum(axis=1) - info.sum(axis=1) * step, info.sum(axis=1)
        if series.arms >= 5:
            from scipy.linalg import solveh_banded

            if not hasattr(self, "walked"):
                self.walked = np.zeros(series.days)
            tie = 1 / self.rising**2
            bands = np.zeros((2, series.days))
            bands[1] = weight + 2 * tie + 1.0
            bands[1, [0, -1]] -= tie
            bands[0, 1:] = -tie
            pull = np.zeros(series.days)
            moved = np.diff(self.walked)
            pull[:-1] += moved * tie
            pull[1:] -= moved * tie
            pull -= self.walked
            change = solveh_banded(bands, gradient + pull)
            change -= 0.0
            self.walked += change
            # The mean belongs to the levels.
            middle = self.walked.mean()
            self.walked -= middle
            step += change - middle
        self.common += np.clip(step, -1.0, 1.0)

    def outcome(self) -> Fitted:
        late = self.tent[-KNOT_DAYS:].mean(axis=0)
        mode = self.theta.copy()
        mode[:, LEVEL] += self.drift @ late
        return Fitted(mode, self.cover, self.common, float(self.common[-28:].mean()), 0.03, self.noise, self.hyper, self.expected())


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * values)))


def _carried(spend: Floats, carry: float) -> Floats:
    if carry <= 0:
        return spend
    found = np.empty_like(spend)
    held = spend[0]
    for day in range(len(spend)):
        held = carry * held + (1 - carry) * spend[day]
        found[day] = held
    return found


def _fresh(series: Series) -> Floats:
    """Return how little an arm had learnt by each day: 1 just after spend moved by more than a fifth, 0 once learnt."""
    spend = np.where(series.used, series.spend, np.nan)
    logs = np.log(spend)
    days, arms = spend.shape
    found = np.zeros((days, arms))
    since = np.full(arms, 1e9)
    for day in range(3, days):
        with np.errstate(invalid="ignore"), np.testing.suppress_warnings() as quiet:
            quiet.filter(RuntimeWarning)
            before = np.nanmean(logs[day - 3 : day], axis=0)
            after = np.nanmean(logs[day : day + 2], axis=0)
        moved = np.abs(after - before) > 0.25
        since = np.where(moved, 0.0, since)
        found[day] = np.maximum(0.0, 1 - since / 50)
        since = since + series.results[day] / series.known[day]
    return found


def carry_of(series: Series, groups: Ints) -> float:
    """Return how much of a day's spend still works on the next one, as the arms that moved most tell it."""
    return 0.0
