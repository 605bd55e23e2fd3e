"""The weights of the combination as a model that is kept: how much each member counts for each kind of series.

Members are learnt anew each day, and so are intervals: what a forecast was off by of late follows the account. Weights
say which members suit it, which takes many origins to tell and changes slowly; so they are what is learnt once a month,
on twice as many origins, and has to win a contest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ArtefactError, TooLittleError
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.trainable import Files, Fold, Judged, Parameters, json_content, json_file
from aibuyer_kit.features.windows import Bools, Floats
from aibuyer_kit.forecasting.floors import SeasonalNaive

if TYPE_CHECKING:
    from aibuyer_kit.forecasting.forecaster import Forecaster
    from aibuyer_kit.forecasting.tree_forecast import TreeForecast

HORIZON_DAYS = 14
_ORIGINS = 12
# By kind of series, and by member.
SegmentWeights = Mapping[str, Mapping[str, float]]
# A measure of the objects of a panel over a horizon, forecast as the client's forecasts are: of which objects, and how.
Asked = Callable[[DailyPanel, str, int, "Forecaster"], tuple[tuple[str, ...], "TreeForecast"]]
# What has come of a measure by day and object, with what has yet to arrive.
Came = Callable[[DailyPanel, str], Floats]


def model_name(measure: str) -> str:
    """Return what the weights for a measure are called.

    >>> model_name("results")
    'forecast-results'
    """
    return f"forecast-{measure.replace('_', '-')}"


@dataclass(frozen=True)
class WeightsTrainable:
    """The kind of model; `asked` makes a forecast of a panel, `came` tells what was to be forecast."""

    measure: str
    asked: Asked
    came: Came
    level: Level = Level.CAMPAIGN
    revision: int = 1
    history_days: int = 240
    horizon_days: int = HORIZON_DAYS
    folds: int = 8

    @property
    def name(self) -> str:
        return model_name(self.measure)

    @property
    def parameters(self) -> Parameters:
        return {"origins": _ORIGINS}

    @property
    def space(self) -> Mapping[str, tuple[float, float]]:
        return {}

    def fit(self, known: DailyPanel, parameters: Parameters, seed: int) -> "Weights":  # noqa: ARG002 - nothing is drawn
        """Return the weights that the past tells. Raises InputError where it cannot test any."""
        from aibuyer_kit.forecasting.forecaster import Forecaster, learnt_weights

        origins = int({**self.parameters, **parameters}["origins"])
        _, told = self.asked(known, self.measure, self.horizon_days, Forecaster(origins=origins))
        found = learnt_weights(told.fitted)
        if not found:
            raise TooLittleError("weights", days=str(known.days))
        return Weights(self, found)

    def load(self, files: Files) -> "Weights":
        """Return the weights that were kept. Raises ArtefactError."""
        content = json_content(files, "weights.json", ("measure", "weights"))
        try:
            weights = {
                str(segment): {str(member): float(share) for member, share in shares.items()}
                for segment, shares in content["weights"].items()
            }
        except (ValueError, TypeError, AttributeError):
            weights = {}
        shares = [share for each in weights.values() for share in each.values()]
        if content["measure"] != self.measure or not shares or not all(0 <= each <= 1 for each in shares):
            raise ArtefactError(f"These files hold no weights for forecasts of {self.measure}.")
        return Weights(self, weights)


@dataclass(frozen=True)
class Weights:
    """By kind of series and member, how much the member counts."""

    of: WeightsTrainable
    weights: SegmentWeights

    def files(self) -> Files:
        rounded = {
            segment: {name: round(share, 6) for name, share in each.items()} for segment, each in self.weights.items()
        }
        return {"weights.json": json_file({"measure": self.of.measure, "weights": rounded})}

    def judge(self, fold: Fold) -> Judged:
        """Return the absolute errors over the next days; the floor is the last season again."""
        from aibuyer_kit.forecasting.forecaster import Forecaster

        ids, told = self.of.asked(fold.known, self.of.measure, self.of.horizon_days, Forecaster(weights=self.weights))
        series, leaves = told.fitted.series, told.tree.leaves
        steps = self.of.horizon_days
        floor = SeasonalNaive().paths(series.settled(), np.array([series.times - series.late]), steps + series.late)
        expected, low, high = (each[:, leaves] for each in (told.expected, told.low, told.high))
        first = (fold.origin - fold.later.days.since).days + 1
        came = self.of.came(fold.later, self.of.measure)[first : first + steps]
        places = {each.id: place for place, each in enumerate(fold.later.objects)}
        actual = np.append(came, np.full((len(came), 1), np.nan), axis=1)[:, [places.get(each, -1) for each in ids]]
        inside = np.where(np.isfinite(actual), (actual >= low) & (actual <= high), np.nan)
        naive = next(iter(floor.values()))[0, series.late :][:, leaves]
        # What spends nothing, and for which nothing came, is told by anybody.
        idle: Bools = (np.nan_to_num(actual).sum(axis=0) == 0) & (expected.sum(axis=0) == 0)
        return Judged(
            ids,
            np.where(idle, np.nan, np.abs(actual - expected).sum(axis=0)),
            np.where(idle, np.nan, np.abs(actual - naive).sum(axis=0)),
            np.where(idle, np.nan, inside.mean(axis=0)),
        )

    def features(self, known: DailyPanel) -> tuple[tuple[str, ...], Floats]:  # noqa: ARG002 - they look at none
        return (), np.zeros((0, 0))

    def described(self) -> Sequence[Mapping[str, Any]]:
        """Return one row for each member, and a column for each kind of series."""
        members = dict.fromkeys(name for each in self.weights.values() for name in each)
        return [
            {"member": name, **{segment: each.get(name, 0.0) for segment, each in self.weights.items()}}
            for name in members
        ]
