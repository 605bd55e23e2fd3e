"""Tiles and tables as HTML from plain values; every name is escaped here and nowhere else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aibuyer_kit.charts.arrival import SETTLED, Arrival
from aibuyer_kit.charts.compare import Comparison, Figure, compared, share_of
from aibuyer_kit.charts.spec import Named
from aibuyer_kit.charts.table_fit import MINOR, fit_style
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import format_change, format_metric, format_share, t
from aibuyer_kit.core.metrics import counts_results

Values = Mapping[str, Figure]

HEADLINE = ("spend", "results", "cpa", "revenue", "roas", "ctr")
COLUMNS = ("spend", "impressions", "clicks", "ctr", "results", "cpa", "revenue", "roas")


def metric_html(name: str, value: Figure, currency: str, locale: str, *, why_unknown: str = "word.unknown_long") -> str:
    """Return a formatted value; unknown is a dash that says so, and why, to the eye and to a screen reader."""
    text = for_html(format_metric(name, value, currency, locale))
    if value is not None:
        return text
    why, what = _say(locale, why_unknown), _say(locale, "word.unknown")
    return f'<span role="img" title="{why}" aria-label="{what}">{text}</span>'


@dataclass(frozen=True)
class Tile:
    """One figure beside the period before and its target; `label` is what it is called.

    While it is still arriving, `previous` is what was known of the period before at the same age.
    """

    label: str
    metric: str
    value: Figure
    previous: Figure
    target: float | None
    arrival: Arrival = SETTLED

    @property
    def is_arriving(self) -> bool:
        return self.value is not None and self.arrival.concerns(self.metric)


def kpi_tiles_html(
    totals: Values,
    previous_totals: Values,
    targets: Mapping[str, float],
    *,
    currency: str,
    locale: str,
    metrics: Sequence[str] = HEADLINE,
) -> str:
    """Return one tile per metric: the value, its change against the period before, and the target if there is one."""
    tiles = [
        Tile(t(locale, f"metric.{name}"), name, totals.get(name), previous_totals.get(name), targets.get(name))
        for name in metrics
    ]
    return tiles_html(tiles, currency=currency, locale=locale)


def tiles_html(tiles: Iterable[Tile], *, currency: str, locale: str) -> str:
    """Return the tiles: each value, its change against the period before, and the target if there is one."""
    cards = (
        f'<div class="ab-card" data-metric="{for_html(tile.metric)}">'
        f'<div class="ab-label">{for_html(tile.label)}</div>'
        f"{_value(tile.metric, tile.value, currency, locale)}{_still_arriving(tile, locale)}"
        f'<div class="ab-note">{_change(tile, locale)}</div>'
        f"{_tile_target(tile, currency, locale)}</div>"
        for tile in tiles
    )
    return f'<div class="ab-tiles">{"".join(cards)}</div>'


def _value(name: str, value: Figure, currency: str, locale: str) -> str:
    # The tile's type shrinks with the number of characters, so that no amount leaves its tile.
    length = max(7, len(format_metric(name, value, currency, locale)))
    return f'<div class="ab-value" style="--ab-length:{length}">{metric_html(name, value, currency, locale)}</div>'


def _still_arriving(tile: Tile, locale: str) -> str:
    if not tile.is_arriving:
        return ""
    why = _say(locale, "quality.arriving_how")
    return f'<div class="ab-arriving" title="{why}">{_say(locale, "quality.arriving")}</div>'


def _change(tile: Tile, locale: str) -> str:
    if tile.is_arriving and tile.previous is None:
        return _say(locale, "change.not_yet")
    key = "change.at_same_age" if tile.is_arriving else "change.against_previous"
    return change_html(compared(tile.metric, tile.value, tile.previous), locale, key=key)


def change_html(comparison: Comparison, locale: str, *, key: str = "change.against_previous") -> str:
    """Return a change against the period before, with its direction in words for those who do not see the colour."""
    if comparison.change is None:
        return _say(locale, "change.no_previous")
    if comparison.verdict == "same":
        return _say(locale, "change.same")
    arrow = "▲" if comparison.change > 0 else "▼"
    words = for_html(format_change(comparison.change, locale))
    judged = comparison.verdict in ("better", "worse")
    title = f' title="{_say(locale, f"change.{comparison.verdict}")}"' if judged else ""
    inner = f'<span class="ab-{comparison.verdict}"{title}>{arrow}&nbsp;{words}</span>'
    return for_html(t(locale, key, change="\0")).replace("\0", inner)


def _tile_target(tile: Tile, currency: str, locale: str) -> str:
    if tile.target is None:
        return ""
    aim = _say(locale, "word.target", value=format_metric(tile.metric, tile.target, currency, locale))
    verdict = target_html(compared(tile.metric, tile.value, tile.target), locale, settled=_is_settled(tile))
    return f'<div class="ab-note ab-aim">{aim}<br>{verdict}</div>'


def _is_settled(tile: Tile) -> bool:
    return tile.arrival.settles(tile.metric, tile.value, tile.target)


def target_html(comparison: Comparison, locale: str, *, settled: bool = True) -> str:
    """Return in words how far a figure is from its target, and on which side; not as a verdict while it may turn."""
    if comparison.change is None:
        return _say(locale, "target.unknown")
    if comparison.verdict == "same":
        return (
            f'<span class="ab-better">{_say(locale, "target.exactly")}</span>'
            if settled
            else _so_far("exactly", locale)
        )
    share = format_share(abs(comparison.change), locale, decimals=1)
    side = comparison.verdict if comparison.verdict in ("better", "worse") else "worse"
    if not settled:
        return _so_far(f"{side}_by", locale, share=share)
    return f'<span class="ab-{side}">{_say(locale, f"target.{side}_by", share=share)}</span>'


def _so_far(side: str, locale: str, **values: object) -> str:
    return f'<span data-settled="no">{_say(locale, f"target.so_far_{side}", **values)}</span>'


def targets_html(totals: Values, targets: Mapping[str, float], *, currency: str, locale: str) -> str:
    """Return one bar per target: how far the figure is, where the target stands, and the verdict in words."""
    aims = [Tile(t(locale, f"metric.{name}"), name, totals.get(name), None, aim) for name, aim in targets.items()]
    return aims_html(aims, currency=currency, locale=locale)


def aims_html(tiles: Sequence[Tile], *, currency: str, locale: str) -> str:
    """Return one bar per figure that has a target."""
    rows = "".join(_aim(tile, tile.target, currency, locale) for tile in tiles if tile.target is not None)
    return f'<div class="ab-aims">{rows}</div>' if rows else f'<p class="ab-note">{_say(locale, "target.none")}</p>'


def _aim(tile: Tile, target: float, currency: str, locale: str) -> str:
    name, value = tile.metric, tile.value
    comparison = compared(name, value, target)
    whole = max(float(value or 0), target, 0.0) * 1.25 or 1.0
    settled = _is_settled(tile)
    colour = "" if not settled else "ab-bad" if comparison.verdict == "worse" else "ab-good"
    aim = _say(locale, "word.target", value=format_metric(name, target, currency, locale))
    length = f"{max(float(value or 0), 0.0) / whole:.1%}"
    return (
        f'<div class="ab-card" data-target="{for_html(name)}">'
        f'<div class="ab-label">{for_html(tile.label)}</div>'
        f'<div class="ab-value">{metric_html(name, value, currency, locale)}</div>{_still_arriving(tile, locale)}'
        f'<div class="ab-track" aria-hidden="true"><i class="{colour}" style="width:{length}"></i>'
        f'<b style="left:{target / whole:.1%}"></b></div>'
        f'<div class="ab-note">{aim} · {target_html(comparison, locale, settled=settled)}</div></div>'
    )


@dataclass(frozen=True)
class TableRow:
    """One line of a table: the targets that it is judged by, and what its results are where that differs by line.

    `why_unknown` is the message that tells why its results are not known, where that is not for lack of reports.
    """

    name: str
    values: Values
    targets: Mapping[str, float]
    results_are: str = ""
    why_unknown: str = ""
    arrival: Arrival = SETTLED


def campaign_table_html(
    rows: Named,
    totals: Values,
    targets: Mapping[str, float],
    *,
    currency: str,
    locale: str,
    columns: Sequence[str] = COLUMNS,
    name_header: str = "",
) -> str:
    """Return one row per campaign with its share of spend, and the totals below; shares are of the totals' spend."""
    lines = [TableRow(name, values, targets) for name, values in rows]
    total = TableRow(t(locale, "word.total"), totals, {})
    return table_html(lines, total, currency=currency, locale=locale, columns=columns, name_header=name_header)


