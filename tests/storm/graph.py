"""The platform as the storm's tests see it: plain HTTP and plain JSON, with nothing of the package between.

What a row says is put into a form of its own (`Told`), written anew here, so that a mistake of the connector's cannot
hide behind itself. `Stream` names what is read, `Key` one thing in it.
"""

import json
import re
import ssl
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

HOUR = "hourly_stats_aggregated_by_advertiser_time_zone"
# By this our own calls are told from those of the client that is tested.
OURS = {"locale": "uk_UA"}
WINDOWS = ("value", "1d_click", "7d_click", "28d_click", "1d_view")
_EDGES = {"campaigns": "campaign", "adsets": "adset", "ads": "ad"}
_ABOVE = {"account": (), "campaign": (), "adset": ("campaign_id",), "ad": ("campaign_id", "adset_id")}
_MORE = {
    "account": ("account_status",),
    "campaign": ("bid_strategy", "buying_type"),
    "adset": ("bid_strategy", "billing_event", "optimization_goal"),
    "ad": (),
}
# What rules ask of objects. Lists that were asked for and are not there are empty.
_RULED = {
    "account": (),
    "campaign": ("updated_time", "adlabels", "issues_info"),
    "adset": ("updated_time", "adlabels", "issues_info", "bid_amount", "learning_stage_info"),
    "ad": ("updated_time", "adlabels", "issues_info", "bid_amount"),
}
# Without these three a row tells nothing whole: a read that was cut up asks for metrics in several parts.
_ALWAYS = {"spend", "impressions", "clicks"}
_METRICS = _ALWAYS | {"account_currency", "inline_link_clicks", "reach", "actions", "action_values"}
_STATUSES = [
    *("ACTIVE", "PAUSED", "ARCHIVED", "DELETED", "IN_PROCESS", "WITH_ISSUES"),
    *("CAMPAIGN_PAUSED", "ADSET_PAUSED", "DISAPPROVED", "PENDING_REVIEW"),
]


@dataclass(frozen=True)
class Stream:
    """What is read: facts of a level, broken down by names (`hour` for hours), or people in a window of days."""

    facts: str
    level: str = ""
    names: tuple[str, ...] = ()
    window_days: int = 0

    @property
    def has_days(self) -> bool:
        return self.facts in ("insights", "reach")


@dataclass(frozen=True)
class Key:
    """One row of a stream; `part` is its piece of a breakdown, `day` the last of its days."""

    stream: Stream
    entity_id: str
    day: date | None = None
    part: str = ""


# The values of one row, in a fixed order; None where there is no such row.
Told = tuple[object, ...] | None


