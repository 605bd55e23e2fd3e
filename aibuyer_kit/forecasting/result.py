"""A forecast as people get it: text and page with a fan, frames, the backtest with its floor, and notes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np

from aibuyer_kit.charts.spec import Band, Series, TrendChart
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.i18n import format_metric, format_moment, format_period, format_share, t
from aibuyer_kit.core.metrics import Ratio, metric
from aibuyer_kit.core.text_table import as_table
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.forecasting.backtest import Scores

if TYPE_CHECKING:
    import pandas as pd

    from aibuyer_kit.charts.explanation import Explanation
    from aibuyer_kit.charts.fragment import Fragment

TOTAL = "total"
_MOST_TEXT_ROWS = 12


@dataclass(frozen=True)
class ForecastObject:
    """One line of a forecast: an object of a level, or the total of all."""

    id: str
    name: str
    level: str
    campaign_id: str | None = None


@dataclass(frozen=True)
class Span:
    """What is expected of a whole period, and between which two values it lies with a probability of 80%."""

    expected: float
    low: float
    high: float


@dataclass(frozen=True)
class Forecast:
    """What is expected of one metric day by day, of each object and of their total, which is the last.

    Arrays are (days, objects), money in currency units; NaN where a ratio has nothing to be divided by. Sums add up
    from objects to the total on each day, and over days to `totals`; ratios are made of such sums. `history` are the
    days before of the total, as far as they are known, with what has yet to arrive added. An interval holds 80%. `bias`
    is by which share the total was told too high (below zero: too low) in the backtest, where that is clear.
    `never` is the measure of which nothing has ever come, if there is one: then there is no interval.
    """

    metric: str
    currency: str
    locale: str
    days: DateRange
    objects: tuple[ForecastObject, ...]
    expected: Floats
    low: Floats
    high: Floats
    totals: tuple[Span, ...]
    history_days: tuple[date, ...]
    history: Floats
    backtest: tuple[Scores, ...]
    backtest_origins: int
    known_at: datetime
    load_id: int
    notes: tuple[str, ...] = ()
    bias: float | None = None
    never: str = ""
    explainer: "Callable[[str, str], Explanation] | None" = field(default=None, compare=False, repr=False)

    def why(self, of: str = TOTAL, *, by: str = "drivers") -> "Explanation":
        """Return what the forecast of an object (by id or name), or of the total, is made of; the parts add up to it.

        `by` drivers: from the pace of the last four weeks by weekday, season, promotions, planned spend and what else
        moves it; then what each model of the combination says, and what drives the pooled trees. `by` prophet: the
        components of a Prophet that is fitted to this object. Raises NotFoundError, InputError.
        """
        if self.explainer is None:
            raise InputError("This forecast was made without its models, so that it cannot be explained.")
        return self.explainer(of, by)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per object and day: expected, low and high (80%), money in currency units."""
        import pandas as pd

        frame = pd.DataFrame(self.daily_rows())
        return frame.assign(date=pd.to_datetime(frame["date"]))

    def daily_rows(self) -> list[dict[str, object]]:
        """Return one row per object and day."""
        return [
            {
                "level": each.level, "id": each.id, "name": each.name, "date": day,
                "expected": _figure(self.expected[row, at]), "low": _figure(self.low[row, at]),
                "high": _figure(self.high[row, at]),
            }
            for at, each in enumerate(self.objects)
            for row, day in enumerate(self.days)
        ]  # fmt: skip

    def rows(self) -> list[dict[str, object]]:
        """Return one row per object with the whole period, the largest first and the total last."""
        order = sorted(range(len(self.objects) - 1), key=lambda at: -np.nan_to_num(self.totals[at].expected))
        return [self._row(at) for at in (*order, len(self.objects) - 1)]

    def totals_frame(self) -> "pd.DataFrame":
        """Return one row per object with the sum over all days, or the ratio of such sums."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def backtest_frame(self) -> "pd.DataFrame":
        """Return how far off each model was in the backtest, the best first; the floor is among them."""
        import pandas as pd

        return pd.DataFrame(self._backtest_rows())

    def chart(self) -> TrendChart:
        """Return the total as a chart: what has been, what is expected, and its interval."""
        name = t(self.locale, f"metric.{self.metric}")
        ahead = tuple(self.days)
        been = Series(name, self.history_days, tuple(_figure(value) for value in self.history))
        lines = [each[:, -1] for each in (self.expected, self.low, self.high)]
        if len(self.history) and np.isfinite(self.history[-1]):  # what is to come begins where the past ends
            ahead, lines = (self.history_days[-1], *ahead), [np.append(self.history[-1], each) for each in lines]
        to_come = Series(t(self.locale, "forecast.expected"), ahead, tuple(_figure(each) for each in lines[0]))
        low, high = np.nan_to_num(lines[1]), np.nan_to_num(lines[2])
        band = Band(ahead, tuple(low.tolist()), tuple(high.tolist()))
        title = t(self.locale, "forecast.title", metric=name)
        return TrendChart(title, self.metric, self.currency, self.locale, (been, to_come), band=band)

    def plot(self) -> "Fragment":
        """Return the fan chart of the total."""
        from aibuyer_kit.charts.fragment import Fragment
        from aibuyer_kit.charts.static import svg

        chart = self.chart()
        return Fragment(svg(chart, width=760, height=260), chart.describe())

    def __str__(self) -> str:
        from aibuyer_kit.forecasting.words import backtest_cells, object_cells

        tables = [as_table(rows, right=list(rows[0])[1:] if rows else ()) for rows in
                  (object_cells(self, _MOST_TEXT_ROWS), backtest_cells(self))]  # fmt: skip
        tested = t(self.locale, "forecast.backtest", origins=self.backtest_origins)
        parts = [self.headline(), *self._meta(), "", tables[0], "", tested, tables[1]]
        return "\n".join((*parts, *([""] if self.notes else []), *self.notes))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from aibuyer_kit.forecasting.view import forecast_html

        return forecast_html(self)

    def headline(self) -> str:
        """Return the whole in a sentence, and in another one if such forecasts were clearly off to one side before."""
        period = format_period(self.days, self.locale)
        if self.never:
            return t(
                self.locale, "forecast.headline_never", metric=t(self.locale, f"metric.{self.metric}"), period=period,
                of=t(self.locale, f"metric.{self.never}"),
            )  # fmt: skip
        total = self.totals[-1]
        said = [
            format_metric(self.metric, _rounded(self.metric, each), self.currency, self.locale)
            for each in (total.expected, total.low, total.high)
        ]
        sentence = t(
            self.locale, "forecast.headline", metric=t(self.locale, f"metric.{self.metric}"),
            period=period, expected=said[0], low=said[1], high=said[2],
        )  # fmt: skip
        if self.bias is None:
            return sentence
        side = "bias_high" if self.bias > 0 else "bias_low"
        share = format_share(abs(self.bias), self.locale, 0)
        return f"{sentence} {t(self.locale, f'forecast.{side}', share=share)}"

    def _meta(self) -> list[str]:
        return [t(self.locale, "word.data_as_of", moment=format_moment(self.known_at, self.locale))]

    def _row(self, at: int) -> dict[str, object]:
        each, span = self.objects[at], self.totals[at]
        figures = {name: _figure(value) for name, value in vars(span).items()}
        return {"level": each.level, "id": each.id, "name": each.name, **figures}

    def _backtest_rows(self) -> list[dict[str, object]]:
        return [
            {"model": row.name, "weight": row.weight, "wape": _figure(row.wape), "bias": _figure(row.bias)}
            for row in self.backtest
        ]

    @property
    def is_ratio(self) -> bool:
        return isinstance(metric(self.metric), Ratio)


def _figure(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _rounded(name: str, value: float) -> float | None:
    if not np.isfinite(value):
        return None
    return round(float(value)) if metric(name).unit == "count" else float(value)
