"""Insights as plain rows, for a terminal and for other programs: neither pandas nor Arrow is loaded."""

import warnings
from collections.abc import Sequence
from typing import Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import parse_level
from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.core.metrics import counts_results, metric
from aibuyer_kit.warehouse.read import AsOf, Reader
from aibuyer_kit.workflows.period import Day, no_facts, parse_as_of, resolve_period
from aibuyer_kit.workflows.totals import kinds_of
from aibuyer_kit.workflows.what_counts import read_facts

_BROKEN_DOWN = "insights by "
_LABELS = ("entity_id", "name", "currency")


def read_insights(
    context: ClientContext,
    level: str,
    metrics: Sequence[str],
    *,
    days: int | None = None,
    since: Day | None = None,
    until: Day | None = None,
    as_of: str = "",
    by: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Return one row per entity of `level` and day with the asked metrics; a stated period also has its last day.

    With `by`, one row per value of those dimensions and day. A column says what the results are where the rows count
    several kinds. Raises UnknownMetricError, PeriodError, NotFoundError, InputError, RateError; warns with
    LeftOutWarning if the period holds nothing.
    """
    names = [metric(name.strip()).name for name in metrics]
    reader, moment = Reader(context.warehouse), parse_as_of(as_of)
    period = resolve_period(context, reader, days=days, since=since, until=until, as_of=moment)
    rows = read_facts(context, reader, parse_level(level), period, as_of=moment, by=by).rows()
    if not rows:
        warn_of_nothing(reader, period, as_of=moment)
    ends = ("date_stop",) if any(row["date_stop"] != row["date"] for row in rows) else ()
    counted = ("result_type",) if len(kinds_of(rows)) > 1 and any(map(counts_results, names)) else ()
    labels = (*by, "currency") if by else _LABELS
    return [{name: row[name] for name in ("date", *ends, *labels, *counted, *names)} for row in rows]


def several(asked: str | Sequence[str]) -> tuple[str, ...]:
    """Return names that came as a sequence, or as one text with commas.

    >>> several("age, gender")
    ('age', 'gender')
    """
    return tuple(name.strip() for name in (asked.split(",") if isinstance(asked, str) else asked) if name.strip())


def known_breakdown(reader: Reader, asked: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of a breakdown.

    Raises NotFoundError that lists what was loaded if figures were never loaded by exactly these names.
    """
    names = several(asked)
    labels = {row["facts"] for row in reader.loads().rows()} if names else set()
    loaded = sorted(label.removeprefix(_BROKEN_DOWN) for label in labels if label.startswith(_BROKEN_DOWN))
    if names and ", ".join(sorted(names)) not in loaded:
        raise NotFoundError(
            f"No figures are loaded by {', '.join(names)}. Loaded: {'; '.join(loaded) or 'none that are broken down'}."
            " A sync reads what the setting sync.breakdowns names, once a day."
        )
    return names


def warn_of_nothing(reader: Reader, period: DateRange, *, as_of: AsOf | None = None) -> None:
    """Warn with LeftOutWarning that `period` holds no facts, and tell which days were read."""
    warnings.warn(no_facts(period, reader.freshness(as_of=as_of)), stacklevel=3)
