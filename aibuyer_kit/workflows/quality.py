"""How far the figures of a period can be trusted, in the same sentences on pages, in the terminal and in Python."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.charts.quality import badge_words, maturity_words
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import QualityWarning
from aibuyer_kit.core.i18n import format_day, t
from aibuyer_kit.core.metrics import arrives_late
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.maturity import ImmatureDay, immature_days, learnt_from
from aibuyer_kit.workflows.quarantine import unreadable_days
from aibuyer_kit.workflows.reconcile import NOT_COMPARED, Reconciliation, differs_by_kind, reconciliation

_SHOWN_DAYS = 5


@dataclass(frozen=True)
class Quality:
    """What is known of a period's figures: how its days compare with the platform's own totals, the days whose results
    are not final, and those of which rows are in the quarantine.
    """

    reconciliation: Reconciliation = NOT_COMPARED
    immature: tuple[ImmatureDay, ...] = ()
    unreadable: tuple[date, ...] = ()

    def doubts(self, locale: str) -> tuple[str, ...]:
        """Return a sentence each where days differ from the platform's own totals, and where rows were set aside."""
        differs = [badge_words(self.reconciliation, locale)] if self.reconciliation.differences else []
        return (*differs, *day_notes("unreadable", self.unreadable, locale))

    def lines(self, locale: str) -> tuple[str, ...]:
        """Return all that a reader of figures must know; nothing where they are final and agree."""
        arriving = maturity_words(self.immature, locale)
        return (*([arriving] if arriving else []), *self.doubts(locale))


def period_quality(
    context: ClientContext,
    reader: Reader,
    period: DateRange,
    *,
    as_of: AsOf | None = None,
    metrics: Sequence[str] | None = None,
    broken_down: bool = False,
) -> Quality:
    """Return what is known of the figures of a period, as known then.

    Of `metrics` without any that arrives late nothing is awaited; what is broken down is compared with no other total.
    """
    waits = metrics is None or any(map(arrives_late, metrics))
    if broken_down:
        return Quality(immature=immature_days(context, reader, period, as_of=as_of) if waits else ())
    looked_at = period
    if waits:
        learnt = learnt_from(reader.freshness(as_of=as_of).known_at)
        looked_at = DateRange(min(period.since, learnt.since), max(period.until, learnt.until))
    # Both ask what differs, and most of the time goes into asking.
    by_kind = differs_by_kind(context, reader, looked_at, as_of=as_of)
    unread = unreadable_days(reader, as_of=as_of)
    return Quality(
        reconciliation(context, reader, period, as_of=as_of, by_kind=by_kind),
        immature_days(context, reader, period, as_of=as_of, by_kind=by_kind) if waits else (),
        tuple(day for day in period if day in unread),
    )


def warn_of_quality(quality: Quality, *, stacklevel: int = 3) -> None:
    """Warn with QualityWarning of all that a reader of figures must know; days go as pages write them, in English."""
    doubts = set(quality.doubts("en"))
    for line in quality.lines("en"):
        warnings.warn(QualityWarning(line, in_doubt=line in doubts), stacklevel=stacklevel)


def day_notes(key: str, days: Sequence[date], locale: str, **values: object) -> list[str]:
    """Return the note about some days, or nothing without any."""
    if not days:
        return []
    listed, more = ", ".join(format_day(day, locale) for day in days[:_SHOWN_DAYS]), " …" if days[_SHOWN_DAYS:] else ""
    return [t(locale, f"note.{key}", count=len(days), days=listed + more, **values)]
