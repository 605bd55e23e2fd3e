"""Totals of entities and days from insights rows: sums of what is known, ratios of sums that know both sides."""

import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import LeftOutWarning
from aibuyer_kit.core.metrics import MEASURES, RATIOS, arrives_late, ratio_of, rests_on
from aibuyer_kit.core.results import ResultKind
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.what_counts import read_facts, section_of, section_targets

Values = Mapping[str, float | int | None]
# One entity and day as the warehouse gives it, but with money in micros.
Row = dict[str, Any]

_MICROS = 1_000_000
_SUMMED = tuple(each for each in MEASURES if each.additive == "everywhere")


@dataclass(frozen=True)
class EntityTotals:
    """One entity in a period; money in currency units, unknown values are None.

    `targets` are those that its result is judged by; `kind` is what it counts, None where that is not one thing.
    """

    entity_id: str
    name: str
    values: Values
    targets: Mapping[str, float] = field(default_factory=dict)
    kind: ResultKind | None = None


@dataclass(frozen=True)
class ResultTotals:
    """All campaigns that count one kind of result under one section of the client's settings ('': the client's own)."""

    section: str
    kind: ResultKind
    totals: Values
    previous_totals: Values
    targets: Mapping[str, float]
    daily: tuple[tuple[date, Values], ...]


def entity_totals(
    context: ClientContext, reader: Reader, level: Level, days: DateRange, *, as_of: AsOf | None = None
) -> tuple[EntityTotals, ...]:
    """Return the totals of every entity of `level`, the largest spend first."""
    rows, _ = read_rows(context, reader, level, days, as_of)
    return by_entity(rows, context)


