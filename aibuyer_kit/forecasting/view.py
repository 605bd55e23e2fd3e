"""A forecast as a piece of a page: the sentence, the fan, objects with their intervals, the backtest, and notes."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aibuyer_kit.charts.fragment import style_tag
from aibuyer_kit.charts.static import svg
from aibuyer_kit.charts.table_html import html_table
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import format_change, format_metric, format_share, t

if TYPE_CHECKING:
    from aibuyer_kit.forecasting.result import Forecast

_MOST_ROWS = 15


def forecast_html(forecast: "Forecast") -> str:
    """Return the forecast as HTML; every name is escaped."""
    notes = "".join(f"<li>{for_html(note)}</li>" for note in forecast.notes)
    parts = (
        f'<p class="ab-lead">{for_html(forecast.headline())}</p>',
        f'<div class="ab-meta">{for_html(_as_of(forecast))}</div>',
        f'<div class="ab-card">{_chart(forecast)}</div>',
        _objects(forecast),
        f"<h2>{_say(forecast, 'forecast.backtest', origins=forecast.backtest_origins)}</h2>",
        _backtest(forecast),
        f'<div class="ab-warnings"><ul>{notes}</ul></div>' if notes else "",
    )
    return f'{style_tag()}<div class="ab"><div class="ab-stack">{"".join(parts)}</div></div>'


def _chart(forecast: "Forecast") -> str:
    """Return the chart twice: what is drawn for a page has letters too small for a phone."""
    chart = forecast.chart()
    wide, narrow = svg(chart, width=760, height=260), svg(chart, width=380, height=250)
    return f'<div class="ab-wide">{wide}</div><div class="ab-narrow">{narrow}</div>'


def _as_of(forecast: "Forecast") -> str:
    from aibuyer_kit.core.i18n import format_moment

    return t(forecast.locale, "word.data_as_of", moment=format_moment(forecast.known_at, forecast.locale))


def _say(forecast: "Forecast", key: str, *, count: int | None = None, **values: object) -> str:
    return for_html(t(forecast.locale, key, count=count, **values))


def _objects(forecast: "Forecast") -> str:
    rows = forecast.rows()
    shown = [*rows[:-1][:_MOST_ROWS], rows[-1]]
    heads = ("word.name", "forecast.expected", "forecast.low", "forecast.high")

    def cells(row: dict[str, object]) -> list[str]:
        figures = [row[name] for name in ("expected", "low", "high")]
        name = t(forecast.locale, "word.total") if row["level"] == "total" else str(row["name"])
        return [name, *(_metric(forecast, figure) for figure in figures)]

    more = len(rows) - len(shown)
    note = f'<p class="ab-note">{_say(forecast, "forecast.more", count=more)}</p>' if more else ""
    return _table(forecast, heads, [cells(row) for row in shown], total=True) + note


def _metric(forecast: "Forecast", figure: object) -> str:
    value = None if figure is None else float(str(figure))
    return format_metric(forecast.metric, value, forecast.currency, forecast.locale)


def _backtest(forecast: "Forecast") -> str:
    heads = ("forecast.model", "forecast.weight", "forecast.wape", "forecast.bias")
    rows = [
        [
            t(forecast.locale, f"forecast_model.{row.name.replace(' ', '_').replace(',', '')}")
            if _is_known(forecast, row.name)
            else row.name,
            format_share(row.weight, forecast.locale, 0),
            format_share(_known(row.wape), forecast.locale, 1),
            format_change(_known(row.bias), forecast.locale),
        ]
        for row in forecast.backtest
    ]
    return _table(forecast, heads, rows)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _is_known(forecast: "Forecast", name: str) -> bool:
    from aibuyer_kit.core.i18n import messages

    return f"forecast_model.{name.replace(' ', '_').replace(',', '')}" in messages(forecast.locale)


def _table(forecast: "Forecast", heads: Sequence[str], rows: Sequence[Sequence[str]], *, total: bool = False) -> str:
    foot = rows[-1] if total else None
    return html_table([t(forecast.locale, each) for each in heads], rows[:-1] if total else rows, foot=foot)
