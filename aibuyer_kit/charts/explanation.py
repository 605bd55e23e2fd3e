"""What a prediction is made of: a baseline and named parts that add up to it. One text, chart and page for every model.

Amounts are in the unit of the prediction, or logarithms of factors (`metric` is empty then) that are shown as factors,
whose product is the prediction. Without a prediction the parts are how much each moves predictions, in either unit.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aibuyer_kit.charts.fragment import Fragment, style_tag, whole_page
from aibuyer_kit.charts.influence import Influence, InfluenceChart, influence_svg
from aibuyer_kit.charts.spec import BarChart, TrendChart
from aibuyer_kit.charts.table_html import html_table
from aibuyer_kit.charts.waterfall import Step, Waterfall, waterfall_svg
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.escape import for_html, for_terminal
from aibuyer_kit.core.i18n import format_count, format_metric, format_ratio, format_share, t
from aibuyer_kit.core.metrics import METRICS
from aibuyer_kit.core.text_table import as_table

if TYPE_CHECKING:
    import pandas as pd

MOST_PARTS, MOST_ROWS = 8, 40
# What is left over beyond this share of all sizes is no rounding.
_ROUNDING = 1e-9
_FEW = 100
_LARGEST_LOG = 30.0


@dataclass(frozen=True)
class Part:
    """One part: what it is, in the reader's words, how much it adds, and what else there is to say of it."""

    key: str
    label: str
    amount: float
    remark: str = ""


