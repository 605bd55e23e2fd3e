"""How many results an object's money will bring in the next days, beside what the account's brings on average.

One LightGBM model of all objects (Poisson, log link): each object and day of the past is one row, its outcome is the
results of the next days by the money spent on them. What is still arriving counts as the share of it that is known.
An estimate is a factor: 1 is the average of all objects that count the same kind of result over the last 28 days. The
trees begin from the object's own rate of 28 days, drawn to that average by how little was seen (which is the floor,
too), and say by how much it is to be corrected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ArtefactError, InputError, TooLittleError
from aibuyer_kit.features.contributions import Contributions, contributions
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.trainable import Files, Fold, Judged, Parameters, json_content, json_file
from aibuyer_kit.features.windows import Floats, Ints

if TYPE_CHECKING:
    import lightgbm

HORIZON_DAYS = 7
_LEAST_ROWS, _LEAST_RESULTS = 60, 30
_WINDOWS = (3, 7, 14, 28)
# Rates of objects are drawn to the average as if so many results more had been seen at the average rate.
_PRIOR_RESULTS = 3.0
_FARTHEST = 4.0
FEATURES = (
    *(f"rate_{days}d" for days in _WINDOWS),
    "rate_campaign_28d",
    "ctr_7d",
    "cvr_7d",
    "cpm_7d",
    "spend_trend_7d",
    "spend_28d",
    "days_seen",
)
_COVERAGE = 0.8


@dataclass(frozen=True)
class RateTrainable:
    """The kind of model; see the module. It is learnt from the objects of one level."""

    level: Level = Level.ADSET
    name: str = "next-week-rate"
    revision: int = 1
    history_days: int = 182
    horizon_days: int = HORIZON_DAYS
    folds: int = 12

    @property
    def parameters(self) -> Parameters:
        return {"trees": 120, "learning_rate": 0.05, "num_leaves": 5, "min_data_in_leaf": 60, "lambda_l2": 20.0}

    @property
    def space(self) -> Mapping[str, tuple[float, float]]:
        return {
            "learning_rate": (0.01, 0.2),
            "num_leaves": (3, 15),
            "min_data_in_leaf": (20, 200),
            "lambda_l2": (1, 100),
        }

    def fit(self, known: DailyPanel, parameters: Parameters, seed: int) -> "RateModel":
        """Return a model of what is known. Raises InputError where there is too little to learn from."""
        rows = _Days(known).samples()
        results = float(rows.results.sum())
        if len(rows.results) < _LEAST_ROWS or results < _LEAST_RESULTS:
            least = {"least_weeks": _LEAST_ROWS, "least_results": _LEAST_RESULTS}
            raise TooLittleError("rate", days=f"{known.days}", weeks=len(rows.results), results=int(results), **least)
        settings = {**self.parameters, **parameters}
        trees = int(settings.pop("trees"))
        settings |= {"objective": "poisson", "num_threads": 1, "deterministic": True, "force_row_wise": True}
        settings |= {"seed": seed, "verbosity": -1}
        booster = _trees(rows, settings, _enough(rows, settings, trees))
        means = rows.own * np.exp(booster.predict(rows.features, raw_score=True, num_threads=1))
        excess = float(((rows.results - means) ** 2 / np.maximum(means, 1e-9)).sum() / len(means))
        text = booster.model_to_string(num_iteration=-1)
        return RateModel(text, max(1.0, excess))

    def load(self, files: Files) -> "RateModel":
        """Return the model that was kept. Raises ArtefactError."""
        content = json_content(files, "rate.json", ("dispersion", "features"))
        if content["features"] != list(FEATURES) or "trees.txt" not in files:
            raise ArtefactError("These files hold no model of the rate of results that this version understands.")
        return RateModel(files["trees.txt"].decode(), float(content["dispersion"]))


@dataclass(frozen=True)
class RateModel:
    """The trees as LightGBM's text, and how far outcomes scatter beyond Poisson's."""

    trees: str
    dispersion: float

    @cached_property
    def booster(self) -> "lightgbm.Booster":
        import lightgbm

        try:
            return lightgbm.Booster(model_str=self.trees)
        except lightgbm.basic.LightGBMError as error:
            raise ArtefactError(f"LightGBM does not understand this model: {error}") from None

    def files(self) -> Files:
        content = {"dispersion": self.dispersion, "features": list(FEATURES)}
        return {"trees.txt": self.trees.encode(), "rate.json": json_file(content)}

    def features(self, known: DailyPanel) -> tuple[tuple[str, ...], Floats]:
        days = _Days(known)
        at = days.features(len(known.days) - 1)
        return FEATURES, at[days.is_live(len(known.days) - 1)]

    def contributions(self, known: DailyPanel) -> tuple[tuple[int, ...], Contributions]:
        """Return the places of the objects that have a factor, and what adds up to its log, by feature.

        The base is the object's own rate of 28 days, from which the trees begin, with the trees' own mean.
        """
        days, last = _Days(known), len(known.days) - 1
        live = np.flatnonzero(days.is_live(last))
        offset = np.log(days.shrunk(28, last)[live])
        return tuple(live.tolist()), contributions(self.booster, days.features(last)[live], offset)

    def factors(self, known: DailyPanel) -> Floats:
        """Return each object's factor beside the average of its kind; NaN where nothing was spent in 28 days."""
        days, last = _Days(known), len(known.days) - 1
        found = np.full(len(known.objects), np.nan)
        live = days.is_live(last)
        if live.any():
            found[live] = self._corrections(days.features(last)[live]) * days.shrunk(28, last)[live]
        return found

    def scores(self, known: DailyPanel) -> Floats:
        return self.factors(known)

    def rates(self, known: DailyPanel) -> Floats:
        """Return the results that each object's next unit of spend (a micro) is expected to bring; NaN: not known."""
        return self.factors(known) * _Days(known).base(len(known.days) - 1)

    def judge(self, fold: Fold) -> Judged:
        """Return the Poisson deviance of the next days' results, given what was then spent; the floor's rate is own."""
        ids = tuple(each.id for each in fold.known.objects)
        days, last = _Days(fold.known), len(fold.known.days) - 1
        results, exposed = _outcome(fold, HORIZON_DAYS)
        base = days.base(last)
        with np.errstate(invalid="ignore"):
            mean, floor = exposed * base * self.factors(fold.known), exposed * base * days.shrunk(28, last)
        told = (exposed > 0) & (mean > 0) & np.isfinite(results) & (floor > 0)
        return Judged(
            ids,
            np.where(told, _deviance(results, mean), np.nan),
            np.where(told, _deviance(results, floor), np.nan),
            np.where(told, self._covered(results, mean), np.nan),
        )

    def _corrections(self, features: Floats) -> Floats:
        found: Floats = np.exp(np.asarray(self.booster.predict(features, raw_score=True, num_threads=1)))
        return found

    def _covered(self, results: Floats, mean: Floats) -> Floats:
        """Return whether results lie within the central 80% of what was expected, wider than Poisson's if so seen."""
        from scipy import stats

        safe = np.where(mean > 0, mean, 1.0)
        excess = max(self.dispersion, 1.0 + 1e-6)
        size = safe / (excess - 1.0)
        low, high = (stats.nbinom.ppf(p, size, 1.0 / excess) for p in ((1 - _COVERAGE) / 2, (1 + _COVERAGE) / 2))
        found: Floats = ((results >= low) & (results <= high)).astype(np.float64)
        return found


