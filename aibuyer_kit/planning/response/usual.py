"""What is usual of arms as a model that is kept: the shapes that curves are drawn to, and how much carries over.

Each arm's own curve is learnt anew each day, under what was learnt of all of them once a month. That takes long to
tell, changes slowly, and decides what is believed of the many arms whose spend has hardly moved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ArtefactError, InputError, TooLittleError
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.trainable import Files, Fold, Judged, Parameters, json_content, json_file
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.response.arms import by_budget
from aibuyer_kit.planning.response.fit import SHAPES, Usual
from aibuyer_kit.planning.response.learn import UsualOfArms, learn_response

MODEL = "response-usual"
HORIZON_DAYS = 14
_SHAPES = ("level", "room", "slope", "tired", "dear", "learn")
_OWN_DAYS = 28
_COVERED = (0.1, 0.9)


@dataclass(frozen=True)
class UsualTrainable:
    """The kind of model; it is learnt from what has a budget of its own."""

    name: str = MODEL
    level: Level = Level.ADSET
    revision: int = 1
    history_days: int = 400
    horizon_days: int = HORIZON_DAYS
    folds: int = 6

    @property
    def parameters(self) -> Parameters:
        return {}

    @property
    def space(self) -> Mapping[str, tuple[float, float]]:
        return {}

    def fit(self, known: DailyPanel, parameters: Parameters, seed: int) -> "UsualModel":  # noqa: ARG002 - there are none
        """Return what is usual. Raises InputError where no arm has a history that a curve can be fitted on."""
        learnt = learn_response(by_budget(known), value_of="results", draws=20, seed=seed)
        if not learnt.series.is_fitted.any():
            raise TooLittleError("usual", days=str(known.days))
        return UsualModel((learnt.fitted.carry, learnt.fitted.usual))

    def load(self, files: Files) -> "UsualModel":
        """Return what was kept. Raises ArtefactError."""
        content = json_content(files, "usual.json", ("carry", "mean", "spread", "between", "drift"))
        try:
            mean, spread = (np.array(content[name], dtype=np.float64) for name in ("mean", "spread"))
            numbers = [float(content[name]) for name in ("carry", "between", "drift")]
        except (ValueError, TypeError):
            mean, spread, numbers = np.zeros(0), np.zeros(0), [0.0] * 3
        whole = mean.shape == spread.shape == (SHAPES,) and np.isfinite([*mean, *spread, *numbers]).all()
        if not whole or (spread <= 0).any() or not 0 <= numbers[0] < 1 or min(numbers[1:]) <= 0:
            raise ArtefactError("These files do not hold what is usual of arms.")
        return UsualModel((numbers[0], Usual(mean, spread, numbers[1], numbers[2])))


@dataclass(frozen=True)
class UsualModel:
    """How much carries over, and the means and spreads of what arms are like."""

    usual: UsualOfArms

    def files(self) -> Files:
        carry, usual = self.usual
        content = {
            "carry": carry,
            "mean": usual.mean.tolist(),
            "spread": usual.spread.tolist(),
            "between": usual.between,
            "drift": usual.drift,
        }
        return {"usual.json": json_file(content)}

    def judge(self, fold: Fold) -> Judged:
        """Return the Poisson deviance of the next days' results, given what was then spent.

        The floor expects as many by spend as the last 28 days brought, whatever is spent.
        """
        known, later = by_budget(fold.known), by_budget(fold.later)
        learnt = learn_response(known, value_of="results", draws=100, usual=self.usual)
        curves, ids = learnt.curves, learnt.curves.arms
        results, spend, days = _came(fold, later, ids)
        own = {each.id: place for place, each in enumerate(known.objects)}
        before = known.last(_OWN_DAYS).only([own[each] for each in ids])
        exposed = np.nansum(before.measure("spend") * np.clip(before.known_share, 0, 1), axis=0) / 1e6
        rate = (np.nansum(before.measure("results"), axis=0) + 0.5) / np.maximum(exposed, 1e-9)
        draws = curves.value(spend / np.maximum(days, 1)) * days
        # Draws of what is hardly known have a long tail, which would carry their mean away.
        mean, floor = np.median(draws, axis=0), rate * spend
        told = (spend > 0) & (exposed > 0) & np.isfinite(results) & (mean > 0) & learnt.series.is_fitted
        return Judged(
            ids,
            np.where(told, _deviance(results, mean), np.nan),
            np.where(told, _deviance(results, floor), np.nan),
            np.where(told, _covered(results, draws, learnt.fitted.noise), np.nan),
        )

    def features(self, known: DailyPanel) -> tuple[tuple[str, ...], Floats]:  # noqa: ARG002 - it looks at none
        return (), np.zeros((0, 0))

    def described(self) -> Sequence[Mapping[str, Any]]:
        """Return one row for each shape, with its mean and spread over arms, and for the other figures."""
        carry, usual = self.usual
        # The level is each arm's own.
        shapes = [
            {"figure": name, "mean": float(usual.mean[place]), "spread": float(usual.spread[place])}
            for place, name in enumerate(_SHAPES)
            if place
        ]
        rest = {"carry": carry, "between campaigns": usual.between, "drift in a fortnight": usual.drift}
        return [*shapes, *({"figure": name, "mean": value, "spread": None} for name, value in rest.items())]


def _came(fold: Fold, later: DailyPanel, ids: Sequence[str]) -> tuple[Floats, Floats, Floats]:
    """Return results, the money that goes with what has arrived of them, and the days on which any was spent."""
    first = (fold.origin - later.days.since).days + 1
    if first < 0 or first + HORIZON_DAYS > len(later.days):
        raise InputError(f"The {HORIZON_DAYS} days after {fold.origin} are not all known.")
    places = {each.id: place for place, each in enumerate(later.objects)}
    column = [places.get(each, -1) for each in ids]
    days = slice(first, first + HORIZON_DAYS)
    spend = later.measure("spend")[days] * later.known_share[days] / 1e6
    sums = (later.measure("results")[days].sum(axis=0), spend.sum(axis=0), (np.nan_to_num(spend) > 0).sum(axis=0))
    results, money, spent = (np.append(each.astype(np.float64), np.nan)[column] for each in sums)
    return results, np.nan_to_num(money), np.nan_to_num(spent)


def _deviance(results: Floats, mean: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(results > 0, results * np.log(results / mean), 0.0)
        return np.asarray(2.0 * (logs - results + mean))


def _covered(results: Floats, draws: Floats, noise: Floats) -> Floats:
    """Return whether results lie where 80% of them were expected, chance included."""
    random = np.random.default_rng(7)
    scale = np.maximum(noise, 1e-3)
    futures = random.poisson(np.clip(draws / scale, 0, 1e9)) * scale
    low, high = np.quantile(futures, _COVERED, axis=0)
    return np.asarray(((results >= low) & (results <= high)).astype(np.float64))
