"""Lags, windows, rates, prices and their changes: what happened on the days before."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from aibuyer_kit.core.metrics import arrives_late
from aibuyer_kit.features.feature import Feature, Leakage, Unit
from aibuyer_kit.features.view import MICROS_PER_UNIT, View, ratio
from aibuyer_kit.features.windows import Floats

LAGS = (1, 7, 14, 28)
WINDOWS = (3, 7, 28)
RATE_WINDOWS = (7, 28)
_MEASURES: tuple[tuple[str, Unit], ...] = (
    ("spend", "money"),
    ("impressions", "count"),
    ("clicks", "count"),
    ("results", "count"),
    ("revenue", "money"),
)
# What is divided by what; what arrives late is divided by the part of it that goes with what has arrived.
_RATES: tuple[tuple[str, Unit, str, str, float], ...] = (
    ("ctr", "share", "clicks", "impressions", 1),
    ("cpm", "money", "spend", "impressions", 1000 / MICROS_PER_UNIT),
    ("cpc", "money", "spend", "clicks", 1 / MICROS_PER_UNIT),
    ("cvr", "share", "results.known", "clicks.arrived", 1),
    ("cpa", "money", "spend.arrived", "results.known", 1 / MICROS_PER_UNIT),
    ("roas", "ratio", "revenue.known", "spend.arrived", 1),
    ("value_per_result", "money", "revenue.known", "results.known", 1 / MICROS_PER_UNIT),
)
_OF = {name: (above, below, scale) for name, _, above, below, scale in _RATES}
# The latest weeks' rate over that of a month: whether it rises or falls.
_CHANGES = ("ctr", "cpm", "cvr")


def past_features() -> Iterator[Feature]:
    """Yield features of each measure and rate by itself."""
    for name, unit in _MEASURES:
        rule = _rule(name)
        for days in LAGS:
            yield Feature(f"{name}_lag_{days}", unit, rule, partial(_lag, name, days), "lag", name, {"days": days})
        for days in WINDOWS:
            make = partial(_mean, name, days)
            yield Feature(f"{name}_mean_{days}", unit, rule, make, "mean", name, {"days": days})
        make = partial(_same_weekday, name)
        yield Feature(f"{name}_same_weekday", unit, rule, make, "same_weekday", name)
        yield Feature(f"{name}_change", "ratio", rule, partial(_level_change, name), "level_change", name)
    for name, unit, *_ in _RATES:
        for days in RATE_WINDOWS:
            make = partial(rate, name, days)
            yield Feature(f"{name}_{days}", unit, _rule(name), make, "rate", name, {"days": days})
    for name in _CHANGES:
        yield Feature(f"{name}_change", "ratio", _rule(name), partial(_rate_change, name), "rate_change", name)


def price_features() -> Iterator[Feature]:
    """Yield features of the price of impressions and of who competes for them."""
    over = Leakage.DAY_OVER
    yield Feature("account_cpm_7", "money", over, partial(_account_cpm, 7))
    yield Feature("account_cpm_change", "ratio", over, _account_price_change)
    yield Feature("cpm_against_account_7", "ratio", over, _against_account)
    yield Feature("spend_share_7", "share", over, _spend_share)
    yield Feature("campaign_rivals", "count", over, _campaign_rivals)


def rate(name: str, days: int, view: View) -> Floats:
    """Return a rate over the days before each day: one division of two sums over the same days."""
    above, below, scale = _OF[name]
    return scale * ratio(view.sums(above, days), view.sums(below, days))


def _rule(name: str) -> Leakage:
    return Leakage.RESTATED if arrives_late(name) else Leakage.DAY_OVER


def _units(name: str, values: Floats) -> Floats:
    return values / MICROS_PER_UNIT if name in ("spend", "revenue") else values


def _lag(name: str, days: int, view: View) -> Floats:
    final = f"{name}.final" if arrives_late(name) else name
    return _units(name, view.before(view.day_values(final), days))


def _mean(name: str, days: int, view: View, lag: int = 0) -> Floats:
    if not arrives_late(name):
        return _units(name, view.means(name, days, lag))
    # What is known of all days over how many days' worth of it is known: days that are ripe count for more.
    return _units(name, ratio(view.sums(f"{name}.known", days, lag), view.sums("share", days, lag)))


def _same_weekday(name: str, view: View) -> Floats:
    lags = np.stack([_lag(name, days, view) for days in (7, 14, 21, 28)])
    known = ~np.isnan(lags)
    return ratio(np.where(known, lags, 0.0).sum(axis=0), known.sum(axis=0))


def _level_change(name: str, view: View) -> Floats:
    return ratio(_mean(name, 7, view), _mean(name, 28, view))


def _rate_change(name: str, view: View) -> Floats:
    return ratio(rate(name, 7, view), rate(name, 28, view))


def _account(view: View, name: str, days: int) -> Floats:
    return view.grouped(view.sums(name, days), lambda each: each.account_id)


def _account_cpm(days: int, view: View) -> Floats:
    return ratio(_account(view, "spend", days), _account(view, "impressions", days)) * 1000 / MICROS_PER_UNIT


def _account_price_change(view: View) -> Floats:
    return ratio(_account_cpm(7, view), _account_cpm(28, view))


def _against_account(view: View) -> Floats:
    return ratio(rate("cpm", 7, view), _account_cpm(7, view))


def _spend_share(view: View) -> Floats:
    return ratio(view.sums("spend", 7), _account(view, "spend", 7))


def _campaign_rivals(view: View) -> Floats:
    shown = view.before(view.day_values("impressions"))
    is_shown = np.where(shown > 0, 1.0, 0.0)
    others = view.grouped(is_shown, lambda each: each.campaign_id or "") - is_shown
    return np.where(np.isnan(shown), np.nan, others)
