"""Whether a new model is to replace the one in force: only if it wins a paired backtest.

Both are judged on the same folds and objects. What is tested is that the challenger's loss is less than the champion's
by more than a margin, one-sided. It will be asked about the same objects in weeks to come, so that weeks are what is
drawn: losses of one fold go up and down together and count as one (a block), with the neighbouring folds' covariance
(Newey and West 1987, one lag) where it is positive, and Student's t of one degree of freedom less than there are folds.
A gain that hangs on one object is none. A test at one in two hundred, with a margin, is passed by next to no model
that is worse.
"""

from dataclasses import dataclass

import numpy as np

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.windows import Floats

MARGIN = 0.01
SIGNIFICANCE = 0.005
LEAST_FOLDS = 6
_EQUAL = 0.0005  # what would be told as a difference of 0.0%


@dataclass(frozen=True)
class Contest:
    """What came of it: the gain is the share of the champion's loss that the challenger saves.

    `reason` is a key of `contest` in the locales: won, not_surely (it may be chance), worse, no_better (equal),
    too_short, late (the newer half of the folds does not show it), one_object (it hangs on one), untold (nothing could
    be judged).
    """

    gain: float
    p_value: float
    folds: int
    objects: int
    champion_loss: float
    challenger_loss: float
    reason: str

    @property
    def is_won(self) -> bool:
        return self.reason == "won"


def contest(
    champion: Floats, challenger: Floats, *, margin: float = MARGIN, significance: float = SIGNIFICANCE
) -> Contest:
    """Return whether the challenger wins, by losses (folds, objects) of both, folds in the order of time.

    What one of them does not know counts for neither. Raises InputError for tables of different shapes.
    """
    if champion.shape != challenger.shape or champion.ndim != 2:
        raise InputError("A contest is of two tables of losses, by the same folds and objects.")
    told = np.isfinite(champion) & np.isfinite(challenger)
    held = told[told.any(axis=1)][:, told.any(axis=0)]
    one, other = (each[told.any(axis=1)][:, told.any(axis=0)] for each in (champion, challenger))
    folds, objects = held.shape
    if not held.any():
        return Contest(np.nan, 1.0, 0, 0, np.nan, np.nan, "untold")
    loss, new_loss = float(one[held].mean()), float(other[held].mean())
    gain = (loss - new_loss) / loss if loss > 0 else 0.0
    saved = np.where(held, (1.0 - margin) * np.where(held, one, 0.0) - np.where(held, other, 0.0), 0.0)
    p_value = _p_value(saved, held) if folds >= 2 else 1.0
    newer = saved[folds // 2 :].sum()
    if folds < LEAST_FOLDS:
        reason = "too_short"
    elif new_loss >= loss:
        reason = "worse" if -gain >= _EQUAL else "no_better"
    elif p_value > significance:
        reason = "not_surely"
    else:
        by_object = saved.sum(axis=0)
        lone = objects > 1 and by_object.sum() - by_object.max() <= 0
        reason = "one_object" if lone else "won" if newer > 0 else "late"
    return Contest(gain, p_value, folds, objects, loss, new_loss, reason)


def _p_value(saved: Floats, held: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    """Return how probable so large a saving would be if there were none."""
    from scipy import stats

    folds = len(saved)
    mean = float(saved.sum() / held.sum())
    parts = np.where(held, saved - mean, 0.0)
    by_fold = parts.sum(axis=1)
    of_folds = folds / (folds - 1) * (float((by_fold**2).sum()) + max(0.0, float((by_fold[1:] * by_fold[:-1]).sum())))
    error = float(np.sqrt(max(of_folds, float((parts**2).sum())))) / held.sum()
    if error <= 1e-12 * max(abs(mean), 1e-300):
        return 0.0 if mean > 0 else 1.0
    return float(stats.t.sf(mean / error, folds - 1))
