"""What a client's period looked like: totals, targets, campaigns and days, as known at a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange, time_zone
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import MixedCurrencyError, NotFoundError, RateError
from aibuyer_kit.core.i18n import shown_decimals, t
from aibuyer_kit.core.text_table import as_table
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.maturity import ImmatureDay
from aibuyer_kit.workflows.period import Day, account_zones, no_facts, open_days, resolve_period
from aibuyer_kit.workflows.quality import Quality, day_notes, period_quality
from aibuyer_kit.workflows.quarantine import unreadable_days
from aibuyer_kit.workflows.reconcile import NOT_COMPARED, Reconciliation, differences
from aibuyer_kit.workflows.result_notes import is_without_value, never_notes, result_notes
from aibuyer_kit.workflows.same_age import load_at_same_age
from aibuyer_kit.workflows.totals import (
    Earlier,
    EntityTotals,
    ResultTotals,
    Row,
    Values,
    by_day,
    by_entity,
    by_result,
    kinds_of,
    read_campaigns,
    values_of,
)
from aibuyer_kit.workflows.what_counts import section_of, whole_targets


@dataclass(frozen=True, repr=False)
class Overview:
    """A client's period beside the one before it; money in units of `currency`, unknown values are None.

    `daily` has one entry per day of the period; a stated period's total without days is in `totals` only. `by_result`
    has one entry per section of the settings that says what counts, with its own totals, targets and days; where they
    count several kinds of result, the results of `totals` are unknown. `reconciliation`
    says on which days the levels agree with the account, `immature` which days' results are not final. Where there are
    such days, `previous_totals` are, of all that arrives late, what was known of the period before at the same age, and
    unknown if nobody looked then.
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
    campaigns: tuple[EntityTotals, ...]
    daily: tuple[tuple[date, Values], ...]
    warnings: tuple[str, ...]
    by_result: tuple[ResultTotals, ...] = ()
    reconciliation: Reconciliation = NOT_COMPARED
    immature: tuple[ImmatureDay, ...] = ()

    def __repr__(self) -> str:
        rows = [
            {"metric": name, "period": now, "before": self.previous_totals[name], "target": self.targets.get(name)}
            for name, now in self.totals.items()
        ]

        def decimals(row: Mapping[str, object], _: str) -> int | None:
            return shown_decimals({"currency": self.currency}, str(row["metric"]))

        head = f"{self.client_name}: {self.period}, {self.currency}, data as of {self.data_as_of:%Y-%m-%d %H:%M %Z}"
        from aibuyer_kit.charts.quality import quality_lines

        trust = quality_lines(self, self.locale)
        return "\n".join((head, as_table(rows, decimals=decimals), *self._result_lines(), *trust, *self.warnings))

    @property
    def is_mixed(self) -> bool:
        """Whether the campaigns count several kinds of result, which are not added up."""
        return len({each.kind for each in self.by_result}) > 1

    def _result_lines(self) -> tuple[str, ...]:
        from aibuyer_kit.charts.kinds import result_line, result_names

        pairs = zip(self.by_result, result_names(self.by_result, "en"), strict=True) if self.is_mixed else ()
        return tuple(result_line(each, name, self.currency, "en") for each, name in pairs)

    def _repr_html_(self) -> str:
        from aibuyer_kit.charts.overview import overview_html

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
    rows, unsplit, left_out = read_campaigns(context, reader, period, fresh.load_id)
    locale = context.settings.locale
    notes = [note.text(locale) for note in (*left_out, *(() if rows else (no_facts(period, fresh),)))]
    notes += day_notes("unsplit", unsplit, locale)
    notes += day_notes("open_days", open_days(reader, period, as_of=fresh.load_id), locale)
    quality = period_quality(context, reader, period, as_of=fresh.load_id, metrics=None if rows else ())
    before, why_not = _earlier(context, reader, period, fresh.load_id, quality)
    notes += why_not if rows else []
    results = by_result(context, rows, before, period)
    currency = _one_currency(context, reader, rows, fresh.load_id)
    unread = unreadable_days(reader, as_of=fresh.load_id)
    notes += day_notes("unreadable", [day for day in (*period.before(), *period) if day in unread], locale)
    zone = time_zone(account_zones(reader, as_of=as_of)[0])
    mixed = len(kinds_of(rows)) > 1
    never = never_notes(context, reader, rows, period, currency, as_of=fresh.load_id)
    return Overview(
        client_name=context.settings.name,
        locale=locale,
        currency=currency,
        period=period,
        previous=period.before(),
        data_as_of=fresh.known_at.astimezone(zone),
        load_id=fresh.load_id,
        totals=values_of(rows),
        previous_totals=before.values(),
        targets=whole_targets(context, [each.section for each in results], mixed=mixed),
        campaigns=by_entity(rows, context),
        daily=by_day(rows, period),
        warnings=(*notes, *result_notes(results, currency, locale), *never, *_unknown_notes(context, rows, results)),
        by_result=results,
        reconciliation=quality.reconciliation,
        immature=quality.immature,
    )


