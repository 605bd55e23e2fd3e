"""Thresholds of a rule, judged by what was later known to be good or bad.

At each moment of the past a rule either matches an object or not. Later it is known what the object's next days
brought: their worth less their cost. A rule that cuts (pause, lower) is right about objects that lost money, one that
raises is right about those that made some. A match against the outcome costs what it did, and so does an object that
was missed; who tunes says how much the one weighs beside the other. Thresholds are chosen on older moments and reported
on newer ones.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import numpy as np

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.contributions import contributions
from aibuyer_kit.features.windows import Bools, Floats
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.table import Table
from aibuyer_kit.rules.versions import is_number, values_of, with_value

if TYPE_CHECKING:
    import optuna

Direction = Literal["cut", "raise"]
_CUTS = ("pause", "lower_budget", "lower_bid")
_RAISES = ("start", "raise_budget", "raise_bid", "duplicate")
# On which side of a threshold a rule acts, by metric and direction; on the other side an object keeps its target.
_ACTS: Mapping[tuple[str, str], str] = {
    ("cpa", "cut"): ">",
    ("roas", "cut"): "<",
    ("cpa", "raise"): "<",
    ("roas", "raise"): ">",
}
_FARTHEST = 4.0
_PROBABILITIES = 0.5, 0.99
_STEPS = 4
_LEAST_TELLING = 20
_WARM_UP = 10


@dataclass(frozen=True)
class Costs:
    """What a wrong match and a missed object weigh, and what a choice of thresholds must hold.

    `most_share` is the greatest share of objects that may match at a moment, on average; `least_right` the least share
    of matches, by money, that must be right.
    """

    wrong: float = 1.0
    missed: float = 1.0
    most_share: float | None = None
    least_right: float | None = None

    def __post_init__(self) -> None:
        if not (0 < self.wrong < 1e6 and 0 < self.missed < 1e6):
            raise InputError("Wrong matches and missed objects each weigh more than 0.")
        for share in (self.most_share, self.least_right):
            if share is not None and not 0 < share <= 1:
                raise InputError("A share lies above 0 and is at most 1.")


@dataclass(frozen=True)
class Scene:
    """What rules saw of an account on one day, which objects they are about, and what the next days brought.

    `worth` (rows,) is worth less cost in units of the currency, NaN where it is not known; `spend` (rows,) what was
    spent in these next days. `known_then` says whether figures are as they were known on that day.
    """

    day: date
    table: Table
    in_scope: Bools
    worth: Floats
    spend: Floats
    known_then: bool = True


@dataclass(frozen=True)
class Threshold:
    """One number of a rule that may be another one: its place, what it is, and the bounds of what is tried."""

    path: str
    now: float
    low: float
    high: float

    @property
    def is_log(self) -> bool:
        return self.high > _PROBABILITIES[1]


@dataclass(frozen=True)
class Agreement:
    """How a rule did on some moments: objects matched, those rightly and wrongly, and missed; money in units.

    `objects_share` is the share of the objects that matched at any of them, `spend_share` that of the spend that
    followed on matches.
    """

    moments: int
    looked_at: int
    matched: int
    right: int
    wrong: int
    missed: int
    right_money: float
    wrong_money: float
    missed_money: float
    cost: float
    objects_share: float = 0.0
    spend_share: float = 0.0

    @property
    def share(self) -> float:
        return self.matched / self.looked_at if self.looked_at else 0.0

    @property
    def right_share(self) -> float:
        """The share of the money in matches that they were right about; 1 where nothing matched."""
        whole = self.right_money + self.wrong_money
        return self.right_money / whole if whole else 1.0

    def broken(self, costs: Costs) -> float:
        """Return by how much the constraints are broken; 0 where they hold."""
        over = max(0.0, self.share - costs.most_share) if costs.most_share is not None else 0.0
        under = max(0.0, costs.least_right - self.right_share) if costs.least_right is not None else 0.0
        return over + under


Fired = Callable[[Rule, Table], Sequence[int]]


def direction_of(rule: Rule) -> Direction:
    """Return whether a rule cuts or raises. Raises InputError where its actions do neither, or both."""
    kinds = {each.action for each in rule.then}
    cuts, raises = kinds & set(_CUTS), kinds & set(_RAISES)
    if bool(cuts) == bool(raises):
        raise InputError(
            f"{rule.id} does {', '.join(sorted(kinds))}. Tuned are rules that cut ({', '.join(_CUTS)}) or raise"
            f" ({', '.join(_RAISES)}), not both."
        )
    return "cut" if cuts else "raise"


def thresholds_of(rule: Rule) -> tuple[Threshold, ...]:
    """Return the numbers of a rule's conditions that may be tuned: values, multiples of targets, probabilities.

    Zeros stay zeros, and windows are not moved. Raises InputError where there are none.
    """
    found = []
    told = dict(values_of(rule))
    # A multiple of a target that is 1 is left out of what a rule says.
    ones = {f"{path.removesuffix('target')}times": 1 for path in told if path.endswith(".value.target")}
    for path, value in sorted((ones | told).items(), key=lambda each: each[0]):
        name = path.rpartition(".")[2]
        if not path.startswith("when.") or not is_number(value):
            continue
        number = float(value)
        if name == "min_probability":
            found.append(Threshold(path, number, *_PROBABILITIES))
        elif name in ("value", "times") and number > 0:
            found.append(Threshold(path, number, number / _FARTHEST, number * _FARTHEST))
    if not found:
        raise InputError(f"{rule.id} has no threshold that is a number above 0: there is nothing to tune.")
    return tuple(found)


def with_thresholds(rule: Rule, values: Iterable[tuple[Threshold, float]]) -> Rule:
    """Return the rule with other thresholds, of three digits each."""
    for threshold, value in values:
        rule = with_value(rule, threshold.path, _of_three_digits(value) if value != threshold.now else _as_is(value))
    return rule


def beyond_targets(rule: Rule, changed: Iterable[str], targets: Mapping[str, float]) -> list[tuple[str, str, Decimal]]:
    """Return the thresholds at these places that act on what keeps the client's target: metric, place, value.

    Such as a rule that pauses at a cost which lies below the target, or raises at a return below it.
    """
    told, found = dict(values_of(rule)), []
    for path in changed:
        above, _, name = path.rpartition(".")
        leaf = above.removesuffix(".value") if name == "times" else above
        metric, op, value = str(told.get(f"{leaf}.expr")), str(told.get(f"{leaf}.op")), told.get(path)
        acts = _ACTS.get((metric, direction_of(rule)))
        aim = 1.0 if name == "times" else targets.get(metric)
        if acts is None or aim is None or value is None or not is_number(value) or not op.startswith(acts):
            continue
        if float(value) < aim if acts == ">" else float(value) > aim:
            found.append((metric, path, Decimal(value)))
    return found


def _of_three_digits(value: float) -> Decimal:
    """Return a number as people write it.

    >>> _of_three_digits(304.9), _of_three_digits(0.12345)
    (Decimal('305'), Decimal('0.123'))
    """
    return Decimal(format(Decimal(f"{value:.3g}"), "f"))


def split(scenes: Sequence[Scene], horizon_days: int, older_share: float = 0.6) -> tuple[list[Scene], list[Scene]]:
    """Return the older scenes, to tune on, and the newer ones, to report on; their outcomes share no day.

    Raises InputError where either would hold fewer than two days.
    """
    days = {each.day for each in scenes}
    older_until, newer_from = split_days(days, horizon_days, older_share) if days else (date.min, date.min)
    older = [each for each in scenes if each.day <= older_until]
    newer = [each for each in scenes if each.day >= newer_from]
    if min(len({each.day for each in part}) for part in (older, newer)) < 2:
        raise InputError(
            f"{len(days)} days with an outcome are too few to tune on the older and report on the newer ones. Take more"
            " days, or wait for more to be known."
        )
    return older, newer


def split_days(days: Iterable[date], horizon_days: int, older_share: float = 0.6) -> tuple[date, date]:
    """Return until which day moments are older ones, and from which on they are newer."""
    listed = sorted(set(days))
    newer_from = listed[int(len(listed) * older_share)]
    return newer_from - timedelta(days=horizon_days), newer_from


def agreement(rule: Rule, scenes: Sequence[Scene], costs: Costs, fired: Fired) -> Agreement:
    """Return how a rule did on these moments; an object of which the outcome is not known counts for nothing."""
    sign = -1.0 if direction_of(rule) == "cut" else 1.0
    counts, money, spend = np.zeros(5), np.zeros(3), np.zeros(2)
    seen, hit = set[tuple[str, ...]](), set[tuple[str, ...]]()
    for scene in scenes:
        matched = np.zeros(len(scene.table), dtype=np.bool_)
        matched[list(fired(rule, scene.table))] = True
        told = scene.in_scope & np.isfinite(scene.worth)
        gain = sign * np.where(told, scene.worth, 0.0)
        keys = [each.key for each in scene.table.subjects]
        seen.update(keys[row] for row in np.flatnonzero(told))
        hit.update(keys[row] for row in np.flatnonzero(told & matched))
        spent = np.where(told, np.nan_to_num(scene.spend), 0.0)
        spend += [spent[matched].sum(), spent.sum()]
        right, wrong, missed = matched & (gain > 0), matched & (gain < 0), ~matched & (gain > 0)
        counts += [told.sum(), (matched & told).sum(), right.sum(), wrong.sum(), missed.sum()]
        money += [gain[right].sum(), -gain[wrong].sum(), gain[missed].sum()]
    cost = costs.wrong * float(money[1]) + costs.missed * float(money[2])
    looked_at, matches, rights, wrongs, misses = map(int, counts)
    won, lost, left = map(float, money)
    shares = len(hit) / len(seen) if seen else 0.0, float(spend[0] / spend[1]) if spend[1] > 0 else 0.0
    return Agreement(len(scenes), looked_at, matches, rights, wrongs, misses, won, lost, left, cost, *shares)


def tune(
    study: "optuna.Study", rule: Rule, scenes: Sequence[Scene], costs: Costs, fired: Fired, *, trials: int
) -> tuple[Rule, ...]:
    """Try thresholds, add what came of them to the study, and return the rule as best found, and as it is today.

    The first trial is what the rule says today, so that nothing worse is ever found. Trials that are behind after part
    of the moments are given up, unless a constraint may be what holds them back. A study that was begun before goes on.
    """
    import optuna

    places = thresholds_of(rule)
    if not study.trials:
        study.enqueue_trial({each.path: each.now for each in places})
    is_bound = costs.most_share is not None or costs.least_right is not None
    parts = [list(scenes[start::_STEPS]) for start in range(_STEPS)]

    def objective(trial: optuna.Trial) -> float:
        chosen = [(each, trial.suggest_float(each.path, each.low, each.high, log=each.is_log)) for each in places]
        candidate = with_thresholds(rule, chosen)
        seen: list[Scene] = []
        cost = 0.0
        for step, part in enumerate(parts):
            seen += part
            cost += agreement(candidate, part, costs, fired).cost
            if step < _STEPS - 1 and not is_bound:
                trial.report(cost / len(seen), step)
                if trial.number >= _WARM_UP and trial.should_prune():
                    raise optuna.TrialPruned
        found = agreement(candidate, scenes, costs, fired) if is_bound else None
        broken = found.broken(costs) if found else 0.0
        return cost / len(seen) * (1.0 + 10.0 * broken) + 1e6 * broken

    study.optimize(objective, n_trials=trials, catch=())
    best = study.best_params
    return with_thresholds(rule, [(each, best[each.path]) for each in places]), rule


def drivers(rule: Rule, scenes: Sequence[Scene], fired: Fired) -> dict[str, float]:
    """Return which figures drive a rule's matches: the mean absolute SHAP value of each, the greatest first.

    They are those of a small LightGBM model that tells matches from the rest; none where too few or all match.
    """
    import lightgbm

    if not scenes:
        return {}
    columns = sorted(scenes[0].table.numbers, key=str)
    rows, labels = [], []
    for scene in scenes:
        matched = np.zeros(len(scene.table))
        matched[list(fired(rule, scene.table))] = 1.0
        rows.append(np.stack([scene.table.numbers[each] for each in columns], axis=1)[scene.in_scope])
        labels.append(matched[scene.in_scope])
    features, label = np.concatenate(rows), np.concatenate(labels)
    if not columns or min(label.sum(), (1 - label).sum()) < _LEAST_TELLING:
        return {}
    settings = {"objective": "binary", "num_leaves": 7, "min_data_in_leaf": 5, "verbosity": -1, "num_threads": 1}
    data = lightgbm.Dataset(features, label, feature_name=[f"f{place}" for place in range(len(columns))])
    booster = lightgbm.train({**settings, "seed": 7, "deterministic": True, "force_row_wise": True}, data, 30)
    found = contributions(booster, features).importance()
    return {str(columns[int(name[1:])]): size for name, size in found.items() if size > 0}


def _as_is(value: float) -> Decimal | int:
    return int(value) if value == int(value) else Decimal(repr(value))
