"""How often people have seen what is shown: age, frequency, impressions so far, and what of them is remembered."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from aibuyer_kit.features.budgets import ages
from aibuyer_kit.features.feature import Feature, Leakage
from aibuyer_kit.features.panel import PanelObject
from aibuyer_kit.features.view import View, as_columns, decayed, latest, ratio
from aibuyer_kit.features.windows import Floats

# After so many days half of what people have seen counts no more.
MEMORY_DAYS = 7
# A count of people says nothing of today when it is older.
REACH_GOES_STALE_DAYS = 7


def exposure_features() -> Iterator[Feature]:
    """Yield features of age, frequency and fatigue."""
    over = Leakage.DAY_OVER
    yield Feature("age_days", "days", Leakage.ADVANCE, ages)
    yield Feature("creative_age_days", "days", Leakage.SET, _creative_ages)
    yield Feature("days_since_first_impression", "days", over, _days_since_first_impression)
    for days in (7, 28):
        make = partial(_frequency, days)
        yield Feature(f"frequency_{days}", "number", over, make, "frequency", values={"days": days})
    yield Feature("impressions_so_far", "count", over, lambda view: _so_far(view, _own))
    yield Feature("creative_impressions_so_far", "count", over, lambda view: _so_far(view, _creative))
    yield Feature("exposure_memory", "count", over, lambda view: _memory(view, _own))
    yield Feature("creative_exposure_memory", "count", over, lambda view: _memory(view, _creative))
    yield Feature("exposure_per_person", "number", over, _per_person)


def _own(each: PanelObject) -> str:
    return f"{each.account_id} {each.id}"


def _creative(each: PanelObject) -> str:
    return f"{each.account_id} {each.creative_id}" if each.creative_id else ""


def _creative_ages(view: View) -> Floats:
    """Return how old the oldest ad with the same creative is; unknown where no creative is."""
    places, count = view.groups(_creative)
    oldest = np.full((len(view.days), count), -np.inf)
    np.maximum.at(oldest.T, places, np.where(np.isnan(found := ages(view)), -np.inf, found).T)
    known = as_columns([0.0 if each.creative_id else np.nan for each in view.panel.objects])
    return np.where(np.isinf(oldest), np.nan, oldest)[:, places] + known


def _days_since_first_impression(view: View) -> Floats:
    """Return how long ago the first impression within the panel was; unknown before it."""
    seen = view.before(view.day_values("impressions")) > 0
    first = np.where(seen.any(axis=0), seen.argmax(axis=0), len(seen))
    found = np.arange(len(seen))[:, None] - first[None, :] + 1.0
    return view.until_decision(np.where(found > 0, found, np.nan))


def _reach(view: View, days: int, within: int) -> Floats:
    reach = view.panel.reach.get(days)
    return np.full(view.shape, np.nan) if reach is None else view.until_decision(latest(view.before(reach), within))


def _frequency(days: int, view: View) -> Floats:
    """Return impressions a person of the newest window whose people were counted, up to a week ago."""
    reach = view.panel.reach.get(days)
    if reach is None:
        return np.full(view.shape, np.nan)
    # The window of people ended on the day before, and so do these impressions.
    found = ratio(view.sums("impressions", days), view.before(reach))
    return view.until_decision(latest(found, REACH_GOES_STALE_DAYS))


def _so_far(view: View, of: object) -> Floats:
    impressions = np.nan_to_num(view.day_values("impressions"))
    return view.before(np.cumsum(view.grouped(impressions, of), axis=0))  # type: ignore[arg-type]


def _memory(view: View, of: object) -> Floats:
    impressions = np.nan_to_num(view.day_values("impressions"))
    return view.before(decayed(view.grouped(impressions, of), MEMORY_DAYS))  # type: ignore[arg-type]


def _per_person(view: View) -> Floats:
    """Return what is remembered of all impressions per person whom four weeks reached."""
    return ratio(_memory(view, _own), _reach(view, 28, 28))
