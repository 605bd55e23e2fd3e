"""Whether figures have come to mean something else: prices, rates, units and what is missing, day by day.

Each signal of an account is held against its own past: a running rate of the days before (a half-life of ten days, so
that seasons are followed), by weekdays, and with the share of results that is known. The last one, two and three days
are looked at. What is large enough to be told is settled by the signal's own history: how far it has ever strayed, by
its middle and by its extremes, so that promotions which come again and again are no drift. All signals, spans and the
days of four weeks share one chance of a false alarm.

The days on which people shop are known, and come once a year: what is seen of an account does not hold the last ones.
On them, and at the turn of the year, figures have to stray much farther to be told (a unit that is a hundred times
another one still is), and what was seen on them is not what is usual later.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.calendar import shopping_days
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.windows import Bools, Floats

LEAST_DAYS = 35
_SPANS = (1, 2, 3)
_HALF_LIFE_DAYS = 10.0
_BEFORE_DAYS = 14  # a rate is one of so many days at least
_HISTORY_DAYS = 120
# Chance of a false alarm in four weeks, over all signals.
_CHANCE, _WATCHED_DAYS = 0.03, 28
# By what factor a signal has to move at least to be told: currencies differ by less seldom, and noise by more often.
_LEAST = {"cpm": 1.08, "ctr": 1.12, "cvr": 1.15, "value_per_result": 1.08, "volume": 1.9, "scatter": 1.5}
_LEAST_IN_SALES = {"cpm": 2.5, "ctr": 2.0, "cvr": 3.0, "value_per_result": 2.0, "volume": 6.0, "scatter": 3.0}
# So many days before and after a shopping day are sales, too: Black Friday's week begins on its Monday.
_SALES = {
    "black_friday": (4, 2),
    "cyber_monday": (0, 1),
    "singles_day": (2, 1),
    "valentines_day": (3, 0),
    "mothers_day": (3, 0),
}
_MISSING_SHARE, _LEAST_MISSING = 0.3, 3


@dataclass(frozen=True)
class Shift:
    """What has changed in an account: `signal` is cpm, ctr, cvr, value_per_result, volume (what most of its objects
    spend), scatter (how its objects' prices and rates differ from their own), missing or untold; by which factor, or
    which share of objects."""

    account_id: str
    signal: str
    factor: float
    since: date

    def __str__(self) -> str:
        match self.signal:
            case "missing":
                said = f"{self.factor:.0%} of the objects that spent every day have no figures"
            case "untold":
                said = f"a measure that was always reported is missing from {self.factor:.0%} of the objects"
            case "scatter":
                said = f"prices and rates of single objects stray {self.factor:.1f} times as far as they did"
            case "volume":
                said = f"what most objects spend is {self.factor:.2f} times what it was"
            case _:
                said = f"{self.signal} is {self.factor:.2f} times what it was"
        return f"{self.account_id}: since {self.since} {said}"


def drift(panel: DailyPanel) -> tuple[Shift, ...]:
    """Return what has changed in the last three days of a panel, the most striking first; nothing where all is well.

    Raises InputError for fewer than 35 days: nobody could tell what is usual.
    """
    if len(panel.days) < LEAST_DAYS:
        raise InputError(f"Drift is told from {LEAST_DAYS} days at least; these are {len(panel.days)}.")
    accounts = sorted({each.account_id for each in panel.objects})
    found: list[tuple[float, Shift]] = []
    for account_id in accounts:
        own = panel.only([place for place, each in enumerate(panel.objects) if each.account_id == account_id])
        found += _of_account(account_id, own, len(accounts))
    return tuple(shift for _, shift in sorted(found, key=lambda each: (-each[0], each[1].signal)))


@dataclass(frozen=True)
class _Rate:
    """Two sums by day whose ratio is watched; `is_count`: the numerator counts events, and scatters as such."""

    name: str
    top: Floats
    bottom: Floats
    is_count: bool = False


def _of_account(account_id: str, panel: DailyPanel, accounts: int) -> Iterator[tuple[float, Shift]]:
    days = list(panel.days)
    rates = list(_rates(panel))
    sales, watched = _sales(panel.days)
    tests = (len(rates) + 2) * len(_SPANS) * accounts * _WATCHED_DAYS * 2
    for rate in rates:
        strays = _strays(rate, panel.days.since.weekday(), sales)
        if (most := _most(rate.name, strays, _CHANCE / tests, sales, watched)) is not None:
            yield most[0], Shift(account_id, rate.name, float(np.exp(most[1])), days[-most[2]])
    for name, strays in (("volume", _volume(panel, sales)), ("scatter", _scatter(panel, sales))):
        if (most := _most(name, strays, _CHANCE / tests, sales, watched)) is not None:
            if name == "scatter" and most[1] < 0:
                continue
            yield most[0], Shift(account_id, name, float(np.exp(most[1])), days[-most[2]])
    yield from _gone(account_id, panel, days)


def _sales(days: DateRange) -> tuple[Bools, Bools]:
    """Return by day whether it is one of sales, and whether it is one, or at the turn of the year."""
    around = DateRange(days.since - timedelta(days=7), days.until + timedelta(days=7))
    spans = ((each.day, *_SALES[each.key]) for each in shopping_days(around))
    held = {day + timedelta(days=away) for day, before, after in spans for away in range(-before, after + 1)}
    sales = np.array([day in held for day in days])
    turn = np.array([(day.month, day.day) >= (12, 22) or (day.month, day.day) <= (1, 2) for day in days])
    return sales, sales | turn


def _touched(days: Bools, span: int) -> Bools:
    """Return whether a day, or one of those before it in its span, is among `days`."""
    return np.convolve(days, np.ones(span))[: len(days)] > 0


def _rates(panel: DailyPanel) -> Iterator[_Rate]:
    """Yield what an account pays and gets, over the objects and days of which both sides are told."""
    share = np.clip(panel.known_share, 0.0, 1.0)
    share = np.where(share >= 0.2, share, np.nan)
    pairs = (
        ("cpm", "spend", "impressions", None, False),
        ("ctr", "clicks", "impressions", None, True),
        ("cvr", "results", "clicks", share, True),
        ("value_per_result", "revenue", "results", None, False),
    )
    for name, top, bottom, known, is_count in pairs:
        if top not in panel.measures or bottom not in panel.measures:
            continue
        upper, lower = panel.measure(top), panel.measure(bottom)
        if known is not None:
            lower = lower * known
        told = np.isfinite(upper) & np.isfinite(lower)
        sums = np.where(told, upper, 0).sum(axis=1), np.where(told, lower, 0).sum(axis=1)
        if (sums[0] > 0).sum() >= LEAST_DAYS // 2:
            yield _Rate(name, *sums, is_count)


def _strays(rate: _Rate, first_weekday: int, sales: Bools) -> dict[int, Floats]:
    """Return by span how far each day and those before it stray from what was to be expected, as a log; NaN: untold."""
    top, bottom = np.maximum(rate.top, 0.0), np.maximum(rate.bottom, 0.0)
    weekday = (np.arange(len(top)) + first_weekday) % 7
    factors = _weekdays(top[:-3], bottom[:-3], weekday[:-3])
    expected = bottom * factors[weekday]
    found = {}
    for span in _SPANS:
        strays = np.full(len(top), np.nan)
        for day in range(_BEFORE_DAYS + span - 1, len(top)):
            before, tested = slice(max(0, day - span + 1 - 56), day - span + 1), slice(day - span + 1, day + 1)
            weights = 0.5 ** (np.arange(before.stop - before.start)[::-1] / _HALF_LIFE_DAYS) * ~sales[before]
            whole = float(weights @ expected[before])
            usual = float(weights @ top[before]) / whole if whole > 0 else 0.0
            due, seen = usual * float(expected[tested].sum()), float(top[tested].sum())
            prior = 1.0 if rate.is_count else 0.0
            if due > 0 and bottom[tested].min() > 0 and seen + prior > 0:
                strays[day] = np.log((seen + prior) / (due + prior))
        found[span] = strays
    return found


def _weekdays(top: Floats, bottom: Floats, weekday: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Floats:
    """Return a factor for each weekday: the middle of its weeks, drawn to 1 where there are few."""
    smooth = np.ones(7)
    around = np.convolve(top, smooth, "same") / np.maximum(np.convolve(bottom, smooth, "same"), 1e-9)
    told = (bottom > 0) & (around > 0) & (top > 0)
    logs = np.log(top, where=told, out=np.zeros_like(top)) - np.log(bottom * around, where=told, out=np.zeros_like(top))
    found = np.zeros(7)
    for day in range(7):
        own = logs[told & (weekday == day)]
        found[day] = np.median(own) * len(own) / (len(own) + 2.0) if len(own) else 0.0
    factors: Floats = np.exp(found)
    return factors


def _most(
    name: str, strays: dict[int, Floats], chance: float, sales: Bools, watched: Bools
) -> tuple[float, float, int] | None:
    """Return the span of the last days that strays farthest beyond what is usual: how far beyond, its log, its days."""
    from scipy import stats

    best: tuple[float, float, int] | None = None
    for span, each in strays.items():
        least = np.log((_LEAST_IN_SALES if _touched(watched, span)[-1] else _LEAST)[name])
        past = np.where(_touched(sales, span), np.nan, each)[-_HISTORY_DAYS : -max(_SPANS)]
        now = each[-1]
        past = past[np.isfinite(past)]
        if not np.isfinite(now) or len(past) < 14:
            continue
        sizes = np.abs(past)
        usual = 1.4826 * float(np.median(np.abs(past - np.median(past))))
        often, rarely = float(np.quantile(sizes, 0.9)) / 1.645, float(sizes.max()) / 3.5
        scale = max(usual, often, min(rarely, 2.5 * often), 0.004)
        limit = max(least, float(stats.t.isf(chance, len(past))) * scale)
        if abs(now) > limit and (best is None or abs(now) / limit > best[0]):
            best = abs(now) / limit, float(now), span
    return best


def _volume(panel: DailyPanel, sales: Bools) -> dict[int, Floats]:
    """Return how far the middle object's spend strays from its own of the two weeks before, of those that spent.

    Weekdays are taken off: where a week's budget is spent before the week is over, its last day brings little.
    """
    spend = np.nan_to_num(panel.measure("spend"))
    weekday = (np.arange(len(spend)) + panel.days.since.weekday()) % 7
    factors = _weekdays(spend.sum(axis=1)[:-3], np.ones(len(spend) - 3), weekday[:-3])
    spend = spend / factors[weekday][:, None]
    found = {}
    for span in _SPANS:
        strays = np.full(len(spend), np.nan)
        for day, now, before in _beside_before(spend, span, sales):
            both = (now > 0) & (before > 0)
            if both.sum() >= 3:
                strays[day] = np.median(np.log(now[both] / before[both]))
        found[span] = strays
    return found


def _beside_before(values: Floats, span: int, sales: Bools) -> Iterator[tuple[int, Floats, Floats]]:
    """Yield for each day the daily mean of its span, and that of the 14 days before it that are no sales."""
    usual = np.flatnonzero(~sales)
    sums, usual_sums = (
        np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(each, axis=0)]) for each in (values, values[usual])
    )
    for day in range(_BEFORE_DAYS + span - 1, len(values)):
        first = day - span + 1
        last = int(np.searchsorted(usual, first))
        if last >= _BEFORE_DAYS:
            now, before = sums[day + 1] - sums[first], usual_sums[last] - usual_sums[last - _BEFORE_DAYS]
            yield day, now / span, before / _BEFORE_DAYS


def _scatter(panel: DailyPanel, sales: Bools) -> dict[int, Floats]:
    """Return by how much more than usual single objects stray from their own price and click rate, beside the middle's.

    A shift of half of the objects up and half of them down leaves sums as they were.
    """
    shown = np.nan_to_num(panel.measure("impressions"))
    found = {}
    for span in _SPANS:
        size = np.zeros(len(shown))
        for name in ("spend", "clicks"):
            size = size + _spread(np.nan_to_num(panel.measure(name)), shown, span, sales)
        usual = np.where(_touched(sales, span), np.nan, size)
        strays = np.full(len(size), np.nan)
        for day in range(2 * _BEFORE_DAYS, len(size)):
            past = usual[day - span - _BEFORE_DAYS : day - span + 1]
            past = past[np.isfinite(past)]
            if len(past) >= 7 and size[day] > 0:
                strays[day] = np.log(size[day] / max(float(np.median(past)), 1e-6))
        found[span] = strays
    return found


def _spread(top: Floats, bottom: Floats, span: int, sales: Bools) -> Floats:
    """Return by day the mean distance of objects' log ratios from the middle one's, each beside its own past."""
    found = np.full(len(top), np.nan)
    both = zip(_beside_before(top, span, sales), _beside_before(bottom, span, sales), strict=True)
    for (day, top_now, top_before), (_, now, before) in both:
        told = (top_now > 0) & (now > 0) & (top_before > 0) & (before > 0)
        if told.sum() < 4:
            continue
        logs = np.log(top_now[told] / now[told]) - np.log(top_before[told] / before[told])
        found[day] = np.average(np.abs(logs - np.median(logs)), weights=before[told])
    return found


def _gone(account_id: str, panel: DailyPanel, days: list[date]) -> Iterator[tuple[float, Shift]]:
    """Yield objects that are said to run and have no figures, and measures that are not reported any more."""
    spend = panel.measure("spend")
    runs = np.array([each.status in (None, "ACTIVE") for each in panel.objects])
    steady = runs & (np.nan_to_num(spend[-10:-3]) > 0).all(axis=0)
    if (missing := _missing(steady, ~(np.nan_to_num(spend) > 0))) is not None:
        usual = [
            _share(runs & (np.nan_to_num(spend[day - 7 : day]) > 0).all(axis=0), ~(np.nan_to_num(spend[day]) > 0))
            for day in range(7, len(spend) - 3)
        ]
        if missing[0] > max(_MISSING_SHARE, 2.0 * float(np.quantile(usual, 0.98))):
            yield 10 * missing[0], Shift(account_id, "missing", missing[0], days[-missing[1]])
    for values in panel.measures.values():
        always = np.isfinite(values[-31:-3]).mean(axis=0) > 0.95
        if (untold := _missing(always, ~np.isfinite(values))) is not None and untold[0] > _MISSING_SHARE:
            yield 10 * untold[0], Shift(account_id, "untold", untold[0], days[-untold[1]])
            return


def _missing(held: Bools, empty: Bools) -> tuple[float, int] | None:
    """Return which share of the objects held is missing today, and for how many days that has been so."""
    if held.sum() < _LEAST_MISSING:
        return None
    today = _share(held, empty[-1])
    if today * held.sum() < _LEAST_MISSING:
        return None
    since = next((span for span in (1, 2) if _share(held, empty[-span - 1]) < 0.5 * today), 3)
    return today, since


def _share(held: Bools, empty: Bools) -> float:
    return float((held & empty).sum() / held.sum()) if held.sum() else 0.0
