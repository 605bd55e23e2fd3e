"""Pages of Graph rows as Arrow tables of the house's facts."""

from collections.abc import Container, Iterable, Mapping, Sequence
from functools import partial

import pyarrow as pa

from aibuyer_kit.connectors.base import AccountFacts
from aibuyer_kit.connectors.meta.actions import action_lists, unknown_keys
from aibuyer_kit.connectors.meta.attributes import attributes
from aibuyer_kit.connectors.meta.breakdowns import breakdown_text
from aibuyer_kit.connectors.meta.fields import ATTRIBUTION, COUNT_FIELDS, WINDOW_FIELDS
from aibuyer_kit.connectors.meta.page import Page, Row, shown
from aibuyer_kit.connectors.meta.sieve import unknown_key
from aibuyer_kit.connectors.meta.tally import Tally
from aibuyer_kit.connectors.meta.values import (
    amount_micros,
    any_text,
    budget_micros,
    creative_id,
    iso_day,
    moment,
    some_text,
    told_by,
    whole_count,
)
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.facts import entity_schema, insight_schema, reach_schema
from aibuyer_kit.core.money import meta_minor_per_unit
from aibuyer_kit.core.unreadable import UnreadableRow


def insight_table(
    rows: Sequence[object],
    *,
    account: AccountFacts,
    level: Level,
    days: DateRange,
    breakdowns: Sequence[str] = (),
    left_out: Container[str] = (),
) -> pa.Table:
    """Return daily insights, one row per entity, day and piece of `breakdowns` (Meta's names), in the page's order.

    A metric that is absent is null; absent actions are an empty list, because they were asked for, unless they are in
    `left_out`. Raises SchemaDriftError that names the row and the field.
    """
    page = Page.checked("insights", rows)
    dates = page.required("date_start", iso_day)
    _check_days(page, days)
    _check_currency(page, account)
    schema = insight_schema()
    lists = {
        "actions": action_lists(page, "actions", whole_count, schema.field("actions").type),
        "action_values": action_lists(page, "action_values", amount_micros, schema.field("action_values").type),
    }
    columns = {
        **_same(page, account=account, level=level),
        "entity_id": _insight_ids(page, account, level),
        "date": dates,
        "date_stop": dates,
        "breakdown": _breakdown_texts(page, breakdowns),
        "attribution": [ATTRIBUTION] * len(page),
        **_parents(page, level),
        "spend_micros": page.optional("spend", amount_micros),
        **{name: page.optional(field, whole_count) for name, field in COUNT_FIELDS.items()},
        **{name: [None] * len(page) if name in left_out else column for name, column in lists.items()},
    }
    return pa.table([columns[name] for name in schema.names], schema=schema)


def reach_table(rows: Sequence[object], *, account: AccountFacts, level: Level, window: DateRange) -> pa.Table:
    """Return the reach of one window, one row per entity. Raises SchemaDriftError that names the row and the field."""
    page = Page.checked("reach", rows)
    for number, row in enumerate(page.rows):
        if (row.get("date_start"), row.get("date_stop")) != (str(window.since), str(window.until)):
            told = f"{shown(row.get('date_start'))} to {shown(row.get('date_stop'))}"
            raise page.problem(number, "the period", f"is {told}, not the one asked for ({window})")
    columns = {
        **_same(page, account=account, level=level),
        "entity_id": _insight_ids(page, account, level),
        "window_days": [len(window)] * len(page),
        "date_stop": [window.until] * len(page),
        "attribution": [ATTRIBUTION] * len(page),
        **_parents(page, level),
        "reach": page.optional("reach", whole_count),
        "impressions": page.optional("impressions", whole_count),
    }
    schema = reach_schema()
    return pa.table([columns[name] for name in schema.names], schema=schema)


def entity_table(
    rows: Sequence[object], *, account: AccountFacts, level: Level, left_out: Container[str] = ()
) -> pa.Table:
    """Return the objects of one level, one row each; a budget that is not set is null.

    Fields in `left_out` were not asked for, so that their absence says nothing.
    Raises SchemaDriftError that names the row and the field.
    """
    page = Page.checked(f"{level} objects", rows)
    minor_per_unit = meta_minor_per_unit(account.currency)
    budget = partial(budget_micros, minor_per_unit=minor_per_unit)
    schema = entity_schema()
    columns = {
        **_same(page, account=account, level=level),
        "entity_id": page.required("id", some_text),
        **_parents(page, level),
        "name": page.optional("name", any_text),
        "status": page.optional("status", some_text),
        "effective_status": page.optional("effective_status", some_text),
        "objective": page.optional("objective", some_text),
        "time_zone": [account.time_zone if level is Level.ACCOUNT else None] * len(page),
        "daily_budget_micros": page.optional("daily_budget", budget),
        "lifetime_budget_micros": page.optional("lifetime_budget", budget),
        "created_at_utc": page.optional("created_time", moment),
        "creative_id": page.optional("creative", creative_id),
        "attributes": attributes(page, level, minor_per_unit, left_out),
    }
    return pa.table([columns[name] for name in schema.names], schema=schema)


