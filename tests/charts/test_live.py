"""The same charts as live figures."""

import math
from datetime import UTC, date, datetime

import pytest
from bokeh.models import CustomJSTickFormatter, HoverTool, Span

from aibuyer_kit.charts.live import bokeh_figure
from aibuyer_kit.charts.overview import overview_trends
from aibuyer_kit.core.i18n import format_day_short
from tests.pages import Visitor

from .samples import overview


def test_a_live_figure_has_every_day_with_a_gap_for_the_unknown() -> None:
    """What the static chart shows, the live one shows too."""
    data = bokeh_figure(overview_trends(overview(), ("spend",))[0]).renderers[0].data_source.data

    assert [None if math.isnan(value) else value for value in data["value"]] == [100, 101, 102, None, 104, 105, 106]
    assert data["value_words"][3] == "–"
    assert data["value_words"][0] == "€100.00"


def test_hover_words_are_data_and_not_a_template() -> None:
    """Bokeh escapes what stands in a column, and not what stands in the tooltip itself."""
    (hover,) = bokeh_figure(overview_trends(overview(), ("spend",))[0]).select(HoverTool)
    assert [value for _, value in hover.tooltips] == ["@day_words", "@value_words"]


def test_the_target_is_a_line() -> None:
    """Where the client has a target, the figure shows it."""
    (line,) = bokeh_figure(overview_trends(overview(), ("cpa",))[0]).select(Span)
    assert line.location == 25.0
    assert list(bokeh_figure(overview_trends(overview(), ("spend",))[0]).select(Span)) == []


@pytest.mark.parametrize(
    ("locale", "name", "tick", "expected"),
    [
        ("en", "spend", 1600, "€1.6K"),
        ("uk", "spend", 1600, "1,6 тис. EUR"),
        ("uk", "impressions", 2_500_000, "2,5 млн"),
        ("uk", "ctr", 0.0186, "1,9%"),
        ("uk", "roas", 2.5, "2,5"),
    ],
)
def test_the_axis_speaks_the_readers_language(
    visit: Visitor, locale: str, name: str, tick: float, expected: str
) -> None:
    """In a real browser, whose words for short numbers are the static chart's own."""
    axis = bokeh_figure(overview_trends(overview(), (name,), locale)[0]).yaxis[0].formatter
    assert written(visit, axis, tick) == expected


def test_days_of_the_axis_are_written_as_in_the_static_chart(visit: Visitor) -> None:
    """One way to write a day on one page."""
    axis = bokeh_figure(overview_trends(overview(), ("spend",), "uk")[0]).xaxis[0].formatter
    tick = datetime(2026, 5, 12, tzinfo=UTC).timestamp() * 1000
    assert written(visit, axis, tick) == format_day_short(date(2026, 5, 12), "uk") == "12 трав."


def written(visit: Visitor, axis: CustomJSTickFormatter, tick: float) -> str:
    names, values = ["tick", *axis.args], [tick, *axis.args.values()]
    call = "([names, code, values]) => new Function(...names, code)(...values)"
    return str(visit("about:blank").page.evaluate(call, [names, axis.code, values])).replace("\xa0", " ")
