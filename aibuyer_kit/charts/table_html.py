"""Plain tables as HTML: as wide as their words on a screen, and on a phone one card a row that names each figure."""

from collections.abc import Iterable, Sequence

from aibuyer_kit.core.escape import for_html

# Of words longer than this a cell is broken.
_LONGEST_WORDS = 24


def html_table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    foot: Sequence[str] | None = None,
    below: Sequence[str] = (),
    words: Iterable[int] = (),
) -> str:
    """Return a table of plain texts, escaped here: the first of each row names it, the others stand under their heads.

    `foot` is a row of totals, `below` are sentences under the rows. `words` are the places of columns that hold
    sentences, which may be broken into lines.
    """
    rows, wordy = [list(row) for row in rows], frozenset(words)
    head = "".join(f'<th scope="col">{for_html(each)}</th>' for each in heads)
    body = "".join(_row(heads, row, wordy) for row in rows)
    body += "".join(f'<tr><th colspan="{len(heads)}">{for_html(each)}</th></tr>' for each in below)
    last = f"<tfoot>{_row(heads, foot, wordy)}</tfoot>" if foot is not None else ""
    fit = _fit(heads, [*rows, *([foot] if foot is not None else [])], wordy)
    return (
        f'<div class="ab-card ab-table"><div class="ab-scroll"><table style="{fit}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody>{last}</table></div></div>"
    )


def _row(heads: Sequence[str], row: Sequence[str], wordy: frozenset[int]) -> str:
    if len(row) != len(heads):
        raise ValueError(f"A row has {len(row)} cells under {len(heads)} heads: {list(row)}.")
    name, *cells = map(for_html, row)
    labels = map(for_html, heads[1:])
    data = "".join(
        f'<td{" class=ab-wordy" if place in wordy else ""} data-label="{label}">{cell}</td>'
        for place, (label, cell) in enumerate(zip(labels, cells, strict=True), 1)
    )
    return f'<tr><th scope="row">{name}</th>{data}</tr>'


def _fit(heads: Sequence[str], rows: Sequence[Sequence[str]], wordy: frozenset[int]) -> str:
    """Return how many characters the columns hold, from which the style sheet takes the size of the type."""
    cells = {place: max((len(row[place]) for row in rows), default=1) for place in range(1, len(heads))}
    longest = [
        min(max(own, len(heads[place])), _LONGEST_WORDS if place in wordy else 10_000) for place, own in cells.items()
    ]
    # On a card a head may be broken into lines, a figure may not.
    card = max((own for place, own in cells.items() if place not in wordy), default=1)
    sizes = {"columns": len(longest), "chars": sum(longest), "longest": card}
    sizes |= {"major-columns": sizes["columns"], "major-chars": sizes["chars"]}
    return ";".join(f"--ab-{name}:{size}" for name, size in sizes.items())
