"""Fitting all arms at once: results by spend, season, weariness, price and a level that drifts.

For arm i and day t, with x the spend that carried over as a multiple of the arm's centre:

```
log E[results] = log known + common(t) + level + drift(t) + log hill(x) - log hill(1)
                 - tired * log slow(t) - dear * price(t) - learn * unlearnt(t)
hill(x) = x**slope / (x**slope + exp(room))         sums vary by `noise` times their mean (quasi-Poisson)
```

`room` is the logarithm of what is left to the ceiling by what is reached at the centre: there, results grow by
``slope * share_left`` per cent with each per cent of spend. `drift` is a random walk with a knot a fortnight, so that
what moves as slowly as the level might is not taken for an effect of spend. Parameters are normal around what is usual
of the campaign and the account; means and spreads of these are learnt from all arms (empirical Bayes by EM), and each
arm's posterior is normal around its mode (Laplace).
"""

from dataclasses import dataclass, field, replace

import numpy as np

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.response.common import Common
from aibuyer_kit.planning.response.covariates import carried_spend, slow_spend, unlearnt
from aibuyer_kit.planning.response.series import Ints, Series

LEVEL, ROOM, SLOPE, TIRED, DEAR, LEARN = range(6)
SHAPES = 6
KNOT_DAYS = 14
_ROUNDS = 12
_AT_ONCE = 64
_LEAST_NOISE = 0.02
# What is usual before anything is seen, its spread, and how sure that is, in arms.
_MEAN = (0.0, 0.8, 0.05, 0.1, 0.4, 0.1)
_SPREAD = (3.0, 0.8, 0.18, 0.12, 0.4, 0.05)
_SURE_ARMS = (0.0, 4.0, 10.0, 3.0, 3.0, 3.0)
_DRIFT, _USUAL_DRIFT, _DRIFT_STEPS = 0.08, 0.04, 8.0
_BETWEEN, _BETWEEN_CAMPAIGNS = 0.25, 2.0
_NOISE_DAYS = 30.0
# Fortnights that count beside those seen, as if they varied as their days do; how much more or less they may.
_FORTNIGHTS, _MOST_BY_FORTNIGHT = 20.0, (0.2, 5.0)
_CARRIES = (0.0, 0.25, 0.5, 0.75)
# Carrying over is believed where it explains so much more, in units of log likelihood.
_CARRY_EVIDENCE = 4.0
_CARRY_ARMS = 40


@dataclass
class Usual:
    """What is usual of arms: means and spreads by parameter, and by how much the level drifts in a fortnight."""

    mean: Floats = field(default_factory=lambda: np.array(_MEAN))
    spread: Floats = field(default_factory=lambda: np.array(_SPREAD))
    between: float = _BETWEEN
    drift: float = _DRIFT


@dataclass(frozen=True)
class Fitted:
    """Posterior of each arm: `mode` (arms, shapes), `cover` (arms, shapes, shapes), with LEVEL as it is of late.

    `common` (days,) is what all arms share, `common_ahead` its level in the days to come with its error; `noise`
    (arms,) the variance of a fortnight's results by their mean; `expected` (days, arms) what the fit expects of what is
    reported by then. `carry` is the share of a day's effective spend that stays for the next one.
    """

    mode: Floats
    cover: Floats
    common: Floats
    common_ahead: float
    common_error: float
    noise: Floats
    usual: Usual
    expected: Floats
    carry: float


def fit(series: Series, campaigns: Ints, carry: float | None = None, usual: Usual | None = None) -> Fitted:
    """Return the posterior of all arms; `campaigns` (arms,) is what they are pooled by, besides the account.

    How much carries over is found from the arms whose spend moved most, unless `carry` says it; what is usual of arms
    is learnt from all of them, unless `usual` was learnt before.
    """
    found = _carry_of(series, campaigns) if carry is None else carry
    return _solved(series, campaigns, found, usual=usual).outcome()


