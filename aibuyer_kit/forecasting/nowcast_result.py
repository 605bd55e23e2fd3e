"""A nowcast as people get it: today and the last days as they will be once all has arrived."""

import math
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from aibuyer_kit.charts.fragment import style_tag
from aibuyer_kit.charts.table_html import html_table
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import format_day, format_metric, format_moment, format_share, t
from aibuyer_kit.core.metrics import Ratio, arrives_late, metric
from aibuyer_kit.core.text_table import as_table
from aibuyer_kit.forecasting.nowcast import Expected

if TYPE_CHECKING:
    import pandas as pd

# From so many earlier moments on it can be said how often an interval holds.
TESTED_FROM = 8
_MOST_TEXT, _MOST_HTML = 12, 15
_FIGURES = ("forecast.known", "forecast.expected", "forecast.low", "forecast.high", "forecast.share")


@dataclass(frozen=True)
class NowcastLine(Expected):
    """One day, today or the week, or one object's: what is known, what is expected in the end, and the interval that
    holds 80%. NaN is what a ratio of nothing would be."""

    label: str = ""
    day: date | None = None
    id: str = ""


@dataclass(frozen=True)
class NowcastResult:
    """The last full days, their sum, and today; money in currency units. `moments` is how many were tested before.

    `objects` are the sums of the days of each object of `level`, the largest first.
    """

    metric: str
    currency: str
    locale: str
    days: tuple[NowcastLine, ...]
    total: NowcastLine
    today: NowcastLine
    moments: int
    known_at: datetime
    load_id: int
    level: str = "account"
    objects: tuple[NowcastLine, ...] = ()

    @property
    def lines(self) -> tuple[NowcastLine, ...]:
        return (*self.days, self.total, self.today, *self.objects)

    def rows(self) -> list[dict[str, object]]:
        """Return one row per day, for their sum, for today, and for each object."""
        return [
            {"what": each.label, "id": each.id, **{name: _figure(getattr(each, name)) for name in _COLUMNS}}
            for each in self.lines
        ]

    def to_frame(self) -> "pd.DataFrame":
        """Return the rows as a frame."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def headline(self) -> str:
        """Return the week in a sentence; how sure it is is said only where that was tested."""
        total = self.total
        said = [self._shown(each) for each in (total.known, total.expected, total.low, total.high)]
        kind = "nowcast_ratio" if self.is_ratio else "nowcast"
        label = total.label[:1].lower() + total.label[1:]
        return t(
            self.locale, f"forecast.{kind}", metric=t(self.locale, f"metric.{self.metric}"), label=label,
            known=said[0], expected=said[1],
            between=self._between(said[2], said[3], open_above=math.isnan(total.high)),
        )  # fmt: skip

    @property
    def is_ratio(self) -> bool:
        return isinstance(metric(self.metric), Ratio)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader must know of where the figures come from."""
        tested = t(self.locale, "forecast.tested" if self.moments >= TESTED_FROM else "forecast.untested",
                   moments=self.moments)  # fmt: skip
        of = t(self.locale, "forecast.of_ratio", metric=t(self.locale, f"metric.{self.metric}"))
        return (tested, of) if self.is_ratio else (tested,)

    def _between(self, low: str, high: str, *, open_above: bool) -> str:
        """Return the interval in words; a ratio whose lower part may be nothing has no upper end."""
        key = "at_least" if open_above else "between"
        key = key if self.moments >= TESTED_FROM else f"roughly_{key}"
        return t(self.locale, f"forecast.{key}", low=low, high=high)

    def _shown(self, value: float) -> str:
        if not math.isfinite(value):
            return format_metric(self.metric, None, self.currency, self.locale)
        number = math.floor(value + 0.5) if metric(self.metric).unit == "count" else value
        return format_metric(self.metric, number, self.currency, self.locale)

    def _meta(self) -> str:
        return t(self.locale, "word.data_as_of", moment=format_moment(self.known_at, self.locale))

    def __str__(self) -> str:
        tables = [self._text(lines, head) for lines, head in self._tables(_MOST_TEXT)]
        return "\n".join((self.headline(), self._meta(), "", "\n\n".join(tables), "", *self.notes))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        tables = "".join(self._table(lines, head) for lines, head in self._tables(_MOST_HTML))
        more = len(self.objects) - _MOST_HTML
        rest = f'<p class="ab-note">{for_html(t(self.locale, "forecast.more", count=more))}</p>' if more > 0 else ""
        notes = "".join(f"<li>{for_html(note)}</li>" for note in self.notes)
        return (
            f'{style_tag()}<div class="ab"><div class="ab-stack"><p class="ab-lead">{for_html(self.headline())}</p>'
            f'<div class="ab-meta">{for_html(self._meta())}</div>{tables}{rest}'
            f'<div class="ab-warnings"><ul>{notes}</ul></div></div></div>'
        )

    def _tables(self, most: int) -> list[tuple[tuple[NowcastLine, ...], str]]:
        days = (*self.days, self.total, self.today), t(self.locale, "word.period")
        return [days, *([(self.objects[:most], t(self.locale, "word.name"))] if self.objects else [])]

    def _cells(self, each: NowcastLine) -> list[str]:
        """Return a line as people read it: its name, its figures, and which share has arrived."""
        label = format_day(each.day, self.locale) if each.day and each is not self.today else each.label
        asked, whole = metric(self.metric), each.expected > 0 and not (self.is_ratio and each is self.today)
        arrived = each.known / each.expected if whole else math.nan
        if isinstance(asked, Ratio) and arrives_late(asked.denominator):
            arrived = 1 / arrived if arrived else math.nan
        share = format_share(arrived if math.isfinite(arrived) else None, self.locale, 0)
        return [label, *(self._shown(value) for value in (each.known, each.expected, each.low, each.high)), share]

    def _text(self, lines: tuple[NowcastLine, ...], head: str) -> str:
        heads = [head, *(t(self.locale, key) for key in _FIGURES)]
        return as_table([dict(zip(heads, self._cells(each), strict=True)) for each in lines], right=heads[1:])

    def _table(self, lines: tuple[NowcastLine, ...], head: str) -> str:
        heads = [head, *(t(self.locale, key) for key in _FIGURES)]
        return html_table(heads, map(self._cells, lines))


_COLUMNS = ("known", "expected", "low", "high")


def _figure(value: float) -> float | None:
    return value if math.isfinite(value) else None
