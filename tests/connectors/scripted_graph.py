"""A small HTTP server that answers a script: it stands for Meta, so that our own part runs over a real socket."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from types import MappingProxyType
from urllib.parse import parse_qsl, urlsplit

from tests.local_server import Answers, serving

DATE = "Mon, 01 Jun 2026 06:30:00 GMT"


@dataclass(frozen=True)
class Scripted:
    """One answer; `cut_bytes` are promised but not sent, `hang` sends nothing until the server ends."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_bytes: int = 0
    hang: bool = False


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    form: Mapping[str, str] = field(default_factory=dict)


def good(content: object, **headers: str) -> Scripted:
    return Scripted(body=json.dumps(content).encode(), headers=headers)


def graph_error(status: int, code: int, subcode: int | None = None, **more: object) -> Scripted:
    """Return an error in Meta's envelope."""
    error = {"message": "scripted", "type": "OAuthException", "code": code, "error_subcode": subcode, **more}
    return Scripted(status, json.dumps({"error": {k: v for k, v in error.items() if v is not None}}).encode())


@dataclass
class ScriptedGraph:
    """Answers in the order of `script`, and keeps what it was `asked`; a request too many gets HTTP 418."""

    script: list[Scripted] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    def answers(self, *answers: Scripted) -> None:
        self.script.extend(answers)

    def next(self) -> Scripted:
        return self.script.pop(0) if self.script else Scripted(418, b'{"note": "nothing more is scripted"}')


@contextmanager
def scripted_graph() -> Iterator[ScriptedGraph]:
    graph = ScriptedGraph()
    with serving(_handler(graph), graph.ended) as graph.url:
        yield graph


def _handler(graph: ScriptedGraph) -> type[Answers]:
    class Handler(Answers, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(dict(parse_qsl(body.decode())))

        def _answer(self, form: Mapping[str, str] = MappingProxyType({})) -> None:
            url = urlsplit(self.path)
            graph.asked.append(Asked(self.command, url.path, dict(parse_qsl(url.query)), dict(self.headers), form))
            answer = graph.next()
            if answer.hang:
                graph.ended.wait(10)
                return
            self.send_response_only(answer.status)
            length = len(answer.body) + answer.cut_bytes
            defaults = {"Date": DATE, "Content-Type": "application/json; charset=UTF-8", "Content-Length": str(length)}
            for name, value in {**defaults, **answer.headers}.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)
            self.close_connection = self.close_connection or bool(answer.cut_bytes)

    return Handler
