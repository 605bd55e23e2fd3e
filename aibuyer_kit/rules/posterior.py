"""What is believed of a rate, of the value of a result, and of their product once figures have been seen: closed forms.

Counts given what they were counted on are Poisson around a rate that has a Gamma distribution; single values are Gamma
distributed around a mean that has an inverse Gamma distribution; the product of both has a scaled beta prime
distribution. Sources: Gelman et al. (2013), Bayesian Data Analysis, 2.6; Jeffreys (1946) for what is believed where
there is nothing to go by; McCullagh and Nelder (1989), Generalized Linear Models, 6.2, for days that differ by more
than chance; Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value; Johnson, Kotz and Balakrishnan (1995),
Continuous Univariate Distributions 2, for the beta prime.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Beliefs:
    """What is believed before an object's own figures are looked at; measured on practice accounts and public files.

    The rate of the siblings weighs as much as `strength` events of the object's own, so that rates of siblings differ
    by about ``1 / sqrt(strength)`` of their mean; `value_strength` is the same in results, for their mean value. The
    rate of a typical sibling is `typical_gain` times their common one, in which the big ones weigh most: returns
    diminish.
    `day_cv` is by how much the rate of one object differs from day to day, `value_cv` by how much single values do,
    both as a standard deviation in parts of the mean.
    """

    strength: float = 3.0
    typical_gain: float = 1.3
    value_strength: float = 10.0
    day_cv: float = 0.3
    value_cv: float = 0.6


USUAL = Beliefs()


# Whether a probability reaches another one can mostly be told from a score, whose normal distribution misses it by less
# than this where no shape is below 1 (Wilson and Hilferty, 1931; Paulson, 1942; a test looks at a grid of shapes).
SCORE_ERROR = 0.015


@dataclass(frozen=True)
class Rate:
    """A rate with the density of a Gamma distribution: `shape` events in `exposure`; NaN where it is unknown.

    As of all beliefs, `below` is the probability that it is below a value from 0 on, `above` that it is above, and
    `score` is what its normal distribution is nearly `below` of.
    """

    shape: Floats
    exposure: Floats

    def below(self, value: Floats) -> Floats:
        below: Floats = special.gammainc(self.shape, self.exposure * value)
        return below

    def above(self, value: Floats) -> Floats:
        above: Floats = special.gammaincc(self.shape, self.exposure * value)
        return above

    def score(self, value: Floats) -> Floats:
        slope, offset = self._line
        return np.cbrt(value) * slope - offset

    @cached_property
    def _line(self) -> tuple[Floats, Floats]:
        return _line(self.shape, self.exposure)

    @property
    def least_shape(self) -> Floats:
        return self.shape

    def take(self, rows: Rows) -> "Rate":
        return Rate(self.shape[rows], self.exposure[rows])


@dataclass(frozen=True)
class Mean:
    """A mean value with the density of an inverse Gamma distribution; its mean is ``scale / (shape - 1)``."""

    shape: Floats
    scale: Floats

    def below(self, value: Floats) -> Floats:
        below: Floats = special.gammaincc(self.shape, self.scale / value)
        return below

    def above(self, value: Floats) -> Floats:
        above: Floats = special.gammainc(self.shape, self.scale / value)
        return above

    def score(self, value: Floats) -> Floats:
        slope, offset = self._line
        return offset - slope / np.cbrt(value)

    @cached_property
    def _line(self) -> tuple[Floats, Floats]:
        return _line(self.shape, self.scale)

    @property
    def least_shape(self) -> Floats:
        return self.shape

    def take(self, rows: Rows) -> "Mean":
        return Mean(self.shape[rows], self.scale[rows])


@dataclass(frozen=True)
class Product:
    """A rate times a mean value: ``scale / exposure`` times a beta prime of both shapes."""

    rate: Rate
    mean: Mean

    def below(self, value: Floats) -> Floats:
        odds = value * self._exposure_of_one
        below: Floats = special.betainc(self.rate.shape, self.mean.shape, 1 / (1 + 1 / odds))
        return below

    def above(self, value: Floats) -> Floats:
        odds = value * self._exposure_of_one
        # The complement by its own share, since 1 less a share near 1 would lose its last digits.
        above: Floats = special.betainc(self.mean.shape, self.rate.shape, 1 / (1 + odds))
        return above

    def score(self, value: Floats) -> Floats:
        root, rest_of_rate, rest_of_mean = self._roots
        ratio = np.cbrt(value) * root
        return ((1 - rest_of_mean) * ratio - (1 - rest_of_rate)) / np.sqrt(ratio * ratio * rest_of_mean + rest_of_rate)

    @cached_property
    def _exposure_of_one(self) -> Floats:
        return self.rate.exposure / self.mean.scale

    @cached_property
    def _roots(self) -> tuple[Floats, Floats, Floats]:
        root = np.cbrt(self._exposure_of_one * self.mean.shape / self.rate.shape)
        return root, 1 / (9 * self.rate.shape), 1 / (9 * self.mean.shape)

    @cached_property
    def least_shape(self) -> Floats:
        return np.minimum(self.rate.shape, self.mean.shape)

    def take(self, rows: Rows) -> "Product":
        return Product(self.rate.take(rows), self.mean.take(rows))


Belief = Rate | Mean | Product


def _line(shape: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Return slope and offset of the score in the cube root of a Gamma variable."""
    width = 3 * np.sqrt(shape)
    return np.cbrt(scale / shape) * width, width - 1 / width


def rate_of(
    counts: Floats, rest_counts: Floats, exposures: Floats, rest_exposures: Floats, days: Floats, beliefs: Beliefs
) -> Rate:
    """Return what is believed of the rates of objects, given their own figures and those of the rest of their parents.

    The rate of the rest is itself uncertain by its count, as Jeffreys has it, and by its days; without exposure of the
    rest there is nothing to go by but the object's own count. Days that differ by more than chance make a count of many
    events a day say less than a Poisson count would.
    """
    day_variance = beliefs.day_cv**2 / days
    of_rest = 1 / (rest_counts + 0.5) + day_variance
    strength = 1 / ((1 + of_rest) / beliefs.strength + of_rest)
    has_rest = rest_exposures > 0
    shape = np.where(has_rest, strength, 0.5)
    exposure = np.where(has_rest, strength * rest_exposures / (beliefs.typical_gain * (rest_counts + 0.5)), 0.0)
    expected = exposures * (shape + counts) / (exposure + exposures)
    dispersion = 1 + day_variance * expected
    shape = np.where(exposures > 0, shape + counts / dispersion, np.nan)
    return Rate(shape, exposure + exposures / dispersion)


def mean_of(counts: Floats, rest_counts: Floats, values: Floats, rest_values: Floats, beliefs: Beliefs) -> Mean:
    """Return what is believed of the mean values of objects' results, given the values of own and other results.

    Where no result has a value nothing can be said.
    """
    events_a_result = 1 / beliefs.value_cv**2
    has_rest = (rest_counts > 0) & (rest_values > 0)
    variance = 1 / beliefs.value_strength + beliefs.value_cv**2 / rest_counts
    shape = np.where(has_rest, 2 + 1 / variance, 0.0)
    scale = np.where(has_rest, rest_values / rest_counts * (shape - 1), 0.0)
    scale = scale + events_a_result * values
    return Mean(np.where(scale > 0, shape + events_a_result * counts, np.nan), scale)
