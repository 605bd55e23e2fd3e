"""An overview of a client's period as pieces of a page: masthead, sentence, tiles, trends, campaigns, definitions.

Each function takes anything with the attributes of OverviewLike, so that this layer knows no workflow.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from aibuyer_kit.charts.compare import Figure, compared
from aibuyer_kit.charts.fragment import Fragment
from aibuyer_kit.charts.quality import (
    ImmatureLike,
    ReconciliationLike,
    badge_html,
    maturity_words,
    not_final_from,
    quality_lines,
)
from aibuyer_kit.charts.spec import BarChart, Named, TrendChart, metric_bars, share_bars, trend_chart
from aibuyer_kit.charts.static import svg
from aibuyer_kit.charts.tables import (
    COLUMNS,
    HEADLINE,
    campaign_table_html,
    definitions_html,
    kpi_tiles_html,
    targets_html,
    warnings_html,
)
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import format_metric, format_moment, format_money, format_period, format_share, t

TREND = ("spend", "results", "cpa", "roas")


class RowLike(Protocol):
    """One campaign: its values by metric name, money in currency units."""

    @property
    def entity_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def values(self) -> Mapping[str, Figure]: ...


class OverviewLike(Protocol):
    """What the pieces read of an overview."""

    @property
    def client_name(self) -> str: ...
    @property
    def locale(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def period(self) -> DateRange: ...
    @property
    def previous(self) -> DateRange: ...
    @property
    def data_as_of(self) -> datetime: ...
    @property
    def load_id(self) -> int: ...
    @property
    def totals(self) -> Mapping[str, Figure]: ...
    @property
    def previous_totals(self) -> Mapping[str, Figure]: ...
    @property
    def targets(self) -> Mapping[str, float]: ...
    @property
    def campaigns(self) -> Sequence[RowLike]: ...
    @property
    def daily(self) -> Sequence[tuple[date, Mapping[str, Figure]]]: ...
    @property
    def warnings(self) -> Sequence[str]: ...
    @property
    def reconciliation(self) -> ReconciliationLike: ...
    @property
    def immature(self) -> Sequence[ImmatureLike] | None: ...


def overview_html(overview: OverviewLike, locale: str | None = None) -> str:
    """Return the whole overview as HTML with its style, as a notebook shows it."""
    language = locale or overview.locale
    pieces = (masthead(overview, language), headline(overview, language), trends(overview, language))
    rest = (campaigns(overview, language),)
    inner = "".join(f"<section>{piece.html}</section>" for piece in (*pieces, *rest))
    return Fragment(f'<div class="ab-stack">{inner}</div>', "")._repr_html_()


def masthead(overview: OverviewLike, locale: str | None = None, *, title: str = "report.overview_title") -> Fragment:
    """Return the client's name, the period, how fresh the data are, the warnings, and the result in plain words."""
    language = locale or overview.locale
    period = format_period(overview.period, language)
    as_of = t(language, "word.data_as_of", moment=format_moment(overview.data_as_of, language))
    kicker, words = t(language, title), " ".join(summary_sentences(overview, language))
    days = t(language, "period.days", count=len(overview.period))
    html = (
        f'<header><div class="ab-kicker">{for_html(kicker)}</div><h1>{for_html(overview.client_name)}</h1>'
        f'<div class="ab-meta"><span>{for_html(period)} · {for_html(days)}</span>'
        f'<span data-as-of="{overview.load_id}">{for_html(as_of)}</span></div>'
        f"{badge_html(overview.reconciliation, language)}</header>"
        f'<p class="ab-lead" style="margin-top:18px">{for_html(words)}</p>{maturity_html(overview, language)}'
    )
    notes = warnings_html(overview.warnings, language)
    html += f'<div style="margin-top:18px">{notes}</div>' if notes else ""
    trust = quality_lines(overview, language)
    text = "\n".join((f"{kicker}: {overview.client_name}", period, as_of, words, *trust, *overview.warnings))
    return Fragment(html, text, f"{overview.client_name} · {kicker}", language)


