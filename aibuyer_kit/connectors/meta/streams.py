"""One Meta ad account as a connector: its objects, its daily insights, and the platform's own totals."""

import random
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pyarrow as pa

from aibuyer_kit.connectors.base import (
    AccountFacts,
    Checkpoint,
    CreativeStream,
    EntityStream,
    InsightStream,
    ReachStream,
    Stream,
)
from aibuyer_kit.connectors.budget import CallBudget
from aibuyer_kit.connectors.http import CallCounts, RetryPolicy, Seam
from aibuyer_kit.connectors.meta.api import MetaApi
from aibuyer_kit.connectors.meta.breakdowns import breakdown_fields
from aibuyer_kit.connectors.meta.changing import read_value, send_change, why_not
from aibuyer_kit.connectors.meta.creatives import creative_table
from aibuyer_kit.connectors.meta.credentials import MetaCredentials
from aibuyer_kit.connectors.meta.fields import (
    AD_RULE_FIELDS,
    ATTRIBUTION,
    CREATIVE_FIELDS,
    EDGES,
    ENTITY_FIELDS,
    HOURLY_METRICS,
    INSIGHT_IDS,
    INSIGHT_METRICS,
    OPTIONAL_CREATIVE_FIELDS,
    OPTIONAL_ENTITY_FIELDS,
    OPTIONAL_METRICS,
    REACH_METRICS,
    STATUSES,
    TOTAL_METRICS,
)
from aibuyer_kit.connectors.meta.gather import Batch, Gathering
from aibuyer_kit.connectors.meta.page import Page
from aibuyer_kit.connectors.meta.paging import pages
from aibuyer_kit.connectors.meta.questions import Question, in_pieces
from aibuyer_kit.connectors.meta.reading import Answer, Reading
from aibuyer_kit.connectors.meta.rows import (
    entity_table,
    insight_key,
    insight_table,
    note_mended,
    object_key,
    reach_key,
    reach_table,
)
from aibuyer_kit.connectors.meta.runs import ReportRuns
from aibuyer_kit.connectors.meta.sieve import KeyOf, Make, Sieve
from aibuyer_kit.connectors.meta.tally import Tally
from aibuyer_kit.connectors.meta.typed import TypedPage, as_sent, typed_insights
from aibuyer_kit.connectors.meta.values import amount_micros, some_text, whole_count
from aibuyer_kit.connectors.parallel import in_order
from aibuyer_kit.connectors.service import Service
from aibuyer_kit.core.changes import Change, Field, Value
from aibuyer_kit.core.clock import Clock, SystemClock
from aibuyer_kit.core.dates import DateRange, time_zone
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InvalidIdError, PlatformError, SchemaDriftError
from aibuyer_kit.core.money import known_currency
from aibuyer_kit.core.unreadable import Rejected

META_GRAPH_URL = "https://graph.facebook.com"
API_VERSION = "v26.0"
_ACCOUNT_ID = re.compile(r"act_[0-9]{1,32}")
_WINDOWS = "action_attribution_windows"
# Pages are small beside what the warehouse takes in one piece; a table of this many rows is a few megabytes.
_MOST_ROWS = 10_000
_DAYS_PER_QUESTION = 7
_OPTIONAL: Mapping[type, frozenset[str]] = {
    EntityStream: OPTIONAL_ENTITY_FIELDS,
    CreativeStream: OPTIONAL_CREATIVE_FIELDS,
    InsightStream: OPTIONAL_METRICS,
    ReachStream: frozenset(),
}


@dataclass(frozen=True)
class AccountTotals:
    """The platform's own sums over a period, to reconcile with; zero where nothing was delivered."""

    spend_micros: int
    impressions: int
    clicks: int