@dataclass(frozen=True)
class _Samples:
    features: Floats
    results: Floats
    own: Floats  # what the object's own rate lets expect
    day: Ints

    def only(self, rows: NDArray[np.bool_]) -> "_Samples":
        return _Samples(self.features[rows], self.results[rows], self.own[rows], self.day[rows])


def _trees(rows: _Samples, settings: Parameters, count: int) -> "lightgbm.Booster":
    import lightgbm

    data = lightgbm.Dataset(rows.features, rows.results, init_score=np.log(rows.own), feature_name=list(FEATURES))
    return lightgbm.train(dict(settings), data, count)


def _enough(rows: _Samples, settings: Parameters, most: int) -> int:
    """Return how many trees told most about the newest quarter of the days, learnt from what was known before them."""
    days = np.unique(rows.day)
    newest = days[-max(1, len(days) // 4)]
    before, after = rows.only(rows.day <= newest - HORIZON_DAYS), rows.only(rows.day >= newest)
    if len(before.results) < _LEAST_ROWS or after.results.sum() < _LEAST_RESULTS:
        return max(1, most // 8)
    booster = _trees(before, settings, most)
    said, losses = np.log(after.own), []
    for count in range(booster.num_trees()):
        said = said + booster.predict(
            after.features, raw_score=True, start_iteration=count, num_iteration=1, num_threads=1
        )
        losses.append(float((np.exp(said) - after.results * said).sum()))
    return int(np.argmin(losses)) + 1 if losses else 1


class _Days:
    """A panel's running sums, and the features that they give on any of its days."""

    def __init__(self, panel: DailyPanel) -> None:
        self._panel = panel
        kinds = [each.result_type for each in panel.objects]
        self._kinds = _codes(kinds)
        self._campaigns = _codes([each.campaign_id or each.id for each in panel.objects])
        spend, results = panel.measure("spend"), panel.measure("results")
        share = np.clip(panel.known_share, 0.0, 1.0)
        told = np.isfinite(spend) & np.isfinite(results) & np.isfinite(share) & (results >= 0) & (spend >= 0)
        self._counted = told.any(axis=0) & np.array([kind is not None for kind in kinds])
        self._run = {
            "spend": _running(np.where(told, spend, 0.0)),
            "exposed": _running(np.where(told, spend * share, 0.0)),
            "results": _running(np.where(told, results, 0.0)),
            "told": _running(told.astype(np.float64)),
            **{name: _running(np.nan_to_num(panel.measure(name))) for name in ("impressions", "clicks")},
        }
        shown = np.nan_to_num(spend) > 0
        self._first = np.where(shown.any(axis=0), shown.argmax(axis=0), len(panel.days))

    def sums(self, name: str, days: int, last: int) -> Floats:
        """Return the sums of the `days` that end with day `last`."""
        running = self._run[name]
        found: Floats = running[last + 1] - running[max(0, last + 1 - days)]
        return found

    def is_live(self, last: int) -> NDArray[np.bool_]:
        """Return which objects spent something in the last 28 days, and count one kind of result."""
        found: NDArray[np.bool_] = (self.sums("exposed", 28, last) > 0) & self._counted & (self.base(last) > 0)
        return found

    def base(self, last: int) -> Floats:
        """Return the results that a micro brought on average of 28 days, of all objects of the same kind."""
        return self._grouped("results", 28, last, self._kinds) / np.maximum(
            self._grouped("exposed", 28, last, self._kinds), 1e-9
        )

    def shrunk(self, days: int, last: int) -> Floats:
        """Return each object's own rate beside the average, drawn to 1 by how little was seen."""
        expected = self.sums("exposed", days, last) * self.base(last)
        found: Floats = (self.sums("results", days, last) + _PRIOR_RESULTS) / (expected + _PRIOR_RESULTS)
        return found

    def features(self, last: int) -> Floats:
        """Return what the model looks at (objects, features), as on the evening of a day."""
        base = self.base(last)
        campaign = (self._grouped("results", 28, last, self._campaigns) + _PRIOR_RESULTS) / (
            self._grouped("exposed", 28, last, self._campaigns) * base + _PRIOR_RESULTS
        )
        of_kind = {
            name: self._grouped(name, 7, last, self._kinds)
            for name in ("impressions", "clicks", "results", "spend", "exposed")
        }
        impressions, clicks = self.sums("impressions", 7, last), self.sums("clicks", 7, last)
        spend, before = self.sums("spend", 7, last), self.sums("spend", 14, last) - self.sums("spend", 7, last)
        mean_spend = of_kind["spend"] / np.maximum(np.bincount(self._kinds)[self._kinds], 1)
        columns = [
            *(np.log(self.shrunk(days, last)) for days in _WINDOWS),
            np.log(campaign),
            _beside(clicks, impressions, of_kind["clicks"], of_kind["impressions"], 20.0),
            _beside(self.sums("results", 7, last), clicks, of_kind["results"], of_kind["clicks"], _PRIOR_RESULTS),
            -_beside(impressions, spend, of_kind["impressions"], of_kind["spend"], 1000.0),
            np.log((spend + 0.1 * mean_spend + 1.0) / (before + 0.1 * mean_spend + 1.0)),
            np.log1p(self.sums("exposed", 28, last) * base),
            np.log1p(np.maximum(last - self._first, 0).astype(np.float64)),
        ]
        found = np.stack(columns, axis=1)
        found[:, :-2] = np.clip(found[:, :-2], -_FARTHEST, _FARTHEST)
        return found

    def samples(self) -> _Samples:
        """Return a row for each object and day of which the next days are told, with spend before and after it."""
        features, results, own, days = [], [], [], []
        for last in range(min(_WINDOWS[1], len(self._panel.days)) - 1, len(self._panel.days) - HORIZON_DAYS):
            exposed = self.sums("exposed", HORIZON_DAYS, last + HORIZON_DAYS)
            whole = self.sums("told", HORIZON_DAYS, last + HORIZON_DAYS) == HORIZON_DAYS
            rows = self.is_live(last) & whole & (exposed > 0)
            if rows.any():
                features.append(self.features(last)[rows])
                results.append(self.sums("results", HORIZON_DAYS, last + HORIZON_DAYS)[rows])
                own.append((exposed * self.base(last) * self.shrunk(28, last))[rows])
                days.append(np.full(int(rows.sum()), last))
        if not features:
            return _Samples(np.zeros((0, len(FEATURES))), np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64))
        return _Samples(np.concatenate(features), np.concatenate(results), np.concatenate(own), np.concatenate(days))

    def _grouped(self, name: str, days: int, last: int, groups: Ints) -> Floats:
        totals: Floats = np.bincount(groups, self.sums(name, days, last)).astype(np.float64)
        return totals[groups]


def _outcome(fold: Fold, horizon: int) -> tuple[Floats, Floats]:
    """Return results and money of the days after the origin, by the fold's objects; money by the share known."""
    later = fold.later
    first = (fold.origin - later.days.since).days + 1
    if first < 0 or first + horizon > len(later.days):
        raise InputError(f"The {horizon} days after {fold.origin} are not all known.")
    places = {each.id: place for place, each in enumerate(later.objects)}
    column = np.array([places.get(each.id, -1) for each in fold.known.objects], dtype=np.int64)
    days = slice(first, first + horizon)
    sums = [
        np.append(values[days].sum(axis=0), np.nan)[column]
        for values in (later.measure("results"), later.measure("spend") * later.known_share)
    ]
    return sums[0], sums[1]


def _deviance(results: Floats, mean: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(results > 0, results * np.log(results / mean), 0.0)
    found: Floats = 2.0 * (logs - results + mean)
    return found


def _beside(part: Floats, whole: Floats, parts: Floats, wholes: Floats, prior: float) -> Floats:
    """Return the log of a ratio beside that of all, drawn to it as if `prior` more parts had been seen."""
    expected = whole * parts / np.maximum(wholes, 1e-9)
    found: Floats = np.log((part + prior) / (expected + prior))
    return found


def _running(values: Floats) -> Floats:
    found = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=found[1:])
    return found


def _codes(names: Sequence[str | None]) -> Ints:
    order: Mapping[Any, int] = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return np.array([order[name] for name in names], dtype=np.int64)
