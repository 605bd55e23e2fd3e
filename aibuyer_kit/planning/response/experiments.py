"""Lift tests: what ads brought beyond what would have come anyway, and what that makes of the platform's reports."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import ExperimentError
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.response.series import Ints

# Logarithms of what ads brought by what was reported, before any test: what is usual and its spread between accounts;
# how far campaigns of an account and arms of a campaign differ; by how much more is brought where reports grow by one
# per cent more with a per cent of spend, for claims of people who would have bought anyway are soon exhausted.
_ACCOUNT = (math.log(0.58), 0.34)
_CAMPAIGNS = (math.log(0.32), 0.3)
_ARMS = (math.log(0.2), 0.3)
_BY_ELASTICITY = (1.2, 0.8)
_ACCOUNT_AT, _CAMPAIGNS_AT, _ARMS_AT, _ELASTICITY_AT, _FIXED = range(5)
_BURN_IN, _THIN = 400, 12
_LEAST_ERROR, _MOST_CUTS = 0.02, 100


@dataclass(frozen=True)
class Experiment:
    """One test of one object: `results` beyond those without its ads over `days`, with the error of that figure.

    `spend` is in currency units over all days of the test. Raises ExperimentError for figures that cannot be.
    """

    object_id: str
    days: DateRange
    spend: float
    results: float
    standard_error: float

    def __post_init__(self) -> None:
        numbers = (self.spend, self.results, self.standard_error)
        if not all(math.isfinite(number) for number in numbers):
            raise ExperimentError(
                f"The experiment on {self.object_id!r} of {self.days} has a figure that is no number."
            )
        if self.spend < 0 or self.standard_error <= 0:
            raise ExperimentError(
                f"The experiment on {self.object_id!r} of {self.days} has a spend of {self.spend:g} and a standard "
                f"error of {self.standard_error:g}: spend is 0 or more, and an error above 0."
            )


@dataclass(frozen=True)
class Tested:
    """An experiment beside the reports: its arm's place, and what the platform reported of its days when all was in."""

    place: int
    reported: float
    results: float
    error: float


def incremental_share(
    tests: Sequence[Tested], campaigns: Ints, elasticity: Floats, draws: int, rng: np.random.Generator
) -> Floats:
    """Return draws (draws, arms) of what ads bring by what is reported of them, from tests on some of the arms.

    ``log share = account + campaign + arm + slope * (elasticity - usual)``, with `elasticity` (arms,) of reports; all
    are normal, the spreads of campaigns and arms unknown as well. ``lift ~ Normal(share * reported, error)``. Drawn by
    elliptical slices (Murray, Adams and MacKay 2010, AISTATS), so that errors as large as the lift, and lifts below
    zero, count for what they are.
    """
    count, groups = len(campaigns), int(campaigns.max()) + 1
    place = np.array([each.place for each in tests])
    reported, lift, error = (
        np.array([getattr(each, name) for each in tests]) for name in ("reported", "results", "error")
    )
    # No test is surer than that, whatever error it states.
    error = np.maximum(error, _LEAST_ERROR * reported)
    arms, of_arm = np.unique(place, return_inverse=True)

    apart = elasticity - np.median(elasticity)

    def shared(whitened: Floats) -> Floats:
        """Return the logarithm of the share of each arm as its campaign and its elasticity have it."""
        account = _ACCOUNT[0] + _ACCOUNT[1] * whitened[_ACCOUNT_AT]
        spread = math.exp(_CAMPAIGNS[0] + _CAMPAIGNS[1] * whitened[_CAMPAIGNS_AT])
        slope = _BY_ELASTICITY[0] + _BY_ELASTICITY[1] * whitened[_ELASTICITY_AT]
        return np.asarray(account + spread * whitened[_FIXED : _FIXED + groups][campaigns] + slope * apart)

    def spread_of_arms(whitened: Floats) -> float:
        return math.exp(_ARMS[0] + _ARMS[1] * whitened[_ARMS_AT])

    def logs(whitened: Floats) -> Floats:
        own = spread_of_arms(whitened) * whitened[_FIXED + groups :]
        return np.asarray(shared(whitened)[arms] + own)

    def likelihood(whitened: Floats) -> float:
        off = (lift - np.exp(np.minimum(logs(whitened), 5.0))[of_arm] * reported) / error
        return float(-0.5 * off @ off)

    found = np.empty((draws, count))
    state = np.zeros(_FIXED + groups + len(arms))
    held = likelihood(state)
    for number in range(_BURN_IN + draws * _THIN):
        state, held = _slice(state, held, likelihood, rng)
        if number >= _BURN_IN and (number - _BURN_IN) % _THIN == 0:
            of_all = rng.standard_normal(count)
            of_all[arms] = state[_FIXED + groups :]
            log_share = shared(state) + spread_of_arms(state) * of_all
            found[(number - _BURN_IN) // _THIN] = np.exp(np.minimum(log_share, 5.0))
    return found


def _slice(
    state: Floats, held: float, likelihood: Callable[[Floats], float], rng: np.random.Generator
) -> tuple[Floats, float]:
    """Return the next draw and its log likelihood, from a standard normal prior."""
    other = rng.standard_normal(len(state))
    floor = held + math.log(rng.random())
    angle = rng.uniform(0, 2 * math.pi)
    low, high = angle - 2 * math.pi, angle
    for _ in range(_MOST_CUTS):
        tried = state * math.cos(angle) + other * math.sin(angle)
        value = likelihood(tried)
        if value > floor:
            return tried, value
        low, high = (angle, high) if angle < 0 else (low, angle)
        angle = rng.uniform(low, high)
    # Where the likelihood is so steep that a float cannot tell a step, it stays.
    return state, held
