"""The tornado application that speaks the Graph protocol, and what it shares with the control of the platform."""

import json
import logging
from collections.abc import Mapping

from tornado.web import Application, HTTPError, RequestHandler

from aibuyer_kit.sandbox.control.exchange import Exchange
from aibuyer_kit.sandbox.graph.errors import unknown_error, unsupported_request
from aibuyer_kit.sandbox.graph.messages import GraphRequest, Params, json_bytes

_LOG = logging.getLogger(__name__)


def graph_application(exchange: Exchange) -> Application:
    """Return the Graph API; no address of a call reaches a log, for it holds the token."""
    return Application([(r"/.*", _GraphHandler, {"exchange": exchange})], log_function=log_nothing)


def log_nothing(_handler: RequestHandler) -> None:
    """Stand in for tornado's access log."""


class Handler(RequestHandler):  # type: ignore[misc] # tornado is not followed by the type checker
    """What both servers share."""

    def initialize(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def compute_etag(self) -> None:
        """Answer in full each time."""

    def log_exception(self, _kind: object, error: object, _trace: object) -> None:
        """Log a fault of this server, but not of a request, without the request's address."""
        if not isinstance(error, HTTPError):
            _LOG.exception("%s of the practice platform failed", type(self).__name__)


class _GraphHandler(Handler):
    async def get(self) -> None:
        await self._exchange()

    async def post(self) -> None:
        await self._exchange()

    async def delete(self) -> None:
        await self._exchange()

    def write_error(self, status_code: int, **_: object) -> None:
        """Answer what never became a call (a method or a body that cannot be read) in the platform's own form."""
        error = unsupported_request(self.request.method) if status_code < 500 else unknown_error()
        self.set_status(error.http_status)
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(json_bytes(error.envelope(self.exchange.api.trace_id())))

    async def _exchange(self) -> None:
        answer = await self.exchange.answer(self._graph_request())
        # Who was kept waiting may have hung up.
        if answer.is_dropped or self.request.connection.stream.closed():
            self.detach().close()
            return
        self.exchange.calls.delivered(answer.call_number, answer.body)
        self.set_status(answer.status)
        self.set_header("Content-Type", answer.content_type)
        for name, text in answer.headers.items():
            self.set_header(name, text)
        await self.finish(answer.body)

    def _graph_request(self) -> GraphRequest:
        return GraphRequest(
            method=self.request.method,
            path=self.request.path,
            query=_params(self.request.query_arguments),
            body=self._body_params(),
            at_us=self.exchange.market.now_us,
            bearer=self.request.headers.get("Authorization", "").rpartition(" ")[2],
            base_url=f"{self.request.protocol}://{self.request.host}",
        )

    def _body_params(self) -> Params:
        """Return the parameters of a form, or of a JSON object, which the platform takes as well."""
        if not self.request.headers.get("Content-Type", "").startswith("application/json"):
            return _params(self.request.body_arguments)
        content = json_object(self.request.body) or {}
        return Params({name: (one if isinstance(one, str) else json.dumps(one),) for name, one in content.items()})


def _params(arguments: Mapping[str, list[bytes]]) -> Params:
    return Params({name: tuple(text.decode("utf-8", "replace") for text in given) for name, given in arguments.items()})


def json_object(body: bytes) -> dict[str, object] | None:
    """Return the JSON object of a body; None for anything else."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