def headline(overview: OverviewLike, locale: str | None = None, *, metrics: Sequence[str] = HEADLINE) -> Fragment:
    """Return one tile per metric, against the period before and the targets."""
    language = locale or overview.locale
    tiles = kpi_tiles_html(
        overview.totals,
        overview.previous_totals,
        overview.targets,
        currency=overview.currency,
        locale=language,
        metrics=metrics,
    )
    note = t(language, "word.compared_with", period=format_period(overview.previous, language))
    heading = t(language, "section.headline")
    html = f'<h2>{for_html(heading)}</h2>{tiles}<p class="ab-note" style="margin-top:10px">{for_html(note)}</p>'
    values = (format_metric(name, overview.totals.get(name), overview.currency, language) for name in metrics)
    lines = (f"{t(language, f'metric.{name}')}: {value}" for name, value in zip(metrics, values, strict=True))
    return Fragment(html, "\n".join((heading, *lines)))


def targets(overview: OverviewLike, locale: str | None = None) -> Fragment:
    """Return one bar per target: the figure, the target, and the verdict in words."""
    language = locale or overview.locale
    bars = targets_html(overview.totals, overview.targets, currency=overview.currency, locale=language)
    heading = t(language, "section.targets")
    return Fragment(f"<h2>{for_html(heading)}</h2>{bars}", heading)


def overview_trend(overview: OverviewLike, name: str, locale: str | None = None) -> TrendChart:
    """Build the chart of one metric per day, with the client's target. Raises UnknownMetricError."""
    return trend_chart(
        overview.daily,
        name,
        currency=overview.currency,
        locale=locale or overview.locale,
        target=overview.targets.get(name),
        not_final_from=not_final_from(overview, name),
    )


def trends(overview: OverviewLike, locale: str | None = None, *, metrics: Sequence[str] = TREND) -> Fragment:
    """Return one small chart per metric over the days of the period; empty where only a total is known."""
    language = locale or overview.locale
    if not overview.daily:
        return Fragment("", "")
    charts = [overview_trend(overview, name, language) for name in metrics]
    return _figures(t(language, "section.trend"), charts)


def campaign_charts(overview: OverviewLike, locale: str | None = None) -> Fragment:
    """Return the campaigns' shares of spend and their cost per result against the target, as bars."""
    language, rows = locale or overview.locale, named_rows(overview)
    if not rows:
        return Fragment("", "")
    aim = overview.targets.get("cpa")
    shares = share_bars(rows, currency=overview.currency, locale=language)
    costs = metric_bars(rows, "cpa", currency=overview.currency, locale=language, target=aim)
    return _figures(t(language, "section.money"), (shares, costs))


def campaigns(overview: OverviewLike, locale: str | None = None, *, columns: Sequence[str] = COLUMNS) -> Fragment:
    """Return one row per campaign, by falling spend, and the totals."""
    language = locale or overview.locale
    table = campaign_table_html(
        named_rows(overview),
        overview.totals,
        overview.targets,
        currency=overview.currency,
        locale=language,
        columns=columns,
    )
    heading = t(language, "section.campaigns")
    lines = [
        f"{name}: {format_metric('spend', values.get('spend'), overview.currency, language)}"
        for name, values in named_rows(overview)
    ]
    return Fragment(f"<h2>{for_html(heading)}</h2>{table}", "\n".join((heading, *lines)))


def definitions(overview: OverviewLike, locale: str | None = None, *, metrics: Sequence[str] = COLUMNS) -> Fragment:
    """Return what each figure means, and from which version of the data the page was made."""
    language = locale or overview.locale
    heading = t(language, "section.definitions")
    made = t(language, "report.made_from", load=overview.load_id)
    as_of = t(language, "word.data_as_of", moment=format_moment(overview.data_as_of, language))
    html = (
        f"<h2>{for_html(heading)}</h2>{definitions_html(metrics, language)}"
        f'<p class="ab-note" style="margin-top:16px">{for_html(as_of)} · {for_html(made)}</p>'
    )
    words = (f"{t(language, f'metric.{name}')}: {t(language, f'meaning.{name}')}" for name in metrics)
    return Fragment(html, "\n".join((heading, *words)))


