"""A metric without what the calendar does to it, as people get it: a sentence, two lines, and what weekdays bring."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from aibuyer_kit.charts.fragment import style_tag
from aibuyer_kit.charts.spec import Series, TrendChart
from aibuyer_kit.charts.static import svg
from aibuyer_kit.charts.table_html import html_table
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import format_change, format_metric, format_moment, t
from aibuyer_kit.core.metrics import Ratio, metric
from aibuyer_kit.core.text_table import as_table
from aibuyer_kit.features.windows import Bools, Floats
from aibuyer_kit.forecasting.result import TOTAL, ForecastObject

if TYPE_CHECKING:
    import pandas as pd

_WEEK_DAYS = 7


@dataclass(frozen=True)
class Seasonal:
    """One metric day by day, of each object and of their total, which is the last: arrays are (days, objects).

    `adjusted` is `values` as they would be on a usual day: without weekdays, the time of the year, holidays and
    promotions. Money is in currency units; NaN is not known. A ratio is made of adjusted sums.
    """

    metric: str
    currency: str
    locale: str
    days: DateRange
    objects: tuple[ForecastObject, ...]
    values: Floats
    adjusted: Floats
    known_at: datetime
    load_id: int
    notes: tuple[str, ...] = ()
    # Of a ratio, the total's numerator and denominator by day: as they are, and adjusted.
    sides: tuple[Floats, Floats] | None = None

    @property
    def factor(self) -> Floats:
        """Return which multiple of a usual day each was; NaN where that is not known."""
        known: Bools = np.isfinite(self.adjusted) & (self.adjusted != 0)
        return np.where(known, self.values / np.where(known, self.adjusted, 1.0), np.nan)

    def rows(self) -> list[dict[str, object]]:
        """Return one row per object and day."""
        return [
            {
                "level": each.level, "id": each.id, "name": each.name, "date": day,
                "value": _figure(self.values[row, at]), "adjusted": _figure(self.adjusted[row, at]),
            }
            for at, each in enumerate(self.objects)
            for row, day in enumerate(self.days)
        ]  # fmt: skip

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per object and day: the value as it is, and without what the calendar does."""
        import pandas as pd

        frame = pd.DataFrame(self.rows())
        return frame.assign(date=pd.to_datetime(frame["date"]))

    def weekdays(self) -> list[dict[str, object]]:
        """Return by how much each weekday differs from a usual day, of the total, Monday first."""
        places = np.array([day.weekday() for day in self.days])
        factor = self.factor[:, -1]
        found: list[dict[str, object]] = []
        for day, name in enumerate(_weekday_names(self.locale)):
            own = factor[(places == day) & np.isfinite(factor)]
            share = float(np.exp(np.log(np.maximum(own, 1e-9)).mean())) - 1 if len(own) else None
            found.append({t(self.locale, "forecast.weekday"): name, t(self.locale, "forecast.against_usual"): share})
        return found

    def headline(self) -> str:
        """Return the last week beside the one before, both without what the calendar does."""
        now, before = (self._week(back, adjusted=True) for back in (0, _WEEK_DAYS))
        kind = "seasonal" if self.sides is None else "seasonal_ratio"
        change = now / before - 1 if now is not None and before else None
        return t(
            self.locale, f"forecast.{kind}", metric=t(self.locale, f"metric.{self.metric}"), now=self._shown(now),
            before=self._shown(before), change=format_change(change, self.locale),
            reported=self._shown(self._week(0, adjusted=False)),
        )  # fmt: skip

    def _week(self, back: int, *, adjusted: bool) -> float | None:
        """Return the mean day of seven, or the ratio of their sums, of those that are known."""
        if self.sides is None:
            return _mean((self.adjusted if adjusted else self.values)[-_WEEK_DAYS - back :][:_WEEK_DAYS, -1])
        days = self.sides[adjusted][-_WEEK_DAYS - back :][:_WEEK_DAYS]
        top, bottom = days[np.isfinite(days).all(axis=1)].sum(axis=0)
        asked = metric(self.metric)
        return float(top * asked.scale / bottom) if isinstance(asked, Ratio) and bottom > 0 else None

    def chart(self) -> TrendChart:
        """Return the total as it is and as it would be without what the calendar does."""
        days = tuple(self.days)
        name = t(self.locale, f"metric.{self.metric}")
        lines = ((name, self.values), (t(self.locale, "forecast.adjusted"), self.adjusted))
        series = tuple(Series(label, days, tuple(_figure(each) for each in values[:, -1])) for label, values in lines)
        return TrendChart(
            t(self.locale, "forecast.adjusted_title", metric=name), self.metric, self.currency, self.locale, series
        )

    def __str__(self) -> str:
        rows = self._weekday_cells()
        parts = (self.headline(), self._meta(), "", as_table(rows, right=list(rows[0])[1:]), *self.notes)
        return "\n".join(parts)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = self._weekday_cells()
        table = html_table(list(rows[0]), [[str(cell) for cell in row.values()] for row in rows])
        notes = "".join(f"<li>{for_html(note)}</li>" for note in self.notes)
        return (
            f'{style_tag()}<div class="ab"><div class="ab-stack"><p class="ab-lead">{for_html(self.headline())}</p>'
            f'<div class="ab-meta">{for_html(self._meta())}</div>'
            f'<div class="ab-card">{svg(self.chart(), width=760, height=260)}</div>'
            f'<p class="ab-note">{for_html(t(self.locale, "forecast.adjusted_lines"))}</p>{table}'
            + (f'<div class="ab-warnings"><ul>{notes}</ul></div>' if notes else "")
            + "</div></div>"
        )

    def _weekday_cells(self) -> list[dict[str, object]]:
        (day, share), *_ = [tuple(row) for row in self.weekdays()]
        return [
            {day: row[day], share: format_change(row[share], self.locale)}  # type: ignore[arg-type]
            for row in self.weekdays()
        ]

    def _shown(self, value: float | None) -> str:
        return format_metric(self.metric, value, self.currency, self.locale)

    def _meta(self) -> str:
        return t(self.locale, "word.data_as_of", moment=format_moment(self.known_at, self.locale))


def with_total(objects: tuple[ForecastObject, ...], locale: str) -> tuple[ForecastObject, ...]:
    """Return objects, and their total last."""
    return (*objects, ForecastObject(TOTAL, t(locale, "word.total"), TOTAL))


def _weekday_names(locale: str) -> list[str]:
    from babel.dates import get_day_names

    names = get_day_names("wide", context="stand-alone", locale=locale)
    return [str(names[day]) for day in range(_WEEK_DAYS)]


def _mean(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _figure(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
