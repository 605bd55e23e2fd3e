"""What a forecast is made of: the pace of the last four weeks, and what each driver moves it by; they add up to it.

Each member of the combination is taken apart by what it is. Factors times a level are shared out by logarithmic means
(Ang 2004, "Decomposition analysis for policymaking in energy", the LMDI, which leaves nothing over), trees by TreeSHAP,
others into their level and the season around it. Parts are weighted as the members are. What is done to the
combination afterwards, by the backtest or so that objects add up to their total, are parts of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aibuyer_kit.features.contributions import Contributions
from aibuyer_kit.features.windows import Bools, Floats
from aibuyer_kit.forecasting.boosted import Boosted, TreesSay
from aibuyer_kit.forecasting.drivers import Drivers, factors_of, fitted
from aibuyer_kit.forecasting.forecaster import Fitted, Forecaster, _sane, _tamed
from aibuyer_kit.forecasting.series import BUDGET, SeriesSet
from aibuyer_kit.forecasting.tree_forecast import TreeForecast

RECENT_STEPS = 28
# Parts besides budgets and the flags that are known ahead, which go by their own names.
LATELY, WEEKDAY, YEAR, PAUSED, POOLED = "lately", "weekday", "year", "paused", "pooled"
SIBLINGS, CORRECTION, TOGETHER = "siblings", "correction", "together"
# Trees go along with the drivers where these expect anything, and by at most so much more than they do.
_LEAST_LOG, _MOST_ALONG = 0.05, 2.0
_ABOVE_NOTHING = 1e-9
Parts = Mapping[str, Floats]


@dataclass(frozen=True)
class ForecastParts:
    """Parts of a forecast (steps, series) that add up with `recent` (the pace so far) to `expected`.

    `members` (steps, series) is what each member says, NaN where it cannot, and `weights` how much that counts, where
    members add up to the forecast before it is corrected. `trees` are of the pooled members that count.
    """

    recent: Floats
    recent_steps: int
    parts: Parts
    expected: Floats
    members: Mapping[str, Floats]
    weights: Mapping[str, Floats]
    trees: Mapping[str, TreesSay]


def forecast_parts(told: TreeForecast, forecaster: Forecaster) -> ForecastParts:
    """Return what the forecasts of all nodes of a tree are made of; models that count are run again."""
    fitted_, steps = told.fitted, len(told.expected)
    late = fitted_.series.late
    series, _ = _tamed(fitted_.series.settled())
    recent = np.tile(_pace(series.values), (steps, 1))
    members, of_members, trees = _taken_apart(fitted_, forecaster, series, steps + late, late, recent)
    shares = _shares(members, fitted_.weights)
    parts: dict[str, Floats] = {}
    mixed = recent.copy()
    for name, own in of_members.items():
        for key, values in own.items():
            part = np.where(shares[name] > 0, shares[name] * np.nan_to_num(values), 0.0)
            parts[key] = parts.get(key, np.zeros_like(recent)) + part
            mixed = mixed + part
    young = np.zeros(recent.shape[1], dtype=np.bool_)
    young[list(fitted_.borrowed)] = True
    said = fitted_.predict().mean
    parts[SIBLINGS] = np.where(young, fitted_.base - mixed, 0.0)
    parts[CORRECTION] = said - np.where(young, fitted_.base, mixed)
    parts[TOGETHER] = told.expected - said
    return ForecastParts(
        recent, min(RECENT_STEPS, series.times), parts, told.expected, members, shares, trees
    )  # fmt: skip


def _taken_apart(
    fitted_: Fitted, forecaster: Forecaster, series: SeriesSet, horizon: int, late: int, recent: Floats
) -> tuple[dict[str, Floats], dict[str, Parts], dict[str, TreesSay]]:
    """Return what members that count say of the steps after the `late` ones, its parts, and the trees behind it."""
    logs = driver_logs(series, horizon)
    longer = min(max(horizon, series.season), series.future)
    paid = _paid(series, horizon)
    here = np.array([series.times], dtype=np.int64)
    members: dict[str, Floats] = {}
    parts: dict[str, Parts] = {}
    trees: dict[str, TreesSay] = {}
    for model in forecaster.models:
        names = [name for name in model.names if (fitted_.weights.get(name, np.zeros(1)) > 0).any()]
        if not names:
            continue
        raw = model.paths(series, here, horizon if isinstance(model, Boosted | Drivers) else longer)
        sane = _sane(series, {name: raw[name][:, :horizon] for name in names}, here)
        say = model.explained(series, horizon) if isinstance(model, Boosted) else {}
        for name in names:
            path, before = sane[name][0], np.tile(recent[0], (horizon, 1))
            if isinstance(model, Drivers):
                own = _of_factors(before, path, logs)
            elif name in say:
                own = _of_trees(before, path, say[name], logs)
                trees[name] = _after(say[name], late)
            else:
                own = _of_season(before, path, raw[name][0], series)
            own = _whole_days(before, path, own, paid)
            members[name] = path[late:]
            parts[name] = {key: values[late:] for key, values in own.items()}
    return members, parts, trees


def driver_logs(series: SeriesSet, horizon: int) -> Parts:
    """Return by driver by what logarithm (steps, series) it moves each step ahead against the last four weeks."""
    times = series.times
    factors = factors_of(series, times, times + horizon)
    effects = factors.x * fitted(series.values, factors)[None]
    flags = iter([name for name in series.known if name != BUDGET])
    keys = [next(flags) if kind == "flag" else kind for kind in factors.kinds]
    found: dict[str, Floats] = {}
    for at, key in enumerate(keys):
        found[key] = found.get(key, 0.0) + effects[:, :, at]
    since = max(0, times - RECENT_STEPS)
    on = ~factors.paused[since:times]
    return {key: values[times:] - np.log(_mean_where(np.exp(values[since:times]), on)) for key, values in found.items()}


def _of_factors(before: Floats, after: Floats, logs: Parts) -> Parts:
    """Return what each factor adds on the way from `before` to `after`; what the factors leave is of late."""
    mean = _log_mean(before, after)
    found = {key: mean * values for key, values in logs.items()}
    return _with_rest(before, after, found, LATELY)


def _of_trees(before: Floats, after: Floats, say: TreesSay, logs: Parts) -> Parts:
    """Return what trees say by what their features are of; `drivers` is shared out to what the drivers expect."""
    shape = after.shape
    values = {
        name: say.told.values[:, at].reshape(shape) for at, name in enumerate(say.told.names)
    }  # a column per feature
    expects = say.rows[:, say.told.names.index("drivers")].reshape(shape)
    drivers = values.pop("drivers")
    found: dict[str, Floats] = {}
    for name, value in values.items():
        key = _feature_key(name, logs)
        found[key] = found.get(key, 0.0) + value
    clear = np.abs(expects) > _LEAST_LOG
    along = np.where(clear, np.clip(drivers / np.where(clear, expects, 1.0), 0.0, _MOST_ALONG), 0.0)
    for key, log in logs.items():
        found[key] = found.get(key, 0.0) + along * log
    scale = _log_mean(before, after) if say.on_logs else say.level
    return _with_rest(before, after, {key: scale * value for key, value in found.items()}, POOLED)


def _feature_key(name: str, logs: Parts) -> str:
    """Return which part a feature of the trees belongs to."""
    if name in logs or name == BUDGET:
        return name
    if name.endswith(" of late") and name.removesuffix(" of late") in logs:
        return name.removesuffix(" of late")
    if name == "weekday" or name.startswith("season_"):
        return WEEKDAY
    return LATELY if name.startswith(("mean_", "lag_")) else POOLED


def _of_season(before: Floats, after: Floats, raw: Floats, series: SeriesSet) -> Parts:
    """Return a path as its level, season by season, and the season around it."""
    level = np.empty_like(raw)
    for first in range(0, len(raw), series.season):
        block = raw[first : first + series.season]
        whole = block if len(block) == series.season else raw[-series.season :]
        level[first : first + series.season] = whole.mean(axis=0)
    season = WEEKDAY if series.step_days == 1 else YEAR
    steps = len(after)
    return _with_rest(before, after, {season: (raw - level)[:steps]}, LATELY)


def _with_rest(before: Floats, after: Floats, parts: Parts, rest: str) -> dict[str, Floats]:
    """Return parts with what is missing added to one of them."""
    found = dict(parts)
    missing = after - before - sum(found.values(), np.zeros_like(before))
    found[rest] = found.get(rest, 0.0) + missing
    return found


def _whole_days(before: Floats, after: Floats, parts: Parts, paid: "tuple[Bools, Bools] | None") -> Parts:
    """Return parts in which a pause takes all that there was, and a budget brings all where there was none before."""
    if paid is None:
        return parts
    pays, paid_before = paid
    stops: Bools = ~pays & (after == 0)
    starts: Bools = pays & ~paid_before & (before == 0)
    found = {key: np.where(stops | starts, 0.0, values) for key, values in parts.items()}
    for key, where in ((PAUSED, stops), (BUDGET, starts)):
        found[key] = found.get(key, np.zeros_like(before)) + np.where(where, after - before, 0.0)
    return found


def _paid(series: SeriesSet, horizon: int) -> "tuple[Bools, Bools] | None":
    """Return where there is a budget ahead, and which series had one in the last four weeks."""
    budget = series.known.get(BUDGET)
    if budget is None:
        return None
    before = (budget[max(0, series.times - RECENT_STEPS) : series.times] > 0).any(axis=0)
    ahead = budget[series.times : series.times + horizon] > 0
    return ahead, np.broadcast_to(before, ahead.shape)


def _shares(members: Mapping[str, Floats], weights: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return how much each member counts (steps, series): its weight among those that can tell."""
    heavy = {name: np.where(np.isfinite(path), weights[name] + _ABOVE_NOTHING, 0.0) for name, path in members.items()}
    total = sum(heavy.values(), np.zeros(1))
    return {name: np.where(total > 0, each / np.where(total > 0, total, 1.0), 0.0) for name, each in heavy.items()}


