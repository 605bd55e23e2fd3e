"""Each arm's part of what is asked for: today's budgets in proportion, as far as limits let them."""

import numpy as np

from aibuyer_kit.core.money import meta_minor_per_unit
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.curves import ResponseCurves
from aibuyer_kit.planning.groups import limits_of
from aibuyer_kit.planning.request import BEYOND_SEEN, USUAL_STEP, PlanRequest, by_arm

_HALVINGS, _ROUNDS = 60, 4


def whole_today(curves: ResponseCurves) -> Floats:
    """Return today's spend by arm in whole minor units, as a budget would be."""
    per_unit = meta_minor_per_unit(curves.currency)
    return np.asarray(np.rint(curves.spend_now * per_unit) / per_unit)


def usual_total(curves: ResponseCurves, asked: PlanRequest) -> float:
    """Return today's total, less what stopped arms and limits of a person take out of it, in whole minor units."""
    per_unit = meta_minor_per_unit(curves.currency)
    total = min(float(whole_today(curves).sum()), float(parts_of(curves, asked, None).sum()))
    return float(np.floor(total * per_unit + 1e-6) / per_unit)


def parts_of(curves: ResponseCurves, asked: PlanRequest, total: float | None) -> Floats:
    """Return by arm its part of a total that was asked for, or else of today's.

    That is today's spend in proportion, within what a person said of arms and groups, and no further up than the usual
    step reaches. Of a total that need not be spent nobody's part is more than today's.
    """
    now = whole_today(curves)
    low, high = _ends(curves, asked, now)
    wanted = None if asked.total_daily_budget is None else total
    if wanted is not None and not asked.spend_all:
        wanted = min(wanted, float(np.clip(now, low, high).sum()))
    groups = [(np.isin(curves.arms, group.arms), *limits_of(group)) for group in asked.groups]
    parts = np.clip(now, low, high)
    for _ in range(_ROUNDS if groups else 1):
        if wanted is not None:
            parts = _scaled(parts, low, high, wanted)
        for inside, least, most in groups:
            together = float(parts[inside].sum())
            if least <= together <= most:
                continue
            parts[inside] = _scaled(parts[inside], low[inside], high[inside], float(np.clip(together, least, most)))
            # What a group's limit moved stays there when the others make up for it.
            end = high if together > most else low
            end[inside] = parts[inside]
    return np.asarray(parts)


def highest_of(curves: ResponseCurves) -> Floats:
    """Return by arm the most that the usual step goes up to."""
    now = whole_today(curves)
    if curves.seen is None:
        return np.asarray(now * (1.0 + USUAL_STEP))
    return np.asarray(np.maximum(curves.seen[1], now) * (1.0 + BEYOND_SEEN))


def _ends(curves: ResponseCurves, asked: PlanRequest, now: Floats) -> tuple[Floats, Floats]:
    """Return the range of each arm's part."""
    arms = curves.arms
    unsure = np.array([known == "no" for known in curves.identified]) & (asked.unidentified != "free")
    low, high = np.zeros(len(arms)), np.full(len(arms), np.inf)
    if isinstance(asked.step, float | int):
        low, high = now * max(0.0, 1.0 - asked.step), now * (1.0 + asked.step)
    high = np.where(unsure | (asked.step == "usual"), np.minimum(high, highest_of(curves)), high)
    least, most = by_arm(asked.least, "least", arms), by_arm(asked.most, "most", arms)
    for place, arm in enumerate(arms):
        low[place] = max(low[place], least.get(arm, 0.0))
        high[place] = min(max(high[place], low[place]), most.get(arm, np.inf))
        low[place] = min(low[place], high[place])
        if arm in asked.stopped:
            low[place] = high[place] = 0.0
        elif arm in asked.held or (unsure[place] and asked.unidentified == "held"):
            low[place] = high[place] = now[place]
    return low, high


def _scaled(parts: Floats, low: Floats, high: Floats, wanted: float) -> Floats:
    """Return amounts that come to `wanted` in proportion to `parts`, each in its range, or as near as they can."""
    some = parts[parts > 0.0]
    if not len(some):
        return parts
    least, most = 0.0, max(2.0 * wanted / float(some.min()), 2.0)
    for _ in range(_HALVINGS):
        middle = 0.5 * (least + most)
        if np.clip(middle * parts, low, high).sum() < wanted:
            least = middle
        else:
            most = middle
    return np.asarray(np.clip(most * parts, low, high))