def table_html(
    rows: Sequence[TableRow],
    total: TableRow,
    *,
    currency: str,
    locale: str,
    columns: Sequence[str] = COLUMNS,
    name_header: str = "",
) -> str:
    """Return one line per row with its share of spend, each judged by its own targets, and the totals below."""
    head = "".join(
        f'<th scope="col"{_minor(name)} title="{_say(locale, f"metric.{name}")}">{_say(locale, f"short.{name}")}</th>'
        for name in columns
    )
    label = for_html(name_header or t(locale, "level.campaign"))
    body = "".join(_row(row, total.values, currency, locale, columns) for row in rows)
    foot = _cells(total, currency, locale, columns)
    kinds = [each.results_are for each in rows]
    fit = fit_style([each.values for each in (*rows, total)], columns, currency, locale, kinds)
    return (
        f'<div class="ab-card ab-table"><div class="ab-scroll"><table style="{fit}">'
        f'<thead><tr><th scope="col">{label}</th>{head}</tr></thead><tbody>{body}</tbody><tfoot><tr>'
        f'<th scope="row">{for_html(total.name)}</th>{foot}</tr></tfoot></table></div></div>'
    )


def _row(row: TableRow, totals: Values, currency: str, locale: str, columns: Sequence[str]) -> str:
    cells = _cells(row, currency, locale, columns)
    return f'<tr><th scope="row">{for_html(row.name)}{_share(row.values, totals, locale)}</th>{cells}</tr>'


