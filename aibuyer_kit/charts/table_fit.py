"""How long the amounts of a table are: its style sheet makes the type smaller, so that no column is cut."""

from collections.abc import Iterable, Mapping, Sequence

from aibuyer_kit.charts.compare import Figure
from aibuyer_kit.core.i18n import format_metric, t

# What a phone and a narrow page leave out of a table.
MINOR = frozenset({"impressions", "clicks", "link_clicks", "ctr"})
# What stands under the results is written smaller, and broken where it is longer than this.
_LONGEST_NOTE, _NOTE_SIZE = 16, 0.9


def fit_style(
    lines: Iterable[Mapping[str, Figure]], columns: Sequence[str], currency: str, locale: str, notes: Iterable[str] = ()
) -> str:
    """Return the number of columns and of characters of a line at its longest, with and without the minor columns.

    `notes` stand under the results, whole words of them.

    >>> fit_style([{"spend": 1234.5, "clicks": 12}], ("spend", "clicks"), "EUR", "en")
    '--ab-columns:2;--ab-chars:15;--ab-major-columns:1;--ab-major-chars:9;--ab-longest:9'
    """
    rows = list(lines)
    words = [len(word) for note in notes for word in note.split()]
    note = round(min(max(words, default=0), _LONGEST_NOTE) * _NOTE_SIZE)
    longest = {
        name: max(
            len(t(locale, f"short.{name}")),
            note if name == "results" else 0,
            *(len(format_metric(name, row.get(name), currency, locale)) for row in rows),
        )
        for name in columns
    }
    major = [longest[name] for name in columns if name not in MINOR]
    sizes = {
        "columns": len(columns),
        "chars": sum(longest.values()),
        "major-columns": len(major),
        "major-chars": sum(major),
        "longest": max(major, default=1),
    }
    return ";".join(f"--ab-{name}:{size}" for name, size in sizes.items())