class MetaConnector:
    """Reads and changes one ad account through the official SDK; see connectors.base.Connector.

    `budget` is to be shared by the connectors of one app. With `in_flight` above 1 the next page is read ahead, and
    ranges of days are read beside each other where Meta takes longer than `slow_call_seconds` to answer.
    More than `report_days` are asked for as reports that Meta works out in its own time.
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
        budget: CallBudget | None = None,
        in_flight: int = 4,
        slow_call_seconds: float = 0.2,
        report_days: int = 366,
    ) -> None:
        if not _ACCOUNT_ID.fullmatch(account_id):
            raise InvalidIdError(
                f"{account_id!r} is not a Meta ad account. Write act_ and its number, such as act_123."
            )
        self.account_id = account_id
        self.page_size = page_size
        self.in_flight = in_flight
        self.slow_call_seconds = slow_call_seconds
        self.report_days = report_days
        self.notices: list[str] = []
        self.checkpoint: Checkpoint | None = None
        self.clock: Clock = clock or SystemClock()
        seam = Seam(self.clock, policy or RetryPolicy(), jitter, credentials.redact, budget=budget or CallBudget())
        self.counts: CallCounts = seam.counts
        self.service: Service = seam.service
        self.budget: CallBudget = seam.budget
        self.api = MetaApi(
            credentials,
            seam,
            graph_url=graph_url,
            api_version=api_version,
            account_id=account_id,
            parses_beside=in_flight > 1,
        )
        self._redact = credentials.redact
        self._readings: dict[str, Reading] = {}
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

    def fetch(
        self, stream: Stream, *, after: Checkpoint | None = None, rejected: Rejected | None = None
    ) -> Iterator[pa.Table]:
        """Yield tables of one or several pages, none empty. Raises PlatformError in its kinds: an incomplete read.

        After each table, and after an error, `checkpoint` holds what is left; given as `after`, the read goes on there.
        What was left out or mended is added to `notices`. A row that cannot be read is handed to `rejected` and the
        others go on; without it, or with many of them, the read ends with SchemaDriftError.
        """
        self.checkpoint = after
        account, tally, mended = self.account(), Tally(), self.api.mended_answers
        try:
            if isinstance(stream, EntityStream) and stream.level is Level.ACCOUNT:
                yield entity_table([self._account_node()], account=account, level=stream.level)
            else:
                sieve = Sieve(rejected, self._redact)
                yield from self._tables(stream, partial(self._table, stream, account, tally, sieve), after)
        finally:
            self._tell(stream, tally, self.api.mended_answers - mended)

    def account_totals(self, days: DateRange) -> AccountTotals:
        """Return the account's own figures over `days`, as Meta sums them. Raises PlatformError in its kinds."""
        asked = self._question("insights", Level.ACCOUNT, TOTAL_METRICS, days=days, daily=False)
        parameters = {name: value for name, value in asked.parameters(TOTAL_METRICS).items() if name != _WINDOWS}
        found = pages(self.api, asked.path, parameters, page_size=self.page_size)
        page = Page.checked("account totals", [row for page in found for row in as_sent(page.rows)])
        if len(page) > 1:
            raise page.problem(1, "the row", "is a second one where one sum was asked for")
        return AccountTotals(
            sum(page.required("spend", amount_micros)),
            sum(page.required("impressions", whole_count)),
            sum(page.required("clicks", whole_count)),
        )

    def ad_rules(self) -> tuple[Mapping[str, Any], ...]:
        """Return the account's own ad rules with their specs as they are kept. Raises PlatformError in its kinds."""
        return self._listed("adrules_library", AD_RULE_FIELDS)

    def ad_labels(self) -> Mapping[str, str]:
        """Return the names of the account's labels by id. Raises PlatformError in its kinds."""
        found = self._listed("adlabels", ("id", "name"))
        return {str(each["id"]): str(each["name"]) for each in found if each.get("id") and each.get("name")}

    def _listed(self, edge: str, fields: Sequence[str]) -> tuple[Mapping[str, Any], ...]:
        """Return all objects of a small edge of the account, unchanged."""
        path, asked = f"{self.account_id}/{edge}", {"fields": ",".join(fields)}
        rows = [row for page in pages(self.api, path, asked, page_size=self.page_size) for row in as_sent(page.rows)]
        if not all(isinstance(row, Mapping) for row in rows):
            raise SchemaDriftError(f"Meta {edge}: a row is not an object; its format may have changed.")
        return tuple(rows)

    def why_not(self, change: Change) -> str:
        """Return why a change of this kind cannot be made at Meta from here; see Connector."""
        return why_not(change)

    def change(self, change: Change) -> None:
        """Set one field of one object, in one call; see connectors.base.Connector."""
        send_change(self.api, self.account(), change)

    def read_value(self, object_id: str, field: Field) -> Value | None:
        """Return the value that an object of this account has now; None where there is none. Raises PlatformError."""
        return read_value(self.api, self.account(), object_id, field)

    def _tables(
        self, stream: Stream, make: Callable[[Container[str], Batch], pa.Table], after: Checkpoint | None
    ) -> Iterator[pa.Table]:
        left = list(after.left) if after else self._questions(stream)
        parts = [question for question in left if isinstance(question, Question)]
        self.checkpoint = _checkpoint(stream, parts)
        reading, gathering = self._reading(stream), Gathering(_MOST_ROWS)
        given = partial(self._given, stream, partial(make, reading.refused))
        try:
            for left_of_parts, answer in self._answers(reading, parts):
                for batch in gathering.add(answer, (*answer.left, *left_of_parts)):
                    yield from given(batch)
        except PlatformError:
            # What was read before the error is kept: the caller is told that it is not all.
            for batch in gathering.rest():
                yield from given(batch)
            raise
        for batch in gathering.rest():
            yield from given(batch)
        self.checkpoint = None

    def _given(self, stream: Stream, make: Callable[[Batch], pa.Table], batch: Batch) -> Iterator[pa.Table]:
        table = make(batch)
        self.checkpoint = _checkpoint(stream, batch.left)
        if len(table):
            yield table

    def _answers(self, reading: Reading, parts: Sequence[Question]) -> Iterator[tuple[Sequence[Question], Answer]]:
        """Yield pages in order, each with the questions that come after its own."""
        # Reports are worked on at the platform's side, all at once: nothing is gained by asking from several threads.
        reports = bool(parts) and parts[0].waits_for_report
        lanes = [parts] if reports else [[part] for part in parts]
        numbered: Iterator[tuple[int, Answer]]
        if self.in_flight <= 1:
            numbered = ((number, answer) for number, lane in enumerate(lanes) for answer in reading.answers(lane))
        else:
            median_seconds = self.service.calls.percentile_seconds(0.5) or 0.0
            workers = self.in_flight if median_seconds >= self.slow_call_seconds else 1
            numbered = in_order(lanes, reading.answers, workers=workers)
        for number, answer in numbered:
            yield [question for lane in lanes[number + 1 :] for question in lane], answer

    def _questions(self, stream: Stream) -> Sequence[Question]:
        match stream:
            case EntityStream(level):
                fields = ENTITY_FIELDS[level]
                return [self._question(EDGES[level], level, fields, statuses=STATUSES[level])]
            case CreativeStream():
                return [self._question("adcreatives", Level.AD, CREATIVE_FIELDS)]
            case ReachStream(level, window_days, ends):
                fields = (*INSIGHT_IDS[level], *REACH_METRICS)
                windows = [DateRange(end - timedelta(days=window_days - 1), end) for end in ends]
                about = {"daily": False, "statuses": STATUSES.get(level, ())}
                return [self._question("insights", level, fields, days=window, **about) for window in windows]
            case InsightStream(level, days):
                asked = self._question(
                    "insights",
                    level,
                    (*INSIGHT_IDS[level], *(HOURLY_METRICS if stream.hourly else INSIGHT_METRICS)),
                    days=days,
                    breakdowns=breakdown_fields(stream),
                    statuses=STATUSES.get(level, ()),
                    as_report=len(days) > self.report_days,
                )
                length = _DAYS_PER_QUESTION if self.in_flight > 1 else len(days)
                return [replace(asked, days=piece) for piece in in_pieces(days, length)]

    def _question(self, edge: str, level: Level, fields: tuple[str, ...], **more: Any) -> Question:
        return Question(self.account_id, Level.ACCOUNT, edge, level, fields, self.page_size, **more)

    def _table(
        self, stream: Stream, account: AccountFacts, tally: Tally, sieve: Sieve, left_out: Container[str], batch: Batch
    ) -> pa.Table:
        """Return insights by the quick way if it takes the pages; else go the careful one, page by page."""
        days = batch.question.days
        if not isinstance(stream, InsightStream) or days is None:
            make, key_of = _careful_way(stream, account, days, left_out)
            return pa.concat_tables([sieve.parted(as_sent(page), make, key_of)[0] for page in batch.pages])
        breakdowns, whole = breakdown_fields(stream), batch.whole()
        about: dict[str, Any] = {"account": account, "level": stream.level, "days": days, "breakdowns": breakdowns}
        quick = typed_insights(whole, **about) if isinstance(whole, TypedPage) else None
        if quick is not None:
            sieve.count(len(quick))
            return quick
        make, key_of = partial(insight_table, left_out=left_out, **about), partial(insight_key, **about)
        parts = [sieve.parted(as_sent(page), make, key_of) for page in batch.pages]
        for _, rows in parts:
            note_mended(rows, breakdowns, tally)
        return pa.concat_tables([table for table, _ in parts])

    def _reading(self, stream: Stream) -> Reading:
        """Return what reads streams of this kind; it remembers which fields are refused."""
        kind = type(stream).__name__
        if kind not in self._readings:
            runs = ReportRuns(self.api)
            self._readings[kind] = Reading(self.api, runs, _OPTIONAL[type(stream)], self.notices.append)
        return self._readings[kind]

    def _tell(self, stream: Stream, tally: Tally, mended_answers: int) -> None:
        said = tally.sentences()
        if mended_answers:
            said.append(f"{mended_answers} answers held half a character; it is shown as \ufffd.")
        self.notices.extend(f"{self.account_id} {stream_name(stream)}: {each}" for each in said)

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


