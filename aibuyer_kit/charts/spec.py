"""Charts as plain values: what is drawn, in which unit and language; renderers add nothing of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from aibuyer_kit.charts.arrival import SETTLED, Arrival
from aibuyer_kit.charts.compare import Figure, share_of
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.i18n import format_day, format_metric, format_period, format_share, t
from aibuyer_kit.core.metrics import metric

Daily = Sequence[tuple[date, Mapping[str, Figure]]]
Named = Sequence[tuple[str, Mapping[str, Figure]]]


@dataclass(frozen=True)
class Series:
    """One line: a value per day, None where the day is unknown."""

    label: str
    dates: tuple[date, ...]
    values: tuple[Figure, ...]


@dataclass(frozen=True)
class Band:
    """Between which two lines something lies, such as a forecast in its interval."""

    dates: tuple[date, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class TrendChart:
    """One metric over days, with an optional target line in the metric's own unit.

    From the day `not_final_from` on its values still move, and are drawn lighter and hatched. `band` is drawn behind,
    and nothing else is filled then.
    """

    title: str
    metric: str
    currency: str
    locale: str
    series: tuple[Series, ...]
    target: float | None = None
    not_final_from: date | None = None
    band: "Band | None" = None

    @property
    def has_open_days(self) -> bool:
        """Whether a day that is drawn is not final yet."""
        return self.not_final_from is not None and any(
            day >= self.not_final_from for line in self.series for day in line.dates
        )

    def parts(self, line: Series) -> tuple[Series, Series]:
        """Return the final part of a line, and the other one, which begins where the first ends."""
        final = [day for day in line.dates if self.not_final_from is None or day < self.not_final_from]
        split, joint = len(final), max(len(final) - 1, 0)
        return (
            Series(line.label, line.dates[:split], line.values[:split]),
            Series(line.label, line.dates[joint:], line.values[joint:])
            if split < len(line.dates)
            else Series(line.label, (), ()),
        )

    def describe(self) -> str:
        """Return the chart in words, for those who do not see it."""
        points = [pair for line in self.series for pair in zip(line.dates, line.values, strict=True)]
        known = [(float(value), day) for day, value in points if value is not None]
        if not known:
            return t(self.locale, "chart.no_data")
        (low, low_day), (high, high_day) = min(known), max(known)
        days = [day for day, _ in points]
        text = t(
            self.locale,
            "chart.described",
            metric=t(self.locale, f"metric.{self.metric}"),
            period=format_period(DateRange(min(days), max(days)), self.locale),
            low=format_metric(self.metric, low, self.currency, self.locale),
            low_day=format_day(low_day, self.locale),
            high=format_metric(self.metric, high, self.currency, self.locale),
            high_day=format_day(high_day, self.locale),
        )
        unknown = len(points) - len(known)
        notes = [t(self.locale, "chart.unknown_days", count=unknown)] if unknown else []
        if self.has_open_days and self.not_final_from:
            notes.append(t(self.locale, "quality.not_final_from", day=format_day(self.not_final_from, self.locale)))
        return " ".join((text, *notes, *([f"{self.target_words()}."] if self.target is not None else [])))

    def target_words(self) -> str:
        """Return the target as the reader is told of it; empty without one."""
        if self.target is None:
            return ""
        return t(self.locale, "word.target", value=format_metric(self.metric, self.target, self.currency, self.locale))


@dataclass(frozen=True)
class Bar:
    """One row of a bar chart: `length` decides the bar, `text` is its formatted value; None is unknown.

    What may still turn to the other side of the target is not `settled`, and has no verdict.
    """

    label: str
    length: float | None
    text: str
    settled: bool = True


@dataclass(frozen=True)
class BarChart:
    """One metric over campaigns, in the order given, with an optional target line in the unit of `length`."""

    title: str
    metric: str
    currency: str
    locale: str
    bars: tuple[Bar, ...]
    target: float | None = None
    higher_is_better: bool | None = None

    def describe(self) -> str:
        """Return the chart in words, for those who do not see it."""
        bars = "; ".join(f"{bar.label}: {bar.text}" for bar in self.bars)
        name = t(self.locale, f"metric.{self.metric}")
        return t(self.locale, "chart.described_bars", metric=name, bars=bars)


def trend_chart(
    daily: Daily,
    name: str,
    *,
    currency: str,
    locale: str,
    target: float | None = None,
    label: str = "",
    title: str = "",
    not_final_from: date | None = None,
) -> TrendChart:
    """Build the chart of one metric over days, one pair of day and values per day.

    `title` says otherwise what is shown.

    Raises UnknownMetricError.
    """
    metric(name)
    words = t(locale, f"metric.{name}")
    line = Series(label or words, tuple(day for day, _ in daily), tuple(values.get(name) for _, values in daily))
    title = title or t(locale, "chart.trend_title", metric=words)
    return TrendChart(title, name, currency, locale, (line,), target, not_final_from)


def share_bars(rows: Named, *, currency: str, locale: str, most: int = 8) -> BarChart:
    """Build the bars of each row's share of all spend, the first `most` rows; shares are of all rows."""
    total = sum(values.get("spend") or 0 for _, values in rows)
    shares = [(name, share_of(values.get("spend"), total)) for name, values in rows[:most]]
    bars = tuple(Bar(name, share, format_share(share, locale, decimals=1)) for name, share in shares)
    return BarChart(t(locale, "word.share"), "spend", currency, locale, bars)


def metric_bars(
    rows: Named,
    name: str,
    *,
    currency: str,
    locale: str,
    target: float | None = None,
    most: int = 8,
    arrival: Arrival = SETTLED,
    title: str = "",
) -> BarChart:
    """Build the bars of one metric, the first `most` rows in their order, against a target.

    `title` says otherwise what is shown.

    Raises UnknownMetricError.
    """
    better = metric(name).higher_is_better
    bars = tuple(
        Bar(
            label,
            None if value is None else float(value),
            format_metric(name, value, currency, locale),
            arrival.settles(name, value, target),
        )
        for label, values in rows[:most]
        for value in (values.get(name),)
    )
    title = title or t(locale, "chart.bars_title", metric=t(locale, f"metric.{name}"))
    return BarChart(title, name, currency, locale, bars, target, better)