def _one_currency(context: ClientContext, reader: Reader, rows: list[Row], load_id: int) -> str:
    if context.settings.money is not None:
        return context.settings.money.currency
    found: set[str] = {row["currency"] for row in rows}
    if not found:
        found = {row["currency"] for row in reader.entities(Level.ACCOUNT, as_of=load_id).rows() if row["currency"]}
    if len(found) > 1:
        raise MixedCurrencyError(
            f"The accounts of this client report in {', '.join(sorted(found))}, which cannot be added up."
            f" Name one of them with dated rates under [money] in {context.folder / 'client.toml'}, or give each"
            " currency a client of its own."
        )
    if not found:
        raise NotFoundError("No account is known yet. Run `aibuyer sync` or `aibuyer import` for this client.")
    return found.pop()


def _earlier(
    context: ClientContext, reader: Reader, period: DateRange, load_id: int, quality: Quality
) -> tuple[Earlier, list[str]]:
    """Return the rows to compare with, or none, and what is not compared and why.

    Half a period makes the other one look twice as good, and so do days that differ from the platform's own totals.
    """
    before, locale = period.before(), context.settings.locale
    if open_days(reader, period, as_of=load_id):
        return Earlier(), [t(locale, "note.not_over")]
    first_day = reader.freshness(as_of=load_id).first_day
    if open_days(reader, before, as_of=load_id) or (first_day and before.since < first_day):
        return Earlier(), [t(locale, "note.no_comparison")]
    try:
        rows = read_campaigns(context, reader, before, load_id)[0]
        differing = (*differences(context, reader, before, load_id), *quality.reconciliation.differences)
        in_doubt = frozenset(each.measure.removesuffix("_micros") for each in differing)
        why_not = day_notes("not_compared", sorted({each.day for each in differing}), locale)
        if not quality.immature:
            return Earlier(rows, rows, in_doubt), why_not
        then = load_at_same_age(reader, period, as_of=load_id)
        young = None if then is None else read_campaigns(context, reader, before, then)[0]
        return Earlier(rows, young, in_doubt), why_not
    except RateError:
        return Earlier(), [t(locale, "note.no_rates_before")]


def _unknown_notes(context: ClientContext, rows: list[Row], results: Sequence[ResultTotals]) -> list[str]:
    # What a whole kind of result lacks is told once for that kind, not day by day.
    told = {each.section for each in results if is_without_value(each)}
    locale, notes = context.settings.locale, []
    for name in ("results", "revenue"):
        looked_at = [row for row in rows if name == "results" or section_of(context, row["objective"]) not in told]
        missing = sorted({row["date"] for row in looked_at if row[name] is None and row["spend"]})
        if len(missing) < len({row["date"] for row in rows}):
            notes += day_notes("not_reported", missing, locale, metric=t(locale, f"metric.{name}"))
    return notes
