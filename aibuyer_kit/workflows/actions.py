"""Which action types the accounts report: what a buyer can choose as a result, and what would count twice."""

from typing import Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.action_types import family_of
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.facts import WINDOWS
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.period import Day, end_of, parse_as_of, resolve_period


def client_actions(
    context: ClientContext,
    *,
    days: int | None = None,
    since: Day | None = None,
    until: Day | None = None,
    as_of: AsOf | str | None = None,
) -> list[dict[str, Any]]:
    """Return what was reported in a period, 28 days by default. Raises PeriodError, NotFoundError."""
    reader, moment = Reader(context.warehouse), parse_as_of(as_of)
    until = end_of(context, reader, since, until, as_of=moment)
    period = resolve_period(context, reader, days=days, since=since, until=until, as_of=moment)
    return reported_actions(context, reader, period, as_of=moment)


def reported_actions(
    context: ClientContext, reader: Reader, days: DateRange, *, as_of: AsOf | None = None
) -> list[dict[str, Any]]:
    """Return one row per objective and action type, the most frequent first, with its count by attribution window.

    `event` is what the type tells of; types of one event count it several times. `counts_in` is the window in which the
    type is the canonical result of the objective, None for all others.
    """
    rules = context.settings.rules
    found = []
    for row in reader.actions(days, as_of=as_of).rows():
        setting = rules.of(row["objective"])
        is_canonical = setting.action_type == row["action_type"]
        found.append(
            {
                "objective": row["objective"],
                "action_type": row["action_type"],
                "event": family_of(row["action_type"]),
                "counts_in": setting.window if is_canonical else None,
                **{window: row[window] for window in WINDOWS},
                "rows": row["rows"],
                "valued_rows": row["valued_rows"],
            }
        )
    return sorted(found, key=lambda row: (row["objective"] or "", -(row["total"] or 0), row["action_type"]))
