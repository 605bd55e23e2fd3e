"""From a panel and lift tests to curves: fit, calibration, identification, and draws of one Hill curve an arm."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from aibuyer_kit.core.errors import ExperimentError, InputError
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.curves import ResponseCurves, ValueOf, seen_range
from aibuyer_kit.planning.response.experiments import Experiment, Tested
from aibuyer_kit.planning.response.fit import LEVEL, ROOM, SHAPES, SLOPE, TIRED, Fitted, Usual, fit
from aibuyer_kit.planning.response.identify import Moves, Reason, identified, moves_of
from aibuyer_kit.planning.response.series import Bools, Ints, Series, series_of, spend_of_late
from aibuyer_kit.planning.response.share import incremental_share, traits_of

# How much carries over, and what is usual of arms.
UsualOfArms = tuple[float, Usual]
# The share of what a lasting change of spend wears out that is felt within the days of a plan.
_FELT = 0.45
_LEAST_ELASTICITY, _MOST_SLOPE = 0.05, 4.0
# Results of others that a value per result is told by, beside an arm's own; and how far their single values differ.
_OTHERS, _VALUE_SPREAD = 3.0, 0.5
# Beyond this standard error of its logarithm, an arm's level is that of the others' results per spend.
_MOST_LEVEL_ERROR, _LEVEL_OF_OTHERS_ERROR = 0.7, 0.5
# No test finds so many times what is reported, or costs so many times what was spent.
_MOST_LIFT, _MOST_SPEND = 50.0, 1.5


@dataclass(frozen=True)
class Learnt:
    """What was learnt of the arms of a panel.

    `elasticity` (draws, arms) is by how many per cent value grows at `spend_now` with a per cent of spend;
    `share` (draws, arms) is what ads bring by what is reported, 1 without tests. `left_out` are names of arms whose
    results have no value.
    """

    curves: ResponseCurves
    series: Series
    fitted: Fitted
    moves: Moves
    reasons: tuple[Reason, ...]
    elasticity: Floats
    share: Floats
    tests: tuple[Tested, ...]
    left_out: tuple[str, ...]
    value_per_result: Floats


def learn_response(
    panel: DailyPanel,
    experiments: Sequence[Experiment] = (),
    *,
    value_of: ValueOf | None = None,
    draws: int = 400,
    seed: int = 0,
    usual: UsualOfArms | None = None,
) -> Learnt:
    """Return the response of every object of a panel that spent something.

    Value is gross profit where the panel has it, else revenue, else results, unless `value_of` says which. Experiments
    on objects or days that are not in the panel do not count. What is `usual` of arms may have been learnt before.
    Raises InputError for a panel that nothing can be learnt from.
    """
    if draws < 20:
        raise InputError(f"draws is {draws}; give 20 or more.")
    panel = _spending(panel)
    panel, chosen, without = _valued(panel, value_of)
    left_out = tuple(each.name for each in without.objects)
    series = series_of(panel)
    if not series.used.any():
        raise InputError(
            f"Of no day in {panel.days} enough is known yet to learn a response from: results are still arriving. "
            "Wait for some days, or take a longer past."
        )
    groups = _groups(panel)
    fitted = fit(series, groups, *(usual or ()))
    rng = np.random.default_rng(seed)
    tests = _tested(panel, series, fitted, experiments)
    drawn = _Draws(series, fitted, draws, rng)
    traits = traits_of(panel, series, np.median(drawn.elasticity, axis=0))
    share = incremental_share(tests, groups, traits, draws, rng) if tests else np.ones((draws, series.arms))
    kept = _kept(share, rng) if tests else np.ones((draws, 1))
    elasticity = 1 - (1 - drawn.elasticity) * kept
    worth, worth_error = _value_per_result(panel, chosen, groups)
    value = drawn.results * share * worth * np.exp(worth_error * rng.standard_normal((draws, series.arms)))
    ceiling, half, slope = _as_hill(drawn.at, value, elasticity, drawn.bend / kept)
    moves = moves_of(series, fitted.common)
    verdicts = identified(series, moves, drawn.elasticity.std(axis=0))
    curves = ResponseCurves(
        arms=tuple(each.id for each in panel.objects),
        names=tuple(each.name for each in panel.objects),
        ceiling=ceiling,
        half=half,
        slope=slope,
        spend_now=series.spend_now,
        identified=tuple(verdict for verdict, _ in verdicts),
        warnings={},
        basis="incremental" if tests else "reported",
        value_of=chosen,
        currency=panel.currency,
        seen=seen_range(series.spend),
        budget_now=series.budget_now,
        left_out=tuple(
            (name, float(spend)) for name, spend in zip(left_out, spend_of_late(without), strict=True) if spend > 0
        ),
        keys=tuple(
            (each.platform, each.account_id, each.level or str(panel.level), each.key) for each in panel.objects
        ),
        revenue_by_value=_by_value(panel, "revenue", worth, groups),
        results_by_value=1.0 / worth,
    )
    reasons = tuple(reason for _, reason in verdicts)
    return Learnt(curves, series, fitted, moves, reasons, elasticity, share, tests, left_out, worth)


class _Draws:
    """Draws (draws, arms) of what is reported: results a day at `at`, the elasticity there, and how fast it falls."""

    def __init__(self, series: Series, fitted: Fitted, draws: int, rng: np.random.Generator) -> None:
        self.at = np.where(series.spend_now > 0, series.spend_now, series.centre)
        root = np.linalg.cholesky(fitted.cover + 1e-10 * np.eye(SHAPES))
        theta = fitted.mode + np.einsum("nij,dnj->dni", root, rng.standard_normal((draws, series.arms, SHAPES)))
        unsure = np.sqrt(fitted.cover[:, LEVEL, LEVEL]) > _MOST_LEVEL_ERROR
        theta[:, unsure, LEVEL] = _levels_of_others(series, fitted, unsure, draws, rng)
        slope, room, tired = np.exp(theta[..., SLOPE]), theta[..., ROOM], theta[..., TIRED]
        log_x = np.log(self.at / series.centre)
        reached = 0.5 * (1 + np.tanh(0.5 * (slope * log_x - room)))
        to_come = fitted.common_ahead + fitted.common_error * rng.standard_normal((draws, 1))
        level = theta[..., LEVEL] + fitted.usual.drift * 0.7 * rng.standard_normal((draws, series.arms)) + to_come
        self.results = np.exp(level + np.log(reached) + np.logaddexp(0, room) - _FELT * tired * log_x)
        self.elasticity = slope * (1 - reached) - _FELT * tired
        self.bend = slope**2 * reached * (1 - reached)


def _levels_of_others(series: Series, fitted: Fitted, unsure: Bools, draws: int, rng: np.random.Generator) -> Floats:
    """Return draws (draws, unsure arms) of log results a day at their centre, at the others' results per spend.

    What is not known may lie far above as well as far below; the mean of such draws stays what the others bring.
    """
    if unsure.all():
        spent = float((series.spend * series.used).sum())
        rate = np.log(max(0.5, float(series.results.sum())) / spent)
    else:
        sure = ~unsure
        rate = np.log(np.exp(fitted.mode[sure, LEVEL]).sum() / series.centre[sure].sum())
    around = _LEVEL_OF_OTHERS_ERROR * rng.standard_normal((draws, int(unsure.sum()))) - _LEVEL_OF_OTHERS_ERROR**2 / 2
    return np.asarray(rate + np.log(series.centre[unsure]) + around)


def _kept(share: Floats, rng: np.random.Generator) -> Floats:
    """Return draws (draws, 1) of how much of the saturation that reports show is that of what ads bring.

    Who would have bought anyway is claimed once he has been shown an ad, and there are only so many of them: such
    claims saturate before persuasion does. How many there are shows in how far the platform claims more than was
    brought.
    """
    usual = np.exp(np.median(np.log(share), axis=1, keepdims=True))
    given = 1.0 - np.clip(1.1 * usual, 0.6, 1.0)
    return np.asarray(1.0 - np.minimum(given * np.exp(0.25 * rng.standard_normal(usual.shape)), 0.7))


def _as_hill(spend: Floats, value: Floats, elasticity: Floats, bend: Floats) -> tuple[Floats, Floats, Floats]:
    """Return ceiling, half and slope of the Hill curves with this value, elasticity and fall of it at some spend."""
    steep = np.maximum(elasticity, _LEAST_ELASTICITY)
    slope = np.clip(steep + np.maximum(bend, 0.02) / steep, 0.1, _MOST_SLOPE)
    reached = np.clip(1 - steep / slope, 0.01, 0.99)
    half = spend * ((1 - reached) / reached) ** (1 / slope)
    return value / reached, half, slope


def _spending(panel: DailyPanel) -> DailyPanel:
    spend = np.nansum(panel.measure("spend"), axis=0)
    places = np.flatnonzero(spend > 0).tolist()
    if not places:
        raise InputError(f"Nothing was spent in {panel.days}: there is nothing to learn a response from.")
    return panel if len(places) == len(panel.objects) else panel.only(places)


def _valued(panel: DailyPanel, value_of: ValueOf | None) -> tuple[DailyPanel, ValueOf, DailyPanel]:
    """Return the panel of the arms whose results have a value, what that is, and the panel of the others."""
    order: tuple[ValueOf, ...] = ("gross_profit", "revenue", "results")
    for chosen in (value_of,) if value_of else order:
        values = panel.measures.get(chosen)
        if values is None or not np.nansum(values) > 0:
            continue
        if (values < 0).any():
            raise InputError(f"The panel's {chosen} is negative on some day: a response has no such figure.")
        results = np.nansum(panel.measure("results"), axis=0)
        lacks = (np.nansum(values, axis=0) <= 0) & (results > 0)
        kept = panel.only(np.flatnonzero(~lacks).tolist()) if lacks.any() else panel
        return kept, chosen, panel.only(np.flatnonzero(lacks).tolist())
    told = value_of or "results"
    raise InputError(f"There is no {told} in {panel.days}: without any, nothing can be learnt of what spend brings.")


def _groups(panel: DailyPanel) -> Ints:
    """Return the campaign of each arm as a number; campaigns themselves go by their objective."""
    keys = [each.objective if panel.level == "campaign" else each.campaign_id for each in panel.objects]
    return np.asarray(np.unique([key or "" for key in keys], return_inverse=True)[1], dtype=np.int64)


def _value_per_result(panel: DailyPanel, chosen: ValueOf, groups: Ints) -> tuple[Floats, Floats]:
    """Return what a result of each arm is worth, and the standard error of its logarithm."""
    results = panel.measure("results")
    if chosen == "results":
        return np.ones(len(groups)), np.zeros(len(groups))
    known = np.isfinite(results) & np.isfinite(panel.measure(chosen))
    count = (np.where(known, results, 0.0)).sum(axis=0)
    value = np.where(known, panel.measure(chosen), 0.0).sum(axis=0) / MICROS_PER_UNIT
    of_group = np.bincount(groups, value)[groups] / np.maximum(1.0, np.bincount(groups, count)[groups])
    usual = np.where(of_group > 0, of_group, value.sum() / max(1.0, count.sum()))
    worth = (value + _OTHERS * usual) / (count + _OTHERS)
    brought, arrived = (np.where(known, panel.measure(name), 0.0) for name in (chosen, "results"))
    off = ((brought / MICROS_PER_UNIT - worth * arrived) ** 2).sum(axis=0) / np.maximum(worth, 1e-12) ** 2
    spread = np.sqrt((off + _OTHERS * _VALUE_SPREAD**2) / (count + _OTHERS))
    return worth, spread / np.sqrt(count + _OTHERS)


def _by_value(panel: DailyPanel, name: Literal["revenue"], worth: Floats, groups: Ints) -> Floats | None:
    """Return how much of `name` goes with a unit of value of each arm; None where the panel does not tell it."""
    values = panel.measures.get(name)
    if values is None or not np.nansum(values) > 0:
        return None
    return np.asarray(_value_per_result(panel, name, groups)[0] / worth)


def _tested(panel: DailyPanel, series: Series, fitted: Fitted, experiments: Sequence[Experiment]) -> tuple[Tested, ...]:
    """Return the experiments on arms of the panel with what was reported of their days when all was in."""
    places = {each.id: place for place, each in enumerate(panel.objects)}
    days = list(panel.days)
    final = fitted.expected / series.known * series.used
    found = []
    for test in experiments:
        rows = [row for row, day in enumerate(days) if day in test.days]
        place = places.get(test.object_id)
        if place is None or len(rows) < len(test.days):
            continue
        reported = float(final[rows, place].sum()) * _part_of_spend(test, float(series.spend[rows, place].sum()))
        if abs(test.results) > _MOST_LIFT * max(1.0, reported) + 10 * test.standard_error:
            raise ExperimentError(
                f"The experiment on {test.object_id!r} of {test.days} says {test.results:g} results, where the "
                f"platform reported {reported:.0f}: one of them is not what it is called."
            )
        if reported > 0:
            found.append(Tested(place, reported, test.results, test.standard_error))
    return tuple(found)


def _part_of_spend(test: Experiment, spent: float) -> float:
    """Return which part of an arm's spend was tested: all of it, unless the test says less."""
    if test.spend > _MOST_SPEND * spent:
        raise ExperimentError(
            f"The experiment on {test.object_id!r} of {test.days} says that {test.spend:,.2f} were spent, and "
            f"{spent:,.2f} were: the object, the days or the currency is another one."
        )
    return min(1.0, test.spend / spent) if test.spend > 0 and spent > 0 else 1.0
