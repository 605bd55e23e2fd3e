"""A client's metric without weekdays, the time of the year, holidays and promotions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import parse_level
from aibuyer_kit.core.errors import InputError, UnknownMetricError
from aibuyer_kit.core.i18n import t
from aibuyer_kit.core.metrics import Measure, Ratio, arrives_late, counts_results, metric
from aibuyer_kit.features.panel import DailyPanel
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.forecasting.result import ForecastObject
from aibuyer_kit.forecasting.seasonal import seasonally_adjusted
from aibuyer_kit.forecasting.seasonal_result import Seasonal, with_total
from aibuyer_kit.forecasting.series import BUDGET, SeriesSet
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.features import country_of
from aibuyer_kit.workflows.forecast import LEARNT_FROM_DAYS, of_one_kind, series_of
from aibuyer_kit.workflows.no_results import leads_back
from aibuyer_kit.workflows.panel import read_panel
from aibuyer_kit.workflows.panel_besides import with_budgets
from aibuyer_kit.workflows.period import account_today, on_account_clock

# A weekday is told from so many of each, the time of the year from nearly a whole one.
_LEAST_DAYS, _YEAR_DAYS = 28, 292


@leads_back
def client_seasonal(
    context: ClientContext,
    reader: Reader,
    name: str,
    *,
    level: str = "account",
    promotions: Sequence[DateRange] = (),
    action_type: str = "",
    as_of: AsOf | None = None,
) -> Seasonal:
    """Return a metric of each object of `level`, and of all, as it is and as it would be on usual days.

    What is learnt from are up to 420 days. A ratio is made of adjusted sums. Raises InputError where less than four
    weeks are known, UnknownMetricError, NotFoundError, MixedCurrencyError.
    """
    today = account_today(context, reader, as_of=as_of)
    first = reader.freshness(as_of=as_of).first_day or today - timedelta(days=1)
    until = today - timedelta(days=1)
    past = DateRange(min(max(first, today - timedelta(days=LEARNT_FROM_DAYS)), until), until)
    panel = with_budgets(read_panel(context, reader, parse_level(level), past, as_of=as_of), reader)
    country = country_of(context, panel)
    if counts_results(name):
        panel, _ = of_one_kind(panel, action_type)
    return panel_seasonal(panel, name, promotions=promotions, country=country, locale=context.settings.locale)


def panel_seasonal(
    panel: DailyPanel,
    name: str,
    *,
    promotions: Sequence[DateRange] = (),
    country: str | None = None,
    locale: str = "en",
) -> Seasonal:
    """Return a metric of a panel as it is, and as it would be on usual days. Raises InputError, UnknownMetricError."""
    asked = metric(name)
    if isinstance(asked, Measure) and asked.additive != "everywhere" and name != "results":
        raise UnknownMetricError(f"{name!r} cannot be added up over days, so it has no season. Ask for impressions.")
    if len(panel.days) < _LEAST_DAYS:
        raise InputError(f"Only {len(panel.days)} days are known; weekdays can be told from {_LEAST_DAYS} on.")
    sides = (asked.numerator, asked.denominator) if isinstance(asked, Ratio) else (asked.name,)
    found = [_adjusted(series_of(panel, side, promotions, country)) for side in sides]
    values, adjusted = (
        _divided(found[0][at], found[1][at], asked.scale) if isinstance(asked, Ratio) else found[0][at] for at in (0, 1)
    )
    objects = tuple(ForecastObject(each.id, each.name, panel.level.value, each.campaign_id) for each in panel.objects)
    return Seasonal(
        metric=name,
        currency=panel.currency,
        locale=locale,
        days=panel.days,
        objects=with_total(objects, locale),
        values=values,
        adjusted=adjusted,
        known_at=on_account_clock(panel.known_at, (each.time_zone for each in panel.objects)),
        load_id=panel.load_id,
        notes=_notes(panel, name, locale),
        sides=_sides(found) if isinstance(asked, Ratio) else None,
    )


def _sides(found: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """Return (days, 2) of the total, numerator and denominator: as they are, and adjusted."""
    (as_is, adjusted) = (np.stack([each[at][:, -1] for each in found], axis=1) for at in (0, 1))
    return as_is, adjusted


def _notes(panel: DailyPanel, name: str, locale: str) -> tuple[str, ...]:
    no_year = (t(locale, "forecast.no_year", days=len(panel.days)),) if len(panel.days) < _YEAR_DAYS else ()
    return (*((t(locale, "forecast.still_arriving"),) if arrives_late(name) else ()), *no_year)


def _adjusted(series: SeriesSet) -> tuple[Floats, Floats]:
    """Return values (days, objects + 1) and what they are without the calendar, the total last."""
    kept = series.times
    known = {name: _with_total(each, adds=name == BUDGET) for name, each in series.known.items()}
    whole = replace(
        series, values=_with_total(series.values, adds=True), names=(*series.names, "total"), known=known, assumed={},
        segments=(), parents=(), attributes=(), late=0,
    )  # fmt: skip
    return whole.values[:kept], seasonally_adjusted(whole).adjusted[:kept]


def _with_total(values: Floats, *, adds: bool) -> Floats:
    last = values.sum(axis=1) if adds else values.mean(axis=1)
    return np.concatenate([values, last[:, None]], axis=1)


def _divided(top: Floats, bottom: Floats, scale: int) -> Floats:
    return np.where(bottom > 0, top * scale / np.where(bottom > 0, bottom, 1.0), np.nan)
