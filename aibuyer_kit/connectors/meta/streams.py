"""One Meta ad account as a connector: its objects, its daily insights, and the platform's own totals."""

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from aibuyer_kit.connectors.base import AccountFacts, InsightStream, Stream
from aibuyer_kit.connectors.http import CallCounts, RetryPolicy, Seam
from aibuyer_kit.connectors.meta.api import MetaApi
from aibuyer_kit.connectors.meta.credentials import MetaCredentials
from aibuyer_kit.connectors.meta.fields import (
    ATTRIBUTION,
    EDGES,
    ENTITY_FIELDS,
    INSIGHT_IDS,
    INSIGHT_METRICS,
    TOTAL_METRICS,
    WINDOWS_ASKED,
)
from aibuyer_kit.connectors.meta.page import Page
from aibuyer_kit.connectors.meta.paging import Rows, is_too_large, pages
from aibuyer_kit.connectors.meta.rows import entity_table, insight_table
from aibuyer_kit.connectors.meta.values import amount_micros, some_text, whole_count
from aibuyer_kit.core.clock import Clock, SystemClock
from aibuyer_kit.core.dates import DateRange, time_zone
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InvalidIdError, PlatformError
from aibuyer_kit.core.money import known_currency

META_GRAPH_URL = "https://graph.facebook.com"
API_VERSION = "v26.0"
_ACCOUNT_ID = re.compile(r"act_[0-9]{1,32}")


@dataclass(frozen=True)
class AccountTotals:
    """The platform's own sums over a period, to reconcile with; zero where nothing was delivered."""

    spend_micros: int
    impressions: int
    clicks: int


class MetaConnector:
    """Reads one ad account through the official SDK; see connectors.base.Connector.

    Raises InvalidIdError for an id that is not `act_` and digits, and SettingsError for an address where the token
    would not be safe. `jitter` returns a share from 0 to 1.
    """

    platform = "meta"
    attribution = ATTRIBUTION

    def __init__(
        self,
        account_id: str,
        credentials: MetaCredentials,
        *,
        graph_url: str = META_GRAPH_URL,
        api_version: str = API_VERSION,
        clock: Clock | None = None,
        page_size: int = 500,
        policy: RetryPolicy | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        if not _ACCOUNT_ID.fullmatch(account_id):
            raise InvalidIdError(
                f"{account_id!r} is not a Meta ad account. Write act_ and its number, such as act_123."
            )
        self.account_id = account_id
        self.page_size = page_size
        seam = Seam(clock or SystemClock(), policy or RetryPolicy(), jitter, credentials.redact)
        self.counts: CallCounts = seam.counts
        self.api = MetaApi(credentials, seam, graph_url=graph_url, api_version=api_version)
        self._account: AccountFacts | None = None

    def account(self) -> AccountFacts:
        """Return name, currency and time zone, read once. Raises PlatformError, MoneyError or SettingsError."""
        if self._account is None:
            self._account = self._facts(self._account_node())
        return self._account

    def platform_time(self) -> datetime:
        """Return Meta's clock at its latest answer, in UTC; asks for the account if there was no answer yet.

        Raises PlatformError if Meta's answers do not tell the time.
        """
        if self.api.platform_time is None:
            self._account_node()
        if self.api.platform_time is None:
            raise PlatformError("Meta's answers have no 'Date' header, so the age of the data is unknown.")
        return self.api.platform_time

    def fetch(self, stream: Stream) -> Iterator[pa.Table]:
        """Yield one table per page that is not empty. Raises PlatformError in its kinds: an incomplete read."""
        if isinstance(stream, InsightStream):
            return self._insights(stream)
        return self._entities(stream.level)

    def account_totals(self, days: DateRange) -> AccountTotals:
        """Return the account's own figures over `days`, as Meta sums them. Raises PlatformError in its kinds."""
        parameters = {"level": "account", "time_range": _time_range(days), "fields": ",".join(TOTAL_METRICS)}
        edge = f"{self.account_id}/insights"
        rows = [row for rows in pages(self.api, edge, parameters, page_size=self.page_size) for row in rows]
        page = Page.checked("account totals", rows)
        if len(page) > 1:
            raise page.problem(1, "the row", "is a second one where one sum was asked for")
        return AccountTotals(
            sum(page.required("spend", amount_micros)),
            sum(page.required("impressions", whole_count)),
            sum(page.required("clicks", whole_count)),
        )

    def _entities(self, level: Level) -> Iterator[pa.Table]:
        account = self.account()
        if level is Level.ACCOUNT:
            yield entity_table([self._account_node()], account=account, level=level)
            return
        parameters = {"fields": ",".join(ENTITY_FIELDS[level])}
        for rows in pages(self.api, f"{self.account_id}/{EDGES[level]}", parameters, page_size=self.page_size):
            if rows:
                yield entity_table(rows, account=account, level=level)

    def _insights(self, stream: InsightStream) -> Iterator[pa.Table]:
        account = self.account()
        for days, rows in self._insight_pages(stream.level, stream.days):
            if rows:
                yield insight_table(rows, account=account, level=stream.level, days=days)

    def _insight_pages(self, level: Level, days: DateRange) -> Iterator[tuple[DateRange, Rows]]:
        """Yield pages with their days; a range whose first page is too large is read in halves, down to a day."""
        edge, last_resort = f"{self.account_id}/insights", len(days) == 1
        following = pages(self.api, edge, _daily(level, days), page_size=self.page_size, shrink_first=last_resort)
        try:
            first = next(following)
        except PlatformError as error:
            if last_resort or not is_too_large(error):
                raise
        else:
            yield days, first
            yield from ((days, rows) for rows in following)
            return
        for half in _halves(days):
            yield from self._insight_pages(level, half)

    def _account_node(self) -> Mapping[str, Any]:
        node = self.api.read(f"{self.account_id}/", {"fields": ",".join(ENTITY_FIELDS[Level.ACCOUNT])})
        page = Page.checked("account", [node])
        if page.required("id", some_text) != [self.account_id]:
            raise page.problem(0, "'id'", f"is not the account that was asked for, {self.account_id}")
        return node

    def _facts(self, node: Mapping[str, Any]) -> AccountFacts:
        page = Page.checked("account", [node])
        (name,) = page.required("name", some_text)
        (currency,) = page.required("currency", some_text)
        (zone,) = page.required("timezone_name", some_text)
        return AccountFacts(self.platform, self.account_id, name, known_currency(currency), time_zone(zone).key)


def _daily(level: Level, days: DateRange) -> dict[str, object]:
    return {
        "level": str(level),
        "time_range": _time_range(days),
        "time_increment": "1",
        "action_attribution_windows": list(WINDOWS_ASKED),
        "fields": ",".join((*INSIGHT_IDS[level], *INSIGHT_METRICS)),
    }


def _time_range(days: DateRange) -> dict[str, str]:
    return {"since": str(days.since), "until": str(days.until)}


def _halves(days: DateRange) -> tuple[DateRange, DateRange]:
    middle = days.since + timedelta(days=len(days) // 2 - 1)
    return DateRange(days.since, middle), DateRange(middle + timedelta(days=1), days.until)