def _checkpoint(stream: Stream, left: Sequence[Question]) -> Checkpoint:
    """Return what is left; a window of reach counts as the day on which it ends."""
    ends = isinstance(stream, ReachStream)
    days = [question.days.until if ends else question.days.since for question in left if question.days]
    return Checkpoint(stream, tuple(left), min(days, default=None))


def stream_name(stream: Stream) -> str:
    """Return a stream in a few words, for messages."""
    match stream:
        case EntityStream(level):
            return f"{level} objects"
        case CreativeStream():
            return "creatives"
        case ReachStream(level, window_days, ends):
            return f"{level} reach of {window_days} days to {ends}"
        case InsightStream(level, days):
            by = f" by {', '.join(stream.breakdown_names)}" if stream.breakdown_names else ""
            return f"{level} insights{by} {days}"


def _careful_way(
    stream: Stream, account: AccountFacts, days: DateRange | None, left_out: Container[str]
) -> tuple[Make, KeyOf]:
    """Return what makes a table of rows that are no insights, and what tells their keys."""
    if isinstance(stream, ReachStream) and days:
        about: dict[str, Any] = {"account": account, "level": stream.level, "window": days}
        return partial(reach_table, **about), partial(reach_key, **about)
    if isinstance(stream, EntityStream):
        return partial(entity_table, account=account, level=stream.level, left_out=left_out), object_key
    return partial(creative_table, account=account), object_key