def _carry_of(series: Series, campaigns: Ints) -> float:
    """Return how much carries over: by the likelihood of the arms that moved most, and nothing without evidence."""
    logs = np.where(series.used, np.log(np.where(series.used, series.spend, 1.0) / series.centre), 0.0)
    told = (logs**2).sum(axis=0) * np.sqrt(series.results.sum(axis=0)) * series.is_fitted
    places = np.argsort(-told)[:_CARRY_ARMS]
    places = np.sort(places[told[places] > 0])
    if not len(places):
        return 0.0
    some = series.only(places)
    groups = np.unique(campaigns[places], return_inverse=True)[1]
    fits = [_solved(some, groups, carry, rounds=5) for carry in _CARRIES]
    noise = np.maximum(fits[0].noise, fits[0].of_days)
    gains = [one.likelihood(noise) for one in fits]
    best = int(np.argmax(gains))
    return _CARRIES[best] if gains[best] - gains[0] > _CARRY_EVIDENCE else 0.0


def _solved(
    series: Series, campaigns: Ints, carry: float, rounds: int = _ROUNDS, usual: Usual | None = None
) -> "_Problem":
    problem = _Problem(series, campaigns, carry, usual)
    for number in range(rounds):
        problem.newton(steps=4 if number == 0 else 2)
        problem.learn_noise()
        problem.learn_usual()
        problem.learn_common()
    problem.newton(steps=3)
    return problem


