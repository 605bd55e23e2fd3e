"""Tiles and tables as HTML from plain values; every name is escaped here and nowhere else."""

from collections.abc import Iterable, Mapping, Sequence

from aibuyer_kit.charts.compare import Comparison, Figure, compared, share_of
from aibuyer_kit.charts.spec import Named
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import format_change, format_metric, format_share, t

Values = Mapping[str, Figure]

HEADLINE = ("spend", "results", "cpa", "revenue", "roas", "ctr")
COLUMNS = ("spend", "impressions", "clicks", "ctr", "results", "cpa", "revenue", "roas")
# What a phone leaves out of a table.
_MINOR = frozenset({"impressions", "clicks", "link_clicks", "ctr"})


def metric_html(name: str, value: Figure, currency: str, locale: str) -> str:
    """Return a formatted value; unknown is a dash that says so to the eye and to a screen reader."""
    text = for_html(format_metric(name, value, currency, locale))
    if value is not None:
        return text
    why, what = _say(locale, "word.unknown_long"), _say(locale, "word.unknown")
    return f'<span role="img" title="{why}" aria-label="{what}">{text}</span>'


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
    tiles = (
        f'<div class="ab-card" data-metric="{for_html(name)}">'
        f'<div class="ab-label">{_say(locale, f"metric.{name}")}</div>'
        f"{_value(name, totals.get(name), currency, locale)}"
        f'<div class="ab-note">{change_html(compared(name, totals.get(name), previous_totals.get(name)), locale)}</div>'
        f"{_tile_target(name, totals.get(name), targets, currency, locale)}</div>"
        for name in metrics
    )
    return f'<div class="ab-tiles">{"".join(tiles)}</div>'


def _value(name: str, value: Figure, currency: str, locale: str) -> str:
    # The tile's type shrinks with the number of characters, so that no amount leaves its tile.
    length = max(7, len(format_metric(name, value, currency, locale)))
    return f'<div class="ab-value" style="--ab-length:{length}">{metric_html(name, value, currency, locale)}</div>'


def change_html(comparison: Comparison, locale: str) -> str:
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
    return for_html(t(locale, "change.against_previous", change="\0")).replace("\0", inner)


def _tile_target(name: str, value: Figure, targets: Mapping[str, float], currency: str, locale: str) -> str:
    if name not in targets:
        return ""
    aim = _say(locale, "word.target", value=format_metric(name, targets[name], currency, locale))
    return f'<div class="ab-note ab-aim">{aim}<br>{target_html(compared(name, value, targets[name]), locale)}</div>'


def target_html(comparison: Comparison, locale: str) -> str:
    """Return in words how far a figure is from its target, and on which side."""
    if comparison.change is None:
        return _say(locale, "target.unknown")
    if comparison.verdict == "same":
        return f'<span class="ab-better">{_say(locale, "target.exactly")}</span>'
    share = format_share(abs(comparison.change), locale, decimals=1)
    side = comparison.verdict if comparison.verdict in ("better", "worse") else "worse"
    return f'<span class="ab-{side}">{_say(locale, f"target.{side}_by", share=share)}</span>'


def targets_html(totals: Values, targets: Mapping[str, float], *, currency: str, locale: str) -> str:
    """Return one bar per target: how far the figure is, where the target stands, and the verdict in words."""
    if not targets:
        return f'<p class="ab-note">{_say(locale, "target.none")}</p>'
    rows = (_aim(name, totals.get(name), targets[name], currency, locale) for name in targets)
    return f'<div class="ab-aims">{"".join(rows)}</div>'


def _aim(name: str, value: Figure, target: float, currency: str, locale: str) -> str:
    comparison = compared(name, value, target)
    whole = max(float(value or 0), target, 0.0) * 1.25 or 1.0
    colour = "ab-bad" if comparison.verdict == "worse" else "ab-good"
    aim = _say(locale, "word.target", value=format_metric(name, target, currency, locale))
    length = f"{float(value or 0) / whole:.1%}"
    return (
        f'<div class="ab-card" data-target="{for_html(name)}">'
        f'<div class="ab-label">{_say(locale, f"metric.{name}")}</div>'
        f'<div class="ab-value">{metric_html(name, value, currency, locale)}</div>'
        f'<div class="ab-track" aria-hidden="true"><i class="{colour}" style="width:{length}"></i>'
        f'<b style="left:{target / whole:.1%}"></b></div>'
        f'<div class="ab-note">{aim} · {target_html(comparison, locale)}</div></div>'
    )


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
    head = "".join(
        f'<th scope="col"{_minor(name)} title="{_say(locale, f"metric.{name}")}">{_say(locale, f"short.{name}")}</th>'
        for name in columns
    )
    label = for_html(name_header or t(locale, "level.campaign"))
    body = "".join(_row(name, values, totals, targets, currency, locale, columns) for name, values in rows)
    foot = _cells(totals, {}, currency, locale, columns)
    return (
        '<div class="ab-card ab-table"><div class="ab-scroll"><table>'
        f'<thead><tr><th scope="col">{label}</th>{head}</tr></thead><tbody>{body}</tbody><tfoot><tr>'
        f'<th scope="row">{_say(locale, "word.total")}</th>{foot}</tr></tfoot></table></div></div>'
    )


def _row(
    name: str,
    values: Values,
    totals: Values,
    targets: Mapping[str, float],
    currency: str,
    locale: str,
    columns: Sequence[str],
) -> str:
    cells = _cells(values, targets, currency, locale, columns)
    return f'<tr><th scope="row">{for_html(name)}{_share(values, totals, locale)}</th>{cells}</tr>'


def _share(values: Values, totals: Values, locale: str) -> str:
    share = share_of(values.get("spend"), totals.get("spend"))
    if share is None:
        return ""
    bar = f'<span class="ab-share" aria-hidden="true"><i style="width:{share:.1%}"></i></span>'
    words = _say(locale, "word.of_spend", share=format_share(share, locale, decimals=1))
    return f'<div class="ab-note">{bar}{words}</div>'


def _cells(values: Values, targets: Mapping[str, float], currency: str, locale: str, columns: Iterable[str]) -> str:
    return "".join(
        f'<td{_minor(name)} data-label="{_say(locale, f"short.{name}")}">'
        f"{_judged(name, values.get(name), targets, currency, locale)}</td>"
        for name in columns
    )


def _judged(name: str, value: Figure, targets: Mapping[str, float], currency: str, locale: str) -> str:
    text = metric_html(name, value, currency, locale)
    verdict = compared(name, value, targets.get(name)).verdict
    if verdict not in ("better", "worse"):
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
    return ' class="ab-minor"' if name in _MINOR else ""


def _say(locale: str, key: str, **values: object) -> str:
    return for_html(t(locale, key, count=None, **values))
