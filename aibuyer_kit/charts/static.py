"""Specs drawn by matplotlib as inline SVG: no script, no font, no colour of its own, the same bytes each time.

Colours are CSS: text and lines take `currentColor`, marks take `--ab-accent`, `--ab-good` and `--ab-bad` of the page,
so that one drawing reads in light and dark themes and in a client's brand.
"""

import hashlib
import io
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from aibuyer_kit.charts.spec import Band, Bar, BarChart, Series, TrendChart
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import format_day_short, format_metric, format_metric_short, t

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Placeholders that matplotlib writes and that become CSS colours.
_INK, _ACCENT, _GOOD, _BAD = "#010203", "#010204", "#010205", "#010206"
_CSS = {
    _INK: "currentColor",
    _ACCENT: "var(--ab-accent, #3457d5)",
    _GOOD: "var(--ab-good, #0b7a53)",
    _BAD: "var(--ab-bad, #b93815)",
}
_UNITS_PER_INCH = 72
# Left out: details of the author, group names that repeat from chart to chart, a style that would rule the whole page.
_NOISE = tuple(
    re.compile(noise, re.DOTALL)
    for noise in (r"\s*<metadata>.*?</metadata>", r"<style.*?</style>", r"<!--.*?-->\s*", r' id="[a-zA-Z.]+\d*_\d+"')
)
_FONT = re.compile(r"font-family: [^;\"]*")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


class Described(Protocol):
    """What every chart is: it has a title, and can be told in words."""

    @property
    def title(self) -> str: ...
    def describe(self) -> str: ...


def svg(chart: TrendChart | BarChart, *, width: int = 440, height: int | None = None) -> str:
    """Return a chart as one <svg> element that fills its container; `width` and `height` are the units inside."""
    with _quiet_matplotlib(chart):
        if isinstance(chart, TrendChart):
            figure = _trend(chart, width, height or 210)
        else:
            figure = _bars(chart, width, height or 30 + 40 * max(1, len(chart.bars)))
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _for_page(drawn.getvalue(), chart)


@contextmanager
def _quiet_matplotlib(chart: object) -> Iterator[None]:
    import matplotlib as mpl

    settings: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": hashlib.sha256(repr(chart).encode(errors="replace")).hexdigest(),
        "text.parse_math": False,  # a dollar sign in a name is a dollar sign
        "font.size": 11,
        "axes.unicode_minus": False,
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        # The reader's browser has the glyphs that matplotlib's measuring font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def _canvas(width: int, height: int) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / _UNITS_PER_INCH, height / _UNITS_PER_INCH), dpi=_UNITS_PER_INCH)
    figure.patch.set_visible(False)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.patch.set_visible(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelcolor=_INK, labelsize=11)
    return figure, axes


def _trend(chart: TrendChart, width: int, height: int) -> "Figure":
    figure, axes = _canvas(width, height)
    known = [float(value) for line in chart.series for value in line.values if value is not None]
    known += [*chart.band.low, *chart.band.high] if chart.band else []
    top = max([*known, chart.target or 0.0], default=0.0) or 1.0
    low = min([*known, 0.0])
    ticks = _round_ticks(low, top)
    axes.set_ylim(ticks[0], ticks[-1] + (ticks[-1] - ticks[0]) * 0.04)
    labels = [format_metric_short(chart.metric, tick, chart.currency, chart.locale) for tick in ticks]
    axes.set_yticks(ticks, labels, alpha=0.7)
    left = (12 + 6.3 * max(map(len, labels))) / width
    axes.set_position((left, 26 / height, 1 - left - 14 / width, 1 - 38 / height))
    axes.grid(axis="y", color=_INK, alpha=0.13, linewidth=1)
    _date_ticks(axes, chart)
    if chart.band is not None:
        _draw_band(axes, chart.band)
    for line, colour in zip(chart.series, (_ACCENT, _INK), strict=False):
        final, still_open = chart.parts(line)
        _draw_line(axes, final, colour, filled=chart.band is None)
        _draw_open_days(axes, still_open, colour)
    if not known:
        axes.text(0.5, 0.5, t(chart.locale, "chart.no_data"), transform=axes.transAxes, ha="center", color=_INK)
    if chart.target is not None:
        _draw_target(axes, chart.target)
    return figure


def _round_ticks(low: float, high: float) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    ticks = [float(tick) for tick in MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]
    return [tick for tick in ticks if tick >= min(low, 0.0) - 1e-12] if low >= 0 else ticks


def _date_ticks(axes: "Axes", chart: TrendChart) -> None:
    days = sorted({day for line in chart.series for day in line.dates})
    if not days:
        axes.set_xticks([])
        return
    step = max(1, math.ceil(len(days) / 4))
    shown = days[::-step][::-1]
    axes.set_xticks([_at(day) for day in shown], [format_day_short(day, chart.locale) for day in shown], alpha=0.7)
    axes.get_xticklabels()[-1].set_horizontalalignment("right")
    if shown[0] == days[0] and len(shown) > 1:
        axes.get_xticklabels()[0].set_horizontalalignment("left")
    margin = max(0.4, len(days) * 0.015)
    axes.set_xlim(_at(days[0]) - margin, _at(days[-1]) + margin)


