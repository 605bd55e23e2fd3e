"""A small Graph server with one account whose objects a test changes, and with the edges that a connection needs."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.local_server import Answers, serving

DATE = "Mon, 01 Jun 2026 06:30:00 GMT"
NOW = 1_780_295_400  # the same moment in seconds
SCOPES = ("ads_read", "ads_management", "business_management")
EDGES = {"campaigns": "campaign", "adsets": "adset", "ads": "ad"}


def _objects() -> dict[str, dict[str, Any]]:
    common = {"status": "ACTIVE", "effective_status": "ACTIVE", "created_time": "2026-01-02T10:00:00+0200"}
    return {
        "10": {"level": "campaign", "id": "10", "name": "Sample spring", "objective": "OUTCOME_SALES", **common},
        "20": {"level": "adset", "id": "20", "name": "Sample people", "campaign_id": "10", **common},
        "30": {"level": "ad", "id": "30", "name": "Sample picture", "campaign_id": "10", "adset_id": "20", **common},
        "31": {"level": "ad", "id": "31", "name": "Sample film", "campaign_id": "10", "adset_id": "20", **common},
    }  # fmt: skip


@dataclass
class SmallGraph:
    """`objects` by id; `asked` keeps the calls; paths that hold `hangs_at` are not answered, and set `reached`.

    `broken` makes every answer bad, and quotes the call with all that is in it: "token" is a refusal of the token,
    "html" a page of a proxy, "cut" half an answer, "redirect" a way to nowhere.
    """

    url: str = ""
    objects: dict[str, dict[str, Any]] = field(default_factory=_objects)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    accounts: tuple[tuple[str, str], ...] = (("act_1", "Sample shop"), ("act_2", "Sample club"))
    scopes: tuple[str, ...] = SCOPES
    expires_at: int = NOW + 60 * 86_400
    valid: bool = True
    broken: str = ""
    hanging: threading.Event | None = None
    hangs_at: str = ""
    reached: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def set_status(self, object_id: str, status: str) -> None:
        self.objects[object_id] |= {"status": status, "effective_status": status}

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, object]:
        """Return the HTTP status and the content."""
        if self.broken == "token":
            return 400, {"error": {"message": f"Invalid access token {query}", "type": "OAuthException", "code": 190}}
        if self.broken:
            return {"html": 502, "redirect": 302}.get(self.broken, 200), f"<html>{path} {query}</html>"
        parts = [part for part in path.split("/") if part and not part.startswith("v2")]
        match parts:
            case ["oauth", "access_token"]:
                return 200, {"access_token": "canary-long-token", "token_type": "bearer", "expires_in": 5_184_000}
            case ["debug_token"]:
                return 200, {"data": self._debugged()}
            case ["me", "adaccounts"]:
                return 200, {"data": [self._account(*account) for account in self.accounts]}
            case ["me", "businesses"]:
                return 200, {"data": [{"id": "900", "name": "Sample business"}]}
            case ["me"]:
                return 200, {"id": "500", "name": "Sample person"}
            case [account] if account.startswith("act_"):
                return 200, self._account(account, dict(self.accounts).get(account, "Sample"))
            case [_, edge] if edge in EDGES:
                return 200, {"data": [each for each in self.objects.values() if each["level"] == EDGES[edge]]}
        return 200, {"data": []}

    def _debugged(self) -> dict[str, object]:
        return {
            "app_id": "77", "type": "USER", "application": "Sample app", "expires_at": self.expires_at,
            "data_access_expires_at": 0, "is_valid": self.valid, "scopes": list(self.scopes), "user_id": "500",
        }  # fmt: skip

    @staticmethod
    def _account(account: str, name: str) -> dict[str, object]:
        return {
            "id": account, "account_id": account.removeprefix("act_"), "name": name, "currency": "EUR",
            "timezone_name": "Europe/Kyiv", "account_status": 1, "created_time": "2026-01-02T10:00:00+0200",
        }  # fmt: skip


@contextmanager
def small_graph() -> Iterator[SmallGraph]:
    graph = SmallGraph()
    with serving(_handler(graph), graph.ended) as graph.url:
        yield graph


def _handler(graph: SmallGraph) -> type[Answers]:
    class Handler(Answers, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = dict(parse_qsl(url.query))
            graph.asked.append((self.command, url.path, query))
            if graph.hangs_at and graph.hangs_at in url.path:
                graph.reached.set()
                graph.ended.wait(30)
                return
            if graph.hanging:
                graph.hanging.set()
                graph.ended.wait(30)
                return
            status, content = graph.answer(url.path, query)
            body = json.dumps(content).encode()
            self.send_response_only(status)
            for name, text in (
                ("Date", DATE),
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(body))),
            ):
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(body)

    return Handler
