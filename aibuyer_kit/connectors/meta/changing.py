"""Changes of one object, and the value that it has: absolute, in the platform's own units."""

import re
from collections.abc import Mapping
from functools import partial

from aibuyer_kit.connectors.base import AccountFacts
from aibuyer_kit.connectors.meta.api import MetaApi
from aibuyer_kit.connectors.meta.page import Page
from aibuyer_kit.connectors.meta.values import any_text, budget_micros, creative_id, some_text
from aibuyer_kit.core.changes import AMOUNTS, Change, Field, Value
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import RefusedError
from aibuyer_kit.core.money import meta_minor_per_unit, minor_from_micros

_OBJECT_ID = re.compile(r"[0-9]{1,32}")
# How Meta calls the fields that are changed from here.
_NAMES: Mapping[Field, str] = {
    "status": "status",
    "daily_budget": "daily_budget",
    "lifetime_budget": "lifetime_budget",
    "bid": "bid_amount",
    "name": "name",
    "creative": "creative",
}


def why_not(change: Change) -> str:
    """Return why a change of this kind cannot be made, as a sentence; nothing where it can."""
    if change.field == "bid" and change.level is not Level.ADSET:
        return "At Meta an ad set has a bid, a campaign has none."
    if change.field not in _NAMES:
        said = "Copies cannot be made" if change.field == "copy" else f"A change of {change.field} cannot be made"
        return f"{said} at Meta from here yet: do it by hand."
    return ""


def send_change(api: MetaApi, account: AccountFacts, change: Change) -> None:
    """Send one change once. Raises PlatformError in its kinds, MoneyError for an amount finer than the platform has.

    RefusedError, too, for a change that cannot be made from here, of another account or with an id that is none:
    nothing was sent then.
    """
    if (change.platform, change.account_id) != (account.platform, account.account_id):
        raise RefusedError(f"{change.sentence()} is a change of {change.account_id}, not of {account.account_id}.")
    if reason := why_not(change):
        raise RefusedError(f"{reason} Nothing was sent.")
    api.change(_checked(change.object_id), {_NAMES[change.field]: _wired(change, account)})


def _wired(change: Change, account: AccountFacts) -> object:
    """Return the value as Meta takes it."""
    if isinstance(change.after, int):
        return minor_from_micros(change.after, meta_minor_per_unit(account.currency))
    return {"creative_id": change.after} if change.field == "creative" else change.after


def read_value(api: MetaApi, account: AccountFacts, object_id: str, field: Field) -> Value | None:
    """Return the value of one field now, amounts in micros; None for an object that has no value of its own.

    Raises PlatformError in its kinds, RefusedError if the object is not of this account.
    """
    if field not in _NAMES:
        raise RefusedError(f"The {field} of an object cannot be read at Meta from here yet.")
    name = _NAMES[field]
    node = api.read(f"{_checked(object_id)}/", {"fields": f"id,account_id,{name}"})
    page = Page.checked("object", [node])
    if page.required("id", some_text) != [object_id]:
        raise page.problem(0, "'id'", f"is not the object that was asked for, {object_id}")
    (owner,) = page.required("account_id", some_text)
    if f"act_{owner}" != account.account_id:
        raise RefusedError(f"Meta says that {object_id} belongs to act_{owner}, not to {account.account_id}.")
    if field == "status":
        (status,) = page.required("status", some_text)
        return status
    if field in AMOUNTS:
        parse = _bid_micros if field == "bid" else budget_micros
        (micros,) = page.optional(name, partial(parse, minor_per_unit=meta_minor_per_unit(account.currency)))
        return micros
    (text,) = page.optional(name, creative_id if field == "creative" else any_text)
    return text


def _bid_micros(value: object, minor_per_unit: int) -> int | None:
    """Return the micros of a bid, which Meta writes as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return budget_micros(value, minor_per_unit)


def _checked(object_id: str) -> str:
    """Return an id that is digits only: it becomes part of an address."""
    if not _OBJECT_ID.fullmatch(object_id):
        raise RefusedError(f"{object_id!r} is not the id of an object at Meta. Nothing was sent.")
    return object_id