def _log_mean(one: Floats, other: Floats) -> Floats:
    """Return the logarithmic mean of two numbers of one sign; 0 where they are not."""
    alike = one * other > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.log(np.where(alike, other / np.where(alike, one, 1.0), 1.0))
        found = np.where(np.abs(log) > 1e-12, (other - one) / np.where(log == 0, 1.0, log), one)
    return np.where(alike, found, 0.0)


def _after(say: TreesSay, late: int) -> TreesSay:
    """Return what trees say of the steps after the first `late`."""
    kept = slice(late * say.level.shape[1], None)
    told = Contributions(say.told.names, say.told.values[kept], say.told.base[kept])
    return TreesSay(told, say.level[late:], say.on_logs, say.rows[kept], say.pays[late:])


def _pace(values: Floats) -> Floats:
    """Return the mean of the last known steps of each series; 0 where none ever was known."""
    known = np.isfinite(values)
    late = known & (known[::-1].cumsum(axis=0)[::-1] <= RECENT_STEPS)
    found: Floats = np.where(late, values, 0.0).sum(axis=0) / np.maximum(late.sum(axis=0), 1)
    return found


def _mean_where(values: Floats, inside: Bools) -> Floats:
    """Return the mean of each column over `inside`, or over all of it where that is nothing."""
    inside = inside | ~inside.any(axis=0)
    found: Floats = np.where(inside, values, 0.0).sum(axis=0) / inside.sum(axis=0)
    return found
