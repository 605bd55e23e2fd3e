"""A client whose warehouse is written by hand: rows of one campaign, loads at stated moments."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.warehouse.coverage import Coverage, Extent
from aibuyer_kit.warehouse.write import open_writer
from tests.warehouse.rows import action, entity_page, insight, insight_page

Load = Callable[..., None]


def client(folder: Path, **settings: Any) -> ClientContext:
    return add_client(folder, "shop", ClientFile(**({"name": "Sample shop", "clock": "platform"} | settings)))


def add_account(context: ClientContext, account_id: str, zone: str, currency: str, known_at: str) -> None:
    row = {"platform": "meta", "account_id": account_id, "level": "account", "entity_id": account_id}
    page = entity_page([row | {"time_zone": zone, "currency": currency, "name": account_id}])
    with open_writer(context.warehouse) as writer:
        coverage = Coverage("entities", "meta", account_id, Level.ACCOUNT)
        writer.load(coverage, [page], known_at=lambda: datetime.fromisoformat(known_at))


def load_days(
    context: ClientContext,
    spends: dict[str, float],
    *,
    known_at: str,
    days: tuple[str, str] | None = None,
    account_id: str = "act_1",
    extent: Extent = "complete",
    results: int | None = 1,
    **more: Any,
) -> None:
    """Load one ad's days, each with its spend in units, `results` purchases worth 30.00 each (None: not reported)."""
    rows = [
        insight(
            day=date.fromisoformat(day),
            account_id=account_id,
            spend_micros=round(spend * 1_000_000),
            actions=None if results is None else [action("purchase", results)],
            action_values=None if results is None else [action("purchase", results * 30_000_000)],
            **more,
        )
        for day, spend in spends.items()
    ]
    since, until = days or (min(spends), max(spends))
    covered = DateRange(date.fromisoformat(since), date.fromisoformat(until))
    coverage = Coverage("insights", "meta", account_id, Level.AD, days=covered, attribution="default")
    with open_writer(context.warehouse) as writer:
        page = insight_page(rows)
        writer.load(coverage, [page], known_at=lambda: datetime.fromisoformat(known_at), extent=extent)
