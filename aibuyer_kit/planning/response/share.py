"""What ads bring by what is reported of them: from lift tests, and from how claims look that would have come anyway."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.response.experiments import Tested
from aibuyer_kit.planning.response.series import Ints, Series

# Logarithms, before any test: what ads bring by what is reported of an account, and its spread between accounts; how
# far campaigns of an account and arms of a campaign differ.
_ACCOUNT = (math.log(0.52), 0.34)
_CAMPAIGNS = (math.log(0.25), 0.3)
_ARMS = (math.log(0.25), 0.3)
# How the share goes (in logarithms) with the elasticity of reports, with the logarithm of the price of impressions, and
# with that of their results. Claims of people who would have bought anyway are soon exhausted, and such people are dear
# and buy much.
_BY_TRAITS = ((1.2, 0.6), (-0.5, 0.4), (-0.2, 0.25))
_MOST_TRAIT = 1.0
# How far arms differ in all of that, as a share of the usual (a logit): mostly as usual, or not at all.
_DIFFER = (0.0, 10.0)
_ACCOUNT_AT, _CAMPAIGNS_AT, _ARMS_AT, _DIFFER_AT, _TRAITS_AT = range(5)
_CAMPAIGN_AT = _TRAITS_AT + len(_BY_TRAITS)
_BURN_IN, _THIN = 400, 8
_LEAST_ERROR, _MOST_CUTS, _MOST_LOG = 0.02, 100, 5.0
Log = Callable[[Floats], tuple[Floats, float]]


def traits_of(panel: DailyPanel, series: Series, elasticity: Floats) -> Floats:
    """Return what tells claims that would have come anyway (arms, traits), apart from what is usual of the account.

    These are the `elasticity` (arms,) of reports, the price of impressions, and the results of an impression beside
    those of the same kind; the latter two are logarithms, 0 where they are not known.
    """
    arms = series.arms
    one_kind = np.zeros(arms, dtype=np.int64)
    kinds = np.unique([str(each.result_type) for each in panel.objects], return_inverse=True)[1]
    impressions = panel.measures.get("impressions")
    shown = (
        np.zeros(arms) if impressions is None else np.where(series.used, np.nan_to_num(impressions), 0.0).sum(axis=0)
    )
    spent, results = (series.spend * series.used).sum(axis=0), (series.results / series.known).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        price, rate = np.log(spent / shown), np.log(results / shown)
    return np.stack([_apart(elasticity, one_kind), _apart(price, one_kind), _apart(rate, kinds)], axis=1)


def _apart(values: Floats, kinds: NDArray[np.int64]) -> Floats:
    """Return values less the median of their kind; 0 for what is not known."""
    found = np.where(np.isfinite(values), values, np.nan)
    for kind in np.unique(kinds):
        own = kinds == kind
        if np.isfinite(found[own]).any():
            found[own] -= np.nanmedian(found[own])
    return np.asarray(np.clip(np.nan_to_num(found), -_MOST_TRAIT, _MOST_TRAIT))


def incremental_share(
    tests: Sequence[Tested], campaigns: Ints, traits: Floats, draws: int, rng: np.random.Generator
) -> Floats:
    """Return draws (draws, arms) of what ads bring by what is reported of them, from tests on some of the arms.

    ``log share = account + differ * (campaign + arm + slopes * traits)``, with `traits` (arms, traits); all are normal,
    the spreads of campaigns and arms, and how far arms differ at all, unknown as well. ``lift ~ Normal(share *
    reported, error)``. Drawn by elliptical slices (Murray, Adams and MacKay 2010, AISTATS), so that errors as large as
    the lift, and lifts below zero, count for what they are.
    """
    place = np.array([each.place for each in tests])
    reported, lift, error = (
        np.array([getattr(each, name) for each in tests]) for name in ("reported", "results", "error")
    )
    # No test is surer than that, whatever error it states.
    error = np.maximum(error, _LEAST_ERROR * reported)
    arms, of_arm = np.unique(place, return_inverse=True)
    own_at = _CAMPAIGN_AT + int(campaigns.max()) + 1
    of_tested, of_all = _shared(campaigns[arms], traits[arms], own_at), _shared(campaigns, traits, own_at)

    def likelihood(whitened: Floats) -> float:
        shared, spread = of_tested(whitened)
        logs = np.minimum(shared + spread * whitened[own_at:], _MOST_LOG)
        off = (lift - np.exp(logs)[of_arm] * reported) / error
        return float(-0.5 * off @ off)

    found = np.empty((draws, len(campaigns)))
    state = np.zeros(own_at + len(arms))
    held = likelihood(state)
    for number in range(_BURN_IN + draws * _THIN):
        state, held = _slice(state, held, likelihood, rng)
        if number >= _BURN_IN and (number - _BURN_IN) % _THIN == 0:
            own = rng.standard_normal(len(campaigns))
            own[arms] = state[own_at:]
            shared, spread = of_all(state)
            found[(number - _BURN_IN) // _THIN] = np.exp(np.minimum(shared + spread * own, _MOST_LOG))
    return found


def _shared(campaigns: Ints, traits: Floats, own_at: int) -> Log:
    """Return how the log share of each arm goes by what is drawn, without its own part, and the spread of that."""
    usual, unsure = np.array(_BY_TRAITS).T

    def shared(whitened: Floats) -> tuple[Floats, float]:
        differ = 1 / (1 + math.exp(-(_DIFFER[0] + _DIFFER[1] * whitened[_DIFFER_AT])))
        between = math.exp(_CAMPAIGNS[0] + _CAMPAIGNS[1] * whitened[_CAMPAIGNS_AT])
        within = math.exp(_ARMS[0] + _ARMS[1] * whitened[_ARMS_AT])
        slopes = usual + unsure * whitened[_TRAITS_AT:_CAMPAIGN_AT]
        apart = between * whitened[_CAMPAIGN_AT:own_at][campaigns] + traits @ slopes
        return _ACCOUNT[0] + _ACCOUNT[1] * whitened[_ACCOUNT_AT] + differ * apart, differ * within

    return shared


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
