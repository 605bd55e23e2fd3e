"""What a reader must know about results of several kinds, and about revenue that the platform did not report."""

from collections.abc import Sequence

from aibuyer_kit.charts.kinds import result_names
from aibuyer_kit.core.i18n import format_money, t
from aibuyer_kit.workflows.totals import ResultTotals


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


def is_without_value(result: ResultTotals) -> bool:
    """Return whether there are results and no value is known for any of them."""
    return bool(result.totals["results"]) and not result.totals["revenue"] and result.totals["value_per_result"] is None