def named_rows(overview: OverviewLike) -> Named:
    """Return the campaigns as pairs of name and values; a campaign without a name goes by its id."""
    return [(row.name or row.entity_id, row.values) for row in overview.campaigns]


def summary_sentences(overview: OverviewLike, locale: str | None = None) -> tuple[str, ...]:
    """Return what happened in plain words: spend against the period before, results, their cost against the target."""
    language = locale or overview.locale
    sentences = (each(overview, language) for each in (_spend_words, _result_words, _return_words))
    return tuple(words for words in sentences if words)


def _spend_words(overview: OverviewLike, locale: str) -> str:
    days = t(locale, "period.days", count=len(overview.period))
    spend = overview.totals.get("spend")
    if spend is None:
        return t(locale, "summary.spend_unknown", days=days)
    change = compared("spend", spend, overview.previous_totals.get("spend"))
    money = format_money(spend, overview.currency, locale)
    if change.change is None:
        return t(locale, "summary.spend_only", spend=money, days=days)
    if change.verdict == "same":
        return t(locale, "summary.spend_same", spend=money, days=days)
    key = "summary.spend_more" if change.change > 0 else "summary.spend_less"
    return t(locale, key, spend=money, days=days, share=format_share(abs(change.change), locale, decimals=1))


def _result_words(overview: OverviewLike, locale: str) -> str:
    results, cpa = overview.totals.get("results"), overview.totals.get("cpa")
    if results is None:
        return t(locale, "summary.results_unknown")
    if not results or cpa is None:
        return t(locale, "summary.results_none")
    words = t(locale, "summary.results", count=int(results), cpa=format_money(cpa, overview.currency, locale))
    if "cpa" not in overview.targets:
        return words
    aim = overview.targets["cpa"]
    verdict = compared("cpa", cpa, aim).verdict
    key = {"better": "summary.cpa_met", "same": "summary.cpa_exact"}.get(verdict, "summary.cpa_missed")
    return f"{words} {t(locale, key, target=format_money(aim, overview.currency, locale))}"


def _return_words(overview: OverviewLike, locale: str) -> str:
    roas = overview.totals.get("roas")
    if roas is None:
        return ""
    unit, returned = (format_money(amount, overview.currency, locale) for amount in (1, roas))
    return t(locale, "summary.roas", unit=unit, returned=returned)


def _figures(heading: str, charts: Sequence[TrendChart | BarChart]) -> Fragment:
    figures = "".join(f'<figure class="ab-card">{chart_caption_html(chart)}{svg(chart)}</figure>' for chart in charts)
    text = "\n".join(chart.describe() for chart in charts)
    return Fragment(f'<h2>{for_html(heading)}</h2><div class="ab-charts">{figures}</div>', text)


def chart_caption_html(chart: TrendChart | BarChart) -> str:
    """Return a chart's title, and what its dashed line and its hatched days stand for."""
    keys = ""
    if isinstance(chart, TrendChart) and chart.has_open_days:
        keys += _key("ab-hatch", t(chart.locale, "quality.not_final"))
    if isinstance(chart, TrendChart) and chart.target is not None:
        keys += _key("ab-dash", chart.target_words())
    return f'<figcaption><span>{for_html(chart.title)}</span><span class="ab-keys">{keys}</span></figcaption>'


def maturity_html(overview: OverviewLike, locale: str) -> str:
    """Return how final the newest results are; empty where all of them are."""
    words = maturity_words(overview.immature, locale)
    return f'<p class="ab-note ab-maturity" role="note">{for_html(words)}</p>' if words else ""


def _key(mark: str, words: str) -> str:
    return f'<span class="ab-note"><span class="{mark}"></span>{for_html(words)}</span>'
