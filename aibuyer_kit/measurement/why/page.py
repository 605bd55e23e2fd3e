"""Why a metric changed, as a piece of a page: sentences, the way from one figure to the other, and every part."""

from collections.abc import Sequence

from aibuyer_kit.charts.fragment import Fragment
from aibuyer_kit.charts.waterfall import Step, Waterfall, waterfall_svg
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import UNKNOWN, format_metric, format_moment, format_period, t
from aibuyer_kit.core.metrics import METRICS
from aibuyer_kit.measurement.why.explanation import Line, Why
from aibuyer_kit.measurement.why.words import (
    MOST_LINES,
    amount_words,
    driver_name,
    level_words,
    part_name,
    signed_words,
    why_sentences,
    why_text,
)

# Beside the parts of single objects, what each object did in all is worth a table of its own from here on.
_SEVERAL = 2


def why_html(why: Why, locale: str) -> str:
    """Return the whole explanation as HTML with its style, as a notebook shows it."""
    return why_fragment(why, locale)._repr_html_()


def why_fragment(why: Why, locale: str) -> Fragment:
    """Return the whole explanation as a piece of a page."""
    pieces = [_masthead(why, locale), *(_body(each, locale) for each in (why.kinds or (why,)))]
    pieces.append(f'<p class="ab-note">{for_html(t(locale, "why.how"))}</p>')
    inner = "".join(f"<section>{piece}</section>" for piece in pieces)
    return Fragment(f'<div class="ab-stack">{inner}</div>', why_text(why, locale))


def why_chart(why: Why, locale: str) -> Fragment:
    """Return the way from the one figure to the other as a chart, one for each kind that is told apart."""
    charts = [waterfall(each, locale) for each in (why.kinds or (why,))]
    html = "".join(map(_figure, charts))
    return Fragment(f'<div class="ab-stack">{html}</div>', "\n".join(each.describe() for each in charts))


def waterfall(why: Why, locale: str) -> Waterfall:
    """Build the chart: a step for each driver, the first cause first."""
    shown, rest = why.drivers[:MOST_LINES], why.drivers[MOST_LINES:]
    steps = [Step(driver_name(each.driver, locale), each.part, _signed(why, each.part, locale)) for each in shown]
    if rest:
        part = sum(each.part for each in rest)
        steps.append(Step(t(locale, "chart.others", count=len(rest)), part, _signed(why, part, locale)))
    before, after = (format_metric(why.metric, each, why.currency, locale) for each in (why.before, why.after))
    return Waterfall(
        title=t(locale, "why.chart", before=before, after=after),
        metric=why.metric,
        currency=why.currency,
        locale=locale,
        start=Step(format_period(why.against, locale), why.before or 0.0, before),
        steps=tuple(steps),
        end=Step(format_period(why.period, locale), why.after or 0.0, after),
        higher_is_better=METRICS[why.metric].higher_is_better,
    )


def _figure(chart: Waterfall) -> str:
    return f'<figure class="ab-card" style="max-width:720px">{waterfall_svg(chart)}</figure>'


def _signed(why: Why, part: float, locale: str) -> str:
    return signed_words(why, part, locale)


def _masthead(why: Why, locale: str) -> str:
    ends = format_period(why.period, locale), format_period(why.against, locale)
    periods = t(locale, "why.periods", period=ends[0], against=ends[1])
    as_of = t(locale, "word.data_as_of", moment=format_moment(why.data_as_of, locale))
    notes = "".join(f"<li>{for_html(note)}</li>" for note in why.notes)
    told = f'<div class="ab-warnings" role="note"><ul>{notes}</ul></div>' if notes else ""
    return (
        f'<header><div class="ab-kicker">{for_html(t(locale, "why.heading"))} · {for_html(why.client_name)}</div>'
        f"<h1>{for_html(t(locale, f'metric.{why.metric}'))}</h1>"
        f'<div class="ab-meta"><span>{for_html(periods)}</span>'
        f'<span data-as-of="{why.load_id}">{for_html(as_of)}</span></div></header>{told}'
    )


def _body(why: Why, locale: str) -> str:
    kind = f"<h2>{for_html(why.kind_name)}</h2>" if why.kind_name else ""
    words = f'<p class="ab-lead">{for_html(" ".join(why_sentences(why, locale)))}</p>'
    chart = f'<div style="margin-top:18px">{_figure(waterfall(why, locale))}</div>'
    tables = [_parts_table(why, locale)]
    if len(why.objects) >= _SEVERAL:
        tables.append(_table(why, t(locale, f"level.{why.level}"), [(line.name, line) for line in why.objects], locale))
    return kind + words + chart + "".join(f'<div style="margin-top:18px">{table}</div>' for table in tables)


def _parts_table(why: Why, locale: str) -> str:
    rows = [(part_name(line, locale), line) for line in why.parts]
    return _table(why, t(locale, "why.by_part"), rows, locale, levels=True)


def _table(why: Why, title: str, rows: Sequence[tuple[str, Line]], locale: str, *, levels: bool = False) -> str:
    shown, rest = rows[:MOST_LINES], [line for _, line in rows[MOST_LINES:]]
    body = "".join(_row(why, name, line, locale, levels=levels) for name, line in shown)
    if rest:
        body += _plain_row(
            why, t(locale, "chart.others", count=len(rest)), sum(each.part for each in rest), locale, levels
        )
    foot = _plain_row(why, t(locale, "why.whole"), why.change or 0.0, locale, levels)
    names = [t(locale, "why.part"), t(locale, "why.usually_column"), *([t(locale, "why.was_became")] if levels else [])]
    head = "".join(f'<th scope="col">{for_html(name)}</th>' for name in names)
    fit = f"--ab-columns:{len(names)};--ab-chars:36;--ab-longest:16"
    return (
        f'<div class="ab-card ab-table"><div class="ab-scroll"><table style="{fit}">'
        f'<thead><tr><th scope="col">{for_html(title)}</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody><tfoot>{foot}</tfoot></table></div></div>"
    )


def _row(why: Why, name: str, line: Line, locale: str, *, levels: bool) -> str:
    usual = f"±{amount_words(why, line.usual, locale)}" if line.usual else UNKNOWN
    part = f'<b class="{_verdict(why, line)}">{for_html(_signed(why, line.part, locale))}</b>'
    cells = [part, for_html(usual)]
    if levels:
        pair = [level_words(why, line.driver, each, locale) for each in (line.was, line.became)]
        cells.append(for_html(UNKNOWN if line.was is None else " → ".join(pair)))
    return _cells(name, cells, locale)


def _plain_row(why: Why, name: str, part: float, locale: str, levels: bool) -> str:
    return _cells(name, [for_html(_signed(why, part, locale)), "", *([""] if levels else [])], locale)


def _cells(name: str, cells: Sequence[str], locale: str) -> str:
    labels = [t(locale, key) for key in ("why.part", "why.usually_column", "why.was_became")]
    data = "".join(
        f'<td data-label="{for_html(label)}">{cell}</td>' if cell else "<td></td>"
        for label, cell in zip(labels, cells, strict=False)
    )
    return f'<tr><th scope="row">{for_html(name)}</th>{data}</tr>'


def _verdict(why: Why, line: Line) -> str:
    better = METRICS[why.metric].higher_is_better
    if better is None or not line.is_unusual:
        return ""
    return "ab-better" if (line.part > 0) == better else "ab-worse"
