"""What the days have in common for all arms: weekdays, and a level that walks from day to day (season, promotions)."""

import numpy as np

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.response.series import Ints

# With fewer arms, a walk of every day would be their own results.
_LEAST_ARMS = 5
_WEEKDAY_PRIOR = 10.0
_FIRST_STEP, _USUAL_STEP, _PRIOR_DAYS = 0.03, 0.015, 3.0
_LATE_DAYS, _AHEAD_DAYS = 14, 14
# From so many days on the year can be told from the trend; and how far such a year is believed.
_YEAR_DAYS, _BELIEVED = 330, 0.8


class Common:
    """Logarithms by day, learnt from what arms leave; `walk` is the part beside the weekdays."""

    def __init__(self, weekday: Ints, arms: int) -> None:
        self._weekday, self._walks = weekday, arms >= _LEAST_ARMS
        self.by_weekday: Floats = np.zeros(7)
        self.walk: Floats = np.zeros(len(weekday))
        self.step = _FIRST_STEP

    @property
    def values(self) -> Floats:
        return np.asarray(self.by_weekday[self._weekday] + self.walk)

    def learn(self, push: Floats, weight: Floats) -> None:
        """Take one step by the slope of the likelihood in each day's level, and its curvature."""
        days = self._weekday
        change = np.bincount(days, push, 7) / (np.bincount(days, weight, 7) + _WEEKDAY_PRIOR)
        self.by_weekday += np.clip(change, -1.0, 1.0)
        if self._walks:
            self._learn_walk(push - weight * change[days], weight)

    def _learn_walk(self, push: Floats, weight: Floats) -> None:
        count = len(self.walk)
        differences = np.diff(np.eye(count), axis=0)
        tie = differences.T @ differences / self.step**2 + np.eye(count)
        cover = np.linalg.inv(tie + np.diag(weight))
        self.walk = self.walk + np.clip(cover @ (push - tie @ self.walk), -1.0, 1.0)
        # The mean belongs to the levels of the arms.
        self.walk -= self.walk.mean()
        spread = np.diag(cover)
        left = spread[1:] + spread[:-1] - 2 * np.diag(cover, 1)
        # Of so many steps the days tell something (MacKay 1992); EM, which counts all, hardly gets to small ones.
        told = max(0.0, float((1 - left / self.step**2).sum()))
        moved = float((np.diff(self.walk) ** 2).sum())
        self.step = float(np.sqrt((moved + _PRIOR_DAYS * _USUAL_STEP**2) / (told + _PRIOR_DAYS)))

    def to_come(self) -> tuple[float, float]:
        """Return the level of the two weeks to come, and its standard error."""
        late = float(self.walk[-_LATE_DAYS:].mean())
        # How far the mean of the days ahead of a walk is from that of as many days before.
        error = min(0.15, self.step * np.sqrt(2 / 3 * _LATE_DAYS)) if self._walks else 0.05
        return late + self._turn_of_the_year(), float(error)

    def _turn_of_the_year(self) -> float:
        count = len(self.walk)
        if count < _YEAR_DAYS or not self._walks:
            return 0.0
        angle = 2 * np.pi * np.arange(count + _AHEAD_DAYS) / 365.25
        year = np.stack([np.ones_like(angle), np.sin(angle), np.cos(angle)], axis=1)
        found, *_ = np.linalg.lstsq(year[:count], self.walk, rcond=None)
        course = year @ found
        return float(_BELIEVED * (course[-_AHEAD_DAYS:].mean() - course[count - _LATE_DAYS : count].mean()))
