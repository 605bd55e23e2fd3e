"""What pushes a figure up and what pushes it down, as bars to both sides of nothing: static, in words too."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aibuyer_kit.charts.static import _ACCENT, _BAD, _GOOD, _INK, _canvas, _for_page, _quiet_matplotlib, _short
from aibuyer_kit.core.i18n import t

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Influence:
    """One row: what it is, how far it pushes (below 0: down), and that as text."""

    label: str
    amount: float
    text: str


@dataclass(frozen=True)
class InfluenceChart:
    """Influences in the order given; with `signed` up is good and down is bad, else they are only sizes."""

    title: str
    locale: str
    rows: tuple[Influence, ...]
    signed: bool = True

    def describe(self) -> str:
        """Return the chart in words, for those who do not see it."""
        rows = "; ".join(f"{each.label}: {each.text}" for each in self.rows)
        return f"{self.title}. {rows}" if rows else t(self.locale, "chart.no_data")


def influence_svg(chart: InfluenceChart, *, width: int = 440) -> str:
    """Return the chart as one <svg> element that fills its container; `width` is the units inside."""
    with _quiet_matplotlib(chart):
        figure = _drawn(chart, width, 12 + 40 * max(1, len(chart.rows)))
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _for_page(drawn.getvalue(), chart)


def _drawn(chart: InfluenceChart, width: int, height: int) -> "Figure":
    figure, axes = _canvas(width, height)
    axes.set_position((8 / width, 6 / height, 1 - 16 / width, 1 - 12 / height))
    most = max((abs(each.amount) for each in chart.rows), default=1.0) or 1.0
    has_down = any(each.amount < 0 for each in chart.rows)
    axes.set_xlim(-most if has_down else 0.0, most)
    axes.set_ylim(len(chart.rows) - 0.4, -0.65)
    axes.set_xticks([])
    axes.set_yticks([])
    across = axes.get_yaxis_transform()
    for row, each in enumerate(chart.rows):
        colour = _ACCENT if not chart.signed else _GOOD if each.amount >= 0 else _BAD
        axes.text(0, row - 0.06, _short(each.label, 44), color=_INK, ha="left", va="bottom", transform=across)
        axes.text(1, row - 0.06, each.text, color=_INK, ha="right", va="bottom", transform=across)
        axes.plot([0, 0], [row + 0.02, row + 0.38], color=_INK, alpha=0.3, linewidth=1, zorder=1)
        axes.barh(row + 0.2, each.amount, height=0.28, color=colour, zorder=2)
    return figure
