"""Changes of one object, and the value that it has: absolute, in the platform's own units."""

import re
from functools import partial

from aibuyer_kit.connectors.base import AccountFacts
from aibuyer_kit.connectors.meta.api import MetaApi
from aibuyer_kit.connectors.meta.page import Page
from aibuyer_kit.connectors.meta.values import budget_micros, some_text
from aibuyer_kit.core.changes import Change, Field, Value
from aibuyer_kit.core.errors import RefusedError
from aibuyer_kit.core.money import meta_minor_per_unit, minor_from_micros

_OBJECT_ID = re.compile(r"[0-9]{1,32}")


def send_change(api: MetaApi, account: AccountFacts, change: Change) -> None:
    """Send one change once. Raises PlatformError in its kinds, MoneyError for an amount finer than the platform has.

    RefusedError, too, for a change of another account or with an id that is none: nothing was sent then.
    """
    if (change.platform, change.account_id) != (account.platform, account.account_id):
        raise RefusedError(f"{change.sentence()} is a change of {change.account_id}, not of {account.account_id}.")
    wired: object = change.after
    if isinstance(change.after, int):
        wired = minor_from_micros(change.after, meta_minor_per_unit(account.currency))
    api.change(_checked(change.object_id), {change.field: wired})


def read_value(api: MetaApi, account: AccountFacts, object_id: str, field: Field) -> Value | None:
    """Return the value of one field now, budgets in micros; None for an object without a daily budget of its own.

    Raises PlatformError in its kinds, RefusedError if the object is not of this account.
    """
    node = api.read(f"{_checked(object_id)}/", {"fields": f"id,account_id,{field}"})
    page = Page.checked("object", [node])
    if page.required("id", some_text) != [object_id]:
        raise page.problem(0, "'id'", f"is not the object that was asked for, {object_id}")
    (owner,) = page.required("account_id", some_text)
    if f"act_{owner}" != account.account_id:
        raise RefusedError(f"Meta says that {object_id} belongs to act_{owner}, not to {account.account_id}.")
    if field == "status":
        (status,) = page.required("status", some_text)
        return status
    (micros,) = page.optional(field, partial(budget_micros, minor_per_unit=meta_minor_per_unit(account.currency)))
    return micros


def _checked(object_id: str) -> str:
    """Return an id that is digits only: it becomes part of an address."""
    if not _OBJECT_ID.fullmatch(object_id):
        raise RefusedError(f"{object_id!r} is not the id of an object at Meta. Nothing was sent.")
    return object_id