def _share(values: Values, totals: Values, locale: str) -> str:
    share = share_of(values.get("spend"), totals.get("spend"))
    if share is None:
        return ""
    bar = f'<span class="ab-share" aria-hidden="true"><i style="width:{share:.1%}"></i></span>'
    words = _say(locale, "word.of_spend", share=format_share(share, locale, decimals=1))
    return f'<div class="ab-note">{bar}{words}</div>'


def _cells(row: TableRow, currency: str, locale: str, columns: Iterable[str]) -> str:
    return "".join(
        f'<td{_minor(name)} data-label="{_say(locale, f"short.{name}")}">'
        f"{_judged(name, row, currency, locale)}{_kind_note(name, row)}</td>"
        for name in columns
    )


def _kind_note(name: str, row: TableRow) -> str:
    return f'<div class="ab-note">{for_html(row.results_are)}</div>' if name == "results" and row.results_are else ""


def _judged(name: str, row: TableRow, currency: str, locale: str) -> str:
    value = row.values.get(name)
    why = row.why_unknown if row.why_unknown and counts_results(name) else "word.unknown_long"
    text = metric_html(name, value, currency, locale, why_unknown=why)
    aim = row.targets.get(name)
    verdict = compared(name, value, aim).verdict
    if verdict not in ("better", "worse") or not row.arrival.settles(name, value, aim):
        return text
    key = "target.met" if verdict == "better" else "target.missed"
    return f'<span class="ab-{verdict}" title="{_say(locale, key)}">{text}</span>'


def warnings_html(warnings: Sequence[str], locale: str) -> str:
    """Return the warnings as a marked list; empty text where there are none."""
    if not warnings:
        return ""
    items = "".join(f"<li>{for_html(warning)}</li>" for warning in warnings)
    return f'<div class="ab-warnings" role="note"><b>{_say(locale, "section.warnings")}</b><ul>{items}</ul></div>'


def definitions_html(metrics: Sequence[str], locale: str) -> str:
    """Return the plain meaning of each metric."""
    words = "".join(
        f"<div><dt>{_title(name, locale)}</dt><dd>{_say(locale, f'meaning.{name}')}</dd></div>" for name in metrics
    )
    return f'<dl class="ab-words">{words}</dl>'


def _title(name: str, locale: str) -> str:
    full, short = t(locale, f"metric.{name}"), t(locale, f"short.{name}")
    return for_html(full if full == short or not short.isupper() else f"{full} ({short})")


def _minor(name: str) -> str:
    return ' class="ab-minor"' if name in MINOR else ""


def _say(locale: str, key: str, **values: object) -> str:
    return for_html(t(locale, key, count=None, **values))
