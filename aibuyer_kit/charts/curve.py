"""A curve over spend with its interval, the spend that has been observed shaded, and where it stands now."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aibuyer_kit.charts.static import _ACCENT, _INK, _canvas, _for_page, _quiet_matplotlib, _round_ticks
from aibuyer_kit.core.i18n import format_count_short, format_money_short

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class CurveChart:
    """`low`, `middle` and `high` of a value by `spend`, each a day; both in units of `currency`.

    `observed` is the range of spend that was seen, `now` the spend of late; `is_money` says whether the value is money.
    """

    title: str
    words: str
    currency: str
    locale: str
    spend: tuple[float, ...]
    low: tuple[float, ...]
    middle: tuple[float, ...]
    high: tuple[float, ...]
    observed: tuple[float, float]
    now: float
    is_money: bool = True

    def describe(self) -> str:
        """Return the chart in words, for those who do not see it."""
        return self.words


def curve_svg(chart: CurveChart, *, width: int = 440, height: int = 230) -> str:
    """Return the chart as one <svg> element that fills its container."""
    with _quiet_matplotlib(chart):
        drawn = io.StringIO()
        _drawn(chart, width, height).savefig(
            drawn, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
        )
    return _for_page(drawn.getvalue(), chart)


def _drawn(chart: CurveChart, width: int, height: int) -> "Figure":
    figure, axes = _canvas(width, height)
    top = max(chart.high) or 1.0
    ticks = _round_ticks(0.0, top)
    labels = [_value(chart, tick) for tick in ticks]
    axes.set_yticks(ticks, labels, alpha=0.7)
    axes.set_ylim(0, max(top, ticks[-1]) * 1.02)
    axes.set_xlim(0, chart.spend[-1])
    across = [tick for tick in _round_ticks(0.0, chart.spend[-1]) if 0 < tick <= chart.spend[-1]]
    axes.set_xticks(across, [format_money_short(tick, chart.currency, chart.locale) for tick in across], alpha=0.7)
    left = (12 + 6.3 * max(map(len, labels))) / width
    axes.set_position((left, 26 / height, 1 - left - 22 / width, 1 - 38 / height))
    axes.grid(axis="y", color=_INK, alpha=0.13, linewidth=1)
    axes.axvspan(*chart.observed, color=_INK, alpha=0.07, linewidth=0, zorder=1)
    axes.fill_between(chart.spend, chart.low, chart.high, color=_ACCENT, alpha=0.2, linewidth=0, zorder=2)
    axes.plot(chart.spend, chart.middle, color=_ACCENT, linewidth=2.2, solid_capstyle="round", zorder=3)
    if chart.now > 0:
        axes.plot([chart.now], [_at(chart)], "o", color=_ACCENT, markersize=6, zorder=4)
    return figure


def _at(chart: CurveChart) -> float:
    return _interpolated(chart.now, chart.spend, chart.middle)


def _interpolated(at: float, places: Sequence[float], heights: Sequence[float]) -> float:
    for (left, low), (right, high) in zip(
        zip(places, heights, strict=True), zip(places[1:], heights[1:], strict=True), strict=False
    ):
        if at <= right:
            return low + (high - low) * (at - left) / (right - left)
    return heights[-1]


def _value(chart: CurveChart, tick: float) -> str:
    if chart.is_money:
        return format_money_short(tick, chart.currency, chart.locale)
    return format_count_short(tick, chart.locale)
