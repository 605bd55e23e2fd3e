"""An overview of a client's period as pieces of a page: masthead, sentence, tiles, trends, campaigns, definitions.

Each function takes anything with the attributes of OverviewLike, so that this layer knows no workflow.
"""

from collections.abc import Sequence
from dataclasses import replace

from aibuyer_kit.charts.arrival import arrival_of, widest_arrival
from aibuyer_kit.charts.fragment import Fragment
from aibuyer_kit.charts.kinds import result_names
from aibuyer_kit.charts.overview_like import OverviewLike, RowLike
from aibuyer_kit.charts.parts import part_label, told_kinds, told_parts
from aibuyer_kit.charts.quality import badge_html, maturity_words, not_final_from, quality_lines
from aibuyer_kit.charts.spec import BarChart, Named, TrendChart, metric_bars, share_bars, trend_chart
from aibuyer_kit.charts.static import svg
from aibuyer_kit.charts.summary import summary_sentences
from aibuyer_kit.charts.tables import (
    COLUMNS,
    HEADLINE,
    TableRow,
    Tile,
    aims_html,
    definitions_html,
    table_html,
    tiles_html,
    warnings_html,
)
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import action_name, format_metric, format_moment, format_period, t
from aibuyer_kit.core.metrics import counts_results

TREND = ("spend", "results", "cpa", "roas")


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
    """Return one tile per metric under a heading, against the period before and the targets."""
    language = locale or overview.locale
    tiles, heading = tiles_and_note(overview, language, metrics), t(language, "section.headline")
    return Fragment(f"<h2>{for_html(heading)}</h2>{tiles.html}", f"{heading}\n{tiles}")


def tiles_and_note(overview: OverviewLike, locale: str, metrics: Sequence[str] = HEADLINE) -> Fragment:
    """Return one tile per metric, and below them what they are compared with."""
    shown = headline_tiles(overview, locale, metrics)
    tiles = tiles_html(shown, currency=overview.currency, locale=locale)
    note = ""
    if any(each.previous is not None for each in shown):
        note = t(locale, "word.compared_with", period=format_period(overview.previous, locale))
    if any(each.is_arriving and each.previous is not None for each in shown):
        note = f"{note} {t(locale, 'word.same_age')}"
    html = f'{tiles}<p class="ab-note" style="margin-top:10px">{for_html(note)}</p>' if note else tiles
    lines = (f"{each.label}: {format_metric(each.metric, each.value, overview.currency, locale)}" for each in shown)
    return Fragment(html, "\n".join(lines))


def headline_tiles(overview: OverviewLike, locale: str, metrics: Sequence[str] = HEADLINE) -> list[Tile]:
    """Return one figure per metric; of those that count results one per kind, where there are several kinds."""
    return [
        Tile(
            part_label(name, kind_name, locale),
            name,
            part.totals.get(name),
            part.previous_totals.get(name),
            part.targets.get(name),
            arrival_of(name, part.daily, overview.immature),
        )
        for kind_name, name, part in told_parts(overview, metrics, locale)
    ]


def targets(overview: OverviewLike, locale: str | None = None) -> Fragment:
    """Return one bar per target: the figure, the target, and the verdict in words."""
    language = locale or overview.locale
    names = dict.fromkeys([*overview.targets, *(name for each in told_kinds(overview) for name in each.targets)])
    tiles = [*headline_tiles(overview, language, list(names)), *_aims_of_kinds(overview, language)]
    bars = aims_html(tiles, currency=overview.currency, locale=language)
    heading = t(language, "section.targets")
    return Fragment(f"<h2>{for_html(heading)}</h2>{bars}", heading)


def _aims_of_kinds(overview: OverviewLike, locale: str) -> list[Tile]:
    """Return what an objective of its own is to return, which is no target of the whole."""
    kinds = told_kinds(overview)
    return [
        Tile(
            part_label(name, words, locale),
            name,
            kind.totals.get(name),
            None,
            aim,
            arrival_of(name, kind.daily, overview.immature),
        )
        for kind, words in zip(kinds, result_names(kinds, locale), strict=True)
        for name, aim in kind.targets.items()
        if kind.section and not counts_results(name)
    ]


def overview_trends(overview: OverviewLike, metrics: Sequence[str], locale: str | None = None) -> list[TrendChart]:
    """Build one chart per metric over days with its target, and one per kind of result where there are several.

    Raises UnknownMetricError.
    """
    language, currency = locale or overview.locale, overview.currency
    found = []
    for kind_name, name, part in told_parts(overview, metrics, language):
        label, aim = part_label(name, kind_name, language), part.targets.get(name)
        chart = trend_chart(part.daily, name, currency=currency, locale=language, target=aim, label=label)
        chart = replace(chart, not_final_from=not_final_from(overview, name))
        found.append(replace(chart, title=_trend_title(name, kind_name, language)))
    return found