@dataclass(frozen=True, repr=False)
class Explanation:
    """A prediction (`whole`) as a `baseline` and parts, the largest first, that add up to it.

    `said` are sentences on top, `charts` and `figures` (rows of a table) come after the parts, and `more` are
    explanations of what is behind them.
    `higher_is_better` colours the parts; None leaves them without a verdict. Raises InputError for parts that do not
    add up, or are no numbers.
    """

    title: str
    locale: str
    parts: tuple[Part, ...]
    baseline: Part | None = None
    whole: Part | None = None
    metric: str = ""
    currency: str = ""
    higher_is_better: bool | None = None
    signed: bool = True
    said: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    charts: tuple[TrendChart | BarChart | InfluenceChart, ...] = ()
    figures: tuple[Mapping[str, Any], ...] = ()
    more: "tuple[Explanation, ...]" = ()

    def __post_init__(self) -> None:
        amounts = [each.amount for each in self.rows()]
        if not all(map(math.isfinite, amounts)):
            raise InputError(f"{self.title}: this cannot be explained, for a part of it is not a number.")
        if self.whole is not None:
            missing = self.whole.amount - math.fsum(amounts[:-1])
            if abs(missing) > _ROUNDING * max(1e-300, math.fsum(map(abs, amounts))):
                raise InputError(f"{self.title}: the parts do not add up to the whole, {missing!r} is missing.")

    def rows(self) -> tuple[Part, ...]:
        """Return the baseline, the parts and the whole, as far as there are any."""
        ends = [() if each is None else (each,) for each in (self.baseline, self.whole)]
        return (*ends[0], *self.parts, *ends[1])

    def part(self, key: str) -> float:
        """Return how much the part of this key adds; 0 where there is none."""
        return math.fsum(each.amount for each in self.parts if each.key == key)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per part: key, label, amount and remark; the baseline is the first, the whole the last."""
        import pandas as pd

        return pd.DataFrame([vars(each) for each in self.rows()], columns=list(Part.__dataclass_fields__))

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        return {
            "title": self.title,
            "metric": self.metric or "log_factor",
            "currency": self.currency,
            "baseline": self.baseline and vars(self.baseline),
            "parts": [vars(each) for each in self.parts],
            "whole": self.whole and vars(self.whole),
            "said": list(self.said),
            "notes": list(self.notes),
            "figures": [dict(each) for each in self.figures],
            "more": [each.to_dict() for each in self.more],
        }

    def sentence(self, most: int) -> str:
        """Return it in one line, with so many of the largest parts."""
        parts = [f"{each.label} {self._added(each.amount)}" for each in self.parts[:most]]
        return " ".join((self.title, *self.said, *([f"{'; '.join(parts)}."] if parts else [])))

    def chart(self) -> Waterfall | InfluenceChart:
        """Return the way from the baseline to the whole, or without a whole the parts beside each other."""
        if self.whole is None:  # sizes beside each other have no rest
            rows = [Influence(each.label, each.amount, self._added(each.amount)) for each in self.parts[:MOST_PARTS]]
            return InfluenceChart(self.title, self.locale, tuple(rows), signed=self.signed)
        steps = [Step(each.label, each.amount, self._added(each.amount)) for each in self._listed(MOST_PARTS)]
        first = self.baseline or Part("nothing", t(self.locale, "explained.nothing"), 0.0)
        start, end = (Step(each.label, each.amount, self._stands(each.amount)) for each in (first, self.whole))
        words = "; ".join(f"{each.label}: {each.text}" for each in (start, *steps, end))
        return Waterfall(
            self.title, self.metric, self.currency, self.locale, start, tuple(steps), end,
            self.higher_is_better, words=f"{self.title}. {words}.",
        )  # fmt: skip

    def plot(self) -> Fragment:
        """Return the chart of the parts."""
        return Fragment(_drawn(self.chart()), self.chart().describe())

    def __repr__(self) -> str:
        head = [self.title, *self.said]
        blocks = [
            "\n".join(map(for_terminal, head)),
            "\n".join(self._lines()),
            "\n".join(map(for_terminal, self.notes)),
        ]
        blocks += [for_terminal(_words(each)) for each in self.charts]
        blocks += [as_table(self.figures, decimals=lambda *_: 3)] if self.figures else []
        return "\n\n".join(block for block in (*blocks, *map(repr, self.more)) if block)

    def _repr_html_(self) -> str:
        return f'{style_tag()}<div class="ab">{self.html()}</div>'

    def page(self) -> str:
        """Return it as a whole HTML page of its own."""
        return whole_page(self.html(), title=self.title, locale=self.locale)

    def html(self) -> str:
        """Return it as a piece of a page, without the style sheet; every label is escaped."""
        said = f'<p class="ab-lead">{for_html(" ".join(self.said))}</p>' if self.said else ""
        drawn = _figure(self.chart()) if any(each.amount for each in self.rows()) else ""
        notes = "".join(f'<p class="ab-note">{for_html(note)}</p>' for note in self.notes)
        charts = "".join(f"<h3>{for_html(each.title)}</h3>{_figure(each)}" for each in self.charts)
        figures = f"<pre>{for_html(as_table(self.figures, decimals=lambda *_: 3))}</pre>" if self.figures else ""
        more = "".join(each.html() for each in self.more)
        head = f"<h2>{for_html(self.title)}</h2>{said}"
        return f'<div class="ab-stack">{head}{drawn}{self._remarks()}{notes}{charts}{figures}{more}</div>'

    def _remarks(self) -> str:
        """Return the table of parts where there is more to say of them than how large they are."""
        if not any(each.remark for each in self.parts):
            return ""
        heads = [t(self.locale, f"explained.{each}") for each in ("part", "adds", "remark")]
        return html_table(
            heads, [(each.label, self._added(each.amount), each.remark) for each in self._listed(MOST_ROWS)], words=[2]
        )

    def _listed(self, most: int) -> tuple[Part, ...]:
        """Return the largest parts that are more than nothing in the digits shown, and what the others come to."""
        nothing = self._added(0.0).lstrip("+−")
        shown = tuple(each for each in self.parts if self._added(each.amount).lstrip("+−") != nothing)
        if len(shown) <= most:
            return shown
        rest = math.fsum(each.amount for each in shown[most:])
        return (*shown[:most], Part("others", t(self.locale, "chart.others", count=len(shown) - most), rest))

    def _lines(self) -> Sequence[str]:
        first, last = (
            [] if each is None else [(each, self._stands(each.amount))] for each in (self.baseline, self.whole)
        )
        rows = [*first, *((each, self._added(each.amount)) for each in self._listed(MOST_ROWS)), *last]
        cells = [(for_terminal(each.label), text, for_terminal(each.remark)) for each, text in rows]
        wide = [max((len(row[at]) for row in cells), default=0) for at in (0, 1)]
        return [f"  {label:<{wide[0]}}  {amount:>{wide[1]}}  {remark}".rstrip() for label, amount, remark in cells]

    def _stands(self, amount: float) -> str:
        """Return a figure that stands for itself."""
        if not self.metric:
            return f"×{format_ratio(_factor(amount), self.locale)}"
        return self._figure(amount)

    def _added(self, amount: float) -> str:
        """Return what a part adds, with its sign."""
        if not self.metric:
            sign = "×" if self.signed else "×/÷ "
            return f"{sign}{format_ratio(_factor(amount), self.locale)}"
        sign = "+" if amount > 0 else "−" if amount < 0 else ""
        if METRICS[self.metric].unit == "share":
            points = format_share(abs(amount), self.locale).rstrip("%").strip()
            return sign + t(self.locale, "why.points", points=points)
        return sign + self._figure(abs(amount))

    def _figure(self, amount: float) -> str:
        if METRICS[self.metric].unit != "count":
            return format_metric(self.metric, amount, self.currency, self.locale)
        few = max((abs(each.amount) for each in self.rows()), default=0.0) < _FEW
        return format_ratio(amount, self.locale) if few else format_count(amount, self.locale)


def _factor(log: float) -> float:
    """Return a factor from its logarithm, no greater than can be written."""
    return math.exp(min(log, _LARGEST_LOG))


def ranked(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Return parts that add anything, the largest in size first."""
    return tuple(sorted((each for each in parts if each.amount), key=lambda each: -abs(each.amount)))


def _words(chart: TrendChart | BarChart | InfluenceChart) -> str:
    said = chart.describe()
    return said if said.startswith(chart.title) else f"{chart.title}. {said}"


def _figure(chart: Waterfall | TrendChart | BarChart | InfluenceChart) -> str:
    return f'<figure class="ab-card" style="max-width:720px">{_drawn(chart)}</figure>'


def _drawn(chart: Waterfall | TrendChart | BarChart | InfluenceChart) -> str:
    if isinstance(chart, Waterfall):
        return waterfall_svg(chart)
    if isinstance(chart, InfluenceChart):
        return influence_svg(chart)
    from aibuyer_kit.charts.static import svg

    return svg(chart, width=480)
