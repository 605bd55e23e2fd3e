"""What a reader must know about results of several kinds, those that never come, and revenue that is not reported."""

from collections.abc import Sequence
from datetime import timedelta

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.charts.kinds import result_names
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.i18n import UNKNOWN, action_name, format_money, t
from aibuyer_kit.core.money import units_from_micros
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.counting_health import never_reported
from aibuyer_kit.workflows.totals import ResultTotals, Row

# What is not reported for so long is no low day.
_NEVER_IN_DAYS = 90


def result_notes(results: Sequence[ResultTotals], currency: str, locale: str) -> list[str]:
    """Return the notes: kinds that are not added up, revenue that is assumed, results without any value."""
    names = result_names(results, locale)
    notes = []
    if len({each.kind for each in results}) > 1:
        notes.append(t(locale, "note.mixed_results", kinds=", ".join(dict.fromkeys(names))))
    assumed = [(name, each.totals["revenue_assumed"] or 0) for name, each in zip(names, results, strict=True)]
    if any(amount for _, amount in assumed):
        amount = format_money(sum(amount for _, amount in assumed), currency, locale)
        kinds = ", ".join(name for name, amount in assumed if amount)
        notes.append(t(locale, "note.revenue_assumed", amount=amount, kinds=kinds))
    pairs = zip(names, results, strict=True)
    return notes + [t(locale, "note.no_value", kind=name) for name, each in pairs if is_without_value(each)]


def never_notes(
    context: ClientContext, reader: Reader, rows: Sequence[Row], period: DateRange, currency: str, *, as_of: AsOf
) -> list[str]:
    """Return a note for each objective whose spend weighs on a cost per result that its campaigns never bring."""
    locale, notes = context.settings.locale, []
    looked_at = DateRange(min(period.since, period.until - timedelta(days=_NEVER_IN_DAYS)), period.until)
    for each in never_reported(context, reader, looked_at, as_of=as_of):
        spend_micros = sum(row["spend"] or 0 for row in rows if (row["objective"] or "") == each.objective)
        if spend_micros:
            note = t(
                locale,
                "note.never_reported",
                amount=format_money(units_from_micros(spend_micros), currency, locale),
                objective=each.objective or UNKNOWN,
                kind=action_name(each.action_type, locale),
                others=", ".join(action_name(name, locale) for name in each.most) or UNKNOWN,
            )
            notes.append(note)
    return notes


def is_without_value(result: ResultTotals) -> bool:
    """Return whether there are results and no value is known for any of them."""
    return bool(result.totals["results"]) and not result.totals["revenue"] and result.totals["value_per_result"] is None