def read_rows(
    context: ClientContext,
    reader: Reader,
    level: Level,
    days: DateRange,
    as_of: AsOf | None,
    *,
    in_account_currency: bool = False,
) -> tuple[list[Row], tuple[LeftOutWarning, ...]]:
    """Return one row per entity and day with money in micros, and what the reading warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LeftOutWarning)
        rows = read_facts(context, reader, level, days, as_of=as_of, in_account_currency=in_account_currency).rows()
    return in_micros(rows), tuple(each.message for each in caught if isinstance(each.message, LeftOutWarning))


def in_micros(rows: list[Row]) -> list[Row]:
    """Return rows of the warehouse, whose money is in units of the currency, as rows that can be summed."""
    for row in rows:
        for measure in _SUMMED:
            if measure.unit == "money" and row[measure.name] is not None:
                row[measure.name] = round(row[measure.name] * _MICROS)
    return rows


def read_campaigns(
    context: ClientContext, reader: Reader, days: DateRange, as_of: AsOf | None
) -> tuple[list[Row], list[date], tuple[LeftOutWarning, ...]]:
    """Return one row per campaign and day, and one of the account for each day that is known no finer, with these days.

    Totals would else be short of what the platform says was spent on a day of which only the account could be read.
    """
    rows, left_out = read_rows(context, reader, Level.CAMPAIGN, days, as_of)
    if not any(each.reason == "coarser" for each in left_out):
        return rows, [], left_out
    split = {_account_and_days(row) for row in rows}
    accounts, _ = read_rows(context, reader, Level.ACCOUNT, days, as_of)
    whole = [row for row in accounts if _account_and_days(row) not in split]
    told = tuple(each for each in left_out if each.reason != "coarser")
    return rows + whole, sorted({row["date"] for row in whole}), told


def _account_and_days(row: Row) -> tuple[str, str, date, date]:
    return row["platform"], row["account_id"], row["date"], row["date_stop"]


def values_of(rows: Iterable[Row]) -> Values:
    """Return sums and ratios over rows.

    A sum adds what is known; a ratio uses only the rows that know both of its sides, so that neither side is short.
    Results of several kinds are not added up: they, and what is divided by them or from them, are unknown.
    """
    rows = list(rows)
    if len(kinds_of(rows)) > 1:
        rows = [{**row, "results": None} for row in rows]
    values: dict[str, float | int | None] = {}
    for measure in _SUMMED:
        total = _sum(rows, measure.name)
        values[measure.name] = total / _MICROS if measure.unit == "money" and total is not None else total
    for ratio in RATIOS:
        sides = (ratio.numerator, ratio.denominator)
        both = [row for row in rows if all(row.get(name) is not None for name in sides)]
        values[ratio.name] = ratio_of(ratio, {name: _sum(both, name) for name in sides})
    return values


def kinds_of(rows: Iterable[Row]) -> frozenset[ResultKind | None]:
    """Return the kinds of result that rows count; None stands for a row that mixes them."""
    return frozenset(kind_of(row) for row in rows)


def kind_of(row: Row) -> ResultKind | None:
    """Return what a row counts; None where that is not one thing."""
    return ResultKind(row["result_type"], row["result_window"]) if row.get("result_type") else None


def by_entity(rows: Iterable[Row], context: ClientContext | None = None) -> tuple[EntityTotals, ...]:
    """Return one total per entity under its newest name, the largest spend first."""
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["platform"], row["account_id"], row["entity_id"]].append(row)
    found = [_entity(key[2], group, context) for key, group in groups.items()]
    return tuple(sorted(found, key=lambda each: (-(each.values["spend"] or 0), each.name)))


def _entity(entity_id: str, rows: list[Row], context: ClientContext | None) -> EntityTotals:
    newest = rows[-1]
    kinds = kinds_of(rows)
    kind = next(iter(kinds)) if len(kinds) == 1 else None
    targets = section_targets(context, section_of(context, newest.get("objective"))) if context and kind else {}
    return EntityTotals(entity_id, newest["name"], values_of(rows), targets, kind)


@dataclass(frozen=True)
class Earlier:
    """The rows of the period before: as they are known now, and as they were when they were as old as the period's are.

    `at_same_age` is None where nobody looked then; what arrives late is then unknown, as there is nothing like it. What
    rests on a measure that is `in_doubt`, in either of the periods, is not told.
    """

    rows: Sequence[Row] = ()
    at_same_age: Sequence[Row] | None = ()
    in_doubt: frozenset[str] = frozenset()

    def values(self) -> Values:
        """Return the totals that the period's own may be compared with."""
        late = {} if self.at_same_age is None else values_of(self.at_same_age)
        known = {name: late.get(name) if arrives_late(name) else value for name, value in values_of(self.rows).items()}
        return {name: None if rests_on(name) & self.in_doubt else value for name, value in known.items()}

    def sections(self, context: ClientContext) -> dict[str, "Earlier"]:
        """Return the same for each section of the settings that rows fall under."""
        rows, young = _sections(context, self.rows), _sections(context, self.at_same_age or ())
        return {
            section: Earlier(part, None if self.at_same_age is None else young.get(section, ()), self.in_doubt)
            for section, part in rows.items()
        }


def by_result(
    context: ClientContext, rows: Iterable[Row], before: Earlier, days: DateRange
) -> tuple[ResultTotals, ...]:
    """Return one total per section that the rows fall under, the largest spend first; `before` is the period before."""
    now, then = _sections(context, rows), before.sections(context)
    found = [
        ResultTotals(
            section=section,
            kind=context.settings.rules.of(section).kind,
            totals=values_of(part),
            previous_totals=then.get(section, Earlier()).values(),
            targets=section_targets(context, section),
            daily=by_day(part, days),
        )
        for section, part in now.items()
    ]
    return tuple(sorted(found, key=lambda each: (-(each.totals["spend"] or 0), each.section)))


def _sections(context: ClientContext, rows: Iterable[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[section_of(context, row.get("objective"))].append(row)
    return groups


def by_day(rows: Iterable[Row], days: DateRange) -> tuple[tuple[date, Values], ...]:
    """Return one total per day; nothing where all rows are totals of a period that has no days."""
    rows = list(rows)
    groups: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        if row["date"] == row["date_stop"]:
            groups[row["date"]].append(row)
    if rows and not groups:
        return ()
    return tuple((day, values_of(groups[day])) for day in days)


def _sum(rows: Iterable[Row], name: str) -> int | None:
    known = [row[name] for row in rows if row.get(name) is not None]
    return sum(known) if known else None
