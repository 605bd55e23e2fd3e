"""Why a client has no results to learn from, and what to do: answers that fail for want of them lead back here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.actions import reported_actions
from aibuyer_kit.workflows.counting_health import never_reported

Asked = ParamSpec("Asked")
Told = TypeVar("Told")
# Results that did not come for so long are none that are about to.
_LOOKED_AT_DAYS = 90


def leads_back(
    work: Callable[Concatenate[ClientContext, Asked], Told],
) -> Callable[Concatenate[ClientContext, Asked], Told]:
    """Let a refusal say why there are no results, where the client has none: it is seldom the question's fault."""

    @wraps(work)
    def told(context: ClientContext, /, *args: Asked.args, **kwargs: Asked.kwargs) -> Told:
        with leading_back(context):
            return work(context, *args, **kwargs)

    return told


@contextmanager
def leading_back(context: ClientContext) -> Iterator[None]:
    """Add to an InputError or NotFoundError why the client has no results, if it has none."""
    try:
        yield
    except (InputError, NotFoundError) as error:
        # Errors of a kind of their own say themselves what is wrong.
        if type(error) in (InputError, NotFoundError) and (why := why_no_results(context)) and why not in str(error):
            raise type(error)(f"{error} {why}") from error
        raise


def why_no_results(context: ClientContext) -> str:
    """Return why no result that counts is known of the newest days, with the cure; empty where some are."""
    reader = Reader(context.warehouse)
    try:
        fresh = reader.freshness()
    except NotFoundError:
        return ""
    finally:
        reader.close()
    if fresh.first_day is None or fresh.last_day is None:
        return ""
    days = DateRange(max(fresh.first_day, fresh.last_day - timedelta(days=_LOOKED_AT_DAYS)), fresh.last_day)
    return _why_none(context, days)


def _why_none(context: ClientContext, days: DateRange) -> str:
    reader = Reader(context.warehouse)
    try:
        reported = reported_actions(context, reader, days)
        if any(row["counts_in"] and row["total"] for row in reported):
            return ""
        if wrong := never_reported(context, reader, days):
            return f"In client.toml, {'; '.join(map(str, wrong))}. All that is reported: aibuyer actions."
        return f"No results are known of {days}: {_cure(context)}."
    finally:
        reader.close()


def _cure(context: ClientContext) -> str:
    if context.settings.accounts:
        return "aibuyer sync reads them, and aibuyer actions shows what the account reports"
    return (
        "the imported files tell of none. Export the columns 'Results' and 'Result indicator', or 'Purchases', and"
        " import the file again; aibuyer import --dry-run shows how each column is understood"
    )
