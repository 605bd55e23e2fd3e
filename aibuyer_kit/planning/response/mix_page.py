"""A marketing mix in words and as a table."""

from collections.abc import Callable

from aibuyer_kit.charts.fragment import style_tag
from aibuyer_kit.charts.table_html import html_table
from aibuyer_kit.core.escape import for_html, for_terminal
from aibuyer_kit.core.i18n import format_count, format_ratio, format_share, t
from aibuyer_kit.core.text_table import as_table
from aibuyer_kit.planning.response.mix import Mix

_COLUMNS = ("channel", "spent", "share", "return", "marginal", "carry", "identified")


def mix_text(mix: Mix, locale: str) -> str:
    """Return the table and the notes as plain text."""
    names = [t(locale, f"mix.column_{name}") for name in _COLUMNS]
    rows = [dict(zip(names, map(for_terminal, cells), strict=True)) for cells in _cells(mix, locale)]
    return "\n".join((t(locale, "mix.title"), as_table(rows), *_notes(mix, locale)))


def mix_html(mix: Mix, locale: str) -> str:
    """Return the same as HTML."""
    table = html_table([t(locale, f"mix.column_{name}") for name in _COLUMNS], _cells(mix, locale))
    notes = "".join(f"<li>{for_html(note)}</li>" for note in _notes(mix, locale))
    return (
        f'{style_tag()}<div class="ab"><h2>{for_html(t(locale, "mix.title"))}</h2>'
        f'<div class="ab-warnings"><ul>{notes}</ul></div>{table}</div>'
    )


def _notes(mix: Mix, locale: str) -> list[str]:
    weeks = len(mix.table.weeks)
    return [
        t(locale, "mix.weeks", count=weeks, explained=format_share(mix.explained, locale, decimals=0)),
        t(locale, "mix.not_proof"),
    ]


def _cells(mix: Mix, locale: str) -> list[list[str]]:
    def within(row: dict[str, object], name: str, shown: Callable[[float], str]) -> str:
        low, middle, high = (shown(float(str(row[key]))) for key in (f"{name}_low", name, f"{name}_high"))
        return f"{middle} ({low} – {high})"

    return [
        [
            str(row["channel"]),
            format_count(float(str(row["spent"])), locale),
            within(row, "share", lambda value: format_share(value, locale, decimals=1)),
            within(row, "return", lambda value: format_ratio(value, locale)),
            within(row, "marginal", lambda value: format_ratio(value, locale)),
            within(row, "carry", lambda value: format_ratio(value, locale)),
            t(locale, f"curves.identified_{row['identified']}"),
        ]
        for row in mix.rows()
    ]
