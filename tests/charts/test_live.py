"""The same charts as live figures."""

import math

from bokeh.models import HoverTool, Span

from aibuyer_kit.charts.live import bokeh_figure
from aibuyer_kit.charts.overview import overview_trends

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
