"""Insights as plain rows, for a terminal and for other programs: neither pandas nor Arrow is loaded."""

import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level, parse_level
from aibuyer_kit.core.errors import InputError, LeftOutWarning, NotFoundError, QualityWarning
from aibuyer_kit.core.metrics import counts_results, metric
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.period import Day, end_of, no_facts, parse_as_of, resolve_period
from aibuyer_kit.workflows.quality import period_quality, warn_of_quality
from aibuyer_kit.workflows.reach import WINDOW_METRICS, check_window_metrics, needs_window, read_window
from aibuyer_kit.workflows.totals import Row, in_micros, kinds_of, values_of
from aibuyer_kit.workflows.what_counts import read_facts

_BROKEN_DOWN = "insights by "
_PLACEMENT = ("publisher_platform", "platform_position")
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
    breakdown: str | Sequence[str] = (),
    total: bool = False,
) -> list[dict[str, Any]]:
    """Return one row per entity of `level` and day with the asked metrics; a stated period also has its last day.

    With `total`, one row over all days instead, the largest spend first; ratios are of sums.

    With `by`, one row per value of those dimensions and day; with `breakdown`, per value of it besides. Reach and
    frequency are of the whole period. A column says what the results are where the rows count several kinds. Raises
    UnknownMetricError, PeriodError, NotFoundError, InputError, RateError; warns with LeftOutWarning if the period holds
    nothing, or is broken down only in part. `warn_of_insights` tells what a reader must know of the figures besides.
    """
    names = several(metrics)
    windowed = needs_window(names)
    for name in names:
        if not (windowed and name in WINDOW_METRICS):
            metric(name)
    reader, moment = Reader(context.warehouse), parse_as_of(as_of)
    until = end_of(context, reader, since, until, as_of=moment)
    period = resolve_period(context, reader, days=days, since=since, until=until, as_of=moment)
    if windowed:
        return _of_window(reader, parse_level(level), period, names, moment, split_by=(*by, *several(breakdown)))
    split = known_breakdown(reader, breakdown, period)
    rows = read_facts(context, reader, parse_level(level), period, as_of=moment, by=by, breakdown=split).rows()
    if not rows:
        warn_of_nothing(reader, period, as_of=moment)
    ends = ("date_stop",) if any(row["date_stop"] != row["date"] for row in rows) else ()
    counted = ("result_type",) if len(kinds_of(rows)) > 1 and any(map(counts_results, names)) else ()
    labels = (*by, *split, "currency") if by else (*_LABELS[:-1], *split, _LABELS[-1])
    if total:
        return _totals(rows, period, labels, counted, names)
    return [{name: row[name] for name in ("date", *ends, *labels, *counted, *names)} for row in rows]


def warn_of_insights(
    context: ClientContext,
    metrics: Sequence[str],
    *,
    days: int | None = None,
    since: Day | None = None,
    until: Day | None = None,
    as_of: str = "",
    breakdown: str | Sequence[str] = (),
) -> None:
    """Warn with QualityWarning if the figures that `read_insights` tells are still arriving or in doubt.

    It takes longer than to read them: what is known of a quarter has to be looked at.
    """
    names = several(metrics)
    if needs_window(names):
        return
    reader, moment = Reader(context.warehouse), parse_as_of(as_of)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QualityWarning)  # `read_insights` has told which day was taken
        until = end_of(context, reader, since, until, as_of=moment)
    period = resolve_period(context, reader, days=days, since=since, until=until, as_of=moment)
    is_split = bool(several(breakdown))
    quality = period_quality(context, reader, period, as_of=moment, metrics=names, broken_down=is_split)
    warn_of_quality(quality, stacklevel=3)


def _totals(
    rows: list[Row], period: DateRange, labels: Sequence[str], counted: Sequence[str], names: Sequence[str]
) -> list[dict[str, Any]]:
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in in_micros(rows):
        groups[tuple(row.get(name) for name in ("platform", "account_id", *labels))].append(row)
    found = []
    for group in groups.values():
        values, kinds = values_of(group), kinds_of(group)
        kind = next(iter(kinds)) if len(kinds) == 1 else None
        told = dict.fromkeys(counted, kind and kind.action_type)
        shown = {name: values.get(name) for name in names}
        line = {"date": period.since, "date_stop": period.until, **{name: group[-1][name] for name in labels}}
        found.append((values["spend"] or 0, {**line, **told, **shown}))
    return [line for _, line in sorted(found, key=lambda each: -each[0])]


def _of_window(
    reader: Reader,
    level: Level,
    period: DateRange,
    names: tuple[str, ...],
    as_of: AsOf | None,
    *,
    split_by: tuple[str, ...],
) -> list[dict[str, Any]]:
    check_window_metrics(names)
    if split_by:
        raise InputError(f"Reach and frequency are not held by {', '.join(split_by)}.")
    ends = {"date": period.since, "date_stop": period.until}
    rows = read_window(reader, level, period, as_of=as_of)
    return [{**ends, **{name: row[name] for name in (*_LABELS[:-1], *names)}} for row in rows]


def several(asked: str | Sequence[str]) -> tuple[str, ...]:
    """Return names that came as a sequence, or as one text with commas.

    >>> several("age, gender")
    ('age', 'gender')
    """
    return tuple(name.strip() for name in (asked.split(",") if isinstance(asked, str) else asked) if name.strip())


def known_breakdown(reader: Reader, asked: str | Sequence[str], period: DateRange) -> tuple[str, ...]:
    """Return the names of a breakdown; `placement` is short for its two.

    Warns with LeftOutWarning if it was loaded for a part of the period only. Raises NotFoundError that lists what was
    loaded if figures were never loaded by exactly these names.
    """
    names = several(asked)
    if names == ("placement",):
        names = _PLACEMENT
    loads = reader.loads("insights").rows() if names else []
    labels = {row["facts"] for row in loads}
    loaded = sorted(label.removeprefix(_BROKEN_DOWN) for label in labels if label.startswith(_BROKEN_DOWN))
    if names and ", ".join(sorted(names)) not in loaded:
        raise NotFoundError(
            f"No figures are loaded by {', '.join(names)}. Loaded: {'; '.join(loaded) or 'none that are broken down'}."
            " A sync reads what the setting sync.breakdowns names, once a day."
        )
    if names:
        _warn_of_days_not_split(period, names, loads)
    return names


def _warn_of_days_not_split(period: DateRange, names: Sequence[str], loads: Sequence[Mapping[str, Any]]) -> None:
    """Warn if days of the period are known whole, and not broken down."""
    split = _days_of(loads, _BROKEN_DOWN + ", ".join(sorted(names)))
    whole = _days_of(loads, "insights")
    if split is None or whole is None:
        return
    if max(period.since, whole.since) < split.since or min(period.until, whole.until) > split.until:
        told = LeftOutWarning("not_split", breakdown=", ".join(names), first_day=split.since, last_day=split.until)
        warnings.warn(told, stacklevel=4)


def _days_of(loads: Sequence[Mapping[str, Any]], facts: str) -> DateRange | None:
    days = [(row["since"], row["until"]) for row in loads if row["facts"] == facts and row["extent"] != "broken"]
    return DateRange(min(since for since, _ in days), max(until for _, until in days)) if days else None


def warn_of_nothing(reader: Reader, period: DateRange, *, as_of: AsOf | None = None) -> None:
    """Warn with LeftOutWarning that `period` holds no facts, and tell which days were read."""
    warnings.warn(no_facts(period, reader.freshness(as_of=as_of)), stacklevel=3)
