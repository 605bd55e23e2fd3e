"""Whether what counts as a result fits what the accounts report; every finding names its cure."""

from collections.abc import Iterable, Iterator
from datetime import date

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.action_types import overlapping
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import NotFoundError, RateError
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.shown import Shown
from aibuyer_kit.workflows.actions import reported_actions
from aibuyer_kit.workflows.what_counts import section_of, shown_in

_NAMES_LISTED = 3


def counting_problems(context: ClientContext) -> Iterator[str]:
    """Yield a sentence for each setting that does not fit the facts: objectives, results, names, rates.

    Raises RateError, SettingsError for a file of rates or a pattern that cannot be read.
    """
    reader = Reader(context.warehouse)
    shown = shown_in(context)
    try:
        fresh = reader.freshness()
    except NotFoundError:
        return
    if fresh.first_day is None or fresh.last_day is None:
        return
    days = DateRange(fresh.first_day, fresh.last_day)
    yield from _unknown_objectives(context, reader)
    yield from _results_that_never_come(context, reader, days)
    yield from _unnamed(context, reader)
    if shown is not None:
        yield from _missing_rates(shown, reader, days)


def _unknown_objectives(context: ClientContext, reader: Reader) -> Iterator[str]:
    found = {row["objective"] for row in reader.entities(Level.CAMPAIGN).rows() if row["objective"]}
    for objective in context.settings.results:
        if objective not in found:
            listed = ", ".join(sorted(found)) or "none that is known"
            yield f"[results.{objective}]: no campaign has this objective. The account's: {listed}"


def _results_that_never_come(context: ClientContext, reader: Reader, days: DateRange) -> Iterator[str]:
    by_objective: dict[str, dict[str, int]] = {}
    for row in reported_actions(context, reader, days):
        by_objective.setdefault(row["objective"] or "", {})[row["action_type"]] = row["total"] or 0
    for objective, counts in by_objective.items():
        wanted = context.settings.rules.of(objective).action_type
        if wanted not in counts:
            section = f"[results.{section_of(context, objective)}]" if section_of(context, objective) else "[result]"
            whose = objective or "the account"
            yield f"{section}: {whose} never reports {wanted!r}. {_instead(wanted, objective, counts)}"


def _instead(wanted: str, objective: str, counts: dict[str, int]) -> str:
    same = overlapping(wanted, counts)
    if same:
        return f"The same event is reported as {_listed(counts, same)}: choose one as action_type"
    most = sorted(counts, key=lambda name: -counts[name])[:_NAMES_LISTED]
    cure = f"say what counts in a section [results.{objective}] of its own" if objective else "choose one of them"
    return f"It reports {_listed(counts, most)}: {cure}"


def _unnamed(context: ClientContext, reader: Reader) -> Iterator[str]:
    for rule in context.settings.naming.rules():
        objects = reader.names_told(rule)
        wrong = [each.name for each in objects if each.values is None]
        if wrong:
            names = ", ".join(repr(name[:80]) for name in wrong[:_NAMES_LISTED])
            more = " …" if len(wrong) > _NAMES_LISTED else ""
            yield f"[naming] {rule.level}: {len(wrong)} of {len(objects)} names do not follow it: {names}{more}"


def _missing_rates(shown: Shown, reader: Reader, days: DateRange) -> Iterator[str]:
    for currency in reader.currencies(days):
        missing = [day for day in days if not _has_rate(shown, currency, day)]
        if missing:
            yield (
                f"[money]: no rate from {currency} to {shown.currency} for {len(missing)} of {len(days)} days, the"
                f" last one {missing[-1]}. Figures of these days cannot be shown"
            )


def _has_rate(shown: Shown, currency: str, day: date) -> bool:
    try:
        shown.rates.rate(currency, shown.currency, day)
    except RateError:
        return False
    return True


def _listed(counts: dict[str, int], names: Iterable[str]) -> str:
    return ", ".join(f"{name} ({counts[name]:,})" for name in names) or "nothing"
