"""A forecast as a piece of a page: the sentence, the fan, objects with their intervals, the backtest, and notes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from aibuyer_kit.charts.fragment import style_tag
from aibuyer_kit.charts.static import svg
from aibuyer_kit.charts.table_html import html_table
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import t
from aibuyer_kit.forecasting.words import backtest_cells, object_cells

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
        _table(backtest_cells(forecast)),
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
    cells = object_cells(forecast, _MOST_ROWS + 1)
    more = len(forecast.objects) - len(cells)
    note = f'<p class="ab-note">{_say(forecast, "forecast.more", count=more)}</p>' if more else ""
    return _table(cells, total=True) + note


def _table(rows: Sequence[Mapping[str, object]], *, total: bool = False) -> str:
    cells = [[str(cell) for cell in row.values()] for row in rows]
    foot = cells.pop() if total else None
    return html_table(list(rows[0]), cells, foot=foot) if rows else ""
