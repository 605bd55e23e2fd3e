"""A client on practice platforms, one for each of its accounts, all read through one app on the platforms' own time."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client
from aibuyer_kit.connectors.budget import CallBudget
from aibuyer_kit.connectors.holds import HoldFile
from aibuyer_kit.connectors.meta import MetaConnector, MetaCredentials
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.sandbox.serve import RunningSandbox, start
from aibuyer_kit.settings.workspace_settings import SyncSection
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.cadence import Depth
from aibuyer_kit.workflows.sync import SyncReport, sync_client

PLAIN = SyncSection(backfill_days=35, breakdowns=[], hourly=False, reach=False)
YEAR = DateRange(date(2026, 1, 1), date(2026, 12, 31))


@dataclass
class PracticeClock:
    """The time of all platforms; waiting moves it."""

    platforms: Sequence[RunningSandbox]

    def now(self) -> datetime:
        return max(platform.market.now for platform in self.platforms)

    def sleep(self, seconds: float) -> None:
        for platform in self.platforms:
            platform.advance(seconds)


@dataclass
class PracticeShop:
    """The client; `sync` is a process of its own each time: new connectors, nothing in memory."""

    context: ClientContext
    platforms: Sequence[RunningSandbox]
    tokens: list[str] = field(default_factory=list)

    @property
    def platform(self) -> RunningSandbox:
        return self.platforms[0]

    @property
    def clock(self) -> PracticeClock:
        return PracticeClock(self.platforms)

    def connectors(self, *, page_rows: int = 100) -> list[MetaConnector]:
        waits = self.context.ordered_waits
        budget = CallBudget(HoldFile(waits), HoldFile(waits))
        return [
            MetaConnector(
                platform.account_id,
                MetaCredentials(SecretStr(token)),
                graph_url=platform.graph_url,
                clock=self.clock,
                page_size=page_rows,
                budget=budget,
                slow_call_seconds=3_600.0,  # else a busy machine makes reads go beside each other
            )
            for platform, token in zip(self.platforms, self.tokens, strict=True)
        ]

    def sync(self, settings: SyncSection = PLAIN, *, depth: Depth | None = None, **options: int) -> SyncReport:
        return sync_client(self.context, self.connectors(**options), settings, depth=depth)

    def fault(self, kind: str, count: int = 1, *, at: int = 0, **more: Any) -> None:
        asked = {"kind": kind, "count": count, **more}
        httpx.post(f"{self.platforms[at].control_url}/faults", json=asked).raise_for_status()

    def clear(self) -> None:
        for platform in self.platforms:
            httpx.delete(f"{platform.control_url}/faults").raise_for_status()

    def calls(self, *, at: int = 0, since: int = 0) -> list[dict[str, Any]]:
        """Return the platform's own log of its calls."""
        found = httpx.get(f"{self.platforms[at].control_url}/calls", params={"since": since})
        calls: list[dict[str, Any]] = found.raise_for_status().json()["calls"]
        return calls

    def known(self, level: Level = Level.AD) -> dict[tuple[str, date], tuple[object, ...]]:
        rows = Reader(self.context.warehouse).insights(level, YEAR, result=ResultSetting("purchase")).rows()
        names = ("spend", "impressions", "clicks", "results", "revenue")
        return {(row["entity_id"], row["date"]): tuple(row[name] for name in names) for row in rows}


@contextmanager
def practice_shop(folder: Path, *, accounts: int = 1) -> Iterator[PracticeShop]:
    """Start a platform for each account and make the client."""
    with ExitStack() as running:
        platforms = [running.enter_context(start("hill", seed=11 + number)) for number in range(accounts)]
        sections = tuple(AccountSection(id=each.account_id, graph_url=each.graph_url) for each in platforms)
        context = add_client(folder, "shop", ClientFile(name="Sample", clock="platform", accounts=sections))
        yield PracticeShop(context, platforms, [each.access_token for each in platforms])
