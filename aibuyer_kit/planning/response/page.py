"""A response in words, as a table, and as charts."""

import numpy as np

from aibuyer_kit.charts.curve import CurveChart, curve_svg
from aibuyer_kit.charts.fragment import Fragment, style_tag
from aibuyer_kit.core.escape import for_html, for_terminal
from aibuyer_kit.core.i18n import format_money, format_ratio, format_share, t
from aibuyer_kit.planning.response.response import ArmResponse, Response

_COLUMNS = ("arm", "spend_now", "marginal", "interval", "saturation", "identified", "advice")
_MOST_ROWS = 40
_CHART_POINTS = 61


def response_text(response: Response, locale: str) -> str:
    """Return the table and the notes as plain text."""
    from aibuyer_kit.core.text_table import as_table

    names = [t(locale, f"curves.column_{name}") for name in _COLUMNS]
    rows = [
        dict(zip(names, map(for_terminal, cells), strict=True))
        for cells in (_cells(response, each, locale) for each in response.arms[:_MOST_ROWS])
    ]
    more = len(response.arms) - _MOST_ROWS
    tail = [t(locale, "chart.others", count=more)] if more > 0 else []
    head = t(locale, "curves.title", client=response.client_name)
    told = (*response.notes(locale), *response.advice(locale))
    return "\n".join((for_terminal(head), as_table(rows), *tail, *map(for_terminal, told)))


def response_html(response: Response, locale: str) -> str:
    """Return the same as HTML, with the curves of the arms that spend most."""
    head = "".join(f"<th>{for_html(t(locale, f'curves.column_{name}'))}</th>" for name in _COLUMNS[:-1])
    body = "".join(_row(response, each, locale) for each in response.arms[:_MOST_ROWS])
    notes = "".join(f"<li>{for_html(note)}</li>" for note in response.notes(locale))
    advice = "".join(f"<li>{for_html(line)}</li>" for line in response.advice(locale))
    more = len(response.arms) - _MOST_ROWS
    tail = f'<p class="ab-note">{for_html(t(locale, "chart.others", count=more))}</p>' if more > 0 else ""
    return (
        f'{style_tag()}<div class="ab"><div class="ab-stack">'
        f"<h2>{for_html(t(locale, 'curves.title', client=response.client_name))}</h2>"
        f'<div class="ab-warnings"><ul>{notes}</ul></div>'
        f"{_charts(response, _largest(response, 4), locale)}"
        f'<div class="ab-card ab-table ab-scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{tail}"
        f'<div class="ab-note"><ul>{advice}</ul></div></div></div>'
    )


def plot_fragment(response: Response, places: list[int], locale: str) -> Fragment:
    """Return the curves of arms as charts, in words where there are none."""
    text = "\n".join(_chart(response, place, locale).words for place in places)
    return Fragment(_charts(response, places, locale), text)


def _largest(response: Response, count: int) -> list[int]:
    found: list[int] = np.argsort(-response.curves.spend_now, kind="stable")[:count].tolist()
    return found


def _charts(response: Response, places: list[int], locale: str) -> str:
    drawn = []
    for place in places:
        chart = _chart(response, place, locale)
        caption = f"<figcaption><span>{for_html(chart.title)}</span></figcaption>"
        drawn.append(f'<figure class="ab-card">{caption}{curve_svg(chart)}</figure>')
    key = for_html(t(locale, "curves.chart_key"))
    return f'<div><div class="ab-charts">{"".join(drawn)}</div><p class="ab-note">{key}</p></div>'


def _chart(response: Response, place: int, locale: str) -> CurveChart:
    curves, series = response.curves, response.learnt.series
    used = series.spend[series.used[:, place], place]
    now = float(curves.spend_now[place])
    seen = (float(used.min()), float(used.max())) if len(used) else (0.0, 0.0)
    spend = np.linspace(0.0, max(2 * now, 1.1 * seen[1], 1.0), _CHART_POINTS)
    one = curves.only([place])
    values = np.stack([one.value(np.array([each]))[:, 0] for each in spend])
    low, middle, high = (tuple(row) for row in np.quantile(values, (0.05, 0.5, 0.95), axis=1).tolist())
    name = curves.names[place]
    words = t(
        locale,
        "curves.chart_words",
        name=name,
        low=format_money(seen[0], curves.currency, locale),
        high=format_money(seen[1], curves.currency, locale),
        now=format_money(now, curves.currency, locale),
    )
    is_money = curves.value_of != "results"
    return CurveChart(
        name, words, curves.currency, locale, tuple(spend.tolist()), low, middle, high, seen, now, is_money
    )


def _cells(response: Response, each: ArmResponse, locale: str) -> list[str]:
    return [
        each.name,
        format_money(round(each.spend_now, 2), response.curves.currency, locale),
        format_ratio(each.marginal, locale),
        f"{format_ratio(each.marginal_low, locale)} – {format_ratio(each.marginal_high, locale)}",
        format_share(each.saturation, locale, decimals=0),
        t(locale, f"curves.identified_{each.identified}"),
        t(locale, f"curves.reason_{each.reason}") if each.reason else "",
    ]


def _row(response: Response, each: ArmResponse, locale: str) -> str:
    # What to know stands below the name: a column of its own would be a few characters wide.
    name, *figures, advice = (for_html(cell) for cell in _cells(response, each, locale))
    note = f'<div class="ab-note">{advice}</div>' if advice else ""
    cells = "".join(
        f'<td data-label="{for_html(t(locale, f"curves.column_{column}"))}">{cell}</td>'
        for column, cell in zip(_COLUMNS[1:-1], figures, strict=True)
    )
    return f'<tr><th scope="row">{name}{note}</th>{cells}</tr>'
