"""How fresh a client's data is, what its loads did, and how the platform has answered its syncs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aibuyer_kit.access.clients import ClientContext, client_ids, open_client
from aibuyer_kit.core.clock import SystemClock
from aibuyer_kit.core.errors import AibuyerError, NotFoundError, RegistryError
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.period import account_today, client_clock, in_account_time
from aibuyer_kit.workflows.proposals import in_doubt
from aibuyer_kit.workflows.reconcile import known_reconciliation
from aibuyer_kit.workflows.sync_log import SyncLog
from aibuyer_kit.workflows.upkeep_log import UpkeepLog


def workspace_status(workspace: Path, client_id: str | None = None) -> list[dict[str, Any]]:
    """Return one row for the client asked for, or for each, with the rows of its `service` in it.

    What is wrong with a client stands in its row, as `problem`, and hides no other client.
    """
    return [_status_or_problem(workspace, each) for each in ((client_id,) if client_id else client_ids(workspace))]


def _status_or_problem(workspace: Path, client_id: str) -> dict[str, Any]:
    try:
        context = open_client(workspace, client_id)
        return {
            **client_status(context),
            "problem": SyncLog(context.sync_log).problem,
            "service": list(service_rows(context)),
        }
    except AibuyerError as error:
        return {**_row(client_id), "problem": str(error), "service": []}


def client_status(context: ClientContext) -> dict[str, Any]:
    """Return one row: data as of (account time), its age in minutes, days covered, loads, and what is wrong with them.

    `broken_loads` broke off, `quarantined` rows could not be read yet, `reconciliation` says how the levels agree, and
    of changes `in_doubt` it is not known whether they took effect, and `models` says which are overdue or have drifted.
    """
    reader = Reader(context.warehouse)
    try:
        fresh = reader.freshness()
    except NotFoundError:
        return _row(context.id)
    age = client_clock(context, reader).now() - fresh.known_at
    return _row(
        context.id,
        data_as_of=in_account_time(reader, fresh.known_at),
        age_minutes=int(age.total_seconds() // 60),
        first_day=fresh.first_day,
        last_day=fresh.last_day,
        loads=fresh.load_id,
        broken_loads=reader.broken_loads(),
        quarantined=len(reader.quarantine().rows()),
        reconciliation=str(known_reconciliation(context, reader)),
        in_doubt=len(in_doubt(context)),
        models=models_text(context, reader),
    )


def models_text(context: ClientContext, reader: Reader) -> str | None:
    """Return what is to be said of the models; "well" where nothing is, None where there are none."""
    try:
        kept = UpkeepLog(context.models).all()
    except RegistryError as error:
        return str(error)
    if not kept:
        return None
    today = account_today(context, reader)
    said = [f"{name}: {text}" for name, each in kept.items() if (text := each.text(today))]
    return "; ".join(said) or "well"


def service_rows(context: ClientContext) -> Iterator[dict[str, Any]]:
    """Yield one row for the last sync and one for the last 7 days: calls and reads, shares that succeeded, seconds.

    A read is a call with its repetitions; its time holds our own pauses and no wait that the platform ordered.
    """
    log = SyncLog(context.sync_log)
    if not log.lines:
        return
    last = log.lines[-1].ended_at
    now = last if context.settings.clock == "platform" else max(last, SystemClock().now())
    for period, service in log.service(now).items():
        yield {"client": context.id, "period": period, **service.summary()}


def _row(client_id: str, **known: Any) -> dict[str, Any]:
    columns = (
        "data_as_of",
        "age_minutes",
        "first_day",
        "last_day",
        "loads",
        "broken_loads",
        "quarantined",
        "reconciliation",
        "in_doubt",
        "models",
    )
    return {"client": client_id, **{name: known.get(name) for name in columns}}
