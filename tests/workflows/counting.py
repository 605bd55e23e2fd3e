"""A client with campaigns of several objectives, written by hand: each campaign one ad, one row per day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client, open_client
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.workspaces import init_workspace
from aibuyer_kit.workspace import Client, open_workspace
from tests.warehouse.rows import action, entity_page, insight, insight_page

KNOWN_AT = "2026-06-11T09:00+00:00"
DAYS = {"since": "2026-06-08", "until": "2026-06-10"}


@dataclass(frozen=True)
class Campaign:
    """One campaign's objective, name, and what each of its days reports: units of money, counts by action type."""

    id: str
    objective: str | None
    name: str = "Sample"
    spend: float = 10.0
    actions: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    days: tuple[str, ...] = ("2026-06-08", "2026-06-09", "2026-06-10")
    currency: str = "EUR"
    account_id: str = "act_1"


def write_client(folder: Path, toml: str = "", client_id: str = "shop") -> ClientContext:
    """Make a workspace with one client, whose file is `toml` below its name."""
    workspace = init_workspace(folder / "workspace")
    context = add_client(workspace, client_id, ClientFile(name="Sample shop", clock="platform"))
    (context.folder / "client.toml").write_text(f'name = "Sample shop"\nclock = "platform"\n{toml}', encoding="utf-8")
    return open_client(workspace, client_id)


def reopened(context: ClientContext) -> Client:
    return open_workspace(context.folder.parents[1]).client(context.id)


def load(context: ClientContext, *campaigns: Campaign, known_at: str = KNOWN_AT) -> Client:
    """Load the campaigns as a complete read of their accounts and return the client."""
    for account_id in sorted({each.account_id for each in campaigns}):
        own = [each for each in campaigns if each.account_id == account_id]
        with open_writer(context.warehouse) as writer:
            entities = Coverage("entities", "meta", account_id, Level.CAMPAIGN)
            writer.load(entities, [entity_page([_entity(each) for each in own])], known_at=lambda: _moment(known_at))
            rows = [_row(each, day) for each in own for day in each.days]
            days = DateRange(min(row["date"] for row in rows), max(row["date"] for row in rows))  # type: ignore[type-var]
            facts = Coverage("insights", "meta", account_id, Level.AD, days=days, attribution="default")
            writer.load(facts, [insight_page(rows)], known_at=lambda: _moment(known_at))
    return reopened(context)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _entity(campaign: Campaign) -> dict[str, object]:
    return {
        "platform": "meta",
        "account_id": campaign.account_id,
        "level": "campaign",
        "entity_id": campaign.id,
        "name": campaign.name,
        "objective": campaign.objective,
    }


def _row(campaign: Campaign, day: str) -> dict[str, object]:
    return insight(
        f"ad-{campaign.id}",
        date.fromisoformat(day),
        campaign_id=campaign.id,
        account_id=campaign.account_id,
        currency=campaign.currency,
        spend_micros=round(campaign.spend * 1_000_000),
        clicks=20,
        actions=[action(name, count, click_7d=max(count - 1, 0)) for name, count in campaign.actions.items()],
        action_values=[
            action(name, round(units * 1_000_000), click_7d=round(units * 1_000_000 / 2))
            for name, units in campaign.values.items()
        ],
    )
