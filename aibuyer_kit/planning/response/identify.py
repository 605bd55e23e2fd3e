"""Whether the past can tell what more or less spend does: how far spend moved other than with the season."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.response.series import Bools, Series

Identified = Literal["yes", "partly", "no"]
Reason = Literal["", "unread", "short", "still", "season", "little", "sparse"]

# Standard deviations of log spend. Pacing alone moves a day's spend by some tenths, and evens it out over a week.
_STILL_DAY, _STILL_WEEK = 0.2, 0.07
_MOVED_DAY, _MOVED_WEEK = 0.28, 0.2
_SEASON = 0.15
# A posterior of the elasticity wider than this says little, whatever moved.
_WIDE = 0.25


@dataclass(frozen=True)
class Moves:
    """Standard deviations of log spend by arm: as it was, and after the season, by day and by week."""

    whole: Floats
    by_day: Floats
    by_week: Floats


def moves_of(series: Series, common: Floats) -> Moves:
    """Return how far spend moved; `common` (days,) is what all arms' results share, which is season too."""
    logs = np.log(np.where(series.used, series.spend, 1.0))
    season = _season(series, common)
    left = np.zeros_like(logs)
    for arm in range(series.arms):
        rows = series.used[:, arm]
        if rows.sum() > 2 * season.shape[1]:
            found, *_ = np.linalg.lstsq(season[rows], logs[rows, arm], rcond=None)
            left[rows, arm] = logs[rows, arm] - season[rows] @ found
        elif rows.any():
            left[rows, arm] = logs[rows, arm] - logs[rows, arm].mean()
    return Moves(_spread(logs, series.used), _spread(left, series.used), _spread(*_weekly(left, series.used)))


def _season(series: Series, common: Floats) -> Floats:
    """Return columns of what a season may be: weekdays, the year as far as the days tell it, and the common part."""
    days = np.arange(series.days)
    columns = [(series.weekday == day).astype(float) for day in range(7) if (series.weekday == day).any()]
    harmonics = 2 if series.days >= 300 else 1 if series.days >= 150 else 0
    for number in range(1, harmonics + 1):
        angle = 2 * np.pi * number * days / 365.25
        columns += [np.sin(angle), np.cos(angle)]
    if np.ptp(common) > 0.02:
        columns.append(common - common.mean())
    return np.stack(columns, axis=1)


def _weekly(values: Floats, used: Bools) -> tuple[Floats, Bools]:
    weeks = len(values) // 7
    shape = (weeks, 7, values.shape[1])
    cut = slice(len(values) - weeks * 7, None)
    count = used[cut].reshape(shape).sum(axis=1)
    mean = (values * used)[cut].reshape(shape).sum(axis=1) / np.maximum(1, count)
    return mean, count >= 3


def _spread(values: Floats, used: Bools) -> Floats:
    count = np.maximum(1, used.sum(axis=0))
    mean = (values * used).sum(axis=0) / count
    return np.asarray(np.sqrt((((values - mean) ** 2) * used).sum(axis=0) / count))


def identified(series: Series, moves: Moves, elasticity_error: Floats) -> list[tuple[Identified, Reason]]:
    """Return for each arm whether its response could be told, and why not."""
    return [_verdict(series, moves, float(elasticity_error[arm]), arm) for arm in range(series.arms)]


def _verdict(series: Series, moves: Moves, error: float, arm: int) -> tuple[Identified, Reason]:
    if series.is_unread[arm]:
        return "no", "unread"
    if not series.is_fitted[arm]:
        return "no", "short"
    day, week = moves.by_day[arm], moves.by_week[arm]
    if day < _STILL_DAY and week < _STILL_WEEK:
        is_season = moves.whole[arm] > max(_SEASON, 1.5 * day)
        return "no", "season" if is_season else "still"
    if day < _MOVED_DAY and week < _MOVED_WEEK:
        return "partly", "little"
    return ("partly", "sparse") if error > _WIDE else ("yes", "")
