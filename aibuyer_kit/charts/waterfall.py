"""The way from one figure to a later one, step by step, as a static chart."""

import io
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from aibuyer_kit.charts.static import _ACCENT, _BAD, _GOOD, _INK, _canvas, _for_page, _quiet_matplotlib, _short
from aibuyer_kit.core.i18n import t

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Step:
    """One row of a waterfall: a figure, or how much it changes on the way; `text` is its formatted value."""

    label: str
    amount: float
    text: str


@dataclass(frozen=True)
class Waterfall:
    """The way of one metric from a figure to a later one, step by step, in the order given.

    `words` tell it to those who do not see it; unsaid, they tell of a change.
    """

    title: str
    metric: str
    currency: str
    locale: str
    start: Step
    steps: tuple[Step, ...]
    end: Step
    higher_is_better: bool | None = None
    words: str = ""

    def describe(self) -> str:
        """Return the chart in words, for those who do not see it."""
        if self.words:
            return self.words
        steps = "; ".join(f"{step.label}: {step.text}" for step in self.steps)
        name = t(self.locale, f"metric.{self.metric}")
        return t(self.locale, "why.described", metric=name, before=self.start.text, steps=steps, after=self.end.text)


def waterfall_svg(chart: Waterfall, *, width: int = 480) -> str:
    """Return the chart as one <svg> element that fills its container; `width` is the units inside."""
    with _quiet_matplotlib(chart):
        figure = _drawn(chart, width, 30 + 40 * (len(chart.steps) + 2))
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _for_page(drawn.getvalue(), chart)


def _drawn(chart: Waterfall, width: int, height: int) -> "Figure":
    """Draw both figures as marks, and between them each step from where the one before it ended."""
    figure, axes = _canvas(width, height)
    axes.set_position((8 / width, 6 / height, 1 - 16 / width, 1 - 24 / height))
    ends = list(accumulate((step.amount for step in chart.steps), initial=chart.start.amount))
    low, high = min(*ends, chart.end.amount), max(*ends, chart.end.amount)
    room = high - low or 1.0
    axes.set_xlim(low - 0.02 * room, high + 0.2 * room)  # on the right stand the values
    rows = (chart.start, *chart.steps, chart.end)
    axes.set_ylim(len(rows) - 0.55, -0.65)
    axes.set_xticks([])
    axes.set_yticks([])
    for row, step in enumerate(rows):
        _name_row(axes, row, step.label, step.text)
    for row, (step, start) in enumerate(zip(chart.steps, ends, strict=False), start=1):
        axes.barh(row + 0.22, step.amount, left=start, height=0.30, color=_step_colour(chart, step), zorder=2)
        axes.plot([start, start], [row - 0.63, row + 0.37], color=_INK, alpha=0.2, linewidth=1, zorder=1)
    for row, place in ((0, chart.start.amount), (len(rows) - 1, chart.end.amount)):
        axes.plot([place, place], [row + 0.07, row + 0.37], color=_INK, linewidth=3, solid_capstyle="butt", zorder=3)
    return figure


def _name_row(axes: "Axes", row: int, label: str, text: str) -> None:
    across = axes.get_yaxis_transform()
    axes.text(0, row - 0.06, _short(label, 40), color=_INK, ha="left", va="bottom", transform=across)
    axes.text(1, row - 0.06, text, color=_INK, ha="right", va="bottom", transform=across)


def _step_colour(chart: Waterfall, step: Step) -> str:
    if chart.higher_is_better is None:
        return _ACCENT
    return _GOOD if (step.amount > 0) == chart.higher_is_better else _BAD