@dataclass
class Graph:
    """A platform, its control server, and a token that is good at the moment."""

    url: str
    control_url: str
    account_id: str
    token: str
    currency: str

    def __post_init__(self) -> None:
        # No certificates: reading the machine's takes longer than a sync.
        self._http = httpx.Client(timeout=60, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **params: object) -> dict[str, Any]:
        return self._called("GET", path, params)

    def change(self, method: str, path: str, **params: object) -> dict[str, Any] | None:
        """Return the answer to a change; None if the platform refused it or failed, as it may in a storm."""
        try:
            return self._called(method, path, params)
        except (httpx.HTTPError, ValueError):
            return None

    def control(self, method: str, path: str, content: object = None) -> dict[str, Any]:
        return _content(self._http.request(method, self.control_url + path, json=content))

    def rows(self, path: str, **params: object) -> Iterator[dict[str, Any]]:
        """Yield the rows of all pages."""
        after = ""
        while True:
            page = self.get(path, **params, limit=1000, **({"after": after} if after else {}))
            yield from page["data"]
            if "next" not in page.get("paging", {}):
                return
            after = page["paging"]["cursors"]["after"]

    def _called(self, method: str, path: str, params: Mapping[str, object]) -> dict[str, Any]:
        texts = {name: each if isinstance(each, str) else json.dumps(each) for name, each in params.items()}
        url = f"{self.url}/v26.0/{path}"
        return _content(self._http.request(method, url, params=texts | {"access_token": self.token, **OURS}))

    def truth(self, stream: Stream, since: date | None = None, until: date | None = None) -> dict[Key, Told]:
        """Return every row of a stream as the platform tells it at this moment."""
        if stream.facts == "entities" and stream.level == "account":
            node = self.get(self.account_id, fields="id,name,currency,timezone_name,created_time,account_status")
            return dict([entity(stream, node, self.currency, ())])
        if stream.facts == "entities":
            edge = next(name for name, level in _EDGES.items() if level == stream.level)
            fields = "id,name,status,effective_status,created_time,objective,daily_budget,lifetime_budget,creative"
            known = {"objective": "campaign", "creative": "ad"}
            asked = [each for each in fields.split(",") if known.get(each, stream.level) == stream.level]
            asked = [each for each in asked if not (stream.level == "ad" and "budget" in each)]
            asked += [*_ABOVE[stream.level], *_MORE[stream.level], *_RULED[stream.level]]
            found = self.rows(f"{self.account_id}/{edge}", fields=",".join(asked), effective_status=_STATUSES)
            return dict(entity(stream, row, self.currency, asked) for row in found)
        if stream.facts == "creatives":
            fields = (
                "id,name,title,body,object_type,call_to_action_type,link_url,image_url,thumbnail_url,video_id,"
                "status,object_story_spec"
            )
            return dict(creative(stream, row) for row in self.rows(f"{self.account_id}/adcreatives", fields=fields))
        assert since
        assert until
        if stream.facts == "reach":
            ends = [since + timedelta(days=offset) for offset in range((until - since).days + 1)]
            return {key: told for end in ends for key, told in self._reach(stream, end)}
        return dict(insight(stream, row) for row in self._insights(stream, since, until))

    def _insights(self, stream: Stream, since: date, until: date) -> Iterator[dict[str, Any]]:
        fields = [*_ABOVE[stream.level], "spend,impressions,clicks,inline_link_clicks,actions,action_values"]
        fields += [] if stream.level == "account" else [f"{stream.level}_id"]
        fields += [] if stream.names == ("hour",) else ["reach"]
        params: dict[str, object] = {"level": stream.level, "time_increment": "1", "fields": ",".join(fields)}
        params["action_attribution_windows"] = list(WINDOWS[1:])
        if stream.names:
            params["breakdowns"] = HOUR if stream.names == ("hour",) else ",".join(stream.names)
        params |= _filtered(stream.level)
        first = since
        while first <= until:
            last = min(first + timedelta(days=89), until)
            yield from self.rows(f"{self.account_id}/insights", **params, time_range=_range(first, last))
            first = last + timedelta(days=1)

    def _reach(self, stream: Stream, end: date) -> Iterator[tuple[Key, Told]]:
        fields = [*_ABOVE[stream.level], *([f"{stream.level}_id"] if stream.level != "account" else [])]
        rows = self.rows(
            f"{self.account_id}/insights",
            level=stream.level,
            fields=",".join([*fields, "reach", "impressions"]),
            time_range=_range(end - timedelta(days=stream.window_days - 1), end),
            **_filtered(stream.level),
        )
        return (reach(stream, row) for row in rows)


def _range(since: date, until: date) -> dict[str, str]:
    return {"since": str(since), "until": str(until)}


def _filtered(level: str) -> dict[str, object]:
    """Return the filter without which deleted objects are left out."""
    if level == "account":
        return {}
    return {"filtering": [{"field": f"{level}.effective_status", "operator": "IN", "value": _STATUSES}]}


