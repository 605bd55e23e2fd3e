"""Rows that can be read are parted from those that cannot, which are handed over with their reason.

One bad row must not cost the others. But where many are bad the platform's format has changed, and then nothing of the
page is taken for a fact.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from aibuyer_kit.connectors.meta.page import UnreadableRowError
from aibuyer_kit.connectors.meta.redaction import masked_row, without_secrets, without_tokens
from aibuyer_kit.core.errors import SchemaDriftError
from aibuyer_kit.core.unreadable import Rejected, UnreadableRow, raw_json

# So many bad rows, and more than this share of a page or of the read so far, are another format; so are all of several.
FEWEST_FOR_DRIFT = 5
SHARE_FOR_DRIFT = 0.1
# They wait in memory for the end of the read.
MOST_SET_ASIDE = 10_000

Make = Callable[[Sequence[object]], pa.Table]
# What is known of a row's key, as an UnreadableRow without field, reason and row.
KeyOf = Callable[[object], UnreadableRow]


@dataclass
class Sieve:
    """Parts the rows of one read; `redact` takes the secrets out that only the connector knows.

    Without `rejected` there is nowhere to keep a bad row, and the first one ends the read.
    """

    rejected: Rejected | None
    redact: Callable[[str], str]
    read: int = 0
    set_aside: int = 0

    def parted(self, rows: Sequence[object], make: Make, key_of: KeyOf) -> tuple[pa.Table, Sequence[object]]:
        """Return the table of the rows that can be read, and those rows. Raises SchemaDriftError if too many cannot."""
        try:
            table, bad = make(rows), {}
        except UnreadableRowError:
            if self.rejected is None:
                raise
            bad = dict(_problems(rows, 0, make))
            self._check(bad, len(rows))
            rows = [row for number, row in enumerate(rows) if number not in bad]
            table = make(rows)
        for problem, row in bad.values():
            self._hand_over(problem, row, key_of)
        self.count(len(rows))
        self.set_aside += len(bad)
        return table, rows

    def count(self, rows: int) -> None:
        """Count rows that were read in another way."""
        self.read += rows

    def _check(self, bad: dict[int, tuple[UnreadableRowError, object]], rows: int) -> None:
        in_all, rows_in_all = self.set_aside + len(bad), self.read + self.set_aside + rows
        of_page = _is_drift(len(bad), rows)
        if not of_page and not _is_drift(in_all, rows_in_all) and in_all <= MOST_SET_ASIDE:
            return
        told = f"{len(bad)} of {rows} rows of a page" if of_page else f"{in_all} of {rows_in_all} rows so far"
        first, _ = next(iter(bad.values()))
        raise SchemaDriftError(f"{told} cannot be read, the first: {first}") from first

    def _hand_over(self, problem: UnreadableRowError, row: object, key_of: KeyOf) -> None:
        reason = self.redact(without_secrets(problem.complaint))
        raw = raw_json(masked_row(row, lambda text: self.redact(without_tokens(text))))
        if self.rejected is not None:
            self.rejected(replace(key_of(row), field=problem.field, reason=reason, raw=raw))


def _problems(
    rows: Sequence[object], start: int, make: Make
) -> Iterator[tuple[int, tuple[UnreadableRowError, object]]]:
    """Yield the place of each bad row with its problem, by halving: one bad row costs three times a good page."""
    try:
        make(rows)
    except UnreadableRowError as problem:
        if len(rows) == 1:
            yield start, (problem, rows[0])
            return
        middle = len(rows) // 2
        yield from _problems(rows[:middle], start, make)
        yield from _problems(rows[middle:], start + middle, make)


def _is_drift(bad: int, rows: int) -> bool:
    """Tell whether so many are bad that the format has changed: also all of a page, however small, of several rows."""
    return bad > SHARE_FOR_DRIFT * rows and (bad >= FEWEST_FOR_DRIFT or bad == rows > 1)


def unknown_key(**known: Any) -> UnreadableRow:
    """Return what is known of a key before anything else is."""
    return UnreadableRow(field="", reason="", raw="", **known)
