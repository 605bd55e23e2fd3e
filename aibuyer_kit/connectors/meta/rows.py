"""Pages of Graph rows as Arrow tables of the house's facts."""

from collections.abc import Mapping, Sequence
from functools import partial

import pyarrow as pa

from aibuyer_kit.connectors.base import AccountFacts
from aibuyer_kit.connectors.meta.actions import action_lists
from aibuyer_kit.connectors.meta.fields import ATTRIBUTES, ATTRIBUTION
from aibuyer_kit.connectors.meta.page import Page, Row, shown
from aibuyer_kit.connectors.meta.values import (
    amount_micros,
    any_text,
    budget_micros,
    iso_day,
    moment,
    plain_text,
    some_text,
    whole_count,
)
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.facts import canonical_json, entity_schema, insight_schema
from aibuyer_kit.core.money import meta_minor_per_unit

_COUNTS = {"impressions": "impressions", "clicks": "clicks", "link_clicks": "inline_link_clicks", "reach": "reach"}


def insight_table(rows: Sequence[object], *, account: AccountFacts, level: Level, days: DateRange) -> pa.Table:
    """Return daily insights, one row per entity and day, in the page's order.

    A metric that is absent is null; absent actions are an empty list, because they were asked for.
    Raises PlatformError that names the row and the field.
    """
    page = Page.checked("insights", rows)
    dates = page.required("date_start", iso_day)
    _check_days(page, days)
    _check_currency(page, account)
    schema = insight_schema()
    columns = {
        **_same(page, account=account, level=level),
        "entity_id": _insight_ids(page, account, level),
        "date": dates,
        "date_stop": dates,
        "breakdown": [""] * len(page),
        "attribution": [ATTRIBUTION] * len(page),
        **_parents(page, level),
        "spend_micros": page.optional("spend", amount_micros),
        **{name: page.optional(field, whole_count) for name, field in _COUNTS.items()},
        "actions": action_lists(page, "actions", whole_count, schema.field("actions").type),
        "action_values": action_lists(page, "action_values", amount_micros, schema.field("action_values").type),
    }
    return pa.table([columns[name] for name in schema.names], schema=schema)


def entity_table(rows: Sequence[object], *, account: AccountFacts, level: Level) -> pa.Table:
    """Return the objects of one level, one row each; a budget that is not set is null.

    Raises PlatformError that names the row and the field.
    """
    page = Page.checked(f"{level} objects", rows)
    budget = partial(budget_micros, minor_per_unit=meta_minor_per_unit(account.currency))
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
        "attributes": [_attributes(row, level) for row in page.rows],
    }
    return pa.table([columns[name] for name in schema.names], schema=schema)


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


def _attributes(row: Row, level: Level) -> str:
    return canonical_json({name: plain_text(row[name]) for name in ATTRIBUTES[level] if row.get(name) is not None})


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