def note_mended(rows: Iterable[object], breakdowns: Sequence[str], tally: Tally) -> None:
    """Count what was rounded, is missing or was left out in rows of insights that have become facts."""
    for row in rows:
        if not isinstance(row, dict):
            continue
        tally.note_amounts([row.get("spend")])
        for action in row.get("action_values") or ():
            tally.note_amounts(action.get(window) for window in WINDOW_FIELDS)
        for action in (*(row.get("actions") or ()), *(row.get("action_values") or ())):
            tally.unknown_keys.update(unknown_keys(action))
        tally.note_breakdown([row.get(name) for name in breakdowns])


def insight_key(
    row: object, *, account: AccountFacts, level: Level, days: DateRange, breakdowns: Sequence[str]
) -> UnreadableRow:
    """Return the key of a row of insights as far as it can be told."""
    told = row if isinstance(row, dict) else {}
    own = account.account_id if level is Level.ACCOUNT else told_by(some_text, told.get(f"{level}_id"))
    day = told_by(iso_day, told.get("date_start"))
    is_one_of_them = day is not None and day in days and told.get("date_stop") == str(day)
    return unknown_key(
        entity_id=own,
        days=DateRange(day, day) if day and is_one_of_them else None,
        breakdown=told_by(partial(_told_breakdown, breakdowns), row),
        asked=days,
    )


def _told_breakdown(breakdowns: Sequence[str], row: Row) -> str:
    """Return the text of a row's breakdown. Raises ValueError or TypeError if that is not told."""
    if not isinstance(row, dict):
        raise TypeError("is not an object")
    return breakdown_text(breakdowns, [None if row.get(name) is None else some_text(row[name]) for name in breakdowns])


def reach_key(row: object, *, account: AccountFacts, level: Level, window: DateRange) -> UnreadableRow:
    """Return the key of a row of reach as far as it can be told; the day is the window's last."""
    end = DateRange(window.until, window.until)
    told = row.get(f"{level}_id") if isinstance(row, dict) else None
    own = account.account_id if level is Level.ACCOUNT else told_by(some_text, told)
    return unknown_key(entity_id=own, days=end, breakdown="", asked=end)


def object_key(row: object) -> UnreadableRow:
    """Return the key of an object's row as far as it can be told."""
    return unknown_key(entity_id=told_by(some_text, row.get("id") if isinstance(row, dict) else None), breakdown="")


def _breakdown_texts(page: Page, breakdowns: Sequence[str]) -> list[str]:
    if not breakdowns:
        return [""] * len(page)
    columns = [page.optional(name, some_text) for name in breakdowns]
    texts = []
    for number, values in enumerate(zip(*columns, strict=True)):
        try:
            texts.append(breakdown_text(breakdowns, values))
        except ValueError as error:
            raise page.problem(number, repr(breakdowns[0]), str(error)) from None
    return texts


def _same(page: Page, *, account: AccountFacts, level: Level) -> Mapping[str, list[str]]:
    """Return the columns that are the same in every row of an account's page."""
    values = {
        "platform": account.platform,
        "account_id": account.account_id,
        "level": str(level),
        "currency": account.currency,
    }
    return {name: [value] * len(page) for name, value in values.items()}


def _insight_ids(page: Page, account: AccountFacts, level: Level) -> list[str]:
    return [account.account_id] * len(page) if level is Level.ACCOUNT else page.required(f"{level}_id", some_text)


def _parents(page: Page, level: Level) -> Mapping[str, list[str] | list[None]]:
    """Return the ids of the levels above, null at the level itself and beyond."""
    return {
        f"{parent}_id": page.required(f"{parent}_id", some_text) if parent.depth < level.depth else [None] * len(page)
        for parent in (Level.CAMPAIGN, Level.ADSET)
    }


def _check_days(page: Page, days: DateRange) -> None:
    """Refuse a row that is not one day of the range: the platform did not read the question as it was meant."""
    for number, row in enumerate(page.rows):
        if iso_day(row["date_start"]) not in days:
            raise page.problem(number, "'date_start'", f"lies outside the days asked for ({days})")
        if row["date_start"] != row.get("date_stop"):
            raise page.problem(number, "'date_stop'", f"is {shown(row.get('date_stop'))}, not the same day")


def _check_currency(page: Page, account: AccountFacts) -> None:
    for number, currency in enumerate(page.optional("account_currency", some_text)):
        if currency not in (None, account.currency):
            raise page.problem(number, "'account_currency'", f"is {shown(currency)}, not {account.currency}")
