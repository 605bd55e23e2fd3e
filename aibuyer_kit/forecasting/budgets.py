"""The spend a day that is taken for granted where no plan says more: as it was of late, or nothing if it was paused."""

import numpy as np

from aibuyer_kit.features.windows import Floats

_LATE_DAYS, _PAUSED_AFTER_DAYS = 7, 3


def assumed_spend(spend: Floats) -> Floats:
    """Return (days + 1, objects) what is taken for the spend of every day from each on, from the days before it.

    It is the mean of the last seven known days with spend; nothing after three known days without any. Days that are
    not known (NaN) tell nothing: they are no pause.
    """
    found = np.zeros((len(spend) + 1, spend.shape[1]))
    for place in range(spend.shape[1]):
        at = np.flatnonzero(np.isfinite(spend[:, place]))
        if not len(at):
            continue
        stays = _after_each(spend[at, place])
        seen = np.searchsorted(at, np.arange(len(spend) + 1))  # known days before each
        found[:, place] = np.where(seen > 0, stays[np.maximum(seen - 1, 0)], 0.0)
    return found


def spend_level(spend: Floats) -> Floats:
    """Return (days, objects) the spend that each day was run on, as told by its own and earlier days; 0 is a pause."""
    return np.where(spend == 0, 0.0, assumed_spend(spend)[1:])


def _after_each(known: Floats) -> Floats:
    """Return what is taken after each of the known days of one object."""
    paid = known > 0
    sums, counts = np.cumsum(np.where(paid, known, 0.0)), np.cumsum(np.where(paid, 1.0, 0.0))
    late = _in_last(sums, _LATE_DAYS) / np.maximum(_in_last(counts, _LATE_DAYS), 1)
    paused = (_in_last(counts, _PAUSED_AFTER_DAYS) == 0) & (np.arange(len(known)) >= _PAUSED_AFTER_DAYS - 1)
    found: Floats = np.where(paused, 0.0, late)
    return found


def _in_last(sums: Floats, days: int) -> Floats:
    before = np.concatenate([np.zeros(min(days, len(sums))), sums[:-days]])
    found: Floats = sums - before
    return found
