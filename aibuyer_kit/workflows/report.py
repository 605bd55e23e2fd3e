"""What a client's period looked like: totals, targets, campaigns and days, as known at a moment."""

import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.charts.overview import overview_html
from aibuyer_kit.core.dates import DateRange, time_zone
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import LeftOutWarning, MixedCurrencyError, NotFoundError
from aibuyer_kit.core.metrics import MEASURES, RATIOS, ratio_of
from aibuyer_kit.core.text_table import as_table
from aibuyer_kit.warehouse.read import AsOf, Reader, ResultSetting
from aibuyer_kit.workflows.period import Day, account_zones, no_facts_text, resolve_period

Values = Mapping[str, float | int | None]

_SUMMED = tuple(each for each in MEASURES if each.additive == "everywhere")


@dataclass(frozen=True)
class OverviewRow:
    """One campaign in the period; money in currency units."""

    entity_id: str
    name: str
    values: Values


@dataclass(frozen=True, repr=False)
class Overview:
    """A client's period beside the one before it; money in units of `currency`, unknown values are None.

    `daily` has one entry per day of the period; a stated period's total without days is in `totals` only.
    """

    client_name: str
    locale: str
    currency: str
    period: DateRange
    previous: DateRange
    data_as_of: datetime
    load_id: int
    totals: Values
    previous_totals: Values
    targets: Mapping[str, float]
    campaigns: tuple[OverviewRow, ...]
    daily: tuple[tuple[date, Values], ...]
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        rows = [
            {"metric": name, "period": now, "before": self.previous_totals[name], "target": self.targets.get(name)}
            for name, now in self.totals.items()
        ]
        head = f"{self.client_name}: {self.period}, {self.currency}, data as of {self.data_as_of:%Y-%m-%d %H:%M %Z}"
        return "\n".join((head, as_table(rows), *self.warnings))

    def _repr_html_(self) -> str:
        return overview_html(self)


def client_overview(
    context: ClientContext,
    reader: Reader,
    *,
    days: int | None = None,
    since: Day | None = None,
    until: Day | None = None,
    as_of: AsOf | None = None,
) -> Overview:
    """Return the overview of a period, 28 days by default.

    Raises NotFoundError before the first load, MixedCurrencyError if accounts differ in currency, PeriodError.
    """
    period = resolve_period(context, reader, days=days, since=since, until=until, as_of=as_of)
    fresh = reader.freshness(as_of=as_of)
    rows, notes = _campaign_rows(context, reader, period, fresh.load_id)
    before, _ = _campaign_rows(context, reader, period.before(), fresh.load_id)
    zone = time_zone(account_zones(reader, as_of=as_of)[0])
    return Overview(
        client_name=context.settings.name,
        locale=context.settings.locale,
        currency=_one_currency(reader, rows, fresh.load_id),
        period=period,
        previous=period.before(),
        data_as_of=fresh.known_at.astimezone(zone),
        load_id=fresh.load_id,
        totals=_values(rows),
        previous_totals=_values(before),
        targets=context.settings.targets,
        campaigns=_by_campaign(rows),
        daily=_by_day(rows, period),
        warnings=(*notes, *_unknown_notes(rows), *(() if rows else (no_facts_text(period, fresh),))),
    )


def result_setting(context: ClientContext) -> ResultSetting:
    """Return the client's canonical result as the reader takes it."""
    return ResultSetting(context.settings.result.action_type, context.settings.result.window)


def _campaign_rows(
    context: ClientContext, reader: Reader, period: DateRange, load_id: int
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LeftOutWarning)
        answer = reader.insights(Level.CAMPAIGN, period, result=result_setting(context), as_of=load_id)
    rows = answer.rows()
    for row in rows:
        for measure in _SUMMED:
            if measure.unit == "money" and row[measure.name] is not None:
                row[measure.name] = round(row[measure.name] * 1_000_000)
    return rows, tuple(str(each.message) for each in caught)


def _values(rows: Iterable[Mapping[str, Any]]) -> Values:
    """Return sums and ratios over rows whose money is in micros.

    A sum adds what is known; a ratio uses only the rows that know both of its sides, so that neither side is short.
    """
    rows = list(rows)
    values: dict[str, float | int | None] = {}
    for measure in _SUMMED:
        total = _sum(rows, measure.name)
        values[measure.name] = total / 1_000_000 if measure.unit == "money" and total is not None else total
    for ratio in RATIOS:
        both = [row for row in rows if row[ratio.numerator] is not None and row[ratio.denominator] is not None]
        values[ratio.name] = ratio_of(ratio, {name: _sum(both, name) for name in (ratio.numerator, ratio.denominator)})
    return values


def _sum(rows: Iterable[Mapping[str, Any]], name: str) -> int | None:
    known = [row[name] for row in rows if row[name] is not None]
    return sum(known) if known else None


def _by_campaign(rows: list[dict[str, Any]]) -> tuple[OverviewRow, ...]:
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["platform"], row["account_id"], row["entity_id"]].append(row)
    campaigns = [OverviewRow(key[2], group[-1]["name"], _values(group)) for key, group in groups.items()]
    return tuple(sorted(campaigns, key=lambda row: (-(row.values["spend"] or 0), row.name)))


def _by_day(rows: list[dict[str, Any]], period: DateRange) -> tuple[tuple[date, Values], ...]:
    groups: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["date"] == row["date_stop"]:
            groups[row["date"]].append(row)
    if rows and not groups:
        return ()
    return tuple((day, _values(groups[day])) for day in period)


def _one_currency(reader: Reader, rows: list[dict[str, Any]], load_id: int) -> str:
    found: set[str] = {row["currency"] for row in rows}
    if not found:
        found = {row["currency"] for row in reader.entities(Level.ACCOUNT, as_of=load_id).rows() if row["currency"]}
    if len(found) > 1:
        raise MixedCurrencyError(
            f"The accounts of this client report in {', '.join(sorted(found))}, which cannot be added up."
            " Give each currency a client of its own."
        )
    if not found:
        raise NotFoundError("No account is known yet. Run `aibuyer sync` or `aibuyer import` for this client.")
    return found.pop()


def _unknown_notes(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    notes = []
    for name in ("results", "revenue"):
        missing = sorted({row["date"] for row in rows if row[name] is None and row["spend"]})
        if missing and len(missing) < len({row["date"] for row in rows}):
            listed = ", ".join(str(day) for day in missing[:5]) + (" …" if len(missing) > 5 else "")
            notes.append(
                f"{name} is not reported for {len(missing)} days with spend ({listed}); ratios leave them out."
            )
    return tuple(notes)