class _Problem:
    """The state of a fit: the mode of all arms by turns with what is usual and what is common."""

    def __init__(self, series: Series, campaigns: Ints, carry: float, usual: Usual | None = None) -> None:
        self.series, self.campaigns, self.carry = series, campaigns, carry
        self._is_given = usual is not None
        days, arms = series.days, series.arms
        self._knots = max(2, -(-days // KNOT_DAYS) + 1)
        place = np.arange(days) / KNOT_DAYS
        self._tent: Floats = np.maximum(0.0, 1 - np.abs(place[:, None] - np.arange(self._knots)))
        self._walk: Floats = np.diff(np.eye(self._knots), axis=0)
        self._late: Floats = self._tent[-KNOT_DAYS:].mean(axis=0)
        spend = carried_spend(series.spend, carry)
        self._log_x = np.log(np.where(series.used, np.maximum(spend, 1e-9) / series.centre, 1.0))
        self._linear: Floats = -np.stack([np.log(slow_spend(series)), series.price, unlearnt(series)], axis=-1)
        self._log_known = np.log(series.known)
        self._weight: Floats = series.used.astype(np.float64)
        self.usual, self.common = replace(usual) if usual else Usual(), Common(series.weekday, arms)
        self.noise: Floats = np.ones(arms)
        self.of_days: Floats = np.ones(arms)
        total = series.results.sum(axis=0)
        known = (series.known * self._weight).sum(axis=0)
        self._aim: Floats = np.tile(self.usual.mean, (arms, 1))
        self._aim[:, LEVEL] = np.log(np.maximum(total, 0.5) / np.maximum(1.0, known))
        self.theta = self._aim.copy()
        self._drift: Floats = np.zeros((arms, self._knots))
        self._cover: Floats = np.zeros((arms, SHAPES, SHAPES))
        self._own: Floats = np.zeros((arms, SHAPES))
        self._moved: Floats = np.zeros(arms)
        self._told: Floats = np.zeros(arms)

    def _slopes(self, part: slice) -> tuple[Floats, Floats]:
        """Return the log mean (arms, days) and its derivatives (arms, days, shapes)."""
        theta, log_x = self.theta[part], self._log_x[:, part].T
        room, slope = theta[:, ROOM, None], np.exp(theta[:, SLOPE, None])
        q = slope * log_x - room
        share, start = _sigmoid(q), _sigmoid(-room)
        found = np.empty((*q.shape, SHAPES))
        found[..., LEVEL] = 1.0
        found[..., ROOM] = share - start
        found[..., SLOPE] = slope * log_x * (1 - share)
        found[..., TIRED:] = self._linear[:, part].transpose(1, 0, 2)
        log_mean = np.logaddexp(0, room) - np.logaddexp(0, -q) + theta[:, LEVEL, None]
        log_mean += (found[..., TIRED:] @ theta[:, TIRED:, None])[..., 0] + self._drift[part] @ self._tent.T
        return log_mean + self._log_known[:, part].T + self.common.values, found

    def newton(self, steps: int) -> None:
        """Move every arm towards its mode, so many steps of Gauss and Newton."""
        for first in range(0, self.series.arms, _AT_ONCE):
            part = slice(first, min(self.series.arms, first + _AT_ONCE))
            for _ in range(steps):
                hessian = self._step(part)
            self._keep(part, np.asarray(np.linalg.inv(hessian), dtype=np.float64))

    def _step(self, part: slice) -> Floats:
        log_mean, slopes = self._slopes(part)
        mean = np.exp(np.clip(log_mean, -20, 20))
        certainty = self._weight[:, part].T / self.noise[part, None]
        design = np.concatenate([slopes, np.broadcast_to(self._tent, (len(mean), *self._tent.shape))], axis=2)
        precision = self._precision()
        turned = design.transpose(0, 2, 1)
        hessian = turned @ (design * (mean * certainty)[..., None]) + precision
        push = (self.series.results[:, part].T - mean) * certainty
        away = np.concatenate([self.theta[part] - self._aim[part], self._drift[part]], axis=1)
        step = np.linalg.solve(hessian, turned @ push[..., None] - (away @ precision)[..., None])[..., 0]
        step *= np.minimum(1.0, 1.5 / np.maximum(1e-12, np.abs(step[:, :SHAPES]).max(axis=1)))[:, None]
        theta = self.theta[part] + step[:, :SHAPES]
        theta[:, ROOM] = np.clip(theta[:, ROOM], -4.0, 5.0)
        theta[:, SLOPE] = np.clip(theta[:, SLOPE], -1.2, 1.2)
        self.theta[part] = theta
        self._drift[part] += step[:, SHAPES:]
        return np.asarray(hessian)

    def _precision(self) -> Floats:
        found = np.zeros((SHAPES + self._knots, SHAPES + self._knots))
        found[:SHAPES, :SHAPES] = np.diag(self.usual.spread**-2.0)
        # Each knot is held near 0 a little, so that the level is told from the drift.
        tie = self._walk.T @ self._walk + 0.04 * np.eye(self._knots)
        found[SHAPES:, SHAPES:] = tie / self.usual.drift**2
        return found

    def _keep(self, part: slice, cover: Floats) -> None:
        """Keep the covariance of the shapes, with the level as it is of late, and how far the drift moved."""
        turn = np.zeros((SHAPES, cover.shape[1]))
        turn[:, :SHAPES] = np.eye(SHAPES)
        turn[LEVEL, SHAPES:] = self._late
        self._cover[part] = turn @ cover @ turn.T
        self._own[part] = np.diagonal(cover, axis1=1, axis2=2)[:, :SHAPES]
        between = self._walk @ cover[:, SHAPES:, SHAPES:] @ self._walk.T
        self._moved[part] = (np.diff(self._drift[part], axis=1) ** 2).sum(axis=1)
        # Of so many steps the days tell something (MacKay 1992); EM, which counts all, hardly gets to small ones.
        left = np.diagonal(between, axis1=1, axis2=2) / self.usual.drift**2
        self._told[part] = (1 - left).sum(axis=1)

    def expected(self) -> Floats:
        """Return what is expected of what is reported (days, arms)."""
        parts = range(0, self.series.arms, _AT_ONCE)
        logs = [self._slopes(slice(first, first + _AT_ONCE))[0] for first in parts]
        return np.asarray(np.exp(np.clip(np.concatenate(logs).T, -20, 20)))

    def likelihood(self, noise: Floats) -> float:
        """Return the quasi log likelihood of what was reported, at a given noise."""
        mean = self.expected()
        each = (self.series.results * np.log(np.maximum(mean, 1e-9)) - mean) * self._weight / noise
        return float(each.sum())

    def learn_noise(self) -> None:
        """Take the variance of results by their mean from what is left, shrunk to what is usual.

        It is that of sums of fortnights, as far as that differs from that of days: what is off one day and the other
        way the next leaves the effects of budgets surer, and what is off for weeks less sure.
        """
        mean = self.expected()
        off = (self.series.results - mean) * self._weight
        left = (off**2 / np.maximum(mean, 1e-9)).sum(axis=0)
        count = self._weight.sum(axis=0)
        free = np.maximum(1.0, count - SHAPES - 0.5 * self._knots)
        fitted = self.series.is_fitted
        usual = left[fitted].sum() / max(1.0, free[fitted].sum()) if fitted.any() else 1.0
        self.of_days = np.maximum(_LEAST_NOISE, (left + _NOISE_DAYS * usual) / (free + _NOISE_DAYS))
        self.noise = np.maximum(_LEAST_NOISE, self.of_days * self._by_fortnight(off, mean, usual))

    def _by_fortnight(self, off: Floats, mean: Floats, usual: float) -> float:
        """Return by how much fortnights vary more than their days would have them, over all arms."""
        fitted, count = self.series.is_fitted, len(off) // KNOT_DAYS
        if count < 2 or not fitted.any() or usual <= 0:
            return 1.0
        cut = slice(len(off) - KNOT_DAYS * count, None)
        shape = (count, KNOT_DAYS, int(fitted.sum()))
        sums = off[cut][:, fitted].reshape(shape).sum(axis=1)
        means = (mean * self._weight)[cut][:, fitted].reshape(shape).sum(axis=1)
        left = float((sums**2 / np.maximum(means, 1e-9)).sum())
        # What the priors hold takes nothing off what is free.
        shapes = 1 + np.maximum(0.0, 1 - self._own[fitted, ROOM:] / self.usual.spread[ROOM:] ** 2).sum(axis=1)
        free = float(np.maximum(0.0, (means > 0).sum(axis=0) - shapes - np.maximum(0.0, self._told[fitted])).sum())
        more = (left / usual + _FORTNIGHTS) / (free + _FORTNIGHTS)
        return float(np.clip(more, *_MOST_BY_FORTNIGHT))

    def learn_usual(self) -> None:
        """Take means and spreads over arms from their modes and what these leave open (the M step of EM)."""
        fitted = np.flatnonzero(self.series.is_fitted)
        if not len(fitted):
            return
        theta, own, usual = self.theta[fitted], self._own[fitted], self.usual
        sure, count = np.array(_SURE_ARMS), len(fitted)
        if not self._is_given:
            # An arm tells a spread as far as it tells its own value.
            told = np.maximum(0.0, (1 - own / usual.spread**2).sum(axis=0)) + sure
            squares = ((theta - self._aim[fitted]) ** 2).sum(axis=0) + sure * np.array(_SPREAD) ** 2
            spread = squares / np.maximum(told, 1e-9)
            mean = (theta.sum(axis=0) + sure * np.array(_MEAN)) / (count + sure)
            usual.spread[ROOM:], usual.mean[ROOM:] = np.sqrt(spread[ROOM:]), mean[ROOM:]
            moved, steps = self._moved[fitted].sum(), max(0.0, self._told[fitted].sum())
            drift = (moved + _DRIFT_STEPS * _USUAL_DRIFT**2) / (steps + _DRIFT_STEPS)
            usual.drift = float(np.clip(np.sqrt(drift), 0.004, 0.5))
        self._aim[:, ROOM:] = usual.mean[ROOM:]
        self._aim[:, LEVEL] = np.median(theta[:, LEVEL])
        self._learn_campaigns(fitted)

    def _learn_campaigns(self, fitted: Ints) -> None:
        """Take what room is usual by campaign, as far as its arms tell it."""
        usual, count = self.usual, int(self.campaigns.max()) + 1
        within = usual.spread[ROOM] ** 2
        of = self.campaigns[fitted]
        sums = np.bincount(of, self.theta[fitted, ROOM] - usual.mean[ROOM], minlength=count)
        certainty = np.bincount(of, minlength=count) / within + usual.between**-2.0
        away = sums / within / certainty
        if not self._is_given:
            between = (away**2 + 1 / certainty).sum() + _BETWEEN_CAMPAIGNS * _BETWEEN**2
            usual.between = float(np.sqrt(between / (count + _BETWEEN_CAMPAIGNS)))
        self._aim[:, ROOM] += away[self.campaigns]

    def learn_common(self) -> None:
        """Take what all arms share from what they leave; one arm alone has nothing in common."""
        if self.series.arms < 2:
            return
        mean = self.expected()
        # It walks from day to day, so that what days vary by tells it.
        certainty = self._weight / self.of_days
        self.common.learn(((self.series.results - mean) * certainty).sum(axis=1), (mean * certainty).sum(axis=1))

    def outcome(self) -> Fitted:
        mode = self.theta.copy()
        mode[:, LEVEL] += self._drift @ self._late
        ahead, error = self.common.to_come()
        return Fitted(
            mode, self._cover, self.common.values, ahead, error, self.noise, self.usual, self.expected(), self.carry
        )


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * values)))
