"""Whether a model in force still does what it did: what it looks at, its intervals, and its error beside the floor's.

What is small is left to chance: a finding is both large and not explained by how little was seen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.measurement.backtest import Backtest

# Customary: below .1 nothing has moved, above .25 the population is another one (Siddiqi 2006).
MOVED_PSI = 0.25
COVERAGE, COVERAGE_OFF = 0.8, 0.1
_BINS = 10
_CHANCE = 0.001
_LEAST_JUDGED, _LEAST_FOLDS = 40, 2
# Outcomes of one week go together: so many of them tell as much as one.
_GO_TOGETHER = 3.0
_WORSE_THAN_FLOOR = 1.02


@dataclass(frozen=True)
class Finding:
    """What is wrong with a model in force: `kind` is psi, coverage or floor; `name` the feature, where it is one."""

    kind: str
    value: float
    name: str = ""

    def __str__(self) -> str:
        match self.kind:
            case "psi":
                return f"{self.name} is distributed otherwise than it was learnt from (PSI {self.value:.2f})"
            case "coverage":
                return f"its 80% intervals hold {self.value:.0%} of outcomes"
        return f"its error is {self.value:.2f} times that of the floor"


def population_stability(before: Floats, now: Floats, bins: int = _BINS) -> float:
    """Return the population stability index of a feature: 0 where nothing has moved, above .25 it is another one.

    Bins hold equal shares of `before`; an empty one counts as half an observation. NaN is a bin of its own.

    >>> population_stability(np.arange(1000.0), np.arange(1000.0))
    0.0
    """
    known = before[np.isfinite(before)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1])) if len(known) else np.zeros(0)
    shares = []
    for values in (before, now):
        places = np.where(np.isfinite(values), np.searchsorted(edges, values, side="right"), len(edges) + 1)
        counts = np.maximum(np.bincount(places, minlength=len(edges) + 2), 0.5)
        shares.append(counts / max(len(values), 1))
    seen = (shares[0] * max(len(before), 1) > 0.5) | (shares[1] * max(len(now), 1) > 0.5)
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0]))[seen].sum())


def moved(names: Sequence[str], before: Floats, now: Floats) -> Iterator[Finding]:
    """Yield the features (rows, features) that are distributed otherwise than before, more than chance would do.

    Where nothing moves, the index times n m / (n + m) is nearly chi-squared with bins - 1 degrees of freedom.
    """
    from scipy import stats

    if not len(before) or not len(now):
        return
    by_chance = stats.chi2.isf(_CHANCE / max(len(names), 1), _BINS) * (1 / len(before) + 1 / len(now))
    for place, name in enumerate(names):
        index = population_stability(before[:, place], now[:, place])
        if index > max(MOVED_PSI, by_chance):
            yield Finding("psi", index, name)


def failing(unseen: Backtest) -> Iterator[Finding]:
    """Yield what is wrong with a model by how it did on folds that it had not seen."""
    judged = np.isfinite(unseen.loss)
    folds = int(judged.any(axis=1).sum())
    if folds < _LEAST_FOLDS or judged.sum() < _LEAST_JUDGED:
        return
    told = unseen.covered[np.isfinite(unseen.covered)]
    if len(told):
        share = float(told.mean())
        chance = 3.3 * np.sqrt(COVERAGE * (1 - COVERAGE) * _GO_TOGETHER / len(told))
        if abs(share - COVERAGE) > max(COVERAGE_OFF, chance):
            yield Finding("coverage", share)
    excess = np.where(judged, unseen.loss - _WORSE_THAN_FLOOR * unseen.floor, 0.0)
    by_fold = excess.sum(axis=1)
    # Worse in sum, and in most weeks.
    if excess.sum() > 0 and (by_fold > 0).mean() > 0.5:
        yield Finding("floor", float(unseen.loss[judged].sum() / unseen.floor[judged].sum()))