def _at(day: date) -> float:
    return float(day.toordinal())


def _draw_line(axes: "Axes", line: Series, colour: str, *, filled: bool) -> None:
    places = [_at(day) for day in line.dates]
    heights = [math.nan if value is None else float(value) for value in line.values]
    axes.plot(places, heights, color=colour, linewidth=2.2, solid_joinstyle="round", solid_capstyle="round", zorder=3)
    if filled:
        axes.fill_between(places, heights, 0, color=colour, alpha=0.10, linewidth=0, zorder=2)
    # A day between two unknown ones has no line to be seen by.
    alone = _alone(heights)
    axes.plot([places[i] for i in alone], [heights[i] for i in alone], "o", color=colour, markersize=4.5, zorder=4)


def _draw_band(axes: "Axes", band: Band) -> None:
    places = [_at(day) for day in band.dates]
    axes.fill_between(places, band.low, band.high, color=_INK, alpha=0.14, linewidth=0, zorder=1)


def _draw_open_days(axes: "Axes", line: Series, colour: str) -> None:
    """Draw values that still move: lighter, dotted, and hatched down to the axis."""
    places = [_at(day) for day in line.dates]
    heights = [math.nan if value is None else float(value) for value in line.values]
    axes.plot(places, heights, color=colour, alpha=0.6, linewidth=2.2, linestyle=(0, (1.1, 1.1)), zorder=3)
    axes.fill_between(
        places, heights, 0, facecolor="none", edgecolor=colour, alpha=0.35, hatch="////", linewidth=0, zorder=2
    )
    alone = _alone(heights)
    axes.plot([places[i] for i in alone], [heights[i] for i in alone], "o", color=colour, alpha=0.6, markersize=4.5)


def _alone(heights: Sequence[float]) -> list[int]:
    """Return the places of known values whose neighbours are both unknown."""
    around = [math.nan, *heights, math.nan]
    return [
        i
        for i, height in enumerate(heights)
        if not math.isnan(height) and math.isnan(around[i]) and math.isnan(around[i + 2])
    ]


def _draw_target(axes: "Axes", target: float) -> None:
    axes.axhline(target, color=_INK, alpha=0.65, linewidth=1.2, linestyle=(0, (4, 3)), zorder=3)


def _bars(chart: BarChart, width: int, height: int) -> "Figure":
    figure, axes = _canvas(width, height)
    axes.set_position((8 / width, 6 / height, 1 - 16 / width, 1 - 24 / height))
    lengths = [bar.length or 0.0 for bar in chart.bars]
    axes.set_xlim(0, (max([*lengths, chart.target or 0.0], default=0.0) or 1.0) * 1.02)
    axes.set_ylim(len(chart.bars) - 0.55, -0.65)
    axes.set_xticks([])
    axes.set_yticks([])
    for row, bar in enumerate(chart.bars):
        axes.barh(row + 0.22, bar.length or 0.0, height=0.30, color=_bar_colour(chart, bar), zorder=2)
        axes.text(0, row - 0.06, _short(bar.label, 34), color=_INK, ha="left", va="bottom")
        axes.text(1, row - 0.06, bar.text, color=_INK, ha="right", va="bottom", transform=axes.get_yaxis_transform())
    if chart.target is not None:
        axes.axvline(chart.target, color=_INK, alpha=0.65, linewidth=1.2, linestyle=(0, (4, 3)), zorder=3)
        _name_bar_target(axes, chart, chart.target)
    return figure


def _name_bar_target(axes: "Axes", chart: BarChart, target: float) -> None:
    words = t(chart.locale, "chart.target", value=format_metric(chart.metric, target, chart.currency, chart.locale))
    side = "left" if target < axes.get_xlim()[1] / 2 else "right"
    axes.text(target, 1.02, words, color=_INK, size=10, ha=side, va="bottom", transform=axes.get_xaxis_transform())


def _bar_colour(chart: BarChart, bar: Bar) -> str:
    length = bar.length
    if chart.target is None or length is None or chart.higher_is_better is None or not bar.settled:
        return _ACCENT
    return _GOOD if length == chart.target or (length > chart.target) == chart.higher_is_better else _BAD


def _short(name: str, most: int) -> str:
    clean = _UNPRINTABLE.sub(" ", name)
    return clean if len(clean) <= most else clean[: most - 1].rstrip() + "…"


def _for_page(document: str, chart: Described) -> str:
    body = document[document.index("<svg") :]
    for noise in _NOISE:
        body = noise.sub("", body)
    body = _FONT.sub("font-family: inherit", body)
    for placeholder, colour in _CSS.items():
        body = body.replace(placeholder, colour)
    box = re.search(r'viewBox="([^"]+)"', body)
    size = box[1] if box else "0 0 1 1"
    title, words = (for_html(_UNPRINTABLE.sub(" ", text)) for text in (chart.title, chart.describe()))
    head = (
        f'<svg class="ab-chart" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{size}" width="100%" role="img" aria-label="{title}" style="stroke-linejoin: round">'
        f"<title>{title}</title><desc>{words}</desc>"
    )
    return head + body[body.index(">") + 1 :].strip()
