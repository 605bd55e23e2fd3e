"""The figures of a forecast as people read them, in their language: objects with their intervals, and the backtest."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aibuyer_kit.core.i18n import format_change, format_metric, format_share, messages, t
from aibuyer_kit.core.metrics import metric

if TYPE_CHECKING:
    from aibuyer_kit.forecasting.result import Forecast

Cells = list[dict[str, object]]


def object_cells(forecast: "Forecast", most: int) -> Cells:
    """Return the largest objects and the total, by the heads of their columns."""
    rows = forecast.rows()
    shown = rows if len(rows) <= most else [*rows[: most - 1], rows[-1]]
    heads = _heads(forecast, ("word.name", "forecast.expected", "forecast.low", "forecast.high"))
    found: Cells = []
    for row in shown:
        name = t(forecast.locale, "word.total") if row["level"] == "total" else str(row["name"])
        figures = [_figure(forecast, row[key]) for key in ("expected", "low", "high")]
        found.append(dict(zip(heads, (name, *figures), strict=True)))
    return found


def backtest_cells(forecast: "Forecast") -> Cells:
    """Return how far off each model was, by the heads of their columns."""
    heads = _heads(forecast, ("forecast.model", "forecast.weight", "forecast.wape", "forecast.bias"))
    found: Cells = []
    for row in forecast.backtest:
        cells = (
            model_name(row.name, forecast.locale), format_share(row.weight, forecast.locale, 0),
            format_share(_known(row.wape), forecast.locale, 1), format_change(_known(row.bias), forecast.locale),
        )  # fmt: skip
        found.append(dict(zip(heads, cells, strict=True)))
    return found


def model_name(name: str, locale: str) -> str:
    """Return a member's name in the reader's words; its own where there are none.

    >>> model_name("drivers, 14", "en"), model_name("Own model", "en")
    ('Drivers', 'Own model')
    """
    key = f"forecast_model.{name.replace(' ', '_').replace(',', '')}"
    return t(locale, key) if key in messages(locale) else name


def _heads(forecast: "Forecast", keys: Sequence[str]) -> list[str]:
    return [t(forecast.locale, key) for key in keys]


def _figure(forecast: "Forecast", figure: object) -> str:
    value = None if figure is None else float(str(figure))
    if value is not None and metric(forecast.metric).unit == "count":
        value = math.floor(value + 0.5)
    return format_metric(forecast.metric, value, forecast.currency, forecast.locale)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