def _trend_title(name: str, kind_name: str, locale: str) -> str:
    if name == "results":
        return t(locale, "chart.trend_title", metric=part_label(name, kind_name, locale))
    title = t(locale, "chart.trend_title", metric=t(locale, f"metric.{name}"))
    return t(locale, "result.of_kind", metric=title, kind=kind_name) if kind_name else title


def trends(overview: OverviewLike, locale: str | None = None, *, metrics: Sequence[str] = TREND) -> Fragment:
    """Return one small chart per metric over the days of the period; empty where only a total is known."""
    language = locale or overview.locale
    if not overview.daily:
        return Fragment("", "")
    return figures(t(language, "section.trend"), overview_trends(overview, metrics, language))


def campaign_charts(overview: OverviewLike, locale: str | None = None) -> Fragment:
    """Return the campaigns' shares of spend and their cost per result against the target, as bars.

    Costs of different kinds of result are not comparable: each kind has bars of its own.
    """
    language, rows = locale or overview.locale, overview.campaigns
    if not rows:
        return Fragment("", "")
    shares = share_bars(named_rows(rows), currency=overview.currency, locale=language)
    if not told_kinds(overview):
        aim = overview.targets.get("cpa")
        return figures(t(language, "section.money"), (shares, _cost_bars(overview, rows, aim, language)))
    kinds = told_kinds(overview)
    names = dict(zip((each.kind for each in kinds), result_names(kinds, language), strict=True))
    costs = [
        _cost_bars_of_kind(overview, [row for row in rows if row.kind == kind], name, language)
        for kind, name in names.items()
    ]
    return figures(t(language, "section.money"), (shares, *costs))


def _cost_bars(overview: OverviewLike, rows: Sequence[RowLike], aim: float | None, locale: str) -> BarChart:
    arrival = widest_arrival(overview.immature)
    return metric_bars(named_rows(rows), "cpa", currency=overview.currency, locale=locale, target=aim, arrival=arrival)


def _cost_bars_of_kind(overview: OverviewLike, rows: Sequence[RowLike], kind_name: str, locale: str) -> BarChart:
    aims = {row.targets.get("cpa") for row in rows}
    chart = _cost_bars(overview, rows, aims.pop() if len(aims) == 1 else None, locale)
    return replace(chart, title=t(locale, "result.of_kind", metric=chart.title, kind=kind_name))


def campaigns(overview: OverviewLike, locale: str | None = None, *, columns: Sequence[str] = COLUMNS) -> Fragment:
    """Return one row per campaign, by falling spend, and the totals."""
    language = locale or overview.locale
    table = entity_table_html(overview, overview.campaigns, language, columns=columns)
    heading = t(language, "section.campaigns")
    lines = [
        f"{name}: {format_metric('spend', values.get('spend'), overview.currency, language)}"
        for name, values in named_rows(overview.campaigns)
    ]
    return Fragment(f"<h2>{for_html(heading)}</h2>{table}", "\n".join((heading, *lines)))


def entity_table_html(
    overview: OverviewLike,
    rows: Sequence[RowLike],
    locale: str,
    *,
    columns: Sequence[str] = COLUMNS,
    name_header: str = "",
) -> str:
    """Return a table of entities, each judged by the targets of its own result."""
    mixed, arrival = bool(told_kinds(overview)), widest_arrival(overview.immature)
    lines = [
        TableRow(
            row.name or row.entity_id,
            row.values,
            row.targets if mixed else overview.targets,
            action_name(row.kind.action_type, locale) if mixed and row.kind else "",
            arrival=arrival,
        )
        for row in rows
    ]
    total = TableRow(t(locale, "word.total"), overview.totals, {}, why_unknown="result.not_added" if mixed else "")
    return table_html(lines, total, currency=overview.currency, locale=locale, columns=columns, name_header=name_header)


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


def named_rows(rows: Sequence[RowLike]) -> Named:
    """Return entities as pairs of name and values; one without a name goes by its id."""
    return [(row.name or row.entity_id, row.values) for row in rows]


def figures(heading: str, charts: Sequence[TrendChart | BarChart]) -> Fragment:
    """Return charts side by side under a heading, or without one."""
    drawn = "".join(f'<figure class="ab-card">{chart_caption_html(chart)}{svg(chart)}</figure>' for chart in charts)
    text = "\n".join(chart.describe() for chart in charts)
    head = f"<h2>{for_html(heading)}</h2>" if heading else ""
    return Fragment(f'{head}<div class="ab-charts">{drawn}</div>', text)


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