def _content(reply: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = reply.raise_for_status().json()
    return found


@dataclass(frozen=True)
class Answer:
    """What one call told: the rows of a stream, and when, in whole seconds of the platform's clock."""

    number: int
    told_at: datetime
    rows: Mapping[Key, Told]


@dataclass
class Log:
    """Follows the log of calls; of a report's rows, the call that started it tells what they are.

    `faults` counts what the client's calls have met, by kind.
    """

    graph: Graph
    last: int = 0
    faults: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._reports: dict[str, Mapping[str, Any]] = {}
        self._parts: dict[Key, tuple[frozenset[str], dict[str, Any]]] = {}

    def answers(self) -> Iterator[Answer]:
        """Yield what the calls since the last time told of facts; cut, lost and refused answers told nothing."""
        for call in self.graph.control("GET", f"/calls?since={self.last}")["calls"]:
            self.last = call["n"]
            if OURS.items() <= call["query"].items():
                continue
            if call["fault"]:
                self.faults[call["fault"]] = self.faults.get(call["fault"], 0) + 1
            try:
                content = json.loads(call.get("answer", ""))
            except ValueError:
                continue
            if call["status"] == 200 and isinstance(content, dict):
                rows = dict(self._told(call, content))
                yield Answer(call["n"], datetime.fromisoformat(call["time"]).replace(microsecond=0), rows)

    def _told(self, call: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[tuple[Key, Told]]:
        path = [part for part in call["path"].split("/") if part][1:]
        if call["method"] == "POST" and "report_run_id" in content:
            fields = ",".join(json.loads(call["body"]["fields"]))
            self._reports[content["report_run_id"]] = call["body"] | {"fields": fields}
        elif call["method"] == "GET":
            query = self._reports.get(path[0], call["query"]) if path else {}
            if path[1:] == ["insights"] and "time_increment" in query:
                yield from _readable(content["data"], lambda row: self._insight(query, row))
            else:
                yield from _told(path, query, content, self.graph)

    def _insight(self, query: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[Key, Told]:
        """Return what a row of insights tells, with the parts of it that were asked for before; else ValueError."""
        asked = frozenset(query.get("fields", "").split(",")) & _METRICS
        breakdown = query.get("breakdowns", "")
        names = ("hour",) if breakdown == HOUR else tuple(sorted(breakdown.split(","))) if breakdown else ()
        stream = Stream("insights", query["level"], names)
        key, _ = insight(stream, row)
        if not asked >= _ALWAYS:
            before, known = self._parts.get(key, (frozenset[str](), {}))
            if not before & asked:
                asked, row = before | asked, {**known, **row}
            self._parts[key] = asked, dict(row)
            if not asked >= _ALWAYS:
                raise ValueError("a part of a row")
        return insight(stream, row)


def _told(
    path: list[str], query: Mapping[str, Any], content: Mapping[str, Any], graph: Graph
) -> Iterator[tuple[Key, Told]]:
    account_id, currency = graph.account_id, graph.currency
    if path == [account_id] and "timezone_name" in content:
        yield from _readable([content], lambda row: entity(Stream("entities", "account"), row, currency, ()))
    elif path[1:] and path[1] in _EDGES:
        stream = Stream("entities", _EDGES[path[1]])
        asked = query.get("fields", "").split(",")
        yield from _readable(content["data"], lambda row: entity(stream, row, currency, asked))
    elif path[1:] == ["adcreatives"]:
        yield from _readable(content["data"], lambda row: creative(Stream("creatives"), row))
    elif path[1:] == ["insights"] and query.get("fields", "").endswith("reach,impressions"):
        days = json.loads(query["time_range"])
        length = (date.fromisoformat(days["until"]) - date.fromisoformat(days["since"])).days + 1
        yield from _readable(content["data"], lambda row: reach(Stream("reach", query["level"], (), length), row))


def _readable(
    rows: Iterable[Mapping[str, Any]], parse: Callable[[Mapping[str, Any]], tuple[Key, Told]]
) -> Iterator[tuple[Key, Told]]:
    """Yield what the rows tell; one that a fault has made unreadable tells nothing."""
    for row in rows:
        with suppress(ValueError, TypeError, KeyError, ArithmeticError):
            yield parse(row)


def insight(stream: Stream, row: Mapping[str, Any]) -> tuple[Key, Told]:
    above = _above(stream, row)
    names = {"hour": HOUR} if stream.names == ("hour",) else {name: name for name in stream.names}
    parts = {name: str(row.get(field, "")) for name, field in names.items()}
    if "hour" in parts:
        parts["hour"] = parts["hour"][:2]
    part = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False) if parts else ""
    counts = [_whole(row.get(name)) for name in ("impressions", "clicks", "inline_link_clicks", "reach")]
    told = (
        *above,
        _micros(row.get("spend")),
        *counts,
        _actions(row, "actions", _whole),
        _actions(row, "action_values"),
    )
    return Key(stream, _id(stream, row), date.fromisoformat(row["date_start"]), part), told


def reach(stream: Stream, row: Mapping[str, Any]) -> tuple[Key, Told]:
    told = (*_above(stream, row), _whole(row.get("reach")), _whole(row.get("impressions")))
    return Key(stream, _id(stream, row), date.fromisoformat(row["date_stop"])), told


def entity(stream: Stream, row: Mapping[str, Any], currency: str, asked: Collection[str]) -> tuple[Key, Told]:
    above = _above(stream, row)
    created = datetime.fromisoformat(row["created_time"]).astimezone(UTC) if "created_time" in row else None
    minor_micros = 1_000_000 if currency == "JPY" else 10_000
    budgets = [_budget(row.get(name), minor_micros) for name in ("daily_budget", "lifetime_budget")]
    more = {name: _text(row[name]) for name in _MORE[stream.level] if row.get(name) is not None}
    more |= _ruled(stream, row, minor_micros, asked)
    attributes = json.dumps(more, sort_keys=True, separators=(",", ":")) if more else ""
    told = (
        *above,
        *(row.get(name) for name in ("name", "status", "effective_status", "objective")),
        currency,
        row.get("timezone_name"),
        *budgets,
        created.replace(tzinfo=None) if created else None,
        row.get("creative", {}).get("id"),
        attributes,
    )
    return Key(stream, row["id"]), told


def _ruled(
    stream: Stream, row: Mapping[str, Any], minor_micros: int, asked: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield what rules ask of an object, under the names by which it is kept."""
    known = {name: row.get(name) for name in _RULED[stream.level] if name in asked}
    if known.get("updated_time") is not None:
        yield "updated_time", datetime.fromisoformat(known["updated_time"]).astimezone(UTC).isoformat()
    for name, kept_as, inner in (("adlabels", "labels", "name"), ("issues_info", "issues", "error_code")):
        if name in known:
            yield kept_as, json.dumps(sorted({_text(each[inner]) for each in known[name] or ()}))
    if known.get("bid_amount"):
        yield "bid_micros", str(int(known["bid_amount"]) * minor_micros)
    if stage := (known.get("learning_stage_info") or {}).get("status"):
        yield "learning_stage", stage


def creative(stream: Stream, row: Mapping[str, Any]) -> tuple[Key, Told]:
    story = row.get("object_story_spec", {})
    assert not story, "creatives of the storm are told plainly"
    names = "name,title,body,object_type,call_to_action_type,link_url,image_url,thumbnail_url,video_id,status"
    return Key(stream, row["id"]), (*(row.get(name) for name in names.split(",")), "")


def _above(stream: Stream, row: Mapping[str, Any]) -> tuple[object, object]:
    return tuple(row[name] if name in _ABOVE[stream.level] else None for name in ("campaign_id", "adset_id"))  # type: ignore[return-value]


def _id(stream: Stream, row: Mapping[str, Any]) -> str:
    return "account" if stream.level == "account" else str(row[f"{stream.level}_id"])


def _actions(row: Mapping[str, Any], name: str, number: Any = None) -> tuple[object, ...]:
    parse = number or _micros
    listed = row.get(name, [])
    return tuple(sorted((each["action_type"], *(parse(each.get(window)) for window in WINDOWS)) for each in listed))


def _micros(text: str | None) -> int | None:
    return None if text is None else int(Decimal(text) * 1_000_000)


def _whole(text: object) -> int | None:
    return None if text is None else int(str(text))


def _budget(text: str | None, minor_micros: int) -> int | None:
    # "0" says that the budget is of the other kind.
    return None if text is None or int(text) == 0 else int(text) * minor_micros


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def stream_of_load(facts: str, level: str) -> Stream:
    """Return the stream that a load's label names: `insights by age, gender`, `reach of 7 days`, `entities`."""
    if found := re.fullmatch(r"reach of (\d+) days", facts):
        return Stream("reach", level, (), int(found[1]))
    name, _, by = facts.partition(" by ")
    return Stream(name, level, tuple(by.split(", ")) if by else ())
