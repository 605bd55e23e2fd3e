"""The same specs as live Bokeh figures, with a value for each day under the pointer."""

import json
import math
from datetime import datetime, time
from typing import TYPE_CHECKING

from aibuyer_kit.charts.spec import Series, TrendChart
from aibuyer_kit.core.i18n import format_day, format_metric
from aibuyer_kit.core.metrics import metric

if TYPE_CHECKING:
    from bokeh.models import ColumnDataSource
    from bokeh.plotting import figure

# Grey that reads on white and on black alike.
_INK, _ACCENT = "#808995", "#5b78f0"
# Values that still move.
_HATCH = {"hatch_pattern": "/", "hatch_color": _ACCENT, "hatch_alpha": 0.35, "hatch_scale": 14, "hatch_weight": 1}

# The browser's own words for days and short numbers, in the reader's language: Bokeh's are English.
_DAY_JS = "return new Intl.DateTimeFormat(locale, {month: 'short', day: 'numeric', timeZone: 'UTC'}).format(tick)"
_NUMBER_JS = "return new Intl.NumberFormat(locale, JSON.parse(options)).format(tick)"
_SHORT = {"notation": "compact", "maximumFractionDigits": 1}
_NUMBERS = {
    "count": _SHORT,
    "share": {"style": "percent", "maximumFractionDigits": 1},
    "ratio": {"maximumFractionDigits": 2},
}


def bokeh_figure(chart: TrendChart, *, height: int = 320) -> "figure":
    """Return a Bokeh figure of the chart as wide as its container; unknown days are gaps."""
    from bokeh.plotting import figure

    plot = figure(
        height=height,
        sizing_mode="stretch_width",
        x_axis_type="datetime",
        toolbar_location=None,
        tools="xpan,xwheel_zoom,reset",
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_color=None,
    )
    known = [float(value) for line in chart.series for value in line.values if value is not None]
    plot.x_range.range_padding = 0.02
    plot.y_range.start = min([0.0, *known])
    for line in chart.series:
        _draw(plot, chart, line)
    if chart.target is not None:
        _draw_target(plot, chart.target)
    _style(plot, chart)
    return plot


def _draw(plot: "figure", chart: TrendChart, line: Series) -> None:
    from bokeh.models import HoverTool

    final, still_open = (_source(chart, part) for part in chart.parts(line))
    plot.varea(x="day", y1=0, y2="value", source=final, fill_color=_ACCENT, fill_alpha=0.10)
    plot.line(x="day", y="value", source=final, line_color=_ACCENT, line_width=2.5)
    plot.varea(x="day", y1=0, y2="value", source=still_open, fill_alpha=0, **_HATCH)
    plot.line(x="day", y="value", source=still_open, line_color=_ACCENT, line_width=2.5, line_dash="dotted")
    source = _source(chart, line)
    dots = plot.scatter(x="day", y="value", source=source, size=6, color=_ACCENT)
    # Columns, not the template, hold the words: Bokeh escapes columns.
    plot.add_tools(HoverTool(renderers=[dots], tooltips=[("", "@day_words"), ("", "@value_words")], mode="vline"))


def _source(chart: TrendChart, line: Series) -> "ColumnDataSource":
    from bokeh.models import ColumnDataSource

    return ColumnDataSource(
        {
            "day": [datetime.combine(day, time()) for day in line.dates],
            "value": [math.nan if value is None else float(value) for value in line.values],
            "day_words": [format_day(day, chart.locale) for day in line.dates],
            "value_words": [format_metric(chart.metric, value, chart.currency, chart.locale) for value in line.values],
        }
    )


def _draw_target(plot: "figure", target: float) -> None:
    from bokeh.models import Span

    plot.add_layout(Span(location=target, dimension="width", line_color=_INK, line_dash="dashed", line_width=1.5))


def _style(plot: "figure", chart: TrendChart) -> None:
    from bokeh.models import CustomJSTickFormatter

    unit = metric(chart.metric).unit
    options = {**_SHORT, "style": "currency", "currency": chart.currency} if unit == "money" else _NUMBERS[unit]
    spoken = {"locale": chart.locale, "options": json.dumps(options)}
    plot.xaxis.formatter = CustomJSTickFormatter(args={"locale": chart.locale}, code=_DAY_JS)
    plot.yaxis.formatter = CustomJSTickFormatter(args=spoken, code=_NUMBER_JS)
    for axis in (*plot.xaxis, *plot.yaxis):
        axis.axis_line_color = axis.major_tick_line_color = axis.minor_tick_line_color = None
        axis.major_label_text_color = axis.axis_label_text_color = _INK
        axis.major_label_text_font_size = "12px"
    plot.xgrid.grid_line_color = None
    plot.ygrid.grid_line_color, plot.ygrid.grid_line_alpha = _INK, 0.25
