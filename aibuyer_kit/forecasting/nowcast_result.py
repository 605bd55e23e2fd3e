"""A nowcast as people get it: today and the last days as they will be once all has arrived."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from aibuyer_kit.charts.fragment import style_tag
from aibuyer_kit.charts.table_html import html_table
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import format_day, format_metric, format_moment, format_share, t
from aibuyer_kit.core.text_table import as_table
from aibuyer_kit.forecasting.nowcast import Expected

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class NowcastLine(Expected):
    """One day, today or the week: what is known, what is expected in the end, and the interval that holds 80%."""

    label: str = ""
    day: date | None = None


@dataclass(frozen=True)
class NowcastResult:
    """The last full days, their sum, and today; money in currency units. `moments` is how many were tested before."""

    metric: str
    currency: str
    locale: str
    days: tuple[NowcastLine, ...]
    total: NowcastLine
    today: NowcastLine
    moments: int
    known_at: datetime
    load_id: int

    @property
    def lines(self) -> tuple[NowcastLine, ...]:
        return (*self.days, self.total, self.today)

    def rows(self) -> list[dict[str, object]]:
        """Return one row per day, for their sum, and for today."""
        return [
            {"what": each.label, "known": each.known, "expected": each.expected, "low": each.low, "high": each.high}
            for each in self.lines
        ]

    def to_frame(self) -> "pd.DataFrame":
        """Return the rows as a frame."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def headline(self) -> str:
        """Return the week in a sentence."""
        total = self.total
        said = [self._shown(each) for each in (total.known, total.expected, total.low, total.high)]
        return t(
            self.locale, "forecast.nowcast", metric=t(self.locale, f"metric.{self.metric}"), label=total.label,
            known=said[0], expected=said[1], low=said[2], high=said[3],
        )  # fmt: skip

    def _shown(self, value: float) -> str:
        number = value if self.metric == "revenue" else round(value)
        return format_metric(self.metric, number, self.currency, self.locale)

    def _meta(self) -> str:
        moment = t(self.locale, "word.data_as_of", moment=format_moment(self.known_at, self.locale))
        return f"{moment}. {t(self.locale, 'forecast.tested', moments=self.moments)}"

    def __str__(self) -> str:
        return "\n".join((self.headline(), self._meta(), "", as_table(self.rows())))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        keys = ("word.period", "forecast.known", "forecast.expected", "forecast.low", "forecast.high", "forecast.share")
        table = html_table([t(self.locale, key) for key in keys], map(self._cells, self.lines))
        return (
            f'{style_tag()}<div class="ab"><div class="ab-stack"><p class="ab-lead">{for_html(self.headline())}</p>'
            f'<div class="ab-meta">{for_html(self._meta())}</div>'
            f"{table}</div></div>"
        )

    def _cells(self, each: NowcastLine) -> tuple[str, ...]:
        label = format_day(each.day, self.locale) if each.day and each is not self.today else each.label
        share = format_share(each.known / each.expected, self.locale, 0) if each.expected else "–"
        figures = [self._shown(value) for value in (each.known, each.expected, each.low, each.high)]
        return (label, *figures, share)
